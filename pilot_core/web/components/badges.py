"""Recommendations and decisions as badges and dots, with the same colours, shapes and labels everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from pilot_core.domain import judgements
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.web.components.text import plain

Colour = Literal["green", "orange", "red", "gray"]

# Each has a contrast of 3:1 with both backgrounds; the theme gives badges the same hues.
HEX: dict[Colour, str] = {"green": "#2E9E6B", "orange": "#C27C0E", "red": "#CF4436", "gray": "#8A929C"}


@dataclass(frozen=True)
class Mark:
    """How a recommendation is shown: its label, its shape as text and as a Plotly symbol, its colour in Streamlit."""

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
NO_VERDICT_YET = Mark(judgements.NO_VERDICT_YET, "○", "circle-open", "gray")
NOT_COUNTED = Mark(judgements.NOT_COUNTED, "×", "circle-x-open", "gray")
MARKS = (PROCEED, REVISE, STOP, NO_VERDICT_YET, NOT_COUNTED)


def mark(recommendation: str | None, code: str | None = None) -> Mark:
    """Return the mark of a recommendation with this reason code. Unknown values get the mark of no verdict yet."""
    word = judgements.badge_word(recommendation, code)
    return next((known for known in MARKS if known.word == word), NO_VERDICT_YET)


def badge(recommendation: str | None, reason: str, code: str | None = None) -> None:
    """Draw the badge of a recommendation with this reason code, with its reason in words on hover."""
    shown = mark(recommendation, code)
    st.badge(shown.label, color=shown.colour, help=plain(reason))


def badge_column(label: str) -> object:
    """Return the configuration of an ``st.dataframe`` column whose cells are ``[mark(…).label]``."""
    return st.column_config.MultiselectColumn(
        label,
        options=[known.label for known in MARKS],
        color=[known.hex + "33" for known in MARKS],
        width=150,
    )


# The dots for the decisions that pilot_summaries returns: colour, the sign inside, label.
DOTS: dict[str, tuple[Colour, str, str]] = {
    "approve": ("green", "M13.2 16.2l2 2 3.8-4", FeedbackLevel.APPROVE.outcome),
    "minor_changes": ("orange", "M13.2 16h5.6", FeedbackLevel.MINOR_CHANGES.outcome),
    "major_changes": ("red", "M13.6 13.6l4.8 4.8M18.4 13.6l-4.8 4.8", FeedbackLevel.MAJOR_CHANGES.outcome),
    "ready": ("gray", "", "not decided yet"),
    "rendering": ("gray", "M16 13v3l2 1.5", "being made"),
    "queued": ("gray", "M16 13v3l2 1.5", "waiting to be made"),
    "failed": ("gray", "M16 13v3.6M16 18.9v.1", "failed"),
}


LEFT = "left"


def dots(decisions: Sequence[str], left: int) -> str:
    """Return the address of an image of the attempts: a filled dot for each, then a ring for each one ``left``.

    An address, not the image itself, because screen readers read it out and CSV exports of the table contain it.
    """
    return f"/dots/{','.join([*decisions, *[LEFT] * left]) or LEFT}.svg"


def draw_dots(words: str) -> str | None:
    """Return the SVG for the last part of such an address; None for an unknown one."""
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
