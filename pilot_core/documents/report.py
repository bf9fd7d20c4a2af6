"""The outcome report as Markdown. Everything typed by people enters it as data."""

from typing import TYPE_CHECKING

from pilot_core import formatting
from pilot_core.documents.engine import render

if TYPE_CHECKING:
    from pilot_core.insight.report import OutcomeReport
    from pilot_core.store.judgements import Override


def render_report(report: "OutcomeReport", override: "Override | None" = None) -> str:
    """One pilot's outcome report as Markdown, with the override that stands beside what the rules say."""
    rate = report.review_approval
    approval = formatting.rate(rate.numerator, rate.denominator, rate.low, rate.high)
    return render("outcome_report.md.j2", report=report, override=override, approval=approval)
