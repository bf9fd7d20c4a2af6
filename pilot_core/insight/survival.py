"""Estimates times to an event: Kaplan–Meier, and cumulative incidence with competing events.

Open pilots are censored: their event has not happened yet. Importing this module loads statsmodels.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from pilot_core.formatting import count
from pilot_core.insight.stats import Z_95
from pilot_core.insight.times_to import APPROVED, CENSORED, ENDED, NO_CURVE, Curve, Incidence, TimeTo, day_of

Array = np.ndarray[Any, np.dtype[Any]]

MOST_STEPS = 300
TICKS = 6
"""Days; less than what a clock's seconds lose when they become days."""


def kaplan_meier(times: ArrayLike, observed: ArrayLike) -> TimeTo:
    """Return the median time to an event with its log–log interval. ``observed`` is false for censored cases.

    Estimator: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958)
    457–481; computed by statsmodels.
    """
    seen = np.asarray(observed, dtype=bool)
    if not seen.any():
        return TimeTo(len(seen), 0, None, None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _product_limit(times, seen)
        low, high = estimate.quantile_ci(0.5, method="cloglog")
    middle = _first_half(estimate.surv_times, 1 - estimate.surv_prob)
    return TimeTo(len(seen), int(seen.sum()), middle, _finite(low), _finite(high))


def survival_curve(times: ArrayLike, observed: ArrayLike) -> Curve:
    """Return the Kaplan–Meier curve: the share of cases without the event from each time on."""
    seen = np.asarray(observed, dtype=bool)
    if not seen.any():
        return NO_CURVE
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _product_limit(times, seen)
        low, high = _bounds(estimate.surv_prob, estimate.surv_prob_se)
    return _curve(estimate.surv_times, estimate.surv_prob, low, high)


def cumulative_incidence(days: ArrayLike, ends: ArrayLike) -> Incidence:
    """Return the shares of pilots approved and ended by each day, as competing events.

    ``ends`` holds CENSORED, APPROVED or ENDED. Estimator: O. Aalen and S. Johansen, "An empirical transition matrix
    for non-homogeneous Markov chains", Scandinavian Journal of Statistics 5 (1978) 141–150; computed by statsmodels.
    """
    times, how = np.asarray(days, dtype=float), np.asarray(ends, dtype=int)
    n_open, n_approved, n_ended = (int((how == end).sum()) for end in (CENSORED, APPROVED, ENDED))
    approved = ended = NO_CURVE
    time_to = TimeTo(len(how), n_approved, None, None, None)
    if n_approved or n_ended:
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
        # The curve's upper bound reaches one half first, so it gives the lower bound of the median.
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


def _product_limit(times: ArrayLike, seen: Array) -> Any:
    return SurvfuncRight(np.asarray(times, dtype=float), seen.astype(int))


def _bounds(share: Array, error: Array) -> tuple[Array, Array]:
    """Return the log–log interval (Kalbfleisch and Prentice, 2002, 1.4), within 0 and 1. NaN at a share of 0 or 1."""
    open_end = np.where(share < 1, share, np.nan)
    reach = Z_95 * error / (open_end * np.log(open_end))
    return open_end ** np.exp(-reach), open_end ** np.exp(reach)


def _curve(times: Array, share: Array, low: Array, high: Array) -> Curve:
    """Return a curve of at most MOST_STEPS evenly chosen steps, including the first and the last."""
    kept = np.unique(np.linspace(0, len(times) - 1, min(len(times), MOST_STEPS)).round().astype(int))
    return Curve(
        tuple(times[kept].tolist()),
        tuple(share[kept].tolist()),
        tuple(_finite(value) for value in np.minimum(low, high)[kept]),
        tuple(_finite(value) for value in np.maximum(low, high)[kept]),
    )


def _first_half(times: Array, share: Array) -> float | None:
    reached = np.flatnonzero(share >= 0.5 - 1e-9)
    return float(times[reached[0]]) if len(reached) else None


def _at_risk(times: Array, ended: Array) -> tuple[tuple[float, int], ...]:
    """Return (day, cases followed at least that long) at round days from 0 to the last event or just after it."""
    if not len(times):
        return ()
    step = _round_up(float((ended if len(ended) else times).max()) / TICKS)
    return tuple((tick * step, int((times >= tick * step).sum())) for tick in range(TICKS + 1))


def _round_up(value: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, 50… that is not below ``value``."""
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
        return f"{told}. Half of all pilots are not approved yet."
    day = day_of(time_to.median)
    estimate = " (estimated, since some are still open)" if still_open else ""
    return f"{told}. Half of all pilots are approved by day {day}{estimate}."
