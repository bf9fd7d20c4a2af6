"""Twenty pilots and twenty grants: each reaches its own pilot, and the other nineteen seem not to exist."""

import pytest

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor, Comment
from pilot_core.domain.reviews import Grant
from pilot_core.errors import PilotError
from pilot_core.review.comments import (
    CommentNotFound,
    add_comment,
    comments_of,
    delete_comment,
    edit_comment,
    judge_comment,
    reply,
)
from pilot_core.review.decisions import Decision, DecisionNotFound, decide, undo_decision, undoable
from pilot_core.review.links import LinkRefused, grant_for, make_link, open_link, revoke_link
from pilot_core.review.receipts import receipts_of, record_opened
from tests.conftest import HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, reviewer

MANY = 20


VERBS = (
    lambda store, grant, id: reply(store, grant, id, "Intruding"),
    lambda store, grant, id: edit_comment(store, grant, id, "Intruding"),
    lambda store, grant, id: delete_comment(store, grant, id),
    lambda store, grant, id: judge_comment(store, grant, id, True, 2),
    lambda store, grant, id: undo_decision(store, grant, id),
)


def answer(store: PilotStore, grant: Grant, verb: int, comment_id: str, feedback_id: str) -> tuple[int, type, str]:
    """Return the store's answer to that action on a comment or decision that the grant must not reach."""
    with pytest.raises(PilotError) as refusal:
        VERBS[verb](store, grant, feedback_id if VERBS[verb] is VERBS[-1] else comment_id)
    return verb, type(refusal.value), str(refusal.value)


def test_no_grant_reaches_another_pilots_comments_or_decisions(store: PilotStore) -> None:
    with store.database.session():
        grants: list[Grant] = []
        comments: list[Comment] = []
        decisions: list[str] = []
        for _ in range(MANY):
            pilot = pilot_in_review(store)
            grants.append(reviewer(store, pilot))
            comments.append(add_comment(store, grants[-1], 1, Anchor(5), "Words of this pilot"))
            decisions.append(decide(store, grants[-1], 1, Decision("minor_changes")).feedback_id)
            next_attempt(store, pilot.pilot_id)
        # Every grant tries every other pilot, and each grant tries every action.
        pairs = [(mine, theirs) for mine in range(MANY) for theirs in range(MANY) if mine != theirs]
        answers = {
            answer(store, grants[mine], (mine + theirs) % 5, comments[theirs].comment_id, decisions[theirs])
            for mine, theirs in pairs
        }
        of_nothing = {answer(store, grants[0], verb, "comment_of_nobody", "feedback_of_nobody") for verb in range(5)}
        assert answers == of_nothing, "what is another pilot's answers as what does not exist"
        assert {kind for _, kind, _ in of_nothing} == {CommentNotFound, DecisionNotFound}
        for grant, comment in zip(grants, comments, strict=True):
            assert comments_of(store, grant.pilot_id) == [comment]
            assert [r.decision for r in receipts_of(store, grant.pilot_id)] == ["minor_changes"]


def test_a_grant_altered_to_name_another_pilot_is_refused(store: PilotStore) -> None:
    mine, theirs = pilot_in_review(store), pilot_in_review(store)
    grant = reviewer(store, mine)
    forged = Grant(grant.grant_hash, grant.link_id, theirs.pilot_id, grant.name, grant.expires_at)
    for reached in (
        lambda: add_comment(store, forged, 1, Anchor(5), "Intruding"),
        lambda: record_opened(store, forged, 1),
        lambda: decide(store, forged, 1, Decision("minor_changes", ["too_long"])),
        lambda: undoable(store, forged),
    ):
        with pytest.raises(LinkRefused):
            reached()
    assert comments_of(store, theirs.pilot_id) == []


def test_one_revoked_link_ends_its_own_grants_and_no_others(store: PilotStore, clock: HandClock) -> None:
    with store.database.session():
        cookies = []
        for _ in range(MANY):
            link, token = make_link(store, pilot_in_review(store).pilot_id, "Dana", actor=LEAD)
            cookies.append((link.link_id, open_link(store, token)[1]))
        revoke_link(store, cookies[7][0], LEAD)
        alive = [grant_for(store, cookie) for _, cookie in cookies]
        assert [n for n, grant in enumerate(alive) if grant is None] == [7]
        assert len({grant.pilot_id for grant in alive if grant}) == MANY - 1
        clock.forward(days=15)
        assert [grant_for(store, cookie) for _, cookie in cookies] == [None] * MANY
