"""What the diagnostics page shows of the database."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.domain.messages import Delivery, Message
from pilot_core.store.engine import integrity
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.tables import outbox
from pilot_core.store.tables.columns import from_column


@dataclass(frozen=True)
class Counts:
    """Row counts, the number of the newest migration, and the size in bytes of a PostgreSQL database (else 0)."""

    pilots: int
    attempts: int
    comments: int
    schema: int
    server_bytes: int


@dataclass(frozen=True)
class Failure:
    """An attempt that failed and has not been retried; ``failed_at`` in UTC, None if an import did not have it."""

    pilot_id: str
    company_name: str
    attempt_number: int
    failure: str
    failed_at: datetime | None


@dataclass(frozen=True)
class Lost:
    """A failed message with its failed deliveries and its pilot's company; a digest has no company."""

    message: Message
    deliveries: list[Delivery]
    company_name: str | None


def counts(database: Database) -> Counts:
    """The store's counts. Deleted comments are left out."""
    sql = (
        "SELECT (SELECT count(*) FROM pilots) AS pilots, (SELECT count(*) FROM attempts) AS attempts, "
        "(SELECT count(*) FROM comments WHERE deleted_at IS NULL) AS comments"
    )

    def read(connection: Connection) -> Counts:
        (found,) = rows(connection, sql)
        elsewhere = database.server_bytes(connection)
        return Counts(**found, schema=integrity.schema_of(connection), server_bytes=elsewhere)

    return database.read(read)


def recent_failures(database: Database, limit: int) -> list[Failure]:
    """The failed attempts that were not retried, the latest first."""
    sql = """
    SELECT a.pilot_id, p.company_name, a.attempt_number, COALESCE(a.failure, '') AS failure,
        COALESCE(e.failed_at, a.started_at, a.created_at) AS failed_at
    FROM attempts a JOIN pilots p ON p.pilot_id = a.pilot_id
    LEFT JOIN (
        SELECT pilot_id, detail->>'attempt_number' AS attempt_number, max(happened_at) AS failed_at
        FROM events WHERE kind = 'render_failed' GROUP BY pilot_id, detail->>'attempt_number'
    ) e ON e.pilot_id = a.pilot_id AND e.attempt_number = CAST(a.attempt_number AS VARCHAR)
    WHERE a.state = 'failed'
    ORDER BY failed_at DESC NULLS LAST, a.pilot_id, a.attempt_number LIMIT ?
    """
    found = database.read(lambda connection: rows(connection, sql, [limit]))
    return [Failure(**{**row, "failed_at": from_column(row["failed_at"])}) for row in found]


def lost_messages(database: Database, limit: int) -> tuple[int, list[Lost]]:
    """How many messages have failed, and the latest of them."""

    def read(connection: Connection) -> tuple[int, list[Lost]]:
        found = outbox.given_up(connection, limit)
        ids = [message.pilot_id for message, _ in found if message.pilot_id]
        named = rows(connection, "SELECT pilot_id, company_name FROM pilots WHERE pilot_id = ANY(?)", [ids])
        names = {row["pilot_id"]: row["company_name"] for row in named}
        lost = [Lost(message, deliveries, names.get(message.pilot_id)) for message, deliveries in found]
        return outbox.count_given_up(connection), lost

    return database.read(read)
