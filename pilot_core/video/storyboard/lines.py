"""What each beat of a video says: fields of the brief, and a few connectives that claim nothing.

A line is (need, role, template). ``*stars*`` mark the emphasised word, ``{slots}`` are filled from the brief. What
is only a field's name in braces is that field's text; it is left out if the field is empty, and so is a beat of
which nothing remains. A scenario's openings are in data/catalog/scenarios.toml.
"""

from collections.abc import Iterable

from pilot_core import catalog
from pilot_core.catalog import Connectives

Line = tuple[str, str, str]

PROBLEM: tuple[Line, ...] = (("must", "statement", "{problem}"),)
COST: tuple[Line, ...] = (("told", "statement", "{cost}"),)
PROOF: tuple[Line, ...] = (("must", "proof", "{proof_points}"), ("told", "quote", "{quote}"))
SPARE: tuple[Line, ...] = (("told", "statement", "{audience}"), ("must", "proof", "{spare}"))

QUOTATION_MARKS = {
    "de": ("„", "“"),
    "fr": ("«\u00a0", "\u00a0»"),
    "es": ("«", "»"),
    "ar": ("«", "»"),
    "ja": ("「", "」"),
}


def quotation_marks(language: str) -> tuple[str, str]:
    """Return the marks around a quote in a language; those of English where we know no others."""
    return QUOTATION_MARKS.get(language.split("-")[0].casefold(), ("“", "”"))


NAME_ALONE = "*{product}*"
"""How the product is named in a language without connectives."""

ENGLISH = "en"
"""The language of a brief that names none."""


def table(language: str) -> Connectives | None:
    """Return the connectives of a language tag such as "pt-BR", or None if it has none: then none are used."""
    return catalog.connectives().get((language or ENGLISH).split("-")[0].casefold())


def beat(beat_id: str, tone: str, said: Connectives | None) -> tuple[Line, ...]:
    """Return the lines of a beat other than the hook and the call, with the connectives of the language, if any."""
    named = (said.builds if beat_id == "building" else said.name).of(tone) if said else NAME_ALONE
    shown: tuple[Line, ...] = (("must", "name", named), ("must", "statement", "{message}"))
    by_beat: dict[str, tuple[Line, ...]] = {
        "problem": PROBLEM,
        "pain": PROBLEM,
        "cost": COST,
        "turn": (),
        "feature": shown,
        "solution": shown,
        "building": shown,
        "proof": PROOF,
        "why_now": (("told", "statement", "{why_now}"), ("told", "statement", "{problem}")),
        "news": (("must", "news", "{news}"), ("told", "statement", "{use_of_funds}")),
        "next": (("told", "statement", "{what_next}"), ("must", "proof", "{spare}")),
    }
    return by_beat.get(beat_id, SPARE)


FIELDS = {
    "pain": ("problem",),
    "problem": ("problem",),
    "cost": ("cost",),
    "why_now": ("why_now",),
    "news": ("news", "use_of_funds"),
    "proof": ("proof_points", "quote", "quote_by"),
    "change": ("audience",),
    "next": ("what_next",),
}
"""The fields of the brief that a beat shows, beside the product, the message, the call and the link."""


def fields_of(beats: Iterable[str]) -> list[str]:
    """Return the fields of the brief that a video of these beats has a place for, in the order of the beats."""
    between = [field for beat_id in beats for field in FIELDS.get(beat_id, ())]
    shown = [field for field in dict.fromkeys(between) if field != "audience"]
    audience = ["audience"] if "audience" in between else []
    return ["product", "message", *shown, *audience, "call_to_action", "link", "language"]


PLACEHOLDERS = {
    "product": "[Product]",
    "message": "[Your one-line message]",
    "proof_points": "[Your strongest proof]",
    "news": "[Amount raised, and from whom]",
    "call_to_action": "[Your call to action]",
    "link": "[your link]",
}
