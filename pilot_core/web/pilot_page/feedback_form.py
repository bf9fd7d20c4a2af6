"""Logging what the founder decided, on their behalf. An approval takes a second, deliberate act."""

import streamlit as st

from pilot_core import catalog, services
from pilot_core.documents.checklists import placeholders
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import seconds
from pilot_core.models import FeedbackLevel, PilotRun, PilotRunAttempt
from pilot_core.web.pilot_page.state import (
    View,
    act,
    close_dialog,
    open_dialog,
    show_trouble,
    trouble,
)
from pilot_core.web.pilot_page.words import LEVEL_WORDS
from pilot_core.web.text import plain

LEVEL_HELP = {
    "approve": "Ready to publish as it is. This completes the pilot.",
    "minor_changes": "Nearly there: small corrections, then it is ready.",
    "major_changes": "It needs another direction.",
}
FIELDS = ("level", "notes", "by")
"""Where a refusal that names one of these is shown: beside that field."""
CHANNELS = ("Mail", "Call", "Meeting", "Chat", "Other")


@st.fragment
def show(view: View, attempt: PilotRunAttempt) -> None:
    """Draw the form for one attempt. What is typed stays until it is saved or the page is left."""
    number = attempt.attempt_number
    level = st.segmented_control(
        "Decision",
        [level.value for level in reversed(FeedbackLevel)],
        format_func=lambda name: LEVEL_WORDS[FeedbackLevel(name)],
        key=_key(view, number, "level"),
        persist_state="page",
        wrap=True,
    )
    _problem(view, "level")
    if level in LEVEL_HELP:
        st.caption(LEVEL_HELP[level])
    flags = st.pills(
        "What they flagged",
        list(catalog.flags()),
        selection_mode="multi",
        format_func=lambda name: catalog.label("flag", name),
        help="\n".join(f"- **{flag.label}**: {flag.help}" for flag in catalog.flags().values()),
        key=_key(view, number, "flags"),
        persist_state="page",
        wrap=True,
    )
    known = catalog.flags()
    if told := [f"{known[flag].label}: “{known[flag].help}”" for flag in flags if flag in known]:
        st.caption("  \n".join(map(plain, told)))
    st.text_area(
        "In their own words",
        key=_key(view, number, "notes"),
        height=120,
        max_chars=10_000,
        placeholder="What they said, as they said it",
        on_change="ignore",
        persist_state="page",
    )
    _problem(view, "notes")
    who, how = st.columns(2)
    with who:
        st.text_input(
            "Who said it",
            value=view.pilot.founder_name,
            key=_key(view, number, "by"),
            max_chars=200,
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
    approving = level == FeedbackLevel.APPROVE.value
    label = f"Approve attempt {number}…" if approving else f"Log {_words(level)} on attempt {number}"
    if st.button(
        label, type="primary", width="stretch", key=view.key(f"log {number}"), on_click=_sent, args=(view, number)
    ):
        st.rerun()


def is_begun(view: View, number: int) -> bool:
    """Whether something was typed or chosen in the form of that attempt."""
    return any(st.session_state.get(_key(view, number, field)) for field in ("level", "flags", "notes"))


def show_unsaved(view: View) -> None:
    """Show what was typed into a form that has no place any more, so that it can be copied."""
    for attempt in view.pilot.runs:
        notes = st.session_state.get(_key(view, attempt.attempt_number, "notes")) or ""
        if notes.strip():
            st.caption(f"You typed this on attempt {attempt.attempt_number}. It was not saved:")
            st.code(notes, language=None, wrap_lines=True)


def _sent(view: View, number: int) -> None:
    """A callback, since the page may be about to lose this form, and what was typed must not be lost with it."""
    if st.session_state.get(_key(view, number, "level")) == FeedbackLevel.APPROVE.value:
        open_dialog(view, f"approve {number}")
    else:
        _save(view, number)


def _words(level: str | None) -> str:
    return str(level).replace("_", " ") if level in LEVEL_HELP else "feedback"


def _problem(view: View, field: str) -> None:
    told = trouble(view)
    if told and told.field == field:
        st.error(plain(told.sentence), icon=":material/error:")


def _save(view: View, number: int) -> None:
    """Log what the form holds; when it is saved, the form is empty and no dialog is open."""
    typed = {
        name: st.session_state.get(_key(view, number, name)) for name in ("level", "flags", "notes", "by", "channel")
    }

    def work(seen: int) -> PilotRun:
        if typed["level"] not in LEVEL_HELP:
            raise InvalidRequest("Choose the decision first: approve, minor changes or major changes.", field="level")
        channel = typed["channel"] or ""
        if channel and channel not in CHANNELS:
            raise InvalidRequest("Choose how it was said from the list.", field="by")
        return services.record_feedback(
            view.store,
            view.pilot_id,
            number,
            (typed["notes"] or "").strip(),
            typed["level"],
            typed["flags"] or [],
            by=" ".join((typed["by"] or "").split()) or None,
            channel=channel.lower(),
            actor=view.lead,
            seen_version=seen,
        )

    done = "Approved. The pilot is completed." if typed["level"] == "approve" else f"Logged on attempt {number}."
    if act(view, work, done):
        st.session_state[view.key("saved forms")] = _saved_forms(view) + 1
        close_dialog(view)


def approve_dialog(view: View, attempt: PilotRunAttempt) -> None:
    """Ask for the second act that approves an attempt."""

    @st.dialog(
        f"Approve attempt {attempt.attempt_number}?", on_dismiss=lambda: close_dialog(view), icon=":material/verified:"
    )
    def ask() -> None:
        number = attempt.attempt_number
        show_trouble(view, form_is_here=True)
        draft = attempt.final_draft
        film = (attempt.video_path or "the film").rsplit("/", 1)[-1]
        long = f" ({seconds(draft.duration)})" if draft and draft.duration else ""
        by = st.session_state.get(_key(view, number, "by")) or view.pilot.founder_name
        st.markdown(
            f"**{plain(film)}** of attempt {number}{long} is then approved for {plain(view.pilot.company_name)}: "
            f"{plain(by)} said so, and you, {plain(view.lead)}, put it on record."
        )
        st.markdown(
            "- The pilot is completed, and no further attempt can be made.\n"
            "- The outcome report is final.\n"
            "- It cannot be taken back here."
        )
        if attempt.sla_violations:
            st.warning("\n".join(["It misses the SLA:", *(f"- {plain(line)}" for line in attempt.sla_violations)]))
        if draft and (left := placeholders(draft)):
            st.warning(plain(f"Words in brackets are still in the film: {', '.join(left)}."))
        with st.container(horizontal=True):
            approved = st.button(
                f"Approve attempt {number}",
                type="primary",
                key=view.key("approve now"),
                on_click=_save,
                args=(view, number),
            )
            back = st.button("Back", key=view.key("approve back"), on_click=close_dialog, args=(view,))
            if approved or back:
                st.rerun()

    ask()


def _key(view: View, number: int, field: str) -> str:
    """A saved form makes room for an empty one."""
    return view.key(f"feedback {number} {_saved_forms(view)} {field}")


def _saved_forms(view: View) -> int:
    return int(st.session_state.get(view.key("saved forms"), 0))
