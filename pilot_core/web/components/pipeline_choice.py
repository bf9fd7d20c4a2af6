"""The pipelines that a person can choose for an attempt."""

from pilot_core.video.pipelines import PIPELINES, available
from pilot_core.web.access.current_app import app


def pipelines() -> list[str]:
    """Return the names of the pipelines that this server can run, the default first."""
    return [pipeline.name for pipeline in available(app().settings)]


def label(name: str) -> str:
    """Return the label of a pipeline in a form."""
    return PIPELINES[name].label
