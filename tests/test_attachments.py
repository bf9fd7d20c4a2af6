"""Files attached to comments and decisions: stored with them, seen by those who may, and gone with them."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attachments import Attachment
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import InvalidRequest, NotAllowedNow, StoreError
from pilot_core.export.comments import comments_csv
from pilot_core.export.markers import MARKER_FORMATS, markers_of
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.check import check
from pilot_core.maintenance.move import move_store
from pilot_core.maintenance.repair import repair
from pilot_core.maintenance.restore import restore
from pilot_core.rendering.preview import next_brief
from pilot_core.review.attachments import NOT_STORED, of_pilot, stored
from pilot_core.review.comments import (
    add_comment,
    comments_of,
    delete_comment,
    edit_comment,
    open_comments_before,
    reply,
)
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.shown import film_checksum
from pilot_core.store.engine.connection import rows
from pilot_core.video.attached import Prepared, prepare
from tests import attached_files as files
from tests import buckets, postgres
from tests.conftest import HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, reviewer, team

Prepare = Callable[[bytes], Prepared]


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    return pilot_in_review(store)


@pytest.fixture
def dana(store: PilotStore, pilot: PilotRun) -> Grant:
    return reviewer(store, pilot)


@pytest.fixture
def ready(tmp_path: Path) -> Prepare:
    """Return a function that prepares a file as the review room does."""

    def make(data: bytes) -> Prepared:
        folder = tmp_path / f"prepared {len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "sent").write_bytes(data)
        return prepare(folder / "sent", folder)

    return make


@pytest.fixture
def logo(ready: Prepare) -> Prepared:
    return ready(files.picture())


def says(store: PilotStore, grant: Grant, prepared: Prepared, words: str = "Use this logo", **more: str) -> Attachment:
    """Comment with a file, and return what is attached."""
    with stored(store, grant, prepared, "logo.png") as file:
        made = add_comment(store, grant, 1, Anchor(10), words, file=file, **more)
    return next(a for a in of_pilot(store, grant.pilot_id) if a.comment_id == made.comment_id)


def decides(store: PilotStore, grant: Grant, prepared: Prepared | None, **more: str) -> str:
    with stored(store, grant, prepared, "logo.png") as file:
        return decide(store, grant, 1, Decision("minor_changes", notes="This one", file=file, **more)).feedback_id


def on_disk(store: PilotStore, pilot_id: str) -> list[str]:
    """Return the names of the pilot's attached files."""
    return sorted(path.name for path in (store.root / pilot_id / "attachments").glob("*"))


def test_a_file_is_kept_with_its_comment(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    attached = says(store, dana, logo)
    assert (attached.name, attached.author, attached.width, attached.height) == ("logo.png", "Dana Cruz", 60, 40)
    assert (attached.media_type, attached.title) == ("image/png", "picture logo.png")
    assert store.path_of(attached.path).read_bytes() == logo.path.read_bytes()
    assert on_disk(store, dana.pilot_id) == sorted(Path(path).name for path in attached.paths)
    assert check(store, under_way=0) == []


def test_a_voice_note_needs_no_words(store: PilotStore, dana: Grant, ready: Prepare) -> None:
    attached = says(store, dana, ready(files.sound(seconds=1.0)), "")
    [comment] = comments_of(store, dana.pilot_id)
    assert (comment.body, attached.title) == ("", "voice note logo.m4a")
    with stored(store, dana, ready(files.pdf()), "plan.pdf") as file:
        answer = reply(store, dana, comment.comment_id, "", file=file)
    assert {a.comment_id for a in of_pilot(store, dana.pilot_id)} == {comment.comment_id, answer.comment_id}
    assert edit_comment(store, dana, comment.comment_id, "").body == ""
    with pytest.raises(InvalidRequest, match="empty"):
        add_comment(store, dana, 1, Anchor(3), "")


def test_what_is_refused_leaves_no_file(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    with pytest.raises(InvalidRequest):
        says(store, dana, logo, "x" * 2_001)
    next_attempt(store, dana.pilot_id)
    with pytest.raises(NotAllowedNow):
        says(store, dana, logo)
    with pytest.raises(NotAllowedNow):
        decides(store, dana, logo)
    assert of_pilot(store, dana.pilot_id) == []
    assert on_disk(store, dana.pilot_id) == []


def test_a_failing_transaction_leaves_no_file(
    store: PilotStore, dana: Grant, logo: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("pilot_core.review.comments.add_event", fails)
    with pytest.raises(StoreError, match="the disk is full"):
        says(store, dana, logo)
    assert comments_of(store, dana.pilot_id) == []
    assert on_disk(store, dana.pilot_id) == []


def test_what_cannot_be_stored_is_said_in_one_sentence(
    store: PilotStore, dana: Grant, logo: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(store.media), "put", full)
    with pytest.raises(StoreError) as refused:
        says(store, dana, logo)
    assert str(refused.value) == NOT_STORED
    assert comments_of(store, dana.pilot_id) == []
    assert on_disk(store, dana.pilot_id) == []


def test_a_comment_sent_twice_has_one_file(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    first, second = (says(store, dana, logo, key="one form") for _ in range(2))
    assert first == second
    assert len(comments_of(store, dana.pilot_id)) == 1
    assert len(on_disk(store, dana.pilot_id)) == 2


def test_a_deleted_comment_takes_its_file_along(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    attached = says(store, dana, logo)
    kept = says(store, dana, logo, "And this")
    assert attached.comment_id is not None
    delete_comment(store, dana, attached.comment_id)
    assert of_pilot(store, dana.pilot_id) == [kept]
    assert on_disk(store, dana.pilot_id) == sorted(Path(path).name for path in kept.paths)


def test_a_comment_is_deleted_even_if_its_file_stays_for_now(
    store: PilotStore, dana: Grant, logo: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    attached = says(store, dana, logo)

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.media), "remove", fails)
        delete_comment(store, dana, attached.comment_id or "")
    assert comments_of(store, dana.pilot_id) == []
    assert {finding.kind for finding in check(store, under_way=0)} == {"unattached"}
    done = repair(store, under_way=0)
    assert (len(done.done), done.left) == (2, [])
    assert on_disk(store, dana.pilot_id) == []


def test_a_decision_can_be_a_file_alone_and_undo_holds_it_for_the_next(
    store: PilotStore, dana: Grant, logo: Prepared
) -> None:
    with stored(store, dana, logo, "logo.png") as file:
        first = decide(store, dana, 1, Decision("minor_changes", file=file)).feedback_id
    [attached] = of_pilot(store, dana.pilot_id)
    assert attached.feedback_id == first
    undo_decision(store, dana, first)
    [held] = of_pilot(store, dana.pilot_id)
    assert held.is_held
    assert store.path_of(held.path).exists()
    again = decides(store, dana, None, held=held.attachment_id)
    assert [a.feedback_id for a in of_pilot(store, dana.pilot_id)] == [again]
    undo_decision(store, dana, again)
    decides(store, dana, None)
    assert of_pilot(store, dana.pilot_id) == [], "what is not sent again is gone"
    assert on_disk(store, dana.pilot_id) == []


def test_nobody_sends_what_another_holds(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    undo_decision(store, dana, decides(store, dana, logo))
    [held] = of_pilot(store, dana.pilot_id)
    ben = reviewer(store, store.load(dana.pilot_id), "Ben Ito")
    decides(store, ben, None, held=held.attachment_id)
    assert of_pilot(store, dana.pilot_id) == [held]


def test_a_decision_sent_twice_has_one_file_and_gets_one_that_was_missing(
    store: PilotStore, dana: Grant, logo: Prepared
) -> None:
    given = decides(store, dana, None)
    assert decides(store, dana, logo) == given
    assert decides(store, dana, logo) == given
    [attached] = of_pilot(store, dana.pilot_id)
    assert attached.feedback_id == given
    assert len(on_disk(store, dana.pilot_id)) == 2


def test_an_approval_can_have_a_file(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    checksum = film_checksum(store, dana.pilot_id, store.load(dana.pilot_id).runs[0])
    with stored(store, dana, logo, "logo.png") as file:
        given = decide(store, dana, 1, Decision("approve", approved_sha256=checksum, file=file))
    assert [a.feedback_id for a in of_pilot(store, dana.pilot_id)] == [given.feedback_id]
    undo_decision(store, dana, given.feedback_id)
    assert [a.is_held for a in of_pilot(store, dana.pilot_id)] == [True]


def test_an_erased_pilot_takes_its_files_along(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    says(store, dana, logo)
    erase_pilot(store, dana.pilot_id, "asked", LEAD)
    assert store.database.read(lambda c: rows(c, "SELECT * FROM attachments")) == []
    assert not (store.root / dana.pilot_id).exists()


def test_an_erased_person_takes_their_files_along_and_leaves_others(
    store: PilotStore, dana: Grant, logo: Prepared
) -> None:
    says(store, dana, logo)
    undo_decision(store, dana, decides(store, dana, logo))
    kept = says(store, reviewer(store, store.load(dana.pilot_id), "Ben Ito"), logo)
    erase_person(store, "dana CRUZ", "asked", LEAD)
    assert of_pilot(store, dana.pilot_id) == [kept]
    assert on_disk(store, dana.pilot_id) == sorted(Path(path).name for path in kept.paths)


def test_a_check_finds_missing_files_and_files_of_nothing(store: PilotStore, dana: Grant, logo: Prepared) -> None:
    attached = says(store, dana, logo)
    store.path_of(attached.path).unlink()
    stray = store.path_of(attached.path).with_name("attachment_0123456789abcdef.pdf")
    stray.write_bytes(files.pdf())
    found = {finding.about: finding for finding in check(store, under_way=0)}
    assert found[attached.path].sentence == f"The attached file {attached.path} is missing."
    assert found[f"{dana.pilot_id}/attachments/{stray.name}"].kind == "unattached"
    assert check(store) == [found[attached.path]], "what is new may be about to be attached"
    left = repair(store, under_way=0).left
    assert [finding.kind for finding in left] == ["missing"]
    assert not stray.exists()
    assert store.path_of(attached.small_path or "").exists()


def test_exports_and_briefs_name_the_file(store: PilotStore, dana: Grant, logo: Prepared, ready: Prepare) -> None:
    attached = says(store, dana, logo)
    with stored(store, team(store.load(dana.pilot_id)), ready(files.pdf()), "=plan.pdf") as file:
        reply(store, team(store.load(dana.pilot_id)), attached.comment_id or "", "See page 2", file=file)
    decides(store, dana, ready(files.sound(seconds=1.0)))
    pilot = next_attempt(store, dana.pilot_id)
    table = csv.DictReader(io.StringIO(comments_csv(store, dana.pilot_id).decode("utf-8-sig")))
    assert {row["attachment"] for row in table} == {"logo.png", "'=plan.pdf"}
    for suffix in MARKER_FORMATS:
        text = markers_of(store, pilot, 1, suffix).decode()
        assert "Use this logo [picture logo.png]" in text
        assert "See page 2 [PDF =plan.pdf]" in text
    [carried] = open_comments_before(store, dana.pilot_id, 3)
    assert (carried.attachment, carried.replies) == ("picture logo.png", ["See page 2 [PDF =plan.pdf]"])
    brief = next_brief(store, pilot)
    assert [review.attachment for review in brief.reviews] == ["voice note logo.m4a"]
    assert brief.comments == [carried]


@pytest.mark.duckdb_only
def test_a_backup_brings_files_back(store: PilotStore, dana: Grant, logo: Prepared, tmp_path: Path) -> None:
    attached = says(store, dana, logo)
    back_up(store, tmp_path / "backup.zip")
    restore(tmp_path / "backup.zip", tmp_path / "restored")
    restored = PilotStore(tmp_path / "restored")
    assert of_pilot(restored, dana.pilot_id) == [attached]
    assert restored.path_of(attached.path).read_bytes() == store.path_of(attached.path).read_bytes()
    assert [finding for finding in check(restored, under_way=0) if "attach" in finding.sentence] == []


@pytest.fixture
def in_bucket(bucket: str, tmp_path: Path, clock: HandClock) -> PilotStore:
    """Return a store that keeps its files in the bucket."""
    return PilotStore(tmp_path / "kept", clock, database_url="")


@pytest.mark.duckdb_only
def test_in_a_bucket_files_are_kept_given_and_removed_alike(
    s3: buckets.Service, bucket: str, in_bucket: PilotStore, logo: Prepared, clock: HandClock
) -> None:
    dana = reviewer(in_bucket, pilot_in_review(in_bucket))
    attached = says(in_bucket, dana, logo)
    kept = says(in_bucket, reviewer(in_bucket, in_bucket.load(dana.pilot_id), "Ben Ito"), logo, "And this")
    shutil.rmtree(in_bucket.root / dana.pilot_id / "attachments")
    found = in_bucket.media.find(attached.path, of=dana.pilot_id)
    assert found is not None
    assert b"".join(in_bucket.media.pieces(found)) == logo.path.read_bytes()
    assert [finding for finding in check(in_bucket, under_way=0) if "attach" in finding.about] == []
    stray = f"{dana.pilot_id}/attachments/attachment_0123456789abcdef.pdf"
    in_bucket.path_of(stray).parent.mkdir(exist_ok=True)
    in_bucket.path_of(stray).write_bytes(files.pdf())
    in_bucket.media.put([stray])
    clock.forward(minutes=1)
    assert {f.kind for f in check(in_bucket, under_way=0) if f.about == stray} == {"unattached", "unneeded"}
    repair(in_bucket, under_way=0)
    assert stray not in in_bucket.media.stored_files()
    erase_person(in_bucket, "Dana Cruz", "asked", LEAD)
    rows_left = {path for path in in_bucket.media.stored_files() if "attachments" in path}
    assert rows_left == set(kept.paths)
    delete_comment(in_bucket, reviewer(in_bucket, in_bucket.load(dana.pilot_id), "Ben Ito"), kept.comment_id or "")
    assert not [path for path in in_bucket.media.stored_files() if "attachments" in path]
    assert logo.path.read_bytes() not in s3.objects(bucket).values()


@pytest.mark.duckdb_only
def test_a_bucket_that_cannot_be_reached_loses_no_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: HandClock, logo: Prepared
) -> None:
    with buckets.service() as running:
        buckets.name_in_settings(monkeypatch, running, running.new_bucket(), "ops")
        store = PilotStore(tmp_path / "kept", clock, database_url="")
        dana = reviewer(store, pilot_in_review(store))
        running.stop()
        with pytest.raises(StoreError) as refused:
            says(store, dana, logo)
    assert str(refused.value) == NOT_STORED
    assert comments_of(store, dana.pilot_id) == []
    assert on_disk(store, dana.pilot_id) == []


@pytest.mark.duckdb_only
def test_a_move_to_the_other_engine_and_to_a_folder_brings_files_along(
    store: PilotStore, dana: Grant, logo: Prepared, tmp_path: Path, postgres_server: postgres.Server
) -> None:
    attached = says(store, dana, logo)
    with postgres_server.database() as url:
        move_store(store, url)
        there = PilotStore(store.root, database_url=url)
        assert of_pilot(there, dana.pilot_id) == [attached]
        move_store(there, str(tmp_path / "back"))
    back = PilotStore(tmp_path / "back", database_url="")
    assert of_pilot(back, dana.pilot_id) == [attached]
    assert back.path_of(attached.path).read_bytes() == logo.path.read_bytes()
