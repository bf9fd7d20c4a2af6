"""A cohort: the set of pilots covered by metrics, a programme's recommendation or an export."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from pilot_core import catalog
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.errors import InvalidRequest


@dataclass(frozen=True)
class Cohort:
    """The filters that choose pilots, and whether human or simulated feedback counts. Empty fields do not filter.

    ``scenario``, ``brand`` and ``playbook_version`` hold the allowed values; "" matches pilots that have none. Days are
    in UTC and inclusive. Raises InvalidRequest if ``mode`` is neither human nor simulated, or the days are in the wrong
    order.
    """

    scenario: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    playbook_version: tuple[str, ...] = ()
    created_from: date | None = None
    created_to: date | None = None
    mode: str = FeedbackMode.HUMAN.value

    def __post_init__(self) -> None:
        if self.mode not in set(FeedbackMode):
            raise InvalidRequest(f"“{self.mode[:40]}” is not a feedback mode; use human or simulated.", field="mode")
        if self.created_from and self.created_to and self.created_from > self.created_to:
            raise InvalidRequest("The first day is after the last one; swap them.", field="created_from")

    @property
    def words(self) -> str:
        """The filters in words, such as “Feature launch, Acme, created from 1 Mar 2026”."""
        told = [
            *(catalog.label("scenario", name) if name else "no scenario" for name in self.scenario),
            *(catalog.label("brand", name) if name else "no brand" for name in self.brand),
            *(f"playbook {name}" if name else "no playbook version" for name in self.playbook_version),
        ]
        if self.created_from:
            told.append(f"created from {_day(self.created_from)}")
        if self.created_to:
            told.append(f"created to {_day(self.created_to)}")
        if self.mode == FeedbackMode.SIMULATED:
            told.append("simulated feedback")
        return ", ".join(told) or "all pilots"

    def as_filters(self) -> dict[str, Any]:
        """Return the filters for a manifest: lists, ISO dates, and None for a filter that is not set."""
        return {
            "scenario": list(self.scenario) or None,
            "brand": list(self.brand) or None,
            "playbook_version": list(self.playbook_version) or None,
            "created_from": self.created_from.isoformat() if self.created_from else None,
            "created_to": self.created_to.isoformat() if self.created_to else None,
            "mode": self.mode,
        }


def segment_words(scenario: str, brand: str) -> str:
    """Return the name of a segment, such as “Feature launch × Acme”."""
    scenario_label = catalog.label("scenario", scenario) if scenario else "no scenario"
    return f"{scenario_label} × {catalog.label('brand', brand) if brand else 'no brand'}"


def _day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"
