"""Writes the words on screen as WebVTT captions, timed to the frame."""

import textwrap

from pilot_core.video.storyboard.film import FPS, Film

LINE, LINES = 42, 2
"""Characters of a line, and lines of a cue."""


def stamp(frame: int) -> str:
    """Return a frame's time as a WebVTT timestamp, to the millisecond."""
    milliseconds = round(frame * 1000 / FPS)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def vtt(film: Film) -> str:
    """Return the video's WebVTT captions: a cue for each shot with words, or more where they need more than two lines.

    The limits of a cue are those of the BBC's and Netflix' guides for subtitles: two lines of 42 characters.
    """
    found = []
    for shot in film.shots:
        lines = _wrapped(shot.text.strip())
        pairs = [lines[i : i + LINES] for i in range(0, len(lines), LINES)]
        whole, at, said = sum(map(len, lines)), shot.start, 0
        for pair in pairs:
            said += sum(map(len, pair))
            end = shot.start + round(shot.frames * said / whole)
            text = "\n".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in pair)
            found.append(f"{stamp(at)} --> {stamp(end)}\n{text}\n")
            at = end
    return "\n".join(["WEBVTT\n", *(f"{number}\n{cue}" for number, cue in enumerate(found, 1))])


def _wrapped(text: str) -> list[str]:
    """Return the text in as few lines as it needs, of nearly one length."""
    lines = textwrap.wrap(text, LINE)
    widths = range(max(1, len(text) // max(1, len(lines))), LINE)
    return next((even for width in widths if len(even := textwrap.wrap(text, width)) == len(lines)), lines)
