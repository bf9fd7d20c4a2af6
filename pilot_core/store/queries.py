"""Reads that span pilots: what lists, cards and charts show, filtered and counted in SQL."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pilot_core.errors import InvalidRequest
from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column

TOO_EARLY = "TOO EARLY"
"""What a filter calls a pilot without a recommendation."""


@dataclass(frozen=True)
class PilotSummary:
    """One line of a list of pilots. Times in UTC, cost in dollars.

    ``decisions`` has one entry an attempt, in order: the human decision that stands, else the attempt's state.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    scenario_type: str
    brand_preset: str
    playbook_version: str | None
    status: str
    approval_outcome: str
    recommendation: str | None
    recommendation_state: str
    reason_code: str
    reason_text: str
    attempts_used: int
    max_attempts: int
    decisions: tuple[str, ...]
    total_cost_dollars: float | None
    created_at: datetime
    updated_at: datetime


_STANDING = """
    SELECT attempt_id, level FROM (
        SELECT attempt_id, level, row_number() OVER (
            PARTITION BY attempt_id ORDER BY received_at DESC NULLS LAST, position DESC
        ) AS place
        FROM feedback WHERE mode = 'human' {only}
    ) latest WHERE place = 1
"""

_PER_PILOT = """
    SELECT a.pilot_id,
        sum(CASE WHEN a.state <> 'failed' THEN 1 ELSE 0 END) AS attempts_used,
        sum(a.total_cost_dollars) AS total_cost_dollars,
        string_agg(COALESCE(s.level, a.state), ' ' ORDER BY a.attempt_number) AS decisions
    FROM attempts a LEFT JOIN standing s ON s.attempt_id = a.attempt_id
    {only}
    GROUP BY a.pilot_id
"""

_COLUMNS = """
    p.pilot_id, p.founder_name, p.company_name, p.scenario_type, p.brand_preset, p.playbook_version, p.status,
    p.approval_outcome, p.recommendation, p.recommendation_state, p.reason_code, p.reason_text,
    CAST(COALESCE(c.attempts_used, 0) AS INTEGER) AS attempts_used, p.max_attempts, c.decisions, c.total_cost_dollars,
    p.created_at, p.updated_at
"""


def pilot_summaries(database: Database) -> list[PilotSummary]:
    """Every pilot, the newest first."""
    sql = f"""
        WITH standing AS ({_STANDING.format(only="")}), per_pilot AS ({_PER_PILOT.format(only="")})
        SELECT {_COLUMNS} FROM pilots p LEFT JOIN per_pilot c ON c.pilot_id = p.pilot_id
        ORDER BY p.created_at DESC, p.pilot_id
    """  # noqa: S608
    return [_summary(row) for row in database.read(lambda connection: rows(connection, sql))]


def _summary(row: Row) -> PilotSummary:
    times = {name: from_column(row[name]) for name in ("created_at", "updated_at")}
    return PilotSummary(**{**row, **times, "decisions": tuple((row["decisions"] or "").split())})


@dataclass(frozen=True)
class AttemptMedia:
    """Where an attempt's files are, relative to the store. ``drafts`` maps an iteration to its video and captions."""

    attempt_id: str
    pilot_id: str
    attempt_number: int
    video_path: str | None
    captions_path: str | None
    review_pack_path: str | None
    drafts: dict[int, tuple[str, str | None]]


def media_of(database: Database, attempt_id: str) -> AttemptMedia | None:
    """The files of one attempt, or None for an unknown one."""
    sql = (
        "SELECT attempt_id, pilot_id, attempt_number, video_path, review_pack_path, drafts "
        "FROM attempts WHERE attempt_id = ?"
    )
    found = database.read(lambda connection: rows(connection, sql, [attempt_id]))
    if not found:
        return None
    row = found[0]
    drafts = {
        draft["iteration"]: (draft["video_path"], draft.get("captions_path")) for draft in json.loads(row["drafts"])
    }
    captions = next((captions for video, captions in drafts.values() if video == row["video_path"]), None)
    return AttemptMedia(**{**row, "drafts": drafts}, captions_path=captions)


@dataclass(frozen=True)
class PilotFilter:
    """Which pilots a list shows; an empty field leaves none out.

    Every word of ``search`` must stand in the founder's or company's name or the id. The others hold allowed values.
    """

    search: str = ""
    status: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    scenario: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    recommendation: tuple[str, ...] = ()


@dataclass(frozen=True)
class PilotPage:
    """One page of a list, and how many pilots the whole list has."""

    pilots: list[PilotSummary] = field(default_factory=list)
    total: int = 0


ORDERS = {
    "newest": "created_at DESC",
    "oldest": "created_at",
    "last_step": "updated_at DESC",
    "longest_still": "updated_at",
    "company": "lower(company_name)",
    "founder": "lower(founder_name)",
}


def pilot_page(
    database: Database, shown: PilotFilter, order: str = "newest", page: int = 1, per_page: int = 25
) -> PilotPage:
    """The ``page``-th page (from 1; beyond the end, the last) in an order of ``ORDERS``. Raises InvalidRequest."""
    if order not in ORDERS:
        raise InvalidRequest(f"Pilots cannot be sorted by “{order[:40]}”.", field="order")
    where, given = _where(shown)

    def work(connection: Connection) -> PilotPage:
        total = rows(connection, f"SELECT count(*) AS n FROM pilots WHERE {where}", given)[0]["n"]  # noqa: S608
        start = (min(max(page, 1), max(1, -(-total // per_page))) - 1) * per_page
        sql = f"""
            WITH page AS (
                SELECT * FROM pilots WHERE {where} ORDER BY {ORDERS[order]}, pilot_id LIMIT ? OFFSET ?
            ), standing AS ({_STANDING.format(only="AND pilot_id IN (SELECT pilot_id FROM page)")}
            ), per_pilot AS ({_PER_PILOT.format(only="WHERE a.pilot_id IN (SELECT pilot_id FROM page)")}
            )
            SELECT {_COLUMNS} FROM page p LEFT JOIN per_pilot c ON c.pilot_id = p.pilot_id
            ORDER BY {_qualified(ORDERS[order])}, p.pilot_id
        """  # noqa: S608
        found = rows(connection, sql, [*given, per_page, start])
        return PilotPage([_summary(row) for row in found], total)

    return database.read(work)


def _qualified(order: str) -> str:
    return order.replace("(", "(p.") if "(" in order else f"p.{order}"


def _where(shown: PilotFilter) -> tuple[str, list[Any]]:
    """The condition on ``pilots`` and its parameters."""
    terms, given = ["TRUE"], []
    for word in shown.search.lower().split():
        terms.append("lower(founder_name || ' ' || company_name || ' ' || pilot_id) LIKE ? ESCAPE '!'")
        given.append(f"%{_literal(word)}%")
    for column, values in (
        ("status", shown.status),
        ("approval_outcome", shown.outcome),
        ("scenario_type", shown.scenario),
        ("brand_preset", shown.brand),
        ("COALESCE(recommendation, 'TOO EARLY')", shown.recommendation),
    ):
        if values:
            terms.append(f"{column} = ANY(?)")
            given.append(list(values))
    return " AND ".join(terms), given


def _literal(word: str) -> str:
    """The word as LIKE matches it literally."""
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def any_in_the_making(database: Database) -> bool:
    """Whether an attempt is queued or rendering, or a render stands in the list of renders."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM renders) "
        "OR EXISTS (SELECT 1 FROM attempts WHERE state IN ('queued', 'rendering')) AS found"
    )
    return bool(database.read(lambda connection: rows(connection, sql)[0]["found"]))


@dataclass(frozen=True)
class Making:
    """How the making of one attempt's cut stands. ``fraction`` from 0 to 1; ``ahead`` renders are begun before it.

    ``fraction``, ``step`` and ``started_at`` (UTC) are None until a process has taken the attempt up.
    """

    state: str
    failure: str | None
    waiting: bool
    fraction: float | None
    step: str | None
    started_at: datetime | None
    ahead: int


def making(database: Database, attempt_id: str) -> Making | None:
    """How an attempt's making stands now; None for an unknown attempt."""
    sql = """
        SELECT a.state, a.failure, COALESCE(r.waiting, TRUE) AS waiting, r.fraction, r.step,
            COALESCE(a.started_at, r.started_at) AS started_at,
            (SELECT count(*) FROM renders o WHERE r.waiting AND o.started_at < r.started_at) AS ahead
        FROM attempts a LEFT JOIN renders r ON r.attempt_id = a.attempt_id WHERE a.attempt_id = ?
    """
    found = database.read(lambda connection: rows(connection, sql, [attempt_id]))
    return Making(**{**found[0], "started_at": from_column(found[0]["started_at"])}) if found else None


@dataclass(frozen=True)
class Measure:
    """What was measured of one ready attempt. Time-to-first-cut in seconds; times in UTC."""

    pilot_id: str
    company_name: str
    attempt_number: int
    ready_at: datetime | None
    time_to_first_cut_seconds: float | None
    iteration_count: int | None


def measures(database: Database, latest: int = 500) -> list[Measure]:
    """The ``latest`` attempts that are ready and measured, oldest first."""
    sql = """
        SELECT * FROM (
            SELECT a.pilot_id, p.company_name, a.attempt_number, COALESCE(a.ready_at, a.created_at) AS ready_at,
                a.time_to_first_cut_seconds, a.iteration_count
            FROM attempts a JOIN pilots p ON p.pilot_id = a.pilot_id
            WHERE a.state = 'ready'
                AND (a.time_to_first_cut_seconds IS NOT NULL OR a.iteration_count IS NOT NULL)
            ORDER BY COALESCE(a.ready_at, a.created_at) DESC NULLS LAST, a.pilot_id DESC, a.attempt_number DESC
            LIMIT ?
        ) newest ORDER BY ready_at NULLS FIRST, pilot_id, attempt_number
    """
    found = database.read(lambda connection: rows(connection, sql, [latest]))
    return [Measure(**{**row, "ready_at": from_column(row["ready_at"])}) for row in found]


@dataclass(frozen=True)
class Decided:
    """One decided pilot: when (UTC), and whether it was approved."""

    pilot_id: str
    company_name: str
    decided_at: datetime
    approved: bool


@dataclass(frozen=True)
class Decisions:
    """The decided pilots, oldest first, beside the counts of those left out: open, and dropped for external reasons."""

    decided: list[Decided]
    still_open: int
    dropped_external: int


_DECISIONS = """
WITH standing AS (
    SELECT a.pilot_id, count(*) AS used, count(f.reviewed_at) AS reviewed, max(f.reviewed_at) AS reviewed_at
    FROM attempts a LEFT JOIN (
        SELECT attempt_id, max(COALESCE(received_at, TIMESTAMP '1970-01-01')) AS reviewed_at
        FROM feedback WHERE mode = 'human' GROUP BY attempt_id
    ) f ON f.attempt_id = a.attempt_id
    WHERE a.state <> 'failed' GROUP BY a.pilot_id
)
SELECT p.pilot_id, p.company_name, p.approval_outcome,
    COALESCE(p.decided_at, s.reviewed_at, p.updated_at) AS decided_at, p.drop_external,
    p.approval_outcome = 'pending' AND COALESCE(s.used >= p.max_attempts AND s.reviewed = s.used, FALSE) AS exhausted
FROM pilots p LEFT JOIN standing s ON s.pilot_id = p.pilot_id
ORDER BY COALESCE(p.decided_at, s.reviewed_at, p.updated_at), p.pilot_id
"""


def decisions(database: Database) -> Decisions:
    """All pilots by whether they are decided: approved, dropped for our own reasons, or out of attempts."""
    found = database.read(lambda connection: rows(connection, _DECISIONS))
    external = [row for row in found if row["approval_outcome"] == "dropped" and row["drop_external"]]
    decided = [
        Decided(row["pilot_id"], row["company_name"], row["decided_at"], row["approval_outcome"] == "approved")
        for row in found
        if row["exhausted"] or (row["approval_outcome"] != "pending" and row not in external)
    ]
    return Decisions(decided, len(found) - len(decided) - len(external), len(external))
