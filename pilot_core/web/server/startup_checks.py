"""Checks before the server starts, so that nobody makes it public by mistake."""

import logging
import sys

from pilot_core.bootstrap import App
from pilot_core.errors import PilotError, StoreDamaged
from pilot_core.services import keys
from pilot_core.web import streamlit_private
from pilot_core.web.access import accounts, page_guard, proxies
from pilot_core.web.access.current_app import app
from pilot_core.web.access.visitors import is_loopback
from pilot_core.web.server import open_sockets

log = logging.getLogger(__name__)

REFUSED, DAMAGED = 2, 1
"""The exit codes of a server that does not start; the second because its database is damaged."""

NOBODY_COULD_SIGN_IN = (
    "Pilot Ops does not start: it was asked to listen on {address}, where others reach it, and nobody could sign in. "
    "Make a key first (python scripts/run_pilot.py --invite NAME), configure [auth] with PILOT_OPS_LEADS, or let it "
    "listen on localhost."
)
WEAK_SECRET = (
    "Pilot Ops does not start: cookie_secret under [auth] in secrets.toml is missing or shorter than 32 characters, so "
    "sign-ins could be forged. Put a random one there (python -c 'import secrets; print(secrets.token_hex(32))')."
)
LEFT_OPEN = (
    "Pilot Ops does not start: Streamlit's setting {name} is switched off, which lets other sites act for whoever is "
    "signed in. Leave it on."
)


def checked_app() -> App:
    """Return the app of this process, whose store asks who reads and writes, and whose pages end with their sign-in.

    Exits with one sentence if the server must not start.
    """
    code = REFUSED
    try:
        built = app()
        reason = why_not(built)
    except PilotError as error:
        reason, code = str(error), DAMAGED if isinstance(error, StoreDamaged) else REFUSED
    if reason:
        print(reason, file=sys.stderr)
        sys.exit(code)
    for danger in proxies.dangers(built.settings):
        log.warning(danger)
    page_guard.guard(built.store)
    open_sockets.guard(built.store)
    return built


def why_not(app: App) -> str | None:
    """Return why the server must not start, or None if it may. Raises StoreError."""
    if lost := app.store.database.lost_commits():
        return app.store.database.lost_sentence(lost)
    for name in ("server.enableXsrfProtection", "server.enableCORS"):
        if not streamlit_private.option(name):
            return LEFT_OPEN.format(name=name)
    if accounts.configured(app.settings) and accounts.secret_is_weak():
        return WEAK_SECRET
    address = streamlit_private.option("server.address") or "0.0.0.0"
    if address == "localhost" or is_loopback(address):
        return None
    if accounts.configured(app.settings) or keys.anyone_may_sign_in(app.store):
        return None
    return NOBODY_COULD_SIGN_IN.format(address=address)
