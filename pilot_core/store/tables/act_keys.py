"""Keys of acts: a form sent twice, to whichever server, is done once."""

import json
from datetime import datetime
from typing import Any

from pilot_core.errors import PilotError
from pilot_core.store.engine.connection import Connection, insert, rows
from pilot_core.store.tables.columns import to_column


class KeyUsed(PilotError):
    """The act was done already under this key."""

    def __init__(self) -> None:
        super().__init__("This was done already.")


def use(connection: Connection, key: str, pilot_id: str | None, now: datetime, result: dict[str, Any]) -> None:
    """Note, in the act's own transaction, that it is done under this key, and what came of it. Raises KeyUsed.

    ``pilot_id`` names the pilot with which the row is erased.
    """
    if result_of(connection, key) is not None:
        raise KeyUsed
    row = {"act_key": key, "pilot_id": pilot_id, "result": json.dumps(result), "done_at": to_column(now)}
    insert(connection, "act_keys", row)


def result_of(connection: Connection, key: str) -> dict[str, Any] | None:
    """Return what came of the act that was done under this key, or None if none was."""
    found = rows(connection, "SELECT result FROM act_keys WHERE act_key = ?", [key])
    if not found:
        return None
    result: dict[str, Any] = json.loads(found[0]["result"])
    return result


def remove_older(connection: Connection, before: datetime) -> None:
    """Remove the keys of acts that were done before then."""
    connection.execute("DELETE FROM act_keys WHERE done_at < ?", [to_column(before)])
