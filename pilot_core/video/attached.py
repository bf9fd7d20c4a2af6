"""Prepares a file that someone attaches: a picture, a PDF or a voice note, told apart by its bytes alone.

Pictures and voice notes are decoded and encoded anew, which removes metadata such as places, and whatever else the file
held. That happens in a child process with limits on time and memory, since a malicious file can make a decoder run
forever, use up memory or crash (see ``attached_child``). A PDF is only checked to be one.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilot_core.domain.attachments import AttachmentKind
from pilot_core.errors import InvalidRequest

MOST_BYTES = 10_000_000
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 4096
SMALL_SIDE = 640
MOST_SECONDS = 180.0
WALL_SECONDS, CPU_SECONDS = 90, 60
MEMORY_BYTES = 2_000_000_000
WRITTEN_BYTES = 60_000_000
HEAD_BYTES, TAIL_BYTES = 4096, 2048

_CHILD = (
    "import sys; from importlib import import_module; sys.path[:0] = sys.argv[1:2]; "
    "import_module(f'pilot_core.video.{sys.argv[2]}').answer(*sys.argv[3:6])"
)
_PDF_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF")
_PDF_TABLE = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


@dataclass(frozen=True)
class Prepared:
    """A file ready to be stored, with a thumbnail if it is a picture. Measures are in pixels and seconds.

    ``suffix`` is that of the stored file.
    """

    kind: AttachmentKind
    path: Path
    suffix: str
    small_path: Path | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def prepare(source: Path, folder: Path) -> Prepared:
    """Check the file and write what is to be stored of it to ``folder``.

    Raises InvalidRequest with one sentence if it is nothing that can be attached, or takes more than ``WALL_SECONDS``,
    ``CPU_SECONDS`` of CPU time or ``MEMORY_BYTES`` of memory to decode.
    """
    size = source.stat().st_size
    if not size:
        raise refused("The file is empty. Choose another one.")
    if size > MOST_BYTES:
        raise refused(too_large(size))
    with source.open("rb") as file:
        kind = _kind_of(file.read(HEAD_BYTES))
    if kind is AttachmentKind.PDF:
        _check_pdf(source.read_bytes())
        return Prepared(kind, source, suffix=".pdf")
    return encoded(kind, source, folder)


def too_large(size: int) -> str:
    """Return the sentence for a file of that many bytes."""
    return f"The file has {size / 1e6:.1f} MB, and at most {MOST_BYTES // 1_000_000} MB can be sent. Make it smaller."


def refused(sentence: str) -> InvalidRequest:
    """Return the error for a file that cannot be attached."""
    return InvalidRequest(sentence, field="file")


def _kind_of(head: bytes) -> AttachmentKind:
    """Return what the file's first bytes say it is. Raises InvalidRequest."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return AttachmentKind.PICTURE
    if head.startswith(b"%PDF-"):
        return AttachmentKind.PDF
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        raise refused("Pictures in the HEIC or AVIF format cannot be shown everywhere. Send it as JPEG or PNG.")
    if head[4:8] == b"ftyp" or head.startswith((b"\x1a\x45\xdf\xa3", b"OggS")):
        return AttachmentKind.VOICE
    raise refused("Send a picture (JPEG, PNG or WebP), a PDF, or a voice note (MP4, M4A, WebM or Ogg).")


def _check_pdf(data: bytes) -> None:
    """Raise InvalidRequest unless the file ends as a PDF does, and its cross-references are where its end says."""
    if not re.match(rb"%PDF-[12]\.\d", data):
        raise refused("The file is not a PDF, although it begins like one. Choose another one.")
    ends = list(_PDF_END.finditer(data[-TAIL_BYTES:]))
    if not ends:
        raise refused("The PDF breaks off before its end. Export it again.")
    at = int(ends[-1][1])
    if at >= len(data) or not _PDF_TABLE.match(data[at : at + 64]):
        raise refused("The PDF is damaged. Export it again.")


def encoded(kind: AttachmentKind, source: Path, folder: Path) -> Prepared:
    """Have the child process decode the file and encode it anew into ``folder``. Raises InvalidRequest."""
    told = in_child("attached_child", kind.value, source, folder)
    small = told.get("small")
    return Prepared(
        kind,
        folder / told["file"],
        Path(told["file"]).suffix,
        folder / small if small else None,
        told.get("width"),
        told.get("height"),
        told.get("seconds"),
    )


def in_child(module: str, kind: str, source: Path, folder: Path) -> dict[str, Any]:
    """Have a child process with limits decode the file, by ``answer`` of a module of this package; returns its answer.

    Raises InvalidRequest with what it says is wrong, or if it exceeds a limit.
    """
    root = str(Path(__file__).parents[2])
    told = [root, module, kind, str(source.resolve()), str(folder.resolve())]
    command = [sys.executable, "-I", "-c", _CHILD, *told]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_SECONDS, env={})
    except subprocess.TimeoutExpired:
        raise too_much() from None
    if done.returncode or not done.stdout:
        raise too_much()
    answer: dict[str, Any] = json.loads(done.stdout)
    if problem := answer.get("problem"):
        raise refused(problem)
    return answer


def too_much() -> InvalidRequest:
    """Return the error for a file that exceeded a limit of time or memory."""
    return refused("The file takes more time or memory to open than a picture or a voice note should. Export it again.")
