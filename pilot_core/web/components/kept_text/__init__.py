"""A text area whose unsent text the browser keeps until the server has saved it.

The browser sends the text with an id and stores it until the server answers that the text with that id was saved. Input
is validated, since a browser may send anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pilot_core.errors import PilotError

HERE = Path(__file__).parent
LONGEST_ID = 80

_TEXT = st.components.v2.component(
    "review_kept_text",
    html=(HERE / "kept_text.html").read_text("utf-8"),
    css=(HERE / "writing.css").read_text("utf-8"),
    js="\n".join((HERE / name).read_text("utf-8") for name in ("drafts.js", "kept_text.js")),
)
_FORGET = st.components.v2.component(
    "review_forget", js="\n".join((HERE / name).read_text("utf-8") for name in ("drafts.js", "forget.js"))
)
ARRIVED = "arrived words"


@dataclass(frozen=True)
class TextForm:
    """The labels of a text area and its buttons.

    ``initial`` is the text to edit. Without a ``cancel`` label there is no cancel button.
    """

    label: str
    button: str
    placeholder: str = ""
    initial: str = ""
    may_be_empty: bool = False
    cancel: str = ""


def kept_text(name: str, save: Callable[[str], object], form: TextForm) -> bool:
    """Draw a text area with its button; returns True if cancelled. The browser stores unsent text under ``name``.

    ``save`` is called with the text. If it raises a PilotError, the error is shown and the text stays; otherwise the
    page runs again.
    """
    data = {"name": name, **asdict(form), "answer": answer(name)}
    sent = _TEXT(key=f"text {name}", data=data, on_sent_change=nothing, on_cancelled_change=nothing)
    take(name, sent.get("sent"), lambda words, _: save(words))
    return bool(sent.get("cancelled"))


def take(name: str, sent: Any, save: Callable[[str, Mapping[str, Any]], object]) -> None:
    """Save the text that was sent, once per id, set the answer for the browser, and run the page again."""
    if not isinstance(sent, Mapping):
        return
    word_id, words = sent.get("id"), sent.get("text")
    if not isinstance(word_id, str) or not isinstance(words, str) or len(word_id) > LONGEST_ID:
        return
    before = answer(name)
    if before and before["id"] == word_id:
        return
    try:
        save(words, sent)
    except PilotError as error:
        st.session_state[f"answer {name}"] = {"id": word_id, "error": str(error)}
    else:
        st.session_state[f"answer {name}"] = {"id": word_id, "error": ""}
        st.session_state[ARRIVED] = st.session_state.get(ARRIVED, {}) | {name: word_id}
    st.rerun()


def forget_arrived() -> None:
    """Make the browser delete its copies of texts saved in this session. Call at the end of a page with text areas."""
    if ARRIVED in st.session_state:
        _FORGET(key="forget", data={"arrived": st.session_state[ARRIVED]})


def answer(name: str) -> dict[str, str] | None:
    """Return the result for the text last sent under that name: its id, and the error or an empty string."""
    found: dict[str, str] | None = st.session_state.get(f"answer {name}")
    return found


def nothing() -> None:
    """Do nothing. Streamlit provides a trigger's attribute only if the trigger has a callback."""
