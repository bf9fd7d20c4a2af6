"""Four writers and four readers for five seconds: nothing is lost or refused. bench/concurrency.py has the figures."""

from pathlib import Path

from bench.concurrency import run


def test_four_writers_and_four_readers_lose_nothing_and_nobody_fails(tmp_path: Path, engine: str) -> None:
    found = run(tmp_path / "store", 5 if engine == "duckdb" else 4, think=0.05, server=False)
    assert found["written"] == found["counted"] == found["appended"]
    assert found["written"]
    assert found["reads"]
    assert (found["apart"], found["broken"]) == (0, 0)
