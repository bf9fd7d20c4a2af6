"""The form of a new pilot: its fields, what was wrong with them, and what happens when it is sent."""

from pathlib import Path
from typing import Any

import streamlit as st

from pilot_core import services
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.models import Brief
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web.background import start_render
from pilot_core.web.once import once, renew, token
from pilot_core.web.text import plain
from pilot_core.web.upload_field import uploaded
from pilot_core.web.uploads import forget, taken_up

CREATED, PROBLEM = "new_pilot_created", "new_pilot_problem"
PIPELINES = {
    "storyboard": "Storyboard: drawn from the brief, in a minute or two",
    "upload": "Upload: a finished film you bring",
    "command": "Command: the program set up for this server",
}
EXAMPLES = {
    "feature_launch": Brief(
        product="Northbeam Recall",
        message="Find any decision your team ever made",
        proof_points=["Answers in 4 seconds", "Reads 12 tools you already use"],
        call_to_action="Try it on your inbox",
        link="northbeam.example",
    ),
    "funding_announcement": Brief(
        product="Fjordbank Ledger",
        message="One ledger for every clearing house",
        proof_points=["14 banks live", "€12M Series A"],
        call_to_action="Read the announcement",
        link="fjordbank.example",
    ),
    "problem_solution": Brief(
        product="Brisa",
        message="Sleep support that starts with listening",
        proof_points=["Built with 40 sleep nurses"],
        call_to_action="Start tonight",
        link="brisa.example",
    ),
}
FORM = "new_pilot"
TEXTS = ("founder", "company", "product", "message", "proof_points", "call_to_action", "link")
CHOICES = ("scenario", "brand", "pipeline", "max_attempts", "max_iterations_per_attempt")


def key(field: str) -> str:
    """The session key of a field."""
    return f"new_pilot_{field}"


def text(label: str, field: str, **options: Any) -> None:
    """A line of text, with what was wrong with it below. What is typed stays when the page is left."""
    st.text_input(label, key=key(field), on_change="ignore", persist_state="session", **options)
    problem(field)


def problem(field: str) -> None:
    """What was wrong with the field when the form was last sent."""
    found = st.session_state.get(PROBLEM)
    if found and found[0] == field:
        st.error(plain(found[1]), icon=":material/error:")


def problem_elsewhere() -> None:
    """What was wrong that belongs to none of the fields."""
    found = st.session_state.get(PROBLEM)
    if found and found[0] not in (*TEXTS, *CHOICES, "video"):
        st.error(plain(found[1]), icon=":material/error:")


def pipelines() -> list[str]:
    """The pipelines this server can run, the usual one first."""
    present = settings()
    known = [name for name in PIPELINES if name != "command" or present.command]
    return sorted(known, key=lambda name: name != present.pipeline)


def send(store: PilotStore, actor: str) -> None:
    """Create the pilot from what was typed and begin its first cut; a callback, so that fields show what is wrong."""
    st.session_state.pop(PROBLEM, None)
    typed = {name: st.session_state.get(key(name)) for name in (*TEXTS, *CHOICES)} | {"video": uploaded(key("video"))}
    form = token(FORM)
    try:
        # From here on the pilot is there, whatever becomes of the rest: another click must not make another one.
        pilot_id = once(f"{form} saved", lambda: _save(store, typed, actor))
    except InvalidRequest as error:
        st.session_state[PROBLEM] = ((error.field or "").partition(".")[0], str(error))
        return
    except PilotError as error:
        st.session_state[PROBLEM] = ("", str(error))
        return
    st.session_state[CREATED] = pilot_id
    for field in TEXTS:
        st.session_state[key(field)] = ""
    try:
        once(form, lambda: _begin(store, pilot_id, typed, actor))
    except PilotError as error:
        st.session_state[PROBLEM] = ("", f"The pilot is saved, but its first cut was not begun: {error}")


def sent() -> str | None:
    """The id of the pilot that the form has just created."""
    return st.session_state.get(CREATED)


def done() -> None:
    """The pilot is on the screen; the next form is another one. What went wrong after it was saved is said below."""
    if st.session_state.pop(CREATED, None):
        problem_elsewhere()
        st.session_state.pop(PROBLEM, None)
        renew(FORM)


def _save(store: PilotStore, typed: dict[str, Any], actor: str) -> str:
    pilot = services.create_pilot(
        typed["founder"] or "",
        typed["company"] or "",
        typed["scenario"] or "",
        typed["brand"] or "",
        brief=_brief(typed),
        max_attempts=typed["max_attempts"] or 0,
        max_iterations_per_attempt=typed["max_iterations_per_attempt"] or 0,
        now=store.clock(),
    )
    if typed["pipeline"] not in pipelines():
        raise InvalidRequest("Choose how the first cut is made.", field="pipeline")
    _film(typed)
    return store.save(pilot, actor).pilot_id


def _begin(store: PilotStore, pilot_id: str, typed: dict[str, Any], actor: str) -> None:
    services.write_documents(store, store.load(pilot_id))
    film = _film(typed)
    kept = services.keep_upload(store, pilot_id, film) if film else None
    try:
        _, attempt = services.queue_attempt(store, pilot_id, typed["pipeline"], actor, upload_path=kept)
    except PilotError:
        if kept:
            store.media.remove([kept])
        raise
    if film:
        forget(film)
    start_render(store, pilot_id, attempt.attempt_number)


def _film(typed: dict[str, Any]) -> Path | None:
    """The film that was uploaded, where the first cut is one. Raises InvalidRequest."""
    return taken_up(typed["video"]) if typed["pipeline"] == "upload" else None


def _brief(typed: dict[str, Any]) -> Brief:
    points = [" ".join(line.split()) for line in (typed["proof_points"] or "").splitlines() if line.strip()]
    if len(points) > 5:
        raise InvalidRequest(f"There are {len(points)} proof points; keep the best five.", field="proof_points")
    for number, point in enumerate(points, 1):
        if len(point) > 120:
            told = f"Proof point {number} has {len(point)} characters; shorten it to 120."
            raise InvalidRequest(told, field="proof_points")
    lines = {name: (typed[name] or "").strip() for name in ("product", "message", "call_to_action", "link")}
    return services.parse_brief({**lines, "proof_points": points})
