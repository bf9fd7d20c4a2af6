"""Small pages outside Streamlit, and the protection of what they send.

A form carries a token of its own: an HMAC, under a secret of this process, of a random cookie and the address it goes
to. Another site can neither read the cookie nor make the token; and what a browser says comes from another site is
refused before that.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

import jinja2
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response

from pilot_core.settings import ROOT, settings
from pilot_core.tokens import signing_key

FORM_COOKIE = "pilot_form"
LONGEST_FORM = 8_000
STALE = "This page had been open for too long, or was sent from elsewhere. Try once more."
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    # Not no-referrer: that would make browsers send forms with an unknown origin.
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
    """A page with a sentence; with a form to this same address if there is a ``button``; ``links`` by their words."""
    kept = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
    body = _template().render(
        title=title,
        sentence=sentence,
        button=button,
        token=_token(kept, request.url.path) if button else "",
        passphrase=passphrase,
        wrong=wrong,
        links=links or {},
    )
    response = HTMLResponse(body, status, headers=PAGE_HEADERS)
    if button:
        response.set_cookie(
            FORM_COOKIE, kept, path="/", httponly=True, samesite="strict", secure=is_secure(request), max_age=24 * 3600
        )
    return response


async def sent(request: Request) -> Mapping[str, str] | None:
    """The fields of a form of ours; None for one that is too long, or that was not sent from our page."""
    if from_elsewhere(request):
        return None
    try:
        fields = parse_qs((await body_of(request, LONGEST_FORM)).decode("utf-8", "replace"), keep_blank_values=True)
    except ValueError:
        return None
    kept, token = request.cookies.get(FORM_COOKIE, ""), fields.get("token", [""])[0]
    expected = _token(kept, request.url.path)
    if not kept or not hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()):
        return None
    return {name: values[0] for name, values in fields.items()}


async def body_of(request: Request, limit: int) -> bytes:
    """The request's body. Raises ValueError when it is longer."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ValueError("the request is too long")
    return body


def announced_length(request: Request) -> int:
    """How many bytes of body the request says it brings; 0 if it does not say so in a way that is one."""
    told = request.headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0


def keep_cookie(request: Request, response: Response, name: str, value: str, left: timedelta) -> None:
    """Have the browser keep a secret for that long.

    Lax, not Strict: whoever follows a link again from a message is recognised. No GET changes what a cookie could be
    misused for, and a Lax cookie goes with no other cross-site request.
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
    """Whether a page of another site, or of another port, caused the request; what is no browser says nothing of it."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = connection.headers.get("origin")
    return origin is not None and not is_own(origin, connection.headers.get("host", ""))


def is_own(origin: str, host: str) -> bool:
    """Whether an origin is this server's, as the request's Host or the settings name it."""
    try:
        netloc = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(netloc) and (netloc == host or origin.lower() == settings().url)


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came over https, to this server or to the proxy before it."""
    told = connection.headers.get("x-forwarded-proto", "").lower()
    url = settings().url or ""
    at_home = url.startswith("https://") and connection.headers.get("host", "").lower() == urlsplit(url).netloc
    return connection.scope.get("scheme") in ("https", "wss") or told == "https" or at_home


def _token(kept: str, path: str) -> str:
    key = signing_key("forms", settings().secret)
    return hmac.new(key, f"{kept}\n{path}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@cache
def _template() -> jinja2.Template:
    """The template of pages outside Streamlit: everything is escaped, a missing name is an error."""
    loader = jinja2.FileSystemLoader(ROOT / "templates" / "web")
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return made.get_template("door.html.j2")
