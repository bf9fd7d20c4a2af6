"""Attempts as a reviewer finds them: a small film that carries its frame numbers, and a review pack."""

import shutil
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from pilot_core import PilotStore
from pilot_core.documents.review_pack import render_review_pack_texts
from pilot_core.domain.attempt import Change, Draft, Shot
from pilot_core.domain.pilot import PilotRun
from pilot_core.services.pilots import create_pilot
from pilot_core.video.stills import shot_stills, stills
from tests.browser.numbered_films import make_numbered_film
from tests.reviewing import LEAD

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:03.000\nFirst words.\n\n00:03.000 --> 00:06.000\nLast words.\n"
RATES = (Fraction(25), Fraction(30_000, 1001))
SECONDS = 6


def new_review(store: PilotStore, company: str = "AcmeAI") -> PilotRun:
    """A saved pilot without an attempt."""
    pilot = create_pilot("Alice Chen", company, "feature_launch", "acme")
    store.save(pilot, LEAD)
    return pilot


def filmed_attempt(store: PilotStore, pilot_id: str, *changes: str | Change, shots: Sequence[Shot] = ()) -> PilotRun:
    """The pilot with one more ready attempt, whose film, captions, stills and texts lie in the store."""
    pilot = store.load(pilot_id)
    number = len(pilot.runs) + 1
    rate = RATES[(number - 1) % len(RATES)]
    folder = f"{pilot_id}/attempt_{number}"
    made = store.root / folder
    shutil.copytree(_made(rate), made)
    draft = Draft(
        iteration=1,
        conformed=True,
        video_path=f"{folder}/draft_v1.mp4",
        captions_path=f"{folder}/draft_v1.vtt",
        duration=float(round(SECONDS * rate) / rate),
        frame_rate=str(rate),
        changes=list(changes),
        shots=list(shots),
    )
    shot_stills(made / "draft_v1.mp4", draft, made / "review_pack")

    def work(pilot: PilotRun) -> None:
        attempt = pilot.add_attempt(draft.video_path, f"{folder}/review_pack")
        attempt.drafts = [draft]
        before = next((a for a in pilot.runs if a.attempt_number == number - 1), None)
        for name, text in render_review_pack_texts(pilot, attempt, draft, before).items():
            (made / "review_pack" / name).write_text(text, encoding="utf-8")

    return store.change(pilot_id, work, "pipeline")[0]


@cache
def _made(rate: Fraction) -> Path:
    """A folder with a film of that rate, its captions and its stills; made once a run."""
    folder = Path(mkdtemp(prefix="review_films"))
    film = make_numbered_film(folder / "draft_v1.mp4", rate, SECONDS, hue=RATES.index(rate) * 90 + 90)
    film.with_suffix(".vtt").write_text(CAPTIONS)
    stills(film, folder / "review_pack")
    return folder


def three_shots(*contents: str) -> list[Shot]:
    """Three shots of two seconds, in three beats, that show what ``contents`` says."""
    told = zip(("hook", "proof", "cta"), contents, strict=True)
    return [Shot(beat=b, start=2 * i, end=2 * i + 2, text=b, content=c) for i, (b, c) in enumerate(told)]
