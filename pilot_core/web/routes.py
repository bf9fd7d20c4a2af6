"""Every address that is not a page."""

import shutil

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from pilot_core.errors import PilotError
from pilot_core.settings import VERSION
from pilot_core.store.database import rows
from pilot_core.web import access
from pilot_core.web.access import Role
from pilot_core.web.background import watch_of
from pilot_core.web.badges import draw_dots
from pilot_core.web.comment_exports import COMMENT_ROUTES
from pilot_core.web.downloads import DOWNLOAD_ROUTES
from pilot_core.web.media import MEDIA_ROUTES
from pilot_core.web.message_routes import MESSAGE_ROUTES
from pilot_core.web.review_routes import REVIEW_ROUTES
from pilot_core.web.sign_in_routes import SIGN_IN_ROUTES
from pilot_core.web.stated import route
from pilot_core.web.stores import store
from pilot_core.web.uploads import UPLOAD_ROUTES


# Not async: it asks the store and the disk, so Starlette runs it in a thread.
def health(request: Request) -> Response:
    """For a monitor: 503 when the store does not answer, or nobody looks after the renders any more.

    The team is told more, others only the status.
    """
    told: dict[str, object]
    on_the_team = False
    try:
        on_the_team = access.visitor_of(request).on_the_team
        store().database.read(lambda connection: rows(connection, "SELECT 1 FROM pilots LIMIT 1"))
        free = shutil.disk_usage(store().root).free // 1_000_000
        status, told = 200, {"status": "ok", "store": "reachable", "disk_free_megabytes": free, "version": VERSION}
        if watch := watch_of(store()):
            told["renders"] = {"watched": watch.is_alive, "seconds_since_look": round(watch.seconds_since_look, 1)}
            if not watch.is_alive:
                status, told["status"] = 503, "failing"
    except (PilotError, OSError) as error:
        status, told = 503, {"status": "failing", "store": str(error), "version": VERSION}
    return JSONResponse(told if on_the_team else {"status": told["status"]}, status)


async def dots(request: Request) -> Response:
    """The drawing of a pilot's attempts in the table; it holds nothing but the words in its address."""
    drawn = draw_dots(request.path_params["words"])
    if drawn is None:
        return PlainTextResponse("Not found", 404)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400, immutable"})


ROUTES: list[BaseRoute] = [
    route("/healthz", health, Role.STRANGER),
    route("/dots/{words}.svg", dots, Role.STRANGER),
    *SIGN_IN_ROUTES,
    *REVIEW_ROUTES,
    *MESSAGE_ROUTES,
    *MEDIA_ROUTES,
    *COMMENT_ROUTES,
    *DOWNLOAD_ROUTES,
    *UPLOAD_ROUTES,
]
