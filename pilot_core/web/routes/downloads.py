"""Downloads: a pilot's files under ``/download/<pilot_id>/…`` (each by its name, the outcome report, or all in one
zip), filed reports under ``/download/reports/…``, and the tables of a cohort under ``/download/tables/…``.

Visitors with a review grant get only what the founder gets: the founder documents and review packs of their pilot.
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

from pilot_core.documents.names import FOUNDER_DOCUMENTS, OUTCOME_REPORT, REVIEW_PACK_FOLDER
from pilot_core.documents.report import render_report
from pilot_core.documents.report_page import page_of, render_report_page
from pilot_core.domain.judgements import Override
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import Role
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.export.archive import zip_stream
from pilot_core.export.pilot_files import PilotFile, files_of
from pilot_core.formatting import moment
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.report import OutcomeReport, build_report
from pilot_core.review.requests import answers_of
from pilot_core.review.shown import shown_attempts
from pilot_core.store.files import state_files
from pilot_core.store.files.bucket import BucketError
from pilot_core.store.files.media import VIDEO_SUFFIXES, Media
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.judgements import filed_report
from pilot_core.store.tables.judgements import open_override
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.routes.files import answer_with, not_now

REPORT, REPORT_PAGE, EVERYTHING = OUTCOME_REPORT, "outcome_report.html", "everything.zip"
TABLES_ZIP, WORKBOOK = "pilot_ops_tables.zip", "pilot_ops_tables.xlsx"
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
PAGE_HEADERS = HEADERS | {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
MEDIA_TYPES = {
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".jpg": "image/jpeg",
}


def address(pilot_id: str, name: str) -> str:
    """Return the address of a pilot's file. ``name`` is as in ``pilot_core.export.pilot_files.files_of``."""
    return f"/download/{pilot_id}/{name}"


def filed_address(report_id: str, suffix: str) -> str:
    """Return the address of a filed report, as a page to print (``html``), or as Markdown (``md``)."""
    return f"/download/reports/{report_id}.{suffix}"


def table_address(name: str, cohort: Cohort) -> str:
    """Return the address of a cohort's table, such as ``pilots.csv``, or of all, ``TABLES_ZIP`` or ``WORKBOOK``."""
    filters = {key: value for key, value in cohort.as_filters().items() if value and key != "mode"}
    return f"/download/tables/{name}" + (f"?{urlencode(filters, doseq=True)}" if filters else "")


def cohort_of(query: QueryParams) -> Cohort:
    """Return the cohort in the query of such an address. Raises InvalidRequest for an invalid day."""
    try:
        first, last = (
            date.fromisoformat(query[name]) if query.get(name) else None for name in ("created_from", "created_to")
        )
    except ValueError:
        raise InvalidRequest("A day in this address is none; write it as 2026-03-31.") from None
    scenario, brand, playbook = (tuple(query.getlist(name)) for name in ("scenario", "brand", "playbook_version"))
    return Cohort(scenario, brand, playbook, first, last)


# Not async: it reads the store and the disk, so Starlette runs it in a thread.
def download(request: Request) -> Response:
    """Return a file of a pilot. Returns 404 for anything unknown, missing or not allowed for this visitor."""
    present, name = visitor_of(request), request.path_params["name"]
    if not present.reaches(request.path_params["pilot_id"]):
        return not_found()
    try:
        store = app_of(request).store
        pilot = store.load(request.path_params["pilot_id"])
        return _answer(store, pilot, name) if present.on_the_team else _given(store, pilot, name)
    except BucketError as error:
        return not_now(error)
    except PilotError:
        return not_found()


def _given(store: PilotStore, pilot: PilotRun, name: str) -> Response:
    """Return a file that the founder may see, for display. An attempt's files are included once it is ready.

    Videos are not: the review room gives out the approved one, if the link says so.
    """
    ready = {attempt.attempt_number for attempt in shown_attempts(pilot)}
    for item in files_of(store, pilot):
        parts = item.name.split("/")
        founder_document = item.attempt is None and item.name in FOUNDER_DOCUMENTS
        in_a_pack = item.attempt in ready and parts[-2:-1] == [REVIEW_PACK_FOLDER]
        in_a_pack = in_a_pack and not item.path.lower().endswith(VIDEO_SUFFIXES)
        if item.name == name and (founder_document or in_a_pack):
            return _file(store.media, pilot.pilot_id, item)
    return not_found()


def _answer(store: PilotStore, pilot: PilotRun, name: str) -> Response:
    if name == REPORT:
        text = render_report(*_report(store, pilot))
        return attachment(text.encode(), "text/markdown; charset=utf-8", f"{pilot.pilot_id}_{REPORT}")
    if name == REPORT_PAGE:
        page = render_report_page(*_report(store, pilot))
        return Response(page, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)
    if name == EVERYTHING:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{pilot.pilot_id}.zip"'}
        return StreamingResponse(zip_stream(_everything(store, pilot)), media_type="application/zip", headers=headers)
    item = next((item for item in files_of(store, pilot) if item.name == name), None)
    return _file(store.media, pilot.pilot_id, item) if item else not_found()


def _report(store: PilotStore, pilot: PilotRun) -> tuple[OutcomeReport, Override | None]:
    override = store.database.read(lambda connection: open_override(connection, pilot.pilot_id))
    return build_report(pilot, answers_of(store, pilot.pilot_id), now=store.clock()), override


def _file(media: Media, pilot_id: str, item: PilotFile) -> Response:
    if (found := media.find(item.path, of=pilot_id)) is None:
        return not_found()
    # The suffix of what is served, which a link in the folder may name otherwise.
    media_type = MEDIA_TYPES.get(found.path.suffix.lower(), "application/octet-stream")
    return answer_with(media, found, media_type, HEADERS, Path(item.name).name)


def _everything(store: PilotStore, pilot: PilotRun) -> Iterator[tuple[str, Path | bytes | Iterator[bytes]]]:
    """Yield the zip's entries, in the folder layout that the guide gives for a store."""
    yield f"{pilot.pilot_id}.json", state_files.text(pilot).encode()
    yield f"{pilot.pilot_id}/{REPORT}", render_report(*_report(store, pilot)).encode()
    for item in files_of(store, pilot):
        if found := store.media.find(item.path, of=pilot.pilot_id):
            here = found.status is not None
            yield f"{pilot.pilot_id}/{item.name}", found.path if here else store.media.pieces(found)


# Not async: it asks the store, so Starlette runs it in a thread.
def filed(request: Request) -> Response:
    """Return a filed report, unchanged."""
    found = filed_report(app_of(request).store.database, request.path_params["report_id"])
    suffix = request.path_params["suffix"]
    if found is None or suffix not in ("md", "html"):
        return not_found()
    if suffix == "md":
        return attachment(found.markdown.encode(), "text/markdown; charset=utf-8", f"{found.report_id}.md")
    foot = f"Report {found.report_id}, filed by {found.filed_by} on {moment(found.report.generated_at)}."
    page = page_of(found.markdown, f"Outcome report: {found.report.company_name}", foot)
    return Response(page, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)


# Not async: it asks the store, so Starlette runs it in a thread.
def tables(request: Request) -> Response:
    """Return a table of a cohort, or all of them as a zip or an Excel workbook.

    All but the workbook and Parquet are sent while they are made.
    """
    # Loads scipy and pyarrow, which the server's start should not wait for.
    from pilot_core.export import bundle

    store, (table, _, suffix) = app_of(request).store, (name := request.path_params["name"]).rpartition(".")
    try:
        cohort = cohort_of(request.query_params)
        if name == TABLES_ZIP:
            media_type, chunks = "application/zip", bundle.archive_chunks(store, cohort)
        elif name == WORKBOOK:
            media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            chunks = bundle.workbook_chunks(store, cohort)
        elif suffix == "csv":
            media_type, chunks = "text/csv; charset=utf-8", bundle.csv_chunks(store, table, cohort)
        elif suffix == "parquet":
            media_type, chunks = (
                "application/vnd.apache.parquet",
                bundle.parquet_chunks(store, table, cohort),
            )
        else:
            return not_found()
        # Make the first chunk now, since an error after this can no longer be answered with a status.
        first = next(chunks)
    except InvalidRequest as error:
        return PlainTextResponse(str(error), 422, headers=HEADERS)
    except PilotError as error:
        return PlainTextResponse(str(error), 503, headers=HEADERS)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chain([first], chunks), media_type=media_type, headers=headers)


def attachment(content: bytes, media_type: str, filename: str) -> Response:
    """Return a response that the browser saves under that name."""
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(content, media_type=media_type, headers=headers)


DOWNLOAD_ROUTES: list[BaseRoute] = [
    route("/download/tables/{name}", tables, Role.VIEWER),
    route("/download/reports/{report_id}.{suffix}", filed, Role.VIEWER),
    route("/download/{pilot_id}/{name:path}", download, Role.REVIEWER),
]
