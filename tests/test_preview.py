"""The preview of the next attempt."""

from collections.abc import Callable

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft, OpenRequests
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering import preview
from pilot_core.rendering.briefing import brief_for
from pilot_core.video.storyboard import revise
from pilot_core.video.storyboard.changes import changes, planned_changes
from pilot_core.video.storyboard.palette import palette_of
from pilot_core.video.storyboard.plan import build
from tests.sketches import sketch


def test_the_next_brief_is_the_one_that_the_attempt_will_get(
    store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("a.mp4").drafts = [Draft(iteration=1, video_path="a.mp4", duration=41.0)]
    pilot.record_feedback(1, "Too long", "major_changes", ["too_long"])
    ahead = preview.next_brief(store, pilot)
    attempt = pilot.add_attempt(pipeline="storyboard")
    assert ahead == brief_for(pilot, attempt, OpenRequests())
    assert (ahead.attempt_number, ahead.previous.duration) == (2, 41.0)


def test_what_is_announced_is_what_the_storyboard_will_say_it_changed(
    store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("a.mp4").drafts = [Draft(iteration=1, video_path="a.mp4", duration=41.0)]
    pilot.record_feedback(1, "", "major_changes", ["too_long", "cta_unclear"])
    brief = preview.next_brief(store, pilot)
    announced = planned_changes(brief)
    assert announced == changes(brief, build(brief, revise.directed(brief)), palette_of(brief.brand))
    assert announced[0].text.startswith("Shortened from 41.0 s to")


def test_looking_ahead_changes_nothing(store: PilotStore, new_pilot: Callable[..., PilotRun]) -> None:
    pilot = new_pilot()
    before = pilot.model_dump()
    preview.next_brief(store, pilot)
    assert pilot.model_dump() == before


def test_flags_that_need_a_person_are_those_of_the_latest_human_review() -> None:
    assert [flag.id for flag in preview.for_a_person(sketch("M{factual_error}", "m{too_long,wrong_audience}"))] == [
        "wrong_audience"
    ]
    assert [flag.id for flag in preview.for_a_person(sketch("M{factual_error}", "sm{too_long}"))] == ["factual_error"]
    assert preview.for_a_person(sketch("?")) == []
