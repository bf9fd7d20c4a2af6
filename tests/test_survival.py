"""Time to an event with censored cases, against published and hand-calculated examples, and statsmodels."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core.insight.survival import MOST_STEPS, cumulative_incidence, kaplan_meier, survival_curve
from pilot_core.insight.times_to import APPROVED, CENSORED, ENDED, TimeTo

# Weeks of remission under 6-MP: E. J. Freireich et al., Blood 21 (1963) 699–716; the first nine relapsed. The estimates
# are those printed in D. R. Cox and D. Oakes, "Analysis of Survival Data" (1984), and in most textbooks since.
REMISSION = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [True] * 9 + [False] * 12
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}

# Months to death from breast cancer (1) or another cause (2): J. M. Satagopan et al., British Journal of Cancer 91
# (2004) 1229–1235, table 2; the nine patients listed and the other 296 of 305, who were all followed for longer.
MONTHS = [7, 10, 14, 16, 18, 23, 24, 26, 27] + [40] * 296
CAUSES = [0, 1, 0, 1, 2, 1, 0, 2, 1] + [0] * 296


def test_kaplan_meier_gives_the_published_estimates_of_the_remission_times():
    curve = survival_curve(REMISSION, RELAPSED)
    assert dict(zip(curve.times, [round(share, 3) for share in curve.share], strict=True)) == PUBLISHED


def test_the_median_remission_is_the_published_23_weeks_with_its_log_log_interval():
    assert kaplan_meier(REMISSION, RELAPSED) == TimeTo(n=21, events=9, median=23.0, low=13.0, high=None)


def test_kaplan_meier_by_hand():
    """Five cases: events at 2 and 4, the second of two at 3 censored. 4/5, then 3/4 of it, then half of that."""
    curve = survival_curve([2, 3, 3, 4, 5], [True, True, False, True, False])
    assert curve.times == (2.0, 3.0, 4.0)
    assert curve.share == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 1 / 2])


def test_the_bounds_of_kaplan_meier_by_hand():
    """At week 6: S = 18/21, Greenwood's se(log S) = sqrt(3 / (21 × 18)); the interval is S^exp(±1.96 se / log S)."""
    curve = survival_curve(REMISSION, RELAPSED)
    share = 18 / 21
    reach = 1.959964 * np.sqrt(3 / (21 * 18)) / np.log(share)
    assert (curve.low[0], curve.high[0]) == pytest.approx((share ** np.exp(-reach), share ** np.exp(reach)))


def test_cumulative_incidence_gives_the_published_risk_sets_and_increments():
    found = cumulative_incidence(MONTHS, CAUSES)
    assert found.approved.times == (10.0, 16.0, 23.0, 27.0)
    steps = np.diff(found.approved.share, prepend=0)
    assert [f"{step:.1%}" for step in steps] == ["0.3%"] * 4
    at_risk = {10: 304, 16: 302, 18: 301, 23: 300, 26: 298, 27: 297}
    survived, incidence = Fraction(1), {1: Fraction(0), 2: Fraction(0)}
    for month, n in at_risk.items():
        cause = CAUSES[MONTHS.index(month)]
        incidence[cause] += survived / n
        survived *= 1 - Fraction(1, n)
    assert found.approved.share[-1] == pytest.approx(float(incidence[1]))
    assert found.ended.share[-1] == pytest.approx(float(incidence[2]))
    assert (found.n_approved, found.n_ended, found.n_open) == (4, 2, 299)


def test_competing_ends_by_hand():
    """Four pilots: approved on day 1, dropped on day 2, open since day 3, approved on day 4 when alone at risk."""
    found = cumulative_incidence([1, 2, 3, 4], [APPROVED, ENDED, CENSORED, APPROVED])
    assert found.approved.share == pytest.approx((1 / 4, 1 / 4 + 1 / 2))
    assert found.ended.share == pytest.approx((1 / 4,))
    assert found.time_to_approval.median == 4.0
    assert found.at_risk[:5] == ((0.0, 4), (1.0, 4), (2.0, 3), (3.0, 2), (4.0, 1))
    assert found.reading == (
        "2 of 4 pilots approved, 1 ended without, 1 still open. Half of all pilots are approved by day 4 "
        "(estimated, since some are still open)."
    )


def test_dropped_pilots_keep_the_share_of_approved_ones_down():
    dropped = cumulative_incidence([1, 2, 3, 4], [ENDED, ENDED, ENDED, APPROVED])
    assert dropped.approved.share == pytest.approx((1 / 4,))
    assert dropped.time_to_approval.median is None
    assert dropped.reading.endswith("Half of all pilots are not approved yet.")


@pytest.mark.parametrize(
    ("ends", "reading"),
    [
        ([], "No pilot yet."),
        ([CENSORED], "0 of 1 pilot approved, 0 ended without, 1 still open."),
        ([ENDED], "0 of 1 pilot approved, 1 ended without, 0 still open."),
        ([APPROVED], "1 of 1 pilot approved, 0 ended without, 0 still open. Half of all pilots are approved by day 4."),
    ],
)
def test_a_cohort_of_none_or_one_is_no_error_and_no_certainty(ends, reading):
    found = cumulative_incidence([3.2] * len(ends), ends)
    assert found.reading == reading
    assert {*found.approved.low, *found.approved.high, found.time_to_approval.low} <= {None}


def test_without_an_event_there_is_no_median():
    assert kaplan_meier([1, 2], [False, False]) == TimeTo(2, 0, None, None, None)
    assert survival_curve([], []).times == ()


def test_a_long_curve_is_drawn_with_few_steps_and_ends_where_it_ends():
    days = np.arange(1, 5001)
    found = cumulative_incidence(days, np.full(5000, APPROVED))
    assert len(found.approved.times) == MOST_STEPS
    assert (found.approved.times[-1], found.approved.share[-1]) == (5000.0, pytest.approx(1.0))
    assert found.time_to_approval.median == 2500.0


@pytest.mark.parametrize(("days", "day"), [(0.0, 1), (0.4, 1), (4.0, 4), (4.0 + 1e-9, 4), (4.01, 5), (8.6, 9)])
def test_half_are_not_called_approved_before_they_are(days, day):
    reading = cumulative_incidence([days], [APPROVED]).reading
    assert reading.endswith(f"Half of all pilots are approved by day {day}.")


cases = st.lists(st.tuples(st.integers(0, 30), st.sampled_from((CENSORED, APPROVED, ENDED))), min_size=1, max_size=40)


@settings(deadline=None, max_examples=60)
@given(cases)
def test_shares_only_grow_stay_within_their_bounds_and_never_add_up_to_more_than_all(given_cases):
    days, ends = zip(*given_cases, strict=True)
    found = cumulative_incidence(days, ends)
    for curve in (found.approved, found.ended):
        assert list(curve.share) == sorted(curve.share)
        for low, share, high in zip(curve.low, curve.share, curve.high, strict=True):
            assert low is None or low <= share + 1e-9
            assert high is None or high >= share - 1e-9
    assert sum(curve.share[-1] for curve in (found.approved, found.ended) if curve.share) <= 1 + 1e-9
    assert found.n == found.n_approved + found.n_ended + found.n_open == len(given_cases)
