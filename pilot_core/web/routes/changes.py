"""``/changes``: the number by which an open page of the dashboard knows whether to draw itself anew."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.domain.roles import Role
from pilot_core.store.queries.change_number import change_number
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found, route


def changes(request: Request) -> Response:
    """Return the number of the pilot in the query, or of all. Not async: it asks the store."""
    pilot_id = request.query_params.get("pilot", "")
    if pilot_id and not ids.PILOT_ID.fullmatch(pilot_id):
        return not_found()
    number = change_number(app_of(request).store.database, pilot_id)
    return JSONResponse({"number": number}, headers={"Cache-Control": "no-store"})


CHANGES_ROUTES: list[BaseRoute] = [route("/changes", changes, Role.VIEWER)]
