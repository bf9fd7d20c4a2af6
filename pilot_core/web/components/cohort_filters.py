"""The filter fields that select a cohort. Choices are stored in the page's address, so they are validated here."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

import streamlit as st

from pilot_core import catalog
from pilot_core.store.queries.cohorts import Choices
from pilot_core.web.components.text import plain

LISTS = ("scenarios", "brands", "playbooks")
Chosen = tuple[str, ...]


def lists(choices: Choices, prefix: str = "") -> tuple[Chosen, Chosen, Chosen]:
    """Draw the choices of scenario, brand and playbook version; unknown values are ignored."""
    return (
        _list("Scenario", prefix + "scenarios", choices.scenario, "All scenarios", 190),
        _list("Brand", prefix + "brands", choices.brand, "All brands", 165),
        _list("Playbook version", prefix + "playbooks", choices.playbook_version, "All versions", 165),
    )


def day_field(
    label: str, name: str, choices: Choices, today: date, explanation: str, width: int | Literal["stretch"] = "stretch"
) -> date | None:
    """Draw the selection of a day between the first pilot's and today."""
    chosen = st.date_input(
        label,
        None,
        min_value=choices.first_day,
        max_value=max(today, choices.last_day or today),
        key=name,
        bind="query-params",
        help=explanation,
        format="YYYY-MM-DD",
        width=width,
    )
    return chosen if isinstance(chosen, date) else None


def day_range(
    choices: Choices, today: date, prefix: str = "", width: int | Literal["stretch"] = "stretch"
) -> tuple[date | None, date | None]:
    """Draw the choices of the first and last day on which a pilot was created."""
    return (
        day_field("Created from", prefix + "from", choices, today, "The first day, in UTC.", width),
        day_field("Created to", prefix + "to", choices, today, "The last day, in UTC.", width),
    )


def active_filters(words: str, key: str, clear: Callable[..., None], *args: str) -> None:
    """Draw the active filters as text, with a button that clears them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Only {plain(words)}", width="content")
        clear_button(key, clear, *args)


def clear_button(key: str, clear: Callable[..., None], *args: str) -> None:
    """Draw the button that clears the filters by calling ``clear`` with ``args``."""
    st.button("Clear filters", type="tertiary", icon=":material/close:", key=key, on_click=clear, args=args)


def name_of(label: str, value: str) -> str:
    """Return the label of an option."""
    kind = label.split()[0].lower()
    if not value:
        return f"No {kind}"
    return value if kind == "playbook" else catalog.label(kind, value)


def _list(label: str, key: str, values: Sequence[str], all_of_them: str, width: int) -> Chosen:
    chosen = st.multiselect(
        label,
        list(values),
        format_func=lambda value: name_of(label, value),
        placeholder=all_of_them,
        key=key,
        bind="query-params",
        width=width,
    )
    return tuple(value for value in chosen if value in values)
