"""The review room's addresses beside the page: the door, ``/r/<token>``, and what was watched, ``/watched``."""

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from pilot_core.errors import PilotError
from pilot_core.review.links import LinkRefused, PassphraseLocked, PassphraseNeeded, open_link
from pilot_core.review.receipts import record_watched
from pilot_core.web import access, rates
from pilot_core.web.access import Role
from pilot_core.web.forms import PAGE_HEADERS, STALE, body_of, from_elsewhere, keep_cookie, page, sent
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

ROOM = "/review"
LONGEST_REPORT = 64_000
DOOR_HEADERS = PAGE_HEADERS | {"Referrer-Policy": "no-referrer"}


def address(token: str) -> str:
    """Where a link's token is traded, on this server."""
    return f"/r/{token}"


async def door(request: Request) -> Response:
    """Trade a link's token, and its passphrase where it has one, for the grant cookie; then on to the room.

    Whatever does not open, for whatever reason, gets the same page. A GET may do this, as a link in a mail is one: it
    can be repeated, and changes nothing but this browser's own cookie.
    """
    token, sender = request.path_params["token"], rates.address_of(request)
    if request.method == "HEAD":
        return Response(headers=DOOR_HEADERS)
    if await run_in_threadpool(rates.WRONG_TOKENS.is_spent, sender):
        return page(request, 429, "Closed for a little while", str(rates.TooMuch()))
    passphrase = None
    if request.method == "POST":
        fields = await sent(request)
        if fields is None:
            return _asks(request, 403, STALE, wrong=True)
        passphrase = fields.get("passphrase", "")
        if passphrase.strip() and not await run_in_threadpool(rates.PASSPHRASES.spend, sender):
            return page(request, 429, "Closed for a little while", str(rates.TooMuch()))
    held = request.cookies.get(access.COOKIE)
    try:
        grant, cookie = await run_in_threadpool(open_link, store(), token, passphrase, held=held)
    except PassphraseNeeded as error:
        wrong = bool(passphrase and passphrase.strip())
        return _asks(request, 403 if wrong else 200, str(error), wrong=wrong)
    except PassphraseLocked as error:
        return page(request, 429, "Closed for a little while", str(error))
    except LinkRefused as error:
        await run_in_threadpool(rates.WRONG_TOKENS.spend, sender)
        return page(request, 404, "This link is not open", str(error))
    response = RedirectResponse(ROOM, 303, headers=DOOR_HEADERS)
    keep_cookie(request, response, access.COOKIE, cookie, grant.expires_at - store().clock())
    return response


async def watched(request: Request) -> Response:
    """Take the seconds of a film that were played: ``{"attempt": 2, "watched": [[0, 12], [20, 25]]}``.

    Sent by the room's own script, so no form holds a token for it. Instead it must name this very server as its origin,
    which no other site's page can, and which every browser says of a POST.
    """
    if from_elsewhere(request) or "origin" not in request.headers:
        return not_found()
    if not await run_in_threadpool(rates.REPORTS.spend, rates.address_of(request)):
        return not_found()
    try:
        told = json.loads(await body_of(request, LONGEST_REPORT))
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


def _asks(request: Request, status: int, sentence: str, *, wrong: bool) -> Response:
    title = "This review has a passphrase"
    return page(request, status, title, sentence, button="Open the review", passphrase=True, wrong=wrong)


REVIEW_ROUTES: list[BaseRoute] = [
    route("/r/{token}", door, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/watched", watched, Role.REVIEWER, methods=("POST",), longest_body=LONGEST_REPORT),
]
