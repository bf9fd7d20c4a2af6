"""Badges for a lead's override and for what a filed report recommended."""

from collections.abc import Sequence

import streamlit as st

from pilot_core.domain.judgements import FiledLine, Override
from pilot_core.insight.next_outcomes import conditions
from pilot_core.insight.recommend import CODES, NextOutcome
from pilot_core.web.components import badges
from pilot_core.web.components.text import plain


def override_badge(override: Override) -> None:
    """Draw an override that is in effect or waits for a second person, with its reason on hover."""
    if override.waits:
        st.badge(
            f"{override.verdict} asked for · {plain(override.made_by)}",
            color="gray",
            icon=":material/hourglass_empty:",
            help=f"{plain(override.reason)}  \nNot in effect until a second person has given their reason.",
        )
    else:
        by_a_lead(override.verdict, override.made_by, override.reason)


def by_a_lead(verdict: str, who: str, reason: str) -> None:
    """Draw the badge of a recommendation made by a lead."""
    shown = badges.mark(verdict)
    st.badge(f"{shown.label} · {plain(who)}", color=shown.colour, icon=":material/person:", help=plain(reason))


def what_would_change(outcomes: Sequence[NextOutcome]) -> None:
    """Draw the badge that each of the next possible outcomes would give. Those that give the same are one line."""
    lines = []
    for condition, way in conditions(outcomes):
        mark = badges.mark(way.label)
        lines.append(f"- {condition}: :{mark.colour}-badge[{mark.label}] {plain(way.words)}")
    st.markdown("\n".join(lines))


def filed_badge(line: FiledLine) -> None:
    """Draw what a filed report recommends, and the override in force when it was filed."""
    known = CODES.get(line.reason_code)
    badges.badge(line.recommendation, known.words if known else line.reason_code, line.reason_code)
    if line.override_verdict:
        by_a_lead(line.override_verdict, line.override_by or "a lead", line.override_reason or "")
