"""``/changes`` from a running server: it answers at once without a number, and else holds its answer for news."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.services import pilots
from tests.besieged import AWAY, Server, World, besieged, make_world
from tests.reviewing import LEAD


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with besieged(world.store.root) as running:
        yield running


def number(server: Server, cookies: str, query: str = "") -> str:
    """Return the number that the server answers with."""
    reply = server.ask(f"/changes{query}", cookies=cookies)
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    return str(json.loads(reply.body)["number"])


def change(store: PilotStore, pilot_id: str, name: str) -> None:
    """Change something that the pilot's page and the lists show."""
    brief = store.load(pilot_id).brief
    pilots.edit_brief(store, pilot_id, brief.model_copy(update={"message": name}), LEAD)


@pytest.mark.parametrize("of_one", [True, False])
def test_an_answer_is_held_until_there_is_news(server: Server, world: World, of_one: bool) -> None:
    cookies = world.cookies[Role.VIEWER]
    query = f"pilot={world.mine.pilot_id}" if of_one else ""
    seen = number(server, cookies, f"?{query}")
    with ThreadPoolExecutor(1) as others:
        held = others.submit(number, server, cookies, f"?{query}&seen={quote(seen)}")
        change(world.store, world.mine.pilot_id, f"Another message {of_one}")
        told = held.result()
    assert told != seen
    assert told == number(server, cookies, f"?{query}")
    assert number(server, cookies, f"?{query}&seen={quote(seen)}") == told, "older news is told at once"


def test_news_of_another_pilot_is_none(server: Server, world: World) -> None:
    cookies = world.cookies[Role.LEAD]
    query = f"?pilot={world.mine.pilot_id}"
    seen = number(server, cookies, query)
    change(world.store, world.theirs.pilot_id, "Something else")
    assert number(server, cookies, query) == seen


def test_a_server_that_ends_lets_go_of_what_it_holds(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    cookies = world.cookies[Role.LEAD]
    with besieged(world.store.root) as server:
        seen = number(server, cookies)
        held = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        held.request("GET", f"/changes?seen={quote(seen)}", headers={"Cookie": cookies, "Host": AWAY})
        # Answered after the held one was taken on.
        assert number(server, cookies) == seen
    # The server has ended; it was not killed.
    assert json.loads(held.getresponse().read()) == {"number": seen}
