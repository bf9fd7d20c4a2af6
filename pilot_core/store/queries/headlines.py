"""The overview's numbers: those of the metrics page, for the pilots created in the last twelve weeks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pilot_core.clock import as_utc
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.results import OutcomeCounts, Sparklines, Spread
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.stats import Rate, rate
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import in_cohort
from pilot_core.store.queries.measures import OVERALL, segments, totals
from pilot_core.store.queries.series import sparklines
from pilot_core.store.tables.columns import to_column

WEEKS = 12


@dataclass(frozen=True)
class Headlines:
    """The numbers of one cohort, named and computed as in ``insight.results.Measures``."""

    cohort: Cohort
    outcomes: OutcomeCounts
    approval_rate: Rate
    ttfc_first: Spread
    iterations_per_attempt: Spread
    sla_all: Rate
    sparklines: Sparklines


def headlines(database: Database, now: datetime) -> Headlines:
    """The numbers of the pilots created in the present week (from Monday, UTC) or the eleven before it.

    The window begins with the first of those pilots, so that the metrics page, whose days begin with a pilot, can show
    it.
    """
    limit = current_programme_rules().first_cut_seconds
    cohort = Cohort(created_from=_first_day(database, as_utc(now).date()))

    def read(connection: Connection) -> Headlines:
        sums, outcomes = totals(connection), segments(connection, limit)[OVERALL].outcomes
        return Headlines(
            cohort=cohort,
            outcomes=outcomes,
            approval_rate=rate(outcomes.approved, outcomes.decided),
            ttfc_first=sums.ttfc_first,
            iterations_per_attempt=sums.iterations,
            sla_all=sums.sla_all,
            sparklines=sparklines(connection),
        )

    return in_cohort(database, cohort, None, read)


def _first_day(database: Database, today: date) -> date:
    """Return the Monday of eleven weeks ago, or the first pilot's day if that is later."""
    monday = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    start = to_column(as_utc(datetime(monday.year, monday.month, monday.day)))  # noqa: DTZ001
    sql = "SELECT min(created_at) AS first FROM pilots WHERE created_at >= ?"
    first = database.read(lambda connection: rows(connection, sql, [start])[0]["first"])
    return first.date() if first else monday
