"""Two versions of different rates side by side: a comment leads to its very moment, a new one is of its own frame."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.review.comments import add_comment, comments_of
from tests.browser.numbered_films import READ_NUMBER
from tests.browser.review_films import RATES, filmed_attempt, new_review
from tests.browser.rooms import Room, link_to, pilot_of
from tests.reviewing import reviewer

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

FRAMES = (7, 40, 41, 101, 149)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with a version at 25 and one at 29.97 frames a second, and comments on the first."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    pilot = filmed_attempt(store, new_review(store, "Compared").pilot_id)
    for frame in FRAMES:
        add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(frame), f"At frame {frame}.")
    filmed_attempt(store, pilot.pilot_id)
    return store.root


def test_a_comment_leads_to_its_moment_in_both_versions(open_page: Callable[..., Page], store_folder: Path) -> None:
    store = PilotStore(store_folder)
    pilot = pilot_of(store, "Compared")
    page = open_page(link_to(store, pilot))
    Room(page).ready()
    page.goto("/review/compare")
    views = page.locator(".player .view")
    expect(views).to_have_count(2)
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")

    def shown() -> list[int]:
        page.wait_for_function(
            "root => [...root.querySelectorAll('video')].every((video) => !video.seeking && video.readyState >= 2)",
            arg=page.locator(".player").element_handle(),
        )
        return [int(views.nth(place).locator("video").evaluate(READ_NUMBER)) for place in (0, 1)]

    for frame in FRAMES:
        moment = (frame + Fraction(1, 2)) / RATES[0]
        page.locator(".thread", has_text=f"At frame {frame}.").locator(".at").click()
        expect(views.nth(0)).to_have_attribute("data-frame", str(frame))
        expect(views.nth(1)).to_have_attribute("data-frame", str(int(moment * RATES[1])))
        assert shown() == [frame, int(moment * RATES[1])]

    page.locator(".thread", has_text="At frame 41.").locator(".at").click()
    expect(views.nth(0)).to_have_attribute("data-frame", "41")
    newest = shown()[1]
    page.locator("#comment").get_by_label("Your comment").fill("Of the newer one")
    page.locator("#comment").get_by_role("button", name="Send comment").click()
    expect(page.locator("#comment").get_by_label("Your comment")).to_have_value("")
    [made] = [c for c in comments_of(store, pilot.pilot_id) if c.attempt_number == 2]
    assert (made.frame, made.body) == (newest, "Of the newer one")
