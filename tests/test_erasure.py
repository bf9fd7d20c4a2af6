"""Erasing a pilot or a person: nothing of theirs is left in any row, file or event, and the counts stay."""

import json
from pathlib import Path

import pytest

from pilot_core import judgement, keys, services
from pilot_core.cli import main
from pilot_core.erasure import BACKUPS, ERASED, erase_person, erase_pilot, finish_erasures
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.models import PilotRun
from pilot_core.review.comments import add_comment, reply
from pilot_core.review.links import make_link, open_link
from pilot_core.review.receipts import record_opened
from pilot_core.store.database import rows
from pilot_core.store.erasures import TABLES_OF_A_PILOT, erasures
from pilot_core.store.pilots import PilotStore
from tests.reviewing import LEAD, pilot_in_review, queued_attempt, team

DANA = "Dana Crüz"
WORDS = "My phone number is 030 123456, and the middle drags."
SAID = "Please ask my sister Ilse first"


@pytest.fixture
def reviewed(store: PilotStore) -> PilotRun:
    """A pilot on which Dana has left every kind of trace, and a filed report that quotes her."""
    pilot = pilot_in_review(store)
    services.write_documents(store, pilot)
    _, token = make_link(store, pilot.pilot_id, DANA, actor=LEAD)
    grant, _ = open_link(store, token)
    record_opened(store, grant, 1)
    comment = add_comment(store, grant, 1, 10, SAID)
    reply(store, team(pilot), comment.comment_id, "We will")
    services.record_feedback(store, pilot.pilot_id, 1, WORDS, "minor_changes", ["too_long"], by=DANA)
    judgement.file_report(store, pilot.pilot_id, LEAD)
    return store.load(pilot.pilot_id)


def everything(store: PilotStore) -> str:
    """All that the store holds, rows and text files, as one text."""

    def work(connection) -> str:
        names = rows(
            connection, "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = current_database()"
        )
        return json.dumps(
            {row["name"]: rows(connection, f"SELECT * FROM {row['name']}") for row in names},  # noqa: S608
            default=str,
            ensure_ascii=False,
        )

    texts = [
        path.read_text("utf-8")
        for path in store.root.rglob("*")
        if path.suffix in (".json", ".txt", ".md") and path.is_file()
    ]
    return "\n".join([store.database.read(work), *texts])


def test_every_table_with_a_pilot_in_it_is_emptied_of_an_erased_one(store: PilotStore) -> None:
    sql = (
        "SELECT table_name AS name FROM duckdb_columns() "
        "WHERE column_name = 'pilot_id' AND database_name = current_database()"
    )
    found = store.database.read(lambda connection: {row["name"] for row in rows(connection, sql)})
    assert found - {"erasures"} == set(TABLES_OF_A_PILOT)


def test_an_erased_pilot_leaves_its_counts_and_nothing_else(store: PilotStore, reviewed: PilotRun) -> None:
    other = pilot_in_review(store)
    stray = store.root / "lost+found" / "20260101_000000" / f"{reviewed.pilot_id}.json"
    stray.parent.mkdir(parents=True)
    stray.write_text(f'{{"founder_name": "Alice Chen", "pilot_id": "{reviewed.pilot_id}"}}')
    (store.root / "pilots.schema_0004.duckdb").write_text("Alice Chen before an upgrade")
    done = erase_pilot(store, reviewed.pilot_id, "The founder asked for it", LEAD)
    assert done.counts == {
        "scenario_type": "feature_launch",
        "brand_preset": "acme",
        "playbook_version": reviewed.playbook_version,
        "status": "active",
        "approval_outcome": "pending",
        "attempts": 1,
        "reviews": 1,
    }
    left = everything(store).replace(other.founder_name, "").replace(other.company_name, "")
    for gone in (reviewed.pilot_id, "Alice", "AcmeAI", DANA, WORDS, SAID):
        assert gone not in left
    assert not (store.root / reviewed.pilot_id).exists()
    assert not (store.root / f"{reviewed.pilot_id}.json").exists()
    assert not stray.exists()
    assert not list(store.root.glob("pilots.schema_*"))
    with pytest.raises(PilotNotFound):
        store.load(reviewed.pilot_id)
    assert store.load(other.pilot_id) == other
    (kept,) = erasures(store.database)
    assert (kept.kind, kept.pilot_id, kept.erased_by, kept.reason, kept.counts) == (
        "pilot",
        None,
        LEAD,
        "The founder asked for it",
        done.counts,
    )
    assert done.told[0].startswith(f"Erased {reviewed.pilot_id}: ")
    assert done.told[-1] == BACKUPS


def test_an_erasure_that_was_interrupted_is_finished_later(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pilot_core.erasure._remove_files", stop)
        with pytest.raises(KeyboardInterrupt):
            erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert (store.root / reviewed.pilot_id).exists()
    assert finish_erasures(store) == [reviewed.pilot_id]
    assert not (store.root / reviewed.pilot_id).exists()
    assert finish_erasures(store) == []


def test_a_pilot_whose_film_is_being_made_is_not_erased(store: PilotStore, reviewed: PilotRun) -> None:
    queued_attempt(store, reviewed.pilot_id)
    with pytest.raises(NotAllowedNow, match="erase the pilot when that is over"):
        erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    with pytest.raises(InvalidRequest, match="Say why"):
        erase_pilot(store, reviewed.pilot_id, "  ", LEAD)
    assert store.load(reviewed.pilot_id).runs


def test_an_erased_person_leaves_decisions_of_nobody(store: PilotStore, reviewed: PilotRun) -> None:
    pilot_id = reviewed.pilot_id
    assert DANA in everything(store)
    assert WORDS in everything(store)
    done = erase_person(store, f"  {DANA.upper()} ", "GDPR article 17", LEAD)
    left = everything(store)
    for gone in (DANA, DANA.upper(), WORDS, "030 123456", SAID):
        at = left.find(gone)
        assert at < 0, left[max(0, at - 200) : at + 100]
    review = store.load(pilot_id).attempt(1).review
    assert review is not None
    assert (review.level, review.flags, review.by, review.notes) == ("minor_changes", ["too_long"], ERASED, "")
    counts = {
        name: done.counts[name] for name in ("pilots", "reviews", "comments", "links", "views", "reports", "keys")
    }
    assert counts == {"pilots": 1, "reviews": 1, "comments": 1, "links": 1, "views": 1, "reports": 1, "keys": 0}
    assert "We will" in left
    (filed,) = rows_of(store, "outcome_reports")
    assert "Quotes were removed from this report" in filed["markdown"]
    assert filed["total_videos"] == 1


def rows_of(store: PilotStore, table: str) -> list[dict]:
    return store.database.read(lambda connection: rows(connection, f"SELECT * FROM {table}"))  # noqa: S608


def test_an_erased_member_of_the_team_is_signed_out_and_unnamed(store: PilotStore, reviewed: PilotRun) -> None:
    key, _ = keys.invite(store, LEAD, "lead", "the machine")
    judgement.override_recommendation(store, reviewed.pilot_id, "STOP", "Budget is gone", LEAD)
    done = erase_person(store, LEAD, "Has left the company", "Theo Grant")
    assert LEAD not in everything(store)
    assert done.counts["keys"] == 1
    assert [k.ended_at is not None for k in keys.keys_of(store)] == [True]
    assert key.name == LEAD


def test_a_founders_name_goes_from_the_documents_too(store: PilotStore, reviewed: PilotRun) -> None:
    instructions = store.root / reviewed.pilot_id / "founder_instructions.txt"
    assert "Alice Chen" in instructions.read_text("utf-8")
    erase_person(store, "Alice Chen", "asked", LEAD)
    assert "Alice" not in everything(store)
    assert ERASED in instructions.read_text("utf-8")


@pytest.mark.parametrize(("name", "said"), [("  ", "Say whose data"), ("Nobody Known", "Nobody here is called")])
def test_a_name_that_stands_nowhere_is_said_to(store: PilotStore, reviewed: PilotRun, name: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        erase_person(store, name, "asked", LEAD)
    assert store.load(reviewed.pilot_id) == reviewed
    assert rows_of(store, "erasures") == []


def test_the_words_of_an_imported_state_file_go_too(store: PilotStore, tmp_path: Path) -> None:
    file = tmp_path / "pilot_20240115_abc12345.json"
    guide = {
        "pilot_id": "pilot_20240115_abc12345",
        "founder_name": DANA,
        "company_name": "Ruby",
        "scenario_type": "feature_launch",
        "runs": [{"attempt_number": 1, "founder_feedback": WORDS, "feedback_level": "MAJOR_CHANGES"}],
    }
    file.write_text(json.dumps(guide), "utf-8")
    store.import_state(file)
    erase_person(store, DANA, "asked", LEAD)
    left = everything(store)
    for gone in (WORDS, DANA):
        at = left.find(gone)
        assert at < 0, left[max(0, at - 200) : at + 100]


def test_the_command_erases_and_says_what_it_did(store: PilotStore, reviewed: PilotRun, capsys) -> None:
    given = ["--store", str(store.root)]
    assert main(["--erase-person", DANA, *given]) == 2
    assert capsys.readouterr().err == "--erase-person also needs --reason.\n"
    assert main(["--erase-person", DANA, "--reason", "asked", *given]) == 0
    assert capsys.readouterr().out.startswith("Erased one person from 1 pilot: 1 review and 1 comment ")
    assert main(["--erase-pilot", reviewed.pilot_id, "--reason", "asked", *given]) == 0
    assert capsys.readouterr().out.startswith(f"Erased {reviewed.pilot_id}: ")
    assert main(["--erase-pilot", reviewed.pilot_id, "--reason", "asked", *given]) == 2
