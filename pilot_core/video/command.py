"""The command pipeline: a configured program makes the cut, so that any creative pipeline can be plugged in.

The program runs in the attempt's work folder, without a shell, and is told its work twice: the brief (``CutBrief`` as
JSON) is its standard input and also the file named in ``PILOT_OPS_BRIEF``. It makes a film anywhere inside the work
folder and writes its result as JSON to the file named in ``PILOT_OPS_RESULT``; what it prints is free, so a chatty
program breaks nothing:

    {"video_path": "film.mp4", "captions_path": "film.vtt", "cost_dollars": 0.4, "notes": ["…"], "changes": ["…"],
     "shots": [{"beat": "hook", "start": 0, "end": 3.2, "text": "…"}]}

Only ``video_path`` is needed; relative paths are read from the work folder. A line on standard output such as
``progress 0.4 Rendering shots`` moves the progress bar. Both outputs are kept in ``pipeline.log``. Of the environment
the program sees PATH, HOME and LANG. When it ends, or is stopped, so is every process it started, and also when this
process is killed; one that has left for a session of its own is out of reach.
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

from pilot_core.errors import InvalidRequest, PipelineFailed
from pilot_core.video.contract import Cut, CutBrief, Progress

BRIEF_FILE = "brief.json"
RESULT_FILE = "result.json"
LOG_FILE = "pipeline.log"

POLL_SECONDS = 0.05
CHUNK_BYTES = 65_536
LAST_WORDS = 200
STEP_LENGTH = 120
# Bounded, since a program may print anything at all: unbounded digits take time that grows with their square.
PROGRESS_LINE = re.compile(r"progress (\d{0,30}\.?\d{1,30})(?:\s+(.*))?", re.ASCII)
PROGRESS_LENGTH = 500
# A process that outlives this one only to stop the program's group should this one be killed: the end of its input is
# our end, however it came about.
GUARD = "import os, signal, sys; sys.stdin.buffer.read(); os.killpg(int(sys.argv[1]), signal.SIGKILL)"
DRAFT_NAME = re.compile(r"draft_v\d+\.mp4")
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class CommandPipeline:
    """Makes cuts by running ``argv``: a program on PATH or with its full path, and its arguments.

    It may take ``timeout_seconds`` a draft and print ``output_limit_bytes``, which is also the most its result may
    measure. Raises InvalidRequest when no program is given.
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
        """Run the program for one draft; its film becomes ``workdir/draft_v<iteration>.mp4``, its captions likewise.

        Raises PipelineFailed with one sentence that gives the exit code and the last line of the log.
        """
        workdir = workdir.resolve()
        workdir.mkdir(parents=True, exist_ok=True)
        film = workdir / f"draft_v{brief.iteration}.mp4"
        # What an earlier draft or try left behind must not pass for this one's work.
        for stale in (workdir / BRIEF_FILE, workdir / RESULT_FILE, film):
            stale.unlink(missing_ok=True)
        (workdir / BRIEF_FILE).write_text(brief.model_dump_json(), encoding="utf-8")
        with (workdir / BRIEF_FILE).open("rb") as told, _open_log(workdir / LOG_FILE) as log:
            log.write(f"== draft {brief.iteration} ==\n".encode())
            output = _Output(log, self.output_limit_bytes, progress)
            wrong = self._run(workdir, told, output)
        if wrong is None:
            try:
                return _claim(_read_result(workdir / RESULT_FILE, self.output_limit_bytes), workdir, film)
            except _Unusable as error:
                wrong = f"ended with exit code 0 but {error}"
        last = f"its last line was “{output.last_line}”" if output.last_line else "it printed nothing"
        raise PipelineFailed(f"The pipeline program {self._name} {wrong}; {last}.")

    @property
    def _name(self) -> str:
        return Path(self.argv[0]).name

    def _run(self, workdir: Path, told: IO[bytes], output: "_Output") -> str | None:
        """Run the program to its end; None for exit code 0, else how it ended as the rest of a sentence."""
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


class _Unusable(Exception):
    """What is wrong with the program's result, as the rest of a sentence."""


class _Output:
    """Takes what the program prints: keeps the log, remembers the last line, passes progress on."""

    def __init__(self, log: BinaryIO, limit: int, progress: Progress):
        self.last_line = ""
        self.limit = limit
        self._log = log
        self._size = 0
        self._progress = progress
        self._fraction = 0.0
        self._begun: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    def take(self, stream: str, chunk: bytes) -> bool:
        """Log what was read of a stream, as far as the limit allows; False when that is reached."""
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
        """Take lines without a line end as complete."""
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
    """The text without colours, line ends and what else cannot be shown."""
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
    """The log, unbuffered and at its end, so that each draft's output is kept; never through a planted link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o644), "ab", buffering=0)


def _listen(process: subprocess.Popen[bytes], output: _Output, timeout_seconds: float) -> str | None:
    """Read both outputs until the program has ended (None) or must be stopped (why, as the rest of a sentence)."""
    deadline = time.monotonic() + timeout_seconds
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe:
                selector.register(pipe, selectors.EVENT_READ, name)
        while True:
            left = deadline - time.monotonic()
            ended = _has_ended(process)
            if ended:
                # A child left behind may hold the pipes open for ever: no end of file is waited for.
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
    """Have the program's group stopped also when this process is killed in the middle."""
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
        # Before the program is reaped, so that its number is never another's.
        guard.kill()
        guard.communicate()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the program has ended. It is not yet reaped, so that its group's number stays its own."""
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
    """The program's result. Raises _Unusable."""
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
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise _Unusable(f"its {RESULT_FILE} is wrong at {where} ({first['msg']})") from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _claim(cut: Cut, workdir: Path, film: Path) -> Cut:
    """The cut with film and captions under this draft's names. Raises _Unusable."""
    made = _inside(cut.video_path, workdir, "film")
    if made != film and made.parent == workdir and DRAFT_NAME.fullmatch(made.name):
        raise _Unusable(f"handed back {made.name}, which is another draft")
    captions = cut.captions_path and _inside(cut.captions_path, workdir, "captions file")
    made.replace(film)
    if captions:
        # The next draft may well write the same name again.
        captions = captions.replace(film.with_suffix(".vtt"))
    return cut.model_copy(update={"video_path": film, "captions_path": captions})


def _inside(path: Path, workdir: Path, what: str) -> Path:
    """The real path of a file with something in it inside the work folder. Raises _Unusable."""
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
