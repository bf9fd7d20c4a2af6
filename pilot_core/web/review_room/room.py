"""What the review room shows, and to whom: everything is read here, once for each request."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from pilot_core.documents.checklists import ChecklistSection
from pilot_core.domain.attachments import Attachment
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.comments import Comment
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.reviews import Grant, Viewing
from pilot_core.errors import NotAllowedNow, PilotError
from pilot_core.rendering import old_videos
from pilot_core.review import attachments
from pilot_core.review.approved_video import downloadable
from pilot_core.review.certificates import approval_of
from pilot_core.review.comments import Thread, is_own
from pilot_core.review.decisions import CHANNEL, checklist_for, undo_until, undoable
from pilot_core.review.shown import film_checksum, shown_attempts
from pilot_core.review.unsent import unsent_of
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import reviews
from pilot_core.web.components.comment_markers import comment_markers
from pilot_core.web.components.player import PlayerMedia, media_for
from pilot_core.web.review_room import reading, times
from pilot_core.web.review_room.changed import WhatChanged, what_changed
from pilot_core.web.review_room.shared import Shared, shared_at, stamp_now

SUMS_KEPT = 256
_sums: dict[tuple[str, str, int, int], str] = {}


@dataclass(frozen=True)
class Room:
    """The pilot as its reviewer finds it now. ``attempts`` are those shown, the newest first, with all threads,
    answers and marks.

    Without a ``grant`` it is the team's preview, in which nothing can be done.
    """

    store: PilotStore
    grant: Grant | None
    shared: Shared
    attempts: Sequence[PilotRunAttempt]
    now: datetime
    unsent: Mapping[str, Any]
    """What this reviewer has typed and not sent, by form."""

    @property
    def pilot(self) -> PilotRun:
        return self.shared.pilot

    @property
    def threads(self) -> Sequence[Thread]:
        return self.shared.said.threads

    @property
    def stamp(self) -> str:
        """See ``store/queries/room_stamp.py``."""
        return self.shared.stamp

    @property
    def name(self) -> str:
        """Under which name the reviewer speaks."""
        return self.grant.name if self.grant else self.pilot.founder_name

    @property
    def newest(self) -> PilotRunAttempt | None:
        """The attempt under review."""
        return next(iter(self.attempts), None)

    @property
    def previous(self) -> PilotRunAttempt | None:
        """The version before it."""
        return next(iter(self.attempts[1:]), None)

    @property
    def is_completed(self) -> bool:
        return self.pilot.status is PilotStatus.COMPLETED

    @property
    def next_is_made(self) -> bool:
        """Whether a later attempt is under way."""
        latest, newest = self.pilot.latest_attempt, self.newest
        if latest is None or newest is None or latest.attempt_number <= newest.attempt_number:
            return False
        return latest.state.is_under_way

    @property
    def takes_comments(self) -> bool:
        """Whether something can be said of the newest attempt: also after an approval over a request for changes."""
        if self.grant is None or self.newest is None or self.next_is_made:
            return False
        return not self.is_completed or bool(self.pilot.overridden_requests)

    @property
    def takes_answers(self) -> bool:
        """Whether it can be said whether the newest attempt does what was asked of earlier ones."""
        return self.takes_comments and not self.is_completed

    @property
    def takes_decision(self) -> bool:
        """Whether the newest attempt waits for this reviewer's decision."""
        return self.takes_answers and self.own_decision is None

    @property
    def own_decision(self) -> Feedback | None:
        """What this reviewer decided on the newest attempt, if no later decision replaced it."""
        given = self.newest.review if self.newest else None
        return given if given and self._is_own(given) else None

    @cached_property
    def can_undo(self) -> bool:
        """Whether the reviewer's own decision can still be undone. Raises LinkRefused."""
        given = self.own_decision
        if given is None or self.grant is None:
            return False
        latest = undoable(self.store, self.grant, pilot=self.pilot)
        return latest is not None and latest.feedback_id == given.feedback_id

    @cached_property
    def viewings(self) -> Sequence[Viewing]:
        """Who opened and played what."""
        return self.store.database.read(lambda connection: reviews.viewings(connection, self.pilot.pilot_id))

    @property
    def undo_seconds(self) -> int:
        """How long that is still possible."""
        given = self.own_decision
        return max(0, int((undo_until(given) - self.now).total_seconds())) if given else 0

    @property
    def approval(self) -> tuple[PilotRunAttempt, Feedback] | None:
        """The attempt that was approved and its approval, where that ended the pilot."""
        if self.pilot.approval_outcome is not ApprovalOutcome.APPROVED:
            return None
        found = ((attempt, attempt.review) for attempt in self.attempts)
        return next(((a, given) for a, given in found if given and given.level is FeedbackLevel.APPROVE), None)

    @property
    def can_certify(self) -> bool:
        """Whether there is a certificate of the approval to download."""
        return self.grant is not None and self.is_completed and approval_of(self.pilot) is not None

    @property
    def download(self) -> PilotRunAttempt | None:
        """The attempt whose video this reviewer may download, if the stored file is the one that was approved."""
        attempt = downloadable(self.pilot, self.grant)
        if attempt is None or attempt.review is None:
            return None
        try:
            is_there = attempt.review.sha256 in (None, shown_checksum(self.store, self.pilot.pilot_id, attempt))
        except NotAllowedNow:
            return None
        return attempt if is_there else None

    @property
    def changed(self) -> WhatChanged | None:
        """What changed in the newest version since the one that was reviewed before it; None in the first version."""
        of = (self.pilot.pilot_id, self.attempts, self.shared.said, self.store.media)
        return self.shared.once("changed", lambda: what_changed(*of))

    def others_decisions(self, attempt: PilotRunAttempt) -> list[Feedback]:
        """The last decision of everyone else on an attempt, the latest first."""
        latest: dict[tuple[str, str], Feedback] = {}
        for given in attempt.feedback:
            if given.mode is FeedbackMode.HUMAN and not self._is_own(given):
                latest[given.by, given.channel] = given
        return list(reversed(latest.values()))

    def earlier_own_decision(self, attempt: PilotRunAttempt) -> Feedback | None:
        """What this reviewer decided on an attempt last, whether or not it was replaced."""
        return next((given for given in reversed(attempt.feedback) if self._is_own(given)), None)

    def threads_on(self, attempt: PilotRunAttempt) -> list[Thread]:
        """What was said of one attempt."""
        return [thread for thread in self.threads if thread.comment.attempt_number == attempt.attempt_number]

    def attached_to(self, owner_id: str) -> Attachment | None:
        """The file attached to the comment or decision with that id."""
        files = self.shared.attachments
        by_owner = self.shared.once("attached", lambda: {file.comment_id or file.feedback_id: file for file in files})
        return by_owner.get(owner_id)

    @property
    def held_file(self) -> Attachment | None:
        """The file of this reviewer's undone decision, which can be sent with the next one."""
        return attachments.held_by(self.shared.attachments, self.grant) if self.grant else None

    def is_own(self, comment: Comment) -> bool:
        """Whether the reviewer may change the comment."""
        return self.grant is not None and is_own(self.grant, comment) and not comment.deleted_at

    def own_comments(self, attempt: PilotRunAttempt) -> int:
        """How many comments on an attempt are the reviewer's own."""
        return sum(self.is_own(thread.comment) for thread in self.threads_on(attempt))

    def labels(self, attempt: PilotRunAttempt) -> Mapping[str, str]:
        """When each comment on an attempt is, by its id."""
        said = [thread.comment for thread in self.threads_on(attempt)]
        return self.shared.once(("labels", attempt.attempt_id), lambda: times.labels(said))

    def texts(self, attempt: PilotRunAttempt) -> list[reading.Text]:
        """What there is to read with an attempt."""
        of = (self.store, self.pilot.pilot_id, attempt)
        return self.shared.once(("texts", attempt.attempt_id), lambda: reading.texts_of(*of))

    def media(self, attempt: PilotRunAttempt) -> PlayerMedia | None:
        """The attempt's video; None without a file."""
        of = (self.store, self.pilot.pilot_id, attempt)
        return self.shared.once(("media", attempt.attempt_id), lambda: media_of(*of))

    def checklist(self) -> list[ChecklistSection]:
        """What there is to tick before an approval."""
        return checklist_for(self.pilot)

    def unseen(self, attempt: PilotRunAttempt) -> list[str]:
        """The parts of an attempt that this reviewer has not played: "0:21–0:26"."""
        mine = [v for v in self.viewings if (v.attempt_id, v.reviewer) == (attempt.attempt_id, self.name)]
        watched = mine[0].watched if mine else ()
        gaps = times.unseen(watched, attempt.whole_seconds)
        length = attempt.whole_seconds or 0
        if gaps == [(0, length - 1)]:
            return []
        return [f"{times.clock(first)}–{times.clock(min(last + 1, length))}" for first, last in gaps]

    def has_played(self, attempt: PilotRunAttempt) -> bool:
        """Whether this reviewer has played any of an attempt."""
        return any(v.watched for v in self.viewings if (v.attempt_id, v.reviewer) == (attempt.attempt_id, self.name))

    def _is_own(self, given: Feedback) -> bool:
        return self.grant is not None and (given.by, given.channel) == (self.grant.name, CHANNEL)


def look(store: PilotStore, pilot_id: str, grant: Grant | None) -> Room:
    """The room as it is now. Raises PilotNotFound and LinkRefused."""

    def read(connection: Connection) -> Room:
        # First, so that what comes between is noticed at the next look.
        shared = shared_at(store, pilot_id, stamp_now(store, pilot_id))
        unsent = unsent_of(store, grant) if grant else {}
        return Room(store, grant, shared, shown_attempts(shared.pilot), store.clock(), unsent)

    room = store.database.read(read)
    old_videos.ask(store, room.pilot)
    return room


def shown_checksum(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> str:
    """The SHA-256 of the attempt's video, summed anew when the file changed. Raises NotAllowedNow without a file."""
    path = attempt.video_path or ""
    try:
        found = store.media.find(path, of=pilot_id)
    except (PilotError, OSError, ValueError):
        found = None
    status = found.status if found else None
    if status is None:
        return film_checksum(store, pilot_id, attempt)
    key = (str(store.root), path, status.st_size, status.st_mtime_ns)
    if key not in _sums:
        while len(_sums) >= SUMS_KEPT:
            _sums.pop(next(iter(_sums)), None)
        _sums[key] = film_checksum(store, pilot_id, attempt)
    return _sums[key]


def media_of(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> PlayerMedia | None:
    """The video with its checksum in the address, so that a browser never plays an older file; None without a file."""
    media = media_for(attempt)
    if media is None:
        return None
    try:
        checksum = shown_checksum(store, pilot_id, attempt)
    except NotAllowedNow:
        return None
    version = f"?v={checksum[:12]}"
    light = media.light and f"{media.light}{version}"
    return replace(media, video=f"{media.video}{version}", light=light, label=f"Version {attempt.attempt_number}")


def player_data(room: Room, attempt: PilotRunAttempt, *sources: PlayerMedia) -> dict[str, Any]:
    """What the player is shown: the videos, and the comments on ``attempt`` as places in the longest of them."""
    rate = max(sources, key=lambda media: (media.frame_count or 0) / media.rate).rate
    markers = comment_markers(room.threads_on(attempt), rate)
    return {
        "sources": [{**asdict(media), "rate": _pair(media.rate)} for media in sources],
        "markers": [asdict(marker) for marker in sorted(markers, key=lambda marker: marker.frame)],
        "rate": _pair(attempt.rate),
    }


def _pair(rate: Fraction) -> list[int]:
    return [rate.numerator, rate.denominator]
