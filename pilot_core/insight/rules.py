"""The thresholds for recommendations on pilots and programmes, read from the catalogue's rules.toml."""

from pydantic import Field

from pilot_core import catalog
from pilot_core.catalog import Entry


class Rules(Entry):
    """Thresholds for one pilot. Names ending in days, dollars or seconds give the unit; the others are counts.

    ``version`` identifies the set of thresholds.
    """

    version: str = Field(min_length=1)
    majors_stop: int = Field(ge=1)
    majors_persistent: int = Field(ge=1)
    flag_stuck: int = Field(ge=1)
    stale_days: float = Field(gt=0)
    majors_risk: int = Field(ge=1)
    max_attempts_risk: int = Field(ge=1)
    iterations_risk: float = Field(gt=0)
    cost_risk_dollars: float = Field(gt=0)
    first_cut_risk_seconds: float = Field(gt=0)


class ProgrammeRules(Entry):
    """Thresholds for a cohort: rates and probabilities (0 to 1), numbers of pilots, seconds and dollars."""

    version: str = Field(min_length=1)
    proceed_rate: float = Field(gt=0, lt=1)
    proceed_probability: float = Field(gt=0, lt=1)
    proceed_probability_early: float = Field(gt=0, lt=1)
    early_decided: int = Field(ge=1)
    stop_rate: float = Field(gt=0, lt=1)
    stop_probability: float = Field(gt=0, lt=1)
    revise_probability: float = Field(gt=0, lt=1)
    revise_min_decided: int = Field(ge=1)
    min_decided: int = Field(ge=1)
    guardrail_probability: float = Field(gt=0, lt=1)
    sla_rate: float = Field(gt=0, lt=1)
    sla_min_attempts: int = Field(ge=1)
    first_cut_seconds: float = Field(gt=0)
    first_cut_share: float = Field(gt=0, lt=1)
    first_cut_min_pilots: int = Field(ge=1)
    cost_per_approved_dollars: float = Field(gt=0)
    cost_min_approved: int = Field(ge=1)


@catalog.cached
def current_rules() -> Rules:
    """Return the current rules for a pilot. Raises CatalogError if rules.toml is wrong."""
    values = {name: value for name, value in catalog.read("rules").items() if name != "programme"}
    return catalog.parsed(Rules, "rules", "", values)


@catalog.cached
def current_programme_rules() -> ProgrammeRules:
    """Return the current rules for programmes. Raises CatalogError if rules.toml is wrong."""
    found = catalog.read("rules")
    programme = found.get("programme")
    if not isinstance(programme, dict):
        raise catalog.wrong("rules", "programme", "the table [programme] is missing")
    return catalog.parsed(ProgrammeRules, "rules", "programme", programme | {"version": found.get("version")})
