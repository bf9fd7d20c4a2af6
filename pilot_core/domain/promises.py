"""How long a review and an answer take, as founders are told: in hours of working days."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promises:
    """How long the founder has to review an attempt, and the team to answer, in hours of working days."""

    review_hours: float = 48.0
    answer_hours: float = 24.0
