"""A large store, filled in bulk: ``python -m bench.fill DIR [PILOTS]`` (10,000 with five attempts each, if unsaid).

The pilots are made by the real models and rules and inserted through the store's own tables; only the state files and
the films are left out, since no page that spans pilots reads them.
"""

import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from pilot_core import catalog, ids
from pilot_core.clock import utc_now
from pilot_core.models import Event, PilotRun, PilotStatus
from pilot_core.services import create_pilot
from pilot_core.store import rows as mapping
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore

FIRST = ("Alice", "Tomás", "Ingrid", "Kwame", "Priya", "Jonas", "Yuki", "Chloé", "Omar", "Elena")
LAST = ("Chen", "Ferreira", "Weber", "Boateng", "Raman", "Tanaka", "Martin", "Haddad", "Petrova", "Nilsen")
TRADE = ("Labs", "Health", "Robotics", "Pay", "Freight", "Security", "Data", "Foods", "Energy", "Legal")
FLAGS = list(catalog.flags())
BATCH = 1000


def fill(root: Path, pilots: int = 10_000, seed: int = 1) -> PilotStore:
    """Add ``pilots`` pilots, a third of them open, with three to seven attempts each, to the store in ``root``."""
    store = PilotStore(root)
    chance = random.Random(seed)
    now = utc_now()
    for start in range(0, pilots, BATCH):
        tables: dict[str, list[dict[str, Any]]] = {}
        for number in range(start, min(start + BATCH, pilots)):
            _add_rows(_history(chance, number, pilots, now), tables)
        store.database.transaction(lambda connection, tables=tables: _insert(connection, tables))  # type: ignore[misc]
    return store


def _history(chance: random.Random, number: int, of: int, now: datetime) -> PilotRun:
    """One pilot's whole story; the later its number, the younger and the likelier still open."""
    at = now - timedelta(days=3 + 700 * (1 - number / of), minutes=chance.randrange(1440))
    pilot = create_pilot(
        f"{chance.choice(FIRST)} {chance.choice(LAST)}",
        f"{chance.choice(LAST)} {chance.choice(TRADE)} {number}",
        chance.choice(list(catalog.scenarios())),
        chance.choice(list(catalog.brands())),
        max_attempts=8,
        now=at,
    )
    total = chance.choice((3, 4, 5, 5, 6, 7))
    ends = chance.random() < (0.95 if number < of * 0.7 else 0.05)
    for place in range(1, total + 1):
        at = min(at + timedelta(hours=chance.uniform(2, 40)), now - timedelta(minutes=5))
        seconds = round(chance.lognormvariate(3.7, 0.4), 1)
        missed = chance.random() < 0.08
        attempt = pilot.add_attempt(
            f"{pilot.pilot_id}/attempt_{place}/draft_v1.mp4",
            None,
            seconds,
            chance.choice((1, 1, 1, 2, 3)),
            round(chance.uniform(0, 0.6), 2),
            not missed,
            ["Silence of 2.4 s from 0:07.1; the limit is 2 s."] if missed else [],
            pipeline="storyboard",
            at=at,
        )
        if place == total and not ends and chance.random() < 0.5:
            break
        at = min(at + timedelta(hours=chance.uniform(2, 60)), now - timedelta(minutes=2))
        last = place == total and ends and chance.random() < 0.7
        level = "approve" if last else chance.choice(("minor_changes", "minor_changes", "major_changes"))
        flags = [] if last else chance.sample(FLAGS, chance.randrange(3))
        pilot.record_feedback(attempt.attempt_number, "Nearly there, a little shorter please.", level, flags, at=at)
    if ends and pilot.status is PilotStatus.ACTIVE:
        pilot.drop("The budget went elsewhere.", external=chance.random() < 0.3, at=at)
    elif not ends and chance.random() < 0.1:
        pilot.pause("The founder is away.", at=at)
    return pilot


def _add_rows(pilot: PilotRun, tables: dict[str, list[dict[str, Any]]]) -> None:
    said, flagged = mapping.feedback_rows(pilot)
    events = [
        mapping.event_row(
            Event(
                event_id=ids.new_id("event"), pilot_id=pilot.pilot_id, at=at, actor="bench", kind=kind, detail=detail
            ),
            1,
            place,
        )
        for place, (at, kind, detail) in enumerate(pilot.pending_events)
    ]
    found = {
        "pilots": [mapping.pilot_row(pilot) | {"version": 1}],
        "attempts": mapping.attempt_rows(pilot),
        "feedback": said,
        "feedback_flags": flagged,
        "events": events,
    }
    for table, new in found.items():
        tables.setdefault(table, []).extend(new)


def _insert(connection: Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, new in tables.items():
        frame = pd.DataFrame(new)
        names = ", ".join(frame.columns)
        connection.register("filling", frame)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM filling")  # noqa: S608
        connection.unregister("filling")


if __name__ == "__main__":
    filled = fill(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    print(f"{filled.root} holds {len(filled.pilot_ids()):,} pilots")
