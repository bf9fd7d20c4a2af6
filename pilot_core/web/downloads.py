"""A pilot's files under ``/download/<pilot_id>/…``: each by its name, the outcome report, and all of it as one zip;
filed reports under ``/download/reports/…``, and the tables of a cohort under ``/download/tables/…``.

Whoever holds a review grant gets what the founder is given: the founder documents and the review packs of their pilot.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute

from pilot_core.documents import FOUNDER_DOCUMENTS, REVIEW_PACK_FOLDER, render_report
from pilot_core.documents.report_page import page_of, render_report_page
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.export.archive import zip_stream
from pilot_core.export.shelf import Item, shelf
from pilot_core.formatting import moment
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.report import OutcomeReport, build_report
from pilot_core.models import PilotRun
from pilot_core.review.shown import shown_attempts
from pilot_core.store import state_files
from pilot_core.store.bucket import BucketTrouble
from pilot_core.store.judgements import Override, filed_report, standing_override
from pilot_core.web import access
from pilot_core.web.files import answer_with, not_now
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

REPORT, REPORT_PAGE, EVERYTHING = "outcome_report.md", "outcome_report.html", "everything.zip"
TABLES_ZIP = "pilot_ops_tables.zip"
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


def filed_address(report_id: str, suffix: str) -> str:
    """Where a filed report is: as a page to print (``html``), or as Markdown (``md``)."""
    return f"/download/reports/{report_id}.{suffix}"


def table_address(name: str, cohort: Cohort) -> str:
    """Where a cohort's table is downloaded, ``pilots.csv`` or ``pilots.parquet``, or all of them, ``TABLES_ZIP``."""
    filters = {key: value for key, value in cohort.as_filters().items() if value and key != "mode"}
    return f"/download/tables/{name}" + (f"?{urlencode(filters, doseq=True)}" if filters else "")


def cohort_of(query: QueryParams) -> Cohort:
    """The cohort that such an address names. Raises InvalidRequest for a day that is none."""
    try:
        first, last = (
            date.fromisoformat(query[name]) if query.get(name) else None for name in ("created_from", "created_to")
        )
    except ValueError:
        raise InvalidRequest("A day in this address is none; write it as 2026-03-31.") from None
    scenario, brand, playbook = (tuple(query.getlist(name)) for name in ("scenario", "brand", "playbook_version"))
    return Cohort(scenario, brand, playbook, first, last)


# Not async: it asks the store and the disk, so Starlette runs it in a thread.
def download(request: Request) -> Response:
    """One file of a pilot. Whatever is unknown, missing or not for this visitor gives the same answer."""
    present, name = access.visitor_of(request), request.path_params["name"]
    if not present.reaches(request.path_params["pilot_id"]):
        return not_found()
    try:
        pilot = store().load(request.path_params["pilot_id"])
        return _answer(pilot, name) if present.on_the_team else _given(pilot, name)
    except BucketTrouble as error:
        return not_now(error)
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
        text = render_report(*_report(pilot))
        return attachment(text.encode(), "text/markdown; charset=utf-8", f"{pilot.pilot_id}_{REPORT}")
    if name == REPORT_PAGE:
        page = render_report_page(*_report(pilot))
        return Response(page, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)
    if name == EVERYTHING:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{pilot.pilot_id}.zip"'}
        return StreamingResponse(zip_stream(_everything(pilot)), media_type="application/zip", headers=headers)
    item = next((item for item in shelf(store(), pilot) if item.name == name), None)
    return _file(item) if item else not_found()


def _report(pilot: PilotRun) -> tuple[OutcomeReport, Override | None]:
    override = store().database.read(lambda connection: standing_override(connection, pilot.pilot_id))
    return build_report(pilot, now=store().clock()), override


def _file(item: Item) -> Response:
    media = store().media
    if (found := media.found(item.path)) is None:
        return not_found()
    media_type = MEDIA_TYPES.get(Path(item.path).suffix, "application/octet-stream")
    return answer_with(media, found, media_type, HEADERS, Path(item.name).name)


def _everything(pilot: PilotRun) -> Iterator[tuple[str, Path | bytes | Iterator[bytes]]]:
    """The zip's entries, laid out as the guide lays out a store."""
    yield f"{pilot.pilot_id}.json", state_files.text(pilot).encode()
    yield f"{pilot.pilot_id}/{REPORT}", render_report(*_report(pilot)).encode()
    for item in shelf(store(), pilot):
        if found := store().media.found(item.path):
            here = found.status is not None
            yield f"{pilot.pilot_id}/{item.name}", found.path if here else store().media.pieces(found)


# Not async: it asks the store, so Starlette runs it in a thread.
def filed(request: Request) -> Response:
    """A filed report as it was filed."""
    found = filed_report(store().database, request.path_params["report_id"])
    suffix = request.path_params["suffix"]
    if found is None or suffix not in ("md", "html"):
        return not_found()
    if suffix == "md":
        return attachment(found.markdown.encode(), "text/markdown; charset=utf-8", f"{found.report_id}.md")
    foot = f"Report {found.report_id}, filed by {found.filed_by} on {moment(found.report.generated_at)}."
    page = page_of(found.markdown, found.report.company_name, foot)
    return Response(page, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)


# Not async: it asks the store, so Starlette runs it in a thread.
def tables(request: Request) -> Response:
    """A table of a cohort, or all of them as one zip; sent while it is made."""
    # Only this needs it, and it takes long to load.
    from pilot_core.export import bundle

    table, _, suffix = (name := request.path_params["name"]).rpartition(".")
    try:
        cohort = cohort_of(request.query_params)
        if name == TABLES_ZIP:
            media_type, chunks = "application/zip", bundle.archive_chunks(store(), cohort)
        elif suffix == "csv":
            media_type, chunks = "text/csv; charset=utf-8", bundle.csv_chunks(store(), table, cohort)
        elif suffix == "parquet":
            media_type, chunks = "application/vnd.apache.parquet", bundle.parquet_chunks(store(), table, cohort)
        else:
            return not_found()
        # What can be refused is refused by now, while there is still another answer to give.
        first = next(chunks)
    except InvalidRequest as error:
        return PlainTextResponse(str(error), 422, headers=HEADERS)
    except PilotError as error:
        return PlainTextResponse(str(error), 503, headers=HEADERS)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chain([first], chunks), media_type=media_type, headers=headers)


def attachment(content: bytes, media_type: str, filename: str) -> Response:
    """A file to be saved under that name."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(content, media_type=media_type, headers=headers)


DOWNLOAD_ROUTES: list[BaseRoute] = [
    route("/download/tables/{name}", tables, access.Role.VIEWER),
    route("/download/reports/{report_id}.{suffix}", filed, access.Role.VIEWER),
    route("/download/{pilot_id}/{name:path}", download, access.Role.REVIEWER),
]
