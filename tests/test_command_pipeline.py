"""The command pipeline with real programs: what they may do, and how they can fail."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.attempt import Change, Shot, SlaCheck
from pilot_core.domain.brief import Brief
from pilot_core.errors import InvalidRequest, PipelineFailed
from pilot_core.settings import ROOT
from pilot_core.video.command import CommandPipeline
from pilot_core.video.contract import Cut, CutBrief

PYTHON = Path(sys.executable).name
START = """
import json, os, signal, sys, time
from pathlib import Path

def result(**told):
    Path(os.environ["PILOT_OPS_RESULT"]).write_text(json.dumps(told))

"""
FILM = "Path('film.mp4').write_bytes(b'film')\n"


def brief(iteration: int = 1) -> CutBrief:
    return CutBrief(
        pilot_id="pilot_20260101_abc12345",
        founder_name="Åsa Çelik",
        company_name="AcmeAI",
        scenario=catalog.scenario("feature_launch"),
        brand=catalog.brand("acme").context(),
        playbook_version="2026.11",
        brief=Brief(product="Solo"),
        attempt_number=1,
        iteration=iteration,
        width=1080,
        height=1920,
    )


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, workdir: Path) -> Callable[..., Cut]:
    """Return a function that runs a program as the pipeline; ``steps`` collects its progress."""

    def go(program: str, *, iteration: int = 1, steps: list[tuple[float, str]] | None = None, **limits: float) -> Cut:
        script = tmp_path / "program.py"
        script.write_text(START + program, encoding="utf-8")
        pipeline = CommandPipeline([sys.executable, "-I", "-S", str(script)], **limits)
        heard = [] if steps is None else steps
        return pipeline.make_cut(brief(iteration), workdir, lambda fraction, step: heard.append((fraction, step)))

    return go


def test_a_program_is_told_the_missed_checks_by_code_and_in_sentences(run, workdir):
    sentence = "The video is 3 s long; feature launch videos are 30 to 60 s."
    check = SlaCheck(code="length", label="Length", measured="3 s", limit="30 to 60 s", passed=False, sentence=sentence)
    told = json.loads(brief(2).model_copy(update={"missed_checks": [check]}).model_dump_json())
    assert told["missed_checks"] == [check.model_dump()]
    assert told["sla_violations"] == [sentence]
    assert CutBrief.model_validate(told).missed_checks == [check]


def test_a_program_makes_a_cut(run, workdir, monkeypatch):
    monkeypatch.setenv("A_SECRET", "is not for the program")
    steps = []
    program = """
brief = json.load(sys.stdin)
assert brief == json.loads(Path(os.environ["PILOT_OPS_BRIEF"]).read_text())
print("Hello", brief["founder_name"], flush=True)
print("progress 0.25 Rendering shots", flush=True)
print("progress 0.5", flush=True)
Path("out").mkdir()
Path("out/final.mp4").write_bytes(b"film")
Path("out/final.vtt").write_text("WEBVTT")
result(video_path="out/final.mp4", captions_path="out/final.vtt", cost_dollars=0.4, notes=sorted(os.environ),
       changes=[os.getcwd(),
                {"text": "Shorter.", "flags": ["too_long"]}],
       shots=[{"beat": "hook", "start": 0, "end": 3.2, "text": "Hi"}])
print("\\x1b[32mdone\\x1b[0m, with a last line that is no JSON")
"""
    cut = run(program, steps=steps)
    cut.notes = [name for name in cut.notes if name != "LC_CTYPE"]  # set by Python itself, not by the pipeline
    assert cut == Cut(
        video_path=workdir / "draft_v1.mp4",
        captions_path=workdir / "draft_v1.vtt",
        shots=[Shot(beat="hook", start=0, end=3.2, text="Hi")],
        cost_dollars=0.4,
        notes=["HOME", "LANG", "PATH", "PILOT_OPS_BRIEF", "PILOT_OPS_RESULT"],
        changes=[Change(text=str(workdir)), Change(text="Shorter.", flags=["too_long"])],
    )
    assert (cut.video_path.read_bytes(), cut.captions_path.read_text()) == (b"film", "WEBVTT")
    assert steps == [(0.25, "Rendering shots"), (0.5, "Making the film")]
    assert CutBrief.model_validate_json((workdir / "brief.json").read_bytes()) == brief()
    assert (workdir / "pipeline.log").read_text(encoding="utf-8") == (
        "== draft 1 ==\nHello Åsa Çelik\nprogress 0.25 Rendering shots\nprogress 0.5\n"
        "\x1b[32mdone\x1b[0m, with a last line that is no JSON\n"
    )


def test_the_costs_of_as_many_drafts_as_there_can_be_are_an_amount(run):
    cut = run(FILM + f"result(video_path='film.mp4', cost_dollars={limits.DRAFT_COST})")
    assert cut.cost_dollars * limits.DRAFTS <= limits.AMOUNT


def test_a_film_that_has_the_right_name_already_stays_where_it_is(run, workdir):
    cut = run(
        "Path('draft_v2.mp4').write_bytes(b'film'); result(video_path=str(Path.cwd() / 'draft_v2.mp4'))", iteration=2
    )
    assert cut == Cut(video_path=workdir / "draft_v2.mp4")
    assert cut.video_path.read_bytes() == b"film"


def test_each_draft_keeps_its_film_its_captions_and_its_part_of_the_log(run, workdir):
    program = (
        "n = str(json.load(sys.stdin)['iteration']); print('this is', n)\n"
        "Path('a.mp4').write_text(n); Path('a.vtt').write_text(n); result(video_path='a.mp4', captions_path='a.vtt')"
    )
    cuts = [run(program, iteration=n) for n in (1, 2)]
    assert [(cut.video_path.read_text(), cut.captions_path.read_text()) for cut in cuts] == [("1", "1"), ("2", "2")]
    assert (workdir / "pipeline.log").read_text() == "== draft 1 ==\nthis is 1\n== draft 2 ==\nthis is 2\n"


def test_progress_never_falls_and_never_passes_the_end(run):
    steps = []
    lines = ["progress 0.5 a", "progress 0.2 b", "progress 7 c", "progress x d", "progress -1 e", "in progress 0.9"]
    run(FILM + f"print({chr(10).join(lines)!r})\nresult(video_path='film.mp4')", steps=steps)
    assert steps == [(0.5, "a"), (0.5, "b"), (1.0, "c")]


def test_lines_that_only_look_like_progress_are_no_progress_however_long(run):
    steps = []
    lines = [
        "progress " + "1" * 200_000,
        "progress " + "1" * 200_000 + "x",  # took time that grew with its square
        "progress ٠.٤ in digits that are no ASCII",
        "progress 0.30000000000000004 Rendering " + "shots " * 20_000,
    ]
    said = f"sys.stdout.reconfigure(encoding='utf-8')\nprint({chr(10).join(lines)!r})\n"
    run(FILM + said + "result(video_path='film.mp4')", steps=steps)
    assert steps == [(0.30000000000000004, ("Rendering " + "shots " * 20)[:120])]


def test_progress_on_standard_error_is_only_logged(run, workdir):
    steps = []
    run(FILM + "print('progress 0.5 a', file=sys.stderr)\nresult(video_path='film.mp4')", steps=steps)
    assert steps == []
    assert "progress 0.5 a" in (workdir / "pipeline.log").read_text()


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("sys.exit(3)", "ended with exit code 3; it printed nothing."),
        ("print('no disk'); sys.exit(3)", "ended with exit code 3; its last line was “no disk”."),
        ("sys.exit('no key')", "ended with exit code 1; its last line was “no key”."),
        ("raise ValueError('odd')", "ended with exit code 1; its last line was “ValueError: odd”."),
        (
            "print('bye', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
            "was ended by signal 15 (SIGTERM); its last line was “bye”.",
        ),
        ("print('done')", "ended with exit code 0 but left no result.json; its last line was “done”."),
        (
            "Path('result.json').write_text('{')",
            "ended with exit code 0 but its result.json is not proper JSON (Expecting property name enclosed in double "
            "quotes: line 1 column 2 (char 1)); it printed nothing.",
        ),
        (
            FILM + "result(video_path='film.mp4', cost_dollars=float('nan'))",
            "ended with exit code 0 but its result.json is not proper JSON (NaN is not a finite number); "
            "it printed nothing.",
        ),
        (
            'Path(\'result.json\').write_text(\'{"video_path": "film.mp4", "cost_dollars": 1e999}\')',
            "ended with exit code 0 but its result.json is not proper JSON (1e999 is not a finite number); "
            "it printed nothing.",
        ),
        (
            "result(cost_dollars=1)",
            "ended with exit code 0 but its result.json is wrong at video_path (field required); it printed nothing.",
        ),
        (
            "result(video_path='film.mp4', duration=3)",
            "ended with exit code 0 but its result.json is wrong at duration (extra inputs are not permitted); "
            "it printed nothing.",
        ),
        (
            "Path('result.json').write_text(' ' * 20_000 + '{}')",
            "ended with exit code 0 but its result.json is larger than 0.01 MB; it printed nothing.",
        ),
        ("os.mkfifo('result.json')", "ended with exit code 0 but its result.json is not a file; it printed nothing."),
        (
            "result(video_path='film.mp4')",
            "ended with exit code 0 but the film it names, “film.mp4”, is missing; it printed nothing.",
        ),
        (
            "Path('film.mp4').touch(); result(video_path='film.mp4')",
            "ended with exit code 0 but the film it names, “film.mp4”, is empty; it printed nothing.",
        ),
        (
            "result(video_path='.')",
            "ended with exit code 0 but the film it names, “.”, is missing; it printed nothing.",
        ),
        (
            "result(video_path='a\\0b')",
            "ended with exit code 0 but the film it names, “a b”, cannot be read; it printed nothing.",
        ),
        (
            "Path('../film.mp4').write_bytes(b'film'); result(video_path='../film.mp4')",
            "ended with exit code 0 but the film it names, “../film.mp4”, is not inside its work folder; "
            "it printed nothing.",
        ),
        (
            "result(video_path='/etc/hostname')",
            "ended with exit code 0 but the film it names, “/etc/hostname”, is not inside its work folder; "
            "it printed nothing.",
        ),
        (
            "os.symlink('/etc/hostname', 'film.mp4'); result(video_path='film.mp4')",
            "ended with exit code 0 but the film it names, “film.mp4”, is not inside its work folder; "
            "it printed nothing.",
        ),
        (
            FILM + "result(video_path='film.mp4', cost_dollars=1e300)",
            "ended with exit code 0 but its result.json is wrong at cost_dollars (input should be less than or equal "
            "to 1000000); it printed nothing.",
        ),
        (
            FILM + "result(video_path='film.mp4', notes=['Half \\ud800'])",
            "ended with exit code 0 but its result.json is wrong at notes.0 (a text has half a surrogate pair, which "
            "is no character); it printed nothing.",
        ),
        (
            FILM + "result(video_path='film.mp4', captions_path='film.mp4')",
            "ended with exit code 0 but it names one file as the film and as its captions; it printed nothing.",
        ),
        (
            FILM + "os.link('film.mp4', 'film.vtt'); result(video_path='film.mp4', captions_path='film.vtt')",
            "ended with exit code 0 but it names one file as the film and as its captions; it printed nothing.",
        ),
        (
            FILM + "Path('draft_v1.mp4').mkdir(); result(video_path='film.mp4')",
            "ended with exit code 0 but film.mp4 could not be renamed to draft_v1.mp4 (Is a directory); "
            "it printed nothing.",
        ),
        (
            FILM + "Path('draft_v1.vtt').mkdir(); Path('a.vtt').write_text('WEBVTT')\n"
            "result(video_path='film.mp4', captions_path='a.vtt')",
            "ended with exit code 0 but a.vtt could not be renamed to draft_v1.vtt (Is a directory); "
            "it printed nothing.",
        ),
        (
            FILM + "result(video_path='film.mp4', captions_path='../film.vtt')",
            "ended with exit code 0 but the captions file it names, “../film.vtt”, is not inside its work folder; "
            "it printed nothing.",
        ),
    ],
)
def test_a_program_that_makes_no_usable_cut_fails_in_one_sentence(run, program, sentence):
    with pytest.raises(PipelineFailed) as failed:
        run(program, output_limit_bytes=10_000)
    assert str(failed.value) == f"The pipeline program {PYTHON} {sentence}"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (b"\xff\xfe\xff", "not proper JSON"),
        (b"[" * 9_000, "not proper JSON"),
        (b"[]", "wrong at the top"),
        (b'"film.mp4"', "wrong at the top"),
    ],
)
def test_a_result_that_is_no_object_fails_in_one_sentence(run, written, wrong):
    with pytest.raises(
        PipelineFailed, match=rf"ended with exit code 0 but its result\.json is {wrong} \(.+\); it printed"
    ):
        run(f"Path('result.json').write_bytes({written!r})", output_limit_bytes=10_000)


def test_the_last_line_is_told_in_at_most_200_characters_that_can_be_shown(run):
    program = "sys.stdout.buffer.write(b'first\\nca\\xf1on \\x1b[31mred\\x07 ' + b'x' * 500); sys.exit(1)"
    with pytest.raises(PipelineFailed) as failed:
        run(program)
    line = ("ca\ufffdon red  " + "x" * 500)[:199] + "…"
    assert str(failed.value) == f"The pipeline program {PYTHON} ended with exit code 1; its last line was “{line}”."


def test_output_that_is_not_utf_8_is_kept_as_it_is(run, workdir):
    run(FILM + "sys.stdout.buffer.write(b'ca\\xf1on\\n'); result(video_path='film.mp4')")
    assert (workdir / "pipeline.log").read_bytes() == b"== draft 1 ==\nca\xf1on\n"


def test_a_program_that_floods_its_log_is_stopped_at_the_limit(run, workdir):
    with pytest.raises(PipelineFailed) as failed:
        run("while True: sys.stderr.write('x' * 99 + chr(10))", output_limit_bytes=20_000)
    assert str(failed.value) == (
        f"The pipeline program {PYTHON} wrote more than 0.02 MB of log and was stopped; its last line was “{'x' * 99}”."
    )
    assert (workdir / "pipeline.log").stat().st_size == len("== draft 1 ==\n") + 20_000


def test_a_program_that_hangs_is_stopped_at_the_time_limit(run):
    with pytest.raises(PipelineFailed) as failed:
        run("print('waiting', end='', flush=True); time.sleep(60)", timeout_seconds=0.5)
    assert str(failed.value) == (
        f"The pipeline program {PYTHON} took longer than 0.5 seconds and was stopped; its last line was “waiting”."
    )


def test_a_program_that_closes_its_output_is_still_waited_for(run):
    program = FILM + "os.close(1); os.close(2); time.sleep(0.2); result(video_path='film.mp4')"
    assert run(program).video_path.read_bytes() == b"film"


FORK = """
alive = os.open("{fifo}", os.O_WRONLY)
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(20)
    os.write(alive, b"survived")
    os._exit(0)
"""


@pytest.fixture
def fifo(tmp_path):
    """Yield a pipe that a program's child holds open. Reading it to its end waits until the child has ended."""
    path = tmp_path / "alive"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reading, True)
    yield path, reading
    os.close(reading)


def test_the_time_limit_stops_the_programs_children_too(run, fifo):
    path, reading = fifo
    with pytest.raises(PipelineFailed, match=r"took longer than 0\.5 seconds"):
        run(FORK.format(fifo=path) + "time.sleep(60)", timeout_seconds=0.5)
    assert os.read(reading, 100) == b""


def test_a_child_left_behind_holds_nothing_up_and_is_stopped(run, fifo):
    path, reading = fifo
    cut = run(FORK.format(fifo=path) + FILM + "result(video_path='film.mp4')", timeout_seconds=10)
    assert cut.video_path.read_bytes() == b"film"
    assert os.read(reading, 100) == b""


def test_a_render_that_is_interrupted_stops_the_program(run, fifo, tmp_path, workdir):
    path, reading = fifo
    script = tmp_path / "program.py"
    script.write_text(START + FORK.format(fifo=path) + "print('progress 0.5 a', flush=True)\ntime.sleep(60)")

    def interrupt(fraction: float, step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CommandPipeline([sys.executable, str(script)]).make_cut(brief(), workdir, interrupt)
    assert os.read(reading, 100) == b""


WORKER = """
import sys
from pathlib import Path
from pilot_core.video.command import CommandPipeline
from tests.test_command_pipeline import brief
pipeline = CommandPipeline([sys.executable, sys.argv[1]])
pipeline.make_cut(brief(), Path(sys.argv[2]), lambda fraction, step: print(step, flush=True))
"""


def test_a_program_and_its_children_end_when_the_process_that_asked_is_killed(fifo, tmp_path, workdir):
    path, reading = fifo
    script = tmp_path / "program.py"
    script.write_text(START + FORK.format(fifo=path) + "print('progress 0.5 begun', flush=True)\ntime.sleep(60)")
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, script, workdir], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout.readline() == "begun\n"
        worker.kill()
    assert os.read(reading, 100) == b""


def test_what_an_earlier_try_left_does_not_pass_for_this_ones_work(run, workdir):
    run(FILM + "result(video_path='film.mp4')")
    with pytest.raises(PipelineFailed, match=r"left no result\.json"):
        run("pass")
    run(FILM + "result(video_path='film.mp4')")
    with pytest.raises(PipelineFailed, match=r"“draft_v1\.mp4”, is missing"):
        run("result(video_path='draft_v1.mp4')")


def test_an_earlier_draft_handed_back_is_refused_and_kept(run, workdir):
    run(FILM + "result(video_path='film.mp4')")
    with pytest.raises(PipelineFailed, match=r"handed back draft_v1\.mp4, which is another draft"):
        run("result(video_path='draft_v1.mp4')", iteration=2)
    assert (workdir / "draft_v1.mp4").read_bytes() == b"film"


def test_a_brief_the_program_does_not_read_is_no_failure(run):
    assert run("sys.stdin.close()\n" + FILM + "result(video_path='film.mp4')").cost_dollars == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            None,
            "The pipeline program render was not found; give its full path, or a name that is on PATH.",
        ),
        ("not executable", "The pipeline program render could not be started: Permission denied."),
        ("no program", "The pipeline program render could not be started: Exec format error."),
    ],
)
def test_a_program_that_cannot_be_started_fails_in_one_sentence(tmp_path, workdir, make, sentence):
    program = tmp_path / "render"
    if make:
        program.write_text("film, please")
        program.chmod(0o755 if make == "no program" else 0o644)
    with pytest.raises(PipelineFailed) as failed:
        CommandPipeline([str(program)]).make_cut(brief(), workdir, lambda fraction, step: None)
    assert str(failed.value) == sentence


def test_a_pipeline_without_a_program_is_refused():
    with pytest.raises(InvalidRequest, match="no program to run"):
        CommandPipeline([])
