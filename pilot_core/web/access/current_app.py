"""The app of this server: pages call :func:`app`, routes call :func:`app_of` with their request."""

from functools import cache

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from pilot_core import bootstrap
from pilot_core.bootstrap import App
from pilot_core.settings import read_settings

SCOPE_KEY = "pilot_ops.app"


def app() -> App:
    """Return the app of this process, built from its environment at the first call. Raises PilotError."""
    return _of_this_process()


def app_of(connection: HTTPConnection) -> App:
    """Return the app that handles a request."""
    found: App = connection.scope[SCOPE_KEY]
    return found


class WithApp:
    """Middleware that adds the app to every request."""

    def __init__(self, app: ASGIApp, pilot_ops: App):
        self._app, self._pilot_ops = app, pilot_ops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SCOPE_KEY] = self._pilot_ops
        await self._app(scope, receive, send)


@cache
def _of_this_process() -> App:
    return bootstrap.build(read_settings())
