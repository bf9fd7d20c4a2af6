"""The review pack's texts, to be read on a phone: the files' lines put together again, as headings and paragraphs."""

import re
from dataclasses import dataclass
from typing import Literal

from pilot_core.documents import names
from pilot_core.documents.text import WIDTH
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.errors import StoreError
from pilot_core.store.pilots import PilotStore

LONGEST = 60_000
"""Bytes of a text that are shown; nothing we write comes near it."""

HEADING = "\0"
RULE = re.compile(r"[=-]{3,}")
LEAD = re.compile(r"\s*(?:[-*] |\[.\] |\d+\. |> )")
TITLES = {
    names.MARKETING_SUMMARY: "Marketing summary",
    names.WHAT_CHANGED: "What changed since the last version",
    names.DIRECTOR_NOTES: "Director’s notes",
}


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list or a quotation; of the last two, the lines."""

    kind: Literal["heading", "paragraph", "list", "quote"]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """One text of the pack, under its title."""

    name: str
    title: str
    blocks: tuple[Block, ...]


def texts_of(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> list[Text]:
    """What there is to read with an attempt, in the guide's order."""
    found = []
    for name, title in TITLES.items():
        if name == names.WHAT_CHANGED and attempt.attempt_number == 1:
            continue
        if text := _read(store, pilot_id, attempt, name):
            found.append(Text(name.split(".")[0], title, as_blocks(text)))
    return found


def _read(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt, name: str) -> str:
    if not attempt.review_pack_path:
        return ""
    try:
        with store.media.local_path(f"{attempt.review_pack_path}/{name}", of=pilot_id).open("rb") as file:
            return file.read(LONGEST).decode("utf-8", "replace")
    except (OSError, StoreError, ValueError):
        return ""


def as_blocks(text: str) -> tuple[Block, ...]:
    """A document of ours, plain text wrapped at ``WIDTH``, in blocks: without its first heading, words as typed."""
    lines = _unwrapped(text.splitlines())
    if lines and lines[0].startswith(HEADING):
        lines = lines[1:]
    blocks: list[Block] = []
    for line in lines:
        block = _block(line)
        if block is None:
            continue
        if blocks and block.kind == blocks[-1].kind and block.kind in ("list", "quote"):
            blocks[-1] = Block(block.kind, blocks[-1].lines + block.lines)
        else:
            blocks.append(block)
    return tuple(blocks)


def _block(line: str) -> Block | None:
    if line.startswith(HEADING):
        return Block("heading", (line[1:],))
    if not line.strip():
        return None
    match = LEAD.match(line)
    if not match:
        return Block("paragraph", (line.strip(),))
    mark, words = match[0].strip(), line[match.end() :]
    if mark == ">":
        return Block("quote", (words,))
    if mark.startswith("["):
        words = f"{'☐' if mark == '[ ]' else '✓'} {words}"
    return Block("list", (words,))


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
