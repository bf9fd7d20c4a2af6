"""Easing curves from 0 to 1, and periodic motion."""

import math


def clamp(value: float) -> float:
    return min(1.0, max(0.0, value))


def cubic_out(x: float) -> float:
    return 1 - (1 - clamp(x)) ** 3


def quint_out(x: float) -> float:
    return 1 - (1 - clamp(x)) ** 5


def cubic_in_out(x: float) -> float:
    x = clamp(x)
    return 4 * x**3 if x < 0.5 else 1 - (2 - 2 * x) ** 3 / 2


def spring(x: float) -> float:
    """Ease with one overshoot of about 7%, then settle (a damped cosine)."""
    x = clamp(x)
    return 1.0 if x >= 1 else 1 - math.exp(-5.2 * x) * math.cos(6.0 * x) * (1 - x) ** 0.5


CURVES = {"cubic-out": quint_out, "cubic-in-out": cubic_in_out, "spring": spring}


def pulse(frame: int, beat_frames: int) -> float:
    """Return 1 on each beat of the music, falling towards 0 before the next."""
    return (1 - (frame % beat_frames) / beat_frames) ** 3


def sway(frame: float, period: float, phase: float = 0.0) -> float:
    """Return a sine between -1 and 1. ``period`` is in frames, ``phase`` in periods."""
    return math.sin(2 * math.pi * (frame / period + phase))
