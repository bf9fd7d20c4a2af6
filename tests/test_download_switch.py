"""The switch “May download the approved video”: off by default, in effect at once, and only for an approved video."""

from datetime import date
from urllib.parse import unquote

import pytest

from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import PilotNotFound
from pilot_core.messages.capability_links import review_address
from pilot_core.review.approved_video import file_name
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.links import allow_download, grant_for, links_of, make_link, open_link, revoke_link
from pilot_core.review.shown import film_checksum
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp
from pilot_core.web.access.visitors import GRANT_COOKIE
from tests.conftest import HandClock
from tests.reviewing import LEAD, kinds, next_attempt, pilot_in_review, reviewer
from tests.room_client import Browser
from tests.served import serve

VIDEO = "/review/video"
OFFER = "Download the video"


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    """Return a pilot whose second version another reviewer approved."""
    pilot = pilot_in_review(store, attempts=2)
    other = reviewer(store, pilot, "Ben Ito")
    decide(store, other, 2, Decision("approve", approved_sha256=film_checksum(store, pilot.pilot_id, pilot.attempt(2))))
    return store.load(pilot.pilot_id)


def holder(store: PilotStore, pilot: PilotRun, *, may_download: bool, **link: object) -> Browser:
    """Return the browser of a reviewer whose link has the switch on or off."""
    guest = Browser(store)
    _, token = make_link(store, pilot.pilot_id, "Dana Cruz", may_download=may_download, actor=LEAD, **link)
    guest.cookies[GRANT_COOKIE] = open_link(store, token)[1]
    return guest


def test_with_the_switch_the_approved_video_is_offered_and_comes_as_a_file(store: PilotStore, pilot: PilotRun) -> None:
    guest = holder(store, pilot, may_download=True)
    page = guest.opens()
    assert page.links[OFFER] == VIDEO
    answer = guest.opens(path=page.links[OFFER]).answer
    assert answer.body == b"the film of attempt 2"
    assert answer.headers["content-disposition"] == 'attachment; filename="AcmeAI version 2.mp4"' or (
        "AcmeAI version 2.mp4" in unquote(answer.headers["content-disposition"])
    )
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "private, no-store"
    part = guest.asks(VIDEO, range="bytes=4-7").answer
    assert (part.status, part.body) == (206, b"film")


def test_without_it_nothing_is_offered_and_no_address_gives_the_file(store: PilotStore, pilot: PilotRun) -> None:
    guest = holder(store, pilot, may_download=False)
    assert OFFER not in guest.opens().text
    assert guest.opens(path=VIDEO).status == 404
    pack = store.root / pilot.pilot_id / "attempt_2" / "review_pack"
    pack.mkdir()
    (pack / "final_video.mp4").write_bytes(b"the film")

    def change(pilot: PilotRun) -> None:
        attempt = pilot.attempt(2)
        attempt.folder, attempt.review_pack_path = (
            f"{pilot.pilot_id}/attempt_2",
            f"{pilot.pilot_id}/attempt_2/review_pack",
        )

    store.change(pilot.pilot_id, change)
    for name in ("attempt_2/review_pack/final_video.mp4", "attempt_2/draft_v1.mp4", "everything.zip"):
        assert guest.opens(path=f"/download/{pilot.pilot_id}/{name}").status == 404


def test_a_link_cannot_download_by_default(store: PilotStore, pilot: PilotRun) -> None:
    make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)
    assert [link.may_download for link in links_of(store, pilot.pilot_id)] == [False, False]


def test_before_an_approval_and_after_its_undo_there_is_nothing_to_download(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest = holder(store, pilot, may_download=True)
    assert OFFER not in guest.opens().text
    assert guest.opens(path=VIDEO).status == 404
    assert guest.grant is not None
    checksum = film_checksum(store, pilot.pilot_id, pilot.attempt(1))
    given = decide(store, guest.grant, 1, Decision("approve", approved_sha256=checksum))
    assert guest.opens().links[OFFER] == VIDEO
    undo_decision(store, guest.grant, given.feedback_id)
    assert guest.opens(path=VIDEO).status == 404


def test_a_pilot_that_was_dropped_gives_nothing(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest = holder(store, pilot, may_download=True)
    store.change(pilot.pilot_id, lambda p: p.drop("They left", at=store.clock()), LEAD)
    assert guest.opens(path=VIDEO).status == 404


def test_the_switch_works_at_once_in_open_tabs_and_is_recorded(store: PilotStore, pilot: PilotRun) -> None:
    guest = holder(store, pilot, may_download=False)
    [link] = [link for link in links_of(store, pilot.pilot_id) if link.reviewer == "Dana Cruz"]
    before = room_stamp(store.database, pilot.pilot_id)
    assert allow_download(store, link.link_id, True, LEAD).may_download
    assert room_stamp(store.database, pilot.pilot_id) != before, "an open room hears of it"
    assert allow_download(store, link.link_id, True, LEAD).may_download
    assert guest.opens(path=VIDEO).status == 200
    allow_download(store, link.link_id, False, LEAD)
    assert guest.opens(path=VIDEO).status == 404
    assert [kind for kind in kinds(store, pilot.pilot_id) if kind[0].startswith("download")] == [
        ("download_allowed", LEAD),
        ("download_ended", LEAD),
    ]
    with pytest.raises(PilotNotFound):
        allow_download(store, "link_0", True, LEAD)


def test_strangers_other_pilots_and_ended_links_are_refused(
    store: PilotStore, pilot: PilotRun, clock: HandClock
) -> None:
    assert Browser(store).opens(path=VIDEO).status == 403
    elsewhere = holder(store, pilot_in_review(store), may_download=True)
    assert elsewhere.opens(path=VIDEO).status == 404, "their own pilot has no approval, and no address names another"
    guest = holder(store, pilot, may_download=True)
    [link] = [link for link in links_of(store, pilot.pilot_id) if link.reviewer == "Dana Cruz"]
    assert guest.opens(path=VIDEO).status == 200
    revoke_link(store, link.link_id, LEAD)
    assert guest.opens(path=VIDEO).status == 403
    late = holder(store, pilot, may_download=True, expires_on=date(2026, 3, 2))
    assert late.opens(path=VIDEO).status == 200
    clock.forward(days=1)
    assert late.opens(path=VIDEO).status == 403


def test_another_file_than_the_approved_one_is_not_given_out(store: PilotStore, pilot: PilotRun) -> None:
    guest = holder(store, pilot, may_download=True)
    store.path_of(pilot.attempt(2).video_path or "").write_bytes(b"another film altogether")
    assert OFFER not in guest.opens().text
    assert guest.opens(path=VIDEO).status == 404


def test_a_link_made_again_has_the_switch_as_asked_and_the_one_in_messages_keeps_it(
    store: PilotStore, pilot: PilotRun, clock: HandClock
) -> None:
    holder(store, pilot, may_download=True)
    guest = holder(store, pilot, may_download=False)
    assert guest.opens(path=VIDEO).status == 404
    review_address(store, pilot, "https://pilots.example", renew=False, secret="s")
    [link] = [link for link in links_of(store, pilot.pilot_id) if link.reviewer == pilot.founder_name]
    assert not link.may_download
    allow_download(store, link.link_id, True, LEAD)
    clock.forward(days=30)
    token = review_address(store, pilot, "https://pilots.example", renew=False, secret="s").split("/r/")[1]
    cookie = open_link(store, token)[1]
    grant = grant_for(store, cookie)
    assert grant is not None
    assert grant.may_download


@pytest.mark.parametrize(
    ("company", "name"),
    [
        ("AcmeAI", "AcmeAI version 1.mp4"),
        ('Zoë & 王芳 / ../x\r\n"', "Zoë 王芳 x version 1.mp4"),
        ("///", "Video version 1.mp4"),
    ],
)
def test_the_file_is_named_after_the_company_without_what_no_file_name_holds(
    store: PilotStore, company: str, name: str
) -> None:
    pilot = pilot_in_review(store)
    pilot.company_name = company
    assert file_name(pilot, pilot.attempt(1)) == name


def test_a_later_version_is_not_downloaded_in_place_of_the_approved_one(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest = holder(store, pilot, may_download=True)
    next_attempt(store, pilot.pilot_id)
    assert guest.opens(path=VIDEO).status == 404
