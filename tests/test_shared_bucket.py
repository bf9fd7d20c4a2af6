"""Two folders, one PostgreSQL and one bucket: what is done at one server is there at the other."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pilot_core import render_queue, rendering, services
from pilot_core.care.check import check
from pilot_core.care.elsewhere import follower
from pilot_core.care.repair import repair
from pilot_core.documents import RUNBOOK
from pilot_core.erasure import erase_person, erase_pilot
from pilot_core.errors import StoreError
from pilot_core.models import AttemptState, PilotRun
from pilot_core.review.decisions import decide
from pilot_core.review.links import make_link, open_link
from pilot_core.review.shown import film_checksum
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web import background, stores
from tests import buckets, postgres
from tests.asking import ask
from tests.films import make_film


@pytest.fixture
def folders(
    postgres_server: postgres.Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PilotStore, PilotStore]]:
    """Two servers' folders of one store."""
    with postgres_server.database() as url:
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
        yield PilotStore(tmp_path / "one"), PilotStore(tmp_path / "other")
    stores.store.cache_clear()


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
    pilot_id = services.start_pilot(one, new_pilot(), "Mara").pilot_id
    upload = services.keep_upload(one, pilot_id, film)
    services.queue_attempt(one, pilot_id, "upload", upload_path=upload)
    attempt = rendering.run_attempt(other, pilot_id, 1, settings()).attempt(1)
    assert attempt.state is AttemptState.READY, attempt.failure
    meant = other.path_of(attempt.video_path or "").read_bytes()
    assert not one.path_of(attempt.video_path or "").exists()
    monkeypatch.setenv("PILOT_OPS_STORE", str(one.root))
    stores.store.cache_clear()
    _, token = make_link(other, pilot_id, "Dana", actor="Mara")
    grant, cookie = open_link(one, token)
    assert ask(f"/watch/{attempt.attempt_id}/video.mp4", cookie=cookie).body == meant
    assert ask(f"/watch/{attempt.attempt_id}/poster.jpg", cookie=cookie).status == 200
    assert film_checksum(one, attempt) == film_checksum(other, attempt)
    assert decide(one, grant, 1, "approve", approved_sha256=film_checksum(other, attempt)).sha256
    assert [finding for finding in check(one) if finding.kind != "state_old"] == []
    assert (other.root / pilot_id).exists()
    erase_pilot(one, pilot_id, "Asked", "Mara")
    assert s3.objects(bucket) == {}
    assert not (one.root / pilot_id).exists()
    follower(other)()
    assert not [path for path in other.root.rglob("*") if pilot_id in str(path)]
    assert repair(other).left == []


@pytest.fixture
def named(folders: tuple[PilotStore, PilotStore], new_pilot: Callable[..., PilotRun]) -> PilotRun:
    """A pilot whose documents both folders have since a while, as other servers do."""
    one, other = folders
    pilot = services.start_pilot(one, new_pilot(founder_name="Zoë Quist"), "Mara")
    for path in other.media.under(pilot.pilot_id):
        age(other.media.fetched(path))
    services.raise_limit(other, pilot.pilot_id, 6, "Asked for")
    (report := other.root / pilot.pilot_id / "outcome_report.md").write_text("For Zoë Quist")
    age(report)
    assert naming(other, "Quist")
    return pilot


def age(path: Path, minutes: float = 30) -> None:
    """Have the file written so long ago."""
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))


def test_a_person_erased_at_one_server_stands_in_no_file_of_the_other(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    services.queue_attempt(other, named.pilot_id, "command")
    folder = f"{named.pilot_id}/attempt_1_of_before"
    other.change(named.pilot_id, lambda pilot: setattr(pilot.attempt(1), "folder", folder))
    rendering.fail_attempt(other, named.pilot_id, 1, "The program ended.", "pipeline")
    (log := other.root / folder / "pipeline.log").parent.mkdir()
    log.write_text("for Zoë Quist")
    (film := log.with_name("draft_v1.mp4")).write_bytes(b"a film")
    age(log)
    age(film)
    follow = follower(other)
    follow()
    assert naming(other, "Quist"), "nobody was erased yet"
    erase_person(one, "Zoë Quist", "Asked", "Mara")
    follow()
    assert naming(one, "Quist") == naming(other, "Quist") == []
    assert film.exists(), "what films show is not searched"
    film.unlink()
    assert repair(other).left == []
    runbook = other.media.fetched(f"{named.pilot_id}/{RUNBOOK}")
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
    erase_person(one, "Zoë Quist", "Asked", "Mara")
    for path in since:
        path.write_text("of erased rows")
    follower(other)()
    assert not [path for path in before if path.exists()]
    assert all(path.exists() for path in since)


def test_a_document_that_is_just_being_written_is_not_taken_for_one_of_before(
    folders: tuple[PilotStore, PilotStore], named: PilotRun
) -> None:
    one, other = folders
    erase_person(one, "Zoë Quist", "Asked", "Mara")
    follow = follower(other)
    follow()
    runbook = other.root / named.pilot_id / RUNBOOK
    runbook.write_text("written, and not put yet")
    follow()
    assert runbook.exists()
    # What was being fetched when the person was erased looks the same, and is never put.
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
            erase_person(PilotStore(one.root), "Zoë Quist", "Asked", "Mara")
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
    erase_pilot(one, named.pilot_id, "Asked", "Mara")
    follower(other)()
    assert naming(other, "Quist") == []


@pytest.mark.parametrize("who", ["dashboard", "worker"])
def test_dashboards_and_workers_follow_what_is_erased_while_they_run(
    folders: tuple[PilotStore, PilotStore], named: PilotRun, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    one, other = folders
    monkeypatch.setattr(background, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(render_queue, "LOOK_SECONDS", 0.1)
    over = threading.Event()
    url = settings().database_url or ""
    watch = background.Watch(other)
    worker = threading.Thread(target=render_queue._look_after, args=[other, url, over])
    (watch if who == "dashboard" else worker).start()
    try:
        erase_pilot(one, named.pilot_id, "Asked", "Mara")
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


def naming(store: PilotStore, name: str) -> list[str]:
    """The files of a folder in which that name stands."""
    files = [path for path in store.root.rglob("*") if path.is_file()]
    return [path.name for path in files if name.encode() in path.read_bytes()]
