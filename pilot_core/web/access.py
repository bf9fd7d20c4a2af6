"""Who is this, and what may they do: answered here for pages, routes and events alike.

Five ways lead in, asked in this order: a named sign-in key's session; an account of the organisation (OIDC) that the
settings allow; sitting at this machine, as long as nothing says that the request came from elsewhere; a review grant;
none. Each is looked up again on every rerun and every request, so that whatever is revoked or has expired ends at the
next one, in an open tab too. Whoever is of the team may hold a grant as well, to see what a reviewer sees.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import HTTPConnection

from pilot_core import keys
from pilot_core.errors import PilotError
from pilot_core.review.links import LinkRefused, grant_for
from pilot_core.settings import settings
from pilot_core.store.pilots import local_user
from pilot_core.store.reviews import Grant
from pilot_core.web import accounts
from pilot_core.web.stores import store

COOKIE = "pilot_review"
SESSION_COOKIE = "pilot_sign_in"
SENT, RUNS_FOR = "what the browser sent", "whom the page is drawn for"
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
FORWARDING_BEGINNING = "x-forwarded-"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
CLOSED = (
    "This dashboard is open only to the operations team. If you belong to it, open the sign-in link you were sent. "
    "If you are here to review a film, open the link you were sent once more."
)
READ_ONLY = "You can read everything here and change nothing. Ask a lead to do this, or to let you in as one."
ENDED = str(LinkRefused())
NO_GRANT = (
    "This is the review room, as founders’ contacts see it. To look inside, make a review link on a pilot’s page, "
    "and open it in this browser."
)


class Role(StrEnum):
    """What a visitor may do: a lead everything, a viewer read, a reviewer review the one pilot of their grant."""

    LEAD = "lead"
    VIEWER = "viewer"
    REVIEWER = "reviewer"
    STRANGER = "stranger"


class AccessDenied(PilotError):
    """The visitor may not see or do this."""


class Way(StrEnum):
    """How someone of the team got in."""

    KEY = "key"
    ACCOUNT = "account"
    HERE = "here"


@dataclass(frozen=True)
class Visitor:
    """Someone at the door: the name that events carry, the role, and the living review grant they hold, if any.

    ``ended`` tells that they brought a grant which opens nothing any more.
    """

    name: str
    role: Role
    grant: Grant | None = None
    ended: bool = False
    way: Way | None = None

    @property
    def on_the_team(self) -> bool:
        """Whether they may read everything."""
        return self.role in (Role.LEAD, Role.VIEWER)

    def may(self, role: Role) -> bool:
        """Whether they may do what needs that role; a grant makes a reviewer of anyone, for its one pilot."""
        if role is Role.REVIEWER:
            return self.on_the_team or self.grant is not None
        return role is Role.STRANGER or self.role is Role.LEAD or (role is Role.VIEWER and self.on_the_team)

    def reaches(self, pilot_id: str) -> bool:
        """Whether they may see what founders are shown of that pilot."""
        return self.on_the_team or (self.grant is not None and self.grant.pilot_id == pilot_id)


def visitor_from(headers: Mapping[str, str], cookies: Mapping[str, str], peer: str | None) -> Visitor:
    """Who sent these headers (names in lower case) and cookies from that address."""
    grant = grant_for(store(), cookies[COOKIE]) if COOKIE in cookies else None
    ended = COOKIE in cookies and grant is None
    session = keys.session_for(store(), cookies[SESSION_COOKIE]) if SESSION_COOKIE in cookies else None
    if session:
        return Visitor(session.name, Role(session.role), grant, ended, Way.KEY)
    if account := accounts.allowed(cookies):
        return Visitor(account.email, Role(account.role), grant, ended, Way.ACCOUNT)
    if is_here(headers, peer):
        return Visitor(local_user(), Role.LEAD, grant, ended, Way.HERE)
    if grant:
        return Visitor(grant.name, Role.REVIEWER, grant)
    return Visitor("stranger", Role.STRANGER, ended=ended)


def is_here(headers: Mapping[str, str], peer: str | None) -> bool:
    """Whether the request comes from someone at this machine, and from nowhere else through it.

    Once the settings name the address others reach, nobody is trusted for where they sit: a tunnel or a proxy at this
    machine can look just like its user.
    """
    forwarded = any(name in FORWARDING_HEADERS or name.startswith(FORWARDING_BEGINNING) for name in headers)
    return not forwarded and settings().url is None and hostname(headers.get("host", "")) in LOCAL_HOSTS and loops(peer)


def hostname(host: str) -> str:
    """The name in a Host header, without the port."""
    return host.lower() if host.endswith("]") else host.lower().rsplit(":", 1)[0]


def loops(peer: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def visitor() -> Visitor:
    """The visitor of the page being rendered.

    When the tab closes in the middle of an act, Streamlit forgets what the browser sent; the act goes on as whoever
    began it, looked up as ever.
    """
    sent = (_page_headers(), dict(st.context.cookies), page_peer())
    if sent[0]:
        st.session_state[SENT] = sent
    else:
        sent = st.session_state.get(SENT, sent)
    return visitor_from(*sent)


def remember_whom_it_runs_for(present: Visitor) -> None:
    """Note, at the beginning of a full run, whom the page is drawn for; see :func:`runs_for`."""
    st.session_state[RUNS_FOR] = _standing(present)


def runs_for(present: Visitor) -> bool:
    """Whether the page was last drawn for someone who stood just so.

    A callback or a fragment runs what was drawn before, and tells by itself on which page that was: whoever stands
    otherwise by now (signed out, revoked, with a grant only) gets nothing of it.
    """
    return bool(st.session_state.get(RUNS_FOR) == _standing(present))


def _standing(present: Visitor) -> tuple[Role, Way | None, str, bool]:
    # A reviewer has no other page than the room.
    in_room = in_the_room() or not present.on_the_team
    return present.role, present.way, present.grant.grant_hash if present.grant else "", in_room


def visitor_of(connection: HTTPConnection) -> Visitor:
    """The visitor of a route, asked once a request."""
    known: Visitor | None = connection.scope.get("pilot_ops.visitor")
    if known is None:
        peer = connection.client.host if connection.client else None
        known = connection.scope["pilot_ops.visitor"] = visitor_from(connection.headers, connection.cookies, peer)
    return known


def page_peer() -> str:
    """The address the page's visitor comes from. Streamlit tells that of this machine as none."""
    # Behind a socket in the file system a proxy speaks for everybody.
    from_socket = str(st.get_option("server.address") or "").startswith("unix:")
    return st.context.ip_address or ("" if from_socket else "127.0.0.1")


def in_the_room() -> bool:
    """Whether the page being rendered is the review room."""
    return urlsplit(st.context.url or "").path.rstrip("/").endswith("/review")


def may_change() -> bool:
    """Whether the page's visitor may change pilots; what changes them is not drawn for others."""
    return visitor().may(Role.LEAD)


def require(role: Role) -> Visitor:
    """The page's guard: the visitor, if they may do what needs the role; otherwise the page stops with a sentence."""
    present = visitor()
    if not present.may(role):
        st.error(READ_ONLY if present.on_the_team else CLOSED)
        st.stop()
    return present


def require_grant() -> Grant:
    """The review room's guard: the living grant; otherwise the page stops with a sentence."""
    present = visitor()
    if present.grant is None:
        show_no_grant(present)
        st.stop()
    return present.grant


def show_no_grant(present: Visitor) -> None:
    """Say, to someone without a living grant, what opens the review room."""
    if present.ended:
        st.info(ENDED, icon=":material/link_off:")
    elif present.on_the_team:
        st.info(NO_GRANT, icon=":material/info:")
    else:
        st.info(CLOSED, icon=":material/lock:")


def _page_headers() -> dict[str, str]:
    return {key.lower(): value for key, value in st.context.headers.items()}
