"""The review room's pages in every state, over HTTP on a real store, as a browser without JavaScript uses them."""

import pytest

from pilot_core.domain.attempt import SentHow, Shot
from pilot_core.domain.comments import Anchor
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.review.comments import add_comment, comments_of, judge_comment, reply, threads_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import revoke_link
from pilot_core.review.shown import film_checksum
from pilot_core.services import pilots as services
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import idempotency, rate_limits
from tests.conftest import HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt, reviewer, team
from tests.room_client import Browser, Page

NAME = "Dana Cruz"
DELETED = "This comment was deleted."
NOT_OPEN = "This review is not open here"


@pytest.fixture
def guest(served: PilotStore) -> Browser:
    """Return the browser of an outside visitor. ``served`` makes the routes use the test's store."""
    return Browser(served)


def comments(guest: Browser, page: Page, **fields: str) -> Page:
    return guest.sends(page, "comment", **({"at": "0:01.6", "body": "Slower, please"} | fields))


def approves(guest: Browser, **fields: str | list[str]) -> Page:
    return guest.sends(guest.opens(path="/review/approve"), "approve", **fields)


def watches(guest: Browser, seconds: str) -> Page:
    body = f'{{"attempt": 1, "watched": {seconds}}}'.encode()
    return guest.asks("/watched", "POST", body, origin=f"http://{guest.host}")


# Access


def test_a_stranger_sees_one_sentence_and_nothing_else(guest: Browser, store: PilotStore) -> None:
    pilot_in_review(store)
    page = guest.opens()
    assert (page.status, page.headings) == (403, [("h1", NOT_OPEN)])
    assert not page.forms
    assert "AcmeAI" not in page.text


def test_each_of_twenty_grants_shows_its_own_pilot(guest: Browser, store: PilotStore) -> None:
    pilots = []
    with store.database.session():
        for number in range(20):
            pilot = pilot_in_review(store)
            pilots.append(
                store.change(pilot.pilot_id, lambda p, n=number: setattr(p, "company_name", f"Nr {n:02}."), LEAD)[0]
            )
            add_comment(store, reviewer(store, pilot), 1, Anchor(3), f"Words on nr {number:02}.")
    for number, pilot in enumerate(pilots):
        text = guest.opens(pilot).text
        assert {f"Nr {n:02}." for n in range(20) if f"Nr {n:02}." in text} == {f"Nr {number:02}."}
        assert {n for n in range(20) if f"Words on nr {n:02}." in text} == {number}


def test_a_revoked_grant_ends_in_an_open_tab_and_the_page_says_what_was_kept(guest: Browser, store: PilotStore) -> None:
    page = guest.opens(pilot_in_review(store))
    assert page.has_form("changes")
    assert guest.grant is not None
    revoke_link(store, guest.grant.link_id, LEAD)
    page = guest.opens()
    assert page.status == 403
    assert "Your comments and decisions were kept" in page.text
    assert not page.forms


def test_what_is_sent_after_the_grant_ended_is_not_done_and_its_words_come_back(
    guest: Browser, store: PilotStore
) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    assert guest.grant is not None
    revoke_link(store, guest.grant.link_id, LEAD)
    page = guest.sends(page, "changes", notes="Too late")
    assert page.status == 403
    assert "Your words were not sent" in page.text
    assert "Too late" in page.text
    assert store.load(pilot.pilot_id).runs[0].review is None


# What the room shows


def test_before_the_first_video_it_says_that_it_is_coming(guest: Browser, store: PilotStore) -> None:
    pilot = services.create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme", now=store.clock())
    store.save(pilot, LEAD)
    queued_attempt(store, pilot.pilot_id)
    page = guest.opens(pilot)
    assert "The video will be on this page as soon as it is ready." in page.text
    assert not page.has_form("changes")


def test_the_first_line_says_who_asks_for_what_by_when(
    guest: Browser, store: PilotStore, monkeypatch: pytest.MonkeyPatch, clock: HandClock
) -> None:
    pilot = pilot_in_review(store)
    assert guest.opens(pilot).headings[0] == ("h1", "The team would like your decision on version 1.")
    store.change(pilot.pilot_id, lambda pilot: pilot.mark_sent(1, "Mara", SentHow.HAND, clock()), LEAD)
    assert guest.opens(pilot).headings[0] == ("h1", "The team would like your decision on version 1 by Wednesday.")
    monkeypatch.setenv("PILOT_OPS_TEAM", "Northwind Video")
    assert Browser(store).opens(pilot).headings[0][1].startswith("Northwind Video would like")
    monkeypatch.setenv("PILOT_OPS_LEAD", "Priya")
    named = "Priya at Northwind Video would like your decision on version 1"
    assert Browser(store).opens(pilot).headings[0][1] == f"{named} by Wednesday."
    clock.forward(days=2)
    assert Browser(store).opens(pilot).headings[0][1] == f"{named}.", "what is late is not asked for again by a day"
    assert LEAD not in Browser(store).opens(pilot).text


def test_the_first_visit_shows_the_video_the_forms_and_what_is_recorded(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    assert "AcmeAI, for Alice Chen." in page.text
    assert "Reviewing as Dana Cruz. Not you?" in page.text
    assert page.heads() == ["Comment", "Your decision"]
    assert "Nothing else is recorded." in page.text
    assert "Compare with" not in page.text
    checksum = film_checksum(store, pilot.pilot_id, pilot.runs[0])
    assert f'src="/watch/{pilot.runs[0].attempt_id}/video.mp4?v={checksum[:12]}" controls playsinline' in (page.source)


def test_a_page_is_small_private_and_runs_nothing_of_its_own(guest: Browser, store: PilotStore) -> None:
    page = guest.opens(pilot_in_review(store))
    policy = page.answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.answer.headers["cache-control"] == "no-store"
    assert " style=" not in page.source
    assert page.source.count("<script") == 2, "the page's facts, and the module"
    assert len(page.answer.body) < 40_000


def test_texts_of_the_pack_are_folded_in_the_guides_order(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store, attempts=2)
    pack = store.root / pilot.pilot_id / "attempt_2" / "review_pack"
    pack.mkdir()
    (pack / "marketing_summary.txt").write_text(
        "Marketing summary\n====\n\nIn one line\n----\n<b>x</b>\n\n- One\n- Two\n"
    )
    (pack / "director_notes.txt").write_text("Notes\n====\n- One thing\n")
    (pack / "what_changed_since_last_version.txt").write_text("Changes\n====\n> Their\n> words\n")

    def furnish(pilot: PilotRun) -> None:
        pilot.runs[1].review_pack_path = f"{pilot.pilot_id}/attempt_2/review_pack"

    store.change(pilot.pilot_id, furnish, "pipeline")
    page = guest.opens(pilot)
    folded = [words for tag, words in page.headings if tag == "h3"][-3:]
    assert folded == ["Marketing summary", "What changed since the last version", "Director’s notes"]
    assert ("h4", "In one line") in page.headings
    assert "&lt;b&gt;x&lt;/b&gt;" in page.source
    assert "<li>One</li><li>Two</li>" in page.source
    assert "<blockquote><p>Their</p><p>words</p></blockquote>" in page.source


def test_an_earlier_version_is_locked_and_only_read(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, Anchor(30), "Slower here")
    reply(store, team(pilot), said.comment_id, "We will")
    decide(store, reviewer(store, pilot), 1, Decision("minor_changes", notes="The middle drags."))
    pilot = next_attempt(store, pilot.pilot_id)
    page = guest.opens(pilot)
    assert "Version 1: minor changes" in page.text
    assert "Slower here" not in page.source.split('<section id="comments"')[1], "it is with what changed"
    page = guest.opens(path=page.links["Version 1"])
    for words in ("Slower here", "We will", "The middle drags.", "0:01"):
        assert words in page.text
    assert not page.forms
    assert guest.opens(path="/review/versions/2").status == 404
    assert guest.opens(path="/review/versions/9").status == 404


def test_compared_with_the_last_version_its_comments_are_judged(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, Anchor(50), "Slower here")
    pilot = next_attempt(store, pilot.pilot_id, rate="30", seconds=30)
    page = guest.opens(path=guest.opens(pilot).links["Compare with version 1"])
    assert "Slower here" in page.text
    page = guest.sends(page, "judge", "Yes, addressed")
    assert "Addressed in version 2" in page.text
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.addressed, comment.judged_in, comment.judged_by) == (True, 2, NAME)
    assert comment.comment_id == said.comment_id


def test_while_comparing_the_newest_version_can_be_commented_on(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store, attempts=2)
    page = guest.opens(pilot, "/review/compare")
    page = comments(guest, page, body="Better than before")
    assert page.path == "/review/compare#comment"
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.attempt_number, comment.frame, comment.body) == (2, 40, "Better than before")


def test_words_are_shown_as_typed_and_never_obeyed(guest: Browser, store: PilotStore) -> None:
    evil = "![x](http://evil/a.png) **bold** <script>alert(1)</script> </textarea><b>"
    pilot = pilot_in_review(store)
    store.change(pilot.pilot_id, lambda p: setattr(p, "company_name", evil), LEAD)
    guest.takes_link(pilot, "<i>Dana</i>")
    assert guest.grant is not None
    add_comment(store, guest.grant, 1, Anchor(3), evil)
    page = guest.opens()
    assert page.text.count(evil) >= 2
    assert "<script>alert" not in page.source
    assert "<i>Dana" not in page.source
    assert comments_of(store, pilot.pilot_id)[0].body == evil


def test_comments_in_one_second_show_their_frames(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    for frame, end in ((40, None), (44, None), (80, 120)):
        add_comment(store, reviewer(store, pilot), 1, Anchor(frame, end), f"At {frame}")
    text = guest.opens(pilot).text
    assert "0:01:15" in text
    assert "0:01:19" in text
    assert "0:03–0:04" in text


# Comments


def test_a_comment_is_kept_once_however_often_it_arrives(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    shape = '{"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}'
    for _ in range(2):
        after = comments(guest, page, frame="40", shape=shape)
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.frame, comment.body, comment.author) == (40, "Slower, please", NAME)
    assert comment.shape is not None
    assert comment.shape.width == 0.3
    assert {"Edit", "Delete", "Reply"} <= set(after.text.split())
    assert after.form("comment").value("body") == ""
    comments(guest, after, frame="40", body="Slower, please")
    assert len(comments_of(store, pilot.pilot_id)) == 2, "said again on purpose"


def test_what_was_sent_before_a_restart_is_not_said_twice_after_it(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    comments(guest, page)
    idempotency._done.clear()
    after = comments(guest, page)
    assert after.status == 200
    assert len(comments_of(store, pilot.pilot_id)) == 1
    page = guest.sends(after, "reply", body="And one more thing")
    idempotency._done.clear()
    guest.sends(after, "reply", body="And one more thing")
    assert len(comments_of(store, pilot.pilot_id)) == 2


@pytest.mark.parametrize(
    ("typed", "frame", "end"),
    [("0:01.6", 40, None), ("1,6", 40, None), ("00:00:01:15", 40, None), ("0:02", 50, 100), ("", 0, None)],
)
def test_without_a_player_the_time_is_typed(
    guest: Browser, store: PilotStore, typed: str, frame: int, end: int | None
) -> None:
    pilot = pilot_in_review(store)
    comments(guest, guest.opens(pilot), at=typed, until="0:04" if end else "")
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.frame, comment.end_frame) == (frame, end)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"body": "x" * 2_001}, "at most 2,000 are kept"),
        ({"body": "  "}, "The comment is empty"),
        ({"body": "Late", "frame": "9999"}, "not a frame of this video"),
        ({"body": "Odd", "frame": "4o"}, "not a frame of this video"),
        ({"body": "When", "at": "soon"}, "Enter the time as minutes and seconds"),
        ({"body": "Back", "at": "0:04", "until": "0:02"}, "The range ends before it begins"),
        ({"body": "Mark", "shape": "[]"}, "The mark cannot be read"),
    ],
)
def test_a_comment_that_cannot_be_kept_says_why_and_comes_back_with_its_words(
    guest: Browser, store: PilotStore, sent: dict[str, str], reason: str
) -> None:
    pilot = pilot_in_review(store)
    page = comments(guest, guest.opens(pilot), **sent)
    assert page.status == 422
    assert reason in page.text
    assert page.form("comment").value("body") == sent["body"]
    assert comments_of(store, pilot.pilot_id) == []


def test_ones_own_comment_can_be_changed_and_deleted_and_nobody_elses(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    of_ben = add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(10), "Of Ben")
    page = comments(guest, guest.opens(pilot), body="Of Dana")
    assert page.text.count("Edit") == 1
    page = guest.sends(page, "edit", body="Of Dana, put better")
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Of Ben", "Of Dana, put better"]
    assert "Edited" in page.text
    form = page.form("delete")
    stolen = form.action.replace(form.name.split()[1], of_ben.comment_id)
    refused = guest.posts(stolen, dict(form.fields))
    assert refused.status == 409, "a form's token is for its own address"
    guest.sends(page, "delete")
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Of Ben"]


def test_an_edit_that_is_refused_comes_back_open_with_its_words(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = comments(guest, guest.opens(pilot))
    page = guest.sends(page, "edit", body="y" * 2_001)
    assert page.status == 422
    assert page.form("edit").value("body") == "y" * 2_001
    assert "at most 2,000 are kept" in page.text


def test_anyone_in_the_room_can_answer_and_the_teams_answer_is_marked(
    guest: Browser, store: PilotStore, clock: HandClock
) -> None:
    pilot = pilot_in_review(store)
    page = comments(guest, guest.opens(pilot))
    [comment] = comments_of(store, pilot.pilot_id)
    clock.forward(minutes=1)
    reply(store, team(pilot), comment.comment_id, "How much slower?")
    clock.forward(minutes=1)
    page = guest.opens()
    assert "Lea Lead for the team" in page.text
    guest.sends(page, "reply", body="Half as fast")
    clock.forward(minutes=1)
    ben = Browser(store)
    ben.sends(ben.opens(pilot, reviewer="Ben Ito"), "reply", body="I agree")
    [thread] = threads_of(store, pilot.pilot_id)
    assert [(answer.author, answer.body) for answer in thread.replies] == [
        (LEAD, "How much slower?"),
        (NAME, "Half as fast"),
        ("Ben Ito", "I agree"),
    ]


def test_a_comment_that_was_deleted_leaves_its_place_where_it_was_answered(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    comments(guest, guest.opens(pilot))
    [comment] = comments_of(store, pilot.pilot_id)
    reply(store, team(pilot), comment.comment_id, "We will")
    page = guest.sends(guest.opens(), "delete")
    assert DELETED in page.text
    assert "Slower, please" not in page.text


def test_a_resolved_comment_says_so(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    said = add_comment(store, reviewer(store, pilot), 1, Anchor(50), "Slower here")
    pilot = next_attempt(store, pilot.pilot_id)
    judge_comment(store, team(pilot), said.comment_id, True, 2)
    assert "Addressed in version 2" in guest.opens(pilot, "/review/versions/1").text


def test_words_for_a_version_that_is_no_longer_the_newest_come_back_on_the_new_one(
    guest: Browser, store: PilotStore
) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    next_attempt(store, pilot.pilot_id)
    page = comments(guest, page, body="Half a thought")
    assert page.status == 409
    assert "Version 2 is here" in page.text
    assert page.form("comment").value("body") == "Half a thought"
    assert page.form("comment").value("attempt") == "2"
    page = guest.sends(page, "comment")
    assert [(c.attempt_number, c.body) for c in comments_of(store, pilot.pilot_id)] == [(2, "Half a thought")]


def test_words_of_a_form_that_is_gone_are_shown_to_be_copied(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = comments(guest, guest.opens(pilot))
    services.record_feedback(store, pilot.pilot_id, 1, "Fine", "approve", actor=LEAD)
    page = guest.sends(page, "edit", body="Never lost")
    assert "Not sent" in page.heads()
    assert "Never lost" in page.text


def test_a_form_that_has_been_open_for_too_long_comes_back_with_its_words(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(pilot)
    del guest.cookies["pilot_form"]
    page = comments(guest, page, body="Patience")
    assert page.status == 409
    assert "This page had been open for too long" in page.text
    page = guest.sends(page, "comment")
    assert [c.body for c in comments_of(store, pilot.pilot_id)] == ["Patience"]


def test_a_form_from_another_site_is_not_taken_and_says_nothing(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    form = guest.opens(pilot).form("changes")
    body = dict(form.fields) | {"notes": "Mine"}
    for told in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        refused = guest.posts(form.action, body, **told)
        assert (refused.status, refused.source) == (404, "Not found")
    assert store.load(pilot.pilot_id).runs[0].review is None


def test_the_name_can_be_changed(guest: Browser, store: PilotStore) -> None:
    page = guest.sends(guest.opens(pilot_in_review(store)), "name", name="Eve Adams")
    assert "Reviewing as Eve Adams" in page.text
    page = guest.sends(page, "name", name="   ")
    assert "A name is needed" in page.text


def test_what_is_sent_too_fast_comes_back_with_its_words(
    guest: Browser, store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each form of the room is counted where forms are taken."""
    monkeypatch.setattr(rate_limits, "WORDS_A_LINK", rate_limits.Rate("words, link", 2, 60))
    pilot = pilot_in_review(store)
    page = comments(guest, comments(guest, guest.opens(pilot), body="One"), body="Two")
    page = comments(guest, page, body="Three of them")
    assert (page.status, str(rate_limits.TooMuch()) in page.text) == (429, True)
    assert page.form("comment").value("body") == "Three of them"
    assert {comment.body for comment in comments_of(store, pilot.pilot_id)} == {"One", "Two"}


# The decision


@pytest.mark.parametrize("level", ["minor_changes", "major_changes"])
def test_changes_ask_for_a_first_reason_and_keep_what_was_chosen(guest: Browser, store: PilotStore, level: str) -> None:
    pilot = pilot_in_review(store)
    page = guest.sends(guest.opens(pilot), "changes", level=level)
    assert page.status == 422
    assert "Say what you would change first" in page.text
    assert page.form("changes").value("level") == level
    page = guest.sends(page, "changes", flags=["too_long"])
    given = store.load(pilot.pilot_id).runs[0].review
    assert given is not None
    assert (given.level, given.flags, given.by, given.channel) == (level, ["too_long"], NAME, "review link")
    assert f"Thank you, {NAME}." in page.heads()
    assert not page.has_form("changes")


def test_a_sentence_is_reason_enough_and_so_is_a_comment(guest: Browser, store: PilotStore) -> None:
    for words in ("The middle drags.", ""):
        pilot = pilot_in_review(store)
        page = guest.opens(pilot)
        if not words:
            page = comments(guest, page)
        assert ("Your 1 comment on the video is sent with it." in page.text) == (not words)
        guest.sends(page, "changes", notes=words)
        given = store.load(pilot.pilot_id).runs[0].review
        assert given is not None
        assert given.notes == words


def test_approving_takes_a_second_act_that_names_the_version(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.opens(path=guest.opens(pilot).links["Approve"])
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE, "the first act only asks"
    checksum = film_checksum(store, pilot.pilot_id, pilot.runs[0])
    assert page.headings[0] == ("h1", "Approve version 1?")
    assert "Version 1 of AcmeAI’s video, 20 s." in page.text
    assert f"SHA-256 {checksum}" in page.text
    assert "no further version is made" in page.text
    assert "You haven’t played this version here yet." in page.text
    first = next(value for name, value in page.form("approve").choices if name == "checklist")
    page = guest.sends(page, "approve", checklist=[first])
    saved = store.load(pilot.pilot_id)
    given = saved.runs[0].review
    assert given is not None
    assert (saved.status, given.level) == (PilotStatus.COMPLETED, FeedbackLevel.APPROVE)
    assert (given.sha256, given.checklist) == (checksum, [first])
    assert "You approved version 1, 20 s." in page.text


def test_a_video_that_was_exchanged_meanwhile_is_not_approved(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest.opens(pilot)
    page = guest.opens(path="/review/approve")
    store.path_of(pilot.runs[0].video_path or "").write_bytes(b"another film")
    page = guest.sends(page, "approve")
    assert page.status == 409
    assert "The video has changed since it was shown to you" in page.text
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE


def test_the_parts_that_were_not_seen_are_named_before_an_approval(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest.opens(pilot)
    assert watches(guest, "[[0, 4], [8, 14]]").status == 204
    assert "You haven’t seen 0:05–0:08, 0:15–0:20." in guest.opens(path="/review/approve").text
    watches(guest, "[[0, 19]]")
    assert "haven’t" not in guest.opens(path="/review/approve").text


def test_placeholders_are_named_and_approved_only_with_a_tick(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)

    def leave_a_placeholder(pilot: PilotRun) -> None:
        shot = Shot(beat="hook", start=0, end=2, text="Find [what it does]")
        pilot.attempt(1).drafts = [d.model_copy(update={"shots": [shot]}) for d in pilot.attempt(1).drafts]

    store.change(pilot.pilot_id, leave_a_placeholder, LEAD)
    guest.opens(pilot)
    page = guest.opens(path="/review/approve")
    assert "Some words in this video are still placeholders: [what it does]." in page.text
    page = guest.sends(page, "approve", placeholders=[])
    assert page.status == 422
    assert "The video still has placeholders: [what it does]." in page.text
    guest.sends(page, "approve", placeholders=["yes"])
    assert store.load(pilot.pilot_id).status is PilotStatus.COMPLETED


def test_an_approval_over_someones_changes_takes_a_stated_second_step(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest.opens(pilot)
    page = guest.opens(path="/review/approve")
    decide(store, reviewer(store, pilot, "Ben Ito"), 1, Decision("minor_changes", notes="The logo is old"))
    page = guest.sends(page, "approve")
    assert page.status == 409
    assert "Ben Ito asked for minor changes on this version" in page.text
    assert "The logo is old" in page.text
    page = guest.sends(page, "approve")
    assert page.status == 409, "not without the second step"
    [seen] = [value for name, value in page.form("approve").choices if name == "seen"]
    guest.sends(page, "approve", seen=[seen])
    assert store.load(pilot.pilot_id).status is PilotStatus.COMPLETED
    ben = Browser(store)
    text = ben.opens(pilot, reviewer="Ben Ito").text
    assert "Dana Cruz approved version 1" in text
    assert "You had asked for minor changes on this version." in text


def test_undo_brings_back_the_words_and_the_flags(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    page = guest.sends(
        guest.opens(pilot), "changes", level="major_changes", flags=["too_long"], notes="The middle drags."
    )
    page = guest.sends(page, "undo")
    assert store.load(pilot.pilot_id).runs[0].review is None
    form = page.form("changes")
    assert form.value("notes") == "The middle drags."
    assert (form.value("level"), form.value("flags")) == ("major_changes", "too_long")


def test_a_decision_is_undone_within_ten_minutes_and_stands_after(
    guest: Browser, store: PilotStore, clock: HandClock
) -> None:
    pilot = pilot_in_review(store)
    guest.opens(pilot)
    approves(guest)
    clock.forward(minutes=9)
    page = guest.opens()
    assert "You can undo this for 1 more min." in page.text
    page = guest.sends(page, "undo")
    assert store.load(pilot.pilot_id).status is PilotStatus.ACTIVE
    assert page.has_form("changes")
    approves(guest)
    page = guest.opens()
    clock.forward(minutes=10, seconds=1)
    assert "Ten minutes have passed" in guest.sends(page, "undo").text
    page = guest.opens()
    assert "To add something, reply to the message that brought you here." in page.text
    assert not page.has_form("undo")


def test_undo_is_offered_too_when_a_later_attempt_failed_to_render(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    guest.sends(guest.opens(pilot), "changes", notes="Slower")
    queued_attempt(store, pilot.pilot_id)
    assert not guest.opens().has_form("undo"), "the next version has been started from it"

    def fail(pilot: PilotRun) -> None:
        pilot.runs[-1].state = "failed"  # type: ignore[assignment]

    store.change(pilot.pilot_id, fail, "pipeline")
    page = guest.sends(guest.opens(), "undo")
    assert store.load(pilot.pilot_id).runs[0].review is None
    assert page.form("changes").value("notes") == "Slower"


def test_a_pilot_completed_by_someone_else_can_be_looked_at(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    services.record_feedback(store, pilot.pilot_id, 1, "Fine", "approve", actor=LEAD)
    page = guest.opens(pilot)
    assert "approved version 1" in page.text
    assert not page.has_form("changes")
    assert guest.opens(path="/review/approve").path == "/review"
    dropped = pilot_in_review(store)
    services.drop(store, dropped.pilot_id, "No answer", external=False, actor=LEAD)
    page = guest.opens(dropped)
    assert "This review has ended" in page.text
    assert "No answer" not in page.text, "the team’s reason is the team’s"


def test_while_the_next_version_is_made_nothing_is_decided(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    services.record_feedback(store, pilot.pilot_id, 1, "Slower", "minor_changes", actor=LEAD)
    queued_attempt(store, pilot.pilot_id)
    page = guest.opens(pilot)
    assert "The team is making the next version." in page.text
    assert not page.has_form("changes")
    assert not page.has_form("comment")


def test_what_someone_else_decided_is_said_and_can_be_decided_otherwise(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    decide(store, reviewer(store, pilot, "Ben Ito"), 1, Decision("minor_changes", notes="Too slow"))
    page = guest.opens(pilot)
    assert "Ben Ito asked for minor changes on this version" in page.text
    guest.sends(page, "changes", level="major_changes", notes="Wrong idea")
    given = store.load(pilot.pilot_id).runs[0].review
    assert given is not None
    assert (given.by, given.level) == (NAME, "major_changes")


def test_a_video_that_is_not_there_is_said_and_cannot_be_approved(guest: Browser, store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    store.path_of(pilot.runs[0].video_path or "").unlink()
    page = guest.opens(pilot)
    assert "cannot be played just now" in page.text
    page = guest.opens(path="/review/approve")
    assert page.status == 409
    assert "cannot be read just now" in page.text
    assert not page.has_form("approve")


# The team's preview


def test_the_team_sees_what_the_founder_sees_and_nothing_is_recorded(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    add_comment(served, reviewer(served, pilot), 1, Anchor(3), "Said before")
    events = len(served.events(pilot.pilot_id))
    outside = Browser(served)
    assert outside.opens(path=f"/review/preview/{pilot.pilot_id}").source == "Not found"
    outside.takes_link(pilot)
    events = len(served.events(pilot.pilot_id))
    assert outside.opens(path=f"/review/preview/{pilot.pilot_id}").source == "Not found"
    here = Browser(served, host="localhost:8501")
    page = here.opens(path=f"/review/preview/{pilot.pilot_id}")
    assert page.status == 200
    assert "Preview: this is what Alice Chen sees." in page.text
    assert "Said before" in page.text
    assert not page.forms
    assert page.answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.answer.headers["content-security-policy"]
    assert here.opens(path="/review/preview/nobody").status == 404
    assert len(served.events(pilot.pilot_id)) == events
