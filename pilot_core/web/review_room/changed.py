"""What the room shows of a new version: each request on the version reviewed last, beside the part that answers it.

Which shots changed is known only if the pipeline says what each shot shows. Otherwise the room says so, and shows the
shots that were asked about, or none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pilot_core.documents.names import shot_still
from pilot_core.domain.attempt import Draft, PilotRunAttempt
from pilot_core.domain.shots import Span, spans
from pilot_core.review.checklist import Checklist, Item, Said
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
    """A request with what was done about it, the pipeline's sentences, and the part of the new video."""

    item: Item
    sentences: tuple[str, ...]
    part: Part | None


@dataclass(frozen=True)
class WhatChanged:
    """What changed since version ``since``: a sentence, the changed parts to play, the requests, and other changes."""

    since: int
    summary: str
    reel: Part | None
    reel_label: str
    points: Sequence[Point]
    others: Sequence[str]


def what_changed(pilot_id: str, attempts: Sequence[PilotRunAttempt], said: Said, media: Media) -> WhatChanged | None:
    """Return what changed in the newest attempt of a pilot, or None if there is none before it.

    ``attempts`` are those that reviewers see, newest first.
    """
    if len(attempts) < 2 or (draft := attempts[0].final_draft) is None:
        return None
    listed = Checklist(attempts, said)
    places_of_all = [place for item in listed.items for place in (item.places or ())]
    stills = _stills(pilot_id, attempts[0], places_of_all, media)

    def part(places: Sequence[int]) -> Part | None:
        shown = spans(draft, places)
        return Part(shown, draft, stills.get(min(places))) if shown else None

    points = [
        Point(item, tuple(change.text for change in item.changes), part(item.places) if item.places else None)
        for item in listed.items
    ]
    told = {sentence for point in points for sentence in point.sentences}
    others = [change.text for change in draft.changes if change.text not in told]
    changed = listed.comparison.changed
    reel = part(_reel(draft, changed, [item.places for item in listed.items]))
    label = "Play only what changed" if changed is not None else "Play the parts that were asked about"
    since = listed.base.attempt_number
    return WhatChanged(since, _summary(since, changed, len(draft.shots), reel), reel, label, points, others)


def _reel(draft: Draft, changed: Sequence[int] | None, asked: Sequence[Sequence[int] | None]) -> Sequence[int]:
    """Return the changed shots, or where they are not known those that were asked about."""
    if changed is None:
        return sorted({place for places in asked for place in places or ()})
    return () if len(changed) == len(draft.shots) else changed


def _summary(since: int, changed: Sequence[int] | None, count: int, reel: Part | None) -> str:
    before = f"version {since}"
    if changed is None and reel:
        return f"Which shots differ from {before} is not known. The parts below are those that were asked about."
    if changed is None:
        return f"Which parts differ from {before} is not known."
    if not changed:
        return f"Every shot looks as it did in {before}."
    if len(changed) == count:
        return f"Every shot differs from {before}, in what it shows or how long."
    return f"{len(changed)} of {count} shots differ from {before}, in what they show or how long."


def _stills(pilot_id: str, attempt: PilotRunAttempt, places: Sequence[int], media: Media) -> dict[int, str]:
    """Return the addresses of those shots' pictures that exist."""
    if not attempt.review_pack_path or not places:
        return {}
    paths = {place: f"{attempt.review_pack_path}/{shot_still(place)}" for place in set(places)}
    existing = media.existing(paths.values(), of=pilot_id)
    return {
        place: f"/watch/{attempt.attempt_id}/{shot_still(place)}" for place, path in paths.items() if path in existing
    }
