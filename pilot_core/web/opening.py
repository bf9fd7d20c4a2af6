"""What has to hold before the server opens: nobody opens it to others by mistake."""

import sys

from streamlit import config

from pilot_core import keys
from pilot_core.errors import PilotError
from pilot_core.web import access, accounts
from pilot_core.web.stores import store

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


def check() -> None:
    """End the process with one sentence if the server must not start."""
    try:
        if reason := why_not():
            sys.exit(reason)
    except PilotError as error:
        sys.exit(str(error))


def why_not() -> str | None:
    """Why the server must not start with the settings in force. Raises PilotError when they cannot be read."""
    for name in ("server.enableXsrfProtection", "server.enableCORS"):
        if not config.get_option(name):
            return LEFT_OPEN.format(name=name)
    if accounts.configured() and accounts.secret_is_weak():
        return WEAK_SECRET
    address = config.get_option("server.address") or "0.0.0.0"
    if address == "localhost" or access.loops(address):
        return None
    if accounts.configured() or keys.anyone_may_sign_in(store()):
        return None
    return NOBODY_COULD_SIGN_IN.format(address=address)
