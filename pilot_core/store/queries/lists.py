"""Lists of pilots, filtered, sorted and paged in SQL, and the files of one attempt."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pilot_core.errors import InvalidRequest
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.search import COUNTED, search_terms
from pilot_core.store.tables.columns import badge_word_of, from_column


@dataclass(frozen=True)
class PilotSummary:
    """One line of a list of pilots. Times in UTC, cost in dollars.

    ``decisions`` has one entry per attempt, in order: the latest human decision, else the attempt's state.
    ``latest_stage`` is how far the latest attempt has come, since ``latest_stage_since``, and ``latest_watched`` the
    share of it that was watched (0 to 1); see ``domain.stages``. All three may be None.
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
    owner: str | None
    latest_stage: str | None
    latest_stage_since: datetime | None
    latest_watched: float | None
    created_at: datetime
    updated_at: datetime


_SUMMARY = """
    pilot_id, founder_name, company_name, scenario_type, brand_preset, playbook_version, status, approval_outcome,
    recommendation, recommendation_state, reason_code, reason_text, attempts_used, max_attempts, decisions,
    total_cost_dollars, owner, latest_stage, latest_stage_since, latest_watched, created_at, updated_at
"""


def pilot_summaries(database: Database) -> list[PilotSummary]:
    """Every pilot, the newest first."""
    sql = f"SELECT {_SUMMARY} FROM pilots ORDER BY created_at DESC, pilot_id"  # noqa: S608
    return [_summary(row) for row in database.read(lambda connection: rows(connection, sql))]


class PilotLine(NamedTuple):
    """One line of the plain list that a terminal shows."""

    pilot_id: str
    founder_name: str
    company_name: str
    status: str
    approval_outcome: str
    recommendation: str | None
    reason_code: str
    attempts_used: int
    max_attempts: int
    latest_stage: str | None
    latest_watched: float | None


def pilot_lines(database: Database) -> list[PilotLine]:
    """Every pilot as a line of the plain list, the newest first."""
    sql = f"SELECT {', '.join(PilotLine._fields)} FROM pilots ORDER BY created_at DESC, pilot_id"  # noqa: S608
    return [PilotLine(*row) for row in database.read(lambda connection: connection.execute(sql).fetchall())]


def _summary(row: Row) -> PilotSummary:
    times = {name: from_column(row[name]) for name in ("latest_stage_since", "created_at", "updated_at")}
    return PilotSummary(**{**row, **times, "decisions": tuple((row["decisions"] or "").split())})


@dataclass(frozen=True)
class AttemptMedia:
    """An attempt's files, as paths within the store. ``drafts`` maps an iteration to its video and captions.

    ``lights`` maps the path of a video to its rendition for slow networks.
    """

    attempt_id: str
    pilot_id: str
    attempt_number: int
    state: str
    video_path: str | None
    captions_path: str | None
    review_pack_path: str | None
    drafts: dict[int, tuple[str, str | None]]
    lights: dict[str, str]


def media_of(database: Database, attempt_id: str) -> AttemptMedia | None:
    """The files of one attempt, or None for an unknown one."""
    sql = (
        "SELECT attempt_id, pilot_id, attempt_number, state, video_path, review_pack_path, drafts "
        "FROM attempts WHERE attempt_id = ?"
    )
    found = database.read(lambda connection: rows(connection, sql, [attempt_id]))
    if not found:
        return None
    row = found[0]
    made = json.loads(row["drafts"])
    drafts = {draft["iteration"]: (draft["video_path"], draft.get("captions_path")) for draft in made}
    lights = {draft["video_path"]: draft["light_path"] for draft in made if draft.get("light_path")}
    captions = next((captions for video, captions in drafts.values() if video == row["video_path"]), None)
    return AttemptMedia(**{**row, "drafts": drafts}, captions_path=captions, lights=lights)


@dataclass(frozen=True)
class PilotFilter:
    """Which pilots a list shows; an empty field leaves none out.

    Every word of ``search`` must be in the founder's, company's or owner's name or the id. The others hold the allowed
    values.
    """

    search: str = ""
    status: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    scenario: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    recommendation: tuple[str, ...] = ()


@dataclass(frozen=True)
class PilotPage:
    """One page of a list, and how many pilots the list has: ``total``, at most 1,000.

    If there are more, ``more`` is the place behind these 1,000, from which ``pilot_page`` can go on; else it is empty.
    """

    pilots: list[PilotSummary] = field(default_factory=list)
    total: int = 0
    more: str = ""


ORDERS = {
    "last_step": "updated_at DESC",
    "longest_still": "updated_at",
    "newest": "created_at DESC",
    "oldest": "created_at",
    "company": "lower(company_name)",
    "founder": "lower(founder_name)",
}
TIMES = ("updated_at", "created_at")
SEARCHED = ("founder_name", "company_name", "pilot_id", "owner")


def pilot_page(
    database: Database,
    shown: PilotFilter,
    order: str = "last_step",
    page: int = 1,
    per_page: int = 25,
    after: str = "",
) -> PilotPage:
    """The ``page``-th page (from 1; beyond the end, the last) in an order of ``ORDERS``. Raises InvalidRequest.

    The list begins after the place ``after``, which is a ``PilotPage.more``. Anything else begins at the first pilot.
    """
    if order not in ORDERS:
        raise InvalidRequest(f"Pilots cannot be sorted by “{order[:40]}”.", field="order")
    terms, given = _conditions(shown)
    more_terms, more_given = _behind(order, after)
    where = " AND ".join(["TRUE", *terms, *more_terms])
    by = ORDERS[order].removesuffix(" DESC")
    keys = f"SELECT pilot_id, {by} FROM pilots WHERE {where} ORDER BY {ORDERS[order]}, pilot_id LIMIT {COUNTED + 1}"  # noqa: S608
    lines = f"SELECT {_SUMMARY} FROM pilots WHERE pilot_id = ANY(?)"  # noqa: S608

    def read(connection: Connection) -> PilotPage:
        # One pass over the names counts the matches and finds the page; only the lines of the page are read in full.
        found = connection.execute(keys, [*given, *more_given]).fetchall()
        total = min(len(found), COUNTED)
        start = (min(max(page, 1), max(1, -(-total // per_page))) - 1) * per_page
        ids = [pilot_id for pilot_id, _ in found[start : min(start + per_page, total)]]
        by_id = {row["pilot_id"]: _summary(row) for row in rows(connection, lines, [ids])} if ids else {}
        more = _place(*found[total - 1]) if len(found) > total else ""
        return PilotPage([by_id[pilot_id] for pilot_id in ids], total, more)

    return database.read(read)


def _place(pilot_id: str, value: datetime | str) -> str:
    """The place of a pilot in a list: its id, and what the list is sorted by."""
    return f"{pilot_id} {value.isoformat() if isinstance(value, datetime) else value}"


def _behind(order: str, place: str) -> tuple[list[str], list[Any]]:
    """The conditions for pilots behind a place of the order, with their parameters. None if it is no place."""
    pilot_id, _, text = place.partition(" ")
    by = ORDERS[order].removesuffix(" DESC")
    value: Any = text
    if by in TIMES:
        try:
            value = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return [], []
    if not pilot_id:
        return [], []
    past = "<" if by != ORDERS[order] else ">"
    # The first condition says nothing new, but an index can start from it.
    return [f"{by} {past}= ?", f"({by} {past} ? OR pilot_id > ?)"], [value, value, pilot_id]


def _conditions(shown: PilotFilter) -> tuple[list[str], list[Any]]:
    """The conditions on ``pilots`` and their parameters."""
    terms, given = search_terms(shown.search, SEARCHED)
    for column, values in (
        ("status", shown.status),
        ("approval_outcome", shown.outcome),
        ("scenario_type", shown.scenario),
        ("brand_preset", shown.brand),
        (badge_word_of("pilots"), shown.recommendation),
    ):
        if values:
            terms.append(f"{column} = ANY(?)")
            given.append(list(values))
    return terms, given
