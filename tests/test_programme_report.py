"""The programme on the command line and in the API: the same numbers as in the export, in words, tables and JSON."""

import csv
import io
import json
from pathlib import Path

import pytest

from pilot_core import Cohort, PilotStore, generate_programme_report
from pilot_core.cli import main
from pilot_core.documents.programme import programme_page
from pilot_core.export.snapshot import snapshot
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot


@pytest.fixture
def programme(store: PilotStore, clock: HandClock) -> PilotStore:
    """Return a store with five approved pilots of one segment, one dropped and one open of another."""
    for number in range(5):
        make_pilot(store, clock, f"Approved {number}", "A")
    make_pilot(store, clock, "Dropped", "m drop", scenario_type="problem_solution", brand="wellness")
    make_pilot(store, clock, "Open", "m", scenario_type="problem_solution", brand="wellness")
    return store


def test_the_json_has_the_columns_and_values_of_the_export(
    programme: PilotStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--store", str(programme.root), "--programme", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with snapshot(programme, Cohort(), ("programme_summary",)) as found:
        text = b"".join(found.csv("programme_summary")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = [told["programme"], *told["segments"]]
    assert [[_cell(line[name]) for name in rows[0]] for line in lines] == [list(row.values()) for row in rows]
    assert told["rules_version"] == "v2026.12"
    assert [way["label"] for way in told["programme"]["next_outcomes"]] == ["NO VERDICT YET"] * 3


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def test_the_table_names_the_verdict_why_and_what_would_change_it(
    programme: PilotStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--store", str(programme.root), "--programme"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("NO VERDICT YET: 5 of 6 decided pilots are approved. Keep piloting: ")
    for words in ("All pilots", "Feature launch × Acme", "PROCEED", "What would change it:", "Rules v2026.12."):
        assert words in out


def test_a_scenario_and_a_brand_narrow_it_and_an_unknown_one_is_refused(
    programme: PilotStore, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--store", str(programme.root), "--programme"]
    assert main([*at, "--scenario", "feature_launch", "--brand", "acme"]) == 0
    assert capsys.readouterr().out.startswith("PROCEED: 5 of 5 decided pilots are approved")
    assert main([*at, "--scenario", "no_such"]) == 2
    assert main([*at, "--founder", "Ada"]) == 2


def test_the_report_of_the_api_is_markdown_with_its_results(programme: PilotStore, tmp_path: Path) -> None:
    report = generate_programme_report(programme, Cohort(scenario=("feature_launch",)))
    assert "## Recommendation: PROCEED" in report.markdown
    assert "5 of 5 decided pilots are approved: a true rate of 60% or more is likely." in report
    assert report.lines[0].result.n_decided == 5
    empty = generate_programme_report(PilotStore(tmp_path / "empty"))
    assert "## Recommendation: NO VERDICT YET" in empty
    assert "\n\n\n" not in empty


def test_the_report_to_print_has_cost_forecast_and_for_whom_pilots_waited(programme: PilotStore) -> None:
    page = programme_page(generate_programme_report(programme))
    assert page.startswith("<!doctype html>")
    assert "<title>Programme: all pilots</title>" in page
    assert "Cost of decided pilots" in page
    assert "from creation to approval on average" in page
