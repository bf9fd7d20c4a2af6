"""The next attempt, or a failed one again: what it will be told, how it is made, and its start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from pilot_core import catalog, preview, services
from pilot_core.documents.facts import BRIEF_LABELS
from pilot_core.errors import Conflict, InvalidRequest, PilotError
from pilot_core.models import PilotRun
from pilot_core.video.contract import CutBrief
from pilot_core.web.background import start_render
from pilot_core.web.new_pilot_form import PIPELINES, pipelines
from pilot_core.web.pilot_page.state import View, act_button, open_dialog
from pilot_core.web.stores import store
from pilot_core.web.text import plain
from pilot_core.web.upload_field import upload_field, uploaded
from pilot_core.web.uploads import forget, taken_up


def start_button(view: View, *, label: str, name: str, apart: bool = False) -> None:
    """Draw how the attempt is made, and the button that starts it; ``apart`` in a dialog."""
    _how(view, name)
    act_button(
        view,
        label,
        lambda seen: _start(view, seen, name),
        "Started: the film is being made.",
        apart=apart,
        icon=":material/movie:",
        width="stretch",
        key=view.key(f"{name} start"),
    )


def retry_button(view: View, number: int) -> None:
    """Draw how a failed attempt is made again, and the button that does it."""
    _how(view, "retry", default=view.pilot.attempt(number).pipeline)
    act_button(
        view,
        f"Retry attempt {number}",
        lambda seen: _retry(view, seen, "retry"),
        f"Attempt {number} is being made again.",
        icon=":material/refresh:",
        width="stretch",
    )


def show_brief(view: View) -> None:
    """Draw what the next attempt will be told: feedback carried, what is done about it, what a person has to do."""
    try:
        brief = preview.next_brief(store(), view.pilot)
    except PilotError as error:
        st.warning(plain(str(error)))
        return
    _needs_a_person(view)
    if brief.reviews or brief.comments:
        st.markdown(_carried(brief))
        _planned(view, brief)
    st.markdown(_brief_lines(view))
    st.button(
        "Correct the brief…",
        type="tertiary",
        icon=":material/edit:",
        key=view.key("edit from preview"),
        on_click=open_dialog,
        args=(view, "brief"),
    )


def _needs_a_person(view: View) -> None:
    for flag in preview.for_a_person(view.pilot):
        field = BRIEF_LABELS.get(flag.needs or "", flag.needs or "")
        st.warning(
            f"**{flag.label}**: no pipeline can settle this. Correct the brief’s {field} before the next attempt.",
            icon=":material/person_alert:",
        )


def _carried(brief: CutBrief) -> str:
    lines = ["**Feedback it carries**", ""]
    for review in brief.reviews:
        given = review.feedback
        flags = ", ".join(catalog.label("flag", flag) for flag in given.flags)
        decision = given.level.value.replace("_", " ") + (f" ({flags})" if flags else "")
        words = f": “{given.notes}”" if given.notes.strip() else ""
        lines.append(f"- {plain(f'Attempt {review.attempt_number}, {decision}{words}')}")
    for said in brief.comments:
        lines.append(f"- {plain(f'Attempt {said.attempt_number} at {said.timecode}, {said.author}: “{said.body}”')}")
    return "\n".join(lines)


def _planned(view: View, brief: CutBrief) -> None:
    """What the storyboard will do is planned for real; other pipelines decide for themselves."""
    chosen = st.session_state.get(view.key("next pipeline")) or pipelines()[0]
    if chosen == "storyboard":
        # A sentence on what a person has to do stands above already.
        done = [line for line in preview.storyboard_changes(brief) if "not answered by this cut" not in line]
        title, lines = "What the storyboard will do about it", done
    elif chosen == "command":
        title, lines = "What will be done about it", ["The program gets all of this, and decides what to do about it."]
    else:
        title, lines = (
            "What will be done about it",
            ["An uploaded film is taken as it is; compare it with the feedback."],
        )
    if lines:
        st.markdown("\n".join([f"**{title}**", "", *(f"- {plain(line)}" for line in lines)]))


def _brief_lines(view: View) -> str:
    brief = view.pilot.brief
    lines = ["**The brief**", ""]
    for field, label in BRIEF_LABELS.items():
        value = getattr(brief, field)
        text = "; ".join(value) if isinstance(value, list) else value
        shown = plain(text) if text.strip() else ":gray[the scenario’s own wording, in brackets]"
        lines.append(f"- {label[:1].upper()}{label[1:]}: {shown}")
    return "\n".join(lines)


def _how(view: View, name: str, default: str | None = None) -> None:
    known = pipelines()
    pipeline = st.selectbox(
        "How it is made",
        known,
        index=known.index(default) if default in known else 0,
        format_func=PIPELINES.__getitem__,
        key=view.key(f"{name} pipeline"),
    )
    if pipeline == "upload":
        again = "Without another, the film that was brought before is tried again." if default == "upload" else ""
        upload_field(view.key(f"{name} film"), note=again)


def _start(view: View, seen: int, name: str) -> PilotRun:
    pipeline = _pipeline(view, name)
    film = _film(view, name, seen) if pipeline == "upload" else None
    with _taken_up(view, film) as kept:
        pilot, attempt = services.queue_attempt(
            view.store, view.pilot_id, pipeline, view.lead, upload_path=kept, seen_version=seen
        )
    start_render(view.store, view.pilot_id, attempt.attempt_number)
    return pilot


def _retry(view: View, seen: int, name: str) -> PilotRun:
    pipeline = _pipeline(view, name)
    failed = view.pilot.latest_attempt
    # The film that was brought before is still there, and does again unless another is brought.
    there = bool(failed and failed.upload_path) and uploaded(view.key(f"{name} film")) is None
    film = _film(view, name, seen) if pipeline == "upload" and not there else None
    with _taken_up(view, film) as kept:
        pilot, attempt = services.retry_attempt(
            view.store, view.pilot_id, view.lead, pipeline=pipeline, upload_path=kept, seen_version=seen
        )
    start_render(view.store, view.pilot_id, attempt.attempt_number)
    return pilot


def _pipeline(view: View, name: str) -> str:
    chosen = view.typed(f"{name} pipeline")
    if chosen not in pipelines():
        raise InvalidRequest("Choose how the attempt is made.", field="pipeline")
    return chosen


def _film(view: View, name: str, seen: int) -> Path:
    """The uploaded film. Raises InvalidRequest, and Conflict where the pilot has moved on."""
    try:
        return taken_up(uploaded(view.key(f"{name} film")))
    except InvalidRequest as error:
        if view.store.load(view.pilot_id).version != seen:
            # Another click has taken it up.
            raise Conflict(str(error)) from error
        raise


@contextmanager
def _taken_up(view: View, film: Path | None) -> Iterator[str | None]:
    """The film's path in the pilot's folder, while an attempt of it is queued; then it is there only, or nowhere."""
    kept = services.keep_upload(view.store, view.pilot_id, film) if film else None
    try:
        yield kept
    except PilotError:
        if kept:
            view.store.media.remove([kept])
        raise
    if film:
        forget(film)
