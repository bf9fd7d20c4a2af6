"""What is recommended and why: each reason with the words it rests on, and a lead's override beside it."""

import streamlit as st

from pilot_core import judgement
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import ago
from pilot_core.insight.evidence import Quote
from pilot_core.insight.recommend import Recommendation, State, Verdict, recommend
from pilot_core.models import REASON_LENGTH, AttemptState
from pilot_core.store.judgements import Override, overrides_of
from pilot_core.web import access, badges
from pilot_core.web.pilot_page import films
from pilot_core.web.pilot_page.state import View, judge, show_refusal
from pilot_core.web.text import plain
from pilot_core.web.times import exact
from pilot_core.web.verdicts import override_badge

PLACE = "override"


def show(view: View) -> None:
    """Draw what the rules say, with their reasons."""
    result = recommend(view.pilot)
    st.subheader(f"Recommendation: {result.label}", anchor=False)
    both(view, result)
    if result.state is State.PROVISIONAL:
        st.caption("This is provisional: further feedback can change it.")
    for place, reason in enumerate(result.reasons):
        with st.container(border=True, gap="xxsmall"):
            st.markdown(plain(reason.text))
            for number, quote in enumerate(reason.quotes):
                _quote(view, quote, f"quote {place} {number}")
    if result.risks:
        st.markdown("\n".join(["Risks:", "", *(f"- {plain(risk)}" for risk in result.risks)]))
    st.caption(f"By rules {plain(result.rules_version)}.")


def both(view: View, result: Recommendation) -> None:
    """Draw the computed badge with its reason, and beside it the override that stands."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badges.badge(result.recommendation, result.words)
        if view.override:
            override_badge(view.override)
        st.markdown(plain(result.summary), width="content")


def override(view: View) -> None:
    """Draw the override that stands, with the way back, or the form that makes one; below, what was undone."""
    st.markdown("**Override**")
    if view.override:
        _standing(view, view.override)
    elif access.may_change():
        _form(view)
    else:
        st.markdown(":gray[No lead has overridden it.]")
    show_refusal(view, PLACE)
    for past in overrides_of(view.store.database, view.pilot_id):
        if not past.stands:
            st.caption(
                f"{plain(past.made_by)} said {past.verdict} {ago(past.made_at, view.now)}: {plain(past.reason)}  \n"
                f"Taken back {ago(past.undone_at, view.now)} by {plain(past.undone_by or '')}: "
                f"{plain(past.undone_reason or '')}",
                help=f"{exact(past.made_at, view.zone)}  \n{exact(past.undone_at, view.zone)}",
            )


def _standing(view: View, standing: Override) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            override_badge(standing)
            when = ago(standing.made_at, view.now)
            st.caption(when, help=exact(standing.made_at, view.zone), width="content")
        st.text(standing.reason, width="stretch")
        st.caption(f"The rules said {standing.computed or badges.TOO_EARLY.word} when it was made.")
        if not access.may_change():
            return
        st.text_input(
            "Why it no longer holds",
            key=view.key("undo reason"),
            placeholder="Kept beside it",
            max_chars=REASON_LENGTH,
            on_change="ignore",
        )
        st.button("Take the override back", icon=":material/undo:", on_click=_undo, args=(view,))


def _form(view: View) -> None:
    computed = recommend(view.pilot).recommendation
    st.caption("The rules stay as they are: your verdict stands beside theirs, with your name and reason.")
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
        max_chars=REASON_LENGTH,
        placeholder="What the rules cannot know",
        on_change="ignore",
        persist_state="page",
    )
    st.button("Override the recommendation", icon=":material/gavel:", on_click=_make, args=(view,))


def _make(view: View) -> None:
    chosen = st.session_state.get(view.key("override verdict"))

    def work() -> None:
        if not chosen:
            raise InvalidRequest("Choose your verdict first.", field="verdict")
        judgement.override_recommendation(view.store, view.pilot_id, chosen, view.typed("override reason"), view.lead)

    if judge(view, PLACE, work, "Your verdict stands beside the computed one."):
        st.session_state[view.key("override verdict")] = None
        st.session_state[view.key("override reason")] = ""


def _undo(view: View) -> None:
    def work() -> None:
        judgement.undo_override(view.store, view.pilot_id, view.typed("undo reason"), view.lead)

    if judge(view, PLACE, work, "The override is taken back."):
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
    films.go_to(view, view.pilot.attempt(number), 0)
    st.session_state[view.key("done")] = f"The film of attempt {number} is in front, above."
