"""Plans a video from a brief and a direction: its shots in frames, their backgrounds, and notes for the director.

Nothing is drawn and no font is opened. The same brief and direction always give the same plan.
"""

import math
from dataclasses import dataclass, replace

from pilot_core.domain import limits
from pilot_core.video.contract import CutBrief, KitFiles
from pilot_core.video.storyboard import lines, words
from pilot_core.video.storyboard.coverage import coverage_notes
from pilot_core.video.storyboard.figures import is_pair, is_share
from pilot_core.video.storyboard.film import (
    FPS,
    MAX_WORDS,
    RATIOS,
    Direction,
    Film,
    FilmShot,
    laid_out,
    lead_of,
    plain,
    ratio_of,
)
from pilot_core.video.storyboard.pacing import paced
from pilot_core.video.storyboard.script import Writer, usual_direction
from pilot_core.video.storyboard.style import CALL_GROUND, FAMILIES, FAMILY_WORDS, GROUNDS, HOOK_WORDS
from pilot_core.video.storyboard.timing import Timed, comfortable_seconds, filled_seconds, time_beats
from pilot_core.video.storyboard.words import word_count

OTHER_GROUND = {"dark": "light", "deep": "light", "light": "deep", "paper": "deep", "accent": "dark"}
REVEALED, SLOWEST_WORD = 0.4, 9
"""Share of a shot in which a long sentence comes word by word, and frames from one word to the next at most."""
LONGER = 4 / 3
"""How many times the usual length a first attempt may be, if the brief has more to say."""


def build(brief: CutBrief, direction: Direction) -> Film:
    """Return the plan for these choices. It may be longer than ``direction.seconds`` if the words need reading time."""
    writer = Writer(brief, direction)
    low, high = brief.scenario.min_seconds + 0.2, brief.scenario.max_seconds - 0.2
    target = min(max(direction.seconds, low), high)
    timed = time_beats(writer, target, low, high)
    shots = _with_poster(_with_pictures(_stage(writer, timed), brief.kit))
    width, height = size_in(brief, direction.ratio)
    film = Film(
        width=width,
        height=height,
        tone=writer.tone,
        pacing=writer.pacing,
        claims=writer.claims,
        family=FAMILIES[writer.tone][direction.family % 3],
        direction=direction,
        seed=writer.seed,
        beat_frames=writer.beat_frames,
        mood=_mood(writer.tone, direction.bed),
        shots=(),
        limits=(brief.scenario.min_seconds, brief.scenario.max_seconds),
        placeholders=tuple(sorted(writer.placeholders)),
        held=writer.held,
        language=writer.told.language or lines.ENGLISH,
        kit=brief.kit,
    )
    film = paced(laid_out(film, shots))
    return replace(film, notes=tuple(notes_of(film, brief)))


def first_direction(brief: CutBrief) -> Direction:
    """Return the direction for a first attempt: as long as usual, up to a third longer if the brief has more to say."""
    usual = usual_direction(brief)
    wanted = min(comfortable_seconds(Writer(brief, usual)), usual.seconds * LONGER)
    return replace(usual, seconds=min(max(usual.seconds, wanted), brief.scenario.max_seconds))


def size_in(brief: CutBrief, ratio: int) -> tuple[int, int]:
    """Return the width and height in pixels of a film that is ``ratio`` steps away from the brief's own ratio."""
    if ratio == 0:
        return brief.width, brief.height
    names = list(RATIOS)
    own = names.index(ratio_of(brief.width, brief.height).name)
    return RATIOS[names[(own + ratio) % len(names)]].size(min(brief.width, brief.height))


def hook_times(film: Film) -> tuple[float, float]:
    """Return the times in seconds at which the opening's first word appears and its last word is in place."""
    first = film.shots[0]
    opening = [shot for shot in film.shots if shot.beat_index == 0 and shot.role != "aside"]
    last = opening[-1]
    arrive = last.start - lead_of(last) + last.enter + last.stagger * max(0, math.ceil(word_count(last.text)) - 1)
    return max(0, first.enter // 2 - lead_of(first)) / FPS, max(arrive, 1) / FPS


def _stage(writer: Writer, timed: Timed) -> list[FilmShot]:
    """Return the shots with their frames, background colours, transitions and entrance animations."""
    schemes = GROUNDS[(writer.tone, writer.direction.register % 2)]
    scheme = schemes[writer.pick(schemes, 24)]
    call_ground = CALL_GROUND[writer.tone][writer.direction.register % 2]
    shots: list[FilmShot] = []
    at = 0
    for beat_index, phrases in timed:
        beat = writer.brief.scenario.beats[beat_index]
        first, second = scheme[beat_index % len(scheme)]
        for i, (phrase, frames) in enumerate(phrases):
            ground = second if i % 3 == 1 else first
            if phrase.role == "cta":
                ground = call_ground
            elif beat.id == "cta" and first == call_ground:
                ground = "dark" if call_ground != "dark" else "light"
            if writer.tone == "empathetic" and beat.id in ("turn", "news"):
                ground = "deep"
            if phrase.role != "cta" and len(shots) > 1 and shots[-1].ground == shots[-2].ground == ground:
                ground = OTHER_GROUND[ground]  # three alike in a row look like one page
            fast = writer.direction.hook_fast and beat_index == 0
            enter = max(4, writer.pace.enter // 2) if fast else writer.pace.enter
            stagger = 1 if fast else writer.pace.stagger
            if beat_index and phrase.role not in ("cta", "figure") and word_count(phrase.text) > writer.pace.most_words:
                # A whole sentence in a fast film comes word by word, so that something happens on each beat.
                stagger = max(stagger, min(SLOWEST_WORD, round(REVEALED * frames / word_count(phrase.text))))
            shot = FilmShot(
                beat=beat.id,
                label=beat.label,
                beat_index=beat_index,
                index=len(shots),
                start=at,
                end=at + frames,
                role=phrase.role,
                main=phrase.main,
                above=phrase.above,
                below=phrase.below,
                ground=ground,
                transition=_transition(writer, shots, i, ground),
                easing=writer.pace.easing,
                enter=enter,
                stagger=stagger,
                source=phrase.source,
                # By its place in its beat, so that a longer opening leaves the pages after it as they are.
                variant=(writer.direction.variation + writer.seed + 3 * beat_index + i) % 12,
            )
            shots.append(shot)
            at += frames
    return shots


PICTURED = ("feature", "solution", "building", "proof", "change", "next")
"""The beats that pictures of the brand kit may illustrate, in the order in which they get one."""


def _with_pictures(shots: list[FilmShot], kit: KitFiles) -> list[FilmShot]:
    """Return the shots, each picture of the kit shown with the words of one of them, where they are few."""
    found = list(shots)
    fitting = [
        shot.index
        for beat in PICTURED
        for shot in shots
        if shot.beat == beat and shot.role in ("statement", "name") and word_count(shot.text) <= MAX_WORDS
    ]
    for picture, place in zip(kit.pictures, fitting, strict=False):
        found[place] = replace(found[place], picture=picture.name)
    return found


def _with_poster(shots: list[FilmShot]) -> list[FilmShot]:
    """Return the shots with one marked for the poster: the best figure, of the news first, or else the hook."""
    hook = [shot for shot in shots if shot.beat_index == shots[0].beat_index and shot.role != "aside"]
    figures = [shot for shot in shots if shot.role == "figure"]
    figures.sort(key=lambda shot: (shot.beat != "news", not is_pair(plain(shot.main)), not is_share(plain(shot.main))))
    chosen = (figures or hook)[0].index
    return [replace(shot, poster=shot.index == chosen) for shot in shots]


def _transition(writer: Writer, shots: list[FilmShot], place: int, ground: str) -> str:
    if not shots:
        return "open"
    if writer.tone == "empathetic":
        return "dissolve"
    if writer.tone == "professional":
        return "wipe" if shots[-1].ground != ground else "swap"
    if place == 0:
        return ("push_up", "push_left", "slam")[(writer.seed + len(shots)) % 3]
    return "cut"


def _mood(tone: str, bed: int) -> str:
    """Return the music's mood, which alternates between the tone's own and a similar one every two music changes."""
    order = {
        "bold": ("bold", "professional"),
        "empathetic": ("empathetic", "professional"),
        "professional": ("professional", "empathetic"),
    }
    return order[tone][(bed // 2) % 2]


def notes_of(film: Film, brief: CutBrief) -> list[str]:
    """Return the notes for the director: what was chosen, and what of the brief is on screen."""
    shown, complete = hook_times(film)
    longest = max(film.shots, key=lambda s: s.frames)
    opening = f"“{film.shots[0].text}”" if brief.storyboard else HOOK_WORDS[film.direction.hook]
    told = words.clean_brief(brief.brief)
    notes = [
        f"Opens with {opening}, on screen at {shown:.1f} s and complete at {complete:.1f} s.",
        f"Runs {film.seconds:.1f} s in {len(film.shots)} shots of {min(s.seconds for s in film.shots):.1f} to "
        f"{longest.seconds:.1f} s, cut to music at {film.bpm:.0f} bpm.",
        f"Layout: {FAMILY_WORDS[film.family]}, in the palette of the brand.",
        f"The call to action stands for the last {film.shots[-1].seconds:.1f} s.",
    ]
    if film.placeholders:
        fields = ", ".join(name.replace("_", " ") for name in film.placeholders)
        notes.append(
            f"Stand-ins in brackets mark what the brief leaves open: {fields}. Fill these in before publishing."
        )
    if told.link and words.tidy_link(told.link) not in (told.link, told.link.split("://")[-1]):
        notes.append(
            f"The link is shown as {words.tidy_link(told.link)}; publish it with the full address of the brief."
        )
    if film.claims == "conservative":
        notes.append("Claims are attributed to the company that makes them; nothing goes beyond the brief.")
    notes += coverage_notes(film, brief)
    if brief.storyboard:
        return ["Made from a storyboard that a person edited.", *notes]
    found = fill_of(brief)
    return [*notes, f"{found.sentence} Until then its words are held longer."] if found.is_short else notes


@dataclass(frozen=True)
class Fill:
    """How many seconds a brief fills at the pace of its brand, of the least that the scenario asks for."""

    seconds: float
    least: float
    could_add: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        return round(self.seconds) < self.least

    @property
    def sentence(self) -> str:
        """Return what the brief fills and what would fill it."""
        if not self.is_short:
            return (
                f"The brief fills its video: {self.seconds:.0f} s of words, and at least {self.least:.0f} s are needed."
            )
        more = f" Add {' or '.join(self.could_add[:2])}." if self.could_add else ""
        return f"The brief fills {self.seconds:.0f} of at least {self.least:.0f} s.{more}"


def fill_of(brief: CutBrief) -> Fill:
    """Return what the brief fills of a first attempt, before anything is made."""
    told = words.clean_brief(brief.brief)
    seconds = filled_seconds(Writer(brief, first_direction(brief)))
    fields = [field for field in lines.fields_of(beat.id for beat in brief.scenario.beats) if not getattr(told, field)]
    more = ["another proof point"] if 0 < len(told.proof_points) < limits.PROOF_POINTS else []
    return Fill(seconds, brief.scenario.min_seconds, (*(NEEDED[f] for f in fields if f in NEEDED), *more))


NEEDED = {
    "product": "the product",
    "message": "the message",
    "proof_points": "a proof point",
    "problem": "the problem",
    "cost": "what the problem costs",
    "why_now": "why now",
    "news": "the news",
    "quote": "a quote",
    "audience": "who it is for",
    "use_of_funds": "what the money is for",
    "what_next": "what comes next",
}
