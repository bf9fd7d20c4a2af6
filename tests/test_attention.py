"""What needs someone today, in the order in which it matters, and the overview's four numbers."""

from datetime import datetime, timedelta

import pytest

from pilot_core import services
from pilot_core.store.attention import Kind, Need, Standing, attention, begin_visit
from pilot_core.store.headlines import WEEKS, headlines
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock
from tests.told_pilots import tell

LEAD = "Mara Lindqvist"


def needs(store: PilotStore, since: datetime | None = None, **options: object) -> list[Need]:
    return store.database.read(lambda c: attention(c, LEAD, since, store.clock(), **options)[1])  # type: ignore[arg-type]


def standing(store: PilotStore) -> Standing:
    return store.database.read(lambda c: attention(c, LEAD, None, store.clock())[0])


@pytest.mark.parametrize(
    ("story", "kind"),
    [
        ("wait", Kind.AWAITING),
        ("m wait", Kind.AWAITING),
        ("miss", Kind.SLA_MISSED),
        ("m fail", Kind.FAILED),
        ("m m", Kind.AT_LIMIT),
        ("M", Kind.NEXT_DUE),
        ("", Kind.NEXT_DUE),
        ("m pause", Kind.PAUSED),
        ("queue", None),
        ("A", None),
        ("m drop", None),
    ],
)
def test_a_pilot_needs_someone_for_the_first_reason_that_is_true_of_it(
    store: PilotStore, clock: HandClock, story: str, kind: Kind | None
) -> None:
    tell(store, clock, "Acme", story, max_attempts=2)

    assert [need.kind for need in needs(store)] == ([kind] if kind else [])


@pytest.mark.parametrize(("days", "kind"), [(13, Kind.AWAITING), (15, Kind.STALE)])
def test_a_pilot_with_nothing_new_for_two_weeks_is_stale(
    store: PilotStore, clock: HandClock, days: int, kind: Kind
) -> None:
    tell(store, clock, "Acme", "wait")
    clock.forward(days=days)

    assert [need.kind for need in needs(store)] == [kind]


def test_needs_come_by_urgency_and_then_the_longest_first(store: PilotStore, clock: HandClock) -> None:
    tell(store, clock, "Paused", "m pause")
    tell(store, clock, "Failed", "fail")
    tell(store, clock, "Older cut", "wait")
    tell(store, clock, "Newer cut", "wait")

    assert [need.company_name for need in needs(store)] == ["Older cut", "Newer cut", "Failed", "Paused"]


def test_a_need_tells_what_its_sentence_says(store: PilotStore, clock: HandClock) -> None:
    pilot = tell(store, clock, "Acme", "M wait", founder_name="Alice Chen")

    [need] = needs(store)

    assert need == Need(
        kind=Kind.AWAITING,
        pilot_id=pilot.pilot_id,
        founder_name="Alice Chen",
        company_name="Acme",
        attempt_number=2,
        attempts_used=2,
        max_attempts=5,
        decision=None,
        said_by=None,
        detail=None,
        since=clock(),
        alike=1,
    )


def test_a_few_of_each_kind_are_shown_and_all_are_counted(store: PilotStore, clock: HandClock) -> None:
    for number in range(5):
        tell(store, clock, f"Company {number}", "wait")

    assert [(need.company_name, need.alike) for need in needs(store, few=2)] == [("Company 0", 5), ("Company 1", 5)]
    assert len(needs(store, few=2, all_of=(Kind.AWAITING,))) == 5


def test_feedback_is_new_to_whoever_did_not_see_it_come_in(store: PilotStore, clock: HandClock) -> None:
    tell(store, clock, "Heard before", "m")
    looked = clock()
    tell(store, clock, "Changes", "m")
    tell(store, clock, "Approval", "A")
    logged = tell(store, clock, "Logged by me", "wait")
    services.record_feedback(store, logged.pilot_id, 1, "Fine.", "minor_changes", actor=LEAD)
    simulated = tell(store, clock, "Simulated", "wait")
    services.record_feedback(store, simulated.pilot_id, 1, "Fine.", "approve", mode="simulated", actor="Theo Grant")

    new = [(n.company_name, n.decision) for n in needs(store, looked) if n.kind is Kind.FEEDBACK]

    assert new == [("Changes", "minor_changes"), ("Approval", "approve")]
    assert not [n for n in needs(store) if n.kind is Kind.FEEDBACK]


def test_a_visit_goes_on_for_half_an_hour_and_the_next_one_knows_when_it_ended(
    store: PilotStore, clock: HandClock
) -> None:
    first = clock()
    visits = [begin_visit(store.database, LEAD, first)]
    visits.append(begin_visit(store.database, LEAD, clock.forward(minutes=20)))
    ended = clock()
    visits.append(begin_visit(store.database, LEAD, clock.forward(hours=5)))
    visits.append(begin_visit(store.database, LEAD, clock.forward(minutes=5)))

    assert visits == [None, None, ended, ended]
    assert begin_visit(store.database, "Theo Grant", clock()) is None


def test_how_things_stand_counts_every_pilot_once(store: PilotStore, clock: HandClock) -> None:
    tell(store, clock, "Cut", "wait")
    waiting_since = clock()
    tell(store, clock, "Missed", "miss")
    tell(store, clock, "Queued", "queue")
    tell(store, clock, "Paused", "wait pause")
    tell(store, clock, "Approved", "A")

    assert standing(store) == Standing(
        pilots=5, active=3, paused=1, in_the_making=1, awaiting=2, longest_waiting=waiting_since
    )


def test_headlines_are_those_of_twelve_weeks_with_the_present_one_last(store: PilotStore, clock: HandClock) -> None:
    tell(store, clock, "Too long ago", "m A")
    clock.forward(weeks=WEEKS)
    tell(store, clock, "Approved", "M A")
    clock.forward(weeks=1)
    tell(store, clock, "Missed", "miss")
    tell(store, clock, "Dropped", "m drop")

    found = store.database.read(lambda c: headlines(c, clock()))

    assert (found.approved, found.decided, found.approved_course[-2:]) == (1, 2, [1.0, 0.0])
    assert (found.first_cut_median, found.first_cut_n) == (40.0, 3)
    assert (found.iterations_mean, found.iterations_n) == (1.0, 4)
    assert (found.sla_kept, found.sla_n) == (3, 4)
    assert found.first_cut_course == [None] * 10 + [40.0, 40.0]
    assert found.sla_course[-2:] == [1.0, 0.5]


def test_an_empty_store_has_no_headlines_and_no_needs(store: PilotStore) -> None:
    found = store.database.read(lambda c: headlines(c, store.clock()))

    assert (found.first_cut_median, found.iterations_mean, found.decided, found.sla_n) == (None, None, 0, 0)
    assert needs(store) == []
    assert standing(store).longest_waiting is None


def test_each_visitor_has_a_last_look_of_their_own(store: PilotStore, clock: HandClock) -> None:
    leads = [f"Lead {number}" for number in range(3)]
    for lead in leads:
        begin_visit(store.database, lead, clock())
    clock.forward(days=1)

    assert [begin_visit(store.database, lead, clock()) for lead in leads] == [clock() - timedelta(days=1)] * 3
