"""The outcome report as Markdown. Text that people typed is escaped, so it is never read as markup."""

from pilot_core import formatting
from pilot_core.documents.engine import render
from pilot_core.domain.judgements import Override
from pilot_core.domain.pilot import PilotRun
from pilot_core.insight.report import OutcomeReport, build_report


class ReportText(str):
    """An outcome report as a Markdown string. ``report`` holds the figures it was written from."""

    report: OutcomeReport

    def __new__(cls, report: OutcomeReport) -> "ReportText":
        text = super().__new__(cls, render_report(report))
        text.report = report
        return text

    @property
    def markdown(self) -> str:
        """The text as a plain string."""
        return str(self)


def generate_pilot_outcome_report(pilot: PilotRun) -> ReportText:
    """Return the outcome report of everything known about the pilot now."""
    return ReportText(build_report(pilot))


def render_report(report: OutcomeReport, override: Override | None = None) -> str:
    """Return one pilot's outcome report as Markdown, with the lead's override if there is one, or asked for."""
    rate = report.review_approval
    approval = formatting.rate(rate.numerator, rate.denominator, rate.low, rate.high)
    return render("outcome_report.md.j2", report=report, override=override, approval=approval)
