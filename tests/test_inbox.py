"""The inbox: what a lead can move first, then who is waited for; and the four numbers of the overview."""

from datetime import datetime, timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import SentHow
from pilot_core.services import inbox as acts
from pilot_core.services import judgements, pilots
from pilot_core.store.queries.headlines import WEEKS, headlines
from pilot_core.store.queries.inbox import Asked, Inbox, Kind, Need, PilotCounts, inbox, pilot_counts
from pilot_core.store.tables.visits import begin_visit
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot

LEAD = at_command_line("Mara Lindqvist")
LATE = timedelta(hours=24)


def asked(store: PilotStore, since: datetime | None = None, **options: object) -> Asked:
    """Return a question of Mara's, for whom a step is late after a day."""
    now = store.clock()
    return Asked(LEAD, since, now, ours_late=now - LATE, review_late=now - 2 * LATE, **options)  # type: ignore[arg-type]


def needs(store: PilotStore, since: datetime | None = None, **options: object) -> list[Need]:
    return store.database.read(lambda c: inbox(c, asked(store, since, **options)))


def counts(store: PilotStore) -> PilotCounts:
    return store.database.read(lambda c: pilot_counts(c, asked(store)))


def visit(store: PilotStore, visitor: str, now: datetime) -> datetime | None:
    return store.database.transaction(lambda c: begin_visit(c, visitor, now))


def send(store: PilotStore, pilot_id: str) -> None:
    """Mark the latest attempt as sent."""

    def mark(pilot: object) -> None:
        pilot.mark_sent(pilot.latest_attempt.attempt_number, "Mara", SentHow.HAND, store.clock())  # type: ignore[attr-defined]

    store.change(pilot_id, mark, LEAD)


@pytest.mark.parametrize(
    ("story", "kind"),
    [
        ("wait", Kind.READY),
        ("m wait", Kind.READY),
        ("wait send", Kind.AWAITING),
        ("miss", Kind.READY),
        ("m fail", Kind.FAILED),
        ("m m", Kind.OUT_OF_ATTEMPTS),
        ("m m pause", Kind.OUT_OF_ATTEMPTS),
        ("M", Kind.FEEDBACK),
        ("", Kind.BEGIN),
        ("m pause", Kind.PAUSED),
        ("queue", None),
        ("A", None),
        ("A lost", Kind.UNFILED),
        ("m drop", None),
    ],
)
def test_a_pilot_is_in_the_inbox_for_the_one_thing_that_is_next(
    store: PilotStore, clock: HandClock, story: str, kind: Kind | None
) -> None:
    done = [step for step in story.split() if step not in ("send", "lost")]
    pilot = make_pilot(store, clock, "Acme", " ".join(done), max_attempts=2)
    if "send" in story:
        send(store, pilot.pilot_id)
    if "lost" in story:  # as an import, whose report nobody owes
        store.database.transaction(lambda c: c.execute("DELETE FROM reports_due"))

    assert [need.kind for need in needs(store)] == ([kind] if kind else [])
    if kind is Kind.UNFILED:
        judgements.file_report(store, pilot.pilot_id, LEAD)
        assert needs(store) == []


def test_what_a_lead_can_move_comes_before_who_is_waited_for(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Paused", "m pause")
    send(store, make_pilot(store, clock, "Older", "wait").pilot_id)
    send(store, make_pilot(store, clock, "Newer", "wait").pilot_id)
    make_pilot(store, clock, "Begin")
    make_pilot(store, clock, "Ready", "wait")
    make_pilot(store, clock, "Feedback", "m")
    make_pilot(store, clock, "Failed", "fail")

    found = [need.company_name for need in needs(store)]
    assert found == ["Failed", "Feedback", "Ready", "Begin", "Older", "Newer", "Paused"]


def test_the_time_of_a_review_runs_from_sending(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait").pilot_id
    clock.forward(hours=47)
    [ready] = needs(store)
    assert (ready.kind, ready.is_late) == (Kind.READY, True)
    send(store, pilot_id)
    sent_at = clock()
    clock.forward(hours=47)
    [early] = needs(store)
    clock.forward(hours=1)
    [late] = needs(store)

    assert (early.since, early.is_late, late.is_late, late.late) == (sent_at, False, True, 1)
    assert (late.stage, late.is_stale) == ("sent", False)
    clock.forward(days=14)
    assert needs(store)[0].is_stale


def test_a_row_tells_what_its_sentence_says(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "M miss", founder_name="Alice Chen")

    [need] = needs(store)

    assert need == Need(
        kind=Kind.READY,
        pilot_id=pilot.pilot_id,
        founder_name="Alice Chen",
        company_name="Acme",
        attempt_number=2,
        attempts_used=2,
        max_attempts=5,
        stage="ready",
        watched=None,
        decision=None,
        said_by=None,
        detail="Silence of 2.4 s; the limit is 2 s.",
        owner=None,
        snoozed_until=None,
        version=pilot.version,
        since=clock(),
        is_late=False,
        is_new=False,
        is_stale=False,
        alike=1,
        late=0,
    )


def test_a_few_of_each_kind_are_shown_and_all_are_counted(store: PilotStore, clock: HandClock) -> None:
    for number in range(5):
        make_pilot(store, clock, f"Company {number}", "wait")

    assert [(need.company_name, need.alike) for need in needs(store, few=2)] == [("Company 0", 5), ("Company 1", 5)]
    assert len(needs(store, few=2, all_of=(Kind.READY,))) == 5


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

    new = [(n.company_name, n.kind, n.decision) for n in needs(store, looked) if n.is_new]

    assert new == [("Changes", Kind.FEEDBACK, "minor_changes"), ("Approval", Kind.APPROVED, "approve")]
    assert not [n for n in needs(store) if n.is_new]


def test_each_view_shows_and_counts_its_own(store: PilotStore, clock: HandClock) -> None:
    late = make_pilot(store, clock, "Late", "wait").pilot_id
    clock.forward(days=2)
    mine = make_pilot(store, clock, "Mine", "wait").pilot_id
    theirs = make_pilot(store, clock, "Theirs", "wait").pilot_id
    put_off = make_pilot(store, clock, "Put off", "wait").pilot_id
    acts.assign(store, mine, LEAD, LEAD)
    acts.assign(store, theirs, "Theo Grant", LEAD)
    acts.snooze(store, put_off, clock() + timedelta(days=1), LEAD)

    shown = {view: [need.company_name for need in needs(store, show=view)] for view in Inbox}
    assert shown == {
        Inbox.EVERYONE: ["Late", "Mine", "Theirs"],
        Inbox.MINE: ["Mine"],
        Inbox.UNOWNED: ["Late"],
        Inbox.LATE: ["Late"],
        Inbox.SNOOZED: ["Put off"],
    }
    assert counts(store).by_view == {view: len(found) for view, found in shown.items()}
    clock.forward(days=1)
    assert "Put off" in [need.company_name for need in needs(store)], "the snooze is over"
    assert late in [need.pilot_id for need in needs(store)]


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
    send(store, make_pilot(store, clock, "Sent", "wait").pilot_id)
    sent_at = clock()
    make_pilot(store, clock, "Missed", "miss")
    make_pilot(store, clock, "Queued", "queue")
    make_pilot(store, clock, "Paused", "wait pause")
    make_pilot(store, clock, "Out", "M", max_attempts=1)
    make_pilot(store, clock, "Out and paused", "M pause", max_attempts=1)
    make_pilot(store, clock, "Approved", "A")

    found = counts(store)
    assert (found.pilots, found.open, found.out_of_attempts, found.paused) == (7, 3, 2, 1)
    assert (found.rendering, found.unsent, found.awaiting, found.longest_waiting) == (1, 1, 1, sent_at)


def test_headlines_are_of_the_pilots_created_in_twelve_weeks(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Too long ago", "m A")
    clock.forward(weeks=WEEKS)
    first = make_pilot(store, clock, "Approved", "M A").created_at.date()
    clock.forward(weeks=1)
    make_pilot(store, clock, "Missed", "miss")
    make_pilot(store, clock, "Dropped", "m drop")

    found = headlines(store.database, clock())

    assert found.cohort.created_from == first
    assert (found.approval_rate.numerator, found.approval_rate.denominator, found.outcomes.open) == (1, 2, 1)
    assert (found.ttfc_first.median, found.ttfc_first.n) == (40.0, 3)
    assert (found.iterations_per_attempt.mean, found.iterations_per_attempt.n) == (1.0, 4)
    assert (found.sla_all.numerator, found.sla_all.denominator) == (3, 4)


def test_an_empty_store_has_no_headlines_and_no_needs(store: PilotStore) -> None:
    found = headlines(store.database, store.clock())

    assert (found.ttfc_first.median, found.iterations_per_attempt.mean, found.outcomes.pilots) == (None, None, 0)
    assert needs(store) == []
    assert counts(store).longest_waiting is None


def test_each_visitor_has_a_last_look_of_their_own(store: PilotStore, clock: HandClock) -> None:
    leads = [f"Lead {number}" for number in range(3)]
    for lead in leads:
        visit(store, lead, clock())
    clock.forward(days=1)

    assert [visit(store, lead, clock()) for lead in leads] == [clock() - timedelta(days=1)] * 3
