"""The review room's addresses beside the page: the door, ``/r/<token>``, and what was watched, ``/watched``."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pilot_core.errors import PilotError
from pilot_core.review.links import Grant, LinkRefused, PassphraseLocked, PassphraseNeeded, open_link
from pilot_core.review.receipts import record_watched
from pilot_core.settings import ROOT
from pilot_core.web import access
from pilot_core.web.downloads import not_found
from pilot_core.web.stores import store

ROOM = "/review"
LONGEST_FORM = 8_000
LONGEST_REPORT = 64_000
DOOR_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}


def address(token: str) -> str:
    """Where a link's token is traded, on this server."""
    return f"/r/{token}"


async def door(request: Request) -> Response:
    """Trade a link's token, and its passphrase where it has one, for the grant cookie; then on to the room.

    Whatever does not open, for whatever reason, gets the same page.
    """
    token = request.path_params["token"]
    if request.method == "HEAD":
        return Response(headers=DOOR_HEADERS)
    passphrase = await _passphrase(request) if request.method == "POST" else None
    held = request.cookies.get(access.COOKIE)
    try:
        grant, cookie = await run_in_threadpool(open_link, store(), token, passphrase, held=held)
    except PassphraseNeeded as error:
        wrong = bool(passphrase and passphrase.strip())
        return _page(403 if wrong else 200, "This review has a passphrase", str(error), form=True, wrong=wrong)
    except PassphraseLocked as error:
        return _page(429, "Closed for a little while", str(error))
    except LinkRefused as error:
        return _page(404, "This link is not open", str(error))
    response = RedirectResponse(ROOM, 303, headers=DOOR_HEADERS)
    _set_cookie(request, response, grant, cookie)
    return response


async def watched(request: Request) -> Response:
    """Take the seconds of a film that were played: ``{"attempt": 2, "watched": [[0, 12], [20, 25]]}``.

    Sent by the room itself, so it comes from this very origin.
    """
    if not _same_origin(request):
        return not_found()
    try:
        told = json.loads(await _body(request, LONGEST_REPORT))
        attempt, seconds = int(told["attempt"]), [_pair(pair) for pair in told["watched"]]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return not_found()
    return await run_in_threadpool(_record, request, attempt, seconds)


def _record(request: Request, attempt: int, seconds: list[tuple[int, int]]) -> Response:
    grant = access.visitor_of(request).grant
    try:
        if grant is None:
            return not_found()
        record_watched(store(), grant, attempt, seconds)
    except PilotError:
        return not_found()
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _pair(pair: Any) -> tuple[int, int]:
    first, last = pair
    return int(first), int(last)


async def _passphrase(request: Request) -> str | None:
    """The passphrase of the form; "" for a form that is too long, or none at all."""
    try:
        fields: Mapping[str, list[str]] = parse_qs((await _body(request, LONGEST_FORM)).decode("utf-8", "replace"))
    except ValueError:
        return None
    return fields.get("passphrase", [""])[0]


async def _body(request: Request, limit: int) -> bytes:
    """The request's body. Raises ValueError when it is longer."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ValueError("the request is too long")
    return body


def _same_origin(request: Request) -> bool:
    """Whether the request comes from a page of this server; every browser names the origin of a POST."""
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


def _set_cookie(request: Request, response: Response, grant: Grant, cookie: str) -> None:
    """Lax, not Strict: whoever follows the link again from their mail is recognised, and keeps name and passphrase.

    No GET changes what a cookie could be misused for, and a Lax cookie goes with no other cross-site request.
    """
    left = grant.expires_at - store().clock()
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    response.set_cookie(
        access.COOKIE, cookie, max_age=int(left.total_seconds()), path="/", httponly=True, samesite="lax", secure=secure
    )


def _page(status: int, title: str, sentence: str, *, form: bool = False, wrong: bool = False) -> Response:
    page = _templates().get_template("door.html.j2").render(title=title, sentence=sentence, form=form, wrong=wrong)
    return HTMLResponse(page, status, headers=DOOR_HEADERS)


@cache
def _templates() -> jinja2.Environment:
    """The templates of pages outside Streamlit: everything is escaped, a missing name is an error."""
    loader = jinja2.FileSystemLoader(ROOT / "templates" / "web")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


REVIEW_ROUTES: list[BaseRoute] = [
    Route("/r/{token}", door, methods=["GET", "POST"]),
    Route("/watched", watched, methods=["POST"]),
]
