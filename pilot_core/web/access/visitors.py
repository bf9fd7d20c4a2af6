"""Find out who sent a request.

These are checked in order: the session of a sign-in key; an OIDC account of the organisation that the settings allow; a
browser on the server's own machine (see :func:`is_here`); a review grant. A visitor with none of them is a stranger.

The check runs on every rerun and every request, so that access that is revoked or has expired ends at the next one, in
open tabs too. A member of the team may also hold a grant, to see what a reviewer sees.
"""

import ipaddress
from collections.abc import Mapping

from starlette.requests import HTTPConnection

from pilot_core.bootstrap import App
from pilot_core.domain.roles import Role
from pilot_core.review.links import grant_for
from pilot_core.services import keys
from pilot_core.store.tables.display_names import local_name
from pilot_core.web.access import accounts
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.who import Visitor, Way

GRANT_COOKIE = "pilot_review"
SESSION_COOKIE = "pilot_sign_in"
SCOPE_KEY = "pilot_ops.visitor"
FORWARDING_HEADERS = (
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fly-client-ip",
)
FORWARDING_PREFIX = "x-forwarded-"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Return the visitor who sent a request, looked up once per request. Raises StoreError."""
    known: Visitor | None = connection.scope.get(SCOPE_KEY)
    if known is None:
        peer = connection.client.host if connection.client else None
        known = visitor_from(app_of(connection), connection.headers, connection.cookies, peer)
        connection.scope[SCOPE_KEY] = known
    return known


def visitor_from(app: App, headers: Mapping[str, str], cookies: Mapping[str, str], peer: str | None) -> Visitor:
    """Return the visitor who sent these headers (names in lower case) and cookies from that IP address.

    Raises StoreError.
    """
    grant = grant_for(app.store, cookies[GRANT_COOKIE]) if GRANT_COOKIE in cookies else None
    ended = GRANT_COOKIE in cookies and grant is None
    session = keys.session_for(app.store, cookies[SESSION_COOKIE]) if SESSION_COOKIE in cookies else None
    if session:
        return Visitor(session.name, Role(session.role), grant, ended, Way.KEY, session.key_id)
    if account := accounts.allowed(app.settings, cookies):
        return Visitor(account.email, account.role, grant, ended, Way.ACCOUNT, account.sign_in)
    if is_here(app, headers, peer):
        return Visitor(app.store.database.read(local_name), Role.LEAD, grant, ended, Way.HERE)
    if grant:
        return Visitor(grant.name, Role.REVIEWER, grant)
    return Visitor("stranger", Role.STRANGER, ended=ended)


def is_here(app: App, headers: Mapping[str, str], peer: str | None) -> bool:
    """Whether the request comes from a browser on this machine and was not forwarded by a proxy.

    Always False when the settings have a public address: requests through a tunnel or a proxy on this machine can look
    exactly like those of a local user.
    """
    forwarded = any(name in FORWARDING_HEADERS or name.startswith(FORWARDING_PREFIX) for name in headers)
    local = hostname(headers.get("host", "")) in LOCAL_HOSTS and is_loopback(peer)
    return not forwarded and app.settings.url is None and local


def hostname(host: str) -> str:
    """Return the host name in a Host header, without the port."""
    return host.lower() if host.endswith("]") else host.lower().rsplit(":", 1)[0]


def is_loopback(peer: str | None) -> bool:
    """Whether an IP address is a loopback address."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
