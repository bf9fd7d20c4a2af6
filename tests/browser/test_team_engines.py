"""Every page of the team opens and is used in Firefox and WebKit too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilot_core import PilotStore
from tests.browser import team_pages
from tests.browser.engines import FIREFOX, WEBKIT_DRIVER, Engine, firefox, webkit
from tests.conftest import do_without

pytestmark = pytest.mark.browser

store_folder = team_pages.store_folder

# Streamlit says when its script has run; whatever a page reports as an uncaught error is kept from its beginning on.
OPENED = """async (words) => {
  const errors = (window.seenErrors ??= []);
  if (!errors.kept) {
    errors.kept = true;
    addEventListener("error", (event) => errors.push(event.message));
    addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
  }
  const until = Date.now() + 60000;
  const seen = () => document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    && document.body.innerText.includes(words) && !document.querySelector('[data-stale="true"]');
  while (!seen()) {
    if (Date.now() > until) throw new Error(`no "${words}" in: ${document.body.innerText.slice(0, 500)}`);
    await new Promise((go) => setTimeout(go, 100));
  }
  const shown = [...document.querySelectorAll('[data-testid="stException"]')].map((found) => found.innerText);
  return [...errors, ...shown];
}"""
# A part of a page may come after its script has run.
FIND = """const find = async (places, words) => {
  for (const until = Date.now() + 30000; Date.now() < until; await new Promise((go) => setTimeout(go, 100))) {
    const found = [...document.querySelectorAll(places)].find((one) => one.textContent.includes(words));
    if (found) return found;
  }
  throw new Error(`no ${places} with "${words}"`);
};"""
HEIGHT = f"async () => {{ {FIND} return (await find('.lifecycle ol', '')).getBoundingClientRect().height; }}"
# A browser without a window has no focus, but an active element.
FOCUSED = """async () => {
  const until = Date.now() + 30000;
  const field = () => document.activeElement.tagName === "INPUT";
  while (!field() && Date.now() < until) await new Promise((go) => setTimeout(go, 100));
  return document.activeElement.getAttribute("aria-label");
}"""
PRESS = f"async (places, words) => {{ {FIND} (await find(places, words)).click(); }}"


@pytest.fixture(params=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "firefox":
        if not FIREFOX:
            do_without("there is no Firefox")
        with firefox(tmp_path) as browser:
            yield browser
    else:
        if not WEBKIT_DRIVER:
            do_without("there is no WebKitWebDriver")
        with webkit(tmp_path) as browser:
            yield browser


def test_every_page_opens_and_is_used(engine: Engine, server: str, store_folder: Path) -> None:
    pilots = {pilot.company_name: pilot for pilot in PilotStore(store_folder).load_all()}
    for path, words in {
        "/": "Waiting",
        "/metrics": "3 pilots",
        "/reports": "Approved",
        "/diagnostics": "Store",
        "/pilot": "Pilot",
    }.items():
        engine.goto(server + path)
        assert engine.run(OPENED, words) == [], path

    engine.goto(f"{server}/pilot?pilot={pilots['Approved'].pilot_id}")
    assert engine.run(OPENED, "Approved") == []
    assert engine.run(HEIGHT) > 20
    engine.run(PRESS, "[role=tab]", "History")
    assert engine.run(OPENED, "reated the pilot") == []

    engine.goto(f"{server}/new_pilot")
    assert engine.run(OPENED, "Founder") == []
    engine.run(PRESS, "button", "Create pilot")
    assert engine.run(OPENED, "Enter the founder's name.") == []
    assert engine.run(FOCUSED) == "Founder (required)"
    engine.type("Alice")
    engine.run("() => document.activeElement.blur()")
    assert engine.run("() => document.querySelector('.st-key-new_pilot_founder input').value") == "Alice"
