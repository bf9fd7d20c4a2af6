"""The player's Python side: what it is given to show, and what it believes of what a browser tells."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.models import Draft, PilotRun, PilotRunAttempt
from pilot_core.web.player import CommentHere, Pause, PlayerState, Shape, media_for
from pilot_core.web.player.player import read_state

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SHAPES = st.dictionaries(st.sampled_from(["x", "y", "width", "height"]), JSON)
TOLD = st.fixed_dictionaries(
    {},
    optional={
        "paused": JSON | st.dictionaries(st.sampled_from(["frame", "ended", "watched", "watched_fraction"]), JSON),
        "comment_here": JSON
        | st.fixed_dictionaries({"frame": JSON | st.integers(0, 99), "end_frame": JSON, "shape": JSON | SHAPES}),
        "marker": JSON,
    },
)


@pytest.fixture
def attempt(new_pilot: Callable[..., PilotRun]) -> PilotRunAttempt:
    """An attempt of two drafts, the second chosen, with a review pack."""
    attempt = new_pilot().add_attempt("p/a/draft_v2.mp4", "p/a/review_pack")
    attempt.drafts = [
        Draft(
            iteration=n,
            video_path=f"p/a/draft_v{n}.mp4",
            captions_path=f"p/a/draft_v{n}.vtt",
            duration=30.03,
            frame_rate="30000/1001",
        )
        for n in (1, 2)
    ]
    return attempt


def test_an_attempt_shows_its_chosen_draft_with_poster_thumbnails_and_captions(attempt: PilotRunAttempt) -> None:
    media = media_for(attempt)
    assert media is not None
    base = f"/watch/{attempt.attempt_id}"
    assert (media.video, media.captions) == (f"{base}/video.mp4", f"{base}/captions.vtt")
    assert (media.poster, media.sprite) == (f"{base}/poster.jpg", f"{base}/sprite.json")
    assert (media.rate, media.frame_count) == (Fraction(30_000, 1001), 900)
    assert media_for(attempt, attempt.drafts[1]) == media


def test_another_draft_shows_its_own_captions_and_not_the_stills_of_the_chosen_one(attempt: PilotRunAttempt) -> None:
    media = media_for(attempt, attempt.drafts[0])
    assert media is not None
    base = f"/watch/{attempt.attempt_id}"
    assert (media.video, media.captions) == (f"{base}/draft_v1.mp4", f"{base}/draft_v1.vtt")
    assert (media.poster, media.sprite) == (None, None)


def test_an_attempt_without_a_film_has_nothing_to_show(attempt: PilotRunAttempt) -> None:
    attempt.video_path = None
    assert media_for(attempt) is None


@pytest.mark.parametrize("told", [None, "", "fast", "0", "1/0", "-25", "1000000"])
def test_a_film_of_unknown_rate_is_counted_at_thirty_frames_a_second(
    attempt: PilotRunAttempt, told: str | None
) -> None:
    attempt.drafts[1].frame_rate = told
    media = media_for(attempt)
    assert media is not None
    assert media.rate == 30


def test_an_imported_attempt_without_drafts_shows_its_film(attempt: PilotRunAttempt) -> None:
    attempt.drafts = []
    attempt.review_pack_path = None
    media = media_for(attempt)
    assert media is not None
    assert (media.video, media.frame_count, media.captions) == (f"/watch/{attempt.attempt_id}/video.mp4", None, None)


def test_what_a_browser_tells_becomes_values() -> None:
    told = {
        "paused": {"frame": 45, "ended": False, "watched": [[0, 3], [7, 7]], "watched_fraction": 0.5},
        "comment_here": {
            "frame": 45,
            "end_frame": 60,
            "shape": {"x": 0.25, "y": 0.5, "width": 0.9, "height": 0},
        },
        "marker": "c1",
    }
    assert read_state(told, 300, {"c1"}) == PlayerState(
        paused=Pause(45, False, 0.5, ((0, 3), (7, 7))),
        comment=CommentHere(45, 60, Shape(0.25, 0.5, 0.75, 0)),
        marker="c1",
    )


@pytest.mark.parametrize("frame", [-1, 302, 1.5, "45", None, True, float("nan"), float("inf"), [45]])
def test_a_frame_the_film_does_not_have_is_not_believed(frame: object) -> None:
    told = {"comment_here": {"frame": frame, "end_frame": None, "shape": None}}
    assert read_state(told, 300, set()) == PlayerState()


def test_a_marker_that_was_not_shown_is_not_believed() -> None:
    assert read_state({"marker": "c2"}, 300, {"c1"}).marker is None


@given(TOLD)
def test_whatever_a_browser_tells_what_comes_out_is_sound(told: dict[str, object]) -> None:
    state = read_state(told, 100, {"c1"})
    if state.paused:
        assert 0 <= state.paused.frame < 102
        assert 0 <= state.paused.watched_fraction <= 1
        assert all(0 <= first <= last for first, last in state.paused.watched)
    if state.comment:
        assert 0 <= state.comment.frame < 102
        assert state.comment.end_frame is None or state.comment.frame < state.comment.end_frame < 102
    if state.comment and state.comment.shape:
        shape = state.comment.shape
        assert 0 <= shape.x <= shape.x + shape.width <= 1 + 1e-9
        assert 0 <= shape.y <= shape.y + shape.height <= 1 + 1e-9
    assert state.marker in (None, "c1")
