"""Template filters that handle text: they make text that people typed safe for the document it goes into."""

import re
import textwrap
import unicodedata

WIDTH = 72
RULE_WIDTH = 40

# Replaces spaces that must not be wrapped at. It cannot clash with typed text: `line` removes control characters.
_HELD_SPACE = "\x00"

_BREAKS = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*")
_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would reverse the rest of the line
_LEAD = re.compile(r"(> |\s*(?:(?:- |\[.\] |\d+\. )\s*)?)")

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"[\\`*_\[\]|~!$]|:(?=[A-Za-z])")
_LEADING_MARK = re.compile(r"^([#+=-])|^(\d{1,9})([.)])(?=\s|$)")
_AUTOLINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=[\w.+-]@)(?=\w)", re.IGNORECASE)
_ZERO_WIDTH_SPACE = "\u200b"


def line(value: object) -> str:
    """Return typed text on one line, without control characters and direction overrides, otherwise unchanged."""
    text = _DIRECTION_OVERRIDES.sub("", _BREAKS.sub(" ", str(value)))
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs")).strip()


def whole(value: object) -> str:
    """Return typed text on one line that will not be wrapped, such as a name or a link."""
    return line(value).replace(" ", _HELD_SPACE)


def quoted(value: object) -> str:
    """Return typed text with "> " before each line, so that it cannot be mistaken for our text. Drops blank lines."""
    lines = (line(part) for part in str(value).splitlines())
    return "\n".join(f"> {part}" for part in lines if part)


def heading(value: str) -> str:
    """Return the document's heading, underlined."""
    return f"{value}\n{'=' * min(len(value), RULE_WIDTH)}"


def section(value: str) -> str:
    """Return a section's heading, underlined, with a blank line above."""
    return f"\n{value}\n{'-' * min(len(value), RULE_WIDTH)}"


def tidy(text: str) -> str:
    """Return the text with at most one blank line in a row and none at either end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def laid_out(text: str) -> str:
    """Return plain text wrapped at 72 columns and tidied. The wrapped lines of a list item are indented."""
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
    """Return typed text on one line, escaped so that Markdown shows it as plain text.

    It makes no link, image, table cell, heading, formula or HTML.
    Covers CommonMark and the GitHub and Streamlit dialects. Some of them turn bare web and mail addresses into links
    even when escaped, so those get an invisible zero-width space.
    """
    text = _SPECIAL.sub(r"\\\g<0>", line(value)).translate(_HTML)
    text = _LEADING_MARK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text)
    return _AUTOLINK.sub(_ZERO_WIDTH_SPACE, text)
