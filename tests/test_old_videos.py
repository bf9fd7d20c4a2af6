"""Attempts made before videos were conformed: converted when opened or by the command, and nothing breaks meanwhile."""

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.attempt import Draft
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.maintenance.check import check
from pilot_core.rendering import old_videos
from pilot_core.review.comments import add_comment, threads_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.shown import film_checksum
from pilot_core.store.queries.lists import media_of
from tests.films import make_film
from tests.reviewing import reviewer

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def old(store: PilotStore, new_pilot: NewPilot) -> PilotRun:
    """Return a pilot whose attempt was made as before: a video of 12 pictures a second, with a comment on it."""
    pilot = new_pilot()
    folder = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    make_film(store.root / folder / "draft_v1.mp4", seconds=4, rate=Fraction(12))
    pilot.add_attempt(f"{folder}/draft_v1.mp4")
    pilot.attempt(1).folder = folder
    pilot.attempt(1).drafts = [Draft(iteration=1, video_path=f"{folder}/draft_v1.mp4", duration=4.0, frame_rate="12")]
    store.save(pilot, "Lea Lead")
    return pilot


def test_an_old_video_is_converted_and_comments_keep_their_moment(store: PilotStore, old: PilotRun) -> None:
    grant = reviewer(store, old)
    add_comment(store, grant, 1, Anchor(18, 24), "Here.")
    path = old.attempt(1).video_path or ""
    before = (store.root / path).read_bytes()
    assert old_videos.conform_pilot(store, old.pilot_id) == []
    draft = store.load(old.pilot_id).attempt(1).final_draft
    assert draft
    assert (draft.original_path, draft.conformed, draft.rate, draft.frames) == (path, True, 24, 96)
    assert draft.video_path == path.replace("draft_v1.mp4", "draft_v1.conformed.mp4")
    assert draft.conform_note == "Recorded at 12 fps; conformed to 24 fps."
    assert (store.root / path).read_bytes() == before
    assert draft.original_sha256 == sha256(before).hexdigest()
    assert draft.sha256 == sha256((store.root / draft.video_path).read_bytes()).hexdigest()
    said = threads_of(store, old.pilot_id, 1)[0].comment
    assert (said.frame, said.end_frame, said.rate, said.seconds) == (36, 48, 24, 1.5)
    media = media_of(store.database, old.attempt(1).attempt_id)
    assert media
    assert media.video_path == draft.video_path
    assert check(store, under_way=0) == []
    version = store.load(old.pilot_id).version
    assert old_videos.conform_pilot(store, old.pilot_id) == []
    assert store.load(old.pilot_id).version == version


def test_an_approval_of_the_old_file_stays_true(store: PilotStore, old: PilotRun) -> None:
    grant = reviewer(store, old)
    approved = film_checksum(store, old.pilot_id, old.attempt(1))
    decide(store, grant, 1, Decision("approve", approved_sha256=approved))
    old_videos.conform_pilot(store, old.pilot_id)
    attempt = store.load(old.pilot_id).attempt(1)
    assert attempt.review
    assert attempt.review.sha256 == approved
    assert attempt.final_draft
    assert attempt.final_draft.original_sha256 == approved
    assert check(store, under_way=0) == []
    (store.root / (attempt.final_draft.original_path or "")).write_bytes(b"another film")
    assert [finding.kind for finding in check(store, under_way=0)] == ["changed"]


def test_an_approval_names_the_video_and_the_delivered_file(store: PilotStore, old: PilotRun) -> None:
    old_videos.conform_pilot(store, old.pilot_id)
    attempt = store.load(old.pilot_id).attempt(1)
    grant = reviewer(store, old)
    decide(store, grant, 1, Decision("approve", approved_sha256=film_checksum(store, old.pilot_id, attempt)))
    given, draft = store.load(old.pilot_id).attempt(1).review, attempt.final_draft
    assert given
    assert draft
    assert (given.sha256, given.original_sha256) == (draft.sha256, draft.original_sha256)
    assert given.sha256 != given.original_sha256


def test_the_command_converts_every_pilot_and_names_what_stays(
    store: PilotStore, old: PilotRun, new_pilot: NewPilot, capsys: pytest.CaptureFixture[str]
) -> None:
    other = new_pilot()
    (store.root / other.pilot_id).mkdir()
    (store.root / other.pilot_id / "film.mp4").write_bytes(b"no film")
    other.add_attempt(f"{other.pilot_id}/film.mp4")
    store.save(other, "Lea Lead")
    arguments = ["--store", str(store.root), "--conform"]
    assert main(arguments) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Attempt 1 of {other.pilot_id} stays as it is. film.mp4 is not a playable video: "
        "it is neither MP4 or QuickTime nor WebM or Matroska.",
        "1 video converted or found to play as they are.",
    ]
    assert store.load(old.pilot_id).attempt(1).drafts[0].conformed
    assert store.load(other.pilot_id).attempt(1).video_path == f"{other.pilot_id}/film.mp4"


def test_a_pilot_that_is_opened_is_asked_for_once_and_converted_beside(store: PilotStore, old: PilotRun) -> None:
    old_videos.ask(store, old)
    old_videos.ask(store, old)
    assert old_videos.asked(store) == [old.pilot_id]
    assert old_videos.asked(store) == []
    process = old_videos.start(store, [old.pilot_id], None)
    assert process
    assert process.wait(timeout=120) == 0
    assert store.load(old.pilot_id).attempt(1).drafts[0].conformed
    old_videos.ask(store, store.load(old.pilot_id))
    assert old_videos.asked(store) == []


def test_what_is_no_video_is_not_asked_for(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    folder: Path = store.root / pilot.pilot_id
    folder.mkdir()
    (folder / "draft_v1.mp4").write_bytes(b"the film of attempt 1")
    pilot.add_attempt(f"{pilot.pilot_id}/draft_v1.mp4")
    store.save(pilot, "Lea Lead")
    old_videos.ask(store, pilot)
    assert old_videos.asked(store) == []
