"""Jinja2 in, text out: runbook, founder documents, review pack texts, outcome report. Jinja2 loads on first use."""

from pilot_core.documents.checklists import ChecklistItem, ChecklistSection, approval_checklist, publish_checklist
from pilot_core.documents.founder import PilotRunbookBuilder, generate_founder_artifacts, render_founder_documents
from pilot_core.documents.names import FOUNDER_DOCUMENTS, REVIEW_PACK_FOLDER, REVIEW_PACK_TEXTS, RUNBOOK
from pilot_core.documents.report import render_report
from pilot_core.documents.review_pack import render_review_pack_texts
from pilot_core.documents.text import md_text

__all__ = [
    "FOUNDER_DOCUMENTS",
    "REVIEW_PACK_FOLDER",
    "REVIEW_PACK_TEXTS",
    "RUNBOOK",
    "ChecklistItem",
    "ChecklistSection",
    "PilotRunbookBuilder",
    "approval_checklist",
    "generate_founder_artifacts",
    "md_text",
    "publish_checklist",
    "render_founder_documents",
    "render_report",
    "render_review_pack_texts",
]
