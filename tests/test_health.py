"""What a monitor learns of background work: which thread should have finished a round by now."""

import json
import logging
import time
from collections.abc import Iterator

import psycopg
import pytest

from pilot_core import PilotStore
from pilot_core.settings import read_settings
from pilot_core.store import tries
from pilot_core.web.access.current_app import app
from pilot_core.web.server import background
from pilot_core.web.server.background import Watch
from tests.asking import ask
from tests.served import serve

PATIENCE = 60.0


@pytest.fixture
def watch(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Return running background threads with short pauses, which are late after two seconds."""
    serve(monkeypatch, store)
    monkeypatch.setattr(background, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(background, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(background, "ROUND_SECONDS", 2.0)
    watch = Watch(app())
    watch.start()
    yield watch
    watch.stop()


def late() -> tuple[int, list[str]]:
    answer = ask("/healthz", host="localhost")
    return answer.status, json.loads(answer.body)["late"]


def wait_for(wanted: tuple[int, list[str]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := late()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_thread_that_hangs_is_named_until_it_gets_on(request: pytest.FixtureRequest, engine: str) -> None:
    if engine != "postgres":
        pytest.skip("holds a table of PostgreSQL")
    request.getfixturevalue("watch")
    url = read_settings().database_url or ""
    tries.make_table(url)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE limits.tries")
        wait_for((503, ["other servers"]))
        assert ask("/healthz").body == b'{"status":"failing"}', "names are the team's"
    wait_for((200, []))


@pytest.mark.duckdb_only
def test_a_server_that_has_nothing_to_look_at_is_not_late(watch: Watch) -> None:
    """An idle server reads its store once a minute, but goes its rounds."""
    now = [watch._clock()]
    watch._clock = lambda: now[0]
    deadline = time.monotonic() + PATIENCE
    while watch._is_worth_a_look():  # by what the start changes
        assert time.monotonic() < deadline
        now[0] += background.SETTLED_SECONDS
        watch._is_worth_a_look()
        time.sleep(0.2)
    # From here on the next minute never comes.
    ends = time.monotonic() + 2 * background.ROUND_SECONDS
    while time.monotonic() < ends:
        assert late() == (200, [])
        time.sleep(0.1)
    assert not watch._is_worth_a_look()


@pytest.mark.duckdb_only
def test_a_store_that_does_not_answer_is_one_line_a_minute(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", "postgresql://pilot:hush@127.0.0.1:1/pilots")
    monkeypatch.setattr(background, "SEND_SECONDS", 0.01)
    monkeypatch.setattr(background, "WATCH_SECONDS", 0.01)
    serve(monkeypatch, store)
    caplog.set_level(logging.WARNING, "pilot_core")
    watch = Watch(app())
    rounds = []
    finished = watch._follows.finished
    watch._follows.finished = lambda: (finished(), rounds.append(1))  # type: ignore[method-assign,func-returns-value]
    watch.start()
    deadline = time.monotonic() + PATIENCE
    while len(rounds) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    watch.stop()
    assert len(rounds) >= 5
    found = [record for record in caplog.records if "127.0.0.1:1" in record.getMessage()]
    assert len({record.getMessage().split(": ", 1)[1] for record in found}) == len(found) <= 2
    assert not any(record.exc_info for record in caplog.records)
