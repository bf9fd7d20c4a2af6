"""``/changes``: the number by which an open page of the dashboard knows whether to draw itself anew."""

import asyncio
import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.domain.roles import Role
from pilot_core.store.queries.change_number import change_number
from pilot_core.web import ending
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found, route

LOOK_SECONDS = 2.0
HELD_SECONDS = 25.0
"""How long an answer without news is held back at most. Proxies give up on a silent answer after 30 or 60 s."""


async def changes(request: Request) -> Response:
    """Return the number of the pilot in the query, or of all.

    If the query has the number ``seen`` before, the answer is held back until there is another, so that an open page
    asks twice a minute and hears of a change within two seconds.
    """
    pilot_id, seen = request.query_params.get("pilot", ""), request.query_params.get("seen")
    if pilot_id and not ids.PILOT_ID.fullmatch(pilot_id):
        return not_found()
    database, until = app_of(request).store.database, time.monotonic() + HELD_SECONDS
    while True:
        number = await run_in_threadpool(change_number, database, pilot_id)
        if number != seen or time.monotonic() >= until or ending.is_over() or await request.is_disconnected():
            return JSONResponse({"number": number}, headers={"Cache-Control": "no-store"})
        await asyncio.sleep(LOOK_SECONDS)


CHANGES_ROUTES: list[BaseRoute] = [route("/changes", changes, Role.VIEWER)]
