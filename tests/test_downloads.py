"""The download routes, requested over ASGI, on a real store on disk or with its files in a bucket."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import pandas as pd
import pytest
from starlette.applications import Starlette

from pilot_core import PilotStore
from pilot_core.documents.report import render_report
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.export.archive import zip_stream
from pilot_core.export.pilot_files import files_of
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.report import build_report
from pilot_core.review.links import make_link, open_link
from pilot_core.services import pilots
from pilot_core.services.judgements import file_report, override_recommendation
from pilot_core.store.queries.exports import row_counts
from pilot_core.web.access.visitors import GRANT_COOKIE
from pilot_core.web.routes.downloads import DOWNLOAD_ROUTES, TABLES_ZIP, filed_address, table_address
from tests import buckets
from tests.conftest import HandClock
from tests.served import serve, served_scope

FILM = bytes(range(256)) * 4096


@dataclass(frozen=True)
class Answer:
    """A route's response, and the number of pieces it came in."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: int


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request. Header names take underscores for hyphens."""
    said: list[dict] = []
    path, _, query = path.partition("?")
    asked = {"host": "localhost:8501"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in asked.items()],
        **served_scope(),
    }

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        said.append(message)

    anyio.run(Starlette(routes=DOWNLOAD_ROUTES), scope, receive, send)
    sent = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    parts = [message.get("body", b"") for message in said[1:]]
    return Answer(said[0]["status"], sent, b"".join(parts), sum(map(bool, parts)))


@pytest.fixture(params=buckets.KINDS)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> PilotStore:
    if request.param == "s3":
        service: buckets.Service = request.getfixturevalue("s3")
        buckets.name_in_settings(monkeypatch, service, service.new_bucket())
    return PilotStore(tmp_path / "store", clock)


@pytest.fixture
def pilot(store: PilotStore, new_pilot: Callable[..., PilotRun], monkeypatch: pytest.MonkeyPatch) -> PilotRun:
    """Return a pilot whose first attempt has a video, a review pack and unfinished files."""
    pilot = pilots.start_pilot(store, new_pilot(company_name="Acme <AI>"), at_command_line("Mara"))
    within = f"{pilot.pilot_id}/attempt_1_20260302_090000"
    folder = store.root / within
    (folder / "review_pack").mkdir(parents=True)
    (folder / "draft_v1.mp4").write_bytes(FILM)
    (folder / "draft_v1.vtt").write_text("WEBVTT\n")
    (folder / "founder_instructions.txt").write_text("Watch attempt 1.\n")
    (folder / "render.log").write_text("a log")
    (folder / "draft_v2.mp4.part").write_bytes(b"half")
    (folder / ".review_pack.part").mkdir()
    (folder / ".review_pack.part" / "final_video.mp4").write_bytes(b"half")
    for name in ("final_video.mp4", "marketing_summary.txt", "captions.vtt", "quality_report.json", "sprite.json"):
        (folder / "review_pack" / name).write_bytes(f"the {name}".encode())

    def work(pilot: PilotRun) -> None:
        attempt = pilot.add_attempt(f"{within}/draft_v1.mp4", f"{within}/review_pack")
        attempt.folder = within
        attempt.drafts = [
            Draft(iteration=1, video_path=f"{within}/draft_v1.mp4", captions_path=f"{within}/draft_v1.vtt")
        ]
        pilot.record_feedback(1, "Good <b>start</b>", "approve")

    pilot, _ = store.change(pilot.pilot_id, work)
    buckets.leave_to_bucket(store, pilot.pilot_id)
    serve(monkeypatch, PilotStore(store.root))
    return pilot


def at(pilot: PilotRun, name: str) -> str:
    return f"/download/{pilot.pilot_id}/{name}"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("pilot_runbook.txt", "text/plain; charset=utf-8"),
        ("approval_criteria.txt", "text/plain; charset=utf-8"),
        ("attempt_1_20260302_090000/founder_instructions.txt", "text/plain; charset=utf-8"),
        ("attempt_1_20260302_090000/draft_v1.mp4", "video/mp4"),
        ("attempt_1_20260302_090000/review_pack/marketing_summary.txt", "text/plain; charset=utf-8"),
        ("attempt_1_20260302_090000/review_pack/captions.vtt", "text/vtt; charset=utf-8"),
        ("attempt_1_20260302_090000/review_pack/quality_report.json", "application/json"),
    ],
)
def test_a_file_comes_byte_for_byte_under_its_own_name(
    store: PilotStore, pilot: PilotRun, name: str, media_type: str
) -> None:
    answer = ask(at(pilot, name))
    assert answer.status == 200
    assert answer.body == store.media.local_path(f"{pilot.pilot_id}/{name}", of=pilot.pilot_id).read_bytes()
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{Path(name).name}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_file_on_the_shelf_can_be_downloaded(store: PilotStore, pilot: PilotRun) -> None:
    items = files_of(store, pilot)
    assert len(items) == 12
    assert all(ask(at(pilot, item.name)).status == 200 for item in items)


def test_a_film_answers_ranges(pilot: PilotRun) -> None:
    answer = ask(at(pilot, "attempt_1_20260302_090000/draft_v1.mp4"), range="bytes=256-511")
    assert (answer.status, answer.body) == (206, FILM[256:512])


def test_the_report_comes_as_markdown(store: PilotStore, pilot: PilotRun) -> None:
    answer = ask(at(pilot, "outcome_report.md"))
    assert answer.headers["content-disposition"] == f'attachment; filename="{pilot.pilot_id}_outcome_report.md"'
    told = [line for line in answer.body.decode().splitlines() if not line.startswith(("| As of", "| Made"))]
    report = render_report(build_report(pilot)).splitlines()
    assert told == [line for line in report if not line.startswith(("| As of", "| Made"))]


def test_the_report_prints_as_a_page_where_markup_of_people_stays_text(pilot: PilotRun) -> None:
    answer = ask(at(pilot, "outcome_report.html"))
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<title>Outcome report: Acme &lt;AI&gt;</title>" in page
    assert "Good &lt;b&gt;start&lt;/b&gt;" in page
    assert "<h2>Recommendation: PROCEED</h2>" in page
    assert "<table>" in page
    assert not any(word in page for word in ("<script", "<b>start", "<AI>", "http://", "https://"))


def test_one_zip_holds_everything_as_the_guide_lays_it_out(store: PilotStore, pilot: PilotRun) -> None:
    answer = ask(at(pilot, "everything.zip"))
    assert answer.headers["content-disposition"] == f'attachment; filename="{pilot.pilot_id}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        attempt = f"{pilot.pilot_id}/attempt_1_20260302_090000"
        assert sorted(archive.namelist()) == sorted(
            [
                f"{pilot.pilot_id}.json",
                f"{pilot.pilot_id}/outcome_report.md",
                f"{pilot.pilot_id}/pilot_runbook.txt",
                f"{pilot.pilot_id}/founder_instructions.txt",
                f"{pilot.pilot_id}/what_to_expect.txt",
                f"{pilot.pilot_id}/approval_criteria.txt",
                f"{attempt}/founder_instructions.txt",
                f"{attempt}/draft_v1.mp4",
                f"{attempt}/draft_v1.vtt",
                f"{attempt}/review_pack/final_video.mp4",
                f"{attempt}/review_pack/marketing_summary.txt",
                f"{attempt}/review_pack/captions.vtt",
                f"{attempt}/review_pack/quality_report.json",
                f"{attempt}/review_pack/sprite.json",
            ]
        )
        assert archive.read(f"{attempt}/draft_v1.mp4") == FILM
        assert archive.getinfo(f"{attempt}/draft_v1.mp4").compress_type == zipfile.ZIP_STORED
        assert json.loads(archive.read(f"{pilot.pilot_id}.json"))["pilot_id"] == pilot.pilot_id


def test_the_zip_is_sent_as_it_is_made(pilot: PilotRun) -> None:
    assert ask(at(pilot, "everything.zip")).pieces > 4


def test_a_file_that_is_gone_by_its_turn_is_left_out_of_the_zip(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("here")
    entries = [("gone.txt", tmp_path / "gone.txt"), ("there.txt", tmp_path / "there.txt"), ("said.txt", b"words")]
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_stream(entries)))) as archive:
        assert archive.namelist() == ["there.txt", "said.txt"]
        assert archive.read("said.txt") == b"words"


@pytest.mark.parametrize(
    "name",
    [
        "render.log",
        "attempt_1_20260302_090000/render.log",
        "attempt_1_20260302_090000/draft_v2.mp4.part",
        "attempt_1_20260302_090000/.review_pack.part/final_video.mp4",
        "attempt_1_20260302_090000",
        "attempt_1_20260302_090000/../pilot_runbook.txt",
        "../pilots.duckdb",
        "",
    ],
)
def test_what_is_not_on_the_shelf_is_not_found(pilot: PilotRun, name: str) -> None:
    answer = ask(at(pilot, name))
    assert (answer.status, answer.body) == (404, b"Not found")


@pytest.mark.parametrize("pilot_id", ["pilot_20240115_abc12345", "..", "pilots.duckdb"])
def test_an_unknown_pilot_is_not_found(pilot: PilotRun, pilot_id: str) -> None:
    assert ask(f"/download/{pilot_id}/pilot_runbook.txt").body == b"Not found"


@pytest.mark.parametrize("name", ["pilot_runbook.txt", "outcome_report.md", "everything.zip", "no_such_file.txt"])
@pytest.mark.parametrize("headers", [{"host": "ops.example"}, {"x_forwarded_for": "203.0.113.9"}])
def test_whoever_may_not_come_in_gets_the_answer_of_a_missing_file(
    pilot: PilotRun, name: str, headers: dict[str, str]
) -> None:
    answer = ask(at(pilot, name), **headers)
    assert (answer.status, answer.body) == (404, b"Not found")


def test_an_imported_pilot_reaches_no_file_of_the_store_that_is_not_its_own(
    store: PilotStore, pilot: PilotRun, new_pilot: Callable[..., PilotRun]
) -> None:
    other = new_pilot()
    attempt = other.add_attempt("pilots.duckdb", ".")
    attempt.folder = pilot.pilot_id
    attempt.drafts = [Draft(iteration=1, video_path="../outside.mp4", captions_path=f"{pilot.pilot_id}.json")]
    (store.root.parent / "outside.mp4").write_bytes(b"outside")
    store.save(other)
    assert files_of(store, other) == []
    assert ask(at(other, "attempt_1/pilots.duckdb")).status == 404


def test_a_film_elsewhere_in_the_store_is_not_the_pilot_s(
    store: PilotStore, pilot: PilotRun, new_pilot: Callable[..., PilotRun]
) -> None:
    (store.root / "old_films").mkdir()
    (store.root / "old_films" / "cut.mp4").write_bytes(FILM)
    other = new_pilot()
    other.add_attempt("old_films/cut.mp4")
    store.save(other)
    assert files_of(store, other) == []
    assert ask(at(other, "attempt_1/cut.mp4")).status == 404


# Filed reports, and the tables of a cohort


def test_a_filed_report_comes_as_it_was_filed_whatever_came_after(store: PilotStore, pilot: PilotRun) -> None:
    override_recommendation(store, pilot.pilot_id, "STOP", "Sold <b>off</b>.", at_command_line("Lea"))
    filed = file_report(store, pilot.pilot_id, at_command_line("Lea <i>"))
    store.change(pilot.pilot_id, lambda p: setattr(p, "company_name", "Renamed"))
    markdown = ask(filed_address(filed.report_id, "md"))
    assert markdown.body.decode() == filed.markdown
    assert "**Lea overrides this: STOP.** Sold" in filed.markdown
    assert markdown.headers["content-disposition"] == f'attachment; filename="{filed.report_id}.md"'
    page = ask(filed_address(filed.report_id, "html"))
    text = page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<title>Outcome report: Acme &lt;AI&gt;</title>" in text
    assert f"Report {filed.report_id}, filed by Lea &lt;i&gt; on " in text
    assert "Sold &lt;b&gt;off&lt;/b&gt;" in text
    assert not any(word in text for word in ("<script", "<b>off", "<i>", "http://", "https://"))
    for unknown in ("report_0.md", f"{filed.report_id}.txt", "report_0.html"):
        assert ask(f"/download/reports/{unknown}").status == 404


def test_a_table_comes_for_the_filters_in_its_address(store: PilotStore, pilot: PilotRun) -> None:
    other = pilots.create_pilot("Bo", "Other Ltd", "problem_solution", "wellness", now=store.clock())
    pilots.start_pilot(store, other, at_command_line("Mara"))
    cohort = Cohort(scenario=("feature_launch", "funding_announcement"), created_from=pilot.created_at.date())
    assert table_address("pilots.csv", cohort) == (
        f"/download/tables/pilots.csv?scenario=feature_launch&scenario=funding_announcement"
        f"&created_from={pilot.created_at:%Y-%m-%d}"
    )
    one, both = ask(table_address("pilots.csv", cohort)), ask(table_address("pilots.csv", Cohort()))
    assert one.headers["content-type"] == "text/csv; charset=utf-8"
    assert one.headers["content-disposition"] == 'attachment; filename="pilots.csv"'
    assert [answer.body.decode("utf-8-sig").count("\r\n") - 1 for answer in (one, both)] == [1, 2]
    frame = pd.read_parquet(io.BytesIO(ask(table_address("pilots.parquet", cohort)).body))
    assert list(frame["company_name"]) == ["Acme <AI>"]
    with zipfile.ZipFile(io.BytesIO(ask(table_address(TABLES_ZIP, cohort)).body)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("pilots.csv") == one.body
    assert manifest["filters"] == cohort.as_filters()
    assert manifest["row_counts"] == row_counts(store.database, cohort)


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("secrets.csv", 422, "There is no table “secrets”"),
        ("pilots.csv?created_from=soon", 422, "A day in this address is none"),
        ("pilots.csv?created_from=2026-02-02&created_to=2026-02-01", 422, "The first day is after the last one"),
        ("pilots.exe", 404, "Not found"),
    ],
)
def test_a_table_that_cannot_be_had_is_refused_with_a_sentence(
    pilot: PilotRun, address: str, status: int, says: str
) -> None:
    answer = ask(f"/download/tables/{address}")
    assert answer.status == status
    assert says in answer.body.decode()


def test_reports_and_tables_are_for_the_team_alone(store: PilotStore, pilot: PilotRun) -> None:
    filed = file_report(store, pilot.pilot_id, at_command_line("Lea"))
    token = make_link(store, pilot.pilot_id, "Dana", actor=at_command_line("Lea"))[1]
    _, cookie = open_link(store, token)
    for address in (filed_address(filed.report_id, "md"), table_address("pilots.csv", Cohort()), "/download/tables/x"):
        for headers in ({}, {"cookie": f"{GRANT_COOKIE}={cookie}"}):
            assert ask(address, host="pilots.example", **headers).status == 404
