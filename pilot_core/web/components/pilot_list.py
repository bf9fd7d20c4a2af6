"""The list of all pilots, searched, filtered, sorted and paged. Choices are stored in the page's address."""

from typing import Any

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.pilot import ApprovalOutcome, PilotStatus
from pilot_core.formatting import at_least
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.lists import ORDERS, PilotFilter, pilot_page
from pilot_core.web.components import badges, links, pilot_table
from pilot_core.web.components.paging import current_page, page_buttons, search_field, to_first_page
from pilot_core.web.components.text import plain

PER_PAGE = 25
SEARCH, ORDER, PAGE, AFTER = "q", "sort", "page", "after"
LAST = "pilot_list_last"
ORDER_WORDS = {
    "last_step": "Last activity",
    "longest_still": "Longest without activity",
    "newest": "Newest first",
    "oldest": "Oldest first",
    "company": "Company",
    "founder": "Founder",
}


Filters = dict[str, tuple[str, dict[str, str]]]
"""Filters by their name in the page's address: the label, and the options with their labels."""


def filters() -> Filters:
    """Return the filters of the list."""
    return {
        "badge": ("Recommendation", {mark.word: mark.label for mark in badges.MARKS}),
        "status": ("Status", {status.value: status.value.capitalize() for status in PilotStatus}),
        "outcome": ("Outcome", {outcome.value: outcome.value.capitalize() for outcome in ApprovalOutcome}),
        "scenario": ("Scenario", {known.id: known.label for known in catalog.scenarios().values()}),
        "brand": ("Brand", {known.id: known.label for known in catalog.brands().values()}),
    }


@st.fragment
def show(store: PilotStore) -> None:
    """Draw the search, the filters, the sort order, and the matching page of the list."""
    chosen = _controls()
    after = st.query_params.get(AFTER, "")
    with st.skeleton(height=900):
        found = pilot_page(store.database, chosen, st.session_state[ORDER], current_page(PAGE), PER_PAGE, after)
    if not found.total:
        st.info("No pilot matches. Try fewer words or remove a filter.", icon=":material/search_off:")
        _other_parts(after, "")
        return

    alt = "Pilots with recommendation, attempts, last activity and owner; a company opens its pilot"
    pilot_table.show(store, found.pilots, alt, height="content")
    names = {pilot.pilot_id: f"{pilot.company_name}, {pilot.founder_name}" for pilot in found.pilots}
    with st.container(horizontal=True, vertical_alignment="center"):
        counted = at_least(found.total, "further pilot" if after else "pilot", more=bool(found.more))
        st.caption(f"{counted}. A click on a company opens its pilot.")
        # For keyboard users, who cannot reach the table's buttons.
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
    page_buttons(found.total, PER_PAGE, PAGE)
    _other_parts(after, found.more)


def _other_parts(after: str, more: str) -> None:
    """Draw buttons to the next 1,000 pilots and back to the first, where the list has more than that."""
    if not after and not more:
        return
    with st.container(horizontal=True):
        if after:
            st.button("Back to the first 1,000", type="tertiary", icon=":material/first_page:", on_click=_to_first_page)
        if more:
            st.button(
                "Next, up to 1,000", type="tertiary", icon=":material/last_page:", on_click=_to_first_page, args=(more,)
            )


def _controls() -> PilotFilter:
    known = filters()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = search_field(SEARCH, _to_first_page)
        with st.popover("Filters", icon=":material/filter_list:"):
            picked = {name: _choice(name, *known[name]) for name in known}
        st.selectbox(
            "Sort by",
            list(ORDERS),
            format_func=ORDER_WORDS.__getitem__,
            key=ORDER,
            bind="query-params",
            on_change=_to_first_page,
            label_visibility="collapsed",
            width=220,
        )
    _active_filters(known)
    return PilotFilter(
        search=search,
        status=picked["status"],
        outcome=picked["outcome"],
        scenario=picked["scenario"],
        brand=picked["brand"],
        recommendation=tuple(picked["badge"]),
    )


def _active_filters(known: Filters) -> None:
    """Draw the active filters with a button that clears them, or a button that restores the last ones.

    The second button is needed because Streamlit removes the filters from the address when a visitor leaves the page.
    """
    session = st.session_state
    if chosen := {name: session[name] for name in (SEARCH, *known) if session.get(name)}:
        session[LAST] = chosen
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Showing {plain(_words(known, chosen))}", width="content")
            st.button("Show all", type="tertiary", icon=":material/close:", on_click=_show_all, args=(tuple(chosen),))
    elif last := session.get(LAST):
        st.button(
            f"Filter as before: {plain(_words(known, last))}",
            type="tertiary",
            icon=":material/history:",
            on_click=session.update,
            args=(last,),
        )


def _words(known: Filters, chosen: dict[str, Any]) -> str:
    values = [known[name][1].get(value, value) for name in known for value in chosen.get(name, ())]
    return ", ".join([*([f"“{chosen[SEARCH]}”"] if SEARCH in chosen else []), *values])


def _show_all(names: tuple[str, ...]) -> None:
    for name in names:
        st.session_state[name] = "" if name == SEARCH else []
    _to_first_page()


def _choice(name: str, label: str, words: dict[str, str]) -> tuple[str, ...]:
    chosen = st.pills(
        label,
        list(words),
        selection_mode="multi",
        format_func=words.__getitem__,
        key=name,
        bind="query-params",
        on_change=_to_first_page,
    )
    return tuple(chosen)


def _to_first_page(after: str = "") -> None:
    """Go to the first page of the list, or of its part after that place."""
    to_first_page(PAGE)
    if after:
        st.query_params[AFTER] = after
    else:
        st.query_params.pop(AFTER, None)
