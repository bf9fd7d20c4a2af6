"""The page of a review link loads the video before the link is opened, over ASGI on a real store."""

from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.links import make_link, open_link, revoke_link
from pilot_core.review.receipts import receipts_of
from pilot_core.web.access import rate_limits
from tests.asking import Answer, ask, fill_in
from tests.conftest import HandClock
from tests.reviewing import LEAD
from tests.served import serve
from tests.test_review_routes import addresses, furnished, grants

NOT_A_PASS = ("made-up", "", "a.1.b", "a" * 5_000)


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the routes use the test's store and its clock."""
    serve(monkeypatch, store)
    monkeypatch.setattr(rate_limits, "WRONG_TOKENS", rate_limits.Rate("wrong", 100, 600))


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    """Return a pilot with one ready and one queued attempt."""
    return furnished(store)


def pass_of(answer: Answer) -> str:
    return f"pilot_preload={answer.cookies['pilot_preload'].value}"


def watching(pilot: PilotRun, carried: str, number: int = 1) -> int:
    return ask(f"/watch/{pilot.runs[number - 1].attempt_id}/poster.jpg", cookies=carried).status


def test_the_links_page_may_load_its_video_and_nothing_is_recorded(store: PilotStore, pilot: PilotRun) -> None:
    other = furnished(store, queued=False)
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    before = store.events(pilot.pilot_id)
    page = ask(f"/r/{token}")
    cookie = page.cookies["pilot_preload"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (
        True,
        "strict",
        "/watch",
        "60",
    )
    assert token not in cookie.value
    carried = pass_of(page)
    assert f"/watch/{pilot.runs[0].attempt_id}/" in page.body.decode()
    assert watching(pilot, carried) == 200
    assert watching(pilot, carried, 2) == 404, "not ready"
    assert watching(other, carried) == 404, "another pilot's"
    for path in [*addresses(pilot)["given"], *addresses(pilot)["own"], "/review", "/review/stamp", "/review/events"]:
        assert path.startswith("/watch/") or ask(path, cookies=carried).status in (403, 404), path
    assert store.events(pilot.pilot_id) == before
    assert receipts_of(store, pilot.pilot_id) == []
    assert grants(store) == 0


def test_the_pass_ends_after_a_minute_and_with_its_link(store: PilotStore, pilot: PilotRun, clock: HandClock) -> None:
    link, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    carried = pass_of(ask(f"/r/{token}"))
    clock.forward(seconds=59)
    assert watching(pilot, carried) == 200
    clock.forward(seconds=1)
    assert watching(pilot, carried) == 404
    carried = pass_of(ask(f"/r/{token}"))
    assert watching(pilot, carried) == 200
    revoke_link(store, link.link_id, LEAD)
    assert watching(pilot, carried) == 404
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    assert watching(pilot, carried) == 404, "made again, the link has another token"
    assert watching(pilot, pass_of(ask(f"/r/{token}"))) == 200


def test_the_pass_lasts_no_longer_than_its_link(store: PilotStore, pilot: PilotRun, clock: HandClock) -> None:
    link, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    clock.now = link.expires_at - timedelta(seconds=30)
    carried = pass_of(ask(f"/r/{token}"))
    clock.forward(seconds=29)
    assert watching(pilot, carried) == 200
    clock.forward(seconds=1)
    assert watching(pilot, carried) == 404


def test_opening_the_link_ends_the_pass(store: PilotStore, pilot: PilotRun) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    ended = fill_in(f"/r/{token}", direct="yes").cookies["pilot_preload"]
    assert (ended.value, ended["max-age"], ended["path"]) == ("", "0", "/watch")


@pytest.mark.parametrize("made_up", NOT_A_PASS)
def test_what_we_did_not_sign_is_no_pass(store: PilotStore, pilot: PilotRun, made_up: str) -> None:
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    signed = pass_of(ask(f"/r/{token}"))
    assert watching(pilot, f"pilot_preload={made_up}") == 404
    name, value = signed.split("=", 1)
    token_hash, until, signature = value.split(".")
    assert watching(pilot, f"{name}={token_hash}.{int(until) + 1}.{signature}") == 404


def test_a_page_that_asks_for_something_first_gives_no_pass(store: PilotStore, pilot: PilotRun) -> None:
    _, locked = make_link(store, pilot.pilot_id, "Dana", passphrase="three small sardines", actor=LEAD)
    other = furnished(store, queued=False)
    _, token = make_link(store, other.pilot_id, "Ben Ito", actor=LEAD)
    held = open_link(store, make_link(store, pilot.pilot_id, "Eve", actor=LEAD)[1])[1]
    for answer in (ask(f"/r/{locked}"), ask(f"/r/{token}", cookie=held), ask(f"/r/{token}", "POST"), ask("/r/wrong")):
        assert "pilot_preload" not in answer.cookies
        assert b"/watch/" not in answer.body
