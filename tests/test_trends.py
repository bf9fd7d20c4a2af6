"""Charts over time: limits against a published example, each signal alone, and the one-line readings."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.insight.breakdowns import AttemptOutcome, Badge, Segment, forest, funnel, themes, timeline
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.programme import ProgrammeCounts
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.stats import rate
from pilot_core.insight.trends import (
    DecidedPoint,
    Point,
    Signal,
    SignalKind,
    difference_bounds,
    first_cuts,
    rolling_approval,
    run_chart,
    xmr,
)
from tests.sketches import day

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, "Individuals Control Charts": ten batches' flowrates.
FLOWRATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
FLAT = [10, 12, 10, 12, 10, 12]


def signals(values: list[float], **options: bool) -> list[tuple[str, int, int, int]]:
    return [(s.kind.value, s.side, s.first, s.last) for s in xmr(values, **options).signals]


def points(values: list[float]) -> list[Point]:
    return [Point(f"pilot_{n}", f"Company {n}", 1, day(1) + timedelta(hours=n), v) for n, v in enumerate(values)]


def first_cuts_reading(values: list[float], of: int | None = None) -> str:
    return first_cuts(points(values), of or len(values), 120).reading


def iterations_reading(values: list[float], of: int | None = None) -> str:
    return run_chart(points(values), of or len(values)).reading


def test_limits_of_the_published_example():
    chart = xmr(FLOWRATES)
    assert chart.moving_ranges == pytest.approx((2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5))
    assert chart.limits.mean == pytest.approx(50.81)
    assert chart.limits.mean_range == pytest.approx(1.8778, abs=0.00005)
    # The handbook divides by d2 = 1.128 where 2.66 is 3 / 1.128 rounded.
    assert (chart.limits.low, chart.limits.high) == pytest.approx((45.8159, 55.8041), abs=0.001)
    assert chart.limits.trial
    assert chart.signals == ()


def test_the_limit_of_moving_ranges_is_3_267_times_their_mean():
    assert xmr(FLOWRATES).limits.range_high == pytest.approx(3.267 * 1.87778, abs=0.0001)


def test_on_a_log_scale_the_limits_are_those_of_the_logarithms():
    plain, logged = xmr([math.log(value) for value in FLOWRATES]).limits, xmr(FLOWRATES, log=True).limits
    assert (logged.low, logged.mean, logged.high) == pytest.approx(
        (math.exp(plain.low), math.exp(plain.mean), math.exp(plain.high))
    )


def test_a_time_of_zero_has_limits_too():
    assert xmr([0.0, 10, 12, 11, 9], log=True).limits.low > 0


def test_under_five_points_there_are_no_limits_and_under_twelve_they_are_on_trial():
    assert xmr([1, 2, 3, 4]).limits is None
    assert [xmr(list(range(n))).limits.trial for n in (5, 11, 12)] == [True, True, False]


def test_a_point_outside_the_limits_is_a_signal():
    assert ("outside", 1, 6, 6) in signals([*FLAT, 40, *FLAT])


def test_seven_on_one_side_are_a_signal_and_six_are_not():
    low, high = [1, 2] * 4, [4, 5]
    assert ("one_side", -1, 2, 8) in signals([*high, *low[:7], *high, *high, 9])
    assert not [s for s in signals([*high, *low[:6], *high, *high, 9]) if s[0] == "one_side" and s[1] == -1]


def test_seven_rising_points_are_a_signal_and_six_are_not():
    wave = [5, 3, 6, 2]
    assert ("trend", 1, 4, 10) in signals([*wave, 1, 2, 3, 4, 5, 6, 7, 2])
    assert not [s for s in signals([*wave, 1, 2, 3, 4, 5, 6, 2]) if s[0] == "trend"]
    assert ("trend", -1, 0, 6) in signals([9, 8, 7, 6, 5, 4, 3, 8, 5, 7])


def test_two_of_three_near_a_limit_are_a_signal():
    values = [10, 12] * 8 + [15.5, 11, 15.5] + [10, 12] * 8
    limits = xmr(values).limits
    near = limits.mean + 2 / 3 * (limits.high - limits.mean)
    assert near < 15.5 < limits.high
    assert signals(values) == [("near_limit", 1, 16, 18)]


def test_values_that_do_not_vary_give_no_signal():
    chart = xmr([38.0] * 20)
    assert (chart.limits.low, chart.limits.high, chart.signals) == (38.0, 38.0, ())


@given(st.lists(st.floats(0, 1000), min_size=5, max_size=60))
def test_limits_hold_the_mean_between_them_and_signals_lie_within_the_chart(values):
    chart = xmr(values, log=True)
    assert chart.limits.low <= chart.limits.mean <= chart.limits.high
    assert all(0 <= signal.first <= signal.last < len(values) for signal in chart.signals)
    assert xmr(values, log=True) == chart


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        ([], "No first cut has been timed yet."),
        ([38], "1 first cut timed, 1 within 120 s; limits are drawn from 5."),
        ([38, 60, 130], "3 first cuts timed, 2 within 120 s; limits are drawn from 5."),
        (
            [40, 44, 40, 44, 40],
            "No change: the ups and downs are noise; expect 32–54 s, within the promise of 120 s. "
            "Trial limits, from 5 pilots.",
        ),
        (
            [90, 98] * 4 + [40, 44] * 4,
            "The last 8 are faster than the mean: the change is real; expect 43–92 s, within the promise of 120 s.",
        ),
        (
            [90, 98] * 4 + [40, 44] * 3 + [40, 91],
            "7 of the last 8 are faster than the mean: the change is real; expect 39–110 s, "
            "within the promise of 120 s.",
        ),
        (
            [60, 90, 60, 90, 60, 90, 60, 90, 60, 90, 60, 90],
            "No change: the ups and downs are noise; expect 25–216 s, so the promise of 120 s is not safe.",
        ),
        (
            [200, 210] * 6,
            "No change: the ups and downs are noise; expect 180–233 s, over the promise of 120 s.",
        ),
        (
            [40, 44] * 6 + [110],
            "The latest is slower than the limits allow: look for its cause; expect 29–70 s, "
            "within the promise of 120 s.",
        ),
        (
            [40, 44] * 3 + [110] + [40, 44] * 3,
            "No change now, though 1 pilot before lay outside the limits; expect 24–86 s, "
            "within the promise of 120 s.",
        ),
        (
            [60, 50, 62, 52, 58, 46, 48, 52, 56, 60, 64, 68],
            "The last 7 were each slower than the one before: the change is real; expect 41–77 s, "
            "within the promise of 120 s.",
        ),
    ],
)  # fmt: skip
def test_what_the_chart_of_first_cuts_says_now(values, reading):
    assert first_cuts_reading(values) == reading


def test_a_chart_of_the_latest_says_of_how_many():
    assert first_cuts_reading([40, 44] * 6, 3000).endswith("The latest 12 of 3,000 pilots.")
    assert iterations_reading([1, 2] * 5, 200).startswith("Median 1.5 iterations; 5 of the latest 10 of 200 attempts ")


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        ([], "No attempt with a known number of iterations yet."),
        ([1, 3], "2 attempts, with 1, 3 iterations; a median is drawn from 5."),
        ([1, 2, 1, 2, 1], "Median 1 iteration; 3 of 5 attempts needed one only."),
        (
            [1] * 8 + [3] * 7,
            "Median 1 iteration; 8 of 15 attempts needed one only. The last 7 took more than the median: "
            "there is more rework now.",
        ),
        (
            [3] * 8 + [1] * 7,
            "Median 3 iterations; 7 of 15 attempts needed one only. The last 7 took less: there is less rework now.",
        ),
        ([3] * 7 + [1] * 8 + [2] * 2, "Median 2 iterations; 8 of 17 attempts needed one only."),
    ],
)
def test_what_the_run_chart_says_now(values, reading):
    assert iterations_reading(values) == reading


def test_the_run_chart_has_no_median_line_through_three_points():
    assert run_chart(points([1, 2, 3]), 3).median is None
    assert run_chart(points([3] * 8 + [1] * 7), 15).signals == (Signal(SignalKind.ONE_SIDE, -1, 8, 14),)


def decided(outcomes: str) -> list[DecidedPoint]:
    """Return decided points from a string such as "yyn": approved, approved, not approved."""
    return [
        DecidedPoint(f"pilot_{n}", f"Company {n}", day(1) + timedelta(days=n), letter == "y")
        for n, letter in enumerate(outcomes)
    ]


def test_approval_is_drawn_from_the_fifth_decided_pilot_on_over_the_last_ten():
    chart = rolling_approval(decided("yynynyyynnyy"), 12, 0)
    assert [(w.rate.numerator, w.rate.denominator) for w in chart.windows] == [
        (3, 5), (4, 6), (5, 7), (6, 8), (6, 9), (6, 10), (6, 10), (6, 10)
    ]  # fmt: skip
    assert chart.windows[-1].pilot_ids == tuple(f"pilot_{n}" for n in range(2, 12))
    assert chart.windows[-1].at == day(12)


def test_the_first_window_of_a_long_chart_is_full():
    chart = rolling_approval(decided("y" * 12), 500, 0)
    assert [w.rate.denominator for w in chart.windows] == [10, 10, 10]


def test_open_pilots_bound_the_rate_from_both_sides():
    chart = rolling_approval(decided("yyyyyyyynn"), 10, 6)
    assert (chart.if_open_fail, chart.if_open_pass) == (rate(8, 16), rate(14, 16))


@pytest.mark.parametrize(
    ("outcomes", "still_open", "reading"),
    [
        ("", 0, "0 of 0 decided pilots approved; a rate is drawn from 5."),
        ("yyn", 2, "2 of 3 decided pilots approved; a rate is drawn from 5. 2 pilots still open."),
        ("yyynn", 0, "Of the last 5 decided: 60% (3 of 5, 23–88%)."),
        (
            "ynynynynyn" + "yyynyyynyy",
            1,
            "Of the last 10 decided: 80% (8 of 10, 49–94%); 50% of the ten before them: too little to tell a change. "
            "1 pilot still open.",
        ),
        (
            "nnnnnnnnny" + "yyyyyyyyyn",
            0,
            "Of the last 10 decided: 90% (9 of 10, 60–98%); 10% of the ten before them: the change is real.",
        ),
    ],
)
def test_what_the_approval_chart_says_now(outcomes, still_open, reading):
    assert rolling_approval(decided(outcomes), len(outcomes), still_open).reading == reading


def test_the_interval_of_a_difference_is_the_published_one():
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 873–890, table II, example (a), method 10: 56/70 − 48/80."""
    assert difference_bounds(rate(48, 80), rate(56, 70)) == pytest.approx((0.0524, 0.3339), abs=0.00005)
    assert difference_bounds(rate(0, 0), rate(56, 70)) is None


def test_the_funnel_says_where_pilots_stall():
    chart = funnel(
        {
            (1, AttemptOutcome.APPROVE): 10,
            (1, AttemptOutcome.MINOR): 18,
            (1, AttemptOutcome.DROPPED): 2,
            (3, AttemptOutcome.AWAITING): 6,
            (3, AttemptOutcome.APPROVE): 5,
        }
    )
    assert [(step.attempt_number, step.reached) for step in chart.steps] == [(1, 30), (2, 0), (3, 11)]
    assert chart.reading == (
        "10 of 30 pilots were approved at attempt 1, 15 by attempt 3; "
        "most that wait or were dropped are at attempt 3 (6)."
    )


def test_themes_are_ordered_by_pilots_and_say_what_persists():
    chart = themes(
        {
            ("too_long", FlagState.NEW): 3,
            ("hook_weak", FlagState.RESOLVED): 2,
            ("hook_weak", FlagState.PERSISTENT): 4,
            ("cta_unclear", FlagState.PERSISTENT): 3,
        },
        12,
    )
    assert [(bar.flag, bar.pilots, bar.prevalence) for bar in chart.bars] == [
        ("hook_weak", 6, rate(6, 12)),
        ("cta_unclear", 3, rate(3, 12)),
        ("too_long", 3, rate(3, 12)),
    ]
    assert chart.reading == (
        "“Hook is weak” was raised on 6 of 12 reviewed pilots; it persists with 4, the most of all."
    )
    assert themes({}, 3).reading == "No flag was raised on 3 reviewed pilots."


def test_a_segment_with_few_decided_pilots_has_plain_counts():
    found = [
        Segment("problem_solution", "acme", 12, recommend_programme(ProgrammeCounts(8, 10))),
        Segment("feature_launch", "wellness", 4, recommend_programme(ProgrammeCounts(3, 4))),
        Segment("gone", "", 3, recommend_programme(ProgrammeCounts(0, 3))),
    ]
    chart = forest(found)
    assert [segment.label for segment in chart.segments] == [
        "Feature launch × Wellness", "Problem and solution × Acme", "gone × no brand"
    ]  # fmt: skip
    assert [segment.plain_counts for segment in chart.segments] == [True, False, True]
    assert chart.reading == (
        "3 segments: 1 PROCEED, 1 STOP, 1 TOO EARLY; the surest is Problem and solution × Acme, 80% (8 of 10); "
        "2 with fewer than 5 decided pilots."
    )


def test_the_timeline_counts_too_early_with_the_others():
    badges = [Badge(f"p{n}", "C", day(n + 1), verdict, "final", "code", "Why") for n, verdict in enumerate(
        ["PROCEED", None, "STOP", None]
    )]  # fmt: skip
    assert timeline(badges, 4).reading == "4 pilots: 1 PROCEED, 1 STOP, 2 TOO EARLY."
    assert badges[1].label == "TOO EARLY"
