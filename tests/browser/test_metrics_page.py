"""The metrics in a real browser: filter, chart, click, and exactly the right pilots."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from pilot_core import PilotStore
from pilot_core.clock import utc_now
from pilot_core.services.pilots import create_pilot

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

OpenPage = Callable[..., Page]
# Company, brand, and what was said of its attempts; a flag of the first where there is one.
PILOTS = (
    ("Northbeam", "acme", ("major_changes", "approve"), ("hook_weak",)),
    ("Fjordbank", "acme", ("approve",), ()),
    ("Brisa", "acme", ("minor_changes",), ("hook_weak",)),
    ("Kestrel", "wellness", ("major_changes", "approve"), ("hook_weak",)),
    ("Halden", "wellness", ("approve",), ()),
    ("Orchard", "wellness", ("approve",), ()),
)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for days, (company, brand, decisions, flags) in enumerate(PILOTS):
        at = utc_now() - timedelta(days=20 - days)
        pilot = create_pilot("Alice Chen", company, "feature_launch", brand, now=at)
        for number, decision in enumerate(decisions, 1):
            at += timedelta(hours=2)
            pilot.add_attempt("film.mp4", None, 30.0 + 5 * days, number, 0.2, True, at=at)
            pilot.record_feedback(number, f"{company} said so.", decision, () if number > 1 else flags, at=at)
        store.save(pilot, "Theo Grant")
    return store.root


def chart(page: Page, key: str) -> Locator:
    found = page.locator(f'.st-key-chart_{key}[data-stale="false"]')
    expect(found.locator(".main-svg").first).to_be_attached()
    found.scroll_into_view_if_needed()
    return found


def behind(page: Page, key: str) -> Locator:
    """The links to pilots that a click on that chart brought."""
    return page.locator(f".st-key-behind_{key} a[href*='pilot?pilot=']")


def test_a_filter_a_click_and_exactly_the_right_pilots(open_page: OpenPage, store_folder: Path) -> None:
    page = open_page("/metrics")
    expect(page.get_by_text("6 pilots, 8 videos")).to_be_visible()
    page.get_by_label("Brand").click()
    page.get_by_role("option", name="Acme").click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("3 pilots, 4 videos")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/metrics\?brands=Acme$"))

    # The first bar from below is what was approved: at attempt 1 only Fjordbank, although Halden was too.
    chart(page, "funnel").locator(".barlayer .point").first.click(force=True)
    expect(page.get_by_text("Attempt 1: approved · 1 pilot")).to_be_visible()
    expect(behind(page, "funnel")).to_have_count(1)
    expect(behind(page, "funnel")).to_contain_text("Fjordbank, Alice Chen")

    page.reload()
    expect(page.get_by_text("3 pilots, 4 videos")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/metrics\?brands=Acme$"))
    # The third state from the axis is "raised": Brisa's hook; Northbeam's is not raised again, Kestrel is in another
    # cohort.
    bars = chart(page, "themes").locator(".barlayer .trace").nth(2).locator(".point path")
    bars.first.click(force=True)
    expect(page.get_by_text("Hook is weak, raised · 1 pilot")).to_be_visible()
    expect(page.get_by_text("What they said · 1 review")).to_be_visible()
    expect(page.get_by_text("Brisa said so.")).to_be_visible()
    expect(behind(page, "themes")).to_have_text([re.compile("Brisa, Alice Chen"), re.compile("Brisa, attempt 1")])
    behind(page, "themes").first.click()
    expect(page).to_have_url(re.compile(r"/pilot\?pilot=pilot_"))
    expect(page.get_by_role("heading", name=re.compile("Brisa"))).to_be_visible()


def test_two_cohorts_from_a_shared_address_fit_a_phone(open_page: OpenPage) -> None:
    page = open_page("/metrics?brands=Acme&compare=true&other_brands=Wellness", phone=True, dark=True)

    expect(page.get_by_text("3 pilots, 4 videos").first).to_be_visible()
    expect(page.get_by_text("The other cohort", exact=True)).to_be_visible()
    expect(page.get_by_text("Wellness", exact=True).first).to_be_visible()
    chart(page, "timeline")
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
