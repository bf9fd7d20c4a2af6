"""Charts over time: limits against a published example, each signal alone, and the one-line readings."""

import itertools
import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core.insight.breakdowns import AttemptOutcome, Badge, LastAttempts, Segment, forest, funnel, themes, timeline
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.programme import ProgrammeCounts
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.stats import rate
from pilot_core.insight.trends import (
    FLOOR,
    OUTSIDE_BY_CHANCE,
    RUN,
    Point,
    Signal,
    SignalKind,
    chance_of_run,
    chance_outside,
    difference_bounds,
    first_cuts,
    run_chart,
    xmr,
)
from tests.sketches import day

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, "Individuals Control Charts": ten batches' flowrates.
FLOWRATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
FLAT = [10, 12.5, 10, 12, 10, 12.5]


def signals(values: list[float], **options: bool) -> list[tuple[str, int, int, int]]:
    return [(s.kind.value, s.side, s.first, s.last) for s in xmr(values, **options).signals]


def points(values: list[float]) -> list[Point]:
    return [Point(f"pilot_{n}", f"Company {n}", 1, day(1) + timedelta(hours=n), v) for n, v in enumerate(values)]


def first_cuts_reading(values: list[float], of: int | None = None) -> str:
    return first_cuts(points(values), of or len(values), 120).reading


def iterations_reading(values: list[float], of: int | None = None) -> str:
    return run_chart(points(values), of or len(values)).reading


def test_limits_are_the_mean_and_3_145_median_moving_ranges():
    """Moving ranges 2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5: their median is 1.5."""
    limits = xmr(FLOWRATES).limits
    assert limits.mean == pytest.approx(50.81)
    assert limits.median_range == pytest.approx(1.5)
    assert (limits.low, limits.high) == pytest.approx((50.81 - 3.145 * 1.5, 50.81 + 3.145 * 1.5))
    assert limits.trial
    assert xmr(FLOWRATES).signals == ()


def test_the_factor_is_three_sigma_of_normal_values():
    """The median of |X − Y| for independent standard normal X and Y is √2 × 0.6745 = 0.954."""
    assert 3 / (math.sqrt(2) * 0.674490) == pytest.approx(3.145, abs=0.0005)


def test_on_a_log_scale_the_limits_are_those_of_the_logarithms():
    plain, logged = xmr([math.log(value) for value in FLOWRATES]).limits, xmr(FLOWRATES, log=True).limits
    assert (logged.low, logged.mean, logged.high) == pytest.approx(
        (math.exp(plain.low), math.exp(plain.mean), math.exp(plain.high))
    )


@given(
    st.lists(st.floats(1, 1000), min_size=5, max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.floats(0, FLOOR, exclude_max=True)), max_size=4),
)
def test_times_under_the_floor_change_no_limit_and_are_named(times, instant):
    values = list(times)
    for place, value in instant:
        values.insert(place, value)
    chart = first_cuts(points(values), len(values), 120)
    assert chart.xmr.limits == xmr(times, log=True).limits
    assert len(chart.points) == len(values)
    at_floor = {n for n, value in enumerate(values) if value < FLOOR}
    assert not [s for s in chart.xmr.signals if s.kind is SignalKind.OUTSIDE and s.first in at_floor]
    assert ("under 0.1 s" in chart.reading) == bool(at_floor)
    assert all(f"Company {n}" in chart.reading for n in sorted(at_floor)[-3:])


def test_under_five_points_there_are_no_limits_and_under_twelve_they_are_on_trial():
    assert xmr([1, 2, 3, 4]).limits is None
    assert [xmr(list(range(n))).limits.trial for n in (5, 11, 12)] == [True, True, False]


def test_a_point_outside_the_limits_is_a_signal():
    assert ("outside", 1, 6, 6) in signals([*FLAT, 40, *FLAT])


def test_one_extreme_value_does_not_widen_the_limits():
    calm, extreme = [*FLAT, 11.5, *FLAT], [*FLAT, 1e6, *FLAT]
    assert xmr(extreme).limits.median_range == pytest.approx(xmr(calm).limits.median_range, abs=0.6)


def test_eight_on_one_side_are_a_signal_and_seven_are_not():
    low, high = [1, 2.5] * 4, [4, 5]
    assert ("one_side", -1, 2, 9) in signals([*high, *low, *high, *high, 9])
    assert not [s for s in signals([*high, *low[:7], *high, *high, 9]) if s[0] == "one_side" and s[1] == -1]


def test_where_most_values_equal_the_one_before_there_are_no_limits():
    assert xmr([38.0] * 20).limits is None
    assert xmr([38.0] * 15 + [40.0] * 5).signals == ()


@given(st.lists(st.floats(0.1, 1000), min_size=5, max_size=60))
def test_limits_hold_the_mean_between_them_and_signals_lie_within_the_chart(values):
    chart = xmr(values, log=True)
    if chart.limits:
        assert chart.limits.low <= chart.limits.mean <= chart.limits.high
    assert all(0 <= signal.first <= signal.last < len(values) for signal in chart.signals)
    assert {signal.kind for signal in chart.signals} <= {SignalKind.OUTSIDE, SignalKind.ONE_SIDE}
    assert xmr(values, log=True) == chart


@pytest.mark.parametrize(
    ("above", "below", "on_mean"), [(8, 3, 0), (9, 0, 2), (5, 5, 0), (8, 1, 2), (10, 2, 0), (7, 7, 0)]
)
def test_the_chance_of_a_run_is_exact(above, below, on_mean):
    """Compared with every order of the points."""
    n = above + below + on_mean
    orders = runs = 0
    for places in itertools.combinations(range(n), above):
        for others in itertools.combinations(sorted(set(range(n)) - set(places)), below):
            sides = [1 if place in places else -1 if place in others else 0 for place in range(n)]
            orders += 1
            runs += any(side and len(list(same)) >= RUN for side, same in itertools.groupby(sides))
    assert chance_of_run(n, above, below) == pytest.approx(runs / orders, abs=1e-12)


def test_a_look_at_a_stable_process_finds_a_run_as_often_as_the_sentence_says():
    random = np.random.default_rng(8)
    charts = [xmr(random.standard_normal(60).tolist()) for _ in range(400)]
    found = sum(any(signal.kind is SignalKind.ONE_SIDE for signal in chart.signals) for chart in charts)
    said = [chance_of_run(60, chart.above, chart.below) for chart in charts[:40]]
    assert found / len(charts) == pytest.approx(sum(said) / len(said), abs=0.05)


def test_the_chance_of_a_point_outside_is_the_one_that_simulation_gives():
    for n in (8, 20, 100):
        values = np.random.default_rng(n).standard_normal((20_000, n))
        reach = 3.145 * np.median(np.abs(np.diff(values, axis=1)), axis=1)
        share = (np.abs(values - values.mean(axis=1, keepdims=True)) > reach[:, None]).any(axis=1).mean()
        assert chance_outside(n) == pytest.approx(share, abs=0.01)
    assert OUTSIDE_BY_CHANCE[20] < chance_outside(25) < OUTSIDE_BY_CHANCE[30]
    assert (chance_outside(3), chance_outside(10**6)) == (OUTSIDE_BY_CHANCE[5], OUTSIDE_BY_CHANCE[100])


QUIET = "No signal: no point outside the limits, no 8 in a row on one side of the mean."


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        ([], "No first cut has been timed yet."),
        ([38], "0 of 1 first cut took over 120 s. Limits are drawn from 5 points."),
        ([38, 60, 130], "1 of 3 first cuts took over 120 s. Limits are drawn from 5 points."),
        ([38] * 6, "0 of 6 first cuts took over 120 s. There are no limits, because most times equal the one before."),
        (
            [40, 44, 40, 44, 40],
            f"{QUIET} 0 of 5 first cuts took over 120 s. Limits: 31–56 s, on trial until there are 12 points.",
        ),
        (
            [90, 70, 98, 66] * 2 + [40, 55, 44, 58] * 2,
            "The last 8 are faster than the mean. Under 1% of looks at 16 points of a stable process show such a "
            "signal by chance. 0 of 16 first cuts took over 120 s. Limits: 23–170 s.",
        ),
        (
            [40, 52] * 6 + [150],
            "1 point is outside the limits (Company 12). About 10% of looks at 13 points of a stable process show such "
            "a signal by chance. 1 of 13 first cuts took over 120 s. Limits: 22–114 s.",
        ),
        (
            [0.0, 40, 44, 40, 44, 0.05, 40],
            f"{QUIET} 0 of 7 first cuts took over 120 s. Limits: 31–56 s, on trial until there are 12 points. "
            "2 times under 0.1 s (Company 5, Company 0) are drawn at the bottom and left out of the limits.",
        ),
    ],
)  # fmt: skip
def test_what_the_chart_of_first_cuts_says(values, reading):
    assert first_cuts_reading(values) == reading


@settings(deadline=None)
@given(st.lists(st.floats(0, 5000), max_size=50))
def test_no_sentence_says_that_a_change_is_real(values):
    for reading in (first_cuts_reading(values), iterations_reading([round(v % 3) for v in values])):
        assert not any(word in reading for word in ("real", "No change", "noise", "expect"))


def test_a_chart_of_the_latest_says_of_how_many():
    assert first_cuts_reading([40, 44] * 6, 3000).endswith("The latest 12 of 3,000 pilots.")
    assert "5 of the latest 10 of 200 attempts" in iterations_reading([1, 2] * 5, 200)


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        ([], "No attempt with a known number of drafts yet."),
        ([1, 3], "2 attempts with 1, 3 drafts. A median is drawn from 5 attempts."),
        (
            [1, 2, 1, 2, 1],
            "Median 1 draft, mean 1.4. 3 of 5 attempts needed no second draft. "
            "No signal: no 8 in a row on one side of the mean.",
        ),
        (
            [1] * 9 + [3] * 8,
            "Median 1 draft, mean 1.9. 9 of 17 attempts needed no second draft. The last 8 needed more drafts than the "
            "mean. Under 1% of looks at 17 points of a stable process show such a signal by chance.",
        ),
        (
            [3] * 8 + [1] * 8 + [2, 3],
            "Median 2.5 drafts, mean 2.1. 8 of 18 attempts needed no second draft. 9 in a row needed fewer drafts than "
            "the mean. Under 1% of looks at 18 points of a stable process show such a signal by chance.",
        ),
    ],
)
def test_what_the_run_chart_says(values, reading):
    assert iterations_reading(values) == reading


def test_the_run_chart_has_no_median_line_through_three_points():
    assert run_chart(points([1, 2, 3]), 3).median is None
    assert run_chart(points([3] * 7 + [1] * 8), 15).signals == (Signal(SignalKind.ONE_SIDE, -1, 7, 14),)


def test_the_interval_of_a_difference_is_the_published_one():
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 873–890, table II, example (a), method 10: 56/70 − 48/80."""
    assert difference_bounds(rate(48, 80), rate(56, 70)) == pytest.approx((0.0524, 0.3339), abs=0.00005)
    assert difference_bounds(rate(0, 0), rate(56, 70)) is None


def test_the_funnel_counts_attempts_in_its_bars_and_each_pilot_once_in_its_sentence():
    chart = funnel(
        {
            (1, AttemptOutcome.APPROVE): 10,
            (1, AttemptOutcome.MINOR): 18,
            (1, AttemptOutcome.DROPPED): 2,
            (3, AttemptOutcome.AWAITING): 6,
            (3, AttemptOutcome.APPROVE): 5,
        },
        LastAttempts({1: 9, 3: 5}, {None: 4, 1: 10, 3: 6, 7: 1, 6: 2}),
    )
    assert [(step.attempt_number, step.reached) for step in chart.steps] == [(1, 30), (2, 0), (3, 11)]
    assert chart.reading == (
        "14 of 37 pilots are approved, 9 at attempt 1. Not approved: 4 without an attempt, 10 at attempt 1, "
        "6 at attempt 3, 3 at attempt 6 or later."
    )


@pytest.mark.parametrize(
    ("approved", "others", "reading"),
    [
        ({}, {None: 2}, "No attempt yet."),
        ({2: 1}, {}, "1 of 1 pilot is approved, 0 at attempt 1."),
        ({}, {1: 3}, "0 of 3 pilots are approved. Not approved: 3 at attempt 1."),
    ],
)
def test_what_the_funnel_says_of_few(approved, others, reading):
    assert funnel({}, LastAttempts(approved, others)).reading == reading


def test_themes_are_ordered_by_what_recurs_and_say_so():
    chart = themes(
        {
            ("too_long", FlagState.NEW): 7,
            ("hook_weak", FlagState.RESOLVED): 2,
            ("hook_weak", FlagState.PERSISTENT): 4,
            ("cta_unclear", FlagState.PERSISTENT): 3,
        },
        12,
    )
    assert [(bar.flag, bar.pilots, bar.prevalence) for bar in chart.bars] == [
        ("hook_weak", 6, rate(6, 12)),
        ("cta_unclear", 3, rate(3, 12)),
        ("too_long", 7, rate(7, 12)),
    ]
    assert chart.reading == (
        "“Hook is weak” recurs with 4 pilots, the most of all flags. It was raised on 6 of 12 reviewed pilots."
    )
    assert themes({("too_long", FlagState.NEW): 3}, 9).reading == (
        "No flag recurs. “Too long” was raised on 3 of 9 reviewed pilots."
    )
    assert themes({}, 3).reading == "No flag was raised on 3 reviewed pilots."


def test_a_segment_with_few_decided_pilots_has_plain_counts():
    found = [
        Segment("problem_solution", "acme", 12, recommend_programme(ProgrammeCounts(9, 10))),
        Segment("feature_launch", "wellness", 4, recommend_programme(ProgrammeCounts(3, 4))),
        Segment("gone", "", 3, recommend_programme(ProgrammeCounts(0, 5))),
    ]
    chart = forest(found)
    assert [segment.label for segment in chart.segments] == [
        "Feature launch × Wellness", "Problem and solution × Acme", "gone × no brand"
    ]  # fmt: skip
    assert [segment.plain_counts for segment in chart.segments] == [True, False, False]
    assert chart.reading == (
        "3 segments: 1 PROCEED, 1 STOP, 1 NO VERDICT YET. "
        "The highest lower bound: Problem and solution × Acme, 90% (9 of 10, 60–98%). "
        "1 has fewer than 5 decided pilots."
    )


def test_the_timeline_counts_too_early_with_the_others():
    badges = [Badge(f"p{n}", "C", day(n + 1), verdict, "final", "code", "Why") for n, verdict in enumerate(
        ["PROCEED", None, "STOP", None]
    )]  # fmt: skip
    assert timeline(badges, 4).reading == "4 pilots: 1 PROCEED, 1 STOP, 2 NO VERDICT YET."
    assert badges[1].label == "NO VERDICT YET"
