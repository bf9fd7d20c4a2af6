"""A reviewer's decision: of exactly the video that was shown, and undoable for ten minutes."""

import json
from hashlib import sha256

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import Shot
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.review.comments import add_comment
from pilot_core.review.decisions import (
    Decision,
    DecisionNotFound,
    checklist_for,
    decide,
    undo_decision,
    undo_until,
    undoable,
)
from pilot_core.review.links import LinkRefused, rename_reviewer, revoke_link
from pilot_core.review.receipts import receipts_of
from pilot_core.review.shown import film_checksum, shown_attempts
from pilot_core.services import pilots
from pilot_core.store.files import state_files
from tests.conftest import HandClock
from tests.reviewing import LEAD, kinds, next_attempt, pilot_in_review, queued_attempt, reviewer, team

NEWER = r"^A newer version has arrived: version 2\. Watch that one, then decide\.$"


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    return pilot_in_review(store)


@pytest.fixture
def dana(store: PilotStore, pilot: PilotRun) -> Grant:
    return reviewer(store, pilot)


def checksum(store: PilotStore, pilot: PilotRun, attempt_number: int = 1) -> str:
    return film_checksum(store, pilot.pilot_id, store.load(pilot.pilot_id).attempt(attempt_number))


def test_an_approval_completes_the_pilot_and_names_the_file(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    shown = checksum(store, pilot)
    assert shown == sha256(b"the film of attempt 1").hexdigest()
    ticks = ["brand.tone", "platform.hook", "brand.tone"]
    given = decide(store, dana, 1, Decision("approve", [], " Ship it! ", ticks, approved_sha256=shown))
    assert (given.notes, given.by, given.channel, given.mode.value) == ("Ship it!", "Dana Cruz", "review link", "human")
    assert (given.sha256, given.checklist, given.received_at) == (shown, ["platform.hook", "brand.tone"], clock())
    after = store.load(pilot.pilot_id)
    assert (after.status, after.approval_outcome, after.decided_at) == ("completed", "approved", clock())
    assert after.runs[0].feedback == [given]
    assert kinds(store, pilot.pilot_id)[-3:] == [
        ("feedback_received", "Dana Cruz (review link)"),
        ("approved", "Dana Cruz (review link)"),
        ("review_decision", "Dana Cruz (review link)"),
    ]
    written = json.loads((store.root / f"{pilot.pilot_id}.json").read_text())
    assert written["runs"][0]["feedback"][0]["sha256"] == shown
    assert state_files.parse(written).runs[0].feedback == [given]
    (receipt,) = receipts_of(store, pilot.pilot_id)
    assert (receipt.reviewer, receipt.decision, receipt.decided_at) == ("Dana Cruz", "approve", clock())


def test_an_approval_of_another_film_than_the_one_in_the_store_is_refused(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    shown = checksum(store, pilot)
    changed = r"^The video has changed since it was shown to you, so nothing was approved\. Watch it once more\.$"
    for other in (None, "", shown.upper(), "0" * 64):
        with pytest.raises(NotAllowedNow, match=changed):
            decide(store, dana, 1, Decision("approve", approved_sha256=other))
    store.path_of(pilot.runs[0].video_path).write_bytes(b"another film")
    with pytest.raises(NotAllowedNow, match=changed):
        decide(store, dana, 1, Decision("approve", approved_sha256=shown))
    store.path_of(pilot.runs[0].video_path).unlink()
    with pytest.raises(
        NotAllowedNow, match=r"^The video of version 1 cannot be read just now, so it cannot be approved"
    ):
        decide(store, dana, 1, Decision("approve", approved_sha256=shown))
    assert store.load(pilot.pilot_id) == pilot


@pytest.mark.parametrize("level", ["approve", "minor_changes", "major_changes"])
def test_a_newer_version_takes_the_decision_instead(
    store: PilotStore, pilot: PilotRun, dana: Grant, level: str
) -> None:
    shown = checksum(store, pilot)
    next_attempt(store, pilot.pilot_id)
    with pytest.raises(NotAllowedNow, match=NEWER):
        decide(store, dana, 1, Decision(level, ["too_long"], approved_sha256=shown))
    decide(store, dana, 2, Decision(level, ["too_long"], approved_sha256=checksum(store, pilot, 2)))


def test_while_the_next_version_is_made_the_last_decision_stands(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    queued_attempt(store, pilot.pilot_id)
    with pytest.raises(NotAllowedNow, match=r"^The team is already making the next version from what you said; "):
        decide(store, dana, 1, Decision("approve", approved_sha256=checksum(store, pilot)))
    with pytest.raises(PilotNotFound, match=r"^There is no version 2 to watch\.$"):
        decide(store, dana, 2, Decision("minor_changes", ["too_long"]))


@pytest.mark.parametrize("level", ["minor_changes", "major_changes"])
def test_changes_need_a_flag_a_comment_or_a_sentence(
    store: PilotStore, pilot: PilotRun, dana: Grant, level: str
) -> None:
    erik = reviewer(store, pilot, "Erik")
    add_comment(store, erik, 1, Anchor(5), "Erik's words are not Dana's")
    with pytest.raises(
        InvalidRequest,
        match=r"^Say what you would change first: pick a flag, comment on a frame, or write a sentence\.$",
    ):
        decide(store, dana, 1, Decision(level, notes=" \u200b\n"))
    assert decide(store, dana, 1, Decision(level, ["hook_weak"])).flags == ["hook_weak"]
    assert decide(store, dana, 1, Decision(level, notes="Shorter")).notes == "Shorter"
    assert decide(store, erik, 1, Decision(level)).by == "Erik"


def test_comments_on_an_earlier_attempt_do_not_speak_for_this_one(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    add_comment(store, dana, 1, Anchor(5), "On the first")
    next_attempt(store, pilot.pilot_id)
    with pytest.raises(InvalidRequest, match="Say what you would change first"):
        decide(store, dana, 2, Decision("minor_changes"))


def test_unknown_words_are_refused_in_a_sentence(store: PilotStore, dana: Grant) -> None:
    def told(**given: object) -> str:
        with pytest.raises(InvalidRequest) as refusal:
            decide(store, dana, 1, Decision(**({"level": "minor_changes"} | given)))
        return str(refusal.value)

    assert told(level="maybe").startswith("“maybe” is not a decision; use approve,")
    assert "no_such_flag" in told(flags=["no_such_flag"])
    assert told(notes="x", checklist_ids=["no.such"]) == "“no.such” is not on the approval checklist."
    assert told(notes="x" * 10_001) == (
        "What you wrote is 10,001 characters long; at most 10,000 are kept. Shorten it."
    )


def test_a_decision_sent_twice_is_recorded_once(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    minor = decide(store, dana, 1, Decision("minor_changes", ["too_long"], "Shorter"))
    assert decide(store, dana, 1, Decision("minor_changes", ["too_long"], "Shorter ")) == minor
    shown = checksum(store, pilot)
    approval = decide(store, dana, 1, Decision("approve", approved_sha256=shown))
    assert decide(store, dana, 1, Decision("approve", approved_sha256=shown)) == approval
    assert store.load(pilot.pilot_id).runs[0].feedback == [minor, approval]
    with pytest.raises(NotAllowedNow, match="is completed"):
        decide(store, dana, 1, Decision("minor_changes", ["too_long"], "Something else"))


def test_a_decision_can_be_undone_for_ten_minutes(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    given = decide(store, dana, 1, Decision("approve", approved_sha256=checksum(store, pilot)))
    clock.forward(minutes=10)
    assert undo_until(given) == clock()
    assert undoable(store, dana) == given
    undone = undo_decision(store, dana, given.feedback_id)
    before = store.load(pilot.pilot_id)
    assert undone == before
    changed = {"version": before.version, "updated_at": before.updated_at}
    assert pilot.model_copy(update=changed) == before, "the pilot stands as it did before"
    assert kinds(store, pilot.pilot_id)[-1] == ("decision_undone", "Dana Cruz (review link)")
    assert json.loads((store.root / f"{pilot.pilot_id}.json").read_text())["status"] == "active"
    assert undoable(store, dana) is None
    with pytest.raises(NotAllowedNow, match=r"^This decision is undone already\.$"):
        undo_decision(store, dana, given.feedback_id)


def test_after_ten_minutes_a_decision_stands(store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock) -> None:
    given = decide(store, dana, 1, Decision("approve", approved_sha256=checksum(store, pilot)))
    clock.forward(minutes=10, seconds=1)
    assert undoable(store, dana) is None
    for speaker in (dana, team(pilot)):
        with pytest.raises(
            NotAllowedNow, match=r"^Ten minutes have passed, so this decision stands; tell the team if it was not meant"
        ):
            undo_decision(store, speaker, given.feedback_id)
    assert store.load(pilot.pilot_id).status == "completed"


def test_undoing_an_approval_of_a_paused_pilot_pauses_it_again(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    pilots.pause(store, pilot.pilot_id, "Founder travels", LEAD)
    given = decide(store, dana, 1, Decision("approve", approved_sha256=checksum(store, pilot)))
    assert store.load(pilot.pilot_id).pause_reason is None
    undone = undo_decision(store, dana, given.feedback_id)
    assert (undone.status, undone.pause_reason, undone.approval_outcome) == ("paused", "Founder travels", "pending")


def test_undoing_the_second_of_two_decisions_leaves_the_first(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    first = decide(store, dana, 1, Decision("minor_changes", ["too_long"]))
    clock.forward(minutes=1)
    second = decide(store, dana, 1, Decision("major_changes", ["hook_weak"]))
    assert undoable(store, dana) == second
    assert undo_decision(store, dana, second.feedback_id).runs[0].feedback == [first]
    assert undoable(store, dana) == first


def test_a_decision_that_the_next_version_is_made_from_cannot_be_undone(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    given = decide(store, dana, 1, Decision("minor_changes", ["too_long"]))
    queued_attempt(store, pilot.pilot_id)
    assert undoable(store, dana) is None
    with pytest.raises(NotAllowedNow, match=r"^The next version has been started from this decision, so it stands; "):
        undo_decision(store, dana, given.feedback_id)


def test_a_decision_cannot_be_undone_once_the_pilot_was_completed_otherwise(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    given = decide(store, dana, 1, Decision("minor_changes", ["too_long"]))
    pilots.drop(store, pilot.pilot_id, "No budget", actor=LEAD)
    with pytest.raises(
        NotAllowedNow, match=r"^The pilot has been completed meanwhile \(dropped\), so this decision stands\.$"
    ):
        undo_decision(store, dana, given.feedback_id)


def test_only_whoever_decided_and_the_team_can_undo(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    erik = reviewer(store, pilot, "Erik")
    given = decide(store, dana, 1, Decision("minor_changes", ["too_long"]))
    as_dana = rename_reviewer(store, erik, "Dana Cruz")
    as_other = rename_reviewer(store, dana, "Someone Else")
    for other in (erik, as_dana, as_other):
        assert undoable(store, other) is None
        with pytest.raises(DecisionNotFound, match=r"^There is no such decision to undo\.$"):
            undo_decision(store, other, given.feedback_id)
    with pytest.raises(DecisionNotFound):
        undo_decision(store, team(pilot), "feedback_unknown")
    assert undoable(store, team(pilot)) == given
    undo_decision(store, team(pilot), given.feedback_id)
    assert kinds(store, pilot.pilot_id)[-1] == ("decision_undone", LEAD)


def test_an_approval_logged_by_a_lead_is_undone_by_the_team_within_ten_minutes_and_by_no_reviewer(
    store: PilotStore, pilot: PilotRun, dana: Grant, clock: HandClock
) -> None:
    pilots.pause(store, pilot.pilot_id, "Away", LEAD)
    logged = pilots.record_feedback(store, pilot.pilot_id, 1, "By phone", "approve", actor=LEAD).runs[0].review
    assert store.load(pilot.pilot_id).status == "completed"
    assert undoable(store, dana) is None
    with pytest.raises(DecisionNotFound):
        undo_decision(store, dana, logged.feedback_id)
    assert undoable(store, team(pilot)) == logged
    clock.forward(minutes=10)
    undo_decision(store, team(pilot), logged.feedback_id)
    after = store.load(pilot.pilot_id)
    assert (after.status, after.pause_reason, after.approval_outcome) == ("paused", "Away", "pending")
    assert (after.decided_at, after.runs[0].feedback) == (None, [])

    again = pilots.record_feedback(store, pilot.pilot_id, 1, "By phone", "approve", actor=LEAD).runs[0].review
    clock.forward(minutes=10, seconds=1)
    assert undoable(store, team(pilot)) is None
    with pytest.raises(NotAllowedNow, match="Ten minutes have passed"):
        undo_decision(store, team(pilot), again.feedback_id)


def test_a_video_with_placeholders_is_approved_only_by_who_says_so(
    store: PilotStore, pilot: PilotRun, dana: Grant
) -> None:
    def leave_a_placeholder(pilot: PilotRun) -> None:
        shot = Shot(beat="hook", start=0, end=2, text="Find [what it does] in [seconds]")
        pilot.attempt(1).drafts = [d.model_copy(update={"shots": [shot]}) for d in pilot.attempt(1).drafts]

    store.change(pilot.pilot_id, leave_a_placeholder, LEAD)
    shown = checksum(store, pilot)
    with pytest.raises(InvalidRequest, match=r"placeholders: \[what it does\], \[seconds\]\.") as refused:
        decide(store, dana, 1, Decision("approve", approved_sha256=shown, accepts_placeholders=False))
    assert refused.value.field == "placeholders"
    decide(store, dana, 1, Decision("approve", approved_sha256=shown, accepts_placeholders=True))
    assert store.load(pilot.pilot_id).approval_outcome == "approved"


def test_a_revoked_grant_decides_and_undoes_nothing(store: PilotStore, pilot: PilotRun, dana: Grant) -> None:
    given = decide(store, dana, 1, Decision("minor_changes", ["too_long"]))
    revoke_link(store, dana.link_id, LEAD)
    for silenced in (
        lambda: decide(store, dana, 1, Decision("approve", approved_sha256=checksum(store, pilot))),
        lambda: undo_decision(store, dana, given.feedback_id),
        lambda: undoable(store, dana),
    ):
        with pytest.raises(LinkRefused):
            silenced()


def test_a_reviewer_is_shown_ready_attempts_the_newest_first(store: PilotStore, pilot: PilotRun) -> None:
    pilot = next_attempt(store, pilot.pilot_id)
    pilot = queued_attempt(store, pilot.pilot_id)
    assert [a.attempt_number for a in shown_attempts(pilot)] == [2, 1]
    assert pilot.newest_ready_attempt == pilot.runs[1]
    assert pilot.model_copy(update={"runs": []}).newest_ready_attempt is None


def test_there_is_nothing_to_tick_for_a_scenario_the_catalogue_has_not(pilot: PilotRun) -> None:
    assert [section.title for section in checklist_for(pilot)][1:] == [
        "Brand",
        "Technical quality",
        "Business readiness",
    ]
    assert checklist_for(pilot.model_copy(update={"scenario_type": "imported"})) == []
