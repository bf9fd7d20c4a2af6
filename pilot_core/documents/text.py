"""Typed words made safe for the document they enter, and nothing more: every template filter that handles text."""

import re
import textwrap
import unicodedata

WIDTH = 72
RULE_WIDTH = 40

# A space inside a name, while lines are wrapped: control characters never come in from outside, see `line`.
_HELD_SPACE = "\x00"

_BREAKS = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*")
_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would turn the rest of the line round
_LEAD = re.compile(r"(> |\s*(?:(?:- |\[.\] |\d+\. )\s*)?)")

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"[\\`*_\[\]|~!$]|:(?=[A-Za-z])")
_LEADING_MARK = re.compile(r"^([#+=-])|^(\d{1,9})([.)])(?=\s|$)")
_AUTOLINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=[\w.+-]@)(?=\w)", re.IGNORECASE)
_ZERO_WIDTH_SPACE = "\u200b"


def line(value: object) -> str:
    """Typed text as one line: exactly as typed, but for line breaks, control characters and direction overrides."""
    text = _DIRECTION_OVERRIDES.sub("", _BREAKS.sub(" ", str(value)))
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs")).strip()


def whole(value: object) -> str:
    """A ``line`` that wrapping must not break, such as a name or a link."""
    return line(value).replace(" ", _HELD_SPACE)


def quoted(value: object) -> str:
    """Typed text of several lines, each behind "> " so that none can pass for a line of ours; blank lines go."""
    lines = (line(part) for part in str(value).splitlines())
    return "\n".join(f"> {part}" for part in lines if part)


def heading(value: str) -> str:
    """The document's heading, underlined."""
    return f"{value}\n{'=' * min(len(value), RULE_WIDTH)}"


def section(value: str) -> str:
    """A section's heading, underlined, with room above."""
    return f"\n{value}\n{'-' * min(len(value), RULE_WIDTH)}"


def tidy(text: str) -> str:
    """At most one blank line at a time, none at either end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def laid_out(text: str) -> str:
    """Plain text wrapped at 72 columns, list items indented under themselves, tidy."""
    return tidy("\n".join(_wrapped(part) for part in text.split("\n"))).replace(_HELD_SPACE, " ")


def _wrapped(part: str) -> str:
    part = part.rstrip()
    if len(part) <= WIDTH:
        return part
    match = _LEAD.match(part)
    lead = match[0] if match else ""
    return textwrap.fill(
        part[len(lead) :],
        WIDTH,
        initial_indent=lead,
        subsequent_indent=lead if lead == "> " else " " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def md_text(value: object) -> str:
    """Typed text as data in Markdown, on one line: no link, image, table cell, heading, formula or HTML comes of it.

    CommonMark and the GitHub and Streamlit dialects are meant. Bare web and mail addresses, which some of those turn
    into links even when escaped, get an invisible zero-width space.
    """
    text = _SPECIAL.sub(r"\\\g<0>", line(value)).translate(_HTML)
    text = _LEADING_MARK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text)
    return _AUTOLINK.sub(_ZERO_WIDTH_SPACE, text)
