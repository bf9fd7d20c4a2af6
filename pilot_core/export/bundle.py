"""Exports of a cohort: one table as CSV, all of them as a zip, or a folder with Parquet beside. All rows, streamed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.export.archive import CHUNK_BYTES, zip_stream
from pilot_core.export.dictionary import data_dictionary
from pilot_core.export.snapshot import Snapshot, snapshot
from pilot_core.export.tables import TABLES
from pilot_core.insight.cohort import Cohort
from pilot_core.store.pilots import PilotStore

DICTIONARY, MANIFEST = "data_dictionary.csv", "manifest.json"


def csv_chunks(store: PilotStore, table: str, cohort: Cohort) -> Iterator[bytes]:
    """One table as CSV, piece by piece. Raises InvalidRequest for a table that does not exist."""
    _check(table)
    with snapshot(store, cohort, (table,)) as taken:
        yield from taken.csv(table)


def parquet_chunks(store: PilotStore, table: str, cohort: Cohort) -> Iterator[bytes]:
    """One table as a Parquet file, piece by piece. Raises InvalidRequest for a table that does not exist."""
    _check(table)
    with snapshot(store, cohort, (table,)) as taken:
        path = taken.folder / f"{table}.parquet"
        taken.parquet(table, path)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def archive_chunks(store: PilotStore, cohort: Cohort) -> Iterator[bytes]:
    """The zip of all tables with its manifest and data dictionary, piece by piece."""
    with snapshot(store, cohort) as taken:
        yield from zip_stream(_entries(taken))


def write_csv(store: PilotStore, table: str, cohort: Cohort, file: BinaryIO) -> None:
    """Write one table as CSV into an open binary file. Raises InvalidRequest for a table that does not exist."""
    for chunk in csv_chunks(store, table, cohort):
        file.write(chunk)


def write_parquet(store: PilotStore, table: str, cohort: Cohort, path: Path) -> None:
    """Write one table as a Parquet file. Raises InvalidRequest for a table that does not exist."""
    _check(table)
    with snapshot(store, cohort, (table,)) as taken:
        taken.parquet(table, path)


def write_archive(store: PilotStore, cohort: Cohort, file: BinaryIO) -> dict[str, Any]:
    """Write the zip of all tables into an open binary file; returns its manifest."""
    with snapshot(store, cohort) as taken:
        for chunk in zip_stream(_entries(taken)):
            file.write(chunk)
        return taken.manifest()


def export_folder(store: PilotStore, cohort: Cohort, folder: Path) -> dict[str, Any]:
    """Write each table into the folder as CSV and as Parquet, with manifest and data dictionary; returns the manifest.

    The folder is made where it does not exist; files of an earlier export are replaced, each only once it is whole.
    Raises StoreError where it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with snapshot(store, cohort) as taken:
            for name in TABLES:
                _replace(folder / f"{name}.csv", taken.csv(name))
                part = folder / f".{name}.parquet.part"
                taken.parquet(name, part)
                part.replace(folder / f"{name}.parquet")
            _replace(folder / DICTIONARY, [data_dictionary()])
            _replace(folder / MANIFEST, [_manifest(taken)])
            return taken.manifest()
    except OSError as error:
        raise StoreError(f"The export cannot be written to {folder}: {error.strerror or error}.") from error


def _entries(taken: Snapshot) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    yield MANIFEST, _manifest(taken)
    yield DICTIONARY, data_dictionary()
    for name in TABLES:
        yield f"{name}.csv", taken.csv(name)


def _manifest(taken: Snapshot) -> bytes:
    return (json.dumps(taken.manifest(), indent=2, ensure_ascii=False) + "\n").encode()


def _replace(path: Path, chunks: "Iterator[bytes] | list[bytes]") -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    part.replace(path)


def _check(table: str) -> None:
    if table not in TABLES:
        raise InvalidRequest(f"There is no table “{table[:40]}”; choose one of: {', '.join(TABLES)}.", field="table")
