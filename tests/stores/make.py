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

from pilot_core.store import database as module
from pilot_core.store import rows as mapping
from pilot_core.store.copying import tables_of
from pilot_core.store.database import MIGRATIONS, Database, rows
from pilot_core.store.lease import Connection
from tests.crowd import crowd

FOLDER = Path(__file__).parent
MADE = {"applied_at"}


def make(number: int) -> Path:
    """Write ``schema_<number>.zip``: six pilots, and a row in every other table."""
    with tempfile.TemporaryDirectory() as folder:
        steps = Path(folder) / "steps"
        steps.mkdir()
        for step in sorted(MIGRATIONS.glob("[0-9]*.sql"))[:number]:
            (steps / step.name).write_text(step.read_text())
        module.MIGRATIONS = steps
        database = Database(Path(folder) / "pilots.duckdb")
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


def fill_every_table(connection: Connection) -> None:
    pilots = crowd(6)
    given: dict[str, list[dict[str, object]]] = {"pilots": [], "attempts": [], "feedback": [], "feedback_flags": []}
    for pilot in pilots:
        said, flagged = mapping.feedback_rows(pilot)
        given["pilots"].append(mapping.pilot_row(pilot) | {"version": 1})
        given["attempts"] += mapping.attempt_rows(pilot)
        given["feedback"] += said
        given["feedback_flags"] += flagged
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
        if table != "schema_migrations":
            for row in given.get(table) or [{name: known.get(name, _some(kind)) for name, kind in kinds.items()}]:
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
