"""What is stored of an attached file: pictures and voice notes encoded anew, PDFs as they are, and nothing else."""

import io
import re
from pathlib import Path

import av
import pytest
from PIL import Image

from pilot_core.domain.attachments import AttachmentKind
from pilot_core.errors import InvalidRequest
from pilot_core.review.attachments import shown_name
from pilot_core.video import attached
from pilot_core.video.attached import Prepared, prepare
from tests import attached_files as files


def prepared(data: bytes, folder: Path) -> Prepared:
    (folder / "sent").write_bytes(data)
    return prepare(folder / "sent", folder)


def looked_at(made: Prepared) -> Image.Image:
    return Image.open(io.BytesIO(made.path.read_bytes()))


@pytest.mark.parametrize("name", files.HOSTILE)
def test_what_cannot_be_attached_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    make, words = files.HOSTILE[name]
    with pytest.raises(InvalidRequest) as refused:
        prepared(make(), tmp_path)
    sentence = str(refused.value)
    assert words in sentence
    assert refused.value.field == "file"
    assert re.fullmatch(files.A_SENTENCE, sentence), sentence


def test_a_photo_is_upright_and_says_nothing_of_where_it_was_taken(tmp_path: Path) -> None:
    data = files.photo_with_place()
    assert files.SECRET in data
    made = prepared(data, tmp_path)
    picture = looked_at(made)
    assert (made.kind, made.suffix, made.width, made.height) == (AttachmentKind.PICTURE, ".jpg", 40, 60)
    assert picture.size == (40, 60)
    assert picture.getpixel((20, 5))[0] > 200, "what was on the left is on top"
    assert picture.getpixel((20, 55))[2] > 200
    assert not picture.getexif()
    assert made.small_path is not None
    for stored in (made.path, made.small_path):
        assert files.SECRET not in stored.read_bytes()
        assert b"Exif" not in stored.read_bytes()


@pytest.mark.parametrize(
    ("data", "form", "mode"),
    [
        (files.picture("PNG", mode="RGBA", colour=(255, 0, 0, 100)), "PNG", "RGBA"),
        (files.picture("PNG", mode="RGBA", colour=(255, 0, 0, 255)), "PNG", "RGB"),
        (files.picture("PNG", mode="P", colour=3), "PNG", "RGB"),
        (files.picture("PNG", mode="I;16", colour=40_000), "PNG", "RGB"),
        (files.picture("PNG", mode="1", colour=1), "PNG", "RGB"),
        (files.picture("JPEG", mode="CMYK", colour=(0, 200, 200, 0)), "JPEG", "RGB"),
        (files.picture("JPEG", mode="L", colour=90), "JPEG", "RGB"),
        (files.picture("WEBP"), "JPEG", "RGB"),
        (files.picture("WEBP", mode="RGBA", colour=(0, 0, 255, 90)), "PNG", "RGBA"),
    ],
    ids=["clear", "opaque", "palette", "16 bit", "1 bit", "cmyk", "grey", "webp", "clear webp"],
)
def test_every_kind_of_picture_becomes_one_that_browsers_show(
    tmp_path: Path, data: bytes, form: str, mode: str
) -> None:
    made = prepared(data, tmp_path)
    picture = looked_at(made)
    assert (picture.format, picture.mode, picture.size) == (form, mode, (60, 40))


def test_a_16_bit_picture_keeps_its_brightness(tmp_path: Path) -> None:
    made = prepared(files.picture("PNG", mode="I;16", colour=40_000), tmp_path)
    assert looked_at(made).getpixel((5, 5)) == (156, 156, 156)


def test_a_large_picture_is_made_smaller_with_a_thumbnail(tmp_path: Path) -> None:
    made = prepared(files.picture("JPEG", (8000, 6000)), tmp_path)
    assert (made.width, made.height) == (4096, 3072)
    assert made.small_path is not None
    with Image.open(made.small_path) as small:
        assert (small.format, small.size) == ("JPEG", (640, 480))


def test_a_camera_picture_with_a_second_one_behind_it_is_a_picture(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))])
    made = prepared(out.getvalue(), tmp_path)
    assert looked_at(made).getpixel((5, 5))[0] > 200


def test_what_lies_behind_a_picture_is_not_stored(tmp_path: Path) -> None:
    made = prepared(files.picture("JPEG") + b"PK\x03\x04" + files.HTML, tmp_path)
    assert b"<script>" not in made.path.read_bytes()


def test_a_pdf_is_stored_as_it_is(tmp_path: Path) -> None:
    data = files.pdf(files.HTML)
    made = prepared(data, tmp_path)
    assert (made.kind, made.suffix, made.path.read_bytes()) == (AttachmentKind.PDF, ".pdf", data)


@pytest.mark.parametrize(
    ("form", "codec"), [("mp4", "aac"), ("ipod", "aac"), ("mp4", "libopus"), ("webm", "libopus"), ("ogg", "libopus")]
)
def test_a_voice_note_of_any_browser_becomes_aac_in_mp4(tmp_path: Path, form: str, codec: str) -> None:
    data = files.sound(form, codec, 3.0)
    made = prepared(data, tmp_path)
    assert (made.kind, made.suffix) == (AttachmentKind.VOICE, ".m4a")
    assert made.seconds == pytest.approx(3.0, abs=0.1)
    assert files.SECRET not in made.path.read_bytes()
    with av.open(str(made.path)) as container:
        [stream] = container.streams
        assert (container.format.name, stream.codec_context.name) == ("mov,mp4,m4a,3gp,3g2,mj2", "aac")
        assert (stream.codec_context.sample_rate, stream.codec_context.layout.name) == (48_000, "mono")
        heard = max(abs(frame.to_ndarray()).max() for frame in container.decode(stream))
    assert 0.1 < heard < 0.6
    assert made.path.read_bytes().index(b"moov") < made.path.read_bytes().index(b"mdat"), "it plays while it loads"


def test_three_minutes_are_taken(tmp_path: Path) -> None:
    made = prepared(files.sound("webm", "libopus", 180.0), tmp_path)
    assert made.seconds == pytest.approx(180.0, abs=0.2)


def test_what_takes_too_long_or_too_much_to_decode_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "WALL_SECONDS", 0.01)
    with pytest.raises(InvalidRequest, match="more time or memory"):
        prepared(files.picture(), tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(attached, "_CHILD", "import os; os.abort()")
    with pytest.raises(InvalidRequest, match="more time or memory"):
        prepared(files.picture(), tmp_path)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("logo.PNG", "logo.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\dana\\logo.final.png", "logo.final.png"),
        ("logo\u202egnp.exe", "logognp.png"),
        ('a"b<c>|d?*.png', "a_b_c__d__.png"),
        ("\r\nSet-Cookie: x", "Set-Cookie_ x.png"),
        (".htaccess", "htaccess.png"),
        ("Größe 🙂.jpeg", "Größe 🙂.png"),
        ("", "Picture.png"),
        ("....", "Picture.png"),
        ("x" * 300, "x" * 80 + ".png"),
    ],
)
def test_a_name_is_one_line_with_the_suffix_of_what_is_stored(given: str, shown: str) -> None:
    assert shown_name(given, ".png", "Picture") == shown
