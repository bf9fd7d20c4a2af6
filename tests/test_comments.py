"""Timecoded comments: exact frames, edits by the author, replies, verdicts in a later attempt, and locked attempts."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor, Shape
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.review.comments import (
    CommentCounts,
    CommentNotFound,
    add_comment,
    comments_of,
    counts_of,
    delete_comment,
    edit_comment,
    is_own,
    judge_comment,
    reply,
    threads_of,
)
from pilot_core.review.links import LinkRefused, make_link, open_link, rename_reviewer, revoke_link
from pilot_core.review.receipts import merge, receipts_of, record_opened, record_watched
from pilot_core.review.words import clean_text
from pilot_core.services import pilots
from pilot_core.store.engine.connection import rows
from tests.conftest import HandClock
from tests.reviewing import LEAD, kinds, next_attempt, pilot_in_review, queued_attempt, reviewer, team


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    return pilot_in_review(store, rate="30000/1001", seconds=60.06)


@pytest.fixture
def dana(store: PilotStore, pilot: PilotRun) -> Grant:
    return reviewer(store, pilot)


def test_a_comment_comes_back_as_it_was_said(store: PilotStore, dana: Grant, clock: HandClock) -> None:
    said = add_comment(
        store,
        dana,
        1,
        Anchor(1798, end_frame=1799, shape=Shape(0.1, 0.25, 0.5, 0.75)),
        " Make the logo bigger\r\nand slower\t! ",
    )
    assert comments_of(store, dana.pilot_id) == [said]
    assert (said.frame, said.end_frame, said.rate) == (1798, 1799, Fraction(30000, 1001))
    assert (said.body, said.author, said.from_team) == ("Make the logo bigger\nand slower !", "Dana Cruz", False)
    assert (said.timecode, said.seconds) == ("00:00:59;28", Fraction(1798 * 1001, 30000))
    assert (said.shape, said.created_at) == (Shape(0.1, 0.25, 0.5, 0.75), clock())


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "30", "60000/1001"])
def test_the_timecode_of_a_comment_agrees_with_opentimelineio(store: PilotStore, rate: str) -> None:
    dana = reviewer(store, pilot_in_review(store, rate=rate, seconds=700))
    for frame in (0, 1, 1799, 1800, 1801, 2997, 10_789, 16_000):
        said = add_comment(store, dana, 1, Anchor(frame), "Here")
        time = otio.opentime.RationalTime(frame, float(Fraction(rate)))
        assert said.timecode == time.to_timecode()
        assert float(said.seconds) == pytest.approx(time.to_seconds(), abs=1e-9)


def test_a_comment_leaves_an_event_without_its_words_and_the_pilots_version_as_it_was(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "A private thought")
    edit_comment(store, dana, said.comment_id, "Another private thought")
    reply(store, team(pilot), said.comment_id, "Answered privately")
    delete_comment(store, dana, said.comment_id)
    events = store.events(pilot.pilot_id)[-4:]
    assert [(e.kind, e.actor, e.detail["comment_id"] == said.comment_id) for e in events] == [
        ("comment_added", "Dana Cruz (review link)", True),
        ("comment_edited", "Dana Cruz (review link)", True),
        ("comment_answered", LEAD, False),
        ("comment_deleted", "Dana Cruz (review link)", True),
    ]
    assert "private" not in json.dumps([e.detail for e in store.events(pilot.pilot_id)])
    assert store.load(pilot.pilot_id).version == pilot.version
    pilots.pause(store, pilot.pilot_id, "Holiday", LEAD, seen_version=pilot.version)
    assert kinds(store, pilot.pilot_id)[-1] == ("paused", LEAD), "later events stand after those of the review room"


def test_what_cannot_be_a_comment_is_refused_in_a_sentence(store: PilotStore, dana: Grant) -> None:
    def told(frame: int = 5, body: str = "Words", **more: object) -> tuple[str | None, str]:
        with pytest.raises(InvalidRequest) as refusal:
            add_comment(store, dana, 1, Anchor(frame, **more), body)
        return refusal.value.field, str(refusal.value)

    empty = ("body", "The comment is empty; type what you think of this frame.")
    assert told(body=" \n\t ") == empty
    assert told(body="\u200b\u200e\x07") == empty
    assert told(body="x" * 2001) == (
        "body",
        "The comment is 2,001 characters long; at most 2,000 are kept. Shorten it.",
    )
    frame = ("frame", "That is not a frame of this video; pause where you mean and try again.")
    assert told(frame=-1) == frame
    assert told(frame=1802) == frame
    assert told(frame=5, end_frame=4) == frame
    assert told(frame=5, end_frame=9999) == frame
    shape = ("shape", "The mark lies outside the picture; draw it again.")
    for x, y, width, height in ((-0.1, 0, 0, 0), (0.5, 0.5, 0.6, 0.1), (0, float("nan"), 0, 0), (0, 0, 0, 1.5)):
        assert told(shape=Shape(x, y, width, height)) == shape
    assert comments_of(store, dana.pilot_id) == []
    with pytest.raises(PilotNotFound, match="has no attempt 2"):
        add_comment(store, dana, 2, Anchor(5), "Words")


def test_the_very_last_frames_and_two_thousand_characters_are_taken(store: PilotStore, dana: Grant) -> None:
    said = add_comment(store, dana, 1, Anchor(1799, end_frame=1799, shape=Shape(1, 1)), "é" * 2000)
    assert (len(said.body), said.end_frame, said.shape) == (2000, None, Shape(1.0, 1.0))


def test_where_a_films_length_and_rate_are_unknown_thirty_frames_a_second_are_assumed(
    store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("imported.mp4")
    dana = reviewer(store, store.save(pilot))
    assert add_comment(store, dana, 1, Anchor(54_321), "Here").timecode == "00:30:10:21"


def test_only_its_author_changes_a_comment(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    erik = reviewer(store, pilot, "Erik")
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    for other in (erik, team(pilot)):
        assert not is_own(other, said)
        for change in (
            lambda who=other: edit_comment(store, who, said.comment_id, "Smaller logo"),
            lambda who=other: delete_comment(store, who, said.comment_id),
        ):
            with pytest.raises(NotAllowedNow, match=r"^Only Dana Cruz can change this comment; answer it instead\.$"):
                change()
    assert is_own(dana, said)
    edited = edit_comment(store, dana, said.comment_id, "Smaller logo")
    assert (edited.body, edited.edited_at, edited.frame) == ("Smaller logo", store.clock(), 12)
    assert comments_of(store, pilot.pilot_id) == [edited]


def test_ones_words_stay_ones_own_on_another_device_and_with_a_new_link(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    said = add_comment(store, open_link(store, token)[0], 1, Anchor(1), "From my phone")
    laptop = open_link(store, token)[0]
    edit_comment(store, laptop, said.comment_id, "From my laptop")
    _, new_token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    edit_comment(store, open_link(store, new_token)[0], said.comment_id, "With the new link")
    assert comments_of(store, pilot.pilot_id)[0].body == "With the new link"


def test_whoever_is_not_dana_cannot_change_danas_words(store: PilotStore, dana: Grant) -> None:
    said = add_comment(store, dana, 1, Anchor(1), "Mine")
    erik = rename_reviewer(store, dana, "Erik")
    with pytest.raises(NotAllowedNow, match="Only Dana Cruz can change"):
        edit_comment(store, erik, said.comment_id, "Not yours")
    assert add_comment(store, erik, 1, Anchor(1), "Erik's").author == "Erik"


def test_the_team_answers_and_deleted_words_are_gone(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    said = add_comment(store, dana, 1, Anchor(12, shape=Shape(0.5, 0.5)), "Top secret words")
    answer = reply(store, team(pilot), said.comment_id, "We will")
    clock.forward(seconds=1)
    thanks = reply(store, dana, answer.comment_id, "Thanks")
    assert (answer.from_team, answer.frame, thanks.parent_id) == (True, 12, said.comment_id)
    (thread,) = threads_of(store, pilot.pilot_id)
    assert thread.comment == said
    assert thread.replies == (answer, thanks)
    delete_comment(store, dana, said.comment_id)
    (thread,) = threads_of(store, pilot.pilot_id)
    assert (thread.comment.body, thread.comment.shape, thread.comment.deleted_at) == ("", None, store.clock())
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["We will", "Thanks"]
    for gone in (
        lambda: edit_comment(store, dana, said.comment_id, "Back"),
        lambda: delete_comment(store, dana, said.comment_id),
        lambda: reply(store, dana, said.comment_id, "Back"),
    ):
        with pytest.raises(CommentNotFound, match=r"^There is no such comment; it may have been deleted\.$"):
            gone()
    delete_comment(store, team(pilot), answer.comment_id)
    delete_comment(store, dana, thanks.comment_id)
    assert threads_of(store, pilot.pilot_id) == []
    assert "secret" not in str(store.database.read(lambda c: rows(c, "SELECT * FROM comments")))


def test_an_earlier_attempt_is_locked_once_a_newer_one_is_ready(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    queued_attempt(store, pilot.pilot_id)
    add_comment(store, dana, 1, Anchor(13), "Still the newest that is ready")
    next_attempt(store, pilot.pilot_id)
    for locked in (
        lambda: add_comment(store, dana, 1, Anchor(12), "Late"),
        lambda: reply(store, team(pilot), said.comment_id, "Late"),
        lambda: edit_comment(store, dana, said.comment_id, "Late"),
        lambda: delete_comment(store, dana, said.comment_id),
    ):
        with pytest.raises(
            NotAllowedNow, match=r"^Version 2 is here, so version 1 is locked\. Comment on version 2 instead\.$"
        ):
            locked()
    assert add_comment(store, dana, 2, Anchor(12), "On the new one").attempt_number == 2


def test_an_attempt_without_a_cut_takes_no_comments(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    queued_attempt(store, pilot.pilot_id)
    with pytest.raises(NotAllowedNow, match=r"^Version 2 is not ready yet; there is nothing to comment on\.$"):
        add_comment(store, dana, 2, Anchor(1), "Early")


def test_a_completed_pilot_takes_no_more_words(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    pilots.drop(store, pilot.pilot_id, "No budget", actor=LEAD)
    for closed in (
        lambda: add_comment(store, dana, 1, Anchor(12), "Late"),
        lambda: reply(store, team(pilot), said.comment_id, "Late"),
        lambda: edit_comment(store, dana, said.comment_id, "Late"),
        lambda: judge_comment(store, dana, said.comment_id, True, 2),
    ):
        with pytest.raises(NotAllowedNow, match=r"^This pilot is completed \(dropped\); its comments stay as they are"):
            closed()


def test_a_paused_pilot_takes_comments(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    pilots.pause(store, pilot.pilot_id, "Founder travels", LEAD)
    assert add_comment(store, dana, 1, Anchor(12), "From the train").body == "From the train"


def test_a_comment_is_judged_in_a_later_attempt_by_team_or_reviewer(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    other = add_comment(store, dana, 1, Anchor(30), "Slower")
    for wrong in (1, 2, 7):
        with pytest.raises(InvalidRequest, match=r"^A comment on version 1 is judged by a later, ready version; "):
            judge_comment(store, team(pilot), said.comment_id, True, wrong)
    next_attempt(store, pilot.pilot_id)
    clock.forward(hours=1)
    judged = judge_comment(store, team(pilot), said.comment_id, True, 2)
    assert (judged.resolved_in_attempt, judged.judged_by, judged.resolved_at) == (2, LEAD, clock())
    assert counts_of(store, pilot.pilot_id) == {1: CommentCounts(open=1, resolved=1)}
    disagreed = judge_comment(store, dana, said.comment_id, False, 2)
    assert (disagreed.addressed, disagreed.judged_in, disagreed.resolved_in_attempt) == (False, 2, None)
    assert counts_of(store, pilot.pilot_id) == {1: CommentCounts(open=2)}
    assert comments_of(store, pilot.pilot_id, 1) == [disagreed, other]
    assert kinds(store, pilot.pilot_id)[-2:] == [
        ("comment_addressed", LEAD),
        ("comment_not_addressed", "Dana Cruz (review link)"),
    ]


def test_an_answer_is_not_judged_by_itself(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    answer = reply(store, team(pilot), said.comment_id, "How big?")
    next_attempt(store, pilot.pilot_id)
    with pytest.raises(InvalidRequest, match=r"^An answer is not judged by itself; "):
        judge_comment(store, dana, answer.comment_id, True, 2)


def test_the_team_lists_comments_by_attempt_state_and_author(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    erik = reviewer(store, pilot, "Erik")
    later = add_comment(store, erik, 1, Anchor(90), "Later in the film")
    early = add_comment(store, dana, 1, Anchor(5), "Early in the film")
    reply(store, erik, early.comment_id, "I agree")
    next_attempt(store, pilot.pilot_id)
    second = add_comment(store, dana, 2, Anchor(1), "On the second")
    judge_comment(store, team(pilot), later.comment_id, True, 2)

    def listed(attempt_number: int | None = None, **chosen: object) -> list[str]:
        return [t.comment.body for t in threads_of(store, pilot.pilot_id, attempt_number, **chosen)]

    assert listed() == [early.body, later.body, second.body]
    assert listed(1) == [early.body, later.body]
    assert listed(resolved=True) == [later.body]
    assert listed(resolved=False) == [early.body, second.body]
    assert listed(author="Erik") == [early.body, later.body]
    assert listed(2, author="Erik") == []
    assert counts_of(store, pilot.pilot_id) == {1: CommentCounts(1, 1), 2: CommentCounts(1, 0)}


def test_a_revoked_grant_says_nothing_more(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    said = add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    revoke_link(store, dana.link_id, LEAD)
    for silenced in (
        lambda: add_comment(store, dana, 1, Anchor(12), "More"),
        lambda: reply(store, dana, said.comment_id, "More"),
        lambda: edit_comment(store, dana, said.comment_id, "More"),
        lambda: delete_comment(store, dana, said.comment_id),
        lambda: record_opened(store, dana, 1),
        lambda: record_watched(store, dana, 1, [(0, 5)]),
    ):
        with pytest.raises(LinkRefused):
            silenced()
    assert comments_of(store, pilot.pilot_id) == [said]


def test_an_expired_grant_says_nothing_more(store: PilotStore, pilot: PilotRun, clock: HandClock) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", expires_on=date(2026, 3, 2), actor=LEAD)
    dana = open_link(store, token)[0]
    clock.forward(hours=15)
    with pytest.raises(LinkRefused):
        add_comment(store, dana, 1, Anchor(12), "Too late")


def test_comments_said_at_the_same_moment_all_arrive(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add_comment(store, dana, 1, Anchor(n), f"Comment {n}"), range(24)))
    assert [c.frame for c in comments_of(store, pilot.pilot_id)] == list(range(24))
    assert [e.kind for e in store.events(pilot.pilot_id)].count("comment_added") == 24


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_cleaning_keeps_lines_and_every_character_a_person_can_type(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert cleaned.splitlines() == cleaned.split("\n") if cleaned else True
    cleaned.encode("utf-8")
    typed = [c for c in text if c.isprintable()]
    assert [c for c in cleaned if c.isprintable() and not c.isspace()] == [c for c in typed if not c.isspace()]


# Receipts


def test_receipts_tell_who_opened_watched_commented_and_when(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    opened = clock()
    record_opened(store, dana, 1)
    clock.forward(minutes=1)
    assert record_watched(store, dana, 1, [(0, 9), (5, 14), (30, 44)]) == pytest.approx(30 / 61)
    watched = clock.forward(minutes=1)
    assert record_watched(store, dana, 1, [(10, 29), (45, 999)]) == 1.0
    commented = clock.forward(minutes=1)
    add_comment(store, dana, 1, Anchor(12), "Bigger logo")
    reviewer(store, pilot, "Erik, who did nothing")
    (receipt,) = receipts_of(store, pilot.pilot_id)
    assert (receipt.attempt_number, receipt.reviewer, receipt.opened_at) == (1, "Dana Cruz", opened)
    assert (receipt.watched_seconds, receipt.watched_fraction, receipt.watched_at) == (61, 1.0, watched)
    assert (receipt.comments, receipt.commented_at, receipt.decision) == (1, commented, None)
    events = [(e.kind, e.detail) for e in store.events(pilot.pilot_id) if e.kind.startswith("film_")]
    assert events == [
        ("film_opened", {"attempt_number": 1}),
        ("film_watched", {"attempt_number": 1, "fraction": 0.49}),
        ("film_watched", {"attempt_number": 1, "fraction": 1.0}),
    ]


def test_looking_again_within_half_an_hour_is_the_same_visit(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    first = clock()
    for minutes in (0, 20, 9):
        clock.forward(minutes=minutes)
        record_opened(store, dana, 1)
    assert receipts_of(store, pilot.pilot_id)[0].last_opened_at == first
    last = clock.forward(minutes=2)
    record_opened(store, dana, 1)
    (receipt,) = receipts_of(store, pilot.pilot_id)
    assert (receipt.opened_at, receipt.last_opened_at) == (first, last)
    assert [e.kind for e in store.events(pilot.pilot_id)].count("film_opened") == 1


def test_seconds_that_no_film_has_are_not_watched(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    assert record_watched(store, dana, 1, [(-5, 3), (9, 2), (61, 70), (10**12, 10**13)]) == 0.0
    assert receipts_of(store, pilot.pilot_id)[0].watched_at is None


def test_an_attempt_that_is_not_shown_gives_no_receipt(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    queued_attempt(store, pilot.pilot_id)
    for number in (2, 3):
        with pytest.raises(PilotNotFound, match=rf"^There is no version {number} to watch\.$"):
            record_opened(store, dana, number)


def test_two_open_tabs_add_up_what_was_watched(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: record_watched(store, dana, 1, [(n * 10, n * 10 + 9)]), range(6)))
    assert receipts_of(store, pilot.pilot_id)[0].watched_seconds == 60


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair)))))
def test_merged_ranges_hold_the_same_seconds_and_never_touch(ranges: list[tuple[int, int]]) -> None:
    def seconds(given: object) -> set[int]:
        return {s for first, last in given for s in range(first, last + 1)}

    merged = merge(ranges)
    assert seconds(merged) == seconds(ranges)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(merged))
