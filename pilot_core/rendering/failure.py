"""Fail an attempt: remove half-made files, then record the reason and enqueue the message."""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from pilot_core.clock import iso
from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.renders import Claim
from pilot_core.domain.roles import ActKind
from pilot_core.errors import NotAllowedNow, StoreError
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files import reserve
from pilot_core.store.files.layout import belongs
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import outbox, renders

log = logging.getLogger(__name__)


class Overtaken(NotAllowedNow):
    """This process has lost its claim on the attempt, because nothing was heard from it."""

    def __init__(self, attempt_id: str):
        super().__init__(
            f"{attempt_id} was taken from this process, which was not heard from; what it made is dropped."
        )


def fail_attempt(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int,
    reason: str,
    actor: Actor,
    *,
    of: PilotRunAttempt | None = None,
    held: Claim | None = None,
    keep_files: bool = False,
) -> PilotRun:
    """Remove an unfinished attempt's half-made files, but not its logs, then mark it as failed with the reason.

    The files go first: on a full disk nothing could be written before. If it is full even then, the store's reserve
    is given up. ``of`` is the attempt as the caller saw it: if a process has begun it since, nothing changes.
    ``held`` is the caller's claim, which ends with this; files go after it then, since without the claim they are
    another's. Raises Overtaken, and changes nothing, if the claim is lost, PilotNotFound, and StoreError when the
    failure cannot be written. The parameters say independent things: which attempt, why, who found out, what to leave.
    """

    def fails(attempt: PilotRunAttempt) -> bool:
        return attempt.state.is_under_way and (of is None or attempt.started_at == of.started_at)

    def fail(pilot: PilotRun) -> bool:
        attempt = pilot.attempt(attempt_number)
        now_fails = fails(attempt)
        if now_fails:
            attempt.state = AttemptState.FAILED
            attempt.failure = reason
            pilot.log(EventKind.RENDER_FAILED, store.clock(), attempt_number=attempt_number, reason=reason)
        return now_fails

    def let_go_and_add_message(connection: Connection, pilot: PilotRun, now_fails: bool) -> None:
        if held and not renders.leave(connection, held):
            raise Overtaken(held.attempt_id)
        if now_fails:
            now = store.clock()
            outbox.enqueue(
                connection, NewMessage(MessageKind.RENDER_FAILED, pilot_id, attempt_number, about=iso(now)), now
            )

    attempt = store.load(pilot_id).attempt(attempt_number)
    # One that failed already may have files of a process that was taken for dead and has only now ended.
    if not keep_files and not held and (fails(attempt) or attempt.state is AttemptState.FAILED):
        remove_videos_of(store, pilot_id, attempt)
    reserve.give_up(store.root)
    pilot, _ = store.change(pilot_id, fail, actor, also=let_go_and_add_message, kind=ActKind.RENDER)
    attempt = pilot.attempt(attempt_number)
    if not keep_files and held and attempt.state is AttemptState.FAILED:
        remove_videos_of(store, pilot_id, attempt)
    _remove_from_bucket(store, pilot_id, attempt)
    return pilot


def remove_videos_of(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> None:
    """Remove what an attempt's render wrote, but not its logs. Does not raise: what follows must be written."""
    # A retried attempt of an imported pilot has the folder that its state file named.
    if attempt.folder and belongs(attempt.folder, pilot_id):
        try:
            remove_videos(store.path_in(pilot_id, attempt.folder))
        except (StoreError, OSError) as error:
            # The failure must be written in any case. A check names what is left.
            log.warning("the files of %s could not be removed: %s", attempt.attempt_id, error)


def _remove_from_bucket(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> None:
    if attempt.state is AttemptState.FAILED and attempt.folder and belongs(attempt.folder, pilot_id):
        try:
            store.media.remove_folder_from_bucket(attempt.folder)
        except StoreError as error:
            log.warning("the bucket still has files of %s; a repair removes them: %s", attempt.attempt_id, error)


def remove_videos(folder: Path) -> None:
    """Remove what a failed render wrote to the attempt's folder, but not its logs."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".log":
            with suppress(OSError):
                path.unlink()
