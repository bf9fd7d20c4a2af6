"""--programme: the verdict on all pilots, or on those of a scenario or a brand, as a table or as JSON."""

import argparse
import json

from pilot_core import catalog
from pilot_core.cli.arguments import open_store
from pilot_core.documents.programme import ProgrammeText, generate_programme_report
from pilot_core.formatting import rate
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.next_outcomes import conditions
from pilot_core.insight.recommend import State
from pilot_core.settings import Settings
from pilot_core.store.queries.programme import ProgrammeLine

HEADS = ("Segment", "Approved of decided", "Open", "Paused", "Out of attempts", "Recommends", "Why")


def show_programme(arguments: argparse.Namespace, config: Settings) -> int:
    """Print the programme's verdict and its segments'. Raises InvalidRequest for an unknown scenario or brand."""
    cohort = Cohort(
        scenario=(catalog.scenario(arguments.scenario).id,) if arguments.scenario else (),
        brand=(catalog.brand(arguments.brand).id,) if arguments.brand else (),
    )
    report = generate_programme_report(open_store(arguments, config), cohort)
    if arguments.json:
        print(json.dumps(report.data, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_text(report)))
    return 0


def _text(report: ProgrammeText) -> list[str]:
    found = report.lines[0].result
    provisional = ", provisional" if found.state is State.PROVISIONAL else ""
    lines = [f"{found.label}{provisional}: {found.summary}", "", *_table(report.lines), "", "Why:"]
    lines += [f"  {reason}" for reason in found.reasons or [found.summary]]
    lines += ["", "What would change it:", *(f"  {sentence}" for sentence in found.what_would_change_it)]
    lines += [f"  {condition}: {way.label} ({way.words})." for condition, way in conditions(found.next_outcomes)]
    return [*lines, "", f"Rules {found.rules_version}."]


def _table(lines: list[ProgrammeLine]) -> list[str]:
    rows = [HEADS, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(line: ProgrammeLine) -> tuple[str, ...]:
    found, outcomes = line.result, line.segment.outcomes
    rated = rate(found.rate.numerator, found.rate.denominator, found.rate.low, found.rate.high)
    counts = (f"{outcomes.open:,}", f"{outcomes.paused:,}", f"{outcomes.exhausted:,}")
    return (line.label, rated, *counts, found.label, found.words)
