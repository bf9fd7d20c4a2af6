"""The checklist of the attempt on screen: what was asked, what was done about it, and marks by a lead."""

from collections import Counter

import streamlit as st

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.pilot import PilotStatus
from pilot_core.domain.requests import Mark, MarkKind, Outcome, Request, RequestKind, Standing
from pilot_core.domain.reviews import TeamMember
from pilot_core.formatting import ago, count
from pilot_core.insight.evidence import shortened
from pilot_core.review.checklist import Checklist, Item, checklist_of
from pilot_core.review.marks import mark_request, unmark_request
from pilot_core.web.access import page_guard
from pilot_core.web.components.badges import Colour
from pilot_core.web.components.comment_threads import span
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.actions import act_on_any_version, show_refusal_at
from pilot_core.web.pages.pilot.videos import Shown
from pilot_core.web.pages.pilot.view import View

LOOKS: dict[Outcome, tuple[str, Colour, str]] = {
    Outcome.NEEDS_A_PERSON: ("Needs a person", "orange", ":material/person_alert:"),
    Outcome.NOT_DONE: ("Not done", "red", ":material/close:"),
    Outcome.NOT_POSSIBLE: ("Not possible", "gray", ":material/block:"),
    Outcome.DONE: ("Done", "green", ":material/check:"),
}
"""The word, colour and icon of each outcome, in the order of the list."""
ON_THE_CARD = 3
"""How many requests the action card names. The list has all of them."""


def show(view: View, shown: Shown | None) -> None:
    """Draw the checklist of the attempt on screen, if anything was asked of an earlier one."""
    listed = checklist_of(view.store, view.pilot, shown.attempt.attempt_number) if shown else None
    if listed is None or not listed.items:
        return
    with st.container(border=True):
        st.header(f"Checklist of attempt {listed.attempt.attempt_number}", anchor=False)
        st.caption(_summary(listed))
        order = list(LOOKS)
        for item in sorted(listed.items, key=lambda item: (item.is_settled, order.index(item.outcome))):
            _item(view, listed, item)


def show_needs(view: View) -> None:
    """Draw, for the action card, which requests nobody has followed in the newest attempt."""
    listed = checklist_of(view.store, view.pilot)
    left = [item for item in listed.items if not item.is_settled] if listed else []
    if listed is None or not left:
        return
    lines = [f"- {_name(item.request)}" for item in left[:ON_THE_CARD]]
    if len(left) > ON_THE_CARD:
        lines.append(f"- {count(len(left) - ON_THE_CARD, 'more request')}")
    needs = "needs" if len(left) == 1 else "need"
    title = f"**{count(len(left), 'request')} {needs} a person in attempt {listed.attempt.attempt_number}**"
    st.warning("\n".join([title, "", *lines, "", "The checklist has them all."]), icon=":material/person_alert:")


def _summary(listed: Checklist) -> str:
    counts = Counter(item.outcome for item in listed.items)
    parts = [f"{counts[outcome]} {word.lower()}" for outcome, (word, _, _) in LOOKS.items() if counts[outcome]]
    parts = [part if part.startswith("1 ") else part.replace("needs", "need") for part in parts]
    answers = Counter(_by_reviewer(item.answer) for item in listed.items)
    parts += [f"{answers[word]} {word.lower()} by reviewers" for word in ("Confirmed", "Reopened") if answers[word]]
    return f"Asked of attempt {listed.base.attempt_number} and before. {' · '.join(parts)}."


def _by_reviewer(answer: Standing | None) -> str | None:
    if answer is None or not answer.by_reviewer:
        return None
    return "Confirmed" if answer.addressed else "Reopened"


def _item(view: View, listed: Checklist, item: Item) -> None:
    word, colour, icon = LOOKS[item.outcome]
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(word, color=colour, icon=icon)
            if item.answer:
                _answer_badge(item.answer)
            st.markdown(_name(item.request), width="content")
        st.caption("  \n".join(map(plain, _lines(item, listed.base.attempt_number))))
        is_newest = listed.attempt is view.pilot.newest_ready_attempt
        if is_newest and view.pilot.status is not PilotStatus.COMPLETED and page_guard.may_change():
            _mark(view, listed.attempt.attempt_number, item)
        show_refusal_at(view, _place(item.request))


def _answer_badge(answer: Standing) -> None:
    by = answer.by if answer.by_reviewer else f"{answer.by}, for the team"
    if answer.addressed:
        st.badge(plain(f"Confirmed by {by}"), color="green", icon=":material/thumb_up:")
    else:
        st.badge(plain(f"Reopened by {by}"), color="red", icon=":material/undo:")


def _name(request: Request) -> str:
    if request.flag:
        return f"**{plain(catalog.label('flag', request.flag))}**"
    at = f"{span(request.comment)} " if request.comment else ""
    return f"{at}“{plain(shortened(request.words))}”" if request.words.strip() else f"{at}a file without words"


def _lines(item: Item, base: int) -> list[str]:
    """Return who asked, what was measured, what the pipeline or a lead says, and what is known besides."""
    request = item.request
    kind = {RequestKind.COMMENT: "Comment", RequestKind.FLAG: "Flag", RequestKind.WORDS: "Note"}[request.kind]
    asked = f"{kind} by {request.by}" + (
        f" on attempt {request.attempt_number}" if base != request.attempt_number else ""
    )
    lines = [asked[:1].upper() + asked[1:]]
    if item.measured:
        lines.append(f"Measured: {item.measured}")
    if item.mark:
        lines.append(_mark_words(item.mark))
    lines += [change.text for change in item.changes]
    if item.note and not item.mark:
        lines.append(item.note)
    return lines


def _mark_words(mark: Mark) -> str:
    what = "Done by hand" if mark.kind is MarkKind.DONE else "Not possible"
    return f"{what}, says {mark.made_by}" + (f": {mark.note}" if mark.note else "")


def _mark(view: View, number: int, item: Item) -> None:
    request_id = item.request.request_id
    if item.mark:
        when = ago(item.mark.made_at, view.now)
        st.button(
            f"Undo the mark ({when})",
            type="tertiary",
            key=view.key(f"unmark {request_id}"),
            on_click=_save_unmark,
            args=(view, number, item.request),
        )
        return
    if item.outcome is Outcome.DONE:
        return
    field = view.key(f"mark note {request_id}")
    with st.popover("Mark by hand", type="tertiary", key=view.key(f"mark {request_id}")):
        st.text_area(
            "What was done, or why it is not possible",
            key=field,
            max_chars=limits.NOTES,
            height=90,
            help="The founder reads this in the review room.",
        )
        for kind, label in ((MarkKind.DONE, "Mark as done"), (MarkKind.NOT_POSSIBLE, "Mark as not possible")):
            if kind is MarkKind.NOT_POSSIBLE or item.can_be_done:
                st.button(
                    label,
                    key=view.key(f"mark {kind} {request_id}"),
                    on_click=_save_mark,
                    args=(view, number, item.request, kind, field),
                )


def _save_mark(view: View, number: int, request: Request, kind: MarkKind, field: str) -> None:
    note = str(st.session_state.get(field) or "")

    def save() -> None:
        mark_request(view.store, TeamMember(view.lead, view.pilot_id), request.request_id, kind, note, number)

    act_on_any_version(view, _place(request), save, f"Marked as {kind}.")


def _save_unmark(view: View, number: int, request: Request) -> None:
    def save() -> None:
        unmark_request(view.store, TeamMember(view.lead, view.pilot_id), request.request_id, number)

    act_on_any_version(view, _place(request), save, "The mark was removed.")


def _place(request: Request) -> str:
    return f"mark {request.request_id}"
