"""The status of a section: a sentence with a mark, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import streamlit as st

from pilot_core.formatting import MISSING, count, moment
from pilot_core.web.components.text import plain


class Mark(StrEnum):
    """The mark of a status: good, neutral (no mark), needs attention soon, needs attention now."""

    WELL = ":green[✓]"
    PLAIN = ""
    LOOK = ":orange[◆]"
    ACT = ":red[■]"


@dataclass(frozen=True)
class Status:
    """The state of something in one sentence, and what to do about it."""

    mark: Mark
    sentence: str
    todo: str = ""

    @property
    def is_trouble(self) -> bool:
        return self.mark in (Mark.LOOK, Mark.ACT)


def headline(statuses: Sequence[Status]) -> str:
    """Return the overall state in one line."""
    trouble = sum(one.is_trouble for one in statuses)
    if not trouble:
        return "Everything runs as it should"
    return f"{count(trouble, 'thing')} {'needs' if trouble == 1 else 'need'} a look"


def show_status(status: Status) -> None:
    """Draw the status. Commands and settings in the advice are in backticks."""
    st.markdown(f"{status.mark} {plain(status.sentence)}".strip())
    if status.todo:
        parts = status.todo.split("`")
        st.markdown(
            "".join(f"`{part}`" if place % 2 else plain_keeping_spaces(part) for place, part in enumerate(parts))
        )


def plain_keeping_spaces(text: str) -> str:
    """Escape as :func:`plain`, keeping the spaces at the ends, which separate the text from its neighbours."""
    before = " " if text.startswith(" ") else ""
    after = " " if len(text) > 1 and text.endswith(" ") else ""
    return before + plain(text) + after


def table(heads: Sequence[str], lines: Sequence[Sequence[str]], alt: str, **options: Any) -> None:
    """Draw a small table of plain text. What follows a line break in a cell is small, below the rest."""
    columns = {head: [_cell(line[place]) for line in lines] for place, head in enumerate(heads)}
    st.table(columns, border="horizontal", hide_index=True, alt=alt, **options)


def _cell(text: str) -> str:
    first, _, below = text.partition("\n")
    return plain(first) + (f"  \n:small[:gray[{plain(below)}]]" if below else "")


def at(value: datetime | None) -> str:
    """Format a moment in UTC for a table."""
    return moment(value) if value else MISSING


def size(number: int) -> str:
    """Format a number of bytes: "940 kB", "3.2 MB", "410 GB"."""
    for unit, bytes_ in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= bytes_:
            value = number / bytes_
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{number} bytes"
