"""The Python side of the player."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import streamlit as st

from pilot_core.documents.names import CAPTIONS, POSTER, SPRITE_TIMES
from pilot_core.domain.attempt import Draft, PilotRunAttempt
from pilot_core.domain.comments import Shape
from pilot_core.timecode import ASSUMED_RATE

HERE = Path(__file__).parent
MODULE = ("time.js", "saver.js", "canvas.js", "timeline.js", "captions.js", "zoom.js", "parts.js", "player.js")
"""The files of the player, joined into one module, which the review room serves too."""


MarkerKind = Literal["comment", "resolved", "issue", "shot"]


@dataclass(frozen=True)
class PlayerMedia:
    """The addresses of a video and its companion files.

    ``rate`` is in frames per second. The size, in pixels, is used until the video loads.

    ``light`` has the same frames for slow networks. ``sprite`` is the address of the thumbnails' JSON; their picture is
    beside it as .jpg.
    """

    video: str
    rate: Fraction = ASSUMED_RATE
    frame_count: int | None = None
    light: str | None = None
    captions: str | None = None
    poster: str | None = None
    sprite: str | None = None
    label: str = ""
    width: int = 1080
    height: int = 1920


@dataclass(frozen=True)
class Marker:
    """A frame or range on the timeline; ``end_frame`` is inclusive. Its shape shows while the video is there."""

    id: str
    frame: int
    label: str
    end_frame: int | None = None
    kind: MarkerKind = "comment"
    shape: Shape | None = None


_COMPONENT = st.components.v2.component(
    "pilot_player",
    html=(HERE / "player.html").read_text("utf-8"),
    css=(HERE / "player.css").read_text("utf-8"),
    js="\n".join((HERE / name).read_text("utf-8") for name in (*MODULE, "streamlit.js")),
)


def media_for(attempt: PilotRunAttempt, draft: Draft | None = None) -> PlayerMedia | None:
    """Return the media of a draft of an attempt, by default the chosen one. None if there is no video yet."""
    if draft is None and not attempt.video_path:
        return None
    base = f"/watch/{quote(attempt.attempt_id, safe='')}"
    chosen = next((d for d in attempt.drafts if d.video_path == attempt.video_path), None)
    shown = draft or chosen
    is_chosen = shown is chosen or (shown is not None and shown == chosen)
    pack = base if is_chosen and attempt.review_pack_path else None
    captions = None
    if is_chosen:
        captions = f"{base}/{CAPTIONS}" if pack or (shown and shown.captions_path) else None
    elif shown and shown.captions_path:
        captions = f"{base}/draft_v{shown.iteration}.vtt"
    video = f"{base}/video" if is_chosen or shown is None else f"{base}/draft_v{shown.iteration}"
    return PlayerMedia(
        video=f"{video}.mp4",
        light=f"{video}_light.mp4" if shown and shown.light_path else None,
        rate=shown.rate if shown else ASSUMED_RATE,
        frame_count=shown.frames if shown else None,
        captions=captions,
        poster=pack and f"{pack}/{POSTER}",
        sprite=pack and f"{pack}/{SPRITE_TIMES}",
        label=f"Attempt {attempt.attempt_number}" + (f", draft {shown.iteration}" if shown else ""),
    )


def player(media: PlayerMedia, key: str, *, markers: Sequence[Marker] = ()) -> None:
    """Show one video."""
    _mount([media], key, markers)


def compare_player(left: PlayerMedia, right: PlayerMedia, key: str, *, markers: Sequence[Marker] = ()) -> None:
    """Show two videos side by side, played in step by one set of controls. Frames are those of the longer video."""
    _mount([left, right], key, markers)


def seek(key: str, frame: int) -> None:
    """Make the player with that key seek to a frame. Call it in a button's callback, before the player is drawn."""
    sought = st.session_state.get(_seek_key(key), (0, 0))
    st.session_state[_seek_key(key)] = (sought[0] + 1, frame)


def _seek_key(key: str) -> str:
    return f"{key}:seek"


def _mount(sources: list[PlayerMedia], key: str, markers: Sequence[Marker]) -> None:
    data = {
        "sources": [{**asdict(media), "rate": [media.rate.numerator, media.rate.denominator]} for media in sources],
        "markers": [asdict(marker) for marker in sorted(markers, key=lambda marker: marker.frame)],
        "seek": st.session_state.get(_seek_key(key)),
    }
    _COMPONENT(key=key, data=data)
