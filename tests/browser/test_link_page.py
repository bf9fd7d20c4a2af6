"""The page of a review link in a real browser: it loads the video, opens itself, and the room takes its place."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from pilot_core import PilotStore
from pilot_core.review.links import make_link, revoke_link
from pilot_core.review.receipts import receipts_of
from tests.browser.conftest import AWAY, PHONE
from tests.browser.review_films import filmed_attempt, new_review
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser


KILOBYTES, REQUESTS = 150, 12
MEDIA = (".mp4", ".jpg", ".vtt")
MARK = """
document.addEventListener("DOMContentLoaded", () => document.querySelector("video")?.setAttribute("data-first", ""));
"""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with one attempt."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    filmed_attempt(store, new_review(store, "Linked").pilot_id)
    return store.root


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {"STREAMLIT_BROWSER_SERVER_ADDRESS": AWAY}


@pytest.fixture
def link(store: PilotStore, server: str) -> str:
    token = make_link(store, store.pilot_ids()[0], "Dana Cruz", actor=LEAD)[1]
    return f"{server.replace('localhost', AWAY)}/r/{token}"


def room_stands(page: Page) -> None:
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    expect(page.get_by_text("Reviewing as Dana Cruz")).to_be_visible()


def test_the_room_takes_the_pages_place_and_its_video_goes_along(
    open_page: Callable[..., Page], link: str, store: PilotStore
) -> None:
    page = open_page("about:blank", phone=True)
    page.add_init_script(MARK)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    with page.expect_response("**/review/opened"):
        page.goto(link)
    room_stands(page)
    page.wait_for_url("**/review")
    assert page.title().startswith("Version 1")
    expect(page.locator(".player video[data-first]")).to_have_count(1)
    page.locator(".player .big").click()
    expect(page.locator(".player")).to_have_attribute("data-state", "playing")
    assert [request.url for request in asked if request.is_navigation_request()] == [link]
    assert [receipt.reviewer for receipt in receipts_of(store, store.pilot_ids()[0])] == ["Dana Cruz"]
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert "pilot_review" in names
    assert "pilot_preload" not in names


def test_at_most_150_kb_in_12_requests_come_before_poster_and_video(open_page: Callable[..., Page], link: str) -> None:
    page = open_page("about:blank", phone=True)
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(link)
    room_stands(page)
    before = [request for request in asked if not request.url.split("?")[0].endswith(MEDIA)]
    sizes = [request.sizes() for request in before]
    assert 0 < sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= KILOBYTES * 1000
    assert len(before) <= REQUESTS


def test_without_a_script_the_page_opens_by_its_button(browser: Browser, link: str) -> None:
    context = browser.new_context(java_script_enabled=False, **PHONE)
    page = context.new_page()
    page.goto(link)
    expect(page.locator("video")).to_be_hidden()
    page.get_by_role("button", name="Open the review").click()
    expect(page.get_by_text("Reviewing as Dana Cruz")).to_be_visible()
    assert page.url.endswith("/review")
    expect(page.locator("video")).to_have_js_property("controls", True)
    context.close()


def test_a_link_that_was_revoked_meanwhile_says_so(browser: Browser, link: str, store: PilotStore) -> None:
    made, token = make_link(store, store.pilot_ids()[0], "Ben Ito", actor=LEAD)
    context = browser.new_context(**PHONE)
    page = context.new_page()

    def revoked(route: Route) -> None:
        if route.request.method == "POST":
            revoke_link(store, made.link_id, LEAD)
        route.continue_()

    page.route("**/r/*", revoked)
    page.goto(f"{link.rsplit('/', 1)[0]}/{token}")
    expect(page.get_by_text("Ask whoever sent it for a new one")).to_be_visible()
    context.close()
