"""Erasing a pilot or a person: no row, file or event has their data afterwards, and the counts remain."""

import json
import shutil
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import psycopg
import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot, finish_erasures
from pilot_core.erasure.request import BACKUPS, ERASED
from pilot_core.erasure.scrub import OURS
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.review.comments import add_comment, reply
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.links import make_link, open_link
from pilot_core.review.receipts import record_opened
from pilot_core.review.requests import answer_request, open_requests_before
from pilot_core.services import documents, judgements, keys, pilots
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.files import state_files
from pilot_core.store.queries.erasures import all_erasures
from pilot_core.store.tables import erasures as erasure_rows
from pilot_core.store.tables.erasures import TABLES_OF_A_PILOT
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt, team

DANA = "Dana Crüz"
THEO = at_command_line("Theo Grant")
WORDS = "My phone number is 030 123456, and the middle drags."
SAID = "Please ask my sister Ilse first"


@pytest.fixture
def reviewed(store: PilotStore) -> PilotRun:
    """Return a pilot with every kind of data by Dana, and a filed report that quotes her."""
    pilot = pilot_in_review(store)
    documents.write_documents(store, pilot)
    _, token = make_link(store, pilot.pilot_id, DANA, actor=LEAD)
    grant, _ = open_link(store, token)
    record_opened(store, grant, 1)
    comment = add_comment(store, grant, 1, Anchor(10), SAID)
    reply(store, team(pilot), comment.comment_id, "We will")
    pilots.record_feedback(store, pilot.pilot_id, 1, WORDS, "minor_changes", ["too_long"], by=DANA)
    judgements.file_report(store, pilot.pilot_id, LEAD)
    return store.load(pilot.pilot_id)


def everything(store: PilotStore) -> str:
    """Return everything in the store, rows and text files, as one text."""

    def work(connection) -> str:
        return json.dumps(
            {name: rows(connection, f"SELECT * FROM {name}") for name in tables_of(connection)},  # noqa: S608
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
    found = {table for table, columns in store.database.read(tables_of).items() if "pilot_id" in columns}
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
    (kept,) = all_erasures(store.database)
    assert (kept.kind, kept.pilot_id, kept.erased_by, kept.reason, kept.counts) == (
        "pilot",
        None,
        LEAD,
        "The founder asked for it",
        done.counts,
    )
    assert done.sentences[0].startswith(f"Erased {reviewed.pilot_id}: ")
    assert done.sentences[-1] == BACKUPS


@pytest.mark.parametrize("linked", ["", "/attempt_1_elsewhere", "/uploads/film.mp4"])
def test_what_a_link_leads_to_is_not_said_to_be_gone_while_it_is_there(
    store: PilotStore, reviewed: PilotRun, tmp_path: Path, linked: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "film.mp4" if linked.endswith(".mp4") else elsewhere
    (elsewhere / "film.mp4").write_bytes(b"the founder speaks")
    link = store.root / f"{reviewed.pilot_id}{linked}"
    if link.exists():
        shutil.rmtree(link)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    done = erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert done.warnings == (
        f"The rows of {reviewed.pilot_id} are erased, but what its links lead to is still there: "
        f"{link.relative_to(store.root)} leads to {target}. Remove that by hand, then run --repair, which removes the "
        "links.",
    )
    assert "file" not in done.sentences[0]
    assert (elsewhere / "film.mp4").exists(), "it may be another pilot's"
    assert [path for path in store.root.rglob("*") if reviewed.pilot_id in str(path) and path.is_file()] == (
        [link] if linked.endswith(".mp4") else []
    )
    assert "erased" in [finding.kind for finding in repair(store, under_way=0).left]

    shutil.rmtree(elsewhere)
    assert finish_erasures(store) == [reviewed.pilot_id]
    assert not link.parent.exists() or link.parent == store.root
    assert not link.is_symlink()
    assert finish_erasures(store) == []


def test_links_within_a_pilots_folder_go_with_it(store: PilotStore, reviewed: PilotRun) -> None:
    folder = store.root / reviewed.pilot_id / "attempt_9"
    folder.mkdir(parents=True)
    (folder / "film.mp4").write_bytes(b"a film")
    (folder.parent / "again").symlink_to(folder)
    (folder / "loop").symlink_to(folder / "loop")
    assert erase_pilot(store, reviewed.pilot_id, "asked", LEAD).warnings == ()
    assert not folder.parent.exists()


def stop(*_: object) -> int:
    raise KeyboardInterrupt


def test_an_erasure_that_was_interrupted_is_finished_later(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("pilot_core.erasure.files.remove_files", stop)
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
    key, _ = keys.invite(store, LEAD, "lead", at_command_line("the machine"))
    judgements.override_recommendation(store, reviewed.pilot_id, "STOP", "Budget is gone", LEAD)
    done = erase_person(store, LEAD, "Has left the company", THEO)
    assert LEAD not in everything(store)
    assert done.counts["keys"] == 1
    assert [k.ended_at is not None for k in keys.keys_of(store)] == [True]
    assert key.name == LEAD


def test_answers_of_an_erased_person_are_kept_without_a_name(store: PilotStore, reviewed: PilotRun) -> None:
    next_attempt(store, reviewed.pilot_id)
    grant, _ = open_link(store, make_link(store, reviewed.pilot_id, DANA, actor=LEAD)[1])
    [given] = reviewed.attempt(1).feedback
    for subject in ("too_long", "notes"):
        answer_request(store, grant, f"{given.feedback_id}.{subject}", addressed=False, in_attempt=2)
    assert open_requests_before(store, store.load(reviewed.pilot_id), 3).unmet[1].words == WORDS
    erase_person(store, DANA, "asked", LEAD)
    assert DANA not in everything(store)
    assert [(row["subject"], row["addressed"], row["answered_by"]) for row in rows_of(store, "request_answers")] == [
        ("too_long", False, ERASED),
        ("notes", False, ERASED),
    ]
    [left] = open_requests_before(store, store.load(reviewed.pilot_id), 3).unmet
    assert (left.words, left.by) == ("Too long", ERASED)
    erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert rows_of(store, "request_answers") == []


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


def raw(store: PilotStore) -> bytes:
    return store.database.path.read_bytes()


@pytest.mark.duckdb_only
def test_no_byte_of_what_was_erased_stays_in_the_database_or_goes_into_a_backup(
    store: PilotStore, reviewed: PilotRun, tmp_path: Path
) -> None:
    given = [WORDS.encode(), DANA.encode(), SAID.encode()]
    assert all(words in raw(store) for words in given)
    erase_person(store, DANA, "asked", LEAD)
    assert not any(words in raw(store) for words in given)
    erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    back_up(store, tmp_path / "backup.zip")
    assert reviewed.pilot_id.encode() not in raw(store)
    assert reviewed.pilot_id.encode() not in (tmp_path / "backup.zip").read_bytes()
    assert b"Alice Chen" not in raw(store)


@pytest.mark.duckdb_only
@pytest.mark.parametrize("of", ["pilot", "person"])
def test_an_erasure_that_stopped_before_the_file_was_written_anew_is_finished_later(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    erase, whom, left = {
        "pilot": (erase_pilot, reviewed.pilot_id, reviewed.pilot_id),
        "person": (erase_person, DANA, WORDS),
    }[of]
    with monkeypatch.context() as patched:
        patched.setattr(store.database.lease, "rewrite", stop)
        with pytest.raises(KeyboardInterrupt):
            erase(store, whom, "asked", LEAD)
    assert left.encode() in raw(store)
    assert finish_erasures(store) == []
    assert left.encode() not in raw(store)
    assert [made.pilot_id for made in all_erasures(store.database)] == [None]


def test_a_check_names_a_database_that_was_not_written_anew_and_a_repair_does_it(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    name = "pilots.duckdb" if engine == "duckdb" else store.database.name
    with monkeypatch.context() as patched:
        patched.setattr(store.database, "rewrite", stop)
        with pytest.raises(KeyboardInterrupt):
            erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    [found] = check(store)
    assert found.sentence == f"{name} may still hold bytes of what was erased; it was not written anew."
    assert repair(store).done == [f"Wrote {name} anew, without what was erased."]
    assert check(store) == []
    if engine == "duckdb":
        assert reviewed.pilot_id.encode() not in raw(store)


@pytest.mark.parametrize("word", ["minor_changes", "human", "READY", "fair"])
def test_a_note_that_reads_like_a_code_takes_no_code_with_it(store: PilotStore, word: str) -> None:
    pilot = pilot_in_review(store)
    pilots.record_feedback(store, pilot.pilot_id, 1, word, "minor_changes", ["too_long"], by=DANA)
    judgements.file_report(store, pilot.pilot_id, LEAD)
    erase_person(store, DANA, "asked", LEAD)
    [detail] = [e.detail for e in store.events(pilot.pilot_id) if e.kind == "feedback_received"]
    assert (detail["level"], detail["mode"], detail["by"]) == ("minor_changes", "human", ERASED)
    [filed] = rows_of(store, "outcome_reports")
    [attempt] = json.loads(filed["report"])["attempts"]
    assert (attempt["decision"], attempt["by"], attempt["notes"]) == ("minor_changes", ERASED, "")


def test_a_person_called_like_a_code_takes_no_code_with_them(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    pilots.record_feedback(store, pilot.pilot_id, 1, "", "approve", by="Human")
    judgements.file_report(store, pilot.pilot_id, LEAD)
    erase_person(store, "human", "asked", LEAD)
    [detail] = [e.detail for e in store.events(pilot.pilot_id) if e.kind == "feedback_received"]
    assert (detail["mode"], detail["by"]) == ("human", ERASED)


def test_the_fields_of_a_state_file_are_known_by_name(reviewed: PilotRun) -> None:
    [run] = state_files.dump(reviewed)["runs"]
    assert {*state_files.dump(reviewed), *run} - {"folder"} <= OURS


def test_an_imported_spelling_of_a_decision_outlives_a_note_of_the_same_word(store: PilotStore, tmp_path: Path) -> None:
    file = tmp_path / "pilot_20240115_abc12345.json"
    run = {"attempt_number": 1, "founder_feedback": "APPROVE", "feedback_notes": "APPROVE", "feedback_level": "APPROVE"}
    own = {"who_asked": DANA, "said on the phone": "APPROVE"}
    guide = {"pilot_id": file.stem, "founder_name": DANA, "company_name": "Ruby", "scenario_type": "feature_launch"}
    file.write_text(json.dumps({**guide, "runs": [run | own]}), "utf-8")
    store.import_state(file)
    erase_person(store, DANA, "asked", LEAD)
    written = json.loads((store.root / file.name).read_text("utf-8"))["runs"][0]
    assert (written["feedback_level"], written["founder_feedback"]) == ("APPROVE", "")
    assert (written["who_asked"], written["said on the phone"]) == (ERASED, "")


def test_what_a_program_was_told_and_rows_set_aside_go_with_a_person(store: PilotStore, reviewed: PilotRun) -> None:
    folder = store.root / reviewed.pilot_id / "attempt_1_20260302_090000"
    aside = store.root / "lost+found" / "20260101_000000"
    for path in (folder / "brief.json", aside / "feedback.rows", aside / "feedback.rows.2", aside / "pilot_x.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"by": DANA, "notes": WORDS}, ensure_ascii=False), "utf-8")
    (aside / "pilot_y.json").write_text("{}")
    done = erase_person(store, DANA, "asked", LEAD)
    assert not (folder / "brief.json").exists()
    assert [path.name for path in aside.iterdir()] == ["pilot_y.json"]
    assert any("a repair had set aside" in sentence for sentence in done.sentences)


def test_rows_set_aside_go_with_the_pilot_they_are_of(store: PilotStore, reviewed: PilotRun) -> None:
    aside = store.root / "lost+found" / "20260101_000000"
    aside.mkdir(parents=True)
    (aside / "comments.rows").write_text(json.dumps([{"pilot_id": reviewed.pilot_id, "body": SAID}]))
    (aside / "renders.rows").write_text("[]")
    erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert [path.name for path in aside.iterdir()] == ["renders.rows"]


def test_quotes_of_decided_suggestions_go_also_from_a_decision_that_was_taken_back(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, DANA, actor=LEAD)
    grant, _ = open_link(store, token)
    given = decide(store, grant, 1, Decision("minor_changes", (), "The hook is weak, and it is too long."))
    judgements.accept_suggestion(store, pilot.pilot_id, given.feedback_id, "too_long", LEAD)
    judgements.dismiss_suggestion(store, pilot.pilot_id, given.feedback_id, "hook_weak", LEAD)
    undo_decision(store, grant, given.feedback_id)
    assert "too long" in everything(store)
    erase_person(store, DANA, "asked", LEAD)
    left = everything(store)
    assert "too long" not in left
    assert "hook is weak" not in left


def test_a_review_pack_of_a_later_attempt_quotes_no_comment_of_an_erased_person(
    store: PilotStore, reviewed: PilotRun
) -> None:
    pilot = next_attempt(store, reviewed.pilot_id)
    pack = store.root / pilot.pilot_id / "attempt_2" / "review_pack"
    pack.mkdir(parents=True)

    def kept(changed: PilotRun) -> None:
        changed.attempt(2).review_pack_path = pack.relative_to(store.root).as_posix()

    store.change(pilot.pilot_id, kept, LEAD)
    erase_person(store, DANA, "asked", LEAD)
    texts = "".join(path.read_text("utf-8") for path in pack.iterdir())
    assert texts
    assert SAID not in texts
    assert DANA not in texts


@pytest.mark.parametrize(
    "spelled", ["Dana  Crüz", " Dana Crüz ", unicodedata.normalize("NFD", DANA), "DANA\tCRÜZ", "Dana\u00a0Crüz"]
)
def test_a_name_is_found_however_its_spaces_and_accents_are_kept(
    store: PilotStore, tmp_path: Path, spelled: str
) -> None:
    file = tmp_path / "pilot_20240115_abc12345.json"
    run = {
        "attempt_number": 1,
        "founder_feedback": WORDS,
        "feedback_level": "MAJOR_CHANGES",
        "feedback_persona": spelled,
    }
    guide = {"pilot_id": file.stem, "founder_name": spelled, "company_name": "Ruby", "scenario_type": "feature_launch"}
    file.write_text(json.dumps({**guide, "runs": [run]}), "utf-8")
    store.import_state(file)
    pilot = pilot_in_review(store)
    pilots.record_feedback(store, pilot.pilot_id, 1, "Fine", "minor_changes", ["too_long"], by=spelled)
    done = erase_person(store, DANA, "asked", LEAD)
    assert (done.counts["pilots"], done.counts["reviews"]) == (2, 2)
    left = unicodedata.normalize("NFC", everything(store)).casefold()
    for gone in ("dana", "crüz", WORDS.casefold()):
        assert gone not in left


def at_first(real: Callable, before: Callable[[], object]) -> Callable:
    """Return a function that calls ``real``, the first time after running ``before`` in another thread.

    What ``before`` raises, it raises.
    """
    waiting = [before]

    def work(*given: object, **named: object) -> object:
        if waiting:
            with ThreadPoolExecutor(1) as beside:
                beside.submit(waiting.pop()).result()
        return real(*given, **named)

    return work


def test_a_film_begun_while_a_pilot_is_being_erased_keeps_the_pilot(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = at_first(store.database.transaction, lambda: queued_attempt(store, reviewed.pilot_id))
    monkeypatch.setattr(store.database, "transaction", begun)
    with pytest.raises(NotAllowedNow, match="erase the pilot when that is over"):
        erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert len(store.load(reviewed.pilot_id).runs) == 2


def test_a_comment_made_while_a_pilot_is_being_erased_is_erased_with_it(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = "One more thing"
    commented = at_first(
        erasure_rows.remove_pilot, lambda: add_comment(store, team(reviewed, THEO), 1, Anchor(20), late)
    )
    monkeypatch.setattr(erasure_rows, "remove_pilot", commented)
    erase_pilot(store, reviewed.pilot_id, "asked", LEAD)
    assert late not in everything(store)
    assert rows_of(store, "comments") == rows_of(store, "events") == []
    with pytest.raises(PilotNotFound):
        add_comment(store, team(reviewed), 1, Anchor(20), late)


def test_a_save_that_was_first_leaves_no_state_file_of_an_erased_pilot(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = at_first(store._write_state_files, lambda: erase_pilot(store, reviewed.pilot_id, "asked", LEAD))
    monkeypatch.setattr(store, "_write_state_files", erased)
    pilots.pause(store, reviewed.pilot_id, "Waiting", LEAD)
    assert not (store.root / f"{reviewed.pilot_id}.json").exists()


def test_a_filed_report_keeps_the_override_it_shows(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    pilots.record_feedback(store, pilot.pilot_id, 1, WORDS, "minor_changes", ["too_long"], by=DANA)
    judgements.override_recommendation(store, pilot.pilot_id, "STOP", "Budget is gone", LEAD)
    judgements.file_report(store, pilot.pilot_id, LEAD)
    [before] = rows_of(store, "outcome_reports")
    [line] = [line for line in before["markdown"].splitlines() if "overrides this" in line]
    erase_person(store, DANA, "asked", THEO)
    [after] = rows_of(store, "outcome_reports")
    assert line in after["markdown"].splitlines()
    erase_person(store, LEAD, "asked", THEO)
    [after] = rows_of(store, "outcome_reports")
    assert line.replace(LEAD, ERASED) in after["markdown"].splitlines()


def test_a_second_person_of_an_override_is_unnamed_in_rows_and_filed_reports(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    store.second_reason = True
    asked = judgements.override_recommendation(store, pilot.pilot_id, "STOP", "Budget is gone", LEAD)
    judgements.confirm_override(store, pilot.pilot_id, asked.override_id, "I saw it", THEO)
    judgements.file_report(store, pilot.pilot_id, LEAD)
    erase_person(store, THEO, "asked", LEAD)
    assert THEO not in everything(store)
    [row] = rows_of(store, "outcome_reports")
    assert (row["override_by"], row["override_second_by"], row["override_second_reason"]) == (LEAD, ERASED, "I saw it")
    assert f"**{ERASED} confirms the override.** I saw it" in row["markdown"]


CONFLICTS = {
    "duckdb": duckdb.TransactionException("Conflict on update!"),
    "postgres": psycopg.errors.SerializationFailure("could not serialize access due to concurrent update"),
}


def test_a_change_that_is_tried_twice_counts_each_report_once(
    store: PilotStore, reviewed: PilotRun, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    real, fails = store.database.transaction, [True]

    def transaction(work: Callable) -> object:
        def tried(connection: object) -> object:
            result = work(connection)
            if fails and fails.pop():
                raise CONFLICTS[engine]
            return result

        return real(tried)

    monkeypatch.setattr(store.database, "transaction", transaction)
    done = erase_person(store, DANA, "asked", LEAD)
    assert done.counts["reports"] == 1


def test_a_person_is_not_erased_while_a_film_that_is_told_of_them_is_being_made(
    store: PilotStore, reviewed: PilotRun
) -> None:
    queued_attempt(store, reviewed.pilot_id)
    with pytest.raises(NotAllowedNow, match="is being made; erase them when that is over"):
        erase_person(store, DANA, "asked", LEAD)
    assert DANA in everything(store)
