"""The next action on a pilot, followed by the other actions that are possible now."""

import streamlit as st

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackMode, level_in_sentence
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.domain.reviews import TeamMember
from pilot_core.domain.stages import stage_of
from pilot_core.insight.recommend import recommend
from pilot_core.review.decisions import undo_decision, undo_until, undoable
from pilot_core.services import pilots
from pilot_core.web.access import page_guard
from pilot_core.web.components import deadline_lines, drawn_flags, render_progress
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact
from pilot_core.web.pages.pilot import checklist, feedback_form, links, next_attempt, send_dialog
from pilot_core.web.pages.pilot.actions import (
    ERASE,
    KIT,
    Action,
    act_button,
    dialog,
    dismiss,
    open_dialog,
    refusal,
    show_refusal,
)
from pilot_core.web.pages.pilot.lifecycle import Todo, sentence, todo
from pilot_core.web.pages.pilot.videos import Shown
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.downloads import EVERYTHING, REPORT_PAGE, address


def show(view: View, shown: Shown | None) -> None:
    """Draw the actions. Feedback can also be logged on ``shown``, the attempt whose video is on screen."""
    doing = todo(view.pilot)
    with st.container(border=True):
        st.header("Now", anchor=False)
        if doing is not Todo.WAIT:
            st.markdown(plain(sentence(view.pilot, view.now)))
            _due(view)
        refused = refusal(view)
        if refused and dialog(view) is None and refused.field not in feedback_form.FIELDS:
            show_refusal(view, form_is_here=doing is not Todo.NOTHING)
        if doing is Todo.NOTHING:
            feedback_form.show_unsaved(view)
        if refused and refused.changes:
            st.button("Put this away", key=view.key("put away"), on_click=dismiss, args=(view,), type="tertiary")
        if view.pilot.approved_but_open:
            _close_as_approved(view)
        _primary(view, doing)
        _undo_decision(view)
        attempt = _folded_form(view, doing, shown) if page_guard.may_change() else None
        if attempt:
            number = attempt.attempt_number
            # Open the collapsed form after a refusal, so that people see that their text is still there.
            unfolded = refused is not None and feedback_form.is_begun(view, number)
            with st.expander(f"Log feedback on attempt {number}", unfolded, icon=":material/rate_review:"):
                feedback_form.show(view, attempt)
    if page_guard.may_change():
        _others(view, doing)


def _due(view: View) -> None:
    """Draw what is due. If the founder does not answer, add a button to pause the pilot with the reason filled in."""
    due = deadline_lines.of_pilot(view.store, view.pilot_id, view.now)
    if due is None:
        return
    st.caption(
        f":material/schedule: {plain(deadline_lines.sentence(due, view.now))}", help=exact(due.due_at, view.zone)
    )
    if due.to_pause and page_guard.may_change():
        reason = deadline_lines.pause_reason(view.store, due)
        st.button("Pause it, waiting for the founder…", on_click=_offer_pause, args=(view, reason), type="tertiary")


def _offer_pause(view: View, reason: str) -> None:
    st.session_state[view.key("pause reason")] = reason
    open_dialog(view, "pause")


def _primary(view: View, doing: Todo) -> None:
    if doing not in (Todo.NOTHING, Todo.WAIT) and not page_guard.may_change():
        st.caption("Leads act here; you can read.")
        return
    latest = view.pilot.latest_attempt
    number = latest.attempt_number if latest else 0
    match doing:
        case Todo.NOTHING:
            _why(view)
            with st.container(horizontal=True):
                report, everything = address(view.pilot_id, REPORT_PAGE), address(view.pilot_id, EVERYTHING)
                st.link_button("Open the outcome report", report, type="primary", icon=":material/description:")
                st.link_button("Download everything", everything, icon=":material/folder_zip:")
        case Todo.WAIT:
            assert latest is not None
            render_progress.progress(view.store, latest.attempt_id, number)
            st.caption("You can leave this page: the work goes on, and everyone on the team sees it here.")
        case Todo.RETRY:
            assert latest is not None
            st.error(plain(latest.failure or "The render failed."), icon=":material/error:")
            next_attempt.retry_button(view, number)
        case Todo.RESUME:
            act_button(
                view,
                "Resume the pilot",
                Action(lambda seen: pilots.resume(view.store, view.pilot_id, view.lead, seen_version=seen), "Resumed."),
                icon=":material/play_arrow:",
                width="stretch",
            )
        case Todo.SEND:
            checklist.show_needs(view)
            send_dialog.send_button(view)
        case Todo.LOG:
            assert latest is not None
            send_dialog.undo_button(view)
            if latest.standing(FeedbackMode.SIMULATED):
                st.caption("There is simulated feedback on it, which is shown below and never counted.")
            checklist.show_needs(view)
            feedback_form.show(view, latest)
        case Todo.START | Todo.NEXT:
            if doing is Todo.NEXT:
                next_attempt.show_needs(view)
            if pacing := view.pilot.brand_context.get("pacing_label"):
                drawn_flags.show(view.store, view.pilot.scenario_type, str(pacing), without=view.pilot_id)
            next_attempt.start_button(view, label=f"Start attempt {number + 1}", name="next")
            with st.expander(
                f"What attempt {number + 1} will be told", icon=":material/article:", expanded=doing is Todo.NEXT
            ):
                next_attempt.show_brief(view)
        case Todo.RAISE:
            st.markdown("Drop it and start a new pilot, or raise its limit if that is justified.")
            st.button(
                "Raise the limit…",
                type="primary",
                icon=":material/trending_up:",
                width="stretch",
                on_click=open_dialog,
                args=(view, "raise"),
            )


def _close_as_approved(view: View) -> None:
    st.markdown("The latest review approves this pilot, but its imported outcome is pending.")
    if page_guard.may_change():
        act_button(
            view,
            "Close as approved",
            Action(
                lambda seen: pilots.close_as_approved(view.store, view.pilot_id, view.lead, seen_version=seen),
                "Closed as approved.",
            ),
            icon=":material/check:",
            width="stretch",
        )


def _undo_decision(view: View) -> None:
    """Draw a button that undoes the latest decision, whoever gave or logged it, while that is possible."""
    if not page_guard.may_change():
        return
    speaker = TeamMember(view.lead, view.pilot_id)
    given = undoable(view.store, speaker, pilot=view.pilot)
    if given is None:
        return
    what = level_in_sentence(given.level.value, "decision").removeprefix("an ")

    def undo(seen: int) -> PilotRun:
        return undo_decision(view.store, speaker, given.feedback_id, seen_version=seen)

    act_button(
        view,
        f"Undo {what}",
        Action(undo, "The decision is undone."),
        kind="tertiary",
        icon=":material/undo:",
        key=view.key("undo decision"),
        help=f"Possible until {exact(undo_until(given), view.zone)}",
    )


def _why(view: View) -> None:
    """Draw the reasons of the final recommendation."""
    result = recommend(view.pilot)
    lines = [reason.text for reason in result.reasons] + [f"Risk: {risk}." for risk in result.risks]
    if lines:
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _folded_form(view: View, doing: Todo, shown: Shown | None) -> PilotRunAttempt | None:
    """Return the attempt for the collapsed feedback form: the one on screen, unless its form is already shown."""
    if shown is None or view.pilot.status is PilotStatus.COMPLETED or shown.attempt.state is not AttemptState.READY:
        return None
    in_front = doing is Todo.LOG and view.pilot.latest_attempt is shown.attempt
    return None if in_front else shown.attempt


def _others(view: View, doing: Todo) -> None:
    """Draw the other possible actions."""
    pilot, latest = view.pilot, view.pilot.latest_attempt
    erase = ("Erase this pilot…", ERASE, ":material/delete_forever:")
    if doing is Todo.NOTHING:
        _open_button(view, *erase)
        return
    offers = []
    if doing is Todo.LOG and latest and stage_of(latest).stage.is_with_founder:
        offers.append(("Remind the founder…", send_dialog.REMIND, ":material/notifications:"))
    if (
        doing in (Todo.SEND, Todo.LOG)
        and pilot.status is PilotStatus.ACTIVE
        and pilot.attempts_used < pilot.max_attempts
    ):
        offers.append(("Skip feedback…", "anyway", ":material/fast_forward:"))
    if doing not in (Todo.START, Todo.NEXT):
        offers.append(("Correct the brief…", "brief", ":material/edit:"))
    offers.append(("Brand kit…", KIT, ":material/palette:"))
    if doing is not Todo.RAISE:
        offers.append(("Raise the limit…", "raise", ":material/trending_up:"))
    if pilot.status is PilotStatus.ACTIVE:
        offers.append(("Pause…", "pause", ":material/pause:"))
    offers.append(("Drop…", "drop", ":material/block:"))
    with st.grid(2, min_column_width=150, gap="xxsmall"):
        st.button(
            "Send a review link…",
            type="tertiary",
            icon=":material/link:",
            key=view.key("send a link"),
            on_click=links.open_section,
            args=(view,),
        )
        for offer in offers:
            _open_button(view, *offer)
    if doing is not Todo.WAIT:
        st.divider()
        _open_button(view, *erase)


def _open_button(view: View, label: str, name: str, icon: str) -> None:
    st.button(label, type="tertiary", icon=icon, key=view.key(f"open {name}"), on_click=open_dialog, args=(view, name))
