"""Sign in and out: ``/sign-in/<key>``, ``/sign-in/with/<provider>`` and ``/sign-out``.

Opening a key's address does not use the key, since mail programs prefetch links; pressing the button does.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from pilot_core.domain.roles import Role
from pilot_core.review.links import LinkRefused
from pilot_core.services import keys
from pilot_core.services.keys import KeyRefused
from pilot_core.web import streamlit_private
from pilot_core.web.access import accounts, rate_limits, who
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import PAGE_HEADERS, STALE, keep_cookie, page, sent
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.access.visitors import SESSION_COOKIE, visitor_of

CLOSED_TO_REVIEWERS = "This page is for the operations team. Your review is on a page of its own."
TITLE, BUTTON = "Sign in to Pilot Ops", "Sign in"
ASKED = "This link signs you in on this browser, for 30 days. It works once."


async def sign_in(request: Request) -> Response:
    """Show the page of a key with its button, and use the key when the button is pressed."""
    token, sender = request.path_params["key"], rate_limits.address_of(request)
    store = app_of(request).store
    if rate_limits.is_no_guess(request):
        return not_found()
    if not await run_in_threadpool(keys.waits, store, token):
        return await _refused(request, sender)
    if request.method != "POST":
        return page(request, 200, TITLE, ASKED, button=BUTTON)
    if await sent(request) is None:
        return page(request, 403, TITLE, STALE, button=BUTTON, wrong=True)
    try:
        key, cookie = await run_in_threadpool(keys.sign_in, store, token, request.cookies.get(SESSION_COOKIE, ""))
    except KeyRefused:
        return await _refused(request, sender)
    response = RedirectResponse("/", 303, headers=PAGE_HEADERS)
    keep_cookie(request, response, SESSION_COOKIE, cookie, key.expires_at - store.clock())
    return response


async def sign_in_with(request: Request) -> Response:
    """Redirect to an identity provider, by the address that ``st.login`` uses."""
    provider = request.path_params["provider"]
    if not accounts.configured(app_of(request).settings) or provider not in accounts.providers():
        return not_found()
    return RedirectResponse(streamlit_private.login_address(provider), 303, headers=PAGE_HEADERS)


async def sign_out(request: Request) -> Response:
    """Ask for confirmation, then end the session in this browser."""
    present = await run_in_threadpool(visitor_of, request)
    if present.way not in (who.Way.KEY, who.Way.ACCOUNT):
        return page(request, 404, "Not signed in", "There is nothing to sign out of in this browser.")
    title = "Sign out of Pilot Ops"
    if request.method != "POST":
        return page(request, 200, title, f"You are signed in as {present.name}.", button="Sign out")
    if await sent(request) is None:
        return page(request, 403, title, STALE, button="Sign out", wrong=True)
    if present.way is who.Way.ACCOUNT:
        return RedirectResponse("/auth/logout", 303, headers=PAGE_HEADERS)
    await run_in_threadpool(keys.sign_out, app_of(request).store, request.cookies[SESSION_COOKIE])
    response = page(request, 200, "Signed out", "Your key has ended. To come back, ask a lead for a new sign-in link.")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def closed(request: Request, present: who.Visitor) -> Response:
    """Return the page that visitors outside the team get in place of the dashboard."""
    if present.grant:
        return page(request, 403, "Closed", CLOSED_TO_REVIEWERS, links={"Go to your review": "/review"})
    if accounts.configured(app_of(request).settings):
        links = {_with(name): f"/sign-in/with/{name}" for name in accounts.providers()}
        return page(request, 403, "Sign in", who.CLOSED, links=links)
    if present.ended:
        return page(request, 403, "This link is not open", str(LinkRefused()))
    return page(request, 403, "Closed", who.CLOSED)


async def _refused(request: Request, sender: str) -> Response:
    if not await run_in_threadpool(rate_limits.WRONG_TOKENS.spend, sender, app_of(request).settings.database_url):
        return page(request, 429, "Closed for a little while", str(rate_limits.TooMuch()))
    return page(request, 404, "This link is not open", str(KeyRefused()))


def _with(provider: str) -> str:
    return "Sign in with your account" if provider == "default" else f"Sign in with {provider}"


SIGN_IN_ROUTES: list[BaseRoute] = [
    route("/sign-in/with/{provider}", sign_in_with, Role.STRANGER),
    route("/sign-in/{key}", sign_in, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/sign-out", sign_out, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
]
