"""One pilot's filed reports, on the reports page."""

from collections.abc import Callable

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.errors import PilotError
from pilot_core.insight.recommend import recommend
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables.judgements import open_override
from pilot_core.web.components import badges, filed_reports, links
from pilot_core.web.components.text import plain
from pilot_core.web.components.verdicts import override_badge

RESULT = "result of filing"


def show(store: PilotStore, pilot_id: str, lead: Actor) -> None:
    """Draw the pilot's reports. Raises PilotNotFound."""
    pilot = store.load(pilot_id)
    result = recommend(pilot)
    override = store.database.read(lambda connection: open_override(connection, pilot_id))
    # A button, since Streamlit draws a link to the current page like a navigation entry.
    if st.button("All reports", type="tertiary", icon=":material/arrow_back:"):
        st.switch_page(links.REPORTS)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(pilot.company_name), anchor=False, width="content")
        badges.badge(result.recommendation, result.words, result.code)
        if override:
            override_badge(override)
        st.markdown(plain(result.summary), width="content")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(pilot.founder_name), width="content")
        links.pilot_link(pilot_id, "Open the pilot")
    _show_result()
    filed_reports.form(store, pilot, lead, _file)
    st.header("Filed reports", anchor=False)
    filed_reports.show_all(store, pilot_id, store.clock())


def _file(save: Callable[[], None]) -> None:
    try:
        save()
    except PilotError as error:
        st.session_state[RESULT] = (False, str(error))
    else:
        st.session_state[RESULT] = (True, "Filed.")


def _show_result() -> None:
    done, sentence = st.session_state.pop(RESULT, (True, ""))
    if not done:
        st.error(plain(sentence), icon=":material/error:")
    elif sentence:
        st.toast(sentence, icon=":material/check:")
