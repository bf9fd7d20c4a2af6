"""The command pipeline: runs a configured program that makes the video, so that any creative pipeline can be used.

The program runs in the attempt's work folder, without a shell. It gets the brief (``CutBrief`` as JSON) on standard
input and in the file named by ``PILOT_OPS_BRIEF``. It writes a video anywhere inside the work folder, and its result
as JSON to the file named by ``PILOT_OPS_RESULT``. It may print anything.

    {"video_path": "film.mp4", "captions_path": "film.vtt", "cost_dollars": 0.4, "notes": ["…"],
     "changes": [{"text": "Shortened from 48 s to 41 s.", "flags": ["too_long"], "shots": [0]}, "Another music bed."],
     "shots": [{"beat": "hook", "start": 0, "end": 3.2, "text": "…", "content": "a hash of the plan"}]}

Only ``video_path`` is required. Relative paths are relative to the work folder. A change that names flags is matched
with the founder's feedback, and one that names shots, by their places from 0, with their part of the video; a plain
sentence is listed as it is. Shots with the same ``content`` in two videos of a pilot look the same; with it the room
plays only what changed. A line on standard output such as
``progress 0.4 Rendering shots`` moves the progress bar. Standard output and standard error go to ``pipeline.log``.

Besides the two variables above, the program sees only PATH, HOME and LANG of the environment. When it ends or is
stopped, or when this process is killed, every process in its process group is killed too. A process that has left the
group keeps running.
"""

import json
import math
import os
import re
import selectors
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from pydantic import ValidationError

from pilot_core.errors import InvalidRequest, PipelineFailed, first_fault
from pilot_core.settings import Settings
from pilot_core.video.conform.outline import SUFFIXES, suffix_of
from pilot_core.video.contract import Cut, CutBrief, Progress

BRIEF_FILE = "brief.json"
RESULT_FILE = "result.json"
LOG_FILE = "pipeline.log"

POLL_SECONDS = 0.05
CHUNK_BYTES = 65_536
LAST_WORDS = 200
STEP_LENGTH = 120
# The number of digits is bounded because a program may print anything: matching time grows with its square.
PROGRESS_LINE = re.compile(r"progress (\d{0,30}\.?\d{1,30})(?:\s+(.*))?", re.ASCII)
PROGRESS_LENGTH = 500
# Source of a helper process that kills the program's process group if this process dies. Its standard input closes
# when this process ends, for whatever reason.
GUARD = "import os, signal, sys; sys.stdin.buffer.read(); os.killpg(int(sys.argv[1]), signal.SIGKILL)"
DRAFT_NAME = re.compile(r"draft_v\d+\.(mp4|mov|webm|mkv)")
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class CommandPipeline:
    """Makes drafts by running ``argv``: a program (on PATH, or its full path) and its arguments.

    The program is stopped after ``timeout_seconds`` per draft, or when it prints more than ``output_limit_bytes``. Its
    result file has the same size limit. Raises InvalidRequest if ``argv`` is empty.
    """

    name = "command"
    can_iterate = True

    def __init__(self, argv: list[str], *, timeout_seconds: float = 600, output_limit_bytes: int = 1_000_000):
        if not argv:
            raise InvalidRequest("The command pipeline has no program to run; configure one first.", field="pipeline")
        self.argv = argv
        self.timeout_seconds = timeout_seconds
        self.output_limit_bytes = output_limit_bytes

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Run the program for one draft and move its video to ``workdir/draft_v<iteration>``, and its captions too.

        The video gets the suffix that goes with its content. Raises PipelineFailed with one sentence that says how the
        program ended and gives its last line of output.
        """
        workdir = workdir.resolve()
        workdir.mkdir(parents=True, exist_ok=True)
        draft = workdir / f"draft_v{brief.iteration}"
        # Files left by an earlier draft or try must not be mistaken for this run's result.
        for stale in (workdir / BRIEF_FILE, workdir / RESULT_FILE, *map(draft.with_suffix, SUFFIXES)):
            stale.unlink(missing_ok=True)
        (workdir / BRIEF_FILE).write_text(brief.model_dump_json(), encoding="utf-8")
        with (workdir / BRIEF_FILE).open("rb") as told, _open_log(workdir / LOG_FILE) as log:
            log.write(f"== draft {brief.iteration} ==\n".encode())
            output = _Output(log, self.output_limit_bytes, progress)
            wrong = self._run(workdir, told, output)
        if wrong is None:
            try:
                return _claim(_read_result(workdir / RESULT_FILE, self.output_limit_bytes), workdir, draft)
            except _Unusable as error:
                wrong = f"ended with exit code 0 but {error}"
        last = f"its last line was “{output.last_line}”" if output.last_line else "it printed nothing"
        raise PipelineFailed(f"The pipeline program {self._name} {wrong}; {last}.")

    @property
    def _name(self) -> str:
        return Path(self.argv[0]).name

    def _run(self, workdir: Path, told: IO[bytes], output: "_Output") -> str | None:
        """Run the program until it ends. Returns None for exit code 0, else how it ended, as the rest of a sentence."""
        try:
            process = subprocess.Popen(
                self.argv,
                cwd=workdir,
                env=_environment(workdir),
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            message = f"The pipeline program {self._name} was not found; give its full path, or a name that is on PATH."
            raise PipelineFailed(message) from error
        except OSError as error:
            message = f"The pipeline program {self._name} could not be started: {error.strerror or error}."
            raise PipelineFailed(message) from error
        with process:
            try:
                with _guarded(process):
                    stopped = _listen(process, output, self.timeout_seconds)
            finally:
                _kill_group(process)
        code = process.returncode
        if stopped or code == 0:
            return stopped
        return f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code} ({_signal_name(-code)})"


def pipeline(config: Settings, upload: Path | None) -> CommandPipeline:
    """Return the pipeline that runs the program in the settings. Raises InvalidRequest if none is set."""
    return CommandPipeline(list(config.command), timeout_seconds=config.command_timeout_seconds)


class _Unusable(Exception):
    """The program's result cannot be used. The message is the rest of a sentence that says why."""


class _Output:
    """Handles the program's output: writes the log, remembers the last line and reports progress."""

    def __init__(self, log: BinaryIO, limit: int, progress: Progress):
        self.last_line = ""
        self.limit = limit
        self._log = log
        self._size = 0
        self._progress = progress
        self._fraction = 0.0
        self._begun: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    def take(self, stream: str, chunk: bytes) -> bool:
        """Log a chunk read from a stream, up to the size limit. Returns False if the chunk did not fit."""
        kept = chunk[: self.limit - self._size]
        self._log.write(kept)
        self._size += len(kept)
        begun = self._begun[stream]
        begun += kept
        if b"\n" in kept or b"\r" in kept:
            *lines, rest = re.split(rb"[\r\n]", begun)
            begun[:] = rest
            for line in lines:
                self._line(stream, line)
        return len(kept) == len(chunk)

    def finish(self) -> None:
        """Treat the remaining text of each stream as a complete line."""
        for stream, rest in self._begun.items():
            self._line(stream, bytes(rest))

    def _line(self, stream: str, line: bytes) -> None:
        text = _readable(line.decode("utf-8", "replace"))
        if text:
            self.last_line = text if len(text) <= LAST_WORDS else text[: LAST_WORDS - 1] + "…"
        told = PROGRESS_LINE.fullmatch(text[:PROGRESS_LENGTH]) if stream == "stdout" else None
        if told:
            self._fraction = max(self._fraction, min(float(told[1]), 1.0))
            self._progress(self._fraction, (told[2] or "Making the film")[:STEP_LENGTH])


def _readable(text: str) -> str:
    """Return the text without terminal codes, with unprintable characters replaced by spaces."""
    return "".join(c if c.isprintable() else " " for c in TERMINAL_CODES.sub("", text)).strip()


def _environment(workdir: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", str(workdir)),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PILOT_OPS_BRIEF": str(workdir / BRIEF_FILE),
        "PILOT_OPS_RESULT": str(workdir / RESULT_FILE),
    }


def _open_log(path: Path) -> BinaryIO:
    """Open the log unbuffered, for appending, so that it keeps every draft's output. Does not follow a symlink."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o644), "ab", buffering=0)


def _listen(process: subprocess.Popen[bytes], output: _Output, timeout_seconds: float) -> str | None:
    """Read both outputs until the program ends or reaches a limit.

    Returns None if it ended by itself, else why it must be stopped, as the rest of a sentence.
    """
    deadline = time.monotonic() + timeout_seconds
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe:
                selector.register(pipe, selectors.EVENT_READ, name)
        while True:
            left = deadline - time.monotonic()
            ended = _has_ended(process)
            if ended:
                # A child process may keep the pipes open indefinitely, so do not wait for their end of file.
                _kill_group(process)
            elif left <= 0:
                output.finish()
                return f"took longer than {timeout_seconds:g} seconds and was stopped"
            ready = selector.select(0 if ended else min(left, POLL_SECONDS))
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK_BYTES)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif not output.take(key.data, chunk):
                    return f"wrote more than {output.limit / 1_000_000:g} MB of log and was stopped"
            if ended and not ready:
                output.finish()
                return None


@contextmanager
def _guarded(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Run a helper process that kills the program's process group if this process is killed."""
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", GUARD, str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        # Stop the helper before the program is reaped: after that, its process group id could be reused.
        guard.kill()
        guard.communicate()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the program has ended. Does not reap it, so that its process group id is not reused."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return "unknown"


def _read_result(path: Path, limit: int) -> Cut:
    """Read and validate the program's result. Raises _Unusable."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise _Unusable(f"left no {RESULT_FILE}") from None
    if not stat.S_ISREG(found.st_mode):
        raise _Unusable(f"its {RESULT_FILE} is not a file")
    if found.st_size > limit:
        raise _Unusable(f"its {RESULT_FILE} is larger than {limit / 1_000_000:g} MB")
    try:
        told = json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise _Unusable(f"its {RESULT_FILE} is not proper JSON ({error})") from error
    try:
        return Cut.model_validate(told)
    except ValidationError as error:
        where, why = first_fault(error)
        raise _Unusable(f"its {RESULT_FILE} is wrong at {where or 'the top'} ({why})") from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _claim(cut: Cut, workdir: Path, draft: Path) -> Cut:
    """Move the video and captions to this draft's file names and return the updated cut. Raises _Unusable."""
    made = _inside(cut.video_path, workdir, "film")
    film = draft.with_suffix(suffix_of(made))
    if made != film and made.parent == workdir and DRAFT_NAME.fullmatch(made.name):
        raise _Unusable(f"handed back {made.name}, which is another draft")
    captions = cut.captions_path and _inside(cut.captions_path, workdir, "captions file")
    if captions and captions.samefile(made):
        raise _Unusable("it names one file as the film and as its captions")
    made = _renamed(made, film)
    if captions:
        # Renamed because the next draft may write a file of the same name.
        captions = _renamed(captions, film.with_suffix(".vtt"))
    return cut.model_copy(update={"video_path": film, "captions_path": captions})


def _renamed(path: Path, target: Path) -> Path:
    """Rename a file and return its new path. Raises _Unusable if something else is in the way."""
    try:
        return path.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise _Unusable(f"{path.name} could not be renamed to {target.name} ({reason})") from error


def _inside(path: Path, workdir: Path, what: str) -> Path:
    """Return the resolved path of a file. Raises _Unusable unless it is inside the work folder and not empty."""
    shown = _readable(str(path))[:120]
    try:
        real = (workdir / path).resolve()
        if not real.is_relative_to(workdir):
            raise _Unusable(f"the {what} it names, “{shown}”, is not inside its work folder")
        if not real.is_file():
            raise _Unusable(f"the {what} it names, “{shown}”, is missing")
        if real.stat().st_size == 0:
            raise _Unusable(f"the {what} it names, “{shown}”, is empty")
    except (OSError, ValueError, RuntimeError) as error:
        raise _Unusable(f"the {what} it names, “{shown}”, cannot be read") from error
    return real
