"""Make pilots from a one-line history, through the real services, without videos."""

import re

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.services import pilots
from tests.conftest import HandClock

LEVELS = {"A": "approve", "m": "minor_changes", "M": "major_changes"}


def make_pilot(store: PilotStore, clock: HandClock, company: str, story: str = "", **given: object) -> PilotRun:
    """Save a pilot with that history, one hour per step.

    Steps: A, m, M a reviewed attempt (``M{hook_weak}`` with flags), "wait" one not yet reviewed, "miss" one that misses
    the SLA, "fail" a failed render, "queue", "pause", "drop".
    """
    clock.forward(seconds=1)  # so that creation times differ and lists have a fixed order
    pilot = pilots.create_pilot(
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
            pilots.pause(store, pilot.pilot_id, "The founder is away.", at_command_line("Theo Grant"))
        elif step == "drop":
            pilots.drop(store, pilot.pilot_id, "The budget is gone.", actor=at_command_line("Theo Grant"))
        else:
            _attempt(store, clock, pilot.pilot_id, step)
    return store.load(pilot.pilot_id)


def _attempt(store: PilotStore, clock: HandClock, pilot_id: str, step: str) -> None:
    def add_attempt(pilot: PilotRun) -> int:
        if step in ("queue", "fail"):
            attempt = pilot.add_attempt(pipeline="storyboard", at=clock())
            if step == "fail":
                attempt.state = AttemptState.FAILED
                attempt.failure = "The disk was full."
        else:
            misses = ["Silence of 2.4 s; the limit is 2 s."] if step == "miss" else []
            attempt = pilot.add_attempt("film.mp4", None, 40.0, 1, 0.25, not misses, misses, at=clock())
        return attempt.attempt_number

    number = store.change(pilot_id, add_attempt, "Theo Grant")[1]
    if match := re.fullmatch(r"([AmM])(?:\{(.*)\})?", step):
        pilots.record_feedback(
            store,
            pilot_id,
            number,
            "Their words.",
            LEVELS[match[1]],
            match[2].split(",") if match[2] else (),
            actor=at_command_line("Theo Grant"),
        )
