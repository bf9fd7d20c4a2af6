"""Two weeks with fifty pilots, hour by hour: exactly the expected messages arrive.

The expectation is computed differently from the product: each pilot's working hours are added up one hour at a time,
without date arithmetic.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.messages import outbox
from pilot_core.messages.sender import send_due
from pilot_core.services import pilots as services
from pilot_core.working_hours import Hours
from tests.conftest import HandClock
from tests.messaging import LEADS, PostOffice, make_ready, new_pilot, post_office, set_up, spelt

ZONE = "Europe/Berlin"
BEGINS = datetime(2026, 3, 19, 23, tzinfo=UTC)
"""Midnight before a Friday, local time. Summer time starts on the second Sunday after it."""
TICKS = 14 * 24
PILOTS = 50
MESSAGE = re.compile(
    r"(Company \d\d): (your film is ready|your film waits|your review link ends|.* (?:asked for|approved))"
)
DIGEST = re.compile(r"Pilots on \w+ \d+ \w+: (\d+) for us(?:, (\d+) late with founders)?")


@dataclass
class Script:
    """What happens with one pilot, by hours after the start; None is never."""

    ready: int
    decided: int | None = None
    approves: bool = False
    again: int | None = None
    paused: int | None = None
    resumed: int | None = None
    quiet: int | None = None
    off: int | None = None


def scripts() -> list[Script]:
    """Return fifty scripts: fixed ones for each way to stop, and the rest random with a fixed seed."""
    chance = random.Random(11)
    made = [
        Script(ready=10),
        Script(ready=10, quiet=80),
        Script(ready=10, off=81),
        Script(ready=10, paused=60, resumed=230),
        Script(ready=10, decided=34, approves=True),
        Script(ready=20, decided=21),
        Script(ready=36),
        Script(ready=9, decided=40, again=130),
        Script(ready=90, paused=91),
        Script(ready=200, quiet=190),
    ]
    while len(made) < PILOTS:
        ready = chance.randrange(1, 200)
        decided = ready + chance.randrange(1, 150) if chance.random() < 0.6 else None
        again = decided + chance.randrange(1, 80) if decided and chance.random() < 0.6 else None
        paused = ready + chance.randrange(1, 100) if decided is None and chance.random() < 0.5 else None
        resumed = paused + chance.randrange(1, 120) if paused and chance.random() < 0.5 else None
        quiet = ready + chance.randrange(1, 90) if chance.random() < 0.2 else None
        made.append(Script(ready, decided, bool(decided and not again), again, paused, resumed, quiet))
    return made


class Plain:
    """The expected messages, one hour at a time."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, str, str]] = []
        self.pilots = [Course(f"Company {n:02}", script) for n, script in enumerate(scripts())]
        for tick in range(TICKS):
            self.hour(tick)

    def hour(self, tick: int) -> None:
        here = (BEGINS + timedelta(hours=tick)).astimezone(ZoneInfo(ZONE))
        works = here.weekday() < 5
        is_open = works and 8 <= here.hour < 19
        for pilot in self.pilots:
            pilot.happens(tick)
        if is_open:
            for pilot in self.pilots:
                self.messages += [(tick, pilot.name, kind) for kind in pilot.goes(here.day)]
            ours = sum(pilot.ours_today(tick) for pilot in self.pilots)
            theirs = sum(pilot.is_late for pilot in self.pilots)
            if (ours or theirs) and not any(d == "digest" and t // 24 == tick // 24 for t, d, _ in self.messages):
                self.messages.append((tick, "digest", f"{ours} {theirs}"))
        for pilot in self.pilots:
            pilot.counts(works)


@dataclass
class Course:
    """The expected history of one pilot. ``waits`` is who is waited for: founder, us or nobody."""

    name: str
    script: Script
    waits: str = "us"
    step: str = "begin"
    worked: int = 0
    told: bool = False
    reminders: int = 0
    reminded_on: int = 0
    to_go: tuple[str, ...] = ()
    paused: bool = False
    over: bool = False
    tick: int = 0
    told_on: int = 1000
    last_call: bool = False

    def happens(self, tick: int) -> None:
        script, self.tick = self.script, tick
        if tick in (script.ready, script.again):
            self.waits, self.worked, self.told, self.reminders = "founder", 0, False, 0
            self.to_go += ("ready",)
        if tick == script.decided:
            self.waits, self.worked = ("nobody" if script.approves else "us"), 0
            # The attempt was never announced if the answer came first.
            self.to_go = (*(kind for kind in self.to_go if kind != "ready"), "feedback")
            self.over = script.approves
        if tick == script.paused:
            self.paused = True
        if tick == script.resumed:
            self.paused, self.worked, self.reminders = False, 0, 0

    def goes(self, day: int) -> Iterator[str]:
        script = self.script
        off = script.off is not None and self.tick >= script.off
        quiet = script.quiet is not None and self.tick >= script.quiet
        for kind in self.to_go:
            if off or (kind == "ready" and self.paused):
                continue
            yield kind
            if kind == "ready":
                self.told, self.worked, self.told_on, self.last_call = True, 0, self.tick, False
        self.to_go = ()
        if self.waits == "founder" and self.told and not (self.paused or off or quiet or self.reminded_on == day):
            passed = sum(self.worked >= hours for hours in (24, 48, 72, 96))
            if passed > self.reminders:
                self.reminders = passed
                if self.worked < (24, 48, 72, 96)[passed - 1] + 24:
                    self.reminded_on = day
                    yield "reminder"
        self.last_call = yield from self._last_call(day, off or quiet)

    def _last_call(self, day: int, silent: bool) -> Iterator[str]:
        """Yield the last call, two days before the link expires: midnight (UTC) after 14 days from the announcement."""
        days = ((BEGINS + timedelta(hours=self.tick)).date() - (BEGINS + timedelta(hours=self.told_on)).date()).days
        silent = silent or self.paused or self.reminded_on == day or self.waits != "founder" or self.last_call
        if days < 13 or silent:
            return self.last_call
        self.reminded_on = day
        yield "last call"
        return True

    def counts(self, works: bool) -> None:
        self.worked += works

    @property
    def is_late(self) -> bool:
        return self.waits == "founder" and self.told and not self.paused and self.worked >= 48

    def ours_today(self, tick: int) -> bool:
        """Whether it is ours, as an attempt is until sent, and 24 working hours will have passed at the day's end."""
        if not (self.waits == "us" or (self.waits == "founder" and not self.told)) or self.paused:
            return False
        here = (BEGINS + timedelta(hours=tick)).astimezone(ZoneInfo(ZONE))
        return self.worked + (23 - here.hour) >= 24 or self.worked >= 24


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


def test_a_fortnight_of_fifty_pilots_brings_the_expected_messages_and_no_other(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    office.now = clock
    config = set_up(office, **spelt(Hours(ZONE, (0, 1, 2, 3, 4), 8, 19)))
    clock.now = BEGINS
    pilots = []
    for number in range(PILOTS):
        pilot = new_pilot(store, f"Founder {number:02}", f"Company {number:02}")
        outbox.set_address(store, pilot.pilot_id, f"founder{number:02}@example.com", at_command_line("Lea Lead"))
        pilots.append(pilot.pilot_id)
    for tick in range(TICKS):
        clock.now = BEGINS + timedelta(hours=tick)
        # One session per hour, to save time: nothing else uses this store.
        with store.database.session():
            for pilot_id, script in zip(pilots, scripts(), strict=True):
                happen(store, pilot_id, script, tick)
            send_due(store, config)
    arrived = [
        told(at, to, str(message["Subject"])) for at, (to, message) in zip(office.times, office.taken, strict=True)
    ]
    expected = Plain().messages
    assert sorted(arrived) == sorted(expected)
    assert len(expected) > 200
    assert {kind for _, _, kind in expected} >= {"ready", "reminder", "feedback", "last call"}
    for at in office.times:
        here = at.astimezone(ZoneInfo(ZONE))
        assert here.weekday() < 5
        assert 8 <= here.hour < 19


def happen(store: PilotStore, pilot_id: str, script: Script, tick: int) -> None:
    if tick in (script.ready, script.again):
        make_ready(store, pilot_id)
    if tick == script.decided:
        level = "approve" if script.approves else "minor_changes"
        number = len(store.load(pilot_id).runs)
        services.record_feedback(store, pilot_id, number, "Said so", level)
    if tick == script.paused:
        services.pause(store, pilot_id, "The founder is away")
    if tick == script.resumed:
        services.resume(store, pilot_id)
    if tick == script.off:
        outbox.set_enabled(store, pilot_id, False, at_command_line("Lea Lead"))
    if tick == script.quiet:
        from pilot_core.messages.capability_links import opt_out_address

        assert outbox.opt_out(store, opt_out_address(store, pilot_id, "", None).rsplit("/", 1)[1])


def told(at: datetime, to: str, subject: str) -> tuple[int, str, str]:
    """Return a mail in the form of the expectation: hour, pilot, and kind of message."""
    tick = int((at - BEGINS).total_seconds() // 3600)
    if digest := DIGEST.fullmatch(subject):
        assert to == LEADS[0]
        return tick, "digest", f"{digest[1]} {digest[2] or 0}"
    found = MESSAGE.match(subject)
    assert found, subject
    kind = (
        "ready"
        if "ready" in found[2]
        else "last call"
        if "ends" in found[2]
        else "reminder"
        if "waits" in found[2]
        else "feedback"
    )
    assert to == (LEADS[0] if kind == "feedback" else f"founder{found[1][-2:]}@example.com")
    return tick, found[1], kind
