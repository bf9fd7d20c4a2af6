#!/usr/bin/env python3
"""Fill a store with the pilots of data/demo.toml, through the real services, with a few real films shared between them.

Usage: make_demo.py [--store DIR]. An existing demo pilot stays; running it twice changes nothing.
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

from pilot_core import catalog, services
from pilot_core.clock import utc_now
from pilot_core.models import AttemptState, Brief, PilotRun, PilotRunAttempt, SlaCheck
from pilot_core.rendering import run_attempt
from pilot_core.settings import ROOT, settings
from pilot_core.store.pilots import PilotStore
from pilot_core.video import sla
from pilot_core.video.probe import Measured

LEADS = ("Mara Lindqvist", "Theo Grant")
LEVELS = {"A": "approve", "m": "minor_changes", "M": "major_changes"}
# One film a brand, of the shortest scenario that the brand has a brief for, keeps the whole under two minutes.
FILMS = {"acme": "Ben Adler", "wellness": "Tomás Ferreira", "enterprise": "Grace Mbeki"}


class DemoClock:
    """The time at which the demo's next step happens."""

    def __init__(self, start: datetime):
        self.now = start

    def __call__(self) -> datetime:
        return self.now


def main() -> int:
    """Make the demo store; returns the exit code."""
    parser = argparse.ArgumentParser(description="Fill a store with two dozen plausible pilots.")
    parser.add_argument("--store", type=Path, default=settings().store)
    store = PilotStore(parser.parse_args().store)
    entries = tomllib.loads((ROOT / "data" / "demo.toml").read_text(encoding="utf-8"))["pilot"]
    there = {(pilot.founder_name, pilot.company_name) for pilot in store.load_all()}
    entries = [entry for entry in entries if (entry["founder"], entry["company"]) not in there]
    if not entries:
        print(f"The demo pilots are in {store.root} already.")
        return 0
    # Those whose films are rendered come first, so that the others can share them.
    entries.sort(key=lambda entry: entry["founder"] not in FILMS.values())
    films: dict[str, PilotRunAttempt] = {}
    for number, entry in enumerate(entries, 1):
        pilot = tell(store, entry, films)
        print(f"{number:2} of {len(entries)}  {pilot.pilot_id}  {pilot.founder_name}, {pilot.company_name}", flush=True)
    print(f"Done: {len(entries)} pilots in {store.root}. Look at them with: make run")
    return 0


def tell(store: PilotStore, entry: dict[str, Any], films: dict[str, PilotRunAttempt]) -> PilotRun:
    """Let one pilot of the demo happen, from its creation to where it stands."""
    chance = random.Random(entry["company"])
    present = utc_now()
    clock = DemoClock(present - timedelta(days=entry["days_ago"], minutes=chance.randrange(60, 400)))
    store.clock = clock
    actor = chance.choice(LEADS)
    pilot = services.create_pilot(
        entry["founder"],
        entry["company"],
        entry["scenario"],
        entry["brand"],
        brief=Brief(**entry.get("brief", {})),
        now=clock.now,
    )
    services.start_pilot(store, pilot, actor)
    notes = iter(entry["notes"])
    for step in entry["steps"]:
        remaining = present - clock.now
        clock.now += min(timedelta(hours=chance.uniform(3, 70)), remaining * 0.6)
        if step in ("pause", "drop", "drop external"):
            reason = next(notes)
            if step == "pause":
                services.pause(store, pilot.pilot_id, reason, actor)
            else:
                services.drop(store, pilot.pilot_id, reason, external=step.endswith("external"), actor=actor)
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


def decide(store: PilotStore, pilot: PilotRun, number: int, step: str, notes: str, actor: str) -> None:
    """Record the decision a step stands for, such as ``M{hook_weak,too_long}``."""
    if step == "sim":
        services.record_feedback(store, pilot.pilot_id, number, notes, "approve", mode="simulated", actor=actor)
        return
    level, flags = re.fullmatch(r"([AmM])(?:\{(.*)\})?", step).groups()  # type: ignore[union-attr]
    services.record_feedback(
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
    store: PilotStore, pilot: PilotRun, films: dict[str, PilotRunAttempt], chance: random.Random, actor: str
) -> PilotRun:
    """The pilot's next attempt: rendered where its brand has no film yet, else with that brand's film."""
    if pilot.brand_preset not in films:
        pilot, attempt = services.queue_attempt(store, pilot.pilot_id, "storyboard", actor)
        pilot = run_attempt(store, pilot.pilot_id, attempt.attempt_number, settings())
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
                    "video_path": draft.video_path.replace(film.folder or "", folder),
                    "captions_path": (draft.captions_path or "").replace(film.folder or "", folder) or None,
                    "checks": checks,
                }
            )
            for draft in film.drafts
        ]

    store.media.put_folder(folder)
    return store.change(pilot.pilot_id, work, actor)[0]


def judged(store: PilotStore, film: PilotRunAttempt, scenario: str, seconds: float, iterations: int) -> list[SlaCheck]:
    """The checks of the film, with the time and the iterations that this attempt is said to have taken."""
    measured = json.loads((store.path_of(film.review_pack_path or "") / "quality_report.json").read_text("utf-8"))
    intent = catalog.intents()[catalog.scenario(scenario).intent]
    new = sla.judge(
        Measured.model_validate(measured["measured"]),
        scenario=catalog.scenario(scenario),
        width=intent.width,
        height=intent.height,
        time_to_first_cut=seconds,
        iterations=iterations,
        cost=0.0,
        limits=catalog.sla_limits(),
    )
    told = {check.code: check for check in new if check.code in ("first_cut", "iterations")}
    return [told.get(check.code, check) for check in film.drafts[-1].checks]


def fail_next(store: PilotStore, pilot: PilotRun, reason: str, actor: str) -> None:
    """Add an attempt whose render failed."""

    def work(fresh: PilotRun) -> None:
        attempt = fresh.add_attempt(pipeline="storyboard", at=store.clock())
        attempt.state = AttemptState.FAILED
        attempt.failure = reason
        fresh.log("render_failed", store.clock(), attempt_number=attempt.attempt_number, reason=reason)

    store.change(pilot.pilot_id, work, actor)


if __name__ == "__main__":
    sys.exit(main())
