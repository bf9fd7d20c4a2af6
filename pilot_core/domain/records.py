"""The base class of all saved objects, and the types of their fields.

Whatever enters the product (a state file, a brief, a pipeline's result, a call of the Python API) becomes such objects,
so these limits hold everywhere: what they accept can be written as JSON, rows, CSV, Parquet and documents.
"""

import math
import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pilot_core.clock import as_utc
from pilot_core.domain import limits

INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]*"
)


def in_years(moment: datetime, name: str = "") -> datetime:
    """Return the time in UTC. Raises ValueError if its year is out of bounds; ``name`` is the field's."""
    if not limits.FIRST_YEAR <= moment.year <= limits.LAST_YEAR:
        years = f"the year must lie between {limits.FIRST_YEAR} and {limits.LAST_YEAR}"
        raise ValueError(f"{name}: {years}" if name else years)
    return as_utc(moment)


def _time(value: Any) -> datetime:
    return in_years(datetime.fromisoformat(value) if isinstance(value, str) else value)


def check_json(value: Any, depth: int = 0) -> Any:
    """Return a value as it is. Raises ValueError if it could not be written as JSON text and read back equal."""
    if depth > limits.JSON_DEPTH:
        raise ValueError(f"values are nested more than {limits.JSON_DEPTH} deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            check_json(key, depth + 1)
            check_json(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            check_json(inner, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    elif isinstance(value, int) and abs(value) >= limits.JSON_INTEGER:
        raise ValueError("an integer has more than 64 bits")
    elif isinstance(value, str) and not is_unicode(value):
        raise ValueError("a text has half a surrogate pair, which is no character")
    return value


def is_unicode(text: str) -> bool:
    """Whether the text can be encoded, that is, has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _visible(text: str) -> str:
    if INVISIBLE.fullmatch(text):
        raise ValueError("it has no visible character")
    return text


UtcTime = Annotated[datetime, BeforeValidator(_time)]
"""An aware time in UTC, of the years 1900 to 2200."""
Count = Annotated[int, Field(ge=0, le=limits.COUNT)]
"""A number of things, of at most 31 bits."""
Amount = Annotated[float, Field(ge=0, le=limits.AMOUNT)]
"""A finite number of seconds or dollars."""
JsonObject = Annotated[dict[str, Any], AfterValidator(check_json)]
"""An object of unknown fields."""
Name = Annotated[str, Field(min_length=1, max_length=limits.NAME), AfterValidator(_visible)]
"""A person's or a company's name, of which something can be seen."""


class Record(BaseModel):
    """Base class of saved objects: rejects unknown fields and validates assignments.

    With a maximum length, pydantic also rejects a text with lone surrogates.
    """

    model_config = ConfigDict(
        extra="forbid", validate_assignment=True, allow_inf_nan=False, str_max_length=limits.ANY_TEXT
    )
