"""A block of the database's file that is not what was written is named by every command that meets it."""

import gc
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.errors import StoreDamaged
from pilot_core.services import pilots
from pilot_core.settings import ROOT
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.web.access import page_guard, who
from pilot_core.web.components import errors
from pilot_core.web.server import startup_checks
from tests.served import serve

BLOCK, HEAD = 262_144, 12_288
"""How DuckDB divides its file, in bytes: blocks, after three headers."""
PILOTS = 40
TODO = "Restore the newest backup into an empty folder with --restore"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store whose rows are all in its database's file, and none in its journal."""
    root = tmp_path_factory.mktemp("whole") / "store"
    store = PilotStore(root, database_url="")
    for number in range(PILOTS):
        pilot = pilots.create_pilot(f"Founder {number}", "AcmeAI", "feature_launch", "acme")
        pilots.start_pilot(store, pilot, at_command_line("Lea"))
    del store
    gc.collect()
    with opened_copy(root / "pilots.duckdb"):
        pass
    return root


def spoil(root: Path, number: int) -> None:
    """Write over the middle of a block."""
    with (root / "pilots.duckdb").open("r+b") as file:
        file.seek(HEAD + number * BLOCK + 5_000)
        file.write(random.Random(number).randbytes(3_000))


def blocks(root: Path) -> int:
    return ((root / "pilots.duckdb").stat().st_size - HEAD) // BLOCK


def copied(whole: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(whole, folder))


def test_a_damaged_block_is_one_sentence_wherever_it_is_and_a_check_finds_each_that_holds_something(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    every = 1 if pytestconfig.getoption("everything") else 3
    pilot_id = min(path.stem for path in whole.glob("pilot_*.json"))
    named = 0
    for number in range(0, blocks(whole), every):
        said = {}
        for name, command in {
            "check": ["--check"],
            "list": ["--list"],
            "backup": ["--backup", str(tmp_path / f"{number}.zip")],
            "repair": ["--repair"],
            "pause": ["--pause", pilot_id, "--reason", "Away"],
        }.items():
            root = copied(whole, tmp_path / f"{number} {name}")
            spoil(root, number)
            code = main(["--store", str(root), *command])
            out, err = capsys.readouterr()
            assert "Traceback" not in err
            told = [line for line in (out + err).splitlines() if "is damaged" in line and not line.startswith("{")]
            assert (code, len(told)) in ((0, 0), (1, 1)), (number, name, code, out, err)
            assert all(f"{root / 'pilots.duckdb'} is damaged at byte" in line and TODO in line for line in told)
            said[name] = code
            shutil.rmtree(root)
        if any(said.values()):
            assert said["check"] == said["backup"] == said["repair"] == 1, (number, said)
            assert not (tmp_path / f"{number}.zip").exists()
            named += 1
    assert named * every >= 5


@pytest.fixture
def unreadable(whole: Path, tmp_path: Path) -> Path:
    """A copy of the store whose list of tables can be read and whose pilots cannot."""
    for number in reversed(range(blocks(whole))):
        root = copied(whole, tmp_path / "store")
        store = PilotStore(root, database_url="")
        spoil(root, number)
        try:
            store.load_all()
        except StoreDamaged:
            return root
        del store
        gc.collect()
    raise AssertionError("no block holds pilots")


def test_a_page_that_reads_a_damaged_block_says_so(unreadable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, PilotStore(unreadable, database_url=""))
    for role, words in ((Role.LEAD, "is damaged at byte"), (Role.REVIEWER, errors.DAMAGED)):
        visitor = who.Visitor(at_command_line("Mara"), role)
        monkeypatch.setattr(page_guard, "visitor", lambda visitor=visitor: visitor)
        shown = AppTest.from_function(_page, default_timeout=60).run()
        assert not shown.exception
        [error] = shown.error
        assert words in error.value
        assert ("PILOT_OPS_BACKUPS" in error.value.replace("\\", "")) == (role is Role.LEAD)


def _page() -> None:
    from pilot_core.web.access.current_app import app
    from pilot_core.web.components.errors import show_error

    try:
        app().store.load_all()
    except Exception as error:  # as the server calls it, see app.py
        show_error(error)


def test_a_server_whose_database_is_damaged_does_not_start(whole: Path, tmp_path: Path) -> None:
    root = copied(whole, tmp_path / "store")
    spoil(root, 0)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PILOT_OPS_")}
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"],
        cwd=ROOT,
        env=environment | {"PILOT_OPS_STORE": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == startup_checks.DAMAGED == 1
    [told] = [line for line in ended.stderr.splitlines() if "is damaged" in line]
    assert TODO in told
    assert "Traceback" not in ended.stderr
