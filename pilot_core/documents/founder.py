"""The documents written when a pilot starts: the internal runbook and three texts for the founder."""

from pathlib import Path

from pilot_core import catalog
from pilot_core.documents.checklists import approval_checklist
from pilot_core.documents.engine import render_plain
from pilot_core.documents.facts import STANDARD, facts_of
from pilot_core.documents.names import FOUNDER_DOCUMENTS
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.promises import Promises
from pilot_core.files import write_atomic


class PilotRunbookBuilder:
    """Builds the internal runbook of one pilot: what is tested, success criteria, limits and SLA."""

    def __init__(self, pilot: PilotRun):
        self.pilot = pilot

    def render(self) -> str:
        """Return the runbook's text. Raises InvalidRequest if the pilot's scenario is unknown."""
        flags = [flag.label for flag in catalog.flags().values()]
        return render_plain("pilot_runbook.txt.j2", facts=facts_of(self.pilot), flags=flags)

    def build(self, path: str | Path) -> Path:
        """Write the runbook to ``path``, creating its folders. Raises InvalidRequest (as ``render``) or StoreError."""
        path = Path(path)
        write_atomic(path, self.render())
        return path


def generate_founder_artifacts(
    pilot: PilotRun,
    folder: str | Path,
    attempt: PilotRunAttempt | None = None,
    *,
    promises: Promises = STANDARD,
) -> dict[str, Path]:
    """Write the three founder documents into ``folder`` and return their paths by name, without ".txt".

    With an ``attempt``, the instructions are for that attempt. ``promises`` are the times that the founder is told.
    Raises InvalidRequest if the pilot's scenario is unknown, and StoreError if the folder cannot be written.
    """
    paths = {}
    for name, content in render_founder_documents(pilot, attempt, promises).items():
        path = Path(folder) / name
        write_atomic(path, content)
        paths[path.stem] = path
    return paths


def render_founder_documents(
    pilot: PilotRun, attempt: PilotRunAttempt | None = None, promises: Promises = STANDARD
) -> dict[str, str]:
    """Return the texts that ``generate_founder_artifacts`` writes, by file name."""
    facts = facts_of(pilot, promises)
    instructions, expectations, criteria = FOUNDER_DOCUMENTS
    return {
        instructions: render_plain(
            f"{instructions}.j2", facts=facts, number=attempt.attempt_number if attempt else None
        ),
        expectations: render_plain(f"{expectations}.j2", facts=facts),
        criteria: render_plain(f"{criteria}.j2", facts=facts, sections=approval_checklist(pilot)),
    }
