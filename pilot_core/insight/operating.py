"""How often the rules for programmes show each verdict, by the true approval rate: their operating characteristic."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pilot_core.insight.posterior import PLACES, verdict_places
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import ProgrammeRules

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class OperatingCharacteristic:
    """The chance of ever being shown each verdict, at the true approval rates in ``rates``, in their order.

    All numbers are shares from 0 to 1. ``n_max`` is the number of decided pilots after which nobody looks any more.
    """

    rates: tuple[float, ...]
    n_max: int
    ever: dict[Verdict, tuple[float, ...]]


def operating_characteristic(rules: ProgrammeRules, rates: Sequence[float], n_max: int) -> OperatingCharacteristic:
    """Return the exact chance of ever being shown each verdict when looking after every decided pilot up to ``n_max``.

    ``ever[Verdict.PROCEED]`` has one chance (0 to 1) for each of ``rates`` (0 to 1). A verdict may be shown and later
    withdrawn, so the chances of the three do not add up to 1.
    """
    ever = {v: first_shown(rules, rates, n_max, (v,))[v][:, -1] for v in Verdict}
    return OperatingCharacteristic(
        tuple(map(float, rates)), n_max, {verdict: tuple(map(float, shares)) for verdict, shares in ever.items()}
    )


def first_shown(
    rules: ProgrammeRules, rates: Sequence[float], n_max: int, among: Collection[Verdict]
) -> dict[Verdict, "Array"]:
    """Return the exact chance that each verdict of ``among`` is the first of them shown, by the number of pilots.

    Arrays have a row for each of ``rates`` (0 to 1) and a column for each number of decided pilots, from 0 to
    ``n_max``; a chance at n is that of having been shown at n or before. Each pilot is approved with the true rate,
    independently, and the lead looks after every one. Guardrails are left out. Method: dynamic programming over the
    number of approved pilots, in which what has shown a verdict leaves. It takes O(n_max² · len(rates)).
    """
    truth = np.asarray(rates, dtype=float).reshape(-1, 1)
    waiting = np.ones((len(truth), 1))
    shown = {verdict: np.zeros((len(truth), n_max + 1)) for verdict in among}
    for n in range(1, n_max + 1):
        places = verdict_places(np.arange(n + 1), np.full(n + 1, n), rules)
        reached = np.zeros((len(truth), n + 1))
        reached[:, :-1] += waiting * (1 - truth)
        reached[:, 1:] += waiting * truth
        for verdict, chances in shown.items():
            here = places == PLACES.index(verdict)
            chances[:, n] = chances[:, n - 1] + reached[:, here].sum(axis=1)
            reached[:, here] = 0.0
        waiting = reached
    return shown
