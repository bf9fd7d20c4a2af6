"""Exports: complete, repeatable, safe to open, reversible by the documented rule, and consistent with the page."""

import csv
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction

import pandas as pd
import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.clock import iso
from pilot_core.domain.actors import at_command_line
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.export.bundle import archive_chunks, csv_chunks, export_folder, write_archive, write_csv, write_parquet
from pilot_core.export.dictionary import FORMULA_RULE
from pilot_core.export.snapshot import snapshot
from pilot_core.formulas import neutral, original
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.evidence import reviewed_attempts
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.word_costs import FirstVideo, word_costs
from pilot_core.services.judgements import file_report, override_recommendation
from pilot_core.services.pilots import create_pilot
from pilot_core.settings import ROOT
from pilot_core.store.engine.duckdb_session import scratch
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.queries.export_columns import COMMENTS, TABLES
from pilot_core.store.queries.export_copies import cell_sql, open_copies, select_copied
from pilot_core.store.queries.export_schema import Column, Table, version_word
from pilot_core.store.queries.exports import row_counts
from pilot_core.store.queries.lists import pilot_summaries
from pilot_core.store.queries.metrics_page import metrics_page
from pilot_core.timecode import frame_to_timecode
from pilot_core.web.components import pilot_table
from pilot_core.web.pages.metrics import compare, words
from pilot_core.web.pages.metrics import theme_table as metrics_themes
from tests.crowd import crowd, fill
from tests.hostile import BEFORE, HOSTILE, LEADERS, expected_text, fill_with
from tests.libreoffice import Cell, open_with_libreoffice
from tests.sketches import day

COHORTS = [
    Cohort(),
    Cohort(scenario=("feature_launch",)),
    Cohort(brand=("acme", "")),
    Cohort(created_to=date(2026, 1, 20)),
]


def read(chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks)


def lines(store: PilotStore, table: str, cohort: Cohort | None = None) -> list[dict[str, str]]:
    return parsed(read(csv_chunks(store, table, cohort or Cohort())))


def parsed(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    return fill(PilotStore(tmp_path_factory.mktemp("crowd"), database_url=own_database()), crowd(60))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, own_database: Callable[[], str]) -> PilotStore:
    """Make a store with hostile text in every text column, ids included, which no valid input would allow."""
    store = PilotStore(tmp_path_factory.mktemp("hostile"), database_url=own_database())
    store.database.transaction(lambda connection: fill_with(connection, HOSTILE))
    return store


def texts_of(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.kind == "text"]


def held(store: PilotStore) -> list[str]:
    """Return the hostile cells as the store's engine stores them."""
    return [without_nul(cell) for cell in HOSTILE] if hasattr(store.database, "url") else list(HOSTILE)


PEOPLE = [name for name in TABLES if name != "programme_summary"]


@pytest.mark.parametrize("name", PEOPLE)
def test_sixty_hostile_cells_in_every_text_column_come_back_by_the_rule_and_numbers_are_numbers(hostile, name):
    table = TABLES[name]
    file = io.BytesIO(read(csv_chunks(hostile, name, Cohort())))
    kinds = dict.fromkeys(texts_of(table), str)
    frame = pd.read_csv(file, keep_default_na=False, dtype=kinds, encoding="utf-8-sig")
    assert len(frame) == 60
    for column in table.columns:
        cells = frame[column.name]
        if column.kind in ("integer", "number"):
            assert pd.api.types.is_numeric_dtype(cells), column.name
        if column.kind == "text":
            assert not [cell for cell in cells if runs(cell)], column.name
            expected = sorted(str(expected_text(name, column.name, cell, n)) for n, cell in enumerate(held(hostile)))
            assert sorted(map(original, cells)) == expected, column.name


def runs(cell: str) -> bool:
    return cell.lstrip(" \u00a0\ufeff")[:1] in LEADERS


@pytest.mark.office
def test_libreoffice_finds_no_formula_in_any_export_and_each_cell_as_it_is_in_the_file(
    hostile, full, soffice, tmp_path
):
    control = tmp_path / "control.csv"
    control.write_text("text\n=1+1\n", encoding="utf-8-sig")
    files = [control]
    for which, store in (("hostile", hostile), ("full", full)):
        for name in TABLES:
            files.append(tmp_path / f"{which} {name}.csv")
            with files[-1].open("wb") as file:
                write_csv(store, name, Cohort(), file)
    opened = open_with_libreoffice(soffice, files, tmp_path)
    # If LibreOffice treated formulas as text here, this test would prove nothing.
    assert [cell["formula"] for row in opened["control"] for cell in row if cell["formula"]]
    for which, store in (("hostile", hostile), ("full", full)):
        for name, table in TABLES.items():
            header, *rows = opened[f"{which} {name}"] or [[]]
            written = lines(store, name)
            assert [cell["text"] for cell in header] == [column.name for column in table.columns]
            assert len(rows) == len(written)
            for row, wanted in zip(rows, written, strict=True):
                for column, cell in zip(table.columns, [*row, *([None] * 40)], strict=False):
                    check_cell(column, cell, wanted[column.name])
    for name in PEOPLE:
        for place, column in enumerate(TABLES[name].columns):
            if column.kind == "text":
                back = sorted(original(str(row[place]["text"])) for row in opened[f"hostile {name}"][1:])
                expected = (str(expected_text(name, column.name, cell, n)) for n, cell in enumerate(held(hostile)))
                assert back == sorted(map(kept_by_calc, expected)), (name, column.name)


CALC_TYPES = {"text": "string", "time": "string", "integer": "float", "number": "float", "boolean": "boolean"}
"""The types of LibreOffice for the cells of a CSV. It leaves a time as the word that it is, with its zone."""


def check_cell(column: Column, cell: Cell | None, wanted: str) -> None:
    """Compare a cell as LibreOffice opens it with the text in the file, which is "" where there is no value."""
    if cell is None or wanted == "":
        found = ("", None) if cell is None else (cell["text"], cell["type"])
        assert (wanted, *found) == ("", "", None), (column.name, cell)
        return
    assert (cell["formula"], cell["type"]) == (None, CALC_TYPES[column.kind]), (column.name, cell)
    if column.kind in ("integer", "number"):
        assert float(str(cell["value"])) == pytest.approx(float(wanted), rel=1e-14), column.name
    elif column.kind == "text":
        assert not runs(str(cell["text"])), (column.name, cell)
        assert str(cell["text"]).split() == wanted.replace("\0", "").split(), column.name
    else:
        assert str(cell["text"]).lower() == wanted.lower(), column.name


def kept_by_calc(text: str) -> str:
    """Return a text as LibreOffice returns it: all line ends are the same, and NUL characters are missing.

    If the apostrophe was added because of a NUL, it stays.
    """
    kept = original(neutral(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""))
    assert "\0" in text or kept == text.replace("\r\n", "\n").replace("\r", "\n")
    return kept


@pytest.fixture(scope="module")
def tables_on_screen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[pd.DataFrame, list[str]]]:
    """Return each page table that shows people's text, with the hostile texts it was given, column by column."""
    store = PilotStore(tmp_path_factory.mktemp("screen"))
    for n, cell in enumerate(HOSTILE):
        pilot = create_pilot("Alice", "Acme", "feature_launch", "acme", now=day(1 + n % 28))
        # No valid input would allow this.
        pilot.founder_name, pilot.company_name = cell, f"{cell} "
        pilot.scenario_type, pilot.playbook_version, pilot.owner = cell, cell, cell
        pilot.add_attempt("film.mp4", None, 30.0, 1, 0.2, True, at=day(1 + n % 28))
        pilot.record_feedback(1, cell, "minor_changes", at=day(1 + n % 28))
        pilot.runs[0].feedback[0].flags = ["too_long"]
        store.save(pilot, cell)
        row = [cell, pilot.pilot_id]
        store.database.transaction(
            lambda c, row=row: c.execute("UPDATE feedback_flags SET flag = ? WHERE pilot_id = ?", row)
        )
    pilots = pilot_summaries(store.database)
    page = metrics_page(store, Cohort())
    themes = page.themes.bars
    listed = pilot_table.frame(pilots, "UTC")
    numbers = metrics_themes.table(page.themes)
    # The only typed text of this table is a brand's word for its pacing, and an import can bring any.
    first = words.table(word_costs([FirstVideo(True, pacing=cell) for cell in HOSTILE], len(HOSTILE)))
    compared = [compare.table(page, page, cell, "all pilots") for cell in HOSTILE]
    heads = pd.DataFrame({"head": [frame.columns[1] for frame in compared]})
    return {
        "pilots": (listed[["company"]], [pilot.company_name for pilot in pilots]),
        "founders": (listed[["founder"]], [pilot.founder_name for pilot in pilots]),
        "owners": (listed[["owner"]], [pilot.owner or "" for pilot in pilots]),
        "whole": (listed[[name for name in listed if name not in ("company", "founder", "owner")]], []),
        "themes": (numbers, [bar.label for bar in themes]),
        "compared": (heads, list(HOSTILE)),
        "first videos": (first, []),
    }


def test_every_table_on_a_screen_is_one_of_those_looked_at_here():
    sources = [*(ROOT / "pilot_core" / "web").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    drawing = {path.stem for path in sources if re.search(r"st\.(dataframe|data_editor)\(", path.read_text("utf-8"))}
    no_typed_text = {"improvement", "plan"}
    assert drawing == {"pilot_table", "theme_table", "compare", "words"} | no_typed_text


def test_sixty_hostile_cells_in_every_table_on_a_screen_are_harmless_when_it_is_saved(tables_on_screen):
    for name, (frame, fed) in tables_on_screen.items():
        # The CSV that the table's download button writes.
        read_back = pd.read_csv(
            io.StringIO(frame.to_csv(index=False, lineterminator="\r\n")), keep_default_na=False, dtype=str
        )
        for column in read_back:
            assert not [cell for cell in read_back[column] if runs(cell)], (name, column)
        if fed:
            assert len(fed) == 60
            assert [original(cell) for cell in frame.iloc[:, 0]] == fed


@pytest.mark.office
def test_libreoffice_finds_no_formula_in_any_table_saved_from_a_screen(tables_on_screen, soffice, tmp_path):
    files = []
    for name, (frame, _) in tables_on_screen.items():
        files.append(tmp_path / f"{name}.csv")
        frame.to_csv(files[-1], index=False, encoding="utf-8-sig", lineterminator="\r\n")
    opened = open_with_libreoffice(soffice, files, tmp_path)
    for name, (frame, fed) in tables_on_screen.items():
        header, *rows = opened[name]
        assert len(rows) == len(frame)
        for row in rows:
            assert [cell for cell in row if cell["formula"]] == []
            for column, cell in zip(header, row, strict=False):
                if column["text"] in frame and pd.api.types.is_numeric_dtype(frame[column["text"]]):
                    assert cell["type"] == "float"
        if fed:
            assert [original(str(row[0]["text"])) for row in rows] == list(map(kept_by_calc, fed))


def test_the_sql_makes_cells_safe_exactly_as_the_python_does(tmp_path):
    pieces = ["", "'", "''", *BEFORE, *LEADERS, "a", "é", "7", ",", ";", '"', "x=1"]
    texts = ["".join(parts) for parts in itertools.product(pieces, repeat=3)]
    texts += [f"a{text}" for text in texts]
    (tmp_path / "copies").mkdir()
    with open_copies(tmp_path / "copies") as copies:
        connection = copies.connection
        connection.raw.register("given", pd.DataFrame({"place": range(len(texts)), "text": texts}))
        cell = cell_sql(Column("text", "text", ""))
        made = connection.execute(f"SELECT {cell} FROM given ORDER BY place").fetchall()  # noqa: S608
    assert [text for (text,) in made] == [quoted(neutral(text)) for text in texts]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("cohort", COHORTS, ids=lambda cohort: cohort.words)
def test_counts_in_the_exports_add_up_to_the_page(full, cohort):
    page = metrics_page(full, cohort)
    m = page.measures
    pilots, attempts = lines(full, "pilots", cohort), lines(full, "attempts", cohort)
    feedback, flags = lines(full, "feedback", cohort), lines(full, "feedback_flags", cohort)
    summary = lines(full, "programme_summary", cohort)
    assert len(pilots) == m.outcomes.pilots
    assert sum(row["is_censored"] == "true" for row in pilots) == m.outcomes.still_open
    assert sum(row["approval_outcome"] == "approved" for row in pilots) == m.outcomes.approved
    failed = [row["attempt_id"] for row in attempts if row["state"] == "failed"]
    attempts = [row for row in attempts if row["state"] != "failed"]
    assert sum(int(row["n_attempts"]) for row in pilots) == len(attempts)
    assert sum(bool(row["video_path"]) for row in attempts) == m.total_videos
    reviewed = sum(row["is_reviewed_by_human"] == "true" for row in attempts)
    assert sum(int(row["n_human_reviews"]) for row in pilots) == reviewed == m.review_approval_rate.denominator
    assert sum(int(row["n_human_reviews"]) > 0 for row in pilots) == m.reviewed_pilots
    known = [row["sla_passed"] for row in attempts if row["sla_passed"]]
    assert (known.count("true"), len(known)) == (m.sla_all.numerator, m.sla_all.denominator)
    timed = [float(row["time_to_first_cut_seconds"]) for row in attempts if row["time_to_first_cut_seconds"]]
    assert len(timed) == m.ttfc_attempt.n
    assert sum(timed) / len(timed) == pytest.approx(m.ttfc_attempt.mean)
    costs = [float(row["total_cost_dollars"]) for row in pilots if row["total_cost_dollars"]]
    assert sum(costs) == pytest.approx(sum(float(r["total_cost_dollars"] or 0) for r in attempts))
    assert {row["attempt_id"] for row in feedback} <= {*failed, *(row["attempt_id"] for row in attempts)}
    assert {row["feedback_id"] for row in flags} <= {row["feedback_id"] for row in feedback}
    whole, *segments = summary
    counted = ("n_decided", "n_approved", "n_out_of_attempts", "n_open", "n_paused", "sla_n", "costs_known")
    o = m.outcomes
    assert [int(whole[column]) for column in counted[:-1]] == [
        o.decided, o.approved, o.exhausted, o.open, o.paused, m.sla_all.denominator,
    ]  # fmt: skip
    for column in counted:
        assert sum(int(row[column]) for row in segments) == int(whole[column])
    assert [(row["segment"], row["scenario_type"], row["brand_preset"]) for row in summary] == [
        ("all", "", ""),
        *((f"{s.scenario} × {s.brand}", s.scenario, s.brand) for s in sorted(
            page.forest.segments, key=lambda s: (s.scenario, s.brand)
        )),
    ]  # fmt: skip
    shares = {
        "sla_rate": m.sla_all.value,
        "ttfc_first_median_seconds": m.ttfc_first.median,
        "cost_per_approved_dollars": m.cost_per_approved.value,
        "p_le_floor": page.programme.p_le_stop,
    }
    for column, value in shares.items():
        assert (float(whole[column]) if whole[column] else None) == pytest.approx(value), column
    assert whole["guardrail_breached"] == str(bool(page.programme.breached)).lower()
    ended = {row["pilot_id"] for row in pilots if row["decided_at"] and row["total_cost_dollars"]}
    assert int(whole["costs_known"]) <= len(ended)
    assert [row["recommendation"] for row in segments] == [
        s.result.recommendation or "" for s in sorted(page.forest.segments, key=lambda s: (s.scenario, s.brand))
    ]


def test_a_table_is_every_pilot_word_for_word(full):
    stored = sorted(crowd(60), key=lambda pilot: (pilot.created_at, pilot.pilot_id))
    rows = lines(full, "pilots")
    assert [row["pilot_id"] for row in rows] == [pilot.pilot_id for pilot in stored]
    for row, pilot in zip(rows, stored, strict=True):
        assert original(row["founder_name"]) == pilot.founder_name
        assert row["playbook_version"] == (f"v{pilot.playbook_version}" if pilot.playbook_version else "")
        assert row["created_at"] == iso(pilot.created_at)
        assert int(row["n_human_reviews"]) == len(reviewed_attempts(pilot))
        assert row["total_cost_dollars"] == "" or float(row["total_cost_dollars"]) >= 0
    notes = {row["feedback_id"]: original(row["notes"]) for row in lines(full, "feedback")}
    assert notes == {f.feedback_id: f.notes for p in stored for a in p.runs for f in a.feedback}


def test_a_csv_begins_with_a_mark_ends_lines_for_windows_and_is_the_same_each_time(full):
    first = read(csv_chunks(full, "attempts", Cohort()))
    assert first.startswith(b"\xef\xbb\xbfpilot_id,attempt_id,attempt_number,created_at,video_path,")
    assert first.endswith(b"\r\n")
    assert first.count(b"\n") == first.count(b"\r\n")
    assert first == read(csv_chunks(full, "attempts", Cohort()))
    assert b"null" not in first.lower()
    row = first.decode("utf-8-sig").splitlines()[1].split(",")
    assert row[3] == "" or row[3].endswith("Z")


def test_the_zip_holds_the_tables_its_dictionary_and_a_manifest_that_counts_their_rows(full, tmp_path):
    cohort = Cohort(scenario=("feature_launch",), created_from=date(2026, 1, 5))
    with (tmp_path / "all.zip").open("wb") as file:
        manifest = write_archive(full, cohort, file)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", "data_dictionary.csv", *(f"{name}.csv" for name in TABLES)]
        assert json.loads(archive.read("manifest.json")) == manifest
        assert archive.read("feedback.csv") == read(csv_chunks(full, "feedback", cohort))
        assert manifest["row_counts"] == {name: len(parsed(archive.read(f"{name}.csv"))) for name in TABLES}
        with snapshot(full, cohort, ()) as taken:
            assert archive.read("data_dictionary.csv") == read(taken.dictionary())
    assert manifest["schema_version"] == "2"
    assert manifest["rules_version"] == version_word(current_programme_rules().version)
    assert manifest["as_of"].endswith("Z")
    assert manifest["filters"] == {
        "scenario": ["feature_launch"], "brand": None, "playbook_version": None, "created_from": "2026-01-05",
        "created_to": None, "mode": "human",
    }  # fmt: skip
    for one in (cohort, *COHORTS, Cohort(brand=("nobody",))):
        with snapshot(full, one) as taken:
            assert list(row_counts(full.database, one).items()) == list(taken.row_counts.items())
    assert manifest["row_counts"]["pilots"] == metrics_page(full, cohort).measures.outcomes.pilots


def test_the_dictionary_describes_every_column_and_the_rule_for_texts_alone(full):
    with snapshot(full, Cohort(), ()) as taken:
        rows = parsed(read(taken.dictionary()))
    assert [(row["table"], row["column"]) for row in rows] == [
        (table.name, column.name) for table in TABLES.values() for column in table.columns
    ]
    assert {original(row["formula_rule"]) for row in rows if row["type"] == "text"} == {FORMULA_RULE}
    assert {row["formula_rule"] for row in rows if row["type"] != "text"} == {""}
    assert all(row["meaning"] for row in rows)


def test_a_folder_gets_every_table_as_csv_and_parquet_and_a_second_export_replaces_it(full, tmp_path):
    folder = tmp_path / "new" / "export"
    export_folder(full, Cohort(scenario=("feature_launch",)), folder)
    manifest = export_folder(full, Cohort(), folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["manifest.json", "data_dictionary.csv", *(f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet"))]
    )
    for name, table in TABLES.items():
        frame = pd.read_parquet(folder / f"{name}.parquet")
        assert list(frame.columns) == [column.name for column in table.columns]
        assert len(frame) == manifest["row_counts"][name] == len(parsed((folder / f"{name}.csv").read_bytes()))
    assert "=1+1" in set(pd.read_parquet(folder / "pilots.parquet")["founder_name"])


def test_parquet_holds_the_texts_as_they_are_in_the_order_of_the_csv(hostile, tmp_path):
    write_parquet(hostile, "feedback", Cohort(), tmp_path / "feedback.parquet")
    frame = pd.read_parquet(tmp_path / "feedback.parquet")
    assert list(frame["notes"]) == [original(row["notes"]) for row in lines(hostile, "feedback")]
    assert set(frame["notes"]) == set(held(hostile))


def test_an_empty_text_is_null_in_parquet(store, new_pilot, tmp_path):
    pilot = new_pilot()
    pilot.playbook_version = ""
    store.save(pilot)
    write_parquet(store, "pilots", Cohort(), tmp_path / "pilots.parquet")
    frame = pd.read_parquet(tmp_path / "pilots.parquet")
    assert frame["playbook_version"].isna().tolist() == [True]
    assert not [name for name in frame.columns if (frame[name] == "").any()]


def test_filed_reports_and_who_overrode_them_are_exported(store, new_pilot, clock):
    pilot = new_pilot()
    pilot.add_attempt("v.mp4", None, 40.5, 2, 1.25, True, at=clock())
    pilot.record_feedback(1, "Too long.", "minor_changes", ["too_long"], at=clock())
    store.save(pilot)
    override_recommendation(store, pilot.pilot_id, "STOP", "=no budget", at_command_line("Lea"))
    filed = file_report(store, pilot.pilot_id, at_command_line("Lea"))
    row = lines(store, "outcome_reports")[0]
    assert {name: row[name] for name in list(row)[:12]} == {
        "report_id": filed.report_id,
        "pilot_id": pilot.pilot_id,
        "as_of": "2026-03-02T09:00:00Z",
        "generated_at": "2026-03-02T09:00:00Z",
        "rules_version": version_word(current_programme_rules().version),
        "total_videos": "1",
        "ttfc_mean_seconds": "40.5",
        "ttfc_median_seconds": "40.5",
        "iterations_mean": "2.0",
        "pilot_approved": "false",
        "review_approval_rate": "0.0",
        "review_approval_n": "1",
    }
    assert (row["themes_new"], row["improvement_ttfc_ratio"]) == ("too_long", "")
    assert (row["recommendation"], row["reason_code"]) == ("", "in_progress")
    assert (row["override_by"], row["override_reason"]) == ("Lea", "'=no budget")
    assert json.loads(row["reasons_json"])[0]["attempts"] == [1]


def test_timecodes_in_the_export_are_those_of_the_review_room(tmp_path):
    rates = ["24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60", "15/2"]
    frames = [
        0,
        1,
        29,
        30,
        59,
        1799,
        1800,
        1801,
        3599,
        3600,
        17981,
        17982,
        17983,
        35963,
        35964,
        107891,
        107892,
        999_999,
    ]
    cases = list(itertools.product(rates, frames))
    with scratch(tmp_path, "100MB") as connection:
        make_copied_comments(connection, [(n, *case, None, None) for n, case in enumerate(cases)])
        sql = f"SELECT timecode, seconds FROM ({select_copied(COMMENTS, 'given')}) ORDER BY place"  # noqa: S608
        made = connection.execute(sql).fetchall()
    assert [timecode for timecode, _ in made] == [frame_to_timecode(frame, Fraction(rate)) for rate, frame in cases]
    assert [seconds for _, seconds in made] == pytest.approx([float(frame / Fraction(rate)) for rate, frame in cases])


def make_copied_comments(connection, rows):
    """Make the table ``given`` as the export copies comments: place, rate, frame, and what tells the shown draft."""
    columns = "place INTEGER, rate TEXT, frame INTEGER, shown_path TEXT, drafts_json TEXT"
    others = [f"{column.name} TEXT" for column in COMMENTS.columns if column.kind == "text" and not column.copy_sql]
    connection.execute(f"CREATE TABLE given ({', '.join([columns, *others])})")
    connection.raw.executemany(
        "INSERT INTO given (place, rate, frame, shown_path, drafts_json) VALUES (?, ?, ?, ?, ?)", rows
    )


def test_source_seconds_begin_where_the_shown_draft_says(tmp_path):
    drafts = [{"video_path": f"v{n}.mp4", "source_start": n / 4, "notes": ["x"]} for n in (1, 2, 3)]
    cases = [
        ("v2.mp4", json.dumps(drafts), 0.5),
        ("other.mp4", json.dumps(drafts), 0.75),
        ("v1.mp4", json.dumps([{"video_path": "v1.mp4"}]), 0.0),
        ("v1.mp4", "[]", 0.0),
        (None, "{}", 0.0),
        (None, None, 0.0),
    ]
    with scratch(tmp_path, "100MB") as connection:
        make_copied_comments(connection, [(n, "25", 50, path, text) for n, (path, text, _) in enumerate(cases)])
        sql = f"SELECT source_seconds FROM ({select_copied(COMMENTS, 'given')}) ORDER BY place"  # noqa: S608
        made = [seconds for (seconds,) in connection.execute(sql).fetchall()]
    assert made == [2 + start for _, _, start in cases]


def test_the_mode_of_an_export_decides_every_outcome_in_it_and_what_people_did_is_the_same_in_both(full):
    """Feedback of both kinds is in either export, marked, since it is no outcome."""
    cohort, decided_at = Cohort(mode="simulated"), {}
    for one in (Cohort(), cohort):
        pilots, whole = lines(full, "pilots", one), lines(full, "programme_summary", one)[0]
        still_open = [row for row in pilots if row["is_censored"] == "true"]
        assert len(still_open) == int(whole["n_open"]) + int(whole["n_paused"])
        decided_at[one.mode] = [row.pop("decided_at") for row in pilots]
        with snapshot(full, one, ("pilots",)) as tables:
            assert tables.manifest()["filters"]["mode"] == one.mode
    assert decided_at["human"] != decided_at["simulated"]
    assert {row["recommendation"] for row in lines(full, "programme_summary", cohort)} == {""}
    counted = [("n_attempts", "n_human_reviews", "n_simulated_reviews", "recommendation", "reason_code")] * 2
    by_mode = [
        [[row[name] for name in names] for row in lines(full, "pilots", one)]
        for names, one in zip(counted, (Cohort(), cohort), strict=True)
    ]
    assert by_mode[0] == by_mode[1]
    for table in ("attempts", "feedback", "feedback_flags"):
        assert read(csv_chunks(full, table, cohort)) == read(csv_chunks(full, table, Cohort()))
    assert {row["mode"] for row in lines(full, "feedback")} == {"human", "simulated"}


def test_a_store_without_pilots_exports_headers_and_one_summary(store, tmp_path):
    counts = export_folder(store, Cohort(), tmp_path)["row_counts"]
    assert counts == {**dict.fromkeys(TABLES, 0), "programme_summary": 1}
    assert parsed((tmp_path / "programme_summary.csv").read_bytes())[0]["rate"] == ""


def test_a_download_that_is_broken_off_leaves_nothing_behind(full, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    begun = archive_chunks(full, Cohort())
    next(begun)
    assert list(tmp_path.iterdir())
    begun.close()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused_with_a_sentence(full, tmp_path):
    with pytest.raises(InvalidRequest, match="There is no table “secrets”; choose one of: pilots, attempts, "):
        next(csv_chunks(full, "secrets", Cohort()))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"The export cannot be written to .*file.*: "):
        export_folder(full, Cohort(), tmp_path / "file")


def test_the_command_exports_the_whole_store(full, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PILOT_OPS_DATABASE_URL", getattr(full.database, "url", ""))
    assert main(["--store", str(full.root), "--export", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:3] == [
        f"Exported to {tmp_path / 'out'}:",
        "  pilots: 60 rows",
        f"  attempts: {len(lines(full, 'attempts'))} rows",
    ]
    assert (tmp_path / "out" / "manifest.json").is_file()
