"""Attempts as a reviewer finds them in a real browser: a small film that carries its frame numbers, and a review pack."""

from fractions import Fraction

from numbered_films import make_numbered_film

from pilot_core.documents import render_review_pack_texts
from pilot_core.models import Draft, PilotRun
from pilot_core.services import create_pilot
from pilot_core.store.pilots import PilotStore
from pilot_core.video.stills import stills
from tests.reviewing import LEAD

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:03.000\nFirst words.\n\n00:03.000 --> 00:06.000\nLast words.\n"
SECONDS = 6


def new_review(store: PilotStore, founder: str = "Alice Chen", company: str = "AcmeAI") -> PilotRun:
    """A saved pilot without an attempt."""
    pilot = create_pilot(founder, company, "feature_launch", "acme")
    store.save(pilot, LEAD)
    return pilot


def filmed_attempt(
    store: PilotStore, pilot_id: str, *, rate: Fraction = Fraction(25), seconds: float = SECONDS, changes: tuple = ()
) -> PilotRun:
    """The pilot with one more ready attempt, whose film, captions, stills and texts lie in the store."""
    pilot = store.load(pilot_id)
    number = len(pilot.runs) + 1
    folder = f"{pilot_id}/attempt_{number}"
    film = make_numbered_film(store.root / folder / "draft_v1.mp4", rate, seconds, hue=number * 90)
    film.with_suffix(".vtt").write_text(CAPTIONS)
    stills(film, film.parent / "review_pack")
    draft = Draft(
        iteration=1,
        video_path=f"{folder}/draft_v1.mp4",
        captions_path=f"{folder}/draft_v1.vtt",
        duration=seconds,
        frame_rate=str(rate),
        changes=list(changes),
    )

    def work(pilot: PilotRun) -> None:
        attempt = pilot.add_attempt(draft.video_path, f"{folder}/review_pack")
        attempt.drafts = [draft]
        before = next((a for a in pilot.runs if a.attempt_number == number - 1), None)
        for name, text in render_review_pack_texts(pilot, attempt, draft, before).items():
            (film.parent / "review_pack" / name).write_text(text, encoding="utf-8")

    return store.change(pilot_id, work, "pipeline")[0]
