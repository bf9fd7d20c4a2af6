"""The dialogs of actions that ask for confirmation or input."""

from collections.abc import Callable

import streamlit as st

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.brief import BRIEF_LABELS, BRIEF_LENGTHS, BRIEF_TITLES, LANGUAGES
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import count
from pilot_core.rendering.preview import for_a_person
from pilot_core.services import pilots
from pilot_core.video.storyboard.lines import fields_of
from pilot_core.web.access import idempotency, page_guard
from pilot_core.web.components import erasure_notice, links
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot import brand_kit, feedback_form, next_attempt, send_dialog
from pilot_core.web.pages.pilot.actions import ERASE, KIT, Action, act_button, close_dialog, dialog, show_refusal
from pilot_core.web.pages.pilot.view import View

WHOSE = {False: "Ours: it counts in the result", True: "Not ours: it says nothing about the videos"}


def show_open_dialog(view: View) -> None:
    """Draw the open dialog, if the pilot's state still allows its action."""
    name = dialog(view)
    over = view.pilot.status is PilotStatus.COMPLETED and name != ERASE
    if name is None or over or not page_guard.may_change():
        close_dialog(view)
    elif name.startswith("approve "):
        feedback_form.approve_dialog(view, view.pilot.attempt(int(name.removeprefix("approve "))))
    elif name in DIALOGS:
        title, icon, body = DIALOGS[name]

        @st.dialog(title, icon=icon, on_dismiss=lambda: close_dialog(view))
        def ask() -> None:
            show_refusal(view, form_is_here=True)
            body(view)

        ask()


def _pause(view: View) -> None:
    st.markdown(
        "Work stops until somebody resumes the pilot. Feedback can still be logged, and the result stays as it is."
    )
    st.text_area("Why", key=view.key("pause reason"), height=90, placeholder="Waiting for founder feedback")

    def pause(seen: int) -> PilotRun:
        return pilots.pause(view.store, view.pilot_id, view.typed("pause reason"), view.lead, seen_version=seen)

    action = Action(pause, "Paused.", lambda: (("Reason", view.typed("pause reason")),))
    act_button(view, "Pause the pilot", action, in_dialog=True)


def _drop(view: View) -> None:
    st.markdown(
        f"This ends the pilot with {plain(view.pilot.founder_name)} without an approval. "
        "No further attempt can be made, and it cannot be taken back here."
    )
    st.text_area("Why", key=view.key("drop reason"), height=90, placeholder="What led to it")
    st.radio("Whose reason is it", list(WHOSE), format_func=WHOSE.__getitem__, key=view.key("drop external"))

    def drop(seen: int) -> PilotRun:
        reason, external = view.typed("drop reason"), bool(st.session_state.get(view.key("drop external")))
        return pilots.drop(view.store, view.pilot_id, reason, external=external, actor=view.lead, seen_version=seen)

    action = Action(drop, "Dropped. The outcome report is final.", lambda: (("Reason", view.typed("drop reason")),))
    act_button(view, "Drop the pilot", action, in_dialog=True, icon=":material/block:")


def _raise_limit(view: View) -> None:
    present = view.pilot.max_attempts
    if present >= limits.ATTEMPTS:
        st.markdown(f"The limit is {limits.ATTEMPTS} attempts, and it cannot be raised further.")
        return
    # The key has the current limit: Streamlit raises on a value below the minimum, which rises with the limit.
    name = f"limit over {present}"
    st.markdown(f"The agreed limit is {count(present, 'attempt')}, and {view.pilot.attempts_used} are used.")
    st.number_input("New limit", present + 1, limits.ATTEMPTS, present + 1, key=view.key(name))
    st.text_area("Why it is justified", key=view.key("limit reason"), height=90, placeholder="What speaks for it")

    def raise_limit(seen: int) -> PilotRun:
        limit = int(st.session_state[view.key(name)])
        return pilots.raise_limit(
            view.store, view.pilot_id, limit, view.typed("limit reason"), view.lead, seen_version=seen
        )

    action = Action(raise_limit, "The limit is raised.", lambda: (("Justification", view.typed("limit reason")),))
    act_button(view, "Raise the limit", action, in_dialog=True)


def _brief(view: View) -> None:
    present = view.pilot.brief
    st.caption(
        "This holds from the next attempt on. The video shows a [placeholder] for a missing product or message, and "
        "leaves out every other line that is empty."
    )
    scenario = catalog.scenarios().get(view.pilot.scenario_type)
    shown = fields_of(beat.id for beat in scenario.beats) if scenario else list(BRIEF_LABELS)
    flagged = {flag.needs: flag.label for flag in for_a_person(view.pilot)}
    for field, label in BRIEF_TITLES.items():
        many = ", one a line" if field == "proof_points" else ""
        note = f" (flagged: {flagged[field].lower()})" if field in flagged else ""
        title, key = f"{label}{many}{note}", view.key(f"brief {field}")
        if field == "proof_points":
            st.text_area(title, "\n".join(present.proof_points), key=key, height=110)
        elif field == "language":
            known = LANGUAGES if present.language in LANGUAGES else {**LANGUAGES, present.language: present.language}
            tags = list(known)
            st.selectbox(title, tags, tags.index(present.language), format_func=known.__getitem__, key=key)
        elif field in shown or getattr(present, field):
            st.text_input(title, getattr(present, field), key=key, max_chars=BRIEF_LENGTHS[field])

    def edit_brief(seen: int) -> PilotRun:
        brief = pilots.parse_brief(_typed_brief(view)).model_copy(update={"brand_kit": present.brand_kit})
        return pilots.edit_brief(view.store, view.pilot_id, brief, view.lead, seen_version=seen)

    action = Action(
        edit_brief,
        "The brief is corrected, and the runbook with it.",
        lambda: tuple(
            (BRIEF_LABELS[field], typed) for field in BRIEF_LABELS if (typed := view.typed(f"brief {field}"))
        ),
    )
    act_button(view, "Save the brief", action, in_dialog=True)


def _typed_brief(view: View) -> dict[str, object]:
    lines = [" ".join(line.split()) for line in view.typed("brief proof_points").splitlines()]
    typed: dict[str, object] = {field: " ".join(view.typed(f"brief {field}").split()) for field in BRIEF_LABELS}
    return typed | {"proof_points": [line for line in lines if line]}


def _start_without_feedback(view: View) -> None:
    latest = view.pilot.latest_attempt
    number = latest.attempt_number if latest else 0
    left = view.pilot.max_attempts - view.pilot.attempts_used
    st.markdown(
        f"Attempt {number} has no feedback yet, so attempt {number + 1} will be made without knowing what "
        f"{plain(view.pilot.founder_name)} thinks of it. It uses up one of the {count(left, 'attempt')} left."
    )
    next_attempt.start_button(view, label=f"Start attempt {number + 1} anyway", name="anyway", in_dialog=True)


def _erase(view: View) -> None:
    """Erase the pilot and open the overview, which shows the result, since the pilot's page no longer exists."""
    company = view.pilot.company_name
    st.markdown(
        "Its films, documents, comments, links, reports and history go for good, and cannot be brought back here. "
        "What stays names nobody: scenario, brand, how it ended, and how many attempts and reviews it had. "
        "Backups made before now still hold it until they are replaced."
    )
    st.text_area(
        "Why",
        key=view.key("erase reason"),
        height=90,
        placeholder="The founder asked for it",
        max_chars=limits.ERASURE_REASON,
    )
    st.caption("The reason is kept; name nobody in it.")
    st.text_input(f"Type the company’s name to confirm: {plain(company)}", key=view.key("erase company"))
    if not st.button("Erase for good", type="primary", icon=":material/delete_forever:"):
        return
    with show_errors(), st.spinner("Erasing"):
        if " ".join(view.typed("erase company").split()) != " ".join(company.split()):
            raise InvalidRequest("That is not the company’s name; type it as it stands above. Nothing was erased.")
        key = idempotency.form_key(view.key("erase form"))
        done = erase_pilot(view.store, view.pilot_id, view.typed("erase reason"), view.lead, key=key)
        erasure_notice.show_later(done)
        close_dialog(view)
        st.switch_page(links.OVERVIEW)


DIALOGS: dict[str, tuple[str, str, Callable[[View], None]]] = {
    "pause": ("Pause this pilot", ":material/pause:", _pause),
    "drop": ("Drop this pilot?", ":material/block:", _drop),
    "raise": ("Raise the limit of attempts", ":material/trending_up:", _raise_limit),
    "brief": ("Correct the brief", ":material/edit:", _brief),
    KIT: ("Brand kit", ":material/palette:", brand_kit.show),
    ERASE: ("Erase this pilot?", ":material/delete_forever:", _erase),
    send_dialog.SEND: (
        "Send to the founder",
        ":material/send:",
        lambda view: send_dialog.show(view, send_dialog.SEND),
    ),
    send_dialog.REMIND: (
        "Remind the founder",
        ":material/notifications:",
        lambda view: send_dialog.show(view, send_dialog.REMIND),
    ),
    "anyway": ("Go on without feedback?", ":material/fast_forward:", _start_without_feedback),
}
