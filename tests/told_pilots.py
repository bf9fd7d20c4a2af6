"""Pilots whose story is told in a line, through the real services; no film is made."""

import re
from collections.abc import Callable

from pilot_core import services
from pilot_core.models import AttemptState, PilotRun
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock

LEVELS = {"A": "approve", "m": "minor_changes", "M": "major_changes"}
Tell = Callable[..., PilotRun]


def tell(store: PilotStore, clock: HandClock, company: str, story: str = "", **given: object) -> PilotRun:
    """Save a pilot with that story, an hour a step: A, m, M a reviewed attempt (``M{hook_weak}`` with flags), "wait"
    one not yet reviewed, "miss" one that misses the SLA, "fail" a failed render, "queue", "pause", "drop"."""
    clock.forward(seconds=1)  # so that no two are created at once, and lists have an order
    pilot = services.create_pilot(
        **{
            "founder_name": f"Founder of {company}",
            "company_name": company,
            "scenario_type": "feature_launch",
            "brand": "acme",
            "now": clock(),
            **given,
        }
    )
    store.save(pilot, "Theo Grant")
    for step in story.split():
        clock.forward(hours=1)
        if step == "pause":
            services.pause(store, pilot.pilot_id, "The founder is away.", "Theo Grant")
        elif step == "drop":
            services.drop(store, pilot.pilot_id, "The budget is gone.", actor="Theo Grant")
        else:
            _attempt(store, clock, pilot.pilot_id, step)
    return store.load(pilot.pilot_id)


def _attempt(store: PilotStore, clock: HandClock, pilot_id: str, step: str) -> None:
    def work(pilot: PilotRun) -> int:
        if step in ("queue", "fail"):
            attempt = pilot.add_attempt(pipeline="storyboard", at=clock())
            if step == "fail":
                attempt.state = AttemptState.FAILED
                attempt.failure = "The disk was full."
        else:
            misses = ["Silence of 2.4 s; the limit is 2 s."] if step == "miss" else []
            attempt = pilot.add_attempt("film.mp4", None, 40.0, 1, 0.25, not misses, misses, at=clock())
        return attempt.attempt_number

    number = store.change(pilot_id, work, "Theo Grant")[1]
    if match := re.fullmatch(r"([AmM])(?:\{(.*)\})?", step):
        services.record_feedback(
            store,
            pilot_id,
            number,
            "Their words.",
            LEVELS[match[1]],
            match[2].split(",") if match[2] else (),
            actor="Theo Grant",
        )
