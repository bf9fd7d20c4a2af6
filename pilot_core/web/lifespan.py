"""What runs beside the server: opening the store before the first visit, and looking after its renders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import streamlit as st

from pilot_core.web.background import Watch
from pilot_core.web.stores import store


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Open the store, so that a store that cannot be opened stops the start and not the first visitor."""
    watch = Watch(await anyio.to_thread.run_sync(store))
    watch.start()
    try:
        yield {}
    finally:
        await anyio.to_thread.run_sync(watch.stop)
