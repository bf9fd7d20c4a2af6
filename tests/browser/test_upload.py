"""A finished film is brought by hand in a real browser: refused when it is none, kept while the form is filled in."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from tests.films import make_film

pytestmark = pytest.mark.browser


def test_a_film_is_brought_checked_and_becomes_the_first_cut(
    open_page: Callable[..., Page], store_folder: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "<b>script.mp4"
    bad.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
    good = make_film(tmp_path / "Brisa, final.mp4", seconds=16, width=1080, height=1920, rate=Fraction(8))
    page = open_page("/new_pilot", phone=True)
    page.get_by_text("Problem and solution", exact=True).click()
    page.get_by_text("Upload: a finished film you bring").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a film").click()
    chooser.value.set_files(bad)
    expect(page.get_by_role("alert")).to_have_text(
        "The file is not a playable video: it is neither MP4 or QuickTime nor WebM or Matroska."
    )
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a film").click()
    chooser.value.set_files(good)
    expect(page.get_by_text("ready. Recorded at 8 fps; conformed to 24 fps.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Brisa, final.mp4")).to_be_visible()

    page.get_by_role("button", name="Create pilot").click()
    expect(page.get_by_text("Enter the founder's name.")).to_be_visible()
    expect(page.get_by_text("Enter the company's name.")).to_be_visible()
    expect(page.get_by_label("Founder")).to_be_focused()
    page.get_by_label("Company").fill("Brisa")
    page.get_by_label("Founder").fill("Zoë Ñandú")
    expect(page.get_by_text("Enter the company's name.")).to_have_count(0)
    expect(page.get_by_text("Brisa, final.mp4")).to_be_visible()
    page.get_by_role("button", name="Create pilot").click()
    expect(page.get_by_text("Attempt 1 is ready")).to_be_visible(timeout=120_000)
    store = PilotStore(store_folder)
    (pilot_id,) = store.pilot_ids()
    attempt = store.load(pilot_id).attempt(1)
    assert (attempt.pipeline, attempt.state) == ("upload", "ready")
    draft = attempt.final_draft
    assert draft
    assert store.path_of(draft.delivered_path).read_bytes() == good.read_bytes()
    assert (draft.frame_rate, draft.conform_note) == ("24", "Recorded at 8 fps; conformed to 24 fps.")
