"""The store on PostgreSQL: query translation, several servers at once, and a missing server."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from pilot_core import PilotStore
from pilot_core.bootstrap import open_store
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.person import erase_person
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.services import pilots
from pilot_core.settings import ROOT, read_settings
from pilot_core.store.engine import postgres_pool
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.engine.postgres_database import PostgresDatabase
from pilot_core.store.engine.postgres_pool import shown
from pilot_core.store.engine.postgres_session import translated
from pilot_core.store.queries import diagnosis
from tests import postgres
from tests.conftest import ON_BOTH

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def url(postgres_server: postgres.Server, postgres_template: str) -> Iterator[str]:
    """Yield the address of a database with an empty store."""
    with postgres_server.database(postgres_template) as address:
        yield address


@pytest.fixture
def there(url: str, tmp_path: Path) -> PilotStore:
    return PilotStore(tmp_path / "store", database_url=url)


@pytest.mark.parametrize(
    ("query", "as_psycopg_wants_it"),
    [
        ("SELECT ? + $most_of_all", "SELECT %s + %(most_of_all)s"),
        ("SELECT '?', 'it''s $5 %', a % 3 FROM t", "SELECT '?', 'it''s $5 %%', a %% 3 FROM t"),
        ('SELECT "odd?$name" -- why? $not\nFROM t /* ? $ */ WHERE a = ?', None),
        ("x LIKE ? ESCAPE '!'", "x LIKE %s ESCAPE '!'"),
    ],
)
def test_placeholders_are_translated_and_literals_are_not(query: str, as_psycopg_wants_it: str | None) -> None:
    wanted = as_psycopg_wants_it or 'SELECT "odd?$name" -- why? $not\nFROM t /* ? $ */ WHERE a = %s'
    assert translated(query) == wanted


def test_values_come_back_with_the_types_they_have_from_duckdb(there: PilotStore, tmp_path: Path) -> None:
    sql = (
        "SELECT count(*) AS n, sum(x) AS total, avg(x) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS mid, "
        "min(t) AS at, extract(epoch FROM max(t) - min(t)) AS seconds, ? || ' 100 % $no ?' AS text, "
        "min(x) FILTER (WHERE x = ANY(?)) AS one, count(*) FILTER (WHERE x % 2 = 1) AS odd, NULL AS none, "
        "bool_or(x > 2) AS yes FROM (SELECT 1 AS x, CAST('2026-03-02 09:00:00.5' AS TIMESTAMP) AS t "
        "UNION ALL SELECT 4, CAST('2026-03-02 09:00:02' AS TIMESTAMP)) v"
    )
    beside = PilotStore(tmp_path / "duckdb", database_url="")
    [ours], [theirs] = (store.database.read(lambda c: rows(c, sql, ["é", [4, 5]])) for store in (there, beside))
    assert ours == theirs
    assert {name: type(value) for name, value in ours.items() if name != "total"} == {
        name: type(value) for name, value in theirs.items() if name != "total"
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a�b"),
        ('{"a": "x\\u0000y"}', '{"a": "x�y"}'),
        ('{"a": "x\\\\u0000y"}', '{"a": "x\\\\u0000y"}'),
        ("typed \\u0000", "typed \\u0000"),
        (5, 5),
    ],
)
def test_a_nul_becomes_the_sign_of_a_lost_character(given: object, kept: object) -> None:
    assert without_nul(given) == kept


def test_json_is_kept_letter_for_letter(there: PilotStore, new_pilot: NewPilot) -> None:
    pilot = there.save(new_pilot())
    text = '{"b": 1.50,  "a": "ü", "b": 2}'
    there.database.transaction(lambda c: c.execute("UPDATE pilots SET source = ?", [text]).fetchall())
    assert there.database.read(lambda c: c.execute("SELECT source FROM pilots").fetchall()) == [(text,)]
    assert there.load(pilot.pilot_id).source == {"a": "ü", "b": 2}


WRITER = """
import sys
from pilot_core import PilotStore
store = PilotStore(sys.argv[1])
[pilot_id] = store.pilot_ids()
def count(pilot):
    pilot.notes = str(int(pilot.notes or 0) + 1)
    pilot.log("counted", n=int(pilot.notes))
for n in range(int(sys.argv[2])):
    store.change(pilot_id, count, sys.argv[3])
    print(n, flush=True)
"""


def test_writers_in_threads_and_processes_that_are_killed_lose_nothing_and_leave_nothing_by_half(
    there: PilotStore, new_pilot: NewPilot, url: str
) -> None:
    pilot_id = there.save(new_pilot()).pilot_id
    environment = {**os.environ, "PILOT_OPS_DATABASE_URL": url}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, there.root, "1000", f"process {n}"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]

    def count(pilot: PilotRun) -> None:
        pilot.notes = str(int(pilot.notes or 0) + 1)
        pilot.log("counted", n=int(pilot.notes))

    def write(name: str) -> None:
        for _ in range(15):
            there.change(pilot_id, count, name)

    threads = [threading.Thread(target=write, args=(f"thread {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    told = []
    for kept, process in enumerate(processes):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5 + 3 * kept)]
        process.send_signal(signal.SIGKILL)
        told.append(len([*lines, *process.stdout.read().splitlines()]))
        process.wait()
    for thread in threads:
        thread.join()

    pilot, events = there.load(pilot_id), there.events(pilot_id)
    counted = [event for event in events if event.kind == "counted"]
    assert [event.detail["n"] for event in counted] == list(range(1, int(str(pilot.notes)) + 1))
    assert pilot.version == len(events)
    by_process = [sum(event.actor == f"process {n}" for event in counted) for n in range(3)]
    # A written one may not have been reported yet.
    assert all(written - said in (0, 1) for written, said in zip(by_process, told, strict=True))
    assert sum(event.actor.startswith("thread") for event in counted) == 30


def test_a_reading_sees_one_state_and_a_change_within_it_is_made_beside_it(
    there: PilotStore, new_pilot: NewPilot
) -> None:
    pilot_id = there.save(new_pilot()).pilot_id

    def work(_: object) -> list[str]:
        before = there.load(pilot_id).status
        pilots.pause(there, pilot_id, "Founder travels")
        return [before, there.load(pilot_id).status]

    assert there.database.read(work) == ["active", "active"]
    assert there.load(pilot_id).status == "paused"


def test_another_server_sees_a_change_at_its_next_reading(there: PilotStore, new_pilot: NewPilot, url: str) -> None:
    beside = PilotStore(there.root, database_url=url)
    pilot_id = there.save(new_pilot()).pilot_id
    seen = beside.load(pilot_id)
    pilots.pause(there, pilot_id, "Founder travels")
    assert (seen.status, beside.load(pilot_id).status) == ("active", "paused")


def test_a_server_reads_on_while_another_ones_upgrade_adds_a_column(
    there: PilotStore, new_pilot: NewPilot, url: str
) -> None:
    pilot = there.save(new_pilot())
    for _ in range(12):
        there.load(pilot.pilot_id)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE pilots ADD COLUMN of_a_later_version TEXT")
    assert there.load(pilot.pilot_id) == pilot


def test_a_query_that_failed_and_was_passed_over_commits_nothing(there: PilotStore, new_pilot: NewPilot) -> None:
    pilot_id = there.save(new_pilot()).pilot_id

    def work(connection: object) -> None:
        connection.execute("UPDATE pilots SET notes = '\"changed\"'")  # type: ignore[attr-defined]
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nothing_of_that_name")  # type: ignore[attr-defined]

    with pytest.raises(psycopg.ProgrammingError, match="it was rolled back"):
        there.database.transaction(work)
    assert there.load(pilot_id).notes != "changed"


def test_a_connection_that_was_cut_is_replaced(
    there: PilotStore, url: str, monkeypatch: pytest.MonkeyPatch, postgres_server: postgres.Server
) -> None:
    there.pilot_ids()
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.rsplit('/', 1)[1]}'"  # noqa: S608
    postgres_server.run(cut)
    with pytest.raises(StoreError, match=r"could not be read .* See whether PostgreSQL runs, then try again\.$"):
        there.pilot_ids()
    assert there.pilot_ids() == []
    postgres_server.run(cut)
    monkeypatch.setattr(postgres_pool, "IDLE_SECONDS", 0.0)
    assert there.pilot_ids() == []


def test_a_process_holds_no_more_connections_than_the_setting_allows(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_CONNECTIONS", "8")
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
    store = open_store(read_settings(), tmp_path)
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pilot-ops'"
    three = threading.Barrier(3)
    met: list[int] = []
    held: list[int] = []

    def change(_: int) -> None:
        def within(_: object) -> None:
            # Of 8 connections 4 are for standalone statements, and each session may need one more than its own.
            with suppress(threading.BrokenBarrierError):
                met.append(three.wait(2))
            store.database.transaction(lambda c: held.append(c.execute(mine).fetchall()[0][0]))

        store.database.read(within)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(change, range(12)))

    assert (met, len(held)) == ([], 12)
    assert max(held) <= 8


def test_a_number_of_connections_too_small_to_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_CONNECTIONS", "5")
    with pytest.raises(InvalidRequest, match="CONNECTIONS is “5”; it must be a number of at least 6"):
        read_settings()


def test_no_statement_is_prepared_on_the_server_however_often_it_runs(there: PilotStore) -> None:
    asked = "SELECT count(*) FROM pg_prepared_statements WHERE ? > 0"

    def read(connection: Connection) -> list[int]:
        return [connection.execute(asked, [1]).fetchall()[0][0] for _ in range(12)]

    assert there.database.read(read) == [0] * 12


def test_a_database_that_cannot_be_reached_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        PilotStore(tmp_path / "store", database_url="postgresql://pilot:hush@127.0.0.1:1/pilots")
    assert str(refused.value).startswith("The database postgresql://127.0.0.1:1/pilots cannot be reached (")
    assert "hush" not in str(refused.value)
    with pytest.raises(StoreError) as unreadable:
        PilotStore(tmp_path / "store", database_url="postgresql://pilot:hush%zz@127.0.0.1:1/pilots")
    assert "hush" not in str(unreadable.value)


def test_a_list_of_a_database_that_cannot_be_reached_is_no_empty_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", "postgresql://pilot:hush@127.0.0.1:1/pilots")
    assert main(["--store", str(tmp_path / "store"), "--list"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "cannot be reached" in err


def test_the_setting_is_refused_and_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", "postgresql://pilot:hush@db.example.com:5432/pilots")
    assert "hush" not in repr(read_settings())
    assert shown(read_settings().database_url or "") == "postgresql://db.example.com:5432/pilots"
    for wrong in ("mysql://pilot:hush@db/pilots", "postgresql://pilot:hush@db", "postgresql://pilot:hush@db:x/pilots"):
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", wrong)
        with pytest.raises(InvalidRequest, match=r"^The setting PILOT_OPS_DATABASE_URL is not right") as refused:
            read_settings()
        assert "hush" not in str(refused.value)


def test_no_password_reaches_the_log_or_the_screen(
    there: PilotStore,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
    with caplog.at_level(logging.DEBUG):
        for command in (["--check"], ["--list"], ["--backup", str(there.root.parent / "a.zip")]):
            assert main(["--store", str(there.root), *command]) == 0
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url.replace("/t_", "/gone_"))
        assert main(["--store", str(there.root), "--list"]) == 2
    out, err = capsys.readouterr()
    assert "does not exist" in err
    assert postgres.PASSWORD not in caplog.text + out + err
    assert postgres.PASSWORD not in (there.root / "pilots.elsewhere").read_text()


def test_a_database_for_one_language_is_refused(postgres_server: postgres.Server, tmp_path: Path) -> None:
    postgres_server.run("CREATE DATABASE t_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    postgres_server.run("CREATE DATABASE t_ascii TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    for name in ("t_latin", "t_ascii"):
        with pytest.raises(StoreError, match="not made for all languages; make one with: createdb"):
            PilotStore(tmp_path / name, database_url=postgres_server.url(name))
        postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_servers_that_begin_at_once_on_an_empty_database_build_it_once(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def begin(number: int, url: str) -> None:
        database = PostgresDatabase(tmp_path / f"{number}.duckdb", url)
        start.wait()
        try:
            database.migrate()
        except BaseException as error:
            failed.append(error)

    with postgres_server.database() as url:
        threads = [threading.Thread(target=begin, args=(n, url)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        store = PilotStore(tmp_path / "store", database_url=url)
        assert store.database.read(lambda c: c.execute("SELECT count(*) FROM schema_migrations").fetchall()) == [(19,)]


def test_an_upgrade_keeps_a_copy_of_what_was_there_as_a_duckdb_file(
    there: PilotStore, new_pilot: NewPilot, url: str
) -> None:
    from pilot_core.store.engine.duckdb_session import opened_copy

    pilot = there.save(new_pilot())
    there.database.transaction(
        lambda c: c.execute(
            "DELETE FROM schema_migrations WHERE number >= 7; ALTER TABLE erasures DROP COLUMN pilot_hash; "
            "DROP TABLE messages, deliveries, pilot_contacts, message_sender, calendar_feeds, media, documents_due, "
            "act_keys, request_answers, unsent_words, attachments, display_names, reports_due, request_marks; "
            "DROP SEQUENCE commit_number; ALTER TABLE attempts DROP COLUMN sent_at; "
            "ALTER TABLE attempts DROP COLUMN sent_by; ALTER TABLE attempts DROP COLUMN sent_how; "
            "ALTER TABLE pilots DROP COLUMN latest_stage; ALTER TABLE pilots DROP COLUMN latest_stage_since; "
            "ALTER TABLE pilots DROP COLUMN latest_watched; ALTER TABLE pilots DROP COLUMN latest_reached_at; "
            "ALTER TABLE comments DROP COLUMN judged_by_reviewer; "
            "ALTER TABLE overrides DROP COLUMN needs_second; ALTER TABLE overrides DROP COLUMN second_by; "
            "ALTER TABLE overrides DROP COLUMN second_at; ALTER TABLE overrides DROP COLUMN second_reason; "
            "ALTER TABLE outcome_reports DROP COLUMN override_second_by; "
            "ALTER TABLE outcome_reports DROP COLUMN override_second_reason; "
            "ALTER TABLE pilots DROP COLUMN owner; ALTER TABLE pilots DROP COLUMN snoozed_until; "
            "ALTER TABLE review_links DROP COLUMN may_download; ALTER TABLE feedback DROP COLUMN original_sha256; "
            "ALTER TABLE feedback DROP COLUMN people_hours"
        )
    )
    names = ["0007_messages", "0008_media", "0009_acts", "0010_commits", "0011_requests", "0012_unsent"]
    names += [
        "0013_conformed",
        "0014_attachments",
        "0015_sent",
        "0016_inbox",
        "0017_checklist",
        "0018_second_reason",
        "0019_people_hours",
    ]
    assert there.database.migrate() == names
    with opened_copy(there.root / "pilots.schema_0006.duckdb") as copy:
        assert copy.execute("SELECT pilot_id FROM pilots").fetchall() == [(pilot.pilot_id,)]


def test_a_store_of_a_newer_version_is_refused(there: PilotStore, url: str) -> None:
    there.database.transaction(
        lambda c: c.execute("INSERT INTO schema_migrations VALUES (999, 'later', TIMESTAMP '2030-01-01 00:00:00')")
    )
    with pytest.raises(StoreError, match=r"^The store postgresql://.* was made by a newer version"):
        there.database.migrate()


def test_after_an_erasure_every_table_is_written_anew(there: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    pilot.add_attempt("draft_v1.mp4")
    there.save(pilot)
    pilots.record_feedback(there, pilot.pilot_id, 1, "Call my sister", "minor_changes", by="Dana Crüz")
    sql = "SELECT pg_relation_filenode('feedback'), pg_relation_filenode('events')"
    before = there.database.read(lambda c: c.execute(sql).fetchall())
    erase_person(there, "Dana Crüz", "asked", at_command_line("Lea"))
    [(feedback, events)] = there.database.read(lambda c: c.execute(sql).fetchall())
    assert feedback != before[0][0]
    assert events != before[0][1]


def test_a_folder_with_pilots_of_its_own_does_not_open_on_an_empty_database(
    tmp_path: Path, new_pilot: NewPilot, url: str
) -> None:
    own = PilotStore(tmp_path / "store", database_url="")
    pilot = own.save(new_pilot())
    with pytest.raises(StoreError, match=r"has its pilots in pilots\.duckdb, and the database .* has none"):
        PilotStore(own.root, database_url=url)
    assert PilotStore(own.root, database_url="").load_all() == [pilot]


def test_nothing_of_postgresql_is_imported_without_the_setting(tmp_path: Path) -> None:
    program = "import sys; from pilot_core import PilotStore; PilotStore(sys.argv[1]).load_all(); "
    program += "print('psycopg' in sys.modules, 'pilot_core.store.engine.postgres' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PILOT_OPS_DATABASE_URL"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "False False", done.stderr


def test_the_size_of_the_database_is_told_though_it_is_not_in_the_folder(there: PilotStore, tmp_path: Path) -> None:
    assert diagnosis.counts(there.database).server_bytes > 1_000_000
    assert diagnosis.counts(PilotStore(tmp_path / "duckdb", database_url="").database).server_bytes == 0


def test_the_modules_that_run_on_both_engines_exist() -> None:
    assert [name for name in ON_BOTH if not (ROOT / "tests" / f"{name}.py").exists()] == []
