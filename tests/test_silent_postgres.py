"""A PostgreSQL server that is slow, or takes everything and answers nothing, holds nobody without end."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from procrastinate import SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException

from pilot_core import PilotStore
from pilot_core.errors import StoreError
from pilot_core.rendering.queue import app_on, make_job_tables
from pilot_core.settings import ROOT
from pilot_core.store import sign_in_news
from pilot_core.store.engine import postgres_connection, postgres_database, postgres_pool
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.postgres_connection import OPTIONS, statements_within
from pilot_core.store.engine.postgres_database import PostgresDatabase
from pilot_core.store.sign_in_news import listen
from tests import postgres
from tests.silent_relay import Relay, relay

T = TypeVar("T")
ENDS = 60.0
"""Seconds after which a wait counts as endless. The limits here are 1 s, or 10 s to connect."""


@pytest.fixture
def direct(postgres_server: postgres.Server, postgres_template: str) -> Iterator[str]:
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture
def between(postgres_server: postgres.Server) -> Iterator[Relay]:
    with relay(postgres_server.port) as running:
        yield running


@pytest.fixture
def url(direct: str, between: Relay) -> str:
    return between.url(direct)


@pytest.fixture
def there(url: str, tmp_path: Path) -> PilotStore:
    return PilotStore(tmp_path / "store", database_url=url)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connection, "ANSWER_SECONDS", 1.0)


def ends(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread, which is left behind if it does not end."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(ENDS)
    finally:
        pool.shutdown(wait=False)


@pytest.mark.usefixtures("impatient")
def test_a_read_and_a_change_of_a_silent_database_end_and_the_next_ones_after_it_speaks_go_well(
    there: PilotStore, between: Relay
) -> None:
    there.pilot_ids()

    def fall_silent(connection: Connection) -> None:
        between.silent.set()
        connection.execute("SELECT 1")

    with pytest.raises(StoreError, match=r"could not be read \(the server did not answer within 1 s\)"):
        ends(lambda: there.database.read(fall_silent))
    between.silent.clear()
    assert ends(there.pilot_ids) == []
    with pytest.raises(StoreError, match="nothing was written"):
        ends(lambda: there.database.transaction(fall_silent))
    between.silent.clear()
    assert ends(there.pilot_ids) == []


def test_a_monitor_gets_its_answer_though_idle_connections_are_silent_and_new_ones_cannot_be_made(
    there: PilotStore, between: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.pilot_ids()
    monkeypatch.setattr(postgres_database, "REACHABLE_SECONDS", 1.0)
    monkeypatch.setattr(postgres_pool, "CHECK_SECONDS", 1.0)
    between.silent.set()
    with pytest.raises(StoreError, match="could not be read"):
        ends(there.database.check_reachable)
    monkeypatch.setattr(postgres_pool, "IDLE_SECONDS", 0.0)
    with pytest.raises(StoreError, match="cannot be reached"):
        ends(there.database.check_reachable)
    between.silent.clear()
    ends(there.database.check_reachable)


def test_listening_on_a_silent_connection_ends(
    there: PilotStore, url: str, between: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.pilot_ids()
    monkeypatch.setattr(sign_in_news, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(sign_in_news, "ASK_SECONDS", 0.0)
    with pytest.raises(StoreError, match="cannot be listened to"):
        ends(lambda: listen(url, between.silent.set, threading.Event()))


@pytest.mark.usefixtures("impatient")
def test_asking_a_worker_by_a_silent_connection_ends(url: str, between: Relay) -> None:
    make_job_tables(url)
    with app_on(SyncPsycopgConnector, url).open() as app:
        task = app.configure_task("make_cut", queue="cuts")
        task.defer(pilot_id="one")
        between.silent.set()
        with pytest.raises((ConnectorException, psycopg.Error)):
            ends(lambda: task.defer(pilot_id="two"))


def test_a_statement_that_takes_too_long_is_ended_by_the_server_unless_it_may(
    direct: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"statement_timeout={postgres_connection.STATEMENT_SECONDS}s"
    monkeypatch.setitem(OPTIONS, "options", OPTIONS["options"].replace(limit, "statement_timeout=200ms"))
    store = PilotStore(tmp_path / "store", database_url=direct)
    assert isinstance(store.database, PostgresDatabase)
    with pytest.raises(StoreError, match="statement timeout"):
        store.database.read(lambda connection: connection.execute("SELECT pg_sleep(100)"))
    with store.database.session() as session:
        with statements_within(session.raw, 60):
            session.execute("SELECT pg_sleep(0.4)")
        assert session.execute("SHOW statement_timeout").fetchone() == ("200ms",)
        assert session.raw.answer_seconds is None


def test_both_ends_of_a_connection_have_tcp_look_for_the_other(direct: str, tmp_path: Path) -> None:
    store = PilotStore(tmp_path / "store", database_url=direct)
    assert isinstance(store.database, PostgresDatabase)
    with store.database.session() as session:
        server = {
            name: session.execute(f"SHOW {name}").fetchone()[0]
            for name in ("statement_timeout", "tcp_keepalives_idle", "tcp_user_timeout")
        }
        client = session.raw.info.get_parameters()
    assert server == {"statement_timeout": "1min", "tcp_keepalives_idle": "15", "tcp_user_timeout": "30000"}
    assert {name: client[name] for name in ("connect_timeout", "keepalives_idle", "tcp_user_timeout")} == {
        "connect_timeout": "10",
        "keepalives_idle": "15",
        "tcp_user_timeout": "30000",
    }


def test_connections_are_made_in_one_place_alone() -> None:
    makes = re.compile(r"psycopg\.(Async)?(Connection\.)?connect\(|(?<![.\w])(Async)?ConnectionPool\(")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pilot_core").rglob("*.py")
        if makes.search(path.read_text("utf-8"))
    }
    assert found == {"pilot_core/store/engine/postgres_pool.py"}, "the pool is given OPTIONS and the class"
