"""Bring HDR and wide colours to a standard screen, as a table of colours for FFmpeg's ``lut3d``.

Highlights are rolled off as in ITU-R BT.2390, section 5.4.1: what is darker stays as it is, and what is brighter than
a standard screen is compressed below its white. Diffuse white lies at 203 cd/m² (ITU-R BT.2408).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

STEPS = 33
PQ, HLG = 16, 18
WIDE_PRIMARIES = (9, 11, 12)  # BT.2020, DCI-P3, Display P3
WHITE, PEAK = 203.0, 1000.0  # cd/m²: of the standard screen, and of what HDR videos are mastered on
M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # SMPTE ST 2084
FROM_2020 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
FROM_P3 = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
LUMA = np.array([0.2126, 0.7152, 0.0722])


def write_table(path: Path, transfer: int, primaries: int) -> None:
    """Write the table that brings colours of that transfer and those primaries (FFmpeg's numbers) to BT.709."""
    steps = np.linspace(0, 1, STEPS)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    colours = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    lines = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in to_bt709(colours, transfer, primaries))
    path.write_text(f"LUT_3D_SIZE {STEPS}\n{lines}\n", encoding="ascii")


def to_bt709(colours: Values, transfer: int, primaries: int) -> Values:
    """Return R′G′B′ colours (n×3, 0 to 1) as BT.709."""
    matrix = FROM_2020 if primaries == WIDE_PRIMARIES[0] or transfer in (PQ, HLG) else FROM_P3
    light = _light(colours, transfer) @ matrix.T
    if transfer in (PQ, HLG):
        brightest = np.maximum(light.max(axis=1), 1e-6)
        light *= (_rolled_off(brightest) / brightest)[:, None]
    # Colours outside of BT.709 lose saturation rather than change their hue.
    grey = np.clip(light @ LUMA, 0, WHITE)[:, None]
    lowest = light.min(axis=1, keepdims=True)
    outside = lowest < 0
    share = np.where(outside, grey / np.maximum(grey - np.where(outside, lowest, 0), 1e-9), 1.0)
    light = grey + (light - grey) * share
    shown: Values = np.clip(light / WHITE, 0, 1) ** (1 / 2.4)
    return shown


def _light(colours: Values, transfer: int) -> Values:
    """Return the light of each channel in cd/m²."""
    if transfer == PQ:
        power = colours ** (1 / M2)
        pq: Values = 10_000 * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)
        return pq
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(colours <= 0.5, colours**2 / 3, (np.exp((colours - c) / a) + b) / 12)
        luma = scene @ np.array([0.2627, 0.6780, 0.0593])
        hlg: Values = PEAK * scene * np.maximum(luma, 1e-9)[:, None] ** 0.2
        return hlg
    shown: Values = WHITE * colours**2.4
    return shown


def _rolled_off(light: Values) -> Values:
    """Return light (cd/m²) compressed from ``PEAK`` to ``WHITE``: the knee of BT.2390, in PQ."""
    top, white = _pq(np.array([PEAK])), _pq(np.array([WHITE]))
    value = np.minimum(_pq(light) / top, 1)
    limit = white / top
    knee = 1.5 * limit - 0.5
    t = np.clip((value - knee) / (1 - knee), 0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * limit
    return _light(np.where(value < knee, value, curve) * top, PQ)


def _pq(light: Values) -> Values:
    power = np.maximum(light / 10_000, 0) ** M1
    value: Values = ((C1 + C2 * power) / (1 + C3 * power)) ** M2
    return value
