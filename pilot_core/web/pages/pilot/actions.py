"""Actions of a lead on the pilot that the page shows, and their results: done, or refused with a reason.

Every action passes the version of the pilot that the lead has seen. That version advances when the lead opens the page,
acts, or is shown what others did. Changes by a pipeline do not have to be shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import Conflict, PilotError
from pilot_core.store.queries.history import Step, history
from pilot_core.web.components import warnings
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.view import DIALOG, DONE, REFUSAL, SEEN, View, by_people, changes_by_people

MOST_TRIES = 5
"""How often an action is retried when only a pipeline changed the pilot in the meantime."""

ERASE = "erase"
"""The one dialog that also opens for a completed pilot."""

KIT = "kit"
"""The dialog of the brand kit."""

ButtonKind = Literal["primary", "secondary", "tertiary"]
Typed = tuple[tuple[str, str], ...]
"""Labels of inputs with the text typed into them."""


@dataclass(frozen=True)
class Action:
    """A change to the pilot.

    ``save`` is called with the version that the lead saw and returns the saved pilot. ``done`` is shown afterwards.
    ``typed`` returns the text that would be lost if the form disappeared.
    """

    save: Callable[[int], PilotRun]
    done: str
    typed: Callable[[], Typed] = tuple


@dataclass(frozen=True)
class Refusal:
    """Why the last action was refused. ``changes`` is what others did, ``typed`` the text that the form held."""

    sentence: str
    field: str | None = None
    changes: tuple[str, ...] = ()
    typed: Typed = ()


def act(view: View, action: Action) -> PilotRun | None:
    """Save the change and return the pilot, or None if it was refused; :func:`refusal` then has the reason."""
    session, typed = st.session_state, action.typed()
    session.pop(view.key(REFUSAL), None)
    for _ in range(MOST_TRIES):
        seen = session[view.key(SEEN)]
        try:
            pilot = action.save(seen)
        except Conflict:
            missed = history(view.store.database, view.pilot_id, seen)
            session[view.key(SEEN)] = max([seen, *(step.version for step in missed)])
            if by_people(missed) or not missed:
                session[view.key(REFUSAL)] = _conflict(view, missed, typed)
                return None
        except PilotError as error:
            session[view.key(REFUSAL)] = Refusal(str(error), getattr(error, "field", None), typed=typed)
            return None
        else:
            session[view.key(SEEN)] = pilot.version
            session[view.key(DONE)] = action.done
            warnings.show_later(pilot)
            return pilot
    session[view.key(REFUSAL)] = Refusal(
        "The pilot is changing all the time; nothing was saved. Try again.", typed=typed
    )
    return None


def act_button(
    view: View, label: str, action: Action, *, in_dialog: bool = False, kind: ButtonKind = "primary", **options: Any
) -> None:
    """Draw a button that acts and then closes the dialog. ``in_dialog`` is true in a dialog or a fragment.

    It acts in the callback, before the page runs again. That run may no longer draw the button and its inputs, and
    their text would be lost.
    """

    def clicked() -> None:
        if act(view, action):
            close_dialog(view)

    if st.button(label, on_click=clicked, type=kind, **options) and in_dialog:
        st.rerun()


def act_on_any_version(view: View, place: str, save: Callable[[], PilotRun | None], done: str) -> bool:
    """Save something that does not depend on the pilot's version, such as an override; returns True if saved.

    ``save`` returns the pilot if it changed it. :func:`show_refusal_at` with the same ``place`` shows a refusal.
    """
    session = st.session_state
    session.pop(view.key(f"refused {place}"), None)
    try:
        pilot = save()
    except PilotError as error:
        session[view.key(f"refused {place}")] = str(error)
        return False
    # If others changed the pilot in between, the lead has not seen that yet, so the version stays.
    if pilot and pilot.version == session[view.key(SEEN)] + 1:
        session[view.key(SEEN)] = pilot.version
    session[view.key(DONE)] = done
    if pilot:
        warnings.show_later(pilot)
    return True


def show_refusal_at(view: View, place: str) -> None:
    """Show why the last action at that place was refused, if it was."""
    if sentence := st.session_state.get(view.key(f"refused {place}")):
        st.error(plain(sentence), icon=":material/error:")


def show_done(view: View) -> None:
    """Show once what the last action did."""
    if done := st.session_state.pop(view.key(DONE), None):
        st.toast(plain(done), icon=":material/check:")


def refusal(view: View) -> Refusal | None:
    """Return why the last action was refused, until the next action or until it is dismissed."""
    return st.session_state.get(view.key(REFUSAL))


def show_refusal(view: View, *, form_is_here: bool) -> None:
    """Show why the last action was refused, and the text that was typed if its form is no longer on the page."""
    refused = refusal(view)
    if refused is None:
        return
    lines = [plain(refused.sentence), *(f"- {plain(change)}" for change in refused.changes)]
    if refused.changes:
        kept = "What you typed is kept; submit it again if it still holds." if form_is_here else ""
        lines += ["", f"This page now shows the present state. {kept}"]
    st.error("\n".join(lines), icon=":material/sync_problem:" if refused.changes else ":material/error:")
    if not form_is_here:
        for label, text in refused.typed:
            if text.strip():
                st.caption(f"{label}, as you typed it; nothing of it was saved:")
                st.code(text, language=None, wrap_lines=True)


def dismiss(view: View) -> None:
    """Record that the lead has read what others did and why an action was refused. For use as a callback."""
    st.session_state.pop(view.key(REFUSAL), None)
    st.session_state[view.key(SEEN)] = view.pilot.version


def open_dialog(view: View, name: str) -> None:
    """Open a dialog from the next run until it is closed. May be used as a callback."""
    st.session_state.pop(view.key(REFUSAL), None)
    st.session_state[view.key(DIALOG)] = name


def dialog(view: View) -> str | None:
    """Return the name of the open dialog, or None."""
    return st.session_state.get(view.key(DIALOG))


def close_dialog(view: View) -> None:
    """Close the open dialog, if there is one."""
    st.session_state.pop(view.key(DIALOG), None)


def _conflict(view: View, missed: list[Step], typed: Typed) -> Refusal:
    sentence = "Nothing was saved: while you were deciding, this pilot was changed."
    return Refusal(sentence, changes=changes_by_people(view, missed), typed=typed)
