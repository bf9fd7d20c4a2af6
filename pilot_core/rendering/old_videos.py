"""Conform the videos of attempts that were made before videos were conformed. Until then the old file is served.

A pilot's videos are conformed once somebody opens it, in a process of their own:
``python -m pilot_core.rendering.old_videos STORE PILOT_ID``.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from pilot_core import ids, logs
from pilot_core.domain.attempt import AttemptState, Draft, PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import PilotError
from pilot_core.rendering.conforming import conform_draft
from pilot_core.settings import ROOT, read_settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files.media import is_video
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import comments
from pilot_core.video.conform.outline import Broken, outline_of

log = logging.getLogger("pilot_core.rendering.old_videos")  # run as a program, its __name__ is __main__

ACTOR = "pipeline:conform"
_asked: dict[tuple[str, str], bool] = {}
"""Pilots by store and id that were opened here, and whether nothing is to be started for them any more."""
_guard = threading.Lock()


def not_conformed(pilot: PilotRun) -> list[tuple[PilotRunAttempt, Draft]]:
    """Return the drafts of ready attempts that are not conformed. An attempt without drafts gets one of its video."""
    found = []
    for attempt in pilot.runs:
        if attempt.state is not AttemptState.READY or not attempt.video_path or not is_video(attempt.video_path):
            continue
        drafts = attempt.drafts or [Draft(iteration=attempt.iteration_count or 1, video_path=attempt.video_path)]
        found += [(attempt, draft) for draft in drafts if not draft.conformed]
    return found


def conform_pilot(
    store: PilotStore, pilot_id: str, progress: Callable[[float, str], None] = lambda fraction, step: None
) -> list[str]:
    """Conform the pilot's videos that are not yet. Returns a sentence for each that cannot be; it stays as it is.

    Raises PilotNotFound and StoreError.
    """
    left = []
    for attempt, draft in not_conformed(store.load(pilot_id)):
        step = f"Converting the video of attempt {attempt.attempt_number}"
        try:
            store.media.local_path(draft.video_path, of=pilot_id)
            made, _ = conform_draft(store.root, draft, lambda done, step=step: progress(done, step))  # type: ignore[misc]
        except PilotError as error:
            left.append(f"Attempt {attempt.attempt_number} of {pilot_id} stays as it is. {error}")
            continue
        written = [made.video_path if made.original_path else None, made.light_path]
        store.media.put(path for path in written if path)
        _replace(store, pilot_id, attempt.attempt_number, draft, made)
    return left


def _replace(store: PilotStore, pilot_id: str, attempt_number: int, old: Draft, new: Draft) -> None:
    """Save a conformed draft. Comments keep the moment that they are about: their frames are counted anew."""
    old_rate = old.rate

    def replace(pilot: PilotRun) -> bool:
        attempt = pilot.attempt(attempt_number)
        drafts = attempt.drafts or [old]
        is_shown = attempt.video_path == old.video_path
        attempt.drafts = [new if draft == old else draft for draft in drafts]
        if new not in attempt.drafts:  # somebody else was faster
            return False
        if is_shown:
            attempt.video_path = new.video_path
        pilot.log(EventKind.VIDEO_CONFORMED, store.clock(), attempt_number=attempt_number, note=new.conform_note)
        return is_shown

    def move_comments(connection: Connection, pilot: PilotRun, is_shown: bool) -> None:
        if is_shown:
            for comment in comments.comments(connection, pilot_id):
                if comment.attempt_number == attempt_number:
                    first = _moved(comment.frame, old_rate, new)
                    last = None if comment.end_frame is None else _moved(comment.end_frame, old_rate, new)
                    comments.move(connection, comment, first, last, new.rate)

    store.change(pilot_id, replace, ACTOR, also=move_comments)


def _moved(frame: int, old_rate: Fraction, new: Draft) -> int:
    """Return the conformed frame at the time that a frame of the old video was said to be at."""
    moved = round((frame / old_rate - Fraction(new.source_start)) * new.rate)
    return min(max(0, moved), max(0, (new.frames or 1) - 1))


def ask(store: PilotStore, pilot: PilotRun) -> None:
    """Ask for the pilot's videos to be conformed, once in this process. Somebody has opened it."""
    key = (str(store.root), pilot.pilot_id)
    waiting = not_conformed(pilot)
    if key in _asked or not waiting:
        return
    hopeless = not any(_could_be(store, pilot, draft) for _, draft in waiting)
    with _guard:
        _asked.setdefault(key, hopeless)


def asked(store: PilotStore) -> list[str]:
    """Return the ids of the pilots that were asked for, and note that somebody sees to them."""
    with _guard:
        waiting = [key for key, is_begun in _asked.items() if key[0] == str(store.root) and not is_begun]
        _asked.update(dict.fromkeys(waiting, True))
    return [pilot_id for _, pilot_id in waiting]


def start(store: PilotStore, pilot_ids: list[str], workers_url: str | None) -> subprocess.Popen[bytes] | None:
    """Start a process that conforms these pilots' videos one after another, or leave it to the workers.

    Raises OSError and StoreError.
    """
    checked = [ids.checked_pilot_id(pilot_id) for pilot_id in pilot_ids]
    if workers_url:
        # start-up time: procrastinate takes most of a second, and only a dashboard with workers needs it
        from pilot_core.rendering.queue import ask_to_conform

        for pilot_id in checked:
            ask_to_conform(workers_url, pilot_id)
        return None
    command = [sys.executable, "-m", "pilot_core.rendering.old_videos", str(store.root), *checked]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)


def _could_be(store: PilotStore, pilot: PilotRun, draft: Draft) -> bool:
    """Whether the file is in the store and looks like a video, as far as that can be told at once."""
    try:
        found = store.media.find(draft.video_path, of=pilot.pilot_id)
        return found is not None and (found.status is None or bool(outline_of(found.path)))
    except (Broken, OSError, PilotError, ValueError):
        return False


def conform_and_log(store: PilotStore, pilot_id: str) -> None:
    """Conform a pilot's videos, and log what stays as it is."""
    with logs.about(pilot_id=pilot_id):
        try:
            for sentence in conform_pilot(store, pilot_id):
                log.warning("%s", sentence)
        except PilotError as error:
            log.error("%s", error)


def main(store_root: str, pilot_ids: list[str]) -> None:
    """Conform the pilots' videos, with low priority, and log what stays as it is."""
    os.nice(10)
    settings = read_settings()
    logs.set_up(settings.log_level or "info")
    store = PilotStore(Path(store_root), database_url=settings.database_url, media=settings.media)
    for pilot_id in pilot_ids:
        conform_and_log(store, pilot_id)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
