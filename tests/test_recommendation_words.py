"""What a recommendation says in full, for each reason code: its summary, its reasons with their attempts, its risks."""

from datetime import timedelta
from typing import NamedTuple

import pytest

from pilot_core.clock import utc_now
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.insight.next_outcomes import conditions, next_outcomes
from pilot_core.insight.programme import ProgrammeCounts
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.recommend import CODES, NextOutcome, recommend
from pilot_core.insight.rules import current_rules
from tests.sketches import sketch
from tests.test_recommendation import COMPLETED, DROPPED, IMPORTED

EXTERNAL = DROPPED | {"drop_external": True}
WHY = " The reason given: “The launch was called off”."


class Said(NamedTuple):
    """The code, the summary, the reasons (text, attempts, number of quotes), the risks and the concerns."""

    code: str
    summary: str
    reasons: list[tuple[str, list[int], int]]
    risks: list[str] = []  # noqa: RUF012
    concerns: list[str] = []  # noqa: RUF012


SAID: dict[str, tuple[PilotRun, Said]] = {
    "dropped for an outside reason": (
        sketch("m", **EXTERNAL),
        Said(
            "dropped_external",
            "The pilot was dropped for an outside reason and is left out of the results.",
            [("Dropped for an outside reason." + WHY, [], 0)],
        ),
    ),
    "dropped before a first cut": (
        sketch(**DROPPED),
        Said(
            "dropped_before_first_cut",
            "The pilot was dropped before a first cut was ready.",
            [("There was no video to review." + WHY, [], 0)],
        ),
    ),
    "dropped before any review": (
        sketch("?", **DROPPED),
        Said(
            "dropped_unreviewed",
            "The pilot was dropped before a person reviewed it.",
            [("Dropped after attempt 1, without a review by a person." + WHY, [1], 0)],
        ),
    ),
    "dropped after major changes": (
        sketch("m{too_long}", "M{too_long}", **DROPPED),
        Said(
            "dropped",
            "The pilot was dropped after a review that asked for major changes.",
            [
                ("Dropped after attempts 1 and 2." + WHY, [1, 2], 2),
                ("“Too long” was raised on attempts 1 and 2 and is still open.", [1, 2], 2),
                ("The latest review, of attempt 2, asked for major changes.", [2], 1),
            ],
        ),
    ),
    "dropped with a flag that persists": (
        sketch("m{too_long}", "m{too_long}", **DROPPED),
        Said(
            "dropped",
            "The pilot was dropped, and “Too long” is still open.",
            [
                ("Dropped after attempts 1 and 2." + WHY, [1, 2], 2),
                ("“Too long” was raised on attempts 1 and 2 and is still open.", [1, 2], 2),
            ],
        ),
    ),
    "dropped after effort": (
        sketch("m", "m", "m", **DROPPED),
        Said(
            "dropped_after_effort",
            "The pilot was dropped. The latest review did not ask for major changes.",
            [("Dropped after attempts 1, 2 and 3." + WHY, [1, 2, 3], 3)],
        ),
    ),
    "no attempt": (sketch(), Said("no_attempts", "There is no attempt yet.", [])),
    "simulated": (
        sketch("sA", "sA"),
        Said(
            "simulated_only",
            "No person has given feedback yet.",
            [("The feedback on attempts 1 and 2 is simulated, which is not counted.", [1, 2], 0)],
        ),
    ),
    "unheard": (
        sketch("?"),
        Said(
            "awaiting_feedback",
            "No person has given feedback yet.",
            [("There is no feedback on attempt 1.", [1], 0)],
        ),
    ),
    "approved": (
        sketch("A"),
        Said("approved", "Alice Chen approved attempt 1.", [("Alice Chen approved attempt 1.", [1], 1)]),
    ),
    "approved with risks": (
        sketch("M!", "M", "M", "A"),
        Said(
            "approved_with_risk",
            "Alice Chen approved attempt 4, with risks.",
            [("Alice Chen approved attempt 4.", [4], 1)],
            ["SLA missed on attempt 1", "4 attempts, more than 3", "3 rounds of major changes, on attempts 1, 2 and 3"],
        ),
    ),
    "approved without an approving review": (
        sketch("m", **IMPORTED),
        Said(
            "approved_with_risk",
            "The pilot is approved, with risks.",
            [
                ("The pilot is approved.", [], 0),
                ("The latest review, of attempt 1, asked for minor changes.", [1], 1),
            ],
            ["No approving review is recorded"],
        ),
    ),
    "major changes three times": (
        sketch("M", "M", "M"),
        Said(
            "majors_repeated",
            "3 rounds of major changes, the latest on attempt 3.",
            [("Major changes were asked for on attempts 1, 2 and 3.", [1, 2, 3], 3)],
            ["3 rounds of major changes, on attempts 1, 2 and 3"],
        ),
    ),
    "major changes and flags that persist": (
        sketch("M{hook_weak,too_long}", "M{hook_weak,too_long}"),
        Said(
            "majors_persistent",
            "2 rounds of major changes, and 2 earlier flags are still open.",
            [
                ("Major changes were asked for on attempts 1 and 2.", [1, 2], 2),
                ("“Hook is weak” was raised on attempts 1 and 2 and is still open.", [1, 2], 2),
                ("“Too long” was raised on attempts 1 and 2 and is still open.", [1, 2], 2),
            ],
            ["2 rounds of major changes, on attempts 1 and 2"],
        ),
    ),
    "minor changes at the end": (
        sketch("M", "m{too_long}", "m", "m", "m{too_long}"),
        Said(
            "exhausted_close",
            "All 5 attempts are used, and the latest review asked for minor changes.",
            [
                ("The latest review, of attempt 5, asked for minor changes.", [5], 1),
                ("“Too long” was raised on attempts 2 and 5 and is still open.", [2, 5], 2),
            ],
            ["5 attempts, more than 3"],
        ),
    ),
    "all attempts used": (
        sketch("M", max_attempts=1),
        Said(
            "exhausted",
            "The one attempt there may be is used, and the latest review asked for major changes.",
            [("The latest review, of attempt 1, asked for major changes.", [1], 1)],
        ),
    ),
    "the latest is unheard": (
        sketch("m{too_long}", "M{too_long}", "?"),
        Said(
            "awaiting_feedback",
            "No person has reviewed attempt 3 yet.",
            [("No person has reviewed attempt 3 yet.", [3], 0)],
            concerns=[
                "1 round of major changes, on attempt 2.",
                "“Too long” was raised on attempts 1 and 2 and is still open.",
            ],
        ),
    ),
    "completed without a decision": (
        sketch("m", **COMPLETED),
        Said(
            "closed_undecided",
            "The pilot was completed without a decision.",
            [("The latest review, of attempt 1, asked for minor changes.", [1], 1)],
        ),
    ),
    "getting worse": (
        sketch("A", "m"),
        Said(
            "struggling",
            "The reviews are not getting closer to an approval.",
            [("The decision got worse, from an approval on attempt 1 to minor changes on attempt 2.", [1, 2], 2)],
        ),
    ),
    "getting worse, with one round of major changes": (
        sketch("m", "M"),
        Said(
            "struggling",
            "The reviews are not getting closer to an approval.",
            [("The decision got worse, from minor changes on attempt 1 to major changes on attempt 2.", [1, 2], 2)],
        ),
    ),
    "major changes after major changes": (
        sketch("M", "m", "M"),
        Said(
            "struggling",
            "The reviews are not getting closer to an approval.",
            [
                ("Major changes were asked for on attempts 1 and 3.", [1, 3], 2),
                ("The decision got worse, from minor changes on attempt 2 to major changes on attempt 3.", [2, 3], 2),
            ],
            ["2 rounds of major changes, on attempts 1 and 3"],
        ),
    ),
    "the same flag again and again": (
        sketch("m{too_long}", "m{too_long}", "m{too_long}"),
        Said(
            "stuck",
            "“Too long” was raised on 3 reviewed attempts, the latest included.",
            [("“Too long” was raised on attempts 1, 2 and 3 and is still open.", [1, 2, 3], 3)],
        ),
    ),
    "under way": (
        sketch("m{too_long}"),
        Said(
            "in_progress",
            "The pilot is in progress, with no verdict yet.",
            [("The latest review, of attempt 1, asked for minor changes.", [1], 1)],
            concerns=["“Too long” was raised on attempt 1 and is still open."],
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
    assert Said(result.code, result.summary, reasons, result.risks, result.concerns) == said


@pytest.mark.parametrize(
    ("pilot", "expected"),
    [
        (
            sketch("M{hook_weak}", "M", "?"),
            [
                ("If attempt 3 is approved", "PROCEED", "Approved, with risks"),
                ("If attempt 3 gets minor changes", "NO VERDICT YET", "In progress"),
                ("If attempt 3 gets major changes", "STOP", "Repeated major changes"),
            ],
        ),
        (
            sketch("m", "x"),
            [
                ("If attempt 2 is approved", "PROCEED", "Approved"),
                ("If attempt 2 gets minor changes", "NO VERDICT YET", "In progress"),
                ("If attempt 2 gets major changes", "REVISE", "Struggling"),
            ],
        ),
        (
            sketch("m", "M", max_attempts=2),
            [
                ("If the pilot is dropped for our own reasons", "STOP", "Dropped"),
                ("If the pilot is dropped for an outside reason", "NOT COUNTED", "Dropped for an outside reason"),
                ("If the attempt limit is raised", "REVISE", "Struggling"),
            ],
        ),
        (sketch("A"), []),
    ],
)
def test_the_next_outcomes_say_what_each_would_give(pilot: PilotRun, expected: list[tuple[str, str, str]]) -> None:
    found = next_outcomes(pilot)
    assert [(way.outcome, way.label, way.words) for way in found] == expected
    assert [condition for condition, _ in conditions(found)] == [condition for condition, _, _ in expected]


def test_of_a_pilot_without_an_attempt_the_first_one_is_next() -> None:
    assert [condition for condition, _ in conditions(next_outcomes(sketch()))] == [
        "If attempt 1 is approved",
        "If attempt 1 gets minor changes or gets major changes",
    ]


def test_the_next_outcomes_follow_the_rules_that_are_given() -> None:
    pilot = sketch("M", "?")
    strict = current_rules().model_copy(update={"majors_stop": 2})
    assert [next_outcomes(pilot, rules)[-1].label for rules in (None, strict)] == ["REVISE", "STOP"]


def test_the_next_decision_stands_whatever_an_attempt_that_is_not_ready_already_has() -> None:
    """An imported attempt that is being made can have a review, even with a time that has not come."""
    pilot = sketch("M", "M")
    pilot.runs[1].state = AttemptState.RENDERING
    pilot.runs[1].feedback[0].received_at = utc_now() + timedelta(days=400)
    assert next_outcomes(pilot)[1][2:] == next_outcomes(sketch("M", "?"))[1][2:] == ("NO VERDICT YET", "In progress")


def test_outcomes_that_give_the_same_result_are_said_once() -> None:
    def told(approved: int, decided: int) -> list[tuple[str, str]]:
        ways = recommend_programme(ProgrammeCounts(approved, decided)).next_outcomes
        return [(condition, way.label) for condition, way in conditions(ways)]

    assert told(30, 40) == [("However the next pilot ends", "PROCEED")]
    assert told(8, 10) == [
        ("If the next pilot is approved", "PROCEED"),
        ("If the next pilot is not approved or is dropped for an outside reason", "NO VERDICT YET"),
    ]
    assert told(5, 5) == [
        ("If the next pilot is approved or is dropped for an outside reason", "PROCEED"),
        ("If the next pilot is not approved", "NO VERDICT YET"),
    ]
    assert conditions([]) == []
    ways = [NextOutcome("the next pilot", event, "PROCEED", "Approved") for event in ("is approved", "is dropped")]
    assert conditions(ways) == [("However the next pilot ends", ways[0])]
    assert conditions(ways[:1]) == [("If the next pilot is approved", ways[0])]
