"""The review pack's texts, to be read on a phone: the files' lines put together again, and nothing in them obeyed."""

import re

import streamlit as st

from pilot_core.documents import names
from pilot_core.documents.text import WIDTH
from pilot_core.errors import StoreError
from pilot_core.models import PilotRunAttempt
from pilot_core.store.pilots import PilotStore
from pilot_core.web.text import plain

LONGEST = 60_000
"""Bytes of a text that are shown; nothing we write comes near it."""

HEADING = "\0"
RULE = re.compile(r"[=-]{3,}")
LEAD = re.compile(r"\s*(?:[-*] |\[.\] |\d+\. |> )")


def show(store: PilotStore, attempt: PilotRunAttempt) -> None:
    """Draw what there is of them, folded, in the guide's order."""
    texts = {
        "Marketing summary": (names.MARKETING_SUMMARY, ":material/campaign:"),
        "What changed since last time": (names.WHAT_CHANGED, ":material/difference:"),
        "Director’s notes": (names.DIRECTOR_NOTES, ":material/movie_edit:"),
    }
    for title, (name, icon) in texts.items():
        if name == names.WHAT_CHANGED and attempt.attempt_number == 1:
            continue
        text = _text(store, attempt, name)
        if text:
            with st.expander(title, icon=icon, key=f"{name} {attempt.attempt_id}"):
                st.markdown(as_markdown(text))


def _text(store: PilotStore, attempt: PilotRunAttempt, name: str) -> str:
    if not attempt.review_pack_path:
        return ""
    try:
        with store.media.fetched(f"{attempt.review_pack_path}/{name}").open("rb") as file:
            return file.read(LONGEST).decode("utf-8", "replace")
    except (OSError, StoreError, ValueError):
        return ""


def as_markdown(text: str) -> str:
    """A document of ours, plain text wrapped at ``WIDTH``, as Markdown: without its first heading, words as typed."""
    lines = _unwrapped(text.splitlines())
    if lines and lines[0].startswith(HEADING):
        lines = lines[1:]
    shown: list[str] = []
    for block in map(_block, lines):
        if shown and shown[-1].startswith("> ") and not block.startswith("> "):
            shown.append("")  # or Markdown takes the line for more of the quotation
        shown.append(block)
    return "\n".join(shown).strip()


def _block(line: str) -> str:
    if line.startswith(HEADING):
        return f"\n**{plain(line[1:])}**\n"
    match = LEAD.match(line)
    if not match:
        return f"{plain(line)}  " if line.strip() else ""
    mark, words = match[0].strip(), plain(line[match.end() :])
    if mark == ">":
        return f"> {words}  "
    if mark.startswith("["):
        mark, words = "-", f"{'☐' if mark == '[ ]' else '✓'} {words}"
    return f"{mark} {words}"


def _unwrapped(lines: list[str]) -> list[str]:
    """The lines as they were before they were wrapped; a heading begins with ``HEADING`` and has lost its rule."""
    found: list[str] = []
    last = ""
    for line in lines:
        if found and RULE.fullmatch(line.strip()):
            found[-1] = HEADING + found[-1].strip()
        elif found and _goes_on(last, line):
            found[-1] += " " + line.removeprefix("> ").strip()
        else:
            found.append(line)
        last = line
    return found


def _goes_on(last: str, line: str) -> bool:
    """Whether wrapping put the line below the last one: it is indented, or its first word did not fit there."""
    quoted = last.startswith("> ") and line.startswith("> ")
    words = line.removeprefix("> ").split() if quoted else line.split()
    if not words or not last.strip() or (LEAD.match(line) and not quoted):
        return False
    return line.startswith("  ") or len(last) + 1 + len(words[0]) > WIDTH
