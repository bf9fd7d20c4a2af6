"""The middleware in front of every address, including Streamlit's: access control, size limits and security headers.

It is plain ASGI, so that videos and archives can be streamed and websockets work.
"""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.web import streamlit_private
from pilot_core.web.access.forms import announced_length, from_elsewhere, is_own, is_secure
from pilot_core.web.access.guarded_routes import LONGEST_BODY, StatedRoute, not_found
from pilot_core.web.access.visitors import SESSION_COOKIE, visitor_of
from pilot_core.web.access.who import Way
from pilot_core.web.components.errors import NOT_NOW
from pilot_core.web.routes.sign_in import closed
from pilot_core.web.server import request_log
from pilot_core.web.server.open_sockets import SOCKETS, owner_of
from pilot_core.web.server.program_files import ProgramFiles
from pilot_core.web.server.routes import ROUTES
from pilot_core.web.streamlit_private import (
    MEDIA,
    NOT_PAGES,
    PROGRAM,
    PUBLIC,
    UPLOADS,
    USER_COOKIE_NAME,
    inline_script_hashes,
)

log = logging.getLogger(__name__)

FOR_EVERYTHING = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TWO_YEARS = "max-age=63072000"


class TooLong(Exception):
    """The request's body is longer than its route accepts."""


class Guard:
    """The middleware; see the module docstring."""

    def __init__(self, app: ASGIApp):
        self._app = app
        self._program = ProgramFiles(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await request_log.answer(scope, send, lambda send: self._http(scope, receive, _with_headers(scope, send)))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def noticed(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._let_in(scope, receive, noticed)
        except TooLong:
            if not answered:
                await _too_long()(scope, receive, send)
        except PilotError:
            log.exception("the store did not answer a request")
            if answered:
                raise
            await PlainTextResponse(NOT_NOW, 503, headers={"Retry-After": "5"})(scope, receive, send)
        except Exception:
            # Answered here, not by Starlette, so that this response has the headers too and shows no traceback.
            log.exception("a request failed")
            if answered:
                raise
            sentence = f"Something went wrong (id {logs.present_id()}). The log says more under this id."
            await PlainTextResponse(sentence, 500)(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        ours = _our_route(scope)
        send = _ending_sockets(request, send)
        refusal = None if ours or PUBLIC.fullmatch(scope["path"]) else await _refusal(request)
        if UPLOADS.fullmatch(scope["path"]):
            refusal = not_found()
        limit = ours.longest_body if ours else LONGEST_BODY
        if refusal is None and announced_length(request) > limit:
            refusal = _too_long()
        if refusal:
            await refusal(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal limit
            message = await receive()
            if message["type"] == "http.request":
                limit -= len(message.get("body", b""))
                if limit < 0:
                    raise TooLong
            return message

        await (self._program if PROGRAM.fullmatch(scope["path"]) else self._app)(scope, counted, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on Streamlit's websocket, for the team only and only from a page of this server."""
        connection = HTTPConnection(scope)
        origin = connection.headers.get("origin", "")
        code = 1008
        try:
            if is_own(connection, origin):
                present = await run_in_threadpool(visitor_of, connection)
                if present.on_the_team:
                    await SOCKETS.serve(self._app, scope, receive, send, present)
                    return
        except PilotError:
            log.exception("the store did not answer a page")
            code = 1013
        await receive()
        await send({"type": "websocket.close", "code": code, "reason": ""})


def content_security_policy() -> str:
    """Return the policy for Streamlit's pages: they may load content only from this server.

    Streamlit's styling library writes inline styles. Components of version 2 are loaded as blobs, as are videos that a
    page holds in memory. The only inline scripts allowed are Streamlit's own, by their hashes.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {' '.join(inline_script_hashes())}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-src 'self'",
            "frame-ancestors 'none'",
        ]
    )


_POLICY = content_security_policy()


def _with_headers(scope: Scope, send: Send) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add_headers(MutableHeaders(scope=message), HTTPConnection(scope))
        await send(message)

    return headed


def _add_headers(headers: MutableHeaders, connection: HTTPConnection) -> None:
    path = connection.scope["path"]
    for name, value in FOR_EVERYTHING.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _POLICY)
    if MEDIA.fullmatch(path):
        headers["Cache-Control"] = "private, no-cache"
    elif not (PUBLIC.fullmatch(path) or PROGRAM.fullmatch(path)):
        headers.setdefault("Cache-Control", "private, no-store")
    if is_secure(connection):
        headers["Strict-Transport-Security"] = TWO_YEARS
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie if "; secure" in cookie.lower() else f"{cookie}; Secure")


def _ending_sockets(request: Request, send: Send) -> Send:
    """Return ``send`` that ends the open pages of whoever the browser was, when a response makes it somebody else."""

    async def ending(message: Message) -> None:
        if message["type"] == "http.response.start":
            set_now = MutableHeaders(scope=message).getlist("set-cookie")
            if any(cookie.startswith((SESSION_COOKIE, USER_COOKIE_NAME)) for cookie in set_now):
                was = await run_in_threadpool(visitor_of, request)
                if was.way is not Way.HERE:
                    SOCKETS.end(owner_of(was))
        await send(message)

    return ending


def _our_route(scope: Scope) -> StatedRoute | None:
    for route in ROUTES:
        if route.matches(scope)[0] is Match.FULL:
            return route if isinstance(route, StatedRoute) else None
    return None


async def _refusal(request: Request) -> Response | None:
    """Return the response for a request to Streamlit that is not allowed, or None if it is."""
    present = await run_in_threadpool(visitor_of, request)
    if not present.on_the_team:
        to_a_page = request.method in ("GET", "HEAD") and not request.url.path.startswith(NOT_PAGES)
        return await run_in_threadpool(closed, request, present) if to_a_page else not_found()
    if request.method not in ("GET", "HEAD", "OPTIONS") and from_elsewhere(request):
        return not_found()
    if request.url.path.startswith("/media/") and not streamlit_private.holds_media(
        owner_of(present), request.url.path
    ):
        return not_found()
    return None


def _too_long() -> Response:
    return PlainTextResponse("Too long", 413, headers={"Connection": "close"})
