"""Sets how long each screen is shown: by its beat's share of the video, in time with the music, long enough to read."""

import math

from pilot_core.video.storyboard.film import CTA_SECONDS, FPS
from pilot_core.video.storyboard.script import Writer
from pilot_core.video.storyboard.words import Phrase, word_count

Timed = list[tuple[int, list[tuple[Phrase, int]]]]


def time_beats(writer: Writer, seconds: float, low: float, high: float) -> Timed:
    """Return the phrases of each beat with their frames, for a video of about ``seconds``.

    It aims for a total between ``low`` and ``high`` (seconds). Phrases that must be shown can make it longer.
    """
    beats = writer.brief.scenario.beats
    writer.used_proof.clear()
    screens = _reserve(writer)
    unit = writer.unit
    extra = 0.05 * writer.direction.cta_level
    shares = [b.share + (extra if i == len(beats) - 1 else 0) for i, b in enumerate(beats)]
    shares = [share / sum(shares) for share in shares]
    least, most = math.ceil(low * FPS / unit) * unit, math.floor(high * FPS / unit) * unit
    total = min(max(round(seconds * FPS / unit) * unit, least), most)
    for _ in range(2):
        timed: Timed = []
        owed = 0.0
        for i, share in enumerate(shares[:-1]):
            shots = _fill(writer, screens[i], total * share + owed)
            timed.append((i, shots))
            owed += total * share - sum(frames for _, frames in shots)
        spent = sum(frames for _, shots in timed for _, frames in shots)
        timed.append((len(beats) - 1, _close(writer, screens[-1], total - spent, total * shares[-1])))
        length = sum(frames for _, shots in timed for _, frames in shots)
        if length <= total * 1.05 or total >= most:
            break
        total = min(length, most)
    while length > most and _drop_one(timed, most, length):
        length = sum(frames for _, shots in timed for _, frames in shots)
    return timed


def _reserve(writer: Writer) -> list[list[Phrase]]:
    """Return the screens of every beat.

    The news is written right after the hook, so that no other beat uses the sum raised as a proof point.
    """
    beats = writer.brief.scenario.beats
    order = sorted(range(len(beats)), key=lambda i: (i != 0, beats[i].id != "news", i))
    screens: dict[int, list[Phrase]] = {i: writer.beat(beats[i].id, i) for i in order}
    return [screens[i] for i in range(len(beats))]


def _fill(writer: Writer, phrases: list[Phrase], target: float) -> list[tuple[Phrase, int]]:
    """Return the phrases that best fill ``target`` frames, each with its length in frames."""
    low, high = writer.range()
    rank = {"must": 0, "proof": 1, "may": 2}
    groups = sorted({(rank[p.need], p.group) for p in phrases})
    musts = sum(need == 0 for need, _ in groups)
    best: tuple[float, list[int], int] | None = None
    for count in range(max(1, musts), len(groups) + 1):
        kept = {group for _, group in groups[:count]}
        chosen = [i for i, p in enumerate(phrases) if p.group in kept]
        floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
        least = sum(max(floor, writer.need(phrases[i])) for i in chosen)
        most = sum(max(high, writer.need(phrases[i])) for i in chosen)
        length = min(max(round(target / writer.unit) * writer.unit, least), most)
        miss = abs(length - target) + 0.2 * abs(length - len(chosen) * (low + high) / 2)
        if best is None or miss < best[0] - 0.01:
            best = (miss, chosen, length)
    if best is None:
        return []
    _, chosen, length = best
    floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
    frames = [max(floor, writer.need(phrases[i])) for i in chosen]
    caps = [max(high, f) for f in frames]
    _spend(frames, caps, length - sum(frames), writer.unit, writer.direction.spread, [phrases[i] for i in chosen])
    return [(phrases[i], f) for i, f in zip(chosen, frames, strict=True)]


def _spend(frames: list[int], caps: list[int], left: int, unit: int, spread: bool, phrases: list[Phrase]) -> None:
    """Add the remaining frames to ``frames`` in place, up to ``caps``.

    They go to the shots with the most to read for their length or, with ``spread``, to every other shot first.
    """
    weight = [1 + word_count(p.text) + (2 if p.role in ("figure", "name") else 0) for p in phrases]
    while left >= unit:
        free = [i for i in range(len(frames)) if frames[i] + unit <= caps[i]]
        if not free:
            return
        chosen = min(free, key=lambda i: (i % 2 if spread else frames[i] / weight[i], i))
        frames[chosen] += unit
        left -= unit


def _close(writer: Writer, phrases: list[Phrase], left: float, target: float) -> list[tuple[Phrase, int]]:
    """Return the last beat's phrases with their frames.

    The call to action gets the frames that remain, but never fewer than its minimum and its reading time.
    """
    low, _ = writer.range()
    *leads, call = phrases
    least = max(
        math.ceil((CTA_SECONDS + 1.2 * writer.direction.cta_level) * FPS / writer.unit) * writer.unit, writer.need(call)
    )
    kept = [p for p in leads if p.need == "must"]
    if not kept and leads and left >= least + low and left > 5.6 * FPS * 0.8:
        kept = leads[:1]
    frames = [max(min(low, 2 * FPS // writer.unit * writer.unit), writer.need(p)) for p in kept]
    rest = round((max(left, target * 0.8) - sum(frames)) / writer.unit) * writer.unit
    return [*zip(kept, frames, strict=True), (call, max(least, rest))]


def _drop_one(timed: Timed, most: int, length: int) -> bool:
    """Drop one screen in place, preferably an optional one of the longest beat; return False if none can be dropped."""
    for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
        for i in range(len(shots) - 1, 0, -1):
            if shots[i][0].need != "must":
                del shots[i]
                return True
    for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
        if len(shots) > 2 and length > most:
            shots.pop()
            return True
    return False
