"""A pilot's comments as files at ``/download/<pilot_id>/comments/…``: CSV of all, markers for editors by attempt."""

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from pilot_core.domain.roles import Role
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.export.comments import comments_csv
from pilot_core.export.markers import MARKER_FORMATS, markers_of
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.routes.downloads import HEADERS, attachment

ALL = "all.csv"
MARKERS = re.compile(rf"attempt_([1-9][0-9]{{0,3}})\.({'|'.join(MARKER_FORMATS)})")
ZERO = "zero"


def address(pilot_id: str, name: str, *, edl_from_first_hour: bool = True) -> str:
    """Return the address of an export; ``name`` is ``ALL``, or as ``attempt_2.edl`` in one of ``MARKER_FORMATS``."""
    return f"/download/{pilot_id}/comments/{name}{'' if edl_from_first_hour else f'?start={ZERO}'}"


# Not async: it reads the store, so Starlette runs it in a thread.
def comments(request: Request) -> Response:
    """Return an export, for the team. Returns 404 for anything unknown or not allowed for this visitor."""
    pilot_id, name = request.path_params["pilot_id"], request.path_params["name"]
    try:
        return _answer(app_of(request).store, pilot_id, name, request.query_params.get("start") != ZERO)
    except InvalidRequest as error:
        return PlainTextResponse(str(error), 422, headers=HEADERS)
    except PilotError:
        return not_found()


def _answer(store: PilotStore, pilot_id: str, name: str, edl_from_first_hour: bool) -> Response:
    if name == ALL:
        store.load(pilot_id)
        content = comments_csv(store, pilot_id)
        return attachment(content, "text/csv; charset=utf-8", f"{pilot_id}_comments.csv")
    match = MARKERS.fullmatch(name)
    if match is None:
        return not_found()
    pilot, number, suffix = store.load(pilot_id), int(match[1]), match[2]
    content = markers_of(store, pilot, number, suffix, edl_from_first_hour=edl_from_first_hour)
    name = f"{pilot.attempt(number).attempt_id}_comments.{suffix}"
    return attachment(content, MARKER_FORMATS[suffix].media_type, name)


COMMENT_ROUTES: list[BaseRoute] = [route("/download/{pilot_id}/comments/{name}", comments, Role.VIEWER)]
