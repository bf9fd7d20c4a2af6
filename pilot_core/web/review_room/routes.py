"""The review room's addresses: the door, the pages, the acts, the news, and what was opened and watched."""

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant
from pilot_core.domain.roles import Role
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, PilotNotFound
from pilot_core.review.approved_video import file_name
from pilot_core.review.certificates import certificate
from pilot_core.review.links import LinkRefused
from pilot_core.review.receipts import record_opened, record_watched
from pilot_core.web.access import rate_limits, who
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import body_of, from_elsewhere
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.review_room import acts, news, pages, unsent
from pilot_core.web.review_room.acts import LONGEST_FORM, ROOM, taking
from pilot_core.web.review_room.assets import asset
from pilot_core.web.review_room.attachments import LONGEST_SENT, attachment, thumbnail
from pilot_core.web.review_room.door import address, door
from pilot_core.web.review_room.entered import Entered
from pilot_core.web.review_room.room import Room, look
from pilot_core.web.routes.downloads import HEADERS
from pilot_core.web.routes.files import answer_with, file_or_refusal
from pilot_core.web.routes.media import type_of

__all__ = ["REVIEW_ROUTES", "ROOM", "address"]

LONGEST_REPORT = 64_000


def room(request: Request) -> Response:
    """The room of the pilot that the visitor's grant is for."""
    return _for_holder(request, lambda found: pages.room_page(request, found))


def approval(request: Request) -> Response:
    """The page that asks whether the version is really approved."""

    def show(found: Room) -> Response:
        if not found.takes_decision:
            return RedirectResponse(ROOM, 303, headers=pages.HEADERS)
        try:
            return pages.approve_page(request, found)
        except NotAllowedNow as error:
            return pages.room_page(request, found, 409, Entered("approve", str(error)))

    return _for_holder(request, show)


def version(request: Request) -> Response:
    """An earlier version."""
    number = request.path_params["number"]
    return _for_holder(request, lambda found: pages.version_page(request, found, number) or not_found())


def comparison(request: Request) -> Response:
    """The newest version beside the one before."""
    return _for_holder(request, lambda found: pages.compare_page(request, found) or not_found())


def preview(request: Request) -> Response:
    """The room as the pilot's founder sees it, for the team: nothing can be done in it, and nothing is recorded."""
    pilot_id = request.path_params["pilot_id"]
    if not ids.PILOT_ID.fullmatch(pilot_id):
        return not_found()
    try:
        return pages.room_page(request, look(app_of(request).store, pilot_id, None))
    except PilotNotFound:
        return not_found()


def approval_certificate(request: Request) -> Response:
    """The certificate of the approval, as a file."""
    return _for_holder(request, lambda found: _certificate(request, found.pilot))


def video(request: Request) -> Response:
    """The approved video, as a file, for reviewers whose link lets them download it."""
    return _for_holder(request, lambda found: _video(request, found))


def _video(request: Request, found: Room) -> Response:
    store, attempt = found.store, found.download
    if attempt is None:
        return not_found()
    file = file_or_refusal(store.media, attempt.video_path or "", found.pilot.pilot_id)
    if isinstance(file, Response):
        return file
    media_type = type_of("video.mp4", file.path)
    if media_type is None:
        return not_found()
    return answer_with(store.media, file, media_type, HEADERS, file_name(found.pilot, attempt), request)


def previewed_certificate(request: Request) -> Response:
    """The same file, for the team."""
    try:
        return _certificate(request, app_of(request).store.load(request.path_params["pilot_id"]))
    except (PilotNotFound, InvalidRequest):
        return not_found()


def _certificate(request: Request, pilot: PilotRun) -> Response:
    try:
        data = certificate(app_of(request).store, pilot, app_of(request).settings.secret)
    except PilotNotFound:
        return not_found()
    headers = {"Content-Disposition": f'attachment; filename="approval_{pilot.pilot_id}.json"'}
    return Response(data, media_type="application/json", headers=pages.HEADERS | headers)


def _for_holder(request: Request, show: Callable[[Room], Response]) -> Response:
    """The page for the holder of a valid grant; for everyone else the closed one."""
    store = app_of(request).store
    try:
        # One store session for who it is and for the room, since everyone in it asks for it at the same news.
        found = store.database.read(lambda _: _found(request))
        return show(found) if found else pages.closed_page(request, visitor_of(request))
    except (LinkRefused, PilotNotFound):
        present = visitor_of(request)
        return pages.closed_page(request, who.Visitor(present.name, present.role, ended=True))


def _found(request: Request) -> Room | None:
    grant = visitor_of(request).grant
    return look(app_of(request).store, grant.pilot_id, grant) if grant else None


async def opened(request: Request) -> Response:
    """Note that a person's page shows an attempt: ``{"attempt": 2}``."""
    store = app_of(request).store
    return await _reported(request, lambda grant, told: record_opened(store, grant, int(told["attempt"])))


async def watched(request: Request) -> Response:
    """Take the seconds of a video that were played: ``{"attempt": 2, "watched": [[0, 12], [20, 25]]}``."""

    def record(grant: Grant, told: Any) -> None:
        record_watched(app_of(request).store, grant, int(told["attempt"]), [_pair(pair) for pair in told["watched"]])

    return await _reported(request, record)


async def _reported(request: Request, record: Callable[[Grant, Any], object]) -> Response:
    """Take a report of the room's own script.

    No form holds a token for it. Instead it must name this very server as its origin, which no other site's page can,
    and which every browser says of a POST.
    """
    if from_elsewhere(request) or "origin" not in request.headers:
        return not_found()
    try:
        told = json.loads(await body_of(request, LONGEST_REPORT))
        return await run_in_threadpool(_record, request, record, told)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return not_found()


def _record(request: Request, record: Callable[[Grant, Any], object], told: Any) -> Response:
    grant = visitor_of(request).grant
    # By the grant: a whole office may watch from one address.
    if grant is None or not rate_limits.REPORTS.spend(grant.grant_hash, app_of(request).settings.database_url):
        return not_found()
    try:
        record(grant, told)
    except PilotError:
        return not_found()
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _pair(pair: Any) -> tuple[int, int]:
    first, last = pair
    return int(first), int(last)


def _form(path: str, endpoint: Callable[[Request], Any], longest: int = LONGEST_FORM) -> BaseRoute:
    # A stranger's form is answered with the page that says why, and with the words that were typed.
    return route(path, endpoint, Role.STRANGER, methods=("POST",), longest_body=longest)


REVIEW_ROUTES: list[BaseRoute] = [
    route("/r/{token}", door, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/review", room, Role.STRANGER),
    route("/review/assets/{hash}/{name}", asset, Role.STRANGER),
    route("/review/preview/{pilot_id}", preview, Role.VIEWER),
    route("/review/versions/{number:int}", version, Role.STRANGER),
    route("/review/compare", comparison, Role.STRANGER),
    route("/review/approve", approval, Role.STRANGER),
    route("/review/certificate", approval_certificate, Role.STRANGER),
    route("/review/video", video, Role.STRANGER),
    route("/review/preview/{pilot_id}/certificate", previewed_certificate, Role.VIEWER),
    route("/review/attachments/{attachment_id}", attachment, Role.REVIEWER),
    route("/review/attachments/{attachment_id}/small", thumbnail, Role.REVIEWER),
    route("/review/events", news.events, Role.REVIEWER),
    route("/review/stamp", news.stamp, Role.REVIEWER),
    route("/review/opened", opened, Role.REVIEWER, methods=("POST",), longest_body=LONGEST_REPORT),
    route("/watched", watched, Role.REVIEWER, methods=("POST",), longest_body=LONGEST_REPORT),
    route("/review/unsent", unsent.keep, Role.REVIEWER, methods=("POST",), longest_body=unsent.LONGEST),
    _form("/review/approve", taking("approve", acts.approve, page="approve"), LONGEST_SENT),
    _form("/review/changes", taking("changes", acts.changes), LONGEST_SENT),
    _form("/review/undo", taking("undo", acts.undo)),
    _form("/review/name", taking("name", acts.rename)),
    _form("/review/comments", taking("comment", acts.comment), LONGEST_SENT),
    _form("/review/comments/{comment_id}/reply", taking("reply", acts.answer), LONGEST_SENT),
    _form("/review/comments/{comment_id}/edit", taking("edit", acts.edit)),
    _form("/review/comments/{comment_id}/delete", taking("delete", acts.delete)),
    _form("/review/requests/{request_id}", taking("request", acts.answer_change)),
    _form("/review/comments/{comment_id}/judge", taking("judge", acts.judge, page="compare", then="/review/compare")),
]
