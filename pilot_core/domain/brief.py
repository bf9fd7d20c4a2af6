"""What a pilot's videos should say."""

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import Field

from pilot_core.domain import limits
from pilot_core.domain.brand_kit import BrandKit
from pilot_core.domain.records import Record

BRIEF_LABELS = {
    "product": "product",
    "message": "one-line message",
    "problem": "problem",
    "cost": "what the problem costs",
    "why_now": "why now",
    "news": "news",
    "use_of_funds": "use of funds",
    "proof_points": "proof points",
    "quote": "quote",
    "quote_by": "who said it, and their role",
    "audience": "audience",
    "what_next": "what comes next",
    "call_to_action": "call to action",
    "link": "link",
    "language": "language",
}
"""What each field is called on screen and in documents, in the order in which they are asked for."""

BRIEF_TITLES = {field: f"{label[:1].upper()}{label[1:]}" for field, label in BRIEF_LABELS.items()}
"""The same at the beginning of a line."""

BRIEF_LENGTHS = {
    "product": limits.PRODUCT,
    "message": limits.BRIEF_MESSAGE,
    "problem": limits.BRIEF_MESSAGE,
    "cost": limits.PROOF_POINT,
    "why_now": limits.PROOF_POINT,
    "news": limits.BRIEF_MESSAGE,
    "use_of_funds": limits.PROOF_POINT,
    "proof_points": limits.PROOF_POINT,
    "quote": limits.QUOTE,
    "quote_by": limits.QUOTE_BY,
    "audience": limits.PRODUCT,
    "what_next": limits.PROOF_POINT,
    "call_to_action": limits.CALL_TO_ACTION,
    "link": limits.LINK,
    "language": limits.LANGUAGE,
}
"""The maximum length of each text in characters; for proof points, of each one."""

BASIC = ("product", "message", "proof_points", "call_to_action", "link")
"""The fields of a complete brief: documents ask for those that are empty."""

NEEDED = ("product", "message")
"""The fields for which a video shows a placeholder if they are empty. Any other field that is empty is left out."""

LANGUAGES = {
    "": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "it": "Italian",
    "nl": "Dutch",
    "ja": "Japanese",
    "zh": "Chinese",
    "ko": "Korean",
    "hi": "Hindi",
    "ar": "Arabic",
    "he": "Hebrew",
}
"""The languages that forms offer. A brief may have any other tag."""

LANGUAGE_TAG = r"^(?:[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)?$"


class Brief(Record):
    """What the video should say. All fields may be empty; for ``NEEDED`` ones the video then shows placeholders.

    ``news`` is the whole sentence: how much, which round, from whom. ``quote`` has the words alone, ``quote_by`` the
    name and role of who said them. ``language`` is a tag such as "en" or "pt-BR"; "" is English. ``brand_kit`` is how
    the company looks.
    """

    product: str = Field("", max_length=BRIEF_LENGTHS["product"])
    message: str = Field("", max_length=BRIEF_LENGTHS["message"])
    problem: str = Field("", max_length=BRIEF_LENGTHS["problem"])
    cost: str = Field("", max_length=BRIEF_LENGTHS["cost"])
    why_now: str = Field("", max_length=BRIEF_LENGTHS["why_now"])
    news: str = Field("", max_length=BRIEF_LENGTHS["news"])
    use_of_funds: str = Field("", max_length=BRIEF_LENGTHS["use_of_funds"])
    proof_points: list[Annotated[str, Field(max_length=BRIEF_LENGTHS["proof_points"])]] = Field(
        default_factory=list, max_length=limits.PROOF_POINTS
    )
    quote: str = Field("", max_length=BRIEF_LENGTHS["quote"])
    quote_by: str = Field("", max_length=BRIEF_LENGTHS["quote_by"])
    audience: str = Field("", max_length=BRIEF_LENGTHS["audience"])
    what_next: str = Field("", max_length=BRIEF_LENGTHS["what_next"])
    call_to_action: str = Field("", max_length=BRIEF_LENGTHS["call_to_action"])
    link: str = Field("", max_length=BRIEF_LENGTHS["link"])
    language: str = Field("", max_length=BRIEF_LENGTHS["language"], pattern=LANGUAGE_TAG)
    brand_kit: BrandKit = Field(default_factory=BrandKit)

    def each_text(self, change: Callable[[str], str]) -> Self:
        """Return the brief with ``change`` applied to every text, without proof points that are then empty."""
        changed: dict[str, object] = {
            name: change(getattr(self, name)) for name in BRIEF_LABELS if name not in ("proof_points", "language")
        }
        points = [point for raw in self.proof_points if (point := change(raw))]
        return self.model_copy(update={**changed, "proof_points": points})

    def given(self) -> dict[str, object]:
        """Return the fields that are not empty."""
        return {name: value for name in BRIEF_LABELS if (value := getattr(self, name))}
