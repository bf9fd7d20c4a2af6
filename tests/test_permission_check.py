"""The answer of ``store/permission.py`` itself, for each role, act and pilot, and its sentences."""

import pytest

from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.roles import CLOSED, READ_ONLY, ActKind, Role
from pilot_core.errors import AccessDenied, LinkRefused, PilotError, PilotNotFound
from pilot_core.review.links import revoke_link
from pilot_core.services import keys
from pilot_core.store import permission
from tests import deeds
from tests.deeds import Place
from tests.reviewing import LEAD, pilot_in_review
from tests.test_permission import MAY

SENTENCES = {
    Role.STRANGER: (AccessDenied, CLOSED),
    Role.VIEWER: (AccessDenied, READ_ONLY),
    Role.LEAD: (AccessDenied, READ_ONLY),
    Role.COMMAND_LINE: (AccessDenied, READ_ONLY),
    Role.PROGRAM: (AccessDenied, CLOSED),
}


filled, at = deeds.filled, deeds.at


def answer(at: Place, actor: Actor, kind: ActKind, pilot_id: str | None) -> tuple[type[Exception], str] | None:
    """Return what is raised, or None where the act is allowed."""
    try:
        at.store.database.read(lambda c: permission.check(c, actor, kind, pilot_id, at.store.clock()))
    except PilotError as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("role", [role for role in MAY if role is not Role.REVIEWER])
def test_whoever_is_no_reviewer_is_asked_for_the_act_and_not_for_the_pilot(at: Place, role: Role) -> None:
    for kind in ActKind:
        for pilot_id in (at.pilot_id, "pilot_20260101_00000000", None):
            expected = None if kind in MAY[role] else SENTENCES[role]
            assert answer(at, at.actors[role], kind, pilot_id) == expected, kind


def test_a_reviewer_is_asked_for_both(at: Place) -> None:
    other = pilot_in_review(at.store).pilot_id
    for kind in ActKind:
        expected = None if kind in MAY[Role.REVIEWER] else PilotNotFound
        given = answer(at, at.grant.actor, kind, at.pilot_id)
        assert (given and given[0]) == expected, kind
        assert answer(at, at.grant.actor, kind, other) == (
            PilotNotFound,
            f"There is no pilot {other} in this store.",
        )
        assert answer(at, at.grant.actor, kind, None) == (PilotNotFound, "There is no such thing.")


def test_a_grant_is_its_own_pilots(at: Place) -> None:
    other = pilot_in_review(at.store).pilot_id
    forged = Actor("Dana Cruz", Source(Way.GRANT, Role.REVIEWER, at.grant.grant_hash, other))
    for pilot_id in (at.pilot_id, other):
        assert answer(at, forged, ActKind.COMMENT, pilot_id) == (LinkRefused, str(LinkRefused()))


def test_what_has_ended_is_refused_whatever_the_actor_says_of_its_role(at: Place) -> None:
    keys.revoke_key(at.store, at.key_id, LEAD)
    revoke_link(at.store, at.link_id, LEAD)
    claims = Actor("Dana Cruz", Source(Way.GRANT, Role.LEAD, at.grant.grant_hash, at.pilot_id))
    assert answer(at, at.actors[Role.LEAD], ActKind.PAUSE, at.pilot_id) == (AccessDenied, CLOSED)
    for actor in (at.grant.actor, claims):
        assert answer(at, actor, ActKind.COMMENT, at.pilot_id) == (LinkRefused, str(LinkRefused()))


def test_the_role_is_the_keys_now_and_not_what_the_actor_says(at: Place) -> None:
    claims = Actor("Some viewer", Source(Way.KEY, Role.LEAD, at.actors[Role.VIEWER].source.secret))
    assert answer(at, claims, ActKind.PAUSE, at.pilot_id) == (AccessDenied, READ_ONLY)


def test_a_name_is_no_actor(at: Place) -> None:
    said = (AccessDenied, "It is not known who does this; pass an actor.")
    assert answer(at, "Mara", ActKind.PAUSE, at.pilot_id) == said  # type: ignore[arg-type]


def test_asking_before_reading_answers_the_same(at: Place) -> None:
    now, database = at.store.clock(), at.store.database
    permission.ask(database, LEAD, ActKind.PAUSE, at.pilot_id, now)
    permission.ask(database, at.grant.actor, ActKind.COMMENT, at.pilot_id, now)
    with pytest.raises(AccessDenied, match="read everything here"):
        permission.ask(database, at.actors[Role.VIEWER], ActKind.PAUSE, at.pilot_id, now)
    with pytest.raises(PilotNotFound):
        permission.ask(database, at.grant.actor, ActKind.PAUSE, at.pilot_id, now)
    with pytest.raises(PilotNotFound):
        permission.ask(database, at.grant.actor, ActKind.COMMENT, None, now)
