"""The videos: every attempt and its drafts, a comparison of two side by side, and what changed."""

from typing import NamedTuple

import streamlit as st

from pilot_core import catalog
from pilot_core.documents.names import CONTACT_SHEET
from pilot_core.domain.attempt import AttemptState, Draft, PilotRunAttempt
from pilot_core.formatting import count, dollars, seconds
from pilot_core.review.comments import threads_of
from pilot_core.timecode import seconds_to_frame
from pilot_core.web.components.comment_markers import comment_markers
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.player import Marker, PlayerMedia, compare_player, media_for, player, seek
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.downloads import address

SIDE_BY_SIDE = "Side by side"


class Shown(NamedTuple):
    """The attempt and the draft on screen; ``draft`` is None if the drafts are unknown."""

    attempt: PilotRunAttempt
    draft: Draft | None


def show(view: View) -> Shown | None:
    """Draw the videos; returns what is on screen, None while there is no video."""
    ready = [a for a in view.pilot.runs if a.state is AttemptState.READY]
    if not ready:
        empty_state("The film will be here as soon as it is made, with its captions, to be watched frame by frame.")
        return None
    names = [f"Attempt {attempt.attempt_number}" for attempt in ready]
    places = [*names, SIDE_BY_SIDE] if len(_choices(view, ready)) > 1 else names
    # The key names the latest attempt, so that a new one is selected when it is ready.
    tabs = st.tabs(places, default=names[-1], key=view.key(f"attempts {names[-1]}"), on_change="rerun")
    shown = Shown(ready[-1], ready[-1].final_draft)
    for tab, attempt in zip(tabs, ready, strict=False):
        if tab.open:
            with tab:
                shown = _attempt(view, attempt)
    if len(places) > len(names) and tabs[-1].open:
        with tabs[-1]:
            _side_by_side(view, ready)
    return shown


def go_to(view: View, attempt: PilotRunAttempt, frame: int) -> None:
    """Show an attempt's video, as reviewers saw it, at a frame. For use as a button's callback."""
    ready = [a.attempt_number for a in view.pilot.runs if a.state is AttemptState.READY]
    number, draft = attempt.attempt_number, attempt.final_draft
    st.session_state[view.key(f"attempts Attempt {max(ready)}")] = f"Attempt {number}"
    if draft and len(attempt.drafts) > 1:
        st.session_state[view.key(f"draft {number}")] = draft.iteration
    seek(view.key(_film_key(attempt, draft)), frame)


def _film_key(attempt: PilotRunAttempt, draft: Draft | None) -> str:
    return f"film {attempt.attempt_number} {draft.iteration if draft else ''}"


def _attempt(view: View, attempt: PilotRunAttempt) -> Shown:
    draft = _draft_asked(view, attempt)
    media = _media(view, attempt, draft)
    if media is None:
        st.info("This attempt’s film is not in the store, so there is nothing to play here.")
        return Shown(attempt, draft)
    threads = threads_of(view.store, view.pilot_id, attempt.attempt_number) if draft == attempt.final_draft else []
    markers = [*_shot_markers(view, draft, media), *comment_markers(threads, media.rate)]
    player(media, view.key(_film_key(attempt, draft)), markers=markers)
    st.caption(_facts(attempt, draft))
    if draft and draft.original_path:
        _conversion(view, draft.original_path, draft.conform_note)
    if draft and (draft.changes or draft.notes):
        with st.expander("What changed, and why it looks like this", icon=":material/difference:"):
            _sentences("Changed since the last version, says the pipeline", [change.text for change in draft.changes])
            _sentences("Creative choices", draft.notes)
    if attempt.review_pack_path and (draft is None or draft == attempt.final_draft):
        with st.expander("Contact sheet", icon=":material/grid_view:"):
            st.markdown(
                f"![Contact sheet of attempt {attempt.attempt_number}, a still of each shot]"
                f"(/watch/{attempt.attempt_id}/{CONTACT_SHEET})"
            )
    return Shown(attempt, draft)


def _conversion(view: View, delivered: str, note: str) -> None:
    """Say that the video was converted, and offer the delivered file."""
    said = f"Converted so that it plays on every device. {plain(note)}".strip()
    base = f"{view.pilot_id}/"
    if delivered.startswith(base) and view.store.media.existing([delivered], of=view.pilot_id):
        said += f" [Download the delivered file]({address(view.pilot_id, delivered.removeprefix(base))})"
    st.caption(said)


def _draft_asked(view: View, attempt: PilotRunAttempt) -> Draft | None:
    chosen = attempt.final_draft
    if len(attempt.drafts) < 2:
        return chosen
    drafts = {draft.iteration: draft for draft in attempt.drafts}
    asked = st.segmented_control(
        "Draft",
        list(drafts),
        default=chosen.iteration if chosen else None,
        format_func=lambda n: _draft_name(drafts[n], chosen),
        required=True,
        label_visibility="collapsed",
        key=view.key(f"draft {attempt.attempt_number}"),
    )
    return drafts.get(asked, chosen) if asked else chosen


def _draft_name(draft: Draft, chosen: Draft | None) -> str:
    missed = sum(check.passed is False for check in draft.checks)
    verdict = f"misses {missed}" if missed else "SLA met"
    return f"Draft {draft.iteration}, {verdict}" + (", sent" if draft is chosen else "")


def _side_by_side(view: View, ready: list[PilotRunAttempt]) -> None:
    choices = _choices(view, ready)
    names = list(choices)
    left, right = st.columns(2)
    with left:
        one = st.selectbox("Left", names, index=len(names) - 2, key=view.key(f"left {len(names)}"))
    with right:
        other = st.selectbox("Right", names, index=len(names) - 1, key=view.key(f"right {len(names)}"))
    if one not in choices or other not in choices:
        return
    compare_player(choices[one], choices[other], view.key(f"compare {one} {other}"))
    st.caption("Both play in step: one set of controls moves both, frame by frame.")


def _choices(view: View, ready: list[PilotRunAttempt]) -> dict[str, PlayerMedia]:
    """Return every video that can be compared, by its name."""
    found = {}
    for attempt in ready:
        for draft in [*attempt.drafts, *([] if attempt.drafts else [None])]:
            several = f", draft {draft.iteration}" if draft and len(attempt.drafts) > 1 else ""
            if media := _media(view, attempt, draft):
                found[f"Attempt {attempt.attempt_number}{several}"] = media
    return found


def _media(view: View, attempt: PilotRunAttempt, draft: Draft | None) -> PlayerMedia | None:
    path = draft.video_path if draft else attempt.video_path
    return media_for(attempt, draft) if path and view.store.media.existing([path], of=view.pilot_id) else None


def _shot_markers(view: View, draft: Draft | None, media: PlayerMedia) -> list[Marker]:
    beats = _beat_labels(view)
    return [
        Marker(f"shot-{place}", seconds_to_frame(shot.start, media.rate), beats.get(shot.beat, shot.beat), kind="shot")
        for place, shot in enumerate(draft.shots if draft else [])
    ]


def _beat_labels(view: View) -> dict[str, str]:
    scenario = catalog.scenarios().get(view.pilot.scenario_type)
    return {beat.id: beat.label for beat in scenario.beats} if scenario else {}


def _facts(attempt: PilotRunAttempt, draft: Draft | None) -> str:
    parts = [
        seconds(draft.duration) if draft and draft.duration else "",
        count(len(draft.shots), "shot") if draft and draft.shots else "",
        f"first cut after {seconds(attempt.time_to_first_cut_seconds)}"
        if attempt.time_to_first_cut_seconds is not None
        else "",
        count(attempt.iteration_count, "iteration") if attempt.iteration_count is not None else "",
        dollars(attempt.total_cost_dollars) if attempt.total_cost_dollars is not None else "",
        f"by {attempt.pipeline}" if attempt.pipeline else "",
    ]
    return plain(" · ".join(filter(None, parts)))


def _sentences(title: str, sentences: list[str]) -> None:
    if sentences:
        st.markdown("\n".join([f"**{title}**", "", *(f"- {plain(sentence)}" for sentence in sentences)]))
