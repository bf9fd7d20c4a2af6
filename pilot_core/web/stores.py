"""The one store this server works on."""

from contextvars import ContextVar
from functools import cache

from streamlit.runtime.scriptrunner import get_script_run_ctx

from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore

_asking: ContextVar[bool] = ContextVar("asking who this is", default=False)


@cache
def store() -> PilotStore:
    """The store named in the settings, opened once a process."""
    made = PilotStore(settings().store)
    made.database.before_reading, made.database.before_writing = check_may_read, check_may_write
    return made


def is_fragment() -> bool:
    """Whether this thread runs a fragment by itself, and not the whole page."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and bool(context.fragment_ids_this_run)


def check_may_read() -> None:
    """Refuse the readings of a fragment to whoever has been put out since the page ran. Raises AccessDenied.

    A fragment runs again by itself, without the entry script and the page's guard, which stand before all else.
    """
    from pilot_core.web import access

    if not is_fragment() or _asking.get():
        return
    asking = _asking.set(True)
    try:
        present = access.visitor()
    finally:
        _asking.reset(asking)
    if present.role is not access.Role.LEAD and not access.runs_for(present):
        raise access.AccessDenied(access.CLOSED)


def check_may_write() -> None:
    """Refuse a page's write by whoever may not make it. Raises AccessDenied and TooMuch.

    Every change passes here, whichever button, callback or script began it: Streamlit runs callbacks before the page's
    own guard. Routes and the server's own work are no pages; they state their roles elsewhere.
    """
    from pilot_core.web import access, rates

    if get_script_run_ctx(suppress_warning=True) is None:
        return
    present = access.visitor()
    if present.may(access.Role.LEAD):
        return
    elsewhere = present.on_the_team and not access.in_the_room()
    if present.grant is None or elsewhere or not access.runs_for(present):
        raise access.AccessDenied(access.READ_ONLY if present.on_the_team else access.CLOSED)
    rates.check_words(present.grant.link_id, access.page_peer())
