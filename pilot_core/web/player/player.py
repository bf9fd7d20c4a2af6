"""The player's Python side: what it is shown, and what it tells back.

It speaks only when someone acts (a pause, a comment, a click on a marker): each word from the browser reruns the page.
What comes back is checked here, since a browser may send anything.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import streamlit as st

from pilot_core.models import Draft, PilotRunAttempt

HERE = Path(__file__).parent
SCRIPTS = ("time.js", "canvas.js", "timeline.js", "player.js")
ASSUMED_RATE = Fraction(30)

MarkerKind = Literal["comment", "resolved", "issue", "shot"]


@dataclass(frozen=True)
class PlayerMedia:
    """One film and what goes with it, as addresses. ``rate`` in frames a second; size in pixels, before the film tells.

    ``sprite`` is the address of the thumbnails' JSON; their picture lies beside it as .jpg.
    """

    video: str
    rate: Fraction = ASSUMED_RATE
    frame_count: int | None = None
    captions: str | None = None
    poster: str | None = None
    sprite: str | None = None
    label: str = ""
    width: int = 1080
    height: int = 1920


@dataclass(frozen=True)
class Shape:
    """A point (no width, no height) or a rectangle on the picture, in parts of its width and height (0 to 1)."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Marker:
    """A place on the timeline; ``end_frame`` (inclusive) makes it a range. Its shape shows while the film is on it."""

    id: str
    frame: int
    label: str
    end_frame: int | None = None
    kind: MarkerKind = "comment"
    shape: Shape | None = None


@dataclass(frozen=True)
class Pause:
    """The film was paused on ``frame``, or reached its end. ``watched`` are (first, last) seconds played so far."""

    frame: int
    ended: bool
    watched_fraction: float
    watched: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CommentHere:
    """Someone wants to say something of this frame, or of the frames up to ``end_frame`` (inclusive)."""

    frame: int
    end_frame: int | None
    shape: Shape | None


@dataclass(frozen=True)
class PlayerState:
    """What was done since the last run; each is None where nothing was. ``marker`` is the id of the one clicked."""

    paused: Pause | None = None
    comment: CommentHere | None = None
    marker: str | None = None


_COMPONENT = st.components.v2.component(
    "pilot_player",
    html=(HERE / "player.html").read_text("utf-8"),
    css=(HERE / "player.css").read_text("utf-8"),
    js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS),
)


def media_for(attempt: PilotRunAttempt, draft: Draft | None = None) -> PlayerMedia | None:
    """What to show of an attempt: one draft of it, or the chosen one if None. None where it has no film yet.

    Where the rate was never measured, 30 frames a second are assumed.
    """
    if draft is None and not attempt.video_path:
        return None
    base = f"/watch/{quote(attempt.attempt_id, safe='')}"
    chosen = next((d for d in attempt.drafts if d.video_path == attempt.video_path), None)
    shown = draft or chosen
    is_chosen = shown is chosen or (shown is not None and shown == chosen)
    rate = _rate(shown.frame_rate if shown else None)
    duration = shown.duration if shown else None
    pack = base if is_chosen and attempt.review_pack_path else None
    captions = None
    if is_chosen:
        captions = f"{base}/captions.vtt" if pack or (shown and shown.captions_path) else None
    elif shown and shown.captions_path:
        captions = f"{base}/draft_v{shown.iteration}.vtt"
    return PlayerMedia(
        video=f"{base}/video.mp4" if is_chosen or shown is None else f"{base}/draft_v{shown.iteration}.mp4",
        rate=rate,
        frame_count=(shown and shown.frame_count) or (max(1, round(duration * rate)) if duration else None),
        captions=captions,
        poster=pack and f"{pack}/poster.jpg",
        sprite=pack and f"{pack}/sprite.json",
        label=f"Attempt {attempt.attempt_number}" + (f", draft {shown.iteration}" if shown else ""),
    )


def _rate(text: str | None) -> Fraction:
    try:
        rate = Fraction(text or "")
    except (ValueError, ZeroDivisionError):
        return ASSUMED_RATE
    return rate if 1 <= rate <= 240 else ASSUMED_RATE


def player(
    *,
    sources: PlayerMedia,
    key: str,
    markers: Sequence[Marker] = (),
    seek_frame: int | None = None,
    capture: bool = False,
    drawing: bool = False,
    dock: bool = False,
) -> PlayerState:
    """Show a film. ``seek_frame`` is gone to whenever it changes; use :func:`seek` to go there once, from a button.

    ``capture`` adds the button that comments on a frame or a range, and reports pauses; ``drawing`` lets a point or a
    rectangle go with the comment. ``dock`` leaves all that to the review room's dock, in the browser.
    """
    return _mount([sources], key, markers, seek_frame, capture, drawing, dock)


def compare_player(
    left: PlayerMedia,
    right: PlayerMedia,
    key: str,
    *,
    markers: Sequence[Marker] = (),
    seek_frame: int | None = None,
) -> PlayerState:
    """Show two films side by side, played in step by one set of controls. Frames are those of the longer film."""
    return _mount([left, right], key, markers, seek_frame)


def seek(key: str, frame: int) -> None:
    """Make the player of that key go to a frame; for the callback of a button, before the player is drawn."""
    sought = st.session_state.get(_seek_key(key), (0, 0))
    st.session_state[_seek_key(key)] = (sought[0] + 1, frame)


def _seek_key(key: str) -> str:
    return f"{key}:seek"


def _mount(
    sources: list[PlayerMedia],
    key: str,
    markers: Sequence[Marker],
    seek_frame: int | None,
    capture: bool = False,
    drawing: bool = False,
    dock: bool = False,
) -> PlayerState:
    data = {
        "sources": [{**asdict(media), "rate": [media.rate.numerator, media.rate.denominator]} for media in sources],
        "markers": [asdict(marker) for marker in sorted(markers, key=lambda marker: marker.frame)],
        "seek_frame": seek_frame,
        "seek": st.session_state.get(_seek_key(key)),
        "capture": capture,
        "drawing": drawing,
        "dock": dock,
    }
    result = _COMPONENT(
        key=key,
        data=data,
        on_paused_change=_nothing,
        on_comment_here_change=_nothing,
        on_marker_change=_nothing,
    )
    counts = [media.frame_count for media in sources if media.frame_count is not None]
    limit = max(counts) if len(counts) == len(sources) else None
    return read_state(result, limit, {marker.id for marker in markers})


def _nothing() -> None:
    """Declares a trigger; without a callback Streamlit leaves its attribute out."""


def read_state(told: Mapping[str, Any], frame_count: int | None, marker_ids: set[str]) -> PlayerState:
    """What the browser told, checked; what is malformed or out of bounds counts as not told.

    ``frame_count`` is that of the film, or None where it is unknown.
    """
    marker = told.get("marker")
    return PlayerState(
        paused=_pause(told.get("paused"), frame_count),
        comment=_comment(told.get("comment_here"), frame_count),
        marker=marker if isinstance(marker, str) and marker in marker_ids else None,
    )


def _pause(told: Any, frame_count: int | None) -> Pause | None:
    if not isinstance(told, Mapping) or (frame := _frame(told.get("frame"), frame_count)) is None:
        return None
    fraction = _part(told.get("watched_fraction"))
    ranges = told.get("watched")
    given = ranges if isinstance(ranges, list) else []
    watched = tuple((first, last) for first, last in map(_pair, given) if 0 <= first <= last)
    return Pause(frame, told.get("ended") is True, fraction or 0.0, watched)


def _comment(told: Any, frame_count: int | None) -> CommentHere | None:
    if not isinstance(told, Mapping) or (frame := _frame(told.get("frame"), frame_count)) is None:
        return None
    end = _frame(told.get("end_frame"), frame_count)
    return CommentHere(frame, end if end is not None and end > frame else None, _shape(told.get("shape")))


def _shape(told: Any) -> Shape | None:
    if not isinstance(told, Mapping):
        return None
    x, y, width, height = (_part(told.get(name)) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    return Shape(x, y, min(width, 1 - x), min(height, 1 - y))


def _frame(told: Any, frame_count: int | None) -> int | None:
    """A frame number; JSON from JavaScript may spell it 12.0. The last frames may lie past a rounded length."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or told != int(told):
        return None
    frame = int(told)
    return frame if 0 <= frame < (frame_count + 2 if frame_count else 10_000_000) else None


def _part(told: Any) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= 1:
        return None
    return float(told)


def _pair(told: Any) -> tuple[int, int]:
    if isinstance(told, list) and len(told) == 2 and all(type(second) is int for second in told):
        return told[0], told[1]
    return -1, -1
