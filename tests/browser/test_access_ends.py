"""A lead's access ends while the dashboard is open in a browser: the tab says so by itself and keeps nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.roles import CLOSED, Role
from pilot_core.services import keys
from tests.besieged import MINE, SECRETS, make_world
from tests.browser.conftest import AWAY
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser

SAID = CLOSED.split(".")[0]


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("team")).store.root


def signed_in(open_page: Callable[..., Page], server: str, store: PilotStore, name: str) -> Page:
    """Return a browser in which somebody new has opened their sign-in link, on another machine than the server's."""
    token = keys.invite(store, name, Role.LEAD, LEAD)[1]
    page = open_page(f"{server.replace('localhost', AWAY)}/sign-in/{token}")
    page.get_by_role("button").first.click()
    expect(page.get_by_role("link", name=MINE).first).to_be_visible()
    return page


@pytest.mark.parametrize("path", ["", "/pilot?pilot={pilot}", "/metrics"])
def test_a_tab_that_is_open_when_its_key_is_revoked_shows_that_it_ended_and_nothing_else(
    open_page: Callable[..., Page], server: str, store_folder: Path, path: str
) -> None:
    store = PilotStore(store_folder)
    pilot = next(pilot for pilot in map(store.load, store.pilot_ids()) if pilot.company_name != MINE)
    name = f"Somebody at {path}"
    page = signed_in(open_page, server, store, name)
    page.goto(server.replace("localhost", AWAY) + path.format(pilot=pilot.pilot_id))
    expect(page.get_by_test_id("stSidebarNav")).to_be_attached()
    expect(page.get_by_test_id("stMainBlockContainer").get_by_role("heading").first).to_be_visible()
    keys.revoke_key(store, name, LEAD)
    for _ in range(2):
        expect(page.get_by_text(SAID)).to_be_visible()
        left = page.content()
        assert "stApp" not in left
        assert [word for word in (MINE, *SECRETS, pilot.pilot_id) if word in page.locator("body").inner_text()] == []
        page.reload()
