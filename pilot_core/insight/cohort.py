"""A cohort: the pilots that metrics, a programme's recommendation and an export are about."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from pilot_core import catalog
from pilot_core.errors import InvalidRequest
from pilot_core.models import FeedbackMode


@dataclass(frozen=True)
class Cohort:
    """Which pilots, and whose feedback counts. An empty field leaves none out.

    ``scenario``, ``brand`` and ``playbook_version`` hold the values allowed; "" stands for a pilot that names none.
    Days are in UTC, both included. Raises InvalidRequest for a mode that is neither human nor simulated and for days
    in the wrong order.
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
        """The filters as a sentence names them, such as “Feature launch, Acme, created from 1 Mar 2026”."""
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
        """The filters for a manifest: lists, ISO days, None where a filter is not set."""
        return {
            "scenario": list(self.scenario) or None,
            "brand": list(self.brand) or None,
            "playbook_version": list(self.playbook_version) or None,
            "created_from": self.created_from.isoformat() if self.created_from else None,
            "created_to": self.created_to.isoformat() if self.created_to else None,
            "mode": self.mode,
        }


def segment_words(scenario: str, brand: str) -> str:
    """A segment's name: “Feature launch × Acme”."""
    scenario_label = catalog.label("scenario", scenario) if scenario else "no scenario"
    return f"{scenario_label} × {catalog.label('brand', brand) if brand else 'no brand'}"


def _day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"
