"""The catalogue: scenarios, brands, flags, SLA limits and the playbook version, read from data/catalog/*.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from pilot_core.errors import InvalidRequest

T = TypeVar("T")

CATALOG_DIR = Path(__file__).resolve().parent.parent / "data" / "catalog"


class Entry(BaseModel):
    """Common settings of catalogue entries: frozen, and a misspelt key in a file is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Beat(Entry):
    """One part of a film and its share of the whole (0 to 1)."""

    id: str
    label: str
    share: float


class Scenario(Entry):
    """What a pilot is about; lengths in seconds."""

    id: str
    label: str
    description: str
    explanation: str
    intent: str
    min_seconds: float
    max_seconds: float
    beats: tuple[Beat, ...]


class Palette(Entry):
    """Four colours as ``#RRGGBB``: two darks, one light, one accent."""

    dark: str
    deep: str
    light: str
    accent: str


class Brand(Entry):
    """How a film looks and speaks; ``pacing`` from 0 (gentle) to 1 (aggressive)."""

    id: str
    label: str
    tone: str
    pacing: float
    pacing_label: str
    claims: str
    explanation: str
    palette: Palette
    default: bool = False

    def context(self) -> dict[str, Any]:
        """What is saved with a pilot as ``brand_context``: the whole preset, by value."""
        return {"preset": self.id, **self.model_dump(mode="json", exclude={"id", "default", "explanation"})}


class FlagInfo(Entry):
    """A flag a reviewer can raise; ``needs`` names the brief's field a person must correct where no pipeline can."""

    id: str
    label: str
    help: str
    needs: str | None = None


class Intent(Entry):
    """Where a film will be published, and the frame size in pixels that asks for."""

    id: str
    label: str
    width: int
    height: int


class SlaLimits(Entry):
    """What one attempt promises; units are in the names."""

    first_cut_seconds: float
    max_iterations: int
    max_cost_dollars: float
    loudness_min_lufs: float
    loudness_max_lufs: float
    max_silence_seconds: float
    max_black_seconds: float
    max_freeze_seconds: float
    video_codec: str
    audio_codec: str


def _read(name: str) -> dict[str, Any]:
    with (CATALOG_DIR / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def scenarios() -> dict[str, Scenario]:
    """All scenarios by id, in the file's order."""
    return {id_: Scenario(id=id_, **entry) for id_, entry in _read("scenarios").items()}


@cache
def brands() -> dict[str, Brand]:
    """All brand presets by id, in the file's order."""
    return {id_: Brand(id=id_, **entry) for id_, entry in _read("brands").items()}


@cache
def flags() -> dict[str, FlagInfo]:
    """All flags by id, in the file's order."""
    return {id_: FlagInfo(id=id_, **entry) for id_, entry in _read("flags").items()}


@cache
def intents() -> dict[str, Intent]:
    """All publishing intents by id."""
    return {id_: Intent(id=id_, **entry) for id_, entry in _read("sla")["intents"].items()}


@cache
def sla_limits() -> SlaLimits:
    """The limits every attempt is judged by."""
    return SlaLimits(**_read("sla")["limits"])


@cache
def playbook_version() -> str:
    """The version of the way pilots are run now; saved with each new pilot."""
    return str(_read("playbook")["version"])


def default_brand() -> Brand:
    """The preset used when none is asked for."""
    return next(brand for brand in brands().values() if brand.default)


def scenario(id_: str) -> Scenario:
    """One scenario. Raises InvalidRequest with the ones that exist."""
    return _find(scenarios(), id_, "scenario")


def brand(id_: str) -> Brand:
    """One brand preset. Raises InvalidRequest with the ones that exist."""
    return _find(brands(), id_, "brand")


def check_flags(names: list[str]) -> list[str]:
    """The names, if all are known flags. Raises InvalidRequest naming the first that is not."""
    for name in names:
        _find(flags(), name, "flag")
    return names


def label(kind: str, id_: str) -> str:
    """The label people read for a scenario, brand or flag; the id itself where the catalogue has none."""
    labels = {
        "scenario": {entry.id: entry.label for entry in scenarios().values()},
        "brand": {entry.id: entry.label for entry in brands().values()},
        "flag": {entry.id: entry.label for entry in flags().values()},
    }[kind]
    return labels.get(id_, id_.replace("_", " "))


def _find(entries: dict[str, T], id_: str, kind: str) -> T:
    if id_ not in entries:
        raise InvalidRequest(f"There is no {kind} “{id_[:40]}”; choose one of: {', '.join(entries)}.", field=kind)
    return entries[id_]
