"""The job queue for workers: procrastinate, in its own schema beside the store's tables.

The attempt in the store is authoritative; a job only notifies a worker that an attempt is queued. A lost job is added
again, and a worker that gets a job for an attempt that is already claimed ends the job.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from pilot_core import ids
from pilot_core.errors import StoreError
from pilot_core.store.engine.postgres_connection import OPTIONS, AsyncConnection, Connection
from pilot_core.store.engine.postgres_database import make_tables
from pilot_core.store.engine.postgres_pool import WAIT_SECONDS

SCHEMA = "procrastinate"
QUEUE = "cuts"
TASK = "make_cut"
CONFORM = "conform_old"
LOST_SECONDS = 60.0
"""The job of a worker that was not heard from for this long is lost."""


def ask(url: str, pilot_id: str, attempt_number: int) -> None:
    """Queue a job for the workers on that database, unless the attempt has one already. Raises StoreError."""
    with store_errors(), app_on(SyncPsycopgConnector, url).open() as app:
        make_job_tables(url)
        task = app.configure_task(TASK, queue=QUEUE, queueing_lock=ids.attempt_id_for(pilot_id, attempt_number))
        with suppress(AlreadyEnqueued):
            task.defer(pilot_id=pilot_id, attempt_number=attempt_number)


def ask_to_conform(url: str, pilot_id: str) -> None:
    """Queue a job for the workers on that database that conforms a pilot's old videos. Raises StoreError."""
    with store_errors(), app_on(SyncPsycopgConnector, url).open() as app:
        make_job_tables(url)
        task = app.configure_task(CONFORM, queue=QUEUE, queueing_lock=f"{CONFORM} {pilot_id}", priority=-1)
        with suppress(AlreadyEnqueued):
            task.defer(pilot_id=pilot_id)


def remove_lost_jobs(url: str, rendering: set[tuple[str, int | None]]) -> list[str]:
    """Remove the jobs that workers began and were killed in; returns them as text. Raises StoreError.

    Leaves out the job of an attempt (pilot id, number) in ``rendering``: its worker goes on with it.
    """

    async def remove() -> list[str]:
        removed = []
        async with app_on(PsycopgConnector, url).open_async() as app:
            for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=LOST_SECONDS):
                if (job.task_kwargs["pilot_id"], job.task_kwargs.get("attempt_number")) not in rendering:
                    await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
                    removed.append(job.call_string)
        return removed

    with store_errors():
        make_job_tables(url)
        return asyncio.run(remove())


def app_on(connector: type[SyncPsycopgConnector] | type[PsycopgConnector], url: str) -> App:
    """Return procrastinate's application on that database."""
    kind = AsyncConnection if connector is PsycopgConnector else Connection
    # It says itself whether a connection commits by itself.
    connection = {name: value for name, value in OPTIONS.items() if name != "autocommit"}
    connection["options"] += f" -c search_path={SCHEMA}"
    return App(connector=connector(conninfo=url, kwargs=connection, connection_class=kind, timeout=WAIT_SECONDS))


@cache
def make_job_tables(url: str) -> None:
    """Create the queue's tables if they are missing. Checked once per process."""
    make_tables(url, SCHEMA, "procrastinate_jobs", SchemaManager.get_schema())


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn errors of the queue in the block into StoreError."""
    try:
        yield
    except (ConnectorException, psycopg.Error) as error:
        raise StoreError(
            "The workers' queue cannot be reached. See whether PostgreSQL runs, then try again."
        ) from error
