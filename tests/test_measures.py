"""The metrics of a cohort: SQL compared with plain Python on pilots of every kind, and how a page uses them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.evidence import FlagState, counted_attempts, flag_states, reviewed_attempts
from pilot_core.insight.recommend import recommend
from pilot_core.insight.results import Measures, Spread
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.stats import rate
from pilot_core.services.pilots import pause
from pilot_core.store.engine.connection import rows
from pilot_core.store.queries.cohorts import Choices, choices, in_cohort
from pilot_core.store.queries.drilldown import GROUPS, Selection, pilots_behind, theme_quotes, unthemed
from pilot_core.store.queries.measures import OVERALL, segments
from pilot_core.store.queries.metrics_page import MetricsPage, metrics_page
from pilot_core.store.queries.programme import programme_summary
from pilot_core.store.queries.series import feedback_waits
from pilot_core.store.tables.columns import from_column
from tests.crowd import crowd, fill
from tests.pilot_stories import make_pilot
from tests.plain_measures import DECIDED, improvements, pilot_outcome, plain_measures, seen
from tests.sketches import day

EARLIER, LATER = day(25), day(1) + timedelta(days=90)
COHORTS = {
    "all": Cohort(),
    "one scenario": Cohort(scenario=("feature_launch",)),
    "two brands, one of them none": Cohort(brand=("acme", "")),
    "no playbook version": Cohort(playbook_version=("",)),
    "some days": Cohort(created_from=date(2026, 1, 10), created_to=date(2026, 2, 9)),
    "everything at once": Cohort(
        ("problem_solution",), ("wellness",), ("2026.11",), date(2026, 1, 5), date(2026, 2, 20)
    ),
    "nobody": Cohort(scenario=("no_such_scenario",)),
    "simulated": Cohort(mode="simulated"),
}


@pytest.fixture(scope="module")
def pilots() -> list[PilotRun]:
    return crowd()


@pytest.fixture(scope="module")
def full(
    tmp_path_factory: pytest.TempPathFactory, pilots: list[PilotRun], own_database: Callable[[], str]
) -> PilotStore:
    folder = tmp_path_factory.mktemp("crowd")
    return fill(PilotStore(folder, lambda: LATER, database_url=own_database()), pilots)


@pytest.fixture(scope="module")
def page(full: PilotStore) -> MetricsPage:
    return metrics_page(full)


def chosen(pilots: list[PilotRun], cohort: Cohort) -> list[PilotRun]:
    return [
        pilot
        for pilot in pilots
        if (not cohort.scenario or pilot.scenario_type in cohort.scenario)
        and (not cohort.brand or pilot.brand_preset in cohort.brand)
        and (not cohort.playbook_version or (pilot.playbook_version or "") in cohort.playbook_version)
        and (not cohort.created_from or pilot.created_at.date() >= cohort.created_from)
        and (not cohort.created_to or pilot.created_at.date() <= cohort.created_to)
    ]


def told(page: MetricsPage) -> dict[str, object]:
    """Return the page's values in the form of ``plain_measures``."""
    m, names = page.measures, page.measures.outcomes.__dataclass_fields__
    return {
        "pilot_outcomes": {name: getattr(m.outcomes, name) for name in names if getattr(m.outcomes, name)},
        "videos": m.total_videos,
        **{name: spread_of(m, field) for name, field in SPREADS.items()},
        "learning": m.learning_rate,
        "first_pass": m.first_pass_rate,
        "review_approval": m.review_approval_rate,
        "sla_final": m.sla_final,
        "sla_all": m.sla_all,
        "cost_decided": pytest.approx(m.cost_per_approved.cost) if m.cost_per_approved.cost is not None else None,
        "costs_known": (m.cost_per_approved.known, m.cost_per_approved.decided),
        "latency_left_out": (m.latency_left_out.before_start, m.latency_left_out.without_time),
        "reviewed_pilots": m.reviewed_pilots,
        "themes": {(b.flag, state): n for b in page.themes.bars for state, n in b.by_state.items() if n},
        "funnel": {(s.attempt_number, came): n for s in page.funnel.steps for came, n in s.outcomes.items() if n},
    }


SPREADS = {
    "ttfc_first": "ttfc_first",
    "ttfc_attempt": "ttfc_attempt",
    "iterations": "iterations_per_attempt",
    "attempts_to_approval": "attempts_to_approval",
}


def spread_of(measures: Measures, field: str) -> tuple[object, ...]:
    found: Spread = getattr(measures, field)
    values = (found.median, found.p90, found.mean)
    return found.n, found.missing, *(None if value is None else pytest.approx(value) for value in values)


@pytest.mark.parametrize("as_of", [None, EARLIER], ids=["now", "on a past day"])
@pytest.mark.parametrize("name", COHORTS)
def test_every_measure_is_what_counting_pilot_by_pilot_gives(full, pilots, name, as_of):
    cohort = COHORTS[name]
    then = seen(chosen(pilots, cohort), cohort.mode, as_of)
    assert plain_measures(then, cohort.mode) == told(metrics_page(full, cohort, as_of=as_of))


@pytest.mark.parametrize("as_of", [None, EARLIER], ids=["now", "on a past day"])
def test_improvement_counts_what_got_better_and_worse_alike(full, pilots, as_of):
    then = seen(pilots, "human", as_of)
    found = metrics_page(full, as_of=as_of).measures.improvement
    changes = improvements(then)
    assert found.pilots == len(changes)
    for place, (name, less_is_better) in enumerate(
        {"decision": False, "ttfc": True, "iterations": True, "cost": True}.items()
    ):
        deltas = [change[place] for change in changes if change[place] is not None]
        counts = (
            sum(d < 0 and not same for d, same in deltas),
            sum(same for _, same in deltas),
            sum(d > 0 and not same for d, same in deltas),
        )
        change = getattr(found, name)
        assert (change.better, change.same, change.worse) == (counts if less_is_better else counts[::-1]), name
        if name != "ttfc":
            assert change.median == pytest.approx(median(d for d, _ in deltas)), name
    twice = [pilot for pilot in then if len(improvements([pilot]))]
    states = [state for pilot in twice for state in flag_states(pilot).values()]
    assert (found.flags_resolved, found.flags_persistent, found.flags_new) == tuple(
        states.count(state) for state in (FlagState.RESOLVED, FlagState.PERSISTENT, FlagState.NEW)
    )


def test_the_median_ratio_of_times_to_first_cut_leaves_out_what_cannot_be_divided(page, pilots):
    ratios = []
    for pilot in pilots:
        reviewed = reviewed_attempts(pilot)
        if len(reviewed) > 1:
            before, after = (reviewed[place].attempt.time_to_first_cut_seconds for place in (0, -1))
            if before and after is not None:
                ratios.append(after / before)
    assert page.measures.improvement.ttfc.median == pytest.approx(median(ratios))


def test_every_pilot_is_in_one_segment_and_segments_add_up_to_the_cohort(page, pilots):
    assert sum(segment.pilots for segment in page.forest.segments) == len(pilots) == page.measures.outcomes.pilots
    for field in ("n_decided", "n_approved", "n_open"):
        assert sum(getattr(s.result, field) for s in page.forest.segments) == getattr(page.programme, field)


def test_the_guardrails_are_counted_over_the_pilots(full, pilots, page):
    """Times over the limit are of first attempts; a cost is known if that of each ready attempt is."""
    limit = current_programme_rules().first_cut_seconds
    found = in_cohort(full.database, Cohort(), None, lambda c: segments(c, limit))[OVERALL].programme
    firsts = [a.time_to_first_cut_seconds for p in pilots for a in counted_attempts(p) if a.attempt_number == 1]
    measured = [value for value in firsts if value is not None]
    decided = [p for p in pilots if pilot_outcome(p, "human") in DECIDED]
    known = [p for p in decided if all(a.total_cost_dollars is not None for a in p.runs if a.state == "ready")]
    assert (found.first_cuts_over, found.first_cuts_known) == (sum(v > limit for v in measured), len(measured))
    assert (found.costs_known, found.decided) == (len(known), len(decided))
    assert 0 < found.costs_known < found.decided


def test_an_approval_is_dated_by_its_review_whatever_the_import_says(full, pilots):
    """By the review of the highest-numbered attempt that stands approved; without one, or its time, as was imported."""

    def decided(pilot: PilotRun) -> datetime:
        standing = [(r.number, r.review.received_at) for r in reviewed_attempts(pilot) if r.review.level == "approve"]
        return (max(standing)[1] if standing else None) or pilot.decided_at or pilot.updated_at

    ends = "SELECT pilot_id, ended_at FROM pilot_outcomes f JOIN chosen c ON c.pid = f.pid"
    found = in_cohort(full.database, Cohort(), None, lambda c: rows(c, f"{ends} WHERE pilot_outcome = 'approved'"))
    approved = {p.pilot_id: decided(p) for p in pilots if p.approval_outcome == "approved"}
    assert {row["pilot_id"]: from_column(row["ended_at"]) for row in found} == approved
    assert any(decided(p) != p.decided_at for p in pilots if p.approval_outcome == "approved")


def test_the_latest_block_ends_at_the_pilot_decided_last(full, pilots):
    """Pilots out of attempts are ordered by when their last review was received, others by when they were decided."""

    def ended(pilot: PilotRun) -> datetime:
        if pilot_outcome(pilot, "human") == "exhausted":
            received = [a.review.received_at for a in pilot.runs if a.state == "ready" and a.review]
            return max((time for time in received if time), default=pilot.updated_at)
        return pilot.decided_at or pilot.updated_at

    decided = sorted((p for p in pilots if pilot_outcome(p, "human") in DECIDED), key=ended)
    blocks = metrics_page(full, latest=1).approval.blocks
    assert [block.pilot_ids for block in blocks] == [tuple(p.pilot_id for p in decided[len(decided) // 10 * 10 :])]


def test_a_past_day_is_judged_as_it_would_have_been_judged_then(full, pilots):
    page = metrics_page(full, as_of=EARLIER)
    by_id = {pilot.pilot_id: pilot for pilot in pilots}
    assert len(page.timeline.badges) == sum(pilot.created_at <= EARLIER for pilot in pilots)
    for badge in page.timeline.badges:
        then = recommend(by_id[badge.pilot_id], as_of=EARLIER)
        assert (badge.recommendation, badge.code) == (then.recommendation, then.code)
        assert by_id[badge.pilot_id].created_at <= badge.at <= EARLIER
    behind_then, _ = pilots_behind(full.database, Cohort(), Selection(), as_of=EARLIER)
    assert {pilot.pilot_id: pilot.at for pilot in behind_then} == {b.pilot_id: b.at for b in page.timeline.badges}


def test_on_a_past_day_an_open_pilot_is_placed_by_what_was_known_then(store, clock):
    pilot = make_pilot(store, clock, "One", "m wait")
    then = clock()
    clock.forward(days=10)
    pause(store, pilot.pilot_id, "The founder is away.", at_command_line("Theo Grant"))
    assert [badge.at for badge in metrics_page(store).timeline.badges] == [clock()]
    assert [badge.at for badge in metrics_page(store, as_of=then + timedelta(days=1)).timeline.badges] == [then]


def test_the_sentence_of_the_funnel_counts_each_pilot_once(pilots, page):
    stands = {pilot.pilot_id: pilot_outcome(pilot, "human") for pilot in pilots}
    others = [pilot for pilot in pilots if stands[pilot.pilot_id] != "approved"]
    numbers = [max((a.attempt_number for a in counted_attempts(pilot)), default=None) for pilot in others]
    approved = sum(outcome == "approved" for outcome in stands.values())
    assert page.funnel.reading.startswith(f"{approved} of {len(pilots)} pilots are approved, ")
    told = f"Not approved: {numbers.count(None)} without an attempt, {numbers.count(1)} at attempt 1, "
    assert told in page.funnel.reading


def test_simulated_feedback_changes_no_number_unless_it_is_asked_for(full, pilots, page, tmp_path, own_database):
    alone = [pilot.model_copy(deep=True) for pilot in pilots]
    for attempt in (attempt for pilot in alone for attempt in pilot.runs):
        attempt.feedback = [f for f in attempt.feedback if f.mode == "human"]
    silent = fill(PilotStore(tmp_path / "silent", lambda: LATER, database_url=own_database()), alone)
    with_it, without = page, metrics_page(silent)
    assert (with_it.measures, with_it.programme, with_it.forest) == (
        without.measures,
        without.programme,
        without.forest,
    )
    simulated = metrics_page(full, Cohort(mode="simulated"))
    assert simulated.measures != with_it.measures
    assert {simulated.programme.code, *(s.result.code for s in simulated.forest.segments)} == {"simulated"}


def test_the_order_of_rows_changes_nothing(page, pilots, tmp_path, own_database):
    shuffled = [pilot.model_copy(update={"runs": pilot.runs[::-1]}) for pilot in pilots[::-1]]
    other = metrics_page(fill(PilotStore(tmp_path / "shuffled", lambda: LATER, database_url=own_database()), shuffled))
    # Sums of dollars and seconds may differ in their last digits.
    assert told(other) == told(page)
    assert (other.programme, other.timeline, other.first_cuts, other.iterations, other.approval, other.incidence) == (
        page.programme, page.timeline, page.first_cuts, page.iterations, page.approval, page.incidence
    )  # fmt: skip


def test_pausing_moves_a_pilot_from_open_to_paused_and_changes_no_other_number(store, new_pilot, clock):
    for level in ("minor_changes", "approve", "major_changes"):
        pilot = new_pilot()
        pilot.add_attempt("v.mp4", None, 40, 1, 1.0, True, at=clock())
        pilot.record_feedback(1, "Words", level, at=clock())
        store.save(pilot)
    before = metrics_page(store)
    pilot.pause("On holiday", at=clock())
    store.save(pilot)
    after = metrics_page(store)
    assert (before.measures.outcomes.open, after.measures.outcomes.open, after.measures.outcomes.paused) == (2, 1, 1)
    assert (after.programme, after.measures.approval_rate) == (before.programme, before.measures.approval_rate)


def test_times_wait_for_what_has_not_happened_yet(store, new_pilot, clock):
    """Two pilots, both created on day 0: one approved on day 2 after 24 h of waiting, one still waiting on day 10."""
    for answered in (True, False):
        pilot = new_pilot()
        pilot.add_attempt("v.mp4", at=clock() + timedelta(days=1))
        if answered:
            pilot.record_feedback(1, "Yes", "approve", at=clock() + timedelta(days=2))
        store.save(pilot)
    clock.forward(days=10)
    page = metrics_page(store)
    assert page.incidence.approved.times == (2.0,)
    assert page.incidence.approved.share == (0.5,)
    assert (page.incidence.n_approved, page.incidence.n_open) == (1, 1)
    assert page.incidence.at_risk[:2] == ((0.0, 2), (1.0, 2))
    assert (page.measures.feedback_latency.median, page.measures.feedback_latency.without) == (24.0, 1)
    assert page.measures.time_to_approval.median == 2.0


def test_a_wait_that_has_ended_with_the_pilot_is_not_counted_on(store, new_pilot, clock):
    pilot = new_pilot()
    pilot.add_attempt("v.mp4", at=clock())
    pilot.drop("No budget", at=clock() + timedelta(hours=5))
    store.save(pilot)
    clock.forward(days=100)
    hours, heard = in_cohort(store.database, Cohort(), None, lambda c: feedback_waits(c, clock()))
    assert (hours.tolist(), heard.tolist()) == ([5.0], [False])


def test_a_store_without_pilots_has_a_page(store):
    page = metrics_page(store)
    assert page.measures.outcomes.pilots == 0
    assert page.measures.approval_rate == rate(0, 0)
    assert page.measures.cost_per_approved.value is None
    assert [page.programme.code, page.forest.segments, page.funnel.steps] == ["too_few", (), ()]
    assert [
        chart.reading
        for chart in (
            page.first_cuts, page.iterations, page.approval, page.incidence, page.funnel, page.themes, page.forest,
            page.timeline,
        )
    ] == [
        "No first cut has been timed yet.",
        "No attempt with a known number of drafts yet.",
        "0 of 0 decided pilots approved. A rate is drawn from 5.",
        "No pilot yet.",
        "No attempt yet.",
        "No pilot has been reviewed yet.",
        "No segment yet.",
        "No pilot yet.",
    ]  # fmt: skip


def test_courses_add_up_to_the_measures_they_are_the_course_of(page):
    sums = {name: sum(point.n for point in course) for name, course in page.sparklines.by_metric.items()}
    assert page.sparklines.period == "week"
    assert sums["approval_rate"] == page.measures.outcomes.decided
    assert sums["cost_per_approved"] == page.measures.outcomes.approved
    assert all(point.value is None for course in page.sparklines.by_metric.values() for point in course if not point.n)
    assert page.sparklines.drawable("approval_rate")
    assert not page.sparklines.drawable("no such metric")


def test_charts_over_time_show_the_latest_points_in_order(full, pilots):
    page = metrics_page(full, latest=5)
    for chart in (page.first_cuts, page.iterations):
        times = [point.at for point in chart.points if point.at]
        assert len(chart.points) == 5 < chart.of
        assert times == sorted(times)
    assert sum(block.rate.denominator for block in page.approval.blocks) == page.approval.of - page.approval.before
    assert len(page.timeline.badges) == 5
    assert page.timeline.reading.startswith(f"The latest 5 of {len(pilots)} pilots: ")


@pytest.mark.parametrize("group", GROUPS)
def test_behind_every_number_are_as_many_pilots(full, pilots, page, group):
    found, total = pilots_behind(full.database, Cohort(), Selection(group))
    assert len(found) == total
    pilot_outcomes = [pilot_outcome(pilot, "human") for pilot in pilots]
    expected = {
        "all": len(pilots),
        "decided": page.measures.outcomes.decided,
        "still_open": page.measures.outcomes.still_open,
        "reviewed": page.measures.reviewed_pilots,
        "first_pass": page.measures.first_pass_rate.numerator,
        "sla_final_missed": page.measures.sla_final.denominator - page.measures.sla_final.numerator,
        "two_reviews": page.measures.improvement.pilots,
        "sla_missed": sum(any(a.sla_passed is False for a in counted_attempts(pilot)) for pilot in pilots),
        "answered": page.measures.learning_rate.numerator,
        "unanswered": page.measures.learning_rate.denominator - page.measures.learning_rate.numerator,
        "ended_without": page.incidence.n_ended,
        "with_video": sum(any(a.video_path for a in counted_attempts(pilot)) for pilot in pilots),
    }
    assert total == expected.get(group, pilot_outcomes.count(group))


def test_behind_every_bar_are_as_many_pilots(full, page):
    step, bar, segment = page.funnel.steps[1], page.themes.bars[0], page.forest.segments[0]
    assert {came: behind(full, attempt=2, outcome=came) for came in AttemptOutcome} == step.outcomes
    assert behind(full, attempt=2) == step.reached
    assert {state: behind(full, flag=bar.flag, flag_state=state) for state in FlagState} == bar.by_state
    assert behind(full, scenario=segment.scenario, brand=segment.brand) == segment.pilots
    assert behind(full, "approved", scenario=segment.scenario, brand=segment.brand) == segment.result.n_approved
    block = page.approval.blocks[-1]
    assert behind(full, pilot_ids=block.pilot_ids) == block.rate.denominator


def behind(store: PilotStore, group: str = "all", **selected: object) -> int:
    return pilots_behind(store.database, Cohort(), Selection(group, **selected))[1]


def test_a_long_list_behind_a_number_says_how_long_it_is(full, pilots):
    found, total = pilots_behind(full.database, Cohort(), Selection(), most=3)
    assert (len(found), total) == (3, len(pilots))
    assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)


def test_quotes_of_a_theme_are_those_of_the_reviews_that_stand(full, pilots):
    quotes, total = theme_quotes(full.database, Cohort(), "hook_weak", most=1000)
    expected = {
        (pilot.pilot_id, r.number, flag_states(pilot)["hook_weak"])
        for pilot in pilots
        for r in reviewed_attempts(pilot)
        if "hook_weak" in r.review.flags
    }
    assert {(q.note.pilot_id, q.note.attempt_number, q.state) for q in quotes} == expected
    assert len(quotes) == total == len(expected)
    persistent, _ = theme_quotes(full.database, Cohort(), "hook_weak", FlagState.PERSISTENT, most=1000)
    assert {q.state for q in persistent} == {FlagState.PERSISTENT}


def test_the_unthemed_list_holds_the_reviews_with_words_and_no_flag(full, pilots):
    expected = {
        r.review.feedback_id
        for pilot in pilots
        for r in reviewed_attempts(pilot)
        if r.review.notes.strip() and not r.review.flags
    }
    found, total = unthemed(full.database, Cohort(), most=1000)
    assert {note.feedback_id for note in found} == expected
    assert total == len(expected)


def test_the_programme_alone_is_that_of_the_page(full, page):
    whole, *split = programme_summary(full)
    assert whole.result.summary == page.programme.summary
    assert {(line.segment.scenario, line.segment.brand) for line in split} == {
        (segment.scenario, segment.brand) for segment in page.forest.segments
    }


def test_the_filters_offer_what_pilots_have(full, pilots, store):
    found = choices(full.database)
    assert found == Choices(
        ("feature_launch", "funding_announcement", "problem_solution"),
        ("", "acme", "wellness"),
        ("", "2026.10", "2026.11"),
        min(pilot.created_at for pilot in pilots).date(),
        max(pilot.created_at for pilot in pilots).date(),
    )
    assert choices(store.database) == Choices((), (), (), None, None)


def test_a_last_day_as_late_as_days_go_leaves_none_out(full, pilots):
    assert pilots_behind(full.database, Cohort(created_to=date.max), Selection())[1] == len(pilots)


def test_a_cohort_says_in_words_what_it_is():
    assert Cohort().words == "all pilots"
    assert Cohort(("feature_launch",), ("", "acme"), (), date(2026, 3, 1), None, "simulated").words == (
        "Feature launch, no brand, Acme, created from 1 Mar 2026, simulated feedback"
    )


def test_a_cohort_that_cannot_be_is_refused():
    with pytest.raises(InvalidRequest, match="“both” is not a feedback mode"):
        Cohort(mode="both")
    with pytest.raises(InvalidRequest, match="The first day is after the last one"):
        Cohort(created_from=date(2026, 2, 1), created_to=date(2026, 1, 1))
    with pytest.raises(InvalidRequest, match="There is no group"):
        pilots_behind(None, Cohort(), Selection("rich"))  # type: ignore[arg-type]


def test_what_came_of_an_attempt_has_a_word_for_every_case():
    assert {came.value for came in AttemptOutcome} == {"approve", "minor", "major", "awaiting", "dropped", "unreviewed"}


def test_the_tables_of_a_cohort_are_gone_afterwards(full: PilotStore, tmp_path: Path):
    metrics_page(full)
    sql = "SELECT table_name FROM information_schema.tables WHERE table_type = 'LOCAL TEMPORARY'"
    assert full.database.read(lambda c: c.execute(sql).fetchall()) == []
