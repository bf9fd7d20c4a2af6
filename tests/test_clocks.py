"""What the time asks for: once, on the right day, and found in a large store without reading all of it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from pilot_core import services
from pilot_core.messages import clocks, outbox
from pilot_core.messages.clocks import Asked
from pilot_core.messages.hours import Hours
from pilot_core.messages.sender import send_due
from pilot_core.messages.words import words_of
from pilot_core.review.decisions import undo_decision
from pilot_core.review.links import make_link
from pilot_core.settings import Settings
from pilot_core.store import outbox as outbox_rows
from pilot_core.store import waiting
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Kind, State
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock
from tests.messaging import make_ready, new_pilot, post_office, set_up

BERLIN = Hours("Europe/Berlin", (0, 1, 2, 3, 4), 8, 19)
LEAD = "Lea Lead"
UNDER_WAY = (State.WAITING, State.GOING)


def told_pilot(store: PilotStore, company: str = "AcmeAI") -> str:
    pilot_id = new_pilot(store, company=company).pilot_id
    outbox.set_address(store, pilot_id, "alice@founder.example", LEAD)
    return pilot_id


def kinds(store: PilotStore, pilot_id: str) -> list[tuple[Kind, State]]:
    """The pilot's messages, the oldest first."""
    return [(message.kind, message.state) for message in reversed(outbox.messages_of(store, pilot_id))]


def digests(store: PilotStore) -> list[tuple[str, State, str | None]]:
    """The day, state and reason of each digest, the oldest first."""
    sql = "SELECT message_id FROM messages WHERE kind = 'digest' ORDER BY written_at"
    ids = store.database.read(lambda c: [found for (found,) in c.execute(sql).fetchall()])
    found = [outbox.find(store, message_id) for message_id in ids]
    return [(message.about, message.state, message.reason) for message in found]


@pytest.mark.parametrize(
    ("hours", "review_hours"),
    [(BERLIN, 48.0), (Hours("Asia/Beirut", (5, 6, 0, 2), 0, 24), 10.0), (Hours("America/Havana"), 100.0)],
)
def test_what_is_asked_for_is_the_same_as_when_every_pilot_is_read(
    store: PilotStore, clock: HandClock, hours: Hours, review_hours: float
) -> None:
    chance = random.Random(f"{hours.zone} {review_hours}")
    config = set_up(hours=hours, review_hours=review_hours)
    # Summer time begins within these weeks in all three places, in two of them at midnight.
    clock.now = datetime(2026, 2, 27, 20, tzinfo=UTC)
    found: set[Kind] = set()
    with store.database.lease.session():
        pilots = [told_pilot(store, f"Company {n}") for n in range(6)]
        for _ in range(100):
            clock.forward(hours=chance.choice((1, 5, 9, 14)))
            something_happens(store, chance, chance.choice(pilots))
            now = clock()
            asked = store.database.read(lambda c, now=now: clocks.asked_for(c, config, now, for_leads=False))
            assert asked == store.database.read(lambda c, now=now: plainly(c, store, config, now))
            found |= {one.kind for one in asked}
            states = [chance.choice(("waiting", "sent", "sent", "cancelled", "by_hand")) for _ in asked]
            store.database.transaction(lambda c, asked=asked, states=states, now=now: go(c, asked, states, now))
    assert found == {Kind.REMINDER, Kind.LINK_EXPIRING}


def something_happens(store: PilotStore, chance: random.Random, pilot_id: str) -> None:
    pilot = store.load(pilot_id)
    what = chance.choice(("ready", "heard", "pause", "resume", "quiet", "link", "sent", "", "", "", "", ""))
    if what == "ready" and pilot.status == "active" and len(pilot.runs) < 4 and all(run.feedback for run in pilot.runs):
        make_ready(store, pilot_id, held=chance.choice((None, None, "Look at it first.")))
    elif what == "heard" and pilot.runs and pilot.status == "active" and chance.random() < 0.3:
        services.record_feedback(store, pilot_id, len(pilot.runs), "Shorter", "minor_changes")
    elif what == "pause" and pilot.status == "active" and chance.random() < 0.5:
        services.pause(store, pilot_id, "Away")
    elif what == "resume" and pilot.status == "paused":
        services.resume(store, pilot_id)
    elif what == "quiet":
        outbox.switch(store, pilot_id, chance.random() < 0.8, LEAD)
    elif what == "link":
        last_day = store.clock().date() + timedelta(days=chance.choice((1, 3, 14)))
        make_link(store, pilot_id, pilot.founder_name, expires_on=last_day, actor=LEAD)
    elif what == "sent":
        # Whatever waited has gone by now.
        sql = "UPDATE messages SET state = 'sent', ended_at = ? WHERE state IN ('waiting', 'held')"
        store.database.transaction(lambda c: c.execute(sql, [store.clock().replace(tzinfo=None)]).fetchall())


def go(connection: Connection, asked: list[Asked], states: list[str], now: datetime) -> None:
    for one, state in zip(asked, states, strict=True):
        outbox_rows.tell(connection, one.kind, one.pilot_id, now, attempt_number=one.attempt_number, about=one.about)
        ended = None if state == "waiting" else now.replace(tzinfo=None)
        sql = "UPDATE messages SET state = ?, ended_at = ? WHERE message_id = ?"
        connection.execute(sql, [state, ended, one.message_id])


def plainly(connection: Connection, store: PilotStore, config: Settings, now: datetime) -> list[Asked]:
    """The same with every pilot read and every message looked at."""
    if not config.hours.is_open(now):
        return []
    today, asked = config.hours.day_of(now), []
    for course in waiting.courses(connection, now):
        messages = outbox.messages_of(store, course.pilot_id)
        written = [m for m in messages if m.kind in (Kind.REMINDER, Kind.LINK_EXPIRING)]
        times = [at for m in written for at in (m.written_at, m.ended_at) if at]
        if clocks._step(course) != "review" or course.is_quiet or course.is_off:
            continue
        if any(m.state in UNDER_WAY for m in written) or any(config.hours.day_of(at) == today for at in times):
            continue
        one = clocks._reminder(course, config, now) or clocks._last_call(course, now)
        if one and one.message_id not in {m.message_id for m in messages}:
            asked.append(one)
    return asked


@pytest.mark.parametrize("hours", [Hours(), BERLIN, Hours("Asia/Beirut", (5, 6, 0, 2)), Hours("Pacific/Apia", (6,))])
def test_going_back_in_working_time_ends_where_going_forward_began(hours: Hours) -> None:
    chance = random.Random(hours.zone)
    begins = datetime(2026, 3, 1, tzinfo=UTC)
    for _ in range(300):
        now = begins + timedelta(minutes=chance.randrange(60 * 24 * 60))
        while hours.local(now).weekday() not in hours.days:
            now += timedelta(hours=5)
        span = chance.choice((0.5, 10, 24, 48, 120))
        last = hours.before(now, span)
        assert hours.after(last, span) <= now
        assert hours.after(last + timedelta.resolution, span) > now


def test_nobody_is_written_to_twice_a_day_even_where_yesterdays_reminder_went_this_morning(
    store: PilotStore, clock: HandClock
) -> None:
    with post_office() as office:
        office.now = clock
        config = set_up(office, hours=BERLIN, hold_minutes=10.0, review_hours=20.0)
        clock.now = datetime(2026, 3, 2, 7, 45, tzinfo=UTC)
        pilot_id = told_pilot(store)
        make_ready(store, pilot_id)
        midnight = datetime(2026, 3, 1, 23, tzinfo=UTC)  # there
        for day in range(5):
            for minutes in (480, 490, 535, 545, 720, 1135, 1145):
                clock.now = max(clock.now, midnight + timedelta(days=day, minutes=minutes))
                send_due(store, config)
        taken = zip(office.times, office.taken, strict=True)
        days = [BERLIN.day_of(at) for at, (to, _) in taken if "founder" in to]
        assert len(days) == len(set(days)) >= 4
        written = [BERLIN.local(m.written_at).hour for m in outbox.messages_of(store, pilot_id)]
        assert 18 in written, "one was written in the evening and held over night"


def test_no_reminder_is_written_while_one_is_still_on_its_way(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office)
        pilot_id = told_pilot(store)
        make_ready(store, pilot_id)
        send_due(store, config)
        clock.forward(hours=24)
        office.moods = ["refuse"] * 6
        for _ in range(26):
            send_due(store, config)
            clock.forward(hours=1)
        assert kinds(store, pilot_id) == [(Kind.CUT_READY, State.SENT), (Kind.REMINDER, State.SENT)]


def test_a_digest_whose_news_is_gone_before_it_goes_is_not_sent(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office, hold_minutes=10.0)
        pilot_id = told_pilot(store)
        make_ready(store, pilot_id)
        services.record_feedback(store, pilot_id, 1, "Shorter", "minor_changes")
        clock.forward(hours=20)
        send_due(store, config)
        assert [(day, state) for day, state, _ in digests(store)] == [("2026-03-03", State.WAITING)]
        make_ready(store, pilot_id)
        clock.forward(minutes=10)
        send_due(store, config)
        assert digests(store) == [("2026-03-03", State.CANCELLED, "There is nothing to tell any more.")]
        assert not [message for _, message in office.taken if "Pilots on" in str(message["Subject"])]


def test_a_digest_of_the_evening_does_not_go_beside_the_next_mornings(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office, hours=Hours("UTC", tuple(range(7)), 8, 19), hold_minutes=10.0)
        clock.now = datetime(2026, 3, 3, 18, 55, tzinfo=UTC)
        told_pilot(store)
        clock.now = datetime(2026, 3, 4, 18, 55, tzinfo=UTC)  # the first attempt was due a moment ago
        send_due(store, config)
        for _ in range(3):
            clock.now = max(clock.now, datetime(2026, 3, 5, 8, tzinfo=UTC))
            send_due(store, config)
            clock.forward(minutes=10)
        assert [(day, state) for day, state, _ in digests(store)] == [
            ("2026-03-04", State.CANCELLED),
            ("2026-03-05", State.SENT),
        ]
        (digest,) = office.taken
        assert str(digest[1]["Subject"]) == "Pilots on Thursday 5 March: 1 for us"


def test_leads_hear_nothing_on_a_day_on_which_nothing_is_due(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office)
        pilot_id = told_pilot(store)
        make_ready(store, pilot_id)
        for _ in range(40):  # the founder has 48 hours
            send_due(store, config)
            clock.forward(hours=1)
        assert digests(store) == []
        assert {to for to, _ in office.taken} == {"alice@founder.example"}


def test_a_decision_taken_back_lets_reminders_go_on(store: PilotStore, clock: HandClock) -> None:
    from pilot_core.review.decisions import decide
    from tests.reviewing import reviewer, team

    config = set_up()
    pilot_id = told_pilot(store)
    make_ready(store, pilot_id)
    send_due(store, config)
    pilot = store.load(pilot_id)
    given = decide(store, reviewer(store, pilot), 1, "minor_changes", ["too_long"])
    clock.forward(minutes=5)
    undo_decision(store, team(pilot), given.feedback_id)
    clock.forward(hours=24)
    send_due(store, config)
    assert (Kind.REMINDER, State.BY_HAND) in kinds(store, pilot_id)
    assert "waits for you" in words_of(store, config, outbox.messages_of(store, pilot_id)[0]).body
