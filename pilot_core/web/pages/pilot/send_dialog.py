"""Send an attempt to the founder, or remind them: the message, its link, to whom it goes and how."""

import streamlit as st

from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.messages import MessageKind, MessageState
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import PilotError
from pilot_core.messages import outbox, sending
from pilot_core.messages.sending import Sending
from pilot_core.messages.templates import words_of
from pilot_core.web.components import server_address
from pilot_core.web.components.errors import show_error
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.actions import Action, act_button, open_dialog
from pilot_core.web.pages.pilot.view import View

SEND, REMIND = "send", "remind"
KINDS = {SEND: MessageKind.CUT_READY, REMIND: MessageKind.REMINDER}


def send_button(view: View) -> None:
    """Draw the button that opens the dialog, with what is known of the message that the server may send by itself."""
    attempt = _latest(view)
    found = sending.sending_of(view.store, server_address.settings_here(), view.pilot, attempt.attempt_number)
    st.button(
        f"Send to {plain(view.pilot.founder_name)}",
        type="primary",
        icon=":material/send:",
        width="stretch",
        on_click=open_dialog,
        args=(view, SEND),
        key=view.key("send"),
    )
    if line := _by_itself(found):
        st.caption(plain(line))


def undo_button(view: View) -> None:
    """Draw a button that undoes that the attempt was marked as sent, while that is possible."""
    attempt = view.pilot.latest_attempt
    if attempt is None or view.pilot.why_sending_stands(attempt, view.now):
        return
    number = attempt.attempt_number

    def undo(seen: int) -> PilotRun:
        return sending.undo_sent(view.store, view.pilot_id, number, view.lead, seen_version=seen)

    act_button(
        view,
        "Undo “Mark as sent”",
        Action(undo, f"Attempt {number} is not marked as sent any more."),
        kind="tertiary",
        icon=":material/undo:",
        key=view.key("undo sent"),
    )


def show(view: View, name: str) -> None:
    """Draw the dialog's content."""
    attempt, config = _latest(view), server_address.settings_here()
    number = attempt.attempt_number
    found = sending.sending_of(view.store, config, view.pilot, number, KINDS[name])
    email = _recipient(view, found) if config.mail else None
    with st.container(border=True, gap="small"):
        try:
            linked = server_address.may_show(config, view.key(f"{name} anyway"))
            if linked:
                written = sending.copy_for(view.store, config, view.pilot, found)
            else:
                written = words_of(view.store, config, found.message, view.pilot)
        except PilotError as error:
            show_error(error)
            return
        st.markdown(f"**{plain(written.subject)}**")
        st.code(written.body, language=None, wrap_lines=True)
    if found.is_stored:
        st.caption("To change its words, edit it under Messages first.")
    by_server = not found.why_not_by_server or bool(config.mail and email and not found.contact.email)
    if by_server:
        _send_button(view, name, found, email)
    elif linked:
        st.caption(plain(f"{found.why_not_by_server} Copy the message, send it, then mark it as sent."))
    else:
        st.caption("If you send it another way, mark it as sent.")
    _mark_button(view, name, number, primary=not by_server)


def _recipient(view: View, found: Sending) -> str | None:
    return st.text_input(
        f"E-mail address of {plain(view.pilot.founder_name)}",
        found.contact.email or "",
        max_chars=254,
        key=view.key("send email"),
    )


def _send_button(view: View, name: str, found: Sending, email: str | None) -> None:
    number = _latest(view).attempt_number

    def send(seen: int) -> PilotRun:
        address = view.typed("send email").strip()
        if email is not None and address != (found.contact.email or ""):
            outbox.set_address(view.store, view.pilot_id, address, view.lead)
        config = server_address.settings_here()
        sending.send_now(view.store, config, view.pilot_id, number, view.lead, KINDS[name])
        return view.store.load(view.pilot_id)

    act_button(
        view,
        "Send it now",
        Action(send, "The message is on its way."),
        in_dialog=True,
        icon=":material/send:",
        key=view.key(f"{name} now"),
    )


def _mark_button(view: View, name: str, number: int, *, primary: bool) -> None:
    def mark(seen: int) -> PilotRun:
        config = server_address.settings_here()
        return sending.mark_sent(view.store, config, view.pilot_id, number, view.lead, KINDS[name], seen_version=seen)

    act_button(
        view,
        "Mark as sent",
        Action(mark, "Marked as sent."),
        in_dialog=True,
        kind="primary" if primary else "secondary",
        icon=":material/done:",
        key=view.key(f"{name} by hand"),
    )


def _by_itself(found: Sending) -> str:
    """Return what the server does with the message by itself, as a sentence, or ""."""
    message, whom = found.message, ", ".join(address or "the webhook" for _, address in found.recipients)
    if not found.is_stored or found.why_not_by_server:
        return message.reason or "" if message.state is MessageState.HELD else ""
    if message.state is MessageState.GOING or message.go_at:
        return f"The message is on its way to {whom}."
    if message.state is MessageState.WAITING:
        return f"In working hours the server sends it to {whom} by itself."
    return message.reason or "" if message.state in (MessageState.HELD, MessageState.GIVEN_UP) else ""


def _latest(view: View) -> PilotRunAttempt:
    latest = view.pilot.latest_attempt
    assert latest is not None
    return latest
