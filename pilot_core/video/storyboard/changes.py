"""Describes what a storyboard changed since the previous version, in sentences with values before and after."""

from statistics import pstdev

from pilot_core import catalog
from pilot_core.domain.attempt import Change, Draft, Shot
from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.measures import is_contradicted
from pilot_core.formatting import count
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard.edits import changed_shots
from pilot_core.video.storyboard.film import FPS, Film
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.palette import Palette, palette_of
from pilot_core.video.storyboard.plan import build, hook_times
from pilot_core.video.storyboard.plan_file import kit_names
from pilot_core.video.storyboard.revise import (
    answers_checks,
    directed,
    missed_length,
    plan,
    seen_film,
    seen_kit,
    seen_length,
)
from pilot_core.video.storyboard.style import FAMILY_WORDS, HOOK_WORDS

MOST_LISTED = 6
"""How many shots of an edited storyboard are listed one by one."""


def changes(brief: CutBrief, after: Film, palette: Palette) -> list[Change]:
    """Return the changes since the previous version: for its latest review, then for SLA checks that a draft missed."""
    found = [_after_checks(brief, after)] if answers_checks(brief) else []
    if not brief.previous and not brief.reviews:
        return found
    before = seen_film(brief)
    edited = _edited(before, after) if brief.storyboard else []
    reviewed = _after_review(brief, before, after, palette) if brief.reviews else []
    return edited + reviewed + found


def planned_changes(brief: CutBrief) -> list[Change]:
    """Return the changes that a storyboard of this brief would make. Plans the video without drawing it."""
    return changes(brief, plan(brief), palette_of(brief.brand))


def notes_for_director(brief: CutBrief) -> list[str]:
    """Return a note that written feedback and comments were not read by the pipeline; empty if there are none."""
    written = {r.attempt_number for r in brief.reviews if r.feedback.notes.strip()}
    written |= {comment.attempt_number for comment in brief.comments}
    if not written:
        return []
    words = "Written notes and comments" if brief.comments else "Written notes"
    which = ", ".join(str(number) for number in sorted(written))
    return [
        f"{words} on version {which} are passed on as they are; this version answers the flags and the decision only."
    ]


def _first_iteration(brief: CutBrief) -> CutBrief:
    return brief.model_copy(update={"iteration": 1, "missed_checks": []})


def _after_checks(brief: CutBrief, after: Film) -> Change:
    before = build(brief, directed(_first_iteration(brief)))
    if missed_length(brief) and abs(before.seconds - after.seconds) >= 0.1:
        lengths = f"from {before.seconds:.1f} s to {after.seconds:.1f} s"
        return Change(text=f"Length changed {lengths}, to what was agreed.")
    return Change(text="Drawn again with another arrangement of its layouts.")


def _after_review(brief: CutBrief, before: Film, after: Film, palette: Palette) -> list[Change]:
    level, flags = brief.reviews[-1].feedback.level, brief.reviews[-1].flags
    if level is FeedbackLevel.APPROVE:
        return []
    if not flags:
        return [] if brief.storyboard else [_unflagged(level, before, after)]
    told = [
        _length(brief, flags, before, after),
        _hook(flags, before, after),
        _flat_pacing(flags, before, after),
        _rushed_pacing(flags, before, after),
        _call(flags, before, after, palette),
        _message(brief, flags, before, after),
        _register(flags, before, after),
        _brand(brief, flags, before, after),
        _music(flags, before, after),
        _layout(flags, before, after),
        _ratio(flags, before, after),
    ]
    seen = _measurable(before, seen_length(brief, before.direction, brief.reviews[-1]))
    now = _measurable(after, after.seconds)
    return [_unless_contradicted(change, seen, now) for change in told if change] + _for_a_person(
        flags, brief.storyboard is not None
    )


def _unless_contradicted(change: Change, before: Draft, after: Draft) -> Change:
    """Return the change, left to a person if the two videos measured show that it does not do what was asked."""
    is_not_done = is_contradicted(change, before, after)
    return change.model_copy(update={"answered": False, "shots": []}) if is_not_done else change


def _measurable(film: Film, seconds: float) -> Draft:
    """Return what can be measured of a film that is ``seconds`` long."""
    shots = [Shot(beat=shot.beat, start=shot.start / FPS, end=shot.end / FPS) for shot in film.shots]
    return Draft(iteration=1, video_path="", duration=seconds, shots=shots)


def _raised(flags: list[str], *answered: str) -> list[str]:
    return [flag for flag in flags if flag in answered]


def _length(brief: CutBrief, flags: list[str], before: Film, after: Film) -> Change | None:
    raised = _raised(flags, "too_long", "too_short")
    if not raised:
        return None
    seen = seen_length(brief, before.direction, brief.reviews[-1])
    (low, high), now = after.limits, f"{after.seconds:.1f} s"
    kind = f"a {brief.scenario.label.lower()} video"
    if len(set(raised)) == 2:
        text = f"At {now}: the review calls it too long and too short at once."
        return Change(text=text, flags=raised, answered=False, shots=[])
    if "too_long" in raised and after.seconds < seen - 0.05:
        least = f", the least {kind} may last" if after.seconds < low + 1 else ""
        return Change(text=f"Shortened from {seen:.1f} s to {now}{least} (too long).", flags=raised, shots=_all(after))
    if "too_short" in raised and after.seconds > seen + 0.05:
        return Change(text=f"Lengthened from {seen:.1f} s to {now} (too short).", flags=raised, shots=_all(after))
    length = now if abs(after.seconds - seen) <= 0.05 else f"{now}, before {seen:.1f} s"
    if "too_long" in raised:
        text = f"At {length}: {kind} lasts at least {low:.0f} s, and its words need the time to be read (too long)."
    else:
        text = f"At {length}: {kind} lasts at most {high:.0f} s (too short)."
    return Change(text=text, flags=raised, possible=False, shots=[])


def _hook(flags: list[str], before: Film, after: Film) -> Change | None:
    if "hook_weak" not in flags:
        return None
    was, now = hook_times(before)[1], hook_times(after)[1]
    text = (
        f"Opens with {_instead(HOOK_WORDS[before.direction.hook], HOOK_WORDS[after.direction.hook])}; "
        f"hook complete at {_instead(f'{was:.1f} s', f'{now:.1f} s')} (weak hook)."
    )
    opening = [place for place, shot in enumerate(after.shots) if shot.beat_index == 0]
    is_other = after.direction.hook != before.direction.hook
    return _answered(is_other or now < was, text, ["hook_weak"], opening)


def _flat_pacing(flags: list[str], before: Film, after: Film) -> Change | None:
    if "pacing_flat" not in flags:
        return None
    was, now = _spread(before), _spread(after)
    text = f"Shots now last {_range(after)}, before {_range(before)}; their lengths lie {now:.1f} s apart on average, "
    text += f"before {was:.1f} s (flat pacing)."
    is_wider = now > was * 1.05
    text = (
        text
        if is_wider
        else f"Shots last {_range(after)}, as before: each is as short as its words allow (flat pacing)."
    )
    return _answered(is_wider, text, ["pacing_flat"], _all(after))


def _rushed_pacing(flags: list[str], before: Film, after: Film) -> Change | None:
    if "pacing_rushed" not in flags:
        return None
    was, now = f"{_average(before):.1f} s", f"{_average(after):.1f} s"
    more = (
        "" if after.seconds < after.limits[1] - 1 else f", at {after.seconds:.1f} s of {after.limits[1]:.0f} s allowed"
    )
    text = f"The average shot lasts {_instead(was, now)}{more} (rushed pacing)."
    return _answered(now != was, text, ["pacing_rushed"], _all(after))


def _call(flags: list[str], before: Film, after: Film, palette: Palette) -> Change | None:
    raised = _raised(flags, "cta_unclear", "ending_weak")
    if not raised:
        return None
    why = " and ".join(catalog.label("flag", flag).lower() for flag in raised)
    old, new = before.shots[-1], after.shots[-1]
    was, now = compose(before, old, palette).headline, compose(after, new, palette).headline
    size = f", set at {now} px instead of {was} px" if now != was else f", still set at {now} px"
    lasts = _instead(f"{old.seconds:.1f} s", f"{new.seconds:.1f} s")
    text = f"The call to action stands alone for {lasts}{size} ({why})."
    is_held = now > was or new.seconds > old.seconds
    return _answered(is_held, text, raised, [len(after.shots) - 1])


def _message(brief: CutBrief, flags: list[str], before: Film, after: Film) -> Change | None:
    if "message_unclear" not in flags:
        return None
    was, now = len(_saying(brief, before)), _saying(brief, after)
    same = ", always in the same words" if len(now) > 1 else ""
    text = f"The message is on screen {_instead(_times(was), _times(len(now)))}{same} (message unclear)."
    if not now:
        text = "The message is not on screen in its own words (message unclear)."
    return _answered(len(now) > was, text, ["message_unclear"], now)


def _register(flags: list[str], before: Film, after: Film) -> Change | None:
    if "tone_mismatch" not in flags:
        return None
    is_changed = after.direction.register % 2 != before.direction.register % 2
    text = (
        f"The wording and colours take one step towards the brand’s {_register_name(after)} register, "
        f"from its {_register_name(before)} one (wrong tone)."
    )
    text = text if is_changed else "The wording and colours are as they were (wrong tone)."
    return _answered(is_changed, text, ["tone_mismatch"], _all(after))


def _brand(brief: CutBrief, flags: list[str], before: Film, after: Film) -> Change | None:
    """Return what the brand kit changes since the version before, or that it is missing."""
    if "off_brand" not in flags:
        return None
    kit = after.kit
    has = [
        "its logo" if kit.logo else "",
        "its colours" if brief.brand.get("kit_colours") else "",
        "its typeface" if kit.font or kit.typeface else "",
        "its pictures" if kit.pictures else "",
    ]
    told = ", ".join(filter(None, has))
    if told and seen_kit(brief) == kit_names(after, palette_of(brief.brand)):
        text = f"The look is as it was, with {told} of the brand kit: change the kit first (off brand)."
        return Change(text=text, flags=["off_brand"], answered=False, shots=[])
    if not told:
        text = "The look is as it was: add the company’s logo, colours or typeface to the brand kit first (off brand)."
        return Change(text=text, flags=["off_brand"], answered=False, shots=[])
    text = f"Drawn with the brand kit: {told} (off brand)."
    return Change(text=text, flags=["off_brand"], shots=_all(after))


def _ratio(flags: list[str], before: Film, after: Film) -> Change | None:
    if "format_platform" not in flags:
        return None
    size = f"{after.ratio.name}, {after.width}×{after.height}"
    is_changed = after.ratio is not before.ratio
    text = f"Laid out anew in {size}, instead of {before.ratio.name} (wrong format for the platform)."
    text = text if is_changed else f"The picture is {size}, as before (wrong format for the platform)."
    return _answered(is_changed, text, ["format_platform"], _all(after))


def _music(flags: list[str], before: Film, after: Film) -> Change | None:
    if "audio_issues" not in flags:
        return None
    is_changed = after.direction.bed != before.direction.bed
    text = (
        f"Another music bed at {_instead(f'{before.bpm:.0f} bpm', f'{after.bpm:.0f} bpm')}, "
        "levelled to −16 LUFS (audio issues)."
    )
    return _answered(
        is_changed, text if is_changed else "The music is as it was (audio issues).", ["audio_issues"], _all(after)
    )


def _layout(flags: list[str], before: Film, after: Film) -> Change | None:
    if "visuals_poor" not in flags:
        return None
    is_changed = after.family != before.family
    text = f"Layout changed from {FAMILY_WORDS[before.family]} to {FAMILY_WORDS[after.family]} (visuals poor)."
    text = text if is_changed else f"The layout is as it was: {FAMILY_WORDS[after.family]} (visuals poor)."
    return _answered(is_changed, text, ["visuals_poor"], _all(after))


def _edited(before: Film, after: Film) -> list[Change]:
    """Return what a person changed in the storyboard, shot by shot."""
    places = changed_shots(before, after)
    lengths = _instead(f"{before.seconds:.1f} s", f"{after.seconds:.1f} s")
    text = (
        f"A person edited the storyboard: {count(len(places), 'shot')} of {len(after.shots)} "
        f"{'differs' if len(places) == 1 else 'differ'}, and it lasts {lengths}."
    )
    found = [Change(text=text, shots=places)]
    said = {shot.text for shot in before.shots}
    for place in places[:MOST_LISTED]:
        shot = after.shots[place]
        if shot.text not in said:
            found.append(Change(text=f"Shot {place + 1} says “{shot.text}”.", shots=[place]))
    gone = [shot.text for shot in before.shots if shot.text not in {s.text for s in after.shots}]
    found += [Change(text=f"No longer said: “{text}”.", shots=[]) for text in gone[:MOST_LISTED]]
    return found


def _for_a_person(flags: list[str], is_edited: bool) -> list[Change]:
    """Return a change for each flag that the pipeline cannot answer, naming the field of the brief to correct."""
    known = catalog.flags()
    todo = "not answered by this version; correct the words in the storyboard, or the brief’s {}."
    if is_edited:
        todo = "left to the person who edited the storyboard."
    return [
        Change(
            text=f"{info.label}: {todo.format(BRIEF_LABELS.get(info.needs, info.needs))}",
            flags=[flag],
            answered=False,
            shots=[],
        )
        for flag in flags
        if (info := known.get(flag)) and info.needs
    ]


def _unflagged(level: FeedbackLevel, before: Film, after: Film) -> Change:
    if level is FeedbackLevel.MAJOR_CHANGES:
        was, now = HOOK_WORDS[before.direction.hook], HOOK_WORDS[after.direction.hook]
        opening = f", opening changed from {was} to {now}" if was != now else ", the opening as it was"
        text = (
            "No flag was set, so this version takes another direction: "
            f"layout changed from {FAMILY_WORDS[before.family]} to {FAMILY_WORDS[after.family]}{opening}."
        )
    else:
        text = (
            "No flag was set, so this is a small variation: other arrangements of its pages, "
            "with the opening and the family of layouts as they were."
        )
    return Change(text=text)


def _answered(is_changed: bool, text: str, flags: list[str], shots: list[int]) -> Change:
    """Return the change of these shots. If nothing has changed, the flags are left to a person."""
    return Change(text=text, flags=flags, answered=is_changed, shots=shots if is_changed else [])


def _all(film: Film) -> list[int]:
    return list(range(len(film.shots)))


def _instead(was: str, now: str) -> str:
    """Return both values: "2.1 s instead of 3.0 s", or "2.1 s as before"."""
    return f"{now} instead of {was}" if now != was else f"{now} as before"


def _range(film: Film) -> str:
    lengths = [shot.seconds for shot in film.shots[:-1]]
    return f"{min(lengths):.1f} to {max(lengths):.1f} s"


def _spread(film: Film) -> float:
    """Return the standard deviation of the lengths of the shots before the call, in seconds."""
    return pstdev(shot.seconds for shot in film.shots[:-1]) if len(film.shots) > 2 else 0.0


def _average(film: Film) -> float:
    lengths = [shot.seconds for shot in film.shots[:-1]]
    return sum(lengths) / len(lengths)


def _saying(brief: CutBrief, film: Film) -> list[int]:
    """Return the places of the shots with the message. One split over several screens counts by its first part."""

    def bare(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalnum())

    wanted = bare(brief.brief.message) or bare("Your one-line message")
    return [
        place
        for place, shot in enumerate(film.shots)
        if bare(shot.text) == wanted or (len(bare(shot.text)) > 4 and wanted.startswith(bare(shot.text)))
    ]


def _times(number: int) -> str:
    """Return how often something happens: "never", "once", "3 times"."""
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _register_name(film: Film) -> str:
    names = {"bold": ("loud", "plain"), "empathetic": ("soft", "clear"), "professional": ("sober", "warm")}
    return names[film.tone][film.direction.register % 2]
