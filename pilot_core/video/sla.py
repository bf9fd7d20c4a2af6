"""Judges a measured film by what one attempt promises: one check a promise, one plain sentence a miss.

A value is compared as it is shown: a film that reads "60 s" is not longer than 60 s.
"""

from typing import TYPE_CHECKING

from pilot_core.catalog import Scenario, SlaLimits
from pilot_core.models import SlaCheck

if TYPE_CHECKING:  # the probe needs FFmpeg; judging does not
    from pilot_core.video.probe import Measured

CODEC_NAMES = {"h264": "H.264", "hevc": "H.265", "aac": "AAC", "mp3": "MP3", "opus": "Opus", "vp9": "VP9", "av1": "AV1"}


def judge(
    measured: "Measured",
    *,
    scenario: Scenario,
    width: int,
    height: int,
    time_to_first_cut: float | None,
    iterations: int,
    cost: float,
    limits: SlaLimits,
) -> list[SlaCheck]:
    """All thirteen checks, always in the same order; ``passed`` is None where there was nothing to measure.

    ``width`` and ``height`` are what the intent asks for, in pixels; ``time_to_first_cut`` in seconds, None if unknown;
    ``cost`` in dollars, of the whole attempt. A check that passed, or is unknown, has no sentence.
    """
    m = measured
    kind = f"{scenario.label[:1].lower()}{scenario.label[1:]} films"
    lengths = f"{_number(scenario.min_seconds)} to {_number(scenario.max_seconds)} s"
    size, wanted = f"{m.width} × {m.height}", f"{width} × {height}"
    return [
        _at_most(
            "first_cut", "First cut", time_to_first_cut, limits.first_cut_seconds, "First cut took {}; the limit is {}."
        ),
        _check(
            "length",
            "Length",
            _seconds(m.duration_seconds),
            lengths,
            scenario.min_seconds <= round(m.duration_seconds, 1) <= scenario.max_seconds,
            f"The film is {_seconds(m.duration_seconds)} long; {kind} are {lengths}.",
        ),
        _codec("video_codec", "Picture format", "picture", m.video_codec, limits.video_codec),
        _codec("audio_codec", "Sound format", "sound", m.audio_codec, limits.audio_codec),
        _check(
            "faststart",
            "Starts while loading",
            "yes" if m.faststart else "no",
            "yes",
            m.faststart,
            "The film cannot start until all of it has loaded; save it with its index at the front (faststart).",
        ),
        _check(
            "size",
            "Picture size",
            size,
            wanted,
            (m.width, m.height) == (width, height),
            f"The picture is {size}; it should be {wanted}.",
        ),
        _check(
            "audio_present",
            "Sound track",
            "yes" if m.audio_codec else "no",
            "yes",
            m.audio_codec is not None,
            "The film has no sound track; it needs one.",
        ),
        _loudness(m.loudness_lufs, limits.loudness_min_lufs, limits.loudness_max_lufs),
        _at_most(
            "silence",
            "Longest silence",
            m.longest_silence_seconds,
            limits.max_silence_seconds,
            "The film is silent for {}; the limit is {}.",
        ),
        _at_most(
            "black",
            "Longest black",
            m.longest_black_seconds,
            limits.max_black_seconds,
            "The picture is black for {}; the limit is {}.",
            digits=2,
        ),
        _at_most(
            "freeze",
            "Longest freeze",
            m.longest_freeze_seconds,
            limits.max_freeze_seconds,
            "The picture stands still for {}; the limit is {}.",
        ),
        _check(
            "iterations",
            "Iterations",
            str(iterations),
            f"at most {limits.max_iterations}",
            iterations <= limits.max_iterations,
            f"The attempt took {iterations} iterations; the limit is {limits.max_iterations}.",
        ),
        _check(
            "cost",
            "Cost",
            f"${cost:,.2f}",
            f"at most ${limits.max_cost_dollars:,.2f}",
            round(cost, 2) <= limits.max_cost_dollars,
            f"The attempt cost ${cost:,.2f}; the limit is ${limits.max_cost_dollars:,.2f}.",
        ),
    ]


def violations(checks: list[SlaCheck]) -> list[str]:
    """The sentences of what was missed, in the order of the checks."""
    return [check.sentence for check in checks if check.passed is False]


def passed(checks: list[SlaCheck]) -> bool:
    """Whether nothing was missed; what could not be measured counts as kept."""
    return not violations(checks)


def _check(code: str, label: str, measured: str, limit: str, passed: bool | None, miss: str) -> SlaCheck:
    sentence = miss if passed is False else ""
    return SlaCheck(code=code, label=label, measured=measured, limit=limit, passed=passed, sentence=sentence)


def _at_most(code: str, label: str, value: float | None, limit: float, miss: str, digits: int = 1) -> SlaCheck:
    """A check of seconds against an upper limit; ``miss`` takes the value and the limit."""
    allowed = _seconds(limit)
    if value is None:
        return _check(code, label, "not measured", f"at most {allowed}", None, "")
    shown = _seconds(value, digits)
    return _check(code, label, shown, f"at most {allowed}", round(value, digits) <= limit, miss.format(shown, allowed))


def _codec(code: str, label: str, what: str, codec: str | None, wanted: str) -> SlaCheck:
    if codec is None:
        return _check(code, label, "not measured", _codec_name(wanted), None, "")
    miss = f"The {what} is in {_codec_name(codec)}; it should be in {_codec_name(wanted)}."
    return _check(code, label, _codec_name(codec), _codec_name(wanted), codec == wanted, miss)


def _loudness(lufs: float | None, quietest: float, loudest: float) -> SlaCheck:
    low, high = _number(quietest), _number(loudest)
    if lufs is None:
        return _check("loudness", "Loudness", "not measured", f"{low} to {high} LUFS", None, "")
    shown = f"{lufs:.1f} LUFS".replace("-", "−")
    miss = f"The sound is at {shown}; it should be between {low} and {high} LUFS."
    return _check("loudness", "Loudness", shown, f"{low} to {high} LUFS", quietest <= round(lufs, 1) <= loudest, miss)


def _codec_name(codec: str) -> str:
    return CODEC_NAMES.get(codec, codec)


def _seconds(value: float, digits: int = 1) -> str:
    return f"{_number(round(value, digits))} s"


def _number(value: float) -> str:
    """At most two decimals, none where they are zero, and a true minus."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
