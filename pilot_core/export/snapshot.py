"""A cohort's tables as of one moment, to be written as CSV or Parquet.

The store is busy only while rows are read and copied, as Parquet files. The files people get are made from the copies.
``store.queries.export_columns`` holds the tables and their columns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pilot_core.clock import iso
from pilot_core.export.dictionary import DICTIONARY, dictionary_rows
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.rules import current_programme_rules
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.export_columns import PROGRAMME, TABLES
from pilot_core.store.queries.export_copies import Copies, open_copies, temporary_folder
from pilot_core.store.queries.export_schema import SCHEMA_VERSION, version_word
from pilot_core.store.queries.exports import copy_cohort
from pilot_core.store.queries.programme import programme_lines


@dataclass(frozen=True)
class Snapshot:
    """Some tables of a cohort as of one moment. Usable while ``snapshot`` is open."""

    cohort: Cohort
    as_of: datetime
    rules_version: str
    row_counts: dict[str, int]
    copies: Copies

    @property
    def folder(self) -> Path:
        """A temporary folder for further files."""
        return self.copies.folder

    def manifest(self) -> dict[str, Any]:
        """Return what the files contain: versions, moment, filters, and the number of rows of each table."""
        return {
            "schema_version": SCHEMA_VERSION,
            "rules_version": version_word(self.rules_version),
            "as_of": iso(self.as_of),
            "filters": self.cohort.as_filters(),
            "row_counts": self.row_counts,
        }

    def csv(self, name: str) -> Iterator[bytes]:
        """Yield the table as CSV, safe for spreadsheets."""
        return self.copies.csv(TABLES[name])

    def dictionary(self) -> Iterator[bytes]:
        """Yield the data dictionary as CSV."""
        self.copies.add_computed(DICTIONARY, dictionary_rows())
        return self.copies.csv(DICTIONARY)

    def parquet(self, name: str, path: Path) -> None:
        """Write the table as Parquet, sorted as in CSV: typed, texts as they are, times in UTC without a zone."""
        self.copies.write_parquet(TABLES[name], path)


@contextmanager
def snapshot(store: PilotStore, cohort: Cohort, names: tuple[str, ...] = tuple(TABLES)) -> Iterator[Snapshot]:
    """Copy these tables, all from one state of the store. The copies are deleted when the block ends.

    Raises StoreError when there is no room for them.
    """
    with temporary_folder() as folder:
        as_of, rules = store.clock(), current_programme_rules()
        tables = [TABLES[name] for name in names]
        segments = copy_cohort(store.database, cohort, tables, folder, rules.first_cut_seconds)
        with open_copies(folder) as copies:
            if PROGRAMME.name in names:
                copies.add_computed(PROGRAMME, [line.summary for line in programme_lines(segments, cohort)])
            counts = {table.name: copies.count(table) for table in tables}
            yield Snapshot(cohort, as_of, rules.version, counts, copies)
