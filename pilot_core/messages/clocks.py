"""What is due, of us and of founders, and which message the time itself asks for.

A reminder goes half-way through the founder's time, at its end, and one and two working days later; then the pilot is
offered for pausing. The clock runs from when the founder was told, and begins anew when a pilot is resumed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pilot_core.clock import iso
from pilot_core.messages.hours import Hours
from pilot_core.settings import Settings
from pilot_core.store import waiting
from pilot_core.store.database import Database
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Kind, State, given_up, message_id_of, written
from pilot_core.store.waiting import Course

DAY_HOURS = 24.0
EXPIRES_WITHIN = timedelta(days=2)
TOLD = (State.SENT, State.BY_HAND)


@dataclass(frozen=True)
class Due:
    """What a pilot waits for: a step, whether it is ours or the founder's, since when and until when (UTC).

    ``to_pause`` when the founder has let the whole time pass once more, with no reminder left to send.
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
        """Whether it is late."""
        return now >= self.due_at

    @property
    def words(self) -> str:
        """What is due, as a short sentence's beginning: "Founder's review of attempt 2"."""
        number = self.attempt_number
        return {
            "begin": "The first attempt",
            "retry": f"Another try at attempt {number}",
            "send": f"Sending attempt {number} to the founder",
            "review": f"The founder’s review of attempt {number}",
            "answer": f"Our answer to the feedback on attempt {number}",
        }[self.step]


def dues(database: Database, config: Settings, now: datetime, pilot_id: str | None = None) -> list[Due]:
    """What every active pilot waits for, or that one; whatever is due first, first."""
    of = [pilot_id] if pilot_id else None
    found = database.read(lambda connection: waiting.courses(connection, now, of))
    return _dues(found, config, now)


def digest_dues(database: Database, config: Settings, now: datetime) -> list[Due]:
    """What leads are told of in the morning: what is late, and what is ours today; whatever is due first, first."""
    found = database.read(lambda connection: _long_enough(connection, config, now))
    return [due for due in _dues(found, config, now) if _for_digest(due, config, now)]


def due_of(course: Course, config: Settings, now: datetime) -> Due | None:
    """What an active pilot waits for; None while its cut is being made."""
    step = _step(course)
    if step is None:
        return None
    ours = step != "review"
    since = course.since if ours else _told_at(course)
    hours = config.answer_hours if ours else config.review_hours
    due_at = config.hours.after(since, hours)
    last = config.hours.after(since, max(2 * config.review_hours, reminder_hours(config.review_hours)[-1] + DAY_HOURS))
    return Due(
        pilot_id=course.pilot_id,
        company_name=course.company_name,
        founder_name=course.founder_name,
        attempt_number=course.attempt_number,
        step=step,
        is_ours=ours,
        since=since,
        due_at=due_at,
        to_pause=not ours and now >= last,
    )


def pause_reason(due: Due, reminders: int, hours: Hours) -> str:
    """The reason with which such a pilot is offered for pausing."""
    since = hours.local(due.since)
    after = f" after {reminders} reminders" if reminders > 1 else " after a reminder" if reminders else ""
    return (
        f"Waiting for founder feedback: {due.founder_name} has not answered attempt {due.attempt_number} "
        f"since {since.day} {since:%B %Y}{after}."
    )


def reminder_hours(review_hours: float) -> tuple[float, ...]:
    """When reminders go, in working hours from when the founder was told."""
    return (review_hours / 2, review_hours, review_hours + DAY_HOURS, review_hours + 2 * DAY_HOURS)


@dataclass(frozen=True)
class Asked:
    """A message that the time asks for."""

    kind: Kind
    pilot_id: str | None
    attempt_number: int | None
    about: str

    @property
    def message_id(self) -> str:
        """The id it will have."""
        return message_id_of(self.kind, self.pilot_id, self.attempt_number, self.about)


def asked_for(connection: Connection, config: Settings, now: datetime, *, for_leads: bool) -> list[Asked]:
    """The messages that the time asks for and that are not written yet; none outside the hours in which they may go.

    A reminder whose time was missed by more than a working day is left out, so that a store that nobody looked after
    for a month does not write to every founder at once. ``for_leads`` when there is a way to tell them.
    """
    if not config.hours.is_open(now):
        return []
    today = _today(config, now)
    asked = []
    silent = waiting.to_remind(connection, now, today, _spans(config, now), now + EXPIRES_WITHIN)
    for course in waiting.courses(connection, now, silent) if silent else ():
        if _step(course) == "review":
            asked.append(_reminder(course, config, now) or _last_call(course, now))
    digest = Asked(Kind.DIGEST, None, None, config.hours.day_of(now).isoformat())
    if for_leads and not written(connection, [digest.message_id]) and says_something(connection, config, now):
        asked.append(digest)
    wanted = {message.message_id: message for message in asked if message}
    known = written(connection, list(wanted))
    return [message for message_id, message in wanted.items() if message_id not in known]


def says_something(connection: Connection, config: Settings, now: datetime) -> bool:
    """Whether there is anything for a digest."""
    return bool(given_up(connection, 1)) or any(
        _for_digest(due, config, now)
        for course in _long_enough(connection, config, now)
        if (due := due_of(course, config, now))
    )


def _long_enough(connection: Connection, config: Settings, now: datetime) -> list[Course]:
    """The pilots whose step is old enough for a digest; of a younger one nothing can be late, or due today."""
    _, tomorrow = _today(config, now)
    ours = config.hours.before(tomorrow - timedelta.resolution, config.answer_hours)
    return waiting.courses(connection, now, begun_by=max(ours, config.hours.before(now, config.review_hours)))


def _dues(found: list[Course], config: Settings, now: datetime) -> list[Due]:
    known = [due for course in found if (due := due_of(course, config, now))]
    return sorted(known, key=lambda due: (due.due_at, due.pilot_id))


def _for_digest(due: Due, config: Settings, now: datetime) -> bool:
    return due.is_over(now) or (due.is_ours and config.hours.day_of(due.due_at) == config.hours.day_of(now))


def _today(config: Settings, now: datetime) -> tuple[datetime, datetime]:
    """When the local day began, and when the next one does."""
    day = config.hours.day_of(now)
    return config.hours.begins(day), config.hours.begins(day + timedelta(days=1))


def _spans(config: Settings, now: datetime) -> list[tuple[datetime, datetime]]:
    """For each reminder, in working hours, the span in which a founder was told who is due for it now."""
    before = config.hours.before
    ends = [before(now, hours) for hours in reminder_hours(config.review_hours)]
    missed = [before(now, hours + DAY_HOURS) for hours in reminder_hours(config.review_hours)]
    return [(max(first, later), end) for first, later, end in zip(missed, [*ends[1:], missed[-1]], ends, strict=True)]


def _reminder(course: Course, config: Settings, now: datetime) -> Asked | None:
    if course.told not in TOLD:
        return None
    since = _told_at(course)
    for place, hours in reversed(list(enumerate(reminder_hours(config.review_hours), 1))):
        at = config.hours.after(since, hours)
        if at <= now:
            missed = now >= config.hours.after(at, DAY_HOURS)
            about = f"{place} {iso(since)}"
            return None if missed else Asked(Kind.REMINDER, course.pilot_id, course.attempt_number, about)
    return None


def _last_call(course: Course, now: datetime) -> Asked | None:
    if course.link_ends is None or now < course.link_ends - EXPIRES_WITHIN:
        return None
    return Asked(Kind.LINK_EXPIRING, course.pilot_id, course.attempt_number, iso(course.link_ends))


def _told_at(course: Course) -> datetime:
    """Since when the founder knows of the cut: never before it was ready, or the pilot resumed."""
    told_at = course.told_at if course.told in TOLD else None
    return max(course.since, told_at) if told_at else course.since


def _step(course: Course) -> str | None:
    if course.state is None:
        return "begin"
    if course.state == "failed":
        return "retry"
    if course.state != "ready":
        return None
    if course.decision is None:
        return "send" if course.told == State.HELD else "review"
    return None if course.decision == "approve" else "answer"
