"""What was erased, and what is left to remove of it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from pilot_core.domain.erasures import Erasure
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.erasures import IN_THE_FILE, PLACES_OF_NAMES, spellings
from pilot_core.tokens import hashed

EVER = datetime.min.replace(tzinfo=UTC)


def all_erasures(database: Database) -> list[Erasure]:
    """Every erasure, the newest first."""
    sql = "SELECT * FROM erasures ORDER BY erased_at DESC, erasure_id"
    return [
        Erasure(**{**row, "erased_at": from_column(row["erased_at"]), "counts": json.loads(row["counts"])})
        for row in database.read(lambda connection: rows(connection, sql))
    ]


def any_since(database: Database, moment: datetime) -> bool:
    """Whether anything was erased since then."""
    sql = "SELECT 1 FROM erasures WHERE erased_at >= ? LIMIT 1"
    return bool(database.read(lambda connection: rows(connection, sql, [to_column(moment)])))


def unfinished(database: Database) -> list[str]:
    """The ids of erased pilots that may have files left."""
    sql = "SELECT pilot_id FROM erasures WHERE pilot_id <> ? ORDER BY erased_at, pilot_id"
    return [row["pilot_id"] for row in database.read(lambda connection: rows(connection, sql, [IN_THE_FILE]))]


def erased_among(database: Database, pilot_ids: Iterable[str]) -> list[str]:
    """Those of the ids whose pilots were erased, sorted."""
    by_hash = {hashed(pilot_id): pilot_id for pilot_id in pilot_ids}
    sql = "SELECT pilot_hash FROM erasures WHERE pilot_hash = ANY(?)"
    found = database.read(lambda connection: rows(connection, sql, [list(by_hash)])) if by_hash else []
    return sorted(by_hash[row["pilot_hash"]] for row in found)


def persons_erased(database: Database, since: datetime = EVER) -> dict[str, datetime]:
    """The pilots in which a person was erased since then, each with the time (UTC) of its last such erasure."""
    sql = """
        SELECT pilot_id, max(happened_at) AS erased_at FROM events
        WHERE kind = 'person_erased' AND happened_at >= ? GROUP BY pilot_id
    """
    found = database.read(lambda connection: rows(connection, sql, [to_column(since)]))
    return {row["pilot_id"]: row["erased_at"].replace(tzinfo=UTC) for row in found}


def not_yet_rewritten(database: Database) -> list[str]:
    """The ids of the erasures of which the database file may still hold bytes."""
    sql = "SELECT erasure_id FROM erasures WHERE pilot_id = ? ORDER BY erasure_id"
    return [row["erasure_id"] for row in database.read(lambda connection: rows(connection, sql, [IN_THE_FILE]))]


def pilots_naming(database: Database, name: str) -> list[str]:
    """The ids of the pilots that name the person as founder, reviewer or actor, in any spelling."""
    union = " UNION ".join(
        f"SELECT pilot_id FROM {table} WHERE {column} = ANY($names)"  # noqa: S608
        for table, column in PLACES_OF_NAMES
    )
    sql = f"SELECT pilot_id FROM ({union}) u WHERE pilot_id IS NOT NULL ORDER BY pilot_id"  # noqa: S608
    found = database.read(lambda connection: rows(connection, sql, {"names": spellings(connection, name)}))
    return [row["pilot_id"] for row in found]
