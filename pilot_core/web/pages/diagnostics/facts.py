"""The versions in use and the settings in force, without secrets."""

import platform
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from pilot_core.errors import StoreError
from pilot_core.formatting import MISSING
from pilot_core.review.certificates import own_key
from pilot_core.settings import VERSION, Settings, described
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import accounts
from pilot_core.web.pages.diagnostics.status import Mark, Status, show_status, table

PACKAGES = ("streamlit", "starlette", "duckdb", "av", "pydantic", "pandas", "plotly", "numpy", "pillow", "jinja2")


def versions() -> list[tuple[str, str]]:
    """Return the versions in use: the product first, then its dependencies."""
    found = [("Pilot Ops", VERSION), ("Python", platform.python_version()), ("System", platform.platform(terse=True))]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, MISSING))
    return found


def in_force(config: Settings) -> list[tuple[str, str, str]]:
    """Return each setting's meaning, value and variable."""
    found = [(one.help.replace("`", ""), one.value or MISSING, one.variable) for one in described(config)]
    signs_in = "configured" if accounts.configured(config) else "not configured"
    return [*found, ("Sign-in with accounts (OIDC).", signs_in, "secrets.toml")]


def show(store: PilotStore, config: Settings) -> None:
    """Draw both sections."""
    left, right = st.columns(2, gap="large")
    with left:
        _settings(config)
    with right:
        st.header("Versions", anchor=False)
        show_status(Status(Mark.PLAIN, f"This is Pilot Ops {VERSION}. Name these when you report something."))
        table(("What", "Version"), versions(), "Versions in use")
        show_status(_certificates(store, config))


def _certificates(store: PilotStore, config: Settings) -> Status:
    """Return the key that ``--verify-certificate`` names for certificates from here."""
    try:
        key = own_key(store, config.secret)
    except StoreError as error:
        return Status(Mark.ACT, str(error))
    if key is None:
        return Status(Mark.PLAIN, "The key of approval certificates is made with the first certificate.")
    return Status(Mark.PLAIN, f"Approval certificates are signed with the key {key}.")


def _settings(config: Settings) -> None:
    st.header("Settings", anchor=False)
    show_status(
        Status(
            Mark.PLAIN, "These settings are in force. They are read when the dashboard starts; secrets are not shown."
        )
    )
    lines = [(f"{variable}\n{meaning}", value) for meaning, value, variable in in_force(config)]
    table(("Setting", "Value"), lines, "Settings in force")
