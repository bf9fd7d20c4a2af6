"""Messages given up on: how many, the newest with what the server said, the way to try again; and the digests."""

import streamlit as st

from pilot_core.formatting import count
from pilot_core.messages import outbox
from pilot_core.messages.words import KINDS, Words, words_of
from pilot_core.settings import Settings
from pilot_core.store.diagnosis import Lost
from pilot_core.store.outbox import EDITABLE, Delivery, Message, digests
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, links
from pilot_core.web.diagnostics_page.words import Mark, Told, show
from pilot_core.web.errors import told as shown_errors
from pilot_core.web.text import plain
from pilot_core.web.times import when

SHOWN = 5
DIGESTS = 3


def told(many: int, config: Settings) -> Told:
    """Whether messages were given up on."""
    if not many:
        ways = [name for name, way in (("mail", config.mail), ("webhook", config.webhook)) if way]
        how = f"They go by {' and by '.join(ways)}." if ways else "No way out is set up, so they wait to be copied."
        return Told(Mark.WELL, f"No message is given up on. {how}")
    todo = "Mend what the server says, then try again; or send it by hand, or call it off, where the message is."
    return Told(Mark.ACT, f"{count(many, 'message')} could not be sent, and nobody tries any more.", todo)


def draw(told: Told, store: PilotStore, lost: list[Lost], many: int, config: Settings) -> None:
    """Draw the section."""
    st.subheader("Messages", anchor=False)
    show(told)
    with st.container(gap="small"):
        for one in lost:
            _row(store, one, config)
    if many > len(lost) > 0:
        st.caption(f"And {many - len(lost):,} earlier.")


def draw_digests(store: PilotStore, config: Settings) -> None:
    """Draw the newest digests, which stand on no pilot's page: each to be read, and edited before it goes."""
    for digest in store.database.read(lambda connection: digests(connection, DIGESTS)):
        with shown_errors():
            said = words_of(store, config, digest)
            with st.expander(f"Digest of {digest.about}, {digest.state.replace('_', ' ')}", icon=":material/mail:"):
                if digest.state in EDITABLE:
                    _edit(store, digest, said)
                else:
                    st.markdown(f"**{plain(said.subject)}**")
                    st.code(said.body, language=None, wrap_lines=True)


def _edit(store: PilotStore, digest: Message, said: Words) -> None:
    ident, name = digest.message_id, access.visitor().name
    with st.form(f"edit {ident}", border=False):
        subject = st.text_input("Subject", said.subject, max_chars=200, key=f"subject {ident}")
        body = st.text_area("Words", said.body, height=260, key=f"body {ident}")
        with st.container(horizontal=True, gap="small"):
            save, off = st.form_submit_button("Save the words"), st.form_submit_button("Call it off", type="tertiary")
    if save:
        outbox.edit(store, ident, subject or "", body or "", name)
    elif off:
        outbox.call_off(store, ident, name)
    if save or off:
        st.rerun()


def why(one: Lost) -> list[str]:
    """What stood in the way, a sentence or more a recipient, of whom only the domain is named."""
    return [_of(delivery) for delivery in one.deliveries] or [one.message.reason or "It is not known why."]


def _of(delivery: Delivery) -> str:
    domain = delivery.recipient.rpartition("@")[2]
    whom = f"To {domain}" if delivery.way == "mail" else "By webhook"
    said = delivery.trouble or "It is not known why."
    return f"{whom}: {said.replace(delivery.recipient, f'…@{domain}') if delivery.recipient else said}"


def _row(store: PilotStore, one: Lost, config: Settings) -> None:
    message = one.message
    of = f", attempt {message.attempt_number}" if message.attempt_number else ""
    whose = f"**{plain(one.company_name)}**, {KINDS[message.kind].lower()}" if one.company_name else KINDS[message.kind]
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
    with shown_errors():
        outbox.release(store, message_id)
        st.rerun()
