"""The fast and the plain implementation agree: lists, metrics and exports against JSON files and pandas."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from bench.lists import plain_page
from bench.pandas_export import write_archive as write_with_pandas
from bench.pandas_measures import frames_of, measures, told
from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.export.bundle import write_archive
from pilot_core.insight.cohort import Cohort
from pilot_core.store.files import state_files
from pilot_core.store.queries.export_columns import PROGRAMME, TABLES
from pilot_core.store.queries.lists import PilotFilter, pilot_lines, pilot_page, pilot_summaries
from pilot_core.store.queries.metrics_page import metrics_page
from tests.crowd import crowd, fill


@pytest.fixture(scope="module")
def pilots() -> list[PilotRun]:
    return crowd(150, seed=11)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, pilots: list[PilotRun]) -> PilotStore:
    return fill(PilotStore(tmp_path_factory.mktemp("crowd")), pilots)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pilots: list[PilotRun]) -> Path:
    place = tmp_path_factory.mktemp("files")
    for pilot in pilots:
        (place / f"{pilot.pilot_id}.json").write_text(state_files.text(pilot), "utf-8")
    return place


@pytest.mark.parametrize(
    ("search", "status", "brand"),
    [
        ("", "", ""),
        ("zoë", "", ""),
        ("company 1", "active", ""),
        ("CHEN", "completed", "acme"),
        ("=1+1", "", "wellness"),
    ],
)
def test_a_list_holds_what_the_state_files_say(
    full: PilotStore, folder: Path, search: str, status: str, brand: str
) -> None:
    wanted = PilotFilter(search, status=(status,) if status else (), brand=(brand,) if brand else ())
    page = pilot_page(full.database, wanted)
    found = {"total": page.total, "ids": [pilot.pilot_id for pilot in page.pilots]}
    assert found == plain_page(folder, search, status, brand)
    assert page.total > 0


def test_the_short_lines_of_a_list_say_what_the_long_ones_say(full: PilotStore) -> None:
    lines, summaries = pilot_lines(full.database), pilot_summaries(full.database)
    assert len(lines) == 150
    assert lines == [tuple(getattr(summary, name) for name in lines[0]._fields) for summary in summaries]


def test_pandas_counts_what_the_metrics_page_counts(full: PilotStore) -> None:
    assert measures(frames_of(full)) == told(metrics_page(full))


def test_every_cell_of_the_export_is_what_pandas_writes(full: PilotStore, tmp_path: Path) -> None:
    with (tmp_path / "ours.zip").open("wb") as file:
        write_archive(full, Cohort(), file)
    write_with_pandas(full, tmp_path / "pandas.zip")
    with zipfile.ZipFile(tmp_path / "ours.zip") as ours, zipfile.ZipFile(tmp_path / "pandas.zip") as theirs:
        for name, table in TABLES.items():
            if table is not PROGRAMME:
                assert cells(ours, name) == cells(theirs, name), name
        assert any(row["founder_name"] == "'=1+1" for row in cells(ours, "pilots"))


def cells(archive: zipfile.ZipFile, table: str) -> list[dict[str, object]]:
    """Return the rows, with numbers by value, since 8.0 and 8 are equal."""
    numbers = {column.name for column in TABLES[table].columns if column.kind == "number"}
    text = archive.read(f"{table}.csv").decode("utf-8-sig")
    return [
        {name: float(cell) if cell and name in numbers else cell for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def test_a_state_file_is_the_json_of_what_it_holds(pilots: list[PilotRun]) -> None:
    for pilot in pilots:
        text = state_files.text(pilot)
        assert json.loads(text) == state_files.dump(pilot)
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"
