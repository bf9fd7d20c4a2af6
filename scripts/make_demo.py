#!/usr/bin/env python3
"""Fill a store with the pilots of data/demo.toml, using the real services. Each video is drawn from its pilot's brief.

Usage: make_demo.py [--store DIR]. Existing demo pilots stay unchanged, so it can be run twice. So that it takes less
than two minutes on two cores, videos are drawn small, and say so.
"""

import argparse
import os
import random
import re
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pilot_core import PilotStore
from pilot_core.catalog import Intent, Scenario, SlaLimits
from pilot_core.clock import utc_now
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState, SentHow, SlaCheck
from pilot_core.domain.brief import Brief
from pilot_core.domain.comments import Anchor
from pilot_core.domain.messages import MessageKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import NOTES, MarkKind
from pilot_core.domain.reviews import Grant, TeamMember
from pilot_core.errors import PilotError
from pilot_core.messages import outbox
from pilot_core.rendering import attempt as rendering
from pilot_core.rendering.failure import fail_attempt
from pilot_core.review.checklist import checklist_of
from pilot_core.review.comments import add_comment
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import make_link, open_link
from pilot_core.review.marks import mark_request
from pilot_core.review.receipts import record_opened, record_watched
from pilot_core.review.requests import answer_request
from pilot_core.review.shown import film_checksum
from pilot_core.services import owed_reports, pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, read_settings
from pilot_core.video import sla
from pilot_core.video.contract import Cut, CutBrief, Progress
from pilot_core.video.probe import Measured
from pilot_core.video.storyboard.pipeline import StoryboardPipeline

LEADS = ("Mara Lindqvist", "Theo Grant")
LEVELS = {"A": "approve", "m": "minor_changes", "M": "major_changes"}
WIDTH, HEIGHT = 270, 480
"""The size of the demo's pictures, in pixels."""

NOT_OF_A_SMALL_VIDEO = ("size", "freeze")
"""The SLA checks that say nothing of a full video when a small one is measured."""

DAY = 480
"""Minutes of a working day, from OPEN on, Monday to Friday."""
OPEN = time(9)


class DemoClock:
    """The time of the demo's next step, in UTC. It stands for the clock of the store and of the rendering."""

    def __init__(self, now: datetime):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        """Return the seconds that the rendering measures its time to first cut by."""
        return self.now.timestamp()

    def seconds(self, seconds: float) -> None:
        """Move on by some seconds."""
        self.now += timedelta(seconds=seconds)


class DemoPipeline(StoryboardPipeline):
    """Draws a small storyboard. Its first cut takes as long as the story says."""

    def __init__(self, clock: DemoClock, took: float):
        super().__init__()
        self.clock, self.took = clock, took

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Make one draft, as the storyboard does, and note that it is small."""
        cut = super().make_cut(brief.model_copy(update={"width": WIDTH, "height": HEIGHT}), workdir, progress)
        self.clock.seconds(self.took)
        small = f"Drawn for the demo at {WIDTH} × {HEIGHT}. The storyboard draws {brief.width} × {brief.height}."
        return cut.model_copy(update={"notes": [*cut.notes, small]})


def main() -> int:
    """Make the demo store. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Fill a store with two dozen plausible pilots.")
    parser.add_argument("--store", type=Path, default=read_settings().store)
    store = PilotStore(parser.parse_args().store)
    there = {(pilot.founder_name, pilot.company_name) for pilot in store.load_all()}
    entries = [entry for entry in entries_of_demo() if (entry["founder"], entry["company"]) not in there]
    if not entries:
        print(f"The demo pilots are in {store.root} already.")
        return 0
    # The longest stories come first, so that no process is left with one at the end.
    entries.sort(key=lambda entry: -len(entry["steps"]))
    # Forked processes would share the lock of the store.
    with ProcessPoolExecutor(os.cpu_count() or 1, get_context("spawn")) as processes:
        told = [processes.submit(tell, store.root, entry, utc_now()) for entry in entries]
        for number, done in enumerate(as_completed(told), 1):
            print(f"{number:2} of {len(entries)}  {done.result()}", flush=True)
    print(f"Done: {len(entries)} pilots in {store.root}. Look at them with: make run")
    return 0


def entries_of_demo() -> list[dict[str, Any]]:
    """Return the demo's pilots as they are written in data/demo.toml."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "data" / "demo.toml").read_text(encoding="utf-8"))["pilot"]
    return found


def tell(root: Path, entry: dict[str, Any], present: datetime) -> str:
    """Run all steps of one demo pilot, from its creation to its state at ``present``. Returns it in a line."""
    pilot = Story(PilotStore(root), entry, present).run()
    return f"{pilot.pilot_id}  {pilot.founder_name}, {pilot.company_name}"


class Story:
    """One demo pilot and its times, which are in order and within working hours."""

    def __init__(self, store: PilotStore, entry: dict[str, Any], present: datetime):
        self.store, self.entry = store, entry
        self.chance = random.Random(entry["company"])
        self.lead = at_command_line(self.chance.choice(LEADS))
        self.present = present
        self.clock = DemoClock(working_minutes(present, self.chance.randrange(60) - entry["days_ago"] * DAY * 5 / 7))
        self.waits = 3 * len(entry["steps"])
        store.clock = self.clock
        rendering.time = self.clock  # type: ignore[assignment,attr-defined]
        rendering.sla.judge = judge_small  # type: ignore[attr-defined]
        self.notes = iter(entry["notes"])
        self.grant: Grant | None = None

    def run(self) -> PilotRun:
        """Run all steps; returns the pilot."""
        entry = self.entry
        pilot = pilots.create_pilot(
            entry["founder"],
            entry["company"],
            entry["scenario"],
            entry["brand"],
            brief=Brief(**entry["brief"]),
            now=self.clock.now,
        )
        pilots.start_pilot(self.store, pilot, self.lead)
        self.pilot_id = pilot.pilot_id
        for step in entry["steps"]:
            self.wait(DAY * self.chance.uniform(0.1, 0.9))
            self.do(step)
        self.clock.seconds(20)
        owed_reports.settle_due_reports(self.store)
        return self.store.load(self.pilot_id)

    def do(self, step: str) -> None:
        """Do one step."""
        if step == "pause":
            pilots.pause(self.store, self.pilot_id, next(self.notes), self.lead)
        elif step.startswith("drop"):
            outside = step.endswith("external")
            pilots.drop(self.store, self.pilot_id, next(self.notes), external=outside, actor=self.lead)
        else:
            number = self.make(step)
            if step not in ("ready", "fail"):
                self.send(number)
            if step not in ("ready", "fail", "wait"):
                self.hear(number, step)
            elif step == "wait" and self.entry.get("room"):
                self.open(number, watched=0.4)

    def wait(self, minutes: float) -> None:
        """Let working minutes pass: those asked for, or fewer if the pilot's days would not suffice."""
        left = working_minutes_between(self.clock.now, self.present)
        # Half of an even share is kept for what happens without a wait.
        self.clock.now = working_minutes(self.clock.now, min(minutes, left * 2 / (self.waits + 2)))
        self.waits = max(1, self.waits - 1)

    def make(self, step: str) -> int:
        """Make the next attempt; returns its number."""
        store, number = self.store, len(self.store.load(self.pilot_id).runs) + 1
        if corrected := self.of_attempt("corrections", number):
            brief = store.load(self.pilot_id).brief.model_copy(update=corrected)
            pilots.edit_brief(store, self.pilot_id, brief, self.lead)
            self.clock.seconds(90)
        pilots.queue_attempt(store, self.pilot_id, "storyboard", Act(self.lead))
        self.clock.seconds(self.chance.uniform(1, 4))
        if step == "fail":
            self.clock.seconds(35)
            fail_attempt(store, self.pilot_id, number, next(self.notes), program("pipeline:storyboard"))
            return number
        took = self.chance.lognormvariate(3.8, 0.3) * (1 - 0.08 * number) + 8
        took += 100 if number in self.entry.get("slow", ()) else 0
        rendering._pipeline_of = lambda *_: DemoPipeline(self.clock, took)
        pilot = rendering.run_attempt(store, self.pilot_id, number, read_settings())
        made = pilot.attempt(number)
        if made.state is not AttemptState.READY:
            raise SystemExit(f"A video of the demo could not be made: {made.failure}")
        self.clock.seconds(self.chance.uniform(240, 900))
        self.mark(number)
        return number

    def mark(self, number: int) -> None:
        """Mark on the checklist what the lead did by hand."""
        listed = checklist_of(self.store, self.store.load(self.pilot_id), number)
        for subject, note in self.of_attempt("marks", number) or ():
            item = next(i for i in listed.items if (i.request.flag or NOTES) == subject)  # type: ignore[union-attr]
            speaker = TeamMember(self.lead, self.pilot_id)
            mark_request(self.store, speaker, item.request.request_id, MarkKind.DONE, note, number)
            self.clock.seconds(50)

    def send(self, number: int) -> None:
        """Send the attempt by hand, with a review link if the founder uses the room."""
        self.wait(self.chance.uniform(5, 90))
        store, lead = self.store, self.lead
        if self.entry.get("room") and (
            self.grant is None or self.clock.now > self.grant.expires_at - timedelta(days=7)
        ):
            _, self.token = make_link(store, self.pilot_id, self.entry["founder"], actor=lead)
            self.grant = None
            self.clock.seconds(40)
        for message in outbox.messages_of(store, self.pilot_id):
            if message.kind is MessageKind.CUT_READY and message.attempt_number == number:
                try:
                    outbox.mark_sent(store, read_settings(), message.message_id, lead)
                except PilotError:  # this machine has no address that a founder could open
                    outbox.cancel(store, message.message_id, lead)
        if store.load(self.pilot_id).attempt(number).sent_at is None:
            now = self.clock.now
            store.change(self.pilot_id, lambda pilot: pilot.mark_sent(number, lead, SentHow.HAND, now), lead)

    def open(self, number: int, watched: float = 1.0) -> Grant:
        """Open the review room, as the founder, and watch a share of the video."""
        self.wait(DAY * self.chance.lognormvariate(-0.6, 0.7))
        if self.grant is None:
            self.grant, _ = open_link(self.store, self.token)
        record_opened(self.store, self.grant, number)
        length = self.store.load(self.pilot_id).attempt(number).whole_seconds or 1
        self.clock.seconds(length + 5)
        record_watched(self.store, self.grant, number, [(0, max(0, round(length * watched) - 1))])
        return self.grant

    def hear(self, number: int, step: str) -> None:
        """Record the decision of a step such as ``M{hook_weak,too_long}``, in the room or by the lead."""
        store, words = self.store, next(self.notes)
        if step == "sim":
            self.wait(20)
            pilots.record_feedback(store, self.pilot_id, number, words, "approve", mode="simulated", actor=self.lead)
            return
        level, flags = re.fullmatch(r"([AmM])(?:\{(.*)\})?", step).groups()  # type: ignore[union-attr]
        raised = flags.split(",") if flags else []
        if not self.entry.get("room"):
            self.wait(DAY * self.chance.lognormvariate(-0.2, 0.7))
            given = (number, words, LEVELS[level], raised)
            pilots.record_feedback(store, self.pilot_id, *given, channel="mail", actor=self.lead)
            return
        grant = self.open(number)
        self.answer(grant, number, raised)
        pilot = store.load(self.pilot_id)
        for at, said in self.of_attempt("comments", number) or ():
            add_comment(store, grant, number, Anchor(int(at * pilot.attempt(number).rate)), said)
            self.clock.seconds(75)
        self.clock.seconds(self.chance.uniform(40, 240))
        checksum = film_checksum(store, self.pilot_id, pilot.attempt(number)) if level == "A" else None
        decide(store, grant, number, Decision(LEVELS[level], raised, words, approved_sha256=checksum))

    def answer(self, grant: Grant, number: int, raised: Iterable[str]) -> None:
        """Say in the room of each flag that was raised before whether this version does it."""
        listed = checklist_of(self.store, self.store.load(self.pilot_id), number)
        for item in listed.items if listed else ():
            if item.request.flag:
                self.clock.seconds(15)
                met = item.request.flag not in raised and item.is_settled
                answer_request(self.store, grant, item.request.request_id, met, number)

    def of_attempt(self, what: str, number: int) -> Any:
        """Return what the entry says of an attempt, or None."""
        return self.entry.get(what, {}).get(str(number))


def working_minutes(moment: datetime, minutes: float) -> datetime:
    """Return the moment (UTC) so many working minutes later, or earlier if negative. It is within working hours."""
    at, left = moment, timedelta(minutes=minutes)
    while True:
        begin = datetime.combine(at.date(), OPEN, UTC)
        end = begin + timedelta(minutes=DAY)
        is_workday = at.weekday() < 5
        if minutes >= 0:
            at = max(at, begin) if is_workday else end
            if is_workday and at <= end and at + left <= end:
                return at + left
            left -= max(timedelta(0), end - at) if is_workday else timedelta(0)
            at = begin + timedelta(days=1)
        else:
            at = min(at, end) if is_workday else begin
            if is_workday and at >= begin and at + left >= begin:
                return at + left
            left += max(timedelta(0), at - begin) if is_workday else timedelta(0)
            at = end - timedelta(days=1)


def working_minutes_between(first: datetime, last: datetime) -> float:
    """Return the working minutes between two moments, 0 if there are none."""
    found, day = 0.0, first.date()
    while day <= last.date():
        begin = datetime.combine(day, OPEN, UTC)
        span = min(last, begin + timedelta(minutes=DAY)) - max(first, begin)
        found += max(0.0, span.total_seconds() / 60) if day.weekday() < 5 else 0.0
        day += timedelta(days=1)
    return found


_judge = sla.judge


def judge_small(
    measured: Measured, made: sla.Rendering, scenario: Scenario, intent: Intent, limits: SlaLimits
) -> list[SlaCheck]:
    """Judge a small video of the demo, but not its size, nor its freezes, which are longer than the full video's."""
    return [
        check.model_copy(
            update={
                "label": f"{check.label} of the full video",
                "measured": f"not made for the demo, which has {check.measured}",
                "passed": None,
                "sentence": "",
            }
        )
        if check.code in NOT_OF_A_SMALL_VIDEO
        else check
        for check in _judge(measured, made, scenario, intent, limits)
    ]


if __name__ == "__main__":
    sys.exit(main())
