"""The door of the review room, ``/r/<token>``: a look changes nothing, the act trades the token for a grant."""

from dataclasses import dataclass
from enum import StrEnum

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pilot_core.domain.reviews import Grant, ReviewLink
from pilot_core.review.links import (
    LinkRefused,
    PassphraseLocked,
    PassphraseNeeded,
    grant_for,
    link_behind,
    open_link,
)
from pilot_core.review.receipts import record_opened
from pilot_core.review.shown import shown_attempts
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import rate_limits
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import STALE, Form, keep_cookie, page, read_form
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.access.preload_pass import end_pass, give_pass
from pilot_core.web.access.visitors import GRANT_COOKIE
from pilot_core.web.review_room import pages
from pilot_core.web.review_room.room import look, media_of

ROOM = "/review"
CLOSED_FOR_NOW = "Closed for a little while"
ANOTHER = "another review"


class Ask(StrEnum):
    """What the door asks for before it opens."""

    OPEN = "open"
    PASSPHRASE = "passphrase"
    REPLACE = "replace"


@dataclass(frozen=True)
class Holding:
    """The review that this browser has open, and the one that the link is for, in words."""

    held: str
    held_name: str
    offered: str


def address(token: str) -> str:
    """Where a link's token is traded, on this server."""
    return f"/r/{token}"


async def door(request: Request) -> Response:
    """Show the door (GET), or open it (POST): the token, and the passphrase where there is one, for the grant's cookie.

    Whatever does not open, for whatever reason, gets the same page.
    """
    token, sender = request.path_params["token"], rate_limits.address_of(request)
    if rate_limits.is_no_guess(request):
        return not_found()
    try:
        if request.method != "POST":
            return await run_in_threadpool(_shown, request, token)
        form = await read_form(request)
        if form is None or not form.is_proven:
            return await run_in_threadpool(_shown, request, token, 403, STALE)
        return await _open(request, token, sender, form)
    except LinkRefused as error:
        # Counted after the look-up, so that a limit never stands before the right token.
        if not await run_in_threadpool(rate_limits.WRONG_TOKENS.spend, sender, app_of(request).settings.database_url):
            return page(request, 429, CLOSED_FOR_NOW, str(rate_limits.TooMuch()))
        return page(request, 404, "This link is not open", str(error))


async def _open(request: Request, token: str, sender: str, form: Form) -> Response:
    database_url = app_of(request).settings.database_url
    tried = bool(form.one("passphrase").strip())
    within = not tried or await run_in_threadpool(rate_limits.PASSPHRASES.spend, sender, database_url)
    return await run_in_threadpool(_traded, request, token, form, within)


def _traded(request: Request, token: str, form: Form, within: bool) -> Response:
    """The grant's cookie and the way to the room; or the door again with what it asks for. Raises LinkRefused.

    The page's script asks for the room itself in place of the way to it, and shows it in the page's place.
    """
    passphrase = form.one("passphrase")
    store, held = app_of(request).store, request.cookies.get(GRANT_COOKIE)
    link = link_behind(store, token)
    if form.one("replace") != "yes" and _other(store, held, link):
        return _shown(request, token)
    try:
        grant, cookie = open_link(store, token, passphrase, held=held)
    except PassphraseNeeded as error:
        wrong = bool(passphrase.strip())
        if not within:  # the right passphrase opens all the same; what can be tried is limited by the link's own lock
            return page(request, 429, CLOSED_FOR_NOW, str(rate_limits.TooMuch()))
        return _shown(request, token, 403 if wrong else 200, str(error) if wrong else "")
    except PassphraseLocked as error:
        return page(request, 429, CLOSED_FOR_NOW, str(error))
    if form.one("direct") == "yes":  # its script reports that it is open
        response = pages.room_page(request, look(store, grant.pilot_id, grant))
    else:
        if newest := store.load(grant.pilot_id).newest_ready_attempt:
            record_opened(store, grant, newest.attempt_number)
        response = RedirectResponse(ROOM, 303, headers=pages.HEADERS)
    keep_cookie(request, response, GRANT_COOKIE, cookie, grant.expires_at - store.clock())
    end_pass(response)
    return response


def _shown(request: Request, token: str, status: int = 200, fault: str = "") -> Response:
    """The door: what the link is, with the button that opens it. Raises LinkRefused."""
    store, held = app_of(request).store, request.cookies.get(GRANT_COOKIE)
    link = link_behind(store, token)
    already = grant_for(store, held)
    mine = already is not None and already.link_id == link.link_id
    other = _other(store, held, link)
    ask = Ask.REPLACE if other else Ask.PASSPHRASE if link.has_passphrase and not mine else Ask.OPEN
    opens_itself = ask is Ask.OPEN and not fault
    newest = next(iter(shown_attempts(store.load(link.pilot_id))), None) if opens_itself else None
    media = media_of(store, link.pilot_id, newest) if newest else None
    response = pages.render(
        request,
        "door.html.j2",
        status,
        ask=ask,
        fault=fault,
        origin=app_of(request).settings.url or str(request.base_url).rstrip("/"),
        holding=_in_words(store, other, link) if other else None,
        has_passphrase=link.has_passphrase,
        media=media,
    )
    if media and not mine:
        give_pass(request, response, token)
    return response


def _other(store: PilotStore, held: str | None, link: ReviewLink) -> Grant | None:
    """The valid grant of another link that this browser holds."""
    already = grant_for(store, held)
    return already if already and already.link_id != link.link_id else None


def _in_words(store: PilotStore, held: Grant, link: ReviewLink) -> Holding:
    """Both reviews by name; of one behind a passphrase nothing is said before it was given."""
    offered = ANOTHER if link.has_passphrase else f"{store.load(link.pilot_id).company_name}, as {link.reviewer}"
    return Holding(store.load(held.pilot_id).company_name, held.name, offered)
