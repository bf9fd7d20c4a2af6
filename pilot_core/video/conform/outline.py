"""The outside of a video file: which container it is, and in what order its parts lie. Reads no picture.

Only local files in MP4/QuickTime and Matroska/WebM are known. A playlist named .mp4 could make FFmpeg read other files
or the network, so a file is opened only as what its first bytes say it is.
"""

from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv")
"""The names of videos that can be delivered, in any letter case."""
MP4, MATROSKA = "mp4", "matroska"
"""The names of FFmpeg's demuxers."""
MOST_BOXES = 20_000
FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
LARGEST_INDEX = 50_000_000  # bytes
EBML = b"\x1a\x45\xdf\xa3"
WEBM_WITHIN = 64  # bytes from the start within which a WebM file names its type


@dataclass(frozen=True)
class Outline:
    """What a file is. ``is_plain`` means that nothing lies in it but an MP4 film whose index comes first, whole.

    ``claimed_seconds`` is the longest length that an MP4's headers claim. Players show it, whatever the tracks hold.
    """

    demuxer: str
    suffix: str
    index_first: bool
    is_plain: bool
    claimed_seconds: float = 0.0


class Broken(Exception):
    """The file is no video that can be opened. The message is the rest of a sentence that says why."""


def suffix_of(path: Path) -> str:
    """Return the suffix for a file's content, whatever its name; ".mp4" for what is no video. Raises OSError."""
    try:
        return outline_of(path).suffix
    except Broken:
        return ".mp4"


def outline_of(path: Path) -> Outline:
    """Return the outline of a file. Raises Broken, OSError."""
    size = path.stat().st_size
    if not size:
        raise Broken("the file is empty")
    with path.open("rb") as file:
        head = file.read(WEBM_WITHIN)
    if head.startswith(EBML):
        return Outline(MATROSKA, ".webm" if b"webm" in head else ".mkv", True, False)
    if head[4:8] not in FIRST_BOXES:
        raise Broken("it is neither MP4 or QuickTime nor WebM or Matroska")
    return _boxes(path, size, head)


def _boxes(path: Path, size: int, head: bytes) -> Outline:
    """Walk the top-level boxes (ISO/IEC 14496-12, 4.2). What follows the index and the pictures is of no matter."""
    kinds: list[bytes] = []
    at, ended, claimed = 0, False, 0.0
    with path.open("rb") as file:
        while at < size and len(kinds) < MOST_BOXES:
            file.seek(at)
            begin = file.read(16)
            length, kind = int.from_bytes(begin[:4]), begin[4:8]
            if length == 1:
                length = int.from_bytes(begin[8:16])
            elif length == 0:
                length = size - at
            if length < 8 or at + length > size:
                ended = True
                break
            if kind == b"moov":
                file.seek(at + (16 if begin[:4] == b"\0\0\0\1" else 8))
                claimed = max(claimed, _claimed(file.read(min(length, LARGEST_INDEX))))
            kinds.append(kind)
            at += length
    whole = b"moov" in kinds and (b"mdat" in kinds or b"moof" in kinds)
    if not whole:
        raise Broken("it breaks off before its end, or is damaged" if ended else "it holds no film")
    first = next(kind for kind in kinds if kind in (b"moov", b"mdat", b"moof"))
    known = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"udta", b"meta", b"uuid"}
    quicktime = head[4:8] != b"ftyp" or head[8:12] == b"qt  "
    plain = not quicktime and not ended and at == size and set(kinds) <= known and kinds.count(b"moov") == 1
    return Outline(MP4, ".mov" if quicktime else ".mp4", first == b"moov", plain and first == b"moov", claimed)


def _claimed(index: bytes, deep: int = 0) -> float:
    """Return the longest length in seconds that the headers inside a box claim (ISO/IEC 14496-12, 8.2.2 and 8.4.2)."""
    at, longest = 0, 0.0
    while at + 8 <= len(index):
        length, kind = int.from_bytes(index[at : at + 4]), index[at + 4 : at + 8]
        if length < 8:
            break
        inside = index[at + 8 : at + length]
        if kind in (b"trak", b"mdia") and deep < 3:
            longest = max(longest, _claimed(inside, deep + 1))
        elif kind in (b"mvhd", b"mdhd") and len(inside) >= 32:
            wide = inside[0] == 1
            unit = int.from_bytes(inside[20:24] if wide else inside[12:16])
            given = int.from_bytes(inside[24:32] if wide else inside[16:20])
            unknown = 2**64 - 1 if wide else 2**32 - 1
            longest = max(longest, given / unit if unit and given != unknown else 0.0)
        at += length
    return longest
