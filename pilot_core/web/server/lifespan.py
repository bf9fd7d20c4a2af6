"""What runs from the server's start to its end: the attached store and the background work."""

import gc
import importlib
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio.to_thread
import streamlit as st

from pilot_core import catalog, logs
from pilot_core.erasure.pilot import finish_erasures
from pilot_core.errors import PilotError
from pilot_core.store import tries
from pilot_core.store.pilots import PilotStore
from pilot_core.video.pipelines import unanswered_flags
from pilot_core.web import ending
from pilot_core.web.access.current_app import app as pilot_ops
from pilot_core.web.review_room import pages
from pilot_core.web.routes import uploads
from pilot_core.web.server.background import Watch

log = logging.getLogger(__name__)

EVERY_PAGE, EVERY_FILM = ("pandas",), ("s3fs",)
METRICS = ("plotly.graph_objects", "scipy.special", "statsmodels.duration.survfunc")
METRICS_AFTER_SECONDS = 10.0


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Keep the store attached and run the background work until the server ends."""
    settings, store = pilot_ops().settings, pilot_ops().store
    logs.set_up(settings.log_level or "info")
    if settings.database_url:
        await anyio.to_thread.run_sync(tries.make_table, settings.database_url)
    store.database.keep_attached()
    await anyio.to_thread.run_sync(_clear, store)
    await anyio.to_thread.run_sync(pages.warm_up)
    ending.notice()
    watch = Watch(pilot_ops())
    watch.start()
    over = threading.Event()
    modules = (EVERY_PAGE + EVERY_FILM) if settings.media else EVERY_PAGE
    threading.Thread(target=_import_ahead, args=[modules, over], name="imports", daemon=True).start()
    threading.Thread(target=warn_of_unanswered_flags, name="flags", daemon=True).start()
    try:
        yield {}
    finally:
        over.set()
        await anyio.to_thread.run_sync(watch.stop)
        store.database.release()


def warn_of_unanswered_flags() -> None:
    """Log a warning for each flag that changes nothing when a reviewer raises it."""
    for sentence in unanswered_flags(catalog.flags()):
        log.warning("%s", sentence)


def _clear(store: PilotStore) -> None:
    """Finish interrupted erasures and remove unused uploads. Logs what fails."""
    for step in (partial(finish_erasures, store), partial(uploads.sweep, store.root / uploads.FOLDER)):
        try:
            step()
        except (PilotError, OSError):
            log.exception("could not clear what an earlier process left")


def _import_ahead(modules: Sequence[str], over: threading.Event) -> None:
    """Import what takes seconds before a visitor needs it: ``modules``, then what the metrics page needs.

    Then exclude the imported objects from garbage collection. Streamlit collects garbage after every page run, and
    scanning them each time would cost 70 ms.
    """
    for names, pause in ((modules, METRICS_AFTER_SECONDS), (METRICS, 0.0)):
        for name in names:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()
        if over.wait(pause):
            return
