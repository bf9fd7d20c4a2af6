"""A browser test that fails is tried once more, and what its first try left in the module's store is not there then."""

import subprocess
import sys
from pathlib import Path

from pilot_core.settings import ROOT

CONFTEST = "from tests.browser.conftest import pytest_runtest_setup\n"
TESTS = """
import pytest

@pytest.fixture(scope="module")
def store():
    print("made")
    yield []
    print("removed")

@pytest.fixture(scope="module")
def server(store):
    print("started")
    yield store
    print("stopped")

@pytest.fixture
def page(server):
    return server

tries = []

def test_before(page):
    page.append("a comment")

@pytest.mark.flaky(reruns=1)
def test_fails_once(page):
    tries.append(list(page))
    page.append("a comment")
    assert len(tries) == 2

def test_after(page):
    assert tries == [["a comment"], []]
    assert page == ["a comment"]
"""


def test_a_second_try_begins_with_a_new_store_and_server(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-s", "-q", f"--rootdir={tmp_path}", "-cpytest.ini", str(tmp_path)]
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed, 1 rerun" in done.stdout, done.stdout + done.stderr
    steps = [word for word in done.stdout.split() if word.strip(".R") in ("made", "started", "stopped", "removed")]
    assert [word.strip(".R") for word in steps] == ["made", "started", "stopped", "removed"] * 2
