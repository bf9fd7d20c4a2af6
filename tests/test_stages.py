"""The stage of an attempt: what is named has happened, in rows of lists, in state files and after an upgrade."""

from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import PilotRunAttempt, SentHow
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.stages import AttemptStage, Stage, stage_label, stage_of
from pilot_core.erasure.person import erase_person
from pilot_core.errors import NotAllowedNow
from pilot_core.maintenance.check import DERIVED
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.receipts import record_opened, record_watched
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.integrity import derived_columns
from pilot_core.store.engine.schema import MIGRATIONS
from pilot_core.store.files import state_files
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.pilots import stage_columns
from tests.conftest import NOW, HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, reviewer


def stage(store: PilotStore, pilot_id: str) -> AttemptStage:
    """Return the stage of the latest attempt, after checking that the row of lists says the same."""
    latest = store.load(pilot_id).latest_attempt
    kept = derived_columns(store.database, list(DERIVED))[pilot_id]
    assert {name: kept[name] for name in stage_columns(latest)} == stage_columns(latest)
    assert latest
    return stage_of(latest)


def mark_sent(store: PilotStore, pilot: PilotRun, number: int = 1) -> None:
    store.change(pilot.pilot_id, lambda p: p.mark_sent(number, "Lea Lead", SentHow.HAND, store.clock()), LEAD)


def test_each_step_of_an_attempt_is_named_with_when_it_happened(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.READY, NOW)

    sent_at = clock.forward(hours=2)
    mark_sent(store, pilot)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.SENT, sent_at, "Lea Lead")

    opened_at = clock.forward(hours=3)
    dana = reviewer(store, pilot)
    record_opened(store, dana, 1)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.OPENED, opened_at, "Dana Cruz")

    watched_at = clock.forward(minutes=1)
    record_watched(store, dana, 1, [(0, 6)])
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.WATCHED, watched_at, "Dana Cruz", 7 / 20)
    assert store.load(pilot.pilot_id).runs[0].reached_at == sent_at

    decided_at = clock.forward(minutes=1)
    given = decide(store, dana, 1, Decision("minor_changes", notes="Shorter."))
    decided = stage(store, pilot.pilot_id)
    assert (decided.stage, decided.since, decided.label) == (Stage.DECIDED, decided_at, "Minor changes")
    record_watched(store, dana, 1, [(7, 9)])
    assert stage(store, pilot.pilot_id) == decided

    undo_decision(store, dana, given.feedback_id)
    assert stage(store, pilot.pilot_id).label == "Watched 50%"
    next_attempt(store, pilot.pilot_id)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.READY, clock())
    record_watched(store, dana, 1, [(10, 12)])
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.READY, clock())


def test_what_was_opened_without_a_record_of_sending_is_opened(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    clock.forward(hours=1)
    dana, ines = reviewer(store, pilot), reviewer(store, pilot, "Ines Roth")
    for grant, seconds in ((dana, 1), (ines, 3)):
        clock.forward(hours=1)
        record_watched(store, grant, 1, [(0, seconds)])
    found = stage(store, pilot.pilot_id)
    assert (found.stage, found.since, found.by, found.watched) == (Stage.WATCHED, clock(), "", 4 / 20)
    assert store.load(pilot.pilot_id).runs[0].reached_at == clock() - timedelta(hours=1)


def test_marking_as_sent_can_be_undone_for_ten_minutes_until_someone_opens_it(
    store: PilotStore, clock: HandClock
) -> None:
    pilot = pilot_in_review(store)
    mark_sent(store, pilot)
    with pytest.raises(NotAllowedNow, match="sent before"):
        mark_sent(store, pilot)
    clock.forward(minutes=10)
    store.change(pilot.pilot_id, lambda p: p.undo_sent(1, clock()), LEAD)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.READY, NOW)

    mark_sent(store, pilot)
    record_opened(store, reviewer(store, pilot), 1)
    with pytest.raises(NotAllowedNow, match="opened or decided on"):
        store.change(pilot.pilot_id, lambda p: p.undo_sent(1, clock()), LEAD)
    pilot = pilot_in_review(store)
    mark_sent(store, pilot)
    clock.forward(minutes=10, seconds=1)
    with pytest.raises(NotAllowedNow, match="Ten minutes"):
        store.change(pilot.pilot_id, lambda p: p.undo_sent(1, clock()), LEAD)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "Watched"),
        (0.0, "Watched under 1%"),
        (0.0099, "Watched under 1%"),
        (0.999, "Watched 99%"),
        (1.0, "Watched 100%"),
    ],
)
def test_a_share_is_never_said_to_be_more_than_it_is(share: float | None, words: str) -> None:
    assert stage_label(Stage.WATCHED, share) == words


def test_a_state_file_keeps_how_an_attempt_was_sent(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    mark_sent(store, pilot)
    saved = store.load(pilot.pilot_id)
    again = state_files.parse(state_files.dump(saved))
    assert [(a.sent_at, a.sent_by, a.sent_how) for a in again.runs] == [(NOW, "Lea Lead", SentHow.HAND)]
    assert state_files.dump(again)["runs"] == state_files.dump(saved)["runs"]

    foreign = {**state_files.dump(saved), "sent_at": "yesterday"}
    foreign.pop("revision")
    foreign["runs"] = [run | {"sent_at": "whenever", "sent_how": "pigeon"} for run in foreign["runs"]]
    read = state_files.parse(foreign)
    assert read.runs[0].sent_at is None, "what such a field of another program means is not known"
    assert state_files.dump(read)["runs"][0]["sent_how"] == "pigeon"


def test_with_a_persons_data_their_views_and_their_name_at_sending_go(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    mark_sent(store, pilot)
    record_watched(store, reviewer(store, pilot), 1, [(0, 6)])
    erase_person(store, "Dana Cruz", "She asked for it.", LEAD)
    assert stage(store, pilot.pilot_id) == AttemptStage(Stage.SENT, NOW, "Lea Lead")
    erase_person(store, "Lea Lead", "She asked for it.", LEAD)
    assert "Lea" not in stage(store, pilot.pilot_id).by


OLDER = """
INSERT INTO messages (message_id, pilot_id, kind, attempt_number, about, position, state, reason, written_at, ended_at)
VALUES (?, ?, ?, 1, '', ?, ?, ?, ?, ?)
"""


def test_an_upgrade_says_of_older_attempts_only_what_is_known(store: PilotStore, clock: HandClock) -> None:
    pilots = {
        name: pilot_in_review(store) for name in ("unsent", "copied", "mailed", "by hand", "link", "late", "seen")
    }
    ids = {name: pilot.pilot_id for name, pilot in pilots.items()}
    at = clock.forward(hours=1)
    record_watched(store, reviewer(store, pilots["seen"]), 1, [(0, 6)])

    def write(connection: Connection) -> None:
        messages = (
            ("copied", "cut_ready", "by_hand", "There is no contact address."),
            ("mailed", "cut_ready", "sent", None),
            ("by hand", "cut_ready", "sent", "Sent by hand by Mara Lind."),
        )
        for place, (name, kind, state, reason) in enumerate(messages):
            moment = to_column(at)
            connection.execute(OLDER, [f"m{place}", ids[name], kind, place, state, reason, moment, moment])
        connection.execute(
            "INSERT INTO deliveries VALUES ('d', 'm1', ?, 'mail', 'a@b.example', 'sent', 1, ?, ?, NULL)",
            [ids["mailed"], to_column(at), to_column(at)],
        )

    store.database.transaction(write)
    reviewer(store, pilots["link"], "Alice Chen")
    reviewer(store, pilots["late"], "Alice Chen")
    clock.forward(hours=1)
    next_attempt(store, ids["late"])
    steps = (MIGRATIONS / "0015_sent.sql").read_text().split(";\n")
    fills = [step for step in steps if "UPDATE " in step]
    assert len(fills) == 3
    store.database.transaction(lambda c: [c.execute("UPDATE pilots SET latest_stage = NULL"), *map(c.execute, fills)])

    def sent(name: str) -> tuple[object, ...]:
        attempt: PilotRunAttempt = store.load(ids[name]).runs[0]
        return attempt.sent_at, attempt.sent_by, attempt.sent_how

    assert sent("unsent") == sent("copied") == sent("seen") == (None, None, None)
    assert sent("mailed") == (at, "", SentHow.MAIL)
    assert sent("by hand") == (at, "Mara Lind", SentHow.HAND)
    assert sent("link") == sent("late") == (at, "Lea Lead", SentHow.LINK)
    assert store.load(ids["late"]).runs[1].sent_at is None, "the link was made before there was a second attempt"
    found = {row["pilot_id"]: row for row in store.database.read(lambda c: rows(c, "SELECT * FROM pilots"))}
    for name, pilot_id in ids.items():
        latest = store.load(pilot_id).latest_attempt
        assert latest
        row, known = found[pilot_id], stage_of(latest)
        assert row["latest_stage"] == known.stage, name
        assert from_column(row["latest_stage_since"]) == known.since, name
        assert from_column(row["latest_reached_at"]) == latest.reached_at, name
