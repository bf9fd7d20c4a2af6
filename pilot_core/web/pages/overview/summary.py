"""The overview of this session's visitor, with what is new since their last visit."""

import streamlit as st

from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.inbox import Asked, Inbox, Kind
from pilot_core.store.queries.overview import Overview, overview
from pilot_core.store.tables.visits import begin_visit
from pilot_core.web.access import page_guard

SINCE_KEY = "overview_since"


def load_view(
    store: PilotStore, config: Settings, visitor: str, show: Inbox = Inbox.EVERYONE, all_of: tuple[Kind, ...] = ()
) -> Overview:
    """Load the overview for this visitor. The visit is recorded once per session.

    Viewers' visits are not recorded, so nothing is marked as new for them.
    """
    now = store.clock()
    if SINCE_KEY not in st.session_state:
        record = page_guard.may_change()
        st.session_state[SINCE_KEY] = (
            store.database.transaction(lambda connection: begin_visit(connection, visitor, now)) if record else None
        )
    asked = Asked(
        visitor=visitor,
        since=st.session_state[SINCE_KEY],
        now=now,
        ours_late=config.hours.before(now, config.answer_hours),
        review_late=config.hours.before(now, config.review_hours),
        show=show,
        all_of=all_of,
    )
    return overview(store.database, asked)
