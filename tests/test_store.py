"""The store: saved pilots load unchanged, the first writer wins, and every change adds an event and a state file."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilot_core import PilotStore, catalog
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import Conflict, InvalidRequest, NotAllowedNow, PilotNotFound, StoreError
from pilot_core.services import pilots
from tests.conftest import HandClock

NewPilot = Callable[..., PilotRun]


def a_full_pilot(new_pilot: NewPilot, clock: HandClock) -> PilotRun:
    pilot = new_pilot(
        founder_name='Zoë "Z" O’Neil 王芳',
        brief=Brief(product="Lens", message="See <b>more</b>", proof_points=["3× faster"], link="https://example.com"),
    )
    pilot.add_attempt("a/draft_v1.mp4", "a/review_pack", 45.5, 2, 0.25, False, ["The film is 28 s long."], at=clock())
    pilot.record_feedback(
        1, "Hook is weak; DROP TABLE pilots;", "major_changes", ["hook_weak"], at=clock.forward(days=1)
    )
    pilot.record_feedback(1, "", "approve", mode="simulated", persona="busy founder", at=clock.forward(hours=1))
    pilot.add_attempt(pipeline="storyboard", at=clock.forward(hours=1))
    pilot.pause("Waiting for founder", at=clock.forward(hours=1))
    return pilot


def test_a_saved_pilot_comes_back_equal(store: PilotStore, new_pilot: NewPilot, clock: HandClock) -> None:
    pilot = store.save(a_full_pilot(new_pilot, clock))
    assert store.load(pilot.pilot_id) == pilot
    assert PilotStore(store.root).load(pilot.pilot_id) == pilot


def test_what_a_change_takes_away_is_gone_and_the_rest_stands(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    other = store.save(a_full_pilot(new_pilot, clock))
    pilot = store.save(a_full_pilot(new_pilot, clock))
    first = pilot.attempt(1)
    first.feedback[0].flags = ["too_long"]
    first.feedback.pop()
    first.total_cost_dollars = None
    store.save(pilot)
    assert store.load(pilot.pilot_id) == pilot
    assert store.load(other.pilot_id) == other


def test_every_change_leaves_an_event_with_who_when_and_what(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot = store.save(new_pilot(), actor="Lea Lead")
    clock.forward(hours=2)
    pilots.pause(store, pilot.pilot_id, "Founder travels", actor=at_command_line("Sam Second"))
    assert [(e.at.isoformat(), e.actor, e.kind, e.detail) for e in store.events(pilot.pilot_id)] == [
        ("2026-03-02T09:00:00+00:00", "Lea Lead", "created", {"scenario": "feature_launch", "brand": "acme"}),
        ("2026-03-02T11:00:00+00:00", "Sam Second", "paused", {"reason": "Founder travels"}),
    ]


def test_saving_a_pilot_that_changed_meanwhile_is_refused_and_loses_nothing(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot_id = store.save(new_pilot()).pilot_id
    mine, theirs = store.load(pilot_id), store.load(pilot_id)
    theirs.pause("Founder travels", at=clock.forward(minutes=5))
    store.save(theirs, actor="Sam Second")
    mine.drop("Too slow", at=clock())
    with pytest.raises(
        Conflict,
        match=rf"^{pilot_id} was changed meanwhile \(Sam Second: paused \(09:05 UTC\)\)\. "
        r"Nothing was written; load it and try again\.$",
    ):
        store.save(mine, actor="Lea Lead")
    assert store.load(pilot_id) == theirs
    assert json.loads((store.root / f"{pilot_id}.json").read_text())["status"] == "paused"
    assert mine.drop_reason == "Too slow", "what was typed is still there to be saved again"


def test_a_decision_made_on_an_outdated_page_meets_the_conflict(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    pilot.add_attempt("draft_v1.mp4")
    seen = store.save(pilot).version
    pilots.record_feedback(
        store, pilot.pilot_id, 1, "Shorter", "minor_changes", actor=at_command_line("Sam"), seen_version=seen
    )
    with pytest.raises(Conflict, match="Sam: feedback received"):
        pilots.record_feedback(
            store, pilot.pilot_id, 1, "Fine", "approve", actor=at_command_line("Lea"), seen_version=seen
        )
    assert store.load(pilot.pilot_id).status == "active"


def test_the_same_new_pilot_saved_twice_is_a_conflict(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    copy = pilot.model_copy(deep=True)
    store.save(pilot)
    with pytest.raises(Conflict):
        store.save(copy)


def test_changes_by_many_threads_all_arrive(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot_id = store.save(new_pilot(max_attempts=5)).pilot_id
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(pilots.raise_limit, store, pilot_id, n, f"to {n}") for n in range(6, 12)]
        refused = [error for job in jobs if (error := job.exception())]
    assert {type(error) for error in refused} <= {InvalidRequest}, "a lower limit than the present one"
    pilot = store.load(pilot_id)
    assert pilot.max_attempts == 11
    assert len([e for e in store.events(pilot_id) if e.kind == "limit_raised"]) == len(jobs) - len(refused)
    assert json.loads((store.root / f"{pilot_id}.json").read_text())["revision"] == pilot.version


def test_a_wrong_or_unknown_id_is_told_in_a_sentence(store: PilotStore) -> None:
    with pytest.raises(
        PilotNotFound, match=r"^“\.\./\.\./etc/passwd” is not a pilot id; one looks like pilot_20240115_abc12345"
    ):
        store.load("../../etc/passwd")
    with pytest.raises(PilotNotFound, match=r"^There is no pilot pilot_20240115_abc12345 in this store\.$"):
        store.load("pilot_20240115_abc12345")


def test_a_path_that_leaves_the_store_is_refused(store: PilotStore) -> None:
    with pytest.raises(StoreError, match="lies outside the store"):
        store.path_of("../other/film.mp4")


def test_a_store_made_by_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    store = PilotStore(tmp_path)
    store.database.transaction(
        lambda c: c.execute("INSERT INTO schema_migrations VALUES (999, '0999_later', ?)", [datetime(2030, 1, 1)])  # noqa: DTZ001
    )
    with pytest.raises(
        StoreError, match=r"was made by a newer version of Pilot Ops \(schema 999, this one knows \d+\)"
    ):
        store.database.migrate()


def test_an_approval_by_a_person_completes_the_pilot_and_a_simulated_one_does_not(
    store: PilotStore, new_pilot: NewPilot
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("draft_v1.mp4")
    store.save(pilot)
    after = pilots.record_feedback(store, pilot.pilot_id, 1, "", "approve", mode="simulated")
    assert (after.status, after.approval_outcome) == ("active", "pending")
    after = pilots.record_feedback(store, pilot.pilot_id, 1, "", "APPROVE")
    assert (after.status, after.approval_outcome) == ("completed", "approved")


def test_a_failed_render_uses_up_no_attempt_and_is_retried_under_its_own_number(
    store: PilotStore, new_pilot: NewPilot
) -> None:
    pilot_id = store.save(new_pilot(max_attempts=1)).pilot_id
    pilots.queue_attempt(store, pilot_id, "storyboard")
    with pytest.raises(NotAllowedNow, match=r"^Attempt 1 of pilot_\w+ is still queued; wait for it to be ready\.$"):
        pilots.queue_attempt(store, pilot_id, "storyboard")

    def fail(pilot: PilotRun) -> None:
        pilot.attempt(1).state = AttemptState.FAILED
        pilot.attempt(1).failure = "The disk is full."

    pilot, _ = store.change(pilot_id, fail)
    assert pilot.attempts_used == 0
    with pytest.raises(NotAllowedNow, match=r"^Attempt 1 of pilot_\w+ failed to render; retry it"):
        pilots.queue_attempt(store, pilot_id, "storyboard")
    pilot, attempt = pilots.retry_attempt(store, pilot_id)
    assert (attempt.attempt_number, attempt.state, attempt.failure, pilot.attempts_used) == (1, "queued", None, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"founder_name": "  "}, "Enter the founder's name."),
        ({"company_name": "x" * 201}, "Enter the company's name in one line of at most 200 readable characters."),
        ({"founder_name": "Alice\x00Chen"}, "Enter the founder's name in one line of at most 200 readable characters."),
        (
            {"scenario_type": "product_demo"},
            f"There is no scenario “product_demo”; choose one of: {', '.join(catalog.scenarios())}.",
        ),
        ({"brand": "nike"}, f"There is no brand “nike”; choose one of: {', '.join(catalog.brands())}."),
        ({"max_attempts": 0}, "Enter a limit of 1 to 50 attempts."),
    ],
)
def test_a_pilot_that_cannot_be_is_refused_with_a_sentence(
    new_pilot: NewPilot, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        new_pilot(**change)
    assert str(caught.value) == sentence


def test_the_brand_is_kept_with_the_pilot_as_it_was(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = store.load(store.save(new_pilot()).pilot_id)
    assert pilot.brand_context == {
        "preset": "acme",
        "label": "Acme",
        "tone": "bold",
        "pacing": 0.8,
        "pacing_label": "aggressive",
        "claims": "aggressive",
        "palette": {"dark": "#12101B", "deep": "#2B1B5A", "light": "#FFF8EC", "accent": "#FF5A36"},
    }
    assert pilot.playbook_version


def test_late_feedback_on_an_earlier_attempt_can_be_recorded(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("one.mp4", at=clock())
    pilot.add_attempt("two.mp4", at=clock.forward(days=1))
    store.save(pilot)
    clock.forward(days=1)
    after = pilots.record_feedback(store, pilot.pilot_id, 1, "Too long", "minor_changes", ["too_long"])
    assert after.attempt(1).review is not None
    assert after.attempt(1).review.received_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert after.attempt(2).review is None
