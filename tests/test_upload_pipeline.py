"""A finished video uploaded by hand: real files, copied completely or not at all."""

import os

import pytest

from pilot_core import catalog
from pilot_core.domain.brief import Brief
from pilot_core.errors import PipelineFailed
from pilot_core.video.contract import Cut, CutBrief
from pilot_core.video.upload import CHUNK_BYTES, UploadPipeline

BRIEF = CutBrief(
    pilot_id="pilot_20260101_abc12345",
    founder_name="Alice Chen",
    company_name="AcmeAI",
    scenario=catalog.scenario("feature_launch"),
    brand=catalog.brand("acme").context(),
    playbook_version="2026.11",
    brief=Brief(),
    attempt_number=1,
    iteration=1,
    width=1080,
    height=1920,
)


def no_progress(fraction: float, step: str) -> None:
    pass


def test_an_uploaded_film_becomes_the_draft_byte_for_byte(tmp_path):
    film = os.urandom(CHUNK_BYTES + 7)
    source, workdir = tmp_path / "Final cut.mp4", tmp_path / "work"
    source.write_bytes(film)
    steps = []
    cut = UploadPipeline(source).make_cut(BRIEF, workdir, lambda fraction, step: steps.append((fraction, step)))
    assert cut == Cut(video_path=workdir / "draft_v1.mp4", notes=["Uploaded by hand"])
    assert cut.video_path.read_bytes() == source.read_bytes() == film
    assert [path.name for path in workdir.iterdir()] == ["draft_v1.mp4"]
    assert steps == [(CHUNK_BYTES / len(film), "Copying the film"), (1.0, "Copying the film")]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "The uploaded film film.mp4 is missing; upload it again."),
        ("folder", "film.mp4 is not a file; upload the finished video."),
        ("pipe", "film.mp4 is not a file; upload the finished video."),
        ("empty", "The uploaded film film.mp4 is empty; upload it again."),
    ],
)
def test_what_is_no_film_is_refused_in_one_sentence(tmp_path, kind, sentence):
    source, workdir = tmp_path / "film.mp4", tmp_path / "work"
    {"missing": lambda: None, "folder": source.mkdir, "pipe": lambda: os.mkfifo(source), "empty": source.touch}[kind]()
    with pytest.raises(PipelineFailed) as refused:
        UploadPipeline(source).make_cut(BRIEF, workdir, no_progress)
    assert str(refused.value) == sentence
    assert not workdir.exists()


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    source, workdir = tmp_path / "film.mp4", tmp_path / "work"
    source.write_bytes(b"film")
    (workdir / "draft_v1.mp4").mkdir(parents=True)
    with pytest.raises(PipelineFailed, match=r"The uploaded film film\.mp4 could not be copied: Is a directory\."):
        UploadPipeline(source).make_cut(BRIEF, workdir, no_progress)
    assert [path.name for path in workdir.iterdir()] == ["draft_v1.mp4"]


def test_a_film_uploaded_again_replaces_the_draft(tmp_path):
    source = tmp_path / "film.mp4"
    source.write_bytes(b"second")
    (tmp_path / "draft_v1.mp4").write_bytes(b"the first, longer film")
    assert UploadPipeline(source).make_cut(BRIEF, tmp_path, no_progress).video_path.read_bytes() == b"second"


def test_a_copy_that_is_interrupted_leaves_no_half_film(tmp_path):
    source, workdir = tmp_path / "film.mp4", tmp_path / "work"
    source.write_bytes(b"film")

    def interrupt(fraction: float, step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        UploadPipeline(source).make_cut(BRIEF, workdir, interrupt)
    assert list(workdir.iterdir()) == []
