"""Rewrite a DuckDB file, so that it contains no bytes of deleted or changed rows.

In the old file such bytes survive every checkpoint and VACUUM.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from pilot_core.files import settle
from pilot_core.store.engine.duckdb_session import journal_of, quoted


def rewrite_file(path: Path) -> None:
    """Replace a detached file with a new one that has the same rows, in one step.

    Raises duckdb.Error, and OSError if the copy differs; the old file then stays. A crash leaves either file, complete.
    """
    folder = path.with_name(f".{path.name}.part")
    try:
        shutil.rmtree(folder, ignore_errors=True)  # left by a crash
        folder.mkdir()
        fresh = folder / path.name
        _copy_rows(path, fresh)
        # A journal left beside the old file would be read as the new file's.
        if any(journal_of(file).exists() for file in (path, fresh)):
            raise OSError(None, "its journal could not be folded in")
        shutil.copymode(path, fresh)
        settle(fresh, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_rows(source: Path, target: Path) -> None:
    """Copy a detached database into a new file, and merge the journals of both.

    DuckDB writes unused parts of a block with whatever was in the writer's memory. So one process reads the rows, and
    another, which has never seen the erased data, writes them. Raises duckdb.Error, and OSError if the two files
    differ.
    """
    rows = target.parent / "rows"
    for program, path in ((_EXPORT, source), (_IMPORT, target)):
        command = [sys.executable, "-I", "-c", program, quoted(path), quoted(rows)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise OSError(None, (done.stderr.strip().splitlines() or ["it was stopped"])[-1])
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH '{quoted(source)}' AS source (READ_ONLY)")
        connection.execute(f"ATTACH '{quoted(target)}' AS target (READ_ONLY)")
        if _tables(connection, "source") != _tables(connection, "target"):
            raise OSError(None, "the copy is not the same")
    finally:
        connection.close()


_EXPORT = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"ATTACH '{sys.argv[1]}' AS source")
connection.execute(f"EXPORT DATABASE source TO '{sys.argv[2]}' (FORMAT parquet)")
connection.execute("CHECKPOINT source")
connection.execute("DETACH source")
"""
_IMPORT = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"ATTACH '{sys.argv[1]}' AS target")
connection.execute("USE target")
connection.execute(f"IMPORT DATABASE '{sys.argv[2]}'")
connection.execute("CHECKPOINT target")
connection.execute("USE memory")
connection.execute("DETACH target")
"""


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str, int]]:
    """Return each table of an attached database: its name, its CREATE statement with keys, and its number of rows."""
    sql = "SELECT table_name, sql FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name"
    found = []
    for name, made in connection.execute(sql, [database]).fetchall():
        [(rows,)] = connection.execute(f"SELECT count(*) FROM {database}.main.{name}").fetchall()  # noqa: S608
        found.append((name, made, rows))
    return found
