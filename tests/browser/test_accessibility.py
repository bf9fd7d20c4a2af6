"""The review room's pages have no violation that axe-core finds, in light and dark, on a phone and on a desk."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.domain.reviews import Grant
from pilot_core.review.attachments import stored
from pilot_core.review.comments import add_comment
from pilot_core.review.links import make_link
from pilot_core.video.attached import prepare
from tests import attached_files as files
from tests.browser.axe import violations
from tests.browser.review_films import filmed_attempt, new_review, three_shots
from tests.reviewing import LEAD, reviewer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with two versions and a comment on each."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    pilot = new_review(store)
    for number in (1, 2):
        pilot = filmed_attempt(store, pilot.pilot_id, shots=three_shots("A", "B", f"C{number}"))
        ben = reviewer(store, pilot, "Ben Ito")
        add_comment(store, ben, number, Anchor(40), "The logo is cut off here.")
        for name, data in (("logo.png", files.picture()), ("note.m4a", files.sound()), ("plan.pdf", files.pdf())):
            attach(store, ben, number, name, data)
    return store.root


def attach(store: PilotStore, speaker: Grant, number: int, name: str, data: bytes) -> None:
    """Comment with a file."""
    with TemporaryDirectory() as place:
        (Path(place) / "sent").write_bytes(data)
        with stored(store, speaker, prepare(Path(place) / "sent", Path(place)), name) as file:
            add_comment(store, speaker, number, Anchor(50), "", file=file)


@pytest.mark.parametrize(("phone", "dark"), [(True, False), (True, True), (False, False)])
def test_axe_finds_nothing(open_page: Callable[..., Page], store_folder: Path, phone: bool, dark: bool) -> None:
    store = PilotStore(store_folder)
    token = make_link(store, store.pilot_ids()[0], f"Dana {phone} {dark}", actor=LEAD)[1]
    page = open_page("/review", phone=phone, dark=dark, bypass_csp=True)
    assert violations(page) == []
    page.goto(f"/r/{token}")
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    assert violations(page) == []
    page.locator("#bar").get_by_role("link", name="Comment").click()
    assert violations(page) == []
    picture = {"name": "logo.png", "mimeType": "image/png", "buffer": files.picture()}
    page.locator("#sheet .attach input").first.set_input_files([picture])  # type: ignore[list-item]
    expect(page.locator("#sheet .file-name")).to_be_visible()
    assert violations(page) == []
    page.locator("#sheet").get_by_role("button", name="Remove").click()
    page.locator("#sheet").get_by_role("button", name="Record a voice note").click()
    assert violations(page) == []
    page.locator("#sheet").get_by_role("button", name="Stop recording").click()
    expect(page.get_by_label("Your voice note")).to_be_visible()
    assert violations(page) == []
    for path in ("/review/approve", "/review/compare", "/review/versions/1"):
        page.goto(path)
        if path != "/review/approve":
            expect(page.locator(".player")).to_have_attribute("data-state", "paused")
        assert violations(page) == [], path


@pytest.mark.parametrize(("size", "text"), [((844, 390), 100), ((390, 470), 100), ((390, 844), 200)])
def test_axe_finds_nothing_in_a_low_window_or_with_large_text(
    open_page: Callable[..., Page], store_folder: Path, size: tuple[int, int], text: int
) -> None:
    store = PilotStore(store_folder)
    token = make_link(store, store.pilot_ids()[0], f"Dana {size} {text}", actor=LEAD)[1]
    viewport = {"width": size[0], "height": size[1]}
    page = open_page("about:blank", phone=True, dark=text == 200, bypass_csp=True, viewport=viewport)
    fonts = {"standard": 16 * text // 100, "fixed": 13 * text // 100}
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": fonts})
    page.goto(f"/r/{token}")
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    page.keyboard.press("+")
    expect(page.locator(".player .zoom")).to_be_visible()
    assert violations(page) == []
    page.locator("#bar").get_by_role("link", name="Comment").click()
    assert violations(page) == []


def test_the_first_stop_of_the_tab_key_leads_to_the_comment(open_page: Callable[..., Page], store_folder: Path) -> None:
    store = PilotStore(store_folder)
    page = open_page(f"/r/{make_link(store, store.pilot_ids()[0], 'Keys', actor=LEAD)[1]}")
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("By keys alone")
    page.keyboard.press("Control+Enter")
    expect(page.locator("p.words").get_by_text("By keys alone")).to_be_visible()
    expect(page.locator('#bar [data-do="compose"]')).to_be_focused()
