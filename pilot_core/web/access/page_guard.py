"""The visitor of the current page run, and what the run may read and write.

Streamlit runs callbacks and fragments without the entry script and the page's own :func:`require`. So the store checks
too: at server start, :func:`guard` makes it call :func:`check_may_read` and :func:`check_may_write`.
"""

from contextvars import ContextVar

import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.store.pilots import PilotStore
from pilot_core.web import streamlit_private
from pilot_core.web.access.current_app import app
from pilot_core.web.access.visitors import visitor_from
from pilot_core.web.access.who import CLOSED, READ_ONLY, AccessDenied, Visitor

SENT, BELONGS_TO = "what the browser sent", "whom the session belongs to"
_looking_up: ContextVar[bool] = ContextVar("looking up who this is", default=False)


def visitor() -> Visitor:
    """Return the visitor of the current page run. Raises StoreError.

    If the tab is closed during an act, Streamlit forgets the browser's headers and cookies. The act then continues as
    the visitor who began it, looked up as usual.
    """
    sent = (_page_headers(), dict(st.context.cookies), page_peer())
    if sent[0]:
        st.session_state[SENT] = sent
    else:
        sent = st.session_state.get(SENT, sent)
    return visitor_from(app(), *sent)


def may_change() -> bool:
    """Whether the page's visitor may change pilots. Controls that change pilots are not drawn for others."""
    return visitor().may(Role.LEAD)


def require(role: Role) -> Visitor:
    """Return the visitor if they have the permissions of the role; otherwise show a sentence and stop the page."""
    present = visitor()
    if not present.may(role):
        st.error(READ_ONLY if present.on_the_team else CLOSED)
        st.stop()
    return present


def is_theirs(present: Visitor) -> bool:
    """Whether the session belongs to this visitor, with the rights they had at its first run. Set once, never changed.

    A callback or fragment belongs to a page that was drawn earlier, and the browser says which. A visitor whose rights
    have changed since then, for example by signing out, must not see its output.
    """
    return bool(st.session_state.setdefault(BELONGS_TO, present.principal) == present.principal)


def page_peer() -> str:
    """Return the IP address of the page's visitor. Streamlit reports None for this machine's own address."""
    # With a Unix socket, every request comes from a proxy, so it does not show that the visitor is local.
    from_socket = str(st.get_option("server.address") or "").startswith("unix:")
    return st.context.ip_address or ("" if from_socket else "127.0.0.1")


def guard(store: PilotStore) -> None:
    """Make the store check the visitor before every read and write of a page."""
    store.database.before_reading, store.database.before_writing = check_may_read, check_may_write
    store.serves_visitors = True


def check_may_read() -> None:
    """Refuse the reads of a fragment or callback to anyone but whom the session belongs to. Raises AccessDenied."""
    if not streamlit_private.in_part() or _looking_up.get():
        return
    looking_up = _looking_up.set(True)
    try:
        present = visitor()
    finally:
        _looking_up.reset(looking_up)
    if not present.on_the_team or not is_theirs(present):
        raise AccessDenied(CLOSED)


def check_may_write() -> None:
    """Refuse a page's write by anyone but a lead. Raises AccessDenied.

    Every write by a button, callback or script of a page is checked here. Writes by routes and background work are not:
    routes declare their roles with :func:`pilot_core.web.access.guarded_routes.route`.
    """
    if not streamlit_private.in_page():
        return
    present = visitor()
    if not present.may(Role.LEAD):
        raise AccessDenied(READ_ONLY if present.on_the_team else CLOSED)
    if not is_theirs(present):
        raise AccessDenied(CLOSED)


def _page_headers() -> dict[str, str]:
    return {key.lower(): value for key, value in st.context.headers.items()}
