"""What can be measured of a flag, and whether a later video is nearer to what was asked: a registry by flag.

To measure a flag, add it to ``MEASURES``, or to ``CHECKS`` if an SLA check says whether what was asked for is met.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pilot_core.domain.attempt import Change, Draft, Shot

CALL = "cta"
"""The beat of the call to action, which is the last of every scenario."""
SAME_SHARE = 0.01
"""A difference below this share of the value before counts as none."""


class Effect(StrEnum):
    """Whether the value measured later is nearer to what the flag asks for."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True)
class Measured:
    """A value of two videos, formatted with its unit. ``effect`` is None if the flag asks for no direction of it."""

    label: str
    before: str
    after: str
    effect: Effect | None

    @property
    def contradicts(self) -> bool:
        """Whether it shows that what was asked for was not done."""
        return self.effect in (Effect.SAME, Effect.WORSE)

    def __str__(self) -> str:
        """The value before and after: "length 26.0 s → 30.0 s"."""
        return f"{self.label} {self.before} → {self.after}"


@dataclass(frozen=True)
class Measure:
    """How a flag is measured: seconds of a draft, and their text.

    ``wanted`` is the direction that the flag asks for: 1 more, -1 less, 0 none, if the value only informs. A difference
    of less than ``step`` seconds counts as none.
    """

    label: str
    value: Callable[[Draft], float | None]
    wanted: int
    words: Callable[[Draft], str]
    step: float = 0.1


def measured(flag: str, before: Draft | None, after: Draft | None) -> Measured | None:
    """Compare the video on which the flag was raised with a later one.

    Returns None if the flag has no measure, a value is unknown, both videos passed the flag's SLA checks, or a value
    that only informs has not changed.
    """
    if before is None or after is None:
        return None
    if flag in CHECKS:
        return _by_checks(CHECKS[flag], before, after)
    measure = MEASURES.get(flag)
    if measure is None:
        return None
    old, new = measure.value(before), measure.value(after)
    if old is None or new is None:
        return None
    was, now = measure.words(before), measure.words(after)
    if was == now and not measure.wanted:
        return None
    return Measured(measure.label, was, now, _effect(old, new, measure))


def is_contradicted(change: Change, before: Draft | None, after: Draft | None) -> bool:
    """Whether a change claims to answer a flag, and the two videos measured show that it does not."""
    found = [measured(flag, before, after) for flag in change.flags] if change.answered and change.possible else []
    return any(value is not None and value.contradicts for value in found)


def _effect(old: float, new: float, measure: Measure) -> Effect | None:
    if not measure.wanted:
        return None
    difference = new - old
    if abs(difference) < max(measure.step, SAME_SHARE * old):
        return Effect.SAME
    return Effect.BETTER if difference * measure.wanted > 0 else Effect.WORSE


def _by_checks(codes: Sequence[str], before: Draft, after: Draft) -> Measured | None:
    old, new = ({check.code: check for check in draft.checks if check.passed is not None} for draft in (before, after))
    for code in codes:
        if code in old and code in new and not (old[code].passed and new[code].passed):
            effect = Effect.WORSE if old[code].passed else Effect.BETTER if new[code].passed else Effect.SAME
            return Measured(old[code].label.lower(), old[code].measured, new[code].measured, effect)
    return None


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _length(draft: Draft) -> float | None:
    return draft.duration


def _lengths(draft: Draft) -> list[float]:
    """Return the seconds of each shot but the last, which holds the call to action."""
    return [shot.end - shot.start for shot in draft.shots[:-1]]


def _average(draft: Draft) -> float | None:
    lengths = _lengths(draft)
    return sum(lengths) / len(lengths) if lengths else None


def _spread(draft: Draft) -> float | None:
    lengths = _lengths(draft)
    return max(lengths) - min(lengths) if lengths else None


def _range(draft: Draft) -> str:
    lengths = _lengths(draft)
    return f"{min(lengths):.1f} to {max(lengths):.1f} s" if lengths else "–"


def _on_screen(shots: Sequence[Shot]) -> float | None:
    return sum(shot.end - shot.start for shot in shots) if shots else None


def _opening(draft: Draft) -> float | None:
    return _on_screen([shot for shot in draft.shots if shot.beat == draft.shots[0].beat])


def _call(draft: Draft) -> float | None:
    return _on_screen([shot for shot in draft.shots if shot.beat == CALL])


def _of(label: str, value: Callable[[Draft], float | None], wanted: int, step: float = 0.1) -> Measure:
    return Measure(label, value, wanted, lambda draft: _seconds(value(draft)), step)


MEASURES: Mapping[str, Measure] = {
    "too_long": _of("length", _length, -1, step=1.0),
    "too_short": _of("length", _length, 1, step=1.0),
    "pacing_rushed": _of("average shot", _average, 1),
    "pacing_flat": Measure("shots of", _spread, 1, _range),
    "hook_weak": _of("opening", _opening, 0),
    "cta_unclear": _of("call to action on screen", _call, 0),
    "ending_weak": _of("call to action on screen", _call, 0),
}
"""The measures by flag. Without a wanted direction they inform: a longer call to action need not be a clearer one."""

CHECKS: Mapping[str, Sequence[str]] = {
    "audio_issues": ("loudness", "silence", "audio_present"),
    "format_platform": ("size", "file_type", "video_codec"),
}
"""The SLA checks by flag, in the order in which they are looked at: the first that a video missed is shown."""
