"""Render an attempt: its drafts, their SLA checks, its review pack. Slow, so it never runs inside a request."""

import logging
import shutil
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pilot_core import catalog, files
from pilot_core.documents.founder import generate_founder_artifacts
from pilot_core.documents.names import DRAFT_STORYBOARD, REVIEW_PACK_FOLDER, STORYBOARD
from pilot_core.domain.actors import Actor, program
from pilot_core.domain.attempt import AttemptState, Draft, PilotRunAttempt, SlaCheck
from pilot_core.domain.events import EventKind
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.renders import Claim
from pilot_core.domain.roles import ActKind
from pilot_core.errors import NotAllowedNow, PilotError, PilotNotFound, PipelineFailed, StoreError
from pilot_core.rendering.briefing import brief_for, with_files
from pilot_core.rendering.conforming import conform_draft
from pilot_core.rendering.failure import Overtaken, fail_attempt, remove_videos_of
from pilot_core.rendering.heartbeat import heartbeat
from pilot_core.rendering.owed import until_written
from pilot_core.review.requests import open_requests_before
from pilot_core.settings import Settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files import reserve
from pilot_core.store.files.layout import attempt_folder
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.erasures import erased_among
from pilot_core.store.tables import outbox, renders
from pilot_core.video import probe, review_pack, sla
from pilot_core.video.conform.result import Delivered
from pilot_core.video.contract import Cut, Progress, VideoPipeline
from pilot_core.video.pipelines import pipeline_named
from pilot_core.video.probe import Measured
from pilot_core.video.storyboard.film import sizes_of

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
MAKING = 0.6
"""The pipeline's share of the progress of a draft; the rest is the conversion."""
LASTING = ("first_cut", "iterations", "cost")
"""SLA misses that another draft cannot fix."""

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
    """The video was rendered but could not be uploaded to the bucket."""


def run_attempt(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int,
    config: Settings,
    progress: Progress = lambda fraction, step: None,
    *,
    at_once: int | None = None,
) -> PilotRun:
    """Render a queued attempt in this process and return the pilot. The attempt is then ready, or failed.

    With ``at_once`` it first waits until fewer than that many renders of the store are in progress. A failed render is
    not raised; its reason is stored with the attempt. While the store does not answer, this waits for it, and if the
    claim on the attempt is lost meanwhile, drops what it made. Raises NotAllowedNow when the attempt is not queued or
    another process renders it, PilotNotFound when the pilot was erased; its folder is then removed.
    """
    try:
        return _run_attempt(store, pilot_id, attempt_number, config, progress, at_once)
    except PilotNotFound:
        # A pilot is erased during a render only if this process was taken for dead. Remove what it wrote since.
        if erased_among(store.database, [pilot_id]):
            shutil.rmtree(store.root / pilot_id, ignore_errors=True)
        raise


def _run_attempt(
    store: PilotStore, pilot_id: str, attempt_number: int, config: Settings, progress: Progress, at_once: int | None
) -> PilotRun:
    pilot = store.load(pilot_id)
    attempt = pilot.attempt(attempt_number)
    actor = _actor(attempt)
    attempt_id = attempt.attempt_id
    held = store.database.transaction(lambda c: renders.claim(c, attempt_id, pilot_id, store.clock()))
    if held is None:
        raise NotAllowedNow(f"Attempt {attempt_number} of {pilot_id} is {attempt.state} or is being made elsewhere.")
    with heartbeat(store, held, progress) as report:
        try:
            while at_once and not _enter(store, held, at_once):
                time.sleep(WAIT_SECONDS)
            report(0.0, "Starting")
            started = time.monotonic()
            pilot, attempt = _begun(store, held, pilot_id, attempt_number, actor)
            made = _make(store, pilot, attempt, _pipeline_of(pilot_id, attempt, store, config), started, report)
            return _finished(store, held, pilot_id, made, actor)
        except Overtaken as error:
            return _dropped(store, pilot_id, attempt, error)
        except NotSent as error:
            return _failed(store, held, pilot_id, attempt, str(error), keep_files=True)
        except PilotError as error:
            return _failed(store, held, pilot_id, attempt, str(error))
        except OSError as error:
            log.exception("render of %s attempt %s stopped", pilot_id, attempt_number)
            told = error.strerror or error
            reason = f"The render stopped on an error of the system: {told}. The log has the details."
            return _failed(store, held, pilot_id, attempt, reason)
        except Exception as error:
            log.exception("render of %s attempt %s stopped", pilot_id, attempt_number)
            reason = f"The render stopped on an unexpected error ({type(error).__name__}); the log has the details."
            return _failed(store, held, pilot_id, attempt, reason)
        except BaseException:
            # Whoever ends this process does not wait long. If the store takes nothing now, the claim runs out.
            with suppress(PilotError):
                reason = "The render was stopped before it was finished."
                fail_attempt(store, pilot_id, attempt_number, reason, actor, held=held)
            raise


def _enter(store: PilotStore, held: Claim, at_once: int) -> bool:
    def enter(connection: Connection) -> bool:
        if not renders.holds(connection, held):
            raise Overtaken(held.attempt_id)
        return renders.enter(connection, held, store.clock(), at_once)

    return until_written(lambda: store.database.transaction(enter))


def _begun(
    store: PilotStore, held: Claim, pilot_id: str, attempt_number: int, actor: Actor
) -> tuple[PilotRun, PilotRunAttempt]:
    now = store.clock()

    def keep(connection: Connection, pilot: PilotRun, attempt: PilotRunAttempt) -> None:
        if not renders.keep(connection, held, store.clock()):
            raise Overtaken(held.attempt_id)

    return until_written(
        lambda: store.change(pilot_id, lambda p: _begin(p, attempt_number, now), actor, also=keep, kind=ActKind.RENDER)
    )


def _finished(store: PilotStore, held: Claim, pilot_id: str, made: PilotRunAttempt, actor: Actor) -> PilotRun:
    """Save the attempt as ready and let go of it, in one transaction."""

    def let_go(connection: Connection, pilot: PilotRun, made: PilotRunAttempt) -> None:
        if not renders.leave(connection, held):
            raise Overtaken(held.attempt_id)
        _add_ready_message(connection, pilot, made)

    return until_written(
        lambda: store.change(
            pilot_id, lambda p: _finish(p, made, store.clock()), actor, also=let_go, kind=ActKind.RENDER
        )
    )[0]


def _failed(
    store: PilotStore, held: Claim, pilot_id: str, attempt: PilotRunAttempt, reason: str, *, keep_files: bool = False
) -> PilotRun:
    """Fail the attempt and let go of it, in one transaction. Its files go first: the failure may need their room."""
    number, actor = attempt.attempt_number, _actor(attempt)
    if not keep_files:
        _remove_made(store, pilot_id, attempt)
    try:
        return until_written(
            lambda: fail_attempt(store, pilot_id, number, reason, actor, held=held, keep_files=keep_files)
        )
    except Overtaken as error:
        return _dropped(store, pilot_id, attempt, error, keep_files=keep_files)


def _dropped(
    store: PilotStore, pilot_id: str, attempt: PilotRunAttempt, error: Overtaken, *, keep_files: bool = False
) -> PilotRun:
    """Remove what was made without a claim, and return the pilot as it is."""
    pilot = until_written(lambda: store.load(pilot_id))
    found = pilot.attempt(attempt.attempt_number)
    if (found.state, found.folder) == (AttemptState.READY, attempt.folder):
        return pilot  # it was written, and only the answer was lost
    log.warning("%s", error)
    if not keep_files:
        _remove_made(store, pilot_id, attempt)
    return pilot


def _remove_made(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> None:
    # Before it begins, a retried attempt has the folder of its earlier try.
    if attempt.state is AttemptState.RENDERING:
        remove_videos_of(store, pilot_id, attempt)


def _actor(attempt: PilotRunAttempt) -> Actor:
    return program(f"pipeline:{attempt.pipeline}")


def _pipeline_of(pilot_id: str, attempt: PilotRunAttempt, store: PilotStore, config: Settings) -> VideoPipeline:
    """Load the pipeline an attempt was queued for. Raises InvalidRequest when its settings are missing."""
    pipeline = pipeline_named(attempt.pipeline or "storyboard")
    takes_file = pipeline.takes_upload or (pipeline.takes_plan and attempt.upload_path)
    upload = store.media.local_path(attempt.upload_path or "", of=pilot_id) if takes_file else None
    return pipeline.load(config, upload)


def _begin(pilot: PilotRun, attempt_number: int, now: datetime) -> PilotRunAttempt:
    attempt = pilot.attempt(attempt_number)
    if (attempt.state, attempt.started_at) == (AttemptState.RENDERING, now):
        return attempt  # it was written, and only the answer was lost
    attempt.state = AttemptState.RENDERING
    attempt.started_at = now
    attempt.folder = attempt_folder(pilot.pilot_id, attempt_number, now)
    attempt.drafts = []
    pilot.log(EventKind.RENDER_STARTED, now, attempt_number=attempt_number, pipeline=attempt.pipeline)
    return attempt


def _make(
    store: PilotStore,
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    pipeline: VideoPipeline,
    started: float,
    report: Progress,
) -> PilotRunAttempt:
    reserve.keep(store.root)
    folder = store.path_of(attempt.folder or "")
    folder.mkdir(parents=True, exist_ok=True)
    generate_founder_artifacts(pilot, folder, attempt, promises=store.promises)
    asked = open_requests_before(store, pilot, attempt.attempt_number)
    limit = pilot.max_iterations_per_attempt if pipeline.can_iterate else 1
    missed: list[SlaCheck] = []
    measured: dict[int, Measured] = {}
    for iteration in range(1, limit + 1):
        # The first draft gets most of the bar, since there is usually no other. The bar never moves back.
        low, high = 0.9 - 0.2 * 0.5 ** (iteration - 1) if iteration > 1 else 0.0, 0.9 - 0.2 * 0.5**iteration
        brief = brief_for(pilot, attempt, asked, iteration, missed)
        takes_plan = pipeline_named(attempt.pipeline or "storyboard").takes_plan
        brief = with_files(store, pilot, brief, previous_video=takes_plan)
        middle = low + (high - low) * MAKING
        cut = pipeline.make_cut(brief, folder, _part(report, low, middle))
        if iteration == 1:
            attempt.time_to_first_cut_seconds = round(time.monotonic() - started, 3)
        draft, delivered = _conformed_draft(store, cut, iteration, _part(report, middle, high))
        report(high, f"Measuring draft {iteration}")
        draft, measured[iteration] = _measured_draft(store, pilot, attempt, draft, delivered, cut.size)
        attempt.drafts.append(draft)
        missed = [check for check in sla.missed(draft.checks) if check.code not in LASTING]
        if not missed:
            break
    chosen = min(attempt.drafts, key=lambda d: (len(sla.violations(d.checks)), -d.iteration))
    _keep_plan(folder, store.path_of(chosen.video_path))
    attempt.video_path = chosen.video_path
    attempt.iteration_count = len(attempt.drafts)
    attempt.total_cost_dollars = round(sum(draft.cost for draft in attempt.drafts), 4)
    attempt.sla_violations = sla.violations(chosen.checks)
    attempt.sla_passed = sla.passed(chosen.checks)
    report(0.9, "Building the review pack")
    review_pack.build(store.root, pilot, attempt, chosen, measured[chosen.iteration], asked)
    attempt.review_pack_path = f"{attempt.folder}/{REVIEW_PACK_FOLDER}"
    try:
        files.sync_tree(folder)
    except OSError as error:
        raise PipelineFailed(f"The cut could not be put on the disk: {error.strerror or error}.") from error
    if store.media.bucket:
        report(0.97, "Sending it to the bucket")
    try:
        store.media.put_folder(attempt.folder or "")
    except StoreError as error:
        raise NotSent(f"The cut is made and lies in {attempt.folder}, but could not be kept. {error}") from error
    return attempt


def _keep_plan(folder: Path, video: Path) -> None:
    """Copy the plan of the chosen draft, if its pipeline wrote one, to where the attempt's plan is looked for."""
    plan = video.with_suffix(DRAFT_STORYBOARD)
    if plan.exists():
        shutil.copyfile(plan, folder / STORYBOARD)


def _conformed_draft(store: PilotStore, cut: Cut, iteration: int, report: Progress) -> tuple[Draft, Delivered]:
    draft = Draft(
        iteration=iteration,
        video_path=_relative(cut.video_path, store),
        captions_path=_relative(cut.captions_path, store) if cut.captions_path else None,
        cost=cut.cost_dollars,
        shots=cut.shots,
        notes=cut.notes,
        changes=cut.changes,
    )
    report(0.0, f"Converting draft {iteration}")
    return conform_draft(store.root, draft, lambda done: report(done, f"Converting draft {iteration}"))


def _measured_draft(
    store: PilotStore,
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    draft: Draft,
    delivered: Delivered,
    size: tuple[int, int] | None,
) -> tuple[Draft, Measured]:
    """Measure and judge a draft. ``size`` is the picture's if it was made in another ratio than the intent's."""
    measured = probe.probe(store.path_of(draft.video_path)).model_copy(update={"delivered": delivered})
    scenario = catalog.scenario(pilot.scenario_type)
    intent = catalog.intents()[scenario.intent]
    if size in sizes_of(intent.width, intent.height):
        intent = intent.model_copy(update={"width": size[0], "height": size[1]})
    cost = draft.cost + sum(earlier.cost for earlier in attempt.drafts)
    rendering = sla.Rendering(attempt.time_to_first_cut_seconds, draft.iteration, cost)
    checks = sla.judge(measured, rendering, scenario, intent, catalog.sla_limits())
    return draft.model_copy(update={"checks": checks}), measured


def _finish(pilot: PilotRun, made: PilotRunAttempt, now: datetime) -> PilotRunAttempt:
    """Copy the rendered attempt into the current pilot, which others may have changed during the render."""
    attempt = pilot.attempt(made.attempt_number)
    if attempt.state is AttemptState.QUEUED or attempt.started_at != made.started_at:
        raise Overtaken(attempt.attempt_id)
    for name in MADE_FIELDS:
        setattr(attempt, name, getattr(made, name))
    attempt.state = AttemptState.READY
    attempt.ready_at = now
    pilot.log(
        EventKind.CUT_READY,
        now,
        attempt_number=attempt.attempt_number,
        sla_passed=attempt.sla_passed,
        time_to_first_cut_seconds=attempt.time_to_first_cut_seconds,
    )
    return attempt


def _add_ready_message(connection: Connection, pilot: PilotRun, made: PilotRunAttempt) -> None:
    """Enqueue the message that the video is ready. A lead has to release it if the SLA was missed."""
    held = None if made.sla_passed is not False else "The cut misses the SLA. Look at its checks, then send it."
    now = made.ready_at or pilot.updated_at
    outbox.enqueue(connection, NewMessage(MessageKind.CUT_READY, pilot.pilot_id, made.attempt_number), now, held=held)


def _part(report: Progress, low: float, high: float) -> Progress:
    return lambda fraction, step: report(low + (high - low) * min(max(fraction, 0.0), 1.0), step)


def _relative(path: Path, store: PilotStore) -> str:
    return path.resolve().relative_to(store.root.resolve()).as_posix()
