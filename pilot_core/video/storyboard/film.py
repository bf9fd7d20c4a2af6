"""The plan of a video before it is drawn: its shots in frames, their words, and the creative choices behind them."""

from dataclasses import dataclass, field

FPS = 30
SAFE_TOP, SAFE_BOTTOM, SAFE_SIDE = 0.12, 0.20, 0.06
"""Shares of the frame that vertical feeds cover with buttons. No text is placed there."""
HEADLINE_MIN = 0.05
"""Smallest size of a headline as a share of the frame's height."""
MAX_WORDS = 12
CAPTION_CHARS_PER_SECOND = 15
CTA_SECONDS = 3.2


MARK_ON, MARK_OFF = "\ue000", "\ue001"
"""Private-use characters that mark the start and end of an emphasised word. Cleaned text never contains them."""


def plain(text: str) -> str:
    """Return the text without emphasis marks."""
    return text.replace(MARK_ON, "").replace(MARK_OFF, "")


@dataclass(frozen=True)
class Direction:
    """The creative choices that a revision can change. A reviewer's flag changes one or more of these fields."""

    seconds: float
    hook: str
    hook_fast: bool = False
    family: int = 0
    variation: int = 0
    register: int = 0
    spread: bool = False
    pace: float = 1.0
    cta_level: int = 0
    restated: bool = False
    bed: int = 0
    lengthened: bool = False


@dataclass(frozen=True)
class FilmShot:
    """One shot. ``start`` and ``end`` are in frames. ``above`` and ``below`` are the small lines around ``main``.

    ``source`` is the field of the brief whose words it shows, "" if it shows a connective.

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
