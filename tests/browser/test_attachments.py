"""A picture, a PDF and a voice note with a comment, a reply and a decision: sent, shown and played in a browser."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.attachments import Attachment, AttachmentKind
from pilot_core.review.attachments import of_pilot
from pilot_core.review.comments import comments_of
from tests import attached_files as files
from tests.browser.review_films import filmed_attempt, new_review
from tests.browser.rooms import link_to, pilot_of

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)

OpenPage = Callable[..., Page]
COMPANIES = ("Sent", "Blocked", "Plain")
LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": files.picture(size=(600, 300))}
PLAN = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": files.pdf()}


BLOCKED = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
}"""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot for each test."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for company in COMPANIES:
        filmed_attempt(store, new_review(store, company).pilot_id)
    return store.root


def ready(page: Page) -> Page:
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    return page


def picks(page: Page, form: str, file: dict[str, object]) -> None:
    """Choose a file by the button of a form."""
    with page.expect_file_chooser() as choosing:
        page.locator(f'form[data-form^="{form}"]').get_by_role("button", name="Add a picture or PDF").click()
    choosing.value.set_files([file])  # type: ignore[list-item]


def attached(store: PilotStore, pilot_id: str, kind: AttachmentKind) -> Attachment:
    [found] = [a for a in of_pilot(store, pilot_id) if a.kind is kind]
    return found


@pytest.mark.parametrize("phone", [True])
def test_a_picture_a_voice_note_and_a_pdf_arrive_and_are_shown(
    open_page: OpenPage, store: PilotStore, phone: bool
) -> None:
    pilot = pilot_of(store, "Sent")
    pilot_id, path = pilot.pilot_id, link_to(store, pilot)
    page = ready(open_page(path, phone=phone))

    # A picture with a comment, removed once before it is sent
    page.locator("#bar").get_by_role("link", name="Comment").click()
    picks(page, "comment", LOGO)
    sheet = page.locator("#sheet")
    expect(sheet.get_by_text("logo.png")).to_be_visible()
    sheet.get_by_role("button", name="Remove").click()
    expect(sheet.get_by_text("logo.png")).to_be_hidden()
    picks(page, "comment", LOGO)
    expect(sheet.locator(".attach img")).to_have_js_property("naturalWidth", 600)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sheet.get_by_label("Your comment").fill("Use this logo")
    sheet.get_by_role("button", name="Send comment").click()
    thread = page.locator("#comments .thread")
    expect(thread.get_by_role("img", name="Open the picture logo.png")).to_be_visible()
    thread.get_by_role("img").scroll_into_view_if_needed()
    expect(thread.get_by_role("img")).to_have_js_property("complete", True)
    assert thread.get_by_role("img").evaluate("image => image.naturalWidth") == 600
    with page.context.expect_page() as opened:
        thread.get_by_role("link", name="Open the picture logo.png").click()
    large = opened.value
    large.wait_for_load_state()
    assert large.locator("img").evaluate("image => image.naturalWidth") == 600
    large.close()
    picture = attached(store, pilot_id, AttachmentKind.PICTURE)
    assert [c.comment_id for c in comments_of(store, pilot_id)] == [picture.comment_id]
    with Image.open(io.BytesIO(store.path_of(picture.path).read_bytes())) as stored:
        assert (stored.format, stored.size) == ("PNG", (600, 300))

    # A voice note without words as a reply
    thread.locator("summary", has_text="Reply").click()
    form = page.locator('form[data-form^="reply"]')
    form.get_by_role("button", name="Record a voice note").click()
    expect(form.get_by_text(re.compile(r"Recording 0:0[2-9] of 3:00"))).to_be_visible()
    form.get_by_role("button", name="Stop recording").click()
    expect(form.get_by_label("Your voice note")).to_be_visible()
    form.get_by_role("button", name="Send reply").click()
    voice = thread.get_by_label("Voice note from Dana Cruz")
    expect(voice).to_be_visible()
    voice.evaluate("audio => audio.play()")
    page.wait_for_function("audio => audio.currentTime > 0.3 && !audio.error", arg=voice.element_handle())
    note = attached(store, pilot_id, AttachmentKind.VOICE)
    assert note.seconds is not None
    assert 1.5 < note.seconds < 20
    assert page.evaluate("navigator.mediaDevices.enumerateDevices().then((all) => all.length)") > 0

    # A PDF with a decision, undone and sent again
    page.locator("#bar").get_by_role("link", name="Ask for changes").click()
    picks(page, "changes", PLAN)
    expect(page.locator("#decision").get_by_text("plan.pdf")).to_be_visible()
    page.get_by_role("button", name="Send: ask for changes").click()
    decided = page.locator("#decided")
    expect(decided.get_by_role("link", name="plan.pdf")).to_be_visible()
    with page.expect_download() as downloading:
        decided.get_by_role("link", name="plan.pdf").click()
    assert downloading.value.suggested_filename == "plan.pdf"
    assert Path(downloading.value.path()).read_bytes() == PLAN["buffer"]
    decided.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Send plan.pdf again")).to_be_checked()
    page.get_by_role("button", name="Send: ask for changes").click()
    expect(decided.get_by_role("link", name="plan.pdf")).to_be_visible()
    assert attached(store, pilot_id, AttachmentKind.PDF).feedback_id is not None

    # The team sees and hears all of it
    lead = open_page(f"/pilot?pilot={pilot_id}")
    lead.get_by_role("tab", name="Feedback and comments").click()
    image = lead.get_by_role("img", name="Picture logo.png")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 600)
    player = lead.get_by_label("Voice note from Dana Cruz")
    expect(player).to_be_visible()
    player.evaluate("audio => audio.play()")
    lead.wait_for_function("audio => audio.currentTime > 0.3 && !audio.error", arg=player.element_handle())
    expect(lead.get_by_role("link", name="plan.pdf")).to_be_visible()


def test_a_blocked_microphone_is_said_and_a_recording_can_be_chosen(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Blocked")
    pilot_id, path = pilot.pilot_id, link_to(store, pilot)
    page = ready(open_page(path, phone=True))
    page.evaluate(BLOCKED)
    page.locator("#bar").get_by_role("link", name="Comment").click()
    sheet = page.locator("#sheet")
    sheet.get_by_role("button", name="Record a voice note").click()
    expect(sheet.get_by_role("alert")).to_have_text(
        "The microphone cannot be used. Allow it in the browser’s settings, or choose a recording."
    )
    with page.expect_file_chooser() as choosing:
        sheet.get_by_role("button", name="Choose a recording").click()
    note = {"name": "note.webm", "mimeType": "audio/webm", "buffer": files.sound("webm", "libopus", 1.0)}
    choosing.value.set_files([note])  # type: ignore[list-item]
    sheet.get_by_role("button", name="Send comment").click()
    expect(page.get_by_label("Voice note from Dana Cruz")).to_be_visible()
    assert attached(store, pilot_id, AttachmentKind.VOICE).name == "note.m4a"
    # What the server refuses stays in the form, with its sentence
    page.locator("#bar").get_by_role("link", name="Comment").click()
    picks(page, "comment", {"name": "logo.png", "mimeType": "image/png", "buffer": files.SVG})
    sheet.get_by_label("Your comment").fill("Use this one")
    sheet.get_by_role("button", name="Send comment").click()
    expect(sheet.get_by_role("alert")).to_contain_text("Send a picture (JPEG, PNG or WebP)")
    expect(sheet.get_by_label("Your comment")).to_have_value("Use this one")
    expect(sheet.get_by_text("logo.png")).to_be_visible()


def test_without_a_script_a_file_goes_with_the_form(browser: Browser, server: str, store: PilotStore) -> None:
    pilot = pilot_of(store, "Plain")
    pilot_id, path = pilot.pilot_id, link_to(store, pilot)
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto(path)
    page.get_by_role("button", name="Open the review").click()
    page.locator("#comment summary", has_text="Add a file or a voice note").click()
    page.locator("#comment").get_by_label("Picture or PDF").set_input_files([LOGO])  # type: ignore[list-item]
    page.get_by_label("Your comment").fill("Use this logo")
    page.get_by_role("button", name="Send comment").click()
    expect(page.get_by_role("img", name="Open the picture logo.png")).to_be_visible()
    page.locator("#comment summary", has_text="Add a file or a voice note").click()
    page.locator("#comment").get_by_label("Voice note").set_input_files(
        [{"name": "note.webm", "mimeType": "audio/webm", "buffer": files.HTML}]
    )
    page.get_by_label("Your comment").fill("Not a sound")
    page.get_by_role("button", name="Send comment").click()
    expect(page.locator("#comment").get_by_role("alert")).to_contain_text("Send a picture (JPEG, PNG or WebP)")
    expect(page.get_by_text("Your file was not sent. Choose it again.")).to_be_visible()
    expect(page.get_by_label("Your comment")).to_have_value("Not a sound")
    assert [c.body for c in comments_of(store, pilot_id)] == ["Use this logo"]
    context.close()
