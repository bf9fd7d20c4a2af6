"""Accounts of the organisation: what OIDC sign-in (``st.login``) left in the browser.

Streamlit keeps the identity in a cookie it signs with ``[auth] cookie_secret``. Pages could ask ``st.user``, routes
cannot; so both read the cookie here, with Streamlit's own functions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from streamlit import auth_util
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pilot_core.settings import settings

SHORTEST_SECRET = 32
SHARED = ("redirect_uri", "cookie_secret", "expose_tokens")


@dataclass(frozen=True)
class Account:
    """Someone whom the identity provider named and the settings let in, as ``lead`` or ``viewer``."""

    email: str
    role: str


def allowed(cookies: Mapping[str, str]) -> Account | None:
    """The account signed in in this browser, if it is one that may come in."""
    if USER_COOKIE_NAME not in cookies or not configured():
        return None
    email = _email(cookies)
    role = role_of(email) if email else None
    return Account(email, role) if email and role else None


def configured() -> bool:
    """Whether accounts can sign in: ``[auth]`` is in secrets.toml, and the settings name who may."""
    config = settings()
    return bool((config.leads or config.viewers) and auth_util.get_secrets_auth_section())


def secret_is_weak() -> bool:
    """Whether cookies are signed with a secret short enough to be guessed."""
    return len(str(auth_util.get_secrets_auth_section().get("cookie_secret", ""))) < SHORTEST_SECRET


def providers() -> list[str]:
    """The identity providers of ``[auth]``; one without a name is ``default``."""
    section = auth_util.get_secrets_auth_section()
    named = [name for name in section if name not in SHARED and hasattr(section[name], "keys")]
    return named if "client_id" not in section else ["default"]


def login_address(provider: str) -> str:
    """Where Streamlit sends a browser on to the provider; good for two minutes."""
    return f"/auth/login?provider={auth_util.encode_provider_token(provider)}"


def role_of(email: str) -> str | None:
    """What the settings let that e-mail address be."""
    config = settings()
    ways_to_say_it = {email, "@" + email.rsplit("@", 1)[-1]}
    if ways_to_say_it & set(config.leads):
        return "lead"
    return "viewer" if ways_to_say_it & set(config.viewers) else None


def _email(cookies: Mapping[str, str]) -> str | None:
    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value) if value else None

    try:
        told = json.loads(auth_util.get_cookie_with_chunks(part, USER_COOKIE_NAME) or b"null")
    except (ValueError, UnicodeError):
        return None
    if not isinstance(told, dict) or told.get("is_logged_in") is not True or told.get("email_verified") is False:
        return None
    # Another product may share the secret; its cookies are not ours.
    if told.get("origin") != auth_util.get_origin_from_redirect_uri():
        return None
    email = told.get("email")
    return email.strip().lower() if isinstance(email, str) and email.count("@") == 1 else None
