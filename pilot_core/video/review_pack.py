"""Builds the review pack that a founder gets with a video: in a temporary folder, which is renamed when complete."""

import json
import os
import shutil
from pathlib import Path

from pilot_core.clock import iso
from pilot_core.documents.names import CAPTIONS, FINAL_VIDEO, POSTER, QUALITY_REPORT, REVIEW_PACK_FOLDER
from pilot_core.documents.review_pack import render_review_pack_texts
from pilot_core.domain.attempt import Draft, OpenRequests, PilotRunAttempt, Shot
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import PipelineFailed
from pilot_core.files import write_atomic
from pilot_core.video.probe import Measured
from pilot_core.video.stills import poster, shot_stills, stills
from pilot_core.video.storyboard.figures import split_figure


def build(
    root: Path,
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    draft: Draft,
    measured: Measured,
    asked: OpenRequests,
) -> Path:
    """Build the attempt's review pack from its chosen draft and return its folder.

    Paths in ``attempt`` and ``draft`` are relative to ``root``. ``asked`` is what is open of earlier attempts; the
    director's notes list it. Raises PipelineFailed if the pipeline has left something in its place.
    """
    folder = root / (attempt.folder or "") / REVIEW_PACK_FOLDER
    unfinished = folder.with_name(f".{REVIEW_PACK_FOLDER}.part")
    for place in (folder, unfinished):
        if os.path.lexists(place):
            raise PipelineFailed(
                f"The review pack could not be built: the pipeline left something named {place.name} in its work "
                "folder, where the review pack goes."
            )
    unfinished.mkdir(parents=True)
    _same_file(root / draft.video_path, unfinished / FINAL_VIDEO)
    if draft.captions_path:
        shutil.copyfile(root / draft.captions_path, unfinished / CAPTIONS)
    else:
        write_atomic(unfinished / CAPTIONS, "WEBVTT\n\nNOTE This cut came without captions.\n")
    previous = max(
        (a for a in pilot.runs if a.attempt_number < attempt.attempt_number and a.video_path),
        key=lambda a: a.attempt_number,
        default=None,
    )
    for name, text in render_review_pack_texts(pilot, attempt, draft, previous, asked).items():
        write_atomic(unfinished / name, text)
    stills(unfinished / FINAL_VIDEO, unfinished)
    shot_stills(unfinished / FINAL_VIDEO, draft, unfinished)
    if draft.shots:
        poster(unfinished / FINAL_VIDEO, unfinished / POSTER, at=poster_time(draft.shots))
    report = quality_report(pilot, attempt, draft, measured)
    write_atomic(unfinished / QUALITY_REPORT, json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    unfinished.replace(folder)
    return folder


def quality_report(pilot: PilotRun, attempt: PilotRunAttempt, draft: Draft, measured: Measured) -> dict[str, object]:
    """Return the measurements of a draft and its SLA checks. Units are part of the key names."""
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


def poster_time(shots: list[Shot]) -> float:
    """Return a time (s) at which one picture says something whole: the shot that the pipeline chose for it.

    If it chose none, it is the hook or, where that goes on over several shots, the first figure.
    """
    hook = [shot for shot in shots if shot.beat == shots[0].beat]
    figures = [shot for shot in shots if split_figure(shot.text)]
    chosen = [shot for shot in shots if shot.poster]
    shown = chosen[0] if chosen else figures[0] if len(hook) > 1 and figures else hook[0]
    return shown.start + 0.7 * (shown.end - shown.start)


def _same_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
