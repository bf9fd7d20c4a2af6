"""Receipts: who opened, watched, commented and decided, and when.

Nothing else about reviewers is recorded: no IP address, browser or location. The decision page tells them so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pilot_core import ids
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.reviews import Grant, Viewing, fraction
from pilot_core.domain.roles import ActKind
from pilot_core.review.comments import comments_of
from pilot_core.review.decisions import CHANNEL
from pilot_core.review.shown import ready_attempt
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import reviews
from pilot_core.store.tables.events import add_event
from pilot_core.store.tables.pilots import note_viewings

OPENED_AGAIN_AFTER = timedelta(minutes=30)
LONGEST_SECONDS = 24 * 60 * 60
QUARTERS = 4


@dataclass(frozen=True)
class Receipt:
    """What one reviewer did with one attempt. Times are in UTC, None for what has not happened.

    ``watched_fraction`` is the share of the video's seconds seen at least once, 0 to 1; None if its length is unknown.
    """

    attempt_number: int
    reviewer: str
    opened_at: datetime | None = None
    last_opened_at: datetime | None = None
    watched_seconds: int = 0
    watched_fraction: float | None = None
    watched_at: datetime | None = None
    comments: int = 0
    commented_at: datetime | None = None
    decision: str | None = None
    decided_at: datetime | None = None


def record_opened(store: PilotStore, grant: Grant, attempt_number: int) -> None:
    """Record that the reviewer opened the attempt, at most once every half hour.

    Raises PilotNotFound for an attempt that reviewers cannot see, and LinkRefused.
    """
    now = store.clock()

    def read(connection: Connection) -> tuple[PilotRunAttempt, Viewing | None]:
        attempt = ready_attempt(connection, grant.pilot_id, attempt_number)
        return attempt, _viewing(connection, grant, attempt)

    attempt, known = store.database.read(read)
    if known is None or now - known.last_opened_at > OPENED_AGAIN_AFTER:
        store.database.transaction(lambda connection: _open(connection, grant, attempt, now))


def record_watched(
    store: PilotStore,
    grant: Grant,
    attempt_number: int,
    watched: Iterable[tuple[int, int]],
) -> float | None:
    """Add played ranges (first, last) in whole seconds. Returns the share of the video seen so far, 0 to 1.

    Raises PilotNotFound for an attempt that reviewers cannot see, and LinkRefused.
    """
    now = store.clock()
    ranges = list(watched)

    def add_watched(connection: Connection) -> float | None:
        attempt = ready_attempt(connection, grant.pilot_id, attempt_number)
        length = attempt.whole_seconds
        limit = (length or LONGEST_SECONDS) - 1
        seen = [(first, min(last, limit)) for first, last in ranges if 0 <= first <= last and first <= limit]
        known = _open(connection, grant, attempt, now)
        merged = merge([*known.watched, *seen])
        before, after = fraction(known.watched, length), fraction(merged, length)
        if merged != known.watched:
            reviews.put_viewing(connection, grant.pilot_id, replace(known, watched=merged, watched_at=now))
            note_viewings(connection, grant.pilot_id, attempt)
            if before is not None and after is not None and int(before * QUARTERS) < int(after * QUARTERS):
                add_event(
                    connection,
                    grant.pilot_id,
                    now,
                    grant.actor,
                    EventKind.FILM_WATCHED,
                    attempt_number=attempt_number,
                    fraction=round(after, 2),
                )
        return after

    return store.database.transaction(add_watched)


def receipts_of(store: PilotStore, pilot_id: str) -> list[Receipt]:
    """Return what each reviewer did with each attempt, by attempt and name."""
    pilot = store.load(ids.checked_pilot_id(pilot_id))
    attempts = {attempt.attempt_number: attempt for attempt in pilot.runs}
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for seen in store.database.read(lambda connection: reviews.viewings(connection, pilot_id)):
        found[seen.attempt_number, seen.reviewer] = {
            "opened_at": seen.opened_at,
            "last_opened_at": seen.last_opened_at,
            "watched_seconds": sum(last - first + 1 for first, last in seen.watched),
            "watched_fraction": seen.fraction(attempts[seen.attempt_number].whole_seconds),
            "watched_at": seen.watched_at,
        }
    for comment in comments_of(store, pilot_id):
        if not comment.from_team:
            row = found.setdefault((comment.attempt_number, comment.author), {})
            row["comments"] = row.get("comments", 0) + 1
            row["commented_at"] = max(row.get("commented_at", comment.created_at), comment.created_at)
    for attempt in pilot.runs:
        for given in attempt.feedback:
            if given.channel == CHANNEL:
                row = found.setdefault((attempt.attempt_number, given.by), {})
                row |= {"decision": given.level.value, "decided_at": given.received_at}
    return [Receipt(*key, **found[key]) for key in sorted(found)]


def merge(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sort inclusive ranges and join those that touch or overlap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _viewing(connection: Connection, grant: Grant, attempt: PilotRunAttempt) -> Viewing | None:
    seen = reviews.viewings(connection, grant.pilot_id)
    return next((v for v in seen if (v.attempt_id, v.reviewer) == (attempt.attempt_id, grant.name)), None)


def _open(connection: Connection, grant: Grant, attempt: PilotRunAttempt, now: datetime) -> Viewing:
    """Return the viewing of this attempt, after recording it as opened unless that happened recently."""
    permission.check(connection, grant.actor, ActKind.WATCH, grant.pilot_id, now)
    known = _viewing(connection, grant, attempt)
    if known and now - known.last_opened_at <= OPENED_AGAIN_AFTER:
        return known
    if known:
        opened = replace(known, last_opened_at=now)
    else:
        opened = Viewing(attempt.attempt_number, attempt.attempt_id, grant.name, now, now, (), None)
        add_event(
            connection, grant.pilot_id, now, grant.actor, EventKind.FILM_OPENED, attempt_number=attempt.attempt_number
        )
    reviews.put_viewing(connection, grant.pilot_id, opened)
    note_viewings(connection, grant.pilot_id, attempt)
    return opened
