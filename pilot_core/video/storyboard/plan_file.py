"""A film's plan as JSON, the file ``storyboard.json``: what the pipeline draws, and what a lead may edit.

Words are written with ``*stars*`` around what is emphasised and a line break where a line ends; ``\\*`` is a star.
"""

import json
import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from pilot_core.domain.records import Record
from pilot_core.errors import InvalidRequest, first_fault
from pilot_core.video.contract import CutBrief, KitFiles
from pilot_core.video.storyboard.coverage import coverage, foreign_words, share_of_brief
from pilot_core.video.storyboard.film import (
    BREAK,
    FPS,
    MARK_OFF,
    MARK_ON,
    RATIOS,
    Direction,
    Film,
    FilmShot,
    laid_out,
    ratio_of,
)
from pilot_core.video.storyboard.palette import Palette
from pilot_core.video.storyboard.style import FAMILIES, GROUND_NAMES, PACES, TONES

VERSION = 1
MOST_SHOTS, MOST_WORDS = 60, 400
KEPT = ("beat", "label", "role", "ground", "transition", "easing", "enter", "stagger", "source", "picture", "poster")
"""The fields of a shot that are written as they are."""
ROLES = ("hook", "statement", "figure", "quote", "name", "news", "echo", "proof", "aside", "label", "cta")
EASINGS = ("cubic-out", "cubic-in-out", "spring")
TRANSITIONS = ("open", "cut", "swap", "dissolve", "wipe", "push_up", "push_left", "slam")

Words = Annotated[str, Field(max_length=MOST_WORDS)]


_DIRECTION = TypeAdapter(Direction)


def _one_of(*values: str) -> str:
    return f"^({'|'.join(map(re.escape, values))})$"


class PlannedShot(Record):
    """One shot as it is written in the file. ``layout`` is the number of its arrangement, from 0."""

    beat: str = Field(min_length=1, max_length=40)
    label: str = Field("", max_length=80)
    role: str = Field("statement", pattern=_one_of(*ROLES))
    above: Words = ""
    main: Words = ""
    below: Words = ""
    seconds: Annotated[float, Field(ge=0.3, le=60)]
    ground: str = Field("dark", pattern=_one_of(*GROUND_NAMES))
    transition: str = Field("cut", pattern=_one_of(*TRANSITIONS))
    easing: str = Field("cubic-out", pattern=_one_of(*EASINGS))
    enter: Annotated[int, Field(ge=1, le=60)] = 10
    stagger: Annotated[int, Field(ge=0, le=20)] = 2
    layout: Annotated[int, Field(ge=0, le=11)] = 0
    source: str = Field("", max_length=40)
    picture: str = Field("", max_length=200)
    poster: bool = False


class PlannedFilm(Record):
    """The whole plan as it is written in the file; see ``Film`` for what its fields mean."""

    version: Annotated[int, Field(ge=1, le=VERSION)] = VERSION
    ratio: str = Field("9:16", pattern=_one_of(*RATIOS))
    width: Annotated[int, Field(ge=120, le=8192, multiple_of=2)]
    height: Annotated[int, Field(ge=120, le=8192, multiple_of=2)]
    tone: str = Field(pattern=_one_of(*TONES))
    pacing: Annotated[float, Field(ge=0, le=1)]
    claims: str = Field("moderate", max_length=40)
    family: str = Field(pattern=_one_of(*(family for each in FAMILIES.values() for family in each)))
    direction: dict[str, Any]
    seed: Annotated[int, Field(ge=0)]
    beat_frames: Annotated[int, Field(ge=6, le=120)]
    mood: str = Field(pattern=_one_of(*TONES))
    limits: tuple[float, float]
    held: Annotated[float, Field(ge=1, le=20)] = 1.0
    placeholders: list[str] = Field(default_factory=list)
    language: str = Field("en", max_length=40)
    shots: Annotated[list[PlannedShot], Field(min_length=1, max_length=MOST_SHOTS)]


def written(text: str) -> str:
    """Return words with marks as they are written in the file."""
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    return re.sub(f" ?{BREAK} ?", "\n", escaped).replace(MARK_ON, "*").replace(MARK_OFF, "*")


def read_words(text: str) -> str:
    """Return words of the file with marks; the reverse of :func:`written`. A star that is left over is a star."""
    parts = re.split(r"(\\.|\*|\s*\n\s*)", text)
    stars = sum(part == "*" for part in parts)
    found, on, seen = "", False, 0
    for part in parts:
        if part == "*":
            seen += 1
            if stars % 2 and seen == stars:
                found += "*"
                continue
            on = not on
            found += MARK_ON if on else MARK_OFF
        elif part.startswith("\\") and len(part) == 2:
            found += part[1]
        elif "\n" in part:
            found += f"{BREAK} " if found.strip() else ""
        else:
            found += part
    return " ".join(found.split(" ")).strip().removesuffix(BREAK)


def to_json(film: Film, brief: CutBrief, palette: Palette, segments: list[str], sound: str) -> dict[str, Any]:
    """Return the contents of ``storyboard.json``: the plan, its coverage of the brief, and what its pictures depend on.

    ``segments`` and ``sound`` are the keys by which a later film takes over what has not changed.
    """
    told = coverage(film, brief)
    return planned(film) | {
        "coverage": {
            "share_of_seconds": round(share_of_brief(film), 4),
            "lines": [
                {"field": line.field, "words": line.words, "seconds": line.seconds, "shots": list(line.shots)}
                | ({"left_out": line.reason} if line.reason else {})
                for line in told
            ],
            "connectives": [
                {"shot": shot.index, "words": said} for shot in film.shots if (said := foreign_words(shot, brief))
            ],
        },
        "kit": kit_names(film, palette),
        "segments": segments,
        "sound": sound,
    }


def kit_names(film: Film, palette: Palette) -> dict[str, Any]:
    """Return what a film is drawn with, so that two can be compared: colours, typeface and the names of files."""
    kit = film.kit
    return {
        "palette": [list(colour) for colour in (palette.dark, palette.deep, palette.light, palette.accent)],
        "typeface": kit.font.name if kit.font else kit.typeface,
        "logo": kit.logo.name if kit.logo else "",
        "pictures": [picture.path.name for picture in kit.pictures],
    }


def planned(film: Film) -> dict[str, Any]:
    """Return the plan alone as JSON."""
    told = {name: getattr(film, name) for name in PlannedFilm.model_fields if name not in ("version", "ratio", "shots")}
    told |= {
        "ratio": film.ratio.name,
        "direction": asdict(film.direction),
        "placeholders": list(film.placeholders),
        "shots": [_planned_shot(shot) for shot in film.shots],
    }
    return PlannedFilm.model_validate(told).model_dump(mode="json")


def _planned_shot(shot: FilmShot) -> dict[str, Any]:
    words = {name: written(getattr(shot, name)) for name in ("above", "main", "below")}
    return {name: getattr(shot, name) for name in KEPT} | words | {"seconds": shot.seconds, "layout": shot.variant}


def from_json(data: Any, kit: KitFiles) -> Film:
    """Return the film of a plan. Its pictures are those of ``kit``. Raises InvalidRequest with one sentence."""
    known = {name: data[name] for name in PlannedFilm.model_fields if name in data} if isinstance(data, dict) else data
    try:
        plan = PlannedFilm.model_validate(known)
    except ValidationError as error:
        where, why = first_fault(error)
        raise InvalidRequest(f"The storyboard is not valid at {where}: {why}.", field="storyboard") from error
    try:
        direction = _DIRECTION.validate_python(plan.direction)
    except ValidationError as error:
        where, why = first_fault(error)
        raise InvalidRequest(f"The storyboard is not valid at direction.{where}: {why}.", field="storyboard") from error
    if unknown := set(plan.direction) - {each.name for each in fields(Direction)}:
        raise InvalidRequest(
            f"The storyboard is not valid at direction: it has no “{min(unknown)}”.", field="storyboard"
        )
    if plan.family not in FAMILIES[plan.tone]:
        raise InvalidRequest(
            f"The storyboard is not valid at family: {plan.family} is none of the tone {plan.tone}.", field="storyboard"
        )
    pacing = min(PACES, key=lambda pace: abs(pace - plan.pacing))
    named = {
        name: getattr(plan, name) for name in PlannedFilm.model_fields if name not in ("version", "ratio", "direction")
    }
    film = Film(
        **named
        | {
            "direction": direction,
            "pacing": pacing,
            "placeholders": tuple(plan.placeholders),
            "kit": kit,
            "shots": (),
        }
    )
    return laid_out(film, [_shot(shot) for shot in plan.shots])


def _shot(shot: PlannedShot) -> FilmShot:
    return FilmShot(
        **{name: getattr(shot, name) for name in KEPT},
        above=read_words(shot.above),
        main=read_words(shot.main),
        below=read_words(shot.below),
        variant=shot.layout,
        beat_index=0,
        index=0,
        start=0,
        end=max(1, round(shot.seconds * FPS)),
    )


def load(path: Path) -> dict[str, Any] | None:
    """Return the contents of a ``storyboard.json``, or None if there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def in_ratio(film: Film, name: str) -> tuple[int, int]:
    """Return the width and height in pixels of the film in another ratio."""
    if ratio_of(film.width, film.height).name == name:
        return film.width, film.height
    return RATIOS[name].size(min(film.width, film.height))
