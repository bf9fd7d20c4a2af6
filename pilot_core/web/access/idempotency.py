"""Form keys: a key is created when a form is drawn, and an act that is sent twice with the same key is done once.

A second click does not wait for the first: Streamlit starts another run of the page while the first is still working,
and the first run can no longer write to the session. So the key is stored with the act in the database; see
``services.acts``. :func:`once_in_process` is for acts that store no key: it remembers only what this process did.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import streamlit as st

from pilot_core import ids

T = TypeVar("T")

KEPT = 256

_done: OrderedDict[str, Any] = OrderedDict()
# Weak, so that a lock is dropped when no click holds it or waits for it, whether the work succeeded or not.
_at_work: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_guard = threading.Lock()


def form_key(form: str) -> str:
    """Return the key of the named form in this session. It stays the same until :func:`renew`."""
    return str(st.session_state.setdefault(_session_key(form), ids.new_id("form")))


def renew(form: str) -> None:
    """Give the form a new key, so that it can be sent again."""
    st.session_state.pop(_session_key(form), None)


def once_in_process(token: str, work: Callable[[], T]) -> T:
    """Call ``work`` and return its result; if it was done before with this token, return the earlier result.

    A second caller waits until the first is done. If ``work`` raises, it counts as not done. It must not use Streamlit.
    """
    with _guard:
        lock = _at_work.setdefault(token, threading.Lock())
    with lock:
        with _guard:
            if token in _done:
                return _done[token]  # type: ignore[no-any-return]
        result = work()
        with _guard:
            _done[token] = result
            if len(_done) > KEPT:
                _done.popitem(last=False)
    return result


def _session_key(form: str) -> str:
    return f"{form} key"
