"""Requests and their answers: recorded once, changed by the other answer, carried into the next brief."""

import csv
from pathlib import Path

import pytest

from pilot_core.domain.comments import Anchor
from pilot_core.domain.events import describe
from pilot_core.domain.requests import NOTES, Request, id_of_request
from pilot_core.domain.reviews import Grant
from pilot_core.errors import InvalidRequest, NotAllowedNow
from pilot_core.export.bundle import export_folder
from pilot_core.insight.cohort import Cohort
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.restore import restore
from pilot_core.rendering.preview import next_brief
from pilot_core.review.comments import CommentNotFound, add_comment, comments_of, threads_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import LinkRefused, allow_download, links_of, revoke_link
from pilot_core.review.requests import (
    RequestNotFound,
    answer_request,
    answers_of,
    open_requests_before,
    requests_of,
)
from pilot_core.review.shown import film_checksum
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp
from tests.conftest import HandClock
from tests.reviewing import LEAD, kinds, next_attempt, pilot_in_review, reviewer, team


@pytest.fixture
def dana(store: PilotStore) -> Grant:
    """Return a reviewer who asked for changes on version 1, of which version 2 is here."""
    pilot = pilot_in_review(store)
    grant = reviewer(store, pilot)
    add_comment(store, grant, 1, Anchor(30), "The logo is cut off")
    decide(store, grant, 1, Decision("minor_changes", flags=["too_long", "hook_weak"], notes="The middle drags."))
    next_attempt(store, pilot.pilot_id)
    return grant


def asked(store: PilotStore, grant: Grant, kind: str) -> str:
    """Return the id of the first request of that kind on version 1."""
    return next(r.request_id for r in requests(store, grant, 2) if r.kind == kind)


def requests(store: PilotStore, grant: Grant, in_attempt: int) -> list[Request]:
    pilot = store.load(grant.pilot_id)
    return requests_of(
        pilot.attempt(1), threads_of(store, grant.pilot_id), answers_of(store, grant.pilot_id), in_attempt
    )


def test_each_flag_the_words_and_each_comment_is_a_request(store: PilotStore, dana: Grant) -> None:
    found = requests(store, dana, 2)
    assert [(r.kind, r.by, r.words, r.flag) for r in found] == [
        ("flag", "Dana Cruz", "Too long", "too_long"),
        ("flag", "Dana Cruz", "Hook is weak", "hook_weak"),
        ("words", "Dana Cruz", "The middle drags.", None),
        ("comment", "Dana Cruz", "The logo is cut off", None),
    ]
    assert all(r.standing is None for r in found)


def test_only_the_last_decision_of_each_person_asks_and_an_approval_and_the_team_ask_nothing(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    grant, other = reviewer(store, pilot), reviewer(store, pilot, "Ben Ito")
    decide(store, grant, 1, Decision("minor_changes", flags=["too_long"]))
    decide(store, other, 1, Decision("major_changes", notes="Start over"))
    decide(store, grant, 1, Decision("minor_changes", flags=["hook_weak"]))
    add_comment(store, team(pilot), 1, Anchor(3), "We will look at this")
    next_attempt(store, pilot.pilot_id)
    assert [(r.by, r.words) for r in requests(store, grant, 2)] == [
        ("Ben Ito", "Start over"),
        ("Dana Cruz", "Hook is weak"),
    ]


def test_an_answer_is_kept_with_who_and_when_and_the_other_one_replaces_it(
    store: PilotStore, dana: Grant, clock: HandClock
) -> None:
    flag = asked(store, dana, "flag")
    answer_request(store, dana, flag, addressed=False, in_attempt=2)
    at = clock.forward(minutes=1)
    other = reviewer(store, store.load(dana.pilot_id), "Ben Ito")
    answer_request(store, other, flag, addressed=True, in_attempt=2)
    [answer] = answers_of(store, dana.pilot_id)
    assert (answer.subject, answer.attempt_number, answer.addressed) == ("too_long", 2, True)
    assert (answer.answered_by, answer.link_id, answer.answered_at) == ("Ben Ito", other.link_id, at)
    assert [kind for kind in kinds(store, dana.pilot_id) if kind[0].startswith("request_")] == [
        ("request_not_addressed", "Dana Cruz (review link)"),
        ("request_addressed", "Ben Ito (review link)"),
    ]


def test_the_same_answer_again_is_one_act(store: PilotStore, dana: Grant, clock: HandClock) -> None:
    for request_id in (asked(store, dana, "flag"), asked(store, dana, "comment"), asked(store, dana, "words")):
        answer_request(store, dana, request_id, addressed=False, in_attempt=2)
        events, stamp = store.events(dana.pilot_id), room_stamp(store.database, dana.pilot_id)
        clock.forward(minutes=1)
        answer_request(store, dana, request_id, addressed=False, in_attempt=2)
        assert store.events(dana.pilot_id) == events
        assert room_stamp(store.database, dana.pilot_id) == stamp


def test_of_a_comment_the_comment_itself_says_whether_it_is_addressed(store: PilotStore, dana: Grant) -> None:
    answer_request(store, dana, asked(store, dana, "comment"), addressed=False, in_attempt=2)
    [comment] = comments_of(store, dana.pilot_id)
    assert (comment.addressed, comment.judged_in, comment.judged_by) == (False, 2, "Dana Cruz")
    assert comment.status == "not addressed"
    assert answers_of(store, dana.pilot_id) == []
    [standing] = [r.standing for r in requests(store, dana, 2) if r.kind == "comment"]
    assert standing is not None
    assert (standing.addressed, standing.attempt_number, standing.by) == (False, 2, "Dana Cruz")


def test_every_answer_changes_the_stamp_of_open_rooms(store: PilotStore, dana: Grant) -> None:
    seen = [room_stamp(store.database, dana.pilot_id)]
    for addressed in (False, True):
        for kind in ("flag", "words", "comment"):
            answer_request(store, dana, asked(store, dana, kind), addressed=addressed, in_attempt=2)
            seen.append(room_stamp(store.database, dana.pilot_id))
    assert len(set(seen)) == len(seen)


def test_what_is_no_request_is_refused(store: PilotStore, dana: Grant) -> None:
    flag = asked(store, dana, "flag")
    given = store.load(dana.pilot_id).attempt(1).review
    assert given is not None
    for wrong in (id_of_request(given.feedback_id, "off_brand"), id_of_request("feedback_0", "too_long"), "x.y", "."):
        with pytest.raises(RequestNotFound, match="There is no such request"):
            answer_request(store, dana, wrong, addressed=True, in_attempt=2)
    with pytest.raises(CommentNotFound):
        answer_request(store, dana, "comment_0", addressed=True, in_attempt=2)
    for number in (1, 3):
        with pytest.raises(InvalidRequest, match=r"is answered on a later, ready version"):
            answer_request(store, dana, flag, addressed=True, in_attempt=number)
    assert answers_of(store, dana.pilot_id) == []


def test_a_reviewer_of_another_pilot_finds_no_request(store: PilotStore, dana: Grant) -> None:
    other = reviewer(store, pilot_in_review(store, attempts=2))
    with pytest.raises(RequestNotFound):
        answer_request(store, other, asked(store, dana, "flag"), addressed=True, in_attempt=2)
    assert answers_of(store, dana.pilot_id) == answers_of(store, other.pilot_id) == []


def test_after_a_revocation_or_the_end_nothing_is_recorded(store: PilotStore, dana: Grant) -> None:
    flag = asked(store, dana, "flag")
    other = reviewer(store, store.load(dana.pilot_id), "Ben Ito")
    revoke_link(store, dana.link_id, LEAD)
    with pytest.raises(LinkRefused):
        answer_request(store, dana, flag, addressed=True, in_attempt=2)
    checksum = film_checksum(store, dana.pilot_id, store.load(dana.pilot_id).attempt(2))
    decide(store, other, 2, Decision("approve", approved_sha256=checksum))
    with pytest.raises(NotAllowedNow, match="completed"):
        answer_request(store, other, flag, addressed=True, in_attempt=2)
    assert answers_of(store, dana.pilot_id) == []


def test_the_team_answers_too(store: PilotStore, dana: Grant) -> None:
    answer_request(store, team(store.load(dana.pilot_id)), asked(store, dana, "words"), addressed=True, in_attempt=2)
    [answer] = answers_of(store, dana.pilot_id)
    assert (answer.answered_by, answer.link_id, answer.subject) == (LEAD, None, NOTES)


def test_not_yet_is_carried_into_the_next_brief_until_a_version_does_it(store: PilotStore, dana: Grant) -> None:
    for kind in ("flag", "words", "comment"):
        answer_request(store, dana, asked(store, dana, kind), addressed=False, in_attempt=2)
    decide(store, dana, 2, Decision("minor_changes", flags=["cta_unclear"]))
    brief = next_brief(store, store.load(dana.pilot_id))
    assert [(r.attempt_number, r.not_addressed_in, r.flag, r.words, r.by) for r in brief.unmet] == [
        (1, 2, "too_long", "Too long", "Dana Cruz"),
        (1, 2, None, "The middle drags.", "Dana Cruz"),
    ]
    assert [(c.body, c.not_addressed_in) for c in brief.comments] == [("The logo is cut off", 2)]
    assert [review.flags for review in brief.reviews] == [["too_long", "hook_weak"], ["cta_unclear", "too_long"]]

    next_attempt(store, dana.pilot_id)
    for kind in ("flag", "words", "comment"):
        answer_request(store, dana, asked(store, dana, kind), addressed=True, in_attempt=3)
    brief = next_brief(store, store.load(dana.pilot_id))
    assert (brief.unmet, brief.comments) == ([], [])
    assert brief.reviews[1].still_raised == ["too_long"], "what version 3 was made from does not change afterwards"
    assert open_requests_before(store, store.load(dana.pilot_id), 3).unmet, "nor does what its director's notes said"


def test_answers_and_the_switch_of_links_come_back_from_a_backup(
    store: PilotStore, dana: Grant, tmp_path: Path
) -> None:
    answer_request(store, dana, asked(store, dana, "flag"), addressed=False, in_attempt=2)
    allow_download(store, dana.link_id, True, LEAD)
    back_up(store, tmp_path / "a.zip")
    restore(tmp_path / "a.zip", tmp_path / "back")
    again = PilotStore(tmp_path / "back")
    assert answers_of(again, dana.pilot_id) == answers_of(store, dana.pilot_id) != []
    assert [link.may_download for link in links_of(again, dana.pilot_id)] == [True]


def test_answers_are_exported(store: PilotStore, dana: Grant, tmp_path: Path) -> None:
    answer_request(store, dana, asked(store, dana, "flag"), addressed=False, in_attempt=2)
    export_folder(store, Cohort(), tmp_path / "out")
    text = (tmp_path / "out" / "request_answers.csv").read_text("utf-8-sig")
    [row] = csv.DictReader(text.splitlines())
    assert (row["request"], row["status"], row["answered_by"]) == ("too_long", "not addressed", "Dana Cruz")
    comments = (tmp_path / "out" / "comments.csv").read_text("utf-8-sig")
    assert [row["status"] for row in csv.DictReader(comments.splitlines())] == ["open"]


def test_the_history_tells_of_answers(store: PilotStore, dana: Grant) -> None:
    answer_request(store, dana, asked(store, dana, "flag"), addressed=False, in_attempt=2)
    answer_request(store, dana, asked(store, dana, "words"), addressed=True, in_attempt=2)
    told = [describe(event) for event in store.events(dana.pilot_id) if event.kind.startswith("request_")]
    assert told == [
        "judged “Too long” on attempt 1 as not addressed in attempt 2",
        "judged the written words on attempt 1 as addressed in attempt 2",
    ]
