"""The table of pilots."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st

from pilot_core.domain.judgements import Override
from pilot_core.domain.stages import Stage, stage_words
from pilot_core.formulas import neutral
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.judgements import standing_overrides
from pilot_core.store.queries.lists import PilotSummary
from pilot_core.web.components import badges
from pilot_core.web.components.links import open_pilot
from pilot_core.web.components.times import viewer_zone

OPEN_KEY = "opened_pilot"


def show(store: PilotStore, pilots: Sequence[PilotSummary], alt: str, height: Literal["content", "auto"]) -> None:
    """Draw the table; a click on a company opens its pilot."""
    overrides = standing_overrides(store.database, [pilot.pilot_id for pilot in pilots])

    def open_clicked() -> None:
        if pilot_id := _clicked(pilots):
            open_pilot(pilot_id)

    st.dataframe(
        frame(pilots, viewer_zone(), overrides),
        column_config=_columns(open_clicked, pilots),
        hide_index=True,
        height=height,
        alt=alt,
    )


def frame(pilots: Sequence[PilotSummary], zone: str, overrides: Mapping[str, Override] | None = None) -> pd.DataFrame:
    """Return one row per pilot, in the given order. ``overrides`` are those in force, by pilot id.

    Text typed by people is made safe for spreadsheets, since the table can be saved as CSV.
    """
    return pd.DataFrame(
        {
            "company": [_button_text(pilot.company_name) for pilot in pilots],
            "recommendation": [[badges.mark(pilot.recommendation, pilot.reason_code).label] for pilot in pilots],
            **_verdicts(pilots, overrides or {}),
            "attempts": [
                badges.dots(pilot.decisions, max(0, pilot.max_attempts - len(pilot.decisions))) for pilot in pilots
            ],
            "standing": [_standing(pilot) for pilot in pilots],
            "last_step": pd.Series(
                [_there(pilot.updated_at, zone) for pilot in pilots], dtype=f"datetime64[us, {zone}]"
            ),
            "owner": [neutral(pilot.owner or "") for pilot in pilots],
            "founder": [neutral(pilot.founder_name) for pilot in pilots],
        }
    )


def _columns(opened: Callable[[], None], pilots: Sequence[PilotSummary]) -> dict[str, Any]:
    """Return the configuration of the columns; ``opened`` is called after a click on a company."""
    dots = max((max(pilot.max_attempts, len(pilot.decisions)) for pilot in pilots), default=0)
    words = "; ".join(
        ("tick: approved", "dash: minor changes", "cross: major changes", "filled grey: waits", "ring: not used")
    )
    return {
        "company": st.column_config.ButtonColumn(
            "Company", type="tertiary", alignment="left", pinned=True, width=145, key=OPEN_KEY, on_click=opened
        ),
        "recommendation": badges.badge_column("Recommendation"),
        "lead_says": badges.badge_column("A lead says"),
        "attempts": st.column_config.ImageColumn(
            "Attempts", alignment="left", width=min(22 + 18 * dots, 300), help=f"One dot an attempt. {words}."
        ),
        "standing": st.column_config.TextColumn("Where it stands", width=205),
        "last_step": st.column_config.DatetimeColumn("Last activity", format="distance", width=100),
        "owner": st.column_config.TextColumn("Owner", width=85),
        "founder": st.column_config.TextColumn("Founder", width=95),
    }


def _clicked(pilots: Sequence[PilotSummary]) -> str | None:
    """Return the id of the pilot whose company was just clicked."""
    click = st.session_state.get(OPEN_KEY)
    return pilots[click["row"]].pilot_id if click and click["row"] < len(pilots) else None


def _verdicts(pilots: Sequence[PilotSummary], overrides: Mapping[str, Override]) -> dict[str, list[list[str]]]:
    """Return the column of the leads' overrides, if there are any."""
    found = [overrides.get(pilot.pilot_id) for pilot in pilots]
    return {"lead_says": [[badges.mark(made.verdict).label] if made else [] for made in found]} if any(found) else {}


def _standing(pilot: PilotSummary) -> str:
    if pilot.status == "completed":
        return pilot.approval_outcome.capitalize() if pilot.approval_outcome != "pending" else "Completed"
    if pilot.status == "paused":
        return "Paused"
    if not pilot.decisions or pilot.latest_stage is None:
        return "No attempt yet"
    stage, last = Stage(pilot.latest_stage), pilot.decisions[-1]
    decided = badges.DOTS[last][2] if last in badges.DOTS else last
    words = decided if stage is Stage.DECIDED else stage_words(stage, pilot.latest_watched)
    return f"Attempt {len(pilot.decisions)}: {words}"


def _there(value: datetime, zone: str) -> pd.Timestamp:
    return pd.Timestamp(value).tz_convert(zone)


def _button_text(text: str) -> str:
    # A button's label turns a leading ":material/…:" into an icon.
    return neutral(text.replace(":material/", ":\u2060material/"))
