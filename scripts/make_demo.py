#!/usr/bin/env python3
"""Fill a store with the pilots of data/demo.toml, using the real services and a few real videos shared between them.

Usage: make_demo.py [--store DIR]. Existing demo pilots stay unchanged, so it can be run twice.
"""

import argparse
import json
import os
import random
import re
import shutil
import sys
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pilot_core import PilotStore, catalog
from pilot_core.clock import utc_now
from pilot_core.domain.actors import Actor, at_command_line
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt, SlaCheck
from pilot_core.domain.brief import Brief
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering.attempt import run_attempt
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, read_settings
from pilot_core.video import sla
from pilot_core.video.probe import Measured

LEADS = ("Mara Lindqvist", "Theo Grant")
LEVELS = {"A": "approve", "m": "minor_changes", "M": "major_changes"}
# One video per brand, of the shortest scenario with a brief for that brand, keeps the whole run under two minutes.
FILMS = {"acme": "Ben Adler", "wellness": "Tomás Ferreira", "enterprise": "Grace Mbeki"}


class DemoClock:
    """A clock set to the time of the demo's next step."""

    def __init__(self, start: datetime):
        self.now = start

    def __call__(self) -> datetime:
        return self.now


def main() -> int:
    """Make the demo store. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Fill a store with two dozen plausible pilots.")
    parser.add_argument("--store", type=Path, default=read_settings().store)
    store = PilotStore(parser.parse_args().store)
    entries = tomllib.loads((ROOT / "data" / "demo.toml").read_text(encoding="utf-8"))["pilot"]
    there = {(pilot.founder_name, pilot.company_name) for pilot in store.load_all()}
    entries = [entry for entry in entries if (entry["founder"], entry["company"]) not in there]
    if not entries:
        print(f"The demo pilots are in {store.root} already.")
        return 0
    # Pilots whose videos are rendered come first, so that the others can share them.
    entries.sort(key=lambda entry: entry["founder"] not in FILMS.values())
    films: dict[str, PilotRunAttempt] = {}
    for number, entry in enumerate(entries, 1):
        pilot = tell(store, entry, films)
        print(f"{number:2} of {len(entries)}  {pilot.pilot_id}  {pilot.founder_name}, {pilot.company_name}", flush=True)
    print(f"Done: {len(entries)} pilots in {store.root}. Look at them with: make run")
    return 0


def tell(store: PilotStore, entry: dict[str, Any], films: dict[str, PilotRunAttempt]) -> PilotRun:
    """Run all steps of one demo pilot, from its creation to its final state."""
    chance = random.Random(entry["company"])
    present = utc_now()
    clock = DemoClock(present - timedelta(days=entry["days_ago"], minutes=chance.randrange(60, 400)))
    store.clock = clock
    actor = at_command_line(chance.choice(LEADS))
    pilot = pilots.create_pilot(
        entry["founder"],
        entry["company"],
        entry["scenario"],
        entry["brand"],
        brief=Brief(**entry.get("brief", {})),
        now=clock.now,
    )
    pilots.start_pilot(store, pilot, actor)
    notes = iter(entry["notes"])
    for step in entry["steps"]:
        remaining = present - clock.now
        clock.now += min(timedelta(hours=chance.uniform(3, 70)), remaining * 0.6)
        if step in ("pause", "drop", "drop external"):
            reason = next(notes)
            if step == "pause":
                pilots.pause(store, pilot.pilot_id, reason, actor)
            else:
                pilots.drop(store, pilot.pilot_id, reason, external=step.endswith("external"), actor=actor)
            continue
        if step == "fail":
            fail_next(store, pilot, next(notes), actor)
            continue
        pilot = make_attempt(store, pilot, films, chance, actor)
        number = pilot.runs[-1].attempt_number
        if step == "wait":
            continue
        clock.now += min(timedelta(hours=chance.uniform(2, 60)), (present - clock.now) * 0.6)
        decide(store, pilot, number, step, next(notes), actor)
    return store.load(pilot.pilot_id)


def decide(store: PilotStore, pilot: PilotRun, number: int, step: str, notes: str, actor: Actor) -> None:
    """Record the decision of a step such as ``M{hook_weak,too_long}``."""
    if step == "sim":
        pilots.record_feedback(store, pilot.pilot_id, number, notes, "approve", mode="simulated", actor=actor)
        return
    level, flags = re.fullmatch(r"([AmM])(?:\{(.*)\})?", step).groups()  # type: ignore[union-attr]
    pilots.record_feedback(
        store,
        pilot.pilot_id,
        number,
        notes,
        LEVELS[level],
        flags.split(",") if flags else [],
        channel="mail",
        actor=actor,
    )


def make_attempt(
    store: PilotStore, pilot: PilotRun, films: dict[str, PilotRunAttempt], chance: random.Random, actor: Actor
) -> PilotRun:
    """Add the pilot's next attempt: rendered if its brand has no video yet, otherwise with that brand's video."""
    if pilot.brand_preset not in films:
        pilot, attempt = pilots.queue_attempt(store, pilot.pilot_id, "storyboard", Act(actor))
        pilot = run_attempt(store, pilot.pilot_id, attempt.attempt_number, read_settings())
        made = pilot.attempt(attempt.attempt_number)
        if made.state is not AttemptState.READY:
            raise SystemExit(f"A film of the demo could not be made: {made.failure}")
        films[pilot.brand_preset] = made
        return pilot
    film = films[pilot.brand_preset]
    now = store.clock()
    number = len(pilot.runs) + 1
    folder = f"{pilot.pilot_id}/attempt_{number}_{now:%Y%m%d_%H%M%S}"
    shutil.copytree(store.path_of(film.folder or ""), store.path_of(folder), copy_function=os.link)

    def work(fresh: PilotRun) -> None:
        seconds = round(chance.lognormvariate(3.7, 0.35) * (1 - 0.1 * number) + 8, 1)
        seconds += 90 * (chance.random() < 0.12)
        iterations = 1 + (chance.random() < 0.3) + (chance.random() < 0.1)
        checks = judged(store, film, fresh.scenario_type, seconds, iterations)
        attempt = fresh.add_attempt(
            f"{folder}/{Path(film.video_path or '').name}",
            f"{folder}/review_pack",
            seconds,
            iterations,
            0.0,
            sla.passed(checks),
            sla.violations(checks),
            pipeline="storyboard",
            at=now,
        )
        attempt.folder = folder
        attempt.started_at = now
        attempt.drafts = [
            draft.model_copy(
                update={
                    name: (getattr(draft, name) or "").replace(film.folder or "", folder) or None
                    for name in ("video_path", "original_path", "light_path", "captions_path")
                }
                | {"checks": checks}
            )
            for draft in film.drafts
        ]

    store.media.put_folder(folder)
    return store.change(pilot.pilot_id, work, actor)[0]


def judged(store: PilotStore, film: PilotRunAttempt, scenario: str, seconds: float, iterations: int) -> list[SlaCheck]:
    """Return the SLA checks of the video with this attempt's given time and number of iterations."""
    measured = json.loads((store.path_of(film.review_pack_path or "") / "quality_report.json").read_text("utf-8"))
    asked = catalog.scenario(scenario)
    new = sla.judge(
        Measured.model_validate(measured["measured"]),
        sla.Rendering(time_to_first_cut=seconds, iterations=iterations, cost=0.0),
        asked,
        catalog.intents()[asked.intent],
        catalog.sla_limits(),
    )
    told = {check.code: check for check in new if check.code in ("first_cut", "iterations")}
    return [told.get(check.code, check) for check in film.drafts[-1].checks]


def fail_next(store: PilotStore, pilot: PilotRun, reason: str, actor: Actor) -> None:
    """Add an attempt whose render failed."""

    def work(fresh: PilotRun) -> None:
        attempt = fresh.add_attempt(pipeline="storyboard", at=store.clock())
        attempt.state = AttemptState.FAILED
        attempt.failure = reason
        fresh.log(EventKind.RENDER_FAILED, store.clock(), attempt_number=attempt.attempt_number, reason=reason)

    store.change(pilot.pilot_id, work, actor)


if __name__ == "__main__":
    sys.exit(main())
