"""The pilot's messages: what waits, to be read, edited, held and copied; what went; and to whom."""

from typing import Literal

import streamlit as st

from pilot_core.formatting import ago
from pilot_core.messages import outbox
from pilot_core.messages.outbox import GONE
from pilot_core.messages.words import KINDS, LINK, QUIET, Words, words_of
from pilot_core.settings import Settings, settings
from pilot_core.store.contacts import Contact
from pilot_core.store.outbox import EDITABLE, OPEN, Delivery, Message, State, deliveries_of
from pilot_core.web import access
from pilot_core.web.errors import told
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.text import plain
from pilot_core.web.times import exact

STATES: dict[State, tuple[str, Literal["blue", "orange", "gray", "green", "red"]]] = {
    State.WAITING: ("Waits", "blue"),
    State.HELD: ("Held", "orange"),
    State.GOING: ("Going", "blue"),
    State.BY_HAND: ("To copy", "gray"),
    State.SENT: ("Sent", "green"),
    State.GIVEN_UP: ("Given up", "red"),
    State.CANCELLED: ("Called off", "gray"),
}
MOST_PAST = 20


def show(view: View) -> None:
    """Draw them."""
    config = settings()
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
            empty("Messages will be here: that a cut is ready, reminders, feedback, and what became of each.")
        for message in waiting:
            _one(view, config, message, [d for d in deliveries if d.message_id == message.message_id])
        if past:
            st.markdown("**What went**")
        for message in past[:MOST_PAST]:
            _past(view, config, message, [d for d in deliveries if d.message_id == message.message_id])
        if len(past) > MOST_PAST:
            st.caption(f"And {len(past) - MOST_PAST} earlier.")


def _contact(view: View, contact: Contact, config: Settings) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**To whom**")
        if not access.may_change():
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
                    with told():
                        outbox.set_address(view.store, view.pilot_id, email or "", view.lead)
                        st.rerun()
            is_on = st.toggle("Messages for this pilot", not contact.messages_off, key=view.key("messages on"))
            if is_on == contact.messages_off:
                with told():
                    outbox.switch(view.store, view.pilot_id, is_on, view.lead)
                    st.rerun()
        if contact.messages_off:
            st.caption("Messages are off: nothing is written, and what waits is called off.")
        if contact.quiet_at:
            st.caption(f"The founder asked for no more reminders {ago(contact.quiet_at, view.now)}.")
            if access.may_change() and st.button("They may come again", key=view.key("unquiet")):
                outbox.remind_again(view.store, view.pilot_id, view.lead)
                st.rerun()
        if config.mail is None and config.webhook is None:
            st.caption("Neither mail nor a webhook is set up, so messages wait here to be copied. The README says how.")


def _one(view: View, config: Settings, message: Message, deliveries: list[Delivery]) -> None:
    with st.container(border=True, gap="small"):
        said = _head(view, config, message)
        if message.reason and message.state is not State.GIVEN_UP:
            st.caption(plain(message.reason))
        elif message.state is State.WAITING:
            st.caption(f"Goes by itself in working hours, {config.hold_minutes:g} min after it was written.")
        if message.state is State.GIVEN_UP and not deliveries:
            st.markdown(f":orange[◆] {plain(message.reason or '')}")
        _troubles(view, deliveries)
        if said is None:
            return
        if not access.may_change() or message.state not in EDITABLE:
            with st.expander("Read it", icon=":material/drafts:"):
                _read(said)
        else:
            with st.expander("Read or edit it", icon=":material/edit:"):
                _edit(view, message, said)
        if not access.may_change():
            return
        _acts(view, config, message)
        _copy(view, config, message)


def _head(view: View, config: Settings, message: Message) -> Words | None:
    """The message's first line; returns what it says, or None where nothing can be said any more."""
    word, colour = STATES[message.state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        of = f", attempt {message.attempt_number}" if message.attempt_number else ""
        st.markdown(f"**{KINDS[message.kind]}**{of}", width="content")
        st.badge(word, color=colour)
        whom = "to the founder" if message.audience == "founder" else "to leads"
        at = message.ended_at or message.written_at
        st.caption(f"{whom}, {ago(at, view.now)}", help=exact(at, view.zone), width="content")
    with told():
        return words_of(view.store, config, message, view.pilot)
    return None


def _edit(view: View, message: Message, said: Words) -> None:
    with st.form(view.key(f"edit {message.message_id}"), border=False):
        subject = st.text_input("Subject", said.subject, max_chars=200, key=view.key(f"subject {message.message_id}"))
        body = st.text_area("Words", said.body, height=260, key=view.key(f"body {message.message_id}"))
        if message.audience == "founder":
            st.caption(f"`{LINK}` and `{QUIET}` become the founder’s own addresses when it goes.")
        if st.form_submit_button("Save the words"):
            with told():
                outbox.edit(view.store, message.message_id, subject or "", body or "", view.lead)
                st.rerun()


def _acts(view: View, config: Settings, message: Message) -> None:
    ident, by_itself = message.message_id, config.mail is not None or config.webhook is not None
    with st.container(horizontal=True, gap="small"):
        if by_itself and message.state is not State.GOING:
            label = "Try again" if message.state is State.GIVEN_UP else "Send now"
            if st.button(label, key=view.key(f"send {ident}"), icon=":material/send:"):
                with told():
                    outbox.release(view.store, ident)
                    st.rerun()
        if message.state is State.WAITING and st.button("Hold", key=view.key(f"hold {ident}")):
            with told():
                outbox.hold(view.store, ident, view.lead)
                st.rerun()
        if message.state is not State.GOING:
            if st.button("I have sent it", key=view.key(f"by hand {ident}")):
                with told():
                    outbox.sent_by_hand(view.store, config, ident, view.lead)
                    st.rerun()
            if st.button("Call it off", key=view.key(f"off {ident}"), type="tertiary"):
                with told():
                    outbox.call_off(view.store, ident, view.lead)
                    st.rerun()
        else:
            st.caption(GONE.split(",")[0] + ".")


def _copy(view: View, config: Settings, message: Message) -> None:
    """The message with its addresses, from when a lead asks for it: a link is made only then."""
    asked = view.key(f"copy {message.message_id}")
    if not st.toggle("Copy this message", key=asked):
        return
    with told():
        said, eml = outbox.copied(view.store, config, message.message_id)
        st.code(said.subject, language=None, wrap_lines=True)
        st.code(said.body, language=None, wrap_lines=True)
        st.download_button(
            "Download as .eml",
            eml,
            f"{message.kind.value}_{view.pilot_id}.eml",
            "message/rfc822",
            icon=":material/download:",
            key=view.key(f"eml {message.message_id}"),
        )


def _past(view: View, config: Settings, message: Message, deliveries: list[Delivery]) -> None:
    with st.container(border=True, gap="small"):
        said = None
        if message.state is State.SENT:
            said = _head(view, config, message)
        else:
            _gone(view, message)
        if message.reason:
            st.caption(plain(message.reason))
        for delivery in deliveries:
            if delivery.sent_at:
                where = plain(delivery.recipient) if delivery.way == "mail" else "the webhook"
                st.caption(f"To {where}", help=exact(delivery.sent_at, view.zone))
        if said:
            with st.expander("Read it", icon=":material/drafts:"):
                _read(said)


def _gone(view: View, message: Message) -> None:
    word, colour = STATES[message.state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        of = f", attempt {message.attempt_number}" if message.attempt_number else ""
        st.markdown(f"**{KINDS[message.kind]}**{of}", width="content")
        st.badge(word, color=colour)
        st.caption(ago(message.ended_at or message.written_at, view.now), width="content")


def _read(said: Words) -> None:
    st.markdown(f"**{plain(said.subject)}**")
    st.code(said.body, language=None, wrap_lines=True)


def _troubles(view: View, deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        if delivery.trouble and delivery.state is not State.SENT:
            again = f" Tried again {ago(delivery.next_try_at, view.now)}." if delivery.state is State.WAITING else ""
            where = plain(delivery.recipient) if delivery.way == "mail" else "The webhook"
            st.markdown(f":orange[◆] {where}: {plain(delivery.trouble)}{again}")
