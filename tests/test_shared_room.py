"""What everyone in a room sees is read once for all of them, and again as soon as anything changed."""

import pytest

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.formatting import ago
from pilot_core.review.comments import add_comment, delete_comment, edit_comment, reply
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.room_stamp import room_stamp
from pilot_core.web.review_room import shared
from pilot_core.web.review_room.room import look
from tests.conftest import HandClock
from tests.reviewing import next_attempt, pilot_in_review, reviewer, team
from tests.room_client import Browser


@pytest.fixture
def loads(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the pilots that were loaded, as they are."""
    loaded: list[str] = []
    load = store.load
    monkeypatch.setattr(store, "load", lambda pilot_id: (loaded.append(pilot_id), load(pilot_id))[1])
    return loaded


def test_what_did_not_change_is_read_once_for_all(store: PilotStore, loads: list[str]) -> None:
    pilot = pilot_in_review(store)
    dana, ben = reviewer(store, pilot), reviewer(store, pilot, "Ben Ito")
    loads.clear()
    rooms = [look(store, pilot.pilot_id, grant) for grant in (dana, ben, None)]
    assert [shown.name for shown in rooms] == ["Dana Cruz", "Ben Ito", "Alice Chen"]
    assert loads == [pilot.pilot_id]


def test_the_next_look_shows_each_change_even_at_the_same_instant(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    grant = reviewer(store, pilot)

    def words() -> list[str]:
        return [thread.comment.body for thread in look(store, pilot.pilot_id, grant).threads]

    assert words() == []
    comment = add_comment(store, grant, 1, Anchor(3), "Slower")
    assert words() == ["Slower"]
    edit_comment(store, grant, comment.comment_id, "Faster")
    assert words() == ["Faster"]
    delete_comment(store, grant, comment.comment_id)
    assert words() == []
    next_attempt(store, pilot.pilot_id)
    assert look(store, pilot.pilot_id, grant).newest == store.load(pilot.pilot_id).attempt(2)


def test_the_next_look_shows_what_another_process_wrote(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    grant = reviewer(store, pilot)
    look(store, pilot.pilot_id, grant)
    add_comment(PilotStore(store.root, clock=store.clock), grant, 1, Anchor(3), "From elsewhere")
    [thread] = look(store, pilot.pilot_id, grant).threads
    assert thread.comment.body == "From elsewhere"


def test_the_stamp_is_asked_for_once_until_anything_changes(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = pilot_in_review(store)
    grant, asked = reviewer(store, pilot), []

    def counted(database: Database, pilot_id: str) -> str:
        asked.append(pilot_id)
        return room_stamp(database, pilot_id)

    monkeypatch.setattr(shared, "room_stamp", counted)
    for _ in range(3):
        look(store, pilot.pilot_id, grant)
    assert asked == [pilot.pilot_id]
    for number in range(3):
        add_comment(store, grant, 1, Anchor(3), f"Remark {number}")
        stamps = {look(store, pilot.pilot_id, each).stamp for each in (grant, None)}
        assert stamps == {room_stamp(store.database, pilot.pilot_id)}
    assert len(asked) == 4


def test_nothing_is_shared_for_longer_than_two_seconds(
    store: PilotStore, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot, other = pilot_in_review(store), pilot_in_review(store)
    at = 100.0
    monkeypatch.setattr(shared.time, "monotonic", lambda: at)
    loads.clear()
    look(store, pilot.pilot_id, None)
    at += 2
    look(store, other.pilot_id, None)
    assert set(shared._kept[store]) == {other.pilot_id}, "what is too old is not kept"
    look(store, pilot.pilot_id, None)
    assert loads == [pilot.pilot_id, other.pilot_id, pilot.pilot_id]


def test_what_proves_a_form_and_who_may_change_a_comment_are_not_shared(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    dana, ben = Browser(served), Browser(served)
    grants = dana.takes_link(pilot), ben.takes_link(pilot, "Ben Ito")
    mine, theirs = (add_comment(served, grant, 1, Anchor(3), f"By {grant.name}").comment_id for grant in grants)
    pages = [dana.opens(), dana.opens(), ben.opens()]
    replies = [(form.name, form.value("token"), form.value("key")) for page in pages for form in page.forms[-5:]]
    assert len({key for _, _, key in replies}) == len(replies), "a form is one act"
    assert len({token for _, token, _ in replies}) == 2 * len(replies) / 3, "by the browser and the address"
    changing = [sorted(form.name for form in page.forms if form.name.startswith("edit")) for page in pages]
    assert changing == [[f"edit {mine}"], [f"edit {mine}"], [f"edit {theirs}"]]
    assert "Words of mine" in dana.sends(pages[1], f"edit {mine}", body="Words of mine").text
    assert "Words of mine" in ben.sends(pages[2], f"reply {mine}", body="An answer").text


def test_drawings_say_how_long_ago_a_reply_was(served: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(served)
    guest = Browser(served)
    said = add_comment(served, guest.takes_link(pilot), 1, Anchor(3), "Slower")
    answer = reply(served, team(pilot), said.comment_id, "We will")
    first = guest.opens().text
    clock.forward(minutes=7)
    assert ago(answer.created_at, served.clock()) in guest.opens().text
    assert ago(answer.created_at, served.clock()) not in first
