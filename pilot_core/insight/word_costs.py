"""What first videos were like that reviews approved or sent back: pacing, length, words on screen, opening.

All of it is association: nobody assigned pilots to a pacing or a length at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pilot_core.formatting import count
from pilot_core.insight.stats import Rate, rate

LENGTHS = (20, 30, 45, 60)
"""Seconds; where one group of lengths ends and the next begins."""
DENSITIES = (1.0, 1.5, 2.0)
"""Words on screen per second; likewise."""


@dataclass(frozen=True)
class FirstVideo:
    """The video of a pilot's first attempt, and whether its review approved it.

    ``pacing`` is the brand's, "" if unknown. ``seconds`` is the length, ``words`` the number of words on screen, and
    ``opening`` the words of the first beat; None if unknown.
    """

    approved: bool
    pacing: str = ""
    seconds: float | None = None
    words: int | None = None
    opening: str | None = None


@dataclass(frozen=True)
class Group:
    """First videos alike in one property, with their first-pass approval."""

    prop: str
    value: str
    rate: Rate


@dataclass(frozen=True)
class WordCosts:
    """The groups of each property in order. ``looked_at`` are the latest of ``of`` reviewed first attempts.

    ``unknown`` says of how many of them each property is not known.
    """

    groups: tuple[Group, ...]
    looked_at: int
    of: int
    unknown: dict[str, int]
    reading: str


def word_costs(videos: Sequence[FirstVideo], of: int) -> WordCosts:
    """Return first-pass approval by each property of the videos."""
    groups, unknown = [], {}
    for prop, (value_of, order) in PROPERTIES.items():
        by_value: dict[str, list[bool]] = {}
        for video in videos:
            by_value.setdefault(value_of(video), []).append(video.approved)
        unknown[prop] = len(by_value.pop("", []))
        ordered = sorted(by_value, key=lambda value: (order.index(value) if value in order else len(order), value))
        groups += [Group(prop, value, rate(sum(by_value[value]), len(by_value[value]))) for value in ordered]
    return WordCosts(tuple(groups), len(videos), of, unknown, _reading(len(videos), of, unknown))


def _pacing(video: FirstVideo) -> str:
    return video.pacing


def _length(video: FirstVideo) -> str:
    return "" if video.seconds is None else _binned(video.seconds, LENGTHS, "s")


def _density(video: FirstVideo) -> str:
    if video.words is None or not video.seconds:
        return ""
    return _binned(video.words / video.seconds, DENSITIES, "words/s")


def _opening(video: FirstVideo) -> str:
    if not video.opening:
        return ""
    if "?" in video.opening:
        return "a question"
    return "a number" if any(letter.isdigit() for letter in video.opening) else "a statement"


def _labels(edges: Sequence[float], unit: str) -> list[str]:
    between = [f"{low:g}–{high:g} {unit}" for low, high in pairwise(edges)]
    return [f"under {edges[0]:g} {unit}", *between, f"{edges[-1]:g} {unit} or more"]


def _binned(value: float, edges: Sequence[float], unit: str) -> str:
    return _labels(edges, unit)[sum(value >= edge for edge in edges)]


PROPERTIES: dict[str, tuple[Callable[[FirstVideo], str], list[str]]] = {
    "Opens with": (_opening, ["a question", "a number", "a statement"]),
    "Pacing": (_pacing, ["gentle", "moderate", "aggressive"]),
    "Length": (_length, _labels(LENGTHS, "s")),
    "Words on screen": (_density, _labels(DENSITIES, "words/s")),
}
"""Each property with the function that gives its value ("" if unknown), and the order of known values."""


def _reading(n: int, of: int, unknown: dict[str, int]) -> str:
    if not n:
        return "No first attempt has been reviewed yet."
    which = (
        count(n, "reviewed first attempt") if n == of else f"The latest {n:,} of {count(of, 'reviewed first attempt')}"
    )
    told = f"{which}. This is association, not cause: what differs here may differ in other ways too."
    missing = [f"{prop.lower()} of {number:,}" for prop, number in unknown.items() if number]
    return f"{told} Not known: {', '.join(missing)}." if missing else told
