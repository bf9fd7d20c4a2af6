"""Submit the new-pilot form: create the pilot, then begin its first attempt."""

from typing import Any

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.rendering.begin import begin
from pilot_core.services import brand_kits, pilots
from pilot_core.services.acts import Act, once
from pilot_core.store.pilots import PilotStore
from pilot_core.video.brand_files import KitFolder
from pilot_core.video.prepared_kit import prepared_kit
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key, renew
from pilot_core.web.components import warnings
from pilot_core.web.components.brand_kit_fields import given_kit, uploads_of
from pilot_core.web.pages.new_pilot import checks, fields
from pilot_core.web.routes.uploads import forget

CREATED = "new_pilot_created"
FORM = "new_pilot"


def submit(store: PilotStore, actor: Actor) -> None:
    """Create the pilot and begin its first attempt. Runs as a callback, so that the fields can show errors."""
    values = fields.typed()
    form = form_key(FORM)
    fields.show_faults(checks.faults(values))
    if fields.faults():
        return
    try:
        pilot = _start(store, values, Act(actor, key=f"{form} pilot"))
    except InvalidRequest as error:
        fields.show_faults({(error.field or "").partition(".")[0]: str(error)})
        return
    except PilotError as error:
        fields.show_faults({"": str(error)})
        return
    warnings.show_later(pilot)
    st.session_state[CREATED] = pilot.pilot_id
    for field in fields.TEXTS:
        st.session_state[fields.key(field)] = ""
    try:
        warnings.show_later(_begin(store, pilot.pilot_id, values, Act(actor, key=f"{form} attempt")))
    except PilotError as error:
        fields.show_faults({"": f"The pilot is saved, but attempt 1 was not started: {error}"})


def created_pilot() -> str | None:
    """Return the id of the pilot that was just created, until :func:`finish` is called."""
    return st.session_state.get(CREATED)


def finish() -> None:
    """Show what failed after the pilot was created, and let the next submission create another pilot."""
    if st.session_state.pop(CREATED, None):
        fields.show_other_fault()
        fields.show_faults({})
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
        brief=checks.brief_of(typed),
        max_attempts=typed["max_attempts"] or 0,
        max_iterations_per_attempt=typed["max_iterations_per_attempt"] or 0,
        now=store.clock(),
    )
    given = given_kit(store, fields.key(fields.KIT))
    if given == KitFolder():
        return pilots.start_pilot(store, pilot, act.actor, key=act.key)
    with prepared_kit(given) as files:
        started = pilots.start_pilot(store, pilot, act.actor, key=act.key)
        changed = brand_kits.change_kit(store, started.pilot_id, files, act.actor)
    for path in uploads_of(given):
        forget(path)
    changed.warnings.extend(started.warnings)
    return changed


def _begin(store: PilotStore, pilot_id: str, typed: dict[str, Any], act: Act) -> PilotRun:
    def begin_first() -> PilotRun:
        video = checks.video_of(typed)
        pilot, _ = begin(store, app().launch, pilot_id, typed["pipeline"], act, video=video)
        if video:
            forget(video)
        return pilot

    # The first click removes the upload once it is copied, so the second click would not find it.
    return once(store, act.key, begin_first, lambda _: store.load(pilot_id))
