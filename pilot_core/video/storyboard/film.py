"""The plan of a video before it is drawn: its shots in frames, their words, and the creative choices behind them."""

from dataclasses import dataclass, field, replace

from pilot_core.video.contract import KitFiles

FPS = 30


@dataclass(frozen=True)
class Ratio:
    """A shape of the frame: its sides to each other, and the shares at its edges where no text is placed.

    Vertical feeds cover the top and the bottom with buttons; elsewhere the margins are those of a title-safe area.
    """

    name: str
    wide: int
    tall: int
    top: float
    bottom: float
    side: float = 0.06

    def size(self, short: int) -> tuple[int, int]:
        """Return the width and height in pixels of a frame whose shorter side is ``short``."""
        least = min(self.wide, self.tall)
        return short * self.wide // least // 2 * 2, short * self.tall // least // 2 * 2


PORTRAIT = Ratio("9:16", 9, 16, 0.12, 0.20)
SQUARE = Ratio("1:1", 1, 1, 0.08, 0.10)
LANDSCAPE = Ratio("16:9", 16, 9, 0.09, 0.11)
RATIOS = {ratio.name: ratio for ratio in (PORTRAIT, SQUARE, LANDSCAPE)}
"""The shapes that a film can have, in the order in which a wrong format is answered."""


def ratio_of(width: int, height: int) -> Ratio:
    """Return the ratio nearest to that of a frame."""
    return min(RATIOS.values(), key=lambda ratio: abs(ratio.wide / ratio.tall - width / height))


HEADLINE_MIN = 0.05
"""Smallest size of a headline as a share of the frame's height."""
MAX_WORDS = 12
CAPTION_CHARS_PER_SECOND = 15
CTA_SECONDS = 3.2


def sizes_of(width: int, height: int) -> list[tuple[int, int]]:
    """Return the sizes of frames of every ratio whose shorter side is that of a frame."""
    return [ratio.size(min(width, height)) for ratio in RATIOS.values()]


MARK_ON, MARK_OFF, BREAK = "\ue000", "\ue001", "\ue002"
"""Private-use characters that mark the start and end of an emphasised word, and, at a word's end, the end of its line.

Cleaned text never contains them.
"""
_NO_MARKS = dict.fromkeys(map(ord, (MARK_ON, MARK_OFF, BREAK)))


def plain(text: str) -> str:
    """Return the text without marks."""
    return text.translate(_NO_MARKS)


@dataclass(frozen=True)
class Direction:
    """The creative choices that a revision can change. A reviewer's flag changes one or more of these fields."""

    seconds: float
    hook: str
    hook_fast: bool = False
    family: int = 0
    variation: int = 0
    register: int = 0
    spread: int = 0
    pace: float = 1.0
    cta_level: int = 0
    restated: bool = False
    bed: int = 0
    lengthened: bool = False
    shortened: bool = False
    ratio: int = 0


@dataclass(frozen=True)
class FilmShot:
    """One shot. ``start`` and ``end`` are in frames. ``above`` and ``below`` are the small lines around ``main``.

    ``source`` is the field of the brief whose words it shows, "" if it shows a connective.

    ``picture`` is the name of a picture of the brand kit that it shows, "" for none. ``poster``: the film's poster is
    taken from it.

    ``transition`` is the transition from the previous shot. ``enter`` is how many frames a word takes to appear, and
    ``stagger`` how many frames later the next word starts.
    """

    beat: str
    label: str
    beat_index: int
    index: int
    start: int
    end: int
    role: str
    main: str
    above: str = ""
    below: str = ""
    ground: str = "dark"
    transition: str = "cut"
    easing: str = "cubic-out"
    enter: int = 10
    stagger: int = 2
    variant: int = 0
    source: str = ""
    picture: str = ""
    poster: bool = False

    @property
    def frames(self) -> int:
        return self.end - self.start

    @property
    def seconds(self) -> float:
        return self.frames / FPS

    @property
    def text(self) -> str:
        """All words of the shot, without emphasis marks."""
        return " ".join(plain(part) for part in (self.above, self.main, self.below) if part)


def lead_of(shot: FilmShot) -> int:
    """Return how many frames of its entrance a shot skips.

    Only the first shot skips any, so that the video does not open on an empty frame.
    """
    return shot.enter // 2 if shot.index == 0 else 0


@dataclass(frozen=True)
class Film:
    """The plan of a whole video, ready to draw. ``beat_frames`` is the length of one beat of the music in frames.

    ``held`` is how many times longer than its pace asks for a shot may last, because the brief has few words.
    """

    width: int
    height: int
    tone: str
    pacing: float
    claims: str
    family: str
    direction: Direction
    seed: int
    beat_frames: int
    mood: str
    shots: tuple[FilmShot, ...]
    limits: tuple[float, float]
    placeholders: tuple[str, ...] = ()
    held: float = 1.0
    language: str = "en"
    kit: KitFiles = field(default=KitFiles())
    notes: tuple[str, ...] = field(default=())

    @property
    def frames(self) -> int:
        return self.shots[-1].end

    @property
    def seconds(self) -> float:
        return self.frames / FPS

    @property
    def bpm(self) -> float:
        return 60 * FPS / self.beat_frames

    @property
    def ratio(self) -> Ratio:
        return ratio_of(self.width, self.height)

    @property
    def scale(self) -> float:
        """How large a length of the design is: it was made for 1080×1920, and is a fifth smaller in other ratios."""
        if self.ratio is PORTRAIT:
            return min(self.width / 1080, self.height / 1920)
        return 0.8 * min(self.width, self.height) / 1080


def laid_out(film: Film, shots: "list[FilmShot]") -> Film:
    """Return the film with these shots one after another: their places and times follow from their lengths."""
    found: list[FilmShot] = []
    at = beat = 0
    for index, shot in enumerate(shots):
        beat += bool(found) and shot.beat != found[-1].beat
        transition = "open" if not found else "cut" if shot.transition == "open" else shot.transition
        found.append(replace(shot, index=index, start=at, end=at + shot.frames, beat_index=beat, transition=transition))
        at += shot.frames
    return replace(film, shots=tuple(found))
