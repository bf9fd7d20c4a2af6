"""Delivered films, conformed and watched in the real player: each frame it claims is the one in the picture."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft
from pilot_core.rendering.conforming import conform_draft
from pilot_core.services.pilots import create_pilot
from tests.browser.test_player import Film as Player
from tests.conftest import do_without
from tests.delivered_films import FFMPEG, Film, films

pytestmark = pytest.mark.browser

POSITIONS = 30
PLAYED_ALWAYS = (
    "plain.mp4",
    "hevc.mp4",
    "prores_422.mov",
    "vp9.webm",
    "hdr_pq.mp4",
    "variable.mp4",
    "one_dropped_frame.mp4",
    "last_picture_held.mp4",
    "slideshow.mp4",
    "rotated_90.mp4",
    "odd_641x361.mp4",
    "picture_starts_late.mp4",
)
"""The films that are played in each run; tests/test_conform.py looks at every frame of all of them."""
ACCEPTED = [film for film in films() if film.rate]


@pytest.fixture(scope="module")
def app_file() -> Path:
    return Path(__file__).parent / "player_app.py"


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if FFMPEG is None:
        do_without("there is no ffmpeg; install ffmpeg")
    return PilotStore(tmp_path_factory.mktemp("store")).root


@pytest.mark.parametrize(
    "film",
    [film if film.name in PLAYED_ALWAYS else pytest.param(film, marks=pytest.mark.exhaustive) for film in ACCEPTED],
    ids=lambda film: film.name,
)
def test_the_frame_that_the_player_claims_is_the_one_in_the_picture(
    film: Film, store_folder: Path, visit: Callable[[str], Page]
) -> None:
    store = PilotStore(store_folder)
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme")
    folder = f"{pilot.pilot_id}/attempt_1"
    (store.root / folder).mkdir(parents=True)
    film.make(store.root / folder / film.name)
    delivered = Draft(iteration=1, video_path=f"{folder}/{film.name}")
    draft, _ = conform_draft(store.root, delivered, lambda done: None)
    assert (draft.rate, draft.frames, draft.conform_note) == (film.rate, film.frames, film.note)
    pilot.add_attempt(draft.video_path).drafts = [draft]
    store.save(pilot)

    player = Player(visit(f"/?pilot={pilot.pilot_id}&attempt=1"))
    between = random.Random(film.name).sample(range(1, film.frames - 1), POSITIONS - 2)
    frames = [0, film.frames - 1, *between]
    seen = [(claimed, number) for number, claimed, _ in player.go(*frames, number_at=film.number_at)]
    assert seen == [(frame, film.number_at(frame)) for frame in frames]
