"""Fail an attempt: record the reason, enqueue the message, and remove half-made files."""

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
    """Mark an unfinished attempt as failed with the reason, and remove its half-made files, but not its logs.

    ``of`` is the attempt as the caller saw it: if a process has begun it since, nothing changes.
    ``held`` is the caller's claim, which ends with this. Raises Overtaken, and changes nothing, if it is lost.
    The parameters say independent things: which attempt, why, who found out, and what to leave.
    """

    def fail(pilot: PilotRun) -> bool:
        attempt = pilot.attempt(attempt_number)
        fails = attempt.state.is_under_way and (of is None or attempt.started_at == of.started_at)
        if fails:
            attempt.state = AttemptState.FAILED
            attempt.failure = reason
            pilot.log(EventKind.RENDER_FAILED, store.clock(), attempt_number=attempt_number, reason=reason)
        return fails

    def let_go_and_add_message(connection: Connection, pilot: PilotRun, fails: bool) -> None:
        if held and not renders.leave(connection, held):
            raise Overtaken(held.attempt_id)
        if fails:
            now = store.clock()
            outbox.enqueue(
                connection, NewMessage(MessageKind.RENDER_FAILED, pilot_id, attempt_number, about=iso(now)), now
            )

    pilot, _ = store.change(pilot_id, fail, actor, also=let_go_and_add_message, kind=ActKind.RENDER)
    attempt = pilot.attempt(attempt_number)
    # A retried attempt of an imported pilot has the folder that its state file named.
    if attempt.state is AttemptState.FAILED and attempt.folder and belongs(attempt.folder, pilot_id):
        if not keep_files:
            remove_videos(store.path_in(pilot_id, attempt.folder))
        try:
            store.media.remove_folder_from_bucket(attempt.folder)
        except StoreError as error:
            log.warning("the bucket still has files of %s; a repair removes them: %s", attempt.attempt_id, error)
    return pilot


def remove_videos(folder: Path) -> None:
    """Remove what a failed render wrote to the attempt's folder, but not its logs."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".log":
            with suppress(OSError):
                path.unlink()
