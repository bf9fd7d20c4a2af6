"""An action behind a button clicked twice is done once, whichever servers the clicks reach."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from pilot_core import PilotStore, ids
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import InvalidRequest, NotAllowedNow
from pilot_core.rendering.begin import begin, retry
from pilot_core.rendering.failure import fail_attempt
from pilot_core.review.comments import add_comment, comments_of, reply
from pilot_core.services import pilots
from pilot_core.services.acts import Act, remove_expired_keys
from pilot_core.store.queries import erasures
from tests.conftest import HandClock
from tests.reviewing import pilot_in_review, reviewer

NewPilot = Callable[..., PilotRun]


class Launches:
    """A launcher that only records its calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, store: PilotStore, pilot_id: str, attempt_number: int, /) -> None:
        self.asked.append((pilot_id, attempt_number))


@pytest.fixture
def servers(store: PilotStore) -> tuple[PilotStore, PilotStore]:
    """Return two servers' stores on one database."""
    return store, PilotStore(store.root, store.clock)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all functions at the same time. Returns what each one returned or raised."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_servers_that_get_one_form_start_one_pilot(
    servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot
) -> None:
    key = ids.new_id("form")
    results = at_once(
        *(lambda s=s: pilots.start_pilot(s, new_pilot(), at_command_line("Lea"), key=key).pilot_id for s in servers * 2)
    )
    assert results == servers[0].pilot_ids() * 4


def test_two_servers_that_get_one_form_begin_one_attempt_and_launch_it_once(
    servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot
) -> None:
    pilot = pilots.start_pilot(servers[0], new_pilot())
    act, launches = Act(at_command_line("Lea"), pilot.version, ids.new_id("form")), Launches()

    results = at_once(
        *(lambda s=s: begin(s, launches, pilot.pilot_id, "storyboard", act)[1].attempt_number for s in servers * 2)
    )

    assert results == [1] * 4
    assert launches.asked == [(pilot.pilot_id, 1)]
    assert len(servers[0].load(pilot.pilot_id).runs) == 1


def test_a_retry_sent_twice_is_one_retry(servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot) -> None:
    one, other = servers
    pilot_id = pilots.start_pilot(one, new_pilot()).pilot_id
    pilots.queue_attempt(one, pilot_id, "storyboard")
    act, launches = (
        Act(at_command_line("Lea"), fail_attempt(one, pilot_id, 1, "It broke.", program("pipeline")).version, "a form"),
        Launches(),
    )
    numbers = [retry(server, launches, pilot_id, act)[1].attempt_number for server in (one, other)]
    assert (numbers, launches.asked) == ([1, 1], [(pilot_id, 1)])


def test_a_video_that_was_sent_twice_is_kept_once(
    servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot, tmp_path: Path
) -> None:
    one, other = servers
    (tmp_path / "film.mp4").write_bytes(b"a film")
    pilot_id = pilots.start_pilot(one, new_pilot()).pilot_id
    act = Act(key="a form")
    for server in (one, other):
        begin(server, Launches(), pilot_id, "upload", act, video=tmp_path / "film.mp4")
    assert len(list((one.root / pilot_id / "uploads").iterdir())) == 1


def test_another_form_is_another_act(store: PilotStore, new_pilot: NewPilot) -> None:
    for key in ("one form", "another form"):
        pilots.start_pilot(store, new_pilot(), key=key)
    assert len(store.pilot_ids()) == 2


def test_an_act_that_was_refused_can_be_sent_again(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot_id = pilots.start_pilot(store, new_pilot()).pilot_id
    pilots.pause(store, pilot_id, "Away")
    with pytest.raises(NotAllowedNow, match="paused"):
        begin(store, Launches(), pilot_id, "storyboard", Act(key="a form"))
    pilots.resume(store, pilot_id)
    assert begin(store, Launches(), pilot_id, "storyboard", Act(key="a form"))[1].attempt_number == 1


def test_an_upload_of_a_refused_act_is_removed(store: PilotStore, new_pilot: NewPilot, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"a film")
    pilot_id = pilots.start_pilot(store, new_pilot()).pilot_id
    pilots.pause(store, pilot_id, "Away")
    with pytest.raises(NotAllowedNow):
        begin(store, Launches(), pilot_id, "upload", Act(), video=tmp_path / "film.mp4")
    assert list((store.root / pilot_id / "uploads").iterdir()) == []


def test_an_erasure_sent_twice_is_one_erasure_and_its_key_names_no_pilot(
    servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot
) -> None:
    one, other = servers
    pilot_id = pilots.start_pilot(one, new_pilot(), key="the pilot's form").pilot_id
    erased = [
        erase_pilot(server, pilot_id, "They asked", at_command_line("Lea"), key="a form").counts
        for server in (one, other)
    ]
    assert erased[0] == erased[1]
    assert len(erasures.all_erasures(one.database)) == 1
    kept = one.database.read(lambda c: c.execute("SELECT act_key, pilot_id, result FROM act_keys").fetchall())
    assert [(key, of) for key, of, _ in kept] == [("a form", None)]
    assert pilot_id not in str(kept)


def test_a_person_is_erased_once(servers: tuple[PilotStore, PilotStore], new_pilot: NewPilot) -> None:
    one, other = servers
    pilots.start_pilot(one, new_pilot(founder_name="Zoë Quist"))
    erased = [
        erase_person(server, "Zoë Quist", "She asked", at_command_line("Lea"), key="a form") for server in (one, other)
    ]
    assert erased[0] == erased[1]
    assert len(erasures.all_erasures(one.database)) == 1
    with pytest.raises(InvalidRequest, match="Nobody here"):
        erase_person(one, "Zoë Quist", "She asked", at_command_line("Lea"), key="another form")


def test_a_key_lasts_a_day(store: PilotStore, new_pilot: NewPilot, clock: HandClock) -> None:
    first = pilots.start_pilot(store, new_pilot(), key="a form")
    clock.now += timedelta(hours=23)
    remove_expired_keys(store)
    assert pilots.start_pilot(store, new_pilot(), key="a form").pilot_id == first.pilot_id
    clock.now += timedelta(hours=2)
    remove_expired_keys(store)
    assert pilots.start_pilot(store, new_pilot(), key="a form").pilot_id != first.pilot_id


def test_two_servers_that_get_one_comment_keep_one(servers: tuple[PilotStore, PilotStore]) -> None:
    one, other = servers
    pilot = pilot_in_review(one)
    dana = reviewer(one, pilot)
    words = "Lighter, please"
    made = at_once(*(partial(add_comment, s, dana, 1, Anchor(5), words, key="form 1") for s in servers))
    first = made[0].comment_id
    assert {comment.comment_id for comment in comments_of(other, pilot.pilot_id)} == {first} == {made[1].comment_id}
    answers = at_once(*(partial(reply, s, dana, first, "Thanks", key="form 2") for s in servers))
    assert answers[0].comment_id == answers[1].comment_id
    assert len(comments_of(one, pilot.pilot_id)) == 2
    found = [event.kind for event in one.events(pilot.pilot_id)]
    assert (found.count("comment_added"), found.count("comment_answered")) == (1, 1)
    assert add_comment(one, dana, 1, Anchor(5), words, key="form 3").comment_id != first
