"""The upload pipeline: a finished film brought by hand takes the place of a rendered one."""

from contextlib import suppress
from pathlib import Path

from pilot_core.errors import PipelineFailed
from pilot_core.files import settle
from pilot_core.video.contract import Cut, CutBrief, Progress

CHUNK_BYTES = 1_048_576


class UploadPipeline:
    """Takes the finished mp4 at ``source`` as the cut. What is in it is for the probe to judge."""

    name = "upload"
    can_iterate = False

    def __init__(self, source: Path):
        self.source = source

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Copy the film to ``workdir/draft_v<iteration>.mp4``, where it appears only once it is whole.

        Raises PipelineFailed when the film is missing, no file, empty or cannot be copied.
        """
        film = workdir / f"draft_v{brief.iteration}.mp4"
        part = film.with_suffix(".part")
        try:
            if not self.source.exists():
                raise PipelineFailed(f"The uploaded film {self.source.name} is missing; upload it again.")
            if not self.source.is_file():
                raise PipelineFailed(f"{self.source.name} is not a file; upload the finished mp4.")
            size = self.source.stat().st_size
            if size == 0:
                raise PipelineFailed(f"The uploaded film {self.source.name} is empty; upload it again.")
            workdir.mkdir(parents=True, exist_ok=True)
            _copy(self.source, part, size, progress)
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
