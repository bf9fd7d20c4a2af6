"""All pilots, searched, filtered, sorted and paged; what is chosen stands in the address."""

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import count
from pilot_core.models import ApprovalOutcome, PilotStatus
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import ORDERS, TOO_EARLY, PilotFilter, pilot_count, pilot_page
from pilot_core.web import badges, links, pilot_table
from pilot_core.web.text import plain
from pilot_core.web.times import viewer_zone

PER_PAGE = 25
SEARCH, ORDER, PAGE = "q", "sort", "page"
LAST = "pilot_list_last"
ORDER_WORDS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "last_step": "Last step first",
    "longest_still": "Longest still first",
    "company": "Company",
    "founder": "Founder",
}


def filters() -> dict[str, tuple[str, dict[str, str]]]:
    """The filters by their name in the address: label, and what can be chosen with its words."""
    return {
        "badge": ("Recommendation", {mark.word: mark.label for mark in badges.MARKS}),
        "status": ("Status", {status.value: status.value.capitalize() for status in PilotStatus}),
        "outcome": ("Outcome", {outcome.value: outcome.value.capitalize() for outcome in ApprovalOutcome}),
        "scenario": ("Scenario", {known.id: known.label for known in catalog.scenarios().values()}),
        "brand": ("Brand", {known.id: known.label for known in catalog.brands().values()}),
    }


@st.fragment
def show(store: PilotStore) -> None:
    """Draw the controls and the page of the list they ask for."""
    chosen = _controls()
    total = pilot_count(store.database, chosen)
    if not total:
        st.info("No pilot matches. Type fewer words, or take away a filter.", icon=":material/search_off:")
        return
    table = st.container()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{count(total, 'pilot')}. A click on a company opens its pilot.", width="content")
        # Drawn before the rows are read: only then does the page that stands in the address count.
        page = st.pagination(-(-total // PER_PAGE), key=PAGE, bind="query-params") if total > PER_PAGE else 1
    pilots = pilot_page(store.database, chosen, st.session_state[ORDER], page, PER_PAGE).pilots

    def opened() -> None:
        if pilot_id := pilot_table.clicked(pilots):
            links.open_pilot(pilot_id)

    table.dataframe(
        pilot_table.frame(pilots, viewer_zone()),
        column_config=pilot_table.columns(opened),
        hide_index=True,
        height="content",
        alt="Pilots with recommendation, attempts and last step; a company opens its pilot",
    )


def _controls() -> PilotFilter:
    told = filters()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            type="search",
            live="300ms",
            placeholder="Founder, company or id",
            key=SEARCH,
            bind="query-params",
            on_change=_from_the_start,
            label_visibility="collapsed",
        )
        active = sum(bool(st.session_state.get(name)) for name in told)
        with st.popover(f"Filters ({active})" if active else "Filters", icon=":material/filter_list:"):
            picked = {name: _choice(name, *told[name]) for name in told}
        st.selectbox(
            "Sort by",
            list(ORDERS),
            format_func=ORDER_WORDS.__getitem__,
            key=ORDER,
            bind="query-params",
            on_change=_from_the_start,
            label_visibility="collapsed",
            width=190,
        )
    _as_before(told)
    return PilotFilter(
        search=search or "",
        status=picked["status"],
        outcome=picked["outcome"],
        scenario=picked["scenario"],
        brand=picked["brand"],
        recommendation=tuple(TOO_EARLY if word == badges.TOO_EARLY.word else word for word in picked["badge"]),
    )


def _as_before(told: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Offer the filters that stood here last: Streamlit drops them from the address when the page is left."""
    said = st.session_state
    if now := {name: said[name] for name in (SEARCH, *told) if said.get(name)}:
        said[LAST] = now
    elif last := said.get(LAST):
        words = [told[name][1].get(value, value) for name in told for value in last.get(name, ())]
        shown = ", ".join([*([f"“{last[SEARCH]}”"] if SEARCH in last else []), *words])
        st.button(
            f"Filter as before: {plain(shown)}",
            type="tertiary",
            icon=":material/history:",
            on_click=said.update,
            args=(last,),
        )


def _choice(name: str, label: str, words: dict[str, str]) -> tuple[str, ...]:
    chosen = st.pills(
        label,
        list(words),
        selection_mode="multi",
        format_func=words.__getitem__,
        key=name,
        bind="query-params",
        on_change=_from_the_start,
    )
    return tuple(chosen)


def _from_the_start() -> None:
    st.session_state[PAGE] = 1
