"""The storyboard pipeline: makes an animatic from the brief alone, without network access or an API key.

Importing it loads the encoder and the synthesiser.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from pilot_core.documents.names import DRAFT_STORYBOARD
from pilot_core.domain.attempt import Shot
from pilot_core.errors import PilotError, PipelineFailed
from pilot_core.files import write_atomic
from pilot_core.settings import Settings
from pilot_core.video.contract import Cut, CutBrief, Progress
from pilot_core.video.instruments import Sound
from pilot_core.video.music import Arrangement, make_bed
from pilot_core.video.storyboard.captions import vtt
from pilot_core.video.storyboard.changes import changes, notes_for_director
from pilot_core.video.storyboard.content import content_of
from pilot_core.video.storyboard.draw import frames
from pilot_core.video.storyboard.encode import CannotJoin, Described, Part, join, write
from pilot_core.video.storyboard.film import FPS, Film, FilmShot
from pilot_core.video.storyboard.fonts import OF_TONE, missing, voice_of
from pilot_core.video.storyboard.palette import Palette, palette_of
from pilot_core.video.storyboard.plan_file import load, to_json
from pilot_core.video.storyboard.revise import plan
from pilot_core.video.storyboard.segments import segment_keys, sound_key

BEFORE_THE_PRODUCT = ("hook", "pain", "problem", "cost", "why_now")
ISO_639_2 = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "pt": "por", "it": "ita", "nl": "nld", "ja": "jpn", "zh": "zho",
    "ko": "kor", "hi": "hin", "ar": "ara", "he": "heb",
}  # fmt: skip
"""How mp4 files name a language."""
SOUND_SHARE, DRAWING_SHARE = 0.06, 0.92


class StoryboardPipeline:
    """Renders an animatic as ``draft_v<iteration>.mp4``, with its captions and its plan in files of the same name."""

    name = "storyboard"

    def __init__(self, plan_file: Path | None = None):
        self.plan_file = plan_file
        # A second draft of a storyboard that a person edited would be the same.
        self.can_iterate = plan_file is None

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Plan, draw and encode one draft with music. It costs nothing. Raises PipelineFailed with one sentence.

        Shots that the previous video has already are taken from it. The video gets its final name only when it is
        complete. A failed render leaves no video file.
        """
        progress(0.0, "Planning the film")
        video = workdir / f"draft_v{brief.iteration}.mp4"
        part = video.with_name(video.name + ".part")
        captions, plan_file = video.with_suffix(".vtt"), video.with_suffix(DRAFT_STORYBOARD)
        if brief.width % 2 or brief.height % 2 or min(brief.width, brief.height) < 120:
            raise PipelineFailed(
                f"A frame of {brief.width}×{brief.height} cannot be encoded; use even numbers of at least 120 pixels."
            )
        try:
            if self.plan_file:
                brief = brief.model_copy(update={"storyboard": load(self.plan_file) or {}})
            film = plan(brief)
            palette = palette_of(brief.brand)
            workdir.mkdir(parents=True, exist_ok=True)
            told = make(film, brief, palette, part, progress)
            captions.write_text(vtt(film), encoding="utf-8")
            write_atomic(plan_file, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
            part.replace(video)
        except PilotError:
            raise
        except Exception as error:
            raise PipelineFailed(f"The storyboard could not be made: {error or type(error).__name__}.") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        progress(1.0, "Ready")
        return Cut(
            video_path=video,
            captions_path=captions,
            storyboard_path=plan_file,
            size=(film.width, film.height),
            shots=[_shot(film, shot, palette) for shot in film.shots],
            cost_dollars=0.0,
            notes=[*film.notes, *_type_notes(film), *notes_for_director(brief)],
            changes=changes(brief, film, palette),
        )


def pipeline(config: Settings, upload: Path | None) -> StoryboardPipeline:
    """Return the storyboard pipeline; ``upload`` is a storyboard that a person edited. It needs no settings."""
    return StoryboardPipeline(upload)


@dataclass(frozen=True)
class _Earlier:
    """What an earlier film has: its file, where each of its segments begins and how long it is, and its sound's key."""

    video: Path
    segments: dict[str, tuple[int, int]]
    sound: str


def make(film: Film, brief: CutBrief, palette: Palette, path: Path, progress: Progress) -> dict[str, Any]:
    """Draw and encode the film to ``path``, and return what its ``storyboard.json`` says."""
    keys, heard = segment_keys(film, palette), sound_key(film, arrangement(film))
    told = Described(film.width, film.height, title_of(brief), ISO_639_2.get(film.language.split("-")[0], "und"))
    earlier = _earlier(brief)
    drawn = [i for i, key in enumerate(keys) if not earlier or key not in earlier.segments]
    fresh = path.with_name(f".{path.name}.shots")
    try:
        if earlier is None or len(drawn) == len(keys):
            raise CannotJoin("there is nothing to take over")
        if drawn:
            write(fresh, told, _frames(film, palette, drawn, progress), None)
        sound: Sound | Path = earlier.video
        if heard != earlier.sound:
            progress(SOUND_SHARE + DRAWING_SHARE, "Mixing music")
            sound = bed_of(film)
        join(path, told, _parts(film, keys, earlier, fresh), sound)
    except CannotJoin:
        drawn = list(range(len(keys)))
        progress(0.01, "Mixing music")
        write(path, told, _frames(film, palette, None, progress), bed_of(film))
    finally:
        fresh.unlink(missing_ok=True)
    return to_json(film, brief, palette, keys, heard) | {"drawn": len(drawn)}


def _parts(film: Film, keys: list[str], earlier: _Earlier, fresh: Path) -> list[Part]:
    """Return where each shot is: in the earlier video, else in the new file, which has the others one after another."""
    parts, at = [], 0
    for key, shot in zip(keys, film.shots, strict=True):
        if key in earlier.segments:
            start, length = earlier.segments[key]
            parts.append(Part(earlier.video, start, length))
        else:
            parts.append(Part(fresh, at, shot.frames))
            at += shot.frames
    return parts


def _earlier(brief: CutBrief) -> _Earlier | None:
    """Return what the previous video has, if it is a storyboard of this server's and its plan lies beside it."""
    video = brief.previous.video_path if brief.previous else None
    told = load(video.with_suffix(DRAFT_STORYBOARD)) if video and video.exists() else None
    if video is None or not told:
        return None
    try:
        lengths = [round(float(shot["seconds"]) * FPS) for shot in told["shots"]]
        starts = [sum(lengths[:i]) for i in range(len(lengths))]
        segments = dict(zip(told["segments"], zip(starts, lengths, strict=True), strict=True))
        return _Earlier(video, segments, str(told["sound"]))
    except (KeyError, TypeError, ValueError):
        return None


def title_of(brief: CutBrief) -> str:
    """Return the title that the file names itself by."""
    return f"{brief.company_name}: {brief.scenario.label[:1].lower()}{brief.scenario.label[1:]}"


def _frames(film: Film, palette: Palette, only: list[int] | None, progress: Progress) -> Iterator[av.VideoFrame]:
    """Yield the frames of the shots, telling which one is drawn."""
    number, total = -1, sum(film.shots[i].frames for i in only) if only is not None else film.frames
    for done, (shown, canvas) in enumerate(frames(film, palette, only)):
        if shown != number or done % 30 == 0:
            number, shot = shown, film.shots[shown]
            share = SOUND_SHARE + DRAWING_SHARE * done / total
            progress(share, f"Drawing shot {number + 1} of {len(film.shots)}: {shot.label.lower()}")
        yield canvas.frame
    progress(SOUND_SHARE + DRAWING_SHARE, "Finishing")


def bed_of(film: Film) -> Sound:
    """Return the music of the film, as ``make_bed`` does."""
    return make_bed(
        film.seconds,
        bpm=film.bpm,
        mood=film.mood,
        seed=film.seed + film.direction.bed,
        resolve_at=film.shots[-1].start / FPS,
        arrangement=arrangement(film),
    )


def arrangement(film: Film) -> Arrangement:
    """Return what the music does: sparse until the product is shown, a break before the news, a hit on each figure."""
    shown = next((shot.start for shot in film.shots if shot.beat not in BEFORE_THE_PRODUCT), 0)
    return Arrangement(
        sparse=((0.0, shown / FPS),),
        breaks=tuple(shot.start / FPS for shot in film.shots if shot.beat == "news")[:1],
        hits=tuple(shot.start / FPS for shot in film.shots if shot.role == "figure" and shot.index),
    )


def _shot(film: Film, shot: FilmShot, palette: Palette) -> Shot:
    return Shot(
        beat=shot.beat,
        start=shot.start / FPS,
        end=shot.end / FPS,
        text=shot.text,
        content=content_of(film, shot, palette),
        poster=shot.poster,
    )


def _type_notes(film: Film) -> list[str]:
    voice = voice_of(film.tone, film.kit)
    gone = "".join(dict.fromkeys("".join(missing(shot.text, voice) for shot in film.shots)))
    own = "the typeface of the brand kit" if film.kit.font else film.kit.typeface
    notes = [f"Set in {own or OF_TONE[film.tone]}."]
    if gone:
        listed = ", ".join(f"“{c}” (U+{ord(c):04X})" for c in gone[:8])
        notes.append(f"No font here has these characters, so they are left out on screen: {listed}.")
    return notes
