"""Find state files that are not as the database, not taken in, or of nobody."""

import json
from collections.abc import Iterator

from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import printable
from pilot_core.maintenance.findings import Finding
from pilot_core.store.files import state_files
from pilot_core.store.pilots import PilotStore


def differing(store: PilotStore, pilots: list[PilotRun], thorough: bool) -> Iterator[Finding]:
    """Yield state files that are missing, old or not whole, if ``thorough`` also those with other words."""
    for pilot in pilots:
        name = f"{pilot.pilot_id}.json"
        try:
            text = (store.root / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            yield Finding("state_old", name, f"The state file {name} is missing.")
            continue
        except (OSError, UnicodeDecodeError):
            yield Finding("state_odd", name, f"The state file {name} cannot be read.")
            continue
        try:
            revision = int(json.loads(text).get("revision", 0))
        except (ValueError, TypeError, AttributeError):
            yield Finding("state_odd", name, f"The state file {name} is not whole.")
            continue
        if revision < pilot.version:
            yield Finding(
                "state_old",
                name,
                f"The state file {name} is of save {revision}; the database has save {pilot.version}.",
            )
        elif revision > pilot.version:
            yield Finding(
                "state_odd",
                name,
                f"The state file {name} is of save {revision}, newer than the database's {pilot.version}.",
            )
        elif thorough and text != state_files.text(pilot):
            yield Finding("state_odd", name, f"The state file {name} says something else than the database.")


def strays(store: PilotStore, known: set[str]) -> Iterator[tuple[str, Finding]]:
    """Yield state files without a pilot in the database, each with its pilot's id, or its file name if unreadable."""
    for path in sorted(store.root.glob("pilot_*.json")):
        if path.stem in known:
            continue
        name = path.name
        try:
            pilot_id = state_files.read(path).pilot_id
        except InvalidRequest as error:
            yield path.stem, Finding("state_bad", name, f"{error} It is of no pilot in the database and stays there.")
            continue
        if pilot_id in known:
            yield path.stem, Finding("stray", name, f"The state file {name} is of no pilot in the database.")
        else:
            sentence = f"The state file {name} is of a pilot that is not imported yet; import it with --import-state."
            yield pilot_id, Finding("not_imported", name, sentence)


def not_taken_in(store: PilotStore) -> list[Finding]:
    """Return the state files in the store's folder that are bad or not imported, each with the reason."""
    found = strays(store, set(store.pilot_ids()))
    return [Finding(one.kind, one.about, printable(one.sentence)) for _, one in found if one.kind != "stray"]
