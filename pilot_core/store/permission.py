"""Whether an actor may do an act on a pilot, decided now, in the transaction that does it.

The table is in ``domain/roles.py``. Here the source of the actor is looked up again: a key that was revoked, a link
that ended or a role that was lowered since a page was drawn decides, not what the page knew.
"""

from datetime import datetime

from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.roles import CLOSED, PERMISSIONS, READ_ONLY, ActKind, Role
from pilot_core.errors import AccessDenied, LinkRefused, PilotNotFound
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database
from pilot_core.store.tables import keys, reviews


def check(connection: Connection, actor: Actor, kind: ActKind, pilot_id: str | None, now: datetime) -> None:
    """Raise unless the actor may do that to the pilot (None: the act is about no single pilot).

    Raises AccessDenied to the team, LinkRefused through a link that has ended, and to a reviewer PilotNotFound for all
    but the acts of a review on their own pilot: nothing else exists for them.
    """
    if not isinstance(actor, Actor):
        raise AccessDenied("It is not known who does this; pass an actor.")
    role = role_now(connection, actor.source, now)
    allowed = kind in PERMISSIONS[role].acts
    if role is Role.REVIEWER and not (allowed and pilot_id == actor.source.pilot_id):
        raise PilotNotFound(f"There is no pilot {pilot_id} in this store." if pilot_id else "There is no such thing.")
    if not allowed:
        raise AccessDenied(READ_ONLY if PERMISSIONS[role].on_the_team else CLOSED)


def ask(database: Database, actor: Actor, kind: ActKind, pilot_id: str | None, now: datetime) -> None:
    """Raise as :func:`check` does, before an act reads anything whose answer would tell of the pilot.

    The act asks again in its transaction.
    """
    database.read(lambda connection: check(connection, actor, kind, pilot_id, now))


def role_now(connection: Connection, source: Source, now: datetime) -> Role:
    """Return the role that the source gives at ``now``. Raises AccessDenied or LinkRefused if it has ended.

    The roles of accounts and of this machine's user are settings: they are read when the actor is made.
    """
    if source.way is Way.KEY:
        key = keys.signed_in(connection, source.secret, now)
        if key is None:
            raise AccessDenied(CLOSED)
        return Role(key.role)
    if source.way is Way.GRANT:
        grant = reviews.grant(connection, source.secret, now)
        if grant is None or grant.pilot_id != source.pilot_id:
            raise LinkRefused
        return Role.REVIEWER
    return source.role
