"""The log: one JSON object per line, with who, what and which pilot, and without secrets that give access."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilot_core import PilotStore, logs
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.review.links import make_link
from pilot_core.services import keys, pilots
from tests.besieged import besieged, make_world
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot
from tests.reviewing import LEAD

TOKEN = "Zx" + "9_-aB3" * 7  # as long as a real one


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Return a function that returns what our loggers have written since its last call."""
    ours = logging.getLogger("pilot_core")
    before = ours.level, list(ours.handlers)
    logs.set_up("info")
    yield lambda: capsys.readouterr().err
    ours.level, ours.handlers = before


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("typed", ['a\n{"level": "error"}', "b\r\x1b[2Jc", "d\u2028e\x85f"])
def test_nothing_that_was_typed_makes_a_second_line_or_commands_a_terminal(
    written: Callable[[], str], typed: str
) -> None:
    with logs.about(actor=typed):
        logging.getLogger("pilot_core.test").info("%s", typed)
    text = written()
    assert text.count("\n") == 1
    assert text.rstrip("\n").isprintable()
    (line,) = lines(text)
    assert (line["message"], line["actor"]) == (typed, typed)


def test_half_a_character_is_written_as_what_it_is() -> None:
    # Not through a logger: pytest captures log records, and cannot pass them from one process to another.
    record = logging.makeLogRecord({"name": "pilot_core.test", "levelname": "INFO", "msg": "g\ud800"})
    text = logs.line(record)
    assert text.isascii()
    assert json.loads(text)["message"] == "g\ud800"


def test_an_unexpected_error_is_one_line_with_its_trace(written: Callable[[], str]) -> None:
    try:
        raise RuntimeError("two\nlines")
    except RuntimeError:
        logging.getLogger("pilot_core.test").exception("a page failed")
    (line,) = lines(written())
    assert (line["level"], line["message"]) == ("error", "a page failed")
    assert "RuntimeError: two\nlines" in line["trace"]


def test_setting_up_twice_writes_each_line_once(written: Callable[[], str]) -> None:
    logs.set_up("warning")
    log = logging.getLogger("pilot_core.test")
    log.info("left out")
    log.warning("written")
    assert [line["message"] for line in lines(written())] == ["written"]


def test_what_a_service_does_is_told_with_pilot_actor_and_attempt(
    written: Callable[[], str], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "wait")
    pilots.record_feedback(
        store, pilot.pilot_id, 1, "Their own words.", "minor_changes", actor=at_command_line("Mara Lindqvist")
    )
    text = written()
    line = next(line for line in lines(text) if line["message"] == "feedback_received")
    assert (line["pilot_id"], line["actor"], line["attempt"]) == (pilot.pilot_id, "Mara Lindqvist", 1)
    assert "Their own words" not in text


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/r/{TOKEN}", "/r/…"),
        ("/r/short", "/r/…"),
        (f"/r/{TOKEN}/more", "/r/…"),
        (f"/sign-in/{TOKEN}", "/sign-in/…"),
        ("/sign-in/with/google", "/sign-in/with/google"),
        (f"/sign-in/with/{TOKEN}", "/sign-in/with/…"),
        (f"/R/{TOKEN}", "/R/…"),
        (f"//r/{TOKEN}", "//r/…"),
        (f"/review/{TOKEN}", "/review/…"),
        ("/_stcore/upload_file/session/file", "/_stcore/upload_file/…"),
        ("/download/pilot_20260302_abc12345/review_pack/final_video.mp4",) * 2,
        ("/", "/"),
    ],
)
def test_a_path_is_logged_without_what_opens_something(path: str, shown: str) -> None:
    assert logs.shown_path(path) == shown


def test_a_server_tells_of_each_request_who_asked_for_what_and_never_a_secret(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    _, token = make_link(world.store, world.mine.pilot_id, "Rae Other", actor=LEAD)
    _, key = keys.invite(world.store, "New Lead", "lead", LEAD)
    secrets = {token, key, *(cookie.partition("=")[2] for cookie in world.cookies.values())} - {""}
    with besieged(tmp_path, PILOT_OPS_LOG_LEVEL="debug") as server:
        lead = world.cookies[Role.LEAD]
        answer = server.ask(f"/download/{world.mine.pilot_id}/approval_criteria.txt?key={key}", cookies=lead)
        film = server.ask(f"/watch/{world.mine.runs[0].attempt_id}/video.mp4", cookies=world.cookies[Role.REVIEWER])
        for secret in (token, key):
            for path in (
                f"/r/{secret}",
                f"/sign-in/{secret}",
                f"/{secret}",
                f"/r/{secret}/x",
                f"/pilot?token={secret}",
            ):
                for method in ("GET", "POST"):
                    server.ask(path, method, cookies=lead, body=b"passphrase=open+sesame")
        server.ask("/nowhere%0A{", cookies=lead, x_request_id="forged")
        assert server.run("pilot", f"pilot={world.theirs.pilot_id}", cookies=lead).opened
        text = server.log.read_text()
    told = lines(text)
    assert not [secret for secret in (*secrets, "open sesame", "open+sesame", "forged") if secret in text]

    def of(reply) -> dict:
        (line,) = [line for line in told if line.get("request") == reply.headers["x-request-id"]]
        return line

    line = of(answer)
    assert (line["method"], line["path"], line["status"], line["pilot_id"], line["actor"], line["level"]) == (
        "GET",
        f"/download/{world.mine.pilot_id}/approval_criteria.txt",
        200,
        world.mine.pilot_id,
        "Some lead",
        "info",
    )
    assert line["time"].endswith("Z")
    assert line["milliseconds"] > 0
    assert [of(film)[name] for name in ("pilot_id", "attempt", "actor")] == [world.mine.pilot_id, 1, "Dana Cruz"]
    run = next(line for line in told if line["message"] == "page run")
    assert (run["page"], run["pilot_id"], run["actor"]) == ("pilot", world.theirs.pilot_id, "Some lead")
