"""Collects the facts about a pilot that documents use, from the pilot, its brief, its saved brand and the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilot_core import catalog, formatting
from pilot_core.documents.text import line
from pilot_core.domain.brief import BASIC, BRIEF_LABELS, BRIEF_TITLES, Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.promises import Promises

STANDARD = Promises()
"""What the settings say unless they are changed."""


@dataclass(frozen=True)
class BrandWords:
    """A brand's style in words. A field is "" if neither the pilot nor the catalogue has it."""

    label: str
    tone: str
    pacing: str
    pacing_label: str
    claims: str

    @property
    def summary(self) -> str:
        """The style in one phrase, such as "bold tone, aggressive pacing (0.8), aggressive claims"."""
        number = f" ({self.pacing})" if self.pacing else ""
        parts = (
            f"{self.tone} tone" if self.tone else "",
            f"{self.pacing_label} pacing{number}" if self.pacing_label else "",
            f"{self.claims} claims" if self.claims else "",
        )
        return ", ".join(filter(None, parts)) or "no preset saved with this pilot"


@dataclass(frozen=True)
class Facts:
    """The facts about a pilot for use in templates. Every text is a single line, otherwise as typed."""

    pilot_id: str
    founder: str
    company: str
    scenario: catalog.Scenario
    intent: catalog.Intent
    brand: BrandWords
    brief: Brief
    missing: list[str]
    playbook: str
    started: str
    limits: catalog.SlaLimits
    max_attempts: int
    max_iterations: int
    review_time: str
    answer_time: str

    @property
    def video(self) -> str:
        """The kind of video, such as "feature launch video"."""
        return f"{self.scenario.label[:1].lower()}{self.scenario.label[1:]} video"

    @property
    def further(self) -> list[tuple[str, str]]:
        """What the brief says beside its basic fields, each with its label."""
        return [(BRIEF_TITLES[f], str(v)) for f, v in self.brief.given().items() if f not in BASIC]

    @property
    def length(self) -> str:
        return f"{self.scenario.min_seconds:g}–{self.scenario.max_seconds:g} s"

    @property
    def size(self) -> str:
        return f"{self.intent.width}×{self.intent.height}"

    @property
    def loudness(self) -> str:
        low, high = (f"{v:g}".replace("-", "−") for v in (self.limits.loudness_min_lufs, self.limits.loudness_max_lufs))
        return f"{low} to {high} LUFS"


def facts_of(pilot: PilotRun, promises: Promises = STANDARD) -> Facts:
    """Return the facts about a pilot. Raises InvalidRequest if its scenario is not in the catalogue."""
    scenario = catalog.scenario(pilot.scenario_type)
    brief = cleaned(pilot.brief)
    return Facts(
        pilot_id=pilot.pilot_id,
        founder=line(pilot.founder_name),
        company=line(pilot.company_name),
        scenario=scenario,
        intent=catalog.intents()[scenario.intent],
        brand=brand_words(pilot),
        brief=brief,
        missing=[BRIEF_LABELS[field] for field in BASIC if not getattr(brief, field)],
        playbook=line(pilot.playbook_version or formatting.MISSING),
        started=formatting.day(pilot.created_at),
        limits=catalog.sla_limits(),
        max_attempts=pilot.max_attempts,
        max_iterations=pilot.max_iterations_per_attempt,
        review_time=formatting.working_time(promises.review_hours),
        answer_time=formatting.working_time(promises.answer_hours),
    )


def brand_words(pilot: PilotRun) -> BrandWords:
    """Return the brand's style as saved with the pilot. Missing fields come from the catalogue preset of that name."""
    preset = catalog.brands().get(pilot.brand_preset)
    known: Mapping[str, Any] = preset.context() if preset else {}

    def word(key: str) -> str:
        value = pilot.brand_context.get(key)
        if value in (None, ""):
            value = known.get(key)
        return line(value) if isinstance(value, str | int | float) else ""

    return BrandWords(
        label=word("label") or line(pilot.brand_preset),
        tone=word("tone"),
        pacing=word("pacing"),
        pacing_label=word("pacing_label"),
        claims=word("claims"),
    )


def cleaned(brief: Brief) -> Brief:
    """Return the brief with every text on one line and without empty proof points."""
    return brief.each_text(line)
