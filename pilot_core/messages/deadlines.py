"""What the team and the founders have to do by when, and which messages are due because of it.

A reminder is sent half-way through the founder's review time, at its end, and one and two working days later; then
pausing the pilot is suggested. The time runs from when the video was sent to the founder or opened, and restarts when
a pilot is resumed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pilot_core.clock import iso
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.settings import Settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database
from pilot_core.store.queries import deadlines
from pilot_core.store.queries.deadlines import ActivePilot
from pilot_core.store.tables.outbox import given_up, written
from pilot_core.working_hours import Hours

DAY_HOURS = 24.0
EXPIRES_WITHIN = timedelta(days=2)


@dataclass(frozen=True)
class Due:
    """The next step of a pilot, the team's (``is_ours``) or the founder's, with its start and its due date (UTC).

    ``to_pause`` is true when the founder has taken twice the review time and no reminder is left to send.
    """

    pilot_id: str
    company_name: str
    founder_name: str
    attempt_number: int | None
    step: str
    is_ours: bool
    since: datetime
    due_at: datetime
    to_pause: bool

    def is_over(self, now: datetime) -> bool:
        """Whether the due date has passed."""
        return now >= self.due_at

    @property
    def words(self) -> str:
        """What is due, to begin a sentence: "The founder's review of attempt 2"."""
        number = self.attempt_number
        return {
            "begin": "The first attempt",
            "retry": f"Another try at attempt {number}",
            "send": f"Sending attempt {number} to the founder",
            "review": f"The founder’s review of attempt {number}",
            "answer": f"Our answer to the feedback on attempt {number}",
        }[self.step]


def dues(database: Database, config: Settings, now: datetime, pilot_id: str | None = None) -> list[Due]:
    """Return the next step of every active pilot, or of one pilot, by due date."""
    of = [pilot_id] if pilot_id else None
    found = database.read(lambda connection: deadlines.active_pilots(connection, now, of))
    return _dues(found, config, now)


def digest_dues(database: Database, config: Settings, now: datetime) -> list[Due]:
    """Return what the daily digest lists, by due date: late steps, and the team's steps due today."""
    found = database.read(lambda connection: _pilots_for_digest(connection, config, now))
    return [due for due in _dues(found, config, now) if _for_digest(due, config, now)]


def due_of(pilot: ActivePilot, config: Settings, now: datetime) -> Due | None:
    """Return the next step of an active pilot; None while its video is being rendered."""
    step = _step(pilot)
    if step is None:
        return None
    ours = step != "review"
    since = pilot.since if ours else _reached_at(pilot)
    hours = config.answer_hours if ours else config.review_hours
    due_at = config.hours.after(since, hours)
    last = config.hours.after(since, max(2 * config.review_hours, reminder_hours(config.review_hours)[-1] + DAY_HOURS))
    return Due(
        pilot_id=pilot.pilot_id,
        company_name=pilot.company_name,
        founder_name=pilot.founder_name,
        attempt_number=pilot.attempt_number,
        step=step,
        is_ours=ours,
        since=since,
        due_at=due_at,
        to_pause=not ours and now >= last,
    )


def pause_reason(due: Due, reminders: int, hours: Hours) -> str:
    """Return the suggested reason for pausing a pilot whose founder does not answer."""
    since = hours.local(due.since)
    after = f" after {reminders} reminders" if reminders > 1 else " after a reminder" if reminders else ""
    return (
        f"Waiting for founder feedback: {due.founder_name} has not answered attempt {due.attempt_number} "
        f"since {since.day} {since:%B %Y}{after}."
    )


def reminder_hours(review_hours: float) -> tuple[float, ...]:
    """Return when reminders are sent, in working hours after the video was sent to the founder."""
    return (review_hours / 2, review_hours, review_hours + DAY_HOURS, review_hours + 2 * DAY_HOURS)


def asked_for(connection: Connection, config: Settings, now: datetime, *, for_leads: bool) -> list[NewMessage]:
    """Return the reminders and digests that are due and not enqueued yet; none outside the hours for sending.

    A reminder that is late by more than a working day is left out, so that a store that was off for a month does not
    write to every founder at once. ``for_leads`` says whether there is a channel to the leads.
    """
    if not config.hours.is_open(now):
        return []
    today = _today(config, now)
    asked = []
    silent = deadlines.to_remind(connection, now, today, _spans(config, now), now + EXPIRES_WITHIN)
    for pilot in deadlines.active_pilots(connection, now, silent) if silent else ():
        if _step(pilot) == "review":
            asked.append(_reminder(pilot, config, now) or _link_expiring(pilot, now))
    digest = NewMessage(MessageKind.DIGEST, None, about=config.hours.day_of(now).isoformat())
    if for_leads and not written(connection, [digest.message_id]) and has_digest(connection, config, now):
        asked.append(digest)
    wanted = {message.message_id: message for message in asked if message}
    known = written(connection, list(wanted))
    return [message for message_id, message in wanted.items() if message_id not in known]


def has_digest(connection: Connection, config: Settings, now: datetime) -> bool:
    """Whether a digest has anything to list."""
    return bool(given_up(connection, 1)) or any(
        _for_digest(due, config, now)
        for pilot in _pilots_for_digest(connection, config, now)
        if (due := due_of(pilot, config, now))
    )


def _pilots_for_digest(connection: Connection, config: Settings, now: datetime) -> list[ActivePilot]:
    """Return the pilots whose step began early enough to be late or due today."""
    _, tomorrow = _today(config, now)
    ours = config.hours.before(tomorrow - timedelta.resolution, config.answer_hours)
    return deadlines.active_pilots(connection, now, begun_by=max(ours, config.hours.before(now, config.review_hours)))


def _dues(found: list[ActivePilot], config: Settings, now: datetime) -> list[Due]:
    known = [due for pilot in found if (due := due_of(pilot, config, now))]
    return sorted(known, key=lambda due: (due.due_at, due.pilot_id))


def _for_digest(due: Due, config: Settings, now: datetime) -> bool:
    return due.is_over(now) or (due.is_ours and config.hours.day_of(due.due_at) == config.hours.day_of(now))


def _today(config: Settings, now: datetime) -> tuple[datetime, datetime]:
    """Return when the local day began and when the next one begins."""
    day = config.hours.day_of(now)
    return config.hours.begins(day), config.hours.begins(day + timedelta(days=1))


def _spans(config: Settings, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return, for each reminder, between which times the video was sent to a founder who should get it now."""
    before = config.hours.before
    ends = [before(now, hours) for hours in reminder_hours(config.review_hours)]
    missed = [before(now, hours + DAY_HOURS) for hours in reminder_hours(config.review_hours)]
    return [(max(first, later), end) for first, later, end in zip(missed, [*ends[1:], missed[-1]], ends, strict=True)]


def _reminder(pilot: ActivePilot, config: Settings, now: datetime) -> NewMessage | None:
    since = _reached_at(pilot)
    for place, hours in reversed(list(enumerate(reminder_hours(config.review_hours), 1))):
        at = config.hours.after(since, hours)
        if at <= now:
            missed = now >= config.hours.after(at, DAY_HOURS)
            about = f"{place} {iso(since)}"
            return None if missed else NewMessage(MessageKind.REMINDER, pilot.pilot_id, pilot.attempt_number, about)
    return None


def _link_expiring(pilot: ActivePilot, now: datetime) -> NewMessage | None:
    if pilot.link_ends is None or now < pilot.link_ends - EXPIRES_WITHIN:
        return None
    return NewMessage(MessageKind.LINK_EXPIRING, pilot.pilot_id, pilot.attempt_number, iso(pilot.link_ends))


def _reached_at(pilot: ActivePilot) -> datetime:
    """Return when the video reached the founder, but not earlier than it was ready or the pilot resumed."""
    return max(pilot.since, pilot.reached_at) if pilot.reached_at else pilot.since


def _step(pilot: ActivePilot) -> str | None:
    if pilot.state is None:
        return "begin"
    if pilot.state == "failed":
        return "retry"
    if pilot.state != "ready":
        return None
    if pilot.decision is None:
        return "review" if pilot.reached_at else "send"
    return None if pilot.decision == "approve" else "answer"
