"""Files that reviewers attach to comments, replies and decisions: stored with the pilot, and removed with their words.

The files are written first and the row second, in the transaction of the comment or decision. So a crash can leave
files without a row, which a repair removes, but never a row without its files.
"""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import PurePosixPath

from pilot_core import ids
from pilot_core.domain.attachments import LABELS, Attachment
from pilot_core.domain.reviews import Speaker
from pilot_core.errors import PilotError, StoreError
from pilot_core.files import write_all_atomic
from pilot_core.review.words import clean_text
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files.layout import ATTACHMENTS
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import attachments as attachment_rows
from pilot_core.video.attached import Prepared

log = logging.getLogger(__name__)

LONGEST_NAME = 80
NOT_STORED = "The file could not be stored just now, so nothing was sent. Try again in a minute."
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')


@contextmanager
def stored(store: PilotStore, speaker: Speaker, prepared: Prepared | None, name: str) -> Iterator[Attachment | None]:
    """Store a prepared file for the block, in which an act adds its row. Without a row at the end it is removed.

    ``name`` is what its sender called it. Yields None without a file. Raises StoreError if it cannot be stored.
    """
    if prepared is None:
        yield None
        return
    made = _described(store, speaker, prepared, name)
    try:
        _write(store, made, prepared)
        yield made
    finally:
        _remove_without_row(store, made)


def of_pilot(store: PilotStore, pilot_id: str) -> list[Attachment]:
    """Return a pilot's attachments, the oldest first."""
    return store.database.read(lambda c: attachment_rows.attachments(c, ids.checked_pilot_id(pilot_id)))


def titles_of_decisions(store: PilotStore, pilot_id: str) -> dict[str, str]:
    """Return what is attached to a pilot's decisions, such as "picture logo.png", by the decision's id."""
    return {a.feedback_id: a.title for a in of_pilot(store, pilot_id) if a.feedback_id}


def by_owner(store: PilotStore, pilot_id: str) -> dict[str, Attachment]:
    """Return a pilot's attachments by the id of their comment or decision. Held ones are left out."""
    return {owner: a for a in of_pilot(store, pilot_id) if (owner := a.comment_id or a.feedback_id)}


def one(store: PilotStore, attachment_id: str) -> Attachment | None:
    """Return the attachment with that id, or None. The caller checks who may see it."""
    return store.database.read(lambda connection: attachment_rows.attachment(connection, attachment_id))


def held_by(attachments: Iterable[Attachment], speaker: Speaker) -> Attachment | None:
    """Return the latest of the attachments that its author, this speaker, can send with the next decision."""
    theirs = (a for a in attachments if a.is_held and (a.link_id, a.author) == (speaker.link_id, speaker.name))
    return max(theirs, key=lambda attached: attached.created_at, default=None)


def attach(
    connection: Connection, speaker: Speaker, feedback_id: str, file: Attachment | None, held: str
) -> list[Attachment]:
    """Attach a new file, or the held one with that id, to a decision.

    Returns what the speaker held and did not send again; its rows are deleted.
    """
    if file:
        attachment_rows.add(connection, replace(file, feedback_id=feedback_id))
    elif held:
        attachment_rows.attach_held(connection, speaker, held, feedback_id)
    return attachment_rows.take_held(connection, speaker)


def remove_files(store: PilotStore, attachments: Iterable[Attachment]) -> None:
    """Remove the files of attachments whose rows were deleted. What fails is logged, and a repair removes the rest."""
    paths = [path for attached in attachments for path in attached.paths]
    if not paths:
        return
    try:
        store.media.remove(paths)
    except (PilotError, OSError) as error:
        log.error("files of a deleted attachment could not be removed: %s", error)


def shown_name(name: str, suffix: str, label: str) -> str:
    """Return a file's name on one line, with the suffix of what is stored: "logo.png". ``label`` stands in for none."""
    last = clean_text(name).replace("\\", "/").split("/")[-1]
    # Format characters include those that reverse the rest of a name, which could hide its suffix.
    kept = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    stem = PurePosixPath(_FORBIDDEN.sub("_", " ".join(kept.split()))).stem.strip(". ")[:LONGEST_NAME].strip(". ")
    return f"{stem or label}{suffix}"


def _described(store: PilotStore, speaker: Speaker, prepared: Prepared, name: str) -> Attachment:
    attachment_id, suffix = ids.new_id("attachment"), prepared.suffix
    data = prepared.path.read_bytes()
    return Attachment(
        attachment_id=attachment_id,
        pilot_id=speaker.pilot_id,
        comment_id=None,
        feedback_id=None,
        link_id=speaker.link_id,
        author=speaker.name,
        kind=prepared.kind,
        name=shown_name(name, suffix, LABELS[prepared.kind]),
        path=f"{speaker.pilot_id}/{ATTACHMENTS}/{attachment_id}{suffix}",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=prepared.width,
        height=prepared.height,
        seconds=prepared.seconds,
        created_at=store.clock(),
    )


def _write(store: PilotStore, made: Attachment, prepared: Prepared) -> None:
    sources = {made.path: prepared.path} | ({made.small_path: prepared.small_path} if made.small_path else {})
    contents = {PurePosixPath(path).name: source.read_bytes() for path, source in sources.items() if source}
    try:
        write_all_atomic(store.path_of(made.path).parent, contents)
        store.media.put(made.paths)
    except (PilotError, OSError) as error:
        log.exception("an attachment could not be stored")
        raise StoreError(NOT_STORED) from error


def _remove_without_row(store: PilotStore, made: Attachment) -> None:
    try:
        named = one(store, made.attachment_id) is not None
    except PilotError:
        log.exception("whether an attachment was recorded is not known; a repair removes it if it was not")
        return
    if named:
        return
    remove_files(store, [made])
    folder = store.path_of(made.path).parent
    # Nothing else creates these folders again for a pilot that was erased meanwhile.
    for empty in (folder, folder.parent):
        with suppress(OSError):
            empty.rmdir()
