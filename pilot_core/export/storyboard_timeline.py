"""A storyboard as an OpenTimelineIO timeline, for editing programs: a clip for each shot."""

import opentimelineio as otio

from pilot_core.video.storyboard.film import FPS, Film


def timeline(film: Film, title: str, video: str = "") -> bytes:
    """Return the film as ``.otio`` JSON. ``video`` is the address of its file; without one, clips have no media.

    Each clip is named by what it says, and has its beat, words and line of the brief as metadata under "pilot_ops".
    """
    made = otio.schema.Timeline(title, global_start_time=_time(0))
    track = otio.schema.Track("Storyboard", kind=otio.schema.TrackKind.Video)
    for shot in film.shots:
        span = otio.opentime.TimeRange(_time(shot.start), _time(shot.frames))
        whole = otio.opentime.TimeRange(_time(0), _time(film.frames))
        media = otio.schema.ExternalReference(video, whole) if video else otio.schema.MissingReference()
        clip = otio.schema.Clip(shot.text or shot.label, media_reference=media, source_range=span)
        clip.metadata["pilot_ops"] = {
            "beat": shot.beat,
            "words": shot.text,
            "source": shot.source,
            "picture": shot.picture,
            "poster": shot.poster,
        }
        track.append(clip)
    made.tracks.append(track)
    made.metadata["pilot_ops"] = {"width": film.width, "height": film.height, "language": film.language}
    return str(otio.adapters.write_to_string(made, "otio_json")).encode("utf-8")


def _time(frames: int) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(frames, FPS)
