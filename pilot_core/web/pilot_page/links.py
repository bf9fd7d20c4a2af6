"""Review links: made, listed with what their reviewers did, and ended at once."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import streamlit as st

from pilot_core.formatting import ago, count, day, percent
from pilot_core.review.links import LINK_DAYS, LONGEST_DAYS, LinkState, ReviewLink, links_of, make_link, revoke_link
from pilot_core.review.receipts import Receipt, receipts_of
from pilot_core.web import access
from pilot_core.web.access import LOCAL_HOSTS
from pilot_core.web.badges import Colour
from pilot_core.web.errors import told
from pilot_core.web.pilot_page.state import SECTION, View, empty
from pilot_core.web.review_routes import address
from pilot_core.web.text import plain
from pilot_core.web.times import exact

TITLE = "Review links"
STATES: dict[LinkState, tuple[str, Colour]] = {
    LinkState.LIVING: ("Open", "green"),
    LinkState.EXPIRED: ("Expired", "gray"),
    LinkState.REVOKED: ("Revoked", "red"),
}


def show(view: View) -> None:
    """Draw them."""
    if not access.may_change():
        _list(view)
        return
    making, made = st.columns([2, 3], gap="large")
    with making:
        _make(view)
    with made:
        _list(view)


def _make(view: View) -> None:
    today = view.now.date()
    with st.form(view.key("link"), border=True):
        st.markdown("**Make a review link**")
        name = st.text_input("Reviewer", view.pilot.founder_name, max_chars=200, key=view.key("link reviewer"))
        ends = st.date_input(
            "Open until the end of",
            today + timedelta(days=LINK_DAYS),
            min_value=today,
            max_value=today + timedelta(days=LONGEST_DAYS),
            key=view.key("link ends"),
        )
        passphrase = st.text_input(
            "Passphrase, if you want one",
            max_chars=200,
            key=view.key("link passphrase"),
            help="At least 8 characters. Tell it by another way than the link.",
        )
        st.caption("A reviewer has one link: made again, the former one ends, and what was said stays theirs.")
        if st.form_submit_button("Make the link", type="primary", icon=":material/link:"):
            with told():
                link, token = make_link(
                    view.store,
                    view.pilot_id,
                    name or "",
                    expires_on=ends,
                    passphrase=passphrase or None,
                    actor=view.lead,
                )
                st.session_state[view.key("link made")] = (link.link_id, link.reviewer, token)


def _list(view: View) -> None:
    _show_made(view)
    links, receipts = links_of(view.store, view.pilot_id), receipts_of(view.store, view.pilot_id)
    if not links and not receipts:
        empty("Links will be here, each with when its reviewer opened it, watched, commented and decided.")
        return
    for link in reversed(links):
        with st.container(border=True, gap="small"):
            _one(view, link)
            _receipts(view, [receipt for receipt in receipts if receipt.reviewer == link.reviewer])
    names = {link.reviewer for link in links}
    others = [receipt for receipt in receipts if receipt.reviewer not in names]
    if others:
        st.caption("Under another name, which a reviewer may choose:")
        _receipts(view, others, named=True)


def _show_made(view: View) -> None:
    """The address of the link made last: it is shown on this visit and kept nowhere."""
    made = st.session_state.get(view.key("link made"))
    if made is None:
        return
    _, reviewer, token = made
    here = urlsplit(st.context.url or "")
    with st.container(border=True, gap="small"):
        st.markdown(f"**Send this to {plain(reviewer)}**")
        st.code(f"{here.scheme}://{here.netloc}{address(token)}", language=None, wrap_lines=True)
        local = f"It begins with {plain(here.hostname or '')}, so it opens on this machine only. "
        st.caption(f"{local if here.hostname in LOCAL_HOSTS else ''}Copy it now: it is not shown again.")


def _one(view: View, link: ReviewLink) -> None:
    state = link.state(view.now)
    word, colour = STATES[state]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(link.reviewer)}**", width="content")
        st.badge(word, color=colour)
        if link.has_passphrase:
            st.badge("Passphrase", icon=":material/key:", color="gray")
        if link.locked_until and link.locked_until > view.now:
            st.badge("Locked", icon=":material/lock:", color="orange", help=exact(link.locked_until, view.zone))
        st.space("stretch")
        may_revoke = state is LinkState.LIVING and access.may_change()
        if may_revoke and st.button("Revoke now", key=view.key(f"revoke {link.link_id}")):
            with told():
                revoke_link(view.store, link.link_id, view.lead)
                if (st.session_state.get(view.key("link made")) or ("",))[0] == link.link_id:
                    del st.session_state[view.key("link made")]
                st.rerun()
    last = day(link.expires_at - timedelta(days=1))
    ended = f"revoked {ago(link.revoked_at, view.now)}" if link.revoked_at else f"to the end of {last} (UTC)"
    st.caption(f"Made by {plain(link.created_by)} {ago(link.created_at, view.now)}, {ended}.")


def _receipts(view: View, receipts: list[Receipt], *, named: bool = False) -> None:
    if not receipts:
        st.markdown(":gray[Not opened yet.]")
    for receipt in sorted(receipts, key=lambda r: (-r.attempt_number, r.reviewer)):
        who = f"{plain(receipt.reviewer)}, " if named else ""
        told_of, moments = zip(*_did(view, receipt), strict=True)
        st.markdown(f"{who}Attempt {receipt.attempt_number}: {', '.join(told_of)}", help="  \n".join(moments))


def _did(view: View, receipt: Receipt) -> list[tuple[str, str]]:
    """What the reviewer did, in words, each with its exact moment."""

    def at(what: str, value: datetime | None) -> str:
        return f"{what}: {exact(value, view.zone)}"

    found = []
    if receipt.opened_at:
        found.append((f"opened {ago(receipt.opened_at, view.now)}", at("Opened", receipt.opened_at)))
    if receipt.watched_at:
        part = percent(receipt.watched_fraction) if receipt.watched_fraction is not None else "some"
        found.append((f"watched {part}", at("Watched", receipt.watched_at)))
    if receipt.comments:
        found.append((count(receipt.comments, "comment"), at("Commented", receipt.commented_at)))
    if receipt.decision:
        word = receipt.decision.replace("_", " ").replace("approve", "approved")
        found.append((f"**{word}** {ago(receipt.decided_at, view.now)}", at("Decided", receipt.decided_at)))
    return found or [("nothing yet", "")]


def open_section(view: View) -> None:
    """Bring them to the front; a callback."""
    st.session_state[view.key(SECTION)] = TITLE
