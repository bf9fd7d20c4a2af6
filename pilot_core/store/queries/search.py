"""The search of the lists: each of its words must be in one of a pilot's columns, in any case."""

from collections.abc import Sequence
from typing import Any

COUNTED = 1000
"""Up to how many matches a list counts and numbers its pages. It reads one more, to know whether that is all."""


def search_terms(search: str, columns: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Return a condition for each word of ``search``, and their parameters. ``columns`` name text columns.

    Each column is compared by itself and as ``lower(column)``: PostgreSQL's trigram index is of just these expressions,
    and DuckDB folds the case of a repeated name once, where of all columns in one text it would fold every row.
    """
    terms: list[str] = []
    given: list[Any] = []
    for word in search.lower().split():
        literal = word.replace("!", "!!").replace("%", "!%").replace("_", "!_").replace("\\", "!\\")
        # DuckDB matches a pattern without ESCAPE in two thirds of the time.
        like = "LIKE ?" if literal == word else "LIKE ? ESCAPE '!'"
        terms.append("(" + " OR ".join(f"lower({column}) {like}" for column in columns) + ")")
        given += [f"%{literal}%"] * len(columns)
    return terms, given
