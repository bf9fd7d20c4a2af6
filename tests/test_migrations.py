"""Upgrades: a store of every earlier schema opens with all rows, after a copy; a newer one is left unchanged."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from pilot_core import PilotStore
from pilot_core.errors import StoreError
from pilot_core.maintenance.check import check
from pilot_core.store.engine import schema
from pilot_core.store.engine.duckdb_database import DuckDatabase
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.store.engine.lease import Lease
from pilot_core.store.engine.schema import MIGRATIONS
from tests.stores import make

NUMBERS = [int(step.name[:4]) for step in sorted(MIGRATIONS.glob("[0-9]*.sql"))]
KEPT = sorted(int(path.stem.removeprefix("schema_")) for path in make.FOLDER.glob("schema_*.zip"))


def test_a_store_of_every_schema_before_this_one_is_kept() -> None:
    assert NUMBERS[:-1] == [number for number in KEPT if number < NUMBERS[-1]]


@pytest.mark.parametrize("number", KEPT)
def test_a_store_of_an_earlier_schema_opens_with_every_row_as_it_was(tmp_path: Path, number: int) -> None:
    before = make.unpack(number, tmp_path)
    store = PilotStore(tmp_path)
    after = store.database.read(make.all_rows)

    assert store.database.migrate() == []
    assert len(store.load_all()) == 6
    for table, rows in before.items():
        columns = list(rows[0]) if rows else []  # no media in a store without a bucket
        now = [{name: row[name] for name in columns} for row in after[table]]
        if table == "schema_migrations":
            now = [row for row in now if row["number"] <= number]
        assert sorted(map(_text, now)) == sorted(map(_text, rows)), table
    kinds = {finding.kind for finding in check(store)}
    assert kinds <= {"missing", "render_gone", "state_old", "derived", "erased", "other_rules"}, (
        "what a made-up pilot lacks"
    )


def test_before_a_migration_the_database_is_copied_as_it_was(tmp_path: Path) -> None:
    before = make.unpack(KEPT[0], tmp_path)
    PilotStore(tmp_path)
    with opened_copy(tmp_path / f"pilots.schema_{KEPT[0]:04}.duckdb") as connection:
        assert _text(make.all_rows(connection)) == _text(before)
    assert list(tmp_path.glob(".*.part")) == []


def test_a_copy_before_a_migration_that_does_not_open_stops_it_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make.unpack(KEPT[0], tmp_path)
    copy_to = Lease.copy_to

    def spoilt(self: Lease, target: Path) -> None:
        copy_to(self, target)
        target.with_name(f"{target.name}.wal").write_bytes(b"a journal")
        target.write_bytes(b"no database at all")

    with monkeypatch.context() as then:
        then.setattr(Lease, "copy_to", spoilt)
        with pytest.raises(StoreError, match="cannot be read"):
            PilotStore(tmp_path)
    assert list(tmp_path.glob(".*.part*")) == []
    assert _text(DuckDatabase(tmp_path / "pilots.duckdb").read(make.all_rows)) == _text(before)


def test_a_migration_that_fails_changes_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make.unpack(1, tmp_path / "store")
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_pilots.sql").write_text((MIGRATIONS / "0001_pilots.sql").read_text())
    (steps / "0002_wrong.sql").write_text(
        "ALTER TABLE pilots ADD COLUMN fine TEXT; ALTER TABLE gone ADD COLUMN a TEXT;"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(duckdb.CatalogException):
        PilotStore(tmp_path / "store")
    database = DuckDatabase(tmp_path / "store" / "pilots.duckdb")
    assert _text(database.read(make.all_rows)) == _text(before)


def test_a_store_of_a_newer_version_is_refused_byte_for_byte_untouched(tmp_path: Path) -> None:
    make.unpack(KEPT[-1], tmp_path)
    path = tmp_path / "pilots.duckdb"
    database = DuckDatabase(path)
    database.transaction(
        lambda c: c.execute("INSERT INTO schema_migrations VALUES (999, '0999_later', TIMESTAMP '2030-01-01 00:00:00')")
    )
    before = _checksum(path)
    with pytest.raises(StoreError) as refused:
        PilotStore(tmp_path)
    assert str(refused.value) == (
        f"The store {tmp_path} was made by a newer version of Pilot Ops (schema 999, this one knows {NUMBERS[-1]}); "
        "update this program. Nothing was changed."
    )
    assert _checksum(path) == before
    names = ["pilots.duckdb", "pilots.duckdb.commit", "pilots.duckdb.lock"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names


def _checksum(path: Path) -> str:
    # Nothing in this process has the file attached between two sessions.
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(value: object) -> str:
    import json

    return json.dumps(value, default=str, sort_keys=True)
