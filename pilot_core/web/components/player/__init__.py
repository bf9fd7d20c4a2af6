"""The video player of the whole product, which seeks, steps and marks by the frame."""

from pilot_core.web.components.player.player import (
    Marker,
    PlayerMedia,
    compare_player,
    media_for,
    player,
    seek,
)

__all__ = [
    "Marker",
    "PlayerMedia",
    "compare_player",
    "media_for",
    "player",
    "seek",
]
