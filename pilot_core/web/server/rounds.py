"""When each background thread last finished a round of its work. A thread that hangs is alive all the same."""

import time


class Rounds:
    """The rounds of one thread.

    It is late when none has finished for ``seconds``: the pause between two and what the longest one may take.
    """

    def __init__(self, name: str, seconds: float):
        self.name = name
        self._seconds = seconds
        # Elapsed time, which nobody sets back.
        self._finished = time.monotonic()

    def finished(self) -> None:
        """Record that a round came to its end, also by an error, or is getting on."""
        self._finished = time.monotonic()

    @property
    def seconds_ago(self) -> float:
        """How many seconds ago the last round finished; before the first one, how old this is."""
        return time.monotonic() - self._finished

    @property
    def is_late(self) -> bool:
        """Whether the next round should have finished by now."""
        return self.seconds_ago > self._seconds
