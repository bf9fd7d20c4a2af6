"""The outcome report as a page of its own, to read in a browser and to print."""

from html import escape
from typing import TYPE_CHECKING

from pilot_core.documents.engine import environment
from pilot_core.documents.report import render_report

if TYPE_CHECKING:
    from pilot_core.insight.report import OutcomeReport
    from pilot_core.store.judgements import Override


def render_report_page(report: "OutcomeReport", override: "Override | None" = None) -> str:
    """The report as one HTML document that loads nothing else; markup in what people typed stays text."""
    return page_of(render_report(report, override), report.company_name)


def page_of(markdown: str, company_name: str, foot: str = "") -> str:
    """A report's Markdown as such a document; ``foot`` is a line of plain text below it."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    template = environment().get_template("outcome_report.html.j2")
    return template.render(title=escape(f"Outcome report: {company_name}"), body=body, foot=escape(foot))
