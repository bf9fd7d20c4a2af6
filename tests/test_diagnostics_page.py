"""The diagnostics page and erasing on it, for leads and for others."""

import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import PilotNotFound
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.maintenance.startup_repair import repair_and_log
from pilot_core.settings import ROOT
from pilot_core.store.queries import erasures
from pilot_core.store.tables import renders
from pilot_core.web.access import page_guard, who
from pilot_core.web.access.current_app import app
from pilot_core.web.pages.diagnostics import backups, status
from pilot_core.web.pages.diagnostics import renders as renders_module
from pilot_core.web.server.background import Watch
from tests.asking import ask
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import button, field, labels, page_text
from tests.pilot_stories import make_pilot
from tests.served import app_on, serve

LEAD = at_command_line("Mara Lindqvist")
Role = Role


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that opens a page by its file name, as a visitor with that role."""
    serve(monkeypatch, store)
    monkeypatch.delenv("PILOT_OPS_BACKUPS", raising=False)

    def open_(name: str = "diagnostics", role: Role = Role.LEAD, *, alone: bool = False, **address: str) -> AppTest:
        monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, role))
        if alone:
            return AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60).run()
        return opened(name, **address)

    return open_


def text_and_tables(at: AppTest) -> str:
    """Return all texts of the page and its tables."""
    tables = " ".join(str(cell) for table in at.table for cell in table.value.to_numpy().ravel())
    return page_text(at) + "\n" + tables.replace("\\", "").replace("\u2060", "")


def test_an_empty_store_is_told_in_sentences(open_page: Callable[..., AppTest]) -> None:
    at = open_page()
    text = text_and_tables(at)
    for sentence in (
        "0 pilots, 0 attempts, 0 comments. The database has schema ",
        "No nightly backup is set up.",
        "No attempt stands as failed.",
        "Nothing has been erased yet.",
        "looked at when you ask for it",
        "These settings are in force.",
    ):
        assert sentence in text
    assert {metric.label for metric in at.metric} == {
        "Database",
        "Films and pictures",
        "The rest",
        "Free on the disk",
    }
    assert f"Python {'.'.join(map(str, sys.version_info[:3]))}" in text
    # No thread watches here, because no server runs.
    assert "Nobody looks after the renders." in text
    assert at.title[0].value == "2 things need a look"


def test_a_store_with_everything_in_it(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.root.parent / "nights"
    folder.mkdir()
    (folder / f"pilots_{clock():%Y%m%d}_020000.zip").write_bytes(b"x" * 2_400_000)
    monkeypatch.setenv("PILOT_OPS_BACKUPS", str(folder))
    monkeypatch.setenv("PILOT_OPS_COMMAND", "/opt/make --key=hush-hush")
    broken = make_pilot(store, clock, "**Bold** Works", "fail")
    made = make_pilot(store, clock, "Acme", "queue")
    store.database.transaction(lambda c: renders.claim(c, made.runs[0].attempt_id, made.pilot_id, clock()))
    gone = make_pilot(store, clock, "Gone", "A")
    erase_pilot(store, gone.pilot_id, "They asked for it", LEAD)
    watch = Watch(app_on(store))
    watch.start()
    try:
        at = open_page()
    finally:
        watch.stop()
    text = text_and_tables(at)
    for sentence in (
        "The last nightly backup was made",
        "2.4 MB",
        "0 renders under way, 1 waiting; at most 1 at once.",
        "**Bold** Works**, attempt 1: The disk was full.",
        "Failed and not retried: 1 attempt, 1 of them within a day.",
        "Erased so far: 1 pilot, and the data of 0 people.",
        "Kept: Feature launch, Acme, approved, 1 attempt, 1 review",
        "They asked for it",
        "2 pilots, 2 attempts",
    ):
        assert sentence in text, sentence
    assert "hush" not in text
    assert gone.pilot_id not in text
    assert "Nobody looks" not in text
    assert broken.pilot_id


def test_the_check_runs_when_asked_and_says_what_to_do(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "fail")
    at = button(open_page(), "Check the store now")
    assert "The database and its folder agree. Checked just now." in text_and_tables(at)
    (store.root / f"{pilot.pilot_id}.json").unlink()
    at = button(at, "Check the store now")
    assert f"The state file {pilot.pilot_id}.json is missing." in text_and_tables(at)
    assert "--repair" in text_and_tables(at)
    assert at.title[0].value == "4 things need a look"


def test_bad_state_files_and_values_beyond_the_limits_are_named_with_field_and_reason(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "A")
    assert "Every state file in the store’s folder belongs to a pilot." in text_and_tables(open_page())
    cases = ROOT / "tests" / "imported_files"
    for bad in ("iteration_count_3e9/pilot_20260201_zbad", "nested_900_deep/pilot_20260101_0023cafe"):
        (store.root / f"pilot_20260101_{bad[:4]}.json").write_bytes((cases / f"{bad}.json").read_bytes())
    store.database.transaction(
        lambda c: c.execute("UPDATE attempts SET total_cost_dollars = 'inf' WHERE attempt_number = 1").fetchall()
    )
    at = open_page()
    assert at.title[0].value == "3 things need a look"
    text = text_and_tables(at)
    assert "2 state files in the store’s folder are not taken in." in text
    for reason in (
        "pilot_20260101_iter.json is not a state file of a pilot: iteration_count: input should be less than or equal",
        "pilot_20260101_nest.json is not a state file of a pilot: an unknown field: values are nested more than 100",
    ):
        assert reason in text
    text = text_and_tables(button(at, "Check the store now"))
    assert f"A value of {pilot.attempt(1).attempt_id} in the database is beyond the limits and is left out:" in text
    assert "total_cost_dollars: input should be a finite number. The next change of the pilot removes it." in text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STRANGER, Role.REVIEWER])
def test_nobody_but_leads_sees_the_page(open_page: Callable[..., AppTest], store: PilotStore, role: Role) -> None:
    at = open_page(role=role, alone=True)
    assert [error.value for error in at.error] == [who.READ_ONLY if role is Role.VIEWER else who.CLOSED]
    assert not at.metric
    assert not at.button


def test_a_render_whose_process_is_gone_or_that_goes_on_for_long_is_noticed(
    store: PilotStore, clock: HandClock
) -> None:
    watch = Watch(app_on(store))
    watch.start()
    try:
        pilot = make_pilot(store, clock, "Acme", "queue")
        held = store.database.transaction(lambda c: renders.claim(c, pilot.runs[0].attempt_id, pilot.pilot_id, clock()))
        assert held
        fresh = renders_module.status(renders_module.queue(store, clock(), None), watch, 1, clock())
        clock.forward(minutes=31)
        store.database.transaction(lambda c: renders.beat(c, held, clock(), 0.4, "Drawing"))
        long = renders_module.status(renders_module.queue(store, clock(), None), watch, 1, clock())
        store.database.transaction(lambda c: c.execute("UPDATE renders SET pid = 0 - 7").fetchall())
    finally:
        watch.stop()
    assert (fresh.mark, long.mark) == (status.Mark.WELL, status.Mark.LOOK)
    assert "The oldest began 31 min ago." in long.sentence


def test_a_late_backup_must_be_acted_on(store: PilotStore, clock: HandClock) -> None:
    (folder := store.root.parent / "nights").mkdir()
    for name in ("pilots_20260301_020000.zip", "pilots_20260227_020000.zip", "pilots_99999999_020000.zip"):
        (folder / name).write_bytes(b"zip")
    made = backups.nightly_backups(folder)
    assert [backup.name for backup in made] == ["pilots_20260301_020000.zip", "pilots_20260227_020000.zip"]
    assert backups.status(folder, made, clock()).mark is status.Mark.ACT
    assert backups.status(folder, made, clock() - timedelta(hours=20)).mark is status.Mark.WELL
    assert backups.status(folder, [], clock()).mark is status.Mark.ACT


def test_a_backup_of_a_time_to_come_is_not_the_last_one(store: PilotStore, clock: HandClock) -> None:
    (folder := store.root.parent / "nights").mkdir()
    (folder / "pilots_20990301_020000.zip").write_bytes(b"zip")
    ahead = backups.nightly_backups(folder)
    assert backups.status(folder, ahead, clock()).sentence == f"There is no nightly backup in {folder} yet."
    (folder / f"{clock() - timedelta(hours=9):pilots_%Y%m%d_%H%M%S}.zip").write_bytes(b"zip")
    told = backups.status(folder, backups.nightly_backups(folder), clock())
    assert (told.mark, told.sentence[:42]) == (status.Mark.WELL, "The last nightly backup was made 9 h ago; ")


def test_a_monitor_learns_that_nobody_looks_after_the_renders_any_more(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, store)
    watch = Watch(app())
    watch.start()
    try:
        here = ask("/healthz", host="localhost")
        assert (here.status, b'"watched":true' in here.body) == (200, True)
        assert ask("/healthz").body == b'{"status":"ok"}'
        watch._over.set()
        for thread in watch._threads:
            thread.join()
        assert (ask("/healthz").status, ask("/healthz").body) == (503, b'{"status":"failing"}')
    finally:
        watch.stop()


def test_a_pilot_is_erased_by_reason_and_the_companys_name_and_the_overview_says_what_was_done(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Bits & *Pieces*", "A")
    other = make_pilot(store, clock, "Acme", "wait")
    at = button(open_page("pilot", pilot=pilot.pilot_id), "Erase this pilot…")
    assert "What stays names nobody" in text_and_tables(at)
    at = button(at, "Erase for good")
    assert "That is not the company’s name" in text_and_tables(at)
    field(at, "text_input", r"Type the company’s name to confirm: Bits \& \*Pieces\*").set_value(" Bits & *Pieces* ")
    at = button(at, "Erase for good")
    assert "Say why this is erased" in text_and_tables(at)
    assert store.load(pilot.pilot_id)
    field(at, "text_area", "Why").set_value("The founder asked for it")
    at = button(at, "Erase for good")
    assert not at.exception
    assert f"Erased {pilot.pilot_id}: " in text_and_tables(at)
    assert "All pilots" in text_and_tables(at)
    with pytest.raises(PilotNotFound):
        store.load(pilot.pilot_id)
    assert store.load(other.pilot_id)
    (made,) = erasures.all_erasures(store.database)
    assert (made.reason, made.erased_by) == ("The founder asked for it", LEAD)
    at = button(at, "Put this away")
    assert pilot.pilot_id not in text_and_tables(at)


def test_erasing_the_last_pilot_leads_to_an_overview_that_starts_anew(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "wait")
    at = button(open_page("pilot", pilot=pilot.pilot_id), "Erase this pilot…")
    field(at, "text_input", "Type the company’s name to confirm: Acme").set_value("Acme")
    field(at, "text_area", "Why").set_value("A test of ours")
    at = button(at, "Erase for good")
    assert at.title[0].value == "No pilots yet"
    assert f"Erased {pilot.pilot_id}: " in text_and_tables(at)


def test_a_viewer_is_offered_no_erasure(open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "A")
    assert "Erase this pilot…" not in labels(open_page("pilot", Role.VIEWER, pilot=pilot.pilot_id))
    assert "Erase this pilot…" in labels(open_page("pilot", pilot=pilot.pilot_id))


def test_a_pilot_whose_film_is_being_made_is_not_offered_for_erasure(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "queue")
    assert "Erase this pilot…" not in labels(open_page("pilot", pilot=pilot.pilot_id))


def test_a_person_is_erased_after_it_was_said_how_many_pilots_name_them(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock
) -> None:
    pilots = [make_pilot(store, clock, company, "m", founder_name="Dana Crüz") for company in ("Acme", "Northbeam")]
    at = button(open_page(), "Erase a person…")

    def look(name: str, reason: str) -> AppTest:
        field(at, "text_input", "Name").set_value(name)
        field(at, "text_input", "Why").set_value(reason)
        return button(at, "Look for this person")

    assert "Say whose data" in text_and_tables(look(" ", "asked"))
    assert "Nobody here is called “Nobody”" in text_and_tables(look("Nobody", "asked"))
    assert "must not name them" in text_and_tables(look("Dana Crüz", "Dana Crüz asked"))
    at = look("dana CRÜZ", "GDPR article 17")
    assert "2 pilots name **dana CRÜZ**. Erasing them cannot be taken back." in text_and_tables(at)
    assert all(store.load(pilot.pilot_id).founder_name == "Dana Crüz" for pilot in pilots)
    at = button(at, "Back")
    assert field(at, "text_input", "Name").value == "dana CRÜZ"
    at = button(look("Dana Crüz", "GDPR article 17"), "Erase for good")
    assert "Erased one person from 2 pilots" in text_and_tables(at)
    assert {store.load(pilot.pilot_id).founder_name for pilot in pilots} == {"Erased person"}
    assert "A person" in text_and_tables(at)
    at = open_page("pilot", pilot=pilots[0].pilot_id)
    at.session_state[f"{pilots[0].pilot_id} section"] = "History"
    assert "Erased a person’s data from this pilot" in text_and_tables(at.run())


def test_an_interrupted_erasure_is_named_by_the_check_and_finished_at_the_next_start(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    first, second = make_pilot(store, clock, "Acme", "A"), make_pilot(store, clock, "Other", "A")
    for pilot in (first, second):
        (store.root / pilot.pilot_id).mkdir(exist_ok=True)
        (store.root / pilot.pilot_id / "pilot_runbook.txt").write_text("theirs")
        with monkeypatch.context() as patched:
            patched.setattr("pilot_core.erasure.files.remove_files", stop)
            with pytest.raises(KeyboardInterrupt):
                erase_pilot(store, pilot.pilot_id, "asked", LEAD)
    found = check(store, thorough=False, under_way=0)
    assert {finding.kind for finding in found} == {"erased"}
    assert {finding.about for finding in found} == {first.pilot_id, second.pilot_id}
    repair_and_log(store, None)
    assert not list(store.root.glob("**/pilot_*"))
    assert repair(store).done == []
