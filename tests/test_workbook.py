"""The Excel workbook: LibreOffice opens it with types, the rows of the CSV, and no formula."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.export import workbook
from pilot_core.export.bundle import csv_chunks, workbook_chunks
from pilot_core.export.dictionary import DICTIONARY
from pilot_core.export.snapshot import snapshot
from pilot_core.formulas import original
from pilot_core.insight.cohort import Cohort
from pilot_core.services.judgements import file_report
from pilot_core.store.queries.export_columns import TABLES
from pilot_core.store.queries.export_schema import Column
from tests.crowd import crowd, fill
from tests.hostile import HOSTILE, SPLITTING, fill_with
from tests.libreoffice import Cell, open_with_libreoffice, opened_workbook
from tests.reviewing import LEAD

XLSX_TYPES = {"text": "string", "integer": "float", "number": "float", "boolean": "float", "time": "date"}
"""The types of LibreOffice for the cells of each kind. A boolean is a number there, by a formula without arguments."""
CELLS = tuple(dict.fromkeys((*HOSTILE, *SPLITTING, "_x0041_ is no letter", "bell \x07")))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    store = PilotStore(tmp_path_factory.mktemp("hostile"), database_url=own_database())
    store.database.transaction(lambda connection: fill_with(connection, CELLS))
    return store


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    return fill(PilotStore(tmp_path_factory.mktemp("crowd"), database_url=own_database()), crowd(60))


def made(store: PilotStore, folder: Path) -> Path:
    path = folder / "tables.xlsx"
    path.write_bytes(b"".join(workbook_chunks(store, Cohort())))
    return path


def csv_rows(store: PilotStore, table: str) -> list[dict[str, str]]:
    data = b"".join(csv_chunks(store, table, Cohort())).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(data, newline="")))


@pytest.mark.office
@pytest.mark.parametrize("which", ["hostile", "full"])
def test_libreoffice_opens_the_workbook_with_types_and_the_rows_of_the_csv(
    request: pytest.FixtureRequest, soffice: str, tmp_path: Path, which: str
) -> None:
    store: PilotStore = request.getfixturevalue(which)
    sheets = opened_workbook(soffice, made(store, tmp_path), tmp_path)
    assert list(sheets) == [*TABLES, DICTIONARY.name, "manifest"]
    # LibreOffice takes in every boolean of an Excel file as one of these two.
    assert {cell["formula"] for rows in sheets.values() for row in rows for cell in row} <= {
        None, "of:=TRUE()", "of:=FALSE()",
    }  # fmt: skip
    for name, table in TABLES.items():
        header, *rows = sheets[name]
        assert [cell["text"] for cell in header[: len(table.columns)]] == [column.name for column in table.columns]
        expected = csv_rows(store, name)
        assert len(rows) == len(expected)
        for row, wanted in zip(rows, expected, strict=True):
            for column, cell in zip(table.columns, [*row, *([None] * 40)], strict=False):
                check_cell(column, cell, wanted[column.name])


def check_cell(column: Column, cell: Cell | None, wanted: str) -> None:
    """Compare a cell of the workbook with that of the CSV."""
    if wanted == "":
        assert cell is None or (cell["text"] == "" and cell["type"] is None), (column.name, cell)
        return
    assert cell is not None, (column.name, wanted)
    assert (cell["formula"] is not None) == (column.kind == "boolean"), (column.name, cell)
    assert cell["type"] == XLSX_TYPES[column.kind], (column.name, cell)
    if column.kind == "text":
        assert kept(str(cell["text"])) == kept(original(wanted)), column.name
    elif column.kind == "boolean":
        assert (cell["formula"], cell["text"]) == (f"of:={wanted.upper()}()", wanted.upper())
    elif column.kind == "time":
        found = datetime.fromisoformat(str(cell["value"])).replace(tzinfo=UTC)
        assert abs((found - datetime.fromisoformat(wanted)).total_seconds()) < 0.01  # LibreOffice writes hundredths
    else:
        assert float(str(cell["value"])) == pytest.approx(float(wanted), rel=1e-14)  # LibreOffice writes 15 digits


def kept(text: str) -> str:
    """Return the words of a text, since LibreOffice changes line ends and drops blanks, NUL and bell."""
    return " ".join(text.replace("\0", "").replace("\x07", "").split())


@pytest.mark.office
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_version_is_a_word_in_workbook_csv_and_manifest(
    store: PilotStore, new_pilot: Callable[[], PilotRun], soffice: str, tmp_path: Path, separator: str
) -> None:
    pilot = new_pilot()
    pilot.playbook_version = "2026.10"
    store.save(pilot)
    file_report(store, pilot.pilot_id, LEAD)
    for name in ("pilots", "outcome_reports"):
        (tmp_path / f"{name}.csv").write_bytes(b"".join(csv_chunks(store, name, Cohort())))
    files = [tmp_path / "pilots.csv", tmp_path / "outcome_reports.csv"]
    cells = open_with_libreoffice(soffice, files, tmp_path, separator)
    whole = [str(cell["text"]) for row in cells["pilots"] for cell in row]
    assert any("v2026.10" in text for text in whole)
    assert not [text for text in whole if text.startswith("2026.1")]
    if separator == ",":
        typed = [cell["type"] for row in cells["pilots"] for cell in row if cell["text"] == "v2026.10"]
        assert typed == ["string"]
    book = opened_workbook(soffice, made(store, tmp_path), tmp_path)
    found = [cell for row in book["pilots"] for cell in row if cell["text"] == "v2026.10"]
    assert [cell["type"] for cell in found] == ["string"]
    with snapshot(store, Cohort(), ()) as tables:
        version = tables.manifest()["rules_version"]
    assert version.startswith("v")
    assert csv_rows(store, "outcome_reports")[0]["rules_version"] == version
    assert [row[1]["text"] for row in book["manifest"] if row[0]["text"] == "rules_version"] == [version]


def test_a_text_that_excel_cannot_hold_is_cut_and_counted(
    store: PilotStore, new_pilot: Callable[[], PilotRun], soffice: str, tmp_path: Path
) -> None:
    pilot = new_pilot()
    pilot.drop_reason = "é" * 40_000
    store.save(pilot)
    book = opened_workbook(soffice, made(store, tmp_path), tmp_path)
    assert max(len(str(cell["text"])) for row in book["pilots"] for cell in row) == 32_767
    assert [row[1]["text"] for row in book["manifest"] if str(row[0]["text"]).startswith("texts cut")] == ["1"]
    assert csv_rows(store, "pilots")[0]["drop_reason"] == "é" * 40_000


def test_more_rows_than_a_sheet_holds_are_refused(full: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 59)
    with pytest.raises(InvalidRequest, match=r"^The table pilots has 60 rows; a sheet of Excel holds 59\. Use the CSV"):
        next(workbook_chunks(full, Cohort()))


def test_the_command_writes_a_workbook(
    full: PilotStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", getattr(full.database, "url", ""))
    path = tmp_path / "new" / "pilots.XLSX"
    assert main(["--store", str(full.root), "--export", str(path)]) == 0
    assert capsys.readouterr().out == f"Exported to {path}.\n"
    assert path.read_bytes().startswith(b"PK")
    (tmp_path / "file").write_text("in the way")
    assert main(["--store", str(full.root), "--export", str(tmp_path / "file" / "x.xlsx")]) == 2
    assert capsys.readouterr().err.startswith("The export cannot be written to ")
