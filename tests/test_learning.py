"""The learning rate, and first-pass approval by what the first video was like."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft, Shot
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.stats import rate
from pilot_core.insight.word_costs import PROPERTIES, FirstVideo, word_costs
from pilot_core.store.queries.drilldown import Selection, pilots_behind
from pilot_core.store.queries.first_videos import first_videos
from pilot_core.store.queries.metrics_page import metrics_page
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot


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
