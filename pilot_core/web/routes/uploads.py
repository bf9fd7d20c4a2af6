"""Uploads of finished videos and of files of brand kits, straight to disk; a form then refers to them by their ids.

Only what was inspected and found to be what it should is kept, under a generated name. Everything else is removed
before the response is sent. To upload, the page needs a ticket, which is bound to its visitor and valid for a day.
"""

import hashlib
import logging
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from itsdangerous import BadSignature, TimestampSigner
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.domain.roles import Role
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.files import settle
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.tokens import signing_key
from pilot_core.video.attached import MOST_BYTES
from pilot_core.video.brand_files import prepare_font, prepare_logo, prepare_picture
from pilot_core.video.conform.outline import SUFFIXES, suffix_of
from pilot_core.video.conform.process import inspect
from pilot_core.web.access import rate_limits
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import announced_length, from_elsewhere
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.access.visitors import visitor_of

log = logging.getLogger(__name__)

VIDEOS, BRAND_FILES = "/uploads", "/uploads/brand"
BRAND_SUFFIX = ".brand"
PREPARE = {"logo": prepare_logo, "picture": prepare_picture, "font": prepare_font}
MAX_UPLOAD_MB = 200
SPARE_BYTES = 500_000_000  # of disk space that stay free
TICKET_SECONDS = 24 * 3600
TICKET_HEADER = "x-upload-ticket"
UPLOADS = rate_limits.Rate("uploads", 30, 3600)
UPLOAD_ID = re.compile(r"upload_[0-9a-f]{16}")
FOLDER = ".uploads"
KEPT_SECONDS = 24 * 3600
STALE = "This page has been open for too long. Load it again, then choose the film once more."


def ticket(settings: Settings, name: str) -> str:
    """Return the ticket that the visitor's page sends with a video.

    Valid for ``TICKET_SECONDS``, on all servers that share the secret.
    """
    return _signer(settings, name).sign(b"").decode()


def taken_up(store: PilotStore, upload_id: str | None) -> Path:
    """Return the uploaded video with that id. Raises InvalidRequest if none was chosen or it no longer exists."""
    if not upload_id:
        raise InvalidRequest("Choose the finished video to upload.", field="video")
    known = UPLOAD_ID.fullmatch(upload_id)
    paths = [store.root / FOLDER / f"{upload_id}{suffix}" for suffix in SUFFIXES] if known else []
    for path in paths:
        if path.is_file():
            return path
    raise InvalidRequest("The film is not there any more; choose it once more.", field="video")


def forget(film: Path) -> None:
    """Remove an upload that was copied to a pilot. If that fails, the next sweep removes it."""
    with suppress(OSError):
        film.unlink()


def taken_up_brand_file(store: PilotStore, upload_id: str | None) -> Path | None:
    """Return the uploaded file of a brand kit with that id, None if none was chosen. Raises InvalidRequest."""
    if not upload_id:
        return None
    path = store.root / FOLDER / f"{upload_id}{BRAND_SUFFIX}"
    if UPLOAD_ID.fullmatch(upload_id) and path.is_file():
        return path
    raise InvalidRequest("The file is not there any more; choose it once more.", field="brand_kit")


@dataclass(frozen=True)
class _Expected:
    """What an upload may be: its limit in bytes, its check, which returns a note, and the suffix it is kept under."""

    limit: int
    check: Callable[[Path], str]
    suffix: Callable[[Path], str]
    what: str


async def take(request: Request) -> Response:
    """Write a video, sent as the request's body, to disk piece by piece; returns its id, or an error sentence."""
    return await _take(request, _Expected(MAX_UPLOAD_MB * 1_000_000, inspect, suffix_of, "film"))


async def take_brand_file(request: Request) -> Response:
    """Write a logo, picture or font to disk, as :func:`take` does a video."""
    prepare = PREPARE.get(request.path_params["kind"])
    if prepare is None:
        return not_found()

    def check(part: Path) -> str:
        with tempfile.TemporaryDirectory(prefix="pilot-ops-kit-") as folder:
            prepare(part, Path(folder))
        return ""

    return await _take(request, _Expected(MOST_BYTES, check, lambda _: BRAND_SUFFIX, "file"))


async def _take(request: Request, expected: _Expected) -> Response:
    app, present = app_of(request), await run_in_threadpool(visitor_of, request)
    if from_elsewhere(request) or not _is_fresh(app.settings, request.headers.get(TICKET_HEADER, ""), present.name):
        return _refusal(403, STALE)
    if not await run_in_threadpool(UPLOADS.spend, present.name, app.settings.database_url):
        return _refusal(429, str(rate_limits.TooMuch()))
    folder = app.store.root / FOLDER
    upload_id = ids.new_id("upload")
    part = folder / f"{upload_id}.part"
    try:
        await run_in_threadpool(folder.mkdir, parents=True, exist_ok=True)
        await run_in_threadpool(sweep, folder)
        size = await _written(request, part, expected)
        note = await run_in_threadpool(expected.check, part)
        await run_in_threadpool(settle, part, part.with_suffix(expected.suffix(part)))
    except _Refused as refused:
        return _refusal(*refused.args)
    except PilotError as error:
        # The error has our generated file name, which the visitor does not know.
        return _refusal(422, str(error).replace(part.name, "The file"))
    except OSError as error:
        log.exception("an upload could not be kept")
        return _refusal(
            507, f"The {expected.what} could not be kept here ({error.strerror}); free some space, then try again."
        )
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        await run_in_threadpool(part.unlink, missing_ok=True)
    return JSONResponse({"upload": upload_id, "bytes": size, "note": note}, 201)


class _Refused(Exception):
    """The upload is refused, with an HTTP status and a sentence."""


async def _written(request: Request, part: Path, expected: _Expected) -> int:
    """Write the body to ``part`` and return its size in bytes. Raises _Refused if it is too long or empty."""
    limit, size = expected.limit, 0
    too_large = f"The {expected.what} is larger than {limit / 1_000_000:g} MB; export it smaller."
    announced = announced_length(request)
    if announced > limit:
        raise _Refused(413, too_large)
    if shutil.disk_usage(part.parent).free < max(announced, 1) + SPARE_BYTES:
        raise _Refused(507, "The disk of this store is nearly full; free some space, then try again.")
    async with await anyio.open_file(part, "xb") as file:
        async for chunk in _pieces(request):
            size += len(chunk)
            if size > limit:
                raise _Refused(413, too_large)
            await file.write(chunk)
    if not size:
        raise _Refused(422, "The file is empty; choose another one.")
    return size


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in pieces of a megabyte, so that there are few writes."""
    gathered = bytearray()
    async for chunk in request.stream():
        gathered += chunk
        if len(gathered) >= 1_000_000:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def sweep(folder: Path) -> None:
    """Remove uploads that were not used within a day. Raises OSError."""
    for path in folder.glob("*"):
        # Another upload may be renaming its file at this moment.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink()


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"problem": sentence}, status)


def _is_fresh(settings: Settings, given: str, name: str) -> bool:
    try:
        _signer(settings, name).unsign(given.encode("utf-8", "replace"), max_age=TICKET_SECONDS)
    except BadSignature:
        return False
    return True


def _signer(settings: Settings, name: str) -> TimestampSigner:
    """Return a signer for tickets that are valid only for that visitor."""
    key, salt = signing_key("uploads", settings.secret), name.encode("utf-8", "surrogatepass")
    return TimestampSigner(key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


UPLOAD_ROUTES: list[BaseRoute] = [
    route(VIDEOS, take, Role.LEAD, methods=("POST",), longest_body=MAX_UPLOAD_MB * 1_000_000 + 1),
    route(f"{BRAND_FILES}/{{kind}}", take_brand_file, Role.LEAD, methods=("POST",), longest_body=MOST_BYTES + 1),
]
