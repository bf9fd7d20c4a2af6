"""The table of permissions over HTTP and from the command line: each route that changes something, and each command."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from pilot_core import PilotStore
from pilot_core.cli import RUN, main
from pilot_core.domain.comments import Anchor
from pilot_core.domain.roles import PERMISSIONS, ActKind, Role
from pilot_core.review import comments
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.shown import film_checksum
from pilot_core.services import keys, pilots
from pilot_core.store.files import state_files
from pilot_core.store.tables.display_names import local_name
from pilot_core.web.access.forms import FORM_COOKIE, form_token
from pilot_core.web.access.guarded_routes import StatedRoute
from pilot_core.web.access.visitors import GRANT_COOKIE
from pilot_core.web.server.routes import ROUTES
from tests import deeds
from tests.asking import AWAY, ask
from tests.conftest import HandClock
from tests.deeds import Place, copied
from tests.reviewing import LEAD, next_attempt
from tests.served import serve, served_scope

BY_ROUTE: dict[str, ActKind] = {
    "/review/approve": ActKind.DECIDE,
    "/review/changes": ActKind.DECIDE,
    "/review/undo": ActKind.UNDO_DECISION,
    "/review/name": ActKind.RENAME,
    "/review/comments": ActKind.COMMENT,
    "/review/comments/{comment_id}/reply": ActKind.COMMENT,
    "/review/comments/{comment_id}/edit": ActKind.EDIT_COMMENT,
    "/review/comments/{comment_id}/delete": ActKind.EDIT_COMMENT,
    "/review/comments/{comment_id}/judge": ActKind.JUDGE_COMMENT,
    "/review/opened": ActKind.WATCH,
    "/watched": ActKind.WATCH,
    "/review/unsent": ActKind.KEEP_WORDS,
    "/review/requests/{request_id}": ActKind.JUDGE_COMMENT,
}
NO_ACT = {
    "/sign-in/{key}": "the key is the permission",
    "/sign-out": "ends the session of the cookie",
    "/r/{token}": "the link is the permission",
    "/quiet/{token}": "the link is the permission",
    "/uploads": "writes a file that no pilot has; for leads, as its route states",
    "/uploads/brand/{kind}": "writes a file that no pilot has; for leads, as its route states",
}
BY_COMMAND: dict[str, ActKind | None] = {
    "founder": ActKind.START,
    "continue_pilot": ActKind.BEGIN,
    "retry": ActKind.RETRY,
    "record_feedback": ActKind.GIVE_FEEDBACK,
    "review_link": ActKind.MAKE_LINK,
    "pause": ActKind.PAUSE,
    "resume": ActKind.RESUME,
    "drop": ActKind.DROP,
    "raise_limit": ActKind.RAISE_LIMIT,
    "override": ActKind.OVERRIDE,
    "confirm_override": ActKind.CONFIRM_OVERRIDE,
    "undo_override": ActKind.UNDO_OVERRIDE,
    "import_state": ActKind.IMPORT,
    "invite": ActKind.INVITE,
    "revoke_key": ActKind.REVOKE_KEY,
    "erase_pilot": ActKind.ERASE_PILOT,
    "erase_person": ActKind.ERASE_PERSON,
    # They change no pilot.
    **dict.fromkeys(("list", "keys", "report", "programme", "plan", "export")),
    **dict.fromkeys(("check", "check_catalog", "verify_certificate")),
    **dict.fromkeys(
        ("backup", "restore", "move_store", "repair", "send_due", "conform")
    ),  # they work on the whole store
}


filled = deeds.filled


@pytest.fixture
def at(filled: Place, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with copied(filled, tmp_path / "store", clock) as place:
        serve(monkeypatch, place.store)
        yield place


def test_each_route_that_takes_a_form_is_of_an_act_or_says_why_not() -> None:
    posts = {route.path for route in ROUTES if isinstance(route, StatedRoute) and "POST" in route.methods}
    assert posts == set(BY_ROUTE) | set(NO_ACT)


def test_each_command_is_of_an_act_or_of_none() -> None:
    assert set(BY_COMMAND) == set(RUN)


def cookie_of(at: Place, role: Role) -> str:
    """Return the cookies of somebody of that role."""
    if role is Role.STRANGER:
        return ""
    if role is Role.REVIEWER:
        return f"{GRANT_COOKIE}={at.cookie}"
    return f"pilot_sign_in={keys.sign_in(at.store, keys.invite(at.store, f'New {role}', role, LEAD)[1])[1]}"


def asked(at: Place, path: str) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of the route's form, about something that Dana may do it to."""
    own = comments.add_comment(at.store, at.grant, 1, Anchor(5), "Words").comment_id
    fields: dict[str, str] = {"attempt": "1", "key": secrets.token_hex(8)}
    if path == "/review/approve":
        fields["sha256"] = film_checksum(at.store, at.pilot_id, at.pilot.runs[0])
    elif path == "/review/changes":
        fields |= {"level": "minor_changes", "flags": "too_long"}
    elif path == "/review/undo":
        given = decide(at.store, at.grant, 1, Decision("minor_changes", ["too_long"]))
        fields["feedback_id"] = given.feedback_id
    elif path == "/review/name":
        fields["name"] = "Dana the Second"
    elif "{request_id}" in path:
        given = decide(at.store, at.grant, 1, Decision("minor_changes", ["too_long"]))
        next_attempt(at.store, at.pilot_id)
        path = path.replace("{request_id}", f"{given.feedback_id}.too_long")
        fields |= {"attempt": "2", "addressed": "yes"}
    elif path.endswith("/judge"):
        next_attempt(at.store, at.pilot_id)
        fields |= {"attempt": "2", "addressed": "yes"}
    else:
        fields |= {"frame": "7", "body": "Further words"}
    return path.replace("{comment_id}", own), fields


def sent(at: Place, path: str, fields: dict[str, str], cookies: str) -> int:
    """Send the form as our own page would, whoever sends it."""
    told = {"origin": f"http://{AWAY}", "sec_fetch_site": "same-origin"}
    if path in ("/review/opened", "/watched", "/review/unsent"):
        told_by_script = {"attempt": 1, "watched": [[0, 9]]}
        told_by_script |= {"form": "comment new", "key": "a key", "turn": 1, "words": {"body": "Wor"}}
        return ask(path, "POST", cookies=cookies, body=json.dumps(told_by_script).encode(), **told).status
    kept = secrets.token_hex(16)
    token = form_token(Request({"type": "http", "headers": [], **served_scope()}), kept, path)
    body = urlencode(fields | {"token": token}).encode()
    carried = "; ".join(part for part in (cookies, f"{FORM_COOKIE}={kept}") if part)
    return ask(path, "POST", cookies=carried, body=body, **told).status


@pytest.mark.parametrize("path", BY_ROUTE)
def test_each_route_over_http(at: Place, path: str) -> None:
    # These routes are the review room's: the team has no grant, and does its acts on the dashboard.
    cookies = {role: cookie_of(at, role) for role in (Role.STRANGER, Role.VIEWER, Role.LEAD)}
    address, fields = asked(at, path)
    before = at.rows()
    for role, carried in cookies.items():
        status = sent(at, address, fields, carried)
        assert status in (403, 404), f"{role}: {status}"
        assert at.rows() == before, role
    assert BY_ROUTE[path] in PERMISSIONS[Role.REVIEWER].acts
    status = sent(at, address, fields, cookie_of(at, Role.REVIEWER))
    assert status in (204, 303, 200), status
    assert at.rows() != before


COMMANDS: dict[str, Callable[[Place], list[str]]] = {
    "record_feedback": lambda at: ["--record-feedback", at.pilot_id, "--attempt", "1", "--level", "minor_changes"],
    "review_link": lambda at: ["--review-link", at.pilot_id, "--mark-sent"],
    "pause": lambda at: ["--pause", at.pilot_id, "--reason", "Waiting"],
    "resume": lambda at: ["--resume", pilots.pause(at.store, at.pilot_id, "Waiting").pilot_id],
    "drop": lambda at: ["--drop", at.pilot_id, "--reason", "Sold"],
    "raise_limit": lambda at: ["--raise-limit", at.pilot_id, "--max-attempts", "9", "--reason", "Justified"],
    "override": lambda at: ["--override", at.pilot_id, "--verdict", "STOP", "--reason", "Sold"],
    "confirm_override": lambda at: [
        "--confirm-override",
        deeds.asked_override(at.store, at.pilot_id).pilot_id,
        "--reason",
        "Sure",
    ],
    "undo_override": lambda at: [
        "--undo-override",
        deeds.asked_override(at.store, at.pilot_id).pilot_id,
        "--reason",
        "Not sold",
    ],
    "import_state": lambda at: ["--import-state", brought(at)],
    "invite": lambda at: ["--invite", "Somebody New"],
    "revoke_key": lambda at: ["--revoke-key", invited(at)],
    "erase_pilot": lambda at: ["--erase-pilot", at.pilot_id, "--reason", "They asked"],
    "erase_person": lambda at: ["--erase-person", "Alice Chen", "--reason", "She asked"],
}
"""Commands that render nothing; tests/test_cli.py runs the others."""


def brought(at: Place) -> str:
    pilot = pilots.create_pilot("Ann", "Mills", "feature_launch", now=at.store.clock())
    file = at.store.root.parent / f"{pilot.pilot_id}.json"
    file.write_text(state_files.text(pilot))
    return str(file)


def invited(at: Place) -> str:
    # By the clock of the command, whose keys last a week.
    return keys.invite(PilotStore(at.store.root), "Somebody Else", "viewer", LEAD)[0].name


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_acts_as_this_machine_s_user(
    at: Place, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_URL", "https://pilots.ops.example")
    kind = BY_COMMAND[command]
    assert kind in PERMISSIONS[Role.COMMAND_LINE].acts
    given = COMMANDS[command](at)
    before = at.rows()
    assert main([*given, "--store", str(at.store.root)]) == 0, capsys.readouterr().err
    after = at.rows()
    new = {row for table, rows in after.items() for row in set(rows) - set(before[table])}
    assert any(at.store.database.read(local_name) in row for row in new), "it is known who did it"
