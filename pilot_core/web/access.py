"""Who is this, and what may they do: answered here for pages, routes and events alike.

A review grant travels in a cookie and is looked up again on every rerun and every request, so that whatever is revoked
or has expired ends at the next one, in an open tab too. Whoever sits at this machine may hold a grant as well, to see
what a reviewer sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st
from starlette.requests import HTTPConnection

from pilot_core.errors import PilotError
from pilot_core.review.links import LinkRefused, grant_for
from pilot_core.store.pilots import local_user
from pilot_core.store.reviews import Grant
from pilot_core.web.stores import store

COOKIE = "pilot_review"
FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
CLOSED = (
    "This dashboard is open only to the operations team, on the machine it runs on. "
    "If you are here to review a film, open the link you were sent once more."
)
NO_GRANT = (
    "This is the review room, as founders’ contacts see it. To look inside, make a review link on a pilot’s page, "
    "and open it in this browser."
)


class Role(StrEnum):
    """What a visitor may do; a lead may do everything, a reviewer review the one pilot of their grant."""

    LEAD = "lead"
    REVIEWER = "reviewer"
    STRANGER = "stranger"


class AccessDenied(PilotError):
    """The visitor may not see or do this."""


@dataclass(frozen=True)
class Visitor:
    """Someone at the door: the name that events carry, the role, and the living review grant they hold, if any.

    ``ended`` tells that they brought a grant which opens nothing any more.
    """

    name: str
    role: Role
    grant: Grant | None = None
    ended: bool = False

    def reaches(self, pilot_id: str) -> bool:
        """Whether they may see what founders are shown of that pilot."""
        return self.role is Role.LEAD or (self.grant is not None and self.grant.pilot_id == pilot_id)


def visitor_from(headers: Mapping[str, str], cookies: Mapping[str, str]) -> Visitor:
    """Whoever sits at this machine is trusted; a request that was forwarded, or asked for another host, is not.

    Header names are in lower case.
    """
    grant = grant_for(store(), cookies[COOKIE]) if COOKIE in cookies else None
    ended = COOKIE in cookies and grant is None
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name in LOCAL_HOSTS and not any(header in headers for header in FORWARDING_HEADERS):
        return Visitor(local_user(), Role.LEAD, grant, ended)
    if grant:
        return Visitor(grant.name, Role.REVIEWER, grant)
    return Visitor("stranger", Role.STRANGER, ended=ended)


def visitor() -> Visitor:
    """The visitor of the page being rendered."""
    return visitor_from({key.lower(): value for key, value in st.context.headers.items()}, st.context.cookies)


def visitor_of(connection: HTTPConnection) -> Visitor:
    """The visitor of a route."""
    return visitor_from(connection.headers, connection.cookies)


def require(role: Role) -> Visitor:
    """The page's guard: the visitor, if they have the role; otherwise the page stops with a sentence."""
    present = visitor()
    if present.role is not role:
        st.error(CLOSED)
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
        st.info(str(LinkRefused()), icon=":material/link_off:")
    elif present.role is Role.LEAD:
        st.info(NO_GRANT, icon=":material/info:")
    else:
        st.info(CLOSED, icon=":material/lock:")


def require_request(connection: HTTPConnection, role: Role) -> Visitor:
    """A route's guard. Raises AccessDenied."""
    present = visitor_of(connection)
    if present.role is not role:
        raise AccessDenied("This address is open only to the operations team.")
    return present
