"""Flags that a reviewer's words suggest, beside those words: accepted, dismissed or taken back in one click."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from pilot_core import catalog, judgement
from pilot_core.insight.themes import Suggestion
from pilot_core.models import Feedback, PilotRun
from pilot_core.store.judgements import DecidedSuggestion, decided_suggestions_of
from pilot_core.web import access
from pilot_core.web.pilot_page.state import View, judge, show_refusal
from pilot_core.web.text import plain
from pilot_core.web.times import exact


class Suggested(NamedTuple):
    """One pilot's suggestions by feedback: those that wait, and those somebody decided."""

    waiting: dict[str, list[Suggestion]]
    decided: dict[str, list[DecidedSuggestion]]


def of(view: View) -> Suggested:
    """What the words of the pilot's standing reviews suggest."""
    found = Suggested({}, {})
    for offered in judgement.suggestions_for(view.store, view.pilot):
        found.waiting.setdefault(offered.note.feedback_id, []).append(offered.suggestion)
    for decided in decided_suggestions_of(view.store.database, view.pilot_id):
        found.decided.setdefault(decided.feedback_id, []).append(decided)
    return found


def words(notes: str, waiting: Sequence[Suggestion]) -> str:
    """The note as Markdown that shows it as it was typed, line by line, with the words that suggest a flag marked."""
    spans = sorted({(suggestion.start, suggestion.end) for suggestion in waiting})
    drawn, at = [], 0
    for start, end in spans:
        if start < at:
            continue
        drawn += [_typed(notes[at:start]), f":orange-background[{plain(notes[start:end])}]"]
        at = end
    return "".join([*drawn, _typed(notes[at:])])


def show(view: View, given: Feedback, suggested: Suggested) -> None:
    """Draw what can be decided on one feedback, and what was."""
    for suggestion in suggested.waiting.get(given.feedback_id, []):
        flag, name = suggestion.flag, f"{given.feedback_id} {suggestion.flag}"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"“{plain(suggestion.quote)}” suggests **{plain(_label(flag))}**", width="content")
            _button(view, "Accept", given, flag, _accept, f"accept {name}", ":material/check:")
            _button(view, "Dismiss", given, flag, _dismiss, f"dismiss {name}", ":material/close:")
    for decided in suggested.decided.get(given.feedback_id, []):
        done = "accepted" if decided.accepted else "dismissed"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"{plain(_label(decided.flag))}, suggested by “{plain(decided.quote)}”: {done} by "
                f"{plain(decided.decided_by)}",
                help=exact(decided.decided_at, view.zone),
                width="content",
            )
            name = f"undo {given.feedback_id} {decided.flag}"
            _button(view, "Take back", given, decided.flag, _undo, name, ":material/undo:")
    show_refusal(view, given.feedback_id)


Act = Callable[[View, str, str], PilotRun | None]


def _accept(view: View, feedback_id: str, flag: str) -> PilotRun:
    return judgement.accept_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


def _dismiss(view: View, feedback_id: str, flag: str) -> None:
    judgement.dismiss_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


def _undo(view: View, feedback_id: str, flag: str) -> PilotRun:
    return judgement.undo_decided_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


SAID = {
    "Accept": "Accepted: it counts like a flag the reviewer chose.",
    "Dismiss": "Dismissed: it is not offered again.",
    "Take back": "Taken back.",
}


def _button(view: View, label: str, given: Feedback, flag: str, act: Act, name: str, icon: str) -> None:
    if not access.may_change():
        return
    st.button(
        label,
        type="tertiary",
        icon=icon,
        key=view.key(name),
        on_click=_decide,
        args=(view, given.feedback_id, flag, act, SAID[label]),
    )


def _decide(view: View, feedback_id: str, flag: str, act: Act, said: str) -> None:
    judge(view, feedback_id, lambda: act(view, feedback_id, flag), said)


def _label(flag: str) -> str:
    return catalog.label("flag", flag)


def _typed(text: str) -> str:
    """A stretch of a note: ``plain`` takes one line, and the blanks at its ends away."""
    lines = text.split("\n")
    return "  \n".join(
        (" " if line[:1].isspace() else "") + plain(line) + (" " if line.strip() and line[-1:].isspace() else "")
        for line in lines
    )
