"""Two folders with one PostgreSQL database and one bucket: a change on one server reaches the other."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.documents.names import RUNBOOK
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState, Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.other_servers import follower
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import StoreError
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.rendering import attempt as rendering
from pilot_core.rendering import failure, old_videos, queue_worker
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import make_link, open_link
from pilot_core.review.shown import film_checksum
from pilot_core.services import pilots
from pilot_core.settings import ROOT, read_settings
from pilot_core.web.server import background
from tests import buckets, postgres
from tests.asking import ask
from tests.films import make_film
from tests.served import app_on, serve


@pytest.fixture
def folders(
    postgres_server: postgres.Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PilotStore, PilotStore]]:
    """Return two servers' folders of one store."""
    with postgres_server.database() as url:
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
        yield PilotStore(tmp_path / "one"), PilotStore(tmp_path / "other")


def test_a_pilot_of_one_server_is_rendered_and_reviewed_at_the_other_and_erased_at_both(
    s3: buckets.Service,
    bucket: str,
    folders: tuple[PilotStore, PilotStore],
    new_pilot: Callable[..., PilotRun],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = folders
    film = make_film(tmp_path / "brought.mp4", seconds=1.0)
    pilot_id = pilots.start_pilot(one, new_pilot(), at_command_line("Mara")).pilot_id
    upload = pilots.keep_upload(one, pilot_id, film)
    pilots.queue_attempt(one, pilot_id, "upload", upload_path=upload)
    attempt = rendering.run_attempt(other, pilot_id, 1, read_settings()).attempt(1)
    assert attempt.state is AttemptState.READY, attempt.failure
    meant = other.path_of(attempt.video_path or "").read_bytes()
    assert not one.path_of(attempt.video_path or "").exists()
    serve(monkeypatch, PilotStore(one.root))
    _, token = make_link(other, pilot_id, "Dana", actor=at_command_line("Mara"))
    grant, cookie = open_link(one, token)
    assert ask(f"/watch/{attempt.attempt_id}/video.mp4", cookie=cookie).body == meant
    assert ask(f"/watch/{attempt.attempt_id}/poster.jpg", cookie=cookie).status == 200
    assert film_checksum(one, pilot_id, attempt) == film_checksum(other, pilot_id, attempt)
    assert decide(one, grant, 1, Decision("approve", approved_sha256=film_checksum(other, pilot_id, attempt))).sha256
    assert [finding for finding in check(one) if finding.kind != "state_old"] == []
    assert (other.root / pilot_id).exists()
    erase_pilot(one, pilot_id, "Asked", at_command_line("Mara"))
    assert s3.objects(bucket) == {}
    assert not (one.root / pilot_id).exists()
    follower(other)()
    assert not [path for path in other.root.rglob("*") if pilot_id in str(path)]
    assert repair(other).left == []


@pytest.fixture
def named(folders: tuple[PilotStore, PilotStore], new_pilot: Callable[..., PilotRun]) -> PilotRun:
    """Return a pilot whose documents have been in both folders for a while."""
    one, other = folders
    pilot = pilots.start_pilot(one, new_pilot(founder_name="Zoë Quist"), at_command_line("Mara"))
    for path in other.media.files_under(pilot.pilot_id):
        age(other.media.local_path(path, of=pilot.pilot_id))
    pilots.raise_limit(other, pilot.pilot_id, 6, "Asked for")
    (report := other.root / pilot.pilot_id / "outcome_report.md").write_text("For Zoë Quist")
    age(report)
    assert naming(other, "Quist")
    return pilot


def age(path: Path, minutes: float = 30) -> None:
    """Set the file's time to that many minutes ago."""
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))


def test_a_person_erased_at_one_server_stands_in_no_file_of_the_other(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    pilots.queue_attempt(other, named.pilot_id, "command")
    folder = f"{named.pilot_id}/attempt_1_of_before"
    other.change(named.pilot_id, lambda pilot: setattr(pilot.attempt(1), "folder", folder))
    failure.fail_attempt(other, named.pilot_id, 1, "The program ended.", program("pipeline"))
    (log := other.root / folder / "pipeline.log").parent.mkdir()
    log.write_text("for Zoë Quist")
    (film := log.with_name("draft_v1.mp4")).write_bytes(b"a film")
    age(log)
    age(film)
    follow = follower(other)
    follow()
    assert naming(other, "Quist"), "nobody was erased yet"
    erase_person(one, "Zoë Quist", "Asked", at_command_line("Mara"))
    follow()
    assert naming(one, "Quist") == naming(other, "Quist") == []
    assert film.exists(), "what films show is not searched"
    film.unlink()
    assert repair(other).left == []
    runbook = other.media.local_path(f"{named.pilot_id}/{RUNBOOK}", of=named.pilot_id)
    assert "Erased person" in runbook.read_text()


def test_rows_set_aside_before_a_person_was_erased_go_and_later_ones_stay(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    (aside := other.root / "lost+found" / "20260302_090000").mkdir(parents=True)
    before = [aside / "comments.rows", other.root / "pilots.schema_0007.duckdb"]
    since = [aside / "feedback.rows", other.root / "pilots.schema_0008.duckdb"]
    for path in before:
        path.write_text("Quist")
        age(path)
    erase_person(one, "Zoë Quist", "Asked", at_command_line("Mara"))
    for path in since:
        path.write_text("of erased rows")
    follower(other)()
    assert not [path for path in before if path.exists()]
    assert all(path.exists() for path in since)


def test_a_document_that_is_just_being_written_is_not_taken_for_one_of_before(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    erase_person(one, "Zoë Quist", "Asked", at_command_line("Mara"))
    follow = follower(other)
    follow()
    runbook = other.root / named.pilot_id / RUNBOOK
    runbook.write_text("written, and not put yet")
    follow()
    assert runbook.exists()
    # A file being fetched when the person was erased looks the same, and is never sent.
    later = other.clock() + timedelta(minutes=11)
    other.clock = lambda: later
    follow()
    assert not runbook.exists()


def test_a_repair_does_not_send_what_is_from_before_a_person_was_erased(
    s3: buckets.Service,
    bucket: str,
    folders: tuple[PilotStore, PilotStore],
    named: PilotRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = folders
    with buckets.refusing(s3, 503, "SlowDown") as busy, monkeypatch.context() as patch:
        buckets.name_in_settings(patch, busy, bucket)
        with pytest.raises(StoreError):
            erase_person(PilotStore(one.root), "Zoë Quist", "Asked", at_command_line("Mara"))
    repair(other, thorough=False)
    assert not [name for name, content in s3.objects(bucket).items() if b"Quist" in content]
    assert naming(other, "Quist") == []


def test_logs_and_what_a_repair_set_aside_go_with_an_erased_pilot(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    shutil.rmtree(other.root / named.pilot_id)
    (other.root / f"{named.pilot_id}.json").unlink()
    (aside := other.root / "lost+found" / "20260302_090000").mkdir(parents=True)
    (logs := other.root / "logs").mkdir()
    (logs / f"{named.pilot_id}_a1.log").write_text("Quist")
    (aside / f"{named.pilot_id}.json").write_text("Quist")
    (aside / "feedback.rows").write_text(f"{named.pilot_id} Quist")
    erase_pilot(one, named.pilot_id, "Asked", at_command_line("Mara"))
    follower(other)()
    assert naming(other, "Quist") == []


@pytest.mark.parametrize("who", ["dashboard", "worker"])
def test_dashboards_and_workers_follow_what_is_erased_while_they_run(
    folders: tuple[PilotStore, PilotStore], named: PilotRun, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    one, other = folders
    monkeypatch.setattr(background, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(queue_worker, "LOOK_SECONDS", 0.1)
    over = threading.Event()
    url = read_settings().database_url or ""
    watch = background.Watch(app_on(other))
    worker = threading.Thread(target=queue_worker._watch, args=[other, url, follower(other), over])
    (watch if who == "dashboard" else worker).start()
    try:
        erase_pilot(one, named.pilot_id, "Asked", at_command_line("Mara"))
        deadline = time.monotonic() + 30
        while naming(other, "Quist") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert naming(other, "Quist") == []
    finally:
        over.set()
        if who == "dashboard":
            watch.stop()
        else:
            worker.join()


def test_an_old_video_that_was_opened_at_one_server_is_converted_by_a_worker_elsewhere(
    folders: tuple[PilotStore, PilotStore], new_pilot: Callable[..., PilotRun], tmp_path: Path
) -> None:
    one, other = folders
    pilot_id = pilots.start_pilot(one, new_pilot(), at_command_line("Mara")).pilot_id
    path = f"{pilot_id}/attempt_1/draft_v1.mp4"
    make_film(one.root / path, seconds=2, rate=Fraction(12))
    one.media.put([path])

    def made_before(pilot: PilotRun) -> None:
        pilot.add_attempt(path).drafts = [Draft(iteration=1, video_path=path, duration=2.0, frame_rate="12")]

    one.change(pilot_id, made_before, at_command_line("Mara"))
    old_videos.ask(one, one.load(pilot_id))
    assert old_videos.start(one, old_videos.asked(one), read_settings().database_url) is None
    environment = os.environ | {"PILOT_OPS_STORE": str(other.root)}
    command = [sys.executable, "-m", "pilot_core.cli.render_worker"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not (draft := one.load(pilot_id).attempt(1).final_draft) or not draft.conformed:
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()
            time.sleep(0.1)
    finally:
        worker.terminate()
        worker.wait(60)
    assert (draft.original_path, str(draft.rate), draft.frames) == (path, "24", 48)
    for written in filter(None, (draft.video_path, draft.light_path)):
        assert not (one.root / written).exists()
        assert one.media.local_path(written, of=pilot_id).read_bytes() == (other.root / written).read_bytes()
    assert [finding for finding in check(one) if finding.kind != "state_old"] == []


def naming(store: PilotStore, name: str) -> list[str]:
    """Return the files of a folder that contain the name."""
    files = [path for path in store.root.rglob("*") if path.is_file()]
    return [path.name for path in files if name.encode() in path.read_bytes()]
