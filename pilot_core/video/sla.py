"""Judges a measured film by what one attempt promises: one check a promise, one plain sentence a miss.

A value is compared as it is shown: a film that reads "60.0 s" is not longer than 60 s.
"""

from typing import TYPE_CHECKING

from pilot_core.catalog import Scenario, SlaLimits
from pilot_core.models import SlaCheck

if TYPE_CHECKING:  # the probe needs FFmpeg; judging does not
    from pilot_core.video.probe import Measured

CODEC_NAMES = {"h264": "H.264", "hevc": "H.265", "aac": "AAC", "mp3": "MP3", "opus": "Opus", "vp9": "VP9", "av1": "AV1"}
NOT_MEASURED = "not measured"


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
    """All checks, always the same thirteen in the same order.

    ``width`` and ``height`` are what the intent asks for, in pixels; ``time_to_first_cut`` in seconds, None if unknown;
    ``cost`` in dollars, of the whole attempt.
    """
    m = measured
    heard = m.audio_codec is not None
    kind = f"{scenario.label[:1].lower()}{scenario.label[1:]} films"
    length_range = f"{_number(scenario.min_seconds)} to {_number(scenario.max_seconds)} s"
    loudness_range = f"{_lufs(limits.loudness_min_lufs)} to {_lufs(limits.loudness_max_lufs)} LUFS"
    return [
        _at_most(
            "first_cut", "First cut", time_to_first_cut, limits.first_cut_seconds, "First cut took {}; the limit is {}."
        ),
        SlaCheck(
            code="length",
            label="Length",
            measured=_seconds(m.duration_seconds),
            limit=length_range,
            passed=scenario.min_seconds <= round(m.duration_seconds, 1) <= scenario.max_seconds,
            sentence=f"The film is {_seconds(m.duration_seconds)} long; {kind} are {length_range}.",
        ),
        _codec("video_codec", "Picture format", "picture", m.video_codec, limits.video_codec),
        _codec("audio_codec", "Sound format", "sound", m.audio_codec, limits.audio_codec),
        SlaCheck(
            code="faststart",
            label="Starts while loading",
            measured="yes" if m.faststart else "no",
            limit="yes",
            passed=m.faststart,
            sentence="The film cannot start until all of it has loaded; its index must stand at the front (faststart).",
        ),
        SlaCheck(
            code="size",
            label="Picture size",
            measured=_size(m.width, m.height),
            limit=_size(width, height),
            passed=(m.width, m.height) == (width, height),
            sentence=f"The picture is {_size(m.width, m.height)}; it should be {_size(width, height)}.",
        ),
        SlaCheck(
            code="audio_present",
            label="Sound track",
            measured="yes" if heard else "no",
            limit="yes",
            passed=heard,
            sentence="The film has no sound track; it needs one.",
        ),
        SlaCheck(
            code="loudness",
            label="Loudness",
            measured=NOT_MEASURED if m.loudness_lufs is None else f"{_lufs(m.loudness_lufs)} LUFS",
            limit=loudness_range,
            passed=None
            if m.loudness_lufs is None
            else limits.loudness_min_lufs <= round(m.loudness_lufs, 1) <= limits.loudness_max_lufs,
            sentence=""
            if m.loudness_lufs is None
            else f"The sound is at {_lufs(m.loudness_lufs)} LUFS; it should be between {loudness_range}.",
        ),
    ]
