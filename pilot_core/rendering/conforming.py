"""Conform a draft: judge the delivered file, and make the video that is watched from it, beside it."""

from collections.abc import Callable
from pathlib import Path

from pilot_core.domain.attempt import Draft
from pilot_core.store.files.media import sha256_of
from pilot_core.video.conform.process import conform
from pilot_core.video.conform.result import Delivered


def conform_draft(root: Path, draft: Draft, progress: Callable[[float], None]) -> tuple[Draft, Delivered]:
    """Return the draft with the video that is watched, and what was delivered. ``root`` is the store's folder.

    The delivered file stays where it is. Raises PipelineFailed with one sentence if it cannot be shown.
    """
    source = root / draft.delivered_path
    full = source.with_name(f"draft_v{draft.iteration}.conformed.mp4")
    light = source.with_name(f"draft_v{draft.iteration}.light.mp4")
    made = conform(source, full, light, progress)
    original = sha256_of(source)
    return draft.model_copy(
        update={
            "video_path": draft.delivered_path if made.is_as_delivered else _beside(draft.delivered_path, full.name),
            "original_path": None if made.is_as_delivered else draft.delivered_path,
            "light_path": _beside(draft.delivered_path, light.name) if made.has_light else None,
            "conformed": True,
            "conform_note": made.note,
            "source_start": made.source_start,
            "sha256": original if made.is_as_delivered else sha256_of(full),
            "original_sha256": original,
            "frame_rate": str(made.rate),
            "frame_count": made.frames,
            "duration": round(float(made.frames / made.rate), 6),
        }
    ), made.delivered


def _beside(path: str, name: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}"
