"""Words that someone types in the room: kept in their browser until they have arrived here, taken once.

The browser sends words under an id and keeps them until an answer to that id says that they arrived. What it sends is
checked, since a browser may send anything.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pilot_core.errors import PilotError

BROWSER = Path(__file__).parent / "browser"
LONGEST_ID = 80

_TEXT = st.components.v2.component(
    "review_kept_text",
    html=(BROWSER / "kept_text.html").read_text("utf-8"),
    css=(BROWSER / "writing.css").read_text("utf-8"),
    js="\n".join((BROWSER / name).read_text("utf-8") for name in ("drafts.js", "kept_text.js")),
)
_FORGET = st.components.v2.component(
    "review_forget", js="\n".join((BROWSER / name).read_text("utf-8") for name in ("drafts.js", "forget.js"))
)
ARRIVED = "arrived words"


def kept_text(
    name: str,
    work: Callable[[str], object],
    *,
    label: str,
    button: str,
    placeholder: str = "",
    initial: str = "",
    may_be_empty: bool = False,
    cancel: str = "",
) -> bool:
    """A text area with its button; ``name`` is what the words are kept under in the browser. True when cancelled.

    ``work`` gets the words; if it raises a PilotError, its sentence is shown and the words stay. When they have been
    taken, the page runs again.
    """
    data = {
        "name": name,
        "label": label,
        "button": button,
        "placeholder": placeholder,
        "initial": initial,
        "may_be_empty": may_be_empty,
        "cancel": cancel,
        "answer": answer(name),
    }
    told = _TEXT(key=f"text {name}", data=data, on_sent_change=nothing, on_cancelled_change=nothing)
    take(name, told.get("sent"), lambda words, _: work(words))
    return bool(told.get("cancelled"))


def take(name: str, sent: Any, work: Callable[[str, Mapping[str, Any]], object]) -> None:
    """Do ``work`` with words that were sent, once for each id, keep the answer for the browser, and run again."""
    if not isinstance(sent, Mapping):
        return
    word_id, words = sent.get("id"), sent.get("text")
    if not isinstance(word_id, str) or not isinstance(words, str) or len(word_id) > LONGEST_ID:
        return
    before = answer(name)
    if before and before["id"] == word_id:
        return
    try:
        work(words, sent)
    except PilotError as error:
        st.session_state[f"answer {name}"] = {"id": word_id, "error": str(error)}
    else:
        st.session_state[f"answer {name}"] = {"id": word_id, "error": ""}
        st.session_state[ARRIVED] = st.session_state.get(ARRIVED, {}) | {name: word_id}
    st.rerun()


def forget_arrived() -> None:
    """Have the browser forget the words that arrived on this visit; for the end of a page where words are typed."""
    if ARRIVED in st.session_state:
        _FORGET(key="forget", data={"arrived": st.session_state[ARRIVED]})


def answer(name: str) -> dict[str, str] | None:
    """What became of the words that were sent last under that name."""
    found: dict[str, str] | None = st.session_state.get(f"answer {name}")
    return found


def nothing() -> None:
    """Declares a trigger; without a callback Streamlit leaves its attribute out."""
