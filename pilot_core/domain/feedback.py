"""Feedback on an attempt: the decision, who gave it, and its notes and flags."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from pilot_core.domain import limits
from pilot_core.domain.records import Record, UtcTime
from pilot_core.errors import InvalidRequest


class FeedbackLevel(StrEnum):
    """A decision on one attempt. ``rank`` orders them from worst (0) to best (2)."""

    MAJOR_CHANGES = "major_changes"
    MINOR_CHANGES = "minor_changes"
    APPROVE = "approve"

    @property
    def rank(self) -> int:
        return list(FeedbackLevel).index(self)

    @property
    def label(self) -> str:
        """The label of the choice: "Approve" or "Minor changes"."""
        return LABELS[self]

    @property
    def outcome(self) -> str:
        """The outcome for the attempt: "approved" or "minor changes"."""
        return OUTCOMES[self]

    @property
    def in_sentence(self) -> str:
        """The decision as the object of a sentence: "an approval" or "minor changes"."""
        return "an approval" if self is FeedbackLevel.APPROVE else OUTCOMES[self]

    @property
    def verb(self) -> str:
        """What the reviewer did, worded to precede "attempt 2": "approved" or "asked for minor changes on"."""
        return OUTCOMES[self] if self is FeedbackLevel.APPROVE else f"asked for {OUTCOMES[self]} on"


LABELS = {
    FeedbackLevel.APPROVE: "Approve",
    FeedbackLevel.MINOR_CHANGES: "Minor changes",
    FeedbackLevel.MAJOR_CHANGES: "Major changes",
}
OUTCOMES = {
    FeedbackLevel.APPROVE: "approved",
    FeedbackLevel.MINOR_CHANGES: "minor changes",
    FeedbackLevel.MAJOR_CHANGES: "major changes",
}


def level_in_sentence(level: object, unknown: str) -> str:
    """Return a saved level as the object of a sentence: "an approval", "minor changes"; ``unknown`` if missing."""
    text = str(level or unknown)
    return "an approval" if text == FeedbackLevel.APPROVE else text.replace("_", " ")


class FeedbackMode(StrEnum):
    """Who gave the feedback: a person, or a simulated persona, whose feedback is shown but never counted."""

    HUMAN = "human"
    SIMULATED = "simulated"


Flags = Annotated[list[str], AfterValidator(lambda flags: list(dict.fromkeys(flags)))]
"""Flags in the order they were given; one that is repeated counts once."""


class Feedback(Record):
    """Feedback on one attempt: a decision (``level``), flags and notes.

    An approval in the review room records the SHA-256 (hex) of the approved file, of the delivered file that it was
    conformed from (None if that is not known), and the ticked checklist items. ``people_hours`` is how many hours the
    team spent on the attempt, None if nobody said.
    """

    feedback_id: str
    level: FeedbackLevel
    notes: str = Field("", max_length=limits.NOTES)
    flags: Flags = Field(default_factory=list)
    mode: FeedbackMode = FeedbackMode.HUMAN
    by: str = Field("", max_length=limits.NAME)
    channel: str = Field("", max_length=limits.CHANNEL)
    persona: str | None = None
    received_at: UtcTime | None = None
    sha256: str | None = None
    original_sha256: str | None = None
    checklist: list[str] = Field(default_factory=list)
    people_hours: float | None = Field(None, ge=0, le=limits.PEOPLE_HOURS)


def parse_level(level: FeedbackLevel | str) -> FeedbackLevel:
    """Return the decision for a text, ignoring case. Raises InvalidRequest, naming the three valid ones."""
    try:
        return FeedbackLevel(str(level).strip().lower())
    except ValueError:
        raise InvalidRequest(
            f"“{str(level)[:40]}” is not a decision; use approve, minor_changes or major_changes.", field="level"
        ) from None
