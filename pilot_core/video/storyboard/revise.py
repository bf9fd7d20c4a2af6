"""What reviewers said, turned into changes of direction, and told with before and after measured."""

import re
from dataclasses import replace

from pilot_core import catalog
from pilot_core.models import FeedbackLevel
from pilot_core.video.contract import CutBrief, Review
from pilot_core.video.storyboard.film import Direction, Film
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.palette import Palette
from pilot_core.video.storyboard.plan import build, hook_times
from pilot_core.video.storyboard.script import first_direction, hook_forms
from pilot_core.video.storyboard.style import FAMILY_WORDS, HOOK_WORDS

LENGTH_STEP = 0.15
MARGIN = 0.2


def directed(brief: CutBrief) -> Direction:
    """The direction after all reviews and, for a later iteration, after what the SLA missed."""
    direction = first_direction(brief)
    for review in brief.reviews:
        direction = _after_review(brief, direction, review, _standing_length(brief, direction, review))
    return _after_violations(brief, direction) if brief.iteration > 1 and brief.sla_violations else direction


def _standing_length(brief: CutBrief, direction: Direction, review: Review) -> float:
    """The length the reviewer saw, in seconds: the previous cut's as measured if it is that cut, else the plan's."""
    seen = brief.previous
    if seen and seen.duration and seen.attempt_number == review.attempt_number and review == brief.reviews[-1]:
        return seen.duration
    return build(brief, direction).seconds


def _after_review(brief: CutBrief, direction: Direction, review: Review, seconds: float) -> Direction:
    given = review.feedback
    if given.level is FeedbackLevel.APPROVE:
        return direction
    low, high = brief.scenario.min_seconds + MARGIN, brief.scenario.max_seconds - MARGIN
    flags = set(given.flags)
    if "too_long" in flags and "too_short" not in flags:
        direction = replace(direction, seconds=max(low, seconds * (1 - LENGTH_STEP)))
    if "too_short" in flags and "too_long" not in flags:
        direction = replace(direction, seconds=min(high, seconds * (1 + LENGTH_STEP)))
    if "hook_weak" in flags:
        direction = replace(direction, hook=_next_hook(brief, direction), hook_fast=True)
    if "pacing_flat" in flags:
        direction = replace(direction, spread=True)
    if "pacing_rushed" in flags:
        direction = replace(direction, pace=min(1.8, direction.pace * 1.25), spread=False)
    if flags & {"cta_unclear", "ending_weak"}:
        direction = replace(direction, cta_level=min(2, direction.cta_level + 1))
    if "message_unclear" in flags:
        direction = replace(direction, restated=True)
    if flags & {"tone_mismatch", "off_brand"}:
        direction = replace(direction, register=direction.register + 1)
    if "audio_issues" in flags:
        direction = replace(direction, bed=direction.bed + 1)
    if "visuals_poor" in flags:
        direction = replace(direction, family=direction.family + 1)
    if not given.flags:
        if given.level is FeedbackLevel.MAJOR_CHANGES:
            return replace(
                direction,
                family=direction.family + 1,
                hook=_next_hook(brief, direction),
                variation=direction.variation + 1,
            )
        return replace(direction, variation=direction.variation + 1)
    return direction


def _next_hook(brief: CutBrief, direction: Direction) -> str:
    """Another opening form: the next that is complete sooner than this one, else the one complete first."""
    forms = hook_forms(brief)
    at = forms.index(direction.hook) if direction.hook in forms else -1
    others = [form for form in (*forms[at + 1 :], *forms[: max(0, at)]) if form != direction.hook]
    now = hook_times(build(brief, direction))[1]
    complete = {form: hook_times(build(brief, replace(direction, hook=form, hook_fast=True)))[1] for form in others}
    sooner = [form for form in others if complete[form] < now]
    return next(iter(sooner), None) or min(others, key=complete.__getitem__, default=direction.hook)


def _after_violations(brief: CutBrief, direction: Direction) -> Direction:
    if not _about_length(brief.sla_violations):
        return replace(direction, variation=direction.variation + brief.iteration - 1)
    low, high = brief.scenario.min_seconds, brief.scenario.max_seconds
    safe = min(max(build(brief, direction).seconds, low + 0.1 * (high - low)), high - 0.1 * (high - low))
    return replace(direction, seconds=safe)


def _about_length(violations: list[str]) -> bool:
    return any(
        re.search(r"\b(length|duration|runs|longer|shorter)\b", sentence, re.IGNORECASE) for sentence in violations
    )


def plan(brief: CutBrief) -> Film:
    """The film this brief gives, all reviews folded in; the same brief gives the same film."""
    return build(brief, directed(brief))


def changes(brief: CutBrief, after: Film, palette: Palette) -> list[str]:
    """Sentences on what differs from the cut before: by its latest review, or by the SLA for a later iteration."""
    if brief.iteration > 1 and brief.sla_violations:
        before = build(brief, directed(brief.model_copy(update={"iteration": 1, "sla_violations": []})))
        if _about_length(brief.sla_violations) and abs(before.seconds - after.seconds) >= 0.1:
            lengths = f"from {before.seconds:.1f} s to {after.seconds:.1f} s"
            return [f"Length changed {lengths} (the iteration before missed its SLA)."]
        return ["Drawn again with another arrangement of its layouts (the iteration before missed its SLA)."]
    if not brief.reviews:
        return []
    earlier = brief.model_copy(update={"reviews": brief.reviews[:-1]})
    before = build(earlier, directed(earlier.model_copy(update={"iteration": 1, "sla_violations": []})))
    return _told(brief, before, after, palette)


def _told(brief: CutBrief, before: Film, after: Film, palette: Palette) -> list[str]:
    review = brief.reviews[-1]
    given = review.feedback
    if given.level is FeedbackLevel.APPROVE:
        return []
    flags, told = given.flags, []
    seen = _standing_length(brief, before.direction, review)
    told += _length_told(brief, flags, seen, after)
    if "hook_weak" in flags:
        was, now = hook_times(before)[1], hook_times(after)[1]
        told.append(
            f"Opens with {HOOK_WORDS[after.direction.hook]} instead of {HOOK_WORDS[before.direction.hook]}; "
            f"hook complete at {now:.1f} s instead of {was:.1f} s (weak hook)."
        )
    if "pacing_flat" in flags:
        told.append(f"Shots now last {_range(after)}, before {_range(before)} (flat pacing).")
    if "pacing_rushed" in flags:
        told.append(
            f"The average shot lasts {_average(after):.1f} s instead of {_average(before):.1f} s (rushed pacing)."
        )
    if {"cta_unclear", "ending_weak"} & set(flags):
        why = " and ".join(catalog.label("flag", f).lower() for f in flags if f in ("cta_unclear", "ending_weak"))
        old, new = before.shots[-1], after.shots[-1]
        sizes = compose(before, old, palette).headline, compose(after, new, palette).headline
        size = (
            f", set at {sizes[1]} px instead of {sizes[0]} px"
            if sizes[1] != sizes[0]
            else f", still set at {sizes[1]} px"
        )
        told.append(
            f"The call to action stands alone for {new.seconds:.1f} s instead of {old.seconds:.1f} s{size} ({why})."
        )
    if "message_unclear" in flags:
        told.append(
            f"The message is on screen {_times_said(brief, after)} times instead of {_times_said(brief, before)}, "
            "always in the same words (message unclear)."
        )
    for flag in ("tone_mismatch", "off_brand"):
        if flag in flags:
            told.append(
                f"The wording and colours take one step towards the brand’s {_register(after)} register, "
                f"from its {_register(before)} one ({catalog.label('flag', flag).lower()})."
            )
            break
    if "audio_issues" in flags:
        told.append(
            f"Another music bed at {after.bpm:.0f} bpm instead of {before.bpm:.0f} bpm, "
            "levelled to −16 LUFS (audio issues)."
        )
    if "visuals_poor" in flags:
        told.append(
            f"Layout changed from {FAMILY_WORDS[before.family]} to {FAMILY_WORDS[after.family]} (visuals poor)."
        )
    told += _for_a_person(flags)
    if not flags:
        told += _unflagged(given.level, before, after)
    return told


def _length_told(brief: CutBrief, flags: list[str], seen: float, after: Film) -> list[str]:
    (low, high), now = after.limits, f"{after.seconds:.1f} s"
    kind = f"a {brief.scenario.label.lower()} film"
    if "too_long" in flags and "too_short" in flags:
        return [f"Kept at {now}: the review calls it too long and too short at once."]
    if "too_long" in flags:
        if after.seconds < seen - 0.05:
            least = f", the least {kind} may last" if after.seconds < low + 1 else ""
            return [f"Shortened from {seen:.1f} s to {now}{least} (too long)."]
        return [f"Kept at {now}: {kind} lasts at least {low:.0f} s, and its words need the time to be read (too long)."]
    if "too_short" in flags:
        if after.seconds > seen + 0.05:
            return [f"Lengthened from {seen:.1f} s to {now} (too short)."]
        return [f"Kept at {now}: {kind} lasts at most {high:.0f} s (too short)."]
    return []


def _for_a_person(flags: list[str]) -> list[str]:
    """What the pipeline cannot answer: which field of the brief somebody has to correct."""
    known = catalog.flags()
    told = []
    for flag in flags:
        info = known.get(flag)
        if info and info.needs:
            told.append(
                f"{info.label}: not answered by this cut; correct “{info.needs.replace('_', ' ')}” in the brief first."
            )
    return told


def _unflagged(level: FeedbackLevel, before: Film, after: Film) -> list[str]:
    if level is FeedbackLevel.MAJOR_CHANGES:
        return [
            "No flag was set, so the cut takes another direction: "
            f"layout changed from {FAMILY_WORDS[before.family]} to {FAMILY_WORDS[after.family]}, "
            f"opening changed from {HOOK_WORDS[before.direction.hook]} to {HOOK_WORDS[after.direction.hook]}."
        ]
    return [
        "No flag was set, so this is a small variation: other arrangements and neutral lines, "
        "with the opening and the family of layouts as they were."
    ]


def _range(film: Film) -> str:
    lengths = [shot.seconds for shot in film.shots[:-1]]
    return f"{min(lengths):.1f} to {max(lengths):.1f} s"


def _average(film: Film) -> float:
    lengths = [shot.seconds for shot in film.shots[:-1]]
    return sum(lengths) / len(lengths)


def _times_said(brief: CutBrief, film: Film) -> int:
    """How often the message, or its beginning where it takes several screens, comes on screen."""

    def bare(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalnum())

    wanted = bare(brief.brief.message) or bare("Your one-line message")
    return sum(
        bool(bare(shot.text)) and len(bare(shot.text)) > 4 and wanted.startswith(bare(shot.text)) for shot in film.shots
    )


def _register(film: Film) -> str:
    names = {"bold": ("loud", "plain"), "empathetic": ("soft", "clear"), "professional": ("sober", "warm")}
    return names[film.tone][film.direction.register % 2]


def notes_for_director(brief: CutBrief) -> list[str]:
    """Reviewers' own words are for people: the pipeline says that it has not read them."""
    written = {r.attempt_number for r in brief.reviews if r.feedback.notes.strip()}
    written |= {comment.attempt_number for comment in brief.comments}
    if not written:
        return []
    words = "Written notes and comments" if brief.comments else "Written notes"
    which = ", ".join(str(number) for number in sorted(written))
    return [f"{words} on attempt {which} are passed on as they are; this cut answers the flags and the decision only."]
