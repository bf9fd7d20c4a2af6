"""Checks a measured video against the SLA of its attempt: one check per limit, one sentence per missed check.

Values are rounded for display before they are compared, so a video shown as "60 s" is not longer than 60 s.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pilot_core.catalog import Intent, Scenario, SlaLimits
from pilot_core.domain.attempt import SlaCheck
from pilot_core.video.conform.rates import in_words
from pilot_core.video.conform.result import Delivered

if TYPE_CHECKING:  # the probe needs FFmpeg; judging does not
    from pilot_core.video.probe import Measured

CODEC_NAMES = {
    "h264": "H.264",
    "hevc": "H.265",
    "prores": "ProRes",
    "aac": "AAC",
    "mp3": "MP3",
    "opus": "Opus",
    "vp9": "VP9",
    "av1": "AV1",
}
PLAYED = {"h264": "yuv420p"}
"""The picture formats that phones play, each with its pixel format."""
FILE_TYPES = {".mp4": "MP4", ".mov": "QuickTime", ".webm": "WebM", ".mkv": "Matroska"}


@dataclass(frozen=True)
class Rendering:
    """How the attempt was rendered: seconds to its first cut (None if unknown), number of drafts, cost in dollars."""

    time_to_first_cut: float | None
    iterations: int
    cost: float


def judge(
    measured: "Measured", rendering: Rendering, scenario: Scenario, intent: Intent, limits: SlaLimits
) -> list[SlaCheck]:
    """Return all sixteen checks, always in the same order. Only a missed check has a sentence.

    Formats, size and frame rate are judged of the file as it was delivered, the content of the video that is watched.
    ``passed`` is None if there was nothing to measure.
    """
    first_cut = _at_most(
        "first_cut",
        "First cut",
        rendering.time_to_first_cut,
        limits.first_cut_seconds,
        "First cut took {}; the limit is {}.",
    )
    return [
        first_cut,
        _length(measured.duration_seconds, scenario),
        *_file(measured.delivered or _as_it_is(measured), intent, limits),
        *_flaws(measured, limits),
        _check(
            "iterations",
            "Iterations",
            str(rendering.iterations),
            f"at most {limits.max_iterations}",
            rendering.iterations <= limits.max_iterations,
            f"The attempt took {rendering.iterations} iterations; the limit is {limits.max_iterations}.",
        ),
        _check(
            "cost",
            "Cost",
            f"${rendering.cost:,.2f}",
            f"at most ${limits.max_cost_dollars:,.2f}",
            round(rendering.cost, 2) <= limits.max_cost_dollars,
            f"The attempt cost ${rendering.cost:,.2f}; the limit is ${limits.max_cost_dollars:,.2f}.",
        ),
    ]


def _length(seconds: float, scenario: Scenario) -> SlaCheck:
    kind = f"{scenario.label[:1].lower()}{scenario.label[1:]} videos"
    lengths = f"{_number(scenario.min_seconds)} to {_number(scenario.max_seconds)} s"
    return _check(
        "length",
        "Length",
        _seconds(seconds),
        lengths,
        scenario.min_seconds <= round(seconds, 1) <= scenario.max_seconds,
        f"The video is {_seconds(seconds)} long; {kind} are {lengths}.",
    )


def _as_it_is(measured: "Measured") -> Delivered:
    return Delivered(
        suffix=".mp4",
        video_codec=measured.video_codec,
        pixel_format=measured.pixel_format or "",
        frame_rate=float(Fraction(measured.frame_rate)),
        width=measured.width,
        height=measured.height,
        audio_codec=measured.audio_codec,
        audio_sample_rate=measured.audio_sample_rate,
        faststart=measured.faststart,
    )


def _file(file: Delivered, intent: Intent, limits: SlaLimits) -> list[SlaCheck]:
    """Return the checks of the file: formats, frame rate, index at the front, picture size, a sound track."""
    size, wanted = f"{file.width} × {file.height}", f"{intent.width} × {intent.height}"
    return [
        _file_type(file.suffix),
        _codec("video_codec", "Picture format", "picture", file.video_codec, limits.video_codec),
        _pixel_format(file.pixel_format, PLAYED.get(limits.video_codec, "yuv420p")),
        _check(
            "frame_rate",
            "Frame rate",
            in_words(file.frame_rate) if file.frame_rate else "variable",
            "constant",
            file.frame_rate is not None,
            "The frame rate varies; it should be constant.",
        ),
        _codec("audio_codec", "Sound format", "sound", file.audio_codec, limits.audio_codec),
        _check(
            "faststart",
            "Starts while loading",
            "yes" if file.faststart else "no",
            "yes",
            file.faststart,
            "The video cannot start until all of it has loaded; save it with its index at the front (faststart).",
        ),
        _check(
            "size",
            "Picture size",
            size,
            wanted,
            (file.width, file.height) == (intent.width, intent.height),
            f"The picture is {size}; it should be {wanted}.",
        ),
        _check(
            "audio_present",
            "Sound track",
            "yes" if file.audio_codec else "no",
            "yes",
            file.audio_codec is not None,
            "The video has no sound track; it needs one.",
        ),
    ]


def _file_type(suffix: str) -> SlaCheck:
    name = FILE_TYPES.get(suffix, suffix)
    miss = f"The file is {name}, which not all phones play; it should be MP4."
    return _check("file_type", "File type", name, "MP4", suffix == ".mp4", miss)


def _pixel_format(pixel_format: str, wanted: str) -> SlaCheck:
    # yuvj420p differs in its range only, and plays.
    played = pixel_format.replace("yuvj", "yuv") == wanted
    miss = f"The pixel format is {pixel_format}, which phones do not play; it should be {wanted} (8-bit 4:2:0)."
    return _check("pixel_format", "Pixel format", pixel_format, wanted, played, miss)


def _flaws(measured: "Measured", limits: SlaLimits) -> list[SlaCheck]:
    """Return the checks of the content: loudness, and the longest silence, black and freeze."""
    return [
        _loudness(measured.loudness_lufs, limits.loudness_min_lufs, limits.loudness_max_lufs),
        _at_most(
            "silence",
            "Longest silence",
            measured.longest_silence_seconds,
            limits.max_silence_seconds,
            "The video is silent for {}; the limit is {}.",
        ),
        _at_most(
            "black",
            "Longest black",
            measured.longest_black_seconds,
            limits.max_black_seconds,
            "The picture is black for {}; the limit is {}.",
            digits=2,
        ),
        _at_most(
            "freeze",
            "Longest freeze",
            measured.longest_freeze_seconds,
            limits.max_freeze_seconds,
            "The picture stands still for {}; the limit is {}.",
        ),
    ]


def missed(checks: list[SlaCheck]) -> list[SlaCheck]:
    """Return the checks that did not pass, in order. A check that could not be measured is not missed."""
    return [check for check in checks if check.passed is False]


def violations(checks: list[SlaCheck]) -> list[str]:
    """Return one sentence for each missed check."""
    return [check.sentence for check in missed(checks)]


def passed(checks: list[SlaCheck]) -> bool:
    """Return whether no check was missed."""
    return not missed(checks)


def _check(code: str, label: str, measured: str, limit: str, passed: bool | None, miss: str) -> SlaCheck:
    sentence = miss if passed is False else ""
    return SlaCheck(code=code, label=label, measured=measured, limit=limit, passed=passed, sentence=sentence)


def _at_most(code: str, label: str, value: float | None, limit: float, miss: str, digits: int = 1) -> SlaCheck:
    """Return the check of a value against an upper limit, both in seconds.

    ``miss`` is the sentence for a miss, with a slot for the value and one for the limit.
    """
    allowed = _seconds(limit)
    if value is None:
        return _check(code, label, "not measured", f"at most {allowed}", None, "")
    shown = _seconds(value, digits)
    return _check(code, label, shown, f"at most {allowed}", round(value, digits) <= limit, miss.format(shown, allowed))


def _codec(code: str, label: str, what: str, codec: str | None, wanted: str) -> SlaCheck:
    if codec is None:
        return _check(code, label, "not measured", _codec_name(wanted), None, "")
    unplayed = ", which not all phones play" if what == "picture" else ""
    miss = f"The {what} is in {_codec_name(codec)}{unplayed}; it should be in {_codec_name(wanted)}."
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
    """Format a number with at most two decimals, without trailing zeros and with a true minus sign."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
