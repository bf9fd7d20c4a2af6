"""Whether a delivered video already plays everywhere and every frame of it has one number."""

from itertools import pairwise

from pilot_core.video.conform.rates import STANDARD, in_words
from pilot_core.video.conform.survey import BT709, Pictures, Sound, Survey

SHORT_SIDE = 1080  # pixels
PROFILES = ("Constrained Baseline", "Baseline", "Main", "High")
KEYFRAME_SECONDS = 1.0
OFF_GRID = 0.05  # of a frame, by which a picture may begin beside its place
CLAIMED = 0.5  # seconds by which the headers may claim more than there is
SOUND_OFF = 0.1  # seconds by which sound may begin before or after the picture, or end after it


def shortcomings(survey: Survey) -> list[str]:
    """Return in a few words each what keeps a video from being shown as it is. Empty if it is not to be touched."""
    found = [*_of_the_pictures(survey.pictures), *_of_the_times(survey), *_of_the_sound(survey)]
    if not survey.outline.is_plain:
        found.append("no plain MP4 with its index first")
    if survey.picture_tracks > 1:
        found.append(f"{survey.picture_tracks} picture tracks")
    return found


def _of_the_pictures(pictures: Pictures) -> list[str]:
    found = []
    if pictures.codec != "h264" or (pictures.profile or "") not in PROFILES:
        found.append(f"{pictures.codec} {pictures.profile or ''}".strip())
    if pictures.pixel_format != "yuv420p" or pictures.full_range:
        found.append(pictures.pixel_format)
    if pictures.matrix != BT709 or not {pictures.transfer, pictures.primaries} <= {0, 1, 2}:
        found.append("colours other than BT.709")
    if pictures.is_interlaced:
        found.append("interlaced")
    if pictures.turned != (1, 0, 0, 1) or pictures.pixel not in (0, 1):
        found.append("turned, or pixels that are not square")
    if pictures.width % 2 or pictures.height % 2 or min(pictures.width, pictures.height) > SHORT_SIDE:
        found.append(f"{pictures.width}×{pictures.height}")
    return found


def _of_the_times(survey: Survey) -> list[str]:
    rate, times = survey.rate.frames_per_second, survey.pictures.times
    found = []
    if rate not in STANDARD or survey.rate.measured is None:
        found.append("a variable rate")
    if any(abs(time * rate - place) > OFF_GRID for place, time in enumerate(times)):
        found.append(f"pictures beside their places at {in_words(rate)}")
    if survey.outline.claimed_seconds > survey.pictures.end + CLAIMED:
        found.append(f"headers that claim {survey.outline.claimed_seconds:.0f} s")
    if survey.frames != len(times):
        found.append(f"{len(times)} pictures for {survey.frames} frames")
    keys = [*survey.pictures.keyframes, survey.pictures.end]
    longest = KEYFRAME_SECONDS + float(1 / rate)
    if not survey.pictures.keyframes or any(b - a > longest for a, b in pairwise(keys)):
        found.append("no keyframe each second")
    return found


def _of_the_sound(survey: Survey) -> list[str]:
    sound: Sound | None = survey.sound
    if sound is None:
        return []
    found = []
    if (sound.codec, sound.profile, sound.channels) != ("aac", "LC", 2) or sound.sample_rate > 48_000:
        found.append(f"{sound.codec} sound in {sound.channels} channels")
    if sound.tracks > 1:
        found.append(f"{sound.tracks} sound tracks")
    if abs(sound.start - survey.pictures.times[0]) > SOUND_OFF:
        found.append("sound that does not begin with the picture")
    return found
