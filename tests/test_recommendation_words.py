"""What a recommendation says in full, for each reason code: its summary, its reasons with their attempts, its risks."""

from typing import NamedTuple

import pytest

from pilot_core.domain.pilot import PilotRun
from pilot_core.insight.recommend import CODES, recommend
from tests.sketches import sketch
from tests.test_recommendation import COMPLETED, DROPPED

EXTERNAL = DROPPED | {"drop_external": True}


class Said(NamedTuple):
    """The code, the summary, the reasons (text, attempts, number of quotes) and the risks."""

    code: str
    summary: str
    reasons: list[tuple[str, list[int], int]]
    risks: list[str]


SAID: dict[str, tuple[PilotRun, Said]] = {
    "dropped for a reason that was not ours": (
        sketch("m", **EXTERNAL),
        Said(
            "dropped_external",
            "The pilot was dropped for a reason that was not ours, so it says nothing about the videos.",
            [("Dropped for a reason that was not ours. The reason given: “The launch was called off”.", [], 0)],
            [],
        ),
    ),
    "dropped before a first cut": (
        sketch(**DROPPED),
        Said(
            "dropped_before_first_cut",
            "The pilot was dropped before a first cut was ready.",
            [("There was no cut to judge. The reason given: “The launch was called off”.", [], 0)],
            [],
        ),
    ),
    "dropped after one attempt": (
        sketch("m", **DROPPED),
        Said(
            "dropped",
            "The pilot was dropped after one attempt.",
            [("Dropped after attempt 1. The reason given: “The launch was called off”.", [1], 1)],
            [],
        ),
    ),
    "dropped after major changes": (
        sketch("m", "M", **DROPPED),
        Said(
            "dropped",
            "The pilot was dropped after 2 attempts; the last review asked for major changes.",
            [
                ("Dropped after attempts 1 and 2. The reason given: “The launch was called off”.", [1, 2], 2),
                ("The last review, of attempt 2, asked for major changes.", [2], 1),
            ],
            [],
        ),
    ),
    "dropped with a flag that persists": (
        sketch("m{too_long}", "m{too_long}", **DROPPED),
        Said(
            "dropped",
            "The pilot was dropped after 2 attempts; what was flagged before still stands.",
            [
                ("Dropped after attempts 1 and 2. The reason given: “The launch was called off”.", [1, 2], 2),
                ("“Too long” was raised on attempts 1 and 2 and still stands.", [1, 2], 2),
            ],
            [],
        ),
    ),
    "dropped after effort": (
        sketch("m", "m", "m", **DROPPED),
        Said(
            "dropped_after_effort",
            "The pilot was dropped after 3 attempts, without major changes asked for last.",
            [("Dropped after attempts 1, 2 and 3. The reason given: “The launch was called off”.", [1, 2, 3], 3)],
            [],
        ),
    ),
    "no attempt": (sketch(), Said("no_attempts", "There is no attempt yet.", [], [])),
    "simulated": (
        sketch("sA", "sA"),
        Said(
            "simulated_only",
            "No person has given feedback yet.",
            [("The feedback on attempts 1 and 2 is simulated, which is not counted.", [1, 2], 0)],
            [],
        ),
    ),
    "unheard": (
        sketch("?"),
        Said(
            "awaiting_feedback",
            "No person has given feedback yet.",
            [("There is no feedback on attempt 1.", [1], 0)],
            [],
        ),
    ),
    "approved": (
        sketch("A"),
        Said("approved", "Alice Chen approved attempt 1.", [("Alice Chen approved attempt 1.", [1], 1)], []),
    ),
    "approved with risks": (
        sketch("M!", "M", "M", "A"),
        Said(
            "approved_with_risk",
            "Alice Chen approved attempt 4, but not without risks.",
            [("Alice Chen approved attempt 4.", [4], 1)],
            ["SLA missed on attempt 1", "4 attempts, more than 3", "3 majors, on attempts 1, 2 and 3"],
        ),
    ),
    "major changes three times": (
        sketch("M", "M", "M"),
        Said(
            "majors_repeated",
            "Major changes were asked for 3 times.",
            [("Major changes were asked for on attempts 1, 2 and 3.", [1, 2, 3], 3)],
            ["3 majors, on attempts 1, 2 and 3"],
        ),
    ),
    "major changes and a flag that persists": (
        sketch("M{hook_weak}", "M{hook_weak}"),
        Said(
            "majors_persistent",
            "Major changes were asked for 2 times, and what was flagged before still stands.",
            [
                ("Major changes were asked for on attempts 1 and 2.", [1, 2], 2),
                ("“Hook is weak” was raised on attempts 1 and 2 and still stands.", [1, 2], 2),
            ],
            ["2 majors, on attempts 1 and 2"],
        ),
    ),
    "close to an approval at the end": (
        sketch("M", "m", "m", "m", "m"),
        Said(
            "exhausted_close",
            "All 5 attempts are used, without an approval that stands; only minor changes were asked for last.",
            [("The last review, of attempt 5, said: minor changes.", [5], 1)],
            ["5 attempts, more than 3"],
        ),
    ),
    "all attempts used": (
        sketch("m{too_long}", "m{too_long}", "m", "m{too_long}", "m{too_long}"),
        Said(
            "exhausted",
            "All 5 attempts are used, without an approval that stands.",
            [
                ("The last review, of attempt 5, said: minor changes.", [5], 1),
                ("“Too long” was raised on attempts 1, 2, 4 and 5 and still stands.", [1, 2, 4, 5], 4),
            ],
            ["5 attempts, more than 3"],
        ),
    ),
    "the latest is unheard": (
        sketch("m", "?"),
        Said(
            "awaiting_feedback",
            "No person has given feedback on attempt 2 yet.",
            [("No person has given feedback on attempt 2 yet.", [2], 0)],
            [],
        ),
    ),
    "completed without a decision": (
        sketch("m", **COMPLETED),
        Said(
            "closed_undecided",
            "The pilot was completed without an approval that stands.",
            [("The last review, of attempt 1, said: minor changes.", [1], 1)],
            [],
        ),
    ),
    "getting worse": (
        sketch("m", "M"),
        Said(
            "struggling",
            "The reviews are not getting closer to an approval.",
            [
                ("Major changes were asked for on attempt 2.", [2], 1),
                ("The decision got worse, from minor changes on attempt 1 to major changes on attempt 2.", [1, 2], 2),
            ],
            [],
        ),
    ),
    "as many majors as make a struggle": (
        sketch("M", "M", "m"),
        Said(
            "struggling",
            "Major changes were asked for 2 times.",
            [("Major changes were asked for on attempts 1 and 2.", [1, 2], 2)],
            ["2 majors, on attempts 1 and 2"],
        ),
    ),
    "under way": (
        sketch("m"),
        Said(
            "in_progress",
            "The pilot is under way, and it is too early to say.",
            [("The last review, of attempt 1, said: minor changes.", [1], 1)],
            [],
        ),
    ),
}


def test_what_nobody_gave_is_not_said() -> None:
    approved = sketch("A")
    approved.runs[0].feedback[0].by = ""
    assert recommend(approved).summary == "A person approved attempt 1."
    dropped = sketch("m", **(DROPPED | {"drop_reason": None}))
    assert [reason.text for reason in recommend(dropped).reasons] == ["Dropped after attempt 1."]


def test_each_code_is_said_here() -> None:
    assert {said.code for _, said in SAID.values()} == set(CODES)


@pytest.mark.parametrize("name", SAID)
def test_the_recommendation_says(name: str) -> None:
    pilot, said = SAID[name]
    result = recommend(pilot)
    reasons = [(reason.text, reason.attempts, len(reason.quotes)) for reason in result.reasons]
    assert Said(result.code, result.summary, reasons, result.risks) == said
