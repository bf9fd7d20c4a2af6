"""A number that appears in two places is one number: overview, metrics, reports, CSV and command line of one store."""

import csv
import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.formatting import percent, seconds
from pilot_core.services import pilots
from pilot_core.services.owed_reports import settle_due_reports
from pilot_core.web.access import page_guard, who
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import page_text
from tests.pilot_stories import make_pilot
from tests.served import serve

LEAD = at_command_line("Mara Lindqvist")
OLD = ("A", "M M", "m drop")
STORIES = ("A", "m A", "M A", "wait", "m miss", "M{too_long} m", "m pause", "m drop", "fail", "", "A", "queue", "miss")
OUT = ("M M", "m M pause", "M m")


@pytest.fixture
def filled(store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> PilotStore:
    """Return a store with pilots of every outcome, some older than the overview's window, read by Mara."""
    for number, story in enumerate(OLD):
        make_pilot(store, clock, f"Old {number}", story)
    clock.forward(weeks=20)
    for number, story in enumerate(STORIES):
        make_pilot(store, clock, f"New {number}", story, brand="acme" if number % 3 else "wellness")
        clock.forward(days=2)
    for number, story in enumerate(OUT):
        make_pilot(store, clock, f"Out {number}", story, max_attempts=2)
    outside = make_pilot(store, clock, "Outside", "m").pilot_id
    pilots.drop(store, outside, "The founder left.", external=True, actor=LEAD)
    simulated = make_pilot(store, clock, "Simulated", "wait").pilot_id
    pilots.record_feedback(store, simulated, 1, "Fine.", "approve", mode="simulated", actor=LEAD)
    clock.forward(seconds=1)
    settle_due_reports(store)
    serve(monkeypatch, store)
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))
    return store


@pytest.fixture
def tables(filled: PilotStore, tmp_path: Path) -> dict[str, list[dict[str, str]]]:
    """Return the exported tables by name."""
    assert main(["--store", str(filled.root), "--export", str(tmp_path / "out")]) == 0
    names = ("pilots", "programme_summary", "outcome_reports", "attempts")
    return {
        name: list(csv.DictReader((tmp_path / "out" / f"{name}.csv").open(encoding="utf-8-sig", newline="")))
        for name in names
    }


def counted(text: str) -> dict[str, int]:
    """Return the counts of open, paused and out-of-attempts pilots that a sentence tells, 0 where it tells none."""
    words = ("open", "paused", "out of attempts")
    found = {word: re.search(rf"([\d,]+) {word}", text) for word in words}
    return {word: int(match[1].replace(",", "")) if match else 0 for word, match in found.items()}


def cards(at: Any) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in at.metric}


def test_overview_metrics_and_csv_count_the_same_pilots(
    filled: PilotStore, tables: dict[str, list[dict[str, str]]]
) -> None:
    overview, metrics = opened("overview"), opened("metrics")
    of_title = counted(overview.title[0].value)
    sentence = next(line for line in page_text(metrics).splitlines() if " decided (" in line)
    [whole] = [row for row in tables["programme_summary"] if row["segment"] == "all"]

    assert of_title == counted(sentence)
    assert of_title == {
        "open": int(whole["n_open"]),
        "paused": int(whole["n_paused"]),
        "out of attempts": int(whole["n_out_of_attempts"]),
    }
    assert of_title["out of attempts"] == len(OUT)
    assert sentence.startswith(f"{len(tables['pilots'])} pilots")


def test_the_overviews_cards_are_those_of_the_metrics_page_with_the_same_window(filled: PilotStore) -> None:
    overview = opened("overview")
    [address] = {link.query_string for link in overview.get("page_link") if link.label == "See the pilots"} and {
        re.sub(r"behind=\w+&?", "", link.query_string).strip("&")
        for link in overview.get("page_link")
        if link.label == "See the pilots"
    }
    first = address.removeprefix("from=")
    metrics = opened("metrics", **{"from": first})

    shown = cards(overview)
    assert len(shown) == 4
    assert {label: cards(metrics)[label] for label in shown} == shown
    assert cards(opened("metrics")) != cards(metrics), "the window leaves some pilots out"
    window = f"Created from {int(first[8:])}"
    for at in (overview, metrics):
        assert sum(caption.value.startswith(window) for caption in at.caption) >= len(shown)


def test_a_card_of_the_overview_opens_the_pilots_behind_it(filled: PilotStore) -> None:
    at = opened("metrics", behind="decided")
    decided = re.search(r"([\d,]+) decided", page_text(at))
    assert decided
    assert f"**Decided** · {decided[1]} pilots" in page_text(at)


def test_metrics_page_and_csv_have_the_same_rates(filled: PilotStore, tables: dict[str, list[dict[str, str]]]) -> None:
    shown = cards(opened("metrics"))
    [whole] = [row for row in tables["programme_summary"] if row["segment"] == "all"]
    decided, approved = int(whole["n_decided"]), int(whole["n_approved"])

    assert shown["Pilots approved"][0] == percent(float(whole["rate"])) == percent(approved / decided)
    assert shown["Pilots approved"][1].startswith(f"{approved} of {decided}, ")
    assert shown["SLA met: all attempts"][0] == percent(float(whole["sla_rate"]))
    assert f" of {whole['sla_n']}, " in shown["SLA met: all attempts"][1]
    assert shown["First cut: first attempt"][0] == seconds(float(whole["ttfc_first_median_seconds"]))
    known = [row for row in tables["attempts"] if row["sla_passed"]]
    assert len(known) == int(whole["sla_n"])
    assert Counter(row["approval_outcome"] for row in tables["pilots"])["approved"] == approved


def test_command_line_csv_and_reports_say_the_same_of_each_pilot(
    filled: PilotStore, tables: dict[str, list[dict[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["--store", str(filled.root), "--list", "--json"]) == 0
    listed = {one["pilot_id"]: one for one in json.loads(capsys.readouterr().out)}
    filed = {row["pilot_id"]: row for row in tables["outcome_reports"]}
    completed = {row["pilot_id"] for row in tables["pilots"] if row["status"] == "completed"}

    assert set(filed) == completed, "each completed pilot has its report"
    for row in tables["pilots"]:
        line = listed[row["pilot_id"]]
        assert (line["recommendation"] or "", line["reason_code"]) == (row["recommendation"], row["reason_code"])
        assert (line["total_cost_dollars"] or 0) == float(row["total_cost_dollars"] or 0)
        assert main(["--store", str(filled.root), "--report", row["pilot_id"], "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["recommendation"]["recommendation"] or "") == row["recommendation"]
        assert (told["total_cost_dollars"] or 0) == float(row["total_cost_dollars"] or 0)
        if report := filed.get(row["pilot_id"]):
            assert report["recommendation"] == row["recommendation"]
            assert int(report["total_videos"]) == told["total_videos"]
            assert float(report["total_cost_dollars"] or 0) == float(row["total_cost_dollars"] or 0)


def test_a_window_without_pilots_shows_no_cards(filled: PilotStore, clock: HandClock) -> None:
    clock.now += timedelta(weeks=30)
    assert not opened("overview").metric
