"""How often the metrics page's charts over time signal on stable processes: ``python -m bench.signals [PROCESSES]``.

Each simulated process is stable and looked at after every pilot, as leads do. It prints the shares of processes that
show a signal at one look at n points, and at some look up to n. Runs with the same number of processes print the same.
"""

import sys
from collections.abc import Callable

import numpy as np

from pilot_core.insight.approval import cusum_for, fall_in
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.trends import FEWEST, LIMIT_FACTOR, OUTSIDE_BY_CHANCE, SignalKind, Xmr, runs_in, xmr

Random = np.random.Generator
SIZES = (20, 50, 100)
DRAFTS = (1, 2, 3)
SHARES = (0.6, 0.3, 0.1)
SPREAD = 0.3
"""The standard deviation of log times to first cut: of three cuts, two are within a third of the middle."""


def main() -> int:
    """Print the tables. The argument is the number of simulated processes."""
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{processes:,} stable processes; a look after every pilot from the {FEWEST}th on\n")
    print(
        "| Chart and signal | one look at 20 | 50 | 100 | some look up to 20 | 50 | 100 |\n"
        "|---|---:|---:|---:|---:|---:|---:|"
    )
    for name, signal in CHARTS.items():
        print(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares(signal, processes))} |")
    print("\nOne look, points outside the limits, against the table in insight.trends:")
    for n, known in OUTSIDE_BY_CHANCE.items():
        print(f"n = {n}: {outside_share(n, 40_000):.3f} (table {known:.3f})")
    return 0


def shares(signal: Callable[[Random, int], list[bool]], processes: int) -> list[float]:
    """Return the shares that signal at the looks at ``SIZES``, then at some look up to each of them."""
    random = np.random.default_rng(22)
    seen = [signal(random, SIZES[-1]) for _ in range(processes)]
    at = [sum(looks[n - 1] for looks in seen) / processes for n in SIZES]
    return at + [sum(any(looks[:n]) for looks in seen) / processes for n in SIZES]


def first_cut_looks(kinds: tuple[SignalKind, ...]) -> Callable[[Random, int], list[bool]]:
    """Return a simulation of log-normal times whose looks say whether the chart shows a signal of those kinds."""

    def looks(random: Random, n: int) -> list[bool]:
        times = np.exp(SPREAD * random.standard_normal(n)).tolist()
        return [_has(xmr(times[:end], log=True), kinds) for end in range(1, n + 1)]

    return looks


def run_chart_looks(random: Random, n: int) -> list[bool]:
    """Whether looks at a chart of drafts per attempt show eight in a row on one side of the mean."""
    drafts = random.choice(DRAFTS, size=n, p=SHARES)
    found = []
    for end in range(1, n + 1):
        seen = drafts[:end]
        found.append(end >= FEWEST and bool(runs_in(np.sign(seen - seen.mean()).tolist())))
    return found


def approval_looks(approval: float) -> Callable[[Random, int], list[bool]]:
    """Return a simulation of decided pilots whose looks say whether the chart shows a fall."""
    rules = current_programme_rules()
    cusum = cusum_for(rules.proceed_rate, rules.stop_rate)

    def looks(random: Random, n: int) -> list[bool]:
        approved = (random.random(n) < approval).tolist()
        return [fall_in(approved[:end], cusum) is not None for end in range(1, n + 1)]

    return looks


def outside_share(n: int, processes: int) -> float:
    """Return the share of looks at ``n`` normal values that find one outside the limits."""
    values = np.random.default_rng(n).standard_normal((processes, n))
    reach = LIMIT_FACTOR * np.median(np.abs(np.diff(values, axis=1)), axis=1, keepdims=True)
    return float((np.abs(values - values.mean(axis=1, keepdims=True)) > reach).any(axis=1).mean())


def _has(chart: Xmr, kinds: tuple[SignalKind, ...]) -> bool:
    return any(signal.kind in kinds for signal in chart.signals)


CHARTS: dict[str, Callable[[Random, int], list[bool]]] = {
    "1 Time to first cut: a point outside the limits": first_cut_looks((SignalKind.OUTSIDE,)),
    "1 Time to first cut: 8 on one side of the mean": first_cut_looks((SignalKind.ONE_SIDE,)),
    "1 Time to first cut: either": first_cut_looks((SignalKind.OUTSIDE, SignalKind.ONE_SIDE)),
    "2 Drafts per attempt (60% one, 30% two, 10% three): 8 on one side of the mean": run_chart_looks,
    "3 Approval: sign of a fall, true rate 60%": approval_looks(0.6),
    "3 Approval: sign of a fall, true rate 70%": approval_looks(0.7),
    "3 Approval: sign of a fall, true rate 80%": approval_looks(0.8),
}

if __name__ == "__main__":
    raise SystemExit(main())
