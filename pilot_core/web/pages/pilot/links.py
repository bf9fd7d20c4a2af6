"""Review links: the form for a new link, and all links with what their reviewers did."""

from datetime import datetime, timedelta

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.events import actor_name
from pilot_core.domain.reviews import LinkState, ReviewLink
from pilot_core.formatting import ago, count, day, percent
from pilot_core.messages.capability_links import ACTOR
from pilot_core.review.links import LINK_DAYS, allow_download, links_of, make_link, revoke_link
from pilot_core.review.receipts import Receipt, receipts_of
from pilot_core.web.access import page_guard
from pilot_core.web.components import server_address
from pilot_core.web.components.badges import Colour
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.links import preview_address
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact
from pilot_core.web.pages.pilot.view import SECTION, View
from pilot_core.web.review_room.routes import address

TITLE = "Review links"
STATES: dict[LinkState, tuple[str, Colour]] = {
    LinkState.LIVING: ("Open", "green"),
    LinkState.EXPIRED: ("Expired", "gray"),
    LinkState.REVOKED: ("Revoked", "red"),
}


def show(view: View) -> None:
    """Draw the links."""
    st.link_button(
        "See what the founder sees", preview_address(view.pilot_id), icon=":material/visibility:", type="tertiary"
    )
    if not page_guard.may_change():
        _list(view)
        return
    making, made = st.columns([2, 3], gap="large")
    with making:
        _make_form(view)
    with made:
        _list(view)


def _make_form(view: View) -> None:
    today = view.now.date()
    with st.form(view.key("link"), border=True):
        st.markdown("**Make a review link**")
        name = st.text_input("Reviewer", view.pilot.founder_name, max_chars=limits.NAME, key=view.key("link reviewer"))
        ends = st.date_input(
            "Open until the end of",
            today + timedelta(days=LINK_DAYS),
            min_value=today,
            max_value=today + timedelta(days=limits.LINK_DAYS),
            key=view.key("link ends"),
        )
        passphrase = st.text_input(
            "Passphrase, if you want one",
            max_chars=limits.PASSPHRASE_LONGEST,
            key=view.key("link passphrase"),
            help="At least 8 characters. Tell it by another way than the link.",
        )
        may_download = st.toggle("May download the approved video", key=view.key("link download"))
        st.caption(
            "A new link for the same name replaces the one made here before. "
            "The link in messages to the founder is another one and stays open."
        )
        if st.form_submit_button("Make the link", type="primary", icon=":material/link:"):
            with show_errors():
                link, token = make_link(
                    view.store,
                    view.pilot_id,
                    name or "",
                    expires_on=ends,
                    passphrase=passphrase or None,
                    may_download=may_download,
                    actor=view.lead,
                )
                st.session_state[view.key("link made")] = (link.link_id, link.reviewer, token)


def _list(view: View) -> None:
    _show_made(view)
    links, receipts = links_of(view.store, view.pilot_id), receipts_of(view.store, view.pilot_id)
    if not links and not receipts:
        empty_state("Links will be here, each with when its reviewer opened it, watched, commented and decided.")
        return
    for link in reversed(links):
        with st.container(border=True, gap="small"):
            _link(view, link)
            _receipts(view, [receipt for receipt in receipts if receipt.reviewer == link.reviewer])
    names = {link.reviewer for link in links}
    others = [receipt for receipt in receipts if receipt.reviewer not in names]
    if others:
        st.caption("Under another name, which a reviewer may choose:")
        _receipts(view, others, named=True)


def _show_made(view: View) -> None:
    """Draw the address of the link created last. It is shown only in this session and is not stored."""
    made = st.session_state.get(view.key("link made"))
    if made is None:
        return
    _, reviewer, token = made
    config = server_address.settings_here()
    with st.container(border=True, gap="small"):
        st.markdown(f"**Link for {plain(reviewer)}**")
        if server_address.may_show(config, view.key("link anyway")):
            st.code(f"{config.address}{address(token)}", language=None, wrap_lines=True)
        st.caption("Copy it now: it is not shown again.")


def _link(view: View, link: ReviewLink) -> None:
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
        may_revoke = state is LinkState.LIVING and page_guard.may_change()
        if may_revoke and st.button("Revoke now", key=view.key(f"revoke {link.link_id}")):
            with show_errors():
                revoke_link(view.store, link.link_id, view.lead)
                if (st.session_state.get(view.key("link made")) or ("",))[0] == link.link_id:
                    del st.session_state[view.key("link made")]
                st.rerun()
    if state is LinkState.LIVING and page_guard.may_change():
        _download_switch(view, link)
    elif link.may_download:
        st.badge("May download the approved video", icon=":material/download:", color="gray")
    last = day(link.expires_at - timedelta(days=1))
    ended = f"revoked {ago(link.revoked_at, view.now)}" if link.revoked_at else f"to the end of {last} (UTC)"
    made = "Made for messages" if link.created_by == ACTOR else f"Made by {plain(actor_name(link.created_by))}"
    st.caption(f"{made} {ago(link.created_at, view.now)}, {ended}.")


def _download_switch(view: View, link: ReviewLink) -> None:
    key = view.key(f"download {link.link_id} {link.may_download}")

    def switch() -> None:
        with show_errors():
            allow_download(view.store, link.link_id, bool(st.session_state.get(key)), view.lead)

    st.toggle("May download the approved video", link.may_download, key=key, on_change=switch)


def _receipts(view: View, receipts: list[Receipt], *, named: bool = False) -> None:
    if not receipts:
        st.markdown(":gray[Not opened yet.]")
    for receipt in sorted(receipts, key=lambda r: (-r.attempt_number, r.reviewer)):
        who = f"{plain(receipt.reviewer)}, " if named else ""
        told_of, moments = zip(*_activity(view, receipt), strict=True)
        st.markdown(f"{who}Attempt {receipt.attempt_number}: {', '.join(told_of)}", help="  \n".join(moments))


def _activity(view: View, receipt: Receipt) -> list[tuple[str, str]]:
    """Return what the reviewer did as text, each with its exact time."""

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
    """Show the tab of review links; for a callback."""
    st.session_state[view.key(SECTION)] = TITLE
