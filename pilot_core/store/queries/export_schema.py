"""What an exported table is and what its column is. The tables themselves are in ``export_columns``."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "time"]

SCHEMA_VERSION = "2"
"""Raise it when a column is renamed, removed or changes its meaning."""


@dataclass(frozen=True)
class Column:
    """One column. Times are ISO 8601 in UTC. An empty cell means that the value is unknown or does not apply."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    sql: str = ""
    """The expression on ``Table.source`` that reads it, on either engine. Empty: the column ``t`` has of that name."""
    copy_sql: str = ""
    """Instead of ``sql``: the expression on ``Table.copy_source`` that makes it of rows that were read, in DuckDB."""


@dataclass(frozen=True)
class Table:
    """One table. A cohort's rows are read from ``source`` into a copy, and the files are made from ``copy_source``.

    In ``source`` the alias ``t`` is the table of the same name in the store, and ``c`` is ``chosen``, the cohort's
    pilots (see ``store.queries.cohorts``). Expressions in the copy cost the store no time.
    """

    name: str
    columns: tuple[Column, ...]
    order: str
    """What rows are sorted by in the files, so that the same rows always give the same file."""
    joins: str = ""
    where: str = "TRUE"
    also_read: tuple[str, ...] = ()
    """Further expressions on ``source``, for ``order`` and ``copy_sql`` to use. ``c.pid`` is always read."""
    copy_source: str = "{copy}"
    """The rows that were read, ``{copy}``, or a subquery on them."""
    is_computed: bool = False
    """Whether the rows are computed by ``insight``. Then nothing is read from the store."""

    @property
    def source(self) -> str:
        """The FROM and WHERE clauses that the cohort's rows are read with."""
        return f"FROM {self.name} t JOIN chosen c ON c.pilot_id = t.pilot_id {self.joins} WHERE {self.where}"


NUMERIC_VERSION = "[0-9]+([.][0-9]+)*"


def version_word(version: str) -> str:
    """Return a version as a word, such as "v2026.10", so that no reader takes it for the number 2026.1."""
    return f"v{version}" if re.fullmatch(NUMERIC_VERSION, version) else version
