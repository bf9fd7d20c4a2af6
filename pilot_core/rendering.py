"""Making an attempt: its drafts, their measures against the SLA, its review pack. Slow; never run inside a request."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_core import catalog, files
from pilot_core.clock import iso
from pilot_core.documents import REVIEW_PACK_FOLDER, generate_founder_artifacts
from pilot_core.errors import NotAllowedNow, PilotError, PilotNotFound, PipelineFailed, StoreError
from pilot_core.models import AttemptState, Draft, FeedbackMode, FrameComment, PilotRun, PilotRunAttempt
from pilot_core.review.comments import threads_of
from pilot_core.settings import Settings, left_to_workers
from pilot_core.store import erasures, outbox, renders
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Kind
from pilot_core.store.pilots import PilotStore
from pilot_core.video import sla
from pilot_core.video.contract import Cut, CutBrief, PreviousCut, Progress, Review, VideoPipeline

if TYPE_CHECKING:
    from pilot_core.video.probe import Measured

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
WAIT_SECONDS = 0.5
LASTING = ("first_cut", "iterations", "cost")  # misses that another draft cannot mend
MADE_FIELDS = (
    "folder",
    "drafts",
    "video_path",
    "review_pack_path",
    "time_to_first_cut_seconds",
    "iteration_count",
    "total_cost_dollars",
    "sla_passed",
    "sla_violations",
)


class NotSent(StoreError):
    """A cut was made, and the bucket did not take it."""


def pipeline_for(attempt: PilotRunAttempt, store: PilotStore, config: Settings) -> VideoPipeline:
    """The pipeline an attempt was queued for. Raises InvalidRequest when its settings are missing."""
    if attempt.pipeline == "command":
        from pilot_core.video.command import CommandPipeline

        return CommandPipeline(list(config.command), timeout_seconds=config.command_timeout_seconds)
    if attempt.pipeline == "upload":
        from pilot_core.video.upload import UploadPipeline

        return UploadPipeline(store.media.fetched(attempt.upload_path or ""))
    from pilot_core.video.storyboard import StoryboardPipeline

    return StoryboardPipeline()


def run_attempt(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int,
    config: Settings,
    progress: Progress = lambda fraction, step: None,
    *,
    at_once: int | None = None,
) -> PilotRun:
    """Make a queued attempt's cut in this process and return the pilot; the attempt is then ready, or failed.

    With ``at_once`` it first waits until fewer than that many renders of the store are under way. A failure is kept
    with the attempt as one sentence and is not raised. Raises NotAllowedNow when the attempt is not queued or another
    process is making it, PilotNotFound when the pilot was erased; then nothing of it stays in the folder.
    """
    try:
        return _run_attempt(store, pilot_id, attempt_number, config, progress, at_once)
    except PilotNotFound:
        # Nobody erases what is being made, unless this process was thought dead.
        if erasures.erased_among(store.database, [pilot_id]):
            from pilot_core.erasure import remove_here

            remove_here(store, pilot_id)
        raise


def _run_attempt(
    store: PilotStore, pilot_id: str, attempt_number: int, config: Settings, progress: Progress, at_once: int | None
) -> PilotRun:
    pilot = store.load(pilot_id)
    attempt = pilot.attempt(attempt_number)
    actor = f"pipeline:{attempt.pipeline}"
    if not renders.claim(store.database, attempt.attempt_id, pilot_id, store.clock()):
        raise NotAllowedNow(f"Attempt {attempt_number} of {pilot_id} is {attempt.state} or is being made elsewhere.")
    try:
        while at_once and not renders.enter(store.database, attempt.attempt_id, store.clock(), at_once):
            time.sleep(WAIT_SECONDS)
        started = time.monotonic()
        pilot, attempt = store.change(pilot_id, lambda p: _begin(p, attempt_number, store.clock()), actor)
        with _heartbeat(store, attempt.attempt_id, progress) as report:
            made = _make(store, pilot, attempt, pipeline_for(attempt, store, config), started, report)
        also = _tell_ready(made, pilot_id, store.clock())
        return store.change(pilot_id, lambda p: _finish(p, made, store.clock()), actor, also=also)[0]
    except Overtaken as error:
        log.warning("%s", error)
        remove_films(store.path_of(attempt.folder or ""))
        return store.load(pilot_id)
    except NotSent as error:
        return fail_attempt(store, pilot_id, attempt_number, str(error), actor, of=attempt, keep_files=True)
    except PilotError as error:
        return fail_attempt(store, pilot_id, attempt_number, str(error), actor, of=attempt)
    except Exception as error:
        log.exception("render of %s attempt %s stopped", pilot_id, attempt_number)
        reason = f"The render stopped on an unexpected error ({type(error).__name__}); the log has the details."
        return fail_attempt(store, pilot_id, attempt_number, reason, actor, of=attempt)
    except BaseException:
        reason = "The render was stopped before it was finished."
        fail_attempt(store, pilot_id, attempt_number, reason, actor, of=attempt)
        raise
    finally:
        renders.leave(store.database, attempt.attempt_id)


class Overtaken(NotAllowedNow):
    """The attempt was given to another worker, because this one had not been heard from."""


def fail_attempt(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int,
    reason: str,
    actor: str,
    *,
    of: PilotRunAttempt | None = None,
    keep_files: bool = False,
) -> PilotRun:
    """Mark an attempt under way as failed with its reason, and remove its half-made files; logs stay.

    ``of`` is the attempt as whoever fails it began it: when another has begun it anew, theirs goes on.
    """

    fails = False

    def work(pilot: PilotRun) -> PilotRunAttempt:
        nonlocal fails
        attempt = pilot.attempt(attempt_number)
        fails = attempt.state in (AttemptState.QUEUED, AttemptState.RENDERING)
        fails = fails and (of is None or attempt.started_at == of.started_at)
        if fails:
            attempt.state = AttemptState.FAILED
            attempt.failure = reason
            pilot.log("render_failed", store.clock(), attempt_number=attempt_number, reason=reason)
        return attempt

    def also(connection: Connection) -> None:
        if fails:
            now = store.clock()
            outbox.tell(connection, Kind.RENDER_FAILED, pilot_id, now, attempt_number=attempt_number, about=iso(now))

    pilot, attempt = store.change(pilot_id, work, actor, also=also)
    if attempt.state is AttemptState.FAILED and attempt.folder:
        if not keep_files:
            remove_films(store.path_of(attempt.folder))
        try:
            store.media.forget_folder(attempt.folder)
        except StoreError as error:
            log.warning("a repair has to remove what is kept of %s: %s", attempt.attempt_id, error)
    return pilot


def never_began(store: PilotStore) -> list[tuple[str, int]]:
    """The attempts (pilot id, number) whose process never came up; those that are left to workers just wait."""
    return [] if left_to_workers() else renders.queued_without_worker(store.database, store.clock())


def fail_abandoned(store: PilotStore) -> list[str]:
    """Fail every render whose process is gone or never came up; returns their attempt ids.

    Those that are left to workers are given back to them instead.
    """
    if url := left_to_workers():
        from pilot_core import render_queue

        return render_queue.look_after(store, url)
    failed = []
    for pilot_id, number in never_began(store):
        reason = "The render never began: no process took it up. Retry it."
        pilot = fail_attempt(store, pilot_id, number, reason, "pipeline")
        failed.append(pilot.attempt(number).attempt_id)
    for render in renders.under_way(store.database):
        if renders.is_alive(render, store.clock()):
            continue
        for attempt in (
            a for p in store.load_all([render.pilot_id]) for a in p.runs if a.attempt_id == render.attempt_id
        ):
            reason = f"The render stopped at “{render.step}” because its process ended. Retry it."
            fail_attempt(store, render.pilot_id, attempt.attempt_number, reason, f"pipeline:{attempt.pipeline}")
        renders.release(store.database, render.attempt_id)
        failed.append(render.attempt_id)
    return failed


def comments_before(store: PilotStore, pilot_id: str, attempt_number: int) -> list[FrameComment]:
    """The comments on attempts before that one which are still open, by attempt and frame."""
    return [
        FrameComment(
            attempt_number=said.attempt_number,
            frame=said.frame,
            end_frame=said.end_frame,
            rate=str(said.rate),
            timecode=said.timecode,
            seconds=float(said.seconds),
            author=said.author,
            body=said.body,
            replies=[reply.body for reply in thread.replies],
            **(asdict(said.shape) if said.shape else {}),
        )
        for thread in threads_of(store, pilot_id, resolved=False)
        if not (said := thread.comment).deleted_at and said.attempt_number < attempt_number
    ]


def brief_for(
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    comments: list[FrameComment],
    iteration: int = 1,
    missed: list[str] | None = None,
) -> CutBrief:
    """What the pipeline is told for one draft of an attempt: the pilot's brief, and all human feedback so far."""
    scenario = catalog.scenario(pilot.scenario_type)
    intent = catalog.intents()[scenario.intent]
    earlier = sorted(
        (a for a in pilot.runs if a.attempt_number < attempt.attempt_number), key=lambda a: a.attempt_number
    )
    seen = [a for a in earlier if a.state is AttemptState.READY and a.video_path]
    previous = None
    if seen and (draft := seen[-1].final_draft):
        previous = PreviousCut(
            attempt_number=seen[-1].attempt_number,
            iteration=draft.iteration,
            duration=draft.duration,
            shots=draft.shots,
        )
    return CutBrief(
        pilot_id=pilot.pilot_id,
        founder_name=pilot.founder_name,
        company_name=pilot.company_name,
        scenario=scenario,
        # An imported pilot may lack parts of the preset; the catalogue fills them.
        brand={**_preset_of(pilot), **pilot.brand_context},
        playbook_version=pilot.playbook_version,
        brief=pilot.brief,
        attempt_number=attempt.attempt_number,
        iteration=iteration,
        width=intent.width,
        height=intent.height,
        reviews=[
            Review(attempt_number=a.attempt_number, feedback=given)
            for a in earlier
            if (given := a.standing(FeedbackMode.HUMAN))
        ],
        comments=comments,
        sla_violations=missed or [],
        previous=previous,
    )


def _preset_of(pilot: PilotRun) -> dict[str, object]:
    return catalog.brands().get(pilot.brand_preset, catalog.default_brand()).context()


def _begin(pilot: PilotRun, attempt_number: int, now: datetime) -> PilotRunAttempt:
    attempt = pilot.attempt(attempt_number)
    attempt.state = AttemptState.RENDERING
    attempt.started_at = now
    attempt.folder = f"{pilot.pilot_id}/attempt_{attempt_number}_{now:%Y%m%d_%H%M%S}"
    attempt.drafts = []
    pilot.log("render_started", now, attempt_number=attempt_number, pipeline=attempt.pipeline)
    return attempt


def _make(
    store: PilotStore,
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    pipeline: VideoPipeline,
    started: float,
    report: Progress,
) -> PilotRunAttempt:
    # The server imports this module too, and these take a fifth of its start.
    from pilot_core.video import probe, review_pack

    folder = store.path_of(attempt.folder or "")
    folder.mkdir(parents=True, exist_ok=True)
    generate_founder_artifacts(pilot, folder, attempt)
    comments = comments_before(store, pilot.pilot_id, attempt.attempt_number)
    limit = pilot.max_iterations_per_attempt if pipeline.can_iterate else 1
    missed: list[str] = []
    measured: dict[int, Measured] = {}
    for iteration in range(1, limit + 1):
        # The first draft gets most of the bar, since it is mostly the only one; it never falls back.
        low, high = 0.9 - 0.2 * 0.5 ** (iteration - 1) if iteration > 1 else 0.0, 0.9 - 0.2 * 0.5**iteration
        brief = brief_for(pilot, attempt, comments, iteration, missed)
        cut = pipeline.make_cut(brief, folder, _part(report, low, high))
        probe.quick_check(cut.video_path)
        if iteration == 1:
            attempt.time_to_first_cut_seconds = round(time.monotonic() - started, 3)
        report(high, f"Measuring draft {iteration}")
        draft, measured[iteration] = _measured_draft(store, pilot, attempt, cut, iteration)
        attempt.drafts.append(draft)
        missed = sla.violations([check for check in draft.checks if check.code not in LASTING])
        if not missed:
            break
    chosen = min(attempt.drafts, key=lambda d: (len(sla.violations(d.checks)), -d.iteration))
    attempt.video_path = chosen.video_path
    attempt.iteration_count = len(attempt.drafts)
    attempt.total_cost_dollars = round(sum(draft.cost for draft in attempt.drafts), 4)
    attempt.sla_violations = sla.violations(chosen.checks)
    attempt.sla_passed = sla.passed(chosen.checks)
    report(0.9, "Building the review pack")
    review_pack.build(store.root, pilot, attempt, chosen, measured[chosen.iteration], comments)
    attempt.review_pack_path = f"{attempt.folder}/{REVIEW_PACK_FOLDER}"
    try:
        files.sync_tree(folder)
    except OSError as error:
        raise PipelineFailed(f"The cut could not be put on the disk: {error.strerror or error}.") from error
    if store.media.place:
        report(0.97, "Sending it to the bucket")
    try:
        store.media.put_folder(attempt.folder or "")
    except StoreError as error:
        raise NotSent(f"The cut is made and lies in {attempt.folder}, but could not be kept. {error}") from error
    return attempt


def _measured_draft(
    store: PilotStore, pilot: PilotRun, attempt: PilotRunAttempt, cut: Cut, iteration: int
) -> tuple[Draft, "Measured"]:
    from pilot_core.video.probe import probe

    measured = probe(cut.video_path)
    scenario = catalog.scenario(pilot.scenario_type)
    intent = catalog.intents()[scenario.intent]
    cost = cut.cost_dollars + sum(draft.cost for draft in attempt.drafts)
    checks = sla.judge(
        measured,
        scenario=scenario,
        width=intent.width,
        height=intent.height,
        time_to_first_cut=attempt.time_to_first_cut_seconds,
        iterations=iteration,
        cost=cost,
        limits=catalog.sla_limits(),
    )
    draft = Draft(
        iteration=iteration,
        video_path=_relative(cut.video_path, store),
        captions_path=_relative(cut.captions_path, store) if cut.captions_path else None,
        duration=measured.duration_seconds,
        frame_rate=measured.frame_rate,
        frame_count=measured.frame_count,
        cost=cut.cost_dollars,
        shots=cut.shots,
        notes=cut.notes,
        changes=cut.changes,
        checks=checks,
    )
    return draft, measured


def _finish(pilot: PilotRun, made: PilotRunAttempt, now: datetime) -> None:
    """Put what was made into the pilot as it is now; others may have changed it during the render."""
    attempt = pilot.attempt(made.attempt_number)
    if attempt.state is AttemptState.QUEUED or attempt.started_at != made.started_at:
        raise Overtaken(f"{attempt.attempt_id} was given to another worker; what this one made is dropped.")
    for name in MADE_FIELDS:
        setattr(attempt, name, getattr(made, name))
    attempt.state = AttemptState.READY
    attempt.ready_at = now
    pilot.log(
        "cut_ready",
        now,
        attempt_number=attempt.attempt_number,
        sla_passed=attempt.sla_passed,
        time_to_first_cut_seconds=attempt.time_to_first_cut_seconds,
    )


def _tell_ready(made: PilotRunAttempt, pilot_id: str, now: datetime) -> Callable[[Connection], None]:
    """Writes the message that the cut is ready; a lead reads it first where the SLA is missed."""
    held = None if made.sla_passed is not False else "The cut misses the SLA. Look at its checks, then send it."

    def also(connection: Connection) -> None:
        outbox.tell(connection, Kind.CUT_READY, pilot_id, now, attempt_number=made.attempt_number, held=held)

    return also


def _part(report: Progress, low: float, high: float) -> Progress:
    return lambda fraction, step: report(low + (high - low) * min(max(fraction, 0.0), 1.0), step)


@contextmanager
def _heartbeat(store: PilotStore, attempt_id: str, progress: Progress) -> Iterator[Progress]:
    """Pass progress on as it comes, and write it to the store once a second from a thread of its own."""
    fraction, step = 0.0, "Starting"
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            # A busy store must not stop the render; the next beat tells.
            with suppress(PilotError):
                renders.beat(store.database, attempt_id, store.clock(), fraction, step)

    def report(now_fraction: float, now_step: str) -> None:
        nonlocal fraction, step
        fraction, step = max(fraction, now_fraction), now_step
        progress(fraction, step)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


def _relative(path: Path, store: PilotStore) -> str:
    return path.resolve().relative_to(store.root.resolve()).as_posix()


def remove_films(folder: Path) -> None:
    """Remove what a failed render made; its logs stay."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".log":
            with suppress(OSError):
                path.unlink()
