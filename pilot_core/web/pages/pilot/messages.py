"""The pilot's messages: waiting ones, which can be read, edited, held or copied; sent ones; and the contact."""

from typing import Literal

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import EDITABLE, KINDS, OPEN, Audience, Delivery, Message, MessageState, Words
from pilot_core.formatting import ago
from pilot_core.messages import letters, outbox
from pilot_core.messages.outbox import GONE
from pilot_core.messages.templates import LINK, QUIET, words_of
from pilot_core.settings import Settings
from pilot_core.store.tables.outbox import deliveries_of
from pilot_core.web.access import page_guard
from pilot_core.web.components import server_address
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact
from pilot_core.web.pages.pilot.view import View

STATES: dict[MessageState, tuple[str, Literal["blue", "orange", "gray", "green", "red"]]] = {
    MessageState.WAITING: ("Waits", "blue"),
    MessageState.HELD: ("Held", "orange"),
    MessageState.GOING: ("Going", "blue"),
    MessageState.BY_HAND: ("To copy", "gray"),
    MessageState.SENT: ("Sent", "green"),
    MessageState.GIVEN_UP: ("Given up", "red"),
    MessageState.CANCELLED: ("Cancelled", "gray"),
}
MOST_PAST = 20


def show(view: View) -> None:
    """Draw the contact and the messages."""
    config = server_address.settings_here()
    found = outbox.messages_of(view.store, view.pilot_id)
    contact = outbox.contact_of(view.store, view.pilot_id)
    whom, what = st.columns([2, 3], gap="large")
    with whom:
        _contact(view, contact, config)
    with what:
        waiting = [message for message in found if message.state in OPEN]
        past = [message for message in found if message.state not in OPEN]
        deliveries = view.store.database.read(lambda connection: deliveries_of(connection, view.pilot_id))
        if not found:
            empty_state("Messages will be here: that a cut is ready, reminders, feedback, and what became of each.")
        for message in waiting:
            _open_message(view, config, message, [d for d in deliveries if d.message_id == message.message_id])
        if past:
            st.markdown("**What went**")
        for message in past[:MOST_PAST]:
            _past_message(view, config, message, [d for d in deliveries if d.message_id == message.message_id])
        if len(past) > MOST_PAST:
            st.caption(f"And {len(past) - MOST_PAST} earlier.")


def _contact(view: View, contact: Contact, config: Settings) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**To whom**")
        if not page_guard.may_change():
            st.markdown(plain(contact.email) if contact.email else ":gray[No contact address yet.]")
        else:
            with st.form(view.key("contact"), border=False):
                email = st.text_input(
                    f"E-mail address of {plain(view.pilot.founder_name)}",
                    contact.email or "",
                    max_chars=254,
                    key=view.key("contact email"),
                )
                if st.form_submit_button("Save the address"):
                    with show_errors():
                        outbox.set_address(view.store, view.pilot_id, email or "", view.lead)
                        st.rerun()
            is_on = st.toggle("Messages for this pilot", not contact.messages_off, key=view.key("messages on"))
            if is_on == contact.messages_off:
                with show_errors():
                    outbox.set_enabled(view.store, view.pilot_id, is_on, view.lead)
                    st.rerun()
        if contact.messages_off:
            st.caption("Messages are off: none are written, and waiting ones are cancelled.")
        if contact.quiet_at:
            st.caption(f"The founder asked for no more reminders {ago(contact.quiet_at, view.now)}.")
            if page_guard.may_change() and st.button("They may come again", key=view.key("unquiet")):
                outbox.resume_reminders(view.store, view.pilot_id, view.lead)
                st.rerun()
        if config.mail is None and config.webhook is None:
            st.caption("Neither mail nor a webhook is set up, so messages wait here to be copied. The README says how.")


def _open_message(view: View, config: Settings, message: Message, deliveries: list[Delivery]) -> None:
    with st.container(border=True, gap="small"):
        written = _heading(view, config, message)
        if message.reason and message.state is not MessageState.GIVEN_UP:
            st.caption(plain(message.reason))
        elif message.state is MessageState.WAITING:
            st.caption(f"Goes by itself in working hours, {config.hold_minutes:g} min after it was written.")
        if message.state is MessageState.GIVEN_UP and not deliveries:
            st.markdown(f":orange[◆] {plain(message.reason or '')}")
        _failed_deliveries(view, deliveries)
        if written is None:
            return
        if not page_guard.may_change() or message.state not in EDITABLE:
            with st.expander("Read it", icon=":material/drafts:"):
                _read(written)
        else:
            with st.expander("Read or edit it", icon=":material/edit:"):
                _edit(view, message, written)
        if not page_guard.may_change():
            return
        _actions(view, config, message)
        _copy_of(view, config, message)


def _heading(view: View, config: Settings, message: Message) -> Words | None:
    """Draw the message's first line; returns its text, or None if it can no longer be rendered."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _kind_and_state(message)
        whom = "to the founder" if message.audience is Audience.FOUNDER else "to leads"
        at = message.ended_at or message.written_at
        st.caption(f"{whom}, {ago(at, view.now)}", help=exact(at, view.zone), width="content")
    with show_errors():
        return words_of(view.store, config, message, view.pilot)
    return None


def _edit(view: View, message: Message, written: Words) -> None:
    with st.form(view.key(f"edit {message.message_id}"), border=False):
        subject = st.text_input(
            "Subject", written.subject, max_chars=limits.SUBJECT, key=view.key(f"subject {message.message_id}")
        )
        body = st.text_area("Words", written.body, height=260, key=view.key(f"body {message.message_id}"))
        if message.audience is Audience.FOUNDER:
            st.caption(f"`{LINK}` and `{QUIET}` become the founder’s own addresses when it goes.")
        if st.form_submit_button("Save the words"):
            with show_errors():
                outbox.edit(view.store, message.message_id, subject or "", body or "", view.lead)
                st.rerun()


def _actions(view: View, config: Settings, message: Message) -> None:
    ident, by_itself = message.message_id, config.mail is not None or config.webhook is not None
    with st.container(horizontal=True, gap="small"):
        if by_itself and message.state is not MessageState.GOING:
            label = "Try again" if message.state is MessageState.GIVEN_UP else "Send now"
            if st.button(label, key=view.key(f"send {ident}"), icon=":material/send:"):
                with show_errors():
                    outbox.release(view.store, ident, view.lead)
                    st.rerun()
        if message.state is MessageState.WAITING and st.button("Hold", key=view.key(f"hold {ident}")):
            with show_errors():
                outbox.hold(view.store, ident, view.lead)
                st.rerun()
        if message.state is not MessageState.GOING:
            if st.button("Mark as sent", key=view.key(f"by hand {ident}")):
                with show_errors():
                    outbox.mark_sent(view.store, config, ident, view.lead)
                    st.rerun()
            if st.button("Cancel", key=view.key(f"off {ident}"), type="tertiary"):
                with show_errors():
                    outbox.cancel(view.store, ident, view.lead)
                    st.rerun()
        else:
            st.caption(GONE.split(",")[0] + ".")


def _copy_of(view: View, config: Settings, message: Message) -> None:
    """Draw the message with its links once a lead requests it, since that creates the links."""
    asked = view.key(f"copy {message.message_id}")
    if not st.toggle("Copy this message", key=asked):
        return
    to_founder = message.audience is Audience.FOUNDER
    if to_founder and not server_address.may_show(config, view.key(f"copy anyway {message.message_id}")):
        return
    with show_errors():
        written, eml = letters.copy_of(view.store, config, message.message_id)
        st.code(written.subject, language=None, wrap_lines=True)
        st.code(written.body, language=None, wrap_lines=True)
        st.download_button(
            "Download as .eml",
            eml,
            f"{message.kind.value}_{view.pilot_id}.eml",
            "message/rfc822",
            icon=":material/download:",
            key=view.key(f"eml {message.message_id}"),
        )


def _past_message(view: View, config: Settings, message: Message, deliveries: list[Delivery]) -> None:
    with st.container(border=True, gap="small"):
        written = None
        if message.state is MessageState.SENT:
            written = _heading(view, config, message)
        else:
            _past_heading(view, message)
        if message.reason:
            st.caption(plain(message.reason))
        for delivery in deliveries:
            if delivery.sent_at:
                where = plain(delivery.recipient) if delivery.way == "mail" else "the webhook"
                st.caption(f"To {where}", help=exact(delivery.sent_at, view.zone))
        if written:
            with st.expander("Read it", icon=":material/drafts:"):
                _read(written)


def _past_heading(view: View, message: Message) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _kind_and_state(message)
        st.caption(ago(message.ended_at or message.written_at, view.now), width="content")


def _kind_and_state(message: Message) -> None:
    word, colour = STATES[message.state]
    of = f", attempt {message.attempt_number}" if message.attempt_number else ""
    st.markdown(f"**{KINDS[message.kind].label}**{of}", width="content")
    st.badge(word, color=colour)


def _read(written: Words) -> None:
    st.markdown(f"**{plain(written.subject)}**")
    st.code(written.body, language=None, wrap_lines=True)


def _failed_deliveries(view: View, deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        if delivery.trouble and delivery.state is not MessageState.SENT:
            again = (
                f" Tried again {ago(delivery.next_try_at, view.now)}." if delivery.state is MessageState.WAITING else ""
            )
            where = plain(delivery.recipient) if delivery.way == "mail" else "The webhook"
            st.markdown(f":orange[◆] {where}: {plain(delivery.trouble)}{again}")
