"""What runs beside the server: opening the store before the first visit, and looking after its renders."""

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
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web import uploads
from pilot_core.web.background import Watch
from pilot_core.web.stores import store

log = logging.getLogger(__name__)

SLOW_IMPORTS = ("plotly.graph_objects", "scipy.special", "statsmodels.duration.survfunc")


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open the store, so that a store that cannot be opened stops the start and not the first visitor."""
    logs.set_up(settings().log_level or "info")
    opened = await anyio.to_thread.run_sync(store)
    await anyio.to_thread.run_sync(_clear, opened)
    watch = Watch(opened)
    watch.start()
    threading.Thread(target=_import_ahead, name="imports", daemon=True).start()
    try:
        yield {}
    finally:
        await anyio.to_thread.run_sync(watch.stop)


def _clear(store: PilotStore) -> None:
    """Finish what an erasure left, and remove films that nobody took up; what cannot be is told to the log."""
    try:
        finish_erasures(store)
        uploads.sweep(store.root / uploads.FOLDER)
    except (PilotError, OSError):
        log.exception("what was to be gone at the start is not")


def _import_ahead() -> None:
    """What the metrics page imports takes seconds; its first visitor should not wait for that."""
    for name in SLOW_IMPORTS:
        importlib.import_module(name)
