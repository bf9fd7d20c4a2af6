"""Live news for open rooms: one look per pilot, shared by everyone who has its room open, sent as server-sent events.

A browser without events asks at ``/review/stamp`` instead.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pilot_core.domain.reviews import Grant
from pilot_core.errors import PilotError
from pilot_core.logs import warn_of
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp
from pilot_core.store.tables import reviews
from pilot_core.web import ending
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.access.visitors import visitor_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
HEARTBEAT_SECONDS = 20.0
LONGEST_SECONDS = 30 * 60.0
STREAMS_PER_GRANT = 12
RETRY_MILLISECONDS = 3_000
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Watch:
    """Looks at one pilot as long as someone waits for its news, and at whether those who wait still may."""

    def __init__(self, store: PilotStore, pilot_id: str):
        self.viewers: Counter[str] = Counter()
        """Open streams by the hash of their grant."""
        self.ended: frozenset[str] = frozenset()
        """The grants of those that had ended when the stamp was read."""
        self.stamp = ""
        self._store, self._pilot_id = store, pilot_id
        self._changed = asyncio.Event()
        self._ask = asyncio.Event()
        self._task = asyncio.create_task(self._look())

    async def next_stamp(self, seen: str, seconds: float) -> str | None:
        """The stamp as soon as it is another than ``seen``; None when the time is over first."""
        try:
            async with asyncio.timeout(seconds):
                while not self.stamp or self.stamp == seen:
                    if ending.is_over():
                        return None
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self.stamp

    def look_now(self) -> None:
        """Look at once, since something was done here."""
        self._ask.set()

    def wake(self) -> None:
        """Have those who wait look whether they should go on."""
        self._changed.set()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _look(self) -> None:
        while True:
            try:
                stamp, self.ended = await run_in_threadpool(self._read, frozenset(self.viewers))
            except PilotError as error:
                warn_of(log, "the room could not be looked at", error)
            else:
                if stamp != self.stamp:
                    self.stamp = stamp
                    self.wake()
            self._ask.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._ask.wait()
            except TimeoutError:
                pass

    def _read(self, waiting: frozenset[str]) -> tuple[str, frozenset[str]]:
        database, now = self._store.database, self._store.clock()

        def read(connection: Connection) -> tuple[str, frozenset[str]]:
            stamp = room_stamp(database, self._pilot_id)
            return stamp, waiting - reviews.living_grants(connection, waiting, now)

        return database.read(read)


_watches: dict[str, Watch] = {}
_streams: Counter[str] = Counter()


@asynccontextmanager
async def watching(store: PilotStore, grant: Grant) -> AsyncIterator[Watch]:
    """The watch over a grant's pilot, shared with everyone who is waiting; it ends with the last of them."""
    watch = _watches.get(grant.pilot_id)
    if watch is None:
        watch = _watches[grant.pilot_id] = Watch(store, grant.pilot_id)
    watch.viewers[grant.grant_hash] += 1
    try:
        yield watch
    finally:
        watch.viewers[grant.grant_hash] -= 1
        watch.viewers = +watch.viewers
        if not watch.viewers:
            watch.stop()
            _watches.pop(grant.pilot_id, None)


def look_now(pilot_id: str) -> None:
    """Have those who wait for a pilot's news hear of a change at once; from any coroutine of the server."""
    if watch := _watches.get(pilot_id):
        watch.look_now()


async def events(request: Request) -> Response:
    """The pilot's stamps, one event for each change, until the grant ends."""
    grant = (await run_in_threadpool(visitor_of, request)).grant
    if grant is None:
        return not_found()
    if _streams[grant.grant_hash] >= STREAMS_PER_GRANT:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
    return StreamingResponse(
        _events(app_of(request).store, grant, seen),
        media_type="text/event-stream",
        headers=STREAM_HEADERS,
    )


async def _events(store: PilotStore, grant: Grant, seen: str) -> AsyncIterator[str]:
    _streams[grant.grant_hash] += 1
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
        async with watching(store, grant) as watch:
            while not ending.is_over() and store.clock() < grant.expires_at:
                if asyncio.get_running_loop().time() > deadline:
                    return
                stamp = await watch.next_stamp(seen, HEARTBEAT_SECONDS)
                if stamp is None:
                    yield ": still here\n\n"
                    continue
                seen = stamp
                yield f"id: {stamp}\ndata: {stamp}\n\n"
                if grant.grant_hash in watch.ended:
                    return
    finally:
        _streams[grant.grant_hash] -= 1
        if _streams[grant.grant_hash] <= 0:
            del _streams[grant.grant_hash]


def stamp(request: Request) -> Response:
    """The stamp now, for a browser that cannot wait for it. Not async: it asks the store."""
    grant = visitor_of(request).grant
    if grant is None:
        return not_found()
    watch = _watches.get(grant.pilot_id)
    now = watch.stamp if watch and watch.stamp else room_stamp(app_of(request).store.database, grant.pilot_id)
    return JSONResponse({"stamp": now}, headers={"Cache-Control": "no-store"})


def _wake_all() -> None:
    for watch in _watches.values():
        watch.wake()


ending.at_the_end(_wake_all)
