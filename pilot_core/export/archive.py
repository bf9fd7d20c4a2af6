"""A zip made while it is sent: no file of it is held in memory whole, and nothing is written to disk."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

CHUNK_BYTES = 262_144
STORED = (".mp4", ".mov", ".webm", ".jpg", ".png", ".zip")  # compressed already; trying again only costs time


def zip_stream(entries: Iterable[tuple[str, Path | bytes | Iterator[bytes]]]) -> Iterator[bytes]:
    """The bytes of a zip of (name in the zip, file or content, whole or in pieces).

    A file that is gone by its turn is left out.
    """
    out = _Outlet()
    with zipfile.ZipFile(out, "w") as archive:
        for name, source in entries:
            packing = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
            if isinstance(source, bytes):
                archive.writestr(name, source, packing)
                yield out.taken()
                continue
            if isinstance(source, Iterator):
                piecewise = zipfile.ZipInfo(name)
                piecewise.compress_type = packing
                # How large it will be is not known when it begins.
                with archive.open(piecewise, "w", force_zip64=True) as writing:
                    for piece in source:
                        writing.write(piece)
                        yield out.taken()
                yield out.taken()
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
                    yield out.taken()
            yield out.taken()
    yield out.taken()


class _Outlet(io.RawIOBase):
    """What the zip is written to: bytes wait here until they are taken."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        chunk = bytes(self._waiting)
        self._waiting.clear()
        return chunk
