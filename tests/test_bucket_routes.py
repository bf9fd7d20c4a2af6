"""A video gives the same responses from the bucket and from the folder, in every byte and header; and error cases."""

import re
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.links import make_link, open_link
from pilot_core.services import pilots
from pilot_core.store.files.bucket_media import BucketMedia
from pilot_core.store.files.media import File
from pilot_core.web.routes.files import BUCKET_PIECE_BYTES, NOT_NOW
from pilot_core.web.routes.media import MEDIA_ROUTES
from tests import buckets
from tests.asking import Answer, ask
from tests.reviewing import LEAD
from tests.served import serve, served_scope

FILM = bytes(range(256)) * 20_000  # three pieces from the bucket
SIZE = len(FILM)
ITS_OWN = ("etag", "last-modified")
"""Headers that identify the file: by its time in the folder, by its checksum in the bucket."""


def with_film(store: PilotStore, pilot: PilotRun) -> str:
    """Return the address of a ready attempt's video."""
    pilots.start_pilot(store, pilot, LEAD)
    path = f"{pilot.pilot_id}/attempt_1/draft_v1.mp4"
    store.path_of(path).parent.mkdir()
    store.path_of(path).write_bytes(FILM)
    store.change(pilot.pilot_id, lambda p: p.add_attempt(path))
    buckets.leave_to_bucket(store, pilot.pilot_id)
    return f"/watch/{pilot.pilot_id}_a1/video.mp4"


def both(
    patch: pytest.MonkeyPatch, s3: buckets.Service, tmp_path: Path, new_pilot: Callable[..., PilotRun], asked: dict
) -> list[Answer]:
    """Return the responses of a store on disk and of one whose video is only in the bucket."""
    answers = []
    for kind in buckets.KINDS:
        if kind == "s3":
            buckets.name_in_settings(patch, s3, s3.new_bucket())
        store = PilotStore(tmp_path / kind)
        address = with_film(store, new_pilot())
        serve(patch, store)
        answers.append(ask(address, host="localhost:8501", **asked))
    return answers


def alike(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """Return a response without the parts that always differ between two files or two multi-range responses."""
    headers = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
    found = re.search(r"boundary=(\w+)", headers.get("content-type", ""))
    mark = found[1] if found else "no boundary"
    return (
        answer.status,
        {name: value.replace(mark, "-") for name, value in headers.items()},
        answer.body.replace(mark.encode(), b"-"),
    )


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"method": "HEAD"}, 200),
        ({"range": "bytes=0-0"}, 206),
        ({"range": "bytes=100-3000000"}, 206),
        ({"range": f"bytes={SIZE - 10}-"}, 206),
        ({"range": "bytes=-10"}, 206),
        ({"range": f"bytes=0-{SIZE * 2}"}, 206),
        ({"range": "bytes=0-"}, 206),
        ({"range": f"bytes=0-9,{BUCKET_PIECE_BYTES - 5}-{BUCKET_PIECE_BYTES + 5},-3"}, 206),
        ({"range": "bytes=5-1,0-9"}, 400),
        ({"method": "HEAD", "range": "bytes=0-9"}, 206),
        ({"range": f"bytes={SIZE}-"}, 416),
        ({"range": "lines=1-2"}, 400),
        ({"range": "bytes"}, 400),
        ({"range": "bytes=0-9", "if_range": '"another"'}, 200),
        ({"if_none_match": '"another"'}, 200),
    ],
)
def test_bucket_and_folder_answer_alike(
    monkeypatch: pytest.MonkeyPatch,
    s3: buckets.Service,
    tmp_path: Path,
    new_pilot: Callable[..., PilotRun],
    asked: dict,
    status: int,
) -> None:
    local, remote = both(monkeypatch, s3, tmp_path, new_pilot, asked)
    assert local.status == status
    assert alike(local) == alike(remote)
    assert local.headers.keys() == remote.headers.keys()


@pytest.fixture
def in_bucket(
    bucket: str, tmp_path: Path, new_pilot: Callable[..., PilotRun], monkeypatch: pytest.MonkeyPatch
) -> tuple[PilotStore, PilotRun, str]:
    """Serve a store whose video is only in the bucket. Returns the store, its pilot and the video's address."""
    store = PilotStore(tmp_path / "store")
    pilot = new_pilot()
    address = with_film(store, pilot)
    serve(monkeypatch, store)
    return store, store.load(pilot.pilot_id), address


def test_a_film_keeps_its_tag_wherever_it_is_read_from(in_bucket: tuple[PilotStore, PilotRun, str]) -> None:
    store, pilot, address = in_bucket
    remote = ask(address, host="localhost:8501")
    again = ask(address, host="localhost:8501", if_none_match=remote.headers["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", remote.headers["etag"])
    assert ask(address, host="localhost:8501", range="bytes=0-9", if_range=remote.headers["etag"]).status == 206
    store.media.local_path(pilot.attempt(1).video_path or "", of=pilot.pilot_id)
    local = ask(address, host="localhost:8501")
    assert local == remote


def test_a_film_is_fetched_in_pieces_as_it_is_sent_and_written_nowhere(
    in_bucket: tuple[PilotStore, PilotRun, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _, address = in_bucket
    asked: list[tuple[int, int]] = []
    piece = BucketMedia.piece

    def noted(self: BucketMedia, file: File, start: int, end: int) -> bytes:
        asked.append((start, end))
        return piece(self, file, start, end)

    monkeypatch.setattr(BucketMedia, "piece", noted)
    assert ask(address, host="localhost:8501").body == FILM
    most = BUCKET_PIECE_BYTES
    assert asked == [(0, most), (most, 2 * most), (2 * most, SIZE)]
    asked.clear()
    ask(address, host="localhost:8501", range="bytes=1000-1999")
    assert asked == [(1000, 2000)]
    ask(address, "HEAD", host="localhost:8501")
    assert len(asked) == 1, "the headers are known without the bucket"
    assert list(store.root.rglob("*.mp4")) == []


def test_who_may_not_watch_gets_the_answer_of_what_is_not_there(
    in_bucket: tuple[PilotStore, PilotRun, str], new_pilot: Callable[..., PilotRun]
) -> None:
    store, pilot, address = in_bucket
    nothing = ask("/watch/nobody_a1/video.mp4")
    assert (nothing.status, ask(address)) == (404, nothing)
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    _, theirs = open_link(store, token)
    assert ask(address, cookie=theirs, range="bytes=0-9").body == FILM[:10]
    other = pilots.start_pilot(store, new_pilot(company_name="Other"), LEAD)
    _, token = make_link(store, other.pilot_id, "Eve", actor=LEAD)
    _, strange = open_link(store, token)
    assert ask(address, cookie=strange) == nothing
    store.change(pilot.pilot_id, lambda p: setattr(p.attempt(1), "state", AttemptState.RENDERING))
    assert ask(address, cookie=theirs) == nothing


def test_a_bucket_that_does_not_answer_gives_a_sentence_that_names_it_to_nobody(
    tmp_path: Path, new_pilot: Callable[..., PilotRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    with buckets.service() as service:
        buckets.name_in_settings(monkeypatch, service, service.new_bucket())
        store = PilotStore(tmp_path / "store")
        address = with_film(store, new_pilot())
        serve(monkeypatch, store)
        service.stop()
        answer = ask(address, host="localhost:8501", range="bytes=0-9")
    assert (answer.status, answer.body.decode()) == (503, NOT_NOW)
    assert answer.headers["cache-control"] == "no-store"


def test_a_film_breaks_off_where_the_bucket_does(
    tmp_path: Path, new_pilot: Callable[..., PilotRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict] = []
    with buckets.service() as service:
        buckets.name_in_settings(monkeypatch, service, service.new_bucket())
        store = PilotStore(tmp_path / "store")
        address = with_film(store, new_pilot())
        serve(monkeypatch, store)

        async def send(message: dict) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                service.stop()

        async def receive() -> dict:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": address,
            "raw_path": address.encode(),
            "query_string": b"",
            "client": ("127.0.0.1", 50_000),
            "headers": [(b"host", b"localhost:8501")],
            **served_scope(),
        }
        with pytest.raises(Exception, match="cannot be reached"):
            anyio.run(Starlette(routes=MEDIA_ROUTES), scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == FILM[:BUCKET_PIECE_BYTES]
    assert sent[1]["more_body"] is True, "no visitor takes it for the whole film"
