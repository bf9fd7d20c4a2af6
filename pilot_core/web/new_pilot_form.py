"""The form of a new pilot: its fields, what was wrong with them, and what happens when it is sent."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from pilot_core import catalog, services
from pilot_core.errors import InvalidRequest, PipelineFailed, PilotError
from pilot_core.models import Brief, PilotRun
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web.background import start_render
from pilot_core.web.text import plain

MAX_UPLOAD_MB = 200
CREATED, PROBLEM = "new_pilot_created", "new_pilot_problem"
PIPELINES = {
    "storyboard": "Storyboard: drawn from the brief, in a minute or two",
    "upload": "Upload: a finished film you bring",
    "command": "Command: the program set up for this server",
}
EXAMPLES = {
    "feature_launch": ("Northbeam Recall", "Find any decision your team ever made", "Answers in 4 seconds", "Try it on your inbox"),
    "funding_announcement": ("Fjordbank Ledger", "One ledger for every clearing house", "€12M Series A", "Read the announcement"),
    "problem_solution": ("Brisa", "Sleep support that starts with listening", "Built with 40 sleep nurses", "Start tonight"),
}  # fmt: skip
TEXTS = ("founder", "company", "product", "message", "proof_points", "call_to_action", "link")


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


def problem_elsewhere(*fields: str) -> None:
    """What was wrong that belongs to none of the fields."""
    found = st.session_state.get(PROBLEM)
    if found and found[0] not in fields:
        st.error(plain(found[1]), icon=":material/error:")


def pipelines() -> list[str]:
    """The pipelines this server can run, the usual one first."""
    present = settings()
    known = [name for name in PIPELINES if name != "command" or present.command]
    return sorted(known, key=lambda name: name != present.pipeline)


def send(store: PilotStore, actor: str) -> None:
    """Create the pilot from what was typed and begin its first cut; a callback, so that the fields show what is wrong.

    A second click while the first is at work finds the pilot created, and does nothing.
    """
    if CREATED in st.session_state:
        return
    st.session_state.pop(PROBLEM, None)
    try:
        pilot = _create(store, actor)
    except InvalidRequest as error:
        st.session_state[PROBLEM] = (_field(error.field or ""), str(error))
        return
    except PilotError as error:
        st.session_state[PROBLEM] = ("", str(error))
        return
    st.session_state[CREATED] = pilot.pilot_id
    for field in TEXTS:
        st.session_state[key(field)] = ""


def _create(store: PilotStore, actor: str) -> PilotRun:
    said = st.session_state
    points = [" ".join(line.split()) for line in (said.get(key("proof_points")) or "").splitlines()]
    brief = services.parse_brief(
        {
            "proof_points": [line for line in points if line],
            **{name: (said.get(key(name)) or "").strip() for name in Brief.model_fields if name != "proof_points"},
        }
    )
    pilot = services.create_pilot(
        said.get(key("founder")) or "",
        said.get(key("company")) or "",
        said[key("scenario")],
        said[key("brand")],
        brief=brief,
        max_attempts=said[key("max_attempts")],
        max_iterations_per_attempt=said[key("max_iterations_per_attempt")],
        now=store.clock(),
    )
    pipeline = said[key("pipeline")]
    if pipeline not in pipelines():
        raise InvalidRequest("Choose how the first cut is made.", field="pipeline")
    if pipeline != "upload":
        return _begin(store, pilot, pipeline, None, actor)
    with tempfile.TemporaryDirectory() as folder:
        film = received(said.get(key("video")), Path(folder))
        return _begin(store, pilot, pipeline, film, actor)


def _begin(store: PilotStore, pilot: PilotRun, pipeline: str, film: Path | None, actor: str) -> PilotRun:
    services.start_pilot(store, pilot, actor)
    kept = services.keep_upload(store, pilot.pilot_id, film) if film else None
    pilot, attempt = services.queue_attempt(store, pilot.pilot_id, pipeline, actor, upload_path=kept)
    start_render(store, pilot.pilot_id, attempt.attempt_number)
    return pilot


def received(upload: Any, folder: Path) -> Path:
    """The uploaded film as a file that was found to play. Raises InvalidRequest."""
    from pilot_core.video.probe import quick_check

    if upload is None:
        raise InvalidRequest("Choose the finished film to upload, an mp4.", field="video")
    if upload.size > MAX_UPLOAD_MB * 1_000_000:
        raise InvalidRequest(f"The film is larger than {MAX_UPLOAD_MB} MB; export it smaller.", field="video")
    path = folder / "upload.mp4"
    with path.open("wb") as file:
        shutil.copyfileobj(upload, file)
    try:
        quick_check(path)
    except PipelineFailed as error:
        raise InvalidRequest(f"“{upload.name}” cannot be used: {error}", field="video") from error
    return path


def _field(name: str) -> str:
    return "proof_points" if name.startswith("proof_points") else name
