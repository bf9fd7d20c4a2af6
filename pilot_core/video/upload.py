"""The upload pipeline: uses an uploaded, finished video instead of rendering one."""

from contextlib import suppress
from pathlib import Path

from pilot_core.errors import InvalidRequest, PipelineFailed
from pilot_core.files import settle
from pilot_core.settings import Settings
from pilot_core.video.conform.outline import suffix_of
from pilot_core.video.contract import Cut, CutBrief, Progress

CHUNK_BYTES = 1_048_576


class UploadPipeline:
    """Uses the finished video at ``source`` as the draft. Does not check its content; conforming it does."""

    name = "upload"
    can_iterate = False

    def __init__(self, source: Path):
        self.source = source

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Copy the video to ``workdir/draft_v<iteration>``, with a suffix that goes with its content.

        It appears only when the copy is complete.

        Raises PipelineFailed if the video is missing, not a file, empty, or cannot be copied.
        """
        part = workdir / f"draft_v{brief.iteration}.part"
        try:
            if not self.source.exists():
                raise PipelineFailed(f"The uploaded film {self.source.name} is missing; upload it again.")
            if not self.source.is_file():
                raise PipelineFailed(f"{self.source.name} is not a file; upload the finished video.")
            size = self.source.stat().st_size
            if size == 0:
                raise PipelineFailed(f"The uploaded film {self.source.name} is empty; upload it again.")
            workdir.mkdir(parents=True, exist_ok=True)
            _copy(self.source, part, size, progress)
            film = part.with_suffix(suffix_of(part))
            settle(part, film)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PipelineFailed(f"The uploaded film {self.source.name} could not be copied: {reason}.") from error
        finally:
            with suppress(OSError):
                part.unlink()
        return Cut(video_path=film, notes=["Uploaded by hand"])


def _copy(source: Path, target: Path, size: int, progress: Progress) -> None:
    copied = 0
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(CHUNK_BYTES):
            writing.write(chunk)
            copied += len(chunk)
            progress(min(copied / size, 1.0), "Copying the film")


def pipeline(config: Settings, upload: Path | None) -> UploadPipeline:
    """Return the pipeline for the uploaded video. Raises InvalidRequest if there is none."""
    if upload is None:
        raise InvalidRequest("The upload pipeline takes a finished video, and only it does.", field="video")
    return UploadPipeline(upload)
