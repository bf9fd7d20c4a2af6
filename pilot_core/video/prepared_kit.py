"""Checks a brand kit and prepares its files, before anything of the pilot is changed."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pilot_core.domain.brand_kit import BrandKit
from pilot_core.errors import InvalidRequest
from pilot_core.video.brand_files import KitFolder, checked_colours, prepare_font, prepare_logo, prepare_picture
from pilot_core.video.storyboard.fonts import TYPEFACES


@dataclass(frozen=True)
class PreparedKit:
    """Files of a kit that are checked and ready to be stored, each with the name it came with, and its words."""

    given: KitFolder
    logo: Path | None = None
    font: Path | None = None
    pictures: tuple[tuple[str, Path], ...] = ()


@contextmanager
def prepared_kit(given: KitFolder) -> Iterator[PreparedKit]:
    """Check the files of a kit and prepare them for the block. Raises InvalidRequest, naming the file at fault."""
    with_words(BrandKit(), given)
    with tempfile.TemporaryDirectory(prefix="pilot-ops-kit-") as work:
        room = Path(work)
        yield PreparedKit(
            given,
            _prepare(given, given.logo, prepare_logo, room / "logo") if given.logo else None,
            _prepare(given, given.font, prepare_font, room / "font") if given.font else None,
            tuple(
                (given.name_of(source), _prepare(given, source, prepare_picture, room / f"picture {number}"))
                for number, source in enumerate(given.pictures)
            ),
        )


def _prepare(given: KitFolder, source: Path, prepare: Callable[[Path, Path], Path], folder: Path) -> Path:
    folder.mkdir()
    name = given.name_of(source)
    try:
        return prepare(source, folder)
    except InvalidRequest as error:
        raise InvalidRequest(f"{name}: {error}", field="brand_kit") from error
    except OSError as error:
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}.", field="brand_kit") from error


def with_words(present: BrandKit, given: KitFolder) -> BrandKit:
    """Return the kit with the colours and the typeface that are given. Raises InvalidRequest if one cannot be used."""
    update: dict[str, object] = {}
    if given.colours:
        update["colours"] = checked_colours(list(given.colours))
    if given.typeface:
        if given.typeface not in TYPEFACES:
            raise InvalidRequest(
                f"There is no typeface “{given.typeface[:40]}”; choose one of: {', '.join(TYPEFACES)}.",
                field="typeface",
            )
        update |= {"typeface": given.typeface, "font": ""}
    return present.model_copy(update=update)
