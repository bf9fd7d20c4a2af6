"""How the open pilots of a programme would end, if they end like the decided ones.

Importing this module loads scipy.
"""

from dataclasses import dataclass

from scipy.stats import betabinom

from pilot_core.formatting import count

COVERED = 0.8
"""The share of cases that the range covers at least."""

FEWEST = 5
"""With fewer decided pilots nothing is forecast, as no verdict is given."""


@dataclass(frozen=True)
class Forecast:
    """How many of ``still_open`` pilots are approved: from ``low`` to ``high`` in at least 80% of cases."""

    decided: int
    still_open: int
    low: int
    high: int

    @property
    def sentence(self) -> str:
        """Return the forecast with its condition."""
        number = f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"
        end, are = ("ends" if self.still_open == 1 else "end"), ("is" if number == "1" else "are")
        return (
            f"If the {count(self.still_open, 'open pilot')} {end} like the {count(self.decided, 'decided pilot')}, "
            f"{number} {are} approved in at least {COVERED:.0%} of cases."
        )


def forecast(approved: int, decided: int, still_open: int) -> Forecast | None:
    """Return the forecast, or None with fewer than five decided pilots or no open one.

    The number approved is beta-binomial, as the approval rate has a uniform prior. The range
    leaves out at most a tenth at each end.
    """
    if decided < FEWEST or not still_open:
        return None
    spread = betabinom(still_open, approved + 1, decided - approved + 1)
    tail = (1 - COVERED) / 2
    return Forecast(decided, still_open, int(spread.ppf(tail)), int(spread.ppf(1 - tail)))
