"""A plugin of pytest for ``scripts/mutants.py``: tries the collected tests on each mutant, in a process of its own.

The session's process collects the tests and never runs one: what it has loaded is there for each of the forked
processes, and DuckDB's threads, which outlive no fork, are not. A first process notes which tests reach which function
and how long they take; a mutant is then tried with the tests that reach its function, the quickest first. One that
makes them go on for ever is noticed too: each test has a limit of time.
"""

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from mutmut.state import state

SECONDS, TIMES = 5, 3
"""How long a mutant may take: that many seconds of a processor, and that many times what its tests take."""
WAITS = 300
"""Seconds after which a process that does nothing is ended."""
NOTICED = 1


class Failures:
    """Notes that a test has failed."""

    def __init__(self) -> None:
        self.any = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.any = self.any or report.failed


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Try each mutant that ``scripts/mutants.py`` named, and write what became of it."""
    if session.testsfailed:
        raise session.Failed("the tests could not be collected")
    folder = Path(os.environ["MUTANTS_FOLDER"])
    reached = folder / "reached"
    if _in_process("stats", lambda: _note(session, reached), 1200) != 0:
        raise session.Failed("a test fails without any change")
    tests = json.loads(reached.read_text(encoding="utf-8"))
    results = {}
    for name in json.loads((folder / "names").read_text(encoding="utf-8")):
        found = tests.get(name.partition("__mutmut_")[0], [])
        items = [session.items[place] for _, place in sorted(found)]
        most = SECONDS + round(TIMES * sum(seconds for seconds, _ in found))
        results[name] = _tried(session, name, items, most) if items else "no tests"
        (folder / "results").write_text(json.dumps(results), encoding="utf-8")
    return True


def _tried(session: pytest.Session, name: str, items: list[pytest.Item], most: int) -> str:
    code = _in_process(name, lambda: _run(session, items), most)
    words = {0: "survived", NOTICED: "noticed", -signal.SIGXCPU: "noticed", None: "waits for ever"}
    return words.get(code, f"ended with {code}")


def _in_process(mutant: str, work: Callable[[], int], most: int) -> int | None:
    """Return the exit code of a forked process that does the work with that mutant, None if it waits for ever.

    It may use a processor for at most that many seconds.
    """
    child = os.fork()
    if child == 0:
        code = 3
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
            os.environ["MUTANT_UNDER_TEST"] = mutant
            code = work()
        finally:
            os._exit(code)
    until = time.monotonic() + most + WAITS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _run(session: pytest.Session, items: Iterable[pytest.Item]) -> int:
    """Run tests until one fails. Returns an exit code."""
    failures = Failures()
    session.config.pluginmanager.register(failures)
    items = list(items)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failures.any:
            return NOTICED
    return 0


def _note(session: pytest.Session, file: Path) -> int:
    """Run all tests, and write those that reach each function as pairs of seconds and place. Returns an exit code."""
    reached: dict[str, list[tuple[float, int]]] = {}
    failures = Failures()
    session.config.pluginmanager.register(failures)
    for place, item in enumerate(session.items):
        state()._stats.clear()
        began = time.process_time()
        following = session.items[place + 1] if place + 1 < len(session.items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        for function in state()._stats:
            reached.setdefault(function, []).append((time.process_time() - began, place))
    file.write_text(json.dumps(reached), encoding="utf-8")
    return NOTICED if failures.any else 0
