"""A pilot's brand kit: its company's logo, colours, typeface and pictures, which replace those of the brand preset."""

from typing import Annotated

from pydantic import Field

from pilot_core.domain import limits
from pilot_core.domain.records import Record

Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class KitImage(Record):
    """A picture: its name on screen, its path in the store, and the area that a film points at.

    The area is its left, top, right and bottom edge as shares of the picture's sides.
    """

    name: str = Field(min_length=1, max_length=limits.KIT_NAME)
    path: str = Field(min_length=1, max_length=limits.PATH)
    area: tuple[Share, Share, Share, Share] | None = None


class BrandKit(Record):
    """The parts of a kit, all optional. ``colours`` are as ``#RRGGBB``, ``typeface`` is a packaged family.

    ``logo`` and ``font`` are paths in the store. An uploaded font goes before a packaged one.
    """

    logo: str = Field("", max_length=limits.PATH)
    colours: list[Colour] = Field(default_factory=list, max_length=limits.KIT_COLOURS)
    typeface: str = Field("", max_length=limits.KIT_NAME)
    font: str = Field("", max_length=limits.PATH)
    pictures: list[KitImage] = Field(default_factory=list, max_length=limits.KIT_PICTURES)

    @property
    def paths(self) -> list[str]:
        """The paths of all its files."""
        return [path for path in (self.logo, self.font, *(picture.path for picture in self.pictures)) if path]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the kit is given."""
        return not (self.paths or self.colours or self.typeface)

    @property
    def parts(self) -> list[str]:
        """What the kit has, in words: "logo", "3 colours"."""
        many = [(len(self.colours), "colour"), (len(self.pictures), "picture")]
        counted = [f"{number} {word}{'s' if number > 1 else ''}" for number, word in many if number]
        type_ = [self.typeface] if self.typeface and not self.font else ["typeface"] if self.font else []
        return [*(["logo"] if self.logo else []), *counted, *type_]
