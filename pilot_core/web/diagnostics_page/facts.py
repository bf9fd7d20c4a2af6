"""Versions, and the settings in force. No secrets: of a program its name, of accounts who they are."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from pilot_core.formatting import MISSING, seconds
from pilot_core.messages.hours import DAYS
from pilot_core.settings import VERSION, Settings
from pilot_core.web import accounts
from pilot_core.web.diagnostics_page.words import Mark, Told, show, table

PACKAGES = ("streamlit", "starlette", "duckdb", "av", "pydantic", "pandas", "plotly", "numpy", "pillow", "jinja2")


def versions() -> list[tuple[str, str]]:
    """What runs here: the product first, then what it stands on."""
    found = [("Pilot Ops", VERSION), ("Python", platform.python_version()), ("System", platform.platform(terse=True))]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, MISSING))
    return found


def in_force(config: Settings) -> list[tuple[str, str, str]]:
    """Each setting: what it is, its value, the variable that sets it."""
    return [
        ("Store", str(config.store), "PILOT_OPS_STORE"),
        ("Pipeline when none is named", config.pipeline, "PILOT_OPS_PIPELINE"),
        (
            "Program of the command pipeline",
            Path(config.command[0]).name if config.command else MISSING,
            "PILOT_OPS_COMMAND",
        ),
        ("Its time limit", seconds(config.command_timeout_seconds), "PILOT_OPS_COMMAND_TIMEOUT"),
        ("Renders at once", str(config.renders_at_once), "PILOT_OPS_RENDERS"),
        ("Nightly backups to", str(config.backups or MISSING), "PILOT_OPS_BACKUPS"),
        ("Log from level", config.log_level or "info", "PILOT_OPS_LOG_LEVEL"),
        ("Address others reach", config.url or MISSING, "PILOT_OPS_URL"),
        (
            "Mail server",
            f"{config.mail.host}:{config.mail.port}, {config.mail.security}" if config.mail else MISSING,
            "PILOT_OPS_SMTP",
        ),
        ("Leads written to", ", ".join(config.mail_leads) or MISSING, "PILOT_OPS_MAIL_LEADS"),
        # The path of a webhook's address is as good as a password.
        (
            "Webhook",
            f"{urlsplit(config.webhook.url).hostname}, {config.webhook.shape}" if config.webhook else MISSING,
            "PILOT_OPS_WEBHOOK",
        ),
        (
            "Working time",
            f"{', '.join(DAYS[day] for day in config.hours.days)}, {config.hours.first}–{config.hours.last} h, "
            f"{config.hours.zone}",
            "PILOT_OPS_WORKING_DAYS",
        ),
        (
            "Time to answer, to review",
            f"{config.answer_hours:g} h, {config.review_hours:g} h",
            "PILOT_OPS_ANSWER_HOURS",
        ),
        ("Accounts that are leads", ", ".join(config.leads) or MISSING, "PILOT_OPS_LEADS"),
        ("Accounts that are viewers", ", ".join(config.viewers) or MISSING, "PILOT_OPS_VIEWERS"),
        ("Sign-in with accounts (OIDC)", "configured" if accounts.configured() else "not configured", "secrets.toml"),
    ]


def draw(config: Settings) -> None:
    """Draw both sections."""
    left, right = st.columns(2, gap="large")
    with left:
        _settings(config)
    with right:
        st.subheader("Versions", anchor=False)
        show(Told(Mark.PLAIN, f"This is Pilot Ops {VERSION}. Name these when you report something."))
        table(("What", "Version"), versions(), "Versions in use")


def _settings(config: Settings) -> None:
    st.subheader("Settings", anchor=False)
    show(
        Told(Mark.PLAIN, "These settings are in force. They are read when the dashboard starts; secrets are not shown.")
    )
    lines = [(f"{label}\n{variable}", value) for label, value, variable in in_force(config)]
    table(("Setting", "Value"), lines, "Settings in force")
