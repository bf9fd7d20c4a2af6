"""Find the videos of attempts that are missing, damaged, or not the ones that were approved."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import PilotRun
from pilot_core.maintenance.findings import Finding, labelled_paths
from pilot_core.store.files.media import StoredFile, sha256_of
from pilot_core.store.pilots import PilotStore
from pilot_core.video.conform.outline import Broken, outline_of

DAMAGED = "film_damaged"


def findings(store: PilotStore, pilots: list[PilotRun], thorough: bool) -> Iterator[Finding]:
    """Yield a finding for each file of a finished attempt that is not what it was. ``thorough`` reads every video."""
    root = store.root.resolve()
    stored = store.media.stored_files()
    in_bucket = {*stored, *(parent.as_posix() for path in stored for parent in PurePosixPath(path).parents)}
    for pilot in pilots:
        for path in pilot.brief.brand_kit.paths:
            real = inside(root, path)
            if real and path not in in_bucket and not real.exists():
                yield Finding("missing", path, f"A file of the brand kit of {pilot.pilot_id} is missing: {path}.")
        for attempt in pilot.runs:
            if attempt.state is not AttemptState.READY:
                continue
            what = f"attempt {attempt.attempt_number} of {pilot.pilot_id}"
            for label, path in labelled_paths(attempt):
                real = inside(root, path)
                if real and path not in in_bucket and not real.exists():
                    yield Finding("missing", path, f"The {label} of {what} is missing: {path}.")
            if thorough:
                changed = list(_approved(root, attempt, what, stored))
                yield from changed
                yield from _damaged(root, attempt, what, stored, _shown(attempt) if changed else set())


def _approved(root: Path, attempt: PilotRunAttempt, what: str, stored: dict[str, StoredFile]) -> Iterator[Finding]:
    approved = {f.sha256 for f in attempt.feedback if f.level is FeedbackLevel.APPROVE and f.sha256}
    now = {digest for path in _shown(attempt) if (digest := _digest(root, path, stored))} if approved else set()
    if now and not now & approved:
        yield Finding("changed", attempt.video_path or "", f"The film of {what} is not the one that was approved.")


def _shown(attempt: PilotRunAttempt) -> set[str]:
    """Return what can have been approved: a video approved before it was conformed is a delivered file now."""
    draft = attempt.final_draft
    return {attempt.video_path or "", draft.delivered_path if draft else ""} - {""}


def _damaged(
    root: Path, attempt: PilotRunAttempt, what: str, stored: dict[str, StoredFile], told: set[str]
) -> Iterator[Finding]:
    made: dict[str, str | None] = {}
    for draft in attempt.drafts:
        made |= {draft.video_path: draft.sha256, draft.delivered_path: draft.original_sha256 or draft.sha256}
    light = {draft.light_path for draft in attempt.drafts}
    for label, path in labelled_paths(attempt):
        now = _digest(root, path, stored)
        if now is None or path in told:
            continue
        differs = made.get(path) not in (None, now)
        # No checksum of a light video is kept, but it is always an MP4 of our own making.
        if differs or (path in light and path not in stored and not _is_whole(root / path)):
            yield Finding(DAMAGED, path, f"The {label} of {what} is damaged: {path} is not as it was made.")


def _is_whole(path: Path) -> bool:
    try:
        return outline_of(path).is_plain
    except (Broken, OSError):
        return False


def _digest(root: Path, path: str, stored: dict[str, StoredFile]) -> str | None:
    if path in stored:
        return stored[path].sha256
    film = inside(root, path)
    return sha256_of(film) if film else None


def inside(root: Path, path: str) -> Path | None:
    """Return the resolved path if it is inside ``root``, else None. Paths of an imported pilot may point anywhere."""
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return real if path and real.is_relative_to(root) else None
