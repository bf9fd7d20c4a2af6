"""The Jinja2 environment that all documents use."""

from functools import cache
from pathlib import Path

import jinja2

from pilot_core import catalog, formatting
from pilot_core.documents import text

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the environment. Missing names are errors. Nothing is escaped, because most output is not HTML."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    env.filters |= {
        "line": text.line,
        "whole": text.whole,
        "quoted": text.quoted,
        "heading": text.heading,
        "section": text.section,
        "md": text.md_text,
        "words": lambda value: text.md_text(str(value).replace("_", " ")),
        "known": lambda value: formatting.MISSING if value in (None, "") else value,
        "flag_label": lambda flag: catalog.label("flag", flag),
        "seconds": formatting.seconds,
        "dollars": formatting.dollars,
        "count": formatting.count,
        "day": formatting.day,
        "moment": formatting.moment,
        "timecode": formatting.timecode,
    }
    return env


def render(template: str, **context: object) -> str:
    """Render a template and tidy its blank lines. Raises jinja2.UndefinedError if a name is missing."""
    return text.tidy(environment().get_template(template).render(context))


def render_plain(template: str, **context: object) -> str:
    """Render a template as plain text wrapped at 72 columns. Raises the same error as ``render``."""
    return text.laid_out(render(template, **context))
