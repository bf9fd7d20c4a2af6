"""Files that people attach, good and hostile, made with Pillow and PyAV or byte by byte."""

import io
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.audio.frame import AudioFrame
from PIL import Image

SECRET = b"SECRET-52.5200N-13.4050E"
"""Stands for metadata that must not be stored."""

HTML = b"<!doctype html><script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(
    form: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", colour: object = "teal", **more: object
) -> bytes:
    """Return a picture of one colour in that format."""
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, form, **more)  # type: ignore[arg-type]
    return out.getvalue()


def photo_with_place() -> bytes:
    """Return a JPEG of 60×40 pixels, to be turned upright by a quarter, with a place and a comment in its metadata.

    Its left half is red, its right half blue.
    """
    shot = Image.new("RGB", (60, 40), "red")
    shot.paste("blue", (30, 0, 60, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    shot.save(out, "JPEG", quality=95, exif=exif, comment=SECRET)
    return out.getvalue()


def animated(form: str) -> bytes:
    """Return a picture of three frames."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:])
    return out.getvalue()


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Return a small PNG that would take gigabytes to decode."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(b"\0" * (width + 1)) for _ in range(200)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def pdf(more: bytes = b"") -> bytes:
    """Return a PDF of one empty page; ``more`` goes into a comment in it."""
    body = b"%PDF-1.4\n%" + more.replace(b"\n", b" ") + b"\n"
    places = []
    for number, told in enumerate(
        (b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
         b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"), 1
    ):  # fmt: skip
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, told)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def sound(form: str = "mp4", codec: str = "aac", seconds: float = 2.0, **options: str) -> bytes:
    """Return a tone of that length, as a phone's recorder would write it."""
    rate = 48_000
    wave = (0.3 * np.sin(2 * math.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sound"
        with av.open(str(path), "w", format=form, options=options) as container:
            container.metadata["title"] = SECRET.decode()
            stream = container.add_stream(codec, rate=rate, layout="mono")
            size = 960
            for start in range(0, len(wave), size):
                piece = wave[start : start + size]
                frame = AudioFrame.from_ndarray(piece.reshape(1, -1), format="fltp", layout="mono")
                frame.sample_rate, frame.pts = rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path.read_bytes()


def film() -> bytes:
    """Return a second of moving picture without sound."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width = stream.height = 64
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 64)))))
            container.mux(stream.encode(None))
        return path.read_bytes()


def with_picture_and_sound() -> bytes:
    """Return a second of moving picture with sound."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w") as container:
            shown, heard = container.add_stream("libx264", rate=10), container.add_stream("aac", rate=48_000)
            shown.width = shown.height = 64
            for number in range(10):
                container.mux(shown.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 64)))))
                silence = AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), format="fltp", layout="stereo")
                silence.sample_rate, silence.pts = 48_000, 4800 * number
                container.mux(heard.encode(silence))
            for stream in (shown, heard):
                container.mux(stream.encode(None))
        return path.read_bytes()


HEIC = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + b"\0" * 100
A_SENTENCE = r"[^.]+(\.\d[^.]*)?\.( [^.]+\.)?"

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing.png": (lambda: b"", "empty"),
    "large.jpg": (lambda: b"\xff\xd8\xff" + b"x" * 11_000_000, "11.0 MB"),
    "bomb.png": (bomb, "50000×50000 pixels"),
    "bomb of 61 million.png": (lambda: bomb(61_000, 1_000), "at most 60 million"),
    "svg as.png": (lambda: SVG, "Send a picture"),
    "svg.svg": (lambda: SVG, "Send a picture"),
    "page as.pdf": (lambda: HTML, "Send a picture"),
    "page.html": (lambda: HTML, "Send a picture"),
    "page behind a pdf's first line.pdf": (lambda: b"%PDF-1.4\n" + HTML, "breaks off"),
    "page that says it is a pdf.pdf": (lambda: b"%PDF-html>" + HTML, "not a PDF"),
    "half.pdf": (lambda: pdf()[:300], "breaks off"),
    "moved.pdf": (lambda: b"%PDF-1.4\n" + b"%" * 400 + b"\n" + pdf()[9:], "damaged"),
    "page as a jpeg.jpg": (lambda: b"\xff\xd8\xff\xe0" + HTML, "cannot be opened"),
    "half.jpg": (lambda: photo_with_place()[:400], "cannot be opened"),
    "half.png": (lambda: picture(size=(400, 400), colour="red")[:120], "cannot be opened"),
    "png with a wrong checksum.png": (lambda: picture()[:40] + b"\0\0\0\0" + picture()[44:], "cannot be opened"),
    "animated.png": (lambda: animated("PNG"), "animated"),
    "animated.webp": (lambda: animated("WEBP"), "animated"),
    "animated.gif": (lambda: animated("GIF"), "Send a picture"),
    "phone.heic": (lambda: HEIC, "HEIC"),
    "program.exe": (lambda: b"MZ" + b"\0" * 500, "Send a picture"),
    "archive.zip": (lambda: b"PK\x03\x04" + b"\0" * 500, "Send a picture"),
    "half.m4a": (lambda: sound(seconds=5.0)[:9_000], "damaged or not whole"),
    "half with its table first.m4a": (
        lambda: (lambda whole: whole[: len(whole) // 2])(sound(seconds=20.0, movflags="faststart")),
        "Record it again",
    ),
    "half.webm": (lambda: sound("webm", "libopus")[:60], "damaged or not whole"),
    "page as sound.webm": (lambda: b"\x1a\x45\xdf\xa3" + HTML, "damaged or not whole"),
    "page as sound.ogg": (lambda: b"OggS" + HTML, "damaged or not whole"),
    "film.mp4": (film, "no sound"),
    "film with sound.mp4": (with_picture_and_sound, "This is a video"),
    "four minutes.m4a": (lambda: sound(seconds=240.0), "longer than 3 minutes"),
    "four minutes that do not say so.webm": (
        lambda: sound("webm", "libopus", 240.0, live="1"),
        "longer than 3 minutes",
    ),
}
"""Files that are refused, by name: how each is made, and words of the sentence that refuses it."""
