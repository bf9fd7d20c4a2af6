"""Files in the review room: read from a form, prepared apart from the pages, and given to those who may see them."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from pilot_core.domain.attachments import AttachmentKind
from pilot_core.errors import InvalidRequest, PilotError, StoreError
from pilot_core.review.attachments import one
from pilot_core.video.attached import MOST_BYTES, Prepared, prepare, too_large
from pilot_core.web.access import rate_limits
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import Form, form_of, from_elsewhere, read_form
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.routes.files import answer_with, file_or_refusal

log = logging.getLogger(__name__)

LONGEST_SENT = 32_000_000
"""The longest form with a file, in bytes. A longer file than may be sent still gets a page that says so."""

AT_ONCE, WAITING = 2, 16
"""How many files are prepared at a time, and how many more may wait for that."""

FILES_A_LINK = rate_limits.Rate("files, link", 20, 600)
HEADERS = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
ONE_ONLY = "Send one file at a time: remove one of the two."
BUSY = "Many files are being checked just now. Try again in a minute."
DAMAGED = "The file did not arrive whole. Send it again."

_limiter: RunVar[CapacityLimiter] = RunVar("limits how many files are prepared at a time")


@dataclass(frozen=True)
class Sent:
    """A form as it was sent, with the file in it once that is prepared, or with why there is none."""

    form: Form
    named: str = ""
    """What the file was called; "" without a file."""

    prepared: Prepared | None = None
    problem: PilotError | None = None


@asynccontextmanager
async def received(request: Request, longest: int) -> AsyncIterator[Sent | None]:
    """Read a form, with or without a file, and prepare the file for the time of the block.

    Yields None if another site sent the form, or one without a file is longer than ``longest`` bytes.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await read_form(request, longest)
        yield Sent(form) if form else None
        return
    if from_elsewhere(request):
        yield None
        return
    may_bring = await run_in_threadpool(lambda: visitor_of(request).grant is not None)
    fields, files, problem = await _parts(request, longest, may_bring)
    form = form_of(request, fields)
    try:
        if problem or not files or not form.is_proven:
            named = files[0].filename or "" if files else ""
            yield Sent(form, named or ("?" if problem else ""), problem=problem)
            return
        with TemporaryDirectory(prefix="attachment-") as place:
            yield await _prepared(request, form, files[0], Path(place))
    finally:
        for file in files:
            await file.close()


async def _parts(
    request: Request, longest: int, may_bring: bool
) -> tuple[Mapping[str, Sequence[str]], list[UploadFile], PilotError | None]:
    """Return the fields, the files, and what is wrong with them. Without ``may_bring`` no file is kept at all."""
    stream = request.stream()
    most, many = (4, 100) if may_bring else (0, 30)
    parser = MultiPartParser(request.headers, stream, max_files=most, max_fields=many, max_part_size=longest)
    problem: PilotError | None = None
    try:
        await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        problem = InvalidRequest(DAMAGED, field="file")
        async for _ in stream:  # or the browser would not read the answer
            pass
    # What came before the fault was kept, so that the words are not lost.
    fields: dict[str, list[str]] = {}
    for name, value in parser.items:
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    files = [] if problem else [v for _, v in parser.items if isinstance(v, UploadFile) and (v.filename or v.size)]
    if len(files) > 1:
        problem = InvalidRequest(ONE_ONLY, field="file")
    elif files and (files[0].size or 0) > MOST_BYTES:
        problem = InvalidRequest(too_large(files[0].size or 0), field="file")
    return fields, files, problem


async def _prepared(request: Request, form: Form, file: UploadFile, place: Path) -> Sent:
    """Check the file and encode it anew, a few at a time, in threads apart from those that answer requests."""
    named = file.filename or "file"
    try:
        await run_in_threadpool(_count, request)
        limiter = _preparing()
        if limiter.statistics().tasks_waiting >= WAITING:
            raise StoreError(BUSY)
        work = partial(_copy_and_prepare, file, place)
        return Sent(form, named, await anyio.to_thread.run_sync(work, limiter=limiter))
    except PilotError as error:
        return Sent(form, named, problem=error)
    except OSError:
        log.exception("a file could not be prepared")
        return Sent(form, named, problem=StoreError("The file could not be checked just now. Try again in a minute."))


def _preparing() -> CapacityLimiter:
    """Return the limiter of this event loop."""
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(made := CapacityLimiter(AT_ONCE))
        return made


def _count(request: Request) -> None:
    """Count a file that a reviewer brings. Raises TooMuch."""
    grant = visitor_of(request).grant
    if grant and not FILES_A_LINK.spend(grant.link_id, app_of(request).settings.database_url):
        raise rate_limits.TooMuch


def _copy_and_prepare(file: UploadFile, place: Path) -> Prepared:
    source = place / "sent"
    with source.open("wb") as writing:
        copyfileobj(file.file, writing)
    return prepare(source, place)


# Not async: it reads the store and the disk, so Starlette runs it in a thread.
def attachment(request: Request) -> Response:
    """Return an attached file, to reviewers of its pilot and to the team. Everything else is a 404."""
    return _file(request, small=False)


def thumbnail(request: Request) -> Response:
    """Return the thumbnail of an attached picture."""
    return _file(request, small=True)


def _file(request: Request, *, small: bool) -> Response:
    store, present = app_of(request).store, visitor_of(request)
    found = one(store, request.path_params["attachment_id"])
    if found is None or not present.reaches(found.pilot_id):
        return not_found()
    if found.is_held and (present.grant is None or present.grant.link_id != found.link_id):
        return not_found()
    path = found.small_path if small else found.path
    if path is None:
        return not_found()
    file = file_or_refusal(store.media, path, found.pilot_id)
    if isinstance(file, Response):
        return file
    if small:
        return answer_with(store.media, file, "image/jpeg", HEADERS, request=request)
    response = answer_with(store.media, file, found.media_type, HEADERS, found.name, request)
    if found.kind is not AttachmentKind.PDF and "content-disposition" in response.headers:
        shown = response.headers["content-disposition"].replace("attachment;", "inline;", 1)
        response.headers["content-disposition"] = shown
    return response
