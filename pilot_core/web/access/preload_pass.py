"""A pass for the page of a review link, which loads the video before the link is opened.

That page grants nothing and records nothing, so its video needs a permission of its own: a signed cookie that names the
link by its token's hash and goes to ``/watch`` only. It ends after a minute, or when the link is revoked or expires.
Opening the link takes it out of the browser. It permits no more than the link's token does, so a link with a passphrase
has none.
"""

import hashlib
from datetime import timedelta

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

from pilot_core.review.links import LinkRefused, link_behind_hash
from pilot_core.tokens import hashed, signing_key
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import is_secure

PRELOAD_COOKIE = "pilot_preload"
LASTS = timedelta(minutes=1)
PATH = "/watch"


def give_pass(request: Request, response: Response, token: str) -> None:
    """Set the cookie for the video behind a link's token."""
    until = app_of(request).store.clock() + LASTS
    response.set_cookie(
        PRELOAD_COOKIE,
        _signer(request).sign(f"{hashed(token)}.{int(until.timestamp())}").decode(),
        max_age=int(LASTS.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
    )


def end_pass(response: Response) -> None:
    """Remove the cookie: the grant takes its place."""
    response.delete_cookie(PRELOAD_COOKIE, path=PATH, httponly=True, samesite="strict")


def pilot_of_pass(request: Request) -> str | None:
    """Return the pilot whose video the request's pass permits, or None without a valid pass. Raises StoreError."""
    given = request.cookies.get(PRELOAD_COOKIE)
    if given is None:
        return None
    store = app_of(request).store
    try:
        token_hash, until = _signer(request).unsign(given.encode("utf-8", "replace")).decode().split(".")
        link = link_behind_hash(store, token_hash)
    except (BadSignature, LinkRefused):
        return None
    return link.pilot_id if store.clock().timestamp() < int(until) and not link.has_passphrase else None


def _signer(request: Request) -> Signer:
    key = signing_key("preload", app_of(request).settings.secret)
    return Signer(key, salt="preload", key_derivation="hmac", digest_method=hashlib.sha256)
