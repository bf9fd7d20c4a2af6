"""A backup as one zip: a database, the files of its pilots, and a manifest with counts and checksums."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilot_core import ids
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import printable
from pilot_core.store.engines import DATABASE

MANIFEST = "manifest.json"
FORMAT = 1
CHUNK_BYTES = 1_048_576
MANIFEST_BYTES = 200_000_000
PACKED = re.compile(r"\.(duckdb|txt|md|json|vtt|html|log)$")
NAME = re.compile(r"[^/\x00-\x1f\\\ud800-\udfff]{1,255}")
"""What a visible file may be called in a backup; a name that is no UTF-8 comes from the disk with lone surrogates."""


class Held(BaseModel):
    """One file of a backup: its size in bytes and its SHA-256 (hex)."""

    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup says of itself; ``made_at`` as ISO 8601 in UTC, ``counts`` by table."""

    model_config = ConfigDict(extra="forbid")

    format: int
    made_at: str
    schema_number: int
    media: bool
    counts: dict[str, int]
    files: dict[str, Held]


def add_file(archive: zipfile.ZipFile, name: str, source: Path) -> Held:
    """Put a file into the zip; returns what the manifest says of it. Raises OSError."""
    info = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_DEFLATED if PACKED.search(name) else zipfile.ZIP_STORED
    info._compresslevel = 1  # type: ignore[attr-defined]
    with source.open("rb") as reading:
        return _add(archive, info, iter(lambda: reading.read(CHUNK_BYTES), b""))


def add_pieces(archive: zipfile.ZipFile, name: str, pieces: Iterator[bytes], at: datetime) -> Held:
    """The same for a file that comes in pieces; ``at`` is when it was written."""
    info = zipfile.ZipInfo(name, at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED if PACKED.search(name) else zipfile.ZIP_STORED
    info._compresslevel = 1  # type: ignore[attr-defined]
    return _add(archive, info, pieces)


def _add(archive: zipfile.ZipFile, info: zipfile.ZipInfo, chunks: Iterator[bytes]) -> Held:
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as writing:
        for chunk in chunks:
            writing.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Held(size=size, sha256=digest.hexdigest())


def add_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Put the manifest into the zip."""
    text = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1) + "\n"
    archive.writestr(zipfile.ZipInfo(MANIFEST), text, zipfile.ZIP_DEFLATED)


def read_manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """The manifest of a backup whose names are all in order. Raises InvalidRequest with a sentence."""
    names = archive.namelist()
    try:
        if archive.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
            raise ValueError("its manifest is too large")
        told = json.loads(archive.read(MANIFEST))
        if told.get("format") != FORMAT:
            raise InvalidRequest(
                f"{file.name} is a backup of another kind ({told.get('format')}); "
                f"this version of Pilot Ops reads kind {FORMAT}. Nothing was restored."
            )
        manifest = Manifest.model_validate(told)
    except KeyError:
        raise damaged(file, "it has no manifest") from None
    except (ValueError, AttributeError, ValidationError, zipfile.BadZipFile, RecursionError) as error:
        raise damaged(file, "its manifest cannot be read") from error
    if len(set(names)) != len(names) or set(names) != {MANIFEST, *manifest.files} or DATABASE not in manifest.files:
        raise damaged(file, "it does not hold the files its manifest names")
    for name in manifest.files:
        if not is_ours(name):
            raise damaged(file, f"it names a file that no backup holds, “{printable(name[:80])}”")
    return manifest


def pieces(archive: zipfile.ZipFile, name: str, held: Held, file: Path) -> Iterator[bytes]:
    """A file's bytes; the last come only if all of them are as the manifest says. Raises InvalidRequest."""
    digest, size = hashlib.sha256(), 0
    try:
        reading: IO[bytes]
        with archive.open(name) as reading:
            while chunk := reading.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                if size > held.size:
                    break
                yield chunk
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise damaged(file, f"{name} cannot be read") from error
    except Exception as error:
        # zlib and lzma have errors of their own, which share no base.
        if type(error).__module__ in ("zlib", "lzma"):
            raise damaged(file, f"{name} cannot be read") from error
        raise
    if size != held.size or digest.hexdigest() != held.sha256:
        raise damaged(file, f"{name} is not as it was")


def damaged(file: Path, why: str) -> InvalidRequest:
    """The refusal of a backup that is not whole."""
    return InvalidRequest(f"The backup {file.name} is damaged: {why}. Nothing was restored; take another backup.")


def is_ours(name: str) -> bool:
    """Whether it is the database, or a visible file below a pilot's folder, by a name that a backup can hold."""
    first, *rest = name.split("/")
    if name == DATABASE:
        return True
    return bool(rest) and bool(ids.PILOT_ID.fullmatch(first)) and all(_is_plain(part) for part in rest)


def _is_plain(part: str) -> bool:
    return bool(NAME.fullmatch(part)) and not part.startswith(".")
