"""A render that lives is never taken from its process, however long ago it was found waiting or silent."""

from collections.abc import Callable
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering import attempt as rendering
from pilot_core.rendering import recovery
from pilot_core.services import pilots
from pilot_core.store.queries.renders import under_way
from pilot_core.store.tables import renders
from tests.conftest import HandClock

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def queued(store: PilotStore, new_pilot: NewPilot) -> str:
    pilot = store.save(new_pilot())
    pilots.queue_attempt(store, pilot.pilot_id, "storyboard")
    return pilot.pilot_id


def claim_and_begin(store: PilotStore, pilot_id: str) -> None:
    """Do what a worker does first."""
    claimed = store.database.transaction(lambda c: renders.claim(c, f"{pilot_id}_a1", pilot_id, store.clock()))
    assert claimed
    store.change(pilot_id, lambda pilot: rendering._begin(pilot, 1, store.clock()))


def after(monkeypatch: pytest.MonkeyPatch, name: str, step: Callable[[], object]) -> None:
    """Take a step once recovery has read what that function returns, and before it acts on it."""
    read = getattr(recovery, name)

    def read_then(*given: Any) -> Any:
        found = read(*given)
        step()
        return found

    monkeypatch.setattr(recovery, name, read_then)


def silent(store: PilotStore) -> None:
    store.database.transaction(lambda c: c.execute("UPDATE renders SET worker = 'elsewhere'").fetchall())


@pytest.mark.parametrize("by_workers", [True, False])
def test_an_attempt_claimed_after_it_was_found_waiting_is_left_to_its_worker(
    store: PilotStore, queued: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch, by_workers: bool
) -> None:
    clock.forward(minutes=10)
    film = store.root / queued / "attempt_1" / "draft_v1.mp4"

    def begin() -> None:
        claim_and_begin(store, queued)
        film.parent.mkdir(parents=True, exist_ok=True)
        film.write_bytes(b"being made")
        store.change(queued, lambda pilot: setattr(pilot.attempt(1), "folder", f"{queued}/attempt_1"))

    after(monkeypatch, "queued_without_worker", begin)
    launched: list[int] = []
    if by_workers:
        assert recovery.give_back_abandoned(store, lambda *given: launched.append(given[2])) == []
    else:
        assert recovery.fail_abandoned(store) == []
    assert store.load(queued).attempt(1).state is AttemptState.RENDERING
    assert [render.attempt_id for render in under_way(store.database)] == [f"{queued}_a1"]
    assert film.exists()
    assert launched == []


@pytest.mark.parametrize("by_workers", [True, False])
def test_a_worker_heard_from_after_it_was_found_silent_keeps_its_attempt(
    store: PilotStore, queued: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch, by_workers: bool
) -> None:
    claim_and_begin(store, queued)
    silent(store)
    clock.forward(minutes=10)

    def beat() -> None:
        store.database.transaction(
            lambda c: c.execute("UPDATE renders SET heartbeat_at = CAST(? AS TIMESTAMP)", [clock()]).fetchall()
        )

    after(monkeypatch, "under_way", beat)
    found = recovery.give_back_abandoned(store, print) if by_workers else recovery.fail_abandoned(store)
    assert found == []
    assert store.load(queued).attempt(1).state is AttemptState.RENDERING
    assert len(under_way(store.database)) == 1


def test_two_that_look_at_once_give_an_attempt_back_once(
    store: PilotStore, queued: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_and_begin(store, queued)
    silent(store)
    clock.forward(minutes=10)
    launched: list[int] = []
    looks: list[list[str]] = []
    look = recovery.give_back_abandoned

    def other() -> None:
        monkeypatch.undo()
        looks.append(look(store, lambda *given: launched.append(given[2])))
        claim_and_begin(store, queued)

    after(monkeypatch, "under_way", other)
    assert recovery.give_back_abandoned(store, lambda *given: launched.append(given[2])) == []
    assert (looks, launched) == ([[f"{queued}_a1"]], [1])
    kinds = [event.kind for event in store.events(queued)]
    assert kinds.count("render_given_back") == 1
    assert store.load(queued).attempt(1).state is AttemptState.RENDERING
