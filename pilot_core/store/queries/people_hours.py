"""How many hours of people were logged with the feedback of a cohort."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.formatting import count
from pilot_core.insight.cohort import Cohort
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import chosen_pilots

_HOURS = """
SELECT sum(people_hours) AS hours, count(people_hours) AS given, count(*) AS of_all
FROM feedback
WHERE mode = 'human' AND (received_at IS NULL OR received_at <= CAST($as_of AS TIMESTAMP))
    AND pilot_id IN (SELECT pilot_id FROM pilots WHERE {where})
"""


@dataclass(frozen=True)
class PeopleHours:
    """The hours that were said, None if none were; with how many pieces of human feedback, of how many."""

    hours: float | None
    given: int
    of_all: int

    @property
    def sentence(self) -> str:
        """The hours and with how many pieces of feedback they were given, "" if with none."""
        if self.hours is None:
            return ""
        return f"{self.hours:,.1f} h, given with {self.given:,} of {count(self.of_all, 'piece')} of feedback"


def people_hours(database: Database, cohort: Cohort, moment: datetime) -> PeopleHours:
    """Return the hours logged with the human feedback of the cohort's pilots until ``moment`` (UTC)."""
    where, given = chosen_pilots(cohort, moment)
    [found] = database.read(lambda c: rows(c, _HOURS.format(where=where), given))
    return PeopleHours(found["hours"], found["given"], found["of_all"])
