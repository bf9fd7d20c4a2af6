"""The acts that ask first: pause, drop, raise the limit, correct the brief, another attempt without waiting."""

from collections.abc import Callable

import streamlit as st

from pilot_core import services
from pilot_core.documents.facts import BRIEF_LABELS
from pilot_core.formatting import count
from pilot_core.models import Brief, PilotRun, PilotStatus
from pilot_core.preview import for_a_person, next_brief
from pilot_core.web.pilot_page import feedback_form, next_attempt
from pilot_core.web.pilot_page.state import View, act, close_dialog, dialog, show_trouble
from pilot_core.web.text import plain


def show_open_dialog(view: View) -> None:
    """Draw the dialog that is open, if the pilot's state still has a place for it."""
    name = dialog(view)
    if name is None or view.pilot.status is PilotStatus.COMPLETED:
        close_dialog(view)
    elif name.startswith("approve "):
        feedback_form.approve_dialog(view, view.pilot.attempt(int(name.removeprefix("approve "))))
    elif name in DIALOGS:
        title, icon, body = DIALOGS[name]

        @st.dialog(title, icon=icon, on_dismiss=lambda: close_dialog(view))
        def ask() -> None:
            show_trouble(view, form_is_here=True)
            body(view)

        ask()


def _again(view: View, saved: PilotRun | None) -> None:
    """The whole page once more; where nothing was saved, with the dialog, what was typed and the reason."""
    if saved:
        close_dialog(view)
    st.rerun()


def _pause(view: View) -> None:
    st.markdown(
        "Work stops until somebody resumes the pilot. Feedback can still be logged, and the result stays as it is."
    )
    reason = st.text_area("Why", key=view.key("pause reason"), height=90, placeholder="Waiting for founder feedback")
    if st.button("Pause the pilot", type="primary"):
        saved = act(
            view,
            lambda seen: services.pause(view.store, view.pilot_id, reason or "", view.lead, seen_version=seen),
            "Paused.",
            (("Reason", reason or ""),),
        )
        _again(view, saved)


def _drop(view: View) -> None:
    st.markdown(
        f"This ends the pilot with {plain(view.pilot.founder_name)} without an approval. "
        "No further attempt can be made, and it cannot be taken back here."
    )
    reason = st.text_area("Why", key=view.key("drop reason"), height=90, placeholder="What led to it")
    external = st.radio(
        "Whose reason is it",
        [False, True],
        format_func={
            False: "Ours: it counts in the result",
            True: "Not ours: it says nothing about the videos",
        }.__getitem__,
        key=view.key("drop external"),
    )
    if st.button("Drop the pilot", type="primary", icon=":material/block:"):
        saved = act(
            view,
            lambda seen: services.drop(
                view.store, view.pilot_id, reason or "", external=bool(external), actor=view.lead, seen_version=seen
            ),
            "Dropped. The outcome report is final.",
            (("Reason", reason or ""),),
        )
        _again(view, saved)


def _raise(view: View) -> None:
    present = view.pilot.max_attempts
    if present >= 50:
        st.markdown("The limit is 50 attempts, and it cannot be raised further.")
        return
    st.markdown(f"The agreed limit is {count(present, 'attempt')}, and {view.pilot.attempts_used} are used.")
    limit = st.number_input("New limit", present + 1, 50, present + 1, key=view.key("limit"))
    why = st.text_area("Why it is justified", key=view.key("limit reason"), height=90, placeholder="What speaks for it")
    if st.button("Raise the limit", type="primary"):
        saved = act(
            view,
            lambda seen: services.raise_limit(
                view.store, view.pilot_id, int(limit), why or "", view.lead, seen_version=seen
            ),
            f"The limit is now {count(int(limit), 'attempt')}.",
            (("Justification", why or ""),),
        )
        _again(view, saved)


def _brief(view: View) -> None:
    present = view.pilot.brief
    st.caption(
        "This holds from the next attempt on. Where a line is empty, the scenario’s own wording stands in, in brackets."
    )
    flagged = {flag.needs: flag.label for flag in for_a_person(next_brief(view.pilot))}
    limits = {"product": 80, "message": 160, "call_to_action": 60, "link": 200}
    typed: dict[str, object] = {}
    for field, label in BRIEF_LABELS.items():
        note = f" (flagged: {flagged[field].lower()})" if field in flagged else ""
        title, key = f"{label[:1].upper()}{label[1:]}{note}", view.key(f"brief {field}")
        if field == "proof_points":
            text = st.text_area(f"{title}, one a line", "\n".join(present.proof_points), key=key, height=110)
            typed[field] = [" ".join(line.split()) for line in (text or "").splitlines() if line.strip()]
        else:
            text = st.text_input(title, getattr(present, field), key=key, max_chars=limits[field])
            typed[field] = " ".join((text or "").split())

    def work(seen: int) -> PilotRun:
        brief: Brief = services.parse_brief(typed)
        return services.edit_brief(view.store, view.pilot_id, brief, view.lead, seen_version=seen)

    if st.button("Save the brief", type="primary"):
        _again(view, act(view, work, "The brief is corrected, and the runbook with it."))


def _without_waiting(view: View) -> None:
    latest = view.pilot.latest_attempt
    number = latest.attempt_number if latest else 0
    left = view.pilot.max_attempts - view.pilot.attempts_used
    st.markdown(
        f"Attempt {number} has no feedback yet, so attempt {number + 1} will be made without knowing what "
        f"{plain(view.pilot.founder_name)} thinks of it. It uses up one of the {count(left, 'attempt')} left."
    )
    next_attempt.start_button(view, label=f"Start attempt {number + 1} anyway", name="anyway")


DIALOGS: dict[str, tuple[str, str, Callable[[View], None]]] = {
    "pause": ("Pause this pilot", ":material/pause:", _pause),
    "drop": ("Drop this pilot?", ":material/block:", _drop),
    "raise": ("Raise the limit of attempts", ":material/trending_up:", _raise),
    "brief": ("Correct the brief", ":material/edit:", _brief),
    "anyway": ("Go on without feedback?", ":material/fast_forward:", _without_waiting),
}
