"""What one run of the review room shows, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from pilot_core.models import AttemptState, Feedback, PilotRun, PilotRunAttempt, PilotStatus
from pilot_core.review.comments import Thread, threads_of
from pilot_core.review.decisions import CHANNEL, undoable
from pilot_core.review.receipts import record_opened
from pilot_core.review.shown import film_checksum, rate_of, shown_attempts
from pilot_core.store.comments import stamp
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import Grant
from pilot_core.web.comment_markers import comment_markers
from pilot_core.web.player import Marker

FILM = "film"
"""The session key of the newest attempt's player."""


@dataclass(frozen=True)
class Room:
    """The pilot as its reviewer finds it now. ``attempts`` are those shown, the newest first, with all threads."""

    store: PilotStore
    grant: Grant
    pilot: PilotRun
    attempts: Sequence[PilotRunAttempt]
    threads: Sequence[Thread]
    undoable: Feedback | None
    stamp: str
    now: datetime

    @property
    def newest(self) -> PilotRunAttempt | None:
        """The attempt under review."""
        return next(iter(self.attempts), None)

    @property
    def previous(self) -> PilotRunAttempt | None:
        """The version before it."""
        return next(iter(self.attempts[1:]), None)

    @property
    def takes_comments(self) -> bool:
        return self.newest is not None and self.pilot.status is not PilotStatus.COMPLETED

    @property
    def next_is_made(self) -> bool:
        """Whether a later attempt is under way."""
        latest, newest = self.pilot.latest_attempt, self.newest
        if latest is None or newest is None or latest.attempt_number <= newest.attempt_number:
            return False
        return latest.state in (AttemptState.QUEUED, AttemptState.RENDERING)

    @property
    def own_decision(self) -> Feedback | None:
        """What this reviewer decided on the newest attempt, if that stands."""
        given = self.newest.review if self.newest else None
        return given if given and (given.by, given.channel) == (self.grant.name, CHANNEL) else None

    def threads_on(self, attempt: PilotRunAttempt) -> list[Thread]:
        """What was said of one attempt."""
        return [thread for thread in self.threads if thread.comment.attempt_number == attempt.attempt_number]


def look(store: PilotStore, grant: Grant) -> Room:
    """The room as it is now; notes, once a visit, that the reviewer has the attempt before them."""

    def read(connection: Connection) -> Room:
        # First, so that what comes between is noticed at the next look.
        seen = stamp(connection, grant.pilot_id)
        pilot = store.load(grant.pilot_id)
        threads, given = threads_of(store, grant.pilot_id), undoable(store, grant, pilot=pilot)
        return Room(store, grant, pilot, shown_attempts(pilot), threads, given, seen, store.clock())

    room = store.database.read(read)
    if room.newest:
        opened = f"opened {room.newest.attempt_id} {grant.name}"
        if opened not in st.session_state:
            record_opened(store, grant, room.newest.attempt_number)
            st.session_state[opened] = True
    return room


def shown_checksum(room: Room, attempt: PilotRunAttempt) -> str:
    """The SHA-256 of the film as this visit first showed it. Raises NotAllowedNow when it cannot be read."""
    name = f"checksum {attempt.attempt_id} {attempt.video_path}"
    if name not in st.session_state:
        st.session_state[name] = film_checksum(room.store, attempt)
    checksum: str = st.session_state[name]
    return checksum


def markers(room: Room, attempt: PilotRunAttempt, on: PilotRunAttempt) -> list[Marker]:
    """The comments on an attempt as places in a film: its own, or another attempt's at the same moment."""
    return comment_markers(room.threads_on(attempt), rate_of(on))
