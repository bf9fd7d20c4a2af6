"""The inbox: what needs someone today, by urgency; and the four numbers of the overview."""

from datetime import datetime, timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.services import pilots
from pilot_core.store.queries.headlines import WEEKS, headlines
from pilot_core.store.queries.inbox import Kind, Need, PilotCounts, inbox, pilot_counts
from pilot_core.store.tables.visits import begin_visit
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot

LEAD = at_command_line("Mara Lindqvist")


def needs(store: PilotStore, since: datetime | None = None, **options: object) -> list[Need]:
    return store.database.read(lambda c: inbox(c, LEAD, since, store.clock(), **options))  # type: ignore[arg-type]


def counts(store: PilotStore) -> PilotCounts:
    return store.database.read(pilot_counts)


def visit(store: PilotStore, visitor: str, now: datetime) -> datetime | None:
    return store.database.transaction(lambda c: begin_visit(c, visitor, now))


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
    make_pilot(store, clock, "Acme", story, max_attempts=2)

    assert [need.kind for need in needs(store)] == ([kind] if kind else [])


@pytest.mark.parametrize(("days", "kind"), [(13, Kind.AWAITING), (15, Kind.STALE)])
def test_a_pilot_with_nothing_new_for_two_weeks_is_stale(
    store: PilotStore, clock: HandClock, days: int, kind: Kind
) -> None:
    make_pilot(store, clock, "Acme", "wait")
    clock.forward(days=days)

    assert [need.kind for need in needs(store)] == [kind]


def test_needs_come_by_urgency_and_then_the_longest_first(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Paused", "m pause")
    make_pilot(store, clock, "Failed", "fail")
    make_pilot(store, clock, "Older cut", "wait")
    make_pilot(store, clock, "Newer cut", "wait")

    assert [need.company_name for need in needs(store)] == ["Older cut", "Newer cut", "Failed", "Paused"]


def test_a_need_tells_what_its_sentence_says(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "M wait", founder_name="Alice Chen")

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
        make_pilot(store, clock, f"Company {number}", "wait")

    assert [(need.company_name, need.alike) for need in needs(store, few=2)] == [("Company 0", 5), ("Company 1", 5)]
    assert len(needs(store, few=2, all_of=(Kind.AWAITING,))) == 5


def test_feedback_is_new_to_whoever_did_not_see_it_come_in(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Heard before", "m")
    looked = clock()
    make_pilot(store, clock, "Changes", "m")
    make_pilot(store, clock, "Approval", "A")
    logged = make_pilot(store, clock, "Logged by me", "wait")
    pilots.record_feedback(store, logged.pilot_id, 1, "Fine.", "minor_changes", actor=LEAD)
    simulated = make_pilot(store, clock, "Simulated", "wait")
    pilots.record_feedback(
        store, simulated.pilot_id, 1, "Fine.", "approve", mode="simulated", actor=at_command_line("Theo Grant")
    )

    new = [(n.company_name, n.decision) for n in needs(store, looked) if n.kind is Kind.FEEDBACK]

    assert new == [("Changes", "minor_changes"), ("Approval", "approve")]
    assert not [n for n in needs(store) if n.kind is Kind.FEEDBACK]


def test_a_visit_goes_on_for_half_an_hour_and_the_next_one_knows_when_it_ended(
    store: PilotStore, clock: HandClock
) -> None:
    first = clock()
    visits = [visit(store, LEAD, first)]
    visits.append(visit(store, LEAD, clock.forward(minutes=20)))
    ended = clock()
    visits.append(visit(store, LEAD, clock.forward(hours=5)))
    visits.append(visit(store, LEAD, clock.forward(minutes=5)))

    assert visits == [None, None, ended, ended]
    assert visit(store, "Theo Grant", clock()) is None


def test_how_things_stand_counts_every_pilot_once(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Cut", "wait")
    waiting_since = clock()
    make_pilot(store, clock, "Missed", "miss")
    make_pilot(store, clock, "Queued", "queue")
    make_pilot(store, clock, "Paused", "wait pause")
    make_pilot(store, clock, "Approved", "A")

    assert counts(store) == PilotCounts(
        pilots=5, active=3, paused=1, rendering=1, awaiting=2, longest_waiting=waiting_since
    )


def test_headlines_are_those_of_twelve_weeks_with_the_present_one_last(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Too long ago", "m A")
    clock.forward(weeks=WEEKS)
    make_pilot(store, clock, "Approved", "M A")
    clock.forward(weeks=1)
    make_pilot(store, clock, "Missed", "miss")
    make_pilot(store, clock, "Dropped", "m drop")

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
    assert counts(store).longest_waiting is None


def test_each_visitor_has_a_last_look_of_their_own(store: PilotStore, clock: HandClock) -> None:
    leads = [f"Lead {number}" for number in range(3)]
    for lead in leads:
        visit(store, lead, clock())
    clock.forward(days=1)

    assert [visit(store, lead, clock()) for lead in leads] == [clock() - timedelta(days=1)] * 3
