"""One lead's dealings with one pilot in one browser session: what they saw, did, and were refused.

Every act passes the version of the pilot that the page showed. The version moves on when the lead arrives, acts, or has
been told what others did meanwhile; what a pipeline does needs no telling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from pilot_core.errors import Conflict, PilotError
from pilot_core.formatting import ago
from pilot_core.models import PilotRun
from pilot_core.store.history import Step, history
from pilot_core.store.judgements import Override, standing_override
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.web.pilot_page import words
from pilot_core.web.text import plain
from pilot_core.web.times import viewer_zone

SECTION = "section"
"""The widget that is on the page in any state; its session key tells whether the page was there a run ago."""

ERASE = "erase"
"""The dialog that opens for a completed pilot too."""

Typed = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class View:
    """What this run of the page shows. ``news`` is what others did since the lead last saw the pilot; ``override`` is
    the one that stands.
    """

    store: PilotStore
    pilot: PilotRun
    lead: str
    now: datetime
    zone: str
    news: list[Step]
    override: Override | None

    @property
    def pilot_id(self) -> str:
        return self.pilot.pilot_id

    def key(self, name: str) -> str:
        """The session key of something of this pilot's page."""
        return _key(self.pilot_id, name)

    def typed(self, name: str) -> str:
        """What stands in the text input of that key now."""
        return st.session_state.get(self.key(name)) or ""


@dataclass(frozen=True)
class Trouble:
    """Why the last act was refused. ``changes`` is what others did; ``typed`` is what would be lost with its form."""

    sentence: str
    field: str | None = None
    changes: tuple[str, ...] = ()
    typed: Typed = ()


def look(store: PilotStore, pilot_id: str, lead: str) -> View:
    """The pilot as it is now. Raises PilotNotFound."""
    said = st.session_state
    seen = _key(pilot_id, "seen")
    if _key(pilot_id, SECTION) not in said:
        for name in ("seen", "trouble", "done", "dialog"):
            said.pop(_key(pilot_id, name), None)

    def read(connection: Connection) -> tuple[PilotRun, list[Step], Override | None]:
        pilot = store.load(pilot_id)
        since = said.setdefault(seen, pilot.version)
        news = history(store.database, pilot_id, since) if pilot.version > since else []
        return pilot, news, standing_override(connection, pilot_id)

    pilot, news, override = store.database.read(read)
    if not _by_people(news):
        said[seen], news = pilot.version, []
    return View(store, pilot, lead, store.clock(), viewer_zone(), news, override)


def act(view: View, work: Callable[[int], PilotRun], done: str, typed: Typed = ()) -> PilotRun | None:
    """Do what a person decided by what the page shows: ``work`` gets the version they saw and returns the pilot saved.

    ``done`` is said on the next run. Where it is refused, None comes back and the reason waits in :func:`trouble`.
    """
    said = st.session_state
    said.pop(view.key("trouble"), None)
    for _ in range(5):
        seen = said[view.key("seen")]
        try:
            pilot = work(seen)
        except Conflict:
            missed = history(view.store.database, view.pilot_id, seen)
            said[view.key("seen")] = max([seen, *(step.version for step in missed)])
            if _by_people(missed) or not missed:
                said[view.key("trouble")] = _conflict(view, missed, typed)
                return None
        except PilotError as error:
            said[view.key("trouble")] = Trouble(str(error), getattr(error, "field", None), typed=typed)
            return None
        else:
            said[view.key("seen")] = pilot.version
            said[view.key("done")] = done
            return pilot
    said[view.key("trouble")] = Trouble(
        "The pilot is changing all the time; nothing was saved. Try again.", typed=typed
    )
    return None


def act_button(
    view: View,
    label: str,
    work: Callable[[int], PilotRun],
    done: str,
    *,
    typed: Callable[[], Typed] = tuple,
    apart: bool = False,
    **options: Any,
) -> None:
    """A button that acts, and then closes the dialog it is in. ``apart`` where it stands in a dialog or a fragment.

    It acts before the page runs again: the page may have no place for the button any more, and what was typed beside it
    must not be lost with it.
    """

    def clicked() -> None:
        if act(view, work, done, typed()):
            close_dialog(view)

    if st.button(label, on_click=clicked, type="primary", **options) and apart:
        st.rerun()


def judge(view: View, place: str, work: Callable[[], PilotRun | None], done: str) -> bool:
    """Do what does not hang on the pilot's course, whatever others did meanwhile; True when it is done.

    ``work`` returns the pilot where it saved it. A refusal waits for :func:`show_refusal` at the same ``place``.
    """
    said = st.session_state
    said.pop(view.key(f"refused {place}"), None)
    try:
        pilot = work()
    except PilotError as error:
        said[view.key(f"refused {place}")] = str(error)
        return False
    # What others did in between stays to be told.
    if pilot and pilot.version == said[view.key("seen")] + 1:
        said[view.key("seen")] = pilot.version
    said[view.key("done")] = done
    return True


def show_refusal(view: View, place: str) -> None:
    """Say why the last act at that place was refused, if it was."""
    if told := st.session_state.get(view.key(f"refused {place}")):
        st.error(plain(told), icon=":material/error:")


def told_once(view: View) -> None:
    """Say what the last act did, if it did something."""
    if done := st.session_state.pop(view.key("done"), None):
        st.toast(plain(done), icon=":material/check:")


def trouble(view: View) -> Trouble | None:
    """Why the last act was refused, until the next one or until it is put away."""
    return st.session_state.get(view.key("trouble"))


def show_trouble(view: View, *, form_is_here: bool) -> None:
    """Say why the last act was refused, here; with what was typed, where the form that held it is gone."""
    told = trouble(view)
    if told is None:
        return
    lines = [plain(told.sentence), *(f"- {plain(change)}" for change in told.changes)]
    if told.changes:
        kept = "What you typed is kept; submit it again if it still holds." if form_is_here else ""
        lines += ["", f"This page now shows the present state. {kept}"]
    st.error("\n".join(lines), icon=":material/sync_problem:" if told.changes else ":material/error:")
    if not form_is_here:
        for label, text in told.typed:
            if text.strip():
                st.caption(f"{label}, as you typed it; nothing of it was saved:")
                st.code(text, language=None, wrap_lines=True)


def put_away(view: View) -> None:
    """The lead has read what others did and what was refused; a callback."""
    st.session_state.pop(view.key("trouble"), None)
    st.session_state[view.key("seen")] = view.pilot.version


def told_by_others(view: View, steps: list[Step]) -> tuple[str, ...]:
    """What people other than a pipeline did, one sentence each."""
    return tuple(
        f"{words.who(event.actor)} {words.did(event)}, {ago(event.at, view.now)}"
        for _, event in steps
        if not event.actor.startswith("pipeline")
    )


def empty(sentence: str) -> None:
    """Say, where there is nothing to see yet, what will be here."""
    with st.container(border=True):
        st.markdown(f":gray[{sentence}]")


def open_dialog(view: View, name: str) -> None:
    """Have a dialog open from the next run on, until it is closed; a callback too."""
    st.session_state.pop(view.key("trouble"), None)
    st.session_state[view.key("dialog")] = name


def dialog(view: View) -> str | None:
    """The dialog that is open."""
    return st.session_state.get(view.key("dialog"))


def close_dialog(view: View) -> None:
    """Close whichever dialog is open."""
    st.session_state.pop(view.key("dialog"), None)


def _conflict(view: View, missed: list[Step], typed: Typed) -> Trouble:
    sentence = "Nothing was saved: while you were deciding, this pilot was changed."
    return Trouble(sentence, changes=told_by_others(view, missed), typed=typed)


def _by_people(steps: list[Step]) -> bool:
    return any(not step.event.actor.startswith("pipeline") for step in steps)


def _key(pilot_id: str, name: str) -> str:
    return f"{pilot_id} {name}"
