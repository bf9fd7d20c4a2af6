"""Check and repair: each inconsistency between database and disk is described, and repaired without losing anything."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState, Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.files import write_atomic
from pilot_core.maintenance import repair as repair_module
from pilot_core.maintenance.check import check, summary
from pilot_core.maintenance.repair import repair
from pilot_core.review.shown import film_checksum
from pilot_core.services import pilots
from pilot_core.settings import ROOT
from pilot_core.store.files.layout import GRACE_SECONDS
from pilot_core.store.files.media import sha256_of
from pilot_core.store.queries import renders
from pilot_core.web.server import background
from pilot_core.web.server.background import Watch
from tests.conftest import HandClock
from tests.films import make_film
from tests.served import app_on

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def pilot(store: PilotStore, new_pilot: NewPilot, clock: HandClock) -> PilotRun:
    """Return a pilot whose first attempt is approved, with its files on disk."""
    pilot = new_pilot()
    folder = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    (store.root / folder / "review_pack").mkdir(parents=True)
    (store.root / folder / "draft_v1.mp4").write_bytes(b"the film")
    pilot.add_attempt(f"{folder}/draft_v1.mp4", f"{folder}/review_pack", 45.5, 2, 0.25, True, at=clock())
    pilot.attempt(1).folder = folder
    given = pilot.record_feedback(1, "", "approve", at=clock())
    given.sha256 = film_checksum(store, pilot.pilot_id, pilot.attempt(1))
    return pilots.start_pilot(store, pilot, at_command_line("Lea Lead"))


def sentences(store: PilotStore) -> list[str]:
    return [finding.sentence for finding in check(store, under_way=0)]


def mended(store: PilotStore) -> list[str]:
    repaired = repair(store, under_way=0)
    assert repaired.left == []
    assert check(store, under_way=0) == []
    return repaired.done


def kept(store: PilotStore) -> list[str]:
    """Return the paths in lost+found, without the folder's time."""
    place = store.root / "lost+found"
    return sorted(path.relative_to(place).as_posix().split("/", 1)[1] for path in place.rglob("*") if path.is_file())


def test_a_sound_store_has_nothing_to_tell(store: PilotStore, pilot: PilotRun) -> None:
    assert sentences(store) == []
    assert mended(store) == []


@pytest.mark.parametrize(
    ("spoil", "says", "keeps"),
    [
        (lambda path: path.unlink(), "is missing.", False),
        (lambda path: path.write_text('{"revision": 0}'), "is of save 0; the database has save 1.", False),
        (lambda path: path.write_text('{"revision": 7}'), "is of save 7, newer than the database's 1.", True),
        (lambda path: path.write_text('{"revisi'), "is not whole.", True),
        (lambda path: path.write_bytes(b"\xff\xfe"), "cannot be read.", True),
        (
            lambda path: path.write_text(path.read_text().replace("AcmeAI", "Other")),
            "says something else than the database.",
            True,
        ),
    ],
)
def test_a_state_file_that_is_not_the_databases_is_told_and_written_anew(
    store: PilotStore, pilot: PilotRun, spoil: Callable[[Path], None], says: str, keeps: bool
) -> None:
    path = store.root / f"{pilot.pilot_id}.json"
    meant = path.read_bytes()
    spoil(path)
    assert sentences(store) == [f"The state file {path.name} {says}"]
    [told] = mended(store)
    assert told.startswith(f"Wrote the state file {path.name} from the database.")
    assert path.read_bytes() == meant
    assert (kept(store) == [path.name]) is keeps


def test_a_missing_film_is_told_and_nothing_pretends_to_mend_it(store: PilotStore, pilot: PilotRun) -> None:
    attempt = pilot.attempt(1)
    (store.root / attempt.video_path).unlink()
    (store.root / attempt.review_pack_path).rmdir()
    missing = [
        f"The film of attempt 1 of {pilot.pilot_id} is missing: {attempt.video_path}.",
        f"The review pack of attempt 1 of {pilot.pilot_id} is missing: {attempt.review_pack_path}.",
    ]
    assert sentences(store) == missing
    assert [finding.sentence for finding in repair(store, under_way=0).left] == missing


def test_a_film_that_is_not_the_one_approved_is_told(store: PilotStore, pilot: PilotRun) -> None:
    (store.root / pilot.attempt(1).video_path).write_bytes(b"another film")
    assert sentences(store) == [f"The film of attempt 1 of {pilot.pilot_id} is not the one that was approved."]


def test_a_film_that_was_cut_short_is_told_as_damaged_whichever_of_its_files_it_is(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot = new_pilot()
    folder = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    names = {"film": "draft_v1.conformed.mp4", "delivered file of draft 1": "draft_v1.mp4", "light video": "light.mp4"}
    paths = {label: store.root / folder / name for label, name in names.items()}
    for path in paths.values():
        make_film(path, seconds=1)
    film, delivered, light = (f"{folder}/{name}" for name in names.values())
    draft = Draft(iteration=1, video_path=film, original_path=delivered, light_path=light, conformed=True)
    draft.sha256, draft.original_sha256 = sha256_of(store.root / film), sha256_of(store.root / delivered)
    attempt = pilot.add_attempt(film, at=clock())
    attempt.folder, attempt.drafts = folder, [draft]
    pilots.start_pilot(store, pilot)
    assert sentences(store) == []
    for label, path in paths.items():
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        [told] = check(store, under_way=0)
        assert told.sentence == (
            f"The {label}{' of draft 1' * (label == 'light video')} of attempt 1 of {pilot.pilot_id} is damaged: "
            f"{path.relative_to(store.root)} is not as it was made."
        )
        assert [finding.kind for finding in repair(store, under_way=0).left] == [told.kind]
        path.write_bytes(whole)


@pytest.mark.parametrize("linked", ["", "/attempt_1_20260302_090000", "/attempt_1_20260302_090000/review_pack"])
def test_a_folder_that_is_a_link_is_named_and_stays_where_it_is(
    store: PilotStore, pilot: PilotRun, tmp_path: Path, linked: str
) -> None:
    name = f"{pilot.pilot_id}{linked}"
    (store.root / name).rename(tmp_path / "elsewhere")
    (store.root / name).symlink_to(tmp_path / "elsewhere")
    told = [
        f"{name} is a link to {tmp_path / 'elsewhere'}. A backup leaves it out, and an erasure does not remove what it "
        "leads to. Replace the link with the files themselves."
    ]
    assert sentences(store) == told
    assert [finding.sentence for finding in repair(store, under_way=0).left] == told
    assert (store.root / name).is_symlink()
    assert summary(check(store, under_way=0)) == "1 disagreement between the database and its folder."


def test_a_film_of_an_imported_pilot_may_lie_anywhere(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    pilot.add_attempt("/srv/films/draft.mp4")
    store.save(pilot)
    assert sentences(store) == []


def test_strays_are_told_and_moved_never_removed(store: PilotStore, pilot: PilotRun) -> None:
    stray = "pilot_20240115_abc12345"
    (store.root / stray / "attempt_1_20240115_100000").mkdir(parents=True)
    (store.root / stray / "attempt_1_20240115_100000" / "draft_v1.mp4").write_bytes(b"a film")
    shutil.copy(store.root / f"{pilot.pilot_id}.json", store.root / f"{stray}.json")
    attempt = f"{pilot.pilot_id}/attempt_2_20240115_100000"
    (store.root / attempt).mkdir()
    (store.root / attempt / "draft_v1.mp4").write_bytes(b"a film")
    (store.root / pilot.pilot_id / "uploads").mkdir()
    upload = f"{pilot.pilot_id}/uploads/upload_1.mp4"
    (store.root / upload).write_bytes(b"a film")
    assert sorted(sentences(store)) == [
        f"The folder {stray} is of no pilot in the database.",
        f"The folder {attempt} is of no attempt in the database.",
        f"The state file {stray}.json is of no pilot in the database.",
        f"The uploaded film {upload} is of no attempt in the database.",
    ]
    assert len(mended(store)) == 4
    assert kept(store) == sorted(
        [f"{stray}.json", f"{stray}/attempt_1_20240115_100000/draft_v1.mp4", f"{attempt}/draft_v1.mp4", upload]
    )


def test_what_changed_lately_is_somebodys_work_and_left_alone(store: PilotStore, pilot: PilotRun) -> None:
    (store.root / pilot.pilot_id / "uploads").mkdir()
    (store.root / pilot.pilot_id / "uploads" / "upload_1.part").write_bytes(b"half")
    (store.root / ".0123456789abcdef.tmp").write_bytes(b"half")
    assert check(store) == []
    assert GRACE_SECONDS >= 60
    assert len(check(store, under_way=0)) == 2


def test_what_was_being_written_when_a_process_ended_is_told_and_removed(store: PilotStore, pilot: PilotRun) -> None:
    folder = store.root / pilot.pilot_id
    for path in (store.root, folder, folder / "attempt_1_20260302_090000"):
        (path / ".0123456789abcdef.tmp").write_bytes(b"half")
    (folder / "attempt_1_20260302_090000" / ".review_pack.part").mkdir()
    assert sentences(store)[0] == ".0123456789abcdef.tmp was being written when a process ended; it is not whole."
    assert len(mended(store)) == 4
    assert (store.root / pilot.attempt(1).video_path).exists()


def test_documents_that_a_crash_left_unwritten_are_told_and_written(store: PilotStore, pilot: PilotRun) -> None:
    (store.root / pilot.pilot_id / "approval_criteria.txt").unlink()
    assert sentences(store) == [f"Documents of {pilot.pilot_id} are missing: approval_criteria.txt."]
    assert mended(store) == [f"Wrote the documents of {pilot.pilot_id}."]


def test_an_attempt_whose_maker_is_gone_is_told_and_failed_and_its_half_made_files_removed(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot_id = pilots.start_pilot(store, new_pilot()).pilot_id
    pilots.queue_attempt(store, pilot_id, "storyboard")
    folder = f"{pilot_id}/attempt_1_20260302_090000"

    def begin(pilot: PilotRun) -> None:
        pilot.attempt(1).state, pilot.attempt(1).folder = AttemptState.RENDERING, folder

    store.change(pilot_id, begin)
    (store.root / folder).mkdir()
    (store.root / folder / "draft_v1.mp4").write_bytes(b"half")
    (store.root / folder / "pipeline.log").write_text("kept")
    assert check(store, under_way=0) == [], "it was queued just now"
    clock.forward(minutes=1)
    assert sentences(store) == [f"The attempt {pilot_id}_a1 is under way, but no process that makes it is heard from."]
    assert mended(store) == [
        f"Failed, to be retried: {pilot_id}_a1.",
    ]
    assert [path.name for path in (store.root / folder).iterdir()] == ["pipeline.log"]


def test_half_made_files_of_a_failed_attempt_are_told_and_removed(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot_id = pilots.start_pilot(store, new_pilot()).pilot_id
    folder = f"{pilot_id}/attempt_1_20260302_090000"
    pilots.queue_attempt(store, pilot_id, "storyboard")

    def fail(pilot: PilotRun) -> None:
        pilot.attempt(1).state, pilot.attempt(1).folder = AttemptState.FAILED, folder

    store.change(pilot_id, fail)
    (store.root / folder).mkdir()
    (store.root / folder / "draft_v1.mp4").write_bytes(b"half")
    assert sentences(store) == [f"The folder {folder} holds half-made files of a failed attempt."]
    assert mended(store) == [f"Removed the half-made files in {folder}."]


def test_a_render_noted_for_an_attempt_that_is_not_there_is_taken_back(store: PilotStore, pilot: PilotRun) -> None:
    store.database.transaction(
        lambda c: c.execute(
            "INSERT INTO renders VALUES ('gone_a1', 'gone', 'elsewhere', 1, FALSE, ?, ?, 0.5, 'Drawing')",
            [pilot.created_at.replace(year=2020, tzinfo=None)] * 2,
        )
    )
    assert sentences(store)[0] == "The attempt gone_a1 is under way, but no process that makes it is heard from."
    mended(store)
    assert renders.under_way(store.database) == []


def test_rows_without_a_parent_are_told_and_set_aside(store: PilotStore, pilot: PilotRun) -> None:
    store.database.transaction(
        lambda c: c.execute("INSERT INTO feedback_flags VALUES ('feedback_gone', ?, 0, 'too_long')", [pilot.pilot_id])
    )
    assert sentences(store) == [
        "Rows of feedback_flags refer to 1 row of feedback that is not there: feedback_gone. "
        "--repair moves them to lost+found."
    ]
    [told] = mended(store)
    assert told.startswith("Moved 1 rows of feedback_flags to lost+found/")
    [aside] = (store.root / "lost+found").rglob("*.rows")
    assert json.loads(aside.read_text())[0]["flag"] == "too_long"


def test_counts_that_do_not_follow_from_the_attempts_are_told_and_worked_out_anew(
    store: PilotStore, pilot: PilotRun
) -> None:
    store.database.transaction(lambda c: c.execute("UPDATE pilots SET attempts_used = 4, reason_code = 'odd'"))
    assert sentences(store) == [
        f"What lists show of {pilot.pilot_id} does not follow from its attempts: attempts_used, reason_code."
    ]
    assert mended(store) == [f"Worked out anew for {pilot.pilot_id}: attempts_used, reason_code."]
    assert store.load(pilot.pilot_id) == pilot


def test_a_database_that_is_not_built_as_it_should_be_is_told(store: PilotStore, pilot: PilotRun) -> None:
    store.database.transaction(
        lambda c: c.execute("ALTER TABLE last_seen ADD COLUMN odd TEXT; ALTER TABLE last_seen DROP COLUMN visit_before")
    )
    assert sentences(store) == [
        "The database is not built as it should be: last_seen.visit_before is missing; last_seen.odd is not known."
    ]


def test_the_command_checks_and_repairs(store: PilotStore, pilot: PilotRun, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--store", str(store.root)]
    assert main([*where, "--check"]) == 0
    assert capsys.readouterr().out == "The database and its folder agree.\n"
    (store.root / f"{pilot.pilot_id}.json").unlink()
    assert main([*where, "--check"]) == 1
    assert capsys.readouterr().out == (
        f"The state file {pilot.pilot_id}.json is missing.\n1 disagreement between the database and its folder.\n"
    )
    assert main([*where, "--repair"]) == 0
    assert "Wrote the state file" in capsys.readouterr().out
    assert main([*where, "--repair"]) == 0
    assert capsys.readouterr().out == "There was nothing to repair.\n"


def test_the_server_has_what_a_crash_left_mended(
    store: PilotStore, pilot: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "REPAIR_SECONDS", 0.0)
    monkeypatch.setattr(background, "WATCH_SECONDS", 0.05)
    file = store.root / f"{pilot.pilot_id}.json"
    file.unlink()
    watch = Watch(app_on(store))
    watch.start()
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    watch._repair.join()
    assert watch.is_alive, "that mending is over is no sign of trouble"
    watch.stop()
    assert sentences(store) == []


KILLED_IN_ITS_FIRST_IMPORT = """
import os, signal, sys
from pilot_core import PilotStore
from pilot_core.store import pilots

saved = pilots.PilotStore._saved

def save_and_die(self, *what):
    saved(self, *what)
    os.kill(os.getpid(), signal.SIGKILL)

pilots.IMPORTED_AT_ONCE = 1
pilots.PilotStore._saved = save_and_die
PilotStore(sys.argv[1])
"""


def test_a_first_import_that_was_killed_is_finished_at_the_next_opening_and_bad_files_stay(
    store: PilotStore, new_pilot: NewPilot, tmp_path: Path, fresh_database: Callable[[], None]
) -> None:
    names = sorted(f"{pilots.start_pilot(store, new_pilot()).pilot_id}.json" for _ in range(3))
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in names:
        shutil.copy(store.root / name, folder)
    (folder / "pilot_29990115_bad00000.json").write_text('{"pilot_id"')
    fresh_database()
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_ITS_FIRST_IMPORT, folder], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL

    again = PilotStore(folder)
    assert [f"{pilot_id}.json" for pilot_id in sorted(again.pilot_ids())] == names
    assert len(again.found_import.imported) == 2, "one was in the store already, which is nothing to tell"
    bad = "pilot_29990115_bad00000.json is not a state file of a pilot: line 1 is not JSON."
    assert again.found_import.problems == [bad]
    repaired = repair(again, thorough=False, under_way=0)
    assert [finding.sentence for finding in repaired.left] == [
        f"{bad} It is of no pilot in the database and stays there."
    ]
    assert kept(again) == []
    assert PilotStore(folder).found_import.imported == PilotStore(folder).found_import.problems == []


def test_a_state_file_that_could_be_imported_is_told_and_left_with_its_folder(
    store: PilotStore, pilot: PilotRun, tmp_path: Path, fresh_database: Callable[[], None]
) -> None:
    for other in (pilot.pilot_id, f"{pilot.pilot_id}.json"):
        shutil.move(store.root / other, tmp_path / other)
    fresh_database()
    empty = PilotStore(tmp_path / "empty")
    for other in (pilot.pilot_id, f"{pilot.pilot_id}.json"):
        shutil.move(tmp_path / other, empty.root / other)
    told = (
        f"The state file {pilot.pilot_id}.json is of a pilot that is not imported yet; import it with --import-state."
    )
    assert [finding.sentence for finding in repair(empty, under_way=0).left] == [told]
    assert main(["--store", str(empty.root), "--import-state", str(empty.root)]) == 0
    assert check(empty, under_way=0) == []


@pytest.mark.parametrize("name", [b"a\\b.txt", b"two\nlines.txt", b"a byte \xff.txt"])
def test_a_name_that_no_backup_can_hold_is_told(
    store: PilotStore, pilot: PilotRun, capsys: pytest.CaptureFixture[str], name: bytes
) -> None:
    folder = store.root / pilot.pilot_id / "attempt_1_20260302_090000"
    (folder / os.fsdecode(name)).write_bytes(b"odd")
    shown = os.fsdecode(name).replace("\n", "\ufffd").replace("\udcff", "\ufffd")
    path = f"{pilot.pilot_id}/attempt_1_20260302_090000/{shown}"
    assert sentences(store) == [f"No backup can hold {path}, for its name; give it another one."]
    assert main(["--store", str(store.root), "--check"]) == 1
    assert f"No backup can hold {path}" in capsys.readouterr().out


def test_a_store_behind_a_link_has_no_strays(store: PilotStore, pilot: PilotRun, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store.root)
    assert mended(PilotStore(tmp_path / "link")) == []


def test_what_an_interrupted_copy_before_an_upgrade_left_is_told_and_removed(
    store: PilotStore, pilot: PilotRun
) -> None:
    for name in (".pilots.schema_0003.duckdb.77.part", ".pilots.schema_0003.duckdb.77.part.wal"):
        (store.root / name).write_bytes(b"half")
    assert len(mended(store)) == 2


def test_rows_that_are_lost_while_others_are_taken_out_are_not_deleted_unseen(
    store: PilotStore, pilot: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(flag: str) -> None:
        sql = "INSERT INTO feedback_flags VALUES ('feedback_gone', ?, 0, ?)"
        store.database.transaction(lambda c: c.execute(sql, [pilot.pilot_id, flag]).fetchall())

    def write_meanwhile(path: Path, text: str) -> None:
        write_atomic(path, text)
        if not seen:
            lose("too_short")
        seen.append(path)

    seen: list[Path] = []
    lose("too_long")
    monkeypatch.setattr(repair_module, "write_atomic", write_meanwhile)
    mended(store)
    aside = [json.loads(path.read_text())[0]["flag"] for path in (store.root / "lost+found").rglob("*.rows*")]
    assert sorted(aside) == ["too_long", "too_short"]


def test_a_state_file_that_cannot_be_written_does_not_undo_the_change(
    store: PilotStore, pilot: PilotRun, new_pilot: NewPilot
) -> None:
    other = new_pilot()
    (store.root / f"{other.pilot_id}.json").mkdir()
    store.save(other)
    [warning] = other.warnings
    assert warning.startswith(f"The state file {other.pilot_id}.json could not be written")
    other.warnings.clear()
    assert store.load(other.pilot_id) == other
    (store.root / f"{other.pilot_id}.json").rmdir()
    assert sentences(store) == [f"The state file {other.pilot_id}.json is missing."]
