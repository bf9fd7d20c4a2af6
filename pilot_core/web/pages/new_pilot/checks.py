"""What is wrong with the fields of the new-pilot form, all of them at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.brief import BRIEF_LABELS, Brief
from pilot_core.errors import InvalidRequest
from pilot_core.services import pilots
from pilot_core.video.pipelines import PIPELINES
from pilot_core.video.storyboard.lines import fields_of
from pilot_core.web.access.current_app import app
from pilot_core.web.components.pipeline_choice import pipelines
from pilot_core.web.routes.uploads import taken_up

Typed = Mapping[str, Any]
"""What was typed and chosen, by field."""

BRIEF_LINES = tuple(field for field in BRIEF_LABELS if field != "proof_points")


def faults(typed: Typed) -> dict[str, str]:
    """Return a sentence for each field at fault, in the order of the form."""
    found = {}
    for field, check in CHECKS.items():
        try:
            check(typed)
        except InvalidRequest as error:
            found[field] = str(error)
    return found


def brief_of(typed: Typed) -> Brief:
    """Return the brief. Raises InvalidRequest."""
    asked = brief_fields(typed["scenario"])
    lines = {name: (typed[name] or "").strip() for name in BRIEF_LINES if name in asked}
    return pilots.parse_brief({**lines, "proof_points": _proof_points(typed)})


def brief_fields(scenario: str) -> list[str]:
    """Return the fields of the brief that a video of this scenario has a place for, in the order of the form."""
    return fields_of(beat.id for beat in catalog.scenario(scenario).beats)


def video_of(typed: Typed) -> Path | None:
    """Return the uploaded video, for a pipeline that takes one. Raises InvalidRequest."""
    chosen = PIPELINES.get(typed["pipeline"])
    return taken_up(app().store, typed["video"]) if chosen and chosen.takes_upload else None


def _proof_points(typed: Typed) -> list[str]:
    points = [" ".join(line.split()) for line in (typed["proof_points"] or "").splitlines() if line.strip()]
    if len(points) > limits.PROOF_POINTS:
        raise InvalidRequest(f"Enter at most {limits.PROOF_POINTS} proof points. There are {len(points)}.")
    for number, point in enumerate(points, 1):
        if len(point) > limits.PROOF_POINT:
            raise InvalidRequest(
                f"Shorten proof point {number} to {limits.PROOF_POINT} characters. It has {len(point)}."
            )
    return points


def _pipeline(typed: Typed) -> None:
    if typed["pipeline"] not in pipelines():
        raise InvalidRequest("Choose how attempt 1 is made.")


def _line(name: str) -> Callable[[Typed], object]:
    return lambda typed: pilots.parse_brief({name: (typed[name] or "").strip()})


CHECKS: dict[str, Callable[[Typed], object]] = {
    "founder": lambda typed: pilots.checked_name(typed["founder"] or "", "founder"),
    "company": lambda typed: pilots.checked_name(typed["company"] or "", "company"),
    **{name: _proof_points if name == "proof_points" else _line(name) for name in BRIEF_LABELS},
    "pipeline": _pipeline,
    "video": video_of,
}
"""By field, in the order of the form: a function that raises InvalidRequest. The other fields only offer valid values,
and a browser that sends another is refused when the pilot is created.
"""
