"""The programme's verdict for a cohort and for each of its segments, with the columns of ``programme_summary``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pilot_core.domain.feedback import FeedbackMode
from pilot_core.insight.cohort import Cohort, segment_words
from pilot_core.insight.programme import ProgrammeResult
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.rules import current_programme_rules
from pilot_core.store.engine.connection import Row
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.cohorts import in_cohort
from pilot_core.store.queries.measures import OVERALL, SegmentRow, segments


@dataclass(frozen=True)
class ProgrammeLine:
    """The counts and the result of the whole cohort, or of one scenario with one brand."""

    segment: SegmentRow
    result: ProgrammeResult
    is_whole: bool

    @property
    def label(self) -> str:
        """The segment's name, such as “Feature launch × Acme”; “All pilots” for the whole cohort."""
        return "All pilots" if self.is_whole else segment_words(self.segment.scenario, self.segment.brand)

    @property
    def summary(self) -> Row:
        """The columns of ``programme_summary``: see ``store.queries.export_columns``."""
        segment, found = self.segment, self.result
        counts, outcomes = segment.programme, segment.outcomes
        has_cost = bool(outcomes.approved) and counts.cost_decided is not None
        return {
            "segment": "all" if self.is_whole else f"{segment.scenario} × {segment.brand}",
            "scenario_type": None if self.is_whole else segment.scenario,
            "brand_preset": None if self.is_whole else segment.brand,
            "n_decided": found.n_decided,
            "n_approved": found.n_approved,
            "n_out_of_attempts": outcomes.exhausted,
            "n_open": outcomes.open,
            "n_paused": outcomes.paused,
            "rate": found.rate.value,
            "wilson_low": found.rate.low,
            "wilson_high": found.rate.high,
            "p_ge_target": found.p_ge_target,
            "p_le_floor": found.p_le_stop,
            "sla_rate": counts.sla_kept / counts.sla_known if counts.sla_known else None,
            "sla_n": counts.sla_known,
            "ttfc_first_median_seconds": counts.first_cut_median,
            "cost_per_approved_dollars": (counts.cost_decided or 0) / outcomes.approved if has_cost else None,
            "costs_known": counts.costs_known,
            "guardrail_breached": bool(found.breached),
            "recommendation": found.recommendation.value if found.recommendation else None,
            "state": found.state.value,
        }


def programme_summary(store: PilotStore, cohort: Cohort | None = None) -> list[ProgrammeLine]:
    """The cohort (all pilots, if None) as it is now, the whole first, then its segments by scenario and brand."""
    cohort, limit = cohort or Cohort(), current_programme_rules().first_cut_seconds
    found = in_cohort(store.database, cohort, None, lambda connection: segments(connection, limit))
    return programme_lines(found, cohort, store.clock())


def programme_lines(
    found: Mapping[tuple[str, str], SegmentRow], cohort: Cohort, as_of: datetime | None = None
) -> list[ProgrammeLine]:
    """The lines of these segments of the cohort, the whole first."""
    results = programme_results(found, simulated=cohort.mode == FeedbackMode.SIMULATED, as_of=as_of)
    return [ProgrammeLine(found[key], results[key], key == OVERALL) for key in sorted(found)]


def programme_results(
    rows: Mapping[tuple[str, str], SegmentRow], *, simulated: bool = False, as_of: datetime | None = None
) -> dict[tuple[str, str], ProgrammeResult]:
    """The recommendation for each of these rows."""
    rules = current_programme_rules()
    return {
        key: recommend_programme(row.programme, rules=rules, simulated=simulated, as_of=as_of)
        for key, row in rows.items()
    }
