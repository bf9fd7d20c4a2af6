"""Films as people deliver them, made with Debian's ffmpeg: every codec, rate and oddity, and what is to become of each.

Their pictures carry their own number (``tests.browser.numbered_films``), so that a frame tells which picture it shows.
"""

import io
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from PIL import Image

from tests.browser.numbered_films import BITS, BLOCK, COLUMNS, HEIGHT, LEFT, TOP, WIDTH, picture

FFMPEG = shutil.which("ffmpeg")
NTSC = Fraction(30_000, 1001)
H264 = ("-c:v", "libx264", "-preset", "ultrafast")
TAGGED = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
PLAIN = (*H264, "-profile:v", "high", "-pix_fmt", "yuv420p", "-g", "30", "-bf", "2", *TAGGED, "-movflags", "+faststart")
TONE = ("-f", "lavfi", "-i", "sine=440:r=48000:d={seconds}")
PQ = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
HLG = ("-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
VARIABLE = tuple(n for n in range(90) if n < 30 or (n < 60 and n % 3 == 0) or (n >= 60 and n % 7 not in (2, 5)))
"""Which pictures of a film at 30 fps remain in the one of variable rate."""


@dataclass(frozen=True)
class Film:
    """A delivered film, and what it becomes. ``note`` is the remark on it or, with ``rate`` None, why it is refused.

    ``times`` are those at which its pictures begin, in seconds from the first picture or sound, and ``numbers`` what is
    drawn in them, if that is not 0, 1, 2….
    """

    name: str
    make: Callable[[Path], None]
    rate: Fraction | None
    note: str = ""
    times: tuple[float, ...] = ()
    frames: int = 0
    untouched: bool = False
    numbers: tuple[int, ...] = ()

    def number_at(self, frame: int) -> int:
        """Return the number of the picture that a conformed frame shows: the one on screen when it begins."""
        assert self.rate
        shown = [n for n, time in enumerate(self.times) if time <= float(frame / self.rate) + 0.002]
        place = shown[-1] if shown else 0
        return self.numbers[place] if self.numbers else place


def encode(
    path: Path,
    *options: str,
    count: int = 90,
    rate: Fraction | str = Fraction(30),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    inputs: Sequence[str] = (),
    turn: int = 0,
) -> None:
    """Encode ``count`` numbered pictures. ``options`` come after the inputs, before the file's name."""
    pictures = [_pixels(number, count, size, turn) for number in range(count)]
    stored = size if turn % 180 == 0 else size[::-1]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{stored[0]}x{stored[1]}", "-r", str(rate), "-i", "-"]
    run(*raw, *inputs, *options, str(path), given=b"".join(pictures))


def run(*arguments: str, given: bytes | None = None) -> None:
    assert FFMPEG
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@cache
def _pixels(number: int, count: int, size: tuple[int, int], turn: int) -> bytes:
    image = picture(number, count).resize(size, Image.Resampling.BICUBIC)
    return image.rotate(turn, expand=True).tobytes()


def number_in(image: Image.Image) -> int:
    """Read the number of a picture back."""
    small = image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    places = [(LEFT + b % COLUMNS * BLOCK + BLOCK // 2, TOP + b // COLUMNS * BLOCK + BLOCK // 2) for b in range(BITS)]
    return sum(2**bit for bit, place in enumerate(places) if small.getpixel(place) > 127)


def films() -> list[Film]:
    """Return all of them, each with what it becomes."""
    return [*_of_codecs(), *_of_rates(), *_of_shapes(), *_of_sounds(), *_of_files(), *_refused()]


def _regular(name: str, make: Callable[[Path], None], says: str = "", *, untouched: bool = False) -> Film:
    return Film(name, make, Fraction(30), says, tuple(n / 30 for n in range(90)), 90, untouched)


def _of_codecs() -> list[Film]:
    def of(*options: str, inputs: Sequence[str] = ()) -> Callable[[Path], None]:
        return lambda path: encode(path, *options, inputs=inputs)

    return [
        _regular("plain.mp4", of(*PLAIN), untouched=True),
        _regular("hevc.mp4", of(*X265, "-tag:v", "hvc1")),
        _regular("hevc_10bit.mkv", of(*X265, "-pix_fmt", "yuv420p10le")),
        _regular("prores_422.mov", of("-c:v", "prores_ks", "-profile:v", "2")),
        _regular("prores_4444.mov", of("-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le")),
        _regular("vp9.webm", of("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
        _regular("av1.mp4", of("-c:v", "libsvtav1", "-preset", "12")),
        _regular("av1.webm", of("-c:v", "libsvtav1", "-preset", "12")),
        _regular("h264_10bit.mp4", of(*H264, "-pix_fmt", "yuv420p10le")),
        _regular("h264_422.mp4", of(*H264, "-pix_fmt", "yuv422p")),
        _regular("h264_444.mp4", of(*H264, "-pix_fmt", "yuv444p")),
        _regular("h264_full_range.mp4", of(*H264, "-pix_fmt", "yuvj420p")),
        _regular("h264_untagged.mp4", of(*H264, "-pix_fmt", "yuv420p", "-g", "30", "-movflags", "+faststart")),
        _regular("h264_long_gop_b_frames.mp4", of(*PLAIN[:-6], "-g", "250", "-bf", "5", "-x264-params", "open-gop=1")),
        _regular("h264.mkv", of(*PLAIN[:-2])),
        _regular("mjpeg.mov", of("-c:v", "mjpeg", "-q:v", "3")),
        _regular(
            "sound_16khz.mp4",  # its last frame of sound is longer than those that are written
            of(*PLAIN, "-c:a", "aac", "-ar", "16000", "-ac", "1", inputs=[p.format(seconds=3.02) for p in TONE]),
        ),
        _regular("mpeg4.mp4", of("-c:v", "mpeg4", "-q:v", "3")),
        _regular(
            "hdr_pq.mp4",
            of(*X265, "-pix_fmt", "yuv420p10le", *PQ, "-tag:v", "hvc1"),
            "Recorded in HDR; converted for standard screens.",
        ),
        _regular(
            "hdr_hlg.mov",
            of(*X265, "-pix_fmt", "yuv420p10le", *HLG, "-tag:v", "hvc1"),
            "Recorded in HDR; converted for standard screens.",
        ),
    ]


def _of_rates() -> list[Film]:
    def at(rate: Fraction, count: int) -> Callable[[Path], None]:
        return lambda path: encode(path, *PLAIN, rate=rate, count=count)

    def regular(name: str, rate: Fraction, count: int, conformed: Fraction, says: str = "", **known: bool) -> Film:
        times = tuple(float(n / rate) for n in range(count))
        return Film(name, at(rate, count), conformed, says, times, round(count / rate * conformed), **known)

    kept = "+".join(f"eq(n,{n})" for n in VARIABLE)
    lost = tuple(n for n in range(600) if n != 300)
    return [
        regular("23_976.mp4", Fraction(24_000, 1001), 72, Fraction(24_000, 1001), untouched=False),
        regular("29_97.webm.mp4", NTSC, 90, NTSC, untouched=True),
        regular("120.mp4", Fraction(120), 240, Fraction(60), "Recorded at 120 fps; conformed to 60 fps."),
        regular("12_5.mp4", Fraction(25, 2), 50, Fraction(25), "Recorded at 12.5 fps; conformed to 25 fps."),
        Film(
            "milliseconds.webm",
            lambda path: encode(path, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", rate=NTSC),
            NTSC,
            times=tuple(float(n / NTSC) for n in range(90)),
            frames=90,
        ),
        Film(
            "variable.mp4",
            lambda path: encode(path, "-vf", f"select='{kept}',settb=1/90000", "-vsync", "vfr", *PLAIN),
            Fraction(30),
            "Recorded at a variable frame rate; conformed to 30 fps.",
            tuple(n / 30 for n in VARIABLE),
            VARIABLE[-1] + 1,
            numbers=VARIABLE,
        ),
        Film(
            "one_dropped_frame.mp4",
            lambda path: encode(
                path, "-vf", "select='not(eq(n,300))',settb=1/90000", "-vsync", "vfr", *PLAIN, rate=NTSC, count=600
            ),
            NTSC,
            times=tuple(float(n / NTSC) for n in lost),
            frames=600,
            numbers=lost,
        ),
        Film(
            "last_picture_held.mp4",
            _with_last_picture_held,
            Fraction(30),
            times=tuple(n / 30 for n in range(90)),
            frames=149,
        ),
        Film(
            "slideshow.mp4",
            lambda path: encode(path, *PLAIN, rate=Fraction(1, 3), count=4),
            Fraction(24),
            "Recorded at 0.33 fps; conformed to 24 fps.",
            (0.0, 3.0, 6.0, 9.0),
            288,
        ),
        Film(
            "interlaced.mp4",
            lambda path: encode(path, *PLAIN, "-flags", "+ildct+ilme", "-x264opts", "tff=1", rate="25", count=75),
            Fraction(25),
            "Recorded interlaced; converted to whole pictures.",
            tuple(n / 25 for n in range(75)),
            75,
        ),
    ]


def _of_shapes() -> list[Film]:
    def shaped(size: tuple[int, int], *options: str, turn: int = 0) -> Callable[[Path], None]:
        return lambda path: encode(path, *PLAIN, *options, size=size, turn=turn)

    def turned(degrees: int) -> Callable[[Path], None]:
        def make(path: Path) -> None:
            lying = path.with_name(f"lying_{path.name}")
            # Stored turned one way, and marked to be shown turned the other way.
            encode(lying, *PLAIN, turn=degrees)
            run("-i", str(lying), "-c", "copy", "-metadata:s:v:0", f"rotate={360 - degrees}", str(path))
            lying.unlink()

        return make

    return [
        _regular("rotated_90.mp4", turned(90)),
        _regular("rotated_180.mov", turned(180)),
        _regular("pixels_4_3.mp4", shaped((162, 384), "-vf", "setsar=4/3")),
        _regular("odd_641x361.mp4", lambda path: encode(path, *H264, "-pix_fmt", "yuv444p", size=(641, 361))),
        _regular("large_1440x2560.mp4", shaped((1440, 2560)), "Scaled down to 1080 × 1920."),
    ]


def _of_sounds() -> list[Film]:
    def sounding(*options: str, layout: str = "stereo", tracks: int = 1) -> Callable[[Path], None]:
        tone = [part.format(seconds=3) for part in TONE]
        maps = [part for track in range(tracks) for part in ("-map", f"{track + 1}:a")]
        inputs = tone * tracks
        return lambda path: encode(
            path, "-map", "0:v", *maps, *PLAIN, "-c:a", "aac", "-channel_layout", layout, *options, inputs=inputs
        )

    def late(path: Path) -> None:
        tone = [part.format(seconds=3.5) for part in TONE]
        encode(path, "-map", "0:v", "-map", "1:a", *PLAIN, "-vf", "setpts=PTS+0.5/TB", "-c:a", "aac", inputs=tone)

    return [
        _regular("stereo.mp4", sounding("-ac", "2"), untouched=True),
        _regular("mono.mp4", sounding("-ac", "1", layout="mono")),
        _regular("surround.mp4", sounding("-ac", "6", layout="5.1"), "Surround sound was mixed down to stereo."),
        _regular("two_sound_tracks.mov", sounding("-ac", "2", tracks=2), "The first of 2 sound tracks is used."),
        _regular(
            "opus.webm",
            lambda path: encode(
                path,
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-c:a",
                "libopus",
                inputs=[part.format(seconds=3) for part in TONE],
            ),
        ),
        Film(
            "picture_starts_late.mp4",
            late,
            Fraction(30),
            "The first picture is held for 0.5 s, because the sound begins before it.",
            tuple(0.5 + n / 30 for n in range(90)),
            105,
        ),
        Film(
            "sound_lasts_longer.mp4",
            lambda path: encode(path, *PLAIN, "-c:a", "aac", "-ac", "2", inputs=[p.format(seconds=5) for p in TONE]),
            Fraction(30),
            "The last picture is held for 2.0 s, until the sound ends.",
            tuple(n / 30 for n in range(90)),
            150,
        ),
    ]


def _of_files() -> list[Film]:
    def changed(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        def make(path: Path) -> None:
            encode(path, *PLAIN)
            path.write_bytes(change(path.read_bytes()))

        return make

    def cover(path: Path) -> None:
        art, film = path.with_name("art.png"), path.with_name(f"bare_{path.name}")
        picture(7, 90).save(art)
        maps = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic", "-movflags", "+faststart")
        encode(film, *PLAIN)
        run("-i", str(film), "-i", str(art), *maps, str(path))
        art.unlink()
        film.unlink()

    def edited(path: Path) -> None:
        whole = path.with_name("whole.mp4")
        encode(whole, *PLAIN[:-8], "-g", "60", "-bf", "2", *TAGGED, count=120)
        run("-ss", "1.0", "-i", str(whole), "-c", "copy", "-movflags", "+faststart", str(path))
        whole.unlink()

    return [
        _regular("UPPER.MOV", lambda path: encode(path, *PLAIN, "-f", "mov")),
        _regular("apple.m4v", lambda path: encode(path, *PLAIN, "-f", "mp4"), untouched=True),
        _regular("index_last.mp4", lambda path: encode(path, *PLAIN[:-2])),
        _regular("fragmented.mp4", lambda path: encode(path, *PLAIN[:-1], "+frag_keyframe+empty_moov")),
        _regular("trailing_bytes.mp4", changed(lambda film: film + b"\0\0\0\1")),
        _regular("zip_appended.mp4", changed(lambda film: film + _zip())),
        _regular("ten_hours.mp4", changed(_claiming_ten_hours)),
        _regular("cover_art.mp4", cover, untouched=True),
        _regular("timecode.mov", lambda path: encode(path, *PLAIN, "-timecode", "01:00:00:00")),
        Film(
            "edit_list.mp4",
            edited,
            Fraction(30),
            times=tuple(n / 30 for n in range(90)),
            frames=90,
            numbers=tuple(range(30, 120)),
        ),
    ]


def _refused() -> list[Film]:
    def changed(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        def make(path: Path) -> None:
            encode(path, *PLAIN, count=300)
            path.write_bytes(change(path.read_bytes()))

        return make

    def sound_only(path: Path) -> None:
        run(*[part.format(seconds=2) for part in TONE], "-c:a", "aac", str(path))

    def long(path: Path) -> None:
        encode(path, *PLAIN, "-r", "1/60", rate=Fraction(1, 60), count=6)

    return [
        Film(
            "truncated.mp4",
            changed(lambda film: film[: len(film) * 2 // 3]),
            None,
            "it breaks off before its end, or is damaged",
        ),
        Film("damaged.mp4", changed(_without_pictures), None, "its picture at 0:00.6 cannot be decoded"),
        Film(
            "text.mp4",
            lambda path: path.write_text("no film") and None,
            None,
            "it is neither MP4 or QuickTime nor WebM or Matroska",
        ),
        Film("empty.mov", lambda path: path.write_bytes(b"") and None, None, "the file is empty"),
        Film("sound_only.mp4", sound_only, None, "it holds no moving picture"),
        Film("six_minutes.mp4", long, None, "it is 6 minutes long; videos here have at most 5"),
    ]


def _with_last_picture_held(path: Path) -> None:
    """Make the last of 90 pictures stay for two seconds more, as its length in the index."""
    short = path.with_name(f"short_{path.name}")
    encode(short, *PLAIN)
    with av.open(str(short)) as given, av.open(str(path), "w", format="mp4") as made:
        track = made.add_stream_from_template(given.streams.video[0])
        packets = [packet for packet in given.demux(video=0) if packet.dts is not None]
        last = packets[-1]
        last.duration = round(Fraction(61, 30) / (last.time_base or 1))
        for packet in packets:
            packet.stream = track
            made.mux(packet)
    short.unlink()


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("notes.txt", "words " * 500)
    return made.getvalue()


def _claiming_ten_hours(film: bytes) -> bytes:
    """Change the lengths of the film and its track in the index to ten hours."""
    film = bytearray(film)
    for box, unit_at, length_at in ((b"mvhd", 12, 16), (b"mdhd", 12, 16)):
        at = film.index(box) + 4
        unit = struct.unpack_from(">I", film, at + unit_at)[0]
        struct.pack_into(">I", film, at + length_at, unit * 36_000)
    return bytes(film)


def _without_pictures(film: bytes) -> bytes:
    """Overwrite all pictures but one in twenty, so that they cannot be decoded."""
    at = film.index(b"mdat") + 4
    step = (len(film) - at) // 20
    return film[: at + step] + bytes(len(film) - at - step)
