"""What the room shows of a new version: each request on the version reviewed last, beside the part that answers it.

Which shots changed is known only if the pipeline says what each shot shows. Otherwise the room says so, and shows the
shots that were asked about, or none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pilot_core.documents.names import shot_still
from pilot_core.domain.attempt import Change, Draft, PilotRunAttempt
from pilot_core.domain.requests import NOTES, Answer, Request, RequestKind, id_of_request
from pilot_core.domain.shots import Comparison, Span, compare, shot_at, spans
from pilot_core.review.comments import Thread
from pilot_core.review.requests import requests_of
from pilot_core.store.files.media import Media
from pilot_core.web.review_room import times


@dataclass(frozen=True)
class Part:
    """Parts of the new video, as addresses of its frames, and the picture of the first, if there is one."""

    spans: tuple[Span, ...]
    draft: Draft
    still: str | None = None

    @property
    def frames(self) -> str:
        """The first and last frame of each, as JSON."""
        return json.dumps([[span.first, span.last] for span in self.spans])

    def seconds(self, span: Span) -> tuple[float, float]:
        """Return when a part begins and ends, in seconds."""
        return float(span.first / self.draft.rate), float((span.last + 1) / self.draft.rate)

    def label(self, span: Span) -> str:
        """Return when a part is on screen: "0:12–0:15"."""
        first, last = (times.clock(second) for second in self.seconds(span))
        return first if first == last else f"{first}–{last}"

    @property
    def length(self) -> str:
        """How long all of it lasts: "0:14"."""
        return times.clock(float(sum(span.last + 1 - span.first for span in self.spans) / self.draft.rate))


@dataclass(frozen=True)
class Point:
    """A request, what the pipeline says was done about it, what we know besides, and the part of the new video."""

    request: Request
    sentences: tuple[str, ...]
    note: str
    part: Part | None
    is_new_answer: bool
    """Whether the request has been answered on the new version itself."""


@dataclass(frozen=True)
class WhatChanged:
    """What changed since version ``since``: a sentence, the changed parts to play, the requests, and other changes."""

    since: int
    summary: str
    reel: Part | None
    reel_label: str
    points: Sequence[Point]
    others: Sequence[str]


def what_changed(
    pilot_id: str,
    attempts: Sequence[PilotRunAttempt],
    threads: Sequence[Thread],
    answers: Sequence[Answer],
    media: Media,
) -> WhatChanged | None:
    """Return what changed in the newest attempt of a pilot, or None if there is none before it.

    ``attempts`` are those that reviewers see, newest first. ``answers`` are all of the pilot's.
    """
    if len(attempts) < 2 or (draft := attempts[0].final_draft) is None:
        return None
    found = _Changes(attempts, threads, answers, draft)
    requests = found.requests()
    parts = {request.request_id: found.places(request) for request in requests}
    places_of_all = [place for places in parts.values() for place in (places or ())]
    stills = _stills(pilot_id, attempts[0], places_of_all, media)

    def part(places: Sequence[int]) -> Part | None:
        shown = spans(draft, places)
        return Part(shown, draft, stills.get(min(places))) if shown else None

    points = []
    for request in requests:
        changes, places = found.about(request), parts[request.request_id]
        points.append(
            Point(
                request,
                tuple(change.text for change in changes),
                found.note(request, changes, places),
                part(places) if places else None,
                request.standing is not None and request.standing.attempt_number == found.newest.attempt_number,
            )
        )
    told = {sentence for point in points for sentence in point.sentences}
    others = [change.text for change in draft.changes if change.text not in told]
    reel = part(found.reel(list(parts.values())))
    label = "Play only what changed" if found.comparison.changed is not None else "Play the parts that were asked about"
    return WhatChanged(found.base.attempt_number, found.summary(reel), reel, label, points, others)


class _Changes:
    """The newest attempt compared with the one that was reviewed last before it."""

    def __init__(
        self, attempts: Sequence[PilotRunAttempt], threads: Sequence[Thread], answers: Sequence[Answer], draft: Draft
    ):
        self.newest, self.earlier = attempts[0], attempts[1:]
        self.threads, self.answers, self.draft = threads, answers, draft
        self._comparisons: dict[int, Comparison] = {}

    @cached_property
    def base(self) -> PilotRunAttempt:
        """The attempt that was reviewed last before the newest, or the one before it if none was."""
        commented = {t.comment.attempt_number for t in self.threads if not t.comment.from_team}
        reviewed = (a for a in self.earlier if a.last_decisions or a.attempt_number in commented)
        return next(reviewed, self.earlier[0])

    @property
    def comparison(self) -> Comparison:
        return self.compared_with(self.base)

    def compared_with(self, attempt: PilotRunAttempt) -> Comparison:
        if attempt.attempt_number not in self._comparisons:
            before = attempt.final_draft.shots if attempt.final_draft else []
            self._comparisons[attempt.attempt_number] = compare(before, self.draft.shots)
        return self._comparisons[attempt.attempt_number]

    def requests(self) -> list[Request]:
        """Return the requests on the base, and those on attempts before it that were answered with "not yet"."""
        number = self.newest.attempt_number
        found = requests_of(self.base, self.threads, self.answers, number)
        for attempt in self.earlier:
            if attempt.attempt_number >= self.base.attempt_number:
                continue
            for request in requests_of(attempt, self.threads, self.answers, number):
                standing = request.standing
                if standing and (not standing.addressed or standing.attempt_number == number):
                    found.append(request)
        return found

    def about(self, request: Request) -> list[Change]:
        """Return the changes that the pipeline made for a request. Changes without flags answer words without flags."""
        if request.kind is RequestKind.FLAG:
            return [change for change in self.draft.changes if request.flag in change.flags]
        unflagged = [id_of_request(given.feedback_id, NOTES) for given in self.base.last_decisions if not given.flags]
        if request.request_id in unflagged:
            return [change for change in self.draft.changes if not change.flags]
        return []

    def places(self, request: Request) -> tuple[int, ...] | None:
        """Return the shots of the new video that answer a request, none if it has none, None if that is not known."""
        if request.comment is None:
            changes = self.about(request)
            if not changes or any(change.shots is None for change in changes):
                return None
            named = {place for change in changes for place in change.shots or ()}
            return tuple(sorted(place for place in named if 0 <= place < len(self.draft.shots)))
        attempt = next(a for a in self.earlier if a.attempt_number == request.attempt_number)
        before = attempt.final_draft.shots if attempt.final_draft else []
        comment = request.comment
        ends = (comment.frame, comment.frame if comment.end_frame is None else comment.end_frame)
        first, last = (shot_at(before, float(frame / comment.rate)) for frame in ends)
        if first is None or not self.draft.shots:
            return None
        became = self.compared_with(attempt).became
        covered = range(first, (first if last is None else last) + 1)
        return tuple(sorted({place for old in covered for place in became.get(old, ())}))

    def note(self, request: Request, changes: Sequence[Change], places: tuple[int, ...] | None) -> str:
        """Return what is known of a request besides the pipeline's own sentences, as a sentence, or ""."""
        number = self.newest.attempt_number
        if request.comment is None:
            if changes and not any(change.answered for change in changes):
                return f"Not answered by version {number}."
            return "" if changes else f"No answer to this came with version {number}."
        if places is None:
            return f"Where this is in version {number} is not known."
        if not places:
            return f"This part is no longer in version {number}."
        attempt = next(a for a in self.earlier if a.attempt_number == request.attempt_number)
        changed = self.compared_with(attempt).changed
        if changed is None:
            return "Whether this part has changed is not known."
        if set(places) & set(changed):
            return f"This part is different in version {number}."
        return f"Not answered by version {number}: this part is as it was."

    def reel(self, parts: Sequence[tuple[int, ...] | None]) -> tuple[int, ...]:
        """Return the changed shots, or where they are not known those that were asked about."""
        changed = self.comparison.changed
        if changed is None:
            return tuple(sorted({place for places in parts for place in places or ()}))
        return () if len(changed) == len(self.draft.shots) else changed

    def summary(self, reel: Part | None) -> str:
        changed, count = self.comparison.changed, len(self.draft.shots)
        since = f"version {self.base.attempt_number}"
        if changed is None and reel:
            return f"Which shots differ from {since} is not known. The parts below are those that were asked about."
        if changed is None:
            return f"Which parts differ from {since} is not known."
        if not changed:
            return f"Every shot looks as it did in {since}."
        if len(changed) == count:
            return f"Every shot differs from {since}, in what it shows or how long."
        return f"{len(changed)} of {count} shots differ from {since}, in what they show or how long."


def _stills(pilot_id: str, attempt: PilotRunAttempt, places: Sequence[int], media: Media) -> dict[int, str]:
    """Return the addresses of those shots' pictures that exist."""
    if not attempt.review_pack_path or not places:
        return {}
    paths = {place: f"{attempt.review_pack_path}/{shot_still(place)}" for place in set(places)}
    existing = media.existing(paths.values(), of=pilot_id)
    return {
        place: f"/watch/{attempt.attempt_id}/{shot_still(place)}" for place, path in paths.items() if path in existing
    }
