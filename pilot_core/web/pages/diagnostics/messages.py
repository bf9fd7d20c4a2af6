"""Messages that could not be sent, with the server's answer and a button to try again; and the digests."""

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.messages import EDITABLE, KINDS, Delivery, Message, Words
from pilot_core.formatting import count
from pilot_core.messages import outbox
from pilot_core.messages.templates import words_of
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.diagnosis import Lost
from pilot_core.store.tables.outbox import digests
from pilot_core.web.access import page_guard
from pilot_core.web.components import links
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import when
from pilot_core.web.pages.diagnostics.status import Mark, Status, show_status

SHOWN = 5
DIGESTS = 3


def status(many: int, config: Settings) -> Status:
    """Return the status: whether any messages could not be sent."""
    if not many:
        ways = [name for name, way in (("mail", config.mail), ("webhook", config.webhook)) if way]
        how = f"They go by {' and by '.join(ways)}." if ways else "No way out is set up, so they wait to be copied."
        return Status(Mark.WELL, f"No message is given up on. {how}")
    todo = "Mend what the server says, then try again; or send it by hand, or call it off, where the message is."
    return Status(Mark.ACT, f"{count(many, 'message')} could not be sent, and nobody tries any more.", todo)


def show(status: Status, store: PilotStore, lost: list[Lost], many: int, config: Settings) -> None:
    """Draw the section."""
    st.header("Messages", anchor=False)
    show_status(status)
    with st.container(gap="small"):
        for one in lost:
            _row(store, one, config)
    if many > len(lost) > 0:
        st.caption(f"And {many - len(lost):,} earlier.")


def show_digests(store: PilotStore, config: Settings) -> None:
    """Draw the newest digests, which are on no pilot's page. They can be read and, before they are sent, edited."""
    for digest in store.database.read(lambda connection: digests(connection, DIGESTS)):
        with show_errors():
            digest_words = words_of(store, config, digest)
            with st.expander(f"Digest of {digest.about}, {digest.state.replace('_', ' ')}", icon=":material/mail:"):
                if digest.state in EDITABLE:
                    _edit(store, digest, digest_words)
                else:
                    st.markdown(f"**{plain(digest_words.subject)}**")
                    st.code(digest_words.body, language=None, wrap_lines=True)


def _edit(store: PilotStore, digest: Message, written: Words) -> None:
    ident, name = digest.message_id, page_guard.visitor().actor
    with st.form(f"edit {ident}", border=False):
        subject = st.text_input("Subject", written.subject, max_chars=limits.SUBJECT, key=f"subject {ident}")
        body = st.text_area("Words", written.body, height=260, key=f"body {ident}")
        with st.container(horizontal=True, gap="small"):
            save, off = st.form_submit_button("Save the words"), st.form_submit_button("Cancel", type="tertiary")
    if save:
        outbox.edit(store, ident, subject or "", body or "", name)
    elif off:
        outbox.cancel(store, ident, name)
    if save or off:
        st.rerun()


def why(one: Lost) -> list[str]:
    """Return why a message could not be sent, by recipient. Only the recipient's domain is shown."""
    return [_of(delivery) for delivery in one.deliveries] or [one.message.reason or "It is not known why."]


def _of(delivery: Delivery) -> str:
    domain = delivery.recipient.rpartition("@")[2]
    whom = f"To {domain}" if delivery.way == "mail" else "By webhook"
    answer = delivery.trouble or "It is not known why."
    return f"{whom}: {answer.replace(delivery.recipient, f'…@{domain}') if delivery.recipient else answer}"


def _row(store: PilotStore, one: Lost, config: Settings) -> None:
    message = one.message
    of = f", attempt {message.attempt_number}" if message.attempt_number else ""
    whose = (
        f"**{plain(one.company_name)}**, {KINDS[message.kind].label.lower()}"
        if one.company_name
        else KINDS[message.kind].label
    )
    with st.container(gap="xxsmall"):
        st.markdown(f"{whose}{of}. {' '.join(plain(sentence) for sentence in why(one))}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if message.ended_at:
                when(message.ended_at)
            if message.pilot_id:
                links.message_link(message.pilot_id)
            if (config.mail or config.webhook) and st.button(
                "Try again", key=f"try {message.message_id}", type="tertiary", icon=":material/send:"
            ):
                _try_again(store, message.message_id)


def _try_again(store: PilotStore, message_id: str) -> None:
    with show_errors():
        outbox.release(store, message_id, page_guard.visitor().actor)
        st.rerun()
