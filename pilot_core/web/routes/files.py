"""Send a file of the store, from its folder or from the bucket: all of it, or the requested ranges."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from os import stat_result
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from pilot_core.errors import StoreError
from pilot_core.store.files.bucket import BucketError
from pilot_core.store.files.media import File, Media, StoredFile
from pilot_core.web.access.guarded_routes import not_found

log = logging.getLogger(__name__)

PIECE_BYTES = 512 * 1024  # read and sent at a time; each piece takes a turn on the server's event loop
BUCKET_PIECE_BYTES = 2 * 1024 * 1024  # one request to the bucket for each
NOT_NOW = "This file cannot be fetched just now. Try again in a few minutes."


def answer_with(
    media: Media,
    file: File,
    media_type: str,
    headers: Mapping[str, str],
    filename: str | None = None,
    request: Request | None = None,
) -> Response:
    """Return a response with the file. If the ``request`` shows that the browser has it, only headers are sent."""
    stored = file.stored
    # The checksum is the same on every server, unlike the time at which a server fetched the file.
    given = {**headers, "ETag": f'"{stored.sha256}"'} if stored else headers
    status = _status(stored) if stored else file.status
    if stored and file.status is None:
        response: FileResponse = BucketFileResponse(media, file, stored, given, media_type, filename)
    else:
        response = FileResponse(file.path, headers=given, media_type=media_type, filename=filename, stat_result=status)
        response.chunk_size = PIECE_BYTES
    etag = response.headers["etag"]
    known = request.headers.get("if-none-match", "") if request else ""
    if etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return response


def file_or_refusal(media: Media, path: str, pilot_id: str) -> File | Response:
    """Return a file of the pilot, or the response for one that is missing, not the pilot's, or not to be had now."""
    try:
        file = media.find(path, of=pilot_id)
    except BucketError as error:
        return not_now(error)
    except (StoreError, OSError, ValueError):
        return not_found()
    return file or not_found()


def not_now(error: BucketError) -> Response:
    """Return the response for a file that cannot be read from the bucket now, and log the reason."""
    log.error("a file could not be given out: %s", error)
    return PlainTextResponse(NOT_NOW, 503, headers={"Cache-Control": "no-store"})


class BucketFileResponse(FileResponse):
    """A response that reads the file from the bucket piece by piece while sending it, without storing it."""

    chunk_size = BUCKET_PIECE_BYTES

    def __init__(
        self,
        media: Media,
        file: File,
        stored: StoredFile,
        headers: Mapping[str, str],
        media_type: str,
        filename: str | None,
    ):
        super().__init__(
            stored.path, headers=headers, media_type=media_type, filename=filename, stat_result=_status(stored)
        )
        self._media, self._file, self._size = media, file, stored.size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        held: list[Message] = []

        async def send_on(message: Message) -> None:
            # Hold back the headers until the first piece is read, so that the response can still be an error.
            nonlocal begun
            held.append(message)
            if message["type"] != "http.response.start":
                begun = True
                for one in held:
                    await send(one)
                held.clear()

        # Disable the ASGI extension with which a server sends files by path: this file has none.
        plain = {**scope, "extensions": {}}
        try:
            await super().__call__(plain, receive, send_on)
        except BucketError as error:
            if begun:
                log.error("a file broke off: %s", error)
                raise
            await not_now(error)(scope, receive, send)

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        yield _BucketReader(self._media, self._file, self._size)


class _BucketReader:
    """The file methods that Starlette uses, for a file in the bucket. ``size`` is in bytes."""

    def __init__(self, media: Media, file: File, size: int):
        self._media, self._file, self._size, self._at = media, file, size, 0

    async def seek(self, place: int) -> None:
        self._at = place

    async def read(self, most: int) -> bytes:
        end = min(self._at + most, self._size)
        piece = await run_in_threadpool(self._media.piece, self._file, self._at, end)
        self._at = end
        return piece


def _status(stored: StoredFile) -> stat_result:
    """Return the stat result that Starlette needs: a regular file with the stored size and time."""
    seconds = int(stored.put_at.timestamp())
    return stat_result((0o100644, 0, 0, 1, 0, 0, stored.size, seconds, seconds, seconds))
