"""The fields that name a cohort, on whichever page. What is chosen stands in the address, and is checked again here."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import streamlit as st

from pilot_core import catalog
from pilot_core.store.cohorts import Choices

LISTS = ("scenarios", "brands", "playbooks")
Chosen = tuple[str, ...]


def lists(choices: Choices, prefix: str = "") -> tuple[Chosen, Chosen, Chosen]:
    """Draw the choices of scenario, brand and playbook version; a value that is no choice is left out."""
    return (
        _list("Scenario", prefix + "scenarios", choices.scenario, "All scenarios", 190),
        _list("Brand", prefix + "brands", choices.brand, "All brands", 165),
        _list("Playbook version", prefix + "playbooks", choices.playbook_version, "All versions", 165),
    )


def day_field(
    label: str, name: str, choices: Choices, today: date, told: str, width: int | Literal["stretch"] = "stretch"
) -> date | None:
    """Draw the choice of a day between the first pilot's and today."""
    chosen = st.date_input(
        label,
        None,
        min_value=choices.first_day,
        max_value=max(today, choices.last_day or today),
        key=name,
        bind="query-params",
        help=told,
        format="YYYY-MM-DD",
        width=width,
    )
    return chosen if isinstance(chosen, date) else None


def name_of(label: str, value: str) -> str:
    """A choice in words."""
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
