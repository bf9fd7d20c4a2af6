"""Addresses that messages name: ``/quiet/<token>``, where reminders end, and ``/calendar/<token>.ics``."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pilot_core.messages import calendar, outbox
from pilot_core.settings import settings
from pilot_core.web import accounts, rates
from pilot_core.web.access import Role
from pilot_core.web.forms import STALE, page, sent
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

TITLE = "No more reminders"
ASKED = "We then write only when there is a new version of your film. The link to it stays open."
DONE = "You get no more reminders about this film. If you change your mind, tell whoever sent you the film."
WRONG = "This link does not open anything any more. Tell whoever sent it that you want no more reminders."


async def quiet(request: Request) -> Response:
    """Ask, and at the button's press end a founder's reminders. Looking changes nothing: mail programs look ahead."""
    token, sender = request.path_params["token"], rates.address_of(request)
    if await run_in_threadpool(rates.WRONG_TOKENS.is_spent, sender):
        return page(request, 429, "Closed for a little while", str(rates.TooMuch()))
    if await run_in_threadpool(outbox.pilot_to_quiet, store(), token) is None:
        await run_in_threadpool(rates.WRONG_TOKENS.spend, sender)
        return page(request, 404, "This link is not open", WRONG)
    if request.method != "POST":
        return page(request, 200, TITLE, ASKED, button="Send me no more reminders")
    if await sent(request) is None:
        return page(request, 403, TITLE, STALE, button="Send me no more reminders", wrong=True)
    await run_in_threadpool(outbox.be_quiet, store(), token)
    return page(request, 200, TITLE, DONE)


def feed(request: Request) -> Response:
    """What is due, for a lead's calendar program, which brings nothing but the address."""
    sender = rates.address_of(request)
    if rates.WRONG_TOKENS.is_spent(sender):
        return not_found()
    found = calendar.feed_of(store(), request.path_params["token"])
    if found is None or (found.is_account and accounts.role_of(found.name) is None):
        rates.WRONG_TOKENS.spend(sender)
        return not_found()
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    text = calendar.calendar(store(), settings())
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


MESSAGE_ROUTES: list[BaseRoute] = [
    route("/quiet/{token}", quiet, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/calendar/{token}.ics", feed, Role.STRANGER),
]
