"""What runs beside the server: opening the store before the first visit, and looking after its renders."""

import gc
import importlib
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import streamlit as st

from pilot_core import logs
from pilot_core.erasure import finish_erasures
from pilot_core.errors import PilotError
from pilot_core.settings import database_url, media_place, settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web import uploads
from pilot_core.web.background import Watch
from pilot_core.web.stores import store

log = logging.getLogger(__name__)

EVERY_PAGE, METRICS = ("pandas",), ("plotly.graph_objects", "scipy.special", "statsmodels.duration.survfunc")
METRICS_AFTER_SECONDS = 10.0


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open the store, so that a store that cannot be opened stops the start and not the first visitor."""
    logs.set_up(settings().log_level or "info")
    opened = await anyio.to_thread.run_sync(_open)
    opened.database.linger()
    await anyio.to_thread.run_sync(_clear, opened)
    watch = Watch(opened)
    watch.start()
    over = threading.Event()
    threading.Thread(target=_import_ahead, args=[over], name="imports", daemon=True).start()
    try:
        yield {}
    finally:
        over.set()
        await anyio.to_thread.run_sync(watch.stop)
        opened.database.let_go()


def _open() -> PilotStore:
    """The store, and where it needs one the table that is asked at every door. Raises PilotError."""
    opened = store()
    if url := database_url():
        from pilot_core.store import limits

        limits.make(url)
    return opened


def _clear(store: PilotStore) -> None:
    """Finish what an erasure left, and remove films that nobody took up; what cannot be is told to the log."""
    try:
        finish_erasures(store)
        uploads.sweep(store.root / uploads.FOLDER)
    except (PilotError, OSError):
        log.exception("what was to be gone at the start is not")


def _import_ahead(over: threading.Event) -> None:
    """Import what takes seconds before a visitor needs it: what the metrics page does, once the first page is out.

    Streamlit collects garbage after every run of a page. What was imported never becomes garbage, and looking through
    it each time would take 70 ms of everybody's.
    """
    every_film = ("s3fs",) if media_place() else ()
    for names, pause in ((EVERY_PAGE + every_film, METRICS_AFTER_SECONDS), (METRICS, 0.0)):
        for name in names:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()
        if over.wait(pause):
            return
