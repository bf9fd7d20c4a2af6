"""The table of pilots: summaries as a frame, and how its columns are drawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from pilot_core import catalog
from pilot_core.export.formulas import neutral
from pilot_core.insight.recommend import CODES
from pilot_core.store.judgements import Override
from pilot_core.store.queries import PilotSummary
from pilot_core.web import badges
from pilot_core.web.times import exact

OPEN_KEY = "opened_pilot"


def frame(pilots: Sequence[PilotSummary], zone: str, overrides: Mapping[str, Override] | None = None) -> pd.DataFrame:
    """One row a pilot, in the order given. Text typed by people is neutralised: the table can be saved as CSV.

    ``overrides`` are those that stand, by pilot.
    """
    return pd.DataFrame(
        {
            "company": [_button_text(pilot.company_name) for pilot in pilots],
            "recommendation": [[badges.mark(pilot.recommendation).label] for pilot in pilots],
            **_verdicts(pilots, overrides or {}),
            "why": [_why(pilot) for pilot in pilots],
            "attempts": [
                badges.dots(pilot.decisions, max(0, pilot.max_attempts - len(pilot.decisions))) for pilot in pilots
            ],
            "standing": [_standing(pilot) for pilot in pilots],
            "last_step": pd.Series(
                [_there(pilot.updated_at, zone) for pilot in pilots], dtype=f"datetime64[us, {zone}]"
            ),
            "founder": [neutral(pilot.founder_name) for pilot in pilots],
            "scenario": [neutral(catalog.label("scenario", pilot.scenario_type)) for pilot in pilots],
            "brand": [neutral(catalog.label("brand", pilot.brand_preset)) for pilot in pilots],
            "exactly": [exact(pilot.updated_at, zone) for pilot in pilots],
        }
    )


def columns(opened: Any, pilots: Sequence[PilotSummary] = ()) -> dict[str, Any]:
    """The column configuration of these pilots' frame; ``opened`` is called after a click on a company."""
    dots = max((max(pilot.max_attempts, len(pilot.decisions)) for pilot in pilots), default=5)
    words = "; ".join(
        ("tick: approved", "dash: minor changes", "cross: major changes", "filled grey: waits", "ring: not used")
    )
    return {
        "company": st.column_config.ButtonColumn(
            "Company", type="tertiary", alignment="left", pinned=True, width=150, key=OPEN_KEY, on_click=opened
        ),
        "recommendation": badges.badge_column("Recommendation"),
        "lead_says": badges.badge_column("A lead says"),
        "why": st.column_config.TextColumn("Why", width=155),
        "attempts": st.column_config.ImageColumn(
            "Attempts", alignment="left", width=min(28 + 18 * dots, 300), help=f"One dot an attempt. {words}."
        ),
        "standing": st.column_config.TextColumn("Where it stands", width=175),
        "last_step": st.column_config.DatetimeColumn("Last step", format="distance", width=112),
        "founder": st.column_config.TextColumn("Founder", width=145),
        "scenario": st.column_config.TextColumn("Scenario", width=150),
        "brand": st.column_config.TextColumn("Brand", width=90),
        "exactly": st.column_config.TextColumn("Last step, exactly", width=330),
    }


def clicked(pilots: Sequence[PilotSummary]) -> str | None:
    """The id of the pilot whose company was just clicked."""
    click = st.session_state.get(OPEN_KEY)
    return pilots[click["row"]].pilot_id if click and click["row"] < len(pilots) else None


def _verdicts(pilots: Sequence[PilotSummary], overrides: Mapping[str, Override]) -> dict[str, list[list[str]]]:
    """The column of the leads' own verdicts, where there is one."""
    found = [overrides.get(pilot.pilot_id) for pilot in pilots]
    return {"lead_says": [[badges.mark(made.verdict).label] if made else [] for made in found]} if any(found) else {}


def _why(pilot: PilotSummary) -> str:
    known = CODES.get(pilot.reason_code)
    return known.words if known else neutral(pilot.reason_code)


def _standing(pilot: PilotSummary) -> str:
    if pilot.status == "completed":
        return pilot.approval_outcome.capitalize() if pilot.approval_outcome != "pending" else "Completed"
    if pilot.status == "paused":
        return "Paused"
    last = pilot.decisions[-1] if pilot.decisions else ""
    return {
        "": "No attempt yet",
        "queued": f"Attempt {len(pilot.decisions)} waits to be made",
        "rendering": f"Attempt {len(pilot.decisions)} is being made",
        "failed": f"Attempt {len(pilot.decisions)} failed to render",
        "ready": f"Attempt {len(pilot.decisions)} waits for the founder",
    }.get(last, f"Attempt {len(pilot.decisions)}: {badges.DOTS[last][2] if last in badges.DOTS else last}")


def _there(value: datetime, zone: str) -> pd.Timestamp:
    return pd.Timestamp(value).tz_convert(zone)


def _button_text(text: str) -> str:
    # A button's label turns a leading ":material/…:" into an icon.
    return neutral(text.replace(":material/", ":\u2060material/"))
