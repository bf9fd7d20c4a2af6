"""An act that is done once, however often its button was clicked.

A second click does not wait for the first: Streamlit begins another run of the page beside the one at work, and the
first run cannot write to the session any more. So what was done is remembered here, under a token of the form.
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
# Weak, so that a lock is forgotten with the last click that holds it or waits for it, however the work ended.
_at_work: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_guard = threading.Lock()


def token(form: str) -> str:
    """The token of the form of that name in this session, until it is renewed."""
    return str(st.session_state.setdefault(_key(form), ids.new_id("form")))


def renew(form: str) -> None:
    """From now on the form can be sent again."""
    st.session_state.pop(_key(form), None)


def once(token: str, work: Callable[[], T]) -> T:
    """Do ``work`` unless it was done under this token, and return what it returned then.

    Whoever comes while it is being done waits for it. Work that raises was not done. It must not use Streamlit.
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


def _key(form: str) -> str:
    return f"{form} token"
