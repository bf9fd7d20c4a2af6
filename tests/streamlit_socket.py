"""A client of Streamlit's websocket: runs pages and fragments, presses widgets, and keeps every byte it is sent.

It speaks the protocol as a browser does, and also as a browser never would: with ids from earlier runs, ids of other
pages, and the session id of someone else.
"""

import json
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Block_pb2 import Block
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from pilot_core.settings import ROOT

PATIENCE = 30.0
"""Seconds to wait for a page. A run that takes longer is a failure of the test."""

TEXT = "written over the socket"


@dataclass(frozen=True)
class Widget:
    """A widget that a page drew: its id, the fragment that drew it, and the states that a browser could send for it."""

    id: str
    kind: str
    fragment: str
    label: str
    states: tuple[WidgetState, ...] = ()


@dataclass(frozen=True)
class Shown:
    """What a page sent: whether the socket opened and was closed by the server, and everything that was received."""

    opened: bool
    closed: bool = False
    messages: tuple[ForwardMsg, ...] = ()
    received: bytes = b""
    text: str = ""
    fragments: frozenset[str] = field(default_factory=frozenset)
    widgets: tuple[Widget, ...] = ()

    def tells(self, words: str) -> bool:
        """Whether these words are anywhere in the bytes received."""
        return words.encode() in self.received

    @property
    def kinds(self) -> set[str]:
        """Return the types of the messages."""
        return {str(message.WhichOneof("type")) for message in self.messages}

    @property
    def page_hash(self) -> str:
        """Return the hash of the page that was run, as a browser sends it with every rerun of that page."""
        pages = [message.navigation.page_script_hash for message in self.messages if message.HasField("navigation")]
        return str(pages[-1]) if pages else ""

    @property
    def media(self) -> list[str]:
        """Return the addresses of in-memory files, such as those of download buttons."""
        return sorted(set(re.findall(r'"(/media/[^"]+)"', self.text)))


class Socket:
    """A visitor's open socket."""

    def __init__(self, connection: ClientConnection, host: str):
        self.connection, self._host = connection, host
        self.session_id = ""
        self.page_hash = ""

    def run(
        self,
        page: str,
        query: str = "",
        fragment: str = "",
        claims: str = "",
        *,
        states: Iterable[WidgetState] = (),
        page_hash: str = "",
        patience: float = PATIENCE,
    ) -> Shown:
        """Run a page, or rerun one of its fragments, and read until its script has ended.

        With ``claims`` the browser says that it is on that other page. ``states`` are sent with it. The parameters are
        the fields of the request that a browser chooses.
        """
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = "" if page_hash else page
        asked.rerun_script.page_script_hash = page_hash
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.context_info.url = f"http://{self._host}/{claims or page}"
        asked.rerun_script.widget_states.widgets.extend(states)
        return self.ask(asked, patience=patience)

    def ask(self, message: BackMsg, until: str = "script_finished", *, patience: float = PATIENCE) -> Shown:
        """Send any message and read until a message of that type has come, the socket closes, or patience ends."""
        self.send(message)
        return self.read(until, patience=patience)

    def all_arrived(self, *, patience: float = PATIENCE) -> bool:
        """Whether the server answers after everything sent before, which it takes in order.

        It is asked again every few seconds, since Streamlit drops an answer that a run of the page overtakes.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            answer = self.ask(BackMsg(app_heartbeat=True), "heartbeat_ack", patience=5)
            if answer.closed or "heartbeat_ack" in answer.kinds:
                return not answer.closed
        return False

    def send(self, *messages: BackMsg) -> None:
        """Send messages, one after the other and without waiting for answers, until the socket is closed."""
        with suppress(ConnectionClosed):
            for message in messages:
                self.connection.send(message.SerializeToString())

    def read(self, until: str = "script_finished", *, patience: float = PATIENCE) -> Shown:
        """Read what the server sends, as :meth:`ask` does."""
        deadline, payloads, closed = time.monotonic() + patience, [], False
        while (left := deadline - time.monotonic()) > 0:
            try:
                payload = self.connection.recv(left)
            except ConnectionClosed:
                closed = True
                break
            except TimeoutError:
                break
            assert isinstance(payload, bytes)
            payloads.append(payload)
            if self._noted(payload, until):
                break
        return shown(payloads, closed=closed)

    def _noted(self, payload: bytes, until: str) -> bool:
        message = ForwardMsg.FromString(payload)
        if message.WhichOneof("type") == "new_session":
            self.session_id = message.new_session.initialize.session_id
            self.page_hash = message.new_session.page_script_hash
        again = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return message.WhichOneof("type") == until and not again


def shown(payloads: Sequence[bytes], *, closed: bool = False) -> Shown:
    """Return what these messages show."""
    messages = tuple(ForwardMsg.FromString(payload) for payload in payloads)
    found = [widget for message in messages for widget in widgets_of(message)]
    return Shown(
        True,
        closed,
        messages,
        b"".join(payloads),
        "\n".join(str(message) for message in messages),
        frozenset({message.delta.fragment_id for message in messages} - {""})
        | {message.auto_rerun.fragment_id for message in messages if message.auto_rerun.fragment_id},
        tuple({widget.id: widget for widget in found}.values()),
    )


def widgets_of(message: ForwardMsg) -> list[Widget]:
    """Return the widgets of one message. Fails for a kind of widget that this client cannot press."""
    delta = message.delta
    which = delta.WhichOneof("type")
    holder: Element | Block | None = (
        delta.new_element if which == "new_element" else delta.add_block if which == "add_block" else None
    )
    kind = holder.WhichOneof("type") if holder else None
    if holder is None or kind is None:
        return []
    drawn = getattr(holder, kind)
    found = []
    widget_id = getattr(drawn, "id", "")
    if widget_id.startswith("$$"):
        assert kind in PRESSED, f"say in PRESSED what a browser sends for {kind}"
        states = tuple(WidgetState(id=widget_id, **value) for value in PRESSED[kind](drawn))
        if kind == "bidi_component":
            states = tuple(component_states(widget_id))
        found.append(Widget(widget_id, kind, delta.fragment_id, getattr(drawn, "label", ""), states))
    for column, button_id in getattr(drawn, "button_click_widgets", {}).items():
        state = WidgetState(id=button_id)
        state.string_trigger_value.data = json.dumps({"row": 0, "label": column})
        found.append(Widget(button_id, "column button", delta.fragment_id, column, (state,)))
    return found


def component_states(widget_id: str) -> list[WidgetState]:
    """Return the states that call every callback that any component of the product has."""
    values = {name: {"id": f"sent {name}", "text": TEXT, "name": name} for name in component_callbacks()}
    events = [{"event": name, "value": value} for name, value in values.items()]
    return [
        WidgetState(id=widget_id, json_value=json.dumps(values)),
        WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{widget_id}__events", json_trigger_value=json.dumps(events)),
    ]


@cache
def component_callbacks() -> list[str]:
    """Return the names of the callbacks that the product gives to components: ``sent`` of ``on_sent_change``."""
    sources = [*(ROOT / "pilot_core" / "web").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    return sorted({name for file in sources for name in re.findall(r"\bon_(\w+)_change=", file.read_text("utf-8"))})


def _texts(*values: str) -> dict[str, Any]:
    return {"string_array_value": {"data": values}}


def _option(drawn: Any, place: int = -1) -> str:
    return drawn.options[place] if drawn.options else TEXT


def _text(_: Any) -> list[dict[str, Any]]:
    return [{"string_value": TEXT}]


def _trigger(_: Any) -> list[dict[str, Any]]:
    return [{"trigger_value": True}]


_SELECTION = json.dumps(
    {"selection": {"rows": [0], "columns": [], "cells": [], "points": [], "point_indices": [0], "box": [], "lasso": []}}
)
PRESSED: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "bidi_component": lambda _: [],
    "button": _trigger,
    "button_group": lambda drawn: [_texts(drawn.options[0].content if drawn.options else TEXT)],
    "checkbox": lambda drawn: [{"bool_value": not drawn.default}],
    "dataframe": lambda _: [{"string_value": _SELECTION}],
    "date_input": lambda _: [_texts("2026/01/01", "2026/12/31")],
    "dialog": _trigger,
    "download_button": _trigger,
    "expandable": lambda drawn: [{"bool_value": not drawn.expanded}],
    "link_button": lambda _: [],
    "menu_button": lambda drawn: [{"string_trigger_value": {"data": _option(drawn, 0)}}],
    "multiselect": lambda drawn: [_texts(_option(drawn))],
    "number_input": lambda drawn: [{"double_value": drawn.default + 1}],
    "pagination": lambda _: [{"int_value": 1}],
    "plotly_chart": lambda _: [{"string_value": _SELECTION}],
    "popover": lambda _: [{"bool_value": True}],
    "radio": lambda drawn: [{"string_value": _option(drawn)}],
    "selectbox": lambda drawn: [{"string_value": _option(drawn)}],
    "tab_container": _text,
    "text_area": _text,
    "text_input": _text,
}
"""What a browser sends when a widget of that kind is used."""


@contextmanager
def socket_to(
    port: int,
    *,
    host: str,
    cookies: str = "",
    origin: str | None = "",
    session_id: str = "",
    sender: str = "127.0.0.1",
    **headers: str,
) -> Iterator[Socket | None]:
    """Open a socket as a browser at ``http://<host>`` does. Yields None if it is refused.

    ``origin`` is by default the host's own; None sends none. ``session_id`` asks for an earlier session. ``sender`` is
    the address in 127.0.0.0/8 it comes from. Header names take underscores for hyphens. The parameters are what a
    browser, or a forger, chooses in a handshake.
    """
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | ({"cookie": cookies} if cookies else {})
    line = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(sender, 0))
    try:
        connection = connect(
            f"ws://{host}/_stcore/stream",
            sock=line,
            origin=f"http://{host}" if origin == "" else origin,
            additional_headers=sent,
            # The second entry is the browser's XSRF token, which only sign-in by st.login needs.
            subprotocols=["streamlit", "token", session_id] if session_id else ["streamlit"],
            proxy=None,
            max_size=None,
            # With a limit, a tab with much unread answers no ping, and takes ten seconds to close.
            max_queue=None,
        )
    except InvalidHandshake:
        yield None
        return
    with connection:
        yield Socket(connection, host)


def run_page(port: int, page: str, query: str = "", **options: str) -> Shown:
    """Open a socket, run one page and close it. Options are those of :func:`socket_to`."""
    with socket_to(port, **options) as opened:
        return opened.run(page, query) if opened else Shown(False)
