"""The forecast of open pilots covers what it says it covers."""

from fractions import Fraction
from math import comb

import pytest

from pilot_core.insight.forecast import forecast


def chance(number: int, still_open: int, approved: int, decided: int) -> Fraction:
    """The chance that that many open pilots are approved, by exact integration over the approval rate."""

    def beta(a: int, b: int) -> Fraction:
        return Fraction(1, (a + b - 1) * comb(a + b - 2, a - 1))

    a, b = approved + 1, decided - approved + 1
    return comb(still_open, number) * beta(number + a, still_open - number + b) / beta(a, b)


@pytest.mark.parametrize(("approved", "decided", "still_open"), [(5, 5, 1), (0, 7, 9), (8, 12, 6), (30, 50, 40)])
def test_the_range_holds_four_fifths_of_cases_and_no_end_could_be_left_out(
    approved: int, decided: int, still_open: int
) -> None:
    found = forecast(approved, decided, still_open)
    assert found
    chances = [chance(number, still_open, approved, decided) for number in range(still_open + 1)]
    assert sum(chances) == 1
    assert sum(chances[found.low : found.high + 1]) >= Fraction(4, 5)
    assert sum(chances[: found.low]) < Fraction(1, 10) <= sum(chances[: found.low + 1])
    assert sum(chances[: found.high]) < Fraction(9, 10) <= sum(chances[: found.high + 1])


def test_nothing_is_forecast_from_few_or_for_none() -> None:
    assert forecast(4, 4, 3) is None
    assert forecast(8, 12, 0) is None


def test_the_sentence_says_its_condition() -> None:
    found = forecast(8, 12, 6)
    assert found
    assert found.sentence == (
        f"If the 6 open pilots end like the 12 decided pilots, {found.low} to {found.high} are approved in at least "
        "80% of cases."
    )
    assert forecast(5, 5, 1).sentence == (  # type: ignore[union-attr]
        "If the 1 open pilot ends like the 5 decided pilots, 0 to 1 are approved in at least 80% of cases."
    )
