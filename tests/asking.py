"""Requests to the product's routes over ASGI, without a server."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Match

from pilot_core.web.routes import ROUTES

AWAY = "pilots.example.com"
"""A host that is not this machine: whoever asks for it is no lead."""


@dataclass(frozen=True)
class Answer:
    """What a route answered; two that are equal look the same from outside."""

    status: int
    header_lines: frozenset[tuple[str, str]]
    body: bytes = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.header_lines)


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
    """One request; header names with underscores for hyphens; ``cookie`` is a review grant, ``cookies`` others."""
    said: list[dict] = []
    asked = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    if carried := "; ".join(part for part in (cookie and f"pilot_review={cookie}", cookies) if part):
        asked["cookie"] = carried
    scope = _scope(path, method, asked, scheme)

    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict) -> None:
        said.append(message)

    anyio.run(Starlette(routes=ROUTES), scope, receive, send)
    sent = frozenset((name.decode(), value.decode()) for name, value in said[0]["headers"])
    return Answer(said[0]["status"], sent, b"".join(message.get("body", b"") for message in said[1:]))


def fill_in(path: str, cookies: str = "", **fields: str) -> Answer:
    """Open the form at an address, as a browser does, and send it back with those fields."""
    form = ask(path, cookies=cookies)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', form.body.decode())
    if token is None:
        return form
    kept = SimpleCookie(form.headers["set-cookie"])["pilot_form"].value
    carried = "; ".join(part for part in (cookies, f"pilot_form={kept}") if part)
    told = {"origin": f"http://{AWAY}", "sec_fetch_site": "same-origin"}
    return ask(path, "POST", cookies=carried, body=urlencode({"token": token[1], **fields}).encode(), **told)


def ask_here(path: str, cookie: str) -> Answer:
    """What a route that is an ordinary function answers, asked in this very thread: it may hold the store meanwhile."""
    scope = _scope(path, "GET", {"host": AWAY, "cookie": f"pilot_review={cookie}"})
    for route in ROUTES:
        found, more = route.matches(scope)
        if found is Match.FULL:
            response = route.endpoint(Request(scope | more))
            lines = frozenset((name.decode(), value.decode()) for name, value in response.raw_headers)
            return Answer(response.status_code, lines, getattr(response, "body", b""))
    raise LookupError(path)


def _scope(path: str, method: str, headers: dict[str, str], scheme: str = "http") -> dict:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
