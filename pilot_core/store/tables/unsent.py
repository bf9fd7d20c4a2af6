"""Words that reviewers have typed and not sent, as rows."""

from datetime import datetime

from pilot_core.domain.reviews import Grant, Unsent
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import to_column

SENT = ""
"""The words of a form that was sent or discarded."""


def put(connection: Connection, grant: Grant, unsent: Unsent, now: datetime) -> bool:
    """Save the words of a form in place of older ones; returns False, saving nothing, if they came too late.

    They are too late when a later turn is saved already, or when the form was sent with that key.
    """
    found = rows(
        connection,
        "SELECT form_key, turn, words FROM unsent_words WHERE grant_hash = ? AND form = ?",
        [grant.grant_hash, unsent.form],
    )
    if found and found[0]["turn"] >= unsent.turn:
        return False
    if found and (found[0]["words"], found[0]["form_key"]) == (SENT, unsent.form_key):
        return False
    row: Row = {
        "grant_hash": grant.grant_hash,
        "form": unsent.form,
        "pilot_id": grant.pilot_id,
        "reviewer": grant.name,
        "form_key": unsent.form_key,
        "turn": unsent.turn,
        "words": unsent.words,
        "saved_at": to_column(now),
    }
    insert(connection, "unsent_words", row, key="grant_hash, form")
    return True


def of_grant(connection: Connection, grant_hash: str) -> dict[str, str]:
    """Return the words of each form that has some, by the form's name."""
    sql = "SELECT form, words FROM unsent_words WHERE grant_hash = ? AND words <> ? ORDER BY saved_at, form"
    return {row["form"]: row["words"] for row in rows(connection, sql, [grant_hash, SENT])}


def keep_newest(connection: Connection, grant_hash: str, most: int) -> None:
    """Remove all but the grant's ``most`` forms that were saved last."""
    sql = "SELECT form FROM unsent_words WHERE grant_hash = ? ORDER BY saved_at DESC, turn DESC"
    if older := [row["form"] for row in rows(connection, sql, [grant_hash])][most:]:
        connection.execute("DELETE FROM unsent_words WHERE grant_hash = ? AND form = ANY(?)", [grant_hash, older])


def remove_older(connection: Connection, before: datetime) -> None:
    """Remove what was saved before then."""
    connection.execute("DELETE FROM unsent_words WHERE saved_at < ?", [to_column(before)])
