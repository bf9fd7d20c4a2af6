"""What a pilot's videos should say."""

from typing import Annotated

from pydantic import Field

from pilot_core.domain import limits
from pilot_core.domain.records import Record

BRIEF_LABELS = {
    "product": "product",
    "message": "one-line message",
    "proof_points": "proof points",
    "call_to_action": "call to action",
    "link": "link",
}
BRIEF_LENGTHS = {
    "product": limits.PRODUCT,
    "message": limits.BRIEF_MESSAGE,
    "proof_points": limits.PROOF_POINT,
    "call_to_action": limits.CALL_TO_ACTION,
    "link": limits.LINK,
}
"""The maximum length of each text in characters; for proof points, of each one."""


class Brief(Record):
    """What the video should say. Fields may be empty; the video then shows placeholders in brackets."""

    product: str = Field("", max_length=BRIEF_LENGTHS["product"])
    message: str = Field("", max_length=BRIEF_LENGTHS["message"])
    proof_points: list[Annotated[str, Field(max_length=BRIEF_LENGTHS["proof_points"])]] = Field(
        default_factory=list, max_length=limits.PROOF_POINTS
    )
    call_to_action: str = Field("", max_length=BRIEF_LENGTHS["call_to_action"])
    link: str = Field("", max_length=BRIEF_LENGTHS["link"])
