"""Whether the server was asked to end. It waits for every answer to be complete, so none may be held back then."""

import asyncio
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

_over = threading.Event()
_called: list[Callable[[], None]] = []


def is_over() -> bool:
    """Return whether the server was asked to end."""
    return _over.is_set()


def at_the_end(wake: Callable[[], None]) -> None:
    """Have ``wake`` called in the server's event loop when the server is asked to end."""
    _called.append(wake)


def notice() -> None:
    """Notice from now on when the server is asked to end.

    Call it from the running event loop of the main thread, where the server has set its own signal handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(before := signal.getsignal(number)):
            signal.signal(number, partial(_end, loop, before))


def _end(
    loop: asyncio.AbstractEventLoop,
    before: Callable[[int, FrameType | None], object],
    number: int,
    frame: FrameType | None,
) -> None:
    _over.set()
    loop.call_soon_threadsafe(_wake_all)
    before(number, frame)


def _wake_all() -> None:
    for wake in _called:
        wake()
