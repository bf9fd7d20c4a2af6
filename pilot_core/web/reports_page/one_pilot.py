"""The reports page with one pilot's reports in front."""

from collections.abc import Callable

import streamlit as st

from pilot_core.errors import PilotError
from pilot_core.insight.recommend import recommend
from pilot_core.store.judgements import standing_override
from pilot_core.store.pilots import PilotStore
from pilot_core.web import badges, links
from pilot_core.web.reports_page import filed
from pilot_core.web.text import plain
from pilot_core.web.verdicts import override_badge

TOLD = "told of filing"


def show(store: PilotStore, pilot_id: str, lead: str) -> None:
    """Draw it. Raises PilotNotFound."""
    pilot = store.load(pilot_id)
    result = recommend(pilot)
    override = store.database.read(lambda connection: standing_override(connection, pilot_id))
    # A link to the page one is on looks like a place in the navigation.
    if st.button("All reports", type="tertiary", icon=":material/arrow_back:"):
        st.switch_page(links.REPORTS)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(pilot.company_name), anchor=False, width="content")
        badges.badge(result.recommendation, result.words)
        if override:
            override_badge(override)
        st.markdown(plain(result.summary), width="content")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(pilot.founder_name), width="content")
        links.pilot_link(pilot_id, "Open the pilot")
    _tell()
    filed.form(store, pilot, lead, _file)
    st.subheader("Filed reports", anchor=False)
    filed.listed(store, pilot_id, store.clock())


def _file(act: Callable[[], None]) -> None:
    try:
        act()
    except PilotError as error:
        st.session_state[TOLD] = (False, str(error))
    else:
        st.session_state[TOLD] = (True, "Filed.")


def _tell() -> None:
    done, sentence = st.session_state.pop(TOLD, (True, ""))
    if not done:
        st.error(plain(sentence), icon=":material/error:")
    elif sentence:
        st.toast(sentence, icon=":material/check:")
