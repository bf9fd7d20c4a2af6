"""Commands that do something with a pilot."""

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pilot_core import formatting, services
from pilot_core.cli.arguments import need, open_store
from pilot_core.clock import utc_now
from pilot_core.errors import InvalidRequest
from pilot_core.models import AttemptState, Brief, PilotRun
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore

RENDER_FAILED = 1


def start(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "founder", "company", "scenario")
    pilot = services.create_pilot(
        arguments.founder,
        arguments.company,
        arguments.scenario,
        arguments.brand,
        brief=_read_brief(arguments.brief) if arguments.brief else None,
        max_attempts=5 if arguments.max_attempts is None else arguments.max_attempts,
    )
    pipeline = _pipeline(arguments, config)
    store = open_store(arguments, config, make=True)
    services.start_pilot(store, pilot)
    print(f"Pilot {pilot.pilot_id}: {pilot.founder_name}, {pilot.company_name}")
    print(f"  runbook and founder documents in {store.root / pilot.pilot_id}")
    return _make(store, pilot.pilot_id, pipeline, arguments.video, config)


def continue_pilot(arguments: argparse.Namespace, config: Settings) -> int:
    pipeline = _pipeline(arguments, config)
    store = open_store(arguments, config)
    _fail_abandoned(store)
    pilot = store.load(arguments.continue_pilot)
    pilot.check_can_attempt()
    latest = pilot.latest_attempt
    if latest and latest.review is None:
        print(
            f"Warning: attempt {latest.attempt_number} still awaits feedback; it can be recorded later with "
            f"--record-feedback {pilot.pilot_id} --attempt {latest.attempt_number} --level …",
            file=sys.stderr,
        )
    return _make(store, pilot.pilot_id, pipeline, arguments.video, config)


def retry(arguments: argparse.Namespace, config: Settings) -> int:
    pipeline = _pipeline(arguments, config) if arguments.pipeline or arguments.video else None
    store = open_store(arguments, config)
    _fail_abandoned(store)
    pilot = store.load(arguments.retry)
    latest = pilot.latest_attempt
    upload = None
    if arguments.video and latest and latest.state is AttemptState.FAILED:
        upload = services.keep_upload(store, pilot.pilot_id, arguments.video)
    pilot, attempt = services.retry_attempt(store, pilot.pilot_id, pipeline=pipeline, upload_path=upload)
    return _render(store, pilot, attempt.attempt_number, config)


def record(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "record_feedback", "attempt", "level")
    store = open_store(arguments, config)
    pilot = services.record_feedback(
        store,
        arguments.record_feedback,
        arguments.attempt,
        arguments.notes or "",
        arguments.level,
        [flag.strip() for flag in (arguments.flags or "").split(",") if flag.strip()],
        by=arguments.by,
        channel="command line",
    )
    level = pilot.attempt(arguments.attempt).feedback_level or ""
    print(f"Recorded for attempt {arguments.attempt}: {level.replace('_', ' ')}.")
    if pilot.approval_outcome == "approved":
        print(f"{pilot.pilot_id} is completed. See --report {pilot.pilot_id}")
    elif pilot.status == "paused":
        print(f"{pilot.pilot_id} is still paused; take it up again with --resume {pilot.pilot_id}")
    elif pilot.attempts_used < pilot.max_attempts:
        print(f"Next: --continue-pilot {pilot.pilot_id}")
    else:
        print(f"All {pilot.max_attempts} attempts are used; see --report {pilot.pilot_id}")
    return 0


def pause(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "pause", "reason")
    return _said(services.pause(open_store(arguments, config), arguments.pause, arguments.reason))


def resume(arguments: argparse.Namespace, config: Settings) -> int:
    return _said(services.resume(open_store(arguments, config), arguments.resume))


def drop(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "drop", "reason")
    store = open_store(arguments, config)
    return _said(services.drop(store, arguments.drop, arguments.reason, external=arguments.external))


def raise_limit(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "raise_limit", "max_attempts", "reason")
    store = open_store(arguments, config)
    pilot = services.raise_limit(store, arguments.raise_limit, arguments.max_attempts, arguments.reason)
    print(f"{pilot.pilot_id} may now make {pilot.max_attempts} attempts.")
    return 0


def _make(store: PilotStore, pilot_id: str, pipeline: str, video: Path | None, config: Settings) -> int:
    upload = services.keep_upload(store, pilot_id, video) if video else None
    pilot, attempt = services.queue_attempt(store, pilot_id, pipeline, upload_path=upload)
    return _render(store, pilot, attempt.attempt_number, config)


def _render(store: PilotStore, pilot: PilotRun, number: int, config: Settings) -> int:
    from pilot_core.rendering import run_attempt

    with _progress_bar(f"Attempt {number} of {pilot.max_attempts}") as progress:
        pilot = run_attempt(store, pilot.pilot_id, number, config, progress)
    attempt = pilot.attempt(number)
    if attempt.state is AttemptState.FAILED:
        print(
            f"Attempt {number} failed: {attempt.failure} "
            f"It used up no attempt; try again with --retry {pilot.pilot_id}",
            file=sys.stderr,
        )
        return RENDER_FAILED
    print(f"Attempt {number} of {pilot.max_attempts} is ready: {store.root / (attempt.video_path or '')}")
    print(f"  review pack: {store.root / (attempt.review_pack_path or '')}")
    print(
        f"  first cut after {formatting.seconds(attempt.time_to_first_cut_seconds)}, "
        f"{formatting.count(attempt.iteration_count, 'iteration')}, {formatting.dollars(attempt.total_cost_dollars)}, "
        f"SLA {'passed' if attempt.sla_passed else 'missed'}"
    )
    for sentence in attempt.sla_violations:
        print(f"  - {sentence}")
    print(f"Next: send it to the founder, then --record-feedback {pilot.pilot_id} --attempt {number} --level …")
    return 0


def _said(pilot: PilotRun) -> int:
    outcome = f" ({pilot.approval_outcome})" if pilot.status == "completed" else ""
    print(f"{pilot.pilot_id} is now {pilot.status}{outcome}.")
    return 0


def _fail_abandoned(store: PilotStore) -> None:
    from pilot_core.store import renders

    if renders.under_way(store.database) or renders.queued_without_worker(store.database, utc_now()):
        from pilot_core.rendering import fail_abandoned

        fail_abandoned(store)


def _pipeline(arguments: argparse.Namespace, config: Settings) -> str:
    """The pipeline asked for, checked as far as can be before anything is written."""
    name: str = arguments.pipeline or ("upload" if arguments.video else config.pipeline)
    if name not in services.PIPELINES:
        raise InvalidRequest(f"There is no pipeline “{name}”; choose one of: {', '.join(services.PIPELINES)}.")
    if name == "upload" and not arguments.video:
        raise InvalidRequest("The upload pipeline needs a finished video; name it with --video FILE.")
    if arguments.video and name != "upload":
        raise InvalidRequest(f"--video goes with the upload pipeline, not with {name}.")
    if name == "command" and not config.command:
        raise InvalidRequest("The command pipeline needs a program; set PILOT_OPS_COMMAND to it.")
    if arguments.video:
        from pilot_core.video.inspection import inspect

        if not arguments.video.is_file():
            raise InvalidRequest(f"There is no video file {arguments.video}.")
        inspect(arguments.video)
    return name


def _read_brief(path: Path) -> Brief:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The brief {path} cannot be read: {error}.") from error
    except ValueError as error:
        raise InvalidRequest(f"The brief {path} is neither JSON nor TOML: {error}.") from error
    return services.parse_brief(data)


@contextmanager
def _progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0, step="Starting")
        yield lambda fraction, step: bar.update(task, completed=fraction, step=step)
        bar.update(task, completed=1.0, step="Done")
