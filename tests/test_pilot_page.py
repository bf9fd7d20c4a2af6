"""A pilot's page: every state and action, two leads at once, and visitors without access."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState, SentHow, Shot
from pilot_core.domain.brief import Brief
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.roles import Role
from pilot_core.services import pilots
from pilot_core.settings import ROOT
from pilot_core.web.access import page_guard, who
from pilot_core.web.components.server_address import ANYWAY
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.view import session_key
from pilot_core.web.routes import uploads
from tests.pilot_pages import (
    LEAD,
    OTHER,
    PAGE,
    Cast,
    as_lead,
    button,
    cast,
    field,
    film,
    labels,
    open_page,
    page_text,
    shown,
    web_store,
)

__all__ = ["as_lead", "cast", "film", "open_page", "web_store"]

Open = Callable[..., AppTest]
SECTIONS = [
    "SLA and quality",
    "Storyboard",
    "Feedback and comments",
    "Review links",
    "Messages",
    "Documents",
    "Outcome report",
    "History",
]
DECISION = "Decision"


def choose(at: AppTest, level: str) -> AppTest:
    """Choose a decision in the open form."""
    return field(at, "segmented_control", DECISION).set_value(level).run()


def section(at: AppTest, pilot_id: str, name: str) -> AppTest:
    """Open one of the sections below."""
    at.session_state[f"{pilot_id} section"] = name
    return at.run()


# Every state


def test_a_pilot_without_an_attempt_offers_to_start_the_first(open_page: Open, cast: Cast) -> None:
    at = open_page(cast.new())
    assert not at.exception
    assert at.title[0].value == "AcmeAI"
    assert "Start attempt 1" in labels(at)
    assert "No attempt has been made yet" in shown(at)
    assert [tab.label for tab in at.tabs] == SECTIONS


def test_a_queued_attempt_shows_that_it_is_being_made(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.queued(pilot_id)
    at = open_page(pilot_id)
    assert not at.exception
    assert at.progress[0].text == "Starting"
    assert "Start attempt 2" not in labels(at)


def test_a_rendering_attempt_shows_its_step(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.rendering(pilot_id)
    at = open_page(pilot_id)
    assert not at.exception
    assert at.progress[0].value == 40
    assert "shot 3 of 7" in at.progress[0].text


def test_a_failed_attempt_shows_its_reason_and_retries_under_its_own_number(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.failed(pilot_id, "The render stopped at “Mixing music” because its process ended. Retry it.")
    at = open_page(pilot_id)
    assert "Mixing music" in at.error[0].value
    field(at, "selectbox", "How it is made").set_value("command").run()
    at = button(at, "Retry attempt 1")
    assert not at.exception
    pilot = cast.store.load(pilot_id)
    assert [attempt.attempt_number for attempt in pilot.runs] == [1]
    assert pilot.runs[0].pipeline == "command"
    assert [event.kind for event in cast.store.events(pilot_id)].count("attempt_retried") == 1


def test_a_cut_that_waits_puts_the_feedback_form_in_front(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    assert not at.exception
    assert "Log feedback on attempt 1" in labels(at)
    assert plain("Attempt 1 was sent to Alice Chen by mail") in shown(at)
    assert plain("It has not been opened in the review room yet.") in shown(at)
    assert "Start attempt 2" not in labels(at)


def test_minor_changes_offer_the_next_attempt_and_show_what_it_will_be_told(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "minor_changes", "Say *less*.", ("too_long", "factual_error"))
    at = open_page(pilot_id)
    assert not at.exception
    assert "Start attempt 2" in labels(at)
    text = shown(at)
    assert plain("Attempt 1, minor changes (Too long, Factual error): “Say *less*.”") in text
    assert "Shortened from" in text or "lasts at least" in text
    assert "Needs a person before attempt 2" in text
    assert plain("The pipeline does not read “Say *less*.”") in text
    assert any("Factual error" in warning.value and "proof points" in warning.value for warning in at.warning)
    assert "not answered by this version" not in text


def test_a_paused_pilot_offers_to_resume_and_still_takes_feedback(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    pilots.pause(cast.store, pilot_id, "Waiting for founder feedback", OTHER)
    at = open_page(pilot_id)
    assert plain("Paused: Waiting for founder feedback") in shown(at)
    assert "Log feedback on attempt 1" in labels(at)
    at = button(at, "Resume the pilot")
    assert not at.exception
    assert cast.store.load(pilot_id).status is PilotStatus.ACTIVE
    assert "Resume the pilot" not in labels(at)


def test_a_used_up_pilot_offers_its_limit_and_raises_it_with_a_justification(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new(max_attempts=1)
    cast.review(pilot_id, cast.attempt(pilot_id), "major_changes", "No.")
    at = open_page(pilot_id)
    assert "The one attempt there may be is used" in shown(at)
    at = button(at, "Raise the limit…")
    field(at, "number_input", "New limit").set_value(3)
    at = button(at, "Raise the limit")
    assert "A reason is needed" in at.error[0].value
    field(at, "text_area", "Why it is justified").set_value("They are close.")
    at = button(at, "Raise the limit")
    assert not at.exception
    assert cast.store.load(pilot_id).max_attempts == 3
    assert "Start attempt 2" in labels(at)


def test_an_approved_pilot_offers_its_report_and_no_further_act(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "approve", "That’s the one.")
    at = open_page(pilot_id)
    assert not at.exception
    assert labels(at) == ["Erase this pilot…"]
    links = {link.value: link.url for link in at.link_button}
    assert links["Open the outcome report"] == f"/download/{pilot_id}/outcome_report.html"
    assert links["Download everything"] == f"/download/{pilot_id}/everything.zip"


def test_a_dropped_pilot_says_why_and_offers_no_further_act(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    pilots.drop(cast.store, pilot_id, "The budget was cut.", external=True, actor=OTHER)
    at = open_page(pilot_id)
    assert not at.exception
    assert labels(at) == ["Erase this pilot…"]
    assert plain("for a reason that is not ours: The budget was cut.") in shown(at)


# The films


def test_the_latest_attempt_is_on_screen_and_any_other_and_any_draft_can_be(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id, drafts=2), "minor_changes")
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    assert [tab.label for tab in at.tabs][:3] == ["Attempt 1", "Attempt 2", "Side by side"]
    assert "Attempt 2" in [heading.value for heading in at.header]
    at.session_state[f"{pilot_id} attempts Attempt 2"] = "Attempt 1"
    at.run()
    assert "Attempt 1, draft 2" in [heading.value for heading in at.header]
    field(at, "segmented_control", "Draft").set_value(1).run()
    assert not at.exception
    assert "Attempt 1, draft 1" in [heading.value for heading in at.header]
    assert "Shortened in draft 1" in shown(at)


def test_any_two_films_can_be_put_side_by_side(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id, drafts=2), "minor_changes")
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    at.session_state[f"{pilot_id} attempts Attempt 2"] = "Side by side"
    at.run()
    assert not at.exception
    left, right = field(at, "selectbox", "Left"), field(at, "selectbox", "Right")
    assert left.options == ["Attempt 1, draft 1", "Attempt 1, draft 2", "Attempt 2"]
    assert (left.value, right.value) == ("Attempt 1, draft 2", "Attempt 2")


def test_a_film_that_is_not_in_the_store_is_said_to_be_missing(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    (cast.store.root / cast.store.load(pilot_id).attempt(1).video_path).unlink()
    at = open_page(pilot_id)
    assert not at.exception
    assert "not in the store" in at.info[0].value


# Feedback


def test_feedback_is_logged_with_flags_words_who_and_how(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = choose(open_page(pilot_id), "major_changes")
    field(at, "pills", "What they flagged").set_value(["hook_weak", "too_long"])
    field(at, "text_area", "In their own words").set_value("Too *long*.\nReally.")
    field(at, "text_input", "Who said it").set_value("Bo Chen")
    field(at, "selectbox", "How").set_value("Call")
    at = button(at, "Log major changes on attempt 1")
    assert not at.exception
    review = cast.store.load(pilot_id).attempt(1).review
    assert (review.level, review.flags) == ("major_changes", ["hook_weak", "too_long"])
    assert (review.notes, review.by, review.channel) == ("Too *long*.\nReally.", "Bo Chen", "call")
    assert review.mode is FeedbackMode.HUMAN
    assert [event.actor for event in cast.store.events(pilot_id)][-1] == LEAD
    assert "Start attempt 2" in labels(at)


def test_feedback_without_a_decision_is_refused_and_keeps_what_was_typed(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    field(at, "text_area", "In their own words").set_value("It is too loud.")
    at = button(at, "Log feedback on attempt 1")
    assert [error.value for error in at.error] == [
        plain("Choose the decision first: approve, minor changes or major changes.")
    ]
    assert field(at, "text_area", "In their own words").value == "It is too loud."
    assert cast.store.load(pilot_id).attempt(1).review is None


def test_an_approval_takes_a_second_deliberate_act(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = choose(open_page(pilot_id), "approve")
    at = button(at, "Approve attempt 1…")
    assert cast.store.load(pilot_id).status is PilotStatus.ACTIVE
    asked = shown(at)
    assert plain("draft_v1.mp4") in asked
    assert "no further attempt can be made" in asked
    at = button(at, "Back")
    assert "Approve attempt 1" not in labels(at)
    assert cast.store.load(pilot_id).status is PilotStatus.ACTIVE
    at = button(button(at, "Approve attempt 1…"), "Approve attempt 1")
    assert not at.exception
    pilot = cast.store.load(pilot_id)
    assert (pilot.status, pilot.approval_outcome) == (PilotStatus.COMPLETED, ApprovalOutcome.APPROVED)
    assert labels(at) == ["Undo approval", "Erase this pilot…"]
    at = button(at, "Undo approval")
    assert not at.exception
    pilot = cast.store.load(pilot_id)
    assert (pilot.status, pilot.approval_outcome) == (PilotStatus.ACTIVE, ApprovalOutcome.PENDING)
    assert pilot.attempt(1).review is None
    assert "Log feedback on attempt 1" in labels(at)


def test_placeholders_are_approved_only_by_a_lead_who_says_so(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)

    def leave_a_placeholder(pilot: PilotRun) -> None:
        draft = pilot.attempt(1).drafts[0]
        pilot.attempt(1).drafts = [
            draft.model_copy(update={"shots": [Shot(beat="hook", start=0, end=1, text="[what]")]})
        ]

    cast.store.change(pilot_id, leave_a_placeholder, "pipeline:storyboard")
    at = choose(open_page(pilot_id), "approve")
    at = button(at, "Approve attempt 1…")
    assert "still placeholders: [what]" in page_text(at)
    approve = next(button for button in at.button if button.label == "Approve attempt 1")
    assert approve.disabled
    at = field(at, "checkbox", "Approve the video with these words in it").check().run()
    button(at, "Approve attempt 1")
    assert cast.store.load(pilot_id).approval_outcome is ApprovalOutcome.APPROVED


def test_a_ready_attempt_is_sent_from_its_page_and_that_can_be_undone(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id, sent=False)
    at = open_page(pilot_id)
    assert "Attempt 1 is ready and not sent." in page_text(at)
    assert "Remind the founder…" not in labels(at)
    at = button(at, "Send to Alice Chen")
    text = page_text(at)
    assert "Founders cannot open http://localhost:8501" in text
    assert "[review link]" in text
    assert "Mark as sent" in labels(at)
    assert "Send it now" not in labels(at)
    at = field(at, "toggle", ANYWAY).set_value(True).run()
    assert "http://localhost:8501/r/" in page_text(at)
    at = button(at, "Mark as sent")
    assert not at.exception
    attempt = cast.store.load(pilot_id).attempt(1)
    assert (attempt.sent_by, attempt.sent_how) == (LEAD, SentHow.HAND)
    assert "Attempt 1 was marked as sent to Alice Chen by Mara Lindqvist just now." in page_text(at)
    assert "Remind the founder…" in labels(at)
    at = button(at, "Undo “Mark as sent”")
    assert cast.store.load(pilot_id).attempt(1).sent_at is None
    assert "Send to Alice Chen" in labels(at)


def test_a_founder_who_changes_their_mind_is_heard_again(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "minor_changes", "Nearly.")
    at = choose(open_page(pilot_id), "major_changes")
    at = button(at, "Log major changes on attempt 1")
    at = section(at, pilot_id, "Feedback and comments")
    assert not at.exception
    assert cast.store.load(pilot_id).attempt(1).review.level == "major_changes"
    assert "Said over again later" in shown(at)
    assert field(at, "segmented_control", DECISION).value is None


def test_simulated_feedback_is_marked_and_waits_for_a_person(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    pilots.record_feedback(cast.store, pilot_id, 1, "Fine", "approve", mode="simulated", by="persona", actor=OTHER)
    at = section(open_page(pilot_id), pilot_id, "Feedback and comments")
    assert "Log feedback on attempt 1" in labels(at)
    assert "Simulated, not counted" in shown(at)


# Two leads at once


def test_the_later_of_two_leads_is_told_what_changed_and_by_whom_and_keeps_what_was_typed(
    open_page: Open, cast: Cast
) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = choose(open_page(pilot_id), "minor_changes")
    field(at, "text_area", "In their own words").set_value("Nearly there.")
    cast.review(pilot_id, 1, "major_changes", "No.")
    at = button(at, "Log minor changes on attempt 1")
    assert not at.exception
    told = at.error[0].value
    assert "Nothing was saved" in told
    assert plain(f"{OTHER} logged major changes on attempt 1, said by Alice Chen") in told
    assert len(cast.store.load(pilot_id).attempt(1).feedback) == 1
    assert field(at, "text_area", "In their own words").value == "Nearly there."
    assert field(at, "segmented_control", DECISION).value == "minor_changes"
    at = button(at, "Log minor changes on attempt 1")
    assert [given.level for given in cast.store.load(pilot_id).attempt(1).feedback] == [
        "major_changes",
        "minor_changes",
    ]
    assert not at.error


def test_what_was_typed_survives_a_pilot_that_was_completed_meanwhile(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = choose(open_page(pilot_id), "minor_changes")
    field(at, "text_area", "In their own words").set_value("Nearly *there*.")
    cast.review(pilot_id, 1, "approve")
    at = button(at, "Log minor changes on attempt 1")
    assert not at.exception
    assert "Nothing was saved" in at.error[0].value
    assert "Nearly *there*." in [code.value for code in at.code]
    assert cast.store.load(pilot_id).approval_outcome is ApprovalOutcome.APPROVED
    at = button(at, "Put this away")
    assert not at.error


def test_an_approval_decided_on_an_old_state_is_refused_in_its_second_act(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = button(choose(open_page(pilot_id), "approve"), "Approve attempt 1…")
    pilots.pause(cast.store, pilot_id, "She is away", OTHER)
    at = button(at, "Approve attempt 1")
    assert cast.store.load(pilot_id).approval_outcome is ApprovalOutcome.PENDING
    assert any(plain("paused the pilot: She is away") in error.value for error in at.error)
    at = button(at, "Approve attempt 1")
    assert cast.store.load(pilot_id).approval_outcome is ApprovalOutcome.APPROVED


def test_what_others_did_is_shown_before_anything_is_tried_and_can_be_acknowledged(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    pilots.raise_limit(cast.store, pilot_id, 7, "They asked", OTHER)
    at.run()
    assert "Changed since you opened this page" in shown(at)
    assert plain(f"{OTHER} raised the limit from 5 to 7 attempts: They asked") in shown(at)
    at = button(at, "Go on from the present state")
    assert "Changed since you opened this page" not in shown(at)
    at = button(choose(at, "minor_changes"), "Log minor changes on attempt 1")
    assert not at.error


def test_what_a_pipeline_does_is_no_conflict(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    number = cast.rendering(pilot_id)
    at = button(open_page(pilot_id), "Pause…")
    field(at, "text_area", "Why").set_value("She is away")

    def ready(pilot: PilotRun) -> None:
        attempt = pilot.attempt(number)
        attempt.state, attempt.video_path = AttemptState.READY, "nowhere.mp4"
        pilot.log("cut_ready", cast.store.clock(), attempt_number=number)

    cast.store.change(pilot_id, ready, "pipeline:storyboard")
    at = button(at, "Pause the pilot")
    assert not at.exception
    assert not at.error
    assert cast.store.load(pilot_id).status is PilotStatus.PAUSED


def test_a_lead_who_comes_back_sees_the_present_without_being_warned(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = open_page(pilot_id, whole=True)
    at.switch_page("../../../pages/overview.py").run()
    cast.review(pilot_id, 1, "minor_changes")
    at.switch_page(PAGE)
    at.query_params["pilot"] = pilot_id
    at.run()
    assert "Changed since you opened this page" not in shown(at)
    assert "Start attempt 2" in labels(at)


# The other actions


def test_a_pilot_is_paused_with_a_reason(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    at = button(open_page(pilot_id), "Pause…")
    at = button(at, "Pause the pilot")
    assert "A reason is needed" in at.error[0].value
    field(at, "text_area", "Why").set_value("Waiting for founder feedback")
    at = button(at, "Pause the pilot")
    pilot = cast.store.load(pilot_id)
    assert (pilot.status, pilot.pause_reason) == (PilotStatus.PAUSED, "Waiting for founder feedback")
    assert "Pause the pilot" not in labels(at)


def test_a_pilot_is_dropped_by_a_second_act_with_reason_and_whose_it_is(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    at = button(open_page(pilot_id), "Drop…")
    assert cast.store.load(pilot_id).status is PilotStatus.ACTIVE
    assert "cannot be taken back" in shown(at)
    field(at, "text_area", "Why").set_value("The budget was cut")
    field(at, "radio", "Whose reason is it").set_value(True)
    at = button(at, "Drop the pilot")
    assert not at.exception
    pilot = cast.store.load(pilot_id)
    assert (pilot.approval_outcome, pilot.drop_external) == (ApprovalOutcome.DROPPED, True)
    assert labels(at) == ["Erase this pilot…"]


def test_the_brief_is_corrected_with_an_event_and_the_runbook_follows(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new(brief=Brief(product="Recall", proof_points=["Answers in 4 seconds"]))
    cast.review(pilot_id, cast.attempt(pilot_id), "minor_changes", flags=("factual_error",))
    at = button(open_page(pilot_id), "Correct the brief…")
    points = field(at, "text_area", "Proof points, one a line (flagged: factual error)")
    assert points.value == "Answers in 4 seconds"
    points.set_value("Answers in 6 seconds\n\nReads 12 tools")
    at = button(at, "Save the brief")
    assert not at.exception
    assert cast.store.load(pilot_id).brief.proof_points == ["Answers in 6 seconds", "Reads 12 tools"]
    event = cast.store.events(pilot_id)[-1]
    assert (event.kind, event.actor) == ("brief_edited", LEAD)
    assert event.detail["before"] == {"proof_points": ["Answers in 4 seconds"]}
    assert "Answers in 6 seconds" in (cast.store.root / pilot_id / "pilot_runbook.txt").read_text()


def test_the_next_attempt_is_started_from_the_page(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "major_changes")
    at = open_page(pilot_id)
    field(at, "selectbox", "How it is made").set_value("command").run()
    at = button(at, "Start attempt 2")
    assert not at.exception
    pilot = cast.store.load(pilot_id)
    assert pilot.attempt(2).pipeline == "command"
    assert [e.actor for e in cast.store.events(pilot_id) if e.kind == "attempt_added"][-1] == LEAD


def test_an_attempt_by_upload_needs_a_film_that_is_there(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    at = open_page(pilot_id)
    field(at, "selectbox", "How it is made").set_value("upload").run()
    at = button(at, "Start attempt 1")
    assert not at.exception
    assert at.error[0].value.replace("\\", "") == "Choose the finished video to upload."
    assert cast.store.load(pilot_id).runs == []
    assert not list((cast.store.root / pilot_id).glob("uploads/*"))


def test_a_film_that_an_attempt_has_lies_nowhere_else_and_a_second_click_hears_that_it_was_taken(
    open_page: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot_id = cast.new()
    film = cast.store.root / uploads.FOLDER / "upload_0123456789abcdef.mp4"
    film.parent.mkdir()
    film.write_bytes(b"a film")
    first, second = open_page(pilot_id), open_page(pilot_id)
    for at in (first, second):
        field(at, "selectbox", "How it is made").set_value("upload").run()
        at.session_state[session_key(pilot_id, "next film")] = {"upload": {"id": film.stem, "name": "film.mp4"}}
    button(first, "Start attempt 1")
    [attempt] = cast.store.load(pilot_id).runs
    assert cast.store.path_of(attempt.upload_path or "").read_bytes() == b"a film"
    assert not film.exists()
    button(second, "Start attempt 1")
    assert len(cast.store.load(pilot_id).runs) == 1
    assert "choose it once more" not in second.error[0].value


def test_going_on_without_feedback_asks_first(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = button(open_page(pilot_id), "Skip feedback…")
    assert len(cast.store.load(pilot_id).runs) == 1
    assert "Attempt 1 has no feedback yet" in shown(at)
    field(at, "selectbox", "How it is made").set_value("command").run()
    at = button(at, "Start attempt 2 anyway")
    assert not at.exception
    assert len(cast.store.load(pilot_id).runs) == 2


# The sections below


def test_the_verdict_stands_line_by_line_with_its_sentence(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    at = open_page(pilot_id)
    assert plain("The video is 1 s long; feature launch videos are 30 to 60 s.") in at.warning[0].value
    verdicts = at.table[0].value
    assert [word.split("]")[-1].strip("\u00a0") for word in verdicts["Verdict"]] == [
        "missed",
        "kept",
        "not\u00a0measured",
    ]
    assert list(verdicts["Check"]) == ["Length", "Starts while loading", "Cost"]
    assert list(at.table[1].value["Words on screen"]) == [plain("Find *any* decision")]


def test_the_documents_are_read_and_downloaded_here(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    at = section(open_page(pilot_id), pilot_id, "Documents")
    assert not at.exception
    assert at.code[0].value == (cast.store.root / pilot_id / "pilot_runbook.txt").read_text().strip()
    addresses = [link.url for link in at.link_button]
    assert addresses == [f"/download/{pilot_id}/pilot_runbook.txt", f"/download/{pilot_id}/everything.zip"]
    field(at, "selectbox", "Document").set_value("approval_criteria.txt").run()
    assert at.code[0].value == (cast.store.root / pilot_id / "approval_criteria.txt").read_text().strip()


def test_an_imported_pilot_without_documents_gets_them_here(open_page: Open, cast: Cast) -> None:
    pilot = cast.store.save(cast.new_pilot())
    at = section(open_page(pilot.pilot_id), pilot.pilot_id, "Documents")
    at = button(at, "Write the documents")
    assert not at.exception
    assert at.code[0].value == (cast.store.root / pilot.pilot_id / "pilot_runbook.txt").read_text().strip()


def test_the_outcome_report_is_read_here(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "approve", "# Not a heading")
    at = section(open_page(pilot_id), pilot_id, "Outcome report")
    assert not at.exception
    report = "\n".join(element.value for element in at.markdown)
    assert "## Outcome report: AcmeAI" in report
    assert "Recommendation: PROCEED" in [heading.value for heading in at.header]
    assert "### Recommendation" not in report
    assert "\\# Not a heading" in report
    assert f"/download/{pilot_id}/outcome_report.md" in [link.url for link in at.link_button]


def test_the_history_tells_every_event_in_plain_words(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id, sent=False), "minor_changes")
    pilots.pause(cast.store, pilot_id, "She is <b>away</b>", OTHER)
    at = section(open_page(pilot_id), pilot_id, "History")
    assert not at.exception
    told = at.table[0].value
    assert list(told["What"]) == [
        plain(sentence)
        for sentence in (
            "Paused the pilot: She is <b>away</b>",
            "Logged minor changes on attempt 1, said by Alice Chen",
            "Added attempt 1",
            "Created the pilot (Feature launch, Acme)",
        )
    ]
    assert list(told["Who"])[2] == plain("The storyboard pipeline")


# Finding a pilot, and access


def test_an_unknown_pilot_is_a_sentence_and_a_way_back(open_page: Open) -> None:
    at = open_page("pilot_20240115_abc12345", whole=True)
    assert not at.exception
    assert "There is no pilot" in at.error[0].value
    assert at.page_link[0].label == "All pilots are on the overview"


def test_a_malformed_id_is_a_sentence_too(open_page: Open) -> None:
    at = open_page("../../etc/passwd", whole=True)
    assert not at.exception
    assert "is not a pilot id" in at.error[0].value


def test_without_an_id_a_pilot_can_be_searched_for(open_page: Open, cast: Cast) -> None:
    cast.new(founder_name="Tomás Ferreira", company_name="Brisa Health")
    cast.new()
    at = open_page(whole=True)
    assert not at.exception
    assert len(at.dataframe[0].value) == 2
    at.text_input[0].set_value("brisa").run()
    assert len(at.dataframe[0].value) == 1
    at.text_input[0].set_value("nobody").run()
    assert "No pilot matches" in at.info[0].value


def test_a_stranger_sees_nothing_of_a_pilot(web_store: PilotStore, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot_id = cast.new()
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("stranger", Role.STRANGER))
    at = AppTest.from_file(str(ROOT / "pages" / "pilot.py"), default_timeout=30)
    at.query_params["pilot"] = pilot_id
    at.run()
    assert not at.exception
    assert not at.title
    assert not at.button
    assert [error.value for error in at.error] == [who.CLOSED]


def test_what_people_typed_is_shown_as_typed_and_never_obeyed(open_page: Open, cast: Cast) -> None:
    company = "**Bold** [x](http://evil) ![y](http://evil/z.png) :smile: $5$ <script>"
    pilot_id = cast.new(company_name=company, founder_name="Sam `O'Neill` :red[x]")
    cast.review(pilot_id, cast.attempt(pilot_id), "minor_changes", "![y](http://evil/z.png)")
    at = open_page(pilot_id)
    assert at.title[0].value == plain(company)
    for name in SECTIONS:
        at = section(at, pilot_id, name)
        assert not at.exception
        assert "![y](http" not in "\n".join(str(element.value) for element in at.markdown)


def test_a_pilot_of_an_unknown_scenario_can_be_looked_at(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)

    def work(pilot: PilotRun) -> None:
        pilot.scenario_type = "winter_campaign"
        pilot.record_feedback(1, "", "minor_changes")

    cast.store.change(pilot_id, work)
    at = open_page(pilot_id)
    for name in SECTIONS:
        at = section(at, pilot_id, name)
        assert not at.exception, name
    assert any("winter" in warning.value for warning in at.warning)
    at = button(at, "Drop…")
    assert not at.exception


def test_the_brief_of_a_pilot_of_an_unknown_scenario_can_be_corrected(open_page: Open, cast: Cast) -> None:
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    cast.store.change(pilot_id, lambda pilot: setattr(pilot, "scenario_type", "winter_campaign"))
    at = button(open_page(pilot_id), "Correct the brief…")
    assert not at.exception
    assert not at.error
    assert field(at, "text_input", "Why now").value == ""
