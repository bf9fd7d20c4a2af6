"""Who is this, and what may they do: answered here for pages, routes and events alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st
from starlette.requests import HTTPConnection

from pilot_core.errors import PilotError
from pilot_core.store.pilots import local_user

FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
CLOSED = "This dashboard is open only to the operations team, on the machine it runs on."


class Role(StrEnum):
    """What a visitor may do; a lead may do everything."""

    LEAD = "lead"
    STRANGER = "stranger"


class AccessDenied(PilotError):
    """The visitor may not see or do this."""


@dataclass(frozen=True)
class Visitor:
    """Someone at the door: the name that events carry, and the role."""

    name: str
    role: Role


def visitor_from(headers: Mapping[str, str]) -> Visitor:
    """Whoever sits at this machine is trusted; a request that was forwarded, or asked for another host, is not."""
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name in LOCAL_HOSTS and not any(header in headers for header in FORWARDING_HEADERS):
        return Visitor(local_user(), Role.LEAD)
    return Visitor("stranger", Role.STRANGER)


def visitor() -> Visitor:
    """The visitor of the page being rendered."""
    return visitor_from({key.lower(): value for key, value in st.context.headers.items()})


def require(role: Role) -> Visitor:
    """The page's guard: the visitor, if they have the role; otherwise the page stops with a sentence."""
    present = visitor()
    if present.role is not role:
        st.error(CLOSED)
        st.stop()
    return present


def require_request(connection: HTTPConnection, role: Role) -> Visitor:
    """A route's guard. Raises AccessDenied."""
    present = visitor_from(connection.headers)
    if present.role is not role:
        raise AccessDenied("This address is open only to the operations team.")
    return present
