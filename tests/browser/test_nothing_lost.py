"""Whatever happens meanwhile, a comment with its file, a reply and a decision are still within reach."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.attachments import of_pilot
from pilot_core.review.comments import add_comment, comments_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import links_of, make_link, revoke_link
from pilot_core.review.shown import film_checksum
from tests.attached_files import picture
from tests.browser.review_films import filmed_attempt, new_review
from tests.reviewing import LEAD, reviewer

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
WORDS = {"comment": "The logo is cut off", "reply": "I think so too", "decision": "The middle drags"}
LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
LEFT_FILES = """() => new Promise((resolve) => {
  const asked = indexedDB.open("pilot-ops", 1);
  asked.onsuccess = () => {
    const counted = asked.result.transaction("files").objectStore("files").count();
    counted.onsuccess = () => resolve(counted.result);
  };
})"""
"""How many files the page has kept on the device."""

MISHAPS = ("offline", "closed tab", "restart", "revoked", "new version", "other reviewer", "approved by another")


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot for each mishap, with a comment to reply to."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for mishap in MISHAPS:
        pilot = filmed_attempt(store, new_review(store, mishap).pilot_id)
        add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(10), "Too fast")
    return store.root


class Writing:
    """A reviewer who has typed a comment and attached a file to it, typed a reply and a decision, and sent nothing."""

    def __init__(self, open_page: OpenPage, store: PilotStore, mishap: str):
        self.store = store
        self.pilot: PilotRun = next(p for p in store.load_all() if p.company_name == mishap)
        token = make_link(store, self.pilot.pilot_id, "Dana Cruz", actor=LEAD)[1]
        self.page = self.ready(open_page(f"/r/{token}"))
        page = self.page
        page.locator(".thread summary", has_text="Reply").click()
        page.get_by_label("Your reply").fill(WORDS["reply"])
        page.get_by_label("What would you change first?").fill(WORDS["decision"])
        page.locator("#bar").get_by_role("link", name="Comment").click()
        page.get_by_label("Your comment").fill(WORDS["comment"])
        page.locator("#sheet .attach input").first.set_input_files([LOGO])  # type: ignore[list-item]
        expect(page.locator("#sheet .file-name")).to_contain_text("logo.png")

    @staticmethod
    def ready(page: Page) -> Page:
        expect(page.locator(".player")).to_have_attribute("data-state", "paused")
        return page

    def still_typed(self, page: Page | None = None) -> None:
        """All four are in their places."""
        page = page or self.page
        self.still_attached(page)
        expect(page.get_by_label("Your comment", exact=True).locator("visible=true")).to_have_value(WORDS["comment"])
        expect(page.get_by_label("Your reply")).to_have_value(WORDS["reply"])
        expect(page.get_by_label("What would you change first?")).to_have_value(WORDS["decision"])

    def still_attached(self, page: Page | None = None) -> None:
        """The file is with the comment, and can be removed from it."""
        sheet = (page or self.page).locator("#sheet")
        expect(sheet.locator(".file-name")).to_contain_text("logo.png")
        expect(sheet.locator(".attach img")).to_have_js_property("naturalWidth", 60)
        expect(sheet.get_by_role("button", name="Remove")).to_be_visible()

    def file_arrived(self) -> None:
        """The file is shown with the comment, and nothing of it is left in the form."""
        expect(self.page.get_by_role("img", name="Open the picture logo.png")).to_be_visible()
        [attached] = of_pilot(self.store, self.pilot.pilot_id)
        [comment] = [c for c in comments_of(self.store, self.pilot.pilot_id) if c.body == WORDS["comment"]]
        assert attached.comment_id == comment.comment_id
        assert self.page.evaluate(LEFT_FILES) == 0

    def sends(self) -> None:
        self.page.get_by_role("button", name="Send comment").click()


def test_offline_everything_stays_and_the_page_says_so(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "offline")
    writing.page.context.set_offline(True)
    writing.sends()
    expect(writing.page.locator("#offline")).to_have_text("Offline. Your words are kept on this device.")
    expect(writing.page.get_by_label("Your comment", exact=True).locator("visible=true")).to_be_focused()
    writing.still_typed()
    expect(writing.page.locator("#sheet").get_by_role("alert")).to_contain_text("Your file is kept on this device.")
    writing.page.context.set_offline(False)
    writing.sends()
    expect(writing.page.locator("p.words").get_by_text(WORDS["comment"])).to_be_visible()
    writing.file_arrived()


def test_after_a_closed_tab_everything_is_there_again(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "closed tab")
    context = writing.page.context
    writing.page.close()
    page = context.new_page()
    page.goto("/review")
    writing.still_typed(writing.ready(page))


def test_after_a_restart_of_the_server_a_second_press_sends(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "restart")
    writing.page.context.clear_cookies(name="pilot_form")  # as if its key were another one
    writing.sends()
    expect(writing.page.locator("#sheet").get_by_role("alert")).to_contain_text("Try once more")
    writing.still_typed()
    writing.sends()
    expect(writing.page.locator("p.words").get_by_text(WORDS["comment"])).to_be_visible()
    writing.file_arrived()
    writing.page.get_by_role("button", name="Send reply").click()
    expect(writing.page.locator("p.words").get_by_text(WORDS["reply"])).to_be_visible()
    assert len(comments_of(store, writing.pilot.pilot_id)) == 3


def test_when_the_link_is_revoked_everything_can_be_copied(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "revoked")
    for link in links_of(store, writing.pilot.pilot_id):
        revoke_link(store, link.link_id, LEAD)
    expect(writing.page.get_by_role("heading", name="This link is no longer valid")).to_be_visible()
    kept = writing.page.locator("textarea").evaluate_all("areas => areas.map((area) => area.value)")
    assert set(kept) == set(WORDS.values())
    expect(writing.page.get_by_text("Your file was not sent.")).to_be_visible()
    with writing.page.expect_download() as saving:
        writing.page.get_by_role("link", name="Save logo.png").click()
    assert Path(saving.value.path()).read_bytes() == LOGO["buffer"]


def test_when_a_new_version_comes_everything_can_be_put_on_it(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "new version")
    filmed_attempt(store, writing.pilot.pilot_id)
    expect(writing.page.locator("#sheet").get_by_role("alert")).to_contain_text("Version 2 is here.")
    writing.still_typed()
    writing.page.get_by_role("button", name="Close").click()
    writing.page.get_by_role("link", name="Show version 2").click()
    page = writing.ready(writing.page)
    for words in WORDS.values():
        expect(page.locator(".unsent").get_by_text(words)).to_be_visible()
    unsent = page.locator(".unsent", has_text=WORDS["comment"])
    expect(unsent.get_by_role("link", name="Save logo.png")).to_be_visible()
    unsent.get_by_role("button", name="Put them on version 2").click()
    writing.still_attached()
    page.get_by_role("button", name="Send comment").click()
    expect(page.locator("p.words").get_by_text(WORDS["comment"])).to_be_visible()
    writing.file_arrived()


def test_when_another_reviewer_decides_everything_stays(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "other reviewer")
    decide(store, reviewer(store, writing.pilot, "Ben Ito"), 1, Decision("minor_changes", notes="Shorter"))
    expect(writing.page.get_by_text("Ben Ito asked for minor changes on this version")).to_be_visible()
    writing.still_typed()


def test_when_another_reviewer_approves_everything_can_be_copied(open_page: OpenPage, store: PilotStore) -> None:
    writing = Writing(open_page, store, "approved by another")
    checksum = film_checksum(store, writing.pilot.pilot_id, writing.pilot.runs[0])
    decide(store, reviewer(store, writing.pilot, "Ben Ito"), 1, Decision("approve", approved_sha256=checksum))
    expect(writing.page.get_by_text("Ben Ito approved version 1")).to_be_visible()
    for name in ("reply", "decision"):
        expect(writing.page.locator(".unsent").get_by_text(WORDS[name])).to_be_visible()
    writing.sends()
    expect(writing.page.locator("#sheet").get_by_role("alert")).to_contain_text("completed")
    expect(writing.page.get_by_label("Your comment", exact=True).locator("visible=true")).to_have_value(
        WORDS["comment"]
    )
    writing.still_attached()
