"""The list of erasures, and the dialog that erases a person's data."""

import streamlit as st

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.domain.actors import Actor
from pilot_core.domain.erasures import Erasure
from pilot_core.erasure.person import erase_person
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.formatting import count
from pilot_core.services import keys
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.erasures import all_erasures, pilots_naming
from pilot_core.web.access import idempotency, page_guard
from pilot_core.web.components import erasure_notice
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.pages.diagnostics.status import Mark, Status, at, show_status, table

SHOWN = 50
NAME, REASON, PROBLEM = "erase name", "erase reason", "erase problem"
SURE, OPEN = "erase sure", "erase open"


def show(store: PilotStore, actor: Actor) -> None:
    """Draw the section."""
    st.header("Erasures", anchor=False)
    made = all_erasures(store.database)
    people = sum(one.kind == "person" for one in made)
    if made:
        pilots = count(len(made) - people, "pilot")
        so_far = f"Erased so far: {pilots}, and the data of {count(people, 'person').replace('persons', 'people')}."
        show_status(Status(Mark.PLAIN, so_far))
        lines = [
            (f"{at(one.erased_at)}\nby {one.erased_by}", "\nKept: ".join(erased_and_kept(one)), one.reason)
            for one in made[:SHOWN]
        ]
        table(("When", "What", "Why"), lines, "Erasures, the latest first")
        if len(made) > SHOWN:
            st.caption(f"And {len(made) - SHOWN:,} earlier ones.")
    else:
        show_status(Status(Mark.PLAIN, "Nothing has been erased yet."))
    st.caption(
        "A pilot is erased on its own page. A person’s data can be erased here: their name and words leave every "
        "pilot, their decisions stay, of nobody."
    )
    if not page_guard.may_change():
        return
    if st.button("Erase a person…", icon=":material/person_remove:"):
        for name in (NAME, REASON, SURE, PROBLEM):
            st.session_state.pop(name, None)
        idempotency.renew(OPEN)
        st.session_state[OPEN] = True
    if st.session_state.get(OPEN):
        _dialog(store, actor)


def erased_and_kept(one: Erasure) -> tuple[str, str]:
    """Return what was erased, and the counts that were kept, as text."""
    counts = one.counts
    if one.kind == "person":
        reviews, comments = count(counts.get("reviews", 0), "review"), count(counts.get("comments", 0), "comment")
        return "A person", f"{reviews} and {comments} in {count(counts.get('pilots', 0), 'pilot')}, without words"
    brand = catalog.label("brand", counts["brand_preset"]) if counts.get("brand_preset") else "no brand"
    parts = [
        catalog.label("scenario", str(counts.get("scenario_type"))),
        brand,
        str(counts.get("approval_outcome")),
        count(counts.get("attempts", 0), "attempt"),
        count(counts.get("reviews", 0), "review"),
    ]
    return "A pilot", ", ".join(parts)


def _close() -> None:
    for name in (OPEN, SURE):
        st.session_state.pop(name, None)


@st.dialog("Erase a person", icon=":material/person_remove:", on_dismiss=_close)
def _dialog(store: PilotStore, actor: Actor) -> None:
    sure = st.session_state.get(SURE)
    if sure is None:
        _ask(store)
    else:
        _confirm(store, actor, *sure)


def _ask(store: PilotStore) -> None:
    st.markdown(
        "Their name, their words, their views and their sign-in and review links leave the store. "
        "What others wrote about them, and what films show, is not searched."
    )
    st.text_input("Name", key=NAME, placeholder="As it is written here", max_chars=limits.NAME)
    st.text_input("Why", key=REASON, placeholder="They asked for it", max_chars=limits.ERASURE_REASON)
    st.caption("The reason is kept; do not name them in it.")
    if problem := st.session_state.get(PROBLEM):
        st.error(plain(problem), icon=":material/error:")
    st.button("Look for this person", type="primary", icon=":material/search:", on_click=_search, args=(store,))


def _search(store: PilotStore) -> None:
    st.session_state.pop(PROBLEM, None)
    try:
        st.session_state[SURE] = _found(store)
    except PilotError as error:
        st.session_state[PROBLEM] = str(error)


def _back(name: str, reason: str) -> None:
    st.session_state.pop(SURE, None)
    st.session_state[NAME], st.session_state[REASON] = name, reason


def _found(store: PilotStore) -> tuple[str, str, int, int]:
    """Return the name, the reason, and how many pilots and sign-in keys have that name. Raises InvalidRequest."""
    name, reason = (" ".join((st.session_state.get(key) or "").split()) for key in (NAME, REASON))
    if not name:
        raise InvalidRequest("Say whose data is to be erased, as the name is written here.", field="name")
    if not reason:
        raise InvalidRequest("Say why this is erased; the reason is kept, without names.", field="reason")
    if name.casefold() in reason.casefold():
        raise InvalidRequest("The reason is kept, so it must not name them; write it without the name.", field="reason")
    pilots = len(pilots_naming(store.database, name))
    held = sum(key.name.casefold() == name.casefold() for key in keys.keys_of(store))
    if not pilots and not held:
        raise InvalidRequest(f"Nobody here is called “{name[:60]}”; write the name as it stands here.", field="name")
    return name, reason, pilots, held


def _confirm(store: PilotStore, actor: Actor, name: str, reason: str, pilots: int, held: int) -> None:
    keys_too = f" and {count(held, 'sign-in key')}" if held else ""
    verb = "names" if pilots + held == 1 else "name"
    st.warning(
        f"{count(pilots, 'pilot')}{keys_too} {verb} **{plain(name)}**. Erasing them cannot be taken back.",
        icon=":material/warning:",
    )
    st.markdown(
        "Decisions and flags stay, of nobody; filed reports lose their quotes. "
        "Backups made before now still hold everything until they are replaced."
    )
    st.caption(f"Why: {plain(reason)}")
    with st.container(horizontal=True):
        erase = st.button("Erase for good", type="primary", icon=":material/delete_forever:")
        st.button("Back", type="tertiary", on_click=_back, args=(name, reason))
    if erase:
        with show_errors(), st.spinner("Erasing, and writing the documents of those pilots anew", show_time=True):
            done = erase_person(store, name, reason, actor, key=idempotency.form_key(OPEN))
            erasure_notice.show_later(done)
            _close()
            st.rerun()
