"""The checklist of an attempt: what was asked of earlier versions, and what was done about each request in this one.

What was done is what the pipeline says, unless the measured videos contradict it, or what a lead marked by hand. The
founder's own answer stands beside it. Review room, pilot page and briefs read this one list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pilot_core.domain.attempt import AttemptState, Change, Draft, PilotRunAttempt
from pilot_core.domain.measures import Effect, Measured, measured
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import (
    NOTES,
    Answer,
    Mark,
    Outcome,
    Request,
    RequestKind,
    Standing,
    id_of_request,
    outcome_of,
)
from pilot_core.domain.shots import Comparison, compare, shot_at
from pilot_core.review.comments import Thread, threads_of
from pilot_core.review.requests import answers_of, requests_of
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import request_marks


@dataclass(frozen=True)
class Item:
    """A request and what was done about it in an attempt.

    ``changes`` are the pipeline's, which may be contradicted by ``measured``. ``note`` is what is known besides, as a
    sentence, or "". ``places`` are the shots that answer it, none if it has none, None if that is not known.
    ``answer`` says whether somebody found it addressed in this very attempt.
    """

    request: Request
    outcome: Outcome
    changes: tuple[Change, ...]
    measured: Measured | None
    mark: Mark | None
    note: str
    places: tuple[int, ...] | None
    answer: Standing | None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do: somebody found it addressed, or it was done or is not possible."""
        return self.answer.addressed if self.answer else not self.outcome.is_open

    @property
    def can_be_done(self) -> bool:
        """Whether a lead may mark it as done: unless the measured videos contradict that."""
        return self.measured is None or not self.measured.contradicts


@dataclass(frozen=True)
class Said:
    """What people said of a pilot's attempts, apart from their decisions."""

    threads: Sequence[Thread] = ()
    answers: Sequence[Answer] = ()
    marks: Sequence[Mark] = ()


class Checklist:
    """The requests on the attempt that was reviewed last before ``attempt``, and what was open before that one.

    ``attempts`` are those that reviewers see, newest first; the first one is the checklist's own.
    """

    def __init__(self, attempts: Sequence[PilotRunAttempt], said: Said):
        self.attempt, self.earlier = attempts[0], attempts[1:]
        self.said = said
        self._comparisons: dict[int, Comparison] = {}

    @property
    def draft(self) -> Draft | None:
        """The video of the attempt, as reviewers see it."""
        return self.attempt.final_draft

    @cached_property
    def base(self) -> PilotRunAttempt:
        """The attempt that was reviewed last before this one, or the one before it if none was."""
        commented = {t.comment.attempt_number for t in self.said.threads if not t.comment.from_team}
        reviewed = (a for a in self.earlier if a.last_decisions or a.attempt_number in commented)
        return next(reviewed, self.earlier[0])

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The requests with what was done about them, the newest attempt's first."""
        return tuple(self._item(request) for request in self._requests())

    @property
    def comparison(self) -> Comparison:
        """This video compared with that of the base, shot by shot."""
        return self.compared_with(self.base)

    def compared_with(self, attempt: PilotRunAttempt) -> Comparison:
        """Return this video compared with that of an earlier attempt, shot by shot."""
        if attempt.attempt_number not in self._comparisons:
            before = attempt.final_draft.shots if attempt.final_draft else []
            after = self.draft.shots if self.draft else []
            self._comparisons[attempt.attempt_number] = compare(before, after)
        return self._comparisons[attempt.attempt_number]

    def _requests(self) -> list[Request]:
        """Return the requests on the base, and those on attempts before it that were not settled in the base."""
        number = self.attempt.attempt_number
        found = requests_of(self.base, self.said.threads, self.said.answers, number)
        before = [a for a in self.earlier if a.attempt_number < self.base.attempt_number]
        if not before:
            return found
        left = {i.request.request_id for i in Checklist([self.base, *before], self.said).items if not i.is_settled}
        for attempt in before:
            for request in requests_of(attempt, self.said.threads, self.said.answers, number):
                if request.request_id in left or _standing_in(request, number):
                    found.append(request)
        return found

    def _item(self, request: Request) -> Item:
        number = self.attempt.attempt_number
        marks = {mark.request_id: mark for mark in self.said.marks if mark.attempt_number == number}
        mark = marks.get(request.request_id)
        changes, places = self._about(request), self._places(request)
        asked_of = self._asked_of(request)
        value = measured(request.flag, asked_of.final_draft, self.draft) if request.flag else None
        is_as_it_was = request.comment is not None and self._changed(request, places) is False
        # A change without a flag need not be what the words ask for, so only a person can say that they are followed.
        claims = () if request.kind is RequestKind.WORDS else changes
        return Item(
            request,
            outcome_of(claims, value, mark, is_as_it_was=is_as_it_was),
            changes,
            value,
            mark,
            self._note(request, changes, places, value),
            places,
            _standing_in(request, number),
        )

    def _asked_of(self, request: Request) -> PilotRunAttempt:
        return next(a for a in self.earlier if a.attempt_number == request.attempt_number)

    def _about(self, request: Request) -> tuple[Change, ...]:
        """Return the changes that the pipeline made for a request. Changes without flags answer words without flags."""
        changes = self.draft.changes if self.draft else []
        if request.kind is RequestKind.FLAG:
            return tuple(change for change in changes if request.flag in change.flags)
        unflagged = [id_of_request(given.feedback_id, NOTES) for given in self.base.last_decisions if not given.flags]
        if request.request_id in unflagged:
            return tuple(change for change in changes if not change.flags)
        return ()

    def _places(self, request: Request) -> tuple[int, ...] | None:
        """Return the shots of this video that answer a request, none if it has none, None if that is not known."""
        shots = self.draft.shots if self.draft else []
        if request.comment is None:
            changes = self._about(request)
            if not changes or any(change.shots is None for change in changes):
                return None
            named = {place for change in changes for place in change.shots or ()}
            return tuple(sorted(place for place in named if 0 <= place < len(shots)))
        attempt = self._asked_of(request)
        before = attempt.final_draft.shots if attempt.final_draft else []
        comment = request.comment
        ends = (comment.frame, comment.frame if comment.end_frame is None else comment.end_frame)
        first, last = (shot_at(before, float(frame / comment.rate)) for frame in ends)
        if first is None or not shots:
            return None
        became = self.compared_with(attempt).became
        covered = range(first, (first if last is None else last) + 1)
        return tuple(sorted({place for old in covered for place in became.get(old, ())}))

    def _changed(self, request: Request, places: tuple[int, ...] | None) -> bool | None:
        """Whether the part that a comment is about looks different in this video; None if that is not known."""
        changed = self.compared_with(self._asked_of(request)).changed
        return None if not places or changed is None else bool(set(places) & set(changed))

    def _note(
        self, request: Request, changes: Sequence[Change], places: tuple[int, ...] | None, value: Measured | None
    ) -> str:
        """Return what is known of a request besides the pipeline's own sentences, as a sentence, or ""."""
        number = self.attempt.attempt_number
        if request.comment is None:
            if changes and not any(change.answered for change in changes):
                return f"Not answered by version {number}."
            if value and value.contradicts and any(change.possible for change in changes):
                return f"Measured, version {number} does not do this."
            is_measured = value is not None and value.effect is Effect.BETTER
            return "" if changes or is_measured else f"No answer to this came with version {number}."
        if places is None:
            return f"Where this is in version {number} is not known."
        if not places:
            return f"This part is no longer in version {number}."
        is_changed = self._changed(request, places)
        if is_changed is None:
            return "Whether this part has changed is not known."
        if is_changed:
            return f"This part is different in version {number}."
        return f"Not answered by version {number}: this part is as it was."


def _standing_in(request: Request, number: int) -> Standing | None:
    """Return the answer to a request that is about that very attempt."""
    standing = request.standing
    return standing if standing and standing.attempt_number == number else None


def checklist_of(store: PilotStore, pilot: PilotRun, attempt_number: int | None = None) -> Checklist | None:
    """Return the checklist of a ready attempt, the newest if None. Returns None if there is none before it."""
    ready = sorted((a for a in pilot.runs if a.state is AttemptState.READY), key=lambda a: -a.attempt_number)
    shown = [a for a in ready if attempt_number is None or a.attempt_number <= attempt_number]
    if len(shown) < 2 or attempt_number not in (None, shown[0].attempt_number):
        return None
    return Checklist(shown, said_of(store, pilot.pilot_id))


def said_of(store: PilotStore, pilot_id: str) -> Said:
    """Return the comments, answers and marks of a pilot."""
    return Said(threads_of(store, pilot_id), answers_of(store, pilot_id), marks_of(store, pilot_id))


def marks_of(store: PilotStore, pilot_id: str) -> list[Mark]:
    """Return the marks on requests of the pilot, by attempt and time."""
    return store.database.read(lambda connection: request_marks.of_pilot(connection, pilot_id))
