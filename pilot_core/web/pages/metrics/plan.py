"""Plan a programme: how many decided pilots it takes until the rules show PROCEED or STOP."""

import pandas as pd
import streamlit as st

from pilot_core.errors import InvalidRequest
from pilot_core.formatting import percent
from pilot_core.insight.plan import CHANCES, MOST, Plan, plan_programme
from pilot_core.insight.rules import current_programme_rules
from pilot_core.web.components.text import plain


@st.fragment
def show() -> None:
    """Draw the section, computed when it is opened."""
    section = st.expander("Plan a programme", key="plan", on_change="rerun")
    if not section.open:
        return
    rules = current_programme_rules()
    with section:
        target = st.number_input(
            "Target approval rate, %",
            min_value=1,
            max_value=99,
            value=round(rules.proceed_rate * 100),
            key="plan_target",
            width=200,
            help="The share of pilots that should be approved. Set it before looking at the numbers. The verdicts on "
            f"this page keep the target of the rules, {percent(rules.proceed_rate)}.",
        )
        try:
            found = plan_programme(rules, target / 100)
        except InvalidRequest as refused:
            st.error(plain(str(refused)))
            return
        st.caption(found.reading)
        st.dataframe(table(found), hide_index=True, height="content", alt="Pilots needed by the true approval rate")


def table(found: Plan) -> pd.DataFrame:
    """Return one row per true approval rate."""
    needed = {
        f"Pilots, {percent(chance)} chance": [
            f"over {MOST}" if row.needed[place] is None else f"{row.needed[place]}" for row in found.rows
        ]
        for place, chance in enumerate(CHANCES)
    }
    return pd.DataFrame(
        {
            "True rate": [percent(row.rate) for row in found.rows],
            **needed,
            f"PROCEED first, in {MOST}": [_chance(row.proceed) for row in found.rows],
            f"STOP first, in {MOST}": [_chance(row.stop) for row in found.rows],
        }
    )


def _chance(share: float) -> str:
    return "under 1%" if share < 0.01 else "over 99%" if share > 0.99 else percent(share)
