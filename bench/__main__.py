"""``python -m bench``: what must stay fast, measured."""

import sys

from bench import backup, concurrency, metrics, pages

if __name__ == "__main__":
    # All of them, also when the first misses a limit.
    found = [bench.main(None) for bench in (pages, metrics)]
    sys.exit(max([*found, backup.main(10_000), concurrency.main(60)]))
