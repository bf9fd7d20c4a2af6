"""The lease loses nothing with concurrent threads and processes, and nothing else opens the file."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pilot_core.errors import StoreError
from pilot_core.settings import ROOT
from pilot_core.store.engine import lease as lease_module
from pilot_core.store.engine import rewriting
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.duckdb_database import DuckDatabase
from pilot_core.store.engine.lease import lease_on

APPENDER = """
import sys
from pathlib import Path
from pilot_core.store.engine.duckdb_database import DuckDatabase
database = DuckDatabase(Path(sys.argv[1]))
def work(connection):
    connection.execute("UPDATE counter SET n = n + 1")
    connection.execute("INSERT INTO log VALUES (?)", [sys.argv[2]])
for _ in range(int(sys.argv[3])):
    database.transaction(work)
"""


@pytest.fixture
def database(tmp_path: Path) -> DuckDatabase:
    made = DuckDatabase(tmp_path / "test.duckdb")
    made.transaction(
        lambda c: c.execute(
            "CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0); CREATE TABLE log (who TEXT)"
        )
    )
    return made


@pytest.mark.parametrize("lingers", [False, True])
def test_no_update_is_lost_between_threads_and_processes(database: DuckDatabase, lingers: bool) -> None:
    if lingers:
        database.lease.keep_attached()
    processes = [
        subprocess.Popen([sys.executable, "-c", APPENDER, database.path, f"process {n}", "40"], cwd=ROOT)
        for n in range(2)
    ]

    def count(who: str) -> None:
        for _ in range(20):
            database.transaction(lambda c: c.execute("UPDATE counter SET n = n + 1"))
            database.transaction(lambda c: c.execute("INSERT INTO log VALUES (?)", [who]))

    threads = [threading.Thread(target=count, args=(f"thread {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]

    counted, logged = database.read(
        lambda c: (c.execute("SELECT n FROM counter").fetchall(), c.execute("SELECT count(*) FROM log").fetchall())
    )
    assert counted == logged == [(2 * 40 + 6 * 20,)]


def test_a_session_inside_a_session_shares_it_even_when_the_lease_is_old(
    database: DuckDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.0)
    with database.lease.session() as outer, database.lease.session() as inner:
        assert inner is outer


def test_everyone_in_a_process_gets_the_same_lease_on_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert lease_on(tmp_path / "a.duckdb") is lease_on(tmp_path / "folder" / ".." / "a.duckdb")


def test_a_store_held_by_another_program_is_given_up_on_with_a_sentence(
    database: DuckDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, filelock\nwith filelock.FileLock(sys.argv[1]):\n print('held', flush=True)\n sys.stdin.read()",
            f"{database.path}.lock",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    monkeypatch.setattr(lease_module, "TIMEOUT_SECONDS", 0.3)
    try:
        with pytest.raises(StoreError, match=r"is busy: another program has held it for 0 s\. Try again\.$"):
            database.read(lambda c: c.execute("SELECT n FROM counter").fetchall())
    finally:
        holder.communicate()
    assert database.read(lambda c: c.execute("SELECT n FROM counter").fetchall()) == [(0,)]


def numbers(database: DuckDatabase) -> list[tuple[int]]:
    return database.read(lambda c: c.execute("SELECT n FROM counter").fetchall())


def test_a_lease_that_lingers_gives_the_file_to_another_process_and_takes_it_again(database: DuckDatabase) -> None:
    database.lease.keep_attached()
    for number in range(1, 4):
        assert numbers(database) == [(number - 1,)]
        assert database.lease.is_attached
        subprocess.run([sys.executable, "-c", APPENDER, database.path, "process", "1"], cwd=ROOT, check=True)
        assert not database.lease.is_attached
    assert numbers(database) == [(3,)]


def test_a_lease_that_lingers_detaches_when_it_was_idle_and_when_it_is_to_let_go(
    database: DuckDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.lease.keep_attached()
    numbers(database)
    database.lease.release()
    assert not database.lease.is_attached
    monkeypatch.setattr(lease_module, "IDLE_SECONDS", 0.0)
    database.lease.keep_attached()
    numbers(database)
    deadline = time.monotonic() + 10
    while database.lease.is_attached and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not database.lease.is_attached


LINGERER = """
import sys, time
from pathlib import Path
from pilot_core.store.engine.duckdb_database import DuckDatabase
database = DuckDatabase(Path(sys.argv[1]))
database.lease.keep_attached()
while True:
    database.transaction(lambda c: c.execute("UPDATE counter SET n = n + 1"))
    print(database.read(lambda c: c.execute("SELECT n FROM counter").fetchone())[0], flush=True)
    time.sleep(0.02 if sys.argv[2] == "idle" else 0)
"""


@pytest.mark.parametrize("moment", ["idle", "busy"])
def test_a_process_killed_while_its_lease_lingers_loses_nothing_it_was_told_of(
    database: DuckDatabase, moment: str
) -> None:
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", LINGERER, database.path, moment], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(20):
            told = int(process.stdout.readline())
        process.kill()
        for line in process.communicate()[0].splitlines(keepends=True):
            told = int(line) if line.endswith("\n") else told
        [(kept,)] = numbers(database)
        # The last change may have been made but not reported yet.
        assert told <= kept <= told + 1


def test_a_failed_transaction_leaves_nothing_behind(database: DuckDatabase) -> None:
    def work(connection: Connection) -> None:
        connection.execute("UPDATE counter SET n = 99")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        database.transaction(work)
    assert database.read(lambda c: c.execute("SELECT n FROM counter").fetchall()) == [(0,)]


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "pilots.duckdb"
    path.write_text("this is a letter, not a database " * 400)
    with pytest.raises(StoreError, match=r"^The store .* cannot be opened: "):
        DuckDatabase(path).migrate()


def test_only_the_engine_opens_database_files() -> None:
    sources = [p for folder in ("pilot_core", "pages", "scripts", "bench") for p in (ROOT / folder).rglob("*.py")]
    sources.append(ROOT / "app.py")
    opening = re.compile(r"duckdb\.connect\(|ATTACH\b|read_bytes\(\).*duckdb|from duckdb import")
    found = {path.relative_to(ROOT).as_posix() for path in sources if opening.search(path.read_text())}
    assert found == {f"pilot_core/store/engine/{name}.py" for name in ("lease", "duckdb_session", "rewriting")}


def test_two_transactions_that_insert_one_new_key_both_succeed(database: DuckDatabase) -> None:
    database.transaction(lambda c: c.execute("CREATE TABLE seen (who TEXT PRIMARY KEY, times INTEGER)"))
    start = threading.Barrier(4)

    def see(who: str) -> None:
        start.wait()
        database.transaction(
            lambda c: c.execute(
                "INSERT INTO seen VALUES (?, 1) ON CONFLICT (who) DO UPDATE SET times = seen.times + 1", [who]
            )
        )

    for who in ("Lea", "Sam", "Kim"):
        threads = [threading.Thread(target=see, args=(who,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    counted = database.read(lambda c: c.execute("SELECT who, times FROM seen ORDER BY who").fetchall())
    assert counted == [("Kim", 4), ("Lea", 4), ("Sam", 4)]


def fill(database: DuckDatabase) -> None:
    database.transaction(
        lambda c: c.execute(
            "CREATE TABLE said (who TEXT PRIMARY KEY, n INTEGER NOT NULL DEFAULT 7, words TEXT);"
            "INSERT INTO said SELECT 'person ' || range, range, 'SECRET ' || range FROM range(3000)"
        )
    )
    database.transaction(lambda c: c.execute("DELETE FROM said WHERE n % 2 = 0"))
    database.transaction(lambda c: c.execute("UPDATE said SET words = ''"))


def test_a_rewritten_file_holds_the_same_rows_and_keys_and_no_byte_of_what_is_gone(database: DuckDatabase) -> None:
    fill(database)
    database.path.chmod(0o640)
    before = database.read(lambda c: c.execute("SELECT * FROM said ORDER BY n").fetchall())
    assert b"SECRET " in database.path.read_bytes()
    database.lease.rewrite()
    assert b"SECRET " not in database.path.read_bytes()
    assert database.path.stat().st_mode & 0o777 == 0o640
    assert database.read(lambda c: c.execute("SELECT * FROM said ORDER BY n").fetchall()) == before
    with pytest.raises(duckdb.ConstraintException):
        database.transaction(lambda c: c.execute("INSERT INTO said VALUES ('person 1', 1, '')"))
    database.transaction(lambda c: c.execute("INSERT INTO said (who) VALUES ('new')"))
    assert database.read(lambda c: c.execute("SELECT n FROM said WHERE who = 'new'").fetchall()) == [(7,)]
    assert sorted(path.name for path in database.path.parent.iterdir()) == ["test.duckdb", "test.duckdb.lock"]


@pytest.mark.parametrize("lingers", [False, True])
def test_a_database_is_rewritten_while_threads_and_processes_write_and_nothing_is_lost(
    database: DuckDatabase, lingers: bool
) -> None:
    if lingers:
        database.lease.keep_attached()
    process = subprocess.Popen([sys.executable, "-c", APPENDER, database.path, "process", "40"], cwd=ROOT)

    def count() -> None:
        for _ in range(20):
            database.transaction(lambda c: c.execute("UPDATE counter SET n = n + 1"))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        database.lease.rewrite()
    for thread in threads:
        thread.join()
    assert process.wait() == 0
    assert database.read(lambda c: c.execute("SELECT n FROM counter").fetchall()) == [(40 + 3 * 20,)]


REWRITER = """
import os, sys
from pathlib import Path
from pilot_core.store.engine import rewriting
stop = sys.argv[2]
real = rewriting.settle
def settle(part, path):
    if stop == "before":
        os._exit(9)
    real(part, path)
    os._exit(9)
rewriting.settle = settle
from pilot_core.store.engine.lease import lease_on
lease_on(Path(sys.argv[1])).rewrite()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_the_file_is_swapped_leaves_one_of_the_two_whole(database: DuckDatabase, moment: str) -> None:
    fill(database)
    before = database.read(lambda c: c.execute("SELECT * FROM said ORDER BY n").fetchall())
    killed = subprocess.run([sys.executable, "-c", REWRITER, database.path, moment], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert database.read(lambda c: c.execute("SELECT * FROM said ORDER BY n").fetchall()) == before
    assert (b"SECRET " in database.path.read_bytes()) == (moment == "before")
    database.lease.rewrite()
    assert b"SECRET " not in database.path.read_bytes()
    assert not list(database.path.parent.glob(".*.part"))


def test_a_database_that_cannot_be_rewritten_stands_as_it_was(
    database: DuckDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)

    def full(part: Path, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rewriting, "settle", full)
    with pytest.raises(StoreError, match=r"could not be written anew \(No space left on device\); it stands as it was"):
        database.lease.rewrite()
    assert database.read(lambda c: c.execute("SELECT count(*) FROM said").fetchall()) == [(1500,)]
    assert not list(database.path.parent.glob(".*.part"))
