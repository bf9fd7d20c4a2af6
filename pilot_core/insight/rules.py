"""The thresholds of the recommendation, read from data/catalog/rules.toml."""

import tomllib
from functools import cache

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


@cache
def current_rules() -> Rules:
    """The rules in force. Raises pydantic's ValidationError when the file misses, misspells or mistypes one."""
    with (CATALOG_DIR / "rules.toml").open("rb") as file:
        return Rules(**tomllib.load(file))
