"""The storyboard pipeline: makes an animatic from the brief alone, without network access or an API key.

Importing it loads the encoder and the synthesiser.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av

from pilot_core.domain.attempt import Shot
from pilot_core.errors import PipelineFailed
from pilot_core.settings import Settings
from pilot_core.video.contract import Cut, CutBrief, Progress
from pilot_core.video.instruments import Sound
from pilot_core.video.music import Arrangement, make_bed
from pilot_core.video.storyboard.captions import vtt
from pilot_core.video.storyboard.changes import changes, notes_for_director
from pilot_core.video.storyboard.content import content_of
from pilot_core.video.storyboard.draw import frames
from pilot_core.video.storyboard.encode import write
from pilot_core.video.storyboard.film import FPS, Film, FilmShot
from pilot_core.video.storyboard.fonts import VOICES, missing
from pilot_core.video.storyboard.palette import Palette, palette_of
from pilot_core.video.storyboard.revise import plan

BEFORE_THE_PRODUCT = ("hook", "pain", "problem", "cost", "why_now")
SOUND_SHARE, DRAWING_SHARE = 0.06, 0.92


class StoryboardPipeline:
    """Renders an animatic as ``draft_v<iteration>.mp4``, with its captions in a ``.vtt`` file of the same name."""

    name = "storyboard"
    can_iterate = True

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Plan, draw and encode one draft with music. It costs nothing. Raises PipelineFailed with one sentence.

        The video gets its final name only when it is complete. A failed render leaves no video file.
        """
        progress(0.0, "Planning the film")
        video = workdir / f"draft_v{brief.iteration}.mp4"
        part = video.with_name(video.name + ".part")
        captions = workdir / f"draft_v{brief.iteration}.vtt"
        if brief.width % 2 or brief.height % 2 or min(brief.width, brief.height) < 120:
            raise PipelineFailed(
                f"A frame of {brief.width}×{brief.height} cannot be encoded; use even numbers of at least 120 pixels."
            )
        try:
            film = plan(brief)
            palette = palette_of(brief.brand)
            workdir.mkdir(parents=True, exist_ok=True)
            _make(film, palette, part, progress)
            captions.write_text(vtt(film), encoding="utf-8")
            part.replace(video)
        except PipelineFailed:
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
            shots=[_shot(film, shot, palette) for shot in film.shots],
            cost_dollars=0.0,
            notes=[*film.notes, *_type_notes(film), *notes_for_director(brief)],
            changes=changes(brief, film, palette),
        )


def pipeline(config: Settings, upload: Path | None) -> StoryboardPipeline:
    """Return the storyboard pipeline. It needs no settings."""
    return StoryboardPipeline()


def _make(film: Film, palette: Palette, path: Path, progress: Progress) -> None:
    progress(0.01, "Mixing music")
    bed = bed_of(film)

    def drawn() -> Iterator[av.VideoFrame]:
        told = -1
        for done, (number, canvas) in enumerate(frames(film, palette)):
            if number != told or done % 30 == 0:
                told, shot = number, film.shots[number]
                share = SOUND_SHARE + DRAWING_SHARE * done / film.frames
                progress(share, f"Drawing shot {number + 1} of {len(film.shots)}: {shot.label.lower()}")
            yield canvas.frame
        progress(SOUND_SHARE + DRAWING_SHARE, "Finishing")

    write(path, film.width, film.height, drawn(), bed)


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
    )


def _type_notes(film: Film) -> list[str]:
    voice = VOICES[film.tone]
    gone = "".join(dict.fromkeys("".join(missing(shot.text, voice) for shot in film.shots)))
    names = {"bold": "Bricolage Grotesque", "empathetic": "Fraunces", "professional": "IBM Plex Sans"}
    notes = [f"Set in {names[film.tone]}."]
    if gone:
        listed = ", ".join(f"“{c}” (U+{ord(c):04X})" for c in gone[:8])
        notes.append(f"No font here has these characters, so they are left out on screen: {listed}.")
    return notes
