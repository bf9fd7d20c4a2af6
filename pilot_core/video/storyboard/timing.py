"""Sets how long each screen is shown: by its beat's share of the video, in time with the music, long enough to read."""

import math

from pilot_core.video.storyboard.film import CTA_SECONDS, FPS
from pilot_core.video.storyboard.script import Writer
from pilot_core.video.storyboard.words import Phrase, word_count

CALL_MOST = 6.0
"""Seconds that the call to action is shown at most, unless shots are held longer for want of words."""
MOST_HELD = 12.0
KEEP = 1.2
"""How much a line of the brief that is dropped weighs, in shortest shots: a beat rather gets longer than loses one.

A film that was found too long loses them instead.
"""

Timed = list[tuple[int, list[tuple[Phrase, int]]]]


def time_beats(writer: Writer, seconds: float, low: float, high: float) -> Timed:
    """Return the phrases of each beat with their frames, for a video of about ``seconds``.

    It aims for a total between ``low`` and ``high`` (seconds). Phrases that must be shown can make it longer.
    """
    beats = writer.brief.scenario.beats
    screens = _reserve(writer)
    unit = writer.unit
    extra = 0.05 * writer.direction.cta_level
    shares = [b.share + (extra if i == len(beats) - 1 else 0) if screens[i] else 0.0 for i, b in enumerate(beats)]
    shares = _by_content(shares, [_comfortable(writer, beat) for beat in screens])
    least, most = math.ceil(low * FPS / unit) * unit, math.floor(high * FPS / unit) * unit
    filled = sum(_caps(writer, screens))
    asked = min(max(round(seconds * FPS / unit) * unit, least), most)
    # A longer video was asked for: its words stand longer.
    room = asked if writer.direction.lengthened else least
    while sum(_caps(writer, screens)) < room and writer.held < MOST_HELD:
        writer.held *= 1.05
    total = asked if writer.direction.lengthened else min(asked, max(least, math.floor(filled / unit) * unit))
    for _ in range(2):
        timed: Timed = []
        owed = 0.0
        targets = _shared_out(total, shares, _caps(writer, screens))
        for i, target in enumerate(targets[:-1]):
            shots = _fill(writer, screens[i], target + owed) if screens[i] else []
            timed.append((i, shots))
            owed += target - sum(frames for _, frames in shots)
        spent = sum(frames for _, shots in timed for _, frames in shots)
        timed.append((len(beats) - 1, _close(writer, screens[-1], total - spent, targets[-1])))
        length = sum(frames for _, shots in timed for _, frames in shots)
        if length <= total * 1.05 or total >= most:
            break
        total = min(length, most)
    while length > most and _drop_one(timed, most, length):
        length = sum(frames for _, shots in timed for _, frames in shots)
    return timed


def comfortable_seconds(writer: Writer) -> float:
    """Return how long the words of the brief take if every shot has a length in the middle of its pace."""
    return sum(_comfortable(writer, beat) for beat in _reserve(writer)) / FPS


def _comfortable(writer: Writer, phrases: list[Phrase]) -> float:
    low, high = writer.range()
    return sum(max((low + high) / 2, writer.need(phrase)) for phrase in phrases if phrase.source)


def _by_content(shares: list[float], content: list[float]) -> list[float]:
    """Return the shares of the beats but the last, moved half way towards how much each of them has to say."""
    whole, said = sum(shares[:-1]), sum(content[:-1])
    if not said:
        return shares
    return [*((s + whole * c / said) / 2 for s, c in zip(shares[:-1], content[:-1], strict=True)), shares[-1]]


def filled_seconds(writer: Writer) -> float:
    """Return how many seconds the brief fills at the pace of its brand, without holding any shot longer."""
    told = [[phrase for phrase in beat if phrase.source and "[" not in phrase.text] for beat in _reserve(writer)]
    call = CALL_MOST if any(phrase.role == "cta" for phrase in told[-1]) else 0.0
    return sum(_caps(writer, told)[:-1]) / FPS + call


def _caps(writer: Writer, screens: list[list[Phrase]]) -> list[float]:
    """Return the most frames that each beat can be shown."""
    caps: list[float] = [sum(map(writer.most, beat)) for beat in screens]
    call = (CALL_MOST + 1.5 * writer.direction.cta_level) * FPS * min(writer.held, 1.5)
    return [*caps[:-1], max(caps[-1], call)]


def _shared_out(total: float, shares: list[float], caps: list[float]) -> list[float]:
    """Return the frames of each beat: ``total`` by their shares, but what a beat cannot fill goes to the others."""
    found = [0.0] * len(shares)
    open_beats = {i for i, share in enumerate(shares) if share}
    left = total
    while open_beats and left > 0:
        whole = sum(shares[i] for i in open_beats)
        full = {i for i in open_beats if left * shares[i] / whole >= caps[i]}
        if not full:
            for i in open_beats:
                found[i] = left * shares[i] / whole
            return found
        for i in full:
            found[i] = caps[i]
        left = total - sum(found)
        open_beats -= full
    found[-1] += max(0.0, left)
    return found


def _reserve(writer: Writer) -> list[list[Phrase]]:
    """Return the screens of every beat, with the writer as it was before it wrote any.

    The news is written right after the hook, so that no other beat uses the sum raised as a proof point.
    """
    writer.used_proof.clear()
    writer.held = 1.0
    beats = writer.brief.scenario.beats
    order = sorted(range(len(beats)), key=lambda i: (i != 0, beats[i].id != "news", i))
    screens: dict[int, list[Phrase]] = {i: writer.beat(beats[i].id, i) for i in order}
    return [screens[i] for i in range(len(beats))]


def _fill(writer: Writer, phrases: list[Phrase], target: float) -> list[tuple[Phrase, int]]:
    """Return the phrases that best fill ``target`` frames, each with its length in frames."""
    low, high = writer.range()
    rank = {"must": 0, "told": 1, "proof": 2, "may": 3}
    groups = sorted({(rank[p.need], p.group) for p in phrases})
    musts = sum(need == 0 for need, _ in groups)
    best: tuple[float, list[int], int] | None = None
    for count in range(max(1, musts), len(groups) + 1):
        kept = {group for _, group in groups[:count]}
        chosen = [i for i, p in enumerate(phrases) if p.group in kept]
        floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
        least = sum(max(floor, writer.need(phrases[i])) for i in chosen)
        most = sum(writer.most(phrases[i]) for i in chosen)
        length = min(max(round(target / writer.unit) * writer.unit, least), most)
        miss = abs(length - target) + 0.2 * abs(length - len(chosen) * (low + high) / 2)
        if not writer.direction.shortened:
            miss += KEEP * low * sum(need < rank["may"] for need, _ in groups[count:])
        if best is None or miss < best[0] - 0.01:
            best = (miss, chosen, length)
    if best is None:
        return []
    _, chosen, length = best
    floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
    frames = [max(floor, writer.need(phrases[i])) for i in chosen]
    caps = [max(writer.most(phrases[i]), f) for i, f in zip(chosen, frames, strict=True)]
    _spend(frames, caps, length - sum(frames), writer.unit, [phrases[i] for i in chosen])
    return [(phrases[i], f) for i, f in zip(chosen, frames, strict=True)]


def _spend(frames: list[int], caps: list[int], left: int, unit: int, phrases: list[Phrase]) -> None:
    """Add the remaining frames to ``frames`` in place, up to ``caps``: to the shots with the most to read first."""
    weight = [1 + word_count(p.text) + (2 if p.role in ("figure", "name") else 0) for p in phrases]
    while left >= unit:
        free = [i for i in range(len(frames)) if frames[i] + unit <= caps[i]]
        if not free:
            return
        chosen = min(free, key=lambda i: (frames[i] / weight[i], i))
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
    for need in ("may", "proof", "told"):
        for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
            for i in range(len(shots) - 1, 0, -1):
                if shots[i][0].need == need:
                    del shots[i]
                    return True
    for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
        if len(shots) > 2 and length > most:
            shots.pop()
            return True
    return False
