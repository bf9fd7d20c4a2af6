"""The catalogue: scenarios, brands, flags, SLA limits and the playbook version, read from the files of one folder."""

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, ValidationError

from pilot_core.errors import CatalogError, InvalidRequest, first_fault
from pilot_core.settings import CATALOG_DIR

T = TypeVar("T")
P = ParamSpec("P")
E = TypeVar("E", bound=BaseModel)

_folder = CATALOG_DIR
_kept: list[Any] = []


class Entry(BaseModel):
    """Common settings of catalogue entries: frozen, and an unknown key in a file is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Playbook(Entry):
    version: str = Field(min_length=1)


class _Tables(RootModel[dict[str, dict[str, Any]]]):
    """Tables by their ids."""


class Beat(Entry):
    """One part of a video and its share of the length (0 to 1)."""

    id: str
    label: str
    share: float = Field(gt=0, le=1)


class Scenario(Entry):
    """A scenario that a pilot can be about. Lengths are in seconds."""

    id: str
    label: str
    description: str
    explanation: str
    intent: str
    min_seconds: float = Field(gt=0)
    max_seconds: float = Field(gt=0, le=3600)
    beats: tuple[Beat, ...] = Field(min_length=1)


class Example(Entry):
    """A scenario's example of a brief, which the form shows as placeholders."""

    product: str
    message: str
    problem: str = ""
    cost: str = ""
    why_now: str = ""
    news: str = ""
    use_of_funds: str = ""
    proof_points: tuple[str, ...]
    quote: str = ""
    quote_by: str = ""
    audience: str = ""
    what_next: str = ""
    call_to_action: str
    link: str


class ByTone(Entry):
    """Alternative wordings for each tone of a brand."""

    bold: tuple[str, ...] = Field(min_length=1)
    empathetic: tuple[str, ...] = Field(min_length=1)
    professional: tuple[str, ...] = Field(min_length=1)

    def of(self, tone: str) -> tuple[str, ...]:
        """The alternatives for the tone."""
        return {"bold": self.bold, "empathetic": self.empathetic, "professional": self.professional}[tone]


class Hooks(Entry):
    """Opening lines, by form, that use only the names in the brief."""

    question: ByTone
    contrast: ByTone
    name: ByTone

    def of(self, form: str) -> ByTone:
        """Return the opening lines of that form, or the questions for a form that takes its words from the brief."""
        return {"contrast": self.contrast, "name": self.name}.get(form, self.question)


class Wording(Entry):
    """The storyboard pipeline's texts for a scenario, apart from its beats. ``seconds`` is a first attempt's length.

    ``*Stars*`` mark the word in the accent colour; ``{product}`` and ``{company}`` are filled in. Hooks are in English;
    other languages have theirs in ``Connectives``.
    """

    seconds: float
    hooks: Hooks


class OneByTone(Entry):
    """One wording for each tone of a brand."""

    bold: str
    empathetic: str
    professional: str

    def of(self, tone: str) -> str:
        """The wording for the tone."""
        return {"bold": self.bold, "empathetic": self.empathetic, "professional": self.professional}[tone]


class Connectives(Entry):
    """The lines of one language that the storyboard says around a brief; en.toml says what each is for.

    ``hooks`` are openings by the scenario's id; a scenario without any opens in the brief's words.
    """

    name: OneByTone
    builds: OneByTone
    audience: str
    attributed: str
    hooks: dict[str, Hooks] = {}


Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]


class Palette(Entry):
    """Four colours as ``#RRGGBB``: two darks, one light, one accent."""

    dark: Colour
    deep: Colour
    light: Colour
    accent: Colour


class Brand(Entry):
    """How a video looks and sounds; ``pacing`` from 0 (gentle) to 1 (aggressive)."""

    id: str
    label: str
    tone: str
    pacing: float = Field(ge=0, le=1)
    pacing_label: str
    claims: str
    explanation: str
    palette: Palette
    default: bool = False

    def context(self) -> dict[str, Any]:
        """The preset as it is saved with a pilot, in ``brand_context``."""
        return {"preset": self.id, **self.model_dump(mode="json", exclude={"id", "default", "explanation"})}


class FlagInfo(Entry):
    """A flag that reviewers can raise. ``needs`` is the brief's field to correct if no pipeline can act on the flag."""

    id: str
    label: str
    help: str
    needs: str | None = None


class Intent(Entry):
    """Where a video will be published, and the frame size in pixels for that."""

    id: str
    label: str
    width: int = Field(ge=16, le=8192)
    height: int = Field(ge=16, le=8192)


class SlaLimits(Entry):
    """The limits of the SLA for one attempt; units are in the names."""

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


def cached(read: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function of the catalogue's contents, so that it reads once, until another folder is used."""
    kept = cache(read)
    _kept.append(kept)
    return kept  # type: ignore[return-value]


def use(folder: Path) -> None:
    """Read the catalogue from this folder from now on."""
    global _folder
    if folder != _folder:
        _folder = folder
        for kept in _kept:
            kept.cache_clear()


def read(name: str) -> dict[str, Any]:
    """Return a file of the catalogue. Raises CatalogError if it is missing or no TOML."""
    path = _folder / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"The catalogue's {path} cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"The catalogue's {path} is not TOML: {error}.") from error


def parsed(kind: type[E], name: str, key: str, values: object) -> E:
    """Return an entry of the file ``name``. Raises CatalogError, naming the file, the key and the reason."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        where, why = first_fault(error)
        raise wrong(name, ".".join(filter(None, (key, where))), why) from error


def wrong(name: str, key: str, why: str) -> CatalogError:
    """Return the error of a key of the file ``name``."""
    return CatalogError(f"The catalogue's {_folder / name}.toml is wrong at {key}: {why}.")


def _entries(name: str) -> dict[str, dict[str, Any]]:
    """Return the tables of a file by their ids."""
    found = read(name)
    for id_, entry in found.items():
        if not isinstance(entry, dict):
            raise wrong(name, id_, f"it must be a table, [{id_}]")
    if not found:
        raise wrong(name, "the top", "it has no entry")
    return found


@cached
def scenarios() -> dict[str, Scenario]:
    """All scenarios by id, in the file's order."""
    apart = ("example", "storyboard")
    return {
        id_: parsed(Scenario, "scenarios", id_, {"id": id_} | {k: v for k, v in entry.items() if k not in apart})
        for id_, entry in _entries("scenarios").items()
    }


@cached
def examples() -> dict[str, Example]:
    """The example of a brief for each scenario, by the scenario's id."""
    return {
        id_: parsed(Example, "scenarios", f"{id_}.example", entry.get("example"))
        for id_, entry in _entries("scenarios").items()
    }


@cached
def wordings() -> dict[str, Wording]:
    """The storyboard's wording for each scenario, by the scenario's id."""
    return {
        id_: parsed(Wording, "scenarios", f"{id_}.storyboard", entry.get("storyboard"))
        for id_, entry in _entries("scenarios").items()
    }


@cached
def connectives() -> dict[str, Connectives]:
    """The storyboard's lines by language, from the files of the folder ``lines``."""
    names = sorted(path.stem for path in (_folder / "lines").glob("*.toml"))
    return {name: parsed(Connectives, f"lines/{name}", "", read(f"lines/{name}")) for name in names}


@cached
def brands() -> dict[str, Brand]:
    """All brand presets by id, in the file's order."""
    return {id_: parsed(Brand, "brands", id_, {"id": id_} | entry) for id_, entry in _entries("brands").items()}


@cached
def flags() -> dict[str, FlagInfo]:
    """All flags by id, in the file's order."""
    return {id_: parsed(FlagInfo, "flags", id_, {"id": id_} | entry) for id_, entry in _entries("flags").items()}


@cached
def intents() -> dict[str, Intent]:
    """All publishing intents by id."""
    found = parsed(_Tables, "sla", "intents", read("sla").get("intents")).root
    return {id_: parsed(Intent, "sla", f"intents.{id_}", {"id": id_} | entry) for id_, entry in found.items()}


@cached
def sla_limits() -> SlaLimits:
    """The SLA limits that every attempt is checked against."""
    return parsed(SlaLimits, "sla", "limits", read("sla").get("limits"))


@cached
def playbook_version() -> str:
    """The current version of the playbook; saved with each new pilot."""
    return parsed(_Playbook, "playbook", "", read("playbook")).version


def check() -> None:
    """Read the whole catalogue, and compare its files with each other. Raises CatalogError for the first fault."""
    examples(), wordings(), connectives(), flags(), sla_limits(), playbook_version()
    for scenario in scenarios().values():
        if scenario.intent not in intents():
            raise wrong("scenarios", f"{scenario.id}.intent", f"there is no intent “{scenario.intent}” in sla.toml")
        if scenario.max_seconds < scenario.min_seconds:
            raise wrong("scenarios", f"{scenario.id}.max_seconds", "it is less than min_seconds")
        if not 0.99 <= sum(beat.share for beat in scenario.beats) <= 1.01:
            raise wrong("scenarios", f"{scenario.id}.beats", "their shares do not sum to 1")
    for brand in brands().values():
        if brand.tone not in ByTone.model_fields:
            raise wrong("brands", f"{brand.id}.tone", f"it must be one of: {', '.join(ByTone.model_fields)}")
    default_brand()


def default_brand() -> Brand:
    """The preset used when none is named. Raises CatalogError unless there is exactly one."""
    found = [brand for brand in brands().values() if brand.default]
    if len(found) != 1:
        raise wrong("brands", "default", "exactly one brand must have default = true")
    return found[0]


def scenario(id_: str) -> Scenario:
    """Return one scenario. For an unknown id raises InvalidRequest, which lists the known ones."""
    return _find(scenarios(), id_, "scenario")


def brand(id_: str) -> Brand:
    """Return one brand preset. For an unknown id raises InvalidRequest, which lists the known ones."""
    return _find(brands(), id_, "brand")


def check_flags(names: list[str]) -> list[str]:
    """Return the names. Raises InvalidRequest for the first one that is not a known flag."""
    for name in names:
        _find(flags(), name, "flag")
    return names


def label(kind: str, id_: str) -> str:
    """Return the label of a scenario, brand or flag; for an id not in the catalogue, the id with spaces."""
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
