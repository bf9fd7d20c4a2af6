"""Every websocket passes one gate: each message is asked about, and whoever was put out gets nothing more."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg

from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.errors import StoreError
from pilot_core.services import keys
from pilot_core.web import streamlit_private
from pilot_core.web.access import page_guard
from pilot_core.web.server import open_sockets
from pilot_core.web.server.middleware import Guard
from tests.asking import AWAY
from tests.conftest import HandClock
from tests.reviewing import LEAD
from tests.served import served_scope

RERUN = BackMsg()
RERUN.rerun_script.page_name = "overview"
OWNER = streamlit_private.OWNER_HEADER.encode()


@pytest.fixture(autouse=True)
def sockets(served: PilotStore, monkeypatch: pytest.MonkeyPatch) -> open_sockets.OpenSockets:
    """Nobody has a socket open yet. Look often."""
    fresh = open_sockets.OpenSockets()
    monkeypatch.setattr(open_sockets, "SOCKETS", fresh)
    monkeypatch.setattr("pilot_core.web.server.middleware.SOCKETS", fresh)
    monkeypatch.setattr(open_sockets, "FILE_SECONDS", 0.01)
    monkeypatch.setattr(served.database, "after_writing", fresh.look_soon)
    return fresh


class Line:
    """A browser's websocket, and what Streamlit would get of it."""

    def __init__(self, cookies: str):
        self.cookies = cookies
        self.inner: list[Message] = []
        self.scope: Scope = {}
        self.browser: asyncio.Queue[Message] = asyncio.Queue()
        self._typed: asyncio.Queue[Message] = asyncio.Queue()
        self._arrived: asyncio.Queue[Message] = asyncio.Queue()

    def types(self, message: BackMsg) -> None:
        self._typed.put_nowait({"type": "websocket.receive", "bytes": message.SerializeToString()})

    async def arrived(self) -> Message:
        """Wait for the next message that reaches Streamlit."""
        return await asyncio.wait_for(self._arrived.get(), 30)

    async def shown(self) -> Message:
        """Wait for the next message that reaches the browser."""
        return await asyncio.wait_for(self.browser.get(), 30)

    async def serve(self) -> None:
        """Open the socket and keep it open until the server closes it."""
        self._typed.put_nowait({"type": "websocket.connect"})
        headers = {"host": AWAY, "origin": f"http://{AWAY}", "cookie": self.cookies, "x-pilot-ops-owner": "forged"}
        scope = {
            "type": "websocket",
            "path": "/_stcore/stream",
            "scheme": "ws",
            "client": ("203.0.113.7", 1),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            **served_scope(),
        }
        await Guard(self._streamlit)(scope, self._typed.get, self.browser.put)

    async def _streamlit(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        while True:
            message = await receive()
            self._arrived.put_nowait(message)
            if message["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            if message["type"] == "websocket.disconnect":
                return


def signed_in(store: PilotStore, name: str, role: Role = Role.LEAD) -> str:
    return f"pilot_sign_in={keys.sign_in(store, keys.invite(store, name, role, LEAD)[1])[1]}"


def with_line(cookies: str, work: Callable[[Line], Awaitable[None]]) -> None:
    """Do something while a browser's websocket is open."""

    async def both() -> None:
        line = Line(cookies)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(line.serve())
            await work(line)
            serving.cancel()

    asyncio.run(both())


async def opened(line: Line) -> None:
    assert (await line.arrived())["type"] == "websocket.connect"
    assert (await line.shown())["type"] == "websocket.accept"


async def ended(line: Line, code: int) -> None:
    """Wait until the browser is told to load anew, where its access has ended, and the socket is closed."""
    if code == open_sockets.ENDED:
        told = await line.shown()
        assert told == {"type": "websocket.send", "bytes": streamlit_private.reload_message()}
    assert (await line.shown()) == {"type": "websocket.close", "code": code, "reason": ""}


def test_a_message_is_passed_on_only_while_its_sender_is_still_the_same(served: PilotStore) -> None:
    async def work(line: Line) -> None:
        await opened(line)
        line.types(RERUN)
        assert (await line.arrived())["bytes"] == RERUN.SerializeToString()
        # No news, so that the message itself has to be asked about.
        served.database.after_writing = None
        keys.revoke_key(served, "Rita", LEAD)
        line.types(RERUN)
        await ended(line, open_sockets.ENDED)

    with_line(signed_in(served, "Rita"), work)


@pytest.mark.parametrize("news", ["of this process", "of the file", "none, and the key has expired"])
def test_news_end_an_idle_socket(
    served: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch, news: str
) -> None:
    async def work(line: Line) -> None:
        await opened(line)
        if news == "of the file":
            served.database.after_writing = None
        if news.startswith("none"):
            clock.forward(days=31)
        else:
            keys.revoke_key(served, "Rita", LEAD)
        await ended(line, open_sockets.ENDED)

    if news == "of this process":
        monkeypatch.setattr(served.database, "file_stamp", tuple)
    if news.startswith("none"):
        assert open_sockets.LOOK_SECONDS == 30
        monkeypatch.setattr(open_sockets, "LOOK_SECONDS", 0.05)
    with_line(signed_in(served, "Rita"), work)


def test_streamlit_is_told_whose_the_session_is_whatever_the_browser_sends(served: PilotStore) -> None:
    names = []

    async def work(line: Line) -> None:
        await opened(line)
        names.append([value for name, value in line.scope["headers"] if name == OWNER])

    for cookies in (signed_in(served, "Rita"), signed_in(served, "Rita"), signed_in(served, "Vic", Role.VIEWER)):
        with_line(cookies, work)
    assert [len(found) for found in names] == [1, 1, 1]
    assert len({found[0] for found in names}) == 3, "each sign-in is an owner of its own"
    assert all(len(found[0]) == 64 for found in names)


def test_a_socket_waits_while_the_store_cannot_say_who_it_is(
    served: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise StoreError("The store is busy.")

    async def work(line: Line) -> None:
        await opened(line)
        monkeypatch.setattr(served.database, "before_reading", busy)
        line.types(RERUN)
        assert (await line.arrived())["type"] == "websocket.disconnect"
        await ended(line, open_sockets.LATER)

    with_line(signed_in(served, "Rita"), work)


def test_what_no_page_sends_does_not_arrive(served: PilotStore) -> None:
    async def work(line: Line) -> None:
        await opened(line)
        line.types(BackMsg(clear_cache=True))
        line.types(BackMsg(load_git_info=True))
        line.types(RERUN)
        assert (await line.arrived())["bytes"] == RERUN.SerializeToString()

    with_line(signed_in(served, "Rita"), work)


def test_the_files_stamp_changes_with_each_change_and_with_nothing_else(served: PilotStore) -> None:
    database = served.database
    database.keep_attached()
    try:
        before = database.file_stamp()
        for _ in range(3):
            keys.keys_of(served)
            database.release()
            database.keep_attached()
        assert database.file_stamp() == before, "reading, attaching and letting go change nothing"
        keys.invite(served, "Rita", Role.LEAD, LEAD)
        after = database.file_stamp()
        assert after != before
    finally:
        database.release()


def test_the_server_asks_before_each_read_and_write_and_looks_after_each_change(served: PilotStore) -> None:
    before = config.get_option("server.trustedUserHeaders")
    try:
        page_guard.guard(served)
        open_sockets.guard(served)
        database = served.database
        assert database.before_reading is page_guard.check_may_read
        assert database.before_writing is page_guard.check_may_write
        assert database.after_writing is not None
        assert config.get_option("server.trustedUserHeaders") == {streamlit_private.OWNER_HEADER: "owner"}
    finally:
        config.set_option("server.trustedUserHeaders", before)
