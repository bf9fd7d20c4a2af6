"""Why a programme's verdict can be trusted: how often the rules show each one, by the true approval rate."""

from functools import cache

import plotly.graph_objects as go
import streamlit as st

from pilot_core.formatting import percent
from pilot_core.insight.operating import OperatingCharacteristic, operating_characteristic
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import ProgrammeRules, current_programme_rules
from pilot_core.web.components import badges
from pilot_core.web.pages.metrics.plot import HEIGHT, canvas, vertical

PILOTS = 50
STEP = 0.05
RATES = tuple(round(STEP * step, 2) for step in range(21))
OF = 100
"""The paragraph speaks of so many programmes."""


@st.fragment
def show() -> None:
    """Draw the section, computed when it is opened."""
    section = st.expander("Why this can be trusted", key="trust", on_change="rerun")
    if not section.open:
        return
    rules = current_programme_rules()
    found = computed(rules)
    told = paragraph(found, rules)
    with section:
        st.markdown(told)
        st.plotly_chart(
            figure(found, rules),
            key="trust_curves",
            config={"displayModeBar": False},
            alt=f"Chance of ever being shown PROCEED, REVISE and STOP by the true approval rate. {told}",
        )


@cache
def computed(rules: ProgrammeRules) -> OperatingCharacteristic:
    """Return the chance of ever being shown each verdict at ``RATES``, within ``PILOTS`` pilots."""
    return operating_characteristic(rules, RATES, PILOTS)


def paragraph(found: OperatingCharacteristic, rules: ProgrammeRules) -> str:
    """Return the curves in words: what the rules show good and bad programmes that are looked at after every pilot."""
    good = _near(rules.proceed_rate + 0.1)
    middle = _near((rules.proceed_rate + rules.stop_rate) / 2)
    bad = _near(rules.stop_rate - 0.1)

    def of(rate: float, verdict: Verdict) -> str:
        chance = found.ever[verdict][RATES.index(rate)]
        return f"fewer than 1 is shown {verdict}" if chance * OF < 0.5 else f"{chance * OF:.0f} are shown {verdict}"

    return (
        f"Leads look after every pilot, so the rules allow for many looks. Of {OF} programmes in which "
        f"{percent(middle)} of pilots are truly approved, {of(middle, Verdict.PROCEED)} at some look at their first "
        f"{found.n_max} decided pilots, {of(middle, Verdict.REVISE)} and {of(middle, Verdict.STOP)}. Where "
        f"{percent(good)} are truly approved, {of(good, Verdict.PROCEED)}, {of(good, Verdict.REVISE)} and "
        f"{of(good, Verdict.STOP)}. Where {percent(bad)} are, {of(bad, Verdict.STOP)}, {of(bad, Verdict.REVISE)} and "
        f"{of(bad, Verdict.PROCEED)}. A verdict can be "
        "withdrawn at a later look, so one programme can be shown several. These chances are computed exactly, without "
        "the guardrails, for pilots that do not influence each other and a rate that does not change."
    )


def figure(found: OperatingCharacteristic, rules: ProgrammeRules) -> go.Figure:
    """Return the three curves, with the rates of PROCEED and STOP."""
    drawn = canvas(f"Shown at some look in {found.n_max} pilots", "True approval rate", height=HEIGHT, legend=True)
    for mark in (badges.PROCEED, badges.REVISE, badges.STOP):
        drawn.add_scatter(
            x=list(found.rates),
            y=list(found.ever[Verdict(mark.word)]),
            name=mark.label,
            mode="lines+markers",
            line={"color": mark.hex, "width": 2},
            marker={"symbol": mark.symbol, "size": 8, "color": mark.hex},
            hovertemplate=f"{mark.label}: %{{y:.1%}} where %{{x:.0%}} are truly approved<extra></extra>",
        )
    vertical(drawn, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}", "left")
    vertical(drawn, rules.stop_rate, f"STOP {percent(rules.stop_rate)}", "right")
    drawn.update_layout(margin_t=60, legend_y=1.1)
    drawn.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    drawn.update_yaxes(range=[-0.03, 1.05], tickformat=".0%")
    return drawn


def _near(rate: float) -> float:
    """Return the nearest of ``RATES``."""
    return min(RATES, key=lambda known: abs(known - rate))
