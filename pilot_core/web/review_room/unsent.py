"""What is typed in the room and not sent yet is kept here too: browsers forget theirs after a week without a visit."""

import json
import logging
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pilot_core.domain.reviews import Grant, Unsent
from pilot_core.errors import PilotError
from pilot_core.review import unsent
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import rate_limits
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import Form, body_of, from_elsewhere
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.access.visitors import visitor_of

log = logging.getLogger(__name__)

LONGEST = 4 * unsent.LONGEST + 1_000
"""Bytes of a request."""


async def keep(request: Request) -> Response:
    """Keep the words of a form: ``{"form": "comment …", "key": …, "turn": 7, "words": {…}}``.

    Without ``words`` they are discarded. Sent by the page, so it must name this server as its origin.
    """
    if from_elsewhere(request) or "origin" not in request.headers:
        return not_found()
    try:
        told = json.loads(await body_of(request, LONGEST))
        return await run_in_threadpool(_keep, request, told)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return not_found()


def _keep(request: Request, told: dict[str, Any]) -> Response:
    grant = visitor_of(request).grant
    if grant is None or not rate_limits.UNSENT.spend(grant.grant_hash, app_of(request).settings.database_url):
        return not_found()
    words = told.get("words")
    given = json.dumps(dict(words), ensure_ascii=False) if words else ""
    try:
        form = Unsent(str(told["form"]), str(told["key"]), int(told["turn"]), given)
        unsent.save(app_of(request).store, grant, form)
    except PilotError:
        return not_found()
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def erase_sent(store: PilotStore, grant: Grant, form: Form) -> None:
    """Erase what was kept of a form that was done. The act is done: what fails here is only logged."""
    name, turn = form.one("draft"), form.one("turn")
    if not name or not turn.isdigit():  # sent without a script
        return
    try:
        unsent.forget(store, grant, Unsent(name, form.one("key"), int(turn), ""))
    except PilotError:
        log.warning("the kept words of a sent form could not be erased", exc_info=True)
