"""Whom a pilot waited for: every moment of its life counts once, for the one who could move it."""

import os
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.pilot import ApprovalOutcome
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.waits import Party, Waits, reading, sentence
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.shown import film_checksum
from pilot_core.services.pilots import create_pilot
from pilot_core.store.queries.waits import approved_waits, pilot_waits
from pilot_core.web.pages.metrics import whose_clock
from tests.conftest import HandClock
from tests.reviewing import LEAD, pilot_in_review, reviewer

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["attempt", "send", "minor", "approve", "pause", "resume", "drop"]), st.integers(0, 10_000)
    ),
    max_size=12,
)


def lived(store: PilotStore, clock: HandClock, steps: list[tuple[str, int]]) -> tuple[str, dict[Party, timedelta]]:
    """Take the steps that are possible, and return the pilot with the time that passed for each party."""
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", now=clock())
    party, paused, ended = Party.TEAM, False, False
    waits = dict.fromkeys(Party, timedelta())
    for step, minutes in steps:
        if not ended:
            waits[Party.PAUSED if paused else party] += timedelta(minutes=minutes)
        clock.forward(minutes=minutes)
        latest = pilot.latest_attempt
        reviewed = latest is not None and latest.review is not None
        if ended:
            continue
        if step == "attempt" and not paused and (latest is None or reviewed) and pilot.attempts_used < 5:
            pilot.add_attempt("film.mp4", at=clock())
            party = Party.TEAM
        elif step == "send" and latest and not reviewed and not latest.sent_at:
            pilot.mark_sent(latest.attempt_number, "Mara", SentHow.HAND, at=clock())
            party = Party.FOUNDER
        elif step in ("minor", "approve") and latest and latest.sent_at and not reviewed:
            level = "approve" if step == "approve" else "minor_changes"
            pilot.record_feedback(latest.attempt_number, "Said so.", level, at=clock())
            party, ended = Party.TEAM, step == "approve"
        elif step == "pause" and not paused:
            pilot.pause("on holiday", at=clock())
            paused = True
        elif step == "resume" and paused:
            pilot.resume(at=clock())
            paused = False
        elif step == "drop":
            pilot.drop("no budget", at=clock())
            ended = True
    store.save(pilot, LEAD)
    return pilot.pilot_id, waits


def test_every_moment_counts_once_for_whom_the_pilot_waits(store: PilotStore, clock: HandClock) -> None:
    began, approved = clock(), dict.fromkeys(Party, timedelta())
    examples = int(os.environ.get("PILOT_OPS_EXAMPLES", "40"))

    @settings(max_examples=examples, deadline=None, database=None)
    @given(steps=STEPS)
    def check(steps: list[tuple[str, int]]) -> None:
        clock.now = began
        pilot_id, waits = lived(store, clock, steps)
        found = pilot_waits(store.database, pilot_id, clock())
        assert found.by_party == waits
        assert (found.pilots, found.unknown) == (1, 0)
        if store.load(pilot_id).approval_outcome is ApprovalOutcome.APPROVED:
            for party in Party:
                approved[party] += waits[party]

    check()
    found = approved_waits(store.database, Cohort(), began + timedelta(days=400))
    assert {party: round(time.total_seconds()) for party, time in found.by_party.items()} == {
        party: round(time.total_seconds()) for party, time in approved.items()
    }


def test_a_pilot_approved_in_the_review_room_waits_for_nobody_until_that_is_undone(
    store: PilotStore, clock: HandClock
) -> None:
    """The room notes the decision after the approval itself."""
    pilot = pilot_in_review(store)
    clock.forward(hours=3)
    shown = film_checksum(store, pilot.pilot_id, pilot.attempt(1))
    dana = reviewer(store, pilot)
    given = decide(store, dana, 1, Decision("approve", approved_sha256=shown))
    assert store.events(pilot.pilot_id)[-1].kind == "review_decision"
    clock.forward(days=30)
    for found in (
        pilot_waits(store.database, pilot.pilot_id, clock()),
        approved_waits(store.database, Cohort(), clock()),
    ):
        assert found.total == timedelta(hours=3)
    clock.forward(days=-30, minutes=5)
    undo_decision(store, dana, given.feedback_id)
    clock.forward(hours=2)
    assert pilot_waits(store.database, pilot.pilot_id, clock()).total == timedelta(hours=5)


def test_the_time_of_a_pilot_is_said_longest_first() -> None:
    def waits(**days: float) -> Waits:
        by_party = {party: timedelta(days=days.get(party.value, 0)) for party in Party}
        return Waits(1, 0, by_party)

    assert sentence(waits(team=4, founder=14)) == "18 days: 14 days with the founder, 4 days with us."
    assert sentence(waits(team=0.5, paused=3)) == "4 days: 3 days paused, 12 hours with us."
    assert sentence(waits(rendering=0.001)) == "1 minute: 1 minute rendering."
    assert sentence(waits()) == ""
    assert sentence(Waits(0, 1, dict.fromkeys(Party, timedelta()))) == ""


def test_the_metrics_page_says_for_whom_approved_pilots_waited() -> None:
    by_party = {Party.TEAM: timedelta(days=2), Party.FOUNDER: timedelta(days=6)}
    found = Waits(4, 1, dict.fromkeys(Party, timedelta()) | by_party)
    assert reading(found) == (
        "4 approved pilots, 2 days from creation to approval on average: the founder 75%, us 25%. "
        "1 imported pilot left out, since the steps are not known."
    )
    assert [(bar.name, bar.x) for bar in whose_clock.figure(found).data] == [("Us", (0.5,)), ("The founder", (1.5,))]
    assert reading(Waits(0, 0, {})) == "No approved pilot whose steps are known."
