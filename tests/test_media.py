"""The media routes, requested over ASGI, on a real store on disk or with its files in a bucket."""

from collections.abc import Iterator
from dataclasses import dataclass

import anyio
import pytest
from starlette.applications import Starlette

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.services.pilots import create_pilot
from pilot_core.store.queries.lists import media_of
from pilot_core.web.routes.media import MEDIA_ROUTES
from tests import buckets
from tests.served import serve, served_scope

FILM = bytes(range(256)) * 40
MISSING = "/watch/nobody_a1/video.mp4"


@dataclass(frozen=True)
class Answer:
    """A route's response."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request. Header names take underscores for hyphens."""
    said: list[dict] = []
    asked = {"host": "localhost:8501"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in asked.items()],
        **served_scope(),
    }

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        said.append(message)

    anyio.run(Starlette(routes=MEDIA_ROUTES), scope, receive, send)
    sent = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], sent, b"".join(message.get("body", b"") for message in said[1:]))


@pytest.fixture(scope="module", params=buckets.KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PilotStore]:
    """Return the store that the routes use."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "s3":
            service: buckets.Service = request.getfixturevalue("s3")
            buckets.name_in_settings(patch, service, service.new_bucket())
        store = PilotStore(tmp_path_factory.mktemp("media") / "store")
        serve(patch, store)
        yield store


@pytest.fixture(scope="module")
def pilot(store: PilotStore) -> PilotRun:
    """Return a saved pilot with two attempts.

    The first has two drafts, the second of them chosen, and a review pack.
    """
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme")
    folder = store.root / pilot.pilot_id / "attempt_1"
    pack = folder / "review_pack"
    pack.mkdir(parents=True)
    (folder / "draft_v1.mp4").write_bytes(b"first draft")
    (folder / "draft_v1.vtt").write_text("WEBVTT\n\nfirst")
    (folder / "draft_v2.mp4").write_bytes(FILM)
    (folder / "draft_v2.vtt").write_text("WEBVTT\n\nsecond")
    (folder / "secrets.txt").write_text("not for anyone")
    (folder / "changing.mp4").write_bytes(FILM)
    for name in ("captions.vtt", "poster.jpg", "contact_sheet.jpg", "sprite.jpg", "sprite.json"):
        (pack / name).write_bytes(name.encode())
    within = folder.relative_to(store.root).as_posix()
    attempt = pilot.add_attempt(f"{within}/draft_v2.mp4", f"{within}/review_pack")
    attempt.drafts = [
        Draft(iteration=n, video_path=f"{within}/draft_v{n}.mp4", captions_path=f"{within}/draft_v{n}.vtt")
        for n in (1, 2)
    ]
    pilot.add_attempt(f"{within}/changing.mp4")
    store.save(pilot)
    buckets.leave_to_bucket(store, pilot.pilot_id)
    return pilot


@pytest.fixture(scope="module")
def base(pilot: PilotRun) -> str:
    """Return the address of the first attempt's media."""
    return f"/watch/{pilot.runs[0].attempt_id}"


@pytest.fixture(scope="module")
def changing(pilot: PilotRun) -> str:
    """Return the address of the second attempt's video, which tests may change."""
    return f"/watch/{pilot.runs[1].attempt_id}/video.mp4"


@pytest.mark.parametrize(
    ("name", "kind", "body"),
    [
        ("video.mp4", "video/mp4", FILM),
        ("draft_v1.mp4", "video/mp4", b"first draft"),
        ("draft_v2.mp4", "video/mp4", FILM),
        ("draft_v1.vtt", "text/vtt; charset=utf-8", b"WEBVTT\n\nfirst"),
        ("captions.vtt", "text/vtt; charset=utf-8", b"WEBVTT\n\nsecond"),
        ("poster.jpg", "image/jpeg", b"poster.jpg"),
        ("contact_sheet.jpg", "image/jpeg", b"contact_sheet.jpg"),
        ("sprite.jpg", "image/jpeg", b"sprite.jpg"),
        ("sprite.json", "application/json", b"sprite.json"),
    ],
)
def test_every_file_of_an_attempt_is_served_with_its_type_and_for_this_reader_only(
    base: str, name: str, kind: str, body: bytes
) -> None:
    answer = ask(f"{base}/{name}")
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "given", "span"),
    [
        ("bytes=0-99", FILM[:100], "bytes 0-99/10240"),
        ("bytes=10200-", FILM[10200:], "bytes 10200-10239/10240"),
        ("bytes=-40", FILM[-40:], "bytes 10200-10239/10240"),
        ("bytes=0-999999", FILM, "bytes 0-10239/10240"),
    ],
)
def test_a_range_is_answered_with_just_that_range(base: str, asked: str, given: bytes, span: str) -> None:
    answer = ask(f"{base}/video.mp4", range=asked)
    assert (answer.status, answer.body) == (206, given)
    assert answer.headers["content-range"] == span
    assert answer.headers["content-length"] == str(len(given))


def test_a_range_past_the_end_is_refused_with_the_length(base: str) -> None:
    answer = ask(f"{base}/video.mp4", range="bytes=10240-")
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */10240"


def test_head_gives_the_headers_alone(base: str) -> None:
    answer = ask(f"{base}/video.mp4", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "10240"
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_of_a_film_that_changed_meanwhile_brings_the_whole_new_film(base: str) -> None:
    etag = ask(f"{base}/video.mp4").headers["etag"]
    assert ask(f"{base}/video.mp4", range="bytes=0-9", if_range=etag).status == 206
    assert ask(f"{base}/video.mp4", range="bytes=0-9", if_range='"another"').body == FILM


def test_asking_again_costs_no_body_until_the_file_changes(changing: str, store: PilotStore, pilot: PilotRun) -> None:
    etag = ask(changing).headers["etag"]
    again = ask(changing, if_none_match=f'"other", W/{etag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    changed = store.path_of(pilot.runs[1].video_path or "")
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_bytes(b"another cut")
    store.media.put([pilot.runs[1].video_path or ""])
    assert ask(changing, if_none_match=etag).body == b"another cut"


@pytest.mark.parametrize(
    "name",
    [
        "draft_v3.mp4",
        "draft_v0.mp4",
        "draft_v01.mp4",
        "draft_v1.txt",
        "secrets.txt",
        "final_video.mp4",
        "VIDEO.MP4",
        "..",
        "%2e%2e%2fpilots.duckdb",
        "../../../pilots.duckdb",
    ],
)
def test_nothing_else_of_the_folder_can_be_had(base: str, name: str) -> None:
    assert ask(f"{base}/{name}").status == 404


def test_what_is_not_there_and_what_is_not_allowed_answer_alike(base: str) -> None:
    nothing = ask(MISSING)
    assert nothing.status == 404
    assert nothing.headers["cache-control"] == "no-store"
    assert ask(f"{base}/draft_v9.mp4") == nothing
    assert ask(f"{base}/video.mp4", x_forwarded_for="203.0.113.7") == nothing
    assert ask(f"{base}/video.mp4", host="pilots.example.com") == nothing
    assert ask("/watch/no%20such%20attempt/video.mp4") == nothing


@pytest.mark.parametrize(
    "video_path", ["pilots.duckdb", "../outside.mp4", "/etc/hostname", "gone.mp4", "link.mp4", "folder.mp4", "a\0.mp4"]
)
def test_a_path_from_an_imported_pilot_opens_no_other_file(
    store: PilotStore, pilot: PilotRun, changing: str, video_path: str
) -> None:
    outside = store.root.parent / "outside.mp4"
    outside.write_bytes(b"outside")
    if not (store.root / "link.mp4").is_symlink():
        (store.root / "link.mp4").symlink_to(outside)
    (store.root / "folder.mp4").mkdir(exist_ok=True)
    pilot.runs[1].video_path = video_path
    store.save(pilot)
    assert ask(changing).status == 404


def test_the_files_of_an_attempt_are_found_by_its_id_alone(store: PilotStore, pilot: PilotRun) -> None:
    attempt = pilot.runs[0]
    media = media_of(store.database, attempt.attempt_id)
    assert media is not None
    assert (media.pilot_id, media.attempt_number, media.video_path) == (pilot.pilot_id, 1, attempt.video_path)
    assert set(media.drafts) == {1, 2}
    assert media.captions_path == attempt.drafts[1].captions_path
    assert media_of(store.database, "nobody_a1") is None
