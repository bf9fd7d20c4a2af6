"""The command that lists pilots. It starts in half a second, so it imports nothing that draws, measures or renders."""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from rich.cells import cell_len, chop_cells

from pilot_core.cli.arguments import open_store
from pilot_core.clock import iso
from pilot_core.domain.judgements import badge_word
from pilot_core.domain.stages import Stage, stage_words
from pilot_core.errors import StoreError
from pilot_core.settings import Settings
from pilot_core.store.queries.lists import PilotLine, PilotSummary, pilot_lines, pilot_summaries

NAMES_AT = 60
"""The column of the plain list where the founder's name begins."""


SHORT = {Stage.READY: "not sent", Stage.FAILED: "failed"}
"""Stages whose words are longer than the list's column."""


def list_pilots(arguments: argparse.Namespace, config: Settings) -> int:
    """List all pilots as lines or as JSON. A folder without a store has no pilots."""
    root: Path = arguments.store or config.store
    summaries: list[PilotSummary] = []
    lines: list[PilotLine] = []
    try:
        database = open_store(arguments, config).database
        if arguments.json:
            summaries = pilot_summaries(database)
        else:
            lines = pilot_lines(database)
    except StoreError:
        # The default folder is made by the first pilot; a folder that somebody named should be there.
        is_empty = root.is_dir() and not any(root.iterdir())
        if config.database_url or not (is_empty or (arguments.store is None and not root.exists())):
            raise
    if arguments.json:
        objects = (json.dumps(vars(summary), default=_plain, ensure_ascii=False) for summary in summaries)
        print("[" + ",\n".join(objects) + "]")
    elif not lines:
        print("No pilots yet. Start one with --founder NAME --company NAME --scenario ID --brand ID.")
    else:
        sys.stdout.writelines(_lines(lines))
    return 0


def _lines(pilots: Iterable[PilotLine]) -> Iterator[str]:
    """Yield the list's lines, wrapped where names are too long for the screen; 100,000 pilots take a second."""
    room = max(20, shutil.get_terminal_size().columns - NAMES_AT)
    yield f"{'Pilot':24}{'Status':13}{'Tries':>5}  {'Recommends':16}Founder, company\n"
    for p in pilots:
        status = _status(p)
        tries = f"{p.attempts_used}/{p.max_attempts}"
        names, *more = _folded(f"{p.founder_name}, {p.company_name}", room)
        yield f"{p.pilot_id:24}{status:13}{tries:>5}  {badge_word(p.recommendation, p.reason_code):16}{names}\n"
        for rest in more:
            yield f"{'':{NAMES_AT}}{rest}\n"


def _status(pilot: PilotLine) -> str:
    """Return how an ended pilot ended, that one is paused, or how far the latest attempt of another has come."""
    if pilot.status == "completed":
        return pilot.approval_outcome
    if pilot.status == "paused" or pilot.latest_stage is None:
        return pilot.status
    stage, watched = Stage(pilot.latest_stage), pilot.latest_watched
    if stage is Stage.WATCHED and watched is not None and watched < 0.01:
        watched = None
    return SHORT.get(stage) or stage_words(stage, watched)


def _folded(text: str, room: int) -> list[str]:
    if text.isascii() and len(text) <= room:
        return [text]
    return textwrap.wrap(text, room) if cell_len(text) == len(text) else chop_cells(text, room)


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
