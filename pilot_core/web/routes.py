"""Every address that is not a page."""

import shutil

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pilot_core.errors import PilotError
from pilot_core.store.database import rows
from pilot_core.web.badges import draw_dots
from pilot_core.web.comment_exports import COMMENT_ROUTES
from pilot_core.web.downloads import DOWNLOAD_ROUTES
from pilot_core.web.media import MEDIA_ROUTES
from pilot_core.web.review_routes import REVIEW_ROUTES
from pilot_core.web.stores import store


# Not async: it asks the store and the disk, so Starlette runs it in a thread.
def health(request: Request) -> Response:
    """For a monitor: whether the store answers, and how much room its disk has; 503 when it does not answer."""
    try:
        store().database.read(lambda connection: rows(connection, "SELECT 1 FROM pilots LIMIT 1"))
        free = shutil.disk_usage(store().root).free // 1_000_000
    except (PilotError, OSError) as error:
        return JSONResponse({"status": "failing", "store": str(error)}, 503)
    return JSONResponse({"status": "ok", "store": "reachable", "disk_free_megabytes": free})


async def dots(request: Request) -> Response:
    """The drawing of a pilot's attempts in the table; it holds nothing but the words in its address."""
    drawn = draw_dots(request.path_params["words"])
    if drawn is None:
        return PlainTextResponse("Not found", 404)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400, immutable"})


ROUTES: list[BaseRoute] = [
    Route("/healthz", health),
    Route("/dots/{words}.svg", dots),
    *REVIEW_ROUTES,
    *MEDIA_ROUTES,
    *COMMENT_ROUTES,
    *DOWNLOAD_ROUTES,
]
