"""Start the next attempt or retry a failed one: the brief, the choice of pipeline, and the button."""

from pathlib import Path

import streamlit as st

from pilot_core import catalog
from pilot_core.catalog import FlagInfo
from pilot_core.domain.brief import BASIC, BRIEF_LABELS, BRIEF_TITLES, NEEDED
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import Conflict, InvalidRequest, PilotError
from pilot_core.insight.evidence import shortened
from pilot_core.rendering import preview
from pilot_core.rendering.begin import begin, retry
from pilot_core.services.acts import Act
from pilot_core.services.pilots import PLAN
from pilot_core.video.contract import CutBrief
from pilot_core.video.pipelines import PIPELINES, Pipeline
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components.pipeline_choice import label as pipeline_label
from pilot_core.web.components.pipeline_choice import pipelines
from pilot_core.web.components.text import plain
from pilot_core.web.components.upload_field import upload_field, uploaded
from pilot_core.web.pages.pilot import storyboard_state
from pilot_core.web.pages.pilot.actions import Action, act_button, open_dialog
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.uploads import forget, taken_up


def start_button(view: View, *, label: str, name: str, in_dialog: bool = False) -> None:
    """Draw the choice of pipeline and the button that starts the attempt; ``in_dialog`` is true in a dialog."""
    _pipeline_field(view, name)
    act_button(
        view,
        label,
        Action(lambda seen: _start(view, seen, name), "Started: the film is being made."),
        in_dialog=in_dialog,
        icon=":material/movie:",
        width="stretch",
        key=view.key(f"{name} start"),
    )


def retry_button(view: View, number: int) -> None:
    """Draw the choice of pipeline and the button that renders a failed attempt again."""
    _pipeline_field(view, "retry", has_upload=bool(view.pilot.attempt(number).upload_path))
    act_button(
        view,
        f"Retry attempt {number}",
        Action(lambda seen: _retry(view, seen, "retry"), f"Attempt {number} is being made again."),
        icon=":material/refresh:",
        width="stretch",
    )


def show_brief(view: View) -> None:
    """Draw the brief of the next attempt: the feedback, and what the pipeline will do."""
    try:
        brief = preview.next_brief(app().store, view.pilot)
    except PilotError as error:
        st.warning(plain(str(error)))
        return
    if brief.reviews or brief.comments:
        st.markdown(_feedback_lines(brief))
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


def show_needs(view: View) -> None:
    """Draw, for the action card, what the chosen pipeline will not do about the latest feedback."""
    try:
        brief = preview.next_brief(app().store, view.pilot)
    except PilotError:
        return  # the preview below says why
    pipeline = _chosen(view)
    lines = [_needs_correction(flag) for flag in preview.for_a_person(view.pilot)]
    if pipeline.planner:
        named = {flag.id for flag in preview.for_a_person(view.pilot)}
        lines += [
            change.text for change in pipeline.planned(brief) if not (change.answered or set(change.flags) <= named)
        ]
        lines += [f"The pipeline does not read “{shortened(words)}”" for words in preview.unread_words(brief)]
    if lines:
        title = f"**Needs a person before attempt {brief.attempt_number}**"
        st.warning("\n".join([title, "", *(f"- {plain(line)}" for line in lines)]), icon=":material/person_alert:")
    if pipeline.takes_plan:
        _edit_button(view, brief)


def _edit_button(view: View, brief: CutBrief) -> None:
    """Draw the button that opens the storyboard, at the words in question if the latest review names some."""
    flags = brief.reviews[-1].flags if brief.reviews else []
    places = storyboard_state.places_of(storyboard_state.board(view).film, flags) if flags else []
    st.button(
        "Edit the storyboard…",
        key=view.key("edit storyboard"),
        icon=":material/view_carousel:",
        width="stretch",
        on_click=storyboard_state.open_section,
        args=(view, places[0] if places else 0),
    )


def _needs_correction(flag: FlagInfo) -> str:
    field = BRIEF_LABELS.get(flag.needs or "", flag.needs or "")
    return f"{flag.label}: correct the brief’s {field}"


def _chosen(view: View) -> Pipeline:
    return PIPELINES[st.session_state.get(view.key("next pipeline")) or _latest_or_usual(view)]


def _latest_or_usual(view: View) -> str:
    """Return the pipeline of the latest attempt, or the usual one if this server cannot run it."""
    known, latest = pipelines(), view.pilot.latest_attempt
    return latest.pipeline if latest and latest.pipeline in known else known[0]


def _feedback_lines(brief: CutBrief) -> str:
    lines = ["**Feedback it carries**", ""]
    for review in brief.reviews:
        given = review.feedback
        flags = ", ".join(catalog.label("flag", flag) for flag in given.flags)
        decision = given.level.value.replace("_", " ") + (f" ({flags})" if flags else "")
        words = f": “{given.notes}”" if given.notes.strip() else ""
        file = f", with the {review.attachment}" if review.attachment else ""
        lines.append(f"- {plain(f'Attempt {review.attempt_number}, {decision}{words}{file}')}")
    for request in brief.unmet:
        unmet = f"not addressed in attempt {request.not_addressed_in}"
        words = request.words if request.flag else f"“{request.words}”"
        lines.append(f"- {plain(f'Attempt {request.attempt_number}, {request.by}, {unmet}: {words}')}")
    for comment in brief.comments:
        where = f"Attempt {comment.attempt_number} at {comment.timecode}"
        unmet = f", not addressed in attempt {comment.not_addressed_in}" if comment.not_addressed_in else ""
        said = f": “{comment.body}”" if comment.body else ""
        file = f", with the {comment.attachment}" if comment.attachment else ""
        lines.append(f"- {plain(f'{where}, {comment.author}{unmet}{said}{file}')}")
    return "\n".join(lines)


def _planned(view: View, brief: CutBrief) -> None:
    """Draw what the chosen pipeline will do about the feedback."""
    pipeline = _chosen(view)
    title = "What the storyboard will do about it" if pipeline.planner else "What will be done about it"
    # What people have to do is shown above, on the card.
    lines = [change.text for change in pipeline.planned(brief) if change.answered]
    if lines:
        st.markdown("\n".join([f"**{title}**", "", *(f"- {plain(line)}" for line in lines)]))


def _brief_lines(view: View) -> str:
    brief = view.pilot.brief
    lines = ["**The brief**", ""]
    for field, label in BRIEF_TITLES.items():
        value = getattr(brief, field)
        text = "; ".join(value) if isinstance(value, list) else value
        if not text.strip() and field not in BASIC:
            continue
        empty = ":gray[a placeholder in brackets]" if field in NEEDED else ":gray[left out]"
        shown = plain(text) if text.strip() else empty
        lines.append(f"- {label}: {shown}")
    return "\n".join(lines)


def _pipeline_field(view: View, name: str, *, has_upload: bool = False) -> None:
    known = pipelines()
    pipeline = st.selectbox(
        "How it is made",
        known,
        index=known.index(_latest_or_usual(view)),
        format_func=pipeline_label,
        key=view.key(f"{name} pipeline"),
    )
    if PIPELINES[pipeline].takes_upload:
        again = "Without another, the film that was brought before is tried again." if has_upload else ""
        upload_field(view.key(f"{name} film"), note=again)


def _start(view: View, seen: int, name: str) -> PilotRun:
    pipeline = _pipeline(view, name)
    video = _video(view, name, seen) if PIPELINES[pipeline].takes_upload else None
    pilot, _ = begin(view.store, app().launch, view.pilot_id, pipeline, _act(view, seen, name), video=video)
    if video:
        forget(video)
    return pilot


def _retry(view: View, seen: int, name: str) -> PilotRun:
    pipeline = _pipeline(view, name)
    failed = view.pilot.latest_attempt
    # The earlier upload is used again unless another is uploaded.
    brought = failed.upload_path if failed else None
    there = bool(brought) and not str(brought).endswith(PLAN) and uploaded(view.key(f"{name} film")) is None
    video = _video(view, name, seen) if PIPELINES[pipeline].takes_upload and not there else None
    act = _act(view, seen, name)
    pilot, _ = retry(view.store, app().launch, view.pilot_id, act, pipeline=pipeline, video=video)
    if video:
        forget(video)
    return pilot


def _act(view: View, seen: int, name: str) -> Act:
    """Return the lead's act on the version they saw. A second click in this session gets the same key."""
    return Act(view.lead, seen, f"{form_key(view.key(name))} {seen}")


def _pipeline(view: View, name: str) -> str:
    chosen = view.typed(f"{name} pipeline")
    if chosen not in pipelines():
        raise InvalidRequest("Choose how the attempt is made.", field="pipeline")
    return chosen


def _video(view: View, name: str, seen: int) -> Path:
    """Return the uploaded video. Raises InvalidRequest, and Conflict if the pilot was changed in the meantime."""
    try:
        return taken_up(view.store, uploaded(view.key(f"{name} film")))
    except InvalidRequest as error:
        if view.store.load(view.pilot_id).version != seen:
            # Another click has used it.
            raise Conflict(str(error)) from error
        raise
