"""Exports of a cohort: one table as CSV or Parquet, all as a zip or an Excel workbook, or a folder of both formats."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.export.archive import CHUNK_BYTES, zip_stream
from pilot_core.export.snapshot import Snapshot, snapshot
from pilot_core.export.workbook import write_workbook
from pilot_core.insight.cohort import Cohort
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.export_columns import TABLES

DICTIONARY, MANIFEST = "data_dictionary.csv", "manifest.json"


def csv_chunks(store: PilotStore, table: str, cohort: Cohort) -> Iterator[bytes]:
    """Yield one table as CSV. Raises InvalidRequest for a table that does not exist."""
    _check_table(table)
    with snapshot(store, cohort, (table,)) as tables:
        yield from tables.csv(table)


def parquet_chunks(store: PilotStore, table: str, cohort: Cohort) -> Iterator[bytes]:
    """Yield one table as a Parquet file. Raises InvalidRequest for a table that does not exist."""
    _check_table(table)
    with snapshot(store, cohort, (table,)) as tables:
        path = tables.folder / f"{table}.parquet"
        tables.parquet(table, path)
        yield from _pieces(path)


def archive_chunks(store: PilotStore, cohort: Cohort) -> Iterator[bytes]:
    """Yield a zip of all tables, a manifest and the data dictionary."""
    with snapshot(store, cohort) as tables:
        yield from zip_stream(_entries(tables))


def workbook_chunks(store: PilotStore, cohort: Cohort) -> Iterator[bytes]:
    """Yield an Excel workbook of all tables. Raises InvalidRequest when a table has too many rows for Excel."""
    with snapshot(store, cohort) as tables:
        path = tables.folder / "tables.xlsx"
        write_workbook(tables, path)
        yield from _pieces(path)


def write_csv(store: PilotStore, table: str, cohort: Cohort, file: BinaryIO) -> None:
    """Write one table as CSV into an open binary file. Raises InvalidRequest for a table that does not exist."""
    for chunk in csv_chunks(store, table, cohort):
        file.write(chunk)


def write_parquet(store: PilotStore, table: str, cohort: Cohort, path: Path) -> None:
    """Write one table as a Parquet file. Raises InvalidRequest for a table that does not exist."""
    _check_table(table)
    with snapshot(store, cohort, (table,)) as tables:
        tables.parquet(table, path)


def write_archive(store: PilotStore, cohort: Cohort, file: BinaryIO) -> dict[str, Any]:
    """Write the zip of all tables into an open binary file and return its manifest."""
    with snapshot(store, cohort) as tables:
        for chunk in zip_stream(_entries(tables)):
            file.write(chunk)
        return tables.manifest()


def export_folder(store: PilotStore, cohort: Cohort, folder: Path) -> dict[str, Any]:
    """Write each table into the folder as CSV and as Parquet, with manifest and data dictionary.

    Makes a missing folder. Replaces a file of an earlier export once the new one is complete. Returns the manifest.
    Raises StoreError when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with snapshot(store, cohort) as tables:
            for name in TABLES:
                _replace(folder / f"{name}.csv", tables.csv(name))
                part = folder / f".{name}.parquet.part"
                tables.parquet(name, part)
                part.replace(folder / f"{name}.parquet")
            _replace(folder / DICTIONARY, tables.dictionary())
            _replace(folder / MANIFEST, [_manifest(tables)])
            return tables.manifest()
    except OSError as error:
        raise StoreError(f"The export cannot be written to {folder}: {error.strerror or error}.") from error


def write_file(path: Path, chunks: Iterator[bytes]) -> None:
    """Write an export to a file, replacing an earlier one once it is complete. Raises StoreError when it cannot."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, chunks)
    except OSError as error:
        raise StoreError(f"The export cannot be written to {path}: {error.strerror or error}.") from error


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _entries(tables: Snapshot) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    yield MANIFEST, _manifest(tables)
    yield DICTIONARY, tables.dictionary()
    for name in TABLES:
        yield f"{name}.csv", tables.csv(name)


def _manifest(tables: Snapshot) -> bytes:
    return (json.dumps(tables.manifest(), indent=2, ensure_ascii=False) + "\n").encode()


def _replace(path: Path, chunks: "Iterator[bytes] | list[bytes]") -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    part.replace(path)


def _check_table(table: str) -> None:
    if table not in TABLES:
        raise InvalidRequest(f"There is no table “{table[:40]}”; choose one of: {', '.join(TABLES)}.", field="table")
