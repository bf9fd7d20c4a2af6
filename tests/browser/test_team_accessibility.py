"""The team's pages have no violation of ours that axe-core finds; the README's screenshots show today's menu."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.settings import ROOT
from tests.browser import team_pages
from tests.browser.axe import violations
from tests.browser.team_pages import menu, settled, tabs

pytestmark = pytest.mark.browser

store_folder = team_pages.store_folder

STREAMLITS = ("scrollable-region-focusable", "svg-img-alt")
"""Rules that Streamlit's own elements break: lists of choices that scroll, and the line inside ``st.metric``."""
SELECTED = {"color-contrast": "[aria-selected=true], [data-selected=true], [aria-checked=true]"}
"""In the dark theme what is selected has the primary colour, which buttons have as their ground: no one colour has both
contrasts."""
WINDOWS = [(True, True), (False, False), (False, True), (True, False)]
"""Whether a phone, whether dark. The first is tried always."""
PRIMARY = "[data-testid=stBaseButton-primary], [data-testid=stBaseLinkButton-primary]"
DIALOGS = (
    ("", "Send to the founder", ["Send to Alice Chen"]),
    ("", "Pause this pilot", ["Pause…"]),
    ("", "Drop this pilot?", ["Drop…"]),
    ("", "Raise the limit of attempts", ["Raise the limit…"]),
    ("", "Correct the brief", ["Correct the brief…"]),
    ("", "Erase this pilot?", ["Erase this pilot…"]),
    ("", "Go on without feedback?", ["Skip feedback…"]),
    ("", "Approve attempt 1?", ["Log feedback on attempt 1", "Approve", "Approve attempt 1…"]),
    ("/diagnostics", "Erase a person", ["Erase a person…"]),
    ("/metrics", "Keys", []),
)
"""Each dialog: its page (a pilot that waits if none), its title and what is clicked to open it (nothing: the key ?)."""


@pytest.fixture
def pages(store_folder: Path) -> list[str]:
    by_name = {pilot.company_name: pilot.pilot_id for pilot in PilotStore(store_folder).load_all()}
    pilots = [f"/pilot?pilot={by_name[name]}" for name in ("Approved", "Waiting", "Changes")]
    return ["/", "/new_pilot", "/pilot", "/metrics", "/reports", "/diagnostics", *pilots]


def of_ours(page: Page) -> list[str]:
    return violations(page, STREAMLITS, SELECTED)


@pytest.mark.parametrize(
    ("phone", "dark"), [pytest.param(*w, marks=pytest.mark.exhaustive if n else ()) for n, w in enumerate(WINDOWS)]
)
def test_axe_finds_nothing_of_ours(open_page: Callable[..., Page], pages: list[str], phone: bool, dark: bool) -> None:
    page = open_page("about:blank", phone=phone, dark=dark, bypass_csp=True)
    found = {}
    for path in pages:
        page.goto(path)
        settled(page)
        found[path] = of_ours(page)
    for tab in page.get_by_role("tablist").last.get_by_role("tab").all():
        tab.click()
        settled(page)
        found[tab.inner_text()] = of_ours(page)
    assert {place: what for place, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("phone", "dark"), [pytest.param(*w, marks=pytest.mark.exhaustive if n else ()) for n, w in enumerate(WINDOWS)]
)
def test_axe_finds_nothing_of_ours_in_any_dialog(
    open_page: Callable[..., Page], pages: list[str], phone: bool, dark: bool
) -> None:
    page = open_page("about:blank", phone=phone, dark=dark, bypass_csp=True)
    found = {}
    for path, title, opening in DIALOGS:
        page.goto(next(page for page in pages if path in page) if path else pages[-2])
        settled(page)
        for name in opening:
            page.get_by_text(name, exact=True).filter(visible=True).last.click()
        if not opening:
            page.keyboard.press("?")
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        settled(page)
        found[title] = of_ours(page)
    assert {place: what for place, what in found.items() if what} == {}


def test_the_screenshots_show_todays_menu_and_tabs(open_page: Callable[..., Page], pages: list[str]) -> None:
    shown = json.loads((ROOT / "docs" / "screenshots.json").read_text("utf-8"))
    page = open_page(pages[-1])
    settled(page)
    assert shown == {"menu": menu(page), "pilot_tabs": tabs(page)}


def test_a_pilots_main_action_is_at_most_twelve_tab_stops_away(
    open_page: Callable[..., Page], pages: list[str]
) -> None:
    """From the page's first stop, the link that skips the menu. The film stays on the left of the action."""
    page = open_page("about:blank")
    for path in pages[-3:]:
        page.goto(path)
        settled(page)
        action = page.get_by_test_id("stMain").locator(PRIMARY).first
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        stops = 1
        while not action.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Tab")
            stops += 1
            assert stops <= 12, path
        film, button = page.get_by_role("tablist").first.bounding_box(), action.bounding_box()
        assert film is not None
        assert button is not None
        assert film["x"] + film["width"] <= button["x"]
