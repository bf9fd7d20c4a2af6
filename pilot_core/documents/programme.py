"""The report of a programme as Markdown: its verdict, why, what would change it, and the same for each segment."""

from pilot_core import formatting
from pilot_core.clock import iso
from pilot_core.documents.engine import render
from pilot_core.documents.report_page import page_of
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.forecast import forecast
from pilot_core.insight.next_outcomes import conditions
from pilot_core.insight.stats import Rate
from pilot_core.insight.waits import Waits, reading
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.people_hours import PeopleHours, people_hours
from pilot_core.store.queries.programme import ProgrammeLine, programme_summary
from pilot_core.store.queries.waits import approved_waits


class ProgrammeText(str):
    """A programme's report as a Markdown string. ``lines`` holds the results, the whole cohort first."""

    cohort: Cohort
    lines: list[ProgrammeLine]

    def __new__(cls, cohort: Cohort, lines: list[ProgrammeLine], waits: Waits, hours: PeopleHours) -> "ProgrammeText":
        rated = [(line, _rate(line.result.rate)) for line in lines]
        found = lines[0].result
        more = {
            "outcomes": conditions(found.next_outcomes),
            "cost": _cost(lines[0]),
            "hours": hours.sentence,
            "waits": reading(waits),
            "expected": forecast(found.n_approved, found.n_decided, found.n_open),
        }
        made = super().__new__(cls, render("programme_report.md.j2", cohort=cohort, lines=rated, **more))
        made.cohort, made.lines = cohort, lines
        return made

    @property
    def markdown(self) -> str:
        """The text as a plain string."""
        return str(self)

    @property
    def data(self) -> dict[str, object]:
        """The report as an object for JSON: filters, rules, and each line with its reasons."""
        whole = self.lines[0].result
        return {
            "as_of": iso(whole.as_of) if whole.as_of else None,
            "rules_version": whole.rules_version,
            "filters": self.cohort.as_filters(),
            "programme": _line(self.lines[0]),
            "segments": [_line(line) for line in self.lines[1:]],
        }


def generate_programme_report(store: PilotStore, cohort: Cohort | None = None) -> ProgrammeText:
    """Return the report of the cohort's pilots (all, if None) as they are now."""
    cohort = cohort or Cohort()
    waits = approved_waits(store.database, cohort, store.clock())
    hours = people_hours(store.database, cohort, store.clock())
    return ProgrammeText(cohort, programme_summary(store, cohort), waits, hours)


def programme_page(report: ProgrammeText) -> str:
    """Return the report as one self-contained HTML document, to print or send."""
    return page_of(report.markdown, f"Programme: {report.cohort.words}")


def _cost(line: ProgrammeLine) -> str:
    """Return what the decided pilots have cost, and of how many of them all costs are known."""
    spent, decided = line.segment.programme.cost_decided, line.result.n_decided
    if spent is None:
        return formatting.MISSING
    known = line.segment.programme.costs_known
    return f"{formatting.dollars(spent)} (all costs known for {known} of {formatting.count(decided, 'decided pilot')})"


def _rate(found: Rate) -> str:
    return formatting.rate(found.numerator, found.denominator, found.low, found.high)


def _line(line: ProgrammeLine) -> dict[str, object]:
    found = line.result
    return {
        **line.summary,
        "label": found.label,
        "reason_code": found.code,
        "summary": found.summary,
        "reasons": found.reasons,
        "what_would_change_it": found.what_would_change_it,
        "next_outcomes": [
            {"outcome": way.outcome, "label": way.label, "words": way.words} for way in found.next_outcomes
        ],
        "approvals_needed": found.approvals_needed,
        "guardrails": [
            {"code": g.code, "measured": g.measured, "evidence": g.evidence, "breached": g.breached}
            for g in found.guardrails
        ],
    }
