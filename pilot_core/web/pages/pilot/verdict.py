"""The recommendation with its reasons and quotes, and a lead's override of it."""

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.erasures import folded
from pilot_core.domain.judgements import Override, badge_word
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import ago
from pilot_core.insight.evidence import Quote
from pilot_core.insight.next_outcomes import next_outcomes
from pilot_core.insight.recommend import Recommendation, State, Verdict, recommend
from pilot_core.services import judgements
from pilot_core.store.queries.judgements import overrides_of
from pilot_core.web.access import page_guard
from pilot_core.web.components import badges
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact
from pilot_core.web.components.verdicts import override_badge, what_would_change
from pilot_core.web.pages.pilot import videos
from pilot_core.web.pages.pilot.actions import act_on_any_version, show_refusal_at
from pilot_core.web.pages.pilot.view import View

PLACE = "override"


def show(view: View) -> None:
    """Draw the recommendation with its reasons."""
    result = recommend(view.pilot)
    st.header(f"Recommendation: {result.label}", anchor=False)
    badges_line(view, result)
    if result.state is State.PROVISIONAL:
        st.caption("This is provisional: further feedback can change it.")
    for place, reason in enumerate(result.reasons):
        with st.container(border=True, gap="xxsmall"):
            st.markdown(plain(reason.text))
            for number, quote in enumerate(reason.quotes):
                _quote(view, quote, f"quote {place} {number}")
    if result.concerns:
        st.markdown(_listed("What speaks against it so far:", result.concerns))
    if result.risks:
        st.markdown(_listed("Risks:", result.risks))
    if outcomes := next_outcomes(view.pilot):
        st.markdown("**What would change it**")
        what_would_change(outcomes)
    st.caption(f"By rules {plain(result.rules_version)}.")


def _listed(title: str, sentences: list[str]) -> str:
    return "\n".join([title, "", *(f"- {plain(sentence)}" for sentence in sentences)])


def badges_line(view: View, result: Recommendation) -> None:
    """Draw the computed recommendation with its reason, and beside it the override."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badges.badge(result.recommendation, result.words, result.code)
        if view.override:
            override_badge(view.override)
        st.markdown(plain(result.summary), width="content")


def override(view: View) -> None:
    """Draw the override and the forms to confirm and to undo it, or the form for a new one; below, undone ones."""
    st.markdown("**Override**")
    if view.override:
        _open(view, view.override)
    elif page_guard.may_change():
        _form(view)
    else:
        st.markdown(":gray[No lead has overridden it.]")
    show_refusal_at(view, PLACE)
    for past in overrides_of(view.store.database, view.pilot_id):
        if past.undone_at:
            _undone(view, past)


def _undone(view: View, past: Override) -> None:
    said = "asked for" if past.lacks_second else "said"
    lines = [f"{plain(past.made_by)} {said} {past.verdict} {ago(past.made_at, view.now)}: {plain(past.reason)}"]
    if past.second_by:
        lines.append(_confirmed(view, past))
    who, why = plain(past.undone_by or ""), plain(past.undone_reason or "")
    lines.append(f"Taken back {ago(past.undone_at, view.now)} by {who}: {why}")
    st.caption("  \n".join(lines), help=f"{exact(past.made_at, view.zone)}  \n{exact(past.undone_at, view.zone)}")


def _confirmed(view: View, made: Override) -> str:
    who, why = plain(made.second_by or ""), plain(made.second_reason or "")
    return f"Confirmed {ago(made.second_at, view.now)} by {who}: {why}"


def _open(view: View, made: Override) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            override_badge(made)
            st.caption(ago(made.made_at, view.now), help=exact(made.made_at, view.zone), width="content")
        st.text(made.reason, width="stretch")
        st.caption(f"The rules said {badge_word(made.computed, made.computed_code)} when it was made.")
        if made.second_by:
            st.caption(_confirmed(view, made), help=exact(made.second_at, view.zone))
        if made.waits:
            st.caption("It is not in effect until a second person has given their reason.")
        if not page_guard.may_change():
            return
        if made.waits and folded(made.made_by) != folded(view.lead):
            _confirmation(view, made)
        what = "request" if made.waits else "override"
        st.text_input(
            "Why it no longer holds",
            key=view.key("undo reason"),
            placeholder="Kept beside it",
            max_chars=limits.REASON,
            on_change="ignore",
        )
        st.button(f"Take the {what} back", icon=":material/undo:", on_click=_undo, args=(view,))


def _confirmation(view: View, asked: Override) -> None:
    """Draw the form in which a second person gives their reason."""
    st.text_area(
        "Your reason as the second person",
        key=view.key("second reason"),
        height=90,
        max_chars=limits.REASON,
        on_change="ignore",
        persist_state="page",
    )
    st.button(f"Confirm {asked.verdict}", icon=":material/gavel:", on_click=_confirm, args=(view, asked.override_id))


def _form(view: View) -> None:
    computed = recommend(view.pilot).recommendation
    told = "The rules stay as they are: your verdict stands beside theirs, with your name and reason."
    if view.store.second_reason:
        told += " It takes effect when a second person has given their reason."
    st.caption(told)
    st.segmented_control(
        "Your verdict",
        [verdict.value for verdict in Verdict if verdict is not computed],
        format_func=lambda word: badges.mark(word).label,
        key=view.key("override verdict"),
        persist_state="page",
    )
    st.text_area(
        "Why",
        key=view.key("override reason"),
        height=90,
        max_chars=limits.REASON,
        placeholder="What the rules cannot know",
        on_change="ignore",
        persist_state="page",
    )
    st.button("Override the recommendation", icon=":material/gavel:", on_click=_override, args=(view,))


def _override(view: View) -> None:
    chosen = st.session_state.get(view.key("override verdict"))

    def save() -> None:
        if not chosen:
            raise InvalidRequest("Choose your verdict first.", field="verdict")
        judgements.override_recommendation(view.store, view.pilot_id, chosen, view.typed("override reason"), view.lead)

    waits = view.store.second_reason
    done = "Your verdict waits for a second person." if waits else "Your verdict stands beside the computed one."
    if act_on_any_version(view, PLACE, save, done):
        st.session_state[view.key("override verdict")] = None
        st.session_state[view.key("override reason")] = ""


def _confirm(view: View, override_id: str) -> None:
    def confirm() -> None:
        judgements.confirm_override(view.store, view.pilot_id, override_id, view.typed("second reason"), view.lead)

    if act_on_any_version(view, PLACE, confirm, "The override is in effect."):
        st.session_state[view.key("second reason")] = ""


def _undo(view: View) -> None:
    def undo() -> None:
        judgements.undo_override(view.store, view.pilot_id, view.typed("undo reason"), view.lead)

    what = "request" if view.override and view.override.waits else "override"
    if act_on_any_version(view, PLACE, undo, f"The {what} is taken back."):
        st.session_state[view.key("undo reason")] = ""


def _quote(view: View, quote: Quote, name: str) -> None:
    attempt = view.pilot.attempt(quote.attempt_number)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"“{plain(quote.text)}” :small[:gray[{plain(quote.by or 'unnamed')}]]", width="content")
        if attempt.state is AttemptState.READY:
            st.button(
                f"Attempt {quote.attempt_number}",
                type="tertiary",
                icon=":material/movie:",
                key=view.key(name),
                help="Bring its film to the front, above",
                on_click=_go_to,
                args=(view, quote.attempt_number),
            )


def _go_to(view: View, number: int) -> None:
    videos.go_to(view, view.pilot.attempt(number), 0)
    st.session_state[view.key("done")] = f"The film of attempt {number} is in front, above."
