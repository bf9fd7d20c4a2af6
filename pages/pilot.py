import streamlit as st

from pilot_core.errors import PilotNotFound
from pilot_core.web import access
from pilot_core.web import links as addresses
from pilot_core.web.pilot_page import (
    acts,
    comments,
    films,
    finder,
    header,
    links,
    messages,
    now,
    outcome,
    papers,
    quality,
    said,
    story,
)
from pilot_core.web.pilot_page.state import SECTION, look, told_once
from pilot_core.web.stores import store

visitor = access.require(access.Role.VIEWER)

pilot_id = st.query_params.get("pilot")
if not pilot_id:
    finder.show(store())
    st.stop()
try:
    view = look(store(), pilot_id, visitor.name)
except PilotNotFound as error:
    finder.show_missing(str(error))
    st.stop()

if st.query_params.pop(addresses.SECTION, None) == addresses.MESSAGES:
    st.session_state[view.key(SECTION)] = addresses.MESSAGES
told_once(view)
header.show(view)

left, right = st.columns(2, gap="large")
with left:
    shown = films.show(view)
with right:
    now.show(view, shown)

sections = st.tabs(
    [
        "SLA and quality",
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
        lambda: (said.show(view), comments.show(view)),
        lambda: links.show(view),
        lambda: messages.show(view),
        lambda: papers.show(view),
        lambda: outcome.show(view),
        lambda: story.show(view),
    ),
    strict=True,
):
    if section.open:
        with section:
            draw()

acts.show_open_dialog(view)
