"""Making an attempt with real programs and videos: iterations, measurements, review pack, failures and retries."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState, OpenRequests
from pilot_core.domain.comments import Anchor, Shape
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import NotAllowedNow
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.briefing import brief_for
from pilot_core.rendering.recovery import fail_abandoned
from pilot_core.review.comments import add_comment, delete_comment, judge_comment, reply
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, Settings, read_settings
from pilot_core.store.queries.renders import under_way
from pilot_core.store.tables import renders
from pilot_core.video.conform.process import conform
from tests.conftest import HandClock
from tests.films import make_film
from tests.reviewing import next_attempt, pilot_in_review, reviewer, team

NewPilot = Callable[..., PilotRun]

REVIEW_PACK = [
    "captions.vtt",
    "contact_sheet.jpg",
    "director_notes.txt",
    "final_video.mp4",
    "marketing_summary.txt",
    "poster.jpg",
    "quality_report.json",
    "recommended_publish_checklist.txt",
    "sprite.jpg",
    "sprite.json",
    "what_changed_since_last_version.txt",
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with videos for problem_solution.

    good.mp4 meets its SLA as it is, delivered.mp4 when it has been converted, and short.mp4 is too short.
    """
    folder = tmp_path_factory.mktemp("films")
    make_film(folder / "delivered.mp4", seconds=16, width=1080, height=1920, rate=Fraction(8))
    make_film(folder / "short.mp4", seconds=3, width=1080, height=1920, rate=Fraction(8))
    conform(folder / "delivered.mp4", folder / "good.mp4", None, lambda _: None)
    return folder


@pytest.fixture
def program(tmp_path: Path, films: Path) -> Callable[[str], Settings]:
    """Return settings whose command pipeline is a Python program with ``brief``, ``films`` and ``done``."""

    def make(body: str) -> Settings:
        path = tmp_path / "program.py"
        path.write_text(
            "import json, os, shutil, sys, time\n"
            "brief = json.load(sys.stdin)\n"
            f"films = {str(films)!r}\n"
            "def done(name, **more):\n"
            "    film = f'draft_v{brief[\"iteration\"]}.mp4'\n"
            "    shutil.copy(f'{films}/{name}.mp4', film)\n"
            "    json.dump({'video_path': film, **more}, open(os.environ['PILOT_OPS_RESULT'], 'w'))\n" + body
        )
        return read_settings().model_copy(
            update={"command": (sys.executable, str(path)), "command_timeout_seconds": 30.0}
        )

    return make


@pytest.fixture
def queued(store: PilotStore, new_pilot: NewPilot) -> PilotRun:
    pilot = pilots.start_pilot(store, new_pilot(scenario_type="problem_solution"), at_command_line("Lea"))
    return pilots.queue_attempt(store, pilot.pilot_id, "command", Act(at_command_line("Lea")))[0]


@pytest.mark.duckdb_only
def test_a_cut_that_misses_the_sla_is_made_again_and_the_one_that_passes_is_kept(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    config = program(
        "done('delivered' if brief['sla_violations'] else 'short', cost_dollars=0.25, notes=['Plain cut'])"
    )
    seen: list[tuple[float, str]] = []
    pilot = run_attempt(store, queued.pilot_id, 1, config, lambda *at: seen.append(at))
    attempt = pilot.attempt(1)
    assert (attempt.state, attempt.iteration_count, attempt.total_cost_dollars) == ("ready", 2, 0.5)
    assert attempt.folder == f"{pilot.pilot_id}/attempt_1_20260302_090000"
    assert attempt.final_draft
    assert attempt.final_draft.delivered_path == f"{attempt.folder}/draft_v2.mp4"
    assert attempt.video_path == f"{attempt.folder}/draft_v2.conformed.mp4"
    assert (attempt.sla_passed, attempt.sla_violations) == (True, [])
    assert attempt.time_to_first_cut_seconds is not None
    assert attempt.time_to_first_cut_seconds > 0
    assert "The video is 3 s long; problem and solution videos are 15 to 45 s." in [
        check.sentence for check in attempt.drafts[0].checks if check.passed is False
    ]
    folder = store.root / attempt.folder
    assert sorted(path.name for path in (folder / "review_pack").iterdir()) == REVIEW_PACK
    assert {"draft_v1.mp4", "draft_v2.mp4", "founder_instructions.txt"} <= {path.name for path in folder.iterdir()}
    report = json.loads((folder / "review_pack" / "quality_report.json").read_text())
    assert report["measured"]["width"] == 1080
    assert report["iteration"] == 2
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert {"Measuring draft 1", "Measuring draft 2", "Building the review pack"} <= {step for _, step in seen}
    assert [event.kind for event in store.events(pilot.pilot_id)] == [
        "created",
        "attempt_added",
        "render_started",
        "cut_ready",
    ]
    assert store.load(pilot.pilot_id) == pilot
    assert under_way(store.database) == []


def test_a_miss_that_no_further_draft_can_mend_asks_for_none(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    attempt = run_attempt(store, queued.pilot_id, 1, program("done('good', cost_dollars=11)")).attempt(1)
    assert (attempt.iteration_count, attempt.sla_passed) == (1, False)
    assert attempt.sla_violations == ["The attempt cost $11.00; the limit is $10.00."]


def test_an_uploaded_film_is_measured_once_and_its_misses_are_told(
    store: PilotStore, new_pilot: NewPilot, films: Path
) -> None:
    pilot = pilots.start_pilot(store, new_pilot(scenario_type="problem_solution"))
    upload = pilots.keep_upload(store, pilot.pilot_id, films / "short.mp4")
    pilots.queue_attempt(store, pilot.pilot_id, "upload", upload_path=upload)
    attempt = run_attempt(store, pilot.pilot_id, 1, read_settings()).attempt(1)
    assert (attempt.state, attempt.iteration_count, attempt.sla_passed) == ("ready", 1, False)
    assert attempt.sla_violations == ["The video is 3 s long; problem and solution videos are 15 to 45 s."]


def test_a_failed_render_keeps_its_reason_and_leaves_no_film_and_can_be_retried(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    config = program("open('draft_v1.mp4', 'wb').write(b'half a film'); print('out of paint'); sys.exit(3)")
    attempt = run_attempt(store, queued.pilot_id, 1, config).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure is not None
    assert "out of paint" in attempt.failure
    assert list((store.root / queued.pilot_id).rglob("*.mp4")) == []
    assert (store.root / (attempt.folder or "") / "pipeline.log").read_text() == "== draft 1 ==\nout of paint\n"

    pilots.retry_attempt(store, queued.pilot_id)
    pilot = run_attempt(store, queued.pilot_id, 1, program("done('good')"))
    assert (pilot.attempt(1).state, pilot.attempt(1).failure, pilot.attempts_used) == ("ready", None, 1)
    assert "out of paint" in str([e.detail for e in store.events(pilot.pilot_id) if e.kind == "render_failed"])


def test_a_program_that_leaves_no_film_or_a_broken_one_fails_with_a_sentence(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    config = program(
        "open('draft_v1.mp4', 'wb').write(b'not a film')\n"
        "json.dump({'video_path': 'draft_v1.mp4'}, open(os.environ['PILOT_OPS_RESULT'], 'w'))"
    )
    attempt = run_attempt(store, queued.pilot_id, 1, config).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure is not None
    assert attempt.failure.startswith("draft_v1.mp4 is not a playable video")


def test_an_error_of_the_system_is_told_in_its_own_words(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    (store.root / queued.pilot_id / "attempt_1_20260302_090000").write_text("in the way")
    attempt = run_attempt(store, queued.pilot_id, 1, program("done('good')")).attempt(1)
    assert attempt.failure == "The render stopped on an error of the system: File exists. The log has the details."


@pytest.mark.duckdb_only
@pytest.mark.parametrize(
    ("makes", "named"),
    [
        ("os.makedirs('review_pack'); open('review_pack/notes.txt', 'w').close()", "review_pack"),
        ("open('.review_pack.part', 'w').close()", ".review_pack.part"),
    ],
)
def test_what_a_program_leaves_in_the_place_of_the_review_pack_is_told_by_its_name(
    store: PilotStore, new_pilot: NewPilot, program: Callable[[str], Settings], makes: str, named: str
) -> None:
    pilot_id = pilots.start_pilot(store, new_pilot(max_iterations_per_attempt=1)).pilot_id
    pilots.queue_attempt(store, pilot_id, "command")
    attempt = run_attempt(store, pilot_id, 1, program(f"{makes}; done('short')")).attempt(1)
    assert attempt.failure == (
        f"The review pack could not be built: the pipeline left something named {named} in its work folder, "
        "where the review pack goes."
    )


def test_a_change_made_during_a_render_survives_it(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    paused = []

    def progress(fraction: float, step: str) -> None:
        if not paused:
            paused.append(pilots.pause(store, queued.pilot_id, "Founder travels", at_command_line("Sam")))

    pilot = run_attempt(store, queued.pilot_id, 1, program("done('good')"), progress)
    assert (pilot.status, pilot.attempt(1).state) == ("paused", "ready")


def test_an_attempt_is_made_by_one_process_only(
    store: PilotStore, queued: PilotRun, program: Callable[[str], Settings]
) -> None:
    attempt_id = queued.attempt(1).attempt_id
    assert store.database.transaction(lambda c: renders.claim(c, attempt_id, queued.pilot_id, store.clock()))
    with pytest.raises(NotAllowedNow, match=r"^Attempt 1 of pilot_\w+ is queued or is being made elsewhere\.$"):
        run_attempt(store, queued.pilot_id, 1, program("done('good')"))


def test_renders_wait_for_a_free_place_in_the_order_they_came(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    made = []
    for _ in range(3):
        pilot = store.save(new_pilot())
        attempt = pilots.queue_attempt(store, pilot.pilot_id, "storyboard")[1]
        held = store.database.transaction(
            partial(renders.claim, attempt_id=attempt.attempt_id, pilot_id=pilot.pilot_id, now=clock.forward(seconds=1))
        )
        assert held
        made.append(held)

    def enter(place: int) -> bool:
        return store.database.transaction(lambda c: renders.enter(c, made[place], clock(), 1))

    assert [enter(n) for n in (1, 0, 1)] == [False, True, False]
    store.database.transaction(lambda c: renders.leave(c, made[0]))
    assert [enter(n) for n in (2, 1)] == [False, True]


def test_a_render_killed_in_the_middle_is_failed_with_the_reason_and_leaves_no_half_file(
    store: PilotStore, queued: PilotRun, tmp_path: Path, program: Callable[[str], Settings]
) -> None:
    started = tmp_path / "started"
    config = program(
        "open('draft_v1.mp4', 'wb').write(b'half a film')\n"
        "print('progress 0.4 Rendering shots', flush=True)\n"
        f"open({str(started)!r}, 'w').close()\ntime.sleep(60)"
    )
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pilot_core.rendering.attempt import run_attempt; "
            "from pilot_core.settings import read_settings; "
            "from pilot_core import PilotStore; "
            "run_attempt(PilotStore(sys.argv[1]), sys.argv[2], 1, read_settings())",
            store.root,
            queued.pilot_id,
        ],
        cwd=ROOT,
        env={**os.environ, "PILOT_OPS_COMMAND": " ".join(config.command)},
        start_new_session=True,
    )
    until = time.monotonic() + 30
    while not started.exists() or not under_way(store.database):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert fail_abandoned(store) == [], "a render that lives is left alone"
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert fail_abandoned(store) == [queued.attempt(1).attempt_id]
    attempt = store.load(queued.pilot_id).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure is not None
    assert attempt.failure.endswith("because its process ended. Retry it.")
    assert list((store.root / queued.pilot_id).rglob("*.mp4")) == []
    assert fail_abandoned(store) == []


def test_an_attempt_whose_process_never_came_up_is_failed(
    store: PilotStore, queued: PilotRun, clock: HandClock
) -> None:
    assert fail_abandoned(store) == []
    clock.now = queued.updated_at
    clock.forward(minutes=1)
    assert fail_abandoned(store) == [queued.attempt(1).attempt_id]
    assert store.load(queued.pilot_id).attempt(1).failure == "The render never began: no process took it up. Retry it."


def test_the_next_brief_carries_what_people_said_and_nothing_simulated(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("one.mp4", at=clock())
    pilot.record_feedback(1, "Too long", "major_changes", ["too_long"], at=clock.forward(hours=1))
    pilot.record_feedback(1, "Lovely", "approve", mode="simulated", at=clock.forward(hours=1))
    pilot.add_attempt("two.mp4", at=clock.forward(hours=1))
    pilot.record_feedback(2, "Nearly", "minor_changes", ["cta_unclear"], at=clock.forward(hours=1))
    third = pilot.add_attempt(pipeline="storyboard", at=clock.forward(hours=1))
    brief = brief_for(pilot, third, OpenRequests())
    assert [(r.attempt_number, r.feedback.flags, r.feedback.notes) for r in brief.reviews] == [
        (1, ["too_long"], "Too long"),
        (2, ["cta_unclear"], "Nearly"),
    ]
    assert (brief.width, brief.height, brief.brand["tone"]) == (1080, 1920, "bold")


@pytest.mark.duckdb_only
def test_the_next_attempt_is_told_of_the_comments_that_are_still_open(
    store: PilotStore, program: Callable[[str], Settings]
) -> None:
    pilot = pilot_in_review(store, rate="30000/1001", seconds=70)
    dana = reviewer(store, pilot)
    mark = Shape(0.1, 0.2, 0.3, 0.4)
    open_one = add_comment(store, dana, 1, Anchor(1800, end_frame=1830, shape=mark), "The logo\nis too small")
    reply(store, team(pilot), open_one.comment_id, "On it")
    done = add_comment(store, dana, 1, Anchor(5), "Typo")
    delete_comment(store, dana, add_comment(store, dana, 1, Anchor(7), "Never mind").comment_id)
    pilots.record_feedback(store, pilot.pilot_id, 1, "", "minor_changes", ["too_long"])
    next_attempt(store, pilot.pilot_id, rate="30000/1001")
    judge_comment(store, team(pilot), done.comment_id, True, 2)
    pilots.record_feedback(store, pilot.pilot_id, 2, "", "minor_changes", ["too_long"])
    pilots.queue_attempt(store, pilot.pilot_id, "command")
    config = program("json.dump(brief, open('told.json', 'w')); done('good')")
    made = run_attempt(store, pilot.pilot_id, 3, config)
    assert made.attempt(3).state is AttemptState.READY
    told = json.loads((store.root / made.attempt(3).folder / "told.json").read_text("utf-8"))
    assert told["comments"] == [
        {
            "attempt_number": 1,
            "frame": 1800,
            "end_frame": 1830,
            "rate": "30000/1001",
            "timecode": "00:01:00;02",
            "seconds": 60.06,
            "author": "Dana Cruz",
            "body": "The logo\nis too small",
            "replies": ["On it"],
            "attachment": None,
            "x": 0.1,
            "y": 0.2,
            "width": 0.3,
            "height": 0.4,
            "not_addressed_in": None,
        }
    ]
    notes = (store.root / made.attempt(3).review_pack_path / "director_notes.txt").read_text("utf-8")
    assert "00:01:00;02 of version 1, Dana Cruz:" in notes
    assert "The logo" in notes
    assert "Typo" not in notes
