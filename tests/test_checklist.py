"""The checklist: what was done about each request, and that nothing is called done that the videos contradict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.catalog import flags as known_flags
from pilot_core.documents.report import render_report
from pilot_core.domain.attempt import AttemptState, Change, Draft, PilotRunAttempt, Shot, SlaCheck
from pilot_core.domain.comments import Anchor
from pilot_core.domain.feedback import Feedback, FeedbackLevel
from pilot_core.domain.measures import CHECKS, MEASURES, Effect, measured
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import NOTES, Answer, Mark, MarkKind, Outcome, RequestKind, id_of_request
from pilot_core.domain.reviews import Grant
from pilot_core.errors import InvalidRequest, NotAllowedNow
from pilot_core.insight.report import build_report
from pilot_core.rendering.preview import next_brief
from pilot_core.review.checklist import Checklist, Item, Said, checklist_of, marks_of
from pilot_core.review.comments import add_comment
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.marks import mark_request, unmark_request
from pilot_core.review.requests import RequestNotFound, answer_request, answers_of
from pilot_core.services.pilots import create_pilot
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp
from tests.conftest import NOW
from tests.reviewing import kinds, next_attempt, pilot_in_review, reviewer, team

SHORTER = Change(text="Shortened from 26.0 s to 20.0 s.", flags=["too_long"])
LEFT = Change(text="Factual error: correct the brief.", flags=["factual_error"], answered=False)
IMPOSSIBLE = Change(text="At 20.0 s: a video lasts at least 20 s.", flags=["too_long"], possible=False)


def set_draft(store: PilotStore, pilot_id: str, number: int, **fields: object) -> None:
    def change(pilot: PilotRun) -> None:
        draft = pilot.attempt(number).drafts[0]
        pilot.attempt(number).drafts = [Draft(**{**draft.model_dump(), **fields})]

    store.change(pilot_id, change, "pipeline")


@pytest.fixture
def dana(store: PilotStore) -> Grant:
    """Return a reviewer who asked for changes on version 1, 26 s long; version 2 is here, 30 s long."""
    pilot = pilot_in_review(store, seconds=26.0)
    grant = reviewer(store, pilot)
    add_comment(store, grant, 1, Anchor(30), "The logo is cut off")
    decide(store, grant, 1, Decision("minor_changes", flags=["too_long", "hook_weak", "factual_error"], notes="Calmer"))
    next_attempt(store, pilot.pilot_id, seconds=30.0)
    set_draft(store, pilot.pilot_id, 2, changes=[SHORTER, Change(text="Other hook.", flags=["hook_weak"]), LEFT])
    return grant


def item(store: PilotStore, grant: Grant, words: str, number: int | None = None) -> Item:
    listed = checklist_of(store, store.load(grant.pilot_id), number)
    assert listed is not None
    return next(found for found in listed.items if found.request.words == words)


def mark(store: PilotStore, grant: Grant, words: str, kind: MarkKind, note: str = "") -> Mark:
    member, request = team(store.load(grant.pilot_id)), item(store, grant, words).request
    return mark_request(store, member, request.request_id, kind, note, 2)


def test_each_request_says_what_was_done_about_it(store: PilotStore, dana: Grant) -> None:
    listed = checklist_of(store, store.load(dana.pilot_id))
    assert listed is not None
    assert [(found.request.words, found.outcome, str(found.measured or "")) for found in listed.items] == [
        ("Too long", Outcome.NOT_DONE, "length 26.0 s → 30.0 s"),
        ("Hook is weak", Outcome.DONE, ""),
        ("Factual error", Outcome.NEEDS_A_PERSON, ""),
        ("Calmer", Outcome.NEEDS_A_PERSON, ""),
        ("The logo is cut off", Outcome.NEEDS_A_PERSON, ""),
    ]
    assert checklist_of(store, store.load(dana.pilot_id), 1) is None, "nothing was asked before the first version"


def test_what_the_pipeline_says_is_not_possible_has_its_reason(store: PilotStore, dana: Grant) -> None:
    set_draft(store, dana.pilot_id, 2, changes=[IMPOSSIBLE])
    found = item(store, dana, "Too long")
    assert (found.outcome, found.changes, found.is_settled) == (Outcome.NOT_POSSIBLE, (IMPOSSIBLE,), True)


def test_a_lead_marks_by_hand_or_not_possible_and_takes_it_back(store: PilotStore, dana: Grant) -> None:
    stamp = room_stamp(store.database, dana.pilot_id)
    made = mark(store, dana, "The logo is cut off", MarkKind.DONE, "Moved the logo.")
    assert room_stamp(store.database, dana.pilot_id) != stamp
    assert mark(store, dana, "The logo is cut off", MarkKind.DONE, "Moved the logo.") == made
    found = item(store, dana, "The logo is cut off")
    assert (found.outcome, found.mark) == (Outcome.DONE, made)
    assert [c.body for c in next_brief(store, store.load(dana.pilot_id)).comments] == [], "it is not asked for again"
    unmark_request(store, team(store.load(dana.pilot_id)), made.request_id, 2)
    assert item(store, dana, "The logo is cut off").outcome is Outcome.NEEDS_A_PERSON
    assert [c.body for c in next_brief(store, store.load(dana.pilot_id)).comments] == ["The logo is cut off"]
    with pytest.raises(InvalidRequest, match="Say why it is not possible"):
        mark(store, dana, "Calmer", MarkKind.NOT_POSSIBLE, " ")
    mark(store, dana, "Calmer", MarkKind.NOT_POSSIBLE, "It is the calmest music.")
    assert item(store, dana, "Calmer").outcome is Outcome.NOT_POSSIBLE
    told = [kind for kind, _ in kinds(store, dana.pilot_id) if "marked" in kind]
    assert told == ["request_marked", "request_unmarked", "request_marked"]


def test_what_the_videos_contradict_cannot_be_marked_as_done(store: PilotStore, dana: Grant) -> None:
    with pytest.raises(InvalidRequest, match=r"length 26\.0 s → 30\.0 s"):
        mark(store, dana, "Too long", MarkKind.DONE, "Much shorter now")
    assert marks_of(store, dana.pilot_id) == []
    mark(store, dana, "Too long", MarkKind.NOT_POSSIBLE, "Legal needs the long version.")
    assert item(store, dana, "Too long").outcome is Outcome.NOT_POSSIBLE


def test_only_what_is_on_the_newest_checklist_can_be_marked(store: PilotStore, dana: Grant) -> None:
    member = team(store.load(dana.pilot_id))
    with pytest.raises(RequestNotFound):
        mark_request(store, member, "comment_0", MarkKind.DONE, "", 2)
    request = item(store, dana, "The logo is cut off").request.request_id
    decide(store, dana, 2, Decision("minor_changes", notes="Still"))
    next_attempt(store, dana.pilot_id)
    with pytest.raises(NotAllowedNow, match="newer attempt"):
        mark_request(store, member, request, MarkKind.DONE, "", 2)
    mark_request(store, member, request, MarkKind.DONE, "", 3)


def test_the_founder_confirms_or_reopens_and_the_team_is_told_apart(store: PilotStore, dana: Grant) -> None:
    for words in ("Hook is weak", "The logo is cut off"):
        request = item(store, dana, words).request.request_id
        answer_request(store, team(store.load(dana.pilot_id)), request, addressed=True, in_attempt=2)
        found = item(store, dana, words).answer
        assert found is not None
        assert not found.by_reviewer
        answer_request(store, dana, request, addressed=True, in_attempt=2)
        found = item(store, dana, words).answer
        assert found is not None
        assert (found.by, found.by_reviewer, found.addressed) == ("Dana Cruz", True, True)
        answer_request(store, dana, request, addressed=False, in_attempt=2)
        assert not item(store, dana, words).is_settled


def test_what_is_left_comes_with_the_version_after_and_what_is_settled_does_not(store: PilotStore, dana: Grant) -> None:
    answer_request(store, dana, item(store, dana, "Calmer").request.request_id, addressed=True, in_attempt=2)
    mark(store, dana, "The logo is cut off", MarkKind.DONE)
    decide(store, dana, 2, Decision("minor_changes", flags=["cta_unclear"]))
    next_attempt(store, dana.pilot_id, seconds=24.0)
    listed = checklist_of(store, store.load(dana.pilot_id))
    assert listed is not None
    assert [(found.request.words, found.outcome) for found in listed.items] == [
        ("Call to action unclear", Outcome.NEEDS_A_PERSON),
        ("Too long", Outcome.DONE),
        ("Factual error", Outcome.NEEDS_A_PERSON),
    ]
    answer_request(store, dana, item(store, dana, "Too long").request.request_id, addressed=True, in_attempt=3)
    assert item(store, dana, "Too long").answer is not None, "an answered one stays on the list"


def test_a_report_says_not_raised_again_with_what_was_measured_and_confirmed(store: PilotStore, dana: Grant) -> None:
    answer_request(store, dana, item(store, dana, "Hook is weak").request.request_id, addressed=True, in_attempt=2)
    answer_request(store, dana, item(store, dana, "Too long").request.request_id, addressed=False, in_attempt=2)
    decide(store, dana, 2, Decision("minor_changes", flags=["factual_error"]))
    report = build_report(store.load(dana.pilot_id), answers_of(store, dana.pilot_id), now=store.clock())
    assert report.improvement is not None
    assert report.improvement.flags == [
        "“Factual error”: raised again.",
        "“Too long”: not raised again (length 26.0 s → 30.0 s); reopened in the review room on attempt 2.",
        "“Hook is weak”: not raised again; confirmed in the review room on attempt 2.",
    ]
    assert not any("Too long" in sentence for sentence in report.improvement.better)
    text = render_report(report)
    assert "resolved" not in text
    assert "- **Too long**, not raised again: attempt 1; length 26.0 s → 30.0 s; reopened in the review room" in text


@pytest.mark.parametrize(("before", "after", "effect"), [(False, True, Effect.BETTER), (True, True, None)])
def test_checks_measure_a_flag_only_if_one_was_missed(before: bool, after: bool, effect: Effect | None) -> None:
    def draft(passed: bool) -> Draft:
        check = SlaCheck(code="loudness", label="Loudness", measured="−20 LUFS", limit="", passed=passed)
        return Draft(iteration=1, video_path="a.mp4", checks=[check])

    value = measured("audio_issues", draft(before), draft(after))
    assert (value.effect if value else None) == effect


def test_every_measured_flag_is_in_the_catalogue() -> None:
    assert {*MEASURES, *CHECKS} <= set(known_flags())


# Random pilots

FLAGS = sorted({*MEASURES, *CHECKS, "tone_mismatch", "factual_error"})
some_flags = st.lists(st.sampled_from(FLAGS), max_size=4, unique=True)
lengths = st.floats(0.4, 30.0, allow_nan=False).map(lambda value: round(value, 2))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    at, shots = 0.0, []
    for seconds in draw(st.lists(lengths, max_size=5)):
        shots.append(Shot(beat=draw(st.sampled_from(["hook", "proof", "cta"])), start=at, end=at + seconds))
        at += seconds
    checks = [
        SlaCheck(code=code, label=code, measured="1", limit="2", passed=draw(st.sampled_from([True, False, None])))
        for code in ("loudness", "silence", "size")
    ]
    changes = [
        Change(text="Changed.", flags=draw(some_flags), answered=draw(st.booleans()), possible=draw(st.booleans()))
        for _ in range(draw(st.integers(0, 3)))
    ]
    duration = draw(st.none() | st.just(at or None) | lengths)
    return Draft(iteration=1, video_path="a.mp4", duration=duration, shots=shots, checks=checks, changes=changes)


@st.composite
def histories(draw: st.DrawFn) -> tuple[PilotRun, Said]:
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme", now=NOW)
    answers, marks = [], []
    for number in range(1, draw(st.integers(2, 4)) + 1):
        attempt = PilotRunAttempt(
            attempt_number=number,
            attempt_id=f"{pilot.pilot_id}_a{number}",
            state=AttemptState.READY,
            drafts=[draw(drafts())] if draw(st.integers(0, 5)) else [],
        )
        for one in pilot.runs:
            for feedback in one.feedback:
                for subject in (*feedback.flags, NOTES):
                    known = (pilot.pilot_id, attempt.attempt_id, number)
                    if draw(st.integers(0, 3)) == 0:
                        link = draw(st.sampled_from(["link", None]))
                        yes = draw(st.booleans())
                        answers.append(Answer(feedback.feedback_id, subject, *known, yes, "Dana", link, NOW))
                    if draw(st.integers(0, 3)) == 0:
                        kind = draw(st.sampled_from(MarkKind))
                        marks.append(Mark(id_of_request(feedback.feedback_id, subject), *known, kind, "x", "Lea", NOW))
        if draw(st.integers(0, 4)):
            level = draw(st.sampled_from([FeedbackLevel.MINOR_CHANGES, FeedbackLevel.MAJOR_CHANGES]))
            given = Feedback(feedback_id=f"feedback_{number}", level=level, flags=draw(some_flags), received_at=NOW)
            given.notes = draw(st.sampled_from(["", "Shorter, please"]))
            attempt.feedback = [given]
        pilot.runs.append(attempt)
    return pilot, Said((), answers, marks)


def gain(flag: str, before: Draft, after: Draft) -> float | None:
    """Return by how much the later video is nearer to what the flag asks for; None if that is unknown."""
    if flag in ("too_long", "too_short"):
        if before.duration is None or after.duration is None:
            return None
        return (after.duration - before.duration) * (-1 if flag == "too_long" else 1)
    if flag in ("pacing_rushed", "pacing_flat"):
        old, new = ([s.end - s.start for s in d.shots[:-1]] for d in (before, after))
        if not old or not new:
            return None
        if flag == "pacing_rushed":
            return sum(new) / len(new) - sum(old) / len(old)
        return (max(new) - min(new)) - (max(old) - min(old))
    if flag in CHECKS:
        states = [{c.code: c.passed for c in d.checks if c.passed is not None} for d in (before, after)]
        for code in CHECKS[flag]:
            if code in states[0] and code in states[1] and not (states[0][code] and states[1][code]):
                return float(states[1][code]) - float(states[0][code])
    return None


@given(histories())
def test_nothing_is_called_done_that_the_videos_contradict(history: tuple[PilotRun, Said]) -> None:
    pilot, said = history
    for number in range(2, len(pilot.runs) + 1):
        listed = Checklist([a for a in reversed(pilot.runs) if a.attempt_number <= number], said)
        asked = [found.request.request_id for found in listed.items]
        assert len(asked) == len(set(asked))
        for found in listed.items:
            request = found.request
            assert request.attempt_number < number
            if found.outcome is Outcome.DONE and request.kind is RequestKind.WORDS:
                assert found.mark is not None
                assert found.mark.kind is MarkKind.DONE
            before, after = pilot.attempt(request.attempt_number).final_draft, listed.draft
            if request.flag and before and after and (by := gain(request.flag, before, after)) is not None:
                assert found.outcome is not Outcome.DONE or by > 0, (request.flag, by)


@given(histories())
def test_a_report_claims_of_flags_only_what_was_raised_and_measured(history: tuple[PilotRun, Said]) -> None:
    pilot, said = history
    report = build_report(pilot, said.answers, now=NOW)
    reviewed = [attempt for attempt in pilot.runs if attempt.review]
    for theme in report.themes:
        on = [a.attempt_number for a in reviewed if a.review and theme.flag in a.review.flags]
        assert theme.attempts == on
        assert (theme.state == "resolved") == (on[-1] != reviewed[-1].attempt_number)
        later = [a for a in said.answers if a.subject == theme.flag and a.link_id and a.attempt_number > on[-1]]
        assert bool(theme.answer) == bool(later)
        if theme.answer:
            assert ("confirmed" in theme.answer) == later[-1].addressed
    if report.improvement:
        told = " ".join([*report.improvement.better, *report.improvement.worse, *report.improvement.same])
        assert not any(theme.label in told for theme in report.themes), "flags are not called better or worse"
