"""A store for the tests that go through every page of the team, and what is on such a page."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.clock import utc_now
from pilot_core.services.pilots import create_pilot


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot that waits, one with changes asked for, and one that was approved."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for days, (company, decisions) in enumerate(
        (("Waiting", ()), ("Changes", ("major_changes",)), ("Approved", ("minor_changes", "approve")))
    ):
        at = utc_now() - timedelta(days=20 - days)
        pilot = create_pilot("Alice Chen", company, "feature_launch", "acme", now=at)
        for number in range(1, max(2, len(decisions) + 1)):
            at += timedelta(hours=2)
            pilot.add_attempt("film.mp4", None, 30.0 + 5 * days, number, 0.2, number > 1, at=at)
            for decision in decisions[number - 1 : number]:
                pilot.record_feedback(number, f"{company} said so.", decision, ["hook_weak"], at=at)
        store.save(pilot, "Theo Grant")
    return store.root


def settled(page: Page) -> None:
    """Wait until the page is drawn."""
    page.get_by_role("heading", level=1).first.wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    expect(page.locator('[data-stale="true"], [data-testid="stSkeleton"]')).to_have_count(0)


def menu(page: Page) -> list[str]:
    """Return the entries of the sidebar."""
    return page.get_by_test_id("stSidebarNavLink").locator("span[label]").all_inner_texts()


def tabs(page: Page) -> list[str]:
    """Return the tabs below a pilot's video."""
    return page.get_by_role("tablist").last.get_by_role("tab").all_inner_texts()
