"""What each shot's pictures depend on, so that a later film takes over those that would come out the same.

Two segments with one key have the same frames. A key covers the shot, the one before it where the transition shows it,
and what the backdrop reads of the whole film. Files of the brand kit are named by their contents.
"""

import hashlib
from dataclasses import asdict, replace

from pilot_core.video.storyboard.draw import TRANSITION_FRAMES
from pilot_core.video.storyboard.film import Film, FilmShot
from pilot_core.video.storyboard.palette import Palette

DRAWING = 4
"""Raised whenever the drawing or the encoding changes, so that no segment of an earlier version is taken over."""

SHOW_WORDS = ("push_up", "push_left", "slam")
"""The transitions that show the words of the shot before."""

PROGRESS = ("blocks", "discs", "columns", "rows", "frame", "hills")
"""The families of layouts whose backdrop shows how much of the film has played, and so depends on its length."""


def segment_keys(film: Film, palette: Palette) -> list[str]:
    """Return the key of each shot, in order."""
    whole = (
        DRAWING,
        film.width,
        film.height,
        film.tone,
        film.family,
        film.seed,
        film.direction.variation,
        film.direction.register % 2,
        film.direction.cta_level,
        film.beat_frames,
        film.language,
        film.kit.typeface,
        film.kit.font.name if film.kit.font else "",
        film.kit.logo.name if film.kit.logo else "",
        palette,
        film.frames if film.family in PROGRESS else 0,
        len(film.shots),
    )
    starts: dict[int, int] = {}
    for shot in film.shots:
        starts.setdefault(shot.beat_index, shot.start)
    found = []
    for place, shot in enumerate(film.shots):
        before = film.shots[place - 1] if place and TRANSITION_FRAMES[shot.transition] else None
        seen = _drawn(film, before) if before and shot.transition in SHOW_WORDS else before and _ground(before)
        length = sum(s.frames for s in film.shots if s.beat_index == shot.beat_index)
        about = (_drawn(film, shot), seen, starts[shot.beat_index], length)
        is_last = place == len(film.shots) - 1
        found.append(hashlib.sha256(repr((whole, *about, is_last)).encode()).hexdigest()[:24])
    return found


def _ground(shot: FilmShot) -> tuple[object, ...]:
    """Return what of a shot is drawn without its words."""
    return (shot.beat, shot.beat_index, shot.index, shot.start, shot.role, shot.ground, shot.variant)


def _drawn(film: Film, shot: FilmShot) -> tuple[object, ...]:
    """Return what of a shot is drawn: not what it is called, nor where its words come from."""
    picture = film.kit.picture(shot.picture) if shot.picture else None
    fields = asdict(replace(shot, label="", source="", poster=False, picture=""))
    return (*fields.items(), (picture.path.name, picture.area) if picture else None)


def sound_key(film: Film, told: object) -> str:
    """Return the key of the film's music; ``told`` is its arrangement."""
    about = (DRAWING, film.frames, film.beat_frames, film.mood, film.seed + film.direction.bed, film.shots[-1].start)
    return hashlib.sha256(repr((about, told)).encode()).hexdigest()[:24]
