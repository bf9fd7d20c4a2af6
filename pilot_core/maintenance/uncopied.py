"""Find damage in what no state file has: comments, links, grants, sign-in keys and the keys in the store's folder.

They are compared with the history of their pilots, with each other, and with the newest nightly backup.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pilot_core.domain.events import EventKind
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.maintenance import archive as archives
from pilot_core.maintenance import nightly
from pilot_core.maintenance.findings import Finding
from pilot_core.messages.capability_links import KEY_FILE
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.store.files.key_file import KEY_BYTES
from pilot_core.store.files.layout import CERTIFICATES_KEY, DATABASE
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.contradictions import Copies, changed, contradictions, copies
from pilot_core.store.tables.events import add_event

NAMES = {
    "comments": "comment",
    "review_links": "review link",
    "review_grants": "access of a browser to a review link",
    "sign_in_keys": "sign-in key",
}
LOSS = "loss"
"""The kind of finding that :func:`note_loss` settles."""
GONE_AT_TIMES = ("review_grants",)
"""Tables whose rows the program deletes."""
KEYS = {
    KEY_FILE: "remove it; links in messages that were sent stop working, and new ones work",
    CERTIFICATES_KEY: "put back the one of a backup, or remove it to sign with a new key",
}


def findings(store: PilotStore, backups: Path | None) -> Iterator[Finding]:
    """Yield what contradicts something else. ``backups`` is the folder of the nightly backups."""
    for rule, key, pilot_id in store.database.read(contradictions):
        kind = LOSS if rule.is_loss else "contradiction"
        yield Finding(kind, f"{rule.table} {key}", rule.sentence.format(key=key, pilot_id=pilot_id))
    for name, todo in KEYS.items():
        path = store.root / name
        if path.exists() and path.stat().st_size != KEY_BYTES:
            yield Finding("contradiction", name, f"The key {name} is not whole; {todo}.")
    for newest in nightly.backups(backups)[-1:] if backups else []:
        yield from _against(store, newest)


def note_loss(store: PilotStore, finding: Finding) -> str | None:
    """Note in the pilot's history that a row is lost, so that the history and the rows agree again."""

    def note(connection: Connection) -> str | None:
        for rule, key, pilot_id in contradictions(connection):
            if rule.is_loss and pilot_id and f"{rule.table} {key}" == finding.about:
                what, actor = NAMES[rule.table], store.acting(None)
                add_event(connection, pilot_id, store.clock(), actor, EventKind.LOSS_NOTED, what=what, key=key)
                return f"Noted in the history of {pilot_id} that the {what} {key} is lost."
        return None

    return store.database.transaction(note)


def _against(store: PilotStore, backup: Path) -> Iterator[Finding]:
    try:
        before, key = _of_backup(backup)
    except (InvalidRequest, StoreError) as error:
        yield Finding("backup", backup.name, f"{str(error).partition(' Nothing was restored')[0]} Make a new backup.")
        return
    except OSError as error:
        yield Finding("backup", backup.name, f"The backup {backup} cannot be read: {error.strerror or error}.")
        return
    own = store.root / CERTIFICATES_KEY
    if key and (not own.exists() or own.read_bytes() != key):
        sentence = (
            f"The key {CERTIFICATES_KEY} is not the one in the backup {backup.name}, so certificates from before are "
            "told apart from new ones. Put back the backup’s."
        )
        yield Finding("contradiction", CERTIFICATES_KEY, sentence)
    now = store.database.read(copies)
    known = set(store.pilot_ids())  # read last, without the pilots that were erased meanwhile
    for table, held in before.items():
        for row_key, row in held.items():
            # With an erased pilot its rows are gone, and with a restored one they are those of the backup.
            if row.get("pilot_id") is not None and row["pilot_id"] not in known:
                continue
            what = f"The {NAMES[table]} {row_key}"
            if row_key not in now[table]:
                if table in GONE_AT_TIMES:
                    continue
                sentence = f"{what} is in the backup {backup.name} and not in the database."
            elif differing := changed(table, row, now[table][row_key]):
                sentence = f"{what} is not as in the backup {backup.name}: {', '.join(differing)}."
            else:
                continue
            todo = "Restore that backup into an empty folder to see what it was."
            yield Finding("contradiction", f"{table} {row_key}", f"{sentence} {todo}")


def _of_backup(backup: Path) -> tuple[Copies, bytes]:
    """Return a backup's rows that are compared, and its key of certificates. Raises InvalidRequest, OSError."""
    with tempfile.TemporaryDirectory(prefix="pilot-ops-check-") as folder:
        database = Path(folder) / DATABASE
        with archives.opened(backup) as (archive, manifest):
            with database.open("wb") as file:
                for piece in archives.pieces(archive, DATABASE, manifest.files[DATABASE], backup):
                    file.write(piece)
            has_key = CERTIFICATES_KEY in manifest.files
            key = b"".join(
                archives.pieces(archive, CERTIFICATES_KEY, manifest.files[CERTIFICATES_KEY], backup) if has_key else ()
            )
        with opened_copy(database, backup) as connection:
            return copies(connection), key
