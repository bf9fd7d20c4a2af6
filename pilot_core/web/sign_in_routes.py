"""Signing in and out: ``/sign-in/<key>``, ``/sign-in/with/<provider>`` and ``/sign-out``.

Looking at a key's address uses nothing up, since mail programs look ahead; the button on that page does.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from pilot_core import keys
from pilot_core.keys import KeyRefused
from pilot_core.web import access, accounts, rates
from pilot_core.web.access import Role
from pilot_core.web.forms import PAGE_HEADERS, STALE, keep_cookie, page, sent
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

TITLE, BUTTON = "Sign in to Pilot Ops", "Sign in"
ASKED = "This link signs you in on this browser, for 30 days. It works once."


async def sign_in(request: Request) -> Response:
    """Show the button of a key's page, and take the key when it is pressed."""
    token, sender = request.path_params["key"], rates.address_of(request)
    if await run_in_threadpool(rates.WRONG_TOKENS.is_spent, sender):
        return page(request, 429, "Closed for a little while", str(rates.TooMuch()))
    if not await run_in_threadpool(keys.waits, store(), token):
        return await _refused(request, sender)
    if request.method != "POST":
        return page(request, 200, TITLE, ASKED, button=BUTTON)
    if await sent(request) is None:
        return page(request, 403, TITLE, STALE, button=BUTTON, wrong=True)
    try:
        key, cookie = await run_in_threadpool(keys.sign_in, store(), token)
    except KeyRefused:
        return await _refused(request, sender)
    response = RedirectResponse("/", 303, headers=PAGE_HEADERS)
    keep_cookie(request, response, access.SESSION_COOKIE, cookie, key.expires_at - store().clock())
    return response


async def sign_in_with(request: Request) -> Response:
    """Go on to an identity provider, by the address that ``st.login`` uses."""
    provider = request.path_params["provider"]
    if not accounts.configured() or provider not in accounts.providers():
        return not_found()
    return RedirectResponse(accounts.login_address(provider), 303, headers=PAGE_HEADERS)


async def sign_out(request: Request) -> Response:
    """Ask, and end the session in this browser."""
    present = await run_in_threadpool(access.visitor_of, request)
    if present.way not in (access.Way.KEY, access.Way.ACCOUNT):
        return page(request, 404, "Not signed in", "There is nothing to sign out of in this browser.")
    title = "Sign out of Pilot Ops"
    if request.method != "POST":
        return page(request, 200, title, f"You are signed in as {present.name}.", button="Sign out")
    if await sent(request) is None:
        return page(request, 403, title, STALE, button="Sign out", wrong=True)
    if present.way is access.Way.ACCOUNT:
        return RedirectResponse("/auth/logout", 303, headers=PAGE_HEADERS)
    await run_in_threadpool(keys.sign_out, store(), request.cookies[access.SESSION_COOKIE])
    response = page(request, 200, "Signed out", "Your key has ended. To come back, ask a lead for a new sign-in link.")
    response.delete_cookie(access.SESSION_COOKIE, path="/")
    return response


def closed(request: Request, present: access.Visitor) -> Response:
    """What a stranger gets in place of every page."""
    if accounts.configured():
        links = {_with(name): f"/sign-in/with/{name}" for name in accounts.providers()}
        return page(request, 403, "Sign in", access.CLOSED, links=links)
    if present.ended:
        return page(request, 403, "This link is not open", access.ENDED)
    return page(request, 403, "Closed", access.CLOSED)


async def _refused(request: Request, sender: str) -> Response:
    await run_in_threadpool(rates.WRONG_TOKENS.spend, sender)
    return page(request, 404, "This link is not open", str(KeyRefused()))


def _with(provider: str) -> str:
    return "Sign in with your account" if provider == "default" else f"Sign in with {provider}"


SIGN_IN_ROUTES: list[BaseRoute] = [
    route("/sign-in/with/{provider}", sign_in_with, Role.STRANGER),
    route("/sign-in/{key}", sign_in, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
    route("/sign-out", sign_out, Role.STRANGER, methods=("GET", "POST"), longest_body=8_000),
]
