"""Films and documents carried from where one store keeps them to where another does."""

import shutil
from collections.abc import Callable
from pathlib import Path

from pilot_core.errors import StoreError
from pilot_core.files import settle
from pilot_core.formatting import count
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.media import forget_rows
from pilot_core.store.pilots import PilotStore

TOLD_EVERY = 100


def carry_media(
    source: PilotStore, target: PilotStore, tell: Callable[[str], None] = lambda sentence: None
) -> tuple[int, int]:
    """Copy every finished file of the source's pilots to where the target keeps its own; returns how many, and bytes.

    The target has the same pilots already, in a database of its own; its rows of kept files are made anew. Each file is
    compared with its checksum when it is fetched, and read back where it was put. The source stays as it is, but for
    its folder, into which a bucket's files are fetched. Raises StoreError; begun again, it copies all again.
    """
    target.database.transaction(forget_rows)
    files = size = 0
    for pilot_id in source.pilot_ids():
        for path in source.media.under(pilot_id):
            lies = source.media.fetched(path)
            meant, copy = source.media.checksum(path), target.path_of(path)
            if copy != lies:
                _copy(lies, copy)
            target.media.put([path], anew=True)
            if _read_back(target, path) != meant:
                raise StoreError(f"{path} is not the same after it was copied; nothing was removed. Try again.")
            files += 1
            size += lies.stat().st_size
            if files % TOLD_EVERY == 0:
                tell(f"  {count(files, 'file')}, {size / 1e6:,.0f} MB")
    return files, size


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, part)
        settle(part, target)
    except OSError as error:
        raise StoreError(f"{target} could not be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _read_back(store: PilotStore, path: str) -> str:
    if isinstance(store.media, BucketMedia):
        return store.media.checksum_there(path)
    return store.media.checksum(path)
