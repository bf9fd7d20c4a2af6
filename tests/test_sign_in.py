"""Sign-in keys: made, used once, checked without use, and revoked at once; and which local visitors are trusted."""

from http.cookies import SimpleCookie

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.keys import KeyState
from pilot_core.domain.roles import Role
from pilot_core.errors import InvalidRequest
from pilot_core.services import keys
from pilot_core.services.keys import KeyRefused
from pilot_core.settings import read_settings
from pilot_core.store.engine.connection import rows
from pilot_core.web import streamlit_private
from pilot_core.web.access import page_guard, rate_limits
from pilot_core.web.access import who as access
from pilot_core.web.access.current_app import app
from pilot_core.web.access.visitors import FORWARDING_HEADERS, visitor_from
from pilot_core.web.access.who import AccessDenied, Way
from tests.asking import AWAY, Answer, ask, fill_in
from tests.conftest import HandClock
from tests.reviewing import LEAD, pilot_in_review
from tests.served import serve

HERE = {"host": "localhost:8501"}


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the routes use the test's store, with empty rate limits."""
    serve(monkeypatch, store)
    monkeypatch.setattr(rate_limits, "WRONG_TOKENS", rate_limits.Rate("wrong tokens", 20, 600))


def signed_in(answer: Answer) -> str:
    return f"pilot_sign_in={SimpleCookie(answer.headers['set-cookie'])['pilot_sign_in'].value}"


def who(cookies: str) -> tuple[str, Role]:
    kept = {name: morsel.value for name, morsel in SimpleCookie(cookies).items()}
    found = visitor_from(app(), {"host": AWAY}, kept, "203.0.113.7")
    return found.name, found.role


def test_a_key_signs_in_once_after_a_button_and_is_kept_as_a_hash_only(store: PilotStore) -> None:
    key, token = keys.invite(store, "Mara Lindqvist", "viewer", LEAD)
    for _ in range(3):
        looked_at = ask(f"/sign-in/{token}")
        assert looked_at.status == 200
        assert "Mara" not in looked_at.body.decode()
    assert keys.keys_of(store)[0].state(store.clock()) is KeyState.WAITING
    answer = fill_in(f"/sign-in/{token}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = SimpleCookie(answer.headers["set-cookie"])["pilot_sign_in"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "lax", "")
    assert int(cookie["max-age"]) == 30 * 24 * 3600
    assert who(signed_in(answer)) == ("Mara Lindqvist", Role.VIEWER)
    assert ask(f"/sign-in/{token}").status == 404
    with pytest.raises(KeyRefused):
        keys.sign_in(store, token)
    kept = repr(store.database.read(lambda c: rows(c, "SELECT * FROM sign_in_keys")))
    assert key.key_id in kept
    assert token not in kept
    assert cookie.value not in kept
    assert len(token) == len(cookie.value) == 43, "256 bits in base64"


def test_a_sign_in_that_our_page_did_not_send_uses_no_key_up(store: PilotStore) -> None:
    _, token = keys.invite(store, "Mara", "lead", LEAD)
    form = ask(f"/sign-in/{token}")
    kept = SimpleCookie(form.headers["set-cookie"])["pilot_form"].value
    for cookies, body in (("", b""), (f"pilot_form={kept}", b"token=" + b"0" * 64), ("", b"token=" + b"0" * 64)):
        answer = ask(f"/sign-in/{token}", "POST", cookies=cookies, body=body)
        assert answer.status == 403
        assert "location" not in answer.headers
    other = keys.invite(store, "Theo", "lead", LEAD)[1]
    elsewhere = ask(f"/sign-in/{other}", cookies=f"pilot_form={kept}").body.decode()
    stolen = elsewhere.split('name="token" value="')[1][:64]
    answer = ask(f"/sign-in/{token}", "POST", cookies=f"pilot_form={kept}", body=f"token={stolen}".encode())
    assert answer.status == 403, "a form's token is for its own address"
    assert keys.waits(store, token)


def test_a_revoked_key_ends_at_the_next_look(store: PilotStore) -> None:
    first, second = (keys.sign_in(store, keys.invite(store, "Mara", "lead", LEAD)[1])[1] for _ in range(2))
    assert who(f"pilot_sign_in={first}") == ("Mara", Role.LEAD)
    assert [key.name for key in keys.revoke_key(store, "mara", at_command_line("Theo"))] == ["Mara", "Mara"]
    for cookie in (first, second):
        assert who(f"pilot_sign_in={cookie}") == ("stranger", Role.STRANGER)
    assert {(key.state(store.clock()), key.ended_by) for key in keys.keys_of(store)} == {(KeyState.ENDED, "Theo")}
    with pytest.raises(InvalidRequest, match="no living key of “mara”"):
        keys.revoke_key(store, "mara", at_command_line("Theo"))


def test_signing_in_as_somebody_else_ends_the_session_that_the_browser_had(store: PilotStore) -> None:
    ann = signed_in(fill_in(f"/sign-in/{keys.invite(store, 'Ann', 'lead', LEAD)[1]}"))
    ben = signed_in(fill_in(f"/sign-in/{keys.invite(store, 'Ben', 'viewer', LEAD)[1]}", ann))
    assert who(ben) == ("Ben", Role.VIEWER)
    assert who(ann) == ("stranger", Role.STRANGER)
    assert [(key.name, key.ended_by) for key in keys.keys_of(store) if key.ended_at] == [("Ann", "Ben")]


def test_an_unused_key_lasts_a_week_and_a_session_a_month(store: PilotStore, clock: HandClock) -> None:
    _, forgotten = keys.invite(store, "Theo", "lead", LEAD)
    cookie = keys.sign_in(store, keys.invite(store, "Mara", "lead", LEAD)[1])[1]
    assert keys.anyone_may_sign_in(store)
    clock.forward(days=7)
    assert not keys.waits(store, forgotten)
    assert keys.session_for(store, cookie) is not None
    clock.forward(days=23)
    assert keys.session_for(store, cookie) is None
    assert not keys.anyone_may_sign_in(store)


@pytest.mark.parametrize("name", ["", " \n", "pipeline:storyboard", "Dana (review link)", "x" * 201])
def test_a_name_is_one_that_reads_as_a_person(store: PilotStore, name: str) -> None:
    with pytest.raises(InvalidRequest):
        keys.invite(store, name, "lead", LEAD)
    with pytest.raises(InvalidRequest, match="it is lead or viewer"):
        keys.invite(store, "Mara", "owner", LEAD)


def test_signing_out_ends_the_session_and_asks_first(store: PilotStore) -> None:
    cookies = signed_in(fill_in(f"/sign-in/{keys.invite(store, 'Mara', 'lead', LEAD)[1]}"))
    assert "You are signed in as Mara." in ask("/sign-out", cookies=cookies).body.decode()
    assert who(cookies) == ("Mara", Role.LEAD)
    assert fill_in("/sign-out", cookies).status == 200
    assert who(cookies) == ("stranger", Role.STRANGER)
    assert ask("/sign-out", cookies=cookies).status == 404


def test_guessing_is_stopped_after_twenty_wrong_ones_and_the_right_one_is_answered(store: PilotStore) -> None:
    _, token = keys.invite(store, "Mara", "lead", LEAD)
    assert [ask(f"/sign-in/guess{n}").status for n in range(20)] == [404] * 20
    assert ask("/sign-in/guess").status == 429
    assert ask(f"/sign-in/{token}").status == 200


@pytest.mark.parametrize(
    ("headers", "peer", "role"),
    [
        (HERE, "127.0.0.1", Role.LEAD),
        ({"host": "127.0.0.1"}, "127.0.0.1", Role.LEAD),
        ({"host": "[::1]:8501"}, "::1", Role.LEAD),
        ({"host": "LOCALHOST"}, "::ffff:127.0.0.1", Role.LEAD),
        (HERE, "203.0.113.7", Role.STRANGER),
        (HERE, "192.168.1.4", Role.STRANGER),
        (HERE, None, Role.STRANGER),
        ({"host": "pilots.example.com"}, "127.0.0.1", Role.STRANGER),
        ({"host": "localhost.evil.example"}, "127.0.0.1", Role.STRANGER),
        ({}, "127.0.0.1", Role.STRANGER),
        *[
            (HERE | {name: "127.0.0.1"}, "127.0.0.1", Role.STRANGER)
            for name in (*FORWARDING_HEADERS, "x-forwarded-for", "x-forwarded-proto", "x-forwarded-anything")
        ],
    ],
)
def test_who_sits_at_this_machine_is_trusted_and_nobody_who_comes_through_it(
    headers: dict[str, str], peer: str | None, role: Role
) -> None:
    assert visitor_from(app(), headers, {}, peer).role is role


def test_with_an_address_for_others_nobody_is_trusted_for_where_they_sit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visitor_from(app(), HERE, {}, "127.0.0.1").way is Way.HERE
    monkeypatch.setenv("PILOT_OPS_URL", "https://pilots.example.com/")
    assert read_settings().address == "https://pilots.example.com"
    assert visitor_from(app(), HERE, {}, "127.0.0.1").role is Role.STRANGER


@pytest.mark.parametrize("wrong", ["pilots.example.com", "ftp://x", "https://pilots.example.com/path", "https://"])
def test_an_address_for_others_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("PILOT_OPS_URL", wrong)
    with pytest.raises(InvalidRequest, match="PILOT_OPS_URL"):
        read_settings()


def test_over_https_cookies_stay_there(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOT_OPS_URL", f"https://{AWAY}")
    address = f"/sign-in/{keys.invite(store, 'Mara', 'lead', LEAD)[1]}"
    answer = fill_in(address, origin=f"https://{AWAY}")
    assert SimpleCookie(answer.headers["set-cookie"])["pilot_sign_in"]["secure"] is True


def test_a_viewer_takes_out_what_is_there_and_a_reviewer_does_not(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    cookies = f"pilot_sign_in={keys.sign_in(store, keys.invite(store, 'Vic', 'viewer', LEAD)[1])[1]}"
    path = f"/download/{pilot.pilot_id}/comments/all.csv"
    assert ask(path, cookies=cookies).status == 200
    assert ask(path).status == 404


def test_health_tells_strangers_the_status_and_no_more(store: PilotStore) -> None:
    assert ask("/healthz").body == b'{"status":"ok"}'
    assert b"disk_free_megabytes" in ask("/healthz", host="localhost").body


def test_a_page_of_a_viewer_changes_nothing_whatever_it_calls(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamlit_private, "in_page", lambda: True)
    monkeypatch.setattr(page_guard, "page_peer", lambda: "203.0.113.7")
    pilot = pilot_in_review(store)
    store.database.before_writing = page_guard.check_may_write
    for role, may in ((Role.VIEWER, False), (Role.STRANGER, False), (Role.LEAD, True)):
        monkeypatch.setattr(page_guard, "visitor", lambda role=role: access.Visitor("Vic", role))
        if may:
            store.change(pilot.pilot_id, lambda p: p.pause("Waiting", store.clock()), "Vic")
        else:
            with pytest.raises(AccessDenied):
                store.change(pilot.pilot_id, lambda p: p.pause("Waiting", store.clock()), "Vic")
    assert [event.kind for event in store.events(pilot.pilot_id)].count("paused") == 1


def test_the_command_lets_in_lists_and_ends(store: PilotStore, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--store", str(store.root)]
    assert main([*where, "--keys"]) == 0
    assert "No sign-in keys yet" in capsys.readouterr().out
    assert main([*where, "--invite", "Mara Lindqvist", "--role", "viewer"]) == 0
    link = capsys.readouterr().out.splitlines()[0]
    assert link.startswith("http://localhost:8501/sign-in/")
    assert keys.waits(PilotStore(store.root), link.rsplit("/", 1)[1])
    assert main([*where, "--keys"]) == 0
    listed = capsys.readouterr().out
    assert "Mara Lindqvist" in listed
    assert "waiting" in listed
    assert main([*where, "--revoke-key", "Mara Lindqvist"]) == 0
    assert main([*where, "--revoke-key", "Mara Lindqvist"]) == 2
    assert main([*where, "--invite", "Mara", "--role", "owner"]) == 2
    assert main([*where, "--keys", "--role", "lead"]) == 2
