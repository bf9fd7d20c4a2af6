"""How cost grows with the number of pilots: the same work in stores of 10 to 100,000."""

import math
from pathlib import Path
from typing import Any

from bench.alone import alone

SIZES = (10, 100, 1_000, 10_000, 100_000)
WORK = {
    "list and filter": ("bench.lists:filtered", 9),
    "one pilot's page data": ("bench.lists:page_data", 9),
    "a round of the sender, nothing due": ("bench.lists:sender_round", 9),
    "metrics page data": ("bench.numbers:metrics", 3),
    "save one change": ("bench.changes:save", 9),
    "full export as zip": ("bench.numbers:export", 3),
    "--list from a cold shell": ("bench.lists:command_list", 3),
}
ANSWERS = {
    "list and filter": "a page of 25",
    "one pilot's page data": "one pilot",
    "a round of the sender, nothing due": "nothing",
    "metrics page data": "counts over all attempts",
    "save one change": "one pilot",
    "full export as zip": "every row",
    "--list from a cold shell": "a line a pilot",
}


def growth(stores: dict[int, Path]) -> dict[str, Any]:
    """Seconds of each work in each store."""
    found: dict[str, Any] = {}
    for name, (function, times) in WORK.items():
        seconds = []
        for root in stores.values():
            seconds.append(alone(function, root=root, times=times).median)
        found[name] = {
            "sizes": list(stores),
            "seconds": seconds,
            "answer": ANSWERS[name],
            "slope": slope(list(stores), seconds),
        }
        print(f"  {name}: {', '.join(f'{s * 1000:,.0f}' for s in seconds)} ms; slope {found[name]['slope']:.2f}")
    return found


def slope(sizes: list[int], seconds: list[float]) -> float:
    """How steep the last two decades are on log axes: 1 grows as the number of pilots does, 0 not at all."""
    first = max(0, len(sizes) - 3)
    return math.log(seconds[-1] / seconds[first]) / math.log(sizes[-1] / sizes[first])
