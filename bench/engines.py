"""Both engines with the same four writers and four readers: ``python -m bench.engines [SECONDS]`` (default 20).

There is no pause between changes. Each change includes its event and its state file on disk. PostgreSQL runs on this
machine with its default durability settings. Prints a table. Exits with 1 if anything was lost or any process failed.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.concurrency import READERS, WRITERS, run
from tests import postgres

OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=256MB"
SETTING = "PILOT_OPS_DATABASE_URL"


@contextmanager
def on(engine: str, server: postgres.Server) -> Iterator[None]:
    """Make the settings use that engine, with an empty store."""
    before = os.environ.pop(SETTING, None)
    try:
        if engine == "DuckDB":
            yield
        else:
            with server.database() as os.environ[SETTING]:
                yield
    finally:
        os.environ.pop(SETTING, None)
        if before is not None:
            os.environ[SETTING] = before


def main(seconds: float) -> int:
    """Run each engine twice: writers sharing one pilot, then each with its own. Returns the exit code."""
    programs = postgres.programs()
    if programs is None:
        print("There is no PostgreSQL here; install postgresql.")
        return 2
    sound = True
    print(f"{WRITERS} writers, {READERS} readers, {seconds:g} s each; waits of a writer in ms")
    print(f"{'':28}{'writes/s':>9}{'reads/s':>9}{'median':>8}{'p99':>7}{'most':>7}{'lost':>6}{'failed':>8}")
    with postgres.server(programs, OPTIONS, memory=False) as server, tempfile.TemporaryDirectory() as folder:
        for pilots, told in ((1, "one pilot"), (WRITERS, "a pilot each")):
            for engine in ("DuckDB", "PostgreSQL"):
                with on(engine, server):
                    found = run(Path(folder) / f"{engine}{pilots}", seconds, think=0.0, server=False, pilots=pilots)
                waits = found["waits"]
                assert isinstance(waits, list)
                slow = waits[min(len(waits) - 1, round(0.99 * len(waits)))]
                lost = int(str(found["written"])) - min(int(str(found["counted"])), int(str(found["appended"])))
                failed = int(str(found["broken"])) + int(str(found["apart"]))
                sound = sound and not (lost or failed)
                rates = (int(str(found[name])) / seconds for name in ("written", "reads"))
                print(
                    f"{f'{engine}, {told}':28}"
                    + "".join(f"{rate:>9.1f}" for rate in rates)
                    + f"{statistics.median(waits) * 1000:>8.0f}{slow * 1000:>7.0f}{waits[-1] * 1000:>7.0f}"
                    + f"{lost:>6}{failed:>8}"
                )
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20))
