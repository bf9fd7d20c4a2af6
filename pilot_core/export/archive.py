"""Zip files while they are sent: no file is held whole in memory, and nothing is written to disk."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pilot_core.store.files.media import VIDEO_SUFFIXES

CHUNK_BYTES = 262_144
STORED = (*VIDEO_SUFFIXES, ".jpg", ".png", ".zip")  # compressed already


def zip_stream(entries: Iterable[tuple[str, Path | bytes | Iterator[bytes]]]) -> Iterator[bytes]:
    """Yield the bytes of a zip. An entry is a name in the zip and a file, its bytes, or its bytes in pieces.

    A file that no longer exists when its turn comes is left out.
    """
    out = _Buffer()
    with zipfile.ZipFile(out, "w") as archive:
        for name, source in entries:
            packing = zipfile.ZIP_STORED if name.lower().endswith(STORED) else zipfile.ZIP_DEFLATED
            if isinstance(source, bytes):
                archive.writestr(name, source, packing)
                yield out.drain()
                continue
            if isinstance(source, Iterator):
                piecewise = zipfile.ZipInfo(name)
                piecewise.compress_type = packing
                # Its size is not known yet.
                with archive.open(piecewise, "w", force_zip64=True) as writing:
                    for piece in source:
                        writing.write(piece)
                        yield out.drain()
                yield out.drain()
                continue
            try:
                reading = source.open("rb")
                info = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
            except OSError:
                continue
            info.compress_type = packing
            with reading, archive.open(info, "w", force_zip64=info.file_size > 2**31 - 2**20) as writing:
                while chunk := reading.read(CHUNK_BYTES):
                    writing.write(chunk)
                    yield out.drain()
            yield out.drain()
    yield out.drain()


class _Buffer(io.RawIOBase):
    """The buffer that the zip is written to. ``drain`` returns what was written and empties it."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        return len(data)

    def drain(self) -> bytes:
        chunk = bytes(self._waiting)
        self._waiting.clear()
        return chunk
