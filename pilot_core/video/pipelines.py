"""The registry of pipelines. To add one, add its entry here and a module with its factory.

A factory takes the settings and the uploaded video (None unless the pipeline takes one, or a plan) and returns a
``VideoPipeline``. It is given as ``module:function``, so that a pipeline's module is imported only when it is used.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pilot_core.catalog import FlagInfo
from pilot_core.domain.attempt import Change
from pilot_core.errors import InvalidRequest
from pilot_core.settings import Settings
from pilot_core.video.contract import CutBrief, VideoPipeline


@dataclass(frozen=True)
class Pipeline:
    """One way to render an attempt, as offered by forms and the command line.

    ``takes_plan``: it can draw a storyboard that a person edited, which it then gets as its upload.

    ``factory`` and ``planner`` are addresses, ``module:function``. The planner lists what the pipeline will do about
    the feedback in a brief; without one, ``about_feedback`` says in a sentence how feedback is handled. ``answers`` is
    the address of the collection of flags that the pipeline answers in its next video.
    """

    name: str
    label: str
    factory: str
    takes_upload: bool = False
    takes_plan: bool = False
    missing: Callable[[Settings], str] = lambda config: ""
    """Returns what is missing from the settings to run it, as a sentence, or ""."""
    planner: str = ""
    answers: str = ""
    about_feedback: str = ""

    def load(self, config: Settings, upload: Path | None = None) -> VideoPipeline:
        """Return the pipeline, ready to render. Raises InvalidRequest if a setting or the upload is missing."""
        made: VideoPipeline = _function_at(self.factory)(config, upload)
        return made

    def planned(self, brief: CutBrief) -> list[Change]:
        """Return what the pipeline would do about the feedback in the brief."""
        if not self.planner:
            return [Change(text=self.about_feedback)]
        changes: list[Change] = _function_at(self.planner)(brief)
        return changes


PIPELINES = {
    pipeline.name: pipeline
    for pipeline in (
        Pipeline(
            name="storyboard",
            label="Storyboard: drawn from the brief, in a minute or two",
            factory="pilot_core.video.storyboard.pipeline:pipeline",
            takes_plan=True,
            planner="pilot_core.video.storyboard.changes:planned_changes",
            answers="pilot_core.video.storyboard.revise:ANSWERS",
        ),
        Pipeline(
            name="command",
            label="Command: the program set up for this server",
            factory="pilot_core.video.command:pipeline",
            missing=lambda config: (
                "" if config.command else "The command pipeline needs a program; set PILOT_OPS_COMMAND to it."
            ),
            about_feedback="The program gets all of this, and decides what to do about it.",
        ),
        Pipeline(
            name="upload",
            label="Upload: a finished film you bring",
            factory="pilot_core.video.upload:pipeline",
            takes_upload=True,
            about_feedback="An uploaded film is taken as it is; compare it with the feedback.",
        ),
    )
}
"""All pipelines by name, in the order in which they are offered."""


def pipeline_named(name: str) -> Pipeline:
    """Return the pipeline of that name. Raises InvalidRequest if there is none."""
    if name not in PIPELINES:
        raise InvalidRequest(f"There is no pipeline “{name}”; choose one of: {', '.join(PIPELINES)}.", field="pipeline")
    return PIPELINES[name]


def available(config: Settings) -> list[Pipeline]:
    """Return the pipelines that can run with these settings, the default one first."""
    found = [pipeline for pipeline in PIPELINES.values() if not pipeline.missing(config)]
    return sorted(found, key=lambda pipeline: pipeline.name != config.pipeline)


def unanswered_flags(flags: Mapping[str, FlagInfo]) -> list[str]:
    """Return a sentence for each flag that no pipeline answers and that names no field of the brief to correct."""
    answered = {flag for pipeline in PIPELINES.values() if pipeline.answers for flag in _flags_at(pipeline.answers)}
    return [
        f"No pipeline answers the flag {flag}, and it names no field of the brief to correct: a reviewer who raises it "
        "changes nothing. Answer it in a pipeline, or give it “needs” in data/catalog/flags.toml."
        for flag, info in flags.items()
        if flag not in answered and not info.needs
    ]


def _flags_at(address: str) -> Collection[str]:
    flags: Collection[str] = _object_at(address)
    return flags


def _function_at(address: str) -> Callable[..., Any]:
    found: Callable[..., Any] = _object_at(address)
    return found


def _object_at(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(import_module(module), name)
