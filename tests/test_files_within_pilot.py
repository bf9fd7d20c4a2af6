"""Ways to name a file that is not the pilot's: none is served, changed or removed, whoever named it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState, Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.restore import restore
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.failure import fail_attempt
from pilot_core.review.links import make_link, open_link
from pilot_core.services.acts import Act
from pilot_core.services.pilots import create_pilot, queue_attempt, retry_attempt
from pilot_core.settings import read_settings
from pilot_core.store.files import state_files
from tests.asking import ask
from tests.reviewing import LEAD, pilot_in_review
from tests.served import serve

SECRET = b"nobody but its own reviewer sees this"
THEIRS = "pilot_20260302_theirs"
FILM = f"{THEIRS}/attempt_1/draft_v1.mp4"

NAMED = (
    FILM,
    f"./{FILM}",
    f"{{mine}}/../{FILM}",
    f"{{mine}}/./../{FILM}",
    f"{{mine}}/attempt_1/../../{FILM}",
    f"{{mine}}//../{FILM}",
    "{mine}/linked.mp4",
    "{mine}/linked/attempt_1/draft_v1.mp4",
    "{mine}/notes.mp4",
    "{mine}/pilot_runbook.txt",
    f"{THEIRS}/pilot_runbook.txt",
    f"{THEIRS}.json",
    f"{THEIRS}\\attempt_1\\draft_v1.mp4",
    f"{{mine}}\\..\\{THEIRS}\\attempt_1\\draft_v1.mp4",
    f"{{mine}}/%2e%2e/{FILM}",
    f"{FILM}\n",
    "{root}/" + FILM,
    "file://{root}/" + FILM,
    "../outside.mp4",
    "../store/" + FILM,
    "outside_link.mp4",
    "uploads/brought.mp4",
    "logs/render.mp4",
    "pilots.duckdb",
    "{mine}",
    THEIRS,
    ".",
    "",
)
NAMES = ("video.mp4", "captions.vtt", "draft_v1.mp4", "draft_v1.vtt", "poster.jpg", "contact_sheet.jpg", "sprite.jpg")


@pytest.fixture
def theirs(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make another pilot whose files hold a secret, and every kind of link to them. Returns its film."""
    other = create_pilot("Quillon", "Zanzibar", "feature_launch", now=store.clock())
    other.pilot_id = THEIRS
    other.add_attempt(FILM, f"{THEIRS}/attempt_1/review_pack")
    store.save(other, LEAD)
    pack = store.root / THEIRS / "attempt_1" / "review_pack"
    pack.mkdir(parents=True)
    for name in (
        "poster.jpg",
        "contact_sheet.jpg",
        "sprite.jpg",
        "sprite.json",
        "captions.vtt",
        "marketing_summary.txt",
    ):
        (pack / name).write_bytes(SECRET)
    for name in (FILM, f"{THEIRS}/pilot_runbook.txt", "uploads/brought.mp4", "logs/render.mp4", "../outside.mp4"):
        path = store.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SECRET)
    (store.root / "outside_link.mp4").symlink_to(store.root.parent / "outside.mp4")
    serve(monkeypatch, store)
    return store.root / FILM


def naming(store: PilotStore, path: str, number: int = 0) -> PilotRun:
    """Return a pilot that names a file in each of its fields. Its folder has links to others, and a runbook."""
    mine = f"pilot_20260302_mine{number:02}"
    path = path.replace("{root}", str(store.root)).replace("{mine}", mine)
    folder = path.rpartition("/")[0] or path
    pilot = create_pilot("Ann", "Mills", "feature_launch", now=store.clock())
    pilot.pilot_id = mine
    attempt = pilot.add_attempt(path, f"{folder}/review_pack")
    attempt.attempt_id = f"{mine}_a1"
    attempt.folder, attempt.upload_path = folder, path
    attempt.drafts = [Draft(iteration=1, video_path=path, captions_path=path)]
    own = store.root / mine
    own.mkdir(exist_ok=True)
    (own / "pilot_runbook.txt").write_bytes(SECRET)
    for name, target in (("linked.mp4", FILM), ("linked", THEIRS), ("notes.mp4", f"{mine}/pilot_runbook.txt")):
        (own / name).symlink_to(store.root / target)
    return pilot


def by_the_api(store: PilotStore, made: list[PilotRun]) -> PilotStore:
    for pilot in made:
        store.save(pilot, LEAD)
    return store


def by_import(store: PilotStore, made: list[PilotRun]) -> PilotStore:
    folder = store.root.parent / "brought"
    folder.mkdir()
    for pilot in made:
        (folder / f"{pilot.pilot_id}.json").write_text(state_files.text(pilot))
    report = store.import_state(folder)
    assert len(report.imported) == len(made), report.problems
    return store


def by_restore(store: PilotStore, made: list[PilotRun]) -> PilotStore:
    by_the_api(store, made)
    file = store.root.parent / "store.pilots.zip"
    back_up(store, file)
    place = store.root.parent / "restored" / "store"
    restore(file, place)
    (place.parent / "outside.mp4").write_bytes(SECRET)
    return PilotStore(place, store.clock)


def by_the_bucket(store: PilotStore, made: list[PilotRun]) -> PilotStore:
    by_the_api(store, made)
    opened = PilotStore(store.root, store.clock)
    assert opened.media.bucket
    files = [path for path in (store.root / THEIRS).rglob("*") if path.is_file()]
    opened.media.put([path.relative_to(store.root).as_posix() for path in files])
    for path in files:
        path.unlink()
    return opened


@pytest.mark.parametrize("way", [by_the_api, by_import, by_restore, by_the_bucket])
def test_no_path_reaches_a_file_that_is_not_the_pilot_s(
    store: PilotStore,
    theirs: Path,
    way: Callable[[PilotStore, list[PilotRun]], PilotStore],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    assert len(set(NAMED)) >= 20
    if way is by_the_bucket:
        request.getfixturevalue("bucket")
    made = [naming(store, path, number) for number, path in enumerate(NAMED)]
    opened = way(store, made)
    serve(monkeypatch, opened)
    told = {path: found for path, pilot in zip(NAMED, made, strict=True) if (found := served(opened, pilot.pilot_id))}
    assert told == {}


@pytest.mark.parametrize("path", NAMED)
def test_an_upload_that_names_such_a_file_makes_no_attempt_of_it(
    store: PilotStore, theirs: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = naming(store, path)
    mine, named, pilot.runs = pilot.pilot_id, pilot.runs[0].upload_path, []
    store.save(pilot, LEAD)
    try:
        queue_attempt(store, mine, "upload", Act(LEAD), upload_path=named)
    except InvalidRequest:
        assert store.load(mine).runs == []
    else:
        made = run_attempt(store, mine, 1, read_settings()).runs[0]
        assert (made.state, made.video_path) == (AttemptState.FAILED, None)
    serve(monkeypatch, store)
    assert served(store, mine) == []
    assert theirs.read_bytes() == SECRET


def served(store: PilotStore, mine: str) -> list[tuple[str, str]]:
    """Return the addresses that gave out the secret, as (who, address)."""
    cookie = open_link(store, make_link(store, mine, "Dana", actor=LEAD)[1])[1]
    addresses = [f"/watch/{mine}_a1/{name}" for name in (*NAMES, "sprite.json")]
    addresses += [f"/download/{mine}/{name}" for name in ("linked.mp4", "notes.mp4", "attempt_1/draft_v1.mp4")]
    addresses += [f"/download/{mine}/linked/attempt_1/draft_v1.mp4", "/review", "/review/versions/1"]
    found = [("reviewer", at) for at in addresses if SECRET in ask(at, cookie=cookie).body]
    lead = [*addresses[:-2], f"/download/{mine}/attempt_1/review_pack/poster.jpg"]
    lead.remove(f"/download/{mine}/notes.mp4")  # a link to the pilot's own runbook, which is the team's
    return found + [("lead", at) for at in lead if SECRET in ask(at, host="localhost").body]


def test_an_import_says_what_it_left_out_and_its_figures_stay(store: PilotStore, theirs: Path) -> None:
    pilot = naming(store, FILM)
    mine = pilot.pilot_id
    file = store.root.parent / f"{mine}.json"
    file.write_text(state_files.text(pilot))
    [warning] = store.import_state(file).warnings
    assert warning.startswith(f"{mine}.json: its path {THEIRS}/attempt_1 and 2 more is left out")
    attempt = store.load(mine).runs[0]
    assert (attempt.video_path, attempt.folder, attempt.upload_path, attempt.review_pack_path) == (None,) * 4
    assert attempt.drafts[0].video_path == ""
    assert attempt.had_video
    written = json.loads((store.root / f"{mine}.json").read_text())
    assert written["runs"][0]["video_path"] == FILM, "the state file keeps what it was told"


def test_a_retry_neither_takes_another_pilot_s_film_nor_removes_it(store: PilotStore, theirs: Path) -> None:
    pilot = naming(store, FILM)
    mine = pilot.pilot_id
    pilot.runs[0].state, pilot.runs[0].pipeline = AttemptState.FAILED, "upload"
    store.save(pilot, LEAD)
    retry_attempt(store, mine)
    failed = run_attempt(store, mine, 1, read_settings()).runs[0]
    assert failed.failure == f"{FILM} is no file of {mine}."
    retry_attempt(store, mine)
    store.change(mine, lambda p: setattr(p.runs[0], "folder", f"{THEIRS}/attempt_1"), LEAD)
    fail_attempt(store, mine, 1, "It stopped.", LEAD)
    assert theirs.read_bytes() == SECRET


def test_a_row_that_names_another_pilot_s_object_in_the_bucket_gives_nothing(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PilotStore(tmp_path / "store")
    mine, theirs = pilot_in_review(store), pilot_in_review(store)
    film, other = mine.runs[0].video_path or "", theirs.runs[0].video_path or ""
    for path in (film, other):
        store.media.put([path])
    (store.root / other).write_bytes(SECRET)
    store.media.put([other])
    sql = "UPDATE media SET pilot_id = ?, sha256 = (SELECT sha256 FROM media WHERE path = ?), bytes = ? WHERE path = ?"
    store.database.transaction(lambda c: c.execute(sql, [theirs.pilot_id, other, len(SECRET), film]))
    (store.root / film).unlink()
    serve(monkeypatch, store)
    cookie = open_link(store, make_link(store, mine.pilot_id, "Dana", actor=LEAD)[1])[1]
    assert ask(f"/watch/{mine.runs[0].attempt_id}/video.mp4", cookie=cookie).status == 404
    with pytest.raises((PilotError, OSError)):
        store.media.checksum(film, of=mine.pilot_id)
