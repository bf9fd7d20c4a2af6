"""Every address that is not a page."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pilot_core.web.downloads import DOWNLOAD_ROUTES
from pilot_core.web.media import MEDIA_ROUTES


async def health(request: Request) -> JSONResponse:
    """For a monitor: the server answers."""
    return JSONResponse({"status": "ok"})


ROUTES: list[BaseRoute] = [Route("/healthz", health), *MEDIA_ROUTES, *DOWNLOAD_ROUTES]
