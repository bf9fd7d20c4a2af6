"""What stands before every address, Streamlit's own included: the gate, the limits of size, and the headers.

Plain ASGI, so that films and archives stream through it and websockets pass.
"""

import base64
import hashlib
import logging
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.web import access, request_log
from pilot_core.web.errors import NOT_NOW
from pilot_core.web.forms import announced_length, from_elsewhere, is_own, is_secure
from pilot_core.web.routes import ROUTES
from pilot_core.web.sign_in_routes import closed
from pilot_core.web.stated import LONGEST_BODY, StatedRoute, not_found

log = logging.getLogger(__name__)

# Streamlit's program, which is the same everywhere; a word for a balancer; and the way to and from identity providers.
PUBLIC = re.compile(r"/(static/.*|favicon\.png|_stcore/health|auth/(login|logout)|oauth2callback)")
# Streamlit would keep these in memory, as many as are sent; films come through a route of our own.
NOT_SERVED = re.compile(r"/_stcore/upload_file/.*")
FOR_THE_TEAM = re.compile(r"/_stcore/(metrics|agent/.*|script-health-check)")
PRIVATE = re.compile(r"/(media|component)/.*")
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
    """The request's body is longer than its address takes."""


class Guard:
    """The one middleware of the server; see the module."""

    def __init__(self, app: ASGIApp):
        self._app = app

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
            # Said here and not by Starlette, so that this answer too has its headers and nobody sees a trace.
            log.exception("a request failed")
            if answered:
                raise
            sentence = f"Something went wrong (id {logs.present_id()}). The log says more under this id."
            await PlainTextResponse(sentence, 500)(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        ours = _our_route(scope)
        refusal = None if ours or PUBLIC.fullmatch(scope["path"]) else await _refusal(request)
        if NOT_SERVED.fullmatch(scope["path"]):
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

        await self._app(scope, counted, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streamlit's own stream: for whoever may see a page, from a page of this very server."""
        connection = HTTPConnection(scope)
        origin, host = connection.headers.get("origin", ""), connection.headers.get("host", "")
        code = 1008
        try:
            if is_own(origin, host) and await run_in_threadpool(_may_enter, connection):
                await self._app(scope, receive, send)
                return
        except PilotError:
            log.exception("the store did not answer a page")
            code = 1013
        await receive()
        await send({"type": "websocket.close", "code": code, "reason": ""})


def content_security_policy() -> str:
    """What Streamlit's pages may load: themselves, and nothing from anywhere else.

    Styles are written inline by Streamlit's styling library. Components of version 2 come as blobs, as do films that a
    page holds in memory. Of inline scripts only Streamlit's own run, known by their hashes.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {' '.join(_inline_scripts())}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


@cache
def _inline_scripts() -> tuple[str, ...]:
    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    found = re.findall(r"<script>(.*?)</script>", shell, re.S)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in found)


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
    if PRIVATE.fullmatch(path):
        headers["Cache-Control"] = "private, no-cache"
    elif not PUBLIC.fullmatch(path):
        headers.setdefault("Cache-Control", "private, no-store")
    if is_secure(connection):
        headers["Strict-Transport-Security"] = TWO_YEARS
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie if "; secure" in cookie.lower() else f"{cookie}; Secure")


def _our_route(scope: Scope) -> StatedRoute | None:
    for route in ROUTES:
        if route.matches(scope)[0] is Match.FULL:
            return route if isinstance(route, StatedRoute) else None
    return None


async def _refusal(request: Request) -> Response | None:
    """What a request for one of Streamlit's addresses gets if it may not pass."""
    present = await run_in_threadpool(access.visitor_of, request)
    if not present.may(access.Role.REVIEWER):
        to_a_page = request.method in ("GET", "HEAD") and not request.url.path.startswith(("/_stcore/", "/media/"))
        return await run_in_threadpool(closed, request, present) if to_a_page else not_found()
    if FOR_THE_TEAM.fullmatch(request.url.path) and not present.on_the_team:
        return not_found()
    if request.method not in ("GET", "HEAD", "OPTIONS") and from_elsewhere(request):
        return not_found()
    return None


def _may_enter(connection: HTTPConnection) -> bool:
    return access.visitor_of(connection).may(access.Role.REVIEWER)


def _too_long() -> Response:
    return PlainTextResponse("Too long", 413, headers={"Connection": "close"})
