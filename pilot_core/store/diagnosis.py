"""What the diagnostics page asks the database."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.store import outbox, soundness
from pilot_core.store.database import Database, rows
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Delivery, Message
from pilot_core.store.rows import from_column


@dataclass(frozen=True)
class Counts:
    """How many rows of a kind there are, and the number of the newest migration."""

    pilots: int
    attempts: int
    comments: int
    schema: int


@dataclass(frozen=True)
class Failure:
    """An attempt that failed and was not retried since; ``failed_at`` in UTC, None where an import does not tell."""

    pilot_id: str
    company_name: str
    attempt_number: int
    failure: str
    failed_at: datetime | None


@dataclass(frozen=True)
class Lost:
    """A message given up on, its deliveries that came to nothing, and whose pilot's it is; of a digest, nobody's."""

    message: Message
    deliveries: list[Delivery]
    company_name: str | None


def counts(database: Database) -> Counts:
    """What the store holds. Deleted comments do not count."""
    sql = (
        "SELECT (SELECT count(*) FROM pilots) AS pilots, (SELECT count(*) FROM attempts) AS attempts, "
        "(SELECT count(*) FROM comments WHERE deleted_at IS NULL) AS comments"
    )

    def work(connection: Connection) -> Counts:
        (found,) = rows(connection, sql)
        return Counts(**found, schema=soundness.schema_of(connection))

    return database.read(work)


def recent_failures(database: Database, limit: int) -> list[Failure]:
    """The attempts that stand as failed, the latest first."""
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
    """How many messages are given up on, and the latest of them."""

    def work(connection: Connection) -> tuple[int, list[Lost]]:
        found = outbox.given_up(connection, limit)
        ids = [told.pilot_id for told, _ in found if told.pilot_id]
        named = rows(connection, "SELECT pilot_id, company_name FROM pilots WHERE pilot_id = ANY(?)", [ids])
        names = {row["pilot_id"]: row["company_name"] for row in named}
        lost = [Lost(told, deliveries, names.get(told.pilot_id)) for told, deliveries in found]
        return outbox.count_given_up(connection), lost

    return database.read(work)
