"""The one Jinja2 environment, made when the first document is rendered."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_core import catalog, formatting
from pilot_core.documents import text

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@cache
def environment() -> "jinja2.Environment":
    """Templates of ``templates/``: a name they miss is an error; nothing is escaped, as the output is not HTML."""
    import jinja2

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
    """The template's output, tidy. Raises jinja2.UndefinedError when a name is missing."""
    return text.tidy(environment().get_template(template).render(context))


def render_plain(template: str, **context: object) -> str:
    """The template's output laid out as plain text."""
    return text.laid_out(render(template, **context))
