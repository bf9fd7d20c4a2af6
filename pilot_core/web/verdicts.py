"""What is recommended for a pilot, as it is shown beside its name: what the rules say, and a lead's override of it."""

import streamlit as st

from pilot_core.insight.recommend import CODES
from pilot_core.store.judgements import FiledLine, Override
from pilot_core.web import badges
from pilot_core.web.text import plain


def override_badge(override: Override) -> None:
    """Draw a lead's verdict, with its reason on hover."""
    by_a_lead(override.verdict, override.made_by, override.reason)


def by_a_lead(verdict: str, who: str, reason: str) -> None:
    """Draw a verdict that a lead stands for."""
    shown = badges.mark(verdict)
    st.badge(f"{shown.label} · {plain(who)}", color=shown.colour, icon=":material/person:", help=plain(reason))


def filed_badge(line: FiledLine) -> None:
    """Draw what a filed report recommends, by the rules of its day, and the override that stood then."""
    known = CODES.get(line.reason_code)
    badges.badge(line.recommendation, known.words if known else line.reason_code)
    if line.override_verdict:
        by_a_lead(line.override_verdict, line.override_by or "a lead", line.override_reason or "")
