"""The outcome report as a page of its own, to read in a browser and to print."""

from html import escape
from typing import TYPE_CHECKING

from pilot_core.documents.engine import environment
from pilot_core.documents.report import render_report

if TYPE_CHECKING:
    from pilot_core.insight.report import OutcomeReport


def render_report_page(report: "OutcomeReport") -> str:
    """The report as one HTML document that loads nothing else; markup in what people typed stays text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(render_report(report))
    template = environment().get_template("outcome_report.html.j2")
    return template.render(title=escape(f"Outcome report: {report.company_name}"), body=body)
