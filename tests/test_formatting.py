from datetime import UTC, datetime, timedelta, timezone

import pytest

from pilot_core import formatting

NOON = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formatting.seconds(38.2), "38 s"),
        (formatting.seconds(2.44), "2.4 s"),
        (formatting.seconds(0.0), "0 s"),
        (formatting.seconds(9.96), "10 s"),
        (formatting.seconds(9999), "9,999 s"),
        (formatting.dollars(0.26), "$0.26"),
        (formatting.dollars(0), "$0.00"),
        (formatting.dollars(0.001), "under $0.01"),
        (formatting.dollars(1234.5), "$1,234.50"),
        (formatting.percent(0.714), "71%"),
        (formatting.rate(10, 14, 0.4535, 0.8828), "71% (10 of 14, 45–88%)"),
        (formatting.rate(0, 2, 0.0, 0.6576), "0% (0 of 2, 0–66%)"),
        (formatting.rate(1, 2, None, None), "50% (1 of 2)"),
        (formatting.rate(0, 0, None, None), "–"),
        (formatting.count(2.4, "iteration"), "2.4 iterations"),
        (formatting.count(1, "attempt"), "1 attempt"),
        (formatting.count(1.0, "iteration"), "1 iteration"),
        (formatting.count(0, "attempt"), "0 attempts"),
        (formatting.count(1200, "pilot"), "1,200 pilots"),
        (formatting.at_least(1000, "pilot", more=True), "1,000+ pilots"),
        (formatting.at_least(1000, "pilot", more=False), "1,000 pilots"),
        (formatting.day(NOON), "15 January 2024"),
        (formatting.moment(NOON), "15 Jan 2024, 12:00 UTC"),
        (formatting.moment(datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))), "31 Dec 2023, 22:30 UTC"),
        (formatting.timecode(65.25), "1:05.2"),
        (formatting.timecode(59.96), "1:00.0"),
        (formatting.timecode(0), "0:00.0"),
        (formatting.timecode(3600), "60:00.0"),
    ],
)
def test_figures_and_times_read_as_the_reference_says(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_is_missing_is_a_dash_and_never_zero(value: float | None) -> None:
    shown = [
        formatting.seconds(value),
        formatting.dollars(value),
        formatting.percent(value),
        formatting.count(value, "attempt"),
        formatting.timecode(value),
    ]
    assert shown == ["–"] * 5


def test_a_missing_moment_is_a_dash() -> None:
    assert [formatting.day(None), formatting.moment(None), formatting.ago(None, NOON)] == ["–"] * 3


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-59), "just now"),
        (timedelta(minutes=5, seconds=59), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=45), "45 days ago"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit_that_says_enough(away: timedelta, expected: str) -> None:
    assert formatting.ago(NOON - away, NOON) == expected
