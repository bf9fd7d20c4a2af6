"""Leads' judgements: overrides of recommendations and decisions on suggested flags; and the list of filed reports."""

from dataclasses import dataclass
from datetime import datetime

NO_VERDICT_YET = "NO VERDICT YET"
"""The label of a recommendation that is not yet PROCEED, REVISE or STOP."""
NOT_COUNTED = "NOT COUNTED"
"""The label of a pilot that was dropped for an outside reason, which no rate counts."""
NOT_COUNTED_CODE = "dropped_external"


def badge_word(recommendation: str | None, code: str | None) -> str:
    """Return the label of a recommendation with this reason code: the verdict, NO VERDICT YET or NOT COUNTED."""
    return recommendation or (NOT_COUNTED if code == NOT_COUNTED_CODE else NO_VERDICT_YET)


@dataclass(frozen=True)
class Override:
    """A lead's verdict that overrides the rules, with the rules' result at that time. Times are in UTC.

    With ``needs_second`` it takes effect when a second person has given their reason.
    """

    override_id: str
    pilot_id: str
    verdict: str
    reason: str
    computed: str | None
    computed_code: str
    rules_version: str
    made_by: str
    made_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
    undone_reason: str | None = None
    needs_second: bool = False
    second_by: str | None = None
    second_at: datetime | None = None
    second_reason: str | None = None

    @property
    def stands(self) -> bool:
        """Whether the override is in effect: nobody has undone it, and it does not wait."""
        return self.undone_at is None and not self.lacks_second

    @property
    def waits(self) -> bool:
        """Whether the override is asked for and waits for the reason of a second person."""
        return self.undone_at is None and self.lacks_second

    @property
    def lacks_second(self) -> bool:
        """Whether it never took effect, since it needs the reason of a second person and has none."""
        return self.needs_second and self.second_at is None


@dataclass(frozen=True)
class DecidedSuggestion:
    """A suggested flag that someone accepted or dismissed. ``decided_at`` is in UTC."""

    feedback_id: str
    flag: str
    quote: str
    accepted: bool
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True)
class FiledLine:
    """One entry in the list of filed reports. Times are in UTC."""

    report_id: str
    pilot_id: str
    as_of: datetime
    generated_at: datetime
    filed_by: str
    rules_version: str
    recommendation: str | None
    reason_code: str
    override_verdict: str | None
    override_by: str | None
    override_reason: str | None
