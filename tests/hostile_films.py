"""Generate broken or malicious files that someone might upload as a video: cut short, damaged, or of other types."""

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Iterator

import numpy as np
from PIL import Image

OTHER_BEGINNINGS = (
    b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:8501/healthz\n",
    b"ffconcat version 1.0\nfile /etc/passwd\n",
    b"#!/bin/sh\nrm -rf /\n",
    b"<html><script>alert(1)</script></html>",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    b"%PDF-1.7\n",
    b"\x7fELF\x02\x01\x01",
    b"MZ\x90\x00",
    b"\x1aE\xdf\xa3\x01\x00\x00\x00webm",
    b"RIFF\x24\x00\x00\x00AVI LIST",
    b"RIFF\x24\x00\x00\x00WAVEfmt ",
    b"OggS\x00\x02",
    b"FLV\x01\x05\x00\x00\x00\x09",
    b"ID3\x04\x00\x00\x00\x00\x00\x00",
    b"GIF89a\x01\x00\x01\x00",
    b"\x00\x00\x01\xba",
    b"\x47\x40\x11\x10" * 47,
    b"",
    b"\x00",
    b"ftyp",
    b"\x00" * 5000,
    b"\xff" * 5000,
)


def hostile_films(good: bytes, late_index: bytes, seed: int = 20) -> Iterator[tuple[str, bytes, bool]]:
    """Yield 200 files as (description, bytes, whether it might still be a video).

    ``good`` is an intact video with its index first, ``late_index`` one with its index last.
    """
    chance = random.Random(seed)
    for number in range(60):
        film = good if number % 2 else late_index
        kept = chance.randrange(len(film) * 19 // 20)
        yield f"cut after {kept} bytes", film[:kept], False
    for number in range(70):
        # Half of the changes are in the index, where every bit matters.
        within = 3000 if number % 2 else len(good)
        damaged = bytearray(good)
        for _ in range(chance.choice((1, 1, 4, 64))):
            damaged[chance.randrange(min(within, len(good)))] ^= 1 << chance.randrange(8)
        yield "flipped bits", bytes(damaged), True
    for number in range(36):
        beginning = OTHER_BEGINNINGS[number % len(OTHER_BEGINNINGS)]
        yield (
            f"of another type: {beginning[:12]!r}",
            beginning + (b"" if number < 24 else chance.randbytes(4000)),
            False,
        )
    yield from ((f"a picture: {kind}", _picture(kind), False) for kind in ("png", "jpeg", "webp", "gif"))
    yield "a zip of zeros", _zip_of_zeros(), False
    yield "a gzip of zeros", gzip.compress(bytes(10_000_000)), False
    for number in range(28):
        yield f"huge header {number}", _huge_header(number, good, chance), True


def _picture(kind: str) -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(made, kind)
    return made.getvalue()


def _zip_of_zeros() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    return made.getvalue()


def _box(kind: bytes, inside: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I", len(inside) + 8 if size is None else size) + kind + inside


def _huge_header(number: int, good: bytes, chance: random.Random) -> bytes:
    """Return a header that claims more than there is: huge or nested boxes, endless tables, very large pictures."""
    head = _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")
    match number % 7:
        case 0:
            return head + _box(b"moov", chance.randbytes(100), 0xFFFFFFFF)
        case 1:
            return head + struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 1 << (40 + number)) + chance.randbytes(100)
        case 2:
            nested = b""
            for _ in range(3000 + number):
                nested = _box(b"moov", nested)
            return head + nested
        case 3:
            return _with_field(good, b"stsz", 8, struct.pack(">II", 0, 0xFFFFFFF0 + number % 15))
        case 4:
            return _with_field(good, b"stts", 4, struct.pack(">I", 0x7FFFFFFF - number))
        case 5:
            return _with_field(good, b"avc1", 24, struct.pack(">HH", 0xFFFF, 0xFFFF))
        case _:
            return _with_field(good, b"mdhd", 12, struct.pack(">II", 1, 0xFFFFFFF0))


def _with_field(film: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    at = film.index(box) + 4 + offset
    return film[:at] + value + film[at + len(value) :]
