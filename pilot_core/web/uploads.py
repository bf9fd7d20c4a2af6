"""Films that are brought by hand: ``/uploads`` takes one straight to the disk, and a form then names it by its id.

What is kept is an mp4 that was found to be a film, under a name of ours; everything else is gone when the answer goes
out. The ticket that a sending page needs names its visitor, and ends with the day.
"""

import hashlib
import hmac
import json
import logging
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.files import settle
from pilot_core.settings import settings
from pilot_core.tokens import signing_key
from pilot_core.video.inspection import inspect
from pilot_core.web import access, rates
from pilot_core.web.access import Role
from pilot_core.web.forms import announced_length, from_elsewhere
from pilot_core.web.stated import route
from pilot_core.web.stores import store

log = logging.getLogger(__name__)

MAX_UPLOAD_MB = 200
SPARE_BYTES = 500_000_000  # of the disk, which stay free
TICKET_SECONDS = 24 * 3600
TICKET_HEADER = "x-upload-ticket"
UPLOADS = rates.Rate("uploads", 30, 3600)
UPLOAD_ID = re.compile(r"upload_[0-9a-f]{16}")
FOLDER = ".uploads"
KEPT_SECONDS = 24 * 3600
STALE = "This page has been open for too long. Load it again, then choose the film once more."


def ticket(name: str) -> str:
    """What a page of that visitor hands over with a film."""
    ends = str(int(time.time()) + TICKET_SECONDS)
    return f"{ends}.{_signed(name, ends)}"


def taken_up(upload_id: str | None) -> Path:
    """The film kept under that id. Raises InvalidRequest when none was chosen, or it is not there any more."""
    if not upload_id:
        raise InvalidRequest("Choose the finished film to upload, an mp4.", field="video")
    path = store().root / FOLDER / f"{upload_id}.mp4"
    if not UPLOAD_ID.fullmatch(upload_id) or not path.is_file():
        raise InvalidRequest("The film is not there any more; choose it once more.", field="video")
    return path


def forget(film: Path) -> None:
    """Remove a film that a pilot has now. One that cannot be removed goes with what nobody took up."""
    with suppress(OSError):
        film.unlink()


async def take(request: Request) -> Response:
    """Take a film, sent as the whole body, in pieces to the disk; answer its id, or one sentence."""
    present = await run_in_threadpool(access.visitor_of, request)
    if from_elsewhere(request) or not _is_fresh(request.headers.get(TICKET_HEADER, ""), present.name):
        return _refusal(403, STALE)
    if not await run_in_threadpool(UPLOADS.spend, present.name):
        return _refusal(429, str(rates.TooMuch()))
    folder = store().root / FOLDER
    upload_id = ids.new_id("upload")
    part, film = folder / f"{upload_id}.part", folder / f"{upload_id}.mp4"
    try:
        await run_in_threadpool(folder.mkdir, parents=True, exist_ok=True)
        await run_in_threadpool(sweep, folder)
        size = await _written(request, part)
        await run_in_threadpool(inspect, part)
        await run_in_threadpool(settle, part, film)
    except _Refused as refused:
        return _refusal(*refused.args)
    except PilotError as error:
        # The sentence names our file; the person knows it by theirs.
        return _refusal(422, str(error).replace(part.name, "The file"))
    except OSError as error:
        log.exception("an upload could not be kept")
        return _refusal(507, f"The film could not be kept here ({error.strerror}); free some space, then try again.")
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        await run_in_threadpool(part.unlink, missing_ok=True)
    return JSONResponse({"upload": upload_id, "bytes": size}, 201)


class _Refused(Exception):
    """Status and sentence."""


async def _written(request: Request, part: Path) -> int:
    """The bytes written to ``part``. Raises _Refused when there are too many, or none."""
    limit, size = MAX_UPLOAD_MB * 1_000_000, 0
    too_large = f"The film is larger than {MAX_UPLOAD_MB} MB; export it smaller."
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
        raise _Refused(422, "The file is empty; choose the finished film, an mp4.")
    return size


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a megabyte, so that each write is worth its turn."""
    gathered = bytearray()
    async for chunk in request.stream():
        gathered += chunk
        if len(gathered) >= 1_000_000:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def sweep(folder: Path) -> None:
    """Clear the folder, if there is one, of what nobody took up within a day. Raises OSError."""
    for path in folder.glob("*"):
        # Another film may be getting its name just now.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink()


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"problem": sentence}, status)


def _is_fresh(given: str, name: str) -> bool:
    ends, _, signed = given.partition(".")
    if not ends.isdecimal() or len(ends) > 12 or int(ends) < time.time():
        return False
    return hmac.compare_digest(signed.encode("utf-8", "replace"), _signed(name, ends).encode())


def _signed(name: str, ends: str) -> str:
    key = signing_key("uploads", settings().secret)
    return hmac.new(key, json.dumps([name, ends]).encode(), hashlib.sha256).hexdigest()


UPLOAD_ROUTES: list[BaseRoute] = [
    route("/uploads", take, Role.LEAD, methods=("POST",), longest_body=MAX_UPLOAD_MB * 1_000_000 + 1)
]
