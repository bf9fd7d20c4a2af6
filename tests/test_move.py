"""A store moved to PostgreSQL and back: every row and file equal, or nothing."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bench import move as bench_move
from bench.fill import fill
from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.maintenance import move as move_module
from pilot_core.maintenance.check import check
from pilot_core.maintenance.move import move_store
from pilot_core.services import pilots
from pilot_core.store.engine.copying import tables_of, tallies
from pilot_core.store.engine.integrity import columns
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.engine.schema import steps
from tests import postgres
from tests.stores import make

NewPilot = Callable[..., PilotRun]
FILM = b"a film, as far as a move cares" * 50_000


@pytest.fixture
def url(postgres_server: postgres.Server) -> Iterator[str]:
    """Yield the address of an empty database."""
    with postgres_server.database() as address:
        yield address


@pytest.fixture
def filled(tmp_path: Path, new_pilot: NewPilot) -> PilotStore:
    """Make a DuckDB store with a row in every table, texts in many scripts, and a video with two names.

    No row mentions a bucket, since there is none.
    """
    store = PilotStore(tmp_path / "store", database_url="")
    store.database.transaction(make.fill_every_table)
    store.database.transaction(lambda c: c.execute("DELETE FROM media"))
    pilot = new_pilot(founder_name="Zoë 王芳 \u202e", company_name="a\\u0000b")
    pilot.notes = 'A NUL\x00, "quotes", back\\slashes, \\u0000 as typed\n\ttabs and 🎬'
    folder = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    pack = store.root / folder / "review_pack"
    pack.mkdir(parents=True)
    (store.root / folder / "draft_v1.mp4").write_bytes(FILM)
    os.link(store.root / folder / "draft_v1.mp4", pack / "final_video.mp4")
    pilot.add_attempt(f"{folder}/draft_v1.mp4", f"{folder}/review_pack", 45.5, 2, 0.1 + 0.2, True)
    pilots.start_pilot(store, pilot, at_command_line("Lea Lead"))
    store.database.transaction(lambda c: c.execute("UPDATE attempts SET state = 'ready'; DELETE FROM renders"))
    (store.root / ".messages.key").write_text("a key")
    return store


def test_a_store_goes_to_postgresql_and_back_with_every_row_and_file_as_it_was(
    filled: PilotStore, url: str, tmp_path: Path
) -> None:
    told: list[str] = []
    before = (filled.root / "pilots.duckdb").stat().st_mtime_ns
    moved = move_store(filled, url, told.append)
    there = PilotStore(filled.root, database_url=url)
    assert there.database.read(make.all_rows) == as_kept(filled.database.read(make.all_rows))
    assert all(
        tally.rows
        for table, tally in moved.tables.items()
        if table not in ("renders", "media", "documents_due", "reports_due", "act_keys", "unsent_words")
    )
    assert f"  pilots: {moved.tables['pilots'].rows} rows" in told
    assert (filled.root / "pilots.duckdb").stat().st_mtime_ns == before

    back = move_store(there, str(tmp_path / "back"))
    again = PilotStore(tmp_path / "back", database_url="")
    assert again.database.read(make.all_rows) == there.database.read(make.all_rows)
    assert back.tables == moved.tables == filled.database.read(tallies)
    assert [pilot.model_copy(update={"notes": None}) for pilot in again.load_all()] == [
        pilot.model_copy(update={"notes": None}) for pilot in filled.load_all()
    ]
    assert files_of(again.root) == files_of(filled.root)
    assert back.files == len(files_of(filled.root))
    draft = next(again.root.rglob("draft_v1.mp4"))
    assert draft.samefile(next(again.root.rglob("final_video.mp4")))
    assert (again.root / ".messages.key").read_text() == "a key"
    # The copied state file still has the NUL.
    assert {finding.kind for finding in check(again, under_way=0)} - {"state_odd"} == {
        finding.kind for finding in check(filled, under_way=0)
    }


def as_kept(found: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """Return rows as PostgreSQL stores them: with U+FFFD for each NUL."""
    kept = {t: [{name: without_nul(value) for name, value in row.items()} for row in rows] for t, rows in found.items()}
    assert kept != found
    return {table: sorted(rows, key=repr) for table, rows in kept.items()}


def files_of(root: Path) -> dict[str, bytes]:
    """Return every file of a store except the database's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("pilots.") and not path.name.endswith(".lock")
    }


def test_a_thousand_pilots_go_there_and_back_by_the_command(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = fill(tmp_path / "store", 1000)
    before = store.database.read(tallies)
    assert main(["--store", str(store.root), "--move-store", url]) == 0
    out = capsys.readouterr().out
    assert "1,000 pilots" in out
    assert postgres.PASSWORD not in out
    with monkeypatch.context() as on_postgres:
        on_postgres.setenv("PILOT_OPS_DATABASE_URL", url)
        assert main(["--store", str(store.root), "--move-store", str(tmp_path / "back")]) == 0
    assert PilotStore(tmp_path / "back").database.read(tallies) == before


def test_the_measured_move_would_name_what_differs(tmp_path: Path) -> None:
    store = bench_move.filled(tmp_path / "store", 12)
    before, first = bench_move.content(store), store.pilot_ids()[0]
    shutil.copytree(store.root, tmp_path / "back")  # copytree makes two files of the hard-linked one
    again = PilotStore(tmp_path / "back")
    assert bench_move.differences(before, bench_move.content(again)) == []
    (again.root / first / "attempt_1" / "draft_v1.mp4").write_bytes(b"another film")
    (again.root / f"{first}.json").unlink()
    renamed = "UPDATE pilots SET company_name = 'Other' WHERE pilot_id = ?"
    again.database.transaction(lambda connection: connection.execute(renamed, [store.pilot_ids()[1]]))
    found = bench_move.differences(before, bench_move.content(again))
    assert found == ["the table pilots", f"the pilot {store.pilot_ids()[1]}"]
    files = bench_move.different_files(store.root, again.root)
    assert f"the file {first}.json, which is in one only" in files
    assert f"the file {first}/attempt_1/draft_v1.mp4" in files
    assert f"how many names the file {first}/attempt_1/review_pack/final_video.mp4 has" in files


def test_what_came_back_into_its_own_folder_is_the_store_there(filled: PilotStore, url: str) -> None:
    move_store(filled, url)
    there = PilotStore(filled.root, database_url=url)
    with pytest.raises(StoreError, match=r"^The pilots of .* are in PostgreSQL; set PILOT_OPS_DATABASE_URL"):
        PilotStore(filled.root, database_url="")
    with pytest.raises(InvalidRequest, match=r"^There is a pilots\.duckdb in .* already"):
        move_store(there, str(filled.root))
    (filled.root / "pilots.duckdb").unlink()
    pilots.pause(there, there.pilot_ids()[-1], "Founder travels")
    move_store(there, str(filled.root))
    back = PilotStore(filled.root, database_url="")
    assert back.load_all() == there.load_all()


def test_a_database_that_is_not_empty_is_refused_and_left_as_it_is(filled: PilotStore, url: str) -> None:
    there = PilotStore(filled.root.parent / "other", database_url=url)
    pilot = pilots.start_pilot(there, pilots.create_pilot("Noor", "Else", "feature_launch"))
    with pytest.raises(
        InvalidRequest, match=r"^The database postgresql://127\.0\.0\.1:\d+/t_\w+ is not empty \(events"
    ):
        move_store(filled, url)
    assert there.load_all() == [pilot]


def test_a_database_of_another_program_is_refused_and_gets_no_table(
    filled: PilotStore, url: str, postgres_server: postgres.Server
) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE invoices (number INTEGER)")
    with pytest.raises(InvalidRequest, match=r"is not empty \(invoices\); a store is moved into an empty one only\.$"):
        move_store(filled, url)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("invoices",)]


def test_a_folder_that_is_not_empty_is_refused(filled: PilotStore, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("Dear")
    with pytest.raises(InvalidRequest, match=r"is not empty\. A store is moved into an empty folder only"):
        move_store(filled, str(tmp_path / "taken"))
    with pytest.raises(InvalidRequest, match="lies inside of the store"):
        move_store(filled, str(filled.root / "copy"))


def test_a_moved_store_takes_no_more_writes_where_it_was(filled: PilotStore, url: str) -> None:
    move_store(filled, url)
    with pytest.raises(StoreError, match=r"^The pilots of .* were moved to PostgreSQL; nothing was written\."):
        pilots.pause(filled, filled.pilot_ids()[-1], "Founder travels")
    there = PilotStore(filled.root, database_url=url)
    pilots.pause(there, filled.pilot_ids()[-1], "Founder travels")
    assert there.pilot_ids() == filled.pilot_ids()


def test_a_folder_with_pilots_of_its_own_gets_no_note_of_another_store(
    filled: PilotStore, url: str, tmp_path: Path
) -> None:
    there = PilotStore(tmp_path / "other", database_url=url)
    pilots.start_pilot(there, pilots.create_pilot("Noor", "Else", "feature_launch"))
    with pytest.raises(StoreError, match=r"has pilots of its own in pilots\.duckdb, and PILOT_OPS_DATABASE_URL names"):
        PilotStore(filled.root, database_url=url)
    assert not (filled.root / "pilots.elsewhere").exists()
    assert PilotStore(filled.root, database_url="").load_all() == filled.load_all()


@pytest.mark.parametrize("to", ["database", "folder"])
def test_a_store_that_changes_while_it_is_moved_is_not_moved(
    filled: PilotStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    step = "compare" if to == "database" else "_check_unchanged"  # the last one that others can still write before
    take = getattr(move_module, step)

    def changed(*what: object) -> None:
        pilots.pause(filled, filled.pilot_ids()[-1], "Founder travels")
        take(*what)

    monkeypatch.setattr(move_module, step, changed)
    target = url if to == "database" else str(tmp_path / "back")
    with pytest.raises(StoreError, match=r"^The store was changed while it was moved, so nothing was moved\."):
        move_store(filled, target)
    assert not (filled.root / "pilots.elsewhere").exists()
    if to == "folder":
        assert not (tmp_path / "back").exists()
    else:
        fresh = PilotStore(tmp_path / "fresh", database_url=url)
        assert {table: tally.rows for table, tally in fresh.database.read(tallies).items() if tally.rows} == {
            "schema_migrations": len(steps())
        }


def test_a_store_is_not_moved_while_a_cut_is_being_made(filled: PilotStore, url: str) -> None:
    pilot = pilots.start_pilot(filled, pilots.create_pilot("Noor", "Else", "feature_launch"))
    pilots.queue_attempt(filled, pilot.pilot_id, "storyboard")
    with pytest.raises(InvalidRequest, match="A cut is being made"):
        move_store(filled, url)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:hush@host:port/",
        "Postgresql:/me:hush@host/name",
        "postgres//me:hush@host/name",
        "postgesql://me:hush@host/name",
        "mysql://me:hush@host/name",
        "me:hush@host/name",
        "me@host/name",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_its_password(
    filled: PilotStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["--store", str(filled.root), "--move-store", address]) == 2
    err = capsys.readouterr().err
    assert list(Path().iterdir()) == []
    assert err == (
        "The address to move the store to is not right; it must look like postgresql://user:password@host:5432/name.\n"
    )


def test_both_engines_have_the_same_tables_and_columns(filled: PilotStore, url: str, tmp_path: Path) -> None:
    there = PilotStore(tmp_path / "there", database_url=url)
    assert there.database.read(tables_of) == filled.database.read(tables_of)
    assert there.database.read(columns) == filled.database.read(columns)


def test_a_backup_of_a_store_on_postgresql_comes_back_as_a_folder(
    filled: PilotStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    move_store(filled, url)
    with monkeypatch.context() as on_postgres:
        on_postgres.setenv("PILOT_OPS_DATABASE_URL", url)
        assert main(["--store", str(filled.root), "--backup", str(tmp_path / "a.zip")]) == 0
        assert main(["--store", str(tmp_path / "back"), "--restore", str(tmp_path / "a.zip")]) == 2
        assert "unset PILOT_OPS_DATABASE_URL" in capsys.readouterr().err
    assert main(["--store", str(tmp_path / "back"), "--restore", str(tmp_path / "a.zip")]) == 0
    assert PilotStore(tmp_path / "back").database.read(tallies) == filled.database.read(tallies)
