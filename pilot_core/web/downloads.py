"""A pilot's files under ``/download/<pilot_id>/…``: each by its name, the outcome report, and all of it as one zip.

Whoever holds a review grant gets what the founder is given: the founder documents and the review packs of their pilot.
"""

from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pilot_core.documents import FOUNDER_DOCUMENTS, REVIEW_PACK_FOLDER, render_report
from pilot_core.documents.report_page import render_report_page
from pilot_core.errors import PilotError
from pilot_core.export.archive import zip_stream
from pilot_core.export.shelf import Item, shelf
from pilot_core.insight.report import build_report
from pilot_core.models import PilotRun
from pilot_core.review.shown import shown_attempts
from pilot_core.store import state_files
from pilot_core.web import access
from pilot_core.web.stores import store

REPORT, REPORT_PAGE, EVERYTHING = "outcome_report.md", "outcome_report.html", "everything.zip"
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
PAGE_HEADERS = HEADERS | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
MEDIA_TYPES = {
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
}


def address(pilot_id: str, name: str) -> str:
    """Where one of the pilot's files is downloaded; ``name`` as :func:`pilot_core.export.shelf.shelf` gives it."""
    return f"/download/{pilot_id}/{name}"


# Not async: it asks the store and the disk, so Starlette runs it in a thread.
def download(request: Request) -> Response:
    """One file of a pilot. Whatever is unknown, missing or not for this visitor gives the same answer."""
    present, name = access.visitor_of(request), request.path_params["name"]
    if not present.reaches(request.path_params["pilot_id"]):
        return not_found()
    try:
        pilot = store().load(request.path_params["pilot_id"])
        return _answer(pilot, name) if present.role is access.Role.LEAD else _given(pilot, name)
    except PilotError:
        return not_found()


def _given(pilot: PilotRun, name: str) -> Response:
    """A file that the founder is given, to look at: of an attempt only once it is ready."""
    ready = {attempt.attempt_number for attempt in shown_attempts(pilot)}
    for item in shelf(store(), pilot):
        parts = item.name.split("/")
        founder_document = item.attempt is None and item.name in FOUNDER_DOCUMENTS
        in_a_pack = item.attempt in ready and parts[-2:-1] == [REVIEW_PACK_FOLDER]
        if item.name == name and (founder_document or in_a_pack):
            return _file(item)
    return not_found()


def _answer(pilot: PilotRun, name: str) -> Response:
    if name == REPORT:
        text = render_report(build_report(pilot, now=store().clock()))
        return attachment(text.encode(), "text/markdown; charset=utf-8", f"{pilot.pilot_id}_{REPORT}")
    if name == REPORT_PAGE:
        page = render_report_page(build_report(pilot, now=store().clock()))
        return Response(page, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)
    if name == EVERYTHING:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{pilot.pilot_id}.zip"'}
        return StreamingResponse(zip_stream(_everything(pilot)), media_type="application/zip", headers=headers)
    item = next((item for item in shelf(store(), pilot) if item.name == name), None)
    return _file(item) if item else not_found()


def _file(item: Item) -> Response:
    media_type = MEDIA_TYPES.get(item.path.suffix, "application/octet-stream")
    return FileResponse(item.path, filename=Path(item.name).name, media_type=media_type, headers=HEADERS)


def _everything(pilot: PilotRun) -> Iterator[tuple[str, Path | bytes]]:
    """The zip's entries, laid out as the guide lays out a store."""
    yield f"{pilot.pilot_id}.json", state_files.text(pilot).encode()
    yield f"{pilot.pilot_id}/{REPORT}", render_report(build_report(pilot, now=store().clock())).encode()
    for item in shelf(store(), pilot):
        yield f"{pilot.pilot_id}/{item.name}", item.path


def attachment(content: bytes, media_type: str, filename: str) -> Response:
    """A file to be saved under that name."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(content, media_type=media_type, headers=headers)


def not_found() -> Response:
    """The answer to all that is unknown, missing, or not for this visitor."""
    return PlainTextResponse("Not found", 404, headers={**HEADERS, "Cache-Control": "no-store"})


DOWNLOAD_ROUTES: list[BaseRoute] = [Route("/download/{pilot_id}/{name:path}", download)]
