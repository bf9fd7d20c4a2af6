"""The row of buttons in the thumb's reach, with the sheet for a comment; the browser's part is in ``browser/``."""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from pilot_core.errors import InvalidRequest
from pilot_core.web.player import CommentHere
from pilot_core.web.player.player import read_state
from pilot_core.web.review_page.writing import BROWSER, answer, nothing, take

_DOCK = st.components.v2.component(
    "review_dock",
    html=(BROWSER / "dock.html").read_text("utf-8"),
    css="\n".join((BROWSER / name).read_text("utf-8") for name in ("writing.css", "dock.css")),
    js="\n".join((BROWSER / name).read_text("utf-8") for name in ("drafts.js", "dock.js")),
)

Asked = Literal["approve", "changes"]


def dock(
    attempt_id: str,
    attempt_number: int,
    comment: Callable[[str, CommentHere], object],
    *,
    frame_count: int | None,
    takes_comments: bool,
    takes_decision: bool,
) -> Asked | None:
    """Draw it; returns the decision that was begun here.

    ``comment`` gets the words and where in the film they belong; it may raise a PilotError. What was watched of the
    film goes to ``/watched``.
    """
    name = f"comment {attempt_id}"
    data = {
        "attempt_id": attempt_id,
        "attempt": attempt_number,
        "film": takes_comments,
        "decide": takes_decision,
        "report_to": "/watched",
        "answer": answer(name),
    }
    told = _DOCK(key="dock", data=data, on_sent_change=nothing, on_decide_change=nothing)

    def work(words: str, sent: Any) -> None:
        here = read_state({"comment_here": sent}, frame_count, set()).comment
        if here is None:
            raise InvalidRequest("That is not a frame of this film. Close this, pause where you mean, and try again.")
        comment(words, here)

    take(name, told.get("sent"), work)
    asked = told.get("decide")
    return asked if asked in ("approve", "changes") else None
