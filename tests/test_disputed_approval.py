"""An approval over somebody's request for changes: they are told of it, and can still comment on that version."""

import pytest

from pilot_core.domain.comments import Anchor
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.messages import MessageKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.errors import NotAllowedNow
from pilot_core.messages import outbox, templates
from pilot_core.review.comments import add_comment, comments_of, delete_comment, edit_comment, judge_comment, reply
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.shown import film_checksum
from pilot_core.services.pilots import record_feedback
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from tests.reviewing import LEAD, next_attempt, pilot_in_review, reviewer, team
from tests.room_client import Browser
from tests.served import serve


def approve(store: PilotStore, grant: Grant, attempt_number: int = 1) -> None:
    attempt = store.load(grant.pilot_id).attempt(attempt_number)
    decide(
        store, grant, attempt_number, Decision("approve", approved_sha256=film_checksum(store, grant.pilot_id, attempt))
    )


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    return pilot_in_review(store)


def test_who_asked_for_changes_can_still_comment_answer_edit_and_delete(store: PilotStore, pilot: PilotRun) -> None:
    ben, dana = reviewer(store, pilot, "Ben Ito"), reviewer(store, pilot)
    decide(store, ben, 1, Decision("minor_changes", notes="The logo"))
    approve(store, dana)
    [given] = store.load(pilot.pilot_id).overridden_requests
    assert (given.by, given.level, given.notes) == ("Ben Ito", FeedbackLevel.MINOR_CHANGES, "The logo")
    said = add_comment(store, ben, 1, Anchor(30), "It is still cut off here")
    answer = reply(store, dana, said.comment_id, "I know, it is fine")
    reply(store, team(pilot), said.comment_id, "We mend it in the master")
    edit_comment(store, ben, said.comment_id, "Still cut off")
    delete_comment(store, dana, answer.comment_id)
    assert {c.body for c in comments_of(store, pilot.pilot_id)} == {"Still cut off", "We mend it in the master"}


def test_without_a_dispute_an_approval_closes_the_comments(store: PilotStore, pilot: PilotRun) -> None:
    dana = reviewer(store, pilot)
    decide(store, dana, 1, Decision("minor_changes", notes="The logo"))
    approve(store, dana)
    assert store.load(pilot.pilot_id).overridden_requests == []
    with pytest.raises(NotAllowedNow, match="completed"):
        add_comment(store, dana, 1, Anchor(3), "Too late")


def test_an_approval_logged_by_the_team_over_a_request_leaves_it_open_too(store: PilotStore, pilot: PilotRun) -> None:
    ben = reviewer(store, pilot, "Ben Ito")
    decide(store, ben, 1, Decision("minor_changes", notes="The logo"))
    record_feedback(store, pilot.pilot_id, 1, "Go", "approve", by="Alice Chen", channel="call", actor=LEAD)
    add_comment(store, ben, 1, Anchor(3), "Wait")


def test_only_the_approved_version_is_discussed_and_nothing_is_judged(store: PilotStore, pilot: PilotRun) -> None:
    ben, dana = reviewer(store, pilot, "Ben Ito"), reviewer(store, pilot)
    earlier = add_comment(store, ben, 1, Anchor(3), "Slower")
    next_attempt(store, pilot.pilot_id)
    decide(store, ben, 2, Decision("major_changes", notes="No"))
    approve(store, dana, 2)
    with pytest.raises(NotAllowedNow, match="Version 2 is here, so version 1 is locked"):
        add_comment(store, ben, 1, Anchor(3), "Also here")
    with pytest.raises(NotAllowedNow, match="completed"):
        judge_comment(store, ben, earlier.comment_id, False, 2)
    add_comment(store, ben, 2, Anchor(3), "Here")


def test_a_dropped_pilot_stays_closed(store: PilotStore, pilot: PilotRun) -> None:
    ben = reviewer(store, pilot, "Ben Ito")
    decide(store, ben, 1, Decision("minor_changes", notes="The logo"))
    store.change(pilot.pilot_id, lambda p: p.drop("They left", at=store.clock()), LEAD)
    with pytest.raises(NotAllowedNow, match="completed"):
        add_comment(store, ben, 1, Anchor(3), "Wait")


def test_an_approval_can_be_undone_although_it_was_commented_on(store: PilotStore, pilot: PilotRun) -> None:
    ben, dana = reviewer(store, pilot, "Ben Ito"), reviewer(store, pilot)
    decide(store, ben, 1, Decision("minor_changes", notes="The logo"))
    approve(store, dana)
    add_comment(store, ben, 1, Anchor(3), "Wait")
    given = store.load(pilot.pilot_id).attempt(1).review
    assert given is not None
    undo_decision(store, dana, given.feedback_id)
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Wait"]


def test_the_leads_message_says_whom_to_tell(store: PilotStore, pilot: PilotRun) -> None:
    ben, dana = reviewer(store, pilot, "Ben Ito"), reviewer(store, pilot)
    decide(store, ben, 1, Decision("minor_changes", notes="The logo"))
    approve(store, dana)
    messages = [m for m in outbox.messages_of(store, pilot.pilot_id) if m.kind is MessageKind.FEEDBACK_RECEIVED]
    told = [templates.words_of(store, Settings(), message, None).body for message in messages]
    sentence = "Ben Ito had asked for changes on it, and can still comment in the review room."
    assert [sentence in text for text in told] == ["approved attempt" in text for text in told]
    assert any(sentence in text for text in told)


def test_the_room_tells_both_and_takes_comments(
    store: PilotStore, pilot: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, store)
    ben, dana = Browser(store), Browser(store)
    decide(store, ben.takes_link(pilot, "Ben Ito"), 1, Decision("minor_changes", notes="The logo"))
    page = dana.opens(pilot, "/review/approve")
    assert "Whoever asked for changes is told on this page, and can still comment." in page.text
    [seen] = [value for name, value in page.form("approve").choices if name == "seen"]
    page = dana.sends(page, "approve", seen=[seen])
    assert "Ben Ito had asked for minor changes, and can still comment on this version." in page.text
    page = ben.opens()
    assert "Dana Cruz approved version 1" in page.text
    assert (
        "You had asked for minor changes on this version. The logo You can still comment on it and reply" in page.text
    )
    assert not page.has_form("changes")
    page = ben.sends(page, "comment", body="It is still cut off", at="0:01")
    assert "It is still cut off" in page.text
    page = dana.sends(dana.opens(), "reply", body="I know")
    assert "I know" in page.text
    third = Browser(store)
    assert (
        "Somebody else had asked for changes, so comments on this version are still open."
        in third.opens(pilot, reviewer="Eve Okafor").text
    )
