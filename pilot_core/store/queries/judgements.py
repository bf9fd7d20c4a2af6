"""Overrides, decided suggestions and filed reports of pilots, and the list of pilots with their latest reports."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from pilot_core.domain.judgements import DecidedSuggestion, FiledLine, Override
from pilot_core.insight.report import FiledReport, OutcomeReport
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.search import COUNTED, search_terms
from pilot_core.store.tables import judgements
from pilot_core.store.tables.columns import badge_word_of
from pilot_core.store.tables.judgements import columns_of, line_from_row, override_from_row, suggestion_from_row


@dataclass(frozen=True)
class ReportsOfPilot:
    """One line of the list: the pilot's recommendation now, how many reports are filed (``n``), and the latest of them.

    ``last`` is None where none is filed.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    recommendation: str | None
    reason_code: str
    reason_text: str
    n: int
    last: FiledLine | None


@dataclass(frozen=True)
class ReportsPage:
    """One page of the list, and how many pilots and reports the whole list has.

    If there are ``more``, it was counted to the end of the page with the 1,000th pilot, or of the later one asked for.
    """

    lines: list[ReportsOfPilot]
    pilots: int
    reports: int
    more: bool = False


LAST_PAGE = 1000
"""The last page that can be asked for, since all pages before it are read too."""
NOT_FILED = "NOT FILED"
"""What a filter calls a pilot without a filed report."""


def standing_overrides(database: Database, pilot_ids: Iterable[str]) -> dict[str, Override]:
    """The overrides of those pilots that are in effect, by pilot id."""
    sql = "SELECT * FROM overrides WHERE pilot_id = ANY(?) AND undone_at IS NULL"
    found = map(override_from_row, database.read(lambda c: rows(c, sql, [list(pilot_ids)])))
    return {made.pilot_id: made for made in found if made.stands}


def overrides_of(database: Database, pilot_id: str) -> list[Override]:
    """Every override of the pilot, the latest first."""
    sql = "SELECT * FROM overrides WHERE pilot_id = ? ORDER BY made_at DESC, override_id"
    return [override_from_row(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def decided_suggestions_of(database: Database, pilot_id: str) -> list[DecidedSuggestion]:
    """Every decided suggestion of the pilot, in the order of the words that suggested them."""
    sql = f"SELECT {columns_of(DecidedSuggestion)} FROM flag_suggestions WHERE pilot_id = ? ORDER BY start_at, flag"  # noqa: S608
    return [suggestion_from_row(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def settled_flags(database: Database, feedback_ids: list[str]) -> set[tuple[str, str]]:
    """Those (feedback id, flag) pairs of the feedback that are raised, or were suggested and decided."""
    sql = "SELECT feedback_id, flag FROM feedback_flags WHERE feedback_id = ANY(?)"

    def read(connection: Connection) -> set[tuple[str, str]]:
        raised = {(row["feedback_id"], row["flag"]) for row in rows(connection, sql, [feedback_ids])}
        return raised | judgements.decided_suggestions(connection, feedback_ids)

    return database.read(read)


def filed_reports(database: Database, pilot_id: str) -> list[FiledLine]:
    """The pilot's filed reports, the latest first."""
    names = columns_of(FiledLine)
    sql = f"SELECT {names} FROM outcome_reports WHERE pilot_id = ? ORDER BY generated_at DESC, report_id"  # noqa: S608
    return [line_from_row(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def reports_page(
    database: Database, search: str = "", filed: Iterable[str] = (), page: int = 1, per_page: int = 20
) -> ReportsPage:
    """One page of the list, the pilot with the latest report first.

    ``page`` is from 1 to ``LAST_PAGE``; beyond the end it is the last.

    Every word of ``search`` must be in the founder's or company's name or the id. ``filed`` holds what the latest
    report may recommend (its badge’s word), or ``NOT_FILED``; empty leaves none out.
    """
    terms, given = search_terms(search, ("p.founder_name", "p.company_name", "p.pilot_id"))
    if wanted := list(filed):
        terms.append(f"{_FILED} = ANY(?)")
        given.append(wanted)
    most = per_page * max(-(-COUNTED // per_page), min(page, LAST_PAGE))
    order = f"ORDER BY generated_at DESC NULLS LAST, created_at DESC, pilot_id LIMIT {most + 1}"
    listed = _LISTED.format(where=" AND ".join(["TRUE", *terms]))
    keys = f"SELECT pilot_id, n FROM ({listed}) listed {order}"  # noqa: S608
    lines = _LISTED.format(where="p.pilot_id = ANY(?)")

    def read(connection: Connection) -> ReportsPage:
        found = connection.execute(keys, given).fetchall()
        counted = found[:most]
        start = (min(max(page, 1), max(1, -(-len(counted) // per_page))) - 1) * per_page
        ids = [pilot_id for pilot_id, _ in counted[start : start + per_page]]
        by_id = {row["pilot_id"]: _of_pilot(row) for row in rows(connection, lines, [ids])} if ids else {}
        reports = sum(n for _, n in counted)
        return ReportsPage([by_id[one] for one in ids], len(counted), reports, len(found) > most)

    return database.read(read)


_FILED = f"CASE WHEN r.n IS NULL THEN '{NOT_FILED}' ELSE {badge_word_of('r')} END"
_LISTED = """
SELECT p.pilot_id, p.founder_name, p.company_name, p.recommendation AS now_recommendation,
    p.reason_code AS now_code, p.reason_text, p.created_at,
    COALESCE(r.n, 0) AS n, r.report_id, r.as_of,
    r.generated_at, r.filed_by, r.rules_version, r.recommendation, r.reason_code, r.override_verdict, r.override_by,
    r.override_reason
FROM pilots p LEFT JOIN (
    SELECT pilot_id, report_id, as_of, generated_at, filed_by, rules_version, recommendation, reason_code,
        override_verdict, override_by, override_reason, count(*) OVER (PARTITION BY pilot_id) AS n,
        row_number() OVER (PARTITION BY pilot_id ORDER BY generated_at DESC, report_id) AS place
    FROM outcome_reports
) r ON r.pilot_id = p.pilot_id AND r.place = 1
WHERE {where}
"""


def filed_report(database: Database, report_id: str) -> FiledReport | None:
    """One filed report in full; None for an unknown id."""
    sql = f"SELECT {columns_of(FiledReport)} FROM outcome_reports WHERE report_id = ?"  # noqa: S608
    found = database.read(lambda c: rows(c, sql, [report_id]))
    if not found:
        return None
    return FiledReport(**{**found[0], "report": OutcomeReport.model_validate_json(found[0]["report"])})


def _of_pilot(row: Row) -> ReportsOfPilot:
    last = line_from_row({field.name: row[field.name] for field in fields(FiledLine)}) if row["n"] else None
    now = (row["now_recommendation"], row["now_code"], row["reason_text"])
    return ReportsOfPilot(row["pilot_id"], row["founder_name"], row["company_name"], *now, row["n"], last)
