"""Find what in the pilots' folders no backup can hold: links, and files with certain names."""

import os
from collections.abc import Iterator
from pathlib import Path

from pilot_core.domain.pilot import PilotRun
from pilot_core.maintenance.archive import NAME
from pilot_core.maintenance.findings import Finding
from pilot_core.store.pilots import PilotStore


def findings(store: PilotStore, pilots: list[PilotRun]) -> Iterator[Finding]:
    """Yield a finding for each link, and for each file or folder with such a name. Does not look behind links."""
    for pilot in pilots:
        top = store.root / pilot.pilot_id
        if top.is_symlink():
            yield _linked(store, top)
            continue
        for place, folders, names in os.walk(top):
            for path in (Path(place) / name for name in sorted((*folders, *names))):
                if not NAME.fullmatch(path.name):
                    name = path.relative_to(store.root).as_posix()
                    yield Finding("odd_name", name, f"No backup can hold {name}, for its name; give it another one.")
                elif path.is_symlink():
                    yield _linked(store, path)
            folders[:] = [name for name in folders if NAME.fullmatch(name)]


def _linked(store: PilotStore, path: Path) -> Finding:
    name = path.relative_to(store.root).as_posix()
    return Finding(
        "linked",
        name,
        f"{name} is a link to {path.readlink()}. A backup leaves it out, and an erasure does not remove what it leads "
        "to. Replace the link with the files themselves.",
    )
