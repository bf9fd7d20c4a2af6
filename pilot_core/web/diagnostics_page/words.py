"""A section's first sentence: whether all is well, and what to do where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import streamlit as st

from pilot_core.formatting import MISSING, count, moment
from pilot_core.web.text import plain


class Mark(StrEnum):
    """All is well, or merely so; somebody should look; somebody must act."""

    WELL = ":green[✓]"
    PLAIN = ""
    LOOK = ":orange[◆]"
    ACT = ":red[■]"


@dataclass(frozen=True)
class Told:
    """How something is, in one sentence, and what to do about it."""

    mark: Mark
    sentence: str
    todo: str = ""

    @property
    def is_trouble(self) -> bool:
        return self.mark in (Mark.LOOK, Mark.ACT)


def headline(told: Sequence[Told]) -> str:
    """How all of it is, in one line."""
    trouble = sum(one.is_trouble for one in told)
    if not trouble:
        return "Everything runs as it should"
    return f"{count(trouble, 'thing')} {'needs' if trouble == 1 else 'need'} a look"


def show(told: Told) -> None:
    """Draw it. Commands and settings in the advice stand between backticks."""
    st.markdown(f"{told.mark} {plain(told.sentence)}".strip())
    if told.todo:
        parts = told.todo.split("`")
        st.markdown(
            "".join(f"`{part}`" if place % 2 else plain_keeping_spaces(part) for place, part in enumerate(parts))
        )


def plain_keeping_spaces(text: str) -> str:
    """As :func:`plain`, with the spaces at its ends, which part it from its neighbours."""
    before = " " if text.startswith(" ") else ""
    after = " " if len(text) > 1 and text.endswith(" ") else ""
    return before + plain(text) + after


def table(heads: Sequence[str], lines: Sequence[Sequence[str]], alt: str, **options: Any) -> None:
    """A small table of plain text; what follows a line break in a cell stands small below the rest."""
    columns = {head: [_cell(line[place]) for line in lines] for place, head in enumerate(heads)}
    st.table(columns, border="horizontal", hide_index=True, alt=alt, **options)


def _cell(text: str) -> str:
    first, _, below = text.partition("\n")
    return plain(first) + (f"  \n:small[:gray[{plain(below)}]]" if below else "")


def at(value: datetime | None) -> str:
    """A moment in UTC, as a table shows it."""
    return moment(value) if value else MISSING


def size(number: int) -> str:
    """Bytes as people read them: "940 kB", "3.2 MB", "410 GB"."""
    for unit, bytes_ in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= bytes_:
            value = number / bytes_
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{number} bytes"
