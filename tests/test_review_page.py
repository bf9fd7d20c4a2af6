"""The review room's page in every state, run by AppTest over a real store."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import services
from pilot_core.models import FeedbackLevel, PilotRun, PilotStatus
from pilot_core.review.comments import add_comment, comments_of, judge_comment, reply, threads_of
from pilot_core.review.decisions import decide
from pilot_core.review.links import LinkRefused, grant_for, make_link, open_link, revoke_link
from pilot_core.review.receipts import receipts_of
from pilot_core.review.shown import film_checksum
from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, stores
from pilot_core.web.review_page.threads import DELETED
from tests.conftest import HandClock
from tests.pilot_pages import button, labels, shown
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt, reviewer, team

ENTRY = ROOT / "pilot_core" / "web" / "entry.py"
PAGE = ROOT / "pages" / "review.py"
NAME = "Dana Cruz"


class Guest:
    """Someone with a review link in their browser; the page is theirs from ``open`` on."""

    def __init__(self, store: PilotStore, monkeypatch: pytest.MonkeyPatch):
        self.store = store
        self.cookie: str | None = None
        self.role = access.Role.REVIEWER
        monkeypatch.setattr(access, "visitor", self.visitor)
        monkeypatch.setattr(stores, "store", lambda: store)

    def visitor(self) -> access.Visitor:
        grant = grant_for(self.store, self.cookie)
        return access.Visitor(grant.name if grant else "stranger", self.role, grant, bool(self.cookie) and not grant)

    def takes_link(self, pilot: PilotRun, name: str = NAME) -> None:
        self.cookie = open_link(self.store, make_link(self.store, pilot.pilot_id, name, actor=LEAD)[1])[1]

    def opens(self, pilot: PilotRun | None = None) -> AppTest:
        if pilot:
            self.takes_link(pilot)
        at = AppTest.from_file(str(PAGE), default_timeout=60).run()
        assert not at.exception
        return at


@pytest.fixture
def guest(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Guest:
    return Guest(store, monkeypatch)


def tell(at: AppTest, key: str, **told: Any) -> AppTest:
    """Have a component say something, as its browser side does."""
    at.session_state[key] = told
    at.run()
    assert not at.exception
    return at


def decides(at: AppTest, level: str) -> AppTest:
    return at.radio[0].set_value(level).run()


def text_key(pilot: PilotRun) -> str:
    return f"text decision {pilot.runs[-1].attempt_id}"


# Who comes in


def test_a_stranger_sees_one_sentence_and_nothing_else(guest: Guest, store: PilotStore) -> None:
    pilot_in_review(store)
    guest.role = access.Role.STRANGER
    at = guest.opens()
    assert [info.value for info in at.info] == [access.CLOSED]
    assert not [*at.markdown, *at.button, *at.radio, *at.subheader]


def test_a_lead_without_a_link_is_told_what_this_is(guest: Guest) -> None:
    guest.role = access.Role.LEAD
    assert [info.value for info in guest.opens().info] == [access.NO_GRANT]


def test_a_reviewer_has_no_other_page(guest: Guest, store: PilotStore) -> None:
    guest.takes_link(pilot_in_review(store))
    at = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    assert not at.exception
    assert "AcmeAI" in shown(at)
    assert not at.sidebar.children
    for page in ("overview", "pilot", "metrics", "new_pilot"):
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            at.switch_page(f"../../pages/{page}.py")


def test_each_of_twenty_grants_shows_its_own_pilot(guest: Guest, store: PilotStore) -> None:
    with store.database.session():
        pilots = []
        for number in range(20):
            pilot = pilot_in_review(store)
            pilots.append(
                store.change(pilot.pilot_id, lambda p, n=number: setattr(p, "company_name", f"Nr {n:02}."), LEAD)[0]
            )
            add_comment(store, reviewer(store, pilot), 1, 3, f"Words on nr {number:02}.")
    for number, pilot in enumerate(pilots):
        text = shown(guest.opens(pilot)).replace("\\", "")
        assert {f"Nr {n:02}." for n in range(20) if f"Nr {n:02}." in text} == {f"Nr {number:02}."}
        assert {n for n in range(20) if f"Words on nr {n:02}." in text} == {number}


def test_a_revoked_grant_ends_in_an_open_tab(guest: Guest, store: PilotStore) -> None:
    at = guest.opens(pilot_in_review(store))
    assert at.radio
    grant = guest.visitor().grant
    assert grant is not None
    revoke_link(store, grant.link_id, LEAD)
    at = at.run()
    assert not at.exception
    assert not [*at.radio, *at.button, *at.text]
    assert [info.value for info in at.info] == [str(LinkRefused())]


def test_what_is_done_in_a_tab_after_its_grant_ended_is_not_done(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = decides(guest.opens(pilot), "minor_changes")
    grant = guest.visitor().grant
    assert grant is not None
    revoke_link(store, grant.link_id, LEAD)
    tell(at, text_key(pilot), sent={"id": "1", "text": "Too late"})
    assert store.load(pilot.pilot_id).runs[0].review is None


# What it shows


def test_before_the_first_film_it_says_that_it_is_coming(guest: Guest, store: PilotStore) -> None:
    pilot = services.create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme", now=store.clock())
    store.save(pilot, LEAD)
    queued_attempt(store, pilot.pilot_id)
    at = guest.opens(pilot)
    assert "The film is being made" in at.info[0].value
    assert not at.radio


def test_the_first_visit_shows_the_film_the_decision_and_what_is_recorded(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = guest.opens(pilot)
    assert "**AcmeAI**, attempt 1 · for Alice Chen, from Lea Lead" in shown(at).replace("\\", "")
    assert "Reviewing as Dana Cruz · not you?" in str(at.get("popover")[0].proto)
    assert [heading.value for heading in at.subheader] == ["Your decision"]
    assert "Nothing else is recorded." in at.caption[-1].value
    assert not at.get("segmented_control"), "nothing to compare with"
    at.run()
    [receipt] = receipts_of(store, pilot.pilot_id)
    assert (receipt.reviewer, receipt.opened_at) == (NAME, store.clock())
    assert [e.kind for e in store.events(pilot.pilot_id)].count("film_opened") == 1


def test_texts_of_the_pack_are_folded_in_the_guides_order(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store, attempts=2)
    pack = store.root / pilot.pilot_id / "attempt_2" / "review_pack"
    pack.mkdir()
    (pack / "marketing_summary.txt").write_text(
        "Marketing summary\n====\n\nIn one line\n----\n![x](http://evil/a.png)\n"
    )
    (pack / "director_notes.txt").write_text("Notes\n====\n- One thing\n")
    (pack / "what_changed_since_last_version.txt").write_text("Changes\n====\n> Their\n> words\n")

    def work(pilot: PilotRun) -> None:
        pilot.runs[1].review_pack_path = f"{pilot.pilot_id}/attempt_2/review_pack"

    store.change(pilot.pilot_id, work, "pipeline")
    at = guest.opens(pilot)
    folded = [expander.label for expander in at.expander]
    assert folded[:3] == ["Marketing summary", "What changed since last time", "Director’s notes"]
    assert at.expander[0].markdown[0].value.startswith("**In one line**")
    assert "![x]" not in at.expander[0].markdown[0].value


def test_an_earlier_attempt_is_locked_and_only_read(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, 30, "Slower here")
    reply(store, team(pilot), said.comment_id, "We will")
    decide(store, reviewer(store, pilot), 1, "minor_changes", notes="The middle drags.")
    pilot = next_attempt(store, pilot.pilot_id)
    at = guest.opens(pilot)
    assert [e.label for e in at.expander if e.label.startswith("Attempt")] == ["Attempt 1 · minor changes"]
    assert "Slower here" not in shown(at), "an earlier film is fetched only when it is opened"
    at.session_state[f"earlier {pilot.runs[0].attempt_id}"] = True
    at.run()
    assert {"Slower here", "We will", "The middle drags."} <= {text.value for text in at.text}
    assert "Edit" not in labels(at)
    assert "0:01" in labels(at)


def test_compared_with_the_last_version_its_comments_are_judged(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, 50, "Slower here")
    pilot = next_attempt(store, pilot.pilot_id, rate="30", seconds=30)
    at = guest.opens(pilot)
    at.segmented_control[0].set_value("compare").run()
    assert not at.exception
    assert "Slower here" in shown(at)
    judging = next(c for c in at.segmented_control if c.label == "Is it addressed now?")
    judging.set_value(True).run()
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.addressed, comment.judged_in, comment.judged_by) == (True, 2, NAME)
    assert comment.comment_id == said.comment_id


def test_words_are_shown_as_typed_and_never_obeyed(guest: Guest, store: PilotStore) -> None:
    evil = "![x](http://evil/a.png) **bold** <script>alert(1)</script> :smile:"
    pilot = pilot_in_review(store)
    store.change(pilot.pilot_id, lambda p: setattr(p, "company_name", evil), LEAD)
    guest.takes_link(pilot, "*Dana* ![y](http://evil/b.png)")
    grant = guest.visitor().grant
    assert grant is not None
    add_comment(store, grant, 1, 3, evil)
    at = guest.opens()
    assert [text.value for text in at.text] == [evil]
    assert not [m for m in at.markdown if "![" in m.value]
    assert not [label for label in labels(at) if "![" in label]


# Comments


def comments(at: AppTest, pilot: PilotRun, **sent: Any) -> AppTest:
    return tell(at, "dock", sent={"id": "1", "frame": 40, "end_frame": None, "shape": None} | sent)


def test_a_comment_from_the_dock_is_kept_once_however_often_it_arrives(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = guest.opens(pilot)
    shape = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
    comments(at, pilot, text="Slower, please", shape=shape)
    comments(at, pilot, text="Slower, please", shape=shape, id="another try")
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.frame, comment.body, comment.author) == (40, "Slower, please", NAME)
    assert comment.shape is not None
    assert comment.shape.width == 0.3
    assert {"Edit", "Delete", "0:01"} <= set(labels(at))


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"text": "x" * 2_001}, "at most 2,000 are kept"),
        ({"text": "  "}, "The comment is empty"),
        ({"text": "Late", "frame": 9_999}, "not a frame of this film"),
        ({"text": "Odd", "frame": "40"}, "not a frame of this film"),
    ],
)
def test_a_comment_that_cannot_be_kept_says_why(
    guest: Guest, store: PilotStore, sent: dict[str, Any], reason: str
) -> None:
    pilot = pilot_in_review(store)
    at = comments(guest.opens(pilot), pilot, **sent)
    assert reason in at.session_state[f"answer comment {pilot.runs[0].attempt_id}"]["error"]
    assert comments_of(store, pilot.pilot_id) == []


@pytest.mark.parametrize("sent", [None, 7, {"id": 1, "text": "x"}, {"id": "x" * 99, "text": "x"}, {"text": "x"}])
def test_nonsense_from_a_browser_changes_nothing(guest: Guest, store: PilotStore, sent: object) -> None:
    pilot = pilot_in_review(store)
    tell(guest.opens(pilot), "dock", sent=sent, decide={"approve": True})
    assert comments_of(store, pilot.pilot_id) == []


def test_ones_own_comment_can_be_changed_and_deleted_and_nobody_elses(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, 10, "Of Ben")
    at = comments(guest.opens(pilot), pilot, text="Of Dana")
    assert labels(at).count("Edit") == 1
    mine = next(c for c in comments_of(store, pilot.pilot_id) if c.author == NAME)
    at = button(at, "Edit")
    tell(at, f"text edit {mine.comment_id}", sent={"id": "2", "text": "Of Dana, put better"})
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Of Ben", "Of Dana, put better"]
    at = button(at, "Delete")
    assert len(comments_of(store, pilot.pilot_id)) == 2, "asked first"
    at = button(button(at, "Keep"), "Delete")
    button(at, "Delete")
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Of Ben"]


def test_the_teams_answer_is_shown_and_can_be_answered(guest: Guest, store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    at = comments(guest.opens(pilot), pilot, text="Slower, please")
    assert "Reply" not in labels(at)
    [comment] = comments_of(store, pilot.pilot_id)
    clock.forward(minutes=1)
    reply(store, team(pilot), comment.comment_id, "How much slower?")
    clock.forward(minutes=1)
    at = button(at.run(), "Reply")
    assert "**Lea Lead** :gray[for the team]" in shown(at)
    tell(at, f"text reply {comment.comment_id}", sent={"id": "3", "text": "Half as fast"})
    [thread] = threads_of(store, pilot.pilot_id)
    assert [(answer.author, answer.body) for answer in thread.replies] == [
        (LEAD, "How much slower?"),
        (NAME, "Half as fast"),
    ]


def test_a_comment_that_was_taken_back_leaves_its_place_where_it_was_answered(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = comments(guest.opens(pilot), pilot, text="Slower, please")
    [comment] = comments_of(store, pilot.pilot_id)
    reply(store, team(pilot), comment.comment_id, "We will")
    at = button(button(at.run(), "Delete"), "Delete")
    assert DELETED in shown(at)
    assert "Slower, please" not in shown(at)


def test_a_resolved_comment_says_so(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, 50, "Slower here")
    pilot = next_attempt(store, pilot.pilot_id)
    judge_comment(store, team(pilot), said.comment_id, True, 2)
    at = guest.opens(pilot)
    at.session_state[f"earlier {pilot.runs[0].attempt_id}"] = True
    assert "Addressed in attempt 2" in shown(at.run())


def test_the_name_can_be_changed(guest: Guest, store: PilotStore) -> None:
    at = guest.opens(pilot_in_review(store))
    at.text_input[0].set_value("Eve Adams")
    at = button(at, "Use this name")
    assert "Reviewing as Eve Adams" in str(at.get("popover")[0].proto)
    at.text_input[0].set_value("   ")
    at = button(at, "Use this name")
    assert "A name is needed" in at.error[0].value


# The decision


@pytest.mark.parametrize("level", ["minor_changes", "major_changes"])
def test_changes_ask_for_a_first_reason_and_keep_what_was_chosen(guest: Guest, store: PilotStore, level: str) -> None:
    pilot = pilot_in_review(store)
    at = decides(guest.opens(pilot), level)
    tell(at, text_key(pilot), sent={"id": "1", "text": ""})
    asked = at.session_state[f"answer decision {pilot.runs[0].attempt_id}"]
    assert "Say what you would change first" in asked["error"]
    at.button_group[0].set_value(["too_long"]).run()
    tell(at, text_key(pilot), sent={"id": "2", "text": ""})
    given = store.load(pilot.pilot_id).runs[0].review
    assert given is not None
    assert (given.level, given.flags, given.by, given.channel) == (level, ["too_long"], NAME, "review link")
    assert f"Thank you, {NAME}." in [heading.value for heading in at.subheader]
    assert not at.radio


def test_a_sentence_is_reason_enough_and_so_is_a_comment(guest: Guest, store: PilotStore) -> None:
    for words in ("The middle drags.", ""):
        pilot = pilot_in_review(store)
        at = guest.opens(pilot)
        if not words:
            comments(at, pilot, text="Slower, please")
            at.session_state["dock"] = {}
        at = decides(at, "minor_changes")
        assert ("Your 1 comment on the film goes with it." in [c.value for c in at.caption]) == (not words)
        tell(at, text_key(pilot), sent={"id": "1", "text": words})
        given = store.load(pilot.pilot_id).runs[0].review
        assert given is not None
        assert given.notes == words


def test_the_row_of_buttons_begins_a_decision_and_decides_nothing(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = guest.opens(pilot)
    assert tell(at, "dock", decide="changes").radio[0].value == "minor_changes"
    decides(at, "major_changes")
    assert tell(at, "dock", decide="changes").radio[0].value == "major_changes"
    assert tell(at, "dock", decide="approve").radio[0].value == "approve"
    assert store.load(pilot.pilot_id).runs[0].review is None


def test_approving_takes_a_second_act_that_names_the_film(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = decides(guest.opens(pilot), "approve")
    first = at.checkbox[0].key.split()[0]
    at.checkbox[0].check().run()
    assert "· 1 of" in at.expander[0].label
    at = button(at, "Approve attempt 1…")
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE, "the first act only asks"
    checksum = film_checksum(store, pilot.runs[0])
    short = f"{checksum[:4]} {checksum[4:8]} {checksum[8:12]}"
    assert f"draft_v1.mp4 of attempt 1, 20 s, checksum {short}" in shown(at).replace("\\", "")
    assert "The pilot is completed, and no further version is made." in shown(at)
    at = button(at, f"Yes, I approve it as {NAME}")
    saved = store.load(pilot.pilot_id)
    given = saved.runs[0].review
    assert given is not None
    assert (saved.status, given.level) == (PilotStatus.COMPLETED, FeedbackLevel.APPROVE)
    assert (given.sha256, given.checklist) == (checksum, [first])


def test_not_yet_approves_nothing(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = button(decides(guest.opens(pilot), "approve"), "Approve attempt 1…")
    at = button(at, "Not yet")
    assert store.load(pilot.pilot_id).runs[0].review is None
    assert "Not yet" not in labels(at.run())


def test_a_film_that_was_exchanged_meanwhile_is_not_approved(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    at = button(decides(guest.opens(pilot), "approve"), "Approve attempt 1…")
    store.path_of(pilot.runs[0].video_path or "").write_bytes(b"another film")
    at = button(at, f"Yes, I approve it as {NAME}")
    assert "The film has changed since it was shown to you" in at.error[0].value
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE


def test_a_decision_is_undone_within_ten_minutes_and_stands_after(
    guest: Guest, store: PilotStore, clock: HandClock
) -> None:
    pilot = pilot_in_review(store)
    guest.takes_link(pilot)
    grant = guest.visitor().grant
    assert grant is not None
    checksum = film_checksum(store, pilot.runs[0])
    given = decide(store, grant, 1, "approve", approved_sha256=checksum)
    clock.forward(minutes=9)
    at = guest.opens()
    assert f"Thank you, {NAME}." in [heading.value for heading in at.subheader]
    tell(at, f"undo {given.feedback_id}", undo=True)
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE
    assert at.radio
    decide(store, grant, 1, "approve", approved_sha256=checksum)
    clock.forward(minutes=10, seconds=1)
    at = guest.opens()
    assert "Something to add? Answer the message that brought you here." in [c.value for c in at.caption]
    assert not at.radio


def test_a_pilot_completed_by_someone_else_can_be_looked_at(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    services.record_feedback(store, pilot.pilot_id, 1, "Fine", "approve", actor=LEAD)
    at = guest.opens(pilot)
    assert "approved attempt 1" in at.info[0].value
    assert not at.radio
    dropped = pilot_in_review(store)
    services.drop(store, dropped.pilot_id, "No answer", external=False, actor=LEAD)
    at = guest.opens(dropped)
    assert "This pilot has ended" in at.info[0].value
    assert "No answer" not in shown(at), "the team’s reason is the team’s"


def test_while_the_next_version_is_made_nothing_is_decided(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    services.record_feedback(store, pilot.pilot_id, 1, "Slower", "minor_changes", actor=LEAD)
    queued_attempt(store, pilot.pilot_id)
    at = guest.opens(pilot)
    assert "The team is making the next version." in at.info[0].value
    assert not at.radio


def test_what_someone_else_decided_is_said_and_can_be_decided_otherwise(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    decide(store, reviewer(store, pilot, "Ben Ito"), 1, "minor_changes", notes="Too slow")
    at = decides(guest.opens(pilot), "major_changes")
    assert "Ben Ito has said “minor changes” on this attempt." in shown(at)
    tell(at, text_key(pilot), sent={"id": "1", "text": "Wrong idea"})
    given = store.load(pilot.pilot_id).runs[0].review
    assert given is not None
    assert (given.by, given.level) == (NAME, "major_changes")


def test_a_film_that_is_not_there_is_said_and_cannot_be_approved(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    store.path_of(pilot.runs[0].video_path or "").unlink()
    at = guest.opens(pilot)
    assert "cannot be played just now" in at.info[0].value
    at = button(decides(at, "approve"), "Approve attempt 1…")
    assert "cannot be read just now" in at.error[0].value
    assert "Yes" not in " ".join(labels(at))


def test_what_others_say_while_the_page_is_drawn_does_not_run_it_again(guest: Guest, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest.takes_link(pilot)

    def page() -> None:
        import streamlit as st

        from pilot_core.web import stores
        from pilot_core.web.review_page import pulse

        pulse.watch(stores.store(), "as it was before the last comment")
        st.write("drawn")

    at = AppTest.from_function(page, default_timeout=20).run()
    assert [element.value for element in at.markdown] == ["drawn"]
