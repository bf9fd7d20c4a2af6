"""Of random pilots, every place that says how far an attempt has come agrees with the rows, read by another hand."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.cli.listing import _status
from pilot_core.domain.attempt import AttemptState, Draft, SentHow
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Viewing
from pilot_core.formatting import ago
from pilot_core.insight.report import build_report
from pilot_core.messages import deadlines
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.queries.inbox import Asked, Kind
from pilot_core.store.queries.lists import pilot_lines, pilot_summaries
from pilot_core.store.queries.overview import overview
from pilot_core.web.components.pilot_table import _standing
from pilot_core.web.pages.overview import inbox
from pilot_core.web.pages.pilot import lifecycle
from tests.crowd import crowd, fill
from tests.messaging import set_up
from tests.sketches import day

NOW = day(31) + timedelta(days=80)
REVIEWERS = ("Alice Chen", "Dana Cruz", "Ines")
DECISIONS = {"approve": "approved", "minor_changes": "minor changes", "major_changes": "major changes"}


@pytest.mark.parametrize("many", [200, pytest.param(2000, marks=pytest.mark.exhaustive)])
def test_what_is_said_of_an_attempt_is_what_the_rows_say(store: PilotStore, many: int) -> None:
    pilots = list(sent_and_seen(crowd(many, seed=many), random.Random(many)))
    fill(store, pilots)
    store.database.transaction(lambda connection: add_receipts(connection, pilots))
    told = store.database.read(plain_stages)
    assert {word for word, _, _, _ in told.values()} >= {"ready", "sent", "opened", "watched", "decided", "failed"}
    loaded = {pilot.pilot_id: pilot for pilot in store.load_all()}
    for one in pilot_summaries(store.database):
        word, since, share, decision = told[one.pilot_id]
        assert (one.latest_stage, one.latest_stage_since) == (word, since), one.pilot_id
        if one.status == "active" and word:
            assert words_of(word, share, decision) == _standing(one).split(": ", 1)[1]
    for line in pilot_lines(store.database):
        word, _, share, _ = told[line.pilot_id]
        if line.status == "active" and word:
            short = {"ready": "not sent", "failed": "failed", "decided": "decided"}
            assert _status(line) == short.get(word, words_of(word, share, "").replace(" under 1%", ""))
    for pilot_id, (word, since, share, decision) in told.items():
        pilot = loaded[pilot_id]
        if not word:
            continue
        last = max(build_report(pilot, now=NOW).attempts, key=lambda attempt: attempt.number)
        assert last.stage == ("decided" if word == "decided" else words_of(word, share, ""))
        assert last.stage_since == since
        check_page(pilot, word, since, share, decision)
    check_clocks(store, loaded, told)
    check_inbox(store, loaded, told)


def check_page(pilot: PilotRun, word: str, since: datetime | None, share: float | None, decision: str) -> None:
    """Compare the pilot page's next step, its sentence and the line of steps with the rows."""
    if pilot.status != "active":
        return
    todo, sentence = lifecycle.todo(pilot), lifecycle.sentence(pilot, NOW)
    today = next(step for step in lifecycle.steps(pilot, NOW) if step.place == "today")
    assert (todo is lifecycle.Todo.SEND) == (word == "ready")
    if word in ("sent", "opened", "watched"):
        assert todo is lifecycle.Todo.LOG
        assert ago(since, NOW) in sentence
        assert today.label.lower() == words_of(word, share, decision)
        assert today.detail == ago(since, NOW)
    if word == "ready":
        assert "not sent" in sentence
        assert today.label == "Not sent yet"
        assert (ago(since, NOW) in sentence) if since else "It was ready" not in sentence
    if word == "watched" and share is not None:
        assert f"{int(share * 100)}%" in sentence or (share < 0.01 and "under 1%" in sentence)


def check_clocks(store: PilotStore, pilots: dict[str, PilotRun], told: dict[str, Any]) -> None:
    """Compare who is waited for, and since when, with the rows: nobody waits for a founder who was sent nothing."""
    reached = store.database.read(plain_reached)
    for due in deadlines.dues(store.database, set_up(), NOW):
        word = told[due.pilot_id][0]
        expected = {"ready": "send", "sent": "review", "opened": "review", "watched": "review", "failed": "retry"}
        assert due.step == expected.get(word or "begin", "answer" if word == "decided" else "begin")
        if due.step == "review":
            ready = pilots[due.pilot_id].latest_attempt
            starts = [reached[due.pilot_id], ready.ready_at or ready.created_at]
            assert due.since == max(at for at in starts if at)


def check_inbox(store: PilotStore, pilots: dict[str, PilotRun], told: dict[str, Any]) -> None:
    """Compare why each pilot is in the inbox, what is said of it, and how many there are, with the rows."""
    asked = Asked("Mara", None, NOW, ours_late=day(1), review_late=day(1), few=len(pilots))
    seen, reached = overview(store.database, asked), store.database.read(plain_reached)
    needs = {need.pilot_id: need for need in seen.needs}
    kinds = {pilot_id: kind_of(pilot, told[pilot_id][0]) for pilot_id, pilot in pilots.items()}
    assert {pilot_id: need.kind for pilot_id, need in needs.items()} == {i: kind for i, kind in kinds.items() if kind}
    counts = Counter(pilot.status for pilot in pilots.values() if not is_exhausted(pilot))
    exhausted = sum(is_exhausted(pilot) for pilot in pilots.values())
    assert (seen.counts.open, seen.counts.paused) == (counts["active"], counts["paused"])
    assert seen.counts.out_of_attempts == exhausted
    for pilot_id, need in needs.items():
        word, _, share, _ = told[pilot_id]
        text = inbox.sentence(need, NOW)
        if need.kind is Kind.AWAITING:
            assert f" has had attempt {need.attempt_number} for {inbox.span(reached[pilot_id], NOW)}. " in text
            assert ("Not opened yet." in text) == (word == "sent")
            if word != "sent":
                assert f"{words_of(word, share, '').capitalize()}, not decided." in text
        assert ("is not sent" in text) == (need.kind is Kind.READY)
        if need.kind in (Kind.FEEDBACK, Kind.OUT_OF_ATTEMPTS):
            review = pilots[pilot_id].latest_attempt.review
            if review is None:
                assert f"Attempt {need.attempt_number} failed to render, " in text
                continue
            assert {"approve": "approved"}.get(review.level, review.level.split("_")[0]) in text
            assert review.by in text


def kind_of(pilot: PilotRun, word: str | None) -> Kind | None:
    """Return why a pilot is in the inbox, None if it is not."""
    if pilot.approval_outcome == "approved":
        return Kind.UNFILED
    if pilot.approval_outcome == "dropped" or pilot.status == "completed" or word in ("queued", "rendering"):
        return None
    if is_exhausted(pilot):
        return Kind.OUT_OF_ATTEMPTS
    if pilot.status == "paused":
        return Kind.PAUSED
    kinds = {None: Kind.BEGIN, "failed": Kind.FAILED, "decided": Kind.FEEDBACK, "ready": Kind.READY}
    return kinds.get(word, Kind.AWAITING)


def is_exhausted(pilot: PilotRun) -> bool:
    """Whether all attempts are used and reviewed, and none is approved."""
    made = [attempt for attempt in pilot.runs if attempt.state is not AttemptState.FAILED]
    reviews = [attempt.review for attempt in made]
    levels = [review.level for review in reviews if review]
    undecided = pilot.approval_outcome == "pending" and "approve" not in levels
    return undecided and len(made) >= pilot.max_attempts and len(levels) == len(made) > 0


def words_of(word: str, share: float | None, decision: str) -> str:
    known = {"ready": "ready, not sent", "failed": "render failed", "decided": DECISIONS.get(decision, "")}
    if word == "watched" and share is not None:
        return f"watched {int(share * 100)}%" if share >= 0.01 else "watched under 1%"
    return known.get(word, word)


def plain_stages(connection: Connection) -> dict[str, tuple[str | None, datetime | None, float | None, str]]:
    """Return how far each pilot's latest attempt has come, since when, how much was watched, and the decision."""
    found: dict[str, tuple[str | None, datetime | None, float | None, str]] = {}
    receipts, heard = rows(connection, "SELECT * FROM review_receipts"), rows(connection, "SELECT * FROM feedback")
    attempts = rows(connection, "SELECT * FROM attempts ORDER BY attempt_number")
    for (pilot_id,) in connection.execute("SELECT pilot_id FROM pilots").fetchall():
        mine = [row for row in attempts if row["pilot_id"] == pilot_id]
        found[pilot_id] = _stage(mine[-1], receipts, heard) if mine else (None, None, None, "")
    return found


def _stage(
    last: dict[str, Any], receipts: list[dict[str, Any]], heard: list[dict[str, Any]]
) -> tuple[str, datetime | None, float | None, str]:
    seen = [row for row in receipts if row["attempt_id"] == last["attempt_id"]]
    people = [row for row in heard if row["attempt_id"] == last["attempt_id"] and row["mode"] == "human"]
    if last["state"] == "failed":
        return "failed", None, None, ""
    if last["state"] != "ready":
        return last["state"], _utc(last["created_at" if last["state"] == "queued" else "started_at"]), None, ""
    if people:
        people.sort(key=lambda row: (row["received_at"] or datetime.min, row["position"]))  # noqa: DTZ901
        return "decided", _utc(people[-1]["received_at"]), None, people[-1]["level"]
    if any(row["watched_at"] for row in seen):
        length = json.loads(last["drafts"])[-1]["duration"] if json.loads(last["drafts"]) else None
        counts = [sum(end - begin + 1 for begin, end in json.loads(row["watched"])) for row in seen]
        share = min(1.0, max(counts) / length) if length else None
        return "watched", _utc(max(row["watched_at"] for row in seen if row["watched_at"])), share, ""
    if seen:
        return "opened", _utc(min(row["opened_at"] for row in seen)), None, ""
    if last["sent_at"]:
        return "sent", _utc(last["sent_at"]), None, ""
    return "ready", _utc(last["ready_at"]), None, ""


def plain_reached(connection: Connection) -> dict[str, datetime | None]:
    """Return when the latest attempt of each pilot was sent or opened, the earlier of both."""
    sql = """
        SELECT a.pilot_id, a.attempt_number, a.sent_at AS at FROM attempts a
        UNION ALL SELECT a.pilot_id, a.attempt_number, r.opened_at FROM review_receipts r
        JOIN attempts a ON a.attempt_id = r.attempt_id
    """
    known: dict[str, dict[int, list[datetime]]] = {}
    for row in rows(connection, sql):
        times = known.setdefault(row["pilot_id"], {}).setdefault(row["attempt_number"], [])
        times += [row["at"]] if row["at"] else []
    return {pilot_id: _utc(min(by[max(by)], default=None)) for pilot_id, by in known.items()}


def sent_and_seen(pilots: list[PilotRun], chance: random.Random) -> Iterator[PilotRun]:
    """Yield the pilots, with some of their ready attempts sent, opened and watched, each known or not."""
    for pilot in pilots:
        for attempt in pilot.runs:
            # Most attempts of the crowd are reviewed; here half of the latest ones wait.
            if attempt is pilot.runs[-1] and chance.random() < 0.6:
                attempt.feedback = []
            if attempt.state is not AttemptState.READY:
                continue
            begun = attempt.ready_at or attempt.created_at or pilot.created_at
            if chance.random() < 0.5:
                attempt.sent_at = begun + timedelta(hours=chance.uniform(0, 40))
                attempt.sent_how, attempt.sent_by = chance.choice(list(SentHow)), chance.choice(("", "Mara"))
            if chance.random() < 0.5:
                path = attempt.video_path or ""
                attempt.drafts = [
                    Draft(iteration=1, video_path=path, duration=float(chance.choice((20, 300))), frame_rate="30")
                ]
            for reviewer in chance.sample(REVIEWERS, chance.choice((0, 0, 1, 1, 2))):
                opened = begun + timedelta(hours=chance.uniform(0, 60))
                first = chance.randrange(20)
                watched = ((first, first + chance.choice((0, 1, 9, 19))),) if chance.random() < 0.6 else ()
                watched_at = opened + timedelta(minutes=chance.uniform(0, 90)) if watched else None
                attempt.viewings.append(
                    Viewing(attempt.attempt_number, attempt.attempt_id, reviewer, opened, opened, watched, watched_at)
                )
        yield pilot


def add_receipts(connection: Connection, pilots: list[PilotRun]) -> None:
    sql = "INSERT INTO review_receipts VALUES (?, ?, ?, ?, ?, ?, ?)"
    for pilot in pilots:
        for attempt in pilot.runs:
            for seen in attempt.viewings:
                times = [
                    at and at.replace(tzinfo=None) for at in (seen.opened_at, seen.last_opened_at, seen.watched_at)
                ]
                given = [seen.attempt_id, seen.reviewer, pilot.pilot_id, *times[:2], json.dumps(seen.watched), times[2]]
                connection.execute(sql, given)


def _utc(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None
