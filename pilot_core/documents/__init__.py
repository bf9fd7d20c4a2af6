"""Renders documents from Jinja2 templates: runbook, founder documents, review pack texts and outcome report."""
