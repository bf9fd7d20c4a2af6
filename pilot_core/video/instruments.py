"""The instruments of the music bed. Each function returns one sound: float32 at 48 kHz, mono (n,) or stereo (2, n).

Sounds depend only on their arguments and are cached. They start and end at zero, so that they do not click when mixed.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d
from scipy.signal import oaconvolve

Sound = npt.NDArray[np.float32]

RATE = 48_000


def _frequency(note: int) -> float:
    """Return the frequency of a MIDI note in Hz (A4 = 440 Hz)."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def _clock(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def edges(samples: int, attack: float, release: float) -> Sound:
    """Return an envelope of ones that fades in and out along a raised cosine. ``attack`` and ``release`` in seconds."""
    envelope = np.ones(samples, np.float32)
    for seconds, ending in ((attack, False), (release, True)):
        n = min(round(seconds * RATE), samples // 2)
        slope = (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / max(n, 1))).astype(np.float32)
        if ending:
            envelope[samples - n :] *= slope[::-1]
        else:
            envelope[:n] *= slope
    return envelope


@lru_cache(maxsize=12)
def pad_tone(notes: tuple[int, ...], brightness: float) -> Sound:
    """Return a string-like chord, in stereo: 5.5 s that repeat without a seam.

    Uses Nasca Octavian Paul's PADsynth: each partial is a Gaussian band with random phases, and one inverse FFT turns
    them into sound. The width of the bands imitates the slight detuning of an ensemble.
    """
    size = 2**18
    bins = np.fft.rfftfreq(size, 1 / RATE)
    amplitudes = np.zeros(len(bins), np.float32)
    for note in notes:
        base = _frequency(note)
        for partial in range(1, 25):
            centre, width = base * partial, base * partial * 0.010
            low, high = np.searchsorted(bins, (centre - 4 * width, centre + 4 * width))
            strength = partial**-1.1 / (1 + (centre / brightness) ** 2) / width
            amplitudes[low:high] += strength * np.exp(-(((bins[low:high] - centre) / width) ** 2))
    rng = np.random.default_rng(notes)
    phases = rng.uniform(0, 2 * np.pi, (2, len(bins))).astype(np.float32)
    sides = np.fft.irfft(amplitudes * np.exp(1j * phases), size)
    return np.asarray(sides / np.sqrt(np.mean(sides**2)), np.float32)


@lru_cache(maxsize=32)
def bass_note(note: int, seconds: float) -> Sound:
    """Return a soft-clipped sawtooth whose upper partials decay faster. Notes over 1 s have a slower attack."""
    t, base = _clock(seconds), _frequency(note)
    sound = sum(
        np.sin(2 * np.pi * base * k * t) / k * np.exp(-t * (0.8 + 1.6 * k) / max(seconds, 0.3) * 0.5)
        for k in range(1, 11)
    )
    attack, release = (0.03, 0.3) if seconds > 1 else (0.006, 0.06)
    return np.asarray(np.tanh(sound * 0.9) * edges(len(t), attack, release), np.float32)


@lru_cache(maxsize=64)
def pluck_note(note: int) -> Sound:
    """Return a clean plucked string. Its partials are slightly sharp, and higher ones decay faster."""
    t, base = _clock(0.9), _frequency(note)
    sound = sum(
        np.sin(2 * np.pi * base * k * np.sqrt(1 + 0.0004 * k * k) * t) * k**-1.3 * np.exp(-t * (4.0 + 3.2 * k))
        for k in range(1, 8)
    )
    return np.asarray(sound * edges(len(t), 0.003, 0.1), np.float32)


@lru_cache(maxsize=64)
def piano_note(note: int) -> Sound:
    """Return a soft electric piano by frequency modulation (Chowning 1973): a 1:1 body and a short, bright tine."""
    t, base = _clock(2.6), _frequency(note)
    carrier = 2 * np.pi * base * t
    body = np.sin(carrier + 1.1 * np.exp(-t * 3.5) * np.sin(carrier)) * np.exp(-t * 1.6)
    tine = 0.09 * np.sin(carrier * 7.0) * np.exp(-t * 14)
    return np.asarray((body + tine) * edges(len(t), 0.006, 0.4), np.float32)


@lru_cache(maxsize=1)
def kick() -> Sound:
    """Return a kick drum: a decaying sine that falls from 160 to 48 Hz."""
    t = _clock(0.38)
    phase = 2 * np.pi * (48 * t + (160 - 48) * 0.035 * (1 - np.exp(-t / 0.035)))
    return np.asarray(np.sin(phase) * np.exp(-t * 9) * edges(len(t), 0.002, 0.08), np.float32)


@lru_cache(maxsize=8)
def _noise(seconds: float, low: float, high: float) -> Sound:
    """Return white noise band-passed between ``low`` and ``high`` (Hz), with an RMS of 1."""
    size = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(size))
    hertz = np.fft.rfftfreq(size, 1 / RATE) + 1e-9
    spectrum *= 1 / np.sqrt(1 + (low / hertz) ** 6) / np.sqrt(1 + (hertz / high) ** 6)
    sound = np.fft.irfft(spectrum, size)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), np.float32)


@lru_cache(maxsize=1)
def clap() -> Sound:
    """Return a clap: three bursts within 22 ms, as of several hands, and a tail. The first burst is the loudest."""
    t = _clock(0.25)
    bursts = sum(
        g * np.exp(-np.clip(t - d, 0, None) * 160) * (t >= d) for d, g in ((0.0, 1.0), (0.011, 0.6), (0.022, 0.5))
    )
    envelope = bursts + 0.4 * np.exp(-t * 22)
    return np.asarray(_noise(0.25, 900, 4200) * envelope * edges(len(t), 0.002, 0.05), np.float32)


@lru_cache(maxsize=1)
def hat() -> Sound:
    t = _clock(0.09)
    return np.asarray(_noise(0.09, 6500, 13000) * np.exp(-t * 55) * edges(len(t), 0.0015, 0.02), np.float32)


@lru_cache(maxsize=8)
def rise(seconds: float) -> Sound:
    t = _clock(seconds)
    return np.asarray(_noise(seconds, 1500, 7000) * (t / seconds) ** 3 * edges(len(t), 0.01, 0.03), np.float32)


@lru_cache(maxsize=1)
def shimmer() -> Sound:
    t = _clock(1.8)
    return np.asarray(_noise(1.8, 3500, 11000) * np.exp(-t * 3) * edges(len(t), 0.004, 0.3), np.float32)


@lru_cache(maxsize=8)
def boom(note: int) -> Sound:
    t = _clock(1.4)
    return np.asarray(
        np.sin(2 * np.pi * _frequency(note) * t) * np.exp(-t * 3.2) * edges(len(t), 0.008, 0.3), np.float32
    )


def reverb(sound: Sound) -> Sound:
    """Return the reverberation of a stereo sound in a small, warm hall: convolution with 1.4 s of decaying noise."""
    t = _clock(1.4)
    rng = np.random.default_rng(11)
    tail = rng.standard_normal((2, len(t))) * np.exp(-t * 4.6) * np.minimum(1, t / 0.012)
    tail = uniform_filter1d(tail, 9)
    tail /= np.sqrt(np.sum(tail**2, axis=1, keepdims=True))
    return np.asarray(oaconvolve(sound, tail.astype(np.float32), axes=1), np.float32) * np.float32(0.3)
