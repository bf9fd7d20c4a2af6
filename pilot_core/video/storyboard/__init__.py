"""The storyboard pipeline: an animatic from the brief alone, without network or key."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_core.errors import PipelineFailed
from pilot_core.models import Shot
from pilot_core.video.contract import Cut, CutBrief, Progress

if TYPE_CHECKING:
    import av

    from pilot_core.video.storyboard.film import Film
    from pilot_core.video.storyboard.palette import Palette

SOUND_SHARE, DRAWING_SHARE = 0.06, 0.92


class StoryboardPipeline:
    """Makes an animatic as ``draft_v<iteration>.mp4`` with captions beside it; asked again, it makes another film."""

    name = "storyboard"
    can_iterate = True

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Plan, draw, score and encode one draft. Costs nothing. Raises PipelineFailed with one sentence.

        The film gets its final name only when it is whole; one that fails leaves no file behind.
        """
        from pilot_core.video.storyboard import revise
        from pilot_core.video.storyboard.captions import vtt
        from pilot_core.video.storyboard.palette import palette_of

        progress(0.0, "Planning the film")
        video = workdir / f"draft_v{brief.iteration}.mp4"
        part = video.with_name(video.name + ".part")
        captions = workdir / f"draft_v{brief.iteration}.vtt"
        if brief.width % 2 or brief.height % 2 or min(brief.width, brief.height) < 120:
            raise PipelineFailed(
                f"A frame of {brief.width}×{brief.height} cannot be encoded; use even numbers of at least 120 pixels."
            )
        try:
            film = revise.plan(brief)
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
            shots=[Shot(beat=s.beat, start=s.start / 30, end=s.end / 30, text=s.text) for s in film.shots],
            cost_dollars=0.0,
            notes=[*film.notes, *_type_notes(film), *revise.notes_for_director(brief)],
            changes=revise.changes(brief, film, palette),
        )


def _make(film: "Film", palette: "Palette", path: Path, progress: Progress) -> None:
    from pilot_core.video.music import make_bed
    from pilot_core.video.storyboard.draw import frames
    from pilot_core.video.storyboard.encode import write

    progress(0.01, "Mixing music")
    seed = film.seed + film.direction.bed
    bed = make_bed(film.seconds, bpm=film.bpm, mood=film.mood, seed=seed, resolve_at=film.shots[-1].start / 30)

    def drawn() -> Iterator["av.VideoFrame"]:
        told = -1
        for done, (number, canvas) in enumerate(frames(film, palette)):
            if number != told or done % 30 == 0:
                told, shot = number, film.shots[number]
                share = SOUND_SHARE + DRAWING_SHARE * done / film.frames
                progress(share, f"Drawing shot {number + 1} of {len(film.shots)}: {shot.label.lower()}")
            yield canvas.frame
        progress(SOUND_SHARE + DRAWING_SHARE, "Finishing")

    write(path, film.width, film.height, drawn(), bed)


def _type_notes(film: "Film") -> list[str]:
    from pilot_core.video.storyboard.fonts import VOICES, missing

    voice = VOICES[film.tone]
    gone = "".join(dict.fromkeys("".join(missing(shot.text, voice) for shot in film.shots)))
    names = {"bold": "Bricolage Grotesque", "empathetic": "Fraunces", "professional": "IBM Plex Sans"}
    notes = [f"Set in {names[film.tone]}."]
    if gone:
        listed = ", ".join(f"“{c}” (U+{ord(c):04X})" for c in gone[:8])
        notes.append(f"No font here has these characters, so they are left out on screen: {listed}.")
    return notes
