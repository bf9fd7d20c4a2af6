"""Checks the files of a brand kit, and makes of each what films are drawn with: a PNG or JPEG picture, or a font.

Like attachments they are opened in a child process with limits on time and memory (see ``brand_files_child``).
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pilot_core.domain import limits
from pilot_core.domain.attachments import AttachmentKind
from pilot_core.domain.brand_kit import Colour, Share
from pilot_core.errors import InvalidRequest
from pilot_core.video.attached import HEAD_BYTES, MOST_BYTES, in_child, prepare, too_large

FONTS = (b"\x00\x01\x00\x00", b"OTTO", b"true")
"""What a font file begins with."""
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
LOGO_SUFFIXES = (".svg", *PICTURE_SUFFIXES)
FONT_SUFFIXES = (".ttf", ".otf")
KIT_FILE = "kit.toml"

_COLOURS = TypeAdapter(list[Colour])
_AREA = TypeAdapter(tuple[Share, Share, Share, Share])


@dataclass(frozen=True)
class KitFolder:
    """What is given of a brand kit, in a folder or a form. ``areas`` are those that pictures point at, by their names.

    ``names`` are what uploaded files were called.
    """

    logo: Path | None = None
    font: Path | None = None
    pictures: tuple[Path, ...] = ()
    colours: tuple[str, ...] = ()
    typeface: str = ""
    areas: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)

    def name_of(self, path: Path) -> str:
        """Return what a file is called: what it was called where it came from, else its name."""
        return self.names.get(path, path.name)


def read_folder(folder: Path) -> KitFolder:
    """Return the kit in a folder: ``logo.*``, a font, every other picture, and ``kit.toml``. Raises InvalidRequest."""
    if not folder.is_dir():
        raise InvalidRequest(f"There is no folder {folder} with a brand kit.", field="brand_kit")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    logos = [path for path in files if path.stem.casefold() == "logo" and path.suffix.lower() in LOGO_SUFFIXES]
    fonts = [path for path in files if path.suffix.lower() in FONT_SUFFIXES]
    pictures = [path for path in files if path.suffix.lower() in PICTURE_SUFFIXES and path not in logos]
    if len(logos) > 1 or len(fonts) > 1:
        raise InvalidRequest("A brand kit has one logo and one font; take the others out.", field="brand_kit")
    if len(pictures) > limits.KIT_PICTURES:
        raise InvalidRequest(
            f"A brand kit has at most {limits.KIT_PICTURES} pictures, and the folder has {len(pictures)}.",
            field="brand_kit",
        )
    told = _read_toml(folder / KIT_FILE)
    found = KitFolder(
        logo=logos[0] if logos else None,
        font=fonts[0] if fonts else None,
        pictures=tuple(pictures),
        colours=told.colours,
        typeface=told.typeface,
        areas=told.areas,
    )
    if not (found.logo or found.font or found.pictures or found.colours or found.typeface):
        raise InvalidRequest(
            f"There is nothing of a brand kit in {folder}: no logo, picture, font or {KIT_FILE}.", field="brand_kit"
        )
    return found


def _read_toml(path: Path) -> KitFolder:
    if not path.exists():
        return KitFolder()
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        if unknown := set(told) - {"colours", "typeface", "areas"}:
            raise ValueError(f"it may hold colours, typeface and areas, and not {min(unknown)}")
        colours = checked_colours(told.get("colours", []))
        areas = {str(name): _AREA.validate_python(area) for name, area in dict(told.get("areas", {})).items()}
        return KitFolder(colours=tuple(colours), typeface=str(told.get("typeface", "")), areas=areas)
    except (OSError, ValueError, TypeError, RecursionError, ValidationError) as error:
        why = "an area is four numbers from 0 to 1" if isinstance(error, ValidationError) else error
        raise InvalidRequest(f"The file {path} cannot be used: {why}.", field="brand_kit") from error


def checked_colours(given: object) -> list[str]:
    """Return colours as ``#RRGGBB``. Raises InvalidRequest unless they are up to four of them."""
    try:
        colours = _COLOURS.validate_python(given)
    except ValidationError as error:
        raise InvalidRequest("A colour is written as #RRGGBB, such as #0F766E.", field="colours") from error
    if len(colours) > limits.KIT_COLOURS:
        raise InvalidRequest(f"A brand kit has at most {limits.KIT_COLOURS} colours.", field="colours")
    return colours


def prepare_logo(source: Path, folder: Path) -> Path:
    """Write a logo (SVG, PNG, JPEG or WebP) as a picture into ``folder``; returns it. Raises InvalidRequest."""
    _check_size(source)
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") or source.suffix.lower() == ".svg":
        return folder / str(in_child("brand_files_child", "svg", source, folder)["file"])
    return prepare_picture(source, folder)


def prepare_picture(source: Path, folder: Path) -> Path:
    """Write a picture (PNG, JPEG or WebP) into ``folder``; returns it. Raises InvalidRequest."""
    prepared = prepare(source, folder)
    if prepared.kind is not AttachmentKind.PICTURE:
        raise InvalidRequest(f"{source.name} is no picture; choose a PNG, JPEG or WebP file.", field="brand_kit")
    return prepared.path


def prepare_font(source: Path, folder: Path) -> Path:
    """Write a font (TrueType or OpenType) into ``folder``; returns it. Raises InvalidRequest."""
    _check_size(source)
    with source.open("rb") as file:
        if not file.read(4).startswith(FONTS):
            raise InvalidRequest(f"{source.name} is no TrueType or OpenType font (.ttf, .otf).", field="brand_kit")
    return folder / str(in_child("brand_files_child", "font", source, folder)["file"])


def _check_size(source: Path) -> None:
    size = source.stat().st_size
    if not 0 < size <= MOST_BYTES:
        raise InvalidRequest(too_large(size) if size else "The file is empty. Choose another one.", field="brand_kit")
