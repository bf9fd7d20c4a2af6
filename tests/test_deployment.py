"""The deployment in deploy/: its files agree with each other, and its proxy works in front of a real server."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.settings import ROOT, read_settings
from pilot_core.web.routes import uploads
from tests.besieged import AWAY, MINE, Server, World, besieged, make_world
from tests.films import make_film
from tests.proxies import BELIEVED, COMPOSE, CONFIGURATION, proxied
from tests.reviewing import LEAD

URL = f"https://{AWAY}"
SETTINGS = {
    "PILOT_OPS_URL": URL,
    "PILOT_OPS_SECRET": "what this site's servers know of",
    **BELIEVED,
}
WRONG_LINKS = 20
"""The number of wrong links after which an address is blocked."""


def test_every_setting_of_the_containers_is_one() -> None:
    known = (ROOT / "pilot_core" / "settings.py").read_text(encoding="utf-8")
    for name, service in COMPOSE["services"].items():
        if service.get("image") == "pilot-ops":
            told = {setting for setting in service["environment"] if setting.startswith("PILOT_OPS_")}
            assert told, name
            assert [setting for setting in told if f'"{setting}"' not in known] == [], name


def test_the_proxy_s_servers_are_the_dashboards_of_the_site_at_the_port_of_the_image() -> None:
    [port] = re.findall(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    configuration = CONFIGURATION.read_text(encoding="utf-8")
    servers = re.findall(r"^ +server (\S+);", configuration, re.M)
    dashboards = [n for n, s in COMPOSE["services"].items() if s.get("image") == "pilot-ops" and "command" not in s]
    assert servers == [f"{name}:{port}" for name in dashboards]
    proxy = COMPOSE["services"]["proxy"]
    assert sorted(proxy["depends_on"]) == sorted(dashboards)
    assert re.findall(r"^ +listen (\d+);", configuration, re.M) == [p.rpartition(":")[2] for p in proxy["ports"]]
    assert [v.partition(":")[0] for v in proxy["volumes"]] == [f"./{CONFIGURATION.name}"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def dashboard(nginx: str, world: World) -> Iterator[Server]:
    with besieged(world.store.root, **SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(nginx: str, dashboard: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the dashboard through the deployment's proxy."""
    folder = tmp_path_factory.mktemp("nginx") / "proxy"
    with proxied(nginx, folder, dashboard.port, dashboard.port) as port:
        yield Server(port, folder / "error.log")


def test_through_the_proxy_a_page_draws_itself_over_its_websocket(proxy: Server, world: World) -> None:
    shown = proxy.run("overview", cookies=world.cookies[Role.LEAD], origin=URL)
    assert shown.opened
    assert MINE in shown.text


def test_through_the_proxy_a_film_answers_a_range(proxy: Server, world: World) -> None:
    attempt = world.mine.runs[0]
    film = world.store.path_of(attempt.video_path or "").read_bytes()
    reply = proxy.ask(f"/watch/{attempt.attempt_id}/video.mp4", cookies=world.cookies[Role.REVIEWER], range="bytes=4-9")
    assert (reply.status, reply.body) == (206, film[4:10])
    assert reply.headers["content-range"] == f"bytes 4-9/{len(film)}"


def test_through_the_proxy_a_film_of_some_megabytes_is_brought(
    proxy: Server, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_SECRET", SETTINGS["PILOT_OPS_SECRET"])
    unused = 3_000_000
    film = make_film(tmp_path / "film.mp4").read_bytes() + struct.pack(">I4s", 8 + unused, b"free") + bytes(unused)
    reply = proxy.ask(
        "/uploads",
        "POST",
        cookies=world.cookies[Role.LEAD],
        body=film,
        origin=URL,
        x_upload_ticket=uploads.ticket(read_settings(), "Some lead"),
    )
    assert reply.status == 201, reply.body
    [kept] = (world.store.root / uploads.FOLDER).iterdir()
    assert kept.read_bytes() == film


def test_who_asks_the_proxy_cannot_claim_to_be_somebody_else(proxy: Server) -> None:
    asked = [
        proxy.ask(f"/r/guess-{number}", sender="127.0.0.2", x_forwarded_for=f"198.51.100.{number}").status
        for number in range(WRONG_LINKS + 1)
    ]
    assert asked == [404] * WRONG_LINKS + [429]
    assert proxy.ask("/r/guess", sender="127.0.0.3").status == 404, "another address is another sender"


def test_a_proxy_before_it_that_is_named_is_believed_and_nobody_else(
    nginx: str, dashboard: Server, tmp_path: Path
) -> None:
    before = "127.0.0.4"
    named = {
        "# set_real_ip_from 192.0.2.10;": f"set_real_ip_from {before};",
        "# real_ip_header X-Forwarded-For;": "real_ip_header X-Forwarded-For;",
        "# real_ip_recursive on;": "real_ip_recursive on;",
    }
    with proxied(nginx, tmp_path / "named", dashboard.port, dashboard.port, named) as port:
        proxy = Server(port, tmp_path / "log")
        for number in range(WRONG_LINKS):
            # The visitor's own claim comes before what the proxy adds about them.
            told = f"203.0.113.{number}, 198.51.100.200"
            assert proxy.ask("/r/guess", sender=before, x_forwarded_for=told).status == 404
        assert proxy.ask("/r/guess", sender=before, x_forwarded_for="198.51.100.200").status == 429
        assert proxy.ask("/r/guess", sender=before, x_forwarded_for="198.51.100.201").status == 404
        assert proxy.ask("/r/guess", sender="127.0.0.5", x_forwarded_for="198.51.100.200").status == 404


def test_cookies_are_for_https_alone_where_the_site_is_and_a_visitor_s_word_changes_nothing(
    proxy: Server, world: World
) -> None:
    address = f"/sign-in/{keys.invite(world.store, 'Not Yet In', 'lead', LEAD)[1]}"
    at_home = proxy.ask(address, x_forwarded_proto="http").headers
    assert "; secure" in at_home["set-cookie"].lower()
    assert "strict-transport-security" in at_home
    elsewhere = proxy.ask(address, host="other.example", x_forwarded_proto="https").headers
    assert "; secure" not in elsewhere["set-cookie"].lower()
    assert "strict-transport-security" not in elsewhere
