"""Files in the review room over HTTP, without a script: sent with forms, given out to those who may see them."""

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attachments import Attachment, AttachmentKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.attachments import of_pilot
from pilot_core.review.comments import comments_of, delete_comment
from pilot_core.review.links import revoke_link
from pilot_core.web.access import rate_limits
from pilot_core.web.review_room import attachments
from tests import attached_files as files
from tests.asking import Answer, ask
from tests.reviewing import LEAD, pilot_in_review, reviewer
from tests.room_client import Browser, Page

LOGO, NOTE, PLAN = ("logo.png", files.picture(size=(600, 300))), ("a.webm", files.sound("webm", "libopus")), files.pdf()


@pytest.fixture
def pilot(served: PilotStore) -> PilotRun:
    return pilot_in_review(served)


@pytest.fixture
def guest(served: PilotStore) -> Browser:
    return Browser(served)


def says(guest: Browser, page: Page, *given: tuple[str, bytes], body: str = "Use this logo") -> Page:
    return guest.sends_files(page, "comment", given, at="0:01", body=body)


def only(store: PilotStore, pilot: PilotRun) -> Attachment:
    [found] = of_pilot(store, pilot.pilot_id)
    return found


def gets(guest: Browser, path: str, **headers: str) -> Answer:
    carried = "; ".join(f"{name}={value}" for name, value in guest.cookies.items())
    return ask(path, cookies=carried, host=guest.host, **headers)


def test_a_picture_comes_with_a_comment_and_is_given_out(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = says(guest, guest.opens(pilot), LOGO)
    attached = only(store, pilot)
    where = f"/review/attachments/{attached.attachment_id}"
    assert f'src="{where}/small"' in page.source
    assert 'width="320" height="160"' in page.source
    picture = gets(guest, where)
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.body == store.path_of(attached.path).read_bytes()
    assert picture.headers["content-disposition"] == 'inline; filename="logo.png"'
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert picture.headers["cache-control"] == "private, no-cache"
    small = gets(guest, f"{where}/small")
    assert (small.status, small.headers["content-type"]) == (200, "image/jpeg")
    assert gets(guest, where, if_none_match=picture.headers["etag"]).status == 304


def test_a_voice_note_plays_in_the_ranges_that_are_asked_for(
    guest: Browser, store: PilotStore, pilot: PilotRun
) -> None:
    page = says(guest, guest.opens(pilot), NOTE, body="")
    attached = only(store, pilot)
    assert attached.kind is AttachmentKind.VOICE
    assert 'aria-label="Voice note from Dana Cruz"' in page.source
    assert "Voice note, 0:02" in page.text
    where = f"/review/attachments/{attached.attachment_id}"
    part = gets(guest, where, range="bytes=4-7")
    assert (part.status, part.body, part.headers["content-type"]) == (206, b"ftyp", "audio/mp4")
    assert part.headers["content-range"] == f"bytes 4-7/{attached.size}"
    assert gets(guest, f"{where}/small").status == 404


def test_a_pdf_is_only_ever_a_download(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = guest.sends_files(guest.opens(pilot), "changes", [("Plan “B”.pdf", PLAN)], level="minor_changes", notes="")
    attached = only(store, pilot)
    assert attached.feedback_id is not None
    assert "Plan “B”.pdf" in page.links
    answer = gets(guest, page.links["Plan “B”.pdf"])
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "application/pdf", PLAN)
    assert answer.headers["content-disposition"].startswith("attachment; ")


def test_a_reply_and_an_approval_can_have_a_file(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = guest.sends(guest.opens(pilot), "comment", at="0:01", body="Slower")
    page = guest.sends_files(page, "reply", [("plan.pdf", PLAN)], body="See here")
    assert "plan.pdf" in page.links
    page = guest.sends_files(guest.opens(path="/review/approve"), "approve", [LOGO])
    assert "You approved version 1" in page.text
    assert "Open the picture logo.png" in page.source
    assert len(of_pilot(store, pilot.pilot_id)) == 2
    page = guest.sends(page, "undo")
    assert "Send logo.png again" in page.text


@pytest.mark.parametrize("name", files.HOSTILE)
def test_a_file_that_is_refused_loses_no_words(
    guest: Browser, store: PilotStore, pilot: PilotRun, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "FILES_A_LINK", rate_limits.Rate("files", 100, 600))
    make, words = files.HOSTILE[name]
    page = says(guest, guest.opens(pilot), (name, make()))
    assert page.status == 422
    assert words in page.text
    assert page.form("comment").value("body") == "Use this logo"
    assert "Your file was not sent. Choose it again." in page.text
    assert comments_of(store, pilot.pilot_id) == []
    assert not (store.root / pilot.pilot_id / "attachments").exists()


def test_two_files_at_once_are_refused(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = says(guest, guest.opens(pilot), LOGO, ("plan.pdf", PLAN))
    assert (page.status, attachments.ONE_ONLY in page.text) == (422, True)
    page = says(guest, page, ("", b""), LOGO)
    assert page.status == 200, "a field that was left empty is no file"
    assert only(store, pilot).name == "logo.png"


def test_a_body_that_breaks_off_loses_no_words(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    form = guest.opens(pilot).form("comment")
    fields = [(key, value) for key, value in form.fields if key not in ("file", "body")] + [("body", "Use this logo")]
    parts = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields]
    body = "".join(parts) + '--b\r\nContent-Disposition: form-data; filename="a.png"\r\n\r\nxxx'
    kind = {"content_type": "multipart/form-data; boundary=b", "origin": f"http://{guest.host}"}
    page = guest.asks(form.action, "POST", body.encode(), **kind)
    assert (page.status, attachments.DAMAGED in page.text) == (422, True)
    assert page.form("comment").value("body") == "Use this logo"
    for broken in (b"", b"--b", b"--c\r\n\r\n", body.encode()[:200]):
        assert guest.asks(form.action, "POST", broken, **kind).status in (404, 409, 422)
    assert comments_of(store, pilot.pilot_id) == []


def test_without_its_token_nothing_is_decoded_and_words_come_back(
    guest: Browser, store: PilotStore, pilot: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    page = guest.opens(pilot)
    monkeypatch.setattr(attachments, "prepare", never)
    guest.cookies.pop("pilot_form")
    page = says(guest, page, LOGO)
    assert page.status == 409
    assert page.form("comment").value("body") == "Use this logo"
    revoke_link(store, guest.grant.link_id if guest.grant else "", LEAD)
    page = says(guest, page, LOGO)
    assert page.status == 403
    assert "Use this logo" in page.text
    assert of_pilot(store, pilot.pilot_id) == []


def test_another_site_sends_nothing(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    form = guest.opens(pilot).form("comment")
    kind = {"content_type": "multipart/form-data; boundary=b", "origin": "https://elsewhere.example"}
    assert guest.asks(form.action, "POST", b"--b--\r\n", **kind).status == 404


def test_many_files_in_a_short_time_are_refused(
    guest: Browser, store: PilotStore, pilot: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "FILES_A_LINK", rate_limits.Rate("files", 1, 600))
    page = says(guest, guest.opens(pilot), LOGO)
    assert page.status == 200
    page = says(guest, page, LOGO)
    assert (page.status, str(rate_limits.TooMuch()) in page.text) == (429, True)
    assert len(of_pilot(store, pilot.pilot_id)) == 1


def test_a_file_is_given_to_its_pilots_reviewers_and_the_team_alone(
    guest: Browser, store: PilotStore, pilot: PilotRun
) -> None:
    says(guest, guest.opens(pilot), LOGO)
    attached = only(store, pilot)
    where = f"/review/attachments/{attached.attachment_id}"
    other, second, here = Browser(store), Browser(store), Browser(store, "localhost")
    other.takes_link(pilot_in_review(store))
    second.takes_link(pilot, "Ben Ito")
    for path in (where, f"{where}/small"):
        assert gets(Browser(store), path).status == 404
        assert gets(other, path) == gets(other, "/review/attachments/unknown"), "as if there were none"
        assert gets(second, path).status == 200
        assert gets(here, path).status == 200
    assert guest.grant is not None
    delete_comment(store, guest.grant, attached.comment_id or "")
    for browser in (guest, second, here):
        assert gets(browser, where).status == 404
    revoke_link(store, guest.grant.link_id, LEAD)
    assert gets(guest, where).status == 404


def test_what_was_taken_back_is_given_to_its_author_alone(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = guest.sends_files(guest.opens(pilot), "changes", [LOGO], level="minor_changes", notes="This one")
    page = guest.sends(page, "undo")
    assert "Send logo.png again" in page.text
    where = f"/review/attachments/{only(store, pilot).attachment_id}"
    second, here = Browser(store), Browser(store, "localhost")
    second.takes_link(pilot, "Ben Ito")
    assert [gets(browser, where).status for browser in (guest, second, here)] == [200, 404, 404]
    assert "logo.png" not in second.opens().source
    page = guest.sends(page, "changes", level="minor_changes", notes="This one")
    assert "Open the picture logo.png" in page.source
    assert [gets(browser, where).status for browser in (guest, second, here)] == [200, 200, 200]


def test_the_microphone_is_allowed_in_the_room_alone(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = guest.opens(pilot)
    assert "microphone=(self)" in page.answer.headers["permissions-policy"]
    preview = gets(Browser(store, "localhost"), f"/review/preview/{pilot.pilot_id}")
    assert "microphone=()" in preview.headers["permissions-policy"]


def test_a_name_from_elsewhere_is_no_markup(guest: Browser, store: PilotStore, pilot: PilotRun) -> None:
    page = says(guest, guest.opens(pilot), ("<img src=x onerror=alert(1)>.pdf", PLAN))
    assert "<img src=x" not in page.source
    assert only(store, pilot).name == "_img src=x onerror=alert(1)_.pdf"
    reviewer(store, pilot, "Ben Ito")
