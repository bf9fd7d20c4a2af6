"""The storyboard that is edited in this session: where it starts from, its plan now, and the plans before each edit."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pilot_core.documents.names import STORYBOARD
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.errors import PilotError
from pilot_core.rendering import preview
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import revise
from pilot_core.video.storyboard.film import Film
from pilot_core.video.storyboard.plan_file import from_json, load, planned
from pilot_core.web.pages.pilot.view import SECTION, View

TITLE = "Storyboard"
NEXT = "next"
"""The start that is no attempt: what the pipeline would make next."""
PLAN, UNDO, FROM, SHOT, ROUND = "story plan", "story undo", "story from", "story shot", "story round"
MOST_UNDONE = 50
ABOUT = {
    "factual_error": ("proof_points", "news", "cost", "why_now", "problem", "use_of_funds", "what_next"),
    "wrong_audience": ("audience", "message", "problem"),
}
"""The lines of the brief that a flag may be about, by the flag."""


@dataclass(frozen=True)
class Board:
    """What is edited: the film as it starts, as it is now, and the brief that its next attempt would get."""

    start: Film
    film: Film
    brief: CutBrief

    @property
    def is_edited(self) -> bool:
        return planned(self.start) != planned(self.film)


def starts(view: View) -> list[str]:
    """Return where a storyboard can start from: attempts with a plan, the latest last, and what would be made next."""
    return [str(attempt.attempt_number) for attempt in _planned_attempts(view)] + [NEXT]


def default_start(view: View) -> str:
    """Return the latest attempt if a person edited its storyboard, since only its plan has those edits; else NEXT."""
    latest = view.pilot.latest_attempt
    known = starts(view)
    if latest and latest.upload_path and str(latest.attempt_number) in known:
        return str(latest.attempt_number)
    return NEXT


def board(view: View) -> Board:
    """Return the storyboard on screen. Raises PilotError if the pilot's scenario is unknown."""
    brief = preview.next_brief(view.store, view.pilot)
    start = _start(view, brief)
    session = st.session_state
    try:
        film = from_json(session[view.key(PLAN)], brief.kit) if view.key(PLAN) in session else start
    except PilotError:
        film = start
    return Board(start, film, brief)


def edit(view: View, change: Callable[[Film], Film], *, select: int | None = None, fields: bool = True) -> None:
    """Apply an edit to the storyboard, so that it can be undone. ``fields``: the fields are drawn anew with its values.

    ``select`` is the place of the shot that is then open.
    """
    now = board(view)
    _keep(view, planned(now.film), change(now.film), select, fields)


def undo(view: View) -> None:
    """Take the last edit back. For use as a callback."""
    before: list[dict[str, Any]] = st.session_state.get(view.key(UNDO), [])
    if before:
        st.session_state[view.key(PLAN)] = before.pop()
        st.session_state[view.key(ROUND)] = _round(view) + 1


def restart(view: View) -> None:
    """Begin with the chosen start. What was edited can be undone."""
    now = st.session_state.pop(view.key(PLAN), None)
    if now:
        st.session_state.setdefault(view.key(UNDO), []).append(now)
    st.session_state[view.key(ROUND)] = _round(view) + 1


def places_of(film: Film, flags: Collection[str]) -> list[int]:
    """Return the places of the shots whose words a flag is about that only a person can answer, in the film's order."""
    sources = {source for flag in flags for source in ABOUT.get(flag, ())}
    return [shot.index for shot in film.shots if shot.source in sources]


def forget(view: View) -> None:
    """Forget the edits, once an attempt was begun with them."""
    for name in (PLAN, UNDO, FROM, SHOT):
        st.session_state.pop(view.key(name), None)


def field_key(view: View, name: str) -> str:
    """Return the session key of a field, which changes whenever its value was changed other than by typing."""
    return view.key(f"story {_round(view)} {name}")


def selected(view: View, film: Film) -> int:
    """Return the place of the open shot."""
    return min(int(st.session_state.get(view.key(SHOT), 0)), len(film.shots) - 1)


def select(view: View, place: int) -> None:
    """Open a shot. For use as a callback."""
    st.session_state[view.key(SHOT)] = place


def open_at(view: View, attempt: PilotRunAttempt, seconds: float) -> None:
    """Open the storyboard of an attempt at a second of its video. For use as a callback."""
    st.session_state[view.key(FROM)] = str(attempt.attempt_number)
    restart(view)
    draft = attempt.final_draft
    shots = draft.shots if draft else []
    open_section(view, next((i for i, shot in enumerate(shots) if shot.start <= seconds < shot.end), 0))


def open_section(view: View, place: int = 0) -> None:
    """Show the tab of the storyboard at a shot. For use as a callback."""
    st.session_state[view.key(SECTION)] = TITLE
    select(view, place)


def with_plan(view: View) -> set[int]:
    """Return the numbers of the attempts whose storyboard is in the store."""
    paths = {f"{a.folder}/{STORYBOARD}": a.attempt_number for a in view.pilot.runs if a.folder}
    return {paths[path] for path in view.store.media.existing(paths, of=view.pilot_id)}


def _planned_attempts(view: View) -> list[PilotRunAttempt]:
    there = with_plan(view)
    return [a for a in view.pilot.runs if a.state is AttemptState.READY and a.attempt_number in there]


def _start(view: View, brief: CutBrief) -> Film:
    chosen = st.session_state.get(view.key(FROM)) or default_start(view)
    attempt = next((a for a in _planned_attempts(view) if str(a.attempt_number) == chosen), None)
    told = attempt and load(view.store.media.local_path(f"{attempt.folder}/{STORYBOARD}", of=view.pilot_id))
    return from_json(told, brief.kit) if told else revise.plan(brief.model_copy(update={"storyboard": None}))


def _keep(view: View, before: dict[str, Any], film: Film, select_: int | None, fields: bool) -> None:
    after = planned(film)
    if after == before:
        return
    session = st.session_state
    undone = session.setdefault(view.key(UNDO), [])
    undone.append(before)
    del undone[:-MOST_UNDONE]
    session[view.key(PLAN)] = after
    if fields:
        session[view.key(ROUND)] = _round(view) + 1
    if select_ is not None:
        select(view, select_)


def _round(view: View) -> int:
    return int(st.session_state.get(view.key(ROUND), 0))
