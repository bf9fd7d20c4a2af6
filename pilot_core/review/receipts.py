"""Receipts: who opened, watched, commented and decided, and when. Nothing else of a reviewer is noted.

No address, no browser, no place. The page that asks for the decision says what is noted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pilot_core import ids
from pilot_core.models import PilotRunAttempt
from pilot_core.review.comments import comments_of
from pilot_core.review.decisions import CHANNEL
from pilot_core.review.links import check_alive
from pilot_core.review.shown import shown_attempt, whole_seconds
from pilot_core.store import reviews
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import Grant, Viewing

OPENED_AGAIN_AFTER = timedelta(minutes=30)
LONGEST_SECONDS = 24 * 60 * 60
QUARTERS = 4


@dataclass(frozen=True)
class Receipt:
    """What one reviewer did with one attempt; times in UTC, None for what has not happened.

    ``watched_fraction`` is the part of the film's seconds seen at least once, 0 to 1; None where its length is unknown.
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


def record_opened(store: PilotStore, grant: Grant, attempt_number: int, now: datetime | None = None) -> None:
    """Note that the reviewer has the attempt before them. Within half an hour of the last time nothing is written.

    Raises PilotNotFound for an attempt that is not shown, and LinkRefused.
    """
    now = now or store.clock()
    attempt = shown_attempt(store.load(grant.pilot_id), attempt_number)
    known = store.database.read(lambda connection: _viewing(connection, grant, attempt))
    if known is None or now - known.last_opened_at > OPENED_AGAIN_AFTER:
        store.database.transaction(lambda connection: _open(connection, grant, attempt, now))


def record_watched(
    store: PilotStore,
    grant: Grant,
    attempt_number: int,
    watched: Iterable[tuple[int, int]],
    now: datetime | None = None,
) -> float | None:
    """Add (first, last) whole seconds that were played; returns the part of the film seen so far (0 to 1).

    Raises PilotNotFound for an attempt that is not shown, and LinkRefused.
    """
    now = now or store.clock()
    attempt = shown_attempt(store.load(grant.pilot_id), attempt_number)
    length = whole_seconds(attempt)
    limit = (length or LONGEST_SECONDS) - 1
    seen = [(first, min(last, limit)) for first, last in watched if 0 <= first <= last and first <= limit]

    def work(connection: Connection) -> float | None:
        known = _open(connection, grant, attempt, now)
        merged = merge([*known.watched, *seen])
        before, after = fraction(known.watched, length), fraction(merged, length)
        if merged != known.watched:
            reviews.put_viewing(connection, grant.pilot_id, replace(known, watched=merged, watched_at=now))
            if before is not None and after is not None and int(before * QUARTERS) < int(after * QUARTERS):
                reviews.add_event(
                    connection,
                    grant.pilot_id,
                    now,
                    grant.actor,
                    "film_watched",
                    attempt_number=attempt_number,
                    fraction=round(after, 2),
                )
        return after

    return store.database.transaction(work)


def receipts_of(store: PilotStore, pilot_id: str) -> list[Receipt]:
    """What each reviewer did with each attempt, by attempt and name."""
    pilot = store.load(ids.checked_pilot_id(pilot_id))
    attempts = {attempt.attempt_number: attempt for attempt in pilot.runs}
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for seen in store.database.read(lambda connection: reviews.viewings(connection, pilot_id)):
        found[seen.attempt_number, seen.reviewer] = {
            "opened_at": seen.opened_at,
            "last_opened_at": seen.last_opened_at,
            "watched_seconds": sum(last - first + 1 for first, last in seen.watched),
            "watched_fraction": fraction(seen.watched, whole_seconds(attempts[seen.attempt_number])),
            "watched_at": seen.watched_at,
        }
    for comment in comments_of(store, pilot_id):
        if not comment.from_team:
            news = found.setdefault((comment.attempt_number, comment.author), {})
            news["comments"] = news.get("comments", 0) + 1
            news["commented_at"] = max(news.get("commented_at", comment.created_at), comment.created_at)
    for attempt in pilot.runs:
        for given in attempt.feedback:
            if given.channel == CHANNEL:
                news = found.setdefault((attempt.attempt_number, given.by), {})
                news |= {"decision": given.level.value, "decided_at": given.received_at}
    return [Receipt(*key, **found[key]) for key in sorted(found)]


def merge(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Inclusive ranges in order, those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def fraction(watched: Iterable[tuple[int, int]], length: int | None) -> float | None:
    """The part of ``length`` seconds that merged ranges cover; None for an unknown length."""
    if not length:
        return None
    return min(1.0, sum(last - first + 1 for first, last in watched) / length)


def _viewing(connection: Connection, grant: Grant, attempt: PilotRunAttempt) -> Viewing | None:
    seen = reviews.viewings(connection, grant.pilot_id)
    return next((v for v in seen if (v.attempt_id, v.reviewer) == (attempt.attempt_id, grant.name)), None)


def _open(connection: Connection, grant: Grant, attempt: PilotRunAttempt, now: datetime) -> Viewing:
    """The viewing of this attempt, noted as opened if it was not, or not lately."""
    check_alive(connection, grant, now)
    known = _viewing(connection, grant, attempt)
    if known and now - known.last_opened_at <= OPENED_AGAIN_AFTER:
        return known
    if known:
        opened = replace(known, last_opened_at=now)
    else:
        opened = Viewing(attempt.attempt_number, attempt.attempt_id, grant.name, now, now, (), None)
        reviews.add_event(
            connection, grant.pilot_id, now, grant.actor, "film_opened", attempt_number=attempt.attempt_number
        )
    reviews.put_viewing(connection, grant.pilot_id, opened)
    return opened
