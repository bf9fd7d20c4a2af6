"""Find and repair inconsistencies between the rows of attachments and their files."""

from collections.abc import Iterator
from pathlib import Path

from pilot_core import ids
from pilot_core.maintenance.findings import Finding
from pilot_core.store.files.layout import ATTACHMENTS
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import attachments


def named_paths(store: PilotStore) -> set[str]:
    """Return the paths of every file that the row of an attachment names."""
    return {path for attached in store.database.read(attachments.every) for path in attached.paths}


def missing(store: PilotStore) -> Iterator[Finding]:
    """Yield files that rows name and that are not there."""
    gone = set()
    for pilot_id, named in _by_pilot(store).items():
        gone |= named - store.media.existing(named, of=pilot_id)
    # A comment may have been deleted between the two readings.
    for path in sorted(gone & named_paths(store) if gone else gone):
        yield Finding("missing", path, f"The attached file {path} is missing.")


def _by_pilot(store: PilotStore) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for attached in store.database.read(attachments.every):
        found.setdefault(attached.pilot_id, set()).update(attached.paths)
    return found


def files_of(store: PilotStore, pilot_ids: set[str]) -> Iterator[Path]:
    """Yield every local file in the attachment folders of those pilots, in order."""
    for folder in sorted(store.root.glob(f"*/{ATTACHMENTS}")):
        if folder.parent.name in pilot_ids and ids.PILOT_ID.fullmatch(folder.parent.name):
            yield from sorted(path for path in folder.iterdir() if path.is_file())


def remove(store: PilotStore, finding: Finding) -> str | None:
    """Remove a file that is attached to nothing; return None if a row names it by now."""
    if finding.about in named_paths(store):
        return None
    store.media.remove([finding.about])
    return f"Removed {finding.about}, which was attached to nothing."
