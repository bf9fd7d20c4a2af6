"""SLA and quality of the draft on screen: each check, the shots and the cost."""

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from pilot_core import catalog
from pilot_core.domain.attempt import Draft, PilotRunAttempt, SlaCheck
from pilot_core.formatting import MISSING, count, dollars, seconds, timecode
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.videos import Shown
from pilot_core.web.pages.pilot.view import View

# Streamlit aligns each cell to the left in the cell's own style, which only !important overrides.
RIGHT = "text-align: right !important"
VERDICTS = {True: ":green[✓]\u00a0kept", False: ":red[✗]\u00a0missed", None: ":gray[–]\u00a0not\u00a0measured"}


def show(view: View, shown: Shown | None) -> None:
    """Draw the checks, figures and shots."""
    if shown is None:
        empty_state("There is no cut to measure yet. Its SLA verdict will be here, line by line.")
        return
    attempt, draft = shown
    several = f", draft {draft.iteration}" if draft and len(attempt.drafts) > 1 else ""
    st.header(f"Attempt {attempt.attempt_number}{several}", anchor=False)
    _verdict(attempt, draft)
    _figures(view, attempt)
    if draft and draft.checks:
        _checks(draft.checks)
    if draft and draft.shots:
        _shots(view, draft)


def _verdict(attempt: PilotRunAttempt, draft: Draft | None) -> None:
    missed = (
        [c.sentence or f"{c.label}: {c.measured}, limit {c.limit}." for c in draft.checks if c.passed is False]
        if draft
        else []
    )
    missed = missed or ([] if draft and draft.checks else attempt.sla_violations)
    if missed:
        st.warning(
            "\n".join(["It misses the SLA:", "", *(f"- {plain(line)}" for line in missed)]), icon=":material/rule:"
        )
    elif (draft and draft.checks) or attempt.sla_passed:
        st.markdown(":green[✓] It keeps every promise of the SLA that could be measured.")
    elif attempt.sla_passed is False:
        st.warning("The SLA is missed; which part of it was not kept with this attempt.", icon=":material/rule:")
    else:
        st.markdown(":gray[–] The SLA of this attempt is not known.")


def _figures(view: View, attempt: PilotRunAttempt) -> None:
    limits = catalog.sla_limits()
    costs = [a.total_cost_dollars for a in view.pilot.runs if a.total_cost_dollars is not None]
    with st.grid(4, min_column_width=150):
        st.metric(f"First cut, limit {seconds(limits.first_cut_seconds)}", seconds(attempt.time_to_first_cut_seconds))
        st.metric(
            f"Iterations, limit {limits.max_iterations}",
            MISSING if attempt.iteration_count is None else str(attempt.iteration_count),
        )
        st.metric(f"Cost, limit {plain(dollars(limits.max_cost_dollars))}", plain(dollars(attempt.total_cost_dollars)))
        many = count(len(costs), "attempt")
        st.metric(f"Whole pilot, {many}", plain(dollars(sum(costs) if costs else None)))


def _checks(checks: list[SlaCheck]) -> None:
    table = pd.DataFrame(
        {
            "Verdict": [VERDICTS[check.passed] for check in checks],
            "Check": [plain(check.label) for check in checks],
            "Measured": [_unbroken(check.measured) for check in checks],
            "Limit": [_unbroken(check.limit) for check in checks],
        }
    )
    st.table(
        _right(table, "Measured", "Limit"),
        border="horizontal",
        width="content",
        hide_index=True,
        alt="What was measured of this draft, beside each limit of the SLA",
    )


def _shots(view: View, draft: Draft) -> None:
    scenario = catalog.scenarios().get(view.pilot.scenario_type)
    beats = {beat.id: beat.label for beat in scenario.beats} if scenario else {}
    st.markdown(f"**Shots**, {count(len(draft.shots), 'shot')}")
    table = pd.DataFrame(
        {
            "From": [timecode(shot.start) for shot in draft.shots],
            "Lasts": [f"{shot.end - shot.start:.1f} s" for shot in draft.shots],
            "Beat": [plain(beats.get(shot.beat, shot.beat)) for shot in draft.shots],
            "Words on screen": [plain(shot.text) or ":gray[none]" for shot in draft.shots],
        }
    )
    st.table(
        _right(table, "From", "Lasts"),
        border="horizontal",
        width="content",
        hide_index=True,
        alt="The shots of this draft, with their beats and the words on screen",
    )


def _right(table: pd.DataFrame, *columns: str) -> Styler:
    """Return the table with these columns and their headings aligned right."""
    rule = [{"selector": part, "props": RIGHT} for part in ("td", "th")]
    return table.style.set_table_styles(dict.fromkeys(columns, rule))


def _unbroken(value: str) -> str:
    """Return a value as Markdown without line breaks."""
    return plain(value).replace(" ", "\u00a0")
