"""Meaning in four colours, each with its shape and its word: the same in a badge, a table and a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from pilot_core.web.text import plain

Colour = Literal["green", "orange", "red", "gray"]

# Chosen to keep 3:1 against both grounds; the theme gives badges the same hues.
HEX: dict[Colour, str] = {"green": "#2E9E6B", "orange": "#C27C0E", "red": "#CF4436", "gray": "#8A929C"}


@dataclass(frozen=True)
class Mark:
    """One meaning: its word, its shape as text and as a Plotly symbol, its colour in Streamlit's words."""

    word: str
    shape: str
    symbol: str
    colour: Colour

    @property
    def label(self) -> str:
        return f"{self.shape} {self.word}"

    @property
    def hex(self) -> str:
        return HEX[self.colour]


PROCEED = Mark("PROCEED", "▲", "triangle-up", "green")
REVISE = Mark("REVISE", "◆", "diamond", "orange")
STOP = Mark("STOP", "■", "square", "red")
TOO_EARLY = Mark("TOO EARLY", "○", "circle-open", "gray")
MARKS = (PROCEED, REVISE, STOP, TOO_EARLY)


def mark(recommendation: str | None) -> Mark:
    """The mark of a recommendation; None, and a word not known, is too early to say."""
    return next((known for known in MARKS if known.word == recommendation), TOO_EARLY)


def badge(recommendation: str | None, reason: str) -> None:
    """Draw the badge here, its reason on hover."""
    shown = mark(recommendation)
    st.badge(shown.label, color=shown.colour, help=plain(reason))


def badge_column(label: str) -> object:
    """The column of an ``st.dataframe`` whose cells are ``[mark(…).label]``."""
    return st.column_config.MultiselectColumn(
        label,
        options=[known.label for known in MARKS],
        color=[known.hex + "33" for known in MARKS],
        width=118,
    )


# The dots of a pilot's attempts, as pilot_summaries gives them: colour, what is drawn inside, words.
DOTS: dict[str, tuple[Colour, str, str]] = {
    "approve": ("green", "M13.2 16.2l2 2 3.8-4", "approved"),
    "minor_changes": ("orange", "M13.2 16h5.6", "minor changes"),
    "major_changes": ("red", "M13.6 13.6l4.8 4.8M18.4 13.6l-4.8 4.8", "major changes"),
    "ready": ("gray", "", "waits for feedback"),
    "rendering": ("gray", "M16 13v3l2 1.5", "being made"),
    "queued": ("gray", "M16 13v3l2 1.5", "waiting to be made"),
    "failed": ("gray", "M16 13v3.6M16 18.9v.1", "failed"),
}


LEFT = "left"


def dots(decisions: Sequence[str], left: int) -> str:
    """The address of a drawing of the attempts: a filled dot each, then a ring for each one ``left``.

    An address and not the drawing itself, because a table reads it to whoever cannot see it, and saves it as CSV.
    """
    return f"/dots/{','.join([*decisions, *[LEFT] * left]) or LEFT}.svg"


def draw_dots(words: str) -> str | None:
    """The drawing behind the last part of such an address, as SVG; None for one that is none of ours."""
    names = words.split(",")
    if len(names) > 60 or any(name != LEFT and name not in DOTS for name in names):
        return None
    width = 18 * len(names) + 4
    drawn = [_ring(place) if name == LEFT else _dot(place, *DOTS[name][:2]) for place, name in enumerate(names)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="32" viewBox="0 0 {width} 32">'
        f"{''.join(drawn)}</svg>"
    )


def _ring(place: int) -> str:
    return f'<circle cx="{10 + 18 * place}" cy="16" r="5.9" fill="none" stroke="{HEX["gray"]}" stroke-width="1.3"/>'


def _dot(place: int, colour: Colour, inside: str) -> str:
    return (
        f'<g transform="translate({18 * place - 6},0)"><circle cx="16" cy="16" r="6.6" fill="{HEX[colour]}"/>'
        f'<path d="{inside}" stroke="#fff" stroke-width="1.7" fill="none" stroke-linecap="round"/></g>'
    )
