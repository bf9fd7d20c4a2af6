"""Use a test's store in pages and routes, without a server."""

import pytest

from pilot_core import PilotStore
from pilot_core.bootstrap import App
from pilot_core.rendering.launching import launcher
from pilot_core.settings import read_settings
from pilot_core.web.access import current_app


def serve(patch: pytest.MonkeyPatch, store: PilotStore) -> None:
    """Make pages and routes use that store, with the environment's settings at the time of each request."""
    patch.setattr(current_app, "_of_this_process", lambda: app_on(store))


def app_on(store: PilotStore) -> App:
    """Return an app on that store, with the settings of the environment."""
    settings = read_settings()
    return App(settings, store, launcher(settings.workers_database_url), store.clock)


def served_scope() -> dict[str, App]:
    """Return what a request's scope has in addition to the request."""
    return {current_app.SCOPE_KEY: current_app.app()}
