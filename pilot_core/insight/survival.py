"""Times to an event where some pilots are still waiting for it: Kaplan–Meier, and incidence with competing ends.

Open pilots are censored: all that is known is that it took longer than until now.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilot_core.formatting import count
from pilot_core.insight.stats import Z_95

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    Array = np.ndarray[Any, np.dtype[Any]]

CENSORED, APPROVED, ENDED = 0, 1, 2
"""How a pilot stands at its time: still open, approved, or ended without an approval."""
MOST_STEPS = 300
TICKS = 6


@dataclass(frozen=True)
class Curve:
    """A step function: from each time on, ``share`` (0 to 1) with its 95% bounds, None where they are not defined."""

    times: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


NO_CURVE = Curve((), (), (), ())


@dataclass(frozen=True)
class TimeTo:
    """A time to an event over ``n`` cases, ``events`` of which saw it; the others are censored or ended otherwise.

    ``median`` is when half of all cases had the event, None where it was not reached; its 95% bounds likewise.
    """

    n: int
    events: int
    median: float | None
    low: float | None
    high: float | None

    @property
    def without(self) -> int:
        """The cases without the event."""
        return self.n - self.events


@dataclass(frozen=True)
class Incidence:
    """The share of all pilots approved, and ended without approval, by each day since they were created.

    ``at_risk`` gives at some days how many pilots were still open and followed; both shares and the open ones add up.
    """

    n: int
    n_approved: int
    n_ended: int
    n_open: int
    approved: Curve
    ended: Curve
    at_risk: tuple[tuple[float, int], ...]
    time_to_approval: TimeTo
    reading: str


def kaplan_meier(times: "ArrayLike", observed: "ArrayLike") -> TimeTo:
    """The median time to an event with its log–log interval. ``observed`` is false where a case is censored.

    Estimator: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958)
    457–481; computed by statsmodels.
    """
    import numpy as np

    seen = np.asarray(observed, dtype=bool)
    if not seen.any():
        return TimeTo(len(seen), 0, None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _product_limit(times, seen)
        low, high = estimate.quantile_ci(0.5, method="cloglog")
    middle = _first_half(estimate.surv_times, 1 - estimate.surv_prob)
    return TimeTo(len(seen), int(seen.sum()), middle, _finite(low), _finite(high))


def survival_curve(times: "ArrayLike", observed: "ArrayLike") -> Curve:
    """The share of cases still without the event from each time on, by Kaplan and Meier."""
    import numpy as np

    seen = np.asarray(observed, dtype=bool)
    if not seen.any():
        return NO_CURVE
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _product_limit(times, seen)
        low, high = _bounds(estimate.surv_prob, estimate.surv_prob_se)
    return _curve(estimate.surv_times, estimate.surv_prob, low, high)


def cumulative_incidence(days: "ArrayLike", ends: "ArrayLike") -> Incidence:
    """The shares approved and ended by each day, each the other's competing event.

    ``ends`` holds CENSORED, APPROVED or ENDED. Estimator: O. Aalen and S. Johansen, "An empirical transition matrix
    for non-homogeneous Markov chains", Scandinavian Journal of Statistics 5 (1978) 141–150; computed by statsmodels.
    """
    import numpy as np

    times, how = np.asarray(days, dtype=float), np.asarray(ends, dtype=int)
    n_open, n_approved, n_ended = (int((how == end).sum()) for end in (CENSORED, APPROVED, ENDED))
    approved = ended = NO_CURVE
    time_to = TimeTo(len(how), n_approved, None, None, None)
    if n_approved or n_ended:
        from statsmodels.duration.survfunc import CumIncidenceRight

        with np.errstate(divide="ignore", invalid="ignore"):
            estimate = CumIncidenceRight(times, how)
            parts = [
                (estimate.times[steps], share[steps], *_bounds(share[steps], error[steps]))
                for share, error in zip(estimate.cinc, estimate.cinc_se, strict=True)
                for steps in [np.flatnonzero(np.diff(share, prepend=0.0) > 0)]
            ]
        approved = _curve(*parts[0])
        ended = _curve(*parts[1]) if n_ended else NO_CURVE
        at, share, low, high = parts[0]
        # The bounds cross: the rate's upper one reaches a half first.
        time_to = TimeTo(len(how), n_approved, *(_first_half(at, side) for side in (share, high, low)))
    return Incidence(
        n=len(how),
        n_approved=n_approved,
        n_ended=n_ended,
        n_open=n_open,
        approved=approved,
        ended=ended,
        at_risk=_at_risk(times, times[how != CENSORED]),
        time_to_approval=time_to,
        reading=_reading(n_approved, n_ended, n_open, time_to),
    )


def _product_limit(times: "ArrayLike", seen: "Array") -> Any:
    import numpy as np
    from statsmodels.duration.survfunc import SurvfuncRight

    return SurvfuncRight(np.asarray(times, dtype=float), seen.astype(int))


def _bounds(share: "Array", error: "Array") -> "tuple[Array, Array]":
    """The log–log interval (Kalbfleisch and Prentice, 2002, 1.4): within 0 and 1, and not defined at either."""
    import numpy as np

    open_end = np.where(share < 1, share, np.nan)
    reach = Z_95 * error / (open_end * np.log(open_end))
    return open_end ** np.exp(-reach), open_end ** np.exp(reach)


def _curve(times: "Array", share: "Array", low: "Array", high: "Array") -> Curve:
    """At most MOST_STEPS steps, evenly chosen, the last one among them."""
    import numpy as np

    kept = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_STEPS)).round().astype(int))
    return Curve(
        tuple(times[kept].tolist()),
        tuple(share[kept].tolist()),
        tuple(_finite(value) for value in np.minimum(low, high)[kept]),
        tuple(_finite(value) for value in np.maximum(low, high)[kept]),
    )


def _first_half(times: "Array", share: "Array") -> float | None:
    import numpy as np

    reached = np.flatnonzero(share >= 0.5 - 1e-9)
    return float(times[reached[0]]) if len(reached) else None


def _at_risk(times: "Array", ended: "Array") -> tuple[tuple[float, int], ...]:
    """How many cases are followed at least that long, at round days from 0 to the last end or shortly after."""
    if not len(times):
        return ()
    step = _round_up(float((ended if len(ended) else times).max()) / TICKS)
    return tuple((tick * step, int((times >= tick * step).sum())) for tick in range(TICKS + 1))


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50…, and 1 at least."""
    power = 1.0
    while value > power * 10:
        power *= 10
    return next(power * base for base in (1, 2, 5, 10) if power * base >= value)


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if number - number == 0 else None


def _reading(approved: int, ended: int, still_open: int, time_to: TimeTo) -> str:
    n = approved + ended + still_open
    if not n:
        return "No pilot yet."
    told = f"{approved:,} of {count(n, 'pilot')} approved, {ended:,} ended without, {still_open:,} still open"
    if not approved:
        return f"{told}."
    if time_to.median is None:
        return f"{told}; half of all pilots are not approved yet."
    return f"{told}; half of all pilots are approved by day {max(1, round(time_to.median))}."
