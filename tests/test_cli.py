"""The command: the guide's options, and one sentence with exit code 2 for anything invalid."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import PilotStore, catalog
from pilot_core.cli import main
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.services import pilots as services
from pilot_core.settings import ROOT

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def pilots(store: PilotStore, new_pilot: NewPilot) -> dict[str, str]:
    """Return the ids of an active, a paused, a completed and a failed pilot, and of one without attempts left."""
    made: dict[str, PilotRun] = {
        name: new_pilot() for name in ("active", "paused", "completed", "used_up", "failed", "empty")
    }
    for name, pilot in made.items():
        if name != "empty":
            pilot.add_attempt("draft_v1.mp4")
    made["paused"].pause("Founder travels")
    made["completed"].record_feedback(1, "Lovely", "approve")
    made["used_up"].max_attempts = 1
    made["failed"].attempt(1).state = AttemptState.FAILED
    made["failed"].attempt(1).failure = "The disk is full."
    for pilot in made.values():
        store.save(pilot)
    return {name: pilot.pilot_id for name, pilot in made.items()}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file's content except the database's, whose bytes only the lease may read."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("pilots.duckdb")
    }


UNKNOWN = "pilot_20240115_abc12345"
WRONG = [
    ([], "Say what to do: --founder NAME to start a pilot, --list to see them, --help for the rest."),
    (["--frobnicate"], "Unrecognized arguments: --frobnicate; see --help."),
    (["--founder", "A"], "--founder also needs --company and --scenario."),
    (
        ["--founder", "A", "--company", "B", "--scenario", "product_demo"],
        f"There is no scenario “product_demo”; choose one of: {', '.join(catalog.scenarios())}.",
    ),
    (
        ["--founder", "A", "--company", "B", "--scenario", "feature_launch", "--brand", "nike"],
        f"There is no brand “nike”; choose one of: {', '.join(catalog.brands())}.",
    ),
    (["--founder", " ", "--company", "B", "--scenario", "feature_launch"], "Enter the founder's name."),
    (
        ["--founder", "\u200b", "--company", "B", "--scenario", "feature_launch"],
        "Enter the founder's name.",
    ),
    (
        ["--founder", "A", "--company", "\u3164", "--scenario", "feature_launch"],
        "Enter the company's name.",
    ),
    (
        ["--founder", "A", "--company", "B", "--scenario", "feature_launch", "--max-attempts", "0"],
        "Enter a limit of 1 to 50 attempts.",
    ),
    (
        ["--continue-pilot", "nonsense"],
        "“nonsense” is not a pilot id; one looks like pilot_20240115_abc12345 (--list shows them all).",
    ),
    (["--continue-pilot", UNKNOWN], f"There is no pilot {UNKNOWN} in this store (--list shows the ones there are)."),
    (["--report", UNKNOWN], f"There is no pilot {UNKNOWN} in this store (--list shows the ones there are)."),
    (["--continue-pilot", "{paused}"], "{paused} is paused; resume it first (--resume {paused})."),
    (["--continue-pilot", "{completed}"], "{completed} is completed (approved); start a new pilot for another video."),
    (
        ["--continue-pilot", "{used_up}"],
        "{used_up} has used all 1 attempts; drop it and start a new pilot, "
        "or raise its limit if that is justified (--drop or --raise-limit {used_up}).",
    ),
    (
        ["--continue-pilot", "{failed}"],
        "Attempt 1 of {failed} failed to render; retry it, it has used up no attempt (--retry {failed}).",
    ),
    (
        ["--retry", "{active}"],
        "{active} has no failed attempt to retry; continue it instead (--continue-pilot {active}).",
    ),
    (["--record-feedback", "{active}"], "--record-feedback also needs --attempt and --level."),
    (
        ["--record-feedback", "{active}", "--attempt", "1", "--level", "meh"],
        "“meh” is not a decision; use approve, minor_changes or major_changes.",
    ),
    (
        ["--record-feedback", "{active}", "--attempt", "7", "--level", "approve"],
        "{active} has no attempt 7; it has: 1.",
    ),
    (
        ["--record-feedback", "{empty}", "--attempt", "1", "--level", "approve"],
        "{empty} has no attempt 1; it has: none yet.",
    ),
    (["--pause", "{active}", "--reason", "\u200b\u2060"], "A reason is needed: say in a few words why."),
    (
        ["--record-feedback", "{completed}", "--attempt", "1", "--level", "major_changes"],
        "{completed} is completed (approved); its decision stands.",
    ),
    (["--pause", "{active}"], "--pause also needs --reason."),
    (["--pause", "{active}", "--reason", "  "], "A reason is needed: say in a few words why."),
    (["--pause", "{paused}", "--reason", "again"], "{paused} is paused; only an active pilot can be paused."),
    (["--resume", "{active}"], "{active} is active; only a paused pilot can be resumed."),
    (["--drop", "{completed}", "--reason", "late"], "{completed} is already completed (approved)."),
    (
        ["--raise-limit", "{active}", "--max-attempts", "5", "--reason", "x"],
        "The new limit must be more than the present 5 and at most 50.",
    ),
    (["--list", "--report", UNKNOWN], "One thing at a time: --list and --report do not go together."),
    (["--pause", "{active}", "--reason", "x", "--json"], "--json does not go with --pause; see --help."),
    (["--list", "--brand", "acme"], "--brand does not go with --list; see --help."),
    (
        ["--continue-pilot", "{active}", "--pipeline", "magic"],
        "There is no pipeline “magic”; choose one of: storyboard, command, upload.",
    ),
    (
        ["--continue-pilot", "{active}", "--pipeline", "upload"],
        "The upload pipeline needs a finished video; name it with --video FILE.",
    ),
    (["--continue-pilot", "{active}", "--video", "/no/such.mp4"], "There is no video file /no/such.mp4."),
    (
        ["--continue-pilot", "{active}", "--pipeline", "command"],
        "The command pipeline needs a program; set PILOT_OPS_COMMAND to it.",
    ),
    (["--import-state", "/no/such"], "There is no file or folder /no/such to import."),
    (["--import-state", ""], "Argument --import-state: names no file or folder; see --help."),
    (["--export", ""], "Argument --export: names no file or folder; see --help."),
    (["--backup", ""], "Argument --backup: names no file or folder; see --help."),
    (["--restore", ""], "Argument --restore: names no file or folder; see --help."),
    (["--attempt", "0", "--list"], "--attempt does not go with --list; see --help."),
    (["--max-attempts", "0", "--check"], "--max-attempts does not go with --check; see --help."),
    (["--by", "", "--list"], "--by does not go with --list; see --help."),
    (["--verify", "--list"], "--verify does not go with --list; see --help."),
    (["--pause", "{active}", "--reason", "Away \udcff"], "--reason is not text in UTF-8; type it anew."),
    (["--pause", "\udcff", "--reason", "Away"], "--pause is not text in UTF-8; type it anew."),
    (
        ["--record-feedback", "{active}", "--attempt", "1", "--level", "approve", "--notes", "\udce9"],
        "--notes is not text in UTF-8; type it anew.",
    ),
    (
        ["--record-feedback", "{active}", "--attempt", "1", "--level", "approve", "--by", "\udce9"],
        "--by is not text in UTF-8; type it anew.",
    ),
    (
        ["--record-feedback", "{active}", "--attempt", "0", "--level", "approve"],
        "{active} has no attempt 0; it has: 1.",
    ),
    (
        ["--record-feedback", "{active}", "--attempt", "one", "--level", "approve"],
        "Argument --attempt: invalid int value: 'one'; see --help.",
    ),
    (
        ["--move-store", "Mysql://me:hush@db/pilots"],
        "The address to move the store to is not right; it must look like postgresql://user:password@host:5432/name.",
    ),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG, ids=[" ".join(a)[:60] or "nothing" for a, _ in WRONG])
def test_anything_asked_wrongly_is_one_sentence_with_exit_code_2_and_writes_nothing(
    store: PilotStore,
    pilots: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    before = contents(store.root)
    versions = {name: store.load(pilot_id).version for name, pilot_id in pilots.items()}
    code = main([*(a.format(**pilots) for a in arguments), "--store", str(store.root)])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err == sentence.format(**pilots) + "\n"
    assert contents(store.root) == before
    assert {name: store.load(pilot_id).version for name, pilot_id in pilots.items()} == versions


def test_an_unknown_flag_is_refused_with_the_ones_there_are(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--record-feedback", pilots["active"], "--attempt", "1", "--level", "minor_changes", "--flags", "ugly"]
    assert main([*given, "--store", str(store.root)]) == 2
    assert capsys.readouterr().err.startswith("There is no flag “ugly”; choose one of: hook_weak, too_long, ")
    assert store.load(pilots["active"]).attempt(1).review is None


def test_there_are_forty_wrong_command_lines() -> None:
    assert len(WRONG) >= 40


@pytest.mark.parametrize(
    ("store_path", "sentence"),
    [
        ("/no/such/store", "There is no store in /no/such/store yet; start a pilot first, or name another folder with"),
        ("{file}", "{file} is a file, not a store's folder; name another one with --store."),
        ("", "Argument --store: names no file or folder; see --help."),
    ],
)
def test_a_store_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], store_path: str, sentence: str
) -> None:
    (file := tmp_path / "a file").write_text("text")
    for action in ("--list", "--check", "--repair"):
        assert main(["--store", store_path.format(file=file), action]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith(sentence.format(file=file))


@pytest.mark.duckdb_only
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", ">/dev/full", "| true"])
def test_an_output_that_takes_nothing_leaves_no_trace_and_the_act_is_done(
    store: PilotStore, pilots: dict[str, str], closed: str
) -> None:
    command = f"{sys.executable} scripts/run_pilot.py --store {store.root} --pause {pilots['active']} --reason Away"
    ended = subprocess.run(["sh", "-c", f"{command} {closed}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    assert store.load(pilots["active"]).status == "paused"


@pytest.mark.duckdb_only
def test_a_terminal_that_cannot_show_a_letter_shows_its_number(store: PilotStore, new_pilot: NewPilot) -> None:
    store.save(new_pilot(founder_name="王芳"))
    command = [sys.executable, "scripts/run_pilot.py", "--store", str(store.root), "--list"]
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "\\u738b\\u82b3" in ended.stdout


def test_something_unforeseen_is_one_sentence_and_its_trace_is_kept(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("pilot_core.cli.listing.list_pilots", broken)
    assert main(["--store", str(store.root), "--list"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    sentence, _, place = err.strip().partition(" The details are in ")
    assert sentence == "The command could not be finished: an unexpected error occurred (ZeroDivisionError)."
    assert "ZeroDivisionError: by zero" in Path(place.rstrip(".")).read_text()


def test_looking_into_a_store_that_is_not_there_makes_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty := tmp_path / "empty").mkdir()
    assert main(["--list", "--store", str(empty)]) == 0
    assert list(empty.iterdir()) == []
    assert capsys.readouterr().out == (
        "No pilots yet. Start one with --founder NAME --company NAME --scenario ID --brand ID.\n"
    )
    assert main(["--report", UNKNOWN, "--store", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


def test_the_list_fits_80_columns_whatever_the_names(
    store: PilotStore, new_pilot: NewPilot, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save(new_pilot(founder_name="[bold]Ann[/bold] " + "von und zu " * 8, company_name="株式会社" * 12))
    store.save(new_pilot(founder_name="אליס כהן", company_name="AcmeAI"))
    assert main(["--list", "--store", str(store.root)]) == 0
    out = capsys.readouterr().out
    from rich.cells import cell_len

    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert "[bold]Ann[/bold]" in out, "text from people is never markup"
    assert "NO VERDICT YET" in out


def test_the_list_as_json_holds_every_pilot(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--list", "--json", "--store", str(store.root)]) == 0
    listed = {entry["pilot_id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert set(listed) == set(pilots.values())
    assert listed[pilots["completed"]]["recommendation"] == "PROCEED"
    assert listed[pilots["completed"]]["decisions"] == ["approve"]
    assert listed[pilots["failed"]]["attempts_used"] == 0


def test_feedback_from_the_shell_is_kept_with_its_flags_and_who_said_it(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--record-feedback", pilots["active"], "--attempt", "1", "--level", "MINOR_CHANGES"]
    given += ["--notes", "Shorter, please", "--flags", "too_long, hook_weak", "--by", "Dana"]
    assert main([*given, "--store", str(store.root)]) == 0
    assert capsys.readouterr().out == (
        f"Recorded for attempt 1: minor changes.\nNext: --continue-pilot {pilots['active']}\n"
    )
    review = store.load(pilots["active"]).attempt(1).review
    assert review is not None
    assert (review.level, review.notes, review.flags, review.by) == (
        "minor_changes",
        "Shorter, please",
        ["too_long", "hook_weak"],
        "Dana",
    )


def test_a_paused_pilot_still_takes_the_feedback_it_waited_for(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--record-feedback", pilots["paused"], "--attempt", "1", "--level", "minor_changes"]
    assert main([*given, "--store", str(store.root)]) == 0
    assert f"is still paused; take it up again with --resume {pilots['paused']}" in capsys.readouterr().out


def test_pause_resume_drop_and_raise_limit_do_what_they_say(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--store", str(store.root)]
    pilot_id = pilots["active"]
    assert main(["--pause", pilot_id, "--reason", "Founder travels", *at]) == 0
    assert main(["--resume", pilot_id, *at]) == 0
    assert main(["--raise-limit", pilot_id, "--max-attempts", "7", "--reason", "Close to a yes", *at]) == 0
    assert main(["--drop", pilot_id, "--reason", "Budget cut", "--external", *at]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pilot_id} is now paused.",
        f"{pilot_id} is now active.",
        f"{pilot_id} may now make 7 attempts.",
        f"{pilot_id} is now completed (dropped).",
    ]
    pilot = store.load(pilot_id)
    assert (pilot.drop_reason, pilot.drop_external, pilot.max_attempts) == ("Budget cut", True, 7)


def test_the_report_is_shown_and_written_to_a_file(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--report", pilots["completed"], "--store", str(store.root)]) == 0
    out, err = capsys.readouterr()
    path = store.root / pilots["completed"] / "outcome_report.md"
    assert err == f"Written to {path}\n"
    assert path.read_text(encoding="utf-8") == out.removesuffix("\n")
    assert "PROCEED" in out
    assert main(["--report", pilots["completed"], "--json", "--store", str(store.root)]) == 0
    assert json.loads(capsys.readouterr().out)["recommendation"]["code"] == "approved"


def test_a_folder_of_state_files_is_taken_in_when_it_is_listed(
    store: PilotStore,
    pilots: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fresh_database: Callable[[], None],
) -> None:
    fresh_database()
    folder = tmp_path / "guide"
    folder.mkdir()
    for path in store.root.glob("pilot_*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "pilot_20240101_00000bad.json").write_text("{}")
    assert main(["--list", "--json", "--store", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == len(pilots)
    told = err.splitlines()
    assert (told[0], told[-1]) == (
        f"Imported {len(pilots)} pilots.",
        "Not imported: pilot_20240101_00000bad.json is not a state file of a pilot: it has no pilot_id.",
    )
    # The videos of these pilots are in no folder of theirs.
    assert all(line.startswith("Imported in part: pilot_") for line in told[1:-1])


def test_the_core_imports_no_streamlit_in_a_fresh_process() -> None:
    program = """
import importlib, sys
from pathlib import Path
import pilot_core
modules = [".".join(path.with_suffix("").parts) for path in sorted(Path("pilot_core").rglob("*.py"))]
for module in modules:
    if not module.startswith("pilot_core.web") and not module.endswith("__init__"):
        importlib.import_module(module)
for name in pilot_core.__all__:
    getattr(pilot_core, name)
print([name for name in sys.modules if name.split(".")[0] in ("streamlit", "starlette", "tornado")])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_listing_imports_nothing_heavy(store: PilotStore, pilots: dict[str, str]) -> None:
    program = (
        "import sys; from pilot_core.cli import main; main(['--list', '--store', sys.argv[1]]); "
        "print([n for n in ('numpy', 'pandas', 'av', 'PIL', 'jinja2', 'statsmodels', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(store.root)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_stops_early_is_no_error(store: PilotStore, pilots: dict[str, str]) -> None:
    command = [sys.executable, "scripts/run_pilot.py", "--list", "--json", "--store", str(store.root)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr


def test_the_guides_programme_runs_as_written(tmp_path: Path) -> None:
    guide = (ROOT / "tests" / "guide_example.py").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", guide],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert (tmp_path / "pilot_runbook.txt").exists()
    assert sorted(p.name for p in (tmp_path / "output").iterdir()) == [
        "approval_criteria.txt",
        "founder_instructions.txt",
        "what_to_expect.txt",
    ]
    (pilot_id,) = PilotStore(tmp_path / "data" / "pilots").pilot_ids()
    assert services.ids.PILOT_ID.fullmatch(pilot_id)


def test_an_override_is_asked_for_confirmed_and_undone_by_commands(
    store: PilotStore, pilots: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot_id, place = pilots["active"], ["--store", str(store.root)]
    monkeypatch.setenv("PILOT_OPS_SECOND_REASON", "1")

    def run(login: str, *options: str) -> tuple[int, str]:
        monkeypatch.setenv("LOGNAME", login)
        code = main([*options, *place])
        out, err = capsys.readouterr()
        return code, out or err

    def reported() -> dict[str, object]:
        return json.loads(run("lea", "--report", pilot_id, "--json")[1])["override"]

    stop = ("--override", pilot_id, "--verdict", "stop", "--reason")
    assert run("lea", *stop, "Sold.") == (
        0,
        f"lea asks to override the recommendation of {pilot_id} with STOP.\n"
        f"It takes effect when a second person confirms it: --confirm-override {pilot_id} --reason …\n",
    )
    assert "**lea asks to override this: STOP.** Sold." in run("lea", "--report", pilot_id)[1]
    assert reported()["in_effect"] is False
    confirm = ("--confirm-override", pilot_id, "--reason", "I saw the contract.")
    assert run("lea", *confirm)[0] == 2
    assert run("bo", *confirm) == (0, f"bo confirms the override of {pilot_id} with STOP by lea: I saw the contract.\n")
    assert reported()["second_by"] == "bo"
    assert run("ann", *confirm) == (2, f"{pilot_id} has no override that waits for a second reason.\n")
    undo = ("--undo-override", pilot_id, "--reason", "Not sold.")
    assert run("lea", *undo) == (0, f"The override of {pilot_id} is taken back.\n")
    assert reported() is None
    monkeypatch.delenv("PILOT_OPS_SECOND_REASON")
    assert run("lea", *stop, "Sold.") == (0, f"lea overrides the recommendation of {pilot_id} with STOP.\n")
    assert run("lea", "--override", pilot_id, "--reason", "Sold.")[1] == "--override also needs --verdict.\n"
