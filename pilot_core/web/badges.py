"""Meaning in four colours, each with its shape and its word: the same in a badge, a table and a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

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


def badge_markdown(recommendation: str | None) -> str:
    """The badge for the middle of a sentence."""
    shown = mark(recommendation)
    return f":{shown.colour}-badge[{shown.label}]"


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


def dots(decisions: Sequence[str], left: int) -> str:
    """The attempts as an SVG data URI for an ImageColumn: a filled dot each, then a ring for each one ``left``."""
    drawn = [_dot(place, *DOTS[decision][:2]) for place, decision in enumerate(decisions)]
    rings = [
        f'<circle cx="{10 + 18 * place}" cy="16" r="5.9" fill="none" stroke="{HEX["gray"]}" stroke-width="1.3"/>'
        for place in range(len(decisions), len(decisions) + left)
    ]
    width = 18 * max(1, len(decisions) + left) + 4
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="32" viewBox="0 0 {width} 32">'
        f"<title>{dots_words(decisions, left)}</title>{''.join(drawn + rings)}</svg>"
    )
    return "data:image/svg+xml;utf8," + quote(svg)


def dots_words(decisions: Sequence[str], left: int) -> str:
    """The same in words: "1 major changes, 2 waits for feedback; 3 attempts left"."""
    told = ", ".join(f"{number} {DOTS[decision][2]}" for number, decision in enumerate(decisions, 1))
    return f"{told or 'no attempt yet'}; {left} attempt{'' if left == 1 else 's'} left"


def _dot(place: int, colour: Colour, inside: str) -> str:
    return (
        f'<g transform="translate({18 * place - 6},0)"><circle cx="16" cy="16" r="6.6" fill="{HEX[colour]}"/>'
        f'<path d="{inside}" stroke="#fff" stroke-width="1.7" fill="none" stroke-linecap="round"/></g>'
    )
