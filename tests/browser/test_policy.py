"""The content security policy in a real browser: it stops what is foreign, and nothing of our own."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pilot_core import PilotStore
from pilot_core.review.links import make_link
from tests.browser.conftest import AWAY
from tests.browser.review_films import filmed_attempt, new_review
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)

LISTEN = """
window.blocked = [];
document.addEventListener("securitypolicyviolation", e => window.blocked.push(e.violatedDirective + e.blockedURI));
"""
INJECT = """
([kind, address]) => new Promise(done => {
  const made = document.createElement(kind);
  made.onload = () => done("loaded");
  made.onerror = () => done("refused");
  made.src = address;
  document.body.append(made);
})
"""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pilots enough for the charts, one of them with a film."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for number in range(6):
        filmed_attempt(store, new_review(store, f"Company {number}").pilot_id)
    return store.root


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {"STREAMLIT_BROWSER_SERVER_ADDRESS": AWAY}


@pytest.fixture
def watched(browser: Browser, server: str) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that the browser's console says of the policy."""
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    context.add_init_script(LISTEN)
    page, said = context.new_page(), []
    page.on("console", lambda m: said.append(m.text) if "Content Security Policy" in m.text else None)
    yield page, said
    context.close()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another site, and what was asked of it."""
    asked: list[str] = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "image/svg+xml")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(
                b"window.foreign = 1" if self.path.endswith(".js") else b"<svg xmlns='http://www.w3.org/2000/svg'/>"
            )

        def log_message(self, *_: object) -> None:
            """Nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}", asked
    site.shutdown()
    site.server_close()


def test_in_normal_use_the_policy_stops_nothing(
    watched: tuple[Page, list[str]], server: str, store_folder: Path
) -> None:
    page, said = watched
    store = PilotStore(store_folder)
    pilot_id = store.pilot_ids()[0]
    player = page.locator(".player").first

    def settled(ready: Callable[[], None]) -> None:
        ready()
        page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
        assert page.evaluate("window.blocked") == [], page.url

    page.goto("/")
    settled(lambda: expect(page.get_by_role("heading", name="Needs you")).to_be_visible())
    page.goto(f"/pilot?pilot={pilot_id}")
    settled(lambda: expect(player).to_have_attribute("data-state", "paused"))
    page.goto("/new_pilot")
    settled(lambda: expect(page.get_by_label("Founder (required)", exact=True)).to_be_visible())
    page.goto("/metrics")
    settled(lambda: expect(page.locator(".js-plotly-plot").first).to_be_visible())
    page.goto("/reports")
    settled(lambda: expect(page.get_by_role("heading", name="Reports", exact=True)).to_be_visible())
    _, token = make_link(store, pilot_id, "Dana Cruz", actor=LEAD)
    page.goto(f"{server.replace('localhost', AWAY)}/r/{token}")
    settled(lambda: expect(player).to_have_attribute("data-state", "paused"))
    assert said == []


@pytest.mark.parametrize("kind", ["img", "script"])
def test_a_foreign_image_or_script_is_not_even_asked_for(
    watched: tuple[Page, list[str]], elsewhere: tuple[str, list[str]], kind: str
) -> None:
    page, said = watched
    site, asked = elsewhere
    page.goto("/")
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    address = f"{site}/a.{'js' if kind == 'script' else 'svg'}"
    assert page.evaluate(INJECT, [kind, address]) == "refused"
    assert asked == []
    assert page.evaluate("window.foreign") is None
    assert any(address in blocked for blocked in page.evaluate("window.blocked"))
    assert any(address in line for line in said), "the browser says so"


def test_a_script_written_into_the_page_does_not_run(watched: tuple[Page, list[str]]) -> None:
    page, _ = watched
    page.goto("/")
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.foreign = 1';"
        " document.body.append(script);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.foreign = 2\">'); }"
    )
    page.wait_for_function("window.blocked.length >= 2")
    assert page.evaluate("window.foreign") is None
