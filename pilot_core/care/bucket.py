"""What a store's rows and its bucket disagree on, and mending it. Objects of pilots that are not in this store are let
be: another store may share the bucket.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pilot_core.care.check import Finding, paths_of
from pilot_core.models import AttemptState, PilotRun
from pilot_core.store import erasures
from pilot_core.store.bucket import BucketTrouble, Held
from pilot_core.store.bucket_media import FILMS, BucketMedia
from pilot_core.store.media import Kept
from pilot_core.store.pilots import PilotStore

TELLING = ("outcome_report.md", "brief.json", "result.json", "pipeline.log")
"""What an erasure of a person removes: reports, and what a pipeline's program was told and said."""


def disagreements(store: PilotStore, media: BucketMedia, pilots: list[PilotRun], under_way: float) -> Iterator[Finding]:
    """Each as a finding; ``under_way`` as for ``check``. A bucket that does not answer is one finding."""
    try:
        held = media.bucket.listed()
    except BucketTrouble as error:
        yield Finding("bucket", str(media.place), str(error))
        return
    # After the listing: what was put meanwhile has its row, and no object is missed for a row that is newer.
    rows = media.known()
    known = {pilot.pilot_id: _Needed(pilot) for pilot in pilots}
    before = store.clock() - timedelta(seconds=under_way)
    unneeded: set[str] = set()
    for kept in rows.values():
        group = known[kept.pilot_id].group_without_need(kept.path) if kept.pilot_id in known else None
        if group is None:
            yield from _object(media, kept, held.get(kept.name))
        elif group not in unneeded and kept.put_at < before:
            unneeded.add(group)
            yield Finding("unneeded", group, f"The bucket has {group}, which belongs to no attempt in the database.")
    erased = erasures.persons_erased(store.database)
    for pilot_id, needed in known.items():
        yield from _in_folder(media, pilot_id, needed, rows, erased.get(pilot_id))
    # Last, so that what is sent for the folder's sake has its row before an object without one is removed.
    yield from _unnamed(held, {kept.name for kept in rows.values()}, known, before)


class _Needed:
    """Which of a pilot's files somebody refers to."""

    def __init__(self, pilot: PilotRun):
        self._paths = {path for attempt in pilot.runs for path in paths_of(attempt)}
        self.unfinished = {a.folder for a in pilot.runs if a.folder and a.state is not AttemptState.READY}

    def group_without_need(self, path: str) -> str | None:
        """The attempt's folder, or the upload, that the path is of, if nobody refers to it; None for all others."""
        parts = path.split("/")
        if len(parts) > 2 and parts[1].startswith("attempt_"):
            folder = "/".join(parts[:2])
            needed = any(p == folder or p.startswith(f"{folder}/") for p in self._paths)
            return None if needed else folder
        return path if parts[1] == "uploads" and path not in self._paths else None


def _object(media: BucketMedia, kept: Kept, held: Held | None) -> Iterator[Finding]:
    if held is not None and held.size == kept.size:
        return
    what = f"has {held.size:,} bytes in the bucket instead of {kept.size:,}" if held else "is not in the bucket"
    if media.lies_as_kept(kept):
        yield Finding("unsent", kept.path, f"{kept.path} {what}; the store's folder has it.")
    elif media.bucket.size(kept.name) != kept.size:  # else it was put after the listing
        yield Finding("missing", kept.path, f"{kept.path} {what}, and the store's folder does not have it either.")


def _unnamed(held: dict[str, Held], named: set[str], known: dict[str, _Needed], before: datetime) -> Iterator[Finding]:
    for name in sorted(held.keys() - named):
        if name.split("/", 1)[0] in known and held[name].sent_at < before:
            yield Finding("unnamed", name, f"The object {name} of the bucket is of no file in the database.")


def _in_folder(
    media: BucketMedia, pilot_id: str, needed: _Needed, rows: dict[str, Kept], erased_at: datetime | None
) -> Iterator[Finding]:
    """What the store's folder has and the bucket has not, or not like this."""
    for path in media.in_folder(pilot_id):
        if any(path.startswith(f"{folder}/") for folder in needed.unfinished):
            continue
        if kept := rows.get(path):
            # A film is never written anew under its name.
            if not path.endswith(FILMS) and not media.lies_as_kept(kept) and media.has(kept):
                yield Finding("stale", path, f"{path} in the store's folder is not what the bucket has.")
        elif (
            erased_at
            and not path.endswith(FILMS)
            and (path.endswith(TELLING) or is_from_before(media.root / path, erased_at))
        ):
            # Where the person was erased it was removed, or written anew; sent again, it would name them to all.
            yield Finding("stale", path, f"{path} may name a person who was erased.")
        elif needed.group_without_need(path) is None:
            yield Finding("unsent", path, f"{path} is in the store's folder, and not in the bucket yet.")


def stale_files(media: BucketMedia, pilot: PilotRun, erased_at: datetime, under_way: datetime) -> list[str]:
    """What the folder has of a pilot from before somebody was erased in it, by its path.

    What was written since then is made of erased rows. Only what was just being fetched is not: such a file is named
    when it was not written since ``under_way`` either, and is not what the bucket has.
    """
    rows = {kept.path: kept for kept in media.rows_under(pilot.pilot_id)}
    making = [a.folder for a in pilot.runs if a.folder and a.state in (AttemptState.QUEUED, AttemptState.RENDERING)]
    stale = []
    for path in media.in_folder(pilot.pilot_id):
        kept = rows.get(path)
        if path.endswith(FILMS) or any(path.startswith(f"{folder}/") for folder in making):
            continue
        if kept is not None and media.lies_as_kept(kept):
            continue
        if is_from_before(media.root / path, erased_at) or (
            kept is not None and is_from_before(media.root / path, under_way)
        ):
            stale.append(path)
    return stale


def is_from_before(path: Path, moment: datetime) -> bool:
    """Whether the file was last written before then, by a clock that may be a second off."""
    try:
        return path.stat().st_mtime < moment.timestamp() - 1
    except FileNotFoundError:
        return False


def remove_stale(store: PilotStore, finding: Finding) -> str:
    """Remove from the folder what is fetched again when it is needed, or should be nowhere."""
    (store.root / finding.about).unlink(missing_ok=True)
    return f"Removed {finding.about} from the store's folder."


def send(store: PilotStore, finding: Finding) -> str:
    """Send what the folder has and the bucket has not."""
    store.media.put([finding.about], anew=True)
    return f"Sent {finding.about} to {store.media.place}."


def remove_unneeded(store: PilotStore, finding: Finding) -> str:
    """Take out of the bucket what nobody refers to."""
    store.media.forget([finding.about])
    store.media.forget_folder(finding.about)
    return f"Removed {finding.about} from {store.media.place}."


def remove_unnamed(store: PilotStore, finding: Finding) -> str | None:
    """Remove an object that no row names, by now either."""
    media = store.media
    if not isinstance(media, BucketMedia) or finding.about in {kept.name for kept in media.known().values()}:
        return None
    media.bucket.remove([finding.about])
    return f"Removed {finding.about} from {media.place}."
