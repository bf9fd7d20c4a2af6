"""The thresholds of the recommendations, for a pilot and for a programme, read from data/catalog/rules.toml."""

import tomllib
from functools import cache
from typing import Any

from pydantic import Field

from pilot_core.catalog import CATALOG_DIR, Entry


class Rules(Entry):
    """Thresholds for one pilot: counts, days, dollars and seconds as the names say; ``version`` names the set."""

    version: str = Field(min_length=1)
    majors_stop: int = Field(ge=1)
    majors_persistent: int = Field(ge=1)
    majors_struggling: int = Field(ge=1)
    stale_days: float = Field(gt=0)
    majors_risk: int = Field(ge=1)
    max_attempts_risk: int = Field(ge=1)
    iterations_risk: float = Field(gt=0)
    cost_risk_dollars: float = Field(gt=0)
    first_cut_risk_seconds: float = Field(gt=0)


class ProgrammeRules(Entry):
    """Thresholds for a cohort: rates and probabilities from 0 to 1, counts of pilots, seconds and dollars."""

    version: str = Field(min_length=1)
    proceed_rate: float = Field(gt=0, lt=1)
    proceed_probability: float = Field(gt=0, lt=1)
    revise_probability: float = Field(gt=0, lt=1)
    stop_rate: float = Field(gt=0, lt=1)
    stop_probability: float = Field(gt=0, lt=1)
    min_decided: int = Field(ge=1)
    none_approved_stop: int = Field(ge=1)
    sla_rate: float = Field(ge=0, le=1)
    first_cut_seconds: float = Field(gt=0)
    cost_per_approved_dollars: float = Field(gt=0)
    recent_decided: int = Field(ge=1)
    recent_stops: int = Field(ge=1)


@cache
def current_rules() -> Rules:
    """The rules in force. Raises pydantic's ValidationError when the file misses, misspells or mistypes one."""
    return Rules(**{name: value for name, value in _file().items() if name != "programme"})


@cache
def current_programme_rules() -> ProgrammeRules:
    """The rules in force for programmes. Raises as :func:`current_rules` does."""
    return ProgrammeRules(version=_file()["version"], **_file()["programme"])


@cache
def _file() -> dict[str, Any]:
    with (CATALOG_DIR / "rules.toml").open("rb") as file:
        return tomllib.load(file)
