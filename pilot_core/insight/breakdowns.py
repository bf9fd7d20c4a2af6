"""Charts that split a cohort: attempt funnel, themes, segments and badges, each with a sentence that sums it up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core import catalog
from pilot_core.domain.judgements import NO_VERDICT_YET, NOT_COUNTED, badge_word
from pilot_core.formatting import count
from pilot_core.formatting import rate as rate_words
from pilot_core.insight.cohort import segment_words
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.programme import ProgrammeResult
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.stats import Rate, rate

PLAIN_COUNTS_UNDER = 5
"""A segment with fewer decided pilots is shown as plain counts, without a rate."""

LATER = 6
"""The funnel's sentence takes pilots at this attempt and later ones together."""


class AttemptOutcome(StrEnum):
    """The outcome of an attempt. If the pilot was dropped after it, that is DROPPED, regardless of any review.

    AWAITING: the latest attempt of an open pilot, not reviewed yet. UNREVIEWED: never reviewed, and the pilot has a
    later attempt or has ended.
    """

    APPROVE = "approve"
    MINOR = "minor"
    MAJOR = "major"
    AWAITING = "awaiting"
    DROPPED = "dropped"
    UNREVIEWED = "unreviewed"


@dataclass(frozen=True)
class FunnelStep:
    """How many pilots reached this attempt number, by its outcome."""

    attempt_number: int
    outcomes: dict[AttemptOutcome, int]

    @property
    def reached(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class LastAttempts:
    """Pilots by their last attempt, failed renders aside; of approved pilots, by the approved attempt.

    Each pilot counts once. Those without an attempt are under None.
    """

    approved: dict[int | None, int]
    others: dict[int | None, int]


@dataclass(frozen=True)
class Funnel:
    """The steps from attempt 1 to the highest that any pilot reached. ``reading`` sums them up in a sentence."""

    steps: tuple[FunnelStep, ...]
    reading: str


@dataclass(frozen=True)
class ThemeBar:
    """One flag: how many reviewed pilots it was raised on, by its state, and their share of all reviewed pilots."""

    flag: str
    label: str
    by_state: dict[FlagState, int]
    prevalence: Rate

    @property
    def pilots(self) -> int:
        return sum(self.by_state.values())


@dataclass(frozen=True)
class Themes:
    """The flags that people raised: first those that recur with the most pilots, then the most frequent."""

    bars: tuple[ThemeBar, ...]
    reviewed_pilots: int
    reading: str


@dataclass(frozen=True)
class Segment:
    """One scenario with one brand: its number of pilots, and the recommendation based on them alone."""

    scenario: str
    brand: str
    pilots: int
    result: ProgrammeResult

    @property
    def label(self) -> str:
        return segment_words(self.scenario, self.brand)

    @property
    def plain_counts(self) -> bool:
        """Whether there are too few decided pilots to show a rate."""
        return self.result.n_decided < PLAIN_COUNTS_UNDER


@dataclass(frozen=True)
class Forest:
    """The segments in catalogue order. ``reading`` sums them up in a sentence."""

    segments: tuple[Segment, ...]
    reading: str


@dataclass(frozen=True)
class Badge:
    """One pilot's result. ``at`` (UTC) is when the pilot ended or, if it is open, when something last happened."""

    pilot_id: str
    company_name: str
    at: datetime
    recommendation: str | None
    state: str
    code: str
    summary: str

    @property
    def label(self) -> str:
        return badge_word(self.recommendation, self.code)


@dataclass(frozen=True)
class Timeline:
    """The latest badges, oldest first. ``of`` is the number of all pilots."""

    badges: tuple[Badge, ...]
    of: int
    reading: str


def funnel(counts: dict[tuple[int, AttemptOutcome], int], pilots: LastAttempts) -> Funnel:
    """Return the funnel for counts of pilots by attempt number and outcome. Its sentence counts each of ``pilots``."""
    highest = max((number for number, _ in counts), default=0)
    steps = tuple(
        FunnelStep(number, {outcome: counts.get((number, outcome), 0) for outcome in AttemptOutcome})
        for number in range(1, highest + 1)
    )
    return Funnel(steps, _funnel_reading(pilots))


def themes(counts: dict[tuple[str, FlagState], int], reviewed_pilots: int) -> Themes:
    """Return the bars of the Pareto chart for counts of pilots by flag and state."""
    bars = []
    for flag in dict.fromkeys(flag for flag, _ in counts):
        by_state = {state: counts.get((flag, state), 0) for state in FlagState}
        bars.append(
            ThemeBar(flag, catalog.label("flag", flag), by_state, rate(sum(by_state.values()), reviewed_pilots))
        )
    bars.sort(key=lambda bar: (-bar.by_state[FlagState.PERSISTENT], -bar.pilots, bar.flag))
    return Themes(tuple(bars), reviewed_pilots, _themes_reading(bars, reviewed_pilots))


def forest(segments: Sequence[Segment]) -> Forest:
    """Return the segments in catalogue order, with unknown scenarios and brands last."""
    scenarios, brands = list(catalog.scenarios()), list(catalog.brands())

    def place(segment: Segment) -> tuple[int, str, int, str]:
        at_scenario = scenarios.index(segment.scenario) if segment.scenario in scenarios else len(scenarios)
        at_brand = brands.index(segment.brand) if segment.brand in brands else len(brands)
        return at_scenario, segment.scenario, at_brand, segment.brand

    ordered = tuple(sorted(segments, key=place))
    return Forest(ordered, _forest_reading(ordered))


def timeline(badges: Sequence[Badge], of: int) -> Timeline:
    """Return the badges with a sentence that counts each kind."""
    if not badges:
        return Timeline((), of, "No pilot yet.")
    counted = Counter(badge.label for badge in badges)
    told = ", ".join(
        f"{counted[label]:,} {label}" for label in [*Verdict, NO_VERDICT_YET, NOT_COUNTED] if counted[label]
    )
    which = count(of, "pilot") if len(badges) == of else f"The latest {len(badges):,} of {count(of, 'pilot')}"
    return Timeline(tuple(badges), of, f"{which}: {told}.")


def _funnel_reading(pilots: LastAttempts) -> str:
    approved, others = sum(pilots.approved.values()), sum(pilots.others.values())
    if not any(pilots.approved) and not any(pilots.others):
        return "No attempt yet."
    told = f"{approved:,} of {count(approved + others, 'pilot')} {'is' if approved == 1 else 'are'} approved"
    if approved:
        told += f", {pilots.approved.get(1, 0):,} at attempt 1"
    if not others:
        return f"{told}."
    places: Counter[int] = Counter()
    for attempt, n in pilots.others.items():
        places[min(attempt or 0, LATER)] += n
    return f"{told}. Not approved: {', '.join(f'{places[at]:,} {_at_attempt(at)}' for at in sorted(places))}."


def _at_attempt(number: int) -> str:
    if number == LATER:
        return f"at attempt {LATER} or later"
    return f"at attempt {number}" if number else "without an attempt"


def _themes_reading(bars: Sequence[ThemeBar], reviewed: int) -> str:
    if not reviewed:
        return "No pilot has been reviewed yet."
    of = count(reviewed, "reviewed pilot")
    if not bars:
        return f"No flag was raised on {of}."
    first = bars[0]
    recurring = first.by_state[FlagState.PERSISTENT]
    if not recurring:
        return f"No flag recurs. “{first.label}” was raised on {first.pilots:,} of {of}."
    told = f"“{first.label}” recurs with {count(recurring, 'pilot')}"
    told += ", the most of all flags" if len(bars) > 1 and recurring > bars[1].by_state[FlagState.PERSISTENT] else ""
    return f"{told}. It was raised on {first.pilots:,} of {of}."


def _forest_reading(segments: Sequence[Segment]) -> str:
    if not segments:
        return "No segment yet."
    by_label = Counter(segment.result.label for segment in segments)
    enough = [segment for segment in segments if not segment.plain_counts]
    told = ", ".join(f"{by_label[label]} {label}" for label in [*Verdict, NO_VERDICT_YET] if by_label[label])
    readings = [f"{count(len(segments), 'segment')}: {told}."]
    if len(enough) > 1:
        best = max(enough, key=lambda segment: segment.result.rate.low or 0.0)
        found = best.result.rate
        share = rate_words(found.numerator, found.denominator, found.low, found.high)
        readings.append(f"The highest lower bound: {best.label}, {share}.")
    few = len(segments) - len(enough)
    if few:
        have = "has" if few == 1 else "have"
        readings.append(f"{few} {have} fewer than {PLAIN_COUNTS_UNDER} decided pilots.")
    return " ".join(readings)
