"""The metrics of a cohort, in SQL on the temporary tables of ``cohorts``.

Those tables last as long as the cohort's connection, so functions take that connection.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pilot_core.insight.approval import BLOCK, DecidedPoint, History
from pilot_core.insight.breakdowns import AttemptOutcome, Badge, LastAttempts
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.programme import ProgrammeCounts
from pilot_core.insight.results import (
    Change,
    CostPerApproved,
    Improvement,
    OutcomeCounts,
    Sparklines,
    Spread,
    WaitsLeftOut,
)
from pilot_core.insight.stats import SAME_DOLLARS, SAME_SECONDS, SAME_SHARE, Rate, rate
from pilot_core.insight.trends import Point
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.queries.cohorts import DECIDED, STILL_OPEN
from pilot_core.store.queries.series import (
    badges,
    decided_points,
    feedback_waits,
    first_cut_points,
    history,
    iteration_points,
    sparklines,
    times_to_end,
    waits_left_out,
)

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

OVERALL = ("", "")


@dataclass(frozen=True)
class SegmentRow:
    """One scenario with one brand, or the whole cohort: what the cards, the badge and the forest need of its pilots."""

    scenario: str
    brand: str
    outcomes: OutcomeCounts
    programme: ProgrammeCounts


@dataclass(frozen=True)
class Totals:
    """Sums and spreads over the whole cohort."""

    videos: int
    ttfc_first: Spread
    ttfc_attempt: Spread
    iterations: Spread
    attempts_to_approval: Spread
    first_pass: Rate
    review_approval: Rate
    sla_final: Rate
    sla_all: Rate
    cost_per_approved: CostPerApproved
    reviewed_pilots: int


@dataclass(frozen=True)
class ThemeCounts:
    """Pilots by flag and state; ``after_two`` counts only those with two reviewed attempts or more.

    ``learned`` are the pilots that ended approved, or with reasons and flags on record, of all that ended.
    """

    by_state: dict[tuple[str, FlagState], int]
    after_two: dict[FlagState, int]
    learned: Rate


@dataclass(frozen=True)
class Found:
    """What a page needs of a cohort, all from one state of the store; the arrays are as ``series`` says."""

    segments: dict[tuple[str, str], SegmentRow]
    totals: Totals
    themes: ThemeCounts
    improvement: Improvement
    funnel: dict[tuple[int, AttemptOutcome], int]
    last_attempts: LastAttempts
    first_cuts: list[Point]
    first_cuts_of: int
    iterations: list[Point]
    decided: list[DecidedPoint]
    history: History
    badges: list[Badge]
    sparklines: Sparklines
    ends: "tuple[Array, Array]"
    waits: "tuple[Array, Array]"
    waits_left_out: WaitsLeftOut


_SEGMENTS = f"""
SELECT scenario_type, brand_preset, grouping(scenario_type) AS overall,
    count(*) FILTER (WHERE pilot_outcome = 'approved') AS approved,
    count(*) FILTER (WHERE pilot_outcome = 'dropped') AS dropped,
    count(*) FILTER (WHERE pilot_outcome = 'exhausted') AS exhausted,
    count(*) FILTER (WHERE pilot_outcome = 'external') AS dropped_external,
    count(*) FILTER (WHERE pilot_outcome = 'closed') AS closed,
    count(*) FILTER (WHERE pilot_outcome = 'paused') AS paused,
    count(*) FILTER (WHERE pilot_outcome = 'open') AS open,
    COALESCE(sum(sla_kept), 0) AS sla_kept, COALESCE(sum(sla_known), 0) AS sla_known,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ttfc_first) AS first_cut_median,
    count(ttfc_first) AS first_cuts_known, count(*) FILTER (WHERE ttfc_first > $first_cut_limit) AS first_cuts_over,
    sum(cost) FILTER (WHERE pilot_outcome IN {DECIDED}) AS cost_decided,
    count(*) FILTER (WHERE cost_is_known AND pilot_outcome IN {DECIDED}) AS costs_known
FROM pilot_outcomes JOIN chosen ON chosen.pid = pilot_outcomes.pid
GROUP BY GROUPING SETS ((scenario_type, brand_preset), ())
"""  # noqa: S608

_PILOT_TOTALS = f"""
SELECT count(*) AS pilots, COALESCE(sum(videos), 0) AS videos,
    count(ttfc_first) AS first_n,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ttfc_first) AS first_median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY ttfc_first) AS first_p90,
    avg(ttfc_first) AS first_mean,
    count(*) FILTER (WHERE pilot_outcome = 'approved') AS approved,
    count(approved_attempt) AS yes_n,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY approved_attempt) AS yes_median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY approved_attempt) AS yes_p90,
    avg(approved_attempt) AS yes_mean,
    count(first_pass) AS first_reviewed, count(*) FILTER (WHERE first_pass) AS first_passed,
    COALESCE(sum(reviewed), 0) AS reviews, COALESCE(sum(approvals), 0) AS approvals,
    count(*) FILTER (WHERE last_sla = 2) AS final_kept, count(*) FILTER (WHERE last_sla > 0) AS final_known,
    COALESCE(sum(sla_kept), 0) AS sla_kept, COALESCE(sum(sla_known), 0) AS sla_known,
    sum(cost) FILTER (WHERE pilot_outcome IN {DECIDED}) AS cost_decided,
    count(*) FILTER (WHERE cost_is_known AND pilot_outcome IN {DECIDED}) AS costs_known,
    count(*) FILTER (WHERE pilot_outcome IN {DECIDED}) AS decided,
    count(*) FILTER (WHERE reviewed > 0) AS reviewed_pilots
FROM pilot_outcomes
"""  # noqa: S608

_ATTEMPT_TOTALS = """
SELECT count(*) AS attempts, count(ttfc) AS ttfc_n,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ttfc) AS ttfc_median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY ttfc) AS ttfc_p90,
    avg(ttfc) AS ttfc_mean,
    count(iterations) AS iterations_n,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY iterations) AS iterations_median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY iterations) AS iterations_p90,
    avg(iterations) AS iterations_mean
FROM judged WHERE state <> 'failed'
"""


def _change_of(name: str, step: float) -> str:
    """The expression for last minus first, 0 where ``insight.stats.is_same`` says so."""
    size = f"abs(l.{name} - f.{name})"
    return f"CASE WHEN {size} < {step} OR {size} < {SAME_SHARE} * f.{name} THEN 0 ELSE l.{name} - f.{name} END"


_IMPROVEMENT = f"""
WITH pairs AS (
    SELECT
        CASE l.level WHEN 'approve' THEN 2 WHEN 'minor' THEN 1 ELSE 0 END
            - CASE f.level WHEN 'approve' THEN 2 WHEN 'minor' THEN 1 ELSE 0 END AS decision,
        CASE WHEN f.ttfc > 0 THEN l.ttfc / f.ttfc END AS ttfc_ratio, {_change_of("ttfc", SAME_SECONDS)} AS ttfc,
        l.iterations - f.iterations AS iterations, l.cost - f.cost AS cost_delta,
        {_change_of("cost", SAME_DOLLARS)} AS cost
    FROM pilot_outcomes p
    JOIN judged f ON f.pid = p.pid AND f.attempt_number = p.first_reviewed
    JOIN judged l ON l.pid = p.pid AND l.attempt_number = p.last_reviewed
    WHERE p.last_reviewed > p.first_reviewed
)
SELECT count(*) AS pilots,
    count(*) FILTER (WHERE decision > 0) AS decision_better, count(*) FILTER (WHERE decision = 0) AS decision_same,
    count(*) FILTER (WHERE decision < 0) AS decision_worse,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY decision) AS decision_median,
    count(*) FILTER (WHERE ttfc < 0) AS ttfc_better, count(*) FILTER (WHERE ttfc = 0) AS ttfc_same,
    count(*) FILTER (WHERE ttfc > 0) AS ttfc_worse,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ttfc_ratio) AS ttfc_median,
    count(*) FILTER (WHERE iterations < 0) AS iterations_better,
    count(*) FILTER (WHERE iterations = 0) AS iterations_same,
    count(*) FILTER (WHERE iterations > 0) AS iterations_worse,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY iterations) AS iterations_median,
    count(*) FILTER (WHERE cost < 0) AS cost_better, count(*) FILTER (WHERE cost = 0) AS cost_same,
    count(*) FILTER (WHERE cost > 0) AS cost_worse,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY cost_delta) AS cost_median
FROM pairs
"""  # noqa: S608

# As insight.evidence.flag_states: measured at the latest reviewed attempt. The outcomes are joined to what is grouped
# already, which is quicker on either engine than grouping by them too.
FLAG_STATES = """
    SELECT p.pid, r.flag, p.last_reviewed > p.first_reviewed AS after_two,
        CASE
            WHEN r.latest < p.last_reviewed THEN 'resolved'
            WHEN r.times > 1 THEN 'persistent'
            WHEN p.last_reviewed = p.first_reviewed THEN 'raised'
            ELSE 'new'
        END AS state
    FROM (
        SELECT j.pid, g.flag, max(j.attempt_number) AS latest, count(*) AS times
        FROM feedback_flags g JOIN judged j ON j.feedback_id = g.feedback_id GROUP BY j.pid, g.flag
    ) r JOIN pilot_outcomes p ON p.pid = r.pid
"""

# With them the pilots that ended with a usable answer, under no flag: joining reviews with flags is what takes long.
_THEMES = f"""
WITH states AS MATERIALIZED ({FLAG_STATES})
SELECT flag, state, count(*) AS pilots, count(*) FILTER (WHERE after_two) AS after_two
FROM states GROUP BY flag, state
UNION ALL
SELECT NULL, NULL, count(*), count(*) FILTER (
    WHERE pilot_outcome = 'approved' OR (has_reason AND pid IN (SELECT pid FROM states))
) FROM pilot_outcomes WHERE ended_at IS NOT NULL
"""  # noqa: S608

# The outcome of an attempt, as in insight.breakdowns.AttemptOutcome.
ATTEMPT_OUTCOME = f"""
    CASE
        WHEN j.level = 'approve' THEN 'approve'
        WHEN p.pilot_outcome IN ('dropped', 'external') AND j.attempt_number = p.last_number THEN 'dropped'
        WHEN j.level IS NOT NULL THEN j.level
        WHEN p.pilot_outcome IN {STILL_OPEN} AND j.attempt_number = p.last_number THEN 'awaiting'
        ELSE 'unreviewed'
    END
"""

_FUNNEL = f"""
SELECT j.attempt_number, {ATTEMPT_OUTCOME} AS outcome, count(*) AS pilots
FROM judged j JOIN pilot_outcomes p ON p.pid = j.pid WHERE j.state <> 'failed' GROUP BY 1, 2
"""  # noqa: S608


_LAST_ATTEMPTS = """
SELECT pilot_outcome = 'approved' AS approved,
    CASE WHEN pilot_outcome = 'approved' THEN COALESCE(approved_attempt, last_number) ELSE last_number END AS attempt,
    count(*) AS pilots
FROM pilot_outcomes GROUP BY 1, 2
"""


def find(connection: Connection, *, now: datetime, first_cut_limit: float, latest: int) -> Found:
    """All numbers of the cohort, with the ``latest`` points of each chart over time.

    What still waits has waited until ``now`` (UTC). ``first_cut_limit`` is in seconds; see ``segments``.
    """
    flags = theme_counts(connection)
    points, of = first_cut_points(connection, latest)
    return Found(
        segments=segments(connection, first_cut_limit),
        totals=totals(connection),
        themes=flags,
        improvement=improvement(connection, flags),
        funnel=funnel_counts(connection),
        last_attempts=last_attempts(connection),
        first_cuts=points,
        first_cuts_of=of,
        iterations=iteration_points(connection, latest),
        # The first block may begin earlier than the first of the latest points.
        decided=decided_points(connection, latest + BLOCK - 1),
        history=history(connection),
        badges=badges(connection, latest),
        sparklines=sparklines(connection),
        ends=times_to_end(connection, now),
        waits=feedback_waits(connection, now),
        waits_left_out=waits_left_out(connection),
    )


def segments(connection: Connection, first_cut_limit: float) -> dict[tuple[str, str], SegmentRow]:
    """Every segment by (scenario, brand), and the whole cohort as ``OVERALL``.

    Counts the first times to first cut over ``first_cut_limit`` seconds.
    """
    found = rows(connection, _SEGMENTS, {"first_cut_limit": first_cut_limit})
    return {key: _segment(row, key) for row in found for key in [_key(row)]}


def totals(connection: Connection) -> Totals:
    """Sums and spreads over the whole cohort."""
    p, a = rows(connection, _PILOT_TOTALS)[0], rows(connection, _ATTEMPT_TOTALS)[0]
    cost, approved = p["cost_decided"], p["approved"]
    per_approved = cost / approved if approved and cost is not None else None
    return Totals(
        videos=int(p["videos"]),
        ttfc_first=_spread(p, "first", p["pilots"]),
        ttfc_attempt=_spread(a, "ttfc", a["attempts"]),
        iterations=_spread(a, "iterations", a["attempts"]),
        attempts_to_approval=_spread(p, "yes", approved),
        first_pass=rate(p["first_passed"], p["first_reviewed"]),
        review_approval=rate(int(p["approvals"]), int(p["reviews"])),
        sla_final=rate(p["final_kept"], p["final_known"]),
        sla_all=rate(int(p["sla_kept"]), int(p["sla_known"])),
        cost_per_approved=CostPerApproved(per_approved, cost, approved, p["costs_known"], p["decided"]),
        reviewed_pilots=p["reviewed_pilots"],
    )


def improvement(connection: Connection, flags: ThemeCounts) -> Improvement:
    """How the last reviewed attempt differs from the first, over pilots with two or more."""
    row = rows(connection, _IMPROVEMENT)[0]
    changes = {name: _change(row, name) for name in ("decision", "ttfc", "iterations", "cost")}
    return Improvement(
        pilots=row["pilots"],
        **changes,
        flags_resolved=flags.after_two[FlagState.RESOLVED],
        flags_persistent=flags.after_two[FlagState.PERSISTENT],
        flags_new=flags.after_two[FlagState.NEW],
    )


def theme_counts(connection: Connection) -> ThemeCounts:
    """Pilots by flag and the flag's state, and those that ended with a usable answer."""
    found = rows(connection, _THEMES)
    ended = next(row for row in found if row["flag"] is None)
    flags = [row for row in found if row["flag"] is not None]
    return ThemeCounts(
        {(row["flag"], FlagState(row["state"])): row["pilots"] for row in flags},
        {state: sum(row["after_two"] for row in flags if row["state"] == state) for state in FlagState},
        rate(ended["after_two"], ended["pilots"]),
    )


def funnel_counts(connection: Connection) -> dict[tuple[int, AttemptOutcome], int]:
    """Pilots by attempt number and outcome; failed renders do not count as attempts."""
    return {(row["attempt_number"], AttemptOutcome(row["outcome"])): row["pilots"] for row in rows(connection, _FUNNEL)}


def last_attempts(connection: Connection) -> LastAttempts:
    """Pilots by their last attempt, each once."""
    found = rows(connection, _LAST_ATTEMPTS)
    approved, others = ({r["attempt"]: r["pilots"] for r in found if r["approved"] is yes} for yes in (True, False))
    return LastAttempts(approved, others)


def _key(row: Row) -> tuple[str, str]:
    return OVERALL if row["overall"] else (row["scenario_type"], row["brand_preset"])


def _segment(row: Row, key: tuple[str, str]) -> SegmentRow:
    outcomes = OutcomeCounts(**{name: row[name] for name in OutcomeCounts.__dataclass_fields__})
    counts = ProgrammeCounts(
        approved=outcomes.approved,
        decided=outcomes.decided,
        still_open=outcomes.still_open,
        sla_kept=int(row["sla_kept"]),
        sla_known=int(row["sla_known"]),
        first_cuts_over=row["first_cuts_over"],
        first_cuts_known=row["first_cuts_known"],
        first_cut_median=row["first_cut_median"],
        cost_decided=row["cost_decided"],
        costs_known=row["costs_known"],
    )
    return SegmentRow(*key, outcomes, counts)


def _spread(row: Row, name: str, of: int) -> Spread:
    n = row[f"{name}_n"]
    return Spread(n, of - n, row[f"{name}_median"], row[f"{name}_p90"], row[f"{name}_mean"])


def _change(row: Row, name: str) -> Change:
    return Change(*(row[f"{name}_{part}"] for part in ("better", "same", "worse", "median")))
