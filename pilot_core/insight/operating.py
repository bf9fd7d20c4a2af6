"""How often the rules for programmes show each verdict, by the true approval rate: their operating characteristic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pilot_core.insight.posterior import PLACES, verdict_places
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import ProgrammeRules


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

    Signature: ``operating_characteristic(rules: ProgrammeRules, rates: Sequence[float], n_max: int) ->
    OperatingCharacteristic``, whose ``ever[Verdict.PROCEED]`` has one chance (0 to 1) for each of ``rates`` (0 to 1).

    Each pilot is approved with the true rate, independently. Guardrails are left out. A verdict may be shown and later
    withdrawn, so the chances of the three do not add up to 1. Method: dynamic programming over the number of approved
    pilots, in which what has shown the verdict leaves. It takes O(n_max² · len(rates)).
    """
    truth = np.asarray(rates, dtype=float).reshape(-1, 1)
    waiting = {verdict: np.ones((len(truth), 1)) for verdict in Verdict}
    shown = {verdict: np.zeros(len(truth)) for verdict in Verdict}
    for n in range(1, n_max + 1):
        places = verdict_places(np.arange(n + 1), np.full(n + 1, n), rules)
        for verdict in Verdict:
            reached = np.zeros((len(truth), n + 1))
            reached[:, :-1] += waiting[verdict] * (1 - truth)
            reached[:, 1:] += waiting[verdict] * truth
            here = places == PLACES.index(verdict)
            shown[verdict] += reached[:, here].sum(axis=1)
            reached[:, here] = 0.0
            waiting[verdict] = reached
    return OperatingCharacteristic(
        tuple(map(float, rates)), n_max, {verdict: tuple(map(float, shown[verdict])) for verdict in Verdict}
    )
