"""Requests to the product's routes over ASGI, without a server."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Match

from pilot_core.web.server.routes import ROUTES
from tests.served import served_scope

AWAY = "pilots.example.com"
"""A host that is not this machine: requests to it do not count as the lead's own."""


@dataclass(frozen=True)
class Answer:
    """A route's response. Two equal answers cannot be told apart from outside."""

    status: int
    header_lines: frozenset[tuple[str, str]]
    body: bytes = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.header_lines)

    @property
    def cookies(self) -> SimpleCookie:
        """Return the cookies that it sets."""
        found = SimpleCookie()
        for name, line in self.header_lines:
            if name == "set-cookie":
                found.load(line)
        return found


def ask(
    path: str,
    method: str = "GET",
    *,
    cookie: str | None = None,
    cookies: str = "",
    host: str = AWAY,
    body: bytes = b"",
    scheme: str = "http",
    **headers: str,
) -> Answer:
    """Send one request.

    Header names take underscores for hyphens. ``cookie`` is a review grant, ``cookies`` any others.
    """
    said: list[dict] = []
    asked = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    if carried := "; ".join(part for part in (cookie and f"pilot_review={cookie}", cookies) if part):
        asked["cookie"] = carried
    scope = _scope(path, method, asked, scheme)

    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict) -> None:
        said.append(message)

    # In a thread of its own: in this one a browser's event loop may be running.
    with start_blocking_portal() as portal:
        portal.call(Starlette(routes=ROUTES), scope, receive, send)
    sent = frozenset((name.decode(), value.decode()) for name, value in said[0]["headers"])
    return Answer(said[0]["status"], sent, b"".join(message.get("body", b"") for message in said[1:]))


def fill_in(
    path: str, cookies: str = "", scheme: str = "http", x_forwarded_proto: str = "", origin: str = "", **fields: str
) -> Answer:
    """Load the form at an address, as a browser does, and submit it with those fields.

    The ``origin`` is by default the address that was asked.
    """
    way = {"x_forwarded_proto": x_forwarded_proto} if x_forwarded_proto else {}
    form = ask(path, cookies=cookies, scheme=scheme, **way)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', form.body.decode())
    if token is None:
        return form
    kept = form.cookies["pilot_form"].value
    carried = "; ".join(part for part in (cookies, f"pilot_form={kept}") if part)
    seen = "https" if "https" in (scheme, x_forwarded_proto) else "http"
    told = {"origin": origin or f"{seen}://{AWAY}", "sec_fetch_site": "same-origin"}
    body = urlencode({"token": token[1], **fields}).encode()
    return ask(path, "POST", cookies=carried, body=body, scheme=scheme, **told, **way)


def ask_here(path: str, cookie: str) -> Answer:
    """Call a synchronous route in this thread, which may hold the store meanwhile."""
    scope = _scope(path, "GET", {"host": AWAY, "cookie": f"pilot_review={cookie}"})
    for route in ROUTES:
        found, more = route.matches(scope)
        if found is Match.FULL:
            response = route.endpoint(Request(scope | more))
            lines = frozenset((name.decode(), value.decode()) for name, value in response.raw_headers)
            return Answer(response.status_code, lines, getattr(response, "body", b""))
    raise LookupError(path)


def _scope(path: str, method: str, headers: dict[str, str], scheme: str = "http") -> dict:
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        **served_scope(),
    }
