"""A pilot's state, its lifecycle diagram, and its events as sentences."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from pilot_core.domain.events import Event, actor_name, describe
from pilot_core.domain.pilot import ApprovalOutcome, PilotStatus
from pilot_core.web.pages.pilot import lifecycle_drawing
from pilot_core.web.pages.pilot.lifecycle import Todo, sentence, steps, todo
from tests.sketches import day, sketch

NOW = day(20)
DROPPED = {"status": PilotStatus.COMPLETED, "approval_outcome": ApprovalOutcome.DROPPED, "drop_reason": "Budget"}


@pytest.mark.parametrize(
    ("attempts", "fields", "expected"),
    [
        ((), {}, Todo.START),
        (("q",), {}, Todo.WAIT),
        (("q",), {"status": PilotStatus.PAUSED}, Todo.WAIT),
        (("x",), {}, Todo.RETRY),
        (("?",), {}, Todo.SEND),
        (("sA",), {}, Todo.SEND),
        (("?",), {"status": PilotStatus.PAUSED}, Todo.RESUME),
        (("m",), {}, Todo.NEXT),
        (("M", "?"), {}, Todo.SEND),
        (("M", "x"), {}, Todo.RETRY),
        (("M", "m"), {"max_attempts": 2}, Todo.RAISE),
        (("M", "?"), {"max_attempts": 2}, Todo.SEND),
        (("M", "A"), {}, Todo.NOTHING),
        (("M",), DROPPED, Todo.NOTHING),
    ],
)
def test_each_state_has_one_thing_to_be_done(attempts, fields, expected) -> None:
    pilot = sketch(*attempts, **fields)
    assert todo(pilot) is expected
    assert sentence(pilot, NOW)


def test_an_approval_that_never_completed_its_pilot_is_heard_again() -> None:
    pilot = sketch("A", status=PilotStatus.ACTIVE, approval_outcome=ApprovalOutcome.PENDING)
    assert todo(pilot) is Todo.LOG
    assert "log the approval to complete it" in sentence(pilot, NOW)


@pytest.mark.parametrize(
    ("attempts", "fields", "labels", "today"),
    [
        (
            (),
            {},
            ["Created", "Attempt 1", "Sent", "Opened", "Decided", "Completed", "Outcome report"],
            "Attempt 1",
        ),
        (
            ("M", "?"),
            {},
            ["Created", "Attempt 1", "Attempt 2", "Not sent yet", "Opened", "Decided", "Completed", "Outcome report"],
            "Not sent yet",
        ),
        (
            ("M", "m", "m", "q"),
            {},
            [
                "Created",
                "Attempt 1",
                "Attempt 2",
                "Attempt 3",
                "Attempt 4",
                "Sent",
                "Opened",
                "Decided",
                "Completed",
                "Outcome report",
            ],
            "Attempt 4",
        ),
        (
            ("M", "M", "m", "m", "A"),
            {},
            ["Created", "Attempts 1 to 3", "Attempt 4", "Attempt 5", "Approved", "Outcome report"],
            "Outcome report",
        ),
        (
            ("?", "?"),
            {},
            ["Created", "Attempt 1", "Attempt 2", "Not sent yet", "Opened", "Decided", "Completed", "Outcome report"],
            "Not sent yet",
        ),
        (("?",), DROPPED, ["Created", "Attempt 1", "Dropped", "Outcome report"], "Outcome report"),
        (
            ("m",),
            {"max_attempts": 1},
            ["Created", "Attempt 1", "Out of attempts", "Completed", "Outcome report"],
            "Out of attempts",
        ),
        (
            ("?",),
            {"status": PilotStatus.PAUSED},
            ["Created", "Attempt 1", "Paused", "Opened", "Decided", "Completed", "Outcome report"],
            "Paused",
        ),
    ],
)
def test_the_lifecycle_goes_through_the_guides_steps_with_one_of_them_today(attempts, fields, labels, today) -> None:
    line = steps(sketch(*attempts, **fields), NOW)
    assert [step.label for step in line] == labels
    assert [step.label for step in line if step.place == "today"] == [today]
    places = [step.place for step in line]
    assert places == sorted(places, key=["done", "today", "ahead"].index)


def test_the_line_stays_short_however_many_attempts_there_are() -> None:
    assert len(steps(sketch(*["m"] * 29, "?", max_attempts=50), NOW)) <= 10


@pytest.mark.parametrize("dark", [True, False])
def test_the_drawing_is_well_formed_and_holds_every_step_as_text(dark: bool) -> None:
    line = steps(sketch("M", "?"), NOW)
    root = ElementTree.fromstring(f"<page>{lifecycle_drawing.drawing(line, dark=dark)}</page>")
    told = "".join(root.itertext())
    assert all(step.label in told for step in line)
    assert "Today: step 4 of 8" in told


def test_the_drawing_is_told_in_words() -> None:
    told = lifecycle_drawing.words(steps(sketch("M", "?"), NOW))
    assert told.startswith("Step 4 of 8 is today: Not sent yet.")
    assert "Before it: Created (18 days ago), Attempt 1 (major changes), Attempt 2 (made in 60 s)." in told
    assert told.endswith("After it: Opened, Decided, Completed, Outcome report.")


def event(kind: str, actor: str = "Mara", **detail: object) -> Event:
    return Event(event_id="e", pilot_id="p", at=datetime(2026, 1, 1, tzinfo=UTC), actor=actor, kind=kind, detail=detail)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event("created", scenario="feature_launch", brand="acme"), "created the pilot (Feature launch, Acme)"),
        (event("imported", file="pilot_x.json"), "took the pilot in from pilot_x.json"),
        (event("attempt_added", attempt_number=2, pipeline="storyboard"), "started attempt 2"),
        (
            event("cut_ready", attempt_number=1, time_to_first_cut_seconds=38.2, sla_passed=False),
            "made attempt 1, its first cut after 38 s; the SLA is missed",
        ),
        (event("render_failed", attempt_number=1, reason="It broke."), "could not make attempt 1: It broke."),
        (
            event("feedback_received", attempt_number=1, level="approve", mode="simulated", by="persona"),
            "logged simulated feedback, an approval on attempt 1, said by persona",
        ),
        (
            event("feedback_received", "Alice", attempt_number=1, level="minor_changes", mode="human", by="Alice"),
            "logged minor changes on attempt 1",
        ),
        (event("dropped", reason="Budget", external=True), "dropped the pilot, for a reason that is not ours: Budget"),
        (event("limit_raised", before=5, after=7, reason="Close"), "raised the limit from 5 to 7 attempts: Close"),
        (event("brief_edited", fields=["product", "proof_points"]), "corrected the brief: product, proof points"),
        (event("decision_undone", attempt_number=1, level="approve"), "took back the approval on attempt 1"),
        (event("something_new"), "something new"),
    ],
)
def test_an_event_is_told_in_plain_words(happened: Event, told: str) -> None:
    assert describe(happened) == told


def test_actors_have_names() -> None:
    assert [actor_name(actor) for actor in ("Mara", "pipeline:storyboard", "pipeline")] == [
        "Mara",
        "The storyboard pipeline",
        "The server",
    ]
