"""A store's file as an answer, from its folder or from the bucket: whole, or the ranges that were asked for."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from os import stat_result
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from pilot_core.store.bucket import BucketTrouble
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.media import File, Kept, Media

log = logging.getLogger(__name__)

PIECE_BYTES = 512 * 1024  # read and sent at a time; each piece takes a turn of the server's one thread
NOT_NOW = "This file cannot be fetched just now. Try again in a few minutes."
FROM_AFAR_BYTES = 2 * 1024 * 1024  # each is a request to the bucket


def answer_with(
    media: Media,
    file: File,
    media_type: str,
    headers: Mapping[str, str],
    filename: str | None = None,
    request: Request | None = None,
) -> Response:
    """The file; with a ``request``, nothing but the headers for one who has it already."""
    kept = file.kept
    # By its checksum it is the same on every server, whenever each of them fetched it.
    given = {**headers, "ETag": f'"{kept.sha256}"'} if kept else headers
    status = _status(kept) if kept else file.status
    if kept and file.status is None and isinstance(media, BucketMedia):
        response: FileResponse = FromAfar(media, kept, given, media_type, filename)
    else:
        response = FileResponse(file.path, headers=given, media_type=media_type, filename=filename, stat_result=status)
        response.chunk_size = PIECE_BYTES
    etag = response.headers["etag"]
    said = request.headers.get("if-none-match", "") if request else ""
    if etag in [tag.strip().removeprefix("W/") for tag in said.split(",")]:
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return response


def not_now(error: BucketTrouble) -> Response:
    """The answer while the bucket does not give a file out; why is told to the log."""
    log.error("a file could not be given out: %s", error)
    return PlainTextResponse(NOT_NOW, 503, headers={"Cache-Control": "no-store"})


class FromAfar(FileResponse):
    """A file that comes from the bucket, piece by piece as it is sent; it is never here whole."""

    chunk_size = FROM_AFAR_BYTES

    def __init__(
        self, media: BucketMedia, kept: Kept, headers: Mapping[str, str], media_type: str, filename: str | None
    ):
        super().__init__(
            kept.path, headers=headers, media_type=media_type, filename=filename, stat_result=_status(kept)
        )
        self._media, self._kept = media, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        held: list[Message] = []

        async def send_on(message: Message) -> None:
            # The first piece before the headers: until then there is another answer to give.
            nonlocal begun
            held.append(message)
            if message["type"] != "http.response.start":
                begun = True
                for one in held:
                    await send(one)
                held.clear()

        # Others in the scope could send the file themselves, from a path that is not there.
        plain = {**scope, "extensions": {}}
        try:
            await super().__call__(plain, receive, send_on)
        except BucketTrouble as error:
            if begun:
                log.error("a file broke off: %s", error)
                raise
            await not_now(error)(scope, receive, send)

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        yield _Reading(self._media, self._kept)


class _Reading:
    """What Starlette reads a file by."""

    def __init__(self, media: BucketMedia, kept: Kept):
        self._media, self._kept, self._at = media, kept, 0

    async def seek(self, place: int) -> None:
        self._at = place

    async def read(self, most: int) -> bytes:
        end = min(self._at + most, self._kept.size)
        piece = await run_in_threadpool(self._media.piece, self._kept, self._at, end)
        self._at = end
        return piece


def _status(kept: Kept) -> stat_result:
    """As the disk would tell of it; a regular file of that size and time is all that is asked."""
    seconds = int(kept.put_at.timestamp())
    return stat_result((0o100644, 0, 0, 1, 0, 0, kept.size, seconds, seconds, seconds))
