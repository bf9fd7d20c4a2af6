"""The one player of the product: films that are sought, stepped and pointed at by the frame."""

from pilot_core.web.player.player import (
    CommentHere,
    Marker,
    Pause,
    PlayerMedia,
    PlayerState,
    Shape,
    compare_player,
    media_for,
    player,
    seek,
)

__all__ = [
    "CommentHere",
    "Marker",
    "Pause",
    "PlayerMedia",
    "PlayerState",
    "Shape",
    "compare_player",
    "media_for",
    "player",
    "seek",
]
