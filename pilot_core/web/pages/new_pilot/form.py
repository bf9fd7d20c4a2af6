"""Submit the new-pilot form: create the pilot, then begin its first attempt."""

from pathlib import Path
from typing import Any

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.actors import Actor
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.rendering.begin import begin
from pilot_core.services import pilots
from pilot_core.services.acts import Act, once
from pilot_core.store.pilots import PilotStore
from pilot_core.video.pipelines import PIPELINES
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key, renew
from pilot_core.web.components import warnings
from pilot_core.web.components.pipeline_choice import pipelines
from pilot_core.web.components.upload_field import uploaded
from pilot_core.web.pages.new_pilot.fields import CHOICES, PROBLEM, TEXTS, VIDEO, key, show_other_problem
from pilot_core.web.routes.uploads import forget, taken_up

CREATED = "new_pilot_created"
FORM = "new_pilot"


def submit(store: PilotStore, actor: Actor) -> None:
    """Create the pilot and begin its first attempt. Runs as a callback, so that the fields can show errors."""
    st.session_state.pop(PROBLEM, None)
    typed = {name: st.session_state.get(key(name)) for name in (*TEXTS, *CHOICES)} | {VIDEO: uploaded(key(VIDEO))}
    form = form_key(FORM)
    try:
        pilot = _start(store, typed, Act(actor, key=f"{form} pilot"))
    except InvalidRequest as error:
        st.session_state[PROBLEM] = ((error.field or "").partition(".")[0], str(error))
        return
    except PilotError as error:
        st.session_state[PROBLEM] = ("", str(error))
        return
    warnings.show_later(pilot)
    st.session_state[CREATED] = pilot.pilot_id
    for field in TEXTS:
        st.session_state[key(field)] = ""
    try:
        warnings.show_later(_begin(store, pilot.pilot_id, typed, Act(actor, key=f"{form} attempt")))
    except PilotError as error:
        st.session_state[PROBLEM] = ("", f"The pilot is saved, but its first cut was not begun: {error}")


def created_pilot() -> str | None:
    """Return the id of the pilot that was just created, until :func:`finish` is called."""
    return st.session_state.get(CREATED)


def finish() -> None:
    """Show what failed after the pilot was created, and let the next submission create another pilot."""
    if st.session_state.pop(CREATED, None):
        show_other_problem()
        st.session_state.pop(PROBLEM, None)
        renew(FORM)


def _start(store: PilotStore, typed: dict[str, Any], act: Act) -> PilotRun:
    # After the first click the form may already be empty. The second click returns the first one's pilot.
    return once(store, act.key, lambda: _start_new(store, typed, act), lambda result: store.load(result["pilot_id"]))


def _start_new(store: PilotStore, typed: dict[str, Any], act: Act) -> PilotRun:
    pilot = pilots.create_pilot(
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
    _video(typed)
    return pilots.start_pilot(store, pilot, act.actor, key=act.key)


def _begin(store: PilotStore, pilot_id: str, typed: dict[str, Any], act: Act) -> PilotRun:
    def begin_first() -> PilotRun:
        video = _video(typed)
        pilot, _ = begin(store, app().launch, pilot_id, typed["pipeline"], act, video=video)
        if video:
            forget(video)
        return pilot

    # The first click removes the upload once it is copied, so the second click would not find it.
    return once(store, act.key, begin_first, lambda _: store.load(pilot_id))


def _video(typed: dict[str, Any]) -> Path | None:
    """Return the uploaded video, for a pipeline that takes one. Raises InvalidRequest."""
    return taken_up(app().store, typed["video"]) if PIPELINES[typed["pipeline"]].takes_upload else None


def _brief(typed: dict[str, Any]) -> Brief:
    points = [" ".join(line.split()) for line in (typed["proof_points"] or "").splitlines() if line.strip()]
    if len(points) > limits.PROOF_POINTS:
        raise InvalidRequest(f"There are {len(points)} proof points; keep the best five.", field="proof_points")
    for number, point in enumerate(points, 1):
        if len(point) > limits.PROOF_POINT:
            sentence = f"Proof point {number} has {len(point)} characters; shorten it to {limits.PROOF_POINT}."
            raise InvalidRequest(sentence, field="proof_points")
    lines = {name: (typed[name] or "").strip() for name in ("product", "message", "call_to_action", "link")}
    return pilots.parse_brief({**lines, "proof_points": points})
