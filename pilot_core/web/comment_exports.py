"""A pilot's comments as files at ``/download/<pilot_id>/comments/…``: CSV of all, markers for editors by attempt."""

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.review.comments import comments_of, threads_of
from pilot_core.web import access
from pilot_core.web.downloads import HEADERS, attachment
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

ALL = "all.csv"
MARKERS = re.compile(r"attempt_([1-9][0-9]{0,3})\.(edl|xml)")


def address(pilot_id: str, name: str) -> str:
    """Where an export is downloaded; ``name`` is ``ALL``, ``attempt_2.edl`` or ``attempt_2.xml``."""
    return f"/download/{pilot_id}/comments/{name}"


# Not async: it asks the store, so Starlette runs it in a thread.
def comments(request: Request) -> Response:
    """One export, for the team. Whatever is unknown or not for this visitor gives the same answer."""
    pilot_id, name = request.path_params["pilot_id"], request.path_params["name"]
    try:
        return _answer(pilot_id, name)
    except InvalidRequest as error:
        return PlainTextResponse(str(error), 422, headers=HEADERS)
    except PilotError:
        return not_found()


def _answer(pilot_id: str, name: str) -> Response:
    # OpenTimelineIO takes long to load, and only this needs it.
    from pilot_core.export.markers import comments_csv, markers_edl, markers_xml

    if name == ALL:
        store().load(pilot_id)
        content = comments_csv(comments_of(store(), pilot_id))
        return attachment(content, "text/csv; charset=utf-8", f"{pilot_id}_comments.csv")
    match = MARKERS.fullmatch(name)
    if match is None:
        return not_found()
    pilot = store().load(pilot_id)
    attempt = pilot.attempt(int(match[1]))
    threads = threads_of(store(), pilot_id, attempt.attempt_number)
    write = markers_edl if match[2] == "edl" else markers_xml
    media_type = "text/plain; charset=utf-8" if match[2] == "edl" else "application/xml"
    return attachment(write(pilot, attempt, threads), media_type, f"{attempt.attempt_id}_comments.{match[2]}")


COMMENT_ROUTES: list[BaseRoute] = [route("/download/{pilot_id}/comments/{name}", comments, access.Role.VIEWER)]
