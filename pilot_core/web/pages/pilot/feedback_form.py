"""The form in which a lead logs the founder's decision. An approval asks for confirmation."""

import streamlit as st

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import seconds
from pilot_core.services import pilots
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.actions import Action, act, close_dialog, open_dialog, refusal, show_refusal
from pilot_core.web.pages.pilot.view import View

LEVEL_HELP = {
    "approve": "Ready to publish as it is. This completes the pilot.",
    "minor_changes": "Nearly there: small corrections, then it is ready.",
    "major_changes": "It needs another direction.",
}
FIELDS = ("level", "notes", "by")
"""The fields that show an error about them."""
CHANNELS = ("Mail", "Call", "Meeting", "Chat", "Other")


@st.fragment
def show(view: View, attempt: PilotRunAttempt) -> None:
    """Draw the form for one attempt. Its text is kept until it is saved or the lead leaves the page."""
    number = attempt.attempt_number
    level = _decision(view, number)
    _flags(view, number)
    st.text_area(
        "In their own words",
        key=_key(view, number, "notes"),
        height=120,
        max_chars=limits.NOTES,
        placeholder="What they said, as they said it",
        on_change="ignore",
        persist_state="page",
    )
    _problem(view, "notes")
    _speaker(view, number)
    approving = level == FeedbackLevel.APPROVE.value
    label = f"Approve attempt {number}…" if approving else f"Log {_level_words(level)} on attempt {number}"
    if st.button(
        label, type="primary", width="stretch", key=view.key(f"log {number}"), on_click=_submit, args=(view, number)
    ):
        st.rerun()


def _decision(view: View, number: int) -> str | None:
    level = st.segmented_control(
        "Decision",
        [level.value for level in reversed(FeedbackLevel)],
        format_func=lambda name: FeedbackLevel(name).label,
        key=_key(view, number, "level"),
        persist_state="page",
        wrap=True,
    )
    _problem(view, "level")
    if level in LEVEL_HELP:
        st.caption(LEVEL_HELP[level])
    return level


def _flags(view: View, number: int) -> None:
    known = catalog.flags()
    flags = st.pills(
        "What they flagged",
        list(known),
        selection_mode="multi",
        format_func=lambda name: catalog.label("flag", name),
        help="\n".join(f"- **{flag.label}**: {flag.help}" for flag in known.values()),
        key=_key(view, number, "flags"),
        persist_state="page",
        wrap=True,
    )
    if chosen := [f"{known[flag].label}: “{known[flag].help}”" for flag in flags if flag in known]:
        st.caption("  \n".join(map(plain, chosen)))


def _speaker(view: View, number: int) -> None:
    who, how = st.columns(2)
    with who:
        st.text_input(
            "Who said it",
            value=view.pilot.founder_name,
            key=_key(view, number, "by"),
            max_chars=limits.NAME,
            on_change="ignore",
            persist_state="page",
        )
        _problem(view, "by")
    with how:
        st.selectbox(
            "How",
            CHANNELS,
            index=None,
            placeholder="Choose",
            key=_key(view, number, "channel"),
            on_change="ignore",
            persist_state="page",
        )
    st.number_input(
        "People’s hours on this attempt (optional)",
        min_value=0.0,
        max_value=float(limits.PEOPLE_HOURS),
        value=None,
        step=0.5,
        format="%.1f",
        key=_key(view, number, "hours"),
        on_change="ignore",
        help="How many hours the team spent on it. They are added up in the report of a programme.",
    )
    _problem(view, "hours")


def is_begun(view: View, number: int) -> bool:
    """Whether something was typed or selected in the form for that attempt."""
    return any(st.session_state.get(_key(view, number, field)) for field in ("level", "flags", "notes"))


def show_unsaved(view: View) -> None:
    """Show text typed into a form that is no longer on the page, so that it can be copied."""
    for attempt in view.pilot.runs:
        notes = st.session_state.get(_key(view, attempt.attempt_number, "notes")) or ""
        if notes.strip():
            st.caption(f"You typed this on attempt {attempt.attempt_number}. It was not saved:")
            st.code(notes, language=None, wrap_lines=True)


def _submit(view: View, number: int) -> None:
    """Save the form or ask for confirmation. Runs as a callback, so that it works if the form is not drawn again."""
    if st.session_state.get(_key(view, number, "level")) == FeedbackLevel.APPROVE.value:
        open_dialog(view, f"approve {number}")
    else:
        _save(view, number)


def _level_words(level: str | None) -> str:
    return str(level).replace("_", " ") if level in LEVEL_HELP else "feedback"


def _problem(view: View, field: str) -> None:
    refused = refusal(view)
    if refused and refused.field == field:
        st.error(plain(refused.sentence), icon=":material/error:")


def _save(view: View, number: int) -> None:
    """Log the feedback in the form, then empty the form and close the dialog."""
    typed = {
        name: st.session_state.get(_key(view, number, name))
        for name in ("level", "flags", "notes", "by", "channel", "hours")
    }

    def record_feedback(seen: int) -> PilotRun:
        if typed["level"] not in LEVEL_HELP:
            raise InvalidRequest("Choose the decision first: approve, minor changes or major changes.", field="level")
        channel = typed["channel"] or ""
        if channel and channel not in CHANNELS:
            raise InvalidRequest("Choose how it was said from the list.", field="by")
        return pilots.record_feedback(
            view.store,
            view.pilot_id,
            number,
            (typed["notes"] or "").strip(),
            typed["level"],
            typed["flags"] or [],
            by=" ".join((typed["by"] or "").split()) or None,
            channel=channel.lower(),
            people_hours=typed["hours"],
            actor=view.lead,
            seen_version=seen,
        )

    done = "Approved. The pilot is completed." if typed["level"] == "approve" else f"Logged on attempt {number}."
    if act(view, Action(record_feedback, done)):
        st.session_state[view.key("saved forms")] = _saved_forms(view) + 1
        close_dialog(view)


def approve_dialog(view: View, attempt: PilotRunAttempt) -> None:
    """Ask to confirm the approval of an attempt."""

    @st.dialog(
        f"Approve attempt {attempt.attempt_number}?", on_dismiss=lambda: close_dialog(view), icon=":material/verified:"
    )
    def ask() -> None:
        number = attempt.attempt_number
        show_refusal(view, form_is_here=True)
        draft = attempt.final_draft
        film = (attempt.video_path or "the film").rsplit("/", 1)[-1]
        long = f" ({seconds(draft.duration)})" if draft and draft.duration else ""
        by = st.session_state.get(_key(view, number, "by")) or view.pilot.founder_name
        st.markdown(
            f"**{plain(film)}** of attempt {number}{long} is then approved for {plain(view.pilot.company_name)}: "
            f"{plain(by)} said so, and you put it on record."
        )
        st.markdown(
            "- The pilot is completed, and no further attempt can be made.\n"
            "- The outcome report is filed.\n"
            "- You can undo it for ten minutes."
        )
        if attempt.sla_violations:
            st.warning("\n".join(["It misses the SLA:", *(f"- {plain(line)}" for line in attempt.sla_violations)]))
        accepted = _placeholders_accepted(view, number, draft.placeholders if draft else [])
        with st.container(horizontal=True):
            approved = st.button(
                f"Approve attempt {number}",
                type="primary",
                key=view.key("approve now"),
                disabled=not accepted,
                on_click=_save,
                args=(view, number),
            )
            back = st.button("Back", key=view.key("approve back"), on_click=close_dialog, args=(view,))
            if approved or back:
                st.rerun()

    ask()


def _placeholders_accepted(view: View, number: int, left: list[str]) -> bool:
    """Name the placeholders left in the video; returns whether there are none or the lead accepts them."""
    if not left:
        return True
    st.warning(plain(f"Some words in the video are still placeholders: {', '.join(left)}."))
    return st.checkbox("Approve the video with these words in it", key=_key(view, number, "placeholders"))


def _key(view: View, number: int, field: str) -> str:
    """Return the session key of a field. The keys change after each save, which empties the form."""
    return view.key(f"feedback {number} {_saved_forms(view)} {field}")


def _saved_forms(view: View) -> int:
    return int(st.session_state.get(view.key("saved forms"), 0))
