"""Random steps through the services, each compared with a simple model of their documented behaviour.

There are 1,500 on DuckDB, 5,000 with ``--everything``, and 1,000 on PostgreSQL.
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pilot_core import PilotStore, catalog
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, PilotNotFound
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.check import check
from pilot_core.maintenance.restore import restore
from pilot_core.services import pilots
from pilot_core.store.engine.integrity import versions
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.engine.postgres_database import PostgresDatabase
from tests import postgres

STEPS_IN_A_RUN = 250
RUNS, ALL_RUNS, RUNS_ON_POSTGRES = 9, 30, 7
PILOTS = 3
MOVES = 2  # to another store, in one run; each costs as much as a dozen steps
WHOLE = 25  # steps between comparisons of the whole store; other steps compare only the changed pilot
MEMORY = Path("/dev/shm")

words = st.text(max_size=12).map(lambda text: text if Services.keeps_nul else without_nul(text))
which = st.integers(0, PILOTS - 1)


@dataclass
class Attempt:
    """The model's record of an attempt."""

    state: str
    said: list[tuple[str, str, tuple[str, ...], str]] = field(default_factory=list)


@dataclass
class Pilot:
    """The model's record of a pilot. ``events`` are the kinds of its events."""

    limit: int
    status: str = "active"
    outcome: str = "pending"
    paused_for: str | None = None
    dropped_for: str | None = None
    external: bool = False
    product: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    events: list[str] = field(default_factory=lambda: ["created"])


def seen(pilot: PilotRun, events: list[str]) -> Pilot:
    """Return the stored pilot in the model's terms."""
    return Pilot(
        limit=pilot.max_attempts,
        status=pilot.status.value,
        outcome=pilot.approval_outcome.value,
        paused_for=pilot.pause_reason,
        dropped_for=pilot.drop_reason,
        external=pilot.drop_external,
        product=pilot.brief.product,
        attempts=[
            Attempt(a.state.value, [(f.level.value, f.notes, tuple(f.flags), f.mode.value) for f in a.feedback])
            for a in pilot.runs
        ],
        events=events,
    )


class Services(RuleBasedStateMachine):
    """The store and its model, a dictionary."""

    steps = 0
    keeps_nul = True

    @initialize()
    def begin(self) -> None:
        self.place = tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        self.stores = 0
        self.open(self.new_store())
        self.pilots: dict[str, Pilot] = {}
        self.changed: str | None = None
        self.versions: dict[str, int] = {}
        self.unseen = 0

    def teardown(self) -> None:
        if hasattr(self, "place"):
            self.held.close()
            self.compare(list(self.pilots))
            assert check(self.store, under_way=0) == []
            self.place.cleanup()

    def open(self, store: PilotStore) -> None:
        """Use this store, in one session until the next opening: attaching it each time would double the cost."""
        self.store, self.held = store, ExitStack()
        self.held.enter_context(store.database.session())

    def fresh(self) -> Path:
        self.stores += 1
        return Path(self.place.name) / f"store{self.stores}"

    def new_store(self) -> PilotStore:
        return PilotStore(self.fresh())

    def reopened(self, store: PilotStore) -> PilotStore:
        return PilotStore(store.root)

    def pick(self, number: int) -> tuple[str, Pilot]:
        names = list(self.pilots)
        self.changed = names[number % len(names)]
        return self.changed, self.pilots[self.changed]

    def ask(self, work: Callable[[], object], refusal: type[PilotError] | None) -> bool:
        """Call the service and return whether it succeeded.

        It must raise ``refusal`` if given, and nothing otherwise.
        """
        refused: PilotError | None = None
        try:
            work()
        except PilotError as error:
            refused, self.changed = error, None
        assert (type(refused) if refused else None) is refusal, refused
        return refused is None

    @precondition(lambda self: len(self.pilots) < PILOTS)
    @rule(limit=st.integers(1, 3))
    def start(self, limit: int) -> None:
        pilot = pilots.create_pilot("Alice Chen", "AcmeAI", "feature_launch", max_attempts=limit)
        pilots.start_pilot(self.store, pilot)
        self.pilots[pilot.pilot_id] = Pilot(limit)
        self.changed = pilot.pilot_id

    @precondition(lambda self: self.pilots)
    @rule(number=which)
    def queue(self, number: int) -> None:
        name, pilot = self.pick(number)
        used = sum(a.state != "failed" for a in pilot.attempts)
        free = pilot.status == "active" and used < pilot.limit
        free = free and (not pilot.attempts or pilot.attempts[-1].state == "ready")
        if self.ask(lambda: pilots.queue_attempt(self.store, name, "storyboard"), None if free else NotAllowedNow):
            pilot.attempts.append(Attempt("queued"))
            pilot.events.append("attempt_added")

    @precondition(lambda self: any(p.attempts and p.attempts[-1].state == "queued" for p in self.pilots.values()))
    @rule(made=st.sampled_from(["ready", "ready", "ready", "failed"]))
    def make(self, made: str) -> None:
        name = next(n for n, p in self.pilots.items() if p.attempts and p.attempts[-1].state == "queued")
        pilot = self.pilots[name]
        self.changed = name

        def finish(stored: PilotRun) -> None:
            stored.attempt(len(pilot.attempts)).state = AttemptState(made)
            stored.log("made", self.store.clock())

        self.store.change(name, finish)
        pilot.attempts[-1].state = made
        pilot.events.append("made")

    @precondition(lambda self: self.pilots)
    @rule(number=which)
    def retry(self, number: int) -> None:
        name, pilot = self.pick(number)
        can = bool(pilot.attempts) and pilot.attempts[-1].state == "failed" and pilot.status == "active"
        if self.ask(lambda: pilots.retry_attempt(self.store, name), None if can else NotAllowedNow):
            pilot.attempts[-1].state = "queued"
            pilot.events.append("attempt_retried")

    @precondition(lambda self: any(p.attempts for p in self.pilots.values()))
    @rule(
        number=which,
        place=st.integers(1, 3),
        level=st.sampled_from(["approve", "minor_changes", "major_changes"]),
        notes=words,
        flags=st.lists(st.sampled_from([*catalog.flags(), "unheard_of"]), max_size=2),
        mode=st.sampled_from(["human", "human", "simulated"]),
    )
    def feedback(self, number: int, place: int, level: str, notes: str, flags: list[str], mode: str) -> None:
        name, pilot = self.pick(number)
        refusal: type[PilotError] | None = None
        if "unheard_of" in flags:
            refusal = InvalidRequest
        elif place > len(pilot.attempts):
            refusal = PilotNotFound
        elif pilot.status == "completed" or pilot.attempts[place - 1].state != "ready":
            refusal = NotAllowedNow
        if self.ask(lambda: pilots.record_feedback(self.store, name, place, notes, level, flags, mode), refusal):
            pilot.attempts[place - 1].said.append((level, notes, tuple(dict.fromkeys(flags)), mode))
            pilot.events.append("feedback_received")
            if level == "approve" and mode == "human":
                pilot.status, pilot.outcome, pilot.paused_for = "completed", "approved", None
                pilot.events.append("approved")

    @precondition(lambda self: self.pilots)
    @rule(number=which, reason=words)
    def pause(self, number: int, reason: str) -> None:
        name, pilot = self.pick(number)
        refusal = NotAllowedNow if pilot.status != "active" else None if reason.strip() else InvalidRequest
        if self.ask(lambda: pilots.pause(self.store, name, reason), refusal):
            pilot.status, pilot.paused_for = "paused", reason.strip()
            pilot.events.append("paused")

    @precondition(lambda self: any(p.status == "paused" for p in self.pilots.values()))
    @rule(number=which)
    def resume(self, number: int) -> None:
        name, pilot = self.pick(number)
        if self.ask(lambda: pilots.resume(self.store, name), None if pilot.status == "paused" else NotAllowedNow):
            pilot.status, pilot.paused_for = "active", None
            pilot.events.append("resumed")

    @precondition(lambda self: len(self.pilots) == PILOTS)
    @rule(number=which, reason=words, external=st.booleans())
    def drop(self, number: int, reason: str, external: bool) -> None:
        name, pilot = self.pick(number)
        refusal = NotAllowedNow if pilot.status == "completed" else None if reason.strip() else InvalidRequest
        if self.ask(lambda: pilots.drop(self.store, name, reason, external=external), refusal):
            pilot.status, pilot.outcome, pilot.paused_for = "completed", "dropped", None
            pilot.dropped_for, pilot.external = reason.strip(), external
            pilot.events.append("dropped")

    @precondition(lambda self: self.pilots)
    @rule(number=which, limit=st.integers(1, 52), reason=words)
    def raise_limit(self, number: int, limit: int, reason: str) -> None:
        name, pilot = self.pick(number)
        refusal: type[PilotError] | None = None
        if pilot.status == "completed":
            refusal = NotAllowedNow
        elif not pilot.limit < limit <= 50 or not reason.strip():
            refusal = InvalidRequest
        if self.ask(lambda: pilots.raise_limit(self.store, name, limit, reason), refusal):
            pilot.limit = limit
            pilot.events.append("limit_raised")

    @precondition(lambda self: self.pilots)
    @rule(number=which, product=words)
    def edit_brief(self, number: int, product: str) -> None:
        name, pilot = self.pick(number)
        refusal: type[PilotError] | None = None
        if pilot.status == "completed":
            refusal = NotAllowedNow
        elif product == pilot.product:
            refusal = InvalidRequest
        if self.ask(lambda: pilots.edit_brief(self.store, name, Brief(product=product)), refusal):
            pilot.product = product
            pilot.events.append("brief_edited")

    @precondition(lambda self: self.pilots)
    @rule()
    def close_and_reopen(self) -> None:
        self.held.close()
        self.open(self.reopened(self.store))

    @precondition(lambda self: self.pilots and self.stores < MOVES)
    @rule()
    def export_and_import(self) -> None:
        self.held.close()
        store = self.new_store()
        report = store.import_state(self.store.root)
        assert (sorted(report.imported), report.problems) == (sorted(self.pilots), [])
        self.open(store)
        self.unseen = WHOLE
        for pilot in self.pilots.values():
            pilot.events = ["imported"]
            for attempt in pilot.attempts:
                attempt.state = "failed" if attempt.state == "queued" else attempt.state

    @precondition(lambda self: self.pilots and self.stores < MOVES)
    @rule()
    def back_up_and_restore(self) -> None:
        self.held.close()
        root = self.fresh()
        file = root.with_suffix(".zip")
        back_up(self.store, file)
        restore(file, root)
        file.unlink()
        self.open(PilotStore(root))
        self.unseen = WHOLE

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        Services.steps += 1
        self.unseen += 1
        if self.unseen >= WHOLE:
            self.unseen = 0
            self.compare(list(self.pilots))
        elif self.changed:
            self.compare([self.changed])
        self.changed = None
        assert versions(self.store.database) == self.versions, "nothing else was written"

    def compare(self, names: list[str]) -> None:
        sql = "SELECT pilot_id, kind FROM events WHERE pilot_id = ANY(?) ORDER BY pilot_version, position"
        with self.store.database.session() as connection:
            stored = self.store.load_all(names)
            self.versions |= {pilot.pilot_id: pilot.version for pilot in stored}
            told = connection.execute(sql, [names]).fetchall()
        kinds: dict[str, list[str]] = {}
        for name, kind in told:
            kinds.setdefault(name, []).append(kind)
        assert {p.pilot_id: seen(p, kinds[p.pilot_id]) for p in stored} == {name: self.pilots[name] for name in names}


def run_steps(machine: type[Services], runs: int) -> int:
    """Let hypothesis run that many sequences. Returns the total number of steps."""
    Services.steps = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=STEPS_IN_A_RUN,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Services.steps


def test_random_steps_over_the_services_go_as_the_plain_model_says(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("everything"):
        assert run_steps(Services, ALL_RUNS) >= 5000
    else:
        assert run_steps(Services, RUNS) >= 1500


class ServicesOnPostgres(Services):
    """The same on the other engine, each store in its own database. A backup restores to DuckDB only."""

    server: postgres.Server
    template: str
    back_up_and_restore = None  # type: ignore[assignment]

    def new_store(self) -> PilotStore:
        url = self.databases.enter_context(self.server.database(self.template))
        return PilotStore(self.fresh(), database_url=url)

    def reopened(self, store: PilotStore) -> PilotStore:
        assert isinstance(store.database, PostgresDatabase)
        return PilotStore(store.root, database_url=store.database.url)

    @initialize()
    def begin(self) -> None:
        self.databases = ExitStack()
        super().begin()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "databases"):
            self.databases.close()


def test_they_go_the_same_way_on_postgresql(
    postgres_server: postgres.Server, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ServicesOnPostgres.server, ServicesOnPostgres.template = postgres_server, postgres_template
    monkeypatch.setattr(Services, "keeps_nul", False)
    assert run_steps(ServicesOnPostgres, RUNS_ON_POSTGRES) >= 1000
