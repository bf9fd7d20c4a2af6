"""A limit for everything that is said over a connection.

A socket's own timeout is for one read: whoever sends a byte now and then is waited for without end.
"""

import socket
import threading
import time
from contextlib import suppress


class TimeLimit:
    """A limit of ``seconds``, after which the connections it watches are shut: whoever reads from one sees its end.

    A context manager. At its end it watches nothing any more.
    """

    def __init__(self, seconds: float):
        self._watched: list[socket.socket] = []
        self._guard = threading.Lock()
        self._begin(seconds)

    def __enter__(self) -> "TimeLimit":
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        with self._guard:
            for each in self._watched:
                each.close()
            self._watched = []

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection too when the time is up. Encryption may be put on it afterwards."""
        with self._guard:
            # A copy of the descriptor, because TLS takes the socket itself over.
            self._watched.append(connection.dup())
        if self.is_over:
            self._shut()

    def restart(self, seconds: float) -> None:
        """Give what follows that many seconds from now."""
        self._timer.cancel()
        self._begin(seconds)

    def _begin(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._timer.start()

    def _shut(self) -> None:
        with self._guard:
            for each in self._watched:
                with suppress(OSError):  # it ended by itself
                    each.shutdown(socket.SHUT_RDWR)
