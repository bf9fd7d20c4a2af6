"""The review pack: what a founder gets beside the cut, built whole in a folder of its own and then moved into place."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pilot_core.clock import iso
from pilot_core.documents import REVIEW_PACK_FOLDER, render_review_pack_texts
from pilot_core.files import write_atomic
from pilot_core.models import Draft, FrameComment, PilotRun, PilotRunAttempt, Shot
from pilot_core.video.probe import Measured
from pilot_core.video.stills import poster, stills


def build(
    root: Path,
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    draft: Draft,
    measured: Measured,
    comments: Sequence[FrameComment],
) -> Path:
    """Build the attempt's review pack from its chosen draft; returns its folder. Paths are relative to ``root``.

    ``comments`` are the open ones on earlier attempts, which the director's notes carry on.
    """
    folder = root / (attempt.folder or "") / REVIEW_PACK_FOLDER
    unfinished = folder.with_name(f".{REVIEW_PACK_FOLDER}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _same_file(root / draft.video_path, unfinished / "final_video.mp4")
    if draft.captions_path:
        shutil.copyfile(root / draft.captions_path, unfinished / "captions.vtt")
    else:
        write_atomic(unfinished / "captions.vtt", "WEBVTT\n\nNOTE This cut came without captions.\n")
    previous = max(
        (a for a in pilot.runs if a.attempt_number < attempt.attempt_number and a.video_path),
        key=lambda a: a.attempt_number,
        default=None,
    )
    for name, text in render_review_pack_texts(pilot, attempt, draft, previous, comments).items():
        write_atomic(unfinished / name, text)
    stills(unfinished / "final_video.mp4", unfinished)
    if draft.shots:
        poster(unfinished / "final_video.mp4", unfinished / "poster.jpg", at=_hook_read(draft.shots))
    report = quality_report(pilot, attempt, draft, measured)
    write_atomic(unfinished / "quality_report.json", json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    unfinished.replace(folder)
    return folder


def quality_report(pilot: PilotRun, attempt: PilotRunAttempt, draft: Draft, measured: Measured) -> dict[str, object]:
    """What was measured of the cut and how the SLA judged it; units are in the names."""
    return {
        "pilot_id": pilot.pilot_id,
        "attempt_number": attempt.attempt_number,
        "iteration": draft.iteration,
        "started_at": iso(attempt.started_at) if attempt.started_at else None,
        "time_to_first_cut_seconds": attempt.time_to_first_cut_seconds,
        "total_cost_dollars": attempt.total_cost_dollars,
        "sla_passed": attempt.sla_passed,
        "sla_violations": attempt.sla_violations,
        "checks": [check.model_dump(mode="json") for check in draft.checks],
        "measured": measured.model_dump(mode="json"),
    }


def _hook_read(shots: list[Shot]) -> float:
    """The moment (s) at which the whole hook can be read: late in the last shot of the first beat, before it leaves."""
    hook = [shot for shot in shots if shot.beat == shots[0].beat][-1]
    return hook.start + 0.7 * (hook.end - hook.start)


def _same_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
