"""Addresses used in messages: ``/quiet/<token>``, which ends reminders, and ``/calendar/<token>.ics``."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pilot_core.domain.roles import Role
from pilot_core.messages import calendar, outbox
from pilot_core.web.access import accounts, rate_limits
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import STALE, page, sent
from pilot_core.web.access.guarded_routes import not_found, route

TITLE = "No more reminders"
ASKED = "We then write only when there is a new version of your film. The link to it stays open."
DONE = "You get no more reminders about this film. If you change your mind, tell whoever sent you the film."
WRONG = "This link does not open anything any more. Tell whoever sent it that you want no more reminders."


async def quiet(request: Request) -> Response:
    """Ask for confirmation, then end a founder's reminders. A GET changes nothing: mail programs prefetch links."""
    token, sender = request.path_params["token"], rate_limits.address_of(request)
    store, database_url = app_of(request).store, app_of(request).settings.database_url
    if rate_limits.is_no_guess(request):
        return not_found()
    if await run_in_threadpool(outbox.pilot_of_opt_out, store, token) is None:
        if not await run_in_threadpool(rate_limits.WRONG_TOKENS.spend, sender, database_url):
            return page(request, 429, "Closed for a little while", str(rate_limits.TooMuch()))
        return page(request, 404, "This link is not open", WRONG)
    if request.method != "POST":
        return page(request, 200, TITLE, ASKED, button="Send me no more reminders")
    if await sent(request) is None:
        return page(request, 403, TITLE, STALE, button="Send me no more reminders", wrong=True)
    await run_in_threadpool(outbox.opt_out, store, token)
    return page(request, 200, TITLE, DONE)


def feed(request: Request) -> Response:
    """Return the due dates for a lead's calendar program, which is authorised by the token in the address."""
    app, sender = app_of(request), rate_limits.address_of(request)
    if rate_limits.is_no_guess(request):
        return not_found()
    found = calendar.feed_of(app.store, request.path_params["token"])
    if found is None or (found.is_account and accounts.role_of(app.settings, found.name) is None):
        rate_limits.WRONG_TOKENS.spend(sender, app.settings.database_url)
        return not_found()
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    text = calendar.calendar(app.store, app.settings)
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


MESSAGE_ROUTES: list[BaseRoute] = [
    route("/quiet/{token}", quiet, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/calendar/{token}.ics", feed, Role.STRANGER),
]
