"""The outcome report as a standalone HTML page, to read in a browser or print."""

from html import escape

from markdown_it import MarkdownIt

from pilot_core.documents.engine import environment
from pilot_core.documents.report import render_report
from pilot_core.domain.judgements import Override
from pilot_core.insight.report import OutcomeReport


def render_report_page(report: OutcomeReport, override: Override | None = None) -> str:
    """Return the report as one self-contained HTML document. Markup in text that people typed is shown as text."""
    return page_of(render_report(report, override), f"Outcome report: {report.company_name}")


def page_of(markdown: str, title: str, foot: str = "") -> str:
    """Return a report's Markdown as a self-contained HTML document. ``foot`` is a line of plain text below it."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    template = environment().get_template("outcome_report.html.j2")
    return template.render(title=escape(title), body=body, foot=escape(foot))
