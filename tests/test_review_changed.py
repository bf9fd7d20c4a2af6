"""“What changed” in the room: requests beside their parts of the new video, answered without JavaScript."""

import csv
import io
from collections.abc import Callable

import pytest

from pilot_core.documents.names import shot_still
from pilot_core.domain.attempt import Change, Draft, Shot
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.export.comments import comments_csv
from pilot_core.review.comments import add_comment, comments_of, reply
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.requests import answers_of
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock
from tests.reviewing import next_attempt, pilot_in_review, reviewer
from tests.room_client import Browser, Page

Made = Callable[..., Browser]
HOOK = Change(text="Opens with a question instead of a claim.", flags=["hook_weak"], shots=[0])
MUSIC = Change(text="Another music bed.", shots=[])


def shots(*told: tuple[str, str, str]) -> list[Shot]:
    """Return shots of four seconds each, from (beat, text, content)."""
    return [
        Shot(beat=beat, start=place * 4, end=place * 4 + 4, text=text, content=content)
        for place, (beat, text, content) in enumerate(told)
    ]


BEFORE = shots(("hook", "A", "1"), ("proof", "B", "2"), ("proof", "C", "3"), ("cta", "D", "4"))
AFTER = shots(("hook", "Z", "9"), ("proof", "B", "2"), ("proof", "C", "3"), ("cta", "D", "8"))


def set_draft(store: PilotStore, pilot_id: str, number: int, **fields: object) -> None:
    def change(pilot: PilotRun) -> None:
        draft = pilot.attempt(number).drafts[0]
        pilot.attempt(number).drafts = [Draft(**{**draft.model_dump(), **fields})]

    store.change(pilot_id, change, "pipeline")


@pytest.fixture
def second(served: PilotStore) -> Made:
    """Return a function that makes a pilot with two versions, and the browser of who asked for changes on the first."""

    def make(
        before: list[Shot] = BEFORE, after: list[Shot] = AFTER, changes: tuple[Change, ...] = (HOOK, MUSIC)
    ) -> Browser:
        pilot = pilot_in_review(served)
        guest = Browser(served)
        grant = guest.takes_link(pilot)
        add_comment(served, grant, 1, Anchor(110, 130), "The logo is cut off")
        decide(served, grant, 1, Decision("minor_changes", flags=["hook_weak", "too_long"], notes="The middle drags."))
        next_attempt(served, pilot.pilot_id)
        set_draft(served, pilot.pilot_id, 1, shots=before)
        set_draft(served, pilot.pilot_id, 2, shots=after, changes=list(changes))
        return guest

    return make


def section(page: Page) -> str:
    """Return the source of the section."""
    return page.source.split('<section id="changed"')[1].split("</section>")[0]


def point(page: Page, words: str) -> str:
    """Return the source of the request with these words."""
    return next(one for one in section(page).split("</ol>")[0].split('<li class="point"')[1:] if words in one)


def test_each_request_stands_beside_what_was_done_and_its_part_of_the_new_video(second: Made) -> None:
    page = second().opens()
    assert "What changed since version 1" in page.heads()
    assert "2 of 4 shots differ from version 1" in page.text
    assert "[[0, 99], [300, 399]]" in section(page), "the reel is of the shots that differ, to the frame"
    assert "Play only what changed (0:08)" in page.text
    hook = point(page, "Hook is weak")
    assert HOOK.text in hook
    assert '#t=0.000,4.000" data-parts="[[0,99]]"' in hook
    too_long = point(page, "Too long")
    assert "No answer to this came with version 2." in too_long
    assert "data-parts" not in too_long
    comment = point(page, "The logo is cut off")
    assert "Not answered by version 2: this part is as it was." in comment
    assert 'data-parts="[[100,199]]"' in comment
    assert "0:04–0:05 of version 1" in comment
    assert "What else changed Another music bed." in page.text


def test_without_javascript_an_answer_is_given_changed_and_shown(second: Made, clock: HandClock) -> None:
    guest = second()
    for request in ("Hook is weak", "The middle drags.", "The logo is cut off"):
        name = point(guest.opens(), request).split('data-form="')[1].split('"')[0]
        for button, pressed in (("Not yet", "no"), ("Not yet", "no"), ("Yes, that’s it", "yes")):
            clock.forward(minutes=2)
            page = guest.sends(guest.opens(), name, button)
            assert page.status == 200
            shown = point(page, request)
            assert f'value="{pressed}" aria-pressed="true"' in shown
            assert shown.count('aria-pressed="true"') == 1
            assert "You, " in shown
    pilot_id = guest.store.pilot_ids()[0]
    assert [(a.subject, a.addressed) for a in answers_of(guest.store, pilot_id)] == [
        ("hook_weak", True),
        ("notes", True),
    ]
    assert [c.addressed for c in comments_of(guest.store, pilot_id)] == [True]
    told = [e.kind for e in guest.store.events(pilot_id) if e.kind.endswith("addressed")]
    assert told == ["request_not_addressed", "request_addressed"] * 2 + ["comment_not_addressed", "comment_addressed"]


def test_a_form_sent_twice_with_one_key_and_a_wrong_answer(second: Made) -> None:
    guest = second()
    page = guest.opens()
    form = page.form("request")
    fields = {**dict(form.fields), "addressed": "no"}
    assert guest.posts(form.action, fields).status == guest.posts(form.action, fields).status == 200
    pilot_id = guest.store.pilot_ids()[0]
    assert [e.kind for e in guest.store.events(pilot_id) if e.kind.startswith("request_")] == ["request_not_addressed"]
    guest.posts(form.action, {**fields, "addressed": "yes"})
    assert [a.addressed for a in answers_of(guest.store, pilot_id)] == [True], "the other answer is another act"
    guest.posts(form.action, {**dict(guest.opens().form("request").fields), "addressed": "no"})
    page = guest.posts(form.action, {**dict(guest.opens().form("request").fields), "addressed": "maybe"})
    assert page.status == 422
    assert "Choose “Yes, that’s it” or “Not yet”." in page.text
    missing = "/review/requests/feedback_0.too_long"
    assert guest.posts(missing, {**dict(form.fields), "addressed": "yes"}).status in (404, 409)
    [answer] = answers_of(guest.store, guest.store.pilot_ids()[0])
    assert answer.addressed is False


def test_strangers_and_reviewers_of_other_pilots_answer_nothing(second: Made) -> None:
    guest = second()
    form = guest.opens().form("request")
    fields = {**dict(form.fields), "addressed": "yes"}
    assert Browser(guest.store).posts(form.action, fields).status == 403
    other = Browser(guest.store)
    other.takes_link(pilot_in_review(guest.store, attempts=2))
    token = other.opens().form("name").value("token")
    assert other.posts(form.action, {**fields, "token": token}).status == 409
    assert all(answers_of(guest.store, pilot_id) == [] for pilot_id in guest.store.pilot_ids())


@pytest.mark.parametrize(
    ("before", "after"), [([s.model_copy(update={"content": ""}) for s in BEFORE], AFTER), ([], AFTER), (BEFORE, [])]
)
def test_where_it_is_not_known_what_changed_the_room_says_so(
    second: Made, before: list[Shot], after: list[Shot]
) -> None:
    page = second(before, after, (MUSIC.model_copy(update={"shots": None}),)).opens()
    assert "Play only what changed" not in page.text
    if before and after:
        assert (
            "Which shots differ from version 1 is not known. The parts below are those that were asked about."
            in page.text
        )
        assert "Play the parts that were asked about (0:04)" in page.text
        assert "Whether this part has changed is not known." in point(page, "The logo is cut off")
    else:
        assert "Which parts differ from version 1 is not known." in page.text
        assert "data-parts" not in section(page)
        assert "Where this is in version 2 is not known." in point(page, "The logo is cut off")


def test_what_the_pipeline_leaves_to_a_person_is_said_to_be_unanswered(second: Made) -> None:
    left = Change(text="Too long: correct the brief first.", flags=["too_long"], answered=False, shots=[])
    page = second(changes=(left,)).opens()
    assert left.text in point(page, "Too long")
    assert "Not answered by version 2." in point(page, "Too long")


def test_words_without_a_flag_are_answered_by_the_changes_without_a_flag(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    guest = Browser(served)
    decide(served, guest.takes_link(pilot), 1, Decision("minor_changes", notes="Brighter, please"))
    next_attempt(served, pilot.pilot_id)
    set_draft(served, pilot.pilot_id, 2, changes=[MUSIC, HOOK])
    page = guest.opens()
    assert MUSIC.text in point(page, "Brighter, please")
    assert HOOK.text not in point(page, "Brighter, please")
    assert f"What else changed {HOOK.text}" in page.text


@pytest.mark.parametrize(
    ("after", "says"),
    [(BEFORE, "Every shot looks as it did in version 1."), (shots(*[("hook", "Q", "q")] * 3), "Every shot differs")],
)
def test_if_all_or_nothing_changed_there_is_no_reel(second: Made, after: list[Shot], says: str) -> None:
    page = second(after=after).opens()
    assert says in page.text
    assert "Play only what changed" not in page.text


def test_a_part_has_its_picture_if_there_is_one(second: Made) -> None:
    guest = second()
    pilot = guest.store.load(guest.store.pilot_ids()[0])
    pack = f"{pilot.pilot_id}/attempt_2/review_pack"
    (guest.store.root / pack).mkdir(parents=True)
    (guest.store.root / pack / shot_still(0)).write_bytes(b"a picture")

    def change(pilot: PilotRun) -> None:
        pilot.attempt(2).review_pack_path = pack

    guest.store.change(pilot.pilot_id, change, "pipeline")
    page = guest.opens()
    address = f"/watch/{pilot.attempt(2).attempt_id}/shot_1.jpg"
    assert f'src="{address}"' in point(page, "Hook is weak")
    assert "<img" not in point(page, "The logo is cut off")
    assert guest.opens(path=address).answer.body == b"a picture"
    assert guest.opens(path=address.replace("shot_1", "shot_2")).status == 404
    assert Browser(guest.store).opens(path=address).status == 404


def test_the_first_version_has_no_such_section_and_the_second_of_one_nobody_reviewed_has_no_requests(
    served: PilotStore,
) -> None:
    guest = Browser(served)
    assert 'id="changed"' not in guest.opens(pilot_in_review(served)).source
    page = guest.opens(pilot_in_review(served, attempts=2))
    assert "Which parts differ from version 1 is not known." in page.text
    assert not page.has_form("request")


def test_not_yet_comes_back_with_the_version_after(second: Made) -> None:
    guest = second()
    pilot_id = guest.store.pilot_ids()[0]
    name = point(guest.opens(), "Too long").split('data-form="')[1].split('"')[0]
    guest.sends(guest.opens(), name, "Not yet")
    guest.sends(guest.opens(), "changes", notes="The ending, too")
    next_attempt(guest.store, pilot_id)
    page = guest.opens()
    assert "What changed since version 2" in page.heads()
    assert "You asked of version 1:" in page.text
    again = point(page, "Too long")
    assert "Not addressed in version 2" in again
    assert 'aria-pressed="true"' not in again, "of version 3 nothing is said yet"
    assert "Hook is weak" not in section(page), "it was not said again"
    page = guest.sends(page, name, "Yes, that’s it")
    assert 'value="yes" aria-pressed="true"' in point(page, "Too long")


def test_what_others_asked_is_there_too_and_the_answers_of_the_team(second: Made) -> None:
    guest = second()
    pilot = guest.store.load(guest.store.pilot_ids()[0])
    other = Browser(guest.store)
    other.takes_link(pilot, "Ben Ito")
    page = other.opens()
    assert "Dana Cruz asked:" in page.text
    name = point(page, "Too long").split('data-form="')[1].split('"')[0]
    other.sends(page, name, "Not yet")
    assert "Ben Ito, just now" in point(guest.opens(), "Too long")


def test_when_the_next_version_is_made_or_the_pilot_ended_answers_are_shown_without_buttons(second: Made) -> None:
    guest = second()
    pilot = guest.store.load(guest.store.pilot_ids()[0])
    name = point(guest.opens(), "Too long").split('data-form="')[1].split('"')[0]
    guest.sends(guest.opens(), name, "Not yet")
    guest.store.change(pilot.pilot_id, lambda p: p.add_attempt(pipeline="storyboard", at=guest.store.clock()), "Lea")
    page = guest.opens()
    assert not page.has_form("request")
    assert "Not addressed in version 2" in point(page, "Too long")


def test_the_preview_of_the_team_shows_it_without_buttons(second: Made) -> None:
    guest = second()
    page = Browser(guest.store, host="localhost:8501").opens(path=f"/review/preview/{guest.store.pilot_ids()[0]}")
    assert "What changed since version 1" in page.heads()
    assert not page.has_form("request")


def test_the_csv_of_comments_has_their_status(second: Made) -> None:
    guest = second()
    pilot = guest.store.load(guest.store.pilot_ids()[0])
    other = reviewer(guest.store, pilot, "Ben Ito")
    second_one = add_comment(guest.store, other, 2, Anchor(3), "Good")
    reply(guest.store, other, second_one.comment_id, "Really")
    name = point(guest.opens(), "The logo is cut off").split('data-form="')[1].split('"')[0]
    for button, status in (("Not yet", "not addressed"), ("Yes, that’s it", "addressed")):
        guest.sends(guest.opens(), name, button)
        text = comments_csv(guest.store, pilot.pilot_id).decode("utf-8-sig")
        assert sorted(row["status"] for row in csv.DictReader(io.StringIO(text))) == ["", status, "open"]
