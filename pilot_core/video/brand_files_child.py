"""Opens a logo in SVG or a font in a child process with limits; see ``brand_files``.

It is a separate module so that the server process loads neither the renderer nor the parser.
"""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import resvg_py
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageFont

from pilot_core.video.attached import refused
from pilot_core.video.attached_child import work_within_limits
from pilot_core.video.storyboard.fonts import TYPEFACES, file_of

LOGO_SIDE = 1024
"""The longer side of a rendered logo, in pixels."""
LONGEST_SHAPE = 20
"""How many times as long as high a logo may be, or as high as long."""
RESTRICTED = 0x0002
"""The bit of ``OS/2.fsType`` by which a font forbids to be embedded (OpenType 1.9, OS/2 table)."""

_ACTIVE = {"script", "foreignObject", "iframe", "audio", "video", "animate", "set", "handler", "listener"}
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#|data:image/(?:png|jpeg);)|@import", re.IGNORECASE)
_INSIDE = re.compile(r"#|data:image/(?:png|jpeg);base64,", re.IGNORECASE)


def answer(kind: str, source: str, folder: str) -> None:
    """Set this process's limits, write the file into ``folder``, and print what was written or what is wrong."""
    work_within_limits(render_svg if kind == "svg" else check_font, source, folder)


def render_svg(source: Path, folder: Path) -> dict[str, object]:
    """Write the SVG as a PNG. Raises InvalidRequest if it is active or refers to anything outside itself."""
    text = source.read_bytes().decode("utf-8-sig", errors="replace")
    _check_svg(text)
    fonts = [str(path) for package, stem in TYPEFACES.values() if (path := file_of(package, stem))]
    try:
        data = resvg_py.svg_to_bytes(
            svg_string=text, width=LOGO_SIDE, skip_system_fonts=True, font_files=fonts, resources_dir=str(folder)
        )
    except BaseException as error:  # a panic of the renderer is not an Exception
        raise refused("The SVG cannot be drawn. Export it again as a plain SVG, or as PNG.") from error
    target = folder / "logo.png"
    target.write_bytes(bytes(data))
    with Image.open(target) as opened:
        picture = opened.convert("RGBA")
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise refused("The SVG shows nothing. Export it again as a plain SVG, or as PNG.")
    picture.crop(box).save(target)
    return {"file": target.name}


def _check_svg(text: str) -> None:
    if "<!DOCTYPE" in text.upper() and ("<!ENTITY" in text.upper() or "[" in text[: text.upper().find("<SVG")]):
        raise refused("The SVG defines entities. Export it again as a plain SVG.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise refused("The file is no SVG, or is damaged. Export it again.") from error
    if root.tag.rpartition("}")[2] != "svg":
        raise refused("The file is no SVG. Export it again.")
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in _ACTIVE or name.startswith("animate"):
            raise refused(f"The SVG holds <{name}>, which a logo does not need. Export it as a plain SVG.")
        for attribute, value in element.attrib.items():
            key = attribute.rpartition("}")[2].casefold()
            if key.startswith("on"):
                raise refused("The SVG holds a script. Export it as a plain SVG.")
            if key in ("href", "src") and not _INSIDE.match(value.strip()):
                raise refused("The SVG refers to another file or address. Export it with everything inside.")
            if _OUTSIDE.search(value):
                raise refused("The SVG refers to another file or address. Export it with everything inside.")
        if name == "style" and _OUTSIDE.search(element.text or ""):
            raise refused("The SVG refers to another file or address. Export it with everything inside.")
    _check_shape(root)


def _check_shape(root: ElementTree.Element) -> None:
    box = [float(part) for part in re.findall(r"[-\d.]+", root.get("viewBox", ""))][2:4]
    if len(box) < 2:
        sides = [re.match(r"[\d.]+", root.get(name, "")) for name in ("width", "height")]
        box = [float(side[0]) for side in sides if side]
    if len(box) == 2 and not 1 / LONGEST_SHAPE <= box[0] / max(box[1], 1e-9) <= LONGEST_SHAPE:
        raise refused(f"The SVG is more than {LONGEST_SHAPE} times as long as high. Export the logo alone.")


def check_font(source: Path, folder: Path) -> dict[str, object]:
    """Write the font as it was parsed. Raises InvalidRequest if it is none, or its licence forbids embedding."""
    try:
        with TTFont(source) as font:
            if "cmap" not in font or not font.getBestCmap():
                raise refused("The font has no letters. Choose another one.")
            if "OS/2" in font and font["OS/2"].fsType & RESTRICTED:
                raise refused("The font’s licence forbids to embed it. Choose another one, or a packaged typeface.")
            suffix = ".otf" if font.sfntVersion == "OTTO" else ".ttf"
            target = folder / f"font{suffix}"
            font.save(target)
        ImageFont.truetype(str(target), 96).getbbox("Hamburg")
    except (TTLibError, OSError, AssertionError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise refused("The font cannot be opened: it is damaged or not whole. Choose another one.") from error
    return {"file": target.name}
