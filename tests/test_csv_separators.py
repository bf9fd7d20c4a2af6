"""CSV opened with a separator that is not its own holds no formula, and its texts come back by the documented rule."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.export.bundle import csv_chunks
from pilot_core.export.dictionary import FORMULA_RULE
from pilot_core.export.snapshot import snapshot
from pilot_core.insight.cohort import Cohort
from pilot_core.store.queries.export_columns import TABLES
from tests.hostile import SEPARATORS, SPLITTING, expected_text, fill_with
from tests.libreoffice import open_with_libreoffice

FILLED = [name for name in TABLES if name != "programme_summary"]


@pytest.fixture(scope="module")
def splitting(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    store = PilotStore(tmp_path_factory.mktemp("splitting"), database_url=own_database())
    store.database.transaction(lambda connection: fill_with(connection, SPLITTING))
    return store


def content(store: PilotStore, table: str) -> bytes:
    return b"".join(csv_chunks(store, table, Cohort()))


@pytest.mark.office
@pytest.mark.parametrize("separator", SEPARATORS)
def test_libreoffice_finds_no_formula_in_forty_cells_with_any_separator(
    splitting: PilotStore, soffice: str, tmp_path: Path, separator: str
) -> None:
    files = {name: content(splitting, name) for name in TABLES}
    with snapshot(splitting, Cohort()) as tables:
        files["data_dictionary"] = b"".join(tables.dictionary())
    raw = io.StringIO(newline="")
    csv.writer(raw, quoting=csv.QUOTE_ALL).writerows([["text", cell, "x"] for cell in (*SPLITTING, "=1+1")])
    files["control"] = raw.getvalue().encode("utf-8-sig")
    for name, data in files.items():
        (tmp_path / f"{name}.csv").write_bytes(data)
    opened = open_with_libreoffice(soffice, [tmp_path / f"{name}.csv" for name in files], tmp_path, separator)
    formulas = {name: [cell for row in rows for cell in row if cell["formula"]] for name, rows in opened.items()}
    # If LibreOffice treated formulas as text here, this test would prove nothing.
    assert formulas.pop("control")
    assert formulas == {name: [] for name in formulas}
    assert set(formulas) == {*TABLES, "data_dictionary"}
    assert all(len(opened[name]) > len(SPLITTING) for name in FILLED)


@pytest.mark.parametrize("name", FILLED)
def test_forty_cells_come_back_by_the_rule_of_the_dictionary(splitting: PilotStore, name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(content(splitting, name).decode("utf-8-sig"), newline="")))
    assert len(rows) == len(SPLITTING)
    for column in TABLES[name].columns:
        if column.kind == "text":
            expected = (expected_text(name, column.name, cell, n) for n, cell in enumerate(SPLITTING))
            assert sorted(undone(row[column.name]) for row in rows) == sorted(map(str, expected)), column.name


def undone(cell: str) -> str:
    """Return what was typed, by the words of ``FORMULA_RULE``."""
    places = [0, *(place + 1 for place, character in enumerate(cell) if character in ";|\t\r\n")]
    extra = {0: "\t\r\n"}
    return "".join(
        character
        for place, character in enumerate(cell)
        if not (place in places and character == "'" and runs(cell[place + 1 :], extra.get(place, ""), place > 0))
    )


def runs(rest: str, more: str, inside: bool) -> bool:
    spaces = " \u00a0\ufeff" + ('"' if inside else "")
    leader = rest.lstrip("'").lstrip(spaces)[:1]
    return bool(leader) and leader in "=+-@|%\0＝＋－＠" + more


def test_the_rule_names_the_characters_that_it_is_about() -> None:
    for word in ("apostrophe", "semicolon", "vertical bar", "tab", "carriage return", "line feed", "quotation marks"):
        assert word in FORMULA_RULE


def test_text_is_in_quotation_marks_and_a_missing_one_is_not(
    store: PilotStore, new_pilot: Callable[[], PilotRun]
) -> None:
    pilot = new_pilot()
    pilot.playbook_version = ""
    store.save(pilot)
    header, row, end = content(store, "pilots").decode("utf-8-sig").split("\r\n")
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert cells["founder_name"] == f'"{pilot.founder_name}"'
    # An empty text is an unknown one.
    assert (cells["playbook_version"], cells["drop_reason"], cells["max_attempts"]) == ("", "", "5")
    assert end == ""
