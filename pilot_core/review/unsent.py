"""What a reviewer has typed and not sent yet, kept for their grant in case their browser forgets it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pilot_core.domain.reviews import Grant, Unsent
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import unsent as rows_of

FORM = re.compile(r"[a-z]{1,20} [A-Za-z0-9_-]{1,100}")
LONGEST = 20_000
"""Characters of one form's words as JSON; the longest text that can be sent is a quarter of it."""

MOST_FORMS = 30
"""Of one grant; those saved longest ago are removed."""

LONGEST_KEY = 80
LAST_TURN = 2**53
LAST = timedelta(days=60)


def save(store: PilotStore, grant: Grant, unsent: Unsent) -> bool:
    """Save the words of a form; returns False if later ones are saved already or the form was sent meanwhile.

    Raises InvalidRequest for what no form of the room saves, and LinkRefused.
    """
    if not FORM.fullmatch(unsent.form) or not 0 < len(unsent.form_key) <= LONGEST_KEY:
        raise InvalidRequest("No form of the review room has that name.", field="form")
    if len(unsent.words) > LONGEST or not 0 <= unsent.turn < LAST_TURN:
        raise InvalidRequest(f"At most {LONGEST:,} characters are kept of a form that is not sent.", field="words")
    now = store.clock()

    def put(connection: Connection) -> bool:
        permission.check(connection, grant.actor, ActKind.KEEP_WORDS, grant.pilot_id, now)
        saved = rows_of.put(connection, grant, unsent, now)
        rows_of.keep_newest(connection, grant.grant_hash, MOST_FORMS)
        return saved

    return store.database.transaction(put)


def forget(store: PilotStore, grant: Grant, sent: Unsent) -> None:
    """Erase the words of a form that was sent. A save of them that arrives later is not taken."""
    save(store, grant, replace(sent, words=rows_of.SENT))


def unsent_of(store: PilotStore, grant: Grant) -> dict[str, Any]:
    """Return what the grant's forms hold unsent, by the form's name."""
    kept = store.database.read(lambda connection: rows_of.of_grant(connection, grant.grant_hash))
    return {form: json.loads(words) for form, words in kept.items()}


def remove_expired(store: PilotStore) -> None:
    """Remove what was saved more than 60 days ago."""
    before = store.clock() - LAST
    store.database.transaction(lambda connection: rows_of.remove_older(connection, before))
