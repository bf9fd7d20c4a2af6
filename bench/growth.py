"""How cost grows with the number of pilots: the same work in stores of 10 to 100,000 pilots, on both engines.

PostgreSQL runs on this machine with its default durability settings. Table statistics are updated before the benchmark,
as autovacuum would do within minutes.
"""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench.alone import alone
from bench.engines import OPTIONS, SETTING
from pilot_core.settings import ROOT
from tests import postgres

SIZES = (10, 100, 1_000, 10_000, 100_000)


class Work(NamedTuple):
    """A benchmark, how many times it runs, and its result."""

    function: str
    times: int
    answer: str


WORK = {
    "list and filter": Work("bench.lists:filtered", 9, "a page of 25"),
    "one pilot's page data": Work("bench.lists:page_data", 9, "one pilot"),
    "metrics page data": Work("bench.numbers:metrics", 3, "counts over all attempts"),
    "save one change": Work("bench.changes:save", 9, "one pilot"),
    "full export as zip": Work("bench.numbers:export", 3, "every row"),
    "--list from a cold shell": Work("bench.lists:command_list", 3, "a line a pilot"),
    "a round of the sender, nothing due": Work("bench.lists:sender_round", 9, "nothing"),
}
"""The last one changes the whole store."""


def growth(stores: dict[int, Path], folder: Path) -> dict[str, Any]:
    """Return the seconds of each work in each store.

    If PostgreSQL is installed, stores of the same sizes are made there, in ``folder``, and measured too.
    """
    with on_postgres(list(stores), folder) as databases:
        engines = {"DuckDB": {size: (root, "") for size, root in stores.items()}}
        if databases:
            engines["PostgreSQL"] = databases
        found: dict[str, Any] = {}
        for name, work in WORK.items():
            for engine, places in engines.items():
                line = _line(work, places) | {"engine": engine}
                found[name if engine == "DuckDB" else f"{name}, {engine}"] = line
                told = ", ".join(f"{seconds * 1000:,.1f}" for seconds in line["seconds"])
                print(f"  {name}, {engine}: {told} ms; slope {line['slope']:z.2f}", flush=True)
    return found


def _line(work: Work, places: dict[int, tuple[Path, str]]) -> dict[str, Any]:
    sizes = list(places)
    seconds = [
        alone(work.function, settings={SETTING: url}, root=root, times=work.times).median
        for root, url in places.values()
    ]
    return {"sizes": sizes, "seconds": seconds, "answer": work.answer, "slope": slope(sizes, seconds)}


def slope(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope over the last two decades on log axes: 1 is linear in the number of pilots, 0 constant."""
    first = max(0, len(sizes) - 3)
    return math.log(seconds[-1] / seconds[first]) / math.log(sizes[-1] / sizes[first])


@contextmanager
def on_postgres(sizes: list[int], folder: Path) -> Iterator[dict[int, tuple[Path, str]]]:
    """Yield stores of these sizes on a new PostgreSQL server, as folder and address; none if it is not installed."""
    programs = postgres.programs()
    if programs is None:
        print("There is no PostgreSQL here, so growth is measured on DuckDB alone; install postgresql.")
        yield {}
        return
    with postgres.server(programs, OPTIONS, memory=False) as server, ExitStack() as databases:
        places = {size: (folder / str(size), databases.enter_context(server.database())) for size in sizes}
        for size, (root, url) in places.items():
            fill = [sys.executable, "-m", "bench.fill", root, str(size)]
            subprocess.run(fill, cwd=ROOT, env=os.environ | {SETTING: url}, check=True)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        yield places
