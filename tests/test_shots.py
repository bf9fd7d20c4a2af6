"""Which shots changed: compared by what they show where that is known, by their words and beats where it is not."""

from fractions import Fraction

import pytest

from pilot_core.domain.attempt import Draft, Shot
from pilot_core.domain.shots import Span, compare, shot_at, span_of, spans, still_frame


def shots(*told: str, seconds: float = 2.0) -> list[Shot]:
    """Return shots of that length, each written ``beat:text`` or ``beat:text:content``."""
    found = []
    for place, one in enumerate(told):
        beat, text, content = (*one.split(":"), "")[:3]
        found.append(Shot(beat=beat, start=place * seconds, end=(place + 1) * seconds, text=text, content=content))
    return found


def draft(after: list[Shot], rate: str = "25", frames: int | None = None) -> Draft:
    return Draft(iteration=1, video_path="a.mp4", frame_rate=rate, frame_count=frames, shots=after)


def test_a_shot_with_other_content_is_changed_and_takes_the_place_of_the_one_with_its_words() -> None:
    found = compare(shots("hook:A:1", "proof:B:2", "cta:C:3"), shots("hook:A:1", "proof:B:9", "cta:C:3"))
    assert found.changed == (1,)
    assert found.became == {0: (0,), 1: (1,), 2: (2,)}


def test_a_new_shot_is_changed_and_those_after_it_are_not() -> None:
    found = compare(shots("hook:A:1", "cta:C:3"), shots("hook:A:1", "proof:N:7", "cta:C:3"))
    assert found.changed == (1,)
    assert found.became == {0: (0,), 1: (2,)}


def test_a_shot_that_is_gone_became_nothing() -> None:
    found = compare(shots("hook:A:1", "proof:B:2", "cta:C:3"), shots("hook:A:1", "cta:C:3"))
    assert found.changed == ()
    assert found.became == {0: (0,), 1: (), 2: (1,)} or found.became.get(1, ()) == ()


def test_a_shot_that_lasts_longer_is_changed_although_it_looks_the_same() -> None:
    after = shots("hook:A:1", "cta:C:3")
    after[1] = after[1].model_copy(update={"end": 4.2})
    assert compare(shots("hook:A:1", "cta:C:3"), after).changed == (1,)
    after[1] = after[1].model_copy(update={"end": 4.05})
    assert compare(shots("hook:A:1", "cta:C:3"), after).changed == (), "a tenth of a second is no change to speak of"


def test_a_beat_told_in_more_shots_became_all_of_them() -> None:
    found = compare(shots("hook:A:1", "proof:B:2"), shots("hook:A:1", "proof:X:7", "proof:Y:8"))
    assert found.became[1] == (1, 2)
    assert found.changed == (1, 2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (shots("hook:A", "cta:C"), shots("hook:A", "cta:D")),
        (shots("hook:A:1", "cta:C:3"), shots("hook:A:1", "cta:C")),
        ([], shots("hook:A:1")),
        (shots("hook:A:1"), []),
    ],
)
def test_without_the_content_of_every_shot_what_changed_is_not_known(before: list[Shot], after: list[Shot]) -> None:
    assert compare(before, after).changed is None


def test_without_content_shots_are_matched_by_their_words_and_beats() -> None:
    found = compare(shots("hook:A", "proof:B", "cta:C"), shots("hook:Z", "proof:B", "cta:C"))
    assert found.became == {0: (0,), 1: (1,), 2: (2,)}


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60000/1001"])
def test_the_frames_of_a_shot_begin_where_it_is_first_on_screen(rate: str) -> None:
    exact = Fraction(rate)
    shot = Shot(beat="hook", start=float(90 / exact), end=float(151 / exact))
    assert span_of(draft([shot], rate), shot) == Span(90, 150)


def test_neighbours_are_one_part_and_places_that_do_not_exist_are_left_out() -> None:
    made = draft(shots("a:A", "a:B", "b:C", "c:D"), frames=190)
    assert spans(made, [3, 0, 1, -1, 9]) == (Span(0, 99), Span(150, 189))
    assert spans(made, []) == ()


def test_a_shot_after_the_end_of_the_video_has_no_frames() -> None:
    made = draft(shots("a:A", "a:B"), frames=40)
    assert span_of(made, made.shots[1]) is None


def test_the_shot_on_screen_at_a_time() -> None:
    after = shots("a:A", "a:B")
    assert [shot_at(after, seconds) for seconds in (0, 1.99, 2, 3.9, 4, 60)] == [0, 0, 1, 1, None, None]


def test_the_picture_of_a_part_is_one_of_its_frames() -> None:
    assert still_frame(Span(90, 150)) == 126
    assert still_frame(Span(7, 7)) == 7
