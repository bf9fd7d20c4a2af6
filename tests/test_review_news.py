"""Live updates of open rooms: one query for all open pages, and an end when the grant ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio.from_thread
import pytest

from pilot_core.domain.comments import Anchor
from pilot_core.review.comments import add_comment
from pilot_core.review.links import make_link, revoke_link
from pilot_core.store.engine.database import Database
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp
from pilot_core.web.review_room import news
from tests.conftest import HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, reviewer
from tests.room_client import Browser

T = TypeVar("T")


def test_the_stamp_changes_with_what_a_room_shows(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    seen = [room_stamp(store.database, pilot.pilot_id)]
    grant = reviewer(store, pilot)
    seen.append(room_stamp(store.database, pilot.pilot_id))
    add_comment(store, grant, 1, Anchor(3), "Slower")
    seen.append(room_stamp(store.database, pilot.pilot_id))
    next_attempt(store, pilot.pilot_id)
    seen.append(room_stamp(store.database, pilot.pilot_id))
    revoke_link(store, grant.link_id, LEAD)
    seen.append(room_stamp(store.database, pilot.pilot_id))
    clock.forward(minutes=1)
    make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)
    seen.append(room_stamp(store.database, pilot.pilot_id))
    assert len(set(seen)) == len(seen)
    assert room_stamp(store.database, "pilot_20260302_00000000") == ""


def test_many_who_wait_share_one_look_and_hear_of_a_change(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = pilot_in_review(store)
    looks = 0

    def counted(database: Database, pilot_id: str) -> str:
        nonlocal looks
        looks += 1
        return room_stamp(database, pilot_id)

    monkeypatch.setattr(news, "room_stamp", counted)
    grant = reviewer(store, pilot)
    before = room_stamp(store.database, pilot.pilot_id)

    async def waits() -> str | None:
        async with news.watching(store, grant) as watch:
            return await watch.next_stamp(before, 30)

    async def all_wait() -> list[str | None]:
        waiting = [asyncio.create_task(waits()) for _ in range(50)]
        while looks < 1:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(next_attempt, store, pilot.pilot_id)
        news.look_now(pilot.pilot_id)
        return await asyncio.gather(*waiting)

    heard = in_a_loop(all_wait)
    assert set(heard) == {room_stamp(store.database, pilot.pilot_id)}
    assert looks <= 3, "not one for each of the fifty"
    assert news._watches == {}


def in_a_loop(act: Callable[[], Awaitable[T]]) -> T:
    """Run it in an event loop of a thread of its own: in this thread a browser's may be running."""
    with anyio.from_thread.start_blocking_portal() as portal:
        return portal.call(act)


def test_waiting_ends_by_itself(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    grant = reviewer(store, pilot)

    async def waits() -> str | None:
        async with news.watching(store, grant) as watch:
            return await watch.next_stamp(room_stamp(store.database, pilot.pilot_id), 0.3)

    assert in_a_loop(waits) is None


def test_the_events_end_with_the_grant(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    grant = Browser(served).takes_link(pilot)
    said: list[str] = []

    async def read() -> None:
        browser = Browser(served)
        mine = browser.takes_link(pilot, "Ben Ito")
        async for part in news._events(served, mine, ""):
            said.append(part)
            if len(said) == 2:
                await asyncio.to_thread(revoke_link, served, mine.link_id, LEAD)
                news.look_now(pilot.pilot_id)

    in_a_loop(read)
    assert said[0].startswith("retry:")
    assert all("data: " in part for part in said[1:])
    assert len(said) == 3, "nothing after the event by which the page learns that the grant has ended"
    assert grant.pilot_id == pilot.pilot_id


def test_a_browser_without_events_asks_for_the_stamp(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    guest = Browser(served)
    assert guest.opens(path="/review/stamp").source == "Not found"
    guest.takes_link(pilot)
    assert room_stamp(served.database, pilot.pilot_id) in guest.opens(path="/review/stamp").source
