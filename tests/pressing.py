"""A browser at one page of the dashboard, over its websocket: it types, chooses and presses as a person does.

It keeps the state of each widget, as a browser does, and can prepare the message of a press without sending it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.besieged import AWAY
from tests.streamlit_socket import Shown, Socket, Widget

PRESS = object()
FIRST = object()
"""The value of a step that presses a button; that takes the first choice."""
PANE = "tab_container"
COMPONENT = "bidi_component"

Step = tuple[str, Any]
"""The label of a widget, or its kind or key where others have the same label, and what is done with it."""


@dataclass
class Hand:
    """Somebody at a page. ``steps`` are done one after the other."""

    socket: Socket
    page: str
    query: str

    def __post_init__(self) -> None:
        self._states: dict[str, WidgetState] = {}
        self._page_hash = ""
        self._shown: dict[str, Widget] = {}
        self._look(self.socket.run(self.page, self.query))

    def does(self, steps: Sequence[Step]) -> None:
        """Do each step and wait for what the page draws."""
        for step in steps:
            self._look(self.socket.ask(self.message(step)))

    def _look(self, shown: Shown) -> None:
        assert not shown.closed, f"/{self.page}?{self.query} was closed"
        self._page_hash = shown.page_hash or self._page_hash
        # A fragment draws its own widgets alone.
        self._shown |= {widget.id: widget for widget in shown.widgets}

    def message(self, *steps: Step) -> BackMsg:
        """Return the message of a browser in which the steps were done without a word to the server before the last."""
        triggers = []
        for label, value in steps:
            widget = self._widget(label)
            states, lasts = _states(widget, value)
            if lasts:
                self._states |= {state.id: state for state in states}
            else:
                triggers += states
        asked = BackMsg()
        # A rerun that names its page is a visit to it, and runs no callbacks.
        asked.rerun_script.page_script_hash, asked.rerun_script.query_string = self._page_hash, self.query
        asked.rerun_script.context_info.url = f"http://{AWAY}/{self.page}"
        asked.rerun_script.fragment_id = widget.fragment
        asked.rerun_script.widget_states.widgets.extend([*self._states.values(), *triggers])
        return asked

    def _widget(self, label: str) -> Widget:
        found = [w for w in self._shown.values() if label in (w.label, w.kind) or w.id.endswith(f"-{label}")]
        assert found, (
            f"/{self.page}?{self.query} has no “{label}”, only {sorted({w.label for w in self._shown.values()})}"
        )
        return found[-1]


def _states(widget: Widget, value: Any) -> tuple[list[WidgetState], bool]:
    """Return what the browser sends for the step, and whether it goes on sending it."""
    if value is PRESS:
        return [WidgetState(id=widget.id, trigger_value=True)], False
    if value is FIRST:
        return list(widget.states), True
    if widget.kind == COMPONENT:
        event = [{"event": "sent", "value": {"id": "id of the words", "text": value}}]
        key = f"$$STREAMLIT_INTERNAL_KEY_{widget.id}__events"
        return [WidgetState(id=key, json_trigger_value=json.dumps(event))], False
    if isinstance(value, bool):
        return [WidgetState(id=widget.id, bool_value=value)], True
    if isinstance(value, list):
        state = WidgetState(id=widget.id)
        state.string_array_value.data.extend(value)
        return [state], True
    return [WidgetState(id=widget.id, string_value=value)], True
