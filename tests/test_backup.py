"""Backup and restore: complete or not at all, during writes, and only into an empty folder."""

import errno
import json
import os
import random
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.maintenance import nightly
from pilot_core.maintenance import restore as restore_module
from pilot_core.maintenance.backup import back_up, verify
from pilot_core.maintenance.check import check
from pilot_core.maintenance.restore import restore
from pilot_core.messages.capability_links import KEY_FILE
from pilot_core.services import pilots as services
from pilot_core.settings import ROOT
from pilot_core.web.server.background import Watch
from tests.conftest import HandClock
from tests.served import app_on
from tests.stores import make

NewPilot = Callable[..., PilotRun]
FILM = b"a film, as far as a backup cares" * 5000


@pytest.fixture
def filled(store: PilotStore, new_pilot: NewPilot, clock: HandClock) -> PilotStore:
    """Two pilots, one with a film in its folder, and a review pack."""
    services.start_pilot(store, new_pilot(), at_command_line("Lea Lead"))
    clock.forward(minutes=1)
    pilot = new_pilot(founder_name="Zoë 王芳")
    folder = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    pack = store.root / folder / "review_pack"
    pack.mkdir(parents=True)
    (store.root / folder / "draft_v1.mp4").write_bytes(FILM)
    os.link(store.root / folder / "draft_v1.mp4", pack / "final_video.mp4")
    (pack / "director_notes.txt").write_text("Notes\n")
    pilot.add_attempt(f"{folder}/draft_v1.mp4", f"{folder}/review_pack", 45.5, 2, 0.25, True, at=clock())
    pilot.attempt(1).folder = folder
    services.start_pilot(store, pilot, at_command_line("Lea Lead"))
    services.record_feedback(store, pilot.pilot_id, 1, "Fine", "approve", actor=at_command_line("Lea Lead"))
    return store


def tree(root: Path) -> dict[str, bytes]:
    """Return every file of a store except the database's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("pilots.") and not path.name.endswith(".lock")
    }


def test_what_is_backed_up_comes_back_equal(filled: PilotStore, tmp_path: Path) -> None:
    manifest = back_up(filled, tmp_path / "a.zip")
    restore(tmp_path / "a.zip", tmp_path / "back" / "store")

    again = PilotStore(tmp_path / "back" / "store")
    assert again.database.read(make.all_rows) == filled.database.read(make.all_rows)
    assert again.load_all() == filled.load_all()
    assert tree(again.root) == tree(filled.root)
    assert check(again, under_way=0) == []
    assert (manifest.counts["pilots"], manifest.counts["feedback"], manifest.media) == (2, 1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "back", "store"]


def test_the_key_of_links_in_messages_is_in_no_backup(filled: PilotStore, tmp_path: Path) -> None:
    (filled.root / KEY_FILE).write_text("a key")
    back_up(filled, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert not [name for name in archive.namelist() if KEY_FILE in name]


def test_a_backup_without_media_leaves_out_films_and_its_store_says_which_are_missing(
    filled: PilotStore, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "a.zip", media=False)
    restore(tmp_path / "a.zip", tmp_path / "back")
    again = PilotStore(tmp_path / "back")
    pilot = again.load_all()[1]
    film = pilot.attempt(1).video_path
    assert again.load_all() == filled.load_all()
    assert [f.sentence for f in check(again, under_way=0)] == [
        f"The film of attempt 1 of {pilot.pilot_id} is missing: {film}."
    ]


def test_a_backup_taken_while_others_write_holds_one_moment(filled: PilotStore, tmp_path: Path) -> None:
    pilot_id = filled.pilot_ids()[0]
    over = threading.Event()

    def write(actor: str) -> None:
        for n in range(1000):
            if over.is_set():
                return
            filled.change(pilot_id, lambda p, n=n: p.log("noted", filled.clock(), n=n), actor)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("Lea", "Sam")]
    for writer in writers:
        writer.start()
    for n in range(3):
        back_up(filled, tmp_path / f"{n}.zip")
    over.set()
    for writer in writers:
        writer.join()

    for n in range(3):
        restore(tmp_path / f"{n}.zip", tmp_path / f"back{n}")
        again = PilotStore(tmp_path / f"back{n}")
        pilot = again.load(pilot_id)
        events = again.events(pilot_id)
        assert len(events) == pilot.version, "each save left one event"
        for actor in ("Lea", "Sam"):
            counted = [e.detail["n"] for e in events if e.actor == actor]
            assert counted == list(range(len(counted))), "none is missing before one that is there"
        assert check(again, under_way=0) == []


def test_an_attempt_under_way_is_not_in_a_backup_with_half_its_files(filled: PilotStore, tmp_path: Path) -> None:
    pilot_id = filled.pilot_ids()[0]
    services.queue_attempt(filled, pilot_id, "storyboard")
    folder = f"{pilot_id}/attempt_1_20260302_090000"

    def begin(pilot: PilotRun) -> None:
        pilot.attempt(1).state, pilot.attempt(1).folder = AttemptState.RENDERING, folder

    filled.change(pilot_id, begin)
    (filled.root / folder).mkdir()
    (filled.root / folder / "draft_v1.mp4").write_bytes(b"half")
    manifest = back_up(filled, tmp_path / "a.zip")
    assert [name for name in manifest.files if name.startswith(folder)] == []


def test_a_file_whose_name_no_backup_can_hold_is_left_out_and_logged(
    filled: PilotStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = filled.root / filled.pilot_ids()[0]
    (folder / "a\\b").mkdir()
    for name in (b"a\\b/c.txt", b"two\nlines.txt", b"a byte \xff.txt", "Füße 王.txt".encode()):
        (folder / os.fsdecode(name)).write_bytes(b"odd")
    manifest = back_up(filled, tmp_path / "a.zip")
    restore(tmp_path / "a.zip", tmp_path / "back")
    assert {name.split("/", 1)[1] for name in manifest.files if name.startswith(folder.name)} == {
        path.name for path in folder.iterdir() if path.name.isprintable() and "\\" not in path.name
    }
    assert f"{folder.name}/Füße 王.txt" in manifest.files
    assert sorted(r.getMessage() for r in caplog.records if "not in the backup" in r.getMessage()) == [
        f"not in the backup, for its name: {folder.name}/a byte \ufffd.txt",
        f"not in the backup, for its name: {folder.name}/a\\b/c.txt",
        f"not in the backup, for its name: {folder.name}/two\ufffdlines.txt",
    ]


OTHER = """
import sys
from pilot_core.services import pilots as services
from pilot_core import PilotStore

print(services.start_pilot(PilotStore(sys.argv[1]), services.create_pilot("Other", "Else", "feature_launch")).pilot_id)
"""


@pytest.mark.parametrize("full", [False, True], ids=["the disk is fine", "the disk is full"])
@pytest.mark.parametrize("made", [False, True], ids=["missing", "empty"])
def test_a_store_that_another_process_begins_during_a_restore_is_not_touched(
    filled: PilotStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool, made: bool
) -> None:
    back_up(filled, tmp_path / "a.zip")
    root, begun = tmp_path / "back", []
    if made:
        root.mkdir()
    finish = restore_module._finish

    def meanwhile(place: Path) -> None:
        other = [sys.executable, "-c", OTHER, root]
        begun.append(subprocess.run(other, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip())
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        finish(place)

    monkeypatch.setattr(restore_module, "_finish", meanwhile)
    with pytest.raises((InvalidRequest, StoreError)) as refused:
        restore(tmp_path / "a.zip", root)
    assert ("No space left on device" if full else f"{root} is not empty.") in str(refused.value)
    again = PilotStore(root)
    assert again.pilot_ids() == begun
    assert again.load(begun[0]).founder_name == "Other"
    assert check(again, under_way=0) == []


def test_a_restore_that_fails_while_it_moves_in_takes_back_what_it_moved(filled: PilotStore, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "a.zip")
    root = tmp_path / "back"

    def full(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "os.rename" and str(arguments[1]) == str(root / "pilots.duckdb"):
            raise OSError(errno.ENOSPC, "No space left on device")

    watching = True
    sys.addaudithook(full)
    try:
        with pytest.raises(StoreError, match="No space left on device"):
            restore(tmp_path / "a.zip", root)
    finally:
        watching = False
    assert [path.name for path in root.iterdir()] == ["pilots.duckdb.lock"]
    restore(tmp_path / "a.zip", root)
    assert PilotStore(root).load_all() == filled.load_all()


@pytest.mark.parametrize("place", [0, 0.2, 0.5, 0.8, -30])
def test_a_backup_with_one_flipped_bit_is_refused_and_leaves_nothing(
    filled: PilotStore, tmp_path: Path, place: float
) -> None:
    back_up(filled, tmp_path / "a.zip")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[int(place * len(data)) if 0 < place < 1 else int(place)] ^= 0x10
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(InvalidRequest, match=r"^The backup b\.zip is damaged: .* Nothing was restored; take another"):
        restore(tmp_path / "b.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_backup_cut_short_is_refused_and_leaves_the_empty_folder_empty(filled: PilotStore, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "a.zip")
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: len(data) // 2])
    (tmp_path / "back").mkdir()
    with pytest.raises(InvalidRequest) as refused:
        restore(tmp_path / "a.zip", tmp_path / "back")
    assert str(refused.value) == (
        "The backup a.zip is damaged: it is no whole zip file. Nothing was restored; take another backup."
    )
    assert list((tmp_path / "back").iterdir()) == []


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write a copy of the zip with its files changed."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/etc/outside.txt",
        "pilot_20260101_abc12345/../../outside.txt",
        "pilot_20260101_abc12345/.hidden",
        "pilot_20260101_abc12345\\..\\outside.txt",
        "pilots.duckdb.wal",
        "pilot_20260101_abc12345.json",
        "pilot_20260101_abc12345/",
    ],
)
def test_a_backup_that_names_a_path_outside_a_pilots_folder_is_refused(
    filled: PilotStore, tmp_path: Path, name: str
) -> None:
    def plant(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        some = next(iter(manifest["files"]))
        manifest["files"][name] = manifest["files"][some]
        files["manifest.json"] = json.dumps(manifest).encode()
        files[name] = files[some]

    back_up(filled, tmp_path / "a.zip")
    rewritten(tmp_path / "a.zip", tmp_path / "b.zip", plant)
    with pytest.raises(InvalidRequest, match="is damaged: it names a file that no backup holds"):
        restore(tmp_path / "b.zip", tmp_path / "deep" / "back")
    assert not (tmp_path / "deep" / "back").exists()
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda files: files.pop("manifest.json"), "it has no manifest"),
        (lambda files: files.update({"manifest.json": b"[]"}), "its manifest cannot be read"),
        (lambda files: files.update({"pilots.duckdb": b""}), "pilots.duckdb is not as it was"),
        (lambda files: files.pop("pilots.duckdb"), "it does not hold the files its manifest names"),
        (lambda files: files.update({"extra.txt": b"x"}), "it does not hold the files its manifest names"),
        (
            lambda files: files.update(
                {"manifest.json": files["manifest.json"].replace(b'"feedback": 1', b'"feedback": 2')}
            ),
            "its database does not hold the rows that its manifest counts",
        ),
    ],
)
def test_a_backup_that_does_not_agree_with_itself_is_refused(
    filled: PilotStore, tmp_path: Path, change: Callable[[dict[str, bytes]], None], why: str
) -> None:
    back_up(filled, tmp_path / "a.zip")
    rewritten(tmp_path / "a.zip", tmp_path / "b.zip", change)
    with pytest.raises(InvalidRequest) as refused:
        restore(tmp_path / "b.zip", tmp_path / "back")
    assert str(refused.value) == f"The backup b.zip is damaged: {why}. Nothing was restored; take another backup."
    assert not (tmp_path / "back").exists()


def test_a_backup_of_a_newer_version_is_refused_and_leaves_nothing(filled: PilotStore, tmp_path: Path) -> None:
    filled.database.transaction(
        lambda c: c.execute("INSERT INTO schema_migrations VALUES (999, '0999_later', TIMESTAMP '2030-01-01 00:00:00')")
    )
    back_up(filled, tmp_path / "a.zip")
    with pytest.raises(StoreError, match=r"made by a newer version of Pilot Ops \(schema 999"):
        restore(tmp_path / "a.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_backup_of_an_earlier_schema_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pilot_core.store import pilots
    from pilot_core.store.engine import database

    make.unpack(2, tmp_path / "old")
    with monkeypatch.context() as then:
        then.setattr(database.Database, "migrate", lambda self: [])
        then.setattr(pilots, "_migrated", set())
        then.setattr(pilots, "refuse_without_bucket", lambda database: None)
        manifest = back_up(PilotStore(tmp_path / "old"), tmp_path / "a.zip")
    assert manifest.schema_number == 2
    restore(tmp_path / "a.zip", tmp_path / "back")
    again = PilotStore(tmp_path / "back")
    assert again.database.migrate() == []
    assert len(again.load_all()) == len(list(again.root.glob("pilot_*.json"))) == 6


def test_a_backup_comes_back_into_an_empty_folder_only(filled: PilotStore, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "a.zip")
    before = tree(filled.root)
    with pytest.raises(InvalidRequest) as refused:
        restore(tmp_path / "a.zip", filled.root)
    assert str(refused.value) == (
        f"{filled.root} is not empty. A backup is brought back into an empty folder only; name another one."
    )
    assert tree(filled.root) == before


def test_a_backup_never_replaces_a_file_and_needs_a_folder(filled: PilotStore, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("precious")
    with pytest.raises(InvalidRequest, match=r"There is a file .*a\.zip already; name another one for the backup\.$"):
        back_up(filled, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "precious"
    with pytest.raises(InvalidRequest, match=r"^There is no folder .*gone for the backup; make it first\.$"):
        back_up(filled, tmp_path / "gone" / "a.zip")


def test_the_command_backs_up_and_restores(
    filled: PilotStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--store", str(filled.root), "--backup", str(tmp_path / "a.zip"), "--without-media"]) == 0
    assert main(["--store", str(tmp_path / "back"), "--restore", str(tmp_path / "a.zip")]) == 0
    said = capsys.readouterr().out
    assert "2 pilots" in said
    assert "read back and compared." in said
    assert "Films and pictures were not in the backup; --check names those that are missing." in said
    assert main(["--store", str(tmp_path / "back"), "--check"]) == 1
    assert main(["--store", str(tmp_path / "back"), "--restore", str(tmp_path / "gone.zip")]) == 2


def test_a_night_is_backed_up_once_and_the_last_seven_are_kept(
    filled: PilotStore, tmp_path: Path, clock: HandClock
) -> None:
    folder = tmp_path / "nights"
    assert nightly.is_due(folder, clock()), "there is none yet"
    for _ in range(9):
        assert nightly.is_due(folder, clock())
        last = nightly.run(filled, folder)
        assert not nightly.is_due(folder, clock())
        clock.forward(days=1)
        clock.now = clock.now.replace(hour=1)
        assert not nightly.is_due(folder, clock()), "not before two"
        clock.forward(hours=2)
    assert [path.name for path in nightly.backups(folder)] == [
        f"pilots_202603{day:02}_030100.zip" for day in range(4, 11)
    ]
    verify(last)


def test_a_clock_set_back_costs_no_fresh_backup(filled: PilotStore, tmp_path: Path, clock: HandClock) -> None:
    folder = tmp_path / "nights"
    for _ in range(8):
        nightly.run(filled, folder)
        clock.forward(days=1)
    clock.now = datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert nightly.is_due(folder, clock())
    made = nightly.run(filled, folder)
    assert made in nightly.backups(folder)
    assert len(nightly.backups(folder)) == 8


def test_backups_made_while_the_clock_was_ahead_take_no_place_of_others_and_stay_until_their_time_has_come(
    filled: PilotStore, tmp_path: Path, clock: HandClock
) -> None:
    folder = tmp_path / "nights"

    def nights(year: int, month: int, days: range) -> list[str]:
        for day in days:
            clock.now = datetime(year, month, day, 3, tzinfo=UTC)
            assert nightly.is_due(folder, clock())
            nightly.run(filled, folder)
        return [f"pilots_{year}{month:02}{day:02}_030000.zip" for day in days]

    ahead = nights(2026, 7, range(1, 7))
    right = nights(2026, 3, range(1, 10))
    assert [path.name for path in nightly.backups(folder)] == right[-7:] + ahead
    later = nights(2026, 8, range(1, 4))
    assert [path.name for path in nightly.backups(folder)] == ahead[-4:] + later


def test_the_server_makes_the_nightly_backup_where_a_setting_names_a_folder(
    filled: PilotStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_BACKUPS", str(tmp_path / "nights"))
    watch = Watch(app_on(filled))
    watch.start()
    watch.stop()
    [made] = nightly.backups(tmp_path / "nights")
    assert verify(made).counts["pilots"] == 2


def test_a_backup_that_is_restored_on_trial_says_so_and_leaves_one_file(
    filled: PilotStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backups" / "a.zip"
    file.parent.mkdir()
    assert main(["--store", str(filled.root), "--backup", str(file), "--verify"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("read back and compared, restored on trial.")
    assert list(file.parent.iterdir()) == [file]


def test_a_backup_from_which_other_rows_come_back_is_not_kept(
    filled: PilotStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore_less(file: Path, root: Path) -> None:
        restore(file, root)
        lost = PilotStore(root, database_url="")
        lost.database.transaction(lambda connection: connection.execute("DELETE FROM events"))
        lost.database.release()

    monkeypatch.setattr("pilot_core.maintenance.backup.restore", restore_less)
    with pytest.raises(StoreError, match=r"^Restored on trial, the backup has other rows in events; it is not kept\.$"):
        back_up(filled, tmp_path / "a.zip", restored=True)
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.duckdb_only
@pytest.mark.parametrize("number", range(40))
def test_an_archive_with_any_damage_is_refused_in_a_sentence_or_comes_back_equal(
    filled: PilotStore, tmp_path: Path, number: int
) -> None:
    chance = random.Random(number)
    file, root = tmp_path / "a.zip", tmp_path / "back"
    back_up(filled, file)
    content = bytearray(file.read_bytes())
    tail = len(content) - 3_000
    for _ in range(chance.choice([1, 4, 40])):
        # Half of the damage goes into the list of files at the end, which is small.
        content[chance.randrange(tail, len(content)) if chance.random() < 0.5 else chance.randrange(tail)] = (
            chance.randrange(256)
        )
    if number % 5 == 0:
        del content[chance.randrange(len(content)) :]
    file.write_bytes(content)
    sentence = ""
    try:
        restore(file, root)
    except (InvalidRequest, StoreError) as refused:
        sentence = str(refused)
    if sentence:
        assert (sentence.count("\n"), sentence[-1]) == (0, ".")
        assert not root.exists()
    else:
        assert [pilot.model_dump() for pilot in PilotStore(root, database_url="").load_all()] == [
            pilot.model_dump() for pilot in filled.load_all()
        ]
