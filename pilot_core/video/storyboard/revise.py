"""Answers reviews and missed SLA checks: each flag that the storyboard knows changes the direction of the video."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pilot_core.documents.names import DRAFT_STORYBOARD
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.errors import InvalidRequest
from pilot_core.video.contract import CutBrief, Review
from pilot_core.video.storyboard.coverage import with_sources
from pilot_core.video.storyboard.film import RATIOS, Direction, Film
from pilot_core.video.storyboard.plan import build, first_direction, hook_times, notes_of
from pilot_core.video.storyboard.plan_file import from_json, load
from pilot_core.video.storyboard.script import TOLD_FORMS, hook_forms

LENGTH_STEP = 0.15
SLOWER = 1.26
"""How many times as long the average shot becomes after a film was found rushed (film.md asks for a quarter)."""
MARGIN = 0.2

Answer = Callable[[CutBrief, Direction, float], Direction]
"""Changes a direction for one flag, given the brief and the length in seconds that the reviewer saw."""


def directed(brief: CutBrief) -> Direction:
    """Return the direction after all reviews and, from iteration 2 on, after the SLA checks that were missed."""
    direction = first_direction(brief)
    for review in brief.reviews:
        direction = _after_review(brief, direction, review)
    return _after_missed_checks(brief, direction) if answers_checks(brief) else direction


def plan(brief: CutBrief) -> Film:
    """Return the video planned from the brief and all its reviews, or the storyboard that a person edited.

    Equal briefs give equal plans. Raises InvalidRequest if the storyboard is not valid.
    """
    if brief.storyboard is None:
        return build(brief, directed(brief))
    film = with_sources(from_json(brief.storyboard, brief.kit), brief)
    return replace(film, notes=tuple(notes_of(film, brief)))


def seen_film(brief: CutBrief) -> Film:
    """Return the plan of the video that was reviewed last: as its file says, else as it was planned."""
    if told := _seen(brief):
        with suppress(InvalidRequest):
            return from_json(told, brief.kit)
    earlier = brief.model_copy(
        update={"iteration": 1, "missed_checks": [], "reviews": brief.reviews[:-1], "storyboard": None}
    )
    return build(earlier, directed(earlier))


def answers_checks(brief: CutBrief) -> bool:
    """Return whether this draft answers SLA checks that the previous iteration missed, rather than a review."""
    return brief.iteration > 1 and bool(brief.missed_checks)


def missed_length(brief: CutBrief) -> bool:
    """Return whether the previous iteration was too long or too short."""
    return any(check.code == "length" for check in brief.missed_checks)


def seen_length(brief: CutBrief, direction: Direction, review: Review) -> float:
    """Return the length in seconds of the video that was reviewed.

    It is measured if ``review`` is the latest one and that video is known, else taken from the plan.
    """
    seen = brief.previous
    if seen and seen.duration and seen.attempt_number == review.attempt_number and review == brief.reviews[-1]:
        return seen.duration
    return build(brief, direction).seconds


def seen_kit(brief: CutBrief) -> object:
    """Return the names of the brand kit's parts in the video that was reviewed last, None if they are not known."""
    return (_seen(brief) or {}).get("kit")


def _seen(brief: CutBrief) -> dict[str, Any] | None:
    video = brief.previous.video_path if brief.previous else None
    return load(video.with_suffix(DRAFT_STORYBOARD)) if video else None


def _shorten(brief: CutBrief, direction: Direction, seconds: float) -> Direction:
    shorter = max(brief.scenario.min_seconds + MARGIN, seconds * (1 - LENGTH_STEP))
    return replace(direction, seconds=shorter, lengthened=False, shortened=True)


def _lengthen(brief: CutBrief, direction: Direction, seconds: float) -> Direction:
    longer = min(brief.scenario.max_seconds - MARGIN, seconds * (1 + LENGTH_STEP))
    return replace(direction, seconds=longer, lengthened=True, shortened=False)


def _open_otherwise(brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, hook=_next_hook(brief, direction), hook_fast=True)


def _vary_pace(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, spread=direction.spread + 1)


def _slow_down(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, pace=direction.pace * SLOWER, spread=0)


def _hold_call(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, cta_level=min(2, direction.cta_level + 1))


def _restate(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, restated=True)


def _change_register(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, register=direction.register + 1)


def _change_music(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, bed=direction.bed + 1)


def _change_ratio(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, ratio=(direction.ratio + 1) % len(RATIOS))


def _keep(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    """Change nothing: what a founder means by their brand is in its kit, which a person adds."""
    return direction


def _change_layout(_brief: CutBrief, direction: Direction, _seconds: float) -> Direction:
    return replace(direction, family=direction.family + 1)


ANSWERS: dict[str, Answer] = {
    "too_long": _shorten,
    "too_short": _lengthen,
    "hook_weak": _open_otherwise,
    "pacing_flat": _vary_pace,
    "pacing_rushed": _slow_down,
    "cta_unclear": _hold_call,
    "ending_weak": _hold_call,
    "message_unclear": _restate,
    "tone_mismatch": _change_register,
    "off_brand": _keep,
    "audio_issues": _change_music,
    "visuals_poor": _change_layout,
    "format_platform": _change_ratio,
}
"""The flags that the storyboard answers, in the order it applies them. An answer that two flags share is applied once.

Each flag needs a sentence in ``storyboard/changes.py``.
"""


def _after_review(brief: CutBrief, direction: Direction, review: Review) -> Direction:
    given = review.feedback
    if given.level is FeedbackLevel.APPROVE:
        return direction
    if not review.flags:
        return _vary(brief, direction, given.level)
    flags = set(review.flags)
    if {"too_long", "too_short"} <= flags:
        flags -= {"too_long", "too_short"}
    seconds = seen_length(brief, direction, review)
    for answer in dict.fromkeys(answer for flag, answer in ANSWERS.items() if flag in flags):
        direction = answer(brief, direction, seconds)
    return direction


def _vary(brief: CutBrief, direction: Direction, level: FeedbackLevel) -> Direction:
    """Return the direction for a review without flags.

    Major changes get another opening and another family of layouts; minor changes get a small variation.
    """
    if level is FeedbackLevel.MAJOR_CHANGES:
        direction = replace(direction, family=direction.family + 1, hook=_next_hook(brief, direction))
    return replace(direction, variation=direction.variation + 1)


def _next_hook(brief: CutBrief, direction: Direction) -> str:
    """Return the next form of opening: in the brief's words if there is one, else one that is complete sooner.

    If none is, it is the one that is complete soonest.
    """
    forms = hook_forms(brief)
    at = forms.index(direction.hook) if direction.hook in forms else -1
    others = [form for form in (*forms[at + 1 :], *forms[: max(0, at)]) if form != direction.hook]
    if told := [form for form in others if form in TOLD_FORMS]:
        return told[0]
    now = hook_times(build(brief, direction))[1]
    complete = {form: hook_times(build(brief, replace(direction, hook=form, hook_fast=True)))[1] for form in others}
    sooner = [form for form in others if complete[form] < now]
    return next(iter(sooner), None) or min(others, key=complete.__getitem__, default=direction.hook)


def _after_missed_checks(brief: CutBrief, direction: Direction) -> Direction:
    if not missed_length(brief):
        return replace(direction, variation=direction.variation + brief.iteration - 1)
    low, high = brief.scenario.min_seconds, brief.scenario.max_seconds
    now = build(brief, direction).seconds
    safe = min(max(now, low + 0.1 * (high - low)), high - 0.1 * (high - low))
    return replace(direction, seconds=safe, lengthened=direction.lengthened or safe > now)
