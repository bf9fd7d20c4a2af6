"""Scheduled messages: once, on the right day, and found in a large store without reading all of it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageKind, MessageState, NewMessage
from pilot_core.messages import deadlines, outbox
from pilot_core.messages.sender import send_due
from pilot_core.messages.templates import words_of
from pilot_core.review.decisions import Decision, undo_decision
from pilot_core.review.links import make_link
from pilot_core.services import pilots as services
from pilot_core.settings import Settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.queries.deadlines import active_pilots
from pilot_core.store.tables import outbox as outbox_rows
from pilot_core.working_hours import Hours
from tests.conftest import HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, post_office, set_up, spelt

BERLIN = Hours("Europe/Berlin", (0, 1, 2, 3, 4), 8, 19)
LEAD = at_command_line("Lea Lead")
UNDER_WAY = (MessageState.WAITING, MessageState.GOING)


def told_pilot(store: PilotStore, company: str = "AcmeAI") -> str:
    pilot_id = new_pilot(store, company=company).pilot_id
    outbox.set_address(store, pilot_id, "alice@founder.example", LEAD)
    return pilot_id


def kinds(store: PilotStore, pilot_id: str) -> list[tuple[MessageKind, MessageState]]:
    """Return the pilot's messages as (kind, state), oldest first."""
    return [(message.kind, message.state) for message in reversed(outbox.messages_of(store, pilot_id))]


def digests(store: PilotStore) -> list[tuple[str, MessageState, str | None]]:
    """Return the day, state and reason of each digest, oldest first."""
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
    config = set_up(**spelt(hours), review_hours=review_hours)
    # Summer time starts in these weeks in all three places, in two of them at midnight.
    clock.now = datetime(2026, 2, 27, 20, tzinfo=UTC)
    found: set[MessageKind] = set()
    with store.database.session():
        pilots = [told_pilot(store, f"Company {n}") for n in range(6)]
        for _ in range(100):
            clock.forward(hours=chance.choice((1, 5, 9, 14)))
            something_happens(store, chance, chance.choice(pilots))
            now = clock()
            asked = store.database.read(lambda c, now=now: deadlines.asked_for(c, config, now, for_leads=False))
            assert asked == store.database.read(lambda c, now=now: plainly(c, store, config, now))
            found |= {one.kind for one in asked}
            states = [chance.choice(("waiting", "sent", "sent", "cancelled", "by_hand")) for _ in asked]
            store.database.transaction(lambda c, asked=asked, states=states, now=now: go(c, asked, states, now))
    assert found == {MessageKind.REMINDER, MessageKind.LINK_EXPIRING}


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
        outbox.set_enabled(store, pilot_id, chance.random() < 0.8, LEAD)
    elif what == "link":
        last_day = store.clock().date() + timedelta(days=chance.choice((1, 3, 14)))
        make_link(store, pilot_id, pilot.founder_name, expires_on=last_day, actor=LEAD)
    elif what == "sent":
        # Everything that was waiting has been sent by now.
        sql = "UPDATE messages SET state = 'sent', ended_at = ? WHERE state IN ('waiting', 'held')"
        store.database.transaction(lambda c: c.execute(sql, [store.clock().replace(tzinfo=None)]).fetchall())
        for each in store.load_all():
            if each.latest_attempt and not each.why_not_sendable(each.latest_attempt):
                mark_sent(store, each.pilot_id, each.latest_attempt.attempt_number)


def go(connection: Connection, asked: list[NewMessage], states: list[str], now: datetime) -> None:
    for one, state in zip(asked, states, strict=True):
        outbox_rows.enqueue(connection, one, now)
        ended = None if state == "waiting" else now.replace(tzinfo=None)
        sql = "UPDATE messages SET state = ?, ended_at = ? WHERE message_id = ?"
        connection.execute(sql, [state, ended, one.message_id])


def plainly(connection: Connection, store: PilotStore, config: Settings, now: datetime) -> list[NewMessage]:
    """Return the messages due, by reading every pilot and every message."""
    if not config.hours.is_open(now):
        return []
    today, asked = config.hours.day_of(now), []
    for pilot in active_pilots(connection, now):
        messages = outbox.messages_of(store, pilot.pilot_id)
        written = [m for m in messages if m.kind in (MessageKind.REMINDER, MessageKind.LINK_EXPIRING)]
        times = [at for m in written for at in (m.written_at, m.ended_at) if at]
        if deadlines._step(pilot) != "review" or pilot.is_quiet or pilot.is_off:
            continue
        if any(m.state in UNDER_WAY for m in written) or any(config.hours.day_of(at) == today for at in times):
            continue
        one = deadlines._reminder(pilot, config, now) or deadlines._link_expiring(pilot, now)
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
        config = set_up(office, **spelt(BERLIN), hold_minutes=10.0, review_hours=20.0)
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
        assert kinds(store, pilot_id) == [
            (MessageKind.CUT_READY, MessageState.SENT),
            (MessageKind.REMINDER, MessageState.SENT),
        ]


def test_a_digest_whose_news_is_gone_before_it_goes_is_not_sent(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office, hold_minutes=10.0)
        pilot_id = told_pilot(store)
        make_ready(store, pilot_id)
        services.record_feedback(store, pilot_id, 1, "Shorter", "minor_changes")
        clock.forward(hours=20)
        send_due(store, config)
        assert [(day, state) for day, state, _ in digests(store)] == [("2026-03-03", MessageState.WAITING)]
        make_ready(store, pilot_id)
        clock.forward(minutes=10)
        send_due(store, config)
        assert digests(store) == [("2026-03-03", MessageState.CANCELLED, "There is nothing to tell any more.")]
        assert not [message for _, message in office.taken if "Pilots on" in str(message["Subject"])]


def test_a_digest_of_the_evening_does_not_go_beside_the_next_mornings(store: PilotStore, clock: HandClock) -> None:
    with post_office() as office:
        config = set_up(office, **spelt(Hours("UTC", tuple(range(7)), 8, 19)), hold_minutes=10.0)
        clock.now = datetime(2026, 3, 3, 18, 55, tzinfo=UTC)
        told_pilot(store)
        clock.now = datetime(2026, 3, 4, 18, 55, tzinfo=UTC)  # the first attempt was due a moment ago
        send_due(store, config)
        for _ in range(3):
            clock.now = max(clock.now, datetime(2026, 3, 5, 8, tzinfo=UTC))
            send_due(store, config)
            clock.forward(minutes=10)
        assert [(day, state) for day, state, _ in digests(store)] == [
            ("2026-03-04", MessageState.CANCELLED),
            ("2026-03-05", MessageState.SENT),
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
    mark_sent(store, pilot_id)
    pilot = store.load(pilot_id)
    given = decide(store, reviewer(store, pilot), 1, Decision("minor_changes", ["too_long"]))
    clock.forward(minutes=5)
    undo_decision(store, team(pilot), given.feedback_id)
    clock.forward(hours=24)
    send_due(store, config)
    assert (MessageKind.REMINDER, MessageState.BY_HAND) in kinds(store, pilot_id)
    assert "waits for you" in words_of(store, config, outbox.messages_of(store, pilot_id)[0]).body
