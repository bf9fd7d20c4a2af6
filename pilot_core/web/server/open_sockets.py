"""The dashboard's open websockets. Each belongs to whoever opened it, and ends when their access does.

Streamlit asks who a visitor is only when a websocket opens. Here it is asked before each message is passed on, and as
soon as there is news: a change in this process, in the database file, or announced by PostgreSQL. Then the socket is
closed, its session is ended with all it holds, and the browser loads the page anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilot_core.bootstrap import App
from pilot_core.errors import PilotError
from pilot_core.logs import warn_of
from pilot_core.store.pilots import PilotStore
from pilot_core.tokens import hashed
from pilot_core.web import streamlit_private
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.visitors import visitor_from
from pilot_core.web.access.who import Visitor

log = logging.getLogger(__name__)

FILE_SECONDS = 0.5
"""How often to see whether another process has changed the database file, while a socket is open."""

LOOK_SECONDS = 30.0
"""How often to look at everybody without any news, since sign-ins also end by their age."""

PAUSE_SECONDS = 0.25
"""How long to wait after a look, so that several changes in a row are one piece of news."""

ENDED, LATER = 1008, 1013


@dataclass
class Principal:
    """Whoever opened a socket: what their browser sent, by which they are recognised again, and their open sockets."""

    app: App
    owner: str
    recognise: Callable[[], Visitor]
    sockets: set["Socket"] = field(default_factory=set)

    def is_still(self) -> bool:
        """Whether what the browser sent still stands for the same person and role. Raises StoreError."""
        return owner_of(self.recognise()) == self.owner


class Socket:
    """One open socket. ``over`` is set, with the code to close it with, when it has to end."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.asked_for = self.accepted = False
        self.code = ENDED

    def end(self, code: int = ENDED) -> None:
        """Have the socket closed."""
        self.code = code
        self.over.set()


class OpenSockets:
    """All open sockets of this process, by whose they are."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}
        self._watch: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def look_soon(self) -> None:
        """Look at everybody who has a socket open. Call it from any thread, after anything may have changed."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and with it every socket
                self._loop.call_soon_threadsafe(self._news.set)

    async def serve(self, inner: ASGIApp, scope: Scope, receive: Receive, send: Send, present: Visitor) -> None:
        """Pass the visitor's websocket on to Streamlit until either side ends it. The parameters are ASGI's."""
        with self._held(scope, owner_of(present)) as (principal, socket):
            asked = partial(self._asked, principal, socket, receive)
            noted = partial(_noted, socket, send)
            # Somebody may have been put out between the look at who it is and this line.
            if not await run_in_threadpool(principal.is_still):
                self.end(principal.owner)
            work = asyncio.ensure_future(inner(_owned(scope, principal.owner), asked, noted))
            over = asyncio.create_task(socket.over.wait())
            try:
                await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                over.cancel()
                work.cancel()
                await asyncio.wait({work})
            if socket.over.is_set():
                await _close(socket, receive, send)
            with suppress(asyncio.CancelledError):
                work.result()

    def end(self, owner: str) -> None:
        """End everything of an owner in this process: sockets, and sessions with all they hold."""
        streamlit_private.end_sessions(owner)
        if principal := self._principals.get(owner):
            for socket in principal.sockets:
                socket.end()

    async def _asked(self, principal: Principal, socket: Socket, receive: Receive) -> Message:
        """Return the browser's next message that may be passed on: a wanted one of somebody who is still the same."""
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                socket.asked_for = True
                return message
            if not streamlit_private.is_wanted(message.get("bytes") or b""):
                continue
            try:
                if await run_in_threadpool(principal.is_still):
                    return message
                self.end(principal.owner)
            except PilotError:
                log.exception("the store did not answer a page")
                socket.end(LATER)
            return {"type": "websocket.disconnect", "code": socket.code}

    @contextmanager
    def _held(self, scope: Scope, owner: str) -> Iterator[tuple[Principal, Socket]]:
        connection, socket = HTTPConnection(scope), Socket()
        if owner not in self._principals:
            app, peer = app_of(connection), connection.client.host if connection.client else None
            recognise = partial(visitor_from, app, dict(connection.headers), dict(connection.cookies), peer)
            self._principals[owner] = Principal(app, owner, recognise)
        principal = self._principals[owner]
        principal.sockets.add(socket)
        if self._watch is None or self._watch.done():
            self._loop = asyncio.get_running_loop()
            self._watch = asyncio.create_task(self._look_at_news(principal.app))
        try:
            yield principal, socket
        finally:
            principal.sockets.discard(socket)

    async def _look_at_news(self, app: App) -> None:
        """Look at everybody after each piece of news, until nobody has a session any more."""
        stamp = app.store.database.file_stamp
        seen, looked = stamp(), self._loop_time()
        while self._principals:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), FILE_SECONDS if seen else LOOK_SECONDS)
            now = stamp()
            if not self._news.is_set() and now == seen and self._loop_time() - looked < LOOK_SECONDS:
                continue
            self._news.clear()
            seen, looked = now, self._loop_time()
            try:
                await self._look()
            except PilotError as error:
                # The next news tries again, and each message is asked by itself.
                warn_of(log, "could not look who still has access", error)
            except Exception:
                log.exception("could not look who still has access")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self) -> None:
        for owner in self._principals.keys() - streamlit_private.owners():
            if not self._principals[owner].sockets:
                del self._principals[owner]
        present = list(self._principals.items())
        for gone in await run_in_threadpool(lambda: [owner for owner, found in present if not found.is_still()]):
            self.end(gone)

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()


SOCKETS = OpenSockets()


def guard(store: PilotStore) -> None:
    """Give each session an owner, and look who still has access after each change in this process."""
    streamlit_private.give_sessions_owners()
    store.database.after_writing = SOCKETS.look_soon


def owner_of(present: Visitor) -> str:
    """Return the name under which Streamlit knows whose a session is. It tells nothing to whoever reads it."""
    return hashed(present.principal)


def _owned(scope: Scope, owner: str) -> Scope:
    """Return the scope with the owner in a header, whatever the browser sent in it."""
    name = streamlit_private.OWNER_HEADER.encode()
    others = [(key, value) for key, value in scope["headers"] if key.lower() != name]
    return {**scope, "headers": [*others, (name, owner.encode())]}


async def _noted(socket: Socket, send: Send, message: Message) -> None:
    """Send a message to the browser, unless the socket has to end."""
    if socket.over.is_set():
        return
    socket.accepted = socket.accepted or message["type"] == "websocket.accept"
    await send(message)


async def _close(socket: Socket, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    """Close the socket. A browser whose visitor's access ended first loads its page anew."""
    if not socket.asked_for:
        await receive()
    with suppress(Exception):  # the browser may be gone already
        if socket.accepted and socket.code == ENDED:
            await send({"type": "websocket.send", "bytes": streamlit_private.reload_message()})
        await send({"type": "websocket.close", "code": socket.code, "reason": ""})
