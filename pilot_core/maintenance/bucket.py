"""Find and repair inconsistencies between a store's rows and its bucket.

Objects of pilots that are not in this store are left alone, because another store may share the bucket.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.files import WITH_NAMES, is_older_than
from pilot_core.maintenance.attached import named_paths
from pilot_core.maintenance.findings import Finding, paths_of
from pilot_core.store.files.bucket import Bucket, BucketError, ObjectInfo
from pilot_core.store.files.layout import ATTACHMENTS, UPLOADS
from pilot_core.store.files.media import Media, StoredFile, is_local, is_video
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import erasures


def disagreements(store: PilotStore, bucket: Bucket, pilots: list[PilotRun], under_way: float) -> Iterator[Finding]:
    """Yield each inconsistency. ``under_way`` is as in ``check``. An unreachable bucket gives one finding."""
    try:
        held = bucket.listed()
    except BucketError as error:
        yield Finding("bucket", str(bucket), str(error))
        return
    # Read after the listing, so that an object sent between the two reads already has its row.
    rows = store.media.stored_files()
    attached = named_paths(store)
    known = {pilot.pilot_id: _Needed(pilot, attached) for pilot in pilots}
    before = store.clock() - timedelta(seconds=under_way)
    unneeded: set[str] = set()
    for stored in rows.values():
        group = known[stored.pilot_id].group_without_need(stored.path) if stored.pilot_id in known else None
        if group is None:
            yield from _object(store, bucket, stored, held.get(stored.name))
        elif group not in unneeded and stored.put_at < before:
            unneeded.add(group)
            yield Finding("unneeded", group, f"The bucket has {group}, which nothing in the database refers to.")
    erased = erasures.persons_erased(store.database)
    for pilot_id, needed in known.items():
        yield from _in_folder(store.media, pilot_id, needed, rows, erased.get(pilot_id))
    # These come last: a repair first sends files from the folder, which adds their rows, then removes objects without
    # one.
    yield from _unnamed(held, {stored.name for stored in rows.values()}, known, before)


class _Needed:
    """The files of one pilot that its attempts and attachments refer to."""

    def __init__(self, pilot: PilotRun, attached: set[str]):
        self._paths = {path for attempt in pilot.runs for path in paths_of(attempt)} | attached
        self.unfinished = {a.folder for a in pilot.runs if a.folder and a.state is not AttemptState.READY}

    def group_without_need(self, path: str) -> str | None:
        """Return the attempt folder, upload or attachment that the path is in if nothing refers to it; else None."""
        parts = path.split("/")
        if len(parts) > 2 and parts[1].startswith("attempt_"):
            folder = "/".join(parts[:2])
            needed = any(p == folder or p.startswith(f"{folder}/") for p in self._paths)
            return None if needed else folder
        return path if parts[1] in (UPLOADS, ATTACHMENTS) and path not in self._paths else None


def _object(store: PilotStore, bucket: Bucket, stored: StoredFile, held: ObjectInfo | None) -> Iterator[Finding]:
    if held is not None and held.size == stored.size:
        return
    what = f"has {held.size:,} bytes in the bucket instead of {stored.size:,}" if held else "is not in the bucket"
    if is_local(store.root, stored):
        yield Finding("unsent", stored.path, f"{stored.path} {what}; the store's folder has it.")
    elif bucket.size(stored.name) != stored.size:  # if equal, it was sent after the listing
        yield Finding("missing", stored.path, f"{stored.path} {what}, and the store's folder does not have it either.")


def _unnamed(
    held: dict[str, ObjectInfo], named: set[str], known: dict[str, _Needed], before: datetime
) -> Iterator[Finding]:
    for name in sorted(held.keys() - named):
        if name.split("/", 1)[0] in known and held[name].sent_at < before:
            yield Finding("unnamed", name, f"The object {name} of the bucket is of no file in the database.")


def _in_folder(
    media: Media, pilot_id: str, needed: _Needed, rows: dict[str, StoredFile], erased_at: datetime | None
) -> Iterator[Finding]:
    """Yield files of the store's folder that are missing in the bucket or differ from the object there."""
    for path in media.local_files_under(pilot_id):
        if any(path.startswith(f"{folder}/") for folder in needed.unfinished):
            continue
        if stored := rows.get(path):
            # A video is never rewritten under the same name.
            if not is_video(path) and not is_local(media.root, stored) and media.is_readable(stored):
                yield Finding("stale", path, f"{path} in the store's folder is not what the bucket has.")
        elif (
            erased_at
            and not is_video(path)
            and (path.endswith(WITH_NAMES) or is_older_than(media.root / path, erased_at))
        ):
            # An erasure on another server removed or rewrote this file. Sending it again would bring the erased data
            # back.
            yield Finding("stale", path, f"{path} may name a person who was erased.")
        elif needed.group_without_need(path) is None:
            yield Finding("unsent", path, f"{path} is in the store's folder, and not in the bucket yet.")


def remove_stale(store: PilotStore, finding: Finding) -> str:
    """Remove a file from the folder that can be fetched again, or that must no longer exist."""
    (store.root / finding.about).unlink(missing_ok=True)
    return f"Removed {finding.about} from the store's folder."


def send(store: PilotStore, finding: Finding) -> str:
    """Send a file that is in the folder but not in the bucket."""
    store.media.put([finding.about], resend=True)
    return f"Sent {finding.about} to {store.media.bucket}."


def remove_unneeded(store: PilotStore, finding: Finding) -> str:
    """Remove objects that no attempt refers to from the bucket."""
    store.media.remove_from_bucket([finding.about])
    store.media.remove_folder_from_bucket(finding.about)
    return f"Removed {finding.about} from {store.media.bucket}."


def remove_unnamed(store: PilotStore, finding: Finding) -> str | None:
    """Remove an object if there is still no row for it; return None if a row was added meanwhile."""
    bucket = store.media.bucket
    if bucket is None or finding.about in {stored.name for stored in store.media.stored_files().values()}:
        return None
    bucket.remove([finding.about])
    return f"Removed {finding.about} from {bucket}."
