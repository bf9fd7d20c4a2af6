"""Renders left to workers, on any machine that reaches the database: ``python -m pilot_core.render_queue``.

With ``PILOT_OPS_RENDERS=0`` a dashboard makes no cut itself. Its queued attempts wait in a queue of procrastinate's,
which lives in a schema of its own beside the store's tables. What counts is the attempt in the store; a job only tells
a worker that one waits. A job that got lost is put in again, and one too many finds its attempt taken and ends.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager

from pilot_core import ids, logs, rendering
from pilot_core.care.elsewhere import follower
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, PilotNotFound, StoreError
from pilot_core.models import AttemptState, PilotRun, PilotRunAttempt
from pilot_core.settings import Settings, settings
from pilot_core.store import renders
from pilot_core.store.pilots import PilotStore
from pilot_core.store.postgres import make_tables

log = logging.getLogger("pilot_core.render_queue")  # run as a program, its __name__ is another

SCHEMA = "procrastinate"
QUEUE = "cuts"
TASK = "make_cut"
GIVEN_BACK = "render_given_back"
MOST_WORKERS = 3
"""An attempt that so many workers died of is failed: it may be what they die of."""

LOOK_SECONDS = 3.0
ALL_AT_ONCE = 1_000_000
"""A worker makes one cut at a time, and how many workers there are is for whoever starts them."""


def ask(url: str, pilot_id: str, attempt_number: int) -> None:
    """Tell the workers on that database that a queued attempt waits; once is enough. Raises StoreError."""
    with _sentences(), _app(SyncPsycopgConnector, url).open() as app:
        _make_tables(url)
        task = app.configure_task(TASK, queue=QUEUE, queueing_lock=ids.attempt_id_for(pilot_id, attempt_number))
        with suppress(AlreadyEnqueued):
            task.defer(pilot_id=pilot_id, attempt_number=attempt_number)


def look_after(store: PilotStore, url: str) -> list[str]:
    """Give back the attempts whose worker died, and see that each queued one is asked for; returns those given back."""
    back = []
    for render in renders.under_way(store.database):
        if not renders.is_alive(render, store.clock()):
            if render.attempt_number is None:
                renders.release(store.database, render.attempt_id)
            else:
                _give_back(store, url, render.pilot_id, render.attempt_number, render.step)
            back.append(render.attempt_id)
    for pilot_id, number in renders.queued_without_worker(store.database, store.clock()):
        _give_back(store, url, pilot_id, number, "Starting")
    return back


def _give_back(store: PilotStore, url: str, pilot_id: str, attempt_number: int, step: str) -> None:
    """Queue an attempt again that nobody is making, without what its worker left, or fail it after too many workers."""
    try:
        attempt = store.load(pilot_id).attempt(attempt_number)
    except PilotNotFound:  # erased meanwhile, and its renders with it
        return
    actor = f"pipeline:{attempt.pipeline}"
    if attempt.state is AttemptState.RENDERING:
        died = [e.detail["attempt_number"] for e in store.events(pilot_id) if e.kind == GIVEN_BACK]
        if died.count(attempt_number) + 1 >= MOST_WORKERS:
            reason = f"The render stopped at “{step}”: its worker died, the third one. Look at the workers' logs."
            rendering.fail_attempt(store, pilot_id, attempt_number, reason, actor, of=attempt)
        else:
            _queue_again(store, pilot_id, attempt, step, actor)
    renders.release(store.database, attempt.attempt_id)
    ask(url, pilot_id, attempt_number)


def _queue_again(store: PilotStore, pilot_id: str, as_begun: PilotRunAttempt, step: str, actor: str) -> None:
    number = as_begun.attempt_number

    def work(pilot: PilotRun) -> None:
        attempt = pilot.attempt(number)
        if (attempt.state, attempt.started_at) == (AttemptState.RENDERING, as_begun.started_at):
            attempt.state = AttemptState.QUEUED
            pilot.log(GIVEN_BACK, store.clock(), attempt_number=number, step=step)

    store.change(pilot_id, work, actor)
    rendering.remove_films(store.path_of(as_begun.folder or ""))


def work(store: PilotStore, config: Settings, url: str) -> None:
    """Make cuts, one at a time, as they are asked for, until a signal ends this process after the one it makes."""
    app = _app(PsycopgConnector, url)

    @app.task(name=TASK, queue=QUEUE)
    def make_cut(pilot_id: str, attempt_number: int) -> None:
        with logs.about(pilot_id=pilot_id, attempt=attempt_number):
            try:
                rendering.run_attempt(store, pilot_id, attempt_number, config, at_once=ALL_AT_ONCE)
            except (NotAllowedNow, PilotNotFound) as error:
                log.info("%s", error)
            except PilotError as error:
                log.error("%s", error)

    over = threading.Event()
    threading.Thread(target=_look_after, args=[store, url, over], name="given back", daemon=True).start()
    try:
        with _sentences():
            _make_tables(url)
            app.run_worker(queues=[QUEUE], concurrency=1, delete_jobs="always")
    finally:
        over.set()


def _look_after(store: PilotStore, url: str, over: threading.Event) -> None:
    follow = follower(store)
    while not over.wait(LOOK_SECONDS):
        try:
            for attempt_id in look_after(store, url):
                log.warning("%s was given back: its worker died", attempt_id)
        except Exception:
            log.exception("the renders could not be looked after")
        try:
            follow()
        except Exception:
            log.exception("what was erased elsewhere could not be looked for")


def _app(connector: type[SyncPsycopgConnector] | type[PsycopgConnector], url: str) -> App:
    kept: dict[str, Any] = {"options": f"-c search_path={SCHEMA}"}
    return App(connector=connector(conninfo=url, kwargs=kept))


@cache
def _make_tables(url: str) -> None:
    """The queue's tables, unless they are there; looked for once a process."""
    make_tables(url, SCHEMA, "procrastinate_jobs", SchemaManager.get_schema())


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (ConnectorException, psycopg.Error) as error:
        raise StoreError(
            "The workers' queue cannot be reached. See whether PostgreSQL runs, then try again."
        ) from error


def main() -> int:
    """Work on the store of the settings; 1 when that is not possible."""
    try:
        config = settings()
        logs.set_up(config.log_level or "info")
        if not config.database_url:
            raise InvalidRequest("Workers need PILOT_OPS_DATABASE_URL: without it the dashboard makes its cuts itself.")
        work(PilotStore(config.store), config, config.database_url)
    except PilotError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
