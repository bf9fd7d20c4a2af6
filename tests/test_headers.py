"""The headers of every answer, Streamlit's own included, from a running server."""

from collections.abc import Iterator

import anyio
import pytest
from starlette.types import Receive, Scope, Send

from pilot_core.domain.roles import Role
from pilot_core.errors import StoreError
from pilot_core.review.links import make_link
from pilot_core.services import keys
from pilot_core.web.components.errors import NOT_NOW
from pilot_core.web.server.middleware import Guard
from tests.besieged import Server, World, besieged, make_world
from tests.open_tabs import fill_in
from tests.reviewing import LEAD
from tests.served import served_scope

OURS = {"origin": "http://pilots.example.com"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with besieged(world.store.root) as running:
        yield running


def addresses(world: World) -> list[str]:
    film = f"/watch/{world.mine.runs[0].attempt_id}/video.mp4"
    download = f"/download/{world.mine.pilot_id}"
    pages = ["/", "/pilot", "/metrics", "/nowhere", "/favicon.png", "/_stcore/health", "/_stcore/host-config"]
    files = [film, f"{download}/approval_criteria.txt", f"{download}/everything.zip", f"{download}/outcome_report.html"]
    return [*pages, *files, "/media/nothing.png", "/dots/approve.svg", "/healthz", "/r/wrong", "/sign-in/wrong"]


def test_every_answer_says_what_a_browser_may_do_with_it(server: Server, world: World) -> None:
    for cookies in world.cookies.values():
        for path in addresses(world):
            headers = server.ask(path, cookies=cookies).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "http:" not in policy, path
            assert "https:" not in policy, path
            assert "frame-ancestors 'none'" in policy or "sandbox" in policy, path
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "DENY", path
            assert headers["referrer-policy"] in ("same-origin", "no-referrer"), path
            assert headers["cross-origin-resource-policy"] == "same-origin", path
            assert "strict-transport-security" not in headers, path
            assert "access-control-allow-origin" not in headers or not path.startswith(("/watch", "/download")), path


def test_private_films_and_documents_are_kept_by_no_cache_on_the_way(server: Server, world: World) -> None:
    film = f"/watch/{world.mine.runs[0].attempt_id}/video.mp4"
    assert server.ask(film, cookies=world.cookies[Role.REVIEWER]).headers["cache-control"] == "private, no-cache"
    for path in ("approval_criteria.txt", "everything.zip", "outcome_report.html", "comments/all.csv"):
        answer = server.ask(f"/download/{world.mine.pilot_id}/{path}", cookies=world.cookies[Role.VIEWER])
        assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store"), path


def test_pages_that_tell_of_a_person_or_a_pilot_are_kept_by_no_cache_on_the_way(server: Server, world: World) -> None:
    mine = world.mine.pilot_id
    team = (
        "/healthz",
        "/sign-out",
        f"/review/preview/{mine}",
        "/changes",
        "/sign-in/wrong",
        "/r/wrong",
        "/media/a.png",
    )
    files = (f"/review/attachments/{world.attachment_id}", "/download/tables/pilots.csv")
    asked = [(Role.LEAD, path) for path in (*team, *files)] + [(Role.REVIEWER, "/review"), (Role.STRANGER, "/")]
    for who, path in asked:
        told = server.ask(path, cookies=world.cookies[who]).headers["cache-control"]
        assert "no-store" in told or "private" in told, f"{path}: {told}"


def test_no_script_reads_a_cookie_but_streamlits_own_and_no_other_site_sends_one(server: Server, world: World) -> None:
    key = keys.invite(world.store, "Not Yet In", "lead", LEAD)[1]
    link = make_link(world.store, world.mine.pilot_id, "Somebody New", actor=LEAD)[1]
    held = server.ask("/sign-out", cookies=world.cookies[Role.LEAD])
    answers = [server.ask(path, cookies=world.cookies[Role.LEAD]) for path in addresses(world)]
    answers += [held, server.ask(f"/sign-in/{key}"), fill_in(server, f"/sign-in/{key}"), fill_in(server, f"/r/{link}")]
    answers += [server.ask(f"/r/{make_link(world.store, world.mine.pilot_id, 'Another', actor=LEAD)[1]}")]
    flags = {}
    for answer in answers:
        for name, cookie in answer.cookies.items():
            flags[name] = (bool(cookie["httponly"]), cookie["samesite"].lower())
    assert flags == {
        "pilot_form": (True, "strict"),
        "pilot_preload": (True, "strict"),
        "pilot_review": (True, "lax"),
        "pilot_sign_in": (True, "lax"),
        "_streamlit_xsrf": (False, "lax"),
    }


def test_over_https_browsers_are_told_to_stay_there_with_every_cookie(server: Server, world: World) -> None:
    for path in ("/", "/healthz", "/_stcore/health", f"/sign-in/{'x' * 43}"):
        answer = server.ask(path, cookies=world.cookies[Role.LEAD], x_forwarded_proto="https")
        assert answer.headers["strict-transport-security"] == "max-age=63072000"
        cookie = answer.headers.get("set-cookie", "; Secure")
        assert "; secure" in cookie.lower(), path


def test_a_film_comes_in_the_pieces_that_were_asked_for(server: Server, world: World) -> None:
    film = f"/watch/{world.mine.runs[0].attempt_id}/video.mp4"
    answer = server.ask(film, cookies=world.cookies[Role.REVIEWER], range="bytes=4-7")
    assert (answer.status, answer.body) == (206, b"film")


def answered_by_the_guard(fails: Exception) -> list[dict]:
    """Return what the gate sends if the app behind it raises that exception."""
    said: list[dict] = []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        raise fails

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/healthz",
        "raw_path": b"/healthz",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"pilots.example.com")],
        "client": ("203.0.113.7", 5),
        "http_version": "1.1",
        **served_scope(),
    }
    anyio.run(Guard(behind), scope, receive, send)
    return said


def test_a_failure_tells_nothing_of_itself() -> None:
    said = answered_by_the_guard(RuntimeError("the secret path /srv/pilots"))
    assert said[0]["status"] == 500
    assert (b"x-content-type-options", b"nosniff") in said[0]["headers"]
    told = b"".join(message.get("body", b"") for message in said[1:]).decode()
    reference = dict(said[0]["headers"])[b"x-request-id"].decode()
    assert told == f"Something went wrong (id {reference}). The log says more under this id."


def test_a_store_that_does_not_answer_is_said_in_a_sentence_that_tells_nothing() -> None:
    held = StoreError("The store /srv/secret is held by another program (python3, process 11890).")
    said = answered_by_the_guard(held)
    assert said[0]["status"] == 503
    assert (b"retry-after", b"5") in said[0]["headers"]
    assert said[1]["body"].decode() == NOT_NOW
