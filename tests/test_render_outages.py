"""What a render owes to a database that is away is written once it is back."""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering.attempt import run_attempt
from pilot_core.services import pilots
from pilot_core.settings import Settings, read_settings
from pilot_core.store.queries.renders import under_way
from pilot_core.store.tables import renders
from tests import postgres, test_render_claims
from tests.test_render_claims import Go, NewPilot, kinds, only_attempt, until

film, queued, config = test_render_claims.film, test_render_claims.queued, test_render_claims.config
go, rendering = test_render_claims.go, test_render_claims.rendering

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@contextmanager
def away(server: postgres.Server) -> Iterator[None]:
    """Let nobody into the store's database, and end the sessions that are there."""
    name = (read_settings().database_url or "").rpartition("/")[2]
    server.run(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
    )
    try:
        yield
    finally:
        server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize(
    ("end", "state", "events"),
    [
        ("well", AttemptState.READY, ["render_started", "cut_ready"]),
        ("fail", AttemptState.FAILED, ["render_started", "render_failed"]),
    ],
)
def test_a_render_that_ends_while_the_database_is_away_is_saved_once_it_is_back(
    store: PilotStore,
    queued: str,
    rendering: "Future[PilotRun]",
    go: Go,
    postgres_server: postgres.Server,
    caplog: pytest.LogCaptureFixture,
    end: str,
    state: AttemptState,
    events: list[str],
) -> None:
    """The parameters are the test's fixtures, and how the program ends."""
    with away(postgres_server), caplog.at_level(logging.WARNING, "pilot_core.rendering.owed"):
        go(end)
        until(lambda: len([r for r in caplog.records if "tries again" in r.getMessage()]) >= 3)
    made = rendering.result(60).attempt(1)
    assert (made.state, kinds(store, queued)) == (state, events)
    assert "out of paint" in (made.failure or "out of paint")
    assert only_attempt(store, queued) == made
    assert under_way(store.database) == []


def test_a_render_that_waits_while_the_database_is_away_begins_once_it_is_back(
    store: PilotStore,
    queued: str,
    new_pilot: NewPilot,
    config: Settings,
    go: Go,
    postgres_server: postgres.Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The parameters are fixtures."""
    before = store.save(new_pilot()).pilot_id
    pilots.queue_attempt(store, before, "storyboard")
    first = store.database.transaction(lambda c: renders.claim(c, f"{before}_a1", before, store.clock()))
    assert first
    assert store.database.transaction(lambda c: renders.enter(c, first, store.clock(), 1))
    go("well")
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(run_attempt, store, queued, 1, config, at_once=1)
        until(lambda: len(under_way(store.database)) == 2)
        with away(postgres_server), caplog.at_level(logging.WARNING, "pilot_core.rendering.owed"):
            until(lambda: [r for r in caplog.records if "tries again" in r.getMessage()])
        store.database.transaction(lambda c: renders.leave(c, first))
        assert made.result(60).attempt(1).state is AttemptState.READY
    assert kinds(store, queued) == ["render_started", "cut_ready"]
