"""Changes the lengths of a planned film's shots: slower throughout, or more different from each other."""

from dataclasses import replace
from statistics import fmean, pstdev

from pilot_core.video.storyboard.edits import unit
from pilot_core.video.storyboard.film import FPS, Film, laid_out
from pilot_core.video.storyboard.words import reading_seconds

WIDER = 1.35
"""How many times as far the lengths of shots lie apart after a film was found flat (film.md asks for a quarter)."""
SHORTEST_SHARE, LONGEST_SHARE = 0.8, 1.6
"""How much shorter than usual the shortest shot becomes at most, and how much longer the longest."""


def paced(film: Film) -> Film:
    """Return the film at the pace that its direction asks for. The call to action keeps its length."""
    slower = _slower(film, film.direction.pace) if film.direction.pace > 1 else film
    return _wider(slower, WIDER**film.direction.spread) if film.direction.spread else slower


def _slower(film: Film, factor: float) -> Film:
    """Return the film with every shot ``factor`` times as long, or as much as the scenario's longest film allows."""
    shots = film.shots[:-1]
    said = sum(shot.frames for shot in shots)
    room = (film.limits[1] - 0.2) * FPS - film.shots[-1].frames
    factor = min(factor, max(1.0, room / said))
    step, owed, found = unit(film), 0.0, []
    for shot in shots:
        wanted = shot.frames * factor + owed
        frames = max(shot.frames, round(wanted / step) * step)
        owed = wanted - frames
        found.append(replace(shot, end=shot.start + frames))
    return laid_out(film, [*found, film.shots[-1]])


def _wider(film: Film, factor: float) -> Film:
    """Return the film, as long as before, with the lengths of its shots ``factor`` times as far apart, if they can be.

    Step by step a short shot that can still be read gives time to a long one.
    """
    step = unit(film)
    frames = [shot.frames for shot in film.shots[:-1]]
    if len(frames) < 2:
        return film
    usual = fmean(frames)
    least = [max(reading_seconds(shot.text) * FPS, usual * SHORTEST_SHARE * 0.75, step) for shot in film.shots[:-1]]
    wanted = max(pstdev(frames) * factor, step / 2)
    longest = max(*frames, usual * LONGEST_SHARE)
    while pstdev(frames) < wanted:
        givers = [i for i in range(len(frames)) if frames[i] - step >= least[i]]
        takers = [i for i in range(len(frames)) if frames[i] + step <= longest]
        pairs = [(g, t) for g in givers for t in takers if g != t and frames[t] >= frames[g]]
        if not pairs:
            break
        giver, taker = min(pairs, key=lambda pair: (frames[pair[0]] - frames[pair[1]], pair))
        frames[giver] -= step
        frames[taker] += step
    shots = [replace(shot, end=shot.start + length) for shot, length in zip(film.shots, frames, strict=False)]
    return laid_out(film, [*shots, film.shots[-1]])
