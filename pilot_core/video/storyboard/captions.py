"""Writes the words on screen as WebVTT captions, timed to the frame."""

from pilot_core.video.storyboard.film import FPS, Film


def stamp(frame: int) -> str:
    """Return a frame's time as a WebVTT timestamp, to the millisecond."""
    milliseconds = round(frame * 1000 / FPS)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def vtt(film: Film) -> str:
    """Return the video's WebVTT captions, one cue for each shot with words."""
    cues = ["WEBVTT\n"]
    for shot in film.shots:
        text = shot.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").strip()
        if text:
            cues.append(f"{shot.index + 1}\n{stamp(shot.start)} --> {stamp(shot.end)}\n{text}\n")
    return "\n".join(cues)
