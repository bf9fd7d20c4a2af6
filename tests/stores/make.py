"""Makes a store as an earlier schema had it: ``python -m tests.stores.make NUMBER``, once for each released schema.

The zip holds the database and all its rows as JSON, so that a test can say that none was lost or changed.
"""

import io
import json
import sys
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from pilot_core.insight.recommend import recommend
from pilot_core.store.engine import schema
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.engine.duckdb_database import DuckDatabase
from pilot_core.store.tables.pilots import pilot_tables
from tests.crowd import crowd

FOLDER = Path(__file__).parent
MADE = {"applied_at"}


def make(number: int) -> Path:
    """Write ``schema_<number>.zip``: six pilots, and a row in every other table."""
    with tempfile.TemporaryDirectory() as folder:
        steps = Path(folder) / "steps"
        steps.mkdir()
        for step in list(schema.steps().values())[:number]:
            (steps / step.name).write_text(step.read_text())
        schema.MIGRATIONS = steps
        database = DuckDatabase(Path(folder) / "pilots.duckdb")
        database.migrate()
        database.transaction(fill_every_table)
        packed = FOLDER / f"schema_{number:04}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.write(database.path, "pilots.duckdb")
            archive.writestr(
                "rows.json", json.dumps(database.read(all_rows), ensure_ascii=False, indent=1, default=str)
            )
    return packed


def all_rows(connection: Connection) -> dict[str, list[dict[str, object]]]:
    """Every row of every table, in an order of its own."""
    return {name: sorted(rows(connection, f"SELECT * FROM {name}"), key=repr) for name in tables_of(connection)}  # noqa: S608


def unpack(number: int, root: Path) -> dict[str, list[dict[str, object]]]:
    """Lay that store out in ``root``; returns the rows it holds, times as text."""
    with zipfile.ZipFile(io.BytesIO((FOLDER / f"schema_{number:04}.zip").read_bytes())) as archive:
        root.mkdir(parents=True, exist_ok=True)
        (root / "pilots.duckdb").write_bytes(archive.read("pilots.duckdb"))
        return json.loads(archive.read("rows.json"))


MEANT: dict[str, dict[str, object]] = {"attachments": {"kind": "pdf"}}
"""The values of columns that are read back as one of a few."""


def fill_every_table(connection: Connection) -> None:
    pilots = crowd(6)
    given: dict[str, list[dict[str, object]]] = {"pilots": [], "attempts": [], "feedback": [], "feedback_flags": []}
    for pilot in pilots:
        for table, found in pilot_tables(pilot, recommend(pilot), 1).items():
            given[table] += found
    attempt = given["attempts"][0]
    known = {"pilot_id": attempt["pilot_id"], "attempt_id": attempt["attempt_id"]}
    known["feedback_id"] = given["feedback"][0]["feedback_id"]
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_catalog = current_database() ORDER BY table_name, ordinal_position"
    ).fetchall():
        columns.setdefault(table, {})[column] = kind
    for table, kinds in columns.items():
        if table not in ("schema_migrations", "media"):  # a row of ``media`` is of a store with a bucket
            some = {name: known.get(name, _some(kind)) for name, kind in kinds.items()} | MEANT.get(table, {})
            for row in given.get(table) or [some]:
                names = [name for name in kinds if name in row]
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608
                    [row[name] for name in names],
                )


def _some(kind: str) -> object:
    values = {
        "VARCHAR": "Grüße, “word”",
        "JSON": '{"a": [1, "ü"]}',
        "BOOLEAN": True,
        "DOUBLE": 0.1,
        "INTEGER": 7,
        "BIGINT": 7,
    }
    return datetime(2026, 1, 2, 3, 4, 5, 678901) if kind == "TIMESTAMP" else values[kind]  # noqa: DTZ001


if __name__ == "__main__":
    print(make(int(sys.argv[1])))
