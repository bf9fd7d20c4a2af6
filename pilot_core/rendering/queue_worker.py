"""A worker: renders queued attempts one after another, on any machine that can reach the database.

With ``PILOT_OPS_RENDERS=0`` a dashboard renders nothing itself. ``python -m pilot_core.cli.render_worker`` runs this.
"""

import logging
import threading
import time
from collections.abc import Callable

from procrastinate import PsycopgConnector

from pilot_core import logs
from pilot_core.errors import NotAllowedNow, PilotError, PilotNotFound, StoreError
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.launching import by_workers
from pilot_core.rendering.old_videos import conform_and_log
from pilot_core.rendering.queue import CONFORM, QUEUE, TASK, app_on, make_job_tables, remove_lost_jobs, store_errors
from pilot_core.rendering.recovery import give_back_abandoned
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.renders import under_way

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
LOST_JOBS_SECONDS = 60.0
"""How often a worker looks for the jobs of killed ones. Nobody waits for that: the attempts are given back at once."""
ALL_AT_ONCE = 1_000_000
"""No limit: a worker renders one video at a time, so the number of workers is the limit."""


def work(store: PilotStore, config: Settings, url: str, beside: Callable[[], None]) -> None:
    """Render attempts as they are queued. On a signal, finishes the current attempt and returns.

    ``beside`` runs every few seconds in a thread. Raises StoreError when the queue cannot be reached.
    """
    app = app_on(PsycopgConnector, url)

    @app.task(name=TASK, queue=QUEUE)
    def make_cut(pilot_id: str, attempt_number: int) -> None:
        with logs.about(pilot_id=pilot_id, attempt=attempt_number):
            try:
                run_attempt(store, pilot_id, attempt_number, config, at_once=ALL_AT_ONCE)
            except (NotAllowedNow, PilotNotFound) as error:
                log.info("%s", error)
            except PilotError as error:
                log.error("%s", error)

    @app.task(name=CONFORM, queue=QUEUE)
    def conform_old(pilot_id: str) -> None:
        conform_and_log(store, pilot_id)

    over = threading.Event()
    threading.Thread(target=_watch, args=[store, url, beside, over], name="given back", daemon=True).start()
    try:
        with store_errors():
            make_job_tables(url)
            app.run_worker(queues=[QUEUE], concurrency=1, delete_jobs="always")
    finally:
        over.set()


def _watch(store: PilotStore, url: str, beside: Callable[[], None], over: threading.Event) -> None:
    launch, looked = by_workers(url), -LOST_JOBS_SECONDS
    while not over.wait(LOOK_SECONDS):
        try:
            for attempt_id in give_back_abandoned(store, launch):
                log.warning("%s was given back because its worker died", attempt_id)
            beside()
            if time.monotonic() - looked >= LOST_JOBS_SECONDS:
                looked = time.monotonic()
                _remove_lost_jobs(store, url)
        except StoreError as error:
            logs.warn_of(log, "the worker could not look after the store", error)
        except Exception:
            # Nobody would notice if this thread ended.
            log.exception("the worker could not look after the store")


def _remove_lost_jobs(store: PilotStore, url: str) -> None:
    rendering = {(render.pilot_id, render.attempt_number) for render in under_way(store.database)}
    for job in remove_lost_jobs(url, rendering):
        log.warning("the job %s was removed because its worker died", job)
