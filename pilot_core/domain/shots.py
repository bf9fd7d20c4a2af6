"""Which shots of a video differ from those of the version before, and which shot of one became which of the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pilot_core.domain.attempt import Draft, Shot

LONGER = 0.1
"""Seconds by which a shot must be longer or shorter to count as changed."""


@dataclass(frozen=True)
class Span:
    """A part of a video, by its first and last frame."""

    first: int
    last: int


@dataclass(frozen=True)
class Comparison:
    """Two videos, shot by shot. Shots are named by their places, from 0.

    ``became`` are the shots of the later video that took the place of each shot of the earlier one, none where it is
    gone. ``changed`` are those of the later one that are new, look different or are longer or shorter. It is None if
    the pipeline does not say what shots show.
    """

    became: Mapping[int, tuple[int, ...]]
    changed: tuple[int, ...] | None


def compare(before: Sequence[Shot], after: Sequence[Shot]) -> Comparison:
    """Compare the shots of two videos of one pilot."""
    is_known = bool(before and after) and all(shot.content for shot in (*before, *after))
    old_names, new_names = ([_name(shot, is_known) for shot in shots] for shots in (before, after))
    became: dict[int, tuple[int, ...]] = {}
    same: set[int] = set()
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old_names, new_names, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs = list(zip(range(i, i_end), range(j, j_end), strict=True))
            became |= {old: (new,) for old, new in pairs}
            same |= {new for old, new in pairs if abs(_length(before[old]) - _length(after[new])) < LONGER}
        else:
            became |= _replaced(before, range(i, i_end), after, range(j, j_end))
    changed = tuple(place for place in range(len(after)) if place not in same)
    return Comparison(became, changed if is_known else None)


def still_frame(span: Span) -> int:
    """Return the frame of a part that stands for it as a picture: late enough for its words to be there."""
    return span.first + (span.last - span.first) * 6 // 10


def shot_at(shots: Sequence[Shot], seconds: float) -> int | None:
    """Return the place of the shot that is on screen at that time, or None if there is none."""
    found = [place for place, shot in enumerate(shots) if shot.start - 1e-6 <= seconds < shot.end - 1e-6]
    return found[-1] if found else None


def spans(draft: Draft, places: Iterable[int]) -> tuple[Span, ...]:
    """Return the parts of the video that these shots take, in order, joined where one follows another."""
    found: list[Span] = []
    for place in sorted(set(places)):
        if not 0 <= place < len(draft.shots) or (span := span_of(draft, draft.shots[place])) is None:
            continue
        if found and span.first <= found[-1].last + 1:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return tuple(found)


def span_of(draft: Draft, shot: Shot) -> Span | None:
    """Return the frames of a shot, or None if it begins after the end of the video or has no frame."""
    first, end = round(shot.start * draft.rate), round(shot.end * draft.rate)
    last = min(end, draft.frames or end) - 1
    return Span(first, last) if first <= last else None


def _name(shot: Shot, is_known: bool) -> tuple[str, str]:
    return (shot.beat, shot.content if is_known else shot.text)


def _length(shot: Shot) -> float:
    return shot.end - shot.start


def _replaced(
    before: Sequence[Shot], old: Iterable[int], after: Sequence[Shot], new: Iterable[int]
) -> dict[int, tuple[int, ...]]:
    """Return which of the new shots took the place of each old one: those with its words, else those of its beat."""
    old, new = list(old), list(new)
    found: dict[int, tuple[int, ...]] = {}
    for place in old:
        shot = before[place]
        alike = [n for n in new if (after[n].beat, after[n].text) == (shot.beat, shot.text)]
        beat = [n for n in new if after[n].beat == shot.beat]
        siblings = [o for o in old if before[o].beat == shot.beat]
        if alike:
            found[place] = tuple(alike)
        elif len(siblings) == len(beat):
            found[place] = (beat[siblings.index(place)],)
        else:
            found[place] = tuple(beat)
    return found
