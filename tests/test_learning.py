"""The learning rate, and first-pass approval by what the first video was like."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft, Shot
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.drawn_flags import drawn_flags_sentence
from pilot_core.insight.stats import rate
from pilot_core.insight.word_costs import PROPERTIES, FirstVideo, word_costs
from pilot_core.services import pilots
from pilot_core.store.queries.drawn_flags import drawn_flags
from pilot_core.store.queries.drilldown import Selection, pilots_behind
from pilot_core.store.queries.first_videos import first_videos
from pilot_core.store.queries.metrics_page import metrics_page
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot
from tests.reviewing import LEAD


def companies(store: PilotStore, group: str) -> set[str]:
    return {pilot.company_name for pilot in pilots_behind(store.database, Cohort(), Selection(group))[0]}


def test_an_answer_is_an_approval_or_flags_with_reasons(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Approved", "A")
    make_pilot(store, clock, "Dropped with a flag", "M{hook_weak} drop")
    make_pilot(store, clock, "Dropped without a flag", "M drop")
    make_pilot(store, clock, "Dropped before a review", "wait drop")
    make_pilot(store, clock, "Out of attempts", "m{too_long}", max_attempts=1)
    make_pilot(store, clock, "Open", "M{hook_weak}")
    assert metrics_page(store).measures.learning_rate == rate(3, 5)
    assert companies(store, "answered") == {"Approved", "Dropped with a flag", "Out of attempts"}
    assert companies(store, "unanswered") == {"Dropped without a flag", "Dropped before a review"}


def test_a_store_without_an_end_has_no_learning_rate(store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Open", "M{hook_weak}")
    assert metrics_page(store).measures.learning_rate == rate(0, 0)


def test_what_the_first_video_was_like_comes_from_the_draft_that_was_shown(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "One", "A")
    shots = [Shot(beat="hook", start=0, end=3, text="Who waits"), Shot(beat="hook", start=3, end=5, text="for that?")]
    shots.append(Shot(beat="cta", start=5, end=20, text="Try it"))
    attempt = pilot.attempt(1)
    attempt.drafts = [
        Draft(iteration=1, video_path="film.mp4", duration=20.0, shots=shots),
        Draft(iteration=2, video_path="worse.mp4", duration=99.0),
    ]
    store.save(pilot)
    make_pilot(store, clock, "Imported", "m m")
    found, of = first_videos(store.database, Cohort())
    assert of == 2
    assert sorted(found, key=lambda video: video.approved) == [
        FirstVideo(False, "aggressive"),
        FirstVideo(True, "aggressive", 20.0, 6, "Who waits for that?"),
    ]
    assert first_videos(store.database, Cohort(brand=("wellness",))) == ([], 0)
    assert len(first_videos(store.database, Cohort(), latest=1)[0]) == 1
    assert first_videos(store.database, Cohort(), as_of=clock() - timedelta(hours=1.5))[1] == 1


def test_flags_that_pilots_with_the_same_scenario_and_pacing_drew(store: PilotStore, clock: HandClock) -> None:
    """Each pilot counts once, by its standing reviews; pacing is that of the brand, whichever brand it is."""
    stories = ("M{pacing_rushed} m{pacing_rushed}", "m{pacing_rushed} A", "m{hook_weak}", "A", "m", "wait", "fail")
    made = [make_pilot(store, clock, f"One {place}", story) for place, story in enumerate(stories)]
    make_pilot(store, clock, "Gentle", "M{pacing_rushed}", brand="wellness")
    make_pilot(store, clock, "Another scenario", "M{pacing_rushed}", scenario_type="problem_solution")
    assert drawn_flags(store.database, "feature_launch", "aggressive") == (5, {"pacing_rushed": 2, "hook_weak": 1})
    pilots.record_feedback(store, made[2].pilot_id, 1, "No, fine.", "minor_changes", actor=LEAD)
    assert drawn_flags(store.database, "feature_launch", "aggressive") == (5, {"pacing_rushed": 2})
    without = drawn_flags(store.database, "feature_launch", "aggressive", without=made[0].pilot_id)
    assert without == (4, {"pacing_rushed": 1})
    assert drawn_flags(store.database, "feature_launch", "moderate") == (0, {})


def test_what_is_said_of_those_flags_before_a_video_is_made() -> None:
    assert drawn_flags_sentence(
        "aggressive", 14, {"pacing_rushed": 6, "too_long": 1, "hook_weak": 4, "cta_unclear": 1}
    ) == (
        "Of 14 reviewed pilots with this scenario and aggressive pacing, 6 drew “Pacing is rushed” (21–67%), "
        "4 drew “Hook is weak” (12–55%), 1 drew “Call to action unclear” (1–31%)."
    )
    assert drawn_flags_sentence("gentle", 5, {}) == (
        "None of 5 reviewed pilots with this scenario and gentle pacing drew a flag."
    )
    assert drawn_flags_sentence("gentle", 4, {"pacing_rushed": 4}) == ""


@pytest.mark.parametrize(
    ("video", "values"),
    [
        (FirstVideo(True), ("", "", "", "")),
        (FirstVideo(True, "gentle", 19.9, 10, "Meet Acme"), ("a statement", "gentle", "under 20 s", "under 1 words/s")),
        (FirstVideo(True, "gentle", 20.0, 20, "38% fewer"), ("a number", "gentle", "20–30 s", "1–1.5 words/s")),
        (
            FirstVideo(True, "gentle", 60.0, 500, "Why 3?"),
            ("a question", "gentle", "60 s or more", "2 words/s or more"),
        ),
    ],
)
def test_the_properties_of_a_video(video: FirstVideo, values: tuple[str, ...]) -> None:
    assert tuple(value_of(video) for value_of, _ in PROPERTIES.values()) == values


videos = st.builds(
    FirstVideo,
    st.booleans(),
    st.sampled_from(("", "gentle", "swift")),
    st.none() | st.floats(0, 200),
    st.none() | st.integers(0, 300),
    st.none() | st.sampled_from(("", "Why?", "9 of 10", "Meet")),
)


@given(st.lists(videos, max_size=40))
def test_every_video_is_in_one_group_of_each_property_or_named_as_unknown(found: list[FirstVideo]) -> None:
    made = word_costs(found, len(found) + 3)
    for prop in PROPERTIES:
        rates = [group.rate for group in made.groups if group.prop == prop]
        assert sum(r.denominator for r in rates) + made.unknown[prop] == len(found)
        assert all(r.denominator for r in rates)
    assert ("association, not cause" in made.reading) == bool(found)
