"""The list of all routes that are not pages."""

import shutil

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from pilot_core.domain.roles import Role
from pilot_core.errors import PilotError
from pilot_core.settings import VERSION
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import route
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.components.badges import draw_dots
from pilot_core.web.review_room.routes import REVIEW_ROUTES
from pilot_core.web.routes.changes import CHANGES_ROUTES
from pilot_core.web.routes.comment_exports import COMMENT_ROUTES
from pilot_core.web.routes.downloads import DOWNLOAD_ROUTES
from pilot_core.web.routes.media import MEDIA_ROUTES
from pilot_core.web.routes.messages import MESSAGE_ROUTES
from pilot_core.web.routes.sign_in import SIGN_IN_ROUTES
from pilot_core.web.routes.uploads import UPLOAD_ROUTES
from pilot_core.web.server.background import watch_of


# Not async: it reads the store and the disk, so Starlette runs it in a thread.
def health(request: Request) -> Response:
    """Return the server's health for monitors: 503 if the store does not answer, or background work has ended or hangs.

    Team members get details, such as the names of the threads that are ``late``, others only the status.
    """
    body: dict[str, object]
    on_the_team = False
    store = app_of(request).store
    try:
        on_the_team = visitor_of(request).on_the_team
        store.database.check_reachable()
        free = shutil.disk_usage(store.root).free // 1_000_000
        status, body = 200, {"status": "ok", "store": "reachable", "disk_free_megabytes": free, "version": VERSION}
        if watch := watch_of(store):
            body["renders"] = {"watched": watch.is_alive, "seconds_since_look": round(watch.seconds_since_look, 1)}
            body["late"] = watch.late
            if watch.late or not watch.is_alive:
                status, body["status"] = 503, "failing"
    except (PilotError, OSError) as error:
        status, body = 503, {"status": "failing", "store": str(error), "version": VERSION}
    return JSONResponse(body if on_the_team else {"status": body["status"]}, status)


async def dots(request: Request) -> Response:
    """Return the image of a pilot's attempts in the table. It contains only what is in its address."""
    drawn = draw_dots(request.path_params["words"])
    if drawn is None:
        return PlainTextResponse("Not found", 404)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400, immutable"})


ROUTES: list[BaseRoute] = [
    route("/healthz", health, Role.STRANGER),
    route("/dots/{words}.svg", dots, Role.STRANGER),
    *SIGN_IN_ROUTES,
    *CHANGES_ROUTES,
    *REVIEW_ROUTES,
    *MESSAGE_ROUTES,
    *MEDIA_ROUTES,
    *COMMENT_ROUTES,
    *DOWNLOAD_ROUTES,
    *UPLOAD_ROUTES,
]
