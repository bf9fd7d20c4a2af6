"""A hundred pilots of every kind that a store can hold, including kinds that only imports create. Always the same."""

import random
from datetime import datetime, timedelta

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.insight.recommend import recommend
from pilot_core.store.engine.connection import Connection
from pilot_core.store.tables.pilots import pilot_tables
from tests.sketches import day

SCENARIOS = ("feature_launch", "funding_announcement", "problem_solution")
BRANDS = ("acme", "wellness", "")
FLAGS = ("hook_weak", "too_long", "cta_unclear", "no_longer_in_the_catalogue")
NOTES = ("", " ", "The hook is weak.", "Much better hook!", '=HYPERLINK("http://x")', 'Größer, "bitte"\r\n– danke')
LAST_DAY = 59


def crowd(pilots: int = 100, seed: int = 7) -> list[PilotRun]:
    """Return the unsaved pilots. Their ids do not show the order they were created in."""
    chance = random.Random(seed)
    return [_pilot(chance, number) for number in range(pilots)]


def fill(store: PilotStore, pilots: list[PilotRun]) -> PilotStore:
    """Insert the pilots into the store in one transaction. Saving them one by one takes a hundred times as long."""
    tables: dict[str, list[dict[str, object]]] = {"pilots": [], "attempts": [], "feedback": [], "feedback_flags": []}
    for pilot in pilots:
        for table, found in pilot_tables(pilot, recommend(pilot), 1).items():
            tables[table] += found

    def work(connection: Connection) -> None:
        for table, found in tables.items():
            if found:
                connection.append(table, list(found[0]), ([*row.values()] for row in found))

    store.database.transaction(work)
    return store


def _pilot(chance: random.Random, number: int) -> PilotRun:
    pilot_id = f"pilot_20260101_{chance.randrange(16**8):08x}"
    created = moment(chance)
    numbers = sorted(chance.sample(range(1, 7), chance.choice((0, 1, 1, 2, 3, 4, 5))))
    if numbers and chance.random() < 0.8:
        numbers = list(range(1, len(numbers) + 1))
    runs = [_attempt(chance, pilot_id, n, created) for n in numbers]
    status = chance.choice((PilotStatus.ACTIVE, PilotStatus.PAUSED, PilotStatus.COMPLETED, PilotStatus.COMPLETED))
    outcome = chance.choice(list(ApprovalOutcome)) if status is PilotStatus.COMPLETED else ApprovalOutcome.PENDING
    timed = chance.random() < 0.8
    return PilotRun(
        pilot_id=pilot_id,
        founder_name=chance.choice(("Alice Chen", "=1+1", "Zoë O’Hara")),
        company_name=f"Company {number}",
        scenario_type=chance.choice(SCENARIOS),
        brand_context={"preset": chance.choice(BRANDS)},
        playbook_version=chance.choice((None, "2026.10", "2026.11")),
        runs=runs,
        status=status,
        approval_outcome=outcome,
        drop_reason="-budget" if outcome is ApprovalOutcome.DROPPED else None,
        drop_external=chance.random() < 0.4,
        created_at=created,
        updated_at=created + timedelta(days=chance.uniform(0, 30)),
        decided_at=created + timedelta(days=chance.uniform(0, 30)) if timed and status == "completed" else None,
        max_attempts=chance.randint(1, 5),
    )


def _attempt(chance: random.Random, pilot_id: str, number: int, created: datetime) -> PilotRunAttempt:
    begun = created + timedelta(days=number, hours=chance.uniform(0, 12))
    ready = begun + timedelta(hours=chance.uniform(0, 30))
    attempt_id = f"{pilot_id}_a{number}"
    return PilotRunAttempt(
        attempt_number=number,
        attempt_id=attempt_id,
        state=chance.choice([AttemptState.READY] * 8 + [AttemptState.FAILED, AttemptState.RENDERING]),
        created_at=maybe(chance, begun),
        ready_at=maybe(chance, ready),
        sent_at=ready + timedelta(hours=chance.uniform(0, 40)) if chance.random() < 0.5 else None,
        video_path=maybe(chance, f"{pilot_id}/attempt_{number}/draft_v1.mp4"),
        time_to_first_cut_seconds=maybe(chance, chance.choice((0.0, round(chance.lognormvariate(4, 0.6), 1)))),
        iteration_count=maybe(chance, chance.randint(1, 4)),
        total_cost_dollars=maybe(chance, round(chance.uniform(0, 8), 2)),
        sla_passed=maybe(chance, chance.random() < 0.8),
        sla_violations=["Silence of 2.4 s from 0:07.1; the limit is 2 s.", "@late"] if chance.random() < 0.2 else [],
        feedback=[
            _feedback(chance, f"feedback_{attempt_id}_{place}", ready)
            for place in range(chance.choice((0, 1, 1, 1, 2, 3)))
        ],
    )


def _feedback(chance: random.Random, feedback_id: str, ready: datetime) -> Feedback:
    mode = chance.choice((FeedbackMode.HUMAN, FeedbackMode.HUMAN, FeedbackMode.SIMULATED))
    return Feedback(
        feedback_id=feedback_id,
        level=chance.choice(list(FeedbackLevel)),
        notes=chance.choice(NOTES),
        flags=chance.sample(FLAGS, chance.randrange(3)),
        mode=mode,
        by="Alice Chen",
        persona="persona_a" if mode is FeedbackMode.SIMULATED else None,
        received_at=maybe(chance, ready + timedelta(hours=chance.uniform(-4, 60))),
    )


def moment(chance: random.Random) -> datetime:
    """Return a random time in the first two months."""
    return day(1) + timedelta(days=chance.uniform(0, LAST_DAY))


def maybe(chance: random.Random, value: object) -> object:
    """Return the value, or None in one of six cases."""
    return value if chance.random() < 5 / 6 else None
