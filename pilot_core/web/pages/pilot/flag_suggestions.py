"""Flags suggested by what reviewers wrote, with buttons to accept, dismiss or undo."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.feedback import Feedback
from pilot_core.domain.judgements import DecidedSuggestion
from pilot_core.domain.pilot import PilotRun
from pilot_core.insight.themes import Suggestion
from pilot_core.services import judgements
from pilot_core.store.queries.judgements import decided_suggestions_of
from pilot_core.web.access import page_guard
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact
from pilot_core.web.pages.pilot.actions import act_on_any_version, show_refusal_at
from pilot_core.web.pages.pilot.view import View


class Suggested(NamedTuple):
    """One pilot's suggestions by feedback: the undecided and the decided ones."""

    waiting: dict[str, list[Suggestion]]
    decided: dict[str, list[DecidedSuggestion]]


def suggested_flags(view: View) -> Suggested:
    """Return the suggestions from the pilot's current reviews."""
    found = Suggested({}, {})
    for offered in judgements.suggestions_for(view.store, view.pilot):
        found.waiting.setdefault(offered.note.feedback_id, []).append(offered.suggestion)
    for decided in decided_suggestions_of(view.store.database, view.pilot_id):
        found.decided.setdefault(decided.feedback_id, []).append(decided)
    return found


def highlighted(notes: str, waiting: Sequence[Suggestion]) -> str:
    """Return the note as Markdown, shown as typed, with the words that suggest a flag highlighted."""
    spans = sorted({(suggestion.start, suggestion.end) for suggestion in waiting})
    drawn, at = [], 0
    for start, end in spans:
        if start < at:
            continue
        drawn += [_typed(notes[at:start]), f":orange-background[{plain(notes[start:end])}]"]
        at = end
    return "".join([*drawn, _typed(notes[at:])])


def show(view: View, given: Feedback, suggested: Suggested) -> None:
    """Draw the suggestions on one feedback: the undecided, then the decided ones."""
    feedback_id = given.feedback_id
    for suggestion in suggested.waiting.get(feedback_id, []):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"“{plain(suggestion.quote)}” suggests **{plain(_label(suggestion.flag))}**", width="content")
            _button(view, ACCEPT, feedback_id, suggestion.flag)
            _button(view, DISMISS, feedback_id, suggestion.flag)
    for decided in suggested.decided.get(feedback_id, []):
        done = "accepted" if decided.accepted else "dismissed"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"{plain(_label(decided.flag))}, suggested by “{plain(decided.quote)}”: {done} by "
                f"{plain(decided.decided_by)}",
                help=exact(decided.decided_at, view.zone),
                width="content",
            )
            _button(view, UNDO, feedback_id, decided.flag)
    show_refusal_at(view, feedback_id)


def _accept(view: View, feedback_id: str, flag: str) -> PilotRun:
    return judgements.accept_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


def _dismiss(view: View, feedback_id: str, flag: str) -> None:
    judgements.dismiss_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


def _undo(view: View, feedback_id: str, flag: str) -> PilotRun:
    return judgements.undo_decided_suggestion(view.store, view.pilot_id, feedback_id, flag, view.lead)


class Choice(NamedTuple):
    """What a lead can do with a suggestion: the button, what it saves, and the message afterwards."""

    name: str
    label: str
    icon: str
    save: Callable[[View, str, str], PilotRun | None]
    done: str


ACCEPT = Choice("accept", "Accept", ":material/check:", _accept, "Accepted: it counts like a flag the reviewer chose.")
DISMISS = Choice("dismiss", "Dismiss", ":material/close:", _dismiss, "Dismissed: it is not offered again.")
UNDO = Choice("undo", "Take back", ":material/undo:", _undo, "Taken back.")


def _button(view: View, choice: Choice, feedback_id: str, flag: str) -> None:
    if not page_guard.may_change():
        return
    st.button(
        choice.label,
        type="tertiary",
        icon=choice.icon,
        key=view.key(f"{choice.name} {feedback_id} {flag}"),
        on_click=_decide,
        args=(view, choice, feedback_id, flag),
    )


def _decide(view: View, choice: Choice, feedback_id: str, flag: str) -> None:
    act_on_any_version(view, feedback_id, lambda: choice.save(view, feedback_id, flag), choice.done)


def _label(flag: str) -> str:
    return catalog.label("flag", flag)


def _typed(text: str) -> str:
    """Return a part of a note as Markdown with its line breaks and outer spaces."""
    lines = text.split("\n")
    return "  \n".join(
        (" " if line[:1].isspace() else "") + plain(line) + (" " if line.strip() and line[-1:].isspace() else "")
        for line in lines
    )
