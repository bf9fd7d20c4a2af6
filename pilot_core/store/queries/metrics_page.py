"""Everything the metrics page shows of one cohort, read in one session."""

from dataclasses import dataclass, replace
from datetime import datetime

from pilot_core.clock import as_utc
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.insight import breakdowns, survival, trends
from pilot_core.insight.approval import Approval, approval_chart, cusum_for
from pilot_core.insight.breakdowns import Forest, Funnel, Segment, Themes, Timeline
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.programme import ProgrammeResult
from pilot_core.insight.recommend import recommend
from pilot_core.insight.results import Measures, Sparklines
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.stats import rate
from pilot_core.insight.times_to import Incidence
from pilot_core.insight.trends import FirstCuts, RunChart
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import measures as sql
from pilot_core.store.queries.cohorts import in_cohort
from pilot_core.store.queries.programme import programme_results

LATEST = 100
"""How many points the charts over time and the badge timeline show."""


@dataclass(frozen=True)
class MetricsPage:
    """One cohort's numbers at ``as_of`` (UTC; the present, if none was asked for)."""

    cohort: Cohort
    as_of: datetime
    measures: Measures
    sparklines: Sparklines
    programme: ProgrammeResult
    forest: Forest
    first_cuts: FirstCuts
    iterations: RunChart
    approval: Approval
    incidence: Incidence
    funnel: Funnel
    themes: Themes
    timeline: Timeline


def metrics_page(
    store: PilotStore, cohort: Cohort | None = None, *, as_of: datetime | None = None, latest: int = LATEST
) -> MetricsPage:
    """Everything the metrics page shows of the cohort (all pilots, if None).

    With ``as_of`` it is what was known then, judged by the present rules: feedback not yet received, attempts not yet
    begun and pilots not yet created are left out. Charts over time show the ``latest`` points.
    """
    cohort = cohort or Cohort()
    rules = current_programme_rules()
    now = as_utc(as_of) if as_of else store.clock()
    found = in_cohort(
        store.database,
        cohort,
        as_of,
        lambda connection: sql.find(connection, now=now, first_cut_limit=rules.first_cut_seconds, latest=latest),
    )
    if as_of:
        found = _judged_then(store, found, now)
    overall = found.segments[sql.OVERALL]
    incidence = survival.cumulative_incidence(*found.ends)
    results = programme_results(found.segments, simulated=cohort.mode == FeedbackMode.SIMULATED, as_of=now)
    split = [
        Segment(row.scenario, row.brand, row.outcomes.pilots, results[key])
        for key, row in found.segments.items()
        if key != sql.OVERALL
    ]
    return MetricsPage(
        cohort=cohort,
        as_of=now,
        measures=_measures(found, incidence),
        sparklines=found.sparklines,
        programme=results[sql.OVERALL],
        forest=breakdowns.forest(split),
        first_cuts=trends.first_cuts(found.first_cuts, found.first_cuts_of, rules.first_cut_seconds),
        iterations=trends.run_chart(found.iterations, found.totals.iterations.n),
        approval=approval_chart(
            found.decided,
            found.history,
            overall.outcomes.still_open,
            cusum_for(rules.proceed_rate, rules.stop_rate),
        ),
        incidence=incidence,
        funnel=breakdowns.funnel(found.funnel, found.last_attempts),
        themes=breakdowns.themes(found.themes.by_state, found.totals.reviewed_pilots),
        timeline=breakdowns.timeline(found.badges, overall.outcomes.pilots),
    )


def _measures(found: sql.Found, incidence: Incidence) -> Measures:
    outcomes, totals = found.segments[sql.OVERALL].outcomes, found.totals
    all_ended = outcomes.decided + outcomes.still_open
    return Measures(
        outcomes=outcomes,
        total_videos=totals.videos,
        ttfc_first=totals.ttfc_first,
        ttfc_attempt=totals.ttfc_attempt,
        iterations_per_attempt=totals.iterations,
        attempts_to_approval=totals.attempts_to_approval,
        approval_rate=rate(outcomes.approved, outcomes.decided),
        approval_if_open_fail=rate(outcomes.approved, all_ended),
        approval_if_open_pass=rate(outcomes.approved + outcomes.still_open, all_ended),
        learning_rate=found.themes.learned,
        first_pass_rate=totals.first_pass,
        review_approval_rate=totals.review_approval,
        time_to_approval=incidence.time_to_approval,
        feedback_latency=survival.kaplan_meier(*found.waits),
        latency_left_out=found.waits_left_out,
        sla_final=totals.sla_final,
        sla_all=totals.sla_all,
        cost_per_approved=totals.cost_per_approved,
        reviewed_pilots=totals.reviewed_pilots,
        improvement=found.improvement,
    )


def _judged_then(store: PilotStore, found: sql.Found, as_of: datetime) -> sql.Found:
    """The same with each pilot's own result as the rules would have given it then; the store keeps today's."""
    pilots = store.load_all({badge.pilot_id for badge in found.badges})
    results = {pilot.pilot_id: recommend(pilot, as_of=as_of) for pilot in pilots}
    badges = [
        replace(badge, recommendation=then.recommendation, state=then.state, code=then.code, summary=then.summary)
        for badge in found.badges
        for then in [results[badge.pilot_id]]
    ]
    return replace(found, badges=badges)
