"""Accounts of the organisation, read from the cookie that OIDC sign-in (``st.login``) sets.

Streamlit stores the identity in a cookie signed with ``[auth] cookie_secret``. Pages could use ``st.user`` but routes
cannot, so both read the cookie here, with Streamlit's own functions (:mod:`pilot_core.web.streamlit_private`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pilot_core.domain.roles import Role
from pilot_core.settings import Settings
from pilot_core.web import streamlit_private

SHORTEST_SECRET = 32
SHARED = ("redirect_uri", "cookie_secret", "expose_tokens")


@dataclass(frozen=True)
class Account:
    """A person identified by the identity provider, with the role that the settings give them.

    ``sign_in`` is a hash of the login cookie, so each sign-in of an account in a browser has its own.
    """

    email: str
    role: Role
    sign_in: str


def allowed(settings: Settings, cookies: Mapping[str, str]) -> Account | None:
    """Return the account signed in in this browser, or None if there is none or the settings do not allow it."""
    if streamlit_private.USER_COOKIE_NAME not in cookies or not configured(settings):
        return None
    email = _email(cookies)
    role = role_of(settings, email) if email else None
    return Account(email, role, _hash(cookies)) if email and role else None


def configured(settings: Settings) -> bool:
    """Whether accounts can sign in: ``[auth]`` is in secrets.toml, and the settings allow at least one account."""
    return bool((settings.leads or settings.viewers) and streamlit_private.auth_section())


def secret_is_weak() -> bool:
    """Whether the secret that signs cookies is short enough to be guessed."""
    return len(str(streamlit_private.auth_section().get("cookie_secret", ""))) < SHORTEST_SECRET


def providers() -> list[str]:
    """Return the identity providers in ``[auth]``; an unnamed one is ``default``."""
    section = streamlit_private.auth_section()
    named = [name for name in section if name not in SHARED and hasattr(section[name], "keys")]
    return named if "client_id" not in section else ["default"]


def role_of(settings: Settings, email: str) -> Role | None:
    """Return the role that the settings give an e-mail address or its domain, or None."""
    entries = {email, "@" + email.rsplit("@", 1)[-1]}
    if entries & set(settings.leads):
        return Role.LEAD
    return Role.VIEWER if entries & set(settings.viewers) else None


def _hash(cookies: Mapping[str, str]) -> str:
    parts = (value for name, value in sorted(cookies.items()) if name.startswith(streamlit_private.USER_COOKIE_NAME))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _email(cookies: Mapping[str, str]) -> str | None:
    try:
        claims = json.loads(streamlit_private.signed_login(cookies) or b"null")
    except (ValueError, UnicodeError):
        return None
    if not isinstance(claims, dict) or claims.get("is_logged_in") is not True or claims.get("email_verified") is False:
        return None
    # Another product may share the secret; its cookies are not ours.
    if claims.get("origin") != streamlit_private.login_origin():
        return None
    email = claims.get("email")
    return email.strip().lower() if isinstance(email, str) and email.count("@") == 1 else None
