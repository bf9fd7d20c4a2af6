"""Fill a large store in bulk: ``python -m bench.fill DIR [PILOTS]`` (default 10,000, with five attempts each).

The pilots are made by the real models and rules and inserted through the store's own tables. State files and videos are
left out, since no page that covers several pilots reads them.
"""

import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pilot_core import PilotStore, catalog, ids
from pilot_core.clock import utc_now
from pilot_core.domain.events import Event
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.insight.recommend import recommend
from pilot_core.services.pilots import create_pilot
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.files import state_files
from pilot_core.store.tables.events import event_row
from pilot_core.store.tables.pilots import pilot_tables

FIRST = ("Alice", "Tomás", "Ingrid", "Kwame", "Priya", "Jonas", "Yuki", "Chloé", "Omar", "Elena")
LAST = ("Chen", "Ferreira", "Weber", "Boateng", "Raman", "Tanaka", "Martin", "Haddad", "Petrova", "Nilsen")
TRADE = ("Labs", "Health", "Robotics", "Pay", "Freight", "Security", "Data", "Foods", "Energy", "Legal")
FLAGS = list(catalog.flags())
BATCH = 1000
TOLD = 10_000
ID = "pilot_id || ?"
COPIED = {
    "pilots": {"pilot_id": ID, "created_at": "created_at + INTERVAL '1 minute'"},
    "attempts": {"pilot_id": ID, "attempt_id": "attempt_id || ?"},
    "feedback": {"pilot_id": ID, "attempt_id": "attempt_id || ?", "feedback_id": "feedback_id || ?"},
    "feedback_flags": {"pilot_id": ID, "feedback_id": "feedback_id || ?"},
    "events": {"pilot_id": ID, "event_id": "event_id || ?"},
}
"""The columns that differ in a copy of a pilot's rows."""

_SENT = """
INSERT INTO messages (message_id, pilot_id, kind, attempt_number, about, position, state, written_at, ended_at, subject,
    body, html)
SELECT 'message_' || left(md5({about} || a.attempt_id), 24), a.pilot_id, {kind}, a.attempt_number, {about},
    10 * a.attempt_number, 'sent', {at}, {at}, 'Your film', repeat('Words. ', 100), repeat('<p>Words.</p> ', 150)
FROM {told} ORDER BY {at}
"""
_READY = {"kind": "'cut_ready'", "about": "''", "at": "a.ready_at", "told": "attempts a WHERE a.state = 'ready'"}
_HEARD = {
    "kind": "'feedback_received'",
    "about": "f.feedback_id",
    "at": "f.received_at",
    "told": "attempts a JOIN feedback f ON f.attempt_id = a.attempt_id",
}
TOLD_OF = (
    # Sort keys follow the order in which pilots were added: by the number in the company's name, then by copy.
    "CREATE TEMPORARY TABLE waits AS SELECT pilot_id, latest_attempt, CAST($now AS TIMESTAMP) "
    "- CAST(floor(43200.0 * (all_of - place) / all_of) AS INTEGER) * INTERVAL '1 minute' AS since FROM (SELECT *, "
    "row_number() OVER (ORDER BY substr(pilot_id, 24), CAST(split_part(company_name, ' ', 3) AS INTEGER)) AS place, "
    "count(*) OVER () AS all_of FROM pilots) p WHERE place % 2 = 0",
    "UPDATE pilots SET status = 'completed'",
    "UPDATE pilots SET status = 'active', latest_state = 'ready', latest_decision = NULL, latest_since = w.since, "
    "latest_stage = 'sent', latest_stage_since = w.since, latest_reached_at = w.since, "
    "updated_at = w.since FROM waits w WHERE w.pilot_id = pilots.pilot_id",
    "UPDATE attempts SET ready_at = w.since, sent_at = w.since, sent_how = 'mail', state = 'ready' FROM waits w "
    "WHERE w.pilot_id = attempts.pilot_id AND w.latest_attempt = attempts.attempt_number",
    "INSERT INTO pilot_contacts (pilot_id, email, messages_off) "
    "SELECT pilot_id, 'founder@example.com', FALSE FROM pilots",
    "INSERT INTO review_links SELECT 'link_' || left(md5(pilot_id), 16), pilot_id, founder_name, "
    "md5(pilot_id) || md5(founder_name), NULL, updated_at, 'pipeline', "
    "date_trunc('day', updated_at) + INTERVAL '15 days', NULL, 0, NULL FROM pilots",
    _SENT.format(**_READY),
    _SENT.format(**_HEARD),
    "INSERT INTO deliveries SELECT md5(message_id), message_id, pilot_id, 'mail', 'founder@example.com', 'sent', 1, "
    "ended_at, ended_at, NULL FROM messages",
    "DROP TABLE waits",
)
"""Messages of a store in use, for every attempt and decision: texts, deliveries, addresses and links."""


def fill(root: Path, pilots: int = 10_000, seed: int = 1) -> PilotStore:
    """Add ``pilots`` pilots, a third of them open, with three to seven attempts each, to the store in ``root``.

    Beyond 10,000, the pilots are copies of the first 10,000 with their own ids and times.
    """
    store = PilotStore(root)
    chance = random.Random(seed)
    now = utc_now()
    told = min(pilots, TOLD)
    for start in range(0, told, BATCH):
        tables: dict[str, list[dict[str, Any]]] = {}
        for number in range(start, min(start + BATCH, told)):
            _add_rows(_history(chance, number, told, now), tables)
        store.database.transaction(lambda connection, tables=tables: _insert(connection, tables))  # type: ignore[misc]
    for copy in range(1, -(-pilots // TOLD)):
        most = min(TOLD, pilots - copy * TOLD)
        store.database.transaction(lambda connection, copy=copy, most=most: _copy(connection, copy, most))  # type: ignore[misc]
    return store


def add_messages(store: PilotStore) -> None:
    """Make every second pilot wait for its founder, for up to a month, and mark all its messages as sent."""
    now = store.clock().replace(tzinfo=None)
    store.database.transaction(lambda c: [c.execute(sql, {"now": now} if "$now" in sql else {}) for sql in TOLD_OF])


def state_files_of(store: PilotStore, folder: Path, most: int = 10_000) -> None:
    """Write the state files of the first pilots for an import, without flushing to disk."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = store.pilot_ids()[:most]
    for start in range(0, len(chosen), BATCH):
        for pilot in store.load_all(chosen[start : start + BATCH]):
            (folder / f"{pilot.pilot_id}.json").write_text(state_files.text(pilot), "utf-8")


def _copy(connection: Connection, copy: int, most: int) -> None:
    """Copy the first ``most`` pilots once more, created a minute later."""
    names = tables_of(connection)
    connection.execute(
        "CREATE TEMPORARY TABLE told AS SELECT pilot_id FROM pilots WHERE length(pilot_id) = ? "
        "ORDER BY pilot_id LIMIT ?",
        [len("pilot_20240115_abc12345"), most],
    )
    for table, changed in COPIED.items():
        columns, values = ", ".join(names[table]), ", ".join(changed.get(name, name) for name in names[table])
        connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} "  # noqa: S608
            "WHERE pilot_id IN (SELECT pilot_id FROM told)",
            [f"c{copy:03}"] * values.count("?"),
        )
    connection.execute("DROP TABLE told")


def _history(chance: random.Random, number: int, of: int, now: datetime) -> PilotRun:
    """Return a pilot with its history. Pilots with higher numbers are younger and more likely to be open."""
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
    events = [
        event_row(
            Event(
                event_id=ids.new_id("event"), pilot_id=pilot.pilot_id, at=at, actor="bench", kind=kind, detail=detail
            ),
            1,
            place,
        )
        for place, (at, kind, detail) in enumerate(pilot.pending_events)
    ]
    found = pilot_tables(pilot, recommend(pilot), 1) | {"events": events}
    for table, new in found.items():
        tables.setdefault(table, []).extend(new)


def _insert(connection: Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, new in tables.items():
        connection.append(table, list(new[0]), ([*row.values()] for row in new))


if __name__ == "__main__":
    filled = fill(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    print(f"{filled.root} holds {len(filled.pilot_ids()):,} pilots")
