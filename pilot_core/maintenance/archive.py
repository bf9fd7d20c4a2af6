"""The backup format: one zip with the database, the pilots' files, the key of certificates, and a manifest with counts
and checksums.
"""

import hashlib
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, Field

from pilot_core import ids
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import printable
from pilot_core.store.files.layout import CERTIFICATES_KEY, DATABASE

MANIFEST = "manifest.json"
FORMAT = 2
READABLE = (1, 2)
"""The formats that are restored. Format 1 had no key of certificates."""
CHUNK_BYTES = 1_048_576
MANIFEST_BYTES = 200_000_000
PACKED = re.compile(r"\.(duckdb|txt|md|json|vtt|html|log)$")
NAME = re.compile(r"[^/\x00-\x1f\\\ud800-\udfff]{1,255}")
"""File names that a backup can contain. A name on disk that is not UTF-8 has lone surrogates here."""


FAULTS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    ArithmeticError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
"""What zipfile raises of a damaged archive, besides OSError. ValidationError is a ValueError."""


class FileEntry(BaseModel):
    """A file's entry in the manifest: size in bytes and SHA-256 (hex)."""

    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The contents of a backup. ``made_at`` is ISO 8601 in UTC; ``counts`` is the number of rows of each table."""

    model_config = ConfigDict(extra="forbid")

    format: int
    made_at: str
    schema_number: int
    media: bool
    counts: dict[str, int]
    files: dict[str, FileEntry]


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open a backup and its manifest. Whatever damage is met in the block is raised as InvalidRequest; also OSError."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive, read_manifest(archive, file)
    except FAULTS as error:
        raise damaged(file, "it is no whole zip file") from error


def add_file(archive: zipfile.ZipFile, name: str, source: Path) -> FileEntry:
    """Add a file to the zip and return its manifest entry. Raises OSError."""
    info = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_DEFLATED if PACKED.search(name) else zipfile.ZIP_STORED
    info._compresslevel = 1  # type: ignore[attr-defined]
    with source.open("rb") as reading:
        return _add(archive, info, iter(lambda: reading.read(CHUNK_BYTES), b""))


def add_pieces(archive: zipfile.ZipFile, name: str, pieces: Iterator[bytes], at: datetime) -> FileEntry:
    """Add a file that is read in pieces. ``at`` is when it was written. See :func:`add_file`."""
    info = zipfile.ZipInfo(name, at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED if PACKED.search(name) else zipfile.ZIP_STORED
    info._compresslevel = 1  # type: ignore[attr-defined]
    return _add(archive, info, pieces)


def _add(archive: zipfile.ZipFile, info: zipfile.ZipInfo, chunks: Iterator[bytes]) -> FileEntry:
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as writing:
        for chunk in chunks:
            writing.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(size=size, sha256=digest.hexdigest())


def add_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Add the manifest to the zip."""
    text = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1) + "\n"
    archive.writestr(zipfile.ZipInfo(MANIFEST), text, zipfile.ZIP_DEFLATED)


def read_manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """Return a backup's manifest, after checking that the names in it and in the zip are valid and agree.

    Raises InvalidRequest.
    """
    names = archive.namelist()
    try:
        if archive.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
            raise ValueError("its manifest is too large")
        data = json.loads(archive.read(MANIFEST))
        if data.get("format") not in READABLE:
            raise InvalidRequest(
                f"{file.name} is a backup of another kind ({data.get('format')}); "
                f"this version of Pilot Ops reads kinds up to {FORMAT}. Nothing was restored."
            )
        manifest = Manifest.model_validate(data)
    except KeyError:
        raise damaged(file, "it has no manifest") from None
    except (AttributeError, *FAULTS) as error:
        raise damaged(file, "its manifest cannot be read") from error
    if len(set(names)) != len(names) or set(names) != {MANIFEST, *manifest.files} or DATABASE not in manifest.files:
        raise damaged(file, "it does not hold the files its manifest names")
    for name in manifest.files:
        if not is_ours(name):
            raise damaged(file, f"it names a file that no backup holds, “{printable(name[:80])}”")
    return manifest


def pieces(archive: zipfile.ZipFile, name: str, entry: FileEntry, file: Path) -> Iterator[bytes]:
    """Yield a file's bytes. Raises InvalidRequest at the end if they differ from the manifest."""
    digest, size = hashlib.sha256(), 0
    try:
        reading: IO[bytes]
        with archive.open(name) as reading:
            while chunk := reading.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                if size > entry.size:
                    break
                yield chunk
    except FAULTS as error:
        raise damaged(file, f"{name} cannot be read") from error
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise damaged(file, f"{name} is not as it was")


def damaged(file: Path, why: str) -> InvalidRequest:
    """Return the error for a damaged backup, with the reason."""
    return InvalidRequest(f"The backup {file.name} is damaged: {why}. Nothing was restored; take another backup.")


def is_ours(name: str) -> bool:
    """Whether the name is that of the database, the key of certificates or a visible file in a pilot's folder."""
    first, *rest = name.split("/")
    if name in (DATABASE, CERTIFICATES_KEY):
        return True
    return bool(rest) and bool(ids.PILOT_ID.fullmatch(first)) and all(_is_plain(part) for part in rest)


def _is_plain(part: str) -> bool:
    return bool(NAME.fullmatch(part)) and not part.startswith(".")
