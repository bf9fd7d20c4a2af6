"""Commands that make attempts: start a pilot, continue it, retry a failed attempt."""

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pilot_core import formatting
from pilot_core.cli.arguments import need, open_store
from pilot_core.cli.lifecycle import print_warnings
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.begin import begin
from pilot_core.rendering.begin import retry as begin_again
from pilot_core.rendering.launching import Launcher
from pilot_core.rendering.recovery import recover_abandoned
from pilot_core.services import brand_kits, pilots
from pilot_core.services.acts import Act
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.video.brand_files import read_folder
from pilot_core.video.conform.process import inspect
from pilot_core.video.contract import KitFiles
from pilot_core.video.pipelines import Pipeline, pipeline_named
from pilot_core.video.prepared_kit import PreparedKit, prepared_kit
from pilot_core.video.storyboard.plan_file import from_json, load

RENDER_FAILED = 1
"""The exit code when an attempt could not be rendered."""


def start(arguments: argparse.Namespace, config: Settings) -> int:
    """Start a pilot and make its first attempt."""
    need(arguments, "founder", "company", "scenario")
    pilot = pilots.create_pilot(
        arguments.founder,
        arguments.company,
        arguments.scenario,
        arguments.brand,
        brief=_read_brief(arguments.brief) if arguments.brief else None,
        max_attempts=5 if arguments.max_attempts is None else arguments.max_attempts,
    )
    pipeline = _pipeline(arguments, config)
    with _kit(arguments) as kit:
        store = open_store(arguments, config, make=True)
        pilots.start_pilot(store, pilot)
        print(f"Pilot {pilot.pilot_id}: {pilot.founder_name}, {pilot.company_name}")
        if not pilot.warnings:
            print(f"  runbook and founder documents in {store.root / pilot.pilot_id}")
        print_warnings(pilot)
        if kit:
            _change_kit(store, pilot.pilot_id, kit)
    return _report(store, *begin(store, _launch(config), pilot.pilot_id, pipeline, Act(), video=_source(arguments)))


def continue_pilot(arguments: argparse.Namespace, config: Settings) -> int:
    """Make a pilot's next attempt."""
    pipeline = _pipeline(arguments, config)
    store = open_store(arguments, config)
    recover_abandoned(store, config.workers_database_url)
    pilot = store.load(arguments.continue_pilot)
    pilot.check_can_attempt()
    latest = pilot.latest_attempt
    if latest and latest.review is None:
        print(
            f"Warning: attempt {latest.attempt_number} still awaits feedback; it can be recorded later with "
            f"--record-feedback {pilot.pilot_id} --attempt {latest.attempt_number} --level …",
            file=sys.stderr,
        )
    with _kit(arguments) as kit:
        if kit:
            _change_kit(store, pilot.pilot_id, kit)
    return _report(store, *begin(store, _launch(config), pilot.pilot_id, pipeline, Act(), video=_source(arguments)))


@contextmanager
def _kit(arguments: argparse.Namespace) -> Iterator[PreparedKit | None]:
    """Yield the brand kit that was named, checked. Raises InvalidRequest before anything is written."""
    if not arguments.brand_kit:
        yield None
        return
    with prepared_kit(read_folder(arguments.brand_kit)) as kit:
        yield kit


def _change_kit(store: PilotStore, pilot_id: str, kit: PreparedKit) -> None:
    pilot = brand_kits.change_kit(store, pilot_id, kit)
    print(f"  brand kit: {', '.join(pilot.brief.brand_kit.parts)}")


def _source(arguments: argparse.Namespace) -> Path | None:
    """Return the file that the attempt is made from: a finished video, an edited storyboard, or none."""
    source: Path | None = arguments.video or arguments.storyboard
    return source


def retry(arguments: argparse.Namespace, config: Settings) -> int:
    """Render a pilot's failed latest attempt again."""
    pipeline = _pipeline(arguments, config) if arguments.pipeline or arguments.video else None
    store = open_store(arguments, config)
    recover_abandoned(store, config.workers_database_url)
    launch = _launch(config)
    begun = begin_again(store, launch, arguments.retry, Act(), pipeline=pipeline, video=arguments.video)
    return _report(store, *begun)


def _launch(config: Settings) -> Launcher:
    """Return a launcher that renders in this process and draws a progress bar."""

    def launch(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
        most = store.load(pilot_id).max_attempts
        with _progress_bar(f"Attempt {attempt_number} of {most}") as progress:
            run_attempt(store, pilot_id, attempt_number, config, progress)

    return launch


def _report(store: PilotStore, begun: PilotRun, attempt: PilotRunAttempt) -> int:
    """Print the result of an attempt that was rendered in this process; returns the exit code."""
    print_warnings(begun)
    pilot = store.load(begun.pilot_id)
    attempt = pilot.attempt(attempt.attempt_number)
    number = attempt.attempt_number
    if attempt.state.is_under_way:
        return RENDER_FAILED
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
    print(f"Next: send it to {pilot.founder_name}: --review-link {pilot.pilot_id}")
    print(f"Then: --record-feedback {pilot.pilot_id} --attempt {number} --level …")
    return 0


def _pipeline(arguments: argparse.Namespace, config: Settings) -> str:
    """Return the requested pipeline, checked as far as possible before anything is written."""
    name: str = arguments.pipeline or ("upload" if arguments.video else config.pipeline)
    pipeline = pipeline_named(name)
    if pipeline.takes_upload and not arguments.video:
        raise InvalidRequest("The upload pipeline needs a finished video; name it with --video FILE.")
    if arguments.storyboard:
        _check_storyboard(arguments.storyboard, pipeline)
    if arguments.video and not pipeline.takes_upload:
        raise InvalidRequest(f"--video goes with the upload pipeline, not with {name}.")
    if missing := pipeline.missing(config):
        raise InvalidRequest(missing)
    if arguments.video:
        if not arguments.video.is_file():
            raise InvalidRequest(f"There is no video file {arguments.video}.")
        if note := inspect(arguments.video):
            print(note)
    return name


def _check_storyboard(path: Path, pipeline: Pipeline) -> None:
    """Raise InvalidRequest unless the file is a storyboard that the pipeline can draw."""
    if not pipeline.takes_plan:
        raise InvalidRequest(f"--storyboard goes with the storyboard pipeline, not with {pipeline.name}.")
    if path.suffix != pilots.PLAN:
        raise InvalidRequest(f"{path.name} is no storyboard: it is a file that ends in {pilots.PLAN}.")
    if (told := load(path)) is None:
        raise InvalidRequest(f"The storyboard {path} cannot be read, or is no JSON.")
    from_json(told, KitFiles())


def _read_brief(path: Path) -> Brief:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The brief {path} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The brief {path} is neither JSON nor TOML: {error}.") from error
    return pilots.parse_brief(data)


@contextmanager
def _progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
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
