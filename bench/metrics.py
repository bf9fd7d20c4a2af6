"""The numbers of 100,000 pilots: ``python -m bench.metrics [STORE]``.

How long the server computes the metrics page after each of several changes of filter, and how long and with how much
memory it writes the zip of all tables. Each in a process of its own, so that the peaks do not mix. Without a store, one
is filled first.
"""

import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.fill import fill
from pilot_core.export.bundle import archive_chunks
from pilot_core.insight.cohort import Cohort
from pilot_core.metrics import metrics_page
from pilot_core.store.pilots import PilotStore

PILOTS = 100_000
ROUNDS = 3
PAGE_SECONDS, EXPORT_SECONDS, EXPORT_MEGABYTES = 1.5, 20.0, 600.0


def main(root: Path | None) -> int:
    """Measure and print; 1 if a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        at = root or fill(Path(folder), PILOTS).root
        times, memory = _alone(_pages, at)
        median, p95 = statistics.median(times), sorted(times)[round(0.95 * len(times)) - 1]
        slow = median > PAGE_SECONDS
        print(
            f"metrics    median {median:.2f} s of {PAGE_SECONDS:g}, 95th percentile {p95:.2f} s, "
            f"{len(times)} changes of filter, peak {memory:.0f} MB{'  MISSED' if slow else ''}"
        )
        times, memory = _alone(_export, at)
        large = times[0] > EXPORT_SECONDS or memory > EXPORT_MEGABYTES
        print(
            f"zip        {times[0]:.1f} s of {EXPORT_SECONDS:.0f}, peak {memory:.0f} MB of {EXPORT_MEGABYTES:.0f}"
            f"{'  MISSED' if large else ''}"
        )
    return int(slow or large)


def _pages(root: Path) -> list[float]:
    """Seconds for each filter that someone might set next, the widest among them."""
    store = PilotStore(root)
    year_ago = (datetime.now(UTC) - timedelta(days=365)).date()
    filters = (
        Cohort(),
        Cohort(brand=("acme",)),
        Cohort(brand=("acme", "wellness")),
        Cohort(scenario=("feature_launch", "problem_solution")),
        Cohort(created_from=year_ago),
    )
    metrics_page(store, Cohort(brand=("none",)))  # so that imports are not counted
    return [_seconds(lambda cohort=cohort: metrics_page(store, cohort)) for _ in range(ROUNDS) for cohort in filters]  # type: ignore[misc]


def _export(root: Path) -> list[float]:
    store = PilotStore(root)

    def write() -> None:
        with tempfile.TemporaryFile() as file:
            for chunk in archive_chunks(store, Cohort()):
                file.write(chunk)

    return [_seconds(write)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _alone(work: Callable[[Path], list[float]], root: Path) -> tuple[list[float], float]:
    """What ``work`` gives in a new process, and that process's peak memory in MB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (work, root))


def _with_peak(work: Callable[[Path], list[float]], root: Path) -> tuple[list[float], float]:
    found = work(root)
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
