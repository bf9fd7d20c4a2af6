"""Makes the music bed of a video: chords, bass, a lead and soft percussion from a seed, mastered to −16 LUFS.

First the score is written: which chord starts on which beat, and in which part of the video. Then each instrument
plays the score into stereo buffers, and their sum is mastered.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import pyloudnorm
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from pilot_core.video import instruments
from pilot_core.video.instruments import RATE, Sound

Part = Literal["intro", "sparse", "main", "build", "call", "ring"]

TARGET_LUFS = -16.0
CEILING = 10 ** (-2.5 / 20)  # AAC can raise peaks by about 1 dB; the limit after encoding is −1 dBTP
SPARSE_DB, BREAK_DB = -2.5, -18.0
RING_SECONDS = 2.2  # the last chord rings for at least this long
BEATS_PER_BAR = 4

# Chords as semitones above the tonic of a major key, root first.
CHORDS: dict[str, tuple[int, ...]] = {
    "I": (0, 4, 7),
    "Iadd9": (0, 4, 7, 14),
    "Imaj7": (0, 4, 7, 11),
    "ii7": (2, 5, 9, 12),
    "iii7": (4, 7, 11, 14),
    "IV": (5, 9, 12),
    "IVadd9": (5, 9, 12, 19),
    "IVmaj7": (5, 9, 12, 16),
    "V": (7, 11, 14),
    "Vsus": (7, 12, 14),
    "vi": (9, 12, 16),
    "vi7": (9, 12, 16, 19),
}


@dataclass(frozen=True)
class Mood:
    """The musical material of one mood.

    ``bass``, ``kick``, ``clap`` and ``hat`` give a level from 0 to 9 for each sixteenth of a bar.
    """

    keys: tuple[int, ...]  # MIDI numbers of the tonic
    progressions: tuple[tuple[str, ...], ...]
    lead_in: str  # the chord before the resolution
    home: tuple[str, ...]  # chords from the resolution on; the last one rings out
    arpeggios: tuple[str, ...]  # per sixteenth, an index into the chord's tones or a rest
    instrument: Literal["pluck", "piano"]
    bass: str
    kick: str
    clap: str
    hat: str
    fade_in: float  # seconds
    pad_attack: float  # seconds
    pad_brightness: float  # Hz above which the pad gets quieter
    duck: float  # how much each kick lowers the pad and bass, 0 to 1
    levels: dict[str, float]


MOODS: dict[str, Mood] = {
    "bold": Mood(
        keys=(57, 59, 60, 62, 64),
        progressions=(("vi", "IV", "I", "V"), ("I", "V", "vi", "IV"), ("vi", "I", "V", "IV"), ("IV", "vi", "I", "V")),
        lead_in="V",
        home=("I", "IV", "I"),
        arpeggios=(
            "0.21.23.0.21.432",
            "023.432.023.5432",
            "3..2..4.3..2.45.",
        ),
        instrument="pluck",
        bass="9060906090609070",
        kick="9000900090009000",
        clap="0000800000008000",
        hat="2051205120512053",
        fade_in=0.08,
        pad_attack=0.03,
        pad_brightness=2600.0,
        duck=0.65,
        levels={"pad": 0.68, "bass": 0.64, "lead": 0.60, "kick": 0.80, "clap": 0.34, "hat": 0.32},
    ),
    "empathetic": Mood(
        keys=(53, 55, 57, 58, 60),
        progressions=(
            ("Imaj7", "vi7", "IVmaj7", "Vsus"),
            ("IVmaj7", "Iadd9", "vi7", "Vsus"),
            ("Iadd9", "iii7", "IVmaj7", "ii7"),
            ("vi7", "IVmaj7", "Iadd9", "Vsus"),
        ),
        lead_in="Vsus",
        home=("Iadd9", "IVmaj7", "Iadd9"),
        arpeggios=(
            "0...2.3.4...3.2.",
            "3...1.2.4.3...2.",
            "0.2.4...5.4.2...",
        ),
        instrument="piano",
        bass="7000000000000000",
        kick="0000000000000000",
        clap="0000000000000000",
        hat="0000301000003010",
        fade_in=0.5,
        pad_attack=0.45,
        pad_brightness=1100.0,
        duck=0.0,
        levels={"pad": 0.78, "bass": 0.42, "lead": 0.85, "kick": 0.0, "clap": 0.0, "hat": 0.14},
    ),
    "professional": Mood(
        keys=(55, 57, 58, 60, 62),
        progressions=(
            ("Iadd9", "vi7", "IVadd9", "Vsus"),
            ("vi7", "IVadd9", "Iadd9", "Vsus"),
            ("Iadd9", "IVadd9", "vi7", "V"),
            ("IVadd9", "Vsus", "vi7", "Iadd9"),
        ),
        lead_in="V",
        home=("Iadd9", "IVadd9", "Iadd9"),
        arpeggios=(
            "0..2..3.4..3.2..",
            "3..4..2...3.1.2.",
            "0.3..2.4..3.2...",
        ),
        instrument="pluck",
        bass="8050605080506050",
        kick="8000000070500000",
        clap="0000500000005000",
        hat="3020302030203021",
        fade_in=0.25,
        pad_attack=0.18,
        pad_brightness=1600.0,
        duck=0.25,
        levels={"pad": 0.58, "bass": 0.52, "lead": 0.85, "kick": 0.52, "clap": 0.20, "hat": 0.20},
    ),
}
FALLBACK_MOOD = "professional"


class Segment(NamedTuple):
    """A chord of the score: its first beat, length in beats, name, and the part of the video in which it plays."""

    start: int
    beats: int
    chord: str
    part: Part


def beat_times(duration: float, bpm: float) -> list[float]:
    """Return the times of the beats in a video of ``duration`` seconds: from 0 up to, not including, the duration."""
    step = 60.0 / bpm
    return [i * step for i in range(int(np.ceil(duration / step - 1e-9)))]


class Arrangement(NamedTuple):
    """How the music follows a story. Times are in seconds.

    It has few instruments in the ``sparse`` spans, is nearly silent for one beat before each of ``breaks``, and has an
    accent on each of ``hits``.
    """

    sparse: tuple[tuple[float, float], ...] = ()
    breaks: tuple[float, ...] = ()
    hits: tuple[float, ...] = ()


PLAIN = Arrangement()


def make_bed(
    duration: float, *, bpm: float, mood: str, seed: int, resolve_at: float, arrangement: Arrangement = PLAIN
) -> Sound:
    """Return a music bed: float32 samples of shape (n, 2) at 48 kHz, −16 LUFS ±1, with peaks under −2.5 dBFS.

    ``arrangement`` says where it is sparse, breaks off and hits; with sparse spans its loudness range is over 4 LU.
    ``mood`` is bold, empathetic or professional; anything else counts as professional. ``seed`` (0 or more) picks the
    key, progression and figure; consecutive seeds differ in all three. Beats are at ``beat_times``. The tonic starts on
    the beat nearest to ``resolve_at`` (seconds), and the last chord rings out at the end. Raises ValueError for a
    duration under 1 s or a tempo outside 40 to 200 bpm.
    """
    if duration < 1 or not 40 <= bpm <= 200:
        raise ValueError(f"A bed lasts at least 1 s at 40 to 200 bpm; asked were {duration} s at {bpm} bpm.")
    style = MOODS.get(mood, MOODS[FALLBACK_MOOD])
    player = _Player(duration, bpm, style, seed)
    sound = player.play(_score(duration, bpm, resolve_at, style, seed, arrangement), arrangement.hits)
    return _master(sound * _dynamics(sound.shape[1], arrangement, 60.0 / bpm), style.fade_in)


def _dynamics(samples: int, arrangement: Arrangement, beat: float) -> Sound:
    """Return the gain of each sample: lower in sparse spans, nearly silent in the beat before a break ends."""
    level = np.zeros(samples, np.float32)
    for start, end in arrangement.sparse:
        level[round(start * RATE) : round(end * RATE)] = SPARSE_DB
    for at in arrangement.breaks:
        level[max(0, round((at - beat) * RATE)) : round(at * RATE)] = BREAK_DB
    smooth = uniform_filter1d(level, round(0.12 * RATE), mode="nearest")
    return np.asarray(10 ** (smooth / 20), np.float32)


def _score(
    duration: float, bpm: float, resolve_at: float, style: Mood, seed: int, arrangement: Arrangement
) -> list[Segment]:
    """Write one chord per bar: the progression, the lead-in chord, then the ``home`` chords from the resolution on."""
    beats = len(beat_times(duration, bpm))
    resolve = int(np.clip(round(resolve_at * bpm / 60), 0, beats - 1))
    progression = style.progressions[seed % len(style.progressions)]

    score: list[Segment] = []
    for number, (start, length) in enumerate(_bars(0, resolve)):
        last = start + length == resolve
        middle = (start + length / 2) * 60 / bpm
        is_sparse = any(begin <= middle < end for begin, end in arrangement.sparse)
        part: Part = "build" if last and number else "intro" if number < 2 and resolve > 16 else "main"
        if is_sparse and part != "build":
            part = "sparse"
        chord = style.lead_in if last else progression[number % len(progression)]
        score.append(Segment(start, length, chord, part))

    latest_ring = int((duration - RING_SECONDS) * bpm / 60 + 1e-9)
    ring = resolve + max(0, (latest_ring - resolve) // BEATS_PER_BAR * BEATS_PER_BAR)
    for number, (start, length) in enumerate(_bars(resolve, ring)):
        score.append(Segment(start, length, style.home[number % (len(style.home) - 1)], "call"))
    return [*score, Segment(ring, beats - ring, style.home[-1], "ring")]


def _bars(start: int, end: int) -> list[tuple[int, int]]:
    """Divide the beats from ``start`` to ``end`` into bars, as (start, length). A single last beat joins its bar."""
    starts = list(range(start, end, BEATS_PER_BAR))
    if len(starts) > 1 and end - starts[-1] == 1:
        starts.pop()
    return [(a, b - a) for a, b in pairwise([*starts, end])]


class _Player:
    """Plays a score into buffers: ``dry``, ``hall`` (full reverb), ``ducked`` (light reverb, lowered at each kick)."""

    def __init__(self, duration: float, bpm: float, style: Mood, seed: int):
        self.samples = round(duration * RATE)
        self.beat = 60.0 / bpm
        self.style = style
        self.rng = np.random.default_rng(seed)
        self.tonic = style.keys[seed * 2 % len(style.keys)]
        self.figure = style.arpeggios[seed % len(style.arpeggios)]
        self.dry, self.ducked, self.hall = (np.zeros((2, self.samples), np.float32) for _ in range(3))
        self.kicks: list[float] = []

    def play(self, score: list[Segment], hits: tuple[float, ...] = ()) -> Sound:
        for segment in score:
            self._pad(segment)
            self._bass(segment)
            self._lead(segment)
            self._drums(segment)
        self._transition(score)
        for at in hits:
            self._add(self.hall, at, instruments.shimmer(), 0.12)
            self._add(self.dry, at, instruments.boom(self._root(self.style.home[0])), 0.35)
        echo = self.ducked * np.float32(0.35) + self.hall
        self._duck()
        return self.dry + self.ducked + self.hall + instruments.reverb(echo)[:, : self.samples]

    def _add(self, bus: Sound, at: float, sound: Sound, gain: float, pan: float = 0.0) -> None:
        """Mix a mono or stereo sound into a buffer at ``at`` seconds. ``pan`` is from −1 (left) to 1 (right)."""
        start = round(at * RATE)
        part = sound[..., : max(0, self.samples - start)]
        angle = (pan + 1) * np.pi / 4
        sides = np.sqrt(2) * gain * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
        bus[:, start : start + part.shape[-1]] += sides * part

    def _tones(self, chord: str, low: int, count: int) -> list[int]:
        """Return the MIDI numbers of the first ``count`` tones of the chord from ``low`` upwards."""
        classes = {(self.tonic + offset) % 12 for offset in CHORDS[chord]}
        return [note for note in range(low, low + 48) if note % 12 in classes][:count]

    def _steps(self, segment: Segment, pattern: str) -> list[tuple[float, float]]:
        """Return (seconds, level 0 to 1) for each sixteenth of the segment that sounds in the pattern."""
        steps = range(segment.beats * 4)
        levels = [int(pattern[i % len(pattern)]) / 9 for i in steps]
        return [((segment.start + i / 4) * self.beat, level) for i, level in zip(steps, levels, strict=True) if level]

    def _pad(self, segment: Segment) -> None:
        level = self.style.levels["pad"] * {"intro": 0.85, "ring": 1.1}.get(segment.part, 1.0)
        start = segment.start * self.beat
        release = max(0.25, 1.2 * self.style.pad_attack)
        end = self.samples / RATE if segment.part == "ring" else (segment.start + segment.beats) * self.beat + release
        voices = self._tones(segment.chord, 55, len(CHORDS[segment.chord]))
        root = self._root(segment.chord) + 12
        tone = instruments.pad_tone((*voices, root), self.style.pad_brightness)
        length = round((end - start) * RATE)
        sound = np.tile(tone, -(-length // tone.shape[1]))[:, :length]  # periodic, so it repeats seamlessly
        envelope = instruments.edges(length, self.style.pad_attack, release)
        if segment.part == "ring":
            envelope *= np.linspace(1, 0.35, length, dtype=np.float32)
        self._add(self.ducked, start, sound * envelope, level * 0.22)

    def _root(self, chord: str) -> int:
        """Return the MIDI number of the chord's root as a bass note, from A1 (55 Hz) to A flat 2."""
        return 33 + (self.tonic + CHORDS[chord][0] - 33) % 12

    def _bass(self, segment: Segment) -> None:
        root, level = self._root(segment.chord), self.style.levels["bass"]
        if segment.part == "ring":
            seconds = self.samples / RATE - segment.start * self.beat
            self._add(self.ducked, segment.start * self.beat, instruments.bass_note(root, round(seconds, 4)), level)
            return
        long = self.style.bass.count("0") > 12
        seconds = (segment.beats if long else 0.46) * self.beat
        gain = level * {"intro": 0.7, "sparse": 0.5}.get(segment.part, 1.0)
        for at, strength in self._steps(segment, self.style.bass):
            self._add(self.ducked, at, instruments.bass_note(root, round(seconds, 4)), gain * strength)

    def _lead(self, segment: Segment) -> None:
        tones = self._tones(segment.chord, 67, 6)
        level = self.style.levels["lead"]
        make = instruments.piano_note if self.style.instrument == "piano" else instruments.pluck_note
        if segment.part == "ring":
            # Play the chord once as a rising arpeggio, and let it ring.
            for i, tone in enumerate(tones[:5]):
                at = (segment.start + i / 4) * self.beat
                self._add(self.hall, at, make(tone), level * (1.0 - 0.1 * i) * 0.34, (-1) ** i * 0.35)
            return
        for i in range(segment.beats * 4):
            index = self.figure[i % len(self.figure)]
            if index == ".":
                continue
            accent = 1.0 if i % 4 == 0 else 0.72
            loud = level * accent * self.rng.uniform(0.85, 1.0) * {"intro": 0.8, "sparse": 0.6}.get(segment.part, 1.0)
            at = (segment.start + i / 4) * self.beat
            self._add(self.hall, at, make(tones[int(index)]), loud * 0.36, 0.45 * (-1) ** (i // 2))

    def _drums(self, segment: Segment) -> None:
        if segment.part == "ring":
            if self.style.levels["kick"]:
                self._add(self.dry, segment.start * self.beat, instruments.kick(), self.style.levels["kick"])
                self.kicks.append(segment.start * self.beat)
            return
        if segment.part == "sparse":
            return
        soft = {"intro": 0.6, "main": 1.0, "build": 0.9, "call": 0.9}[segment.part]
        for at, strength in self._steps(segment, self.style.kick):
            self.kicks.append(at)
            self._add(self.dry, at, instruments.kick(), self.style.levels["kick"] * strength * soft)
        if segment.part != "intro":
            for at, strength in self._steps(segment, self.style.clap):
                self._add(self.hall, at, instruments.clap(), self.style.levels["clap"] * strength * soft)
        if segment.part == "build":
            for i in range(4):
                at = (segment.start + segment.beats - 1 + i / 4) * self.beat
                self._add(self.hall, at, instruments.clap(), self.style.levels["clap"] * (0.25 + 0.15 * i))
        for at, strength in self._steps(segment, self.style.hat):
            self._add(self.dry, at, instruments.hat(), self.style.levels["hat"] * strength * soft, 0.25)

    def _transition(self, score: list[Segment]) -> None:
        """Add noise that rises towards the resolution, and a deep, soft note with a shimmer on the resolution."""
        build = next((segment for segment in score if segment.part == "build"), None)
        if build is None:
            return
        weight = 0.5 if self.style.kick.strip("0") else 0.22
        lands = (build.start + build.beats) * self.beat
        rise = instruments.rise(round(build.beats * self.beat, 4))
        self._add(self.hall, build.start * self.beat, rise, 0.16 * weight)
        self._add(self.hall, lands, instruments.shimmer(), 0.16 * weight)
        self._add(self.dry, lands, instruments.boom(self._root(self.style.home[0])), 0.7 * weight)

    def _duck(self) -> None:
        """Lower the pad and bass around each kick: down over the 10 ms before it, back up over 0.6 of a beat."""
        points = np.array([0, 0.01, 0.01 + 0.6 * self.beat]) * RATE
        dip = np.interp(np.arange(points[-1]), points, [1, 1 - self.style.duck, 1]).astype(np.float32)
        for kick in self.kicks:
            start = round((kick - 0.01) * RATE)
            part = dip[max(0, -start) : self.samples - start]
            self.ducked[:, max(0, start) : max(0, start) + len(part)] *= part


def _master(sound: Sound, fade_in: float) -> Sound:
    """Fade both ends, set the target loudness and limit peaks to the ceiling. Takes (2, n) and returns (n, 2)."""
    sound = np.ascontiguousarray((sound * instruments.edges(sound.shape[1], fade_in, 1.2)).T)
    meter = pyloudnorm.Meter(RATE)
    for _ in range(2):  # limiting lowers the loudness a little; the second pass corrects it
        sound = sound * np.float32(10 ** ((TARGET_LUFS - meter.integrated_loudness(sound)) / 20))
        if np.abs(sound).max() <= CEILING:
            break
        sound = _limit(sound)
    return np.asarray(sound, np.float32)


def _limit(sound: Sound) -> Sound:
    """Limit peaks to the ceiling, lowering the gain smoothly around each peak.

    The gain is the moving average of a moving minimum, so it never exceeds what a peak allows.
    """
    window = RATE // 100 + 1  # odd, so that both windows are centred on the sample
    peaks = np.maximum(np.abs(sound[:, 0]), np.abs(sound[:, 1]))
    needed = np.minimum(np.float32(1), np.float32(CEILING) / np.maximum(peaks, np.float32(1e-9)))
    gain = uniform_filter1d(minimum_filter1d(needed, window), window)
    return np.asarray(sound * gain[:, None], np.float32)
