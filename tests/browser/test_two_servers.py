"""Two dashboards and two workers, each with a folder of its own, on one PostgreSQL database and one bucket, with the
site's proxy before them.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import ApprovalOutcome
from pilot_core.review.links import make_link
from pilot_core.services import keys
from pilot_core.settings import ROOT
from tests import buckets, postgres
from tests.browser.serving import running
from tests.films import make_conformed_film
from tests.proxies import BELIEVED, proxied
from tests.test_render_queue import PROGRAM

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)


@dataclass
class Site:
    """The machines of a site: addresses of the dashboards and of the proxy, folders by name, what all are told."""

    first: str
    second: str
    proxy: str
    folders: Path
    settings: dict[str, str]
    begun: Path
    ends: ExitStack

    def worker(self, name: str) -> "subprocess.Popen[bytes]":
        told = os.environ | self.settings | {"PILOT_OPS_STORE": str(self.folders / name)}
        process = subprocess.Popen([sys.executable, "-m", "pilot_core.cli.render_worker"], cwd=ROOT, env=told)
        self.ends.callback(process.wait)
        self.ends.callback(process.kill)
        return process


@pytest.fixture
def site(
    postgres_server: postgres.Server, nginx: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    film, begun, program = tmp_path / "film.mp4", tmp_path / "begun", tmp_path / "program.py"
    make_conformed_film(film, seconds=16, width=1080, height=1920, rate=Fraction(8))
    program.write_text(PROGRAM)
    with ExitStack() as ends:
        service = ends.enter_context(buckets.service())
        with monkeypatch.context() as patch:
            buckets.name_in_settings(patch, service, service.new_bucket())
            names = ("PILOT_OPS_MEDIA", "PILOT_OPS_MEDIA_ENDPOINT", "AWS_DEFAULT_REGION", *buckets.KEYS)
            settings = {name: os.environ[name] for name in names}
        settings |= {
            "PILOT_OPS_DATABASE_URL": ends.enter_context(postgres_server.database()),
            "PILOT_OPS_SECRET": "what all servers of this site know of",
            "PILOT_OPS_RENDERS": "0",
            "PILOT_OPS_PIPELINE": "command",
            "PILOT_OPS_COMMAND": f"{sys.executable} {program} {begun} {film}",
            **BELIEVED,
        }
        first, second = (
            ends.enter_context(running(ROOT / "app.py", tmp_path / name, settings, tmp_path / f"{name}.log"))
            for name in ("first", "second")
        )
        # From this machine the proxy takes everybody to the one that is named first.
        ports = (int(address.rpartition(":")[2]) for address in (second, first))
        proxy = f"http://127.0.0.1:{ends.enter_context(proxied(nginx, tmp_path / 'nginx', *ports))}"
        yield Site(first, second, proxy, tmp_path, settings, begun, ends)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The lead's."""
    with browser.new_context() as context:
        context.set_default_timeout(15_000)
        yield context.new_page()


@pytest.fixture
def founder(browser: Browser) -> Iterator[Page]:
    """The founder's, in a browser of their own."""
    with browser.new_context() as context:
        context.set_default_timeout(15_000)
        yield context.new_page()


def test_a_pilot_of_one_server_is_rendered_by_the_second_worker_and_reviewed_through_the_proxy(
    site: Site, page: Page, founder: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lead begins on the first dashboard; the first worker is killed in the middle of the cut.
    worker = site.worker("one")
    page.goto(f"{site.first}/new_pilot")
    page.get_by_label("Founder").fill("Alice Chen")
    page.get_by_label("Company").fill("Two Servers")
    page.get_by_text("Problem and solution", exact=True).click()
    page.get_by_label("Product").fill("Ledger")
    page.get_by_role("button", name="Create pilot").click()
    expect(page.get_by_text("Making attempt 1")).to_be_visible()
    deadline = time.monotonic() + 60
    while not (site.begun.exists() and site.begun.read_text()):
        assert time.monotonic() < deadline, "no worker took the attempt"
        time.sleep(0.1)
    worker.kill()
    os.kill(int(site.begun.read_text()), signal.SIGKILL)
    site.worker("two")
    expect(page.get_by_text("Attempt 1 is ready")).to_be_visible(timeout=90_000)

    for name, value in site.settings.items():
        monkeypatch.setenv(name, value)
    store = PilotStore(site.folders / "reader")
    [pilot] = store.load_all()
    kinds = [event.kind for event in store.events(pilot.pilot_id)]
    assert [kind for kind in kinds if kind.startswith(("render_", "cut_"))] == [
        "render_started",
        "render_given_back",
        "render_started",
        "cut_ready",
    ]

    # The second dashboard shows it, though its folder has no film.
    page.goto(f"{site.second}/pilot?pilot={pilot.pilot_id}")
    expect(page.get_by_text("Two Servers").first).to_be_visible()
    assert not list((site.folders / "second").rglob("*.mp4"))

    # The founder comes through the proxy to that one, watches there and approves.
    _, token = make_link(store, pilot.pilot_id, "Dana Cruz", actor=at_command_line("Lea Lead"))
    founder.goto(f"{site.proxy}/r/{token}")
    video = founder.locator(".player video").first
    expect(video).not_to_have_js_property("readyState", 0, timeout=60_000)
    part = founder.request.get(str(video.evaluate("video => video.currentSrc")), headers={"Range": "bytes=4-7"})
    assert (part.status, part.body()) == (206, b"ftyp")
    founder.locator("#bar").get_by_role("link", name="Approve").click()
    founder.get_by_role("button", name="Yes, approve as Dana Cruz").click()
    expect(founder.get_by_text(re.compile("approved", re.I)).first).to_be_visible()
    assert store.load(pilot.pilot_id).approval_outcome is ApprovalOutcome.APPROVED
    reviewed_at = [name for name in ("first", "second") if "Dana Cruz" in (site.folders / f"{name}.log").read_text()]
    assert reviewed_at == ["second"]

    # The first dashboard shows it; and so does the proxy, where a lead is let in by a key only.
    page.goto(f"{site.first}/pilot?pilot={pilot.pilot_id}")
    expect(page.get_by_text(re.compile("approved", re.I)).first).to_be_visible()
    assert page.goto(f"{site.proxy}/pilot?pilot={pilot.pilot_id}").status == 403
    page.goto(f"{site.proxy}/sign-in/{keys.invite(store, 'Lea Lead', 'lead', at_command_line('Mara'))[1]}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.proxy}/")
    page.goto(f"{site.proxy}/pilot?pilot={pilot.pilot_id}")
    expect(page.get_by_text(re.compile("approved", re.I)).first).to_be_visible()

    # Who tries links at one server has tried them at the other.
    asked = [founder.request.get(f"{at}/r/guess-{n}").status for n in range(10) for at in (site.first, site.second)]
    assert asked == [404] * 20
    assert [founder.request.get(f"{at}/r/guess").status for at in (site.first, site.second)] == [429, 429]
    for name in ("first.log", "second.log"):
        assert "Traceback" not in (site.folders / name).read_text()
