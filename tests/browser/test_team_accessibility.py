"""The team's pages have no violation of ours that axe-core finds; the README's screenshots show today's menu."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

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


def test_the_screenshots_show_todays_menu_and_tabs(open_page: Callable[..., Page], pages: list[str]) -> None:
    shown = json.loads((ROOT / "docs" / "screenshots.json").read_text("utf-8"))
    page = open_page(pages[-1])
    settled(page)
    assert shown == {"menu": menu(page), "pilot_tabs": tabs(page)}
