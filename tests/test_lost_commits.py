"""A database that lost acknowledged changes says so before anything is written to it."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import StoreError
from pilot_core.services import pilots
from pilot_core.settings import ROOT
from pilot_core.store.engine.commit_numbers import last_number
from pilot_core.web.server import startup_checks
from tests.served import app_on

NewPilot = Callable[..., PilotRun]
PILOTS = 8
CHANGES = 2 * PILOTS  # a start saves the pilot, then that its documents are written
# Starts pilots, says each one that was acknowledged, and is killed with all of them in the journal only.
WRITER = """
import os, signal, sys
from pilot_core import PilotStore
from pilot_core.services import pilots
store = PilotStore(sys.argv[1], database_url="")
store.database.keep_attached()
with store.database.session():
    for number in range(int(sys.argv[2])):
        pilot = pilots.create_pilot(f"Founder {number}", "AcmeAI", "feature_launch", "acme")
        print(pilots.start_pilot(store, pilot).pilot_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def journal(root: Path) -> Path:
    return root / "pilots.duckdb.wal"


def remove(root: Path) -> None:
    journal(root).unlink()


def empty(root: Path) -> None:
    journal(root).write_bytes(b"")


def cut(root: Path) -> None:
    os.truncate(journal(root), journal(root).stat().st_size // 2)


def cut_the_tail(root: Path) -> None:
    os.truncate(journal(root), journal(root).stat().st_size - 7)


def zero_the_head(root: Path) -> None:
    overwrite(journal(root), 0, bytes(64))


def scramble_the_head(root: Path) -> None:
    overwrite(journal(root), 8, random.Random(1).randbytes(200))


def flip_in_the_middle(root: Path) -> None:
    middle = journal(root).stat().st_size // 2
    overwrite(journal(root), middle, bytes(byte ^ 255 for byte in journal(root).read_bytes()[middle : middle + 4]))


def scramble_everything(root: Path) -> None:
    overwrite(journal(root), 0, random.Random(2).randbytes(journal(root).stat().st_size))


def bring_back_an_older_database(root: Path) -> None:
    shutil.copy(root / "older.duckdb", root / "pilots.duckdb")
    journal(root).unlink()


def put_another_journal(root: Path) -> None:
    journal(root).write_bytes((root / "older.wal").read_bytes())


DAMAGE = [
    remove,
    empty,
    cut,
    cut_the_tail,
    zero_the_head,
    scramble_the_head,
    flip_in_the_middle,
    scramble_everything,
    bring_back_an_older_database,
    put_another_journal,
]


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def killed_writer(root: Path, number: int) -> list[str]:
    """Return the pilots that a writer was told are saved before it was killed."""
    ended = subprocess.run(
        [sys.executable, "-c", WRITER, str(root), str(number)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return ended.stdout.split()


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A store whose writer was killed, and its acknowledged pilots; an older database and journal lie beside it."""
    place = tmp_path_factory.mktemp("killed")
    root = place / "store"
    saved = killed_writer(root, 2)
    shutil.copy(journal(root), place / "older.wal")
    PilotStore(root, database_url="").database.release()
    shutil.copy(root / "pilots.duckdb", root / "older.duckdb")
    shutil.move(place / "older.wal", root / "older.wal")
    saved += killed_writer(root, PILOTS)
    assert journal(root).stat().st_size > 1_000
    return root, saved


@pytest.fixture
def killed(killed_once: tuple[Path, list[str]], tmp_path: Path) -> tuple[Path, list[str]]:
    """A copy of that store."""
    root, saved = killed_once
    return Path(shutil.copytree(root, tmp_path / "store")), saved


def test_a_writer_that_was_killed_has_lost_nothing(killed: tuple[Path, list[str]]) -> None:
    root, saved = killed
    store = PilotStore(root, database_url="")
    assert store.database.lost_commits() == 0
    assert set(store.pilot_ids()) == set(saved)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_journal_is_named_or_has_lost_nothing(
    killed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    root, saved = killed
    damage(root)
    code = main(["--store", str(root), "--list"])
    out, err = capsys.readouterr()
    if code == 0:
        assert all(pilot_id in out for pilot_id in saved)
        return
    assert code in (1, 2)
    assert "Traceback" not in err
    assert any(words in err for words in ("has lost its last", "cannot be opened", "The journal of the database"))


def test_what_was_lost_is_found_by_a_check_and_nothing_is_written_until_a_person_decides(
    killed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], new_pilot: NewPilot
) -> None:
    root, saved = killed
    remove(root)
    store = PilotStore(root, database_url="")
    assert store.database.lost_commits() == CHANGES
    with pytest.raises(
        StoreError, match=rf"has lost its last {CHANGES} changes: its journal is damaged or was removed"
    ):
        pilots.start_pilot(store, new_pilot(), at_command_line("Lea"))
    assert f"has lost its last {CHANGES} changes" in (startup_checks.why_not(app_on(store)) or "")
    assert main(["--store", str(root), "--check"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith(f"The database of {root} has lost its last {CHANGES} changes")
    assert all(pilot_id in out for pilot_id in saved[2:])  # their state files are of no pilot in the database
    main(["--store", str(root), "--repair"])
    assert f"Went on without the last {CHANGES} changes of pilots.duckdb" in capsys.readouterr().out
    again = PilotStore(root, database_url="")
    assert again.database.lost_commits() == 0
    pilots.start_pilot(again, new_pilot(), at_command_line("Lea"))


def test_a_database_that_was_written_anew_has_lost_nothing(tmp_path: Path, new_pilot: NewPilot) -> None:
    store = PilotStore(tmp_path / "store", database_url="")
    for _ in range(3):
        pilot = pilots.start_pilot(store, new_pilot(), at_command_line("Lea"))
    erase_pilot(store, pilot.pilot_id, "Asked", at_command_line("Lea"))
    assert store.database.lost_commits() == 0
    assert (store.database.read(last_number) or 0) >= (store.database.lease.record.read() or 0) > 0
