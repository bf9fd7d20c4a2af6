"""All pilots, searched, filtered, sorted and paged; what is chosen stands in the address."""

from typing import Any

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import count
from pilot_core.models import ApprovalOutcome, PilotStatus
from pilot_core.store.judgements import standing_overrides
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import ORDERS, TOO_EARLY, PilotFilter, pilot_page
from pilot_core.web import badges, links, pilot_table
from pilot_core.web.paging import from_the_start, other_pages, page_asked, search_field
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
    with st.skeleton(height=900):
        found = pilot_page(store.database, chosen, st.session_state[ORDER], page_asked(PAGE), PER_PAGE)
    if not found.total:
        st.info("No pilot matches. Type fewer words, or take away a filter.", icon=":material/search_off:")
        return

    overrides = standing_overrides(store.database, [pilot.pilot_id for pilot in found.pilots])

    def opened() -> None:
        if pilot_id := pilot_table.clicked(found.pilots):
            links.open_pilot(pilot_id)

    st.dataframe(
        pilot_table.frame(found.pilots, viewer_zone(), overrides),
        column_config=pilot_table.columns(opened, found.pilots),
        hide_index=True,
        height="content",
        alt="Pilots with recommendation, attempts and last step; a company opens its pilot",
    )
    names = {pilot.pilot_id: f"{pilot.company_name}, {pilot.founder_name}" for pilot in found.pilots}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{count(found.total, 'pilot')}. A click on a company opens its pilot.")
        # The table's buttons cannot be reached by keyboard.
        chosen_id = st.selectbox(
            "Open a pilot of this page",
            list(names),
            index=None,
            format_func=lambda pilot_id: names.get(pilot_id, ""),
            placeholder="Open a pilot",
            key="open_pilot",
            label_visibility="collapsed",
            width=230,
        )
    if chosen_id:
        links.open_pilot(chosen_id)
    other_pages(found.total, PER_PAGE, PAGE)


def _controls() -> PilotFilter:
    told = filters()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = search_field(SEARCH, _from_the_start)
        with st.popover("Filters", icon=":material/filter_list:"):
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
    _what_is_shown(told)
    return PilotFilter(
        search=search,
        status=picked["status"],
        outcome=picked["outcome"],
        scenario=picked["scenario"],
        brand=picked["brand"],
        recommendation=tuple(TOO_EARLY if word == badges.TOO_EARLY.word else word for word in picked["badge"]),
    )


def _what_is_shown(told: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Say what the list is narrowed to, with a way out of it; or offer what it was narrowed to last.

    Streamlit takes the filters out of the address when the page is left.
    """
    said = st.session_state
    if now := {name: said[name] for name in (SEARCH, *told) if said.get(name)}:
        said[LAST] = now
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Only {plain(_words(told, now))}", width="content")
            st.button("Show all", type="tertiary", icon=":material/close:", on_click=_show_all, args=(tuple(now),))
    elif last := said.get(LAST):
        st.button(
            f"Filter as before: {plain(_words(told, last))}",
            type="tertiary",
            icon=":material/history:",
            on_click=said.update,
            args=(last,),
        )


def _words(told: dict[str, tuple[str, dict[str, str]]], chosen: dict[str, Any]) -> str:
    values = [told[name][1].get(value, value) for name in told for value in chosen.get(name, ())]
    return ", ".join([*([f"“{chosen[SEARCH]}”"] if SEARCH in chosen else []), *values])


def _show_all(names: tuple[str, ...]) -> None:
    for name in names:
        st.session_state[name] = "" if name == SEARCH else []
    _from_the_start()


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
    from_the_start(PAGE)
