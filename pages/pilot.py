from functools import partial

import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.errors import PilotNotFound
from pilot_core.rendering import old_videos
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import links as addresses
from pilot_core.web.components import live_updates, pilot_finder
from pilot_core.web.components.phone import on_a_phone
from pilot_core.web.pages.pilot import (
    checklist,
    comments,
    dialogs,
    documents_tab,
    feedback_list,
    header,
    history,
    links,
    messages,
    next_action,
    outcome,
    quality,
    storyboard,
    storyboard_state,
    videos,
)
from pilot_core.web.pages.pilot.actions import show_done
from pilot_core.web.pages.pilot.view import SECTION, changes_since, load_view

visitor = require(Role.VIEWER)

pilot_id = st.query_params.get("pilot")
if not pilot_id:
    pilot_finder.show(app().store)
    st.stop()
number = live_updates.present_number(app().store, pilot_id)
try:
    view = load_view(app().store, pilot_id, visitor.actor)
except PilotNotFound as error:
    pilot_finder.show_missing(str(error))
    st.stop()

if st.query_params.pop(addresses.SECTION, None) == addresses.MESSAGES:
    st.session_state[view.key(SECTION)] = addresses.MESSAGES
show_done(view)
old_videos.ask(view.store, view.pilot)
header.show(view)

if on_a_phone():
    action_place, video_place, checklist_place = st.container(), st.container(), st.container()
else:
    # The action comes first with the keyboard, where the player has ten stops; the film is what is looked at first.
    with st.container(key="film_and_action"):
        st.html("<style>.st-key-film_and_action > * > .stHorizontalBlock { flex-direction: row-reverse }</style>")
        action_place, video_place = st.columns(2, gap="large")
    checklist_place = action_place
with video_place:
    shown = videos.show(view)
with action_place:
    next_action.show(view, shown)
with checklist_place:
    checklist.show(view, shown)

sections = st.tabs(
    [
        "SLA and quality",
        storyboard_state.TITLE,
        "Feedback and comments",
        links.TITLE,
        addresses.MESSAGES,
        "Documents",
        "Outcome report",
        "History",
    ],
    key=view.key(SECTION),
    on_change="rerun",
)
for section, draw in zip(
    sections,
    (
        lambda: quality.show(view, shown),
        lambda: storyboard.show(view),
        lambda: (feedback_list.show(view), comments.show(view)),
        lambda: links.show(view),
        lambda: messages.show(view),
        lambda: documents_tab.show(view),
        lambda: outcome.show(view),
        lambda: history.show(view),
    ),
    strict=True,
):
    if section.open:
        with section:
            draw()

dialogs.show_open_dialog(view)
live_updates.show(number, partial(changes_since, view), pilot_id)
