"""Find and remove files of erased pilots and people in a store's folder and bucket."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pilot_core import ids
from pilot_core.documents.names import FOUNDER_DOCUMENTS, OUTCOME_REPORT
from pilot_core.domain.erasures import folded
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import StoreError
from pilot_core.formatting import printable
from pilot_core.store.files.bucket import BucketError
from pilot_core.store.files.layout import LOGS, LOST_FOUND
from pilot_core.store.files.media import Media, is_local, is_video
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.erasures import erased_among, not_yet_rewritten, unfinished
from pilot_core.store.tables import erasures
from pilot_core.video.command import BRIEF_FILE, LOG_FILE, RESULT_FILE

PIPELINE_TEXTS = (BRIEF_FILE, RESULT_FILE, LOG_FILE)
"""A pipeline program's input and output; both may quote people."""
WITH_NAMES = (OUTCOME_REPORT, *PIPELINE_TEXTS)
"""The files that erasing a person removes."""
TEXT_FILES = (".json", ".md", ".txt")


def pilots_with_files_left(store: PilotStore) -> list[str]:
    """Return the ids of erased pilots that may still have files.

    Their erasure was interrupted, or made on another server.
    """
    left = unfinished(store.database)
    if store.media.bucket is None:
        return left  # all servers share this folder
    names = {found[0] for path in _named_after_pilots(store.root) if (found := ids.PILOT_ID.match(path.name))}
    for path in (store.root / LOST_FOUND).glob("*/*.rows"):
        names.update(found[0] for found in ids.PILOT_ID.finditer(path.read_text("utf-8", "replace")))
    erased = erased_among(store.database, names - set(left))
    again = {pilot.pilot_id for pilot in store.load_all(erased)}  # imported again since the erasure
    return left + [pilot_id for pilot_id in erased if pilot_id not in again]


def remove_files(store: PilotStore, pilot_id: str) -> int:
    """Remove all files of an erased pilot, then its id from the erasure's row. Returns the number of files removed.

    Raises StoreError if not all of them could be removed.
    """
    removed, links = _remove_local(store, pilot_id)
    try:
        removed += store.media.remove_pilot_from_bucket(pilot_id)
    except BucketError as error:
        raise StoreError(
            f"The rows of {pilot_id} are erased, but what a bucket has of it is not. {error} "
            "Run --repair then, which removes the rest."
        ) from error
    _refuse(store, pilot_id, links)
    store.database.transaction(lambda connection: erasures.forget_files(connection, pilot_id))
    return removed


def remove_local_files(store: PilotStore, pilot_id: str) -> int:
    """Remove an erased pilot's files from the store's folder. Returns the number of files removed.

    Raises StoreError if not all of them could be removed.
    """
    removed, links = _remove_local(store, pilot_id)
    _refuse(store, pilot_id, links)
    return removed


def _remove_local(store: PilotStore, pilot_id: str) -> tuple[int, list[Path]]:
    """Return the number of files removed, and the links left that lead to files elsewhere. Raises StoreError."""
    name = ids.checked_pilot_id(pilot_id)
    try:
        # A save that came before the erasure may be about to write the state file.
        with store.holding_state_files():
            places = [store.root / name, store.root / f"{name}.json", *(store.root / LOGS).glob(f"{name}_a*.log")]
            for path in (store.root / LOST_FOUND).glob("*/*"):
                rows_of_it = ".rows" in path.name and path.is_file() and name in path.read_text("utf-8", "replace")
                if path.name.startswith(name) or rows_of_it:
                    places.append(path)
            done = [_remove(place) for place in places]
        remove_upgrade_copies(store)
    except OSError as error:
        raise StoreError(
            f"The rows of {pilot_id} are erased, but its files are not all ({error.strerror or error}); "
            "make the folder writable, then run --repair, which removes the rest."
        ) from error
    return sum(removed for removed, _ in done), [link for _, links in done for link in links]


def _remove(place: Path) -> tuple[int, list[Path]]:
    """Remove a file, or a folder with all that is in it, but no link that leads to something elsewhere.

    What it leads to may be another pilot's, so it is not touched, and without the link nobody would find it again.
    Returns the number of files removed and the links left. Raises OSError.
    """
    base = place.parent.resolve() / place.name
    paths = [place] if place.is_symlink() else sorted([place, *place.rglob("*")], reverse=True)
    links = [path for path in paths if path.is_symlink()]
    folders = [path for path in paths if path.is_dir() and path not in links]
    files = [path for path in paths if path.exists() and path not in links and path not in folders]
    left = [link for link in links if link.exists() and not link.resolve().is_relative_to(base)]
    for path in (*files, *(link for link in links if link not in left)):
        path.unlink(missing_ok=True)
    for folder in folders:
        if not any(link.is_relative_to(folder) for link in left):
            folder.rmdir()
    return len(files), left


def _refuse(store: PilotStore, pilot_id: str, links: list[Path]) -> None:
    if links:
        named = ", ".join(f"{link.relative_to(store.root).as_posix()} leads to {link.resolve()}" for link in links)
        raise StoreError(
            f"The rows of {pilot_id} are erased, but what its links lead to is still there: {printable(named)}. "
            "Remove that by hand, then run --repair, which removes the links."
        )


def rewrite_database_file(store: PilotStore) -> None:
    """Rewrite the database file if it may still contain bytes of erased rows. Raises StoreError."""
    done = not_yet_rewritten(store.database)
    if done:
        store.database.rewrite()
        store.database.transaction(lambda connection: erasures.forget_rewritten(connection, done))


def upgrade_copies(store: PilotStore) -> list[Path]:
    """Return the copies of the database file that were made before schema upgrades."""
    path = store.database.path
    return sorted(path.parent.glob(f"{path.stem}.schema_*{path.suffix}"))


def remove_upgrade_copies(store: PilotStore) -> None:
    """Remove the copies made before schema upgrades. Raises OSError."""
    for copy in upgrade_copies(store):
        copy.unlink()


def remove_pipeline_texts(store: PilotStore, pilot: PilotRun) -> None:
    """Remove the input and output of pipeline programs, and the documents of abandoned attempt folders."""
    present = {attempt.folder for attempt in pilot.runs}
    for folder in (store.root / pilot.pilot_id).glob("attempt_*"):
        abandoned = folder.relative_to(store.root).as_posix() not in present
        for name in (*PIPELINE_TEXTS, *(FOUNDER_DOCUMENTS if abandoned else ())):
            (folder / name).unlink(missing_ok=True)


def remove_from_lost_found(store: PilotStore, name: str) -> None:
    """Remove from the lost+found folder all rows, and the text files that name the person. Raises OSError."""
    for path in (store.root / LOST_FOUND).rglob("*"):
        if path.is_file() and (".rows" in path.name or path.suffix in TEXT_FILES):
            named = folded(name) in folded(path.read_text("utf-8", "replace"))
            if named or ".rows" in path.name:
                path.unlink()


def stale_files(media: Media, pilot: PilotRun, erased_at: datetime, settled_before: datetime) -> list[str]:
    """Return the pilot's local files that may be older than a person's erasure, as paths within the store.

    A file written after ``erased_at`` comes from erased rows, unless it was being fetched at that moment. Such a file
    is included if it was last written before ``settled_before`` and differs from the object in the bucket.
    """
    recorded = media.stored_files(pilot.pilot_id)
    making = [a.folder for a in pilot.runs if a.folder and a.state.is_under_way]
    stale = []
    for path in media.local_files_under(pilot.pilot_id):
        stored = recorded.get(path)
        if is_video(path) or any(path.startswith(f"{folder}/") for folder in making):
            continue
        if stored is not None and is_local(media.root, stored):
            continue
        if is_older_than(media.root / path, erased_at) or (
            stored is not None and is_older_than(media.root / path, settled_before)
        ):
            stale.append(path)
    return stale


def is_older_than(path: Path, moment: datetime) -> bool:
    """Whether the file was last written before ``moment``, allowing a clock error of one second."""
    try:
        return path.stat().st_mtime < moment.timestamp() - 1
    except FileNotFoundError:
        return False


def _named_after_pilots(root: Path) -> Iterator[Path]:
    """Yield files and folders whose names may begin with a pilot's id, such as state files and logs."""
    yield from root.iterdir()
    yield from (root / LOGS).glob("*.log")
    yield from (root / LOST_FOUND).glob("*/*")
