"""The storyboard of the next attempt: stills, edits of its shots, what to look at, and what it says of the brief."""

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image, ImageDraw

from pilot_core.domain.brief import BRIEF_TITLES
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import NotAllowedNow, PilotError
from pilot_core.export.storyboard_timeline import timeline
from pilot_core.formatting import count
from pilot_core.formatting import seconds as in_seconds
from pilot_core.rendering.begin import begin
from pilot_core.services.acts import Act
from pilot_core.services.pilots import PLAN
from pilot_core.video.storyboard import edits
from pilot_core.video.storyboard.coverage import coverage, foreign_words, share_of_brief
from pilot_core.video.storyboard.draw import picture_of, still
from pilot_core.video.storyboard.film import RATIOS, Film, FilmShot
from pilot_core.video.storyboard.findings import Finding, findings
from pilot_core.video.storyboard.palette import Palette, palette_of
from pilot_core.video.storyboard.plan_file import planned, written
from pilot_core.video.storyboard.segments import segment_keys
from pilot_core.video.storyboard.style import FAMILIES, FAMILY_WORDS, GROUND_NAMES
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot import storyboard_state as state
from pilot_core.web.pages.pilot.actions import Action, act_button
from pilot_core.web.pages.pilot.view import View

SMALL, LARGE = 4, 2
"""By how much stills are smaller than the film: in the strip, and of the open shot."""


def show(view: View) -> None:
    """Draw the storyboard, with its edits where the visitor may change the pilot."""
    try:
        board = state.board(view)
    except PilotError as error:
        empty_state(plain(str(error)))
        return
    palette = palette_of(board.brief.brand)
    may_edit = page_guard.may_change()
    found = findings(board.film, palette, board.brief)
    _head(view, board, may_edit)
    _strip(view, board, palette, found)
    if may_edit:
        _shot(view, board, palette, found)
    left, right = st.columns(2, gap="large")
    with left:
        _findings(view, board, found, may_edit)
    with right:
        _coverage(board)
    if may_edit:
        _make(view, board)


def _head(view: View, board: state.Board, may_edit: bool) -> None:
    film, number = board.film, board.brief.attempt_number
    st.header(f"Storyboard for attempt {number}", anchor=False)
    changed = len(edits.changed_shots(board.start, film)) if board.is_edited else 0
    low, high = film.limits
    parts = [
        f"{in_seconds(film.seconds)} of {low:.0f} to {high:.0f} s",
        count(len(film.shots), "shot"),
        f"{film.width}×{film.height}",
        f"{count(changed, 'shot')} edited" if board.is_edited else "not edited",
    ]
    st.caption(" · ".join(parts))
    if not may_edit:
        return
    known = state.starts(view)
    key = view.key(state.FROM)
    st.session_state.setdefault(key, state.default_start(view))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Start from",
            known,
            format_func=lambda name: "What would be made next" if name == state.NEXT else f"Attempt {name} as it was",
            key=key,
            on_change=state.restart,
            args=(view,),
            width=240,
        )
        ratio = state.field_key(view, "ratio")
        st.selectbox(
            "Ratio", list(RATIOS), list(RATIOS).index(film.ratio.name), key=ratio, width=110, on_change=_reshape,
            args=(view, ratio),
        )  # fmt: skip
        family = state.field_key(view, "family")
        st.selectbox(
            "Layout", FAMILIES[film.tone], FAMILIES[film.tone].index(film.family), key=family, width=300,
            format_func=FAMILY_WORDS.__getitem__, on_change=_refamily, args=(view, family),
        )  # fmt: skip
        undoable = bool(st.session_state.get(view.key(state.UNDO)))
        st.button("Undo", icon=":material/undo:", on_click=state.undo, args=(view,), disabled=not undoable)


def _reshape(view: View, key: str) -> None:
    state.edit(view, lambda film: edits.in_shape(film, st.session_state[key]), fields=False)


def _refamily(view: View, key: str) -> None:
    state.edit(view, lambda film: edits.in_family(film, st.session_state[key]), fields=False)


def _strip(view: View, board: state.Board, palette: Palette, found: list[Finding]) -> None:
    """Draw a still of each shot; a button below opens it."""
    film, opened = board.film, state.selected(view, board.film)
    keys = segment_keys(film, palette)
    changed = set(edits.changed_shots(board.start, film)) if board.is_edited else set()
    noted = {finding.shot for finding in found}
    with st.grid(6 if film.width <= film.height else 4, min_column_width=130, gap="small"):
        for shot in film.shots:
            with st.container(gap="xxsmall"):
                st.image(
                    _picture(keys[shot.index], SMALL, film, palette, shot.index), alt=_words(shot), width="stretch"
                )
                marks = (" · edited" if shot.index in changed else "") + (" · see below" if shot.index in noted else "")
                st.button(
                    f"{shot.index + 1} · {in_seconds(shot.seconds)}{marks}",
                    key=view.key(f"story open {shot.index}"),
                    type="primary" if shot.index == opened and page_guard.may_change() else "tertiary",
                    width="stretch",
                    help=plain(shot.label or shot.beat),
                    on_click=state.select,
                    args=(view, shot.index),
                )


@st.cache_data(max_entries=400, show_spinner=False)
def _picture(key: str, smaller: int, _film: Film, _palette: Palette, place: int) -> bytes:
    """Return a shot as a JPEG. ``key`` names everything that it shows."""
    small = replace(_film, width=_film.width // smaller // 2 * 2, height=_film.height // smaller // 2 * 2)
    return _jpeg(picture_of(still(small, _palette, place)))


def _marked(picture: bytes, found: list[Finding]) -> bytes:
    """Return a still with the places of its findings outlined."""
    boxes = [finding.crop for finding in found if finding.crop]
    if not boxes:
        return picture
    image = Image.open(io.BytesIO(picture))
    pen = ImageDraw.Draw(image)
    for left, top, right, bottom in boxes:
        pen.rectangle(
            (left * image.width - 6, top * image.height - 6, right * image.width + 6, bottom * image.height + 6),
            outline="#D97706",
            width=4,
        )
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "JPEG", quality=86)
    return made.getvalue()


def _words(shot: FilmShot) -> str:
    return f"Shot {shot.index + 1}: {shot.text}"


def _shot(view: View, board: state.Board, palette: Palette, found: list[Finding]) -> None:
    """Draw the open shot large, with its fields."""
    film, place = board.film, state.selected(view, board.film)
    shot = film.shots[place]
    st.subheader(f"Shot {place + 1}: {plain(shot.label or shot.beat)}", anchor=False)
    picture, fields = st.columns([2, 3], gap="large")
    with picture:
        large = _picture(segment_keys(film, palette)[place], LARGE, film, palette, place)
        here = [finding for finding in found if finding.shot == place]
        st.image(_marked(large, here), alt=_words(shot), width=320 if film.width <= film.height else "stretch")
    with fields:
        _text_fields(view, board, shot)
        _look_fields(view, board, shot)
        _order_buttons(view, film, shot)


def _text_fields(view: View, board: state.Board, shot: FilmShot) -> None:
    labels = {"above": "Small line above", "main": "Words", "below": "Link" if shot.role == "cta" else "Line below"}
    for name, label in labels.items():
        key = state.field_key(view, f"{name} {shot.index}")
        change = partial(_reword, view, shot.index, name, key)
        value = written(getattr(shot, name))
        if name == "main":
            st.text_area(
                label, value, key=key, height=96, max_chars=400, on_change=change,
                help="*Stars* around what is emphasised. A new line ends a line on screen.",
            )  # fmt: skip
        else:
            st.text_input(label, value, key=key, max_chars=400, on_change=change)


def _reword(view: View, place: int, name: str, key: str) -> None:
    def change(film: Film) -> Film:
        return edits.reworded(film, place, {name: st.session_state[key]}, state.board(view).brief)

    state.edit(view, change, fields=False)


def _look_fields(view: View, board: state.Board, shot: FilmShot) -> None:
    place = shot.index
    seconds, ground, layout = st.columns(3)
    with seconds:
        key = state.field_key(view, f"seconds {place} {shot.frames}")
        st.number_input(
            "Seconds", 0.3, edits.LONGEST_SHOT, min(max(shot.seconds, 0.3), edits.LONGEST_SHOT), 0.5, key=key,
            format="%.1f", on_change=_change, args=(view, place, key, edits.lasting),
            help="Rounded to the nearest beat of the music.",
        )  # fmt: skip
    with ground:
        key = state.field_key(view, f"ground {place}")
        st.selectbox(
            "Background", GROUND_NAMES, GROUND_NAMES.index(shot.ground), key=key, on_change=_change,
            args=(view, place, key, edits.grounded), format_func=str.capitalize,
        )  # fmt: skip
    with layout:
        key = state.field_key(view, f"layout {place}")
        st.selectbox(
            "Arrangement", range(12), shot.variant, key=key, on_change=_change,
            args=(view, place, key, edits.arranged), format_func=lambda number: f"{number + 1} of 12",
        )  # fmt: skip
    pictures = ["", *(picture.name for picture in board.film.kit.pictures)]
    if len(pictures) > 1:
        key = state.field_key(view, f"picture {place}")
        st.selectbox(
            "Picture of the brand kit", pictures, pictures.index(shot.picture) if shot.picture in pictures else 0,
            key=key, on_change=_change, args=(view, place, key, edits.pictured),
            format_func=lambda name: name or "None",
        )  # fmt: skip


def _change(view: View, place: int, key: str, change: Callable[[Film, int, Any], Film]) -> None:
    """Apply an edit of one shot to the value of a field."""
    state.edit(view, lambda film: change(film, place, st.session_state[key]), fields=False)


def _order_buttons(view: View, film: Film, shot: FilmShot) -> None:
    place, last = shot.index, len(film.shots) - 1

    def button(label: str, icon: str, change: "partial[Film]", go_to: int, *, disabled: bool = False) -> None:
        st.button(
            label, icon=icon, key=view.key(f"story {label}"), type="tertiary", disabled=disabled,
            on_click=lambda: state.edit(view, change, select=go_to),
        )  # fmt: skip

    with st.container(horizontal=True):
        button(
            "Earlier", ":material/arrow_back:", partial(edits.moved, place=place, by=-1), place - 1, disabled=not place
        )
        is_last = place >= last
        button(
            "Later", ":material/arrow_forward:", partial(edits.moved, place=place, by=1), place + 1, disabled=is_last
        )
        button("Divide", ":material/call_split:", partial(edits.split, place=place), place, disabled=shot.role == "cta")
        button("Remove", ":material/delete:", partial(edits.removed, place=place), max(0, place - 1), disabled=not last)
        button("Poster", ":material/image:", partial(edits.as_poster, place=place), place, disabled=shot.poster)
    key = state.field_key(view, f"new after {place}")
    st.text_input(
        "Add a shot after this one",
        key=key,
        max_chars=400,
        placeholder="What it says",
        on_change=lambda: _add(view, place, key),
    )


def _add(view: View, place: int, key: str) -> None:
    said = st.session_state[key]
    if said.strip():
        brief = state.board(view).brief
        state.edit(view, lambda film: edits.added(film, place, said, brief), select=place + 1)


def _findings(view: View, board: state.Board, found: list[Finding], may_edit: bool) -> None:
    st.subheader("To look at", anchor=False)
    if not found:
        st.markdown(":material/check: Nothing: everything can be read, and the brief is in it.")
    for number, finding in enumerate(found):
        where = ""
        if finding.shot is not None and finding.second is not None:
            where = f"**Shot {finding.shot + 1}, at {in_seconds(finding.second)}.** "
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{where}{plain(finding.text)}", width="stretch")
            fix = finding.fix
            if fix and may_edit:
                st.button(
                    fix.label, key=view.key(f"story fix {number}"), type="secondary",
                    on_click=partial(_fix, view, finding),
                )  # fmt: skip
    latest = view.pilot.latest_attempt
    draft = latest.final_draft if latest else None
    for check in (check for check in (draft.checks if draft else []) if check.passed is False):
        st.markdown(f"**The file of the latest attempt.** {plain(check.sentence)}")


def _fix(view: View, finding: Finding) -> None:
    """Apply a finding's fix, and open its shot."""
    assert finding.fix is not None
    state.edit(view, finding.fix.edit, select=finding.shot)


def _coverage(board: state.Board) -> None:
    film = board.film
    st.subheader("What of the brief is in it", anchor=False)
    st.caption(f"{share_of_brief(film):.0%} of the seconds show what the brief says.")
    for line in coverage(film, board.brief):
        shots = ", ".join(str(place + 1) for place in line.shots)
        shown = (
            f":orange[left out: {plain(line.reason)}]" if line.reason else f"{in_seconds(line.seconds)}, shot {shots}"
        )
        st.markdown(f"**{BRIEF_TITLES[line.field]}** {plain(line.words)}  \n{shown}")
    said = [word for shot in film.shots if not shot.source for word in foreign_words(shot, board.brief)]
    if said:
        st.caption(f"Words that are not the brief’s: {plain(', '.join(said))}")


def _make(view: View, board: state.Board) -> None:
    """Draw the button that begins an attempt with this storyboard, and what can be taken out of it."""
    number = board.brief.attempt_number
    with st.container(horizontal=True, vertical_alignment="center"):
        try:
            view.pilot.check_can_attempt()
        except NotAllowedNow as error:
            st.caption(plain(str(error)))
        else:
            act_button(
                view,
                f"Make attempt {number} from this storyboard",
                Action(lambda seen: _begin(view, seen), "Started: the film is being made from this storyboard."),
                icon=":material/movie:",
                key=view.key("story make"),
            )
        name = f"{view.pilot_id}_attempt_{number}"
        text = json.dumps(planned(board.film), ensure_ascii=False, indent=1)
        st.download_button("storyboard.json", text, f"{name}_storyboard.json", "application/json", type="tertiary")
        title = f"{view.pilot.company_name}, attempt {number}"
        made = timeline(board.film, title)
        st.download_button("Timeline (.otio)", made, f"{name}.otio", "application/json", type="tertiary")


def _begin(view: View, seen: int) -> PilotRun:
    film = state.board(view).film
    act = Act(view.lead, seen, f"{form_key(view.key('storyboard'))} {seen}")
    with tempfile.TemporaryDirectory(prefix="pilot-ops-storyboard-") as folder:
        path = Path(folder) / f"storyboard{PLAN}"
        path.write_text(json.dumps(planned(film), ensure_ascii=False), encoding="utf-8")
        pilot, _ = begin(view.store, app().launch, view.pilot_id, "storyboard", act, video=path)
    state.forget(view)
    return pilot
