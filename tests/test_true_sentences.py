"""No sentence of a verdict is false by its own data: random pilots and programmes, and a checker for each sentence.

The checkers read the data anew, without the code that makes the sentences, and a sentence that none of
them knows fails.
"""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from math import comb

import pytest

from pilot_core import catalog
from pilot_core.domain.attempt import AttemptState, Draft, PilotRunAttempt, Shot
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.errors import PilotError
from pilot_core.insight.forecast import forecast
from pilot_core.insight.next_outcomes import conditions, next_outcomes
from pilot_core.insight.programme import ProgrammeCounts
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.recommend import CODES, Recommendation, recommend
from tests.crowd import crowd
from tests.sketches import sketch

RANK = {"major_changes": 0, "minor_changes": 1, "approve": 2}
SAID = {"major changes": "major_changes", "minor changes": "minor_changes", "an approval": "approve"}
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def how_many(request: pytest.FixtureRequest) -> int:
    return 5000 if request.config.getoption("everything") else 800


def some_pilots(how_many: int, seed: int = 22) -> list[PilotRun]:
    """Return pilots, half of them as the product makes them and half of every kind that an import can bring."""
    chance = random.Random(seed)
    return [_usual_pilot(chance) for _ in range(how_many // 2)] + crowd(how_many - how_many // 2, seed)


def _usual_pilot(chance: random.Random) -> PilotRun:
    limit = chance.randint(1, 7)
    letters = [chance.choice("MMmmm") + _flags(chance) + chance.choice(("", "", "!")) for _ in range(limit)]
    letters = letters[: chance.randint(0, limit)]
    if letters and chance.random() < 0.4:
        letters[-1] = chance.choice(("A", "A{too_long}", "?", "?", "sA", "x", "q"))
    ended = chance.choice(({}, {}, {}, {}, {"status": PilotStatus.PAUSED}, {"status": PilotStatus.COMPLETED}))
    if chance.random() < 0.2:
        ended = {
            "status": PilotStatus.COMPLETED,
            "approval_outcome": ApprovalOutcome.DROPPED,
            "drop_reason": "Budget",
            "drop_external": chance.random() < 0.3,
        }
    pilot = sketch(*letters, max_attempts=limit, **ended)
    for attempt in pilot.runs:
        if chance.random() < 0.2:
            shot = Shot(beat="hook", start=0, end=2, text=chance.choice(("Meet [product]", "Meet it")))
            attempt.drafts = [Draft(iteration=1, video_path=attempt.video_path or "", shots=[shot])]
        if chance.random() < 0.2:
            attempt.total_cost_dollars, attempt.iteration_count = 7.5, 4
    return pilot


def _flags(chance: random.Random) -> str:
    flags = [flag for flag in ("too_long", "hook_weak") if chance.random() < 0.4]
    return f"{{{','.join(flags)}}}" if flags else ""


class Seen:
    """What is known of a pilot, read here anew: attempts without failed ones, and each one's standing human review."""

    def __init__(self, pilot: PilotRun):
        self.pilot = pilot
        self.attempts = sorted(
            (a for a in pilot.runs if a.state is not AttemptState.FAILED), key=lambda a: a.attempt_number
        )
        self.ready = [a.attempt_number for a in self.attempts if a.state is AttemptState.READY]
        self.reviews = {
            a.attempt_number: review
            for a in self.attempts
            if a.state is AttemptState.READY and (review := _standing(a, FeedbackMode.HUMAN))
        }

    @property
    def latest(self) -> int:
        return max(self.reviews)

    def level(self, number: int) -> str:
        return self.reviews[number].level.value

    def with_level(self, level: str) -> list[int]:
        return [number for number, review in self.reviews.items() if review.level.value == level]

    def with_flag(self, label: str) -> list[int]:
        return [n for n, r in self.reviews.items() if any(catalog.label("flag", f) == label for f in r.flags)]

    def open_again(self) -> set[str]:
        """The labels of the flags on the latest reviewed attempt that were raised before it too."""
        labels = {catalog.label("flag", flag) for flag in self.reviews[self.latest].flags}
        return {label for label in labels if len(self.with_flag(label)) > 1}

    def approving(self) -> Feedback | None:
        approved = self.with_level("approve")
        return self.reviews[max(approved)] if approved else None


def _standing(attempt: PilotRunAttempt, mode: FeedbackMode) -> Feedback | None:
    best = None
    for given in attempt.feedback:
        if given.mode is mode and (best is None or (given.received_at or LONG_AGO) >= (best.received_at or LONG_AGO)):
            best = given
    return best


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text)]


def counted(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None]


Check = Callable[[Seen, re.Match[str]], bool]
ON = r"(attempts? [\d, and]+)"
PILOT: dict[str, Check] = {
    # Summaries
    r"The pilot was dropped for an outside reason and is left out of the results\.": lambda s, m: s.pilot.drop_external,
    r"The pilot was dropped before a first cut was ready\.": lambda s, m: not s.ready,
    r"The pilot was dropped before a person reviewed it\.": lambda s, m: bool(s.ready) and not s.reviews,
    r"The pilot was dropped after a review that asked for major changes\.": lambda s, m: (
        s.pilot.approval_outcome == "dropped" and s.level(s.latest) == "major_changes"
    ),
    r"The pilot was dropped, and “(.+)” is still open\.": lambda s, m: s.open_again() == {m[1]},
    r"The pilot was dropped, and (\d+) earlier flags are still open\.": lambda s, m: len(s.open_again()) == int(m[1]),
    r"The pilot was dropped\. The latest review did not ask for major changes\.": lambda s, m: (
        s.pilot.approval_outcome == "dropped" and s.level(s.latest) != "major_changes"
    ),
    r"There is no attempt yet\.": lambda s, m: not s.attempts,
    r"No person has given feedback yet\.": lambda s, m: not s.reviews,
    r"The pilot is approved(, with risks)?\.": lambda s, m: s.pilot.approval_outcome == "approved",
    r"(.+) approved attempt (\d+)(?:, with risks)?\.": lambda s, m: (
        s.level(int(m[2])) == "approve" and (s.reviews[int(m[2])].by or "A person") == m[1]
    ),
    r"No person has reviewed attempt (\d+) yet\.": lambda s, m: (
        int(m[1]) not in s.reviews and int(m[1]) == s.attempts[-1].attempt_number
    ),
    r"(\d+) rounds? of major changes, the latest on attempt (\d+)\.": lambda s, m: (
        len(s.with_level("major_changes")) == int(m[1]) and max(s.with_level("major_changes")) == int(m[2]) == s.latest
    ),
    r"(\d+) rounds? of major changes, and “(.+)” is still open\.": lambda s, m: (
        len(s.with_level("major_changes")) == int(m[1]) and s.open_again() == {m[2]}
    ),
    r"(\d+) rounds? of major changes, and (\d+) earlier flags are still open\.": lambda s, m: (
        len(s.with_level("major_changes")) == int(m[1]) and len(s.open_again()) == int(m[2])
    ),
    r"(?:All (\d+) attempts are|The one attempt there may be is) used, and the latest review asked for (.+)\.": (
        lambda s, m: (
            len(s.attempts) == int(m[1] or 1) >= s.pilot.max_attempts
            and len(s.reviews) == len(s.attempts)
            and s.level(s.latest) == SAID[m[2]]
        )
    ),
    r"The pilot was completed without a decision\.": lambda s, m: (
        (s.pilot.status, s.pilot.approval_outcome) == ("completed", "pending")
    ),
    r"The reviews are not getting closer to an approval\.": lambda s, m: (
        RANK[s.level(s.latest)] <= RANK[s.level(sorted(s.reviews)[-2])]
    ),
    r"“(.+)” was raised on (\d+) reviewed attempts, the latest included\.": lambda s, m: (
        len(s.with_flag(m[1])) == int(m[2]) and s.latest in s.with_flag(m[1])
    ),
    r"The pilot is in progress, with no verdict yet\.": lambda s, m: s.pilot.status != "completed",
    # Reasons
    r"Dropped for an outside reason\.( The reason given: “.+”\.)?": lambda s, m: s.pilot.drop_external,
    r"There was no video to review\.( The reason given: “.+”\.)?": lambda s, m: not s.ready,
    rf"Dropped after {ON}, without a review by a person\.( The reason given: “.+”\.)?": lambda s, m: (
        numbers(m[1]) == s.ready and not s.reviews
    ),
    rf"Dropped after {ON}\.( The reason given: “.+”\.)?": lambda s, m: numbers(m[1]) == s.ready,
    rf"The feedback on {ON} is simulated, which is not counted\.": lambda s, m: all(
        _standing(s.pilot.attempt(number), FeedbackMode.SIMULATED) for number in numbers(m[1])
    ),
    rf"There is no feedback on {ON}\.": lambda s, m: (
        not any(number in s.reviews for number in numbers(m[1])) and len(numbers(m[1])) == len(s.attempts)
    ),
    rf"Major changes were asked for on {ON}\.": lambda s, m: numbers(m[1]) == s.with_level("major_changes"),
    r"The decision got worse, from (.+) on attempt (\d+) to (.+) on attempt (\d+)\.": lambda s, m: (
        [int(m[2]), int(m[4])] == sorted(s.reviews)[-2:]
        and (s.level(int(m[2])), s.level(int(m[4]))) == (SAID[m[1]], SAID[m[3]])
        and RANK[SAID[m[3]]] < RANK[SAID[m[1]]]
    ),
    r"The latest review, of attempt (\d+), asked for (.+)\.": lambda s, m: (
        int(m[1]) == s.latest and s.level(s.latest) == SAID[m[2]]
    ),
    rf"“(.+)” was raised on {ON} and is still open\.": lambda s, m: (
        numbers(m[2]) == s.with_flag(m[1]) and s.latest in s.with_flag(m[1])
    ),
    # Concerns and risks
    rf"(\d+) rounds? of major changes, on {ON}\.?": lambda s, m: (
        numbers(m[2]) == s.with_level("major_changes") and len(numbers(m[2])) == int(m[1])
    ),
    rf"SLA missed on {ON}": lambda s, m: (
        numbers(m[1]) == [a.attempt_number for a in s.attempts if a.sla_passed is False]
    ),
    r"(\d+) attempts, more than 3": lambda s, m: len(s.attempts) == int(m[1]) > 3,
    r"([\d.]+) drafts per attempt, more than 2.5": lambda s, m: (
        sum(counted([a.iteration_count for a in s.attempts])) / len(counted([a.iteration_count for a in s.attempts]))
        > 2.5
    ),
    r"\$([\d.,]+) in all, more than \$10": lambda s, m: (
        abs(sum(counted([a.total_cost_dollars for a in s.attempts])) - float(m[1])) < 0.006 and float(m[1]) >= 10
    ),
    r"First cut after ([\d.]+) s, more than 120 s": lambda s, m: (
        s.pilot.attempt(1).state is not AttemptState.FAILED and s.pilot.attempt(1).time_to_first_cut_seconds > 120
    ),
    r"Placeholders left in the approved video: (.+)": lambda s, m: all(
        any(left in shot.text for a in s.attempts for draft in a.drafts for shot in draft.shots)
        for left in m[1].split(", ")
    ),
    r"Flags on the approving review: (.+)": lambda s, m: (
        [f"“{catalog.label('flag', flag)}”" for flag in s.approving().flags] == m[1].split(", ")
    ),
    r"No approving review is recorded": lambda s, m: (
        s.pilot.approval_outcome == "approved"
        and not any(f.level == "approve" and f.mode == "human" for a in s.attempts for f in a.feedback)
    ),
    r"No approving review stands: a later review replaced the approval of (.+)": lambda s, m: (
        s.pilot.approval_outcome == "approved" and not s.with_level("approve")
    ),
}  # fmt: skip


def check(sentence: str, checkers: dict[str, Callable[..., bool]], about: object) -> None:
    """Fail unless the first checker that knows the sentence finds it true."""
    for pattern, holds in checkers.items():
        if found := re.fullmatch(pattern, sentence):
            assert holds(about, found), sentence
            return
    pytest.fail(f"No checker knows this sentence: {sentence}")


def sentences_of(result: Recommendation) -> list[str]:
    return [result.summary, *(reason.text for reason in result.reasons), *result.risks, *result.concerns]


def test_no_sentence_about_a_pilot_is_false(how_many: int) -> None:
    codes = set()
    for pilot in some_pilots(how_many):
        result = recommend(pilot)
        codes.add(result.code)
        for sentence in sentences_of(result):
            check(sentence, PILOT, Seen(pilot))
        for reason in result.reasons:
            assert all(quote.attempt_number in reason.attempts for quote in reason.quotes)
    assert codes == set(CODES), "the random pilots are not of every kind"


def test_what_a_pilot_is_said_to_become_is_what_it_becomes(how_many: int) -> None:
    """Each outcome that can be recorded is recorded, on a copy, by the operations of a pilot."""
    recorded = 0
    for pilot in some_pilots(how_many // 2, seed=23):
        if pilot.status is not PilotStatus.ACTIVE:
            continue
        for way in next_outcomes(pilot):
            then = pilot.model_copy(deep=True)
            try:
                _record(then, way.outcome)
            except PilotError:
                continue  # such as an attempt that failed to render, which is retried first
            recorded += 1
            assert (way.label, way.words) == (recommend(then).label, recommend(then).words), way.outcome
    assert recorded > how_many // 4


def _record(pilot: PilotRun, outcome: str) -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    if outcome.startswith("If the pilot is dropped"):
        pilot.drop("Budget", external="outside" in outcome, at=later)
    elif outcome == "If the attempt limit is raised":
        pilot.raise_limit(max(pilot.max_attempts, pilot.attempts_used) + 1, "Justified", at=later)
    else:
        number = numbers(outcome)[0]
        words = {"approved": FeedbackLevel.APPROVE, "minor": FeedbackLevel.MINOR_CHANGES}
        level = next((given for word, given in words.items() if word in outcome), FeedbackLevel.MAJOR_CHANGES)
        if number not in {attempt.attempt_number for attempt in pilot.runs}:
            pilot.add_attempt("video.mp4", at=later)
        pilot.record_feedback(number, "", level, at=later + timedelta(hours=1))


@cache
def p_at_most(k: int, n: int, percent: int) -> float:
    """P(p ≤ target) under Beta(k + 1, n − k + 1), as the upper tail of a binomial of n + 1."""
    x = percent / 100
    return sum(comb(n + 1, i) * x**i * (1 - x) ** (n + 1 - i) for i in range(k + 1, n + 2))


@cache
def verdict(k: int, n: int) -> str:
    """The verdict before guardrails, by the reference's section 3."""
    if n < 5:
        return "NO VERDICT YET"
    at_least = 1 - p_at_most(k, n, 60)
    if at_least >= (0.95 if n < 10 else 0.90):
        return "PROCEED"
    if p_at_most(k, n, 40) >= 0.95:
        return "STOP"
    return "REVISE" if n >= 10 and at_least < 0.20 else "NO VERDICT YET"


def probable(text: str) -> tuple[float, float]:
    """The bounds of a probability as it is written."""
    value = float(re.sub(r"[^\d.]", "", text)) / 100
    return (0, 0.0005) if "under" in text else (0.9995, 1) if "over" in text else (value - 0.0005, value + 0.0005)


def within(text: str, value: float) -> bool:
    low, high = probable(text)
    return low - 1e-9 <= value <= high + 1e-9


def first(counts: range, reached: Callable[[int], bool]) -> int:
    return next(more for more in counts if reached(more))


def approvals(c: ProgrammeCounts, more: str) -> bool:
    return int(more) == first(range(400), lambda m: verdict(c.approved + m, c.decided + m) == "PROCEED")


def failures(c: ProgrammeCounts, more: str, reached: Callable[[str], bool]) -> bool:
    return int(more) == first(range(400), lambda m: reached(verdict(c.approved, c.decided + m)))


ROW = r"(\d+) more {}s?(?: in a row)?"
P = r"((?:under |over )?[\d.]+%)"
TOLD = r"(\d+) of (\d+) decided pilots? (?:is|are) approved"
PROGRAMME: dict[str, Callable[[ProgrammeCounts, re.Match[str]], bool]] = {
    r"(\d+) of the 5 decided pilots that a verdict needs\.": lambda c, m: c.decided == int(m[1]) < 5,
    rf"{TOLD}: a true rate of 60% or more is likely\.": lambda c, m: 1 - p_at_most(c.approved, c.decided, 60) >= 0.9,
    rf"{TOLD}, but a guardrail is breached\.": lambda c, m: verdict(c.approved, c.decided) == "PROCEED",
    rf"{TOLD}: a true rate of 40% or less is likely\.": lambda c, m: p_at_most(c.approved, c.decided, 40) >= 0.95,
    rf"{TOLD}: a true rate of 60% or more is not likely\.": lambda c, m: (
        1 - p_at_most(c.approved, c.decided, 60) < 0.2
    ),
    rf"{TOLD}\. Keep piloting: {ROW.format('approval')} would reach PROCEED\.": lambda c, m: approvals(c, m[3]),
    rf"The probability that the true approval rate is 60% or more is {P}\. PROCEED asks for (90%|95% under 10 decided "
    r"pilots), REVISE begins under 20%(, from 10 decided pilots on)?\.": lambda c, m: (
        within(m[1], 1 - p_at_most(c.approved, c.decided, 60))
        and ("95" in m[2]) == (c.decided < 10)
        and bool(m[3]) == (c.decided < 10)
    ),
    rf"The probability that it is 40% or less is {P}\. STOP asks for 95%\.": lambda c, m: within(
        m[1], p_at_most(c.approved, c.decided, 40)
    ),
    rf"Guardrail breached\. SLA met: ([\d.]+)% \(([\d,]+) of ([\d,]+) attempts\)\. "
    rf"A true rate under 90% has a probability of {P}\.": (
        lambda c, m: (
            (c.sla_kept, c.sla_known) == (int(m[2]), int(m[3]))
            and c.sla_known >= 10
            and within(m[4], p_at_most(c.sla_kept, c.sla_known, 90))
            and p_at_most(c.sla_kept, c.sla_known, 90) >= 0.8
        )
    ),
    r"Guardrail breached\. First attempts with a time to first cut over 120 s: ([\d.]+)% \((\d+) of (\d+) pilots\)\. "
    rf"A true share over 50% has a probability of {P}\.": lambda c, m: (
        (c.first_cuts_over, c.first_cuts_known) == (int(m[2]), int(m[3]))
        and c.first_cuts_known >= 5
        and within(m[4], 1 - p_at_most(c.first_cuts_over, c.first_cuts_known, 50))
        and 1 - p_at_most(c.first_cuts_over, c.first_cuts_known, 50) >= 0.8
    ),
    r"Guardrail breached\. Cost per approved pilot: \$([\d.,]+) \(costs known of (\d+) of (\d+) decided pilots?\)\. "
    r"The limit is \$10\.00\.": (
        lambda c, m: (
            c.approved >= 5
            and c.costs_known == c.decided == int(m[2]) == int(m[3])
            and abs(c.cost_decided / c.approved - float(m[1].replace(",", ""))) <= 0.005001
            and c.cost_decided / c.approved > 10
        )
    ),
    r"Provisional: how (\d+) open pilots? will end can still change it\.": lambda c, m: (
        c.still_open == int(m[1]) and (changes(c) or breached(c))
    ),
    rf"{ROW.format('approval')} would reach PROCEED if no guardrail is breached\.": lambda c, m: approvals(c, m[1]),
    rf"{ROW.format('pilot')} without an approval would end PROCEED\.": lambda c, m: (
        verdict(c.approved, c.decided) == "PROCEED" and failures(c, m[1], lambda found: found != "PROCEED")
    ),
    rf"{ROW.format('pilot')} without an approval would reach STOP\.": lambda c, m: (
        failures(c, m[1], lambda found: found == "STOP")
    ),
    r"(\d+) more decided pilots? will allow a verdict\.": lambda c, m: c.decided + int(m[1]) == 5,
    rf"{ROW.format('attempt')} that met the SLA would lift the SLA guardrail\.": lambda c, m: (
        int(m[1]) == first(range(4000), lambda more: p_at_most(c.sla_kept + more, c.sla_known + more, 90) < 0.8)
    ),
    rf"{ROW.format('pilot')} within 120 s would lift the time guardrail\.": lambda c, m: (
        int(m[1])
        == first(range(400), lambda more: 1 - p_at_most(c.first_cuts_over, c.first_cuts_known + more, 50) < 0.8)
    ),
    r"A cost per approved pilot of \$10\.00 or less would lift the cost guardrail\.": lambda c, m: (
        c.cost_decided / c.approved > 10
    ),
    r"If the (\d+) open pilots? ends? like the (\d+) decided pilots?, (\d+)(?: to (\d+))? (?:is|are) approved in at "
    r"least 80% of cases\.": lambda c, m: (
        (c.still_open, c.decided) == (int(m[1]), int(m[2]))
        and sum(chance_of(c, more) for more in range(int(m[3]), int(m[4] or m[3]) + 1)) >= 0.8 - 1e-9
    ),
}  # fmt: skip
AFTER = {"is approved": (1, 1), "is not approved": (0, 1), "is dropped for an outside reason": (0, 0)}
"""What the next pilot adds to the approved and to the decided ones, by how it ends."""


def ends_of(condition: str) -> list[str]:
    """The ends of the next pilot that a condition speaks of."""
    if condition == "However the next pilot ends":
        return list(AFTER)
    return condition.removeprefix("If the next pilot ").split(" or ")


def chance_of(c: ProgrammeCounts, more: int) -> float:
    """The chance that so many of the open pilots are approved: beta-binomial, from a uniform prior."""
    k, n = c.approved, c.decided
    ways = comb(c.still_open, more) * comb(n, k) * (n + 1)
    return ways / ((n + c.still_open + 1) * comb(n + c.still_open, k + more))


def breached(c: ProgrammeCounts) -> bool:
    sla = c.sla_known >= 10 and p_at_most(c.sla_kept, c.sla_known, 90) >= 0.8
    slow = c.first_cuts_known >= 5 and 1 - p_at_most(c.first_cuts_over, c.first_cuts_known, 50) >= 0.8
    known = c.approved >= 5 and c.costs_known == c.decided and c.cost_decided is not None
    return sla or slow or (known and c.cost_decided / c.approved > 10)


def changes(c: ProgrammeCounts) -> bool:
    """Whether some way for the open pilots to end gives another verdict."""
    ways = [(a, f) for a in range(c.still_open + 1) for f in range(c.still_open + 1 - a)]
    return len({verdict(c.approved + a, c.decided + a + f) for a, f in ways}) > 1


def some_counts(chance: random.Random) -> ProgrammeCounts:
    rate = chance.choice((0.2, 0.5, 0.75, 0.95))
    decided, attempts, timed = chance.randint(0, 40), chance.randint(0, 60), chance.randint(0, 40)
    return ProgrammeCounts(
        approved=sum(chance.random() < rate for _ in range(decided)),
        decided=decided,
        still_open=chance.choice((0, 0, 1, 4)),
        sla_kept=sum(chance.random() < 0.93 for _ in range(attempts)),
        sla_known=attempts,
        first_cuts_over=sum(chance.random() < 0.3 for _ in range(timed)),
        first_cuts_known=timed,
        cost_decided=chance.choice((None, chance.uniform(0, 10) * decided)),
        costs_known=chance.choice((decided, max(0, decided - 1))),
    )


def test_no_sentence_about_a_programme_is_false(how_many: int) -> None:
    chance = random.Random(22)
    codes = set()
    for _ in range(how_many):
        counts = some_counts(chance)
        result = recommend_programme(counts)
        codes.add(result.code)
        told = re.match(TOLD, result.summary)
        assert told is None or (int(told[1]), int(told[2])) == (counts.approved, counts.decided)
        expected = forecast(counts.approved, counts.decided, counts.still_open)
        more = [expected.sentence] if expected else []
        for sentence in (result.summary, *result.reasons, *result.what_would_change_it, *more):
            check(sentence, PROGRAMME, counts)
        k, n = counts.approved, counts.decided
        capped = {"PROCEED": "REVISE"} if breached(counts) else {}
        said = [(end, way.label) for condition, way in conditions(result.next_outcomes) for end in ends_of(condition)]
        after = {end: verdict(k + approved, n + decided) for end, (approved, decided) in AFTER.items()}
        assert sorted(said) == sorted((end, capped.get(found, found)) for end, found in after.items())
        assert result.label == capped.get(verdict(k, n), verdict(k, n))
        can_change = changes(counts) or (result.code == "guardrail" and counts.still_open > 0)
        assert result.recommendation is None or (result.state == "provisional") == can_change
    assert len(codes) == 6, "the random programmes are of too few kinds"
