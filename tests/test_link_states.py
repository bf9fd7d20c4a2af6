"""Every address of the server, with a review link in every state: only the open one gives anything of its pilot.

The addresses come from the table of routes; a new one fails here until it has a sample in ``test_access_matrix.py``.
"""

from collections.abc import Callable
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.review import passphrases
from pilot_core.review.links import links_of, make_link, open_link, revoke_link
from pilot_core.web.access.guarded_routes import StatedRoute
from pilot_core.web.access.visitors import GRANT_COOKIE
from pilot_core.web.server.routes import ROUTES
from tests.asking import ask, fill_in
from tests.besieged import FOUNDER, PROMISE, THEIRS, WORDS, World, make_world
from tests.conftest import HandClock
from tests.reviewing import LEAD
from tests.served import serve
from tests.test_access_matrix import sample

PASSPHRASE = "three small sardines"
NAME = "Rae Second"
ENDLESS = "/review/events"
GIVEN = ("/review", "/watch/{attempt_id}/{name}", "/download/{pilot_id}/{name:path}")
"""Routes that give the holder of an open link something of the pilot's."""

Held = Callable[[World, HandClock], str]


def opened(world: World) -> str:
    return open_link(world.store, make_link(world.store, world.theirs.pilot_id, NAME, actor=LEAD)[1])[1]


def open_now(world: World, clock: HandClock) -> str:
    return opened(world)


def without_the_passphrase(world: World, clock: HandClock) -> str:
    token = make_link(world.store, world.theirs.pilot_id, NAME, passphrase=PASSPHRASE, actor=LEAD)[1]
    answers = [ask(f"/r/{token}"), fill_in(f"/r/{token}"), fill_in(f"/r/{token}", passphrase="guess")]
    kept = SimpleCookie("; ".join(value for a in answers for name, value in a.header_lines if name == "set-cookie"))
    assert GRANT_COOKIE not in kept
    return token


def expired(world: World, clock: HandClock) -> str:
    cookie = opened(world)
    clock.forward(days=15)
    return cookie


def revoked(world: World, clock: HandClock) -> str:
    cookie = opened(world)
    link = next(link for link in links_of(world.store, world.theirs.pilot_id) if link.reviewer == NAME)
    revoke_link(world.store, link.link_id, LEAD)
    return cookie


def made_again(world: World, clock: HandClock) -> str:
    cookie = opened(world)
    make_link(world.store, world.theirs.pilot_id, NAME, actor=LEAD)
    return cookie


def of_another_pilot(world: World, clock: HandClock) -> str:
    return open_link(world.store, make_link(world.store, world.mine.pilot_id, NAME, actor=LEAD)[1])[1]


def erased(world: World, clock: HandClock) -> str:
    cookie = opened(world)
    erase_pilot(world.store, world.theirs.pilot_id, "They asked", LEAD)
    return cookie


def nothing(world: World, clock: HandClock) -> str:
    return ""


CLOSED: tuple[Held, ...] = (
    without_the_passphrase,
    expired,
    revoked,
    made_again,
    of_another_pilot,
    erased,
    nothing,
)


@pytest.fixture
def world(tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(passphrases, "COST", 2**4)
    made = make_world(tmp_path)
    store = PilotStore(tmp_path, clock)
    clock.now = max(link.created_at for link in links_of(store, made.theirs.pilot_id))
    serve(monkeypatch, store)
    return replace(made, store=store)


def swapped(world: World) -> World:
    """Return the world in which the other pilot is the one that addresses are of."""
    return replace(world, mine=world.theirs, theirs=world.mine)


def gets(world: World, path: str, method: str, cookie: str) -> bytes:
    # A form without its token, as a foreign page or a program would send it.
    return ask(path, method, cookie=cookie or None, origin="http://pilots.example.com", body=b"a=b").body


def addresses(world: World) -> list[tuple[StatedRoute, str, str]]:
    """Return every route with an address of the other pilot, and each of its methods."""
    routes = [route for route in ROUTES if isinstance(route, StatedRoute)]
    found = [
        (route, sample(route.path, swapped(world)), method) for route in routes for method in sorted(route.methods)
    ]
    return [entry for entry in found if entry[0].path != ENDLESS]


def tells(world: World, body: bytes) -> list[str]:
    attempt = world.theirs.runs[0]
    film = world.theirs.runs[0].video_path or ""
    bytes_of = {"film": f"the film of attempt {attempt.attempt_number}".encode()} if film else {}
    said = {word: word.encode() for word in (THEIRS, FOUNDER, WORDS, PROMISE, world.theirs.pilot_id)}
    return [name for name, text in (said | bytes_of).items() if text in body]


@pytest.mark.parametrize("held", CLOSED, ids=[held.__name__ for held in CLOSED])
def test_a_link_that_is_not_open_gives_nothing_of_the_pilot_at_any_address(
    world: World, clock: HandClock, held: Held
) -> None:
    # A film's bytes name no pilot, so those of the other must differ.
    mine = world.store.root / (world.mine.runs[0].video_path or "")
    mine.write_bytes(b"another film altogether")
    cookie = held(world, clock)
    told = {
        f"{method} {path}": found
        for route, path, method in addresses(world)
        if (found := tells(world, gets(world, path, method, cookie)))
    }
    assert told == {}


def test_the_open_link_gives_what_a_reviewer_gets_and_nothing_of_the_team_s(world: World, clock: HandClock) -> None:
    cookie = open_now(world, clock)
    told = {
        route.path
        for route, path, method in addresses(world)
        if method == "GET" and tells(world, gets(world, path, method, cookie))
    }
    assert set(GIVEN) <= told
    assert not [route.path for route in ROUTES if route.path in told and route.role in (Role.VIEWER, Role.LEAD)]
