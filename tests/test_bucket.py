"""Files in a bucket: sent once, fetched, replaced and removed. Errors are one sentence.

Two stores on one DuckDB file stand for two processes. Emptying the store's folder gives a second server's view.
"""

import hashlib
import json
import logging
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.documents.names import FOUNDER_DOCUMENTS, RUNBOOK
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot, finish_erasures
from pilot_core.errors import InvalidRequest, NotAllowedNow, StoreError
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.check import check
from pilot_core.maintenance.move import move_store
from pilot_core.maintenance.repair import repair
from pilot_core.maintenance.restore import restore
from pilot_core.media_place import parse_place
from pilot_core.rendering import attempt as rendering
from pilot_core.review.shown import film_checksum
from pilot_core.services import documents, pilots
from pilot_core.settings import ROOT, read_settings
from pilot_core.store.files.bucket import BucketError
from pilot_core.store.files.bucket_media import BucketMedia
from pilot_core.store.queries import erasures
from tests import buckets
from tests.conftest import HandClock
from tests.films import make_film

PREFIX = "ops/media"
OWN = (RUNBOOK, *FOUNDER_DOCUMENTS)


@pytest.fixture
def kept(bucket: str, store: PilotStore) -> PilotStore:
    """Return a store that keeps its files in the bucket."""
    assert isinstance(store.media, BucketMedia)
    return store


@pytest.fixture
def media(kept: PilotStore) -> BucketMedia:
    assert isinstance(kept.media, BucketMedia)
    return kept.media


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a video that someone might upload."""
    return make_film(tmp_path_factory.mktemp("film") / "brought.mp4", seconds=1.0)


@pytest.fixture
def started(kept: PilotStore, new_pilot: Callable[..., PilotRun]) -> PilotRun:
    """Return a pilot with its documents."""
    return pilots.start_pilot(kept, new_pilot(), at_command_line("Mara"))


@pytest.fixture
def ready(kept: PilotStore, started: PilotRun, film: Path) -> PilotRun:
    """Return a pilot whose first attempt is an uploaded video."""
    return brought(kept, started.pilot_id, film)


@pytest.fixture
def own_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[buckets.Service, str]]:
    """Yield an S3 service that the test may stop, and the bucket in it that the settings name."""
    with buckets.service() as running:
        name = running.new_bucket()
        buckets.name_in_settings(monkeypatch, running, name, PREFIX)
        yield running, name


def brought(store: PilotStore, pilot_id: str, film: Path) -> PilotRun:
    """Return the pilot after an attempt was made from that video."""
    kept = pilots.keep_upload(store, pilot_id, film)
    _, attempt = pilots.queue_attempt(store, pilot_id, "upload", upload_path=kept)
    return rendering.run_attempt(store, pilot_id, attempt.attempt_number, read_settings())


def lose_folder(store: PilotStore, pilot_id: str) -> None:
    """Remove all files of the pilot from the folder, as on another server."""
    shutil.rmtree(store.root / pilot_id)


def key(pilot_id: str, content: bytes) -> str:
    return f"{PREFIX}/{pilot_id}/{hashlib.sha256(content).hexdigest()}"


def sentences(store: PilotStore, **how: float) -> list[str]:
    return [finding.sentence for finding in check(store, **how)]


def test_a_pilots_documents_are_put_under_their_checksum_and_fetched_where_they_are_not(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    written = {name: (kept.root / started.pilot_id / name).read_bytes() for name in OWN}
    assert s3.objects(bucket) == {key(started.pilot_id, text): text for text in written.values()}
    lose_folder(kept, started.pilot_id)
    for name, text in written.items():
        assert kept.media.local_path(f"{started.pilot_id}/{name}", of=started.pilot_id).read_bytes() == text


def test_what_is_there_already_is_not_sent_again(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    def sent() -> dict[str, object]:
        return {o["Key"]: o["LastModified"] for o in s3.client.list_objects_v2(Bucket=bucket)["Contents"]}

    runbook = kept.root / started.pilot_id / RUNBOOK
    shutil.copy(runbook, runbook.with_name("the_same.txt"))
    before = sent()
    s3.client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": found} for found in before]})
    documents.write_documents(kept, started)
    kept.media.put([f"{started.pilot_id}/the_same.txt"])
    assert s3.objects(bucket) == {}, "nothing was sent, although it was gone: the rows say that it is there"
    assert {k.path: k.name for k in kept.media.stored_files().values()}[f"{started.pilot_id}/the_same.txt"]


def test_a_document_that_is_written_anew_takes_the_place_of_the_old_one(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    old = (kept.root / started.pilot_id / RUNBOOK).read_bytes()
    pilots.edit_brief(kept, started.pilot_id, started.brief.model_copy(update={"product": "A better one"}))
    new = (kept.root / started.pilot_id / RUNBOOK).read_bytes()
    assert new != old
    (kept.root / started.pilot_id / RUNBOOK).write_bytes(old)  # as another server's folder still has it
    assert kept.media.local_path(f"{started.pilot_id}/{RUNBOOK}", of=started.pilot_id).read_bytes() == new
    held = s3.objects(bucket)
    assert held[key(started.pilot_id, new)] == new
    assert key(started.pilot_id, old) not in held


def test_a_file_of_two_paths_goes_when_the_last_of_them_does(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    paths = [f"{started.pilot_id}/{name}.txt" for name in ("one", "other")]
    for path in paths:
        (kept.root / path).write_bytes(b"the same words")
    kept.media.put(paths)
    for path, is_there in zip(paths, (True, False), strict=True):
        kept.media.remove([path])
        assert (key(started.pilot_id, b"the same words") in s3.objects(bucket)) is is_there
        assert not (kept.root / path).exists()
        assert path not in kept.media.stored_files()


def test_a_cut_is_in_the_bucket_before_it_is_ready_and_its_film_is_there_once(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    finish = rendering._finish

    def finishing(pilot: PilotRun, *rest: object) -> object:
        seen.append(set(s3.objects(bucket)))
        return finish(pilot, *rest)

    monkeypatch.setattr(rendering, "_finish", finishing)
    pilot = brought(kept, started.pilot_id, film)
    attempt = pilot.attempt(1)
    assert attempt.state is AttemptState.READY, attempt.failure
    held = s3.objects(bucket)
    assert seen == [set(held)]
    pack = f"{attempt.review_pack_path}/final_video.mp4"
    rows = kept.media.stored_files()
    assert rows[attempt.video_path or ""].name == rows[pack].name
    assert {name.removeprefix(f"{PREFIX}/") for name in held} == {row.name for row in rows.values()}
    assert {path for path in rows if path.startswith(f"{attempt.folder}/")} >= {
        pack,
        attempt.video_path,
        f"{attempt.review_pack_path}/poster.jpg",
        f"{attempt.folder}/{FOUNDER_DOCUMENTS[0]}",
    }
    assert check(kept) == []


def test_an_uploaded_film_is_fetched_to_be_made_a_cut_of_and_an_approval_is_of_its_checksum(
    kept: PilotStore, started: PilotRun, film: Path
) -> None:
    upload = pilots.keep_upload(kept, started.pilot_id, film)
    pilots.queue_attempt(kept, started.pilot_id, "upload", upload_path=upload)
    lose_folder(kept, started.pilot_id)
    made = rendering.run_attempt(kept, started.pilot_id, 1, read_settings()).attempt(1)
    assert made.state is AttemptState.READY, made.failure
    meant = film_checksum(kept, started.pilot_id, made)
    lose_folder(kept, started.pilot_id)
    assert film_checksum(kept, started.pilot_id, made) == meant
    assert not (kept.root / started.pilot_id).exists(), "the film was not fetched for that"


def test_an_erased_pilot_leaves_nothing_in_the_bucket_not_even_what_no_row_names(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun, new_pilot: Callable[..., PilotRun]
) -> None:
    other = pilots.start_pilot(kept, new_pilot(company_name="Other"), at_command_line("Mara"))
    s3.client.put_object(Bucket=bucket, Key=f"{PREFIX}/{ready.pilot_id}/{'0' * 64}", Body=b"of a render that ended")
    erase_pilot(kept, ready.pilot_id, "The founder asked for it", at_command_line("Mara"))
    held = s3.objects(bucket)
    assert len(held) == len(OWN)
    assert all(name.startswith(f"{PREFIX}/{other.pilot_id}/") for name in held)
    assert {row.pilot_id for row in kept.media.stored_files().values()} == {other.pilot_id}


def test_an_erased_person_is_in_no_document_of_the_bucket(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun
) -> None:
    pilots.record_feedback(kept, ready.pilot_id, 1, "Alice Chen says no", "major_changes")
    (kept.root / ready.pilot_id / "outcome_report.md").write_text("Alice Chen")
    kept.media.put([f"{ready.pilot_id}/outcome_report.md"])
    texts = {k: t for k, t in s3.objects(bucket).items() if b"Alice" in t}
    assert len(texts) >= 4
    lose_folder(kept, ready.pilot_id)
    erase_person(kept, "Alice Chen", "She asked for it", at_command_line("Mara"))
    for name, content in s3.objects(bucket).items():
        assert b"Alice" not in content, name
    assert f"{ready.pilot_id}/outcome_report.md" not in kept.media.stored_files()
    lose_folder(kept, ready.pilot_id)
    assert "Erased person" in kept.media.local_path(f"{ready.pilot_id}/{RUNBOOK}", of=ready.pilot_id).read_text()
    assert [finding for finding in check(kept) if finding.kind != "state_odd"] == []


def test_a_bucket_that_cannot_be_reached_fails_the_render_with_the_reason_and_loses_no_film(
    own_s3: tuple[buckets.Service, str], store: PilotStore, new_pilot: Callable[..., PilotRun], film: Path
) -> None:
    service, name = own_s3
    pilot = pilots.start_pilot(store, new_pilot(), at_command_line("Mara"))
    upload = pilots.keep_upload(store, pilot.pilot_id, film)
    pilots.queue_attempt(store, pilot.pilot_id, "upload", upload_path=upload)
    service.stop()
    failed = rendering.run_attempt(store, pilot.pilot_id, 1, read_settings()).attempt(1)
    assert failed.state is AttemptState.FAILED
    assert failed.failure == (
        f"The cut is made and lies in {failed.folder}, but could not be kept. The bucket s3://{name}/{PREFIX} did not "
        "take the files (it cannot be reached); what is in the store's folder is as it was. Check the service and who "
        "may use the bucket, then try again."
    )
    assert list((store.root / (failed.folder or "")).glob("*.mp4"))
    assert store.path_of(upload).read_bytes() == film.read_bytes()


def test_a_render_that_failed_for_the_bucket_is_retried_when_it_is_back(
    kept: PilotStore, started: PilotRun, film: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pilots.keep_upload(kept, started.pilot_id, film)
    pilots.queue_attempt(kept, started.pilot_id, "upload", upload_path=upload)
    with monkeypatch.context() as patch:
        patch.setenv("PILOT_OPS_MEDIA", "s3://no-such-bucket/ops")
        elsewhere = PilotStore(kept.root, kept.clock)
        failed = rendering.run_attempt(elsewhere, started.pilot_id, 1, read_settings()).attempt(1)
    assert "There is no bucket no-such-bucket; make it, or correct the setting PILOT_OPS_MEDIA." in failed.failure
    clock.forward(minutes=5)
    pilots.retry_attempt(kept, started.pilot_id)
    assert rendering.run_attempt(kept, started.pilot_id, 1, read_settings()).attempt(1).state is AttemptState.READY


def test_an_upload_that_cannot_be_kept_leaves_no_trace_of_a_copy(
    own_s3: tuple[buckets.Service, str], store: PilotStore, new_pilot: Callable[..., PilotRun], film: Path
) -> None:
    pilot = pilots.start_pilot(store, new_pilot(), at_command_line("Mara"))
    own_s3[0].stop()
    with pytest.raises(BucketError, match="cannot be reached"):
        pilots.keep_upload(store, pilot.pilot_id, film)
    assert list((store.root / pilot.pilot_id / "uploads").iterdir()) == []
    assert film.exists()


def test_an_erasure_that_the_bucket_interrupts_says_so_and_is_finished_later(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kept.media.bucket, "listed", refuse)
        [warning] = erase_pilot(kept, started.pilot_id, "Asked", at_command_line("Mara")).warnings
    assert re.search(r"erased, but what a bucket has of it is not\. .* Run --repair", warning)
    assert erasures.unfinished(kept.database) == [started.pilot_id]
    assert finish_erasures(kept) == [started.pilot_id]
    assert s3.objects(bucket) == {}


def refuse(*_: object) -> dict[str, object]:
    raise BucketError("The bucket did not answer.")


def test_a_person_is_not_erased_by_half_while_the_bucket_does_not_answer(
    own_s3: tuple[buckets.Service, str], store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilot = pilots.start_pilot(store, new_pilot(), at_command_line("Mara"))
    lose_folder(store, pilot.pilot_id)
    own_s3[0].stop()
    with pytest.raises(BucketError):
        erase_person(store, "Alice Chen", "Asked", at_command_line("Mara"))
    assert store.load(pilot.pilot_id).founder_name == "Alice Chen"


def test_a_file_of_a_pilot_that_was_erased_meanwhile_is_not_kept(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    path = f"{started.pilot_id}/late.txt"
    erase_pilot(kept, started.pilot_id, "Asked", at_command_line("Mara"))
    (kept.root / started.pilot_id).mkdir()
    (kept.root / path).write_text("late")
    with pytest.raises(StoreError, match="is not in the store any more"):
        kept.media.put([path])
    assert s3.objects(bucket) == {}
    assert kept.media.stored_files() == {}


def test_a_damaged_object_is_not_taken_for_the_file(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    path = f"{started.pilot_id}/{RUNBOOK}"
    text = (kept.root / path).read_bytes()
    s3.client.put_object(Bucket=bucket, Key=key(started.pilot_id, text), Body=b"x" * len(text))
    lose_folder(kept, started.pilot_id)
    with pytest.raises(BucketError, match="damaged"):
        kept.media.local_path(path, of=started.pilot_id)
    assert list(kept.root.rglob("*.tmp")) == []
    assert not (kept.root / path).exists()


def test_the_check_names_what_bucket_and_rows_disagree_on_and_a_repair_mends_it(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun
) -> None:
    assert check(kept) == []
    attempt, rows = ready.attempt(1), kept.media.stored_files()
    film, poster = attempt.video_path or "", f"{attempt.review_pack_path}/poster.jpg"
    film_key = f"{PREFIX}/{rows[film].name}"
    whole = s3.objects(bucket)[film_key]
    s3.client.put_object(Bucket=bucket, Key=film_key, Body=whole[:-1])
    s3.client.delete_object(Bucket=bucket, Key=f"{PREFIX}/{rows[poster].name}")
    s3.client.put_object(Bucket=bucket, Key=f"{PREFIX}/{ready.pilot_id}/{'0' * 64}", Body=b"of no file")
    s3.client.put_object(Bucket=bucket, Key=f"{PREFIX}/pilot_20200101_00000000/{'0' * 64}", Body=b"of another store")
    (kept.root / ready.pilot_id / "notes.txt").write_text("not sent yet")
    kept.clock.now = max(o["LastModified"] for o in s3.client.list_objects_v2(Bucket=bucket)["Contents"])
    kept.clock.forward(hours=1)
    found = sentences(kept)
    assert f"{poster} is not in the bucket; the store's folder has it." in found
    assert (
        f"{film} has {len(whole) - 1:,} bytes in the bucket instead of {len(whole):,}; the store's folder has it."
        in found
    )
    assert f"The object {ready.pilot_id}/{'0' * 64} of the bucket is of no file in the database." in found
    assert f"{ready.pilot_id}/notes.txt is in the store's folder, and not in the bucket yet." in found
    assert not any("pilot_20200101" in sentence for sentence in found)
    assert repair(kept).left == []
    held = s3.objects(bucket)
    assert held[film_key] == whole
    assert key(ready.pilot_id, b"not sent yet") in held
    assert f"{PREFIX}/{ready.pilot_id}/{'0' * 64}" not in held
    assert f"{PREFIX}/pilot_20200101_00000000/{'0' * 64}" in held


def test_what_neither_bucket_nor_folder_has_is_named_and_left(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun
) -> None:
    path = f"{started.pilot_id}/{RUNBOOK}"
    s3.client.delete_object(Bucket=bucket, Key=f"{PREFIX}/{kept.media.stored_files()[path].name}")
    lose_folder(kept, started.pilot_id)
    told = f"{path} is not in the bucket, and the store's folder does not have it either."
    assert sentences(kept) == [told]
    assert [finding.sentence for finding in repair(kept).left] == [told]


def test_files_of_a_failed_attempt_that_stayed_in_the_bucket_are_removed_by_a_repair(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun
) -> None:
    folder = ready.attempt(1).folder

    def fail(pilot: PilotRun) -> None:
        attempt = pilot.attempt(1)
        attempt.state, attempt.video_path, attempt.review_pack_path, attempt.drafts = (
            AttemptState.FAILED,
            None,
            None,
            [],
        )
        pilot.log("render_failed", kept.clock(), attempt_number=1, reason="The process ended.")

    kept.change(ready.pilot_id, fail)
    kept.clock.forward(hours=1)
    lose_folder(kept, ready.pilot_id)
    assert sentences(kept) == [f"The bucket has {folder}, which nothing in the database refers to."]
    assert repair(kept).left == []
    assert not any(path.startswith(f"{folder}/") for path in kept.media.stored_files())
    assert len(s3.objects(bucket)) == len(OWN) + 1, "the documents and the upload"


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", "no permission, AccessDenied"),
        (403, "QuotaExceeded", "it is full, QuotaExceeded"),  # Ceph
        (507, "XMinioStorageFull", "it is full, XMinioStorageFull"),  # MinIO
    ],
)
def test_a_cut_that_the_bucket_does_not_take_fails_with_the_reason_and_stays_until_it_does(
    s3: buckets.Service,
    bucket: str,
    kept: PilotStore,
    started: PilotRun,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    told: str,
) -> None:
    upload = pilots.keep_upload(kept, started.pilot_id, film)
    pilots.queue_attempt(kept, started.pilot_id, "upload", upload_path=upload)
    with buckets.refusing(s3, status, code) as full:
        buckets.name_in_settings(monkeypatch, full, bucket, PREFIX)
        failed = rendering.run_attempt(PilotStore(kept.root, kept.clock), started.pilot_id, 1, read_settings()).attempt(
            1
        )
    assert failed.state is AttemptState.FAILED
    assert told in (failed.failure or "")
    assert list((kept.root / (failed.folder or "")).glob("*.mp4")), "the cut is gone"
    kept.clock.forward(hours=1)
    pilots.retry_attempt(kept, started.pilot_id, upload_path=upload)
    retried = rendering.run_attempt(kept, started.pilot_id, 1, read_settings()).attempt(1)
    assert retried.state is AttemptState.READY
    assert check(kept) == []


def test_a_bucket_that_does_not_know_our_key_is_told_as_no_permission(
    own_s3: tuple[buckets.Service, str], store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    service, _ = own_s3
    asked = urllib.request.Request(f"{service.url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(asked).close()
    [warning] = pilots.start_pilot(store, new_pilot(), at_command_line("Mara")).warnings
    assert re.search(r"did not take the files \(no permission(, \w+)?\)", warning)


def test_a_check_tells_that_the_bucket_does_not_answer(
    own_s3: tuple[buckets.Service, str], store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilots.start_pilot(store, new_pilot(), at_command_line("Mara"))
    own_s3[0].stop()
    (told,) = sentences(store)
    assert "could not be looked through (it cannot be reached)" in told


def test_a_backup_takes_along_what_only_the_bucket_has_and_a_restore_puts_it_into_another(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = s3.objects(bucket)
    film = before[f"{PREFIX}/{kept.media.stored_files()[ready.attempt(1).video_path or ''].name}"]
    lose_folder(kept, ready.pilot_id)
    manifest = back_up(kept, tmp_path / "backup.zip")
    assert set(manifest.files) >= set(kept.media.stored_files())
    with pytest.raises(InvalidRequest, match=r"There are files in s3://.* already"):
        restore(tmp_path / "backup.zip", tmp_path / "again", read_settings().media)
    assert not (tmp_path / "again").exists()
    buckets.name_in_settings(monkeypatch, s3, (other := s3.new_bucket()), PREFIX)
    restore(tmp_path / "backup.zip", tmp_path / "again", read_settings().media)
    assert s3.objects(other) == before
    again = PilotStore(tmp_path / "again")
    assert check(again) == []
    monkeypatch.delenv("PILOT_OPS_MEDIA")
    restore(tmp_path / "backup.zip", tmp_path / "in a folder", read_settings().media)
    folder = PilotStore(tmp_path / "in a folder")
    assert check(folder) == []
    assert folder.media.local_path(ready.attempt(1).video_path or "", of=ready.pilot_id).read_bytes() == film


def test_a_backup_without_films_takes_up_the_bucket_again(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun, tmp_path: Path
) -> None:
    before = s3.objects(bucket)
    back_up(kept, tmp_path / "backup.zip", media=False)
    restore(tmp_path / "backup.zip", tmp_path / "again", read_settings().media)
    again = PilotStore(tmp_path / "again")
    assert check(again) == []
    assert s3.objects(bucket) == before
    assert not list((tmp_path / "again").rglob("*.mp4"))


def test_a_store_is_moved_out_of_the_bucket_into_a_folder_that_needs_none(
    s3: buckets.Service,
    bucket: str,
    kept: PilotStore,
    ready: PilotRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unsent = kept.root / ready.pilot_id / "notes.txt"
    unsent.write_text("brought by hand")
    meant = {
        path: kept.media.local_path(path, of=ready.pilot_id).read_bytes()
        for path in kept.media.files_under(ready.pilot_id)
    }
    before = s3.objects(bucket)
    for path in kept.media.stored_files():
        (kept.root / path).unlink()
    target = tmp_path / "back"
    assert main(["--store", str(kept.root), "--move-store", str(target)]) == 0
    assert capsys.readouterr().out.endswith(
        "What was copied is as it was.\n"
        "Its films and documents are all in that folder; unset PILOT_OPS_MEDIA where you use it.\n"
    )
    assert s3.objects(bucket) == before
    careless = repair(PilotStore(target), under_way=0)
    assert {sentence.split()[0] for sentence in careless.done} == {"Sent"}, "the other store's objects were removed"
    monkeypatch.delenv("PILOT_OPS_MEDIA")
    shutil.rmtree(target)
    with monkeypatch.context() as again:
        again.setenv("PILOT_OPS_MEDIA", f"s3://{bucket}/{PREFIX}")
        move_store(kept, str(target))
    back = PilotStore(target)
    assert {
        path: back.media.local_path(path, of=ready.pilot_id).read_bytes()
        for path in back.media.files_under(ready.pilot_id)
    } == meant
    assert back.load_all() == kept.load_all()
    assert check(back) == []


@pytest.mark.parametrize("content", [None, b"another film"])
def test_nothing_is_moved_out_of_a_bucket_that_does_not_have_what_was_put_there(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun, tmp_path: Path, content: bytes | None
) -> None:
    [film] = [row for row in kept.media.stored_files().values() if row.path.endswith("draft_v1.mp4")]
    name = f"{PREFIX}/{film.name}"
    if content is None:
        s3.client.delete_object(Bucket=bucket, Key=name)
    else:
        s3.client.put_object(Bucket=bucket, Key=name, Body=content.ljust(film.size, b"."))
    lose_folder(kept, ready.pilot_id)
    with pytest.raises(StoreError, match=r"draft_v1\.mp4 is not (in .* as it should be|what was put into s3://)"):
        move_store(kept, str(tmp_path / "back"))
    assert not (tmp_path / "back").exists()


def test_a_store_whose_files_are_in_a_bucket_does_not_open_without_it(
    kept: PilotStore, started: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PILOT_OPS_MEDIA")
    script = "import sys; from pilot_core.cli import main; sys.exit(main(sys.argv[1:]))"
    told = subprocess.run(
        [sys.executable, "-c", script, "--store", str(kept.root), "--list"], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 2
    assert told.stderr.strip().endswith(
        f"The films and documents of the store {kept.root} are kept in a bucket; name it with the setting "
        "PILOT_OPS_MEDIA. Nothing was changed."
    )


HANDS_OVER = """
import json, os, shutil, sys
shutil.copy(sys.argv[1], "film.mp4")
json.dump({"video_path": "film.mp4"}, open(os.environ["PILOT_OPS_RESULT"], "w"))
"""


def test_the_command_says_in_one_sentence_that_the_bucket_is_not_there(
    s3: buckets.Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    buckets.name_in_settings(monkeypatch, s3, "no-such-bucket")
    film, program = make_film(tmp_path / "film.mp4", seconds=1.0), tmp_path / "program.py"
    program.write_text(HANDS_OVER)
    monkeypatch.setenv("PILOT_OPS_COMMAND", f"{sys.executable} {program} {film}")
    given = ["--store", str(tmp_path / "store"), "--founder", "A", "--company", "B", "--scenario", "feature_launch"]
    assert main([*given, "--pipeline", "command"]) == 1, (
        "the pilot is saved; its documents and its attempt could not be stored"
    )
    assert "There is no bucket no-such-bucket; make it" in capsys.readouterr().err


def test_no_key_of_the_service_is_in_the_log_or_in_what_is_told(
    s3: buckets.Service,
    bucket: str,
    kept: PilotStore,
    started: PilotRun,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    lose_folder(kept, started.pilot_id)
    again = PilotStore(kept.root)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    with pytest.raises(BucketError, match="no credentials") as refused:
        again.media.local_path(f"{started.pilot_id}/{RUNBOOK}", of=started.pilot_id)
    told = f"{refused.value}{refused.value.__cause__!r}{caplog.text}{read_settings()!r}"
    for secret in buckets.KEYS.values():
        assert secret not in told


@pytest.mark.parametrize(
    "url",
    [
        "bucket/prefix",
        "s3://",
        "s3://B/x",
        "s3://key:secret@bucket/x",
        "s3://bucket/../x",
        "s3://bucket//x",
        "gs://b/x",
    ],
)
def test_a_setting_that_names_no_place_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="names no place in a bucket"):
        parse_place(url)


@pytest.mark.parametrize(
    "endpoint", ["minio:9000", "https://key:secret@minio", "ftp://minio", "https://", "http://a:b"]
)
def test_an_address_of_a_service_that_is_none_is_refused_without_repeating_it(endpoint: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_place("s3://bucket", endpoint)
    assert "secret" not in str(refused.value)


def test_without_a_bucket_nothing_of_it_is_imported(tmp_path: Path) -> None:
    script = (
        "import json, sys\nfrom pilot_core.cli import main\n"
        f"main(['--store', {str(tmp_path)!r}, '--list'])\n"
        "from pilot_core import create_pilot; from pilot_core.services import pilots as services\n"
        "from pilot_core import PilotStore\n"
        f"services.start_pilot(PilotStore({str(tmp_path)!r}), create_pilot('A', 'B', 'feature_launch'))\n"
        "print(json.dumps([name for name in ('fsspec', 's3fs', 'aiobotocore', 'botocore') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_film_that_cannot_be_read_cannot_be_approved(
    s3: buckets.Service, bucket: str, kept: PilotStore, ready: PilotRun
) -> None:
    s3.client.delete_object(
        Bucket=bucket, Key=f"{PREFIX}/{kept.media.stored_files()[ready.attempt(1).video_path].name}"
    )
    lose_folder(kept, ready.pilot_id)
    with pytest.raises(NotAllowedNow, match="cannot be read just now"):
        film_checksum(kept, ready.pilot_id, ready.attempt(1))


def test_a_document_that_could_not_be_sent_is_the_right_one_until_a_repair_sends_it(
    s3: buckets.Service, bucket: str, kept: PilotStore, started: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{started.pilot_id}/{RUNBOOK}"
    old = (kept.root / path).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(kept.media.bucket, "send", refuse)
        better = started.brief.model_copy(update={"product": "A better one"})
        [warning] = pilots.edit_brief(kept, started.pilot_id, better).warnings
    assert "The bucket did not answer." in warning
    new = (kept.root / path).read_bytes()
    assert new != old
    assert kept.media.local_path(path, of=started.pilot_id).read_bytes() == new
    kept.clock.now = max(o["LastModified"] for o in s3.client.list_objects_v2(Bucket=bucket)["Contents"])
    kept.clock.forward(hours=1)
    assert repair(kept).left == []
    assert s3.objects(bucket).keys() & {key(started.pilot_id, old), key(started.pilot_id, new)} == {
        key(started.pilot_id, new)
    }


def test_what_was_erased_at_one_server_is_gone_from_the_folder_of_another_after_its_next_repair(
    s3: buckets.Service,
    bucket: str,
    kept: PilotStore,
    ready: PilotRun,
    new_pilot: Callable[..., PilotRun],
    tmp_path: Path,
) -> None:
    other = pilots.start_pilot(kept, new_pilot(company_name="Other"), at_command_line("Mara"))
    folder = ready.attempt(1).folder or ""
    for path in (f"{ready.pilot_id}/outcome_report.md", f"{folder}/brief.json"):
        (kept.root / path).write_text("Alice Chen")
        kept.media.put([path])
    before = tmp_path / "as another server has it"
    shutil.copytree(kept.root, before, ignore=shutil.ignore_patterns("pilots.*"))
    erase_person(kept, "Alice Chen", "Asked", at_command_line("Mara"))
    erase_pilot(kept, other.pilot_id, "Asked", at_command_line("Mara"))
    # From here the folder is that of the other server: nothing was erased in it.
    for path in kept.root.iterdir():
        if not path.name.startswith(("pilots.", ".")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(before, kept.root, dirs_exist_ok=True)
    held = s3.objects(bucket)
    assert repair(kept).left == []
    assert s3.objects(bucket) == held
    assert not (kept.root / other.pilot_id).exists()
    assert not (kept.root / f"{other.pilot_id}.json").exists()
    for path in kept.root.rglob("*"):
        if path.is_file() and path.suffix in (".txt", ".md", ".json"):
            assert "Alice" not in path.read_text("utf-8"), path
    assert (kept.root / (ready.attempt(1).video_path or "")).exists()
