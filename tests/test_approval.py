"""Approval over time: blocks of ten that never change, and a CUSUM with a known rate of false alarms."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.insight.approval import (
    BLOCK,
    Approval,
    DecidedPoint,
    History,
    approval_chart,
    cusum_for,
    fall_in,
    run_length,
)
from tests.sketches import day

CUSUM = cusum_for(0.60, 0.40)


def chart(outcomes: str, still_open: int = 0, latest: int = 1000) -> Approval:
    """Return the chart of pilots decided a day apart, from a string such as "yyn": approved, approved, not approved."""
    decided = [
        DecidedPoint(f"pilot_{n}", f"Company {n}", day(1) + timedelta(days=n), letter == "y")
        for n, letter in enumerate(outcomes)
    ]
    history = History([point.approved for point in decided], [point.at.timestamp() for point in decided])
    return approval_chart(decided[-latest:], history, still_open, CUSUM)


def exact_run_length(approval: float, limit: int) -> float:
    """Return the mean of the first time to the limit, from the chain's distribution pilot by pilot."""
    levels, mean = [1.0] + [0.0] * (limit - 1), 0.0
    for _ in range(200_000):
        mean += sum(levels)
        rest = [0.0] * limit
        for level, p in enumerate(levels):
            rest[max(0, level - 1)] += p * approval
            if level + 1 < limit:
                rest[level + 1] += p * (1 - approval)
        levels = rest
        if sum(levels) < 1e-12:
            return mean
    raise AssertionError("the chain does not end")


def test_the_limit_is_the_lowest_with_a_run_length_of_200_pilots():
    """ln(.6/.4) is both weights of a fall from .60 to .40, so each pilot is one step up or down."""
    assert (CUSUM.up, CUSUM.down, CUSUM.limit) == (1, 1, 7)
    assert CUSUM.run_length == pytest.approx(exact_run_length(0.60, 7))
    assert exact_run_length(0.60, 6) < 200 <= exact_run_length(0.60, 7)
    assert run_length(0.40, 1, 1, 7) == pytest.approx(exact_run_length(0.40, 7))
    assert run_length(0.40, 1, 1, 7) < 26


@given(st.floats(0.3, 0.9), st.floats(0.1, 0.8))
def test_other_targets_have_a_limit_too(good, bad):
    if good - bad > 0.1:
        found = cusum_for(round(good, 2), round(bad, 2))
        assert found.run_length >= 200
        assert run_length(bad, found.up, found.down, found.limit) < found.run_length


def test_a_stable_rate_alarms_about_once_in_200_pilots():
    chance, lengths = random.Random(5), []
    for _ in range(400):
        level = n = 0
        while level < CUSUM.limit:
            level = max(0, level + (1 if chance.random() > 0.6 else -1))
            n += 1
        lengths.append(n)
    assert sum(lengths) / len(lengths) == pytest.approx(CUSUM.run_length, rel=0.15)


def test_an_alarm_lasts_until_the_score_is_back_at_0():
    def fall(outcomes: str) -> int | None:
        return fall_in([letter == "y" for letter in outcomes], CUSUM)

    assert fall("y" * 10 + "n" * 6) is None
    assert fall("y" * 10 + "n" * 7) == 10
    assert fall("y" * 10 + "n" * 7 + "y" * 6) == 10
    assert fall("y" * 10 + "n" * 7 + "y" * 7) is None
    assert fall("nyy" * 5 + "nnny" * 4) == 15
    assert fall("") is None


def test_a_fall_is_that_of_the_score_kept_pilot_by_pilot() -> None:
    chance, cusum = random.Random(5), cusum_for(0.6, 0.4)
    fallen = 0
    for _ in range(2000):
        approval = chance.random()
        approved = [chance.random() < approval for _ in range(chance.randint(0, 90))]
        level, began, alarm = 0, 0, False
        for place, good in enumerate(approved):
            began = began if level else place
            level = max(0, level - cusum.down) if good else level + cusum.up
            alarm = level >= cusum.limit or (alarm and level > 0)
        assert fall_in(approved, cusum) == (began if alarm else None)
        fallen += alarm
    assert 200 < fallen < 1800


def test_blocks_are_disjoint_and_only_the_latest_may_fill():
    found = chart("y" * 10 + "yyyyynnnnn" + "nny")
    assert [(b.rate.numerator, b.rate.denominator, b.full) for b in found.blocks] == [
        (10, 10, True), (5, 10, True), (1, 3, False)
    ]  # fmt: skip
    assert found.blocks[1].pilot_ids == tuple(f"pilot_{n}" for n in range(10, 20))
    assert (found.blocks[1].first, found.blocks[1].last) == (day(11), day(20))


@given(st.text("yn", min_size=5, max_size=60), st.integers(0, 40), st.integers(BLOCK, 40))
def test_a_full_block_stays_as_it_is_whatever_follows_and_however_many_are_read(outcomes, more, latest):
    later = chart(outcomes + "y" * more)
    before = chart(outcomes)
    full = [block for block in before.blocks if block.full]
    assert list(later.blocks[: len(full)]) == full
    cut = chart(outcomes, latest=latest)
    assert list(cut.blocks) == list(before.blocks[len(before.blocks) - len(cut.blocks) :])
    assert cut.before % BLOCK == 0
    assert sum(block.rate.denominator for block in cut.blocks) == cut.of - cut.before
    assert (cut.fall, cut.reading) == (before.fall, before.reading)


@pytest.mark.parametrize(
    ("outcomes", "still_open", "reading"),
    [
        ("", 0, "0 of 0 decided pilots approved. A rate is drawn from 5."),
        ("yyn", 2, "2 of 3 decided pilots approved. A rate is drawn from 5. 2 pilots still open."),
        (
            "yyynn",
            0,
            "No sign of a fall from 60% to 40%. The latest block: 60% (3 of 5, 23–88%), not full yet.",
        ),
        (
            "ynynynynyn" + "yyynyyynyy",
            1,
            "No sign of a fall from 60% to 40%. The latest block: 80% (8 of 10, 49–94%). 1 pilot still open.",
        ),
        (
            "yyyyyyyyyy" + "ynnnnnnnyn",
            0,
            "A fall since 12 January 2026: such an alarm comes by chance about once in 200 pilots while 60% are "
            "approved. The latest block: 20% (2 of 10, 6–51%).",
        ),
        (
            "nnnnnnnnny",
            0,
            "Approval under 60% since the first decided pilot, 1 January 2026: such an alarm comes by chance about "
            "once in 200 pilots while 60% are approved. The latest block: 10% (1 of 10, 2–40%).",
        ),
    ],
)
def test_what_the_chart_of_approval_says(outcomes, still_open, reading):
    assert chart(outcomes, still_open).reading == reading
