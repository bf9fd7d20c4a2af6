"""Streamlit's scripts and styles are sent compressed, as the same bytes with the same caching."""

import gzip
import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from pilot_core.web.server.program_files import ProgramFiles

STATIC = Path(streamlit.__file__).parent / "static"
ASKED: list[str] = []


class Counted(StaticFiles):
    async def get_response(self, path, scope):
        ASKED.append(path)
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, immutable, max-age=31536000"
        return response


def small(_request) -> Response:
    return Response("x" * 10, media_type="text/javascript")


@pytest.fixture
def client() -> TestClient:
    ASKED.clear()
    routes = [Route("/static/small.js", small), Mount("/static", Counted(directory=STATIC / "static"))]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(ProgramFiles)]))


def scripts() -> list[str]:
    """Return the addresses that Streamlit's first page asks for."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    return [f"/{name}" for name in re.findall(r'(?:src|href)="\./(static/(?:js|css)/[^"]+)"', page)]


def test_every_script_of_the_first_page_is_the_same_and_together_they_are_a_third(client: TestClient) -> None:
    plain = sent = 0
    for address in scripts():
        with client.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join(answer.iter_raw())
        content = (STATIC / address[1:]).read_bytes()
        is_compressed = answer.headers.get("content-encoding") == "gzip"
        assert (gzip.decompress(raw) if is_compressed else raw) == content, address
        assert is_compressed == (len(content) >= 1000)
        assert int(answer.headers["content-length"]) == len(raw)
        assert answer.headers["cache-control"] == "public, immutable, max-age=31536000"
        plain, sent = plain + len(content), sent + len(raw)
    assert sent <= plain / 3


def test_a_file_is_compressed_once(client: TestClient) -> None:
    first, again = (client.get(scripts()[0], headers={"accept-encoding": "br, gzip;q=0.8"}) for _ in range(2))
    assert first.content == again.content
    assert dict(first.headers) == dict(again.headers)
    assert first.headers["vary"] == "Accept-Encoding"
    assert first.headers["etag"].startswith("W/")
    assert len(ASKED) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"accept-encoding": "identity"},
        {"accept-encoding": ""},
        {"accept-encoding": "gzip", "range": "bytes=0-9"},
        {"accept-encoding": "gzip", "if-none-match": '"other"'},
    ],
)
def test_whoever_wants_it_otherwise_gets_what_streamlit_sends(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get(scripts()[0], headers=headers)
    assert "content-encoding" not in answer.headers
    assert answer.status_code in (200, 206)
    assert (STATIC / scripts()[0][1:]).read_bytes().startswith(answer.content)


def test_what_is_missing_small_or_a_picture_is_sent_as_it_is(client: TestClient) -> None:
    for address, status in (("/static/js/gone.js", 404), ("/static/small.js", 200)):
        answer = client.get(address, headers={"accept-encoding": "gzip"})
        assert (answer.status_code, "content-encoding" in answer.headers) == (status, False)
    fonts = list(STATIC.rglob("*.woff2"))
    answer = client.get(f"/{fonts[0].relative_to(STATIC).as_posix()}", headers={"accept-encoding": "gzip"})
    assert answer.content == fonts[0].read_bytes()
    assert "content-encoding" not in answer.headers
    assert client.head(scripts()[0], headers={"accept-encoding": "gzip"}).content == b""
