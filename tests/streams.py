"""Streamlit's websocket spoken by hand: what a page sends to a visitor, without a browser to hide anything."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import ClientConnection, connect


@dataclass(frozen=True)
class Shown:
    """Whether the stream opened, all that the page sent, read as text, and the fragments that drew some of it."""

    opened: bool
    text: str = ""
    fragments: frozenset[str] = field(default_factory=frozenset)


class Stream:
    """An open stream of one visitor."""

    def __init__(self, connection: ClientConnection, host: str):
        self._connection, self._host = connection, host

    def run(self, page: str, query: str = "", fragment: str = "", claims: str = "") -> Shown:
        """Ask for a page, or for one fragment of it again, and read until its script has ended.

        With ``claims`` the browser says that it is on that other page.
        """
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = page
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.context_info.url = f"http://{self._host}/{claims or page}"
        self._connection.send(asked.SerializeToString())
        said, fragments = [], set()
        for payload in self._connection:
            message = ForwardMsg()
            message.ParseFromString(payload)
            said.append(str(message))
            fragments.add(message.delta.fragment_id)
            if message.WhichOneof("type") == "script_finished":
                break
        return Shown(True, "\n".join(said), frozenset(fragments - {""}))


@contextmanager
def stream(
    port: int, *, host: str, cookies: str = "", origin: str | None = "", **headers: str
) -> Iterator[Stream | None]:
    """A stream opened as a browser at ``http://<host>`` does; None where it is refused.

    ``origin`` is the host's own unless given; None sends none. Header names take underscores for hyphens.
    """
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"cookie": cookies} if cookies else {})
    try:
        connection = connect(
            f"ws://{host}/_stcore/stream",
            sock=socket.create_connection(("127.0.0.1", port), timeout=30),
            origin=f"http://{host}" if origin == "" else origin,
            additional_headers=sent,
            subprotocols=["streamlit"],
            proxy=None,
            max_size=None,
        )
    except InvalidHandshake:
        yield None
        return
    with connection:
        yield Stream(connection, host)


def run_page(port: int, page: str, query: str = "", **options: str) -> Shown:
    """Open a stream, run one page, close it; options as for :func:`stream`."""
    with stream(port, **options) as opened:
        return opened.run(page, query) if opened else Shown(False)
