"""Small pages outside Streamlit, and the protection of their forms against cross-site requests.

Each form has a token: an HMAC of a random cookie and the form's path, under a key that :func:`form_token` derives.
Another site can neither read the cookie nor make the token. A request that the browser marks as cross-site is refused
first.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

import jinja2
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from pilot_core.settings import ROOT
from pilot_core.tokens import signing_key
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.proxies import is_https

FORM_COOKIE = "pilot_form"
LONGEST_FORM = 8_000
STALE = "This page had been open for too long, or was sent from elsewhere. Try once more."
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    # Not no-referrer, which makes browsers send the origin of a form as "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}


def page(
    request: Request,
    status: int,
    title: str,
    sentence: str,
    *,
    button: str = "",
    passphrase: bool = False,
    wrong: bool = False,
    links: Mapping[str, str] | None = None,
) -> Response:
    """Return a page with a sentence, a form to the same address if there is a ``button``, and ``links`` by label.

    The parameters are the variables of its template.
    """
    kept = form_cookie(request)
    body = _template().render(
        title=title,
        sentence=sentence,
        button=button,
        token=form_token(request, kept, request.url.path) if button else "",
        passphrase=passphrase,
        wrong=wrong,
        links=links or {},
    )
    response = HTMLResponse(body, status, headers=PAGE_HEADERS)
    if button:
        keep_form_cookie(request, response, kept)
    return response


@dataclass(frozen=True)
class Form:
    """The fields of a form. ``is_proven`` says whether its token shows that our page in this browser sent it."""

    fields: Mapping[str, Sequence[str]]
    is_proven: bool

    def one(self, name: str) -> str:
        """Return the field's first value, or "" if it was not sent."""
        return next(iter(self.fields.get(name, ())), "")

    def every(self, name: str) -> list[str]:
        """Return all values of the field."""
        return list(self.fields.get(name, ()))


async def read_form(request: Request, longest: int = LONGEST_FORM) -> Form | None:
    """Return the form in a request's body, or None if another site sent it or it is longer than ``longest`` bytes."""
    if from_elsewhere(request):
        return None
    try:
        fields = parse_qs((await body_of(request, longest)).decode("utf-8", "replace"), keep_blank_values=True)
    except ValueError:
        return None
    return form_of(request, fields)


def form_of(request: Request, fields: Mapping[str, Sequence[str]]) -> Form:
    """Return the form with these fields, after checking its token. The caller has refused other sites' requests."""
    kept, token = request.cookies.get(FORM_COOKIE, ""), next(iter(fields.get("token", ())), "")
    expected = form_token(request, kept, request.url.path)
    return Form(fields, bool(kept) and hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()))


async def sent(request: Request) -> Mapping[str, str] | None:
    """Return the fields of a form that our page sent; None if it is too long or another page sent it."""
    form = await read_form(request)
    return {name: values[0] for name, values in form.fields.items()} if form and form.is_proven else None


def form_cookie(request: Request) -> str:
    """Return the random text that this browser's form tokens are made from: the one in its cookie, or a new one."""
    return request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)


def keep_form_cookie(request: Request, response: Response, kept: str) -> None:
    """Set the cookie with the random text that form tokens are made from."""
    response.set_cookie(
        FORM_COOKIE, kept, path="/", httponly=True, samesite="strict", secure=is_secure(request), max_age=24 * 3600
    )


async def body_of(request: Request, limit: int) -> bytes:
    """Return the request's body. Raises ValueError if it is longer than ``limit`` bytes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ValueError("the request is too long")
    return body


def announced_length(request: Request) -> int:
    """Return the Content-Length of the request in bytes; 0 if it is missing or invalid."""
    length = request.headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def keep_cookie(request: Request, response: Response, name: str, value: str, left: timedelta) -> None:
    """Set a cookie with a secret that expires after ``left``.

    Lax, not Strict, so that people who follow a link in a message are recognised. No GET request makes a change that
    a cookie could be misused for, and browsers send a Lax cookie with no other cross-site request.
    """
    response.set_cookie(
        name,
        value,
        max_age=int(left.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another site or port sent the request. False for programs that send no such headers."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = connection.headers.get("origin")
    return origin is not None and not is_own(connection, origin)


def is_own(connection: HTTPConnection, origin: str) -> bool:
    """Whether an origin is this server's, by the request's Host or the address in the settings."""
    try:
        told = urlsplit(origin)
    except ValueError:
        return False
    here = ("https" if is_secure(connection) else "http", connection.headers.get("host", "").lower())
    own = (told.scheme, told.netloc.lower()) == here or origin.lower() == app_of(connection).settings.url
    return bool(told.netloc) and own


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser used https, to this server or to the proxy in front of it."""
    url = app_of(connection).settings.url or ""
    at_home = url.startswith("https://") and connection.headers.get("host", "").lower() == urlsplit(url).netloc
    return at_home or is_https(connection)


def form_token(request: Request, kept: str, path: str) -> str:
    """Return the token of a form that is sent to that path."""
    key = signing_key("forms", app_of(request).settings.secret)
    return hmac.new(key, f"{kept}\n{path}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@cache
def _template() -> jinja2.Template:
    """Return the template of pages outside Streamlit. It escapes all values; a missing variable is an error."""
    loader = jinja2.FileSystemLoader(ROOT / "templates" / "web")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return made.get_template("door.html.j2")
