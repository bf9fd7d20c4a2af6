"""Edits of a film's plan, each from one plan to another. Lengths stay on the beat of the music, so that cuts do."""

from dataclasses import replace

from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import words
from pilot_core.video.storyboard.coverage import source_of
from pilot_core.video.storyboard.figures import split_figure
from pilot_core.video.storyboard.film import (
    BREAK,
    FPS,
    MAX_WORDS,
    RATIOS,
    Film,
    FilmShot,
    laid_out,
    plain,
)
from pilot_core.video.storyboard.plan_file import in_ratio, read_words
from pilot_core.video.storyboard.style import FAMILIES
from pilot_core.video.storyboard.words import reading_seconds, word_count

LONGEST_SHOT = 20.0
SAID = ("above", "main", "below")


def reworded(film: Film, place: int, told: dict[str, str], brief: CutBrief) -> Film:
    """Return the film with other words in a shot, as written in the file, for "above", "main" or "below".

    The shot's source is then the field of the brief that says these words, if one does.
    """
    shot = film.shots[place]
    said = {name: _clean(told[name]) if name in told else getattr(shot, name) for name in SAID}
    changed = replace(shot, above=said["above"], main=said["main"], below=said["below"])
    if plain(changed.text) == plain(shot.text):
        return _with(film, place, changed)
    field = source_of(changed.text, brief) or source_of(changed.main, brief)
    if changed.role == "cta":
        field = "call_to_action"
    is_figure = changed.role == "figure" and split_figure(plain(changed.main)) is None
    return _with(film, place, replace(changed, source=field, role="statement" if is_figure else changed.role))


def _clean(text: str) -> str:
    lines = [words.clean(line) for line in text.split("\n")]
    return read_words("\n".join(line for line in lines if line))


def unit(film: Film) -> int:
    """Return half a beat of the music in frames: what lengths are multiples of."""
    return max(1, film.beat_frames // 2)


def lasting(film: Film, place: int, seconds: float) -> Film:
    """Return the film with a shot of about that length: the nearest on the beat, up to 20 s."""
    step = unit(film)
    frames = max(1, round(min(seconds, LONGEST_SHOT) * FPS / step)) * step
    shot = film.shots[place]
    return _with(film, place, replace(shot, end=shot.start + frames))


def readable(film: Film, place: int) -> Film:
    """Return the film with a shot long enough to be read."""
    step, needed = unit(film), reading_seconds(film.shots[place].text)
    return lasting(film, place, -(-needed * FPS // step) * step / FPS)


def moved(film: Film, place: int, by: int) -> Film:
    """Return the film with a shot ``by`` places later, or earlier if it is negative. The call stays the last."""
    shots = list(film.shots)
    shot = shots.pop(place)
    shots.insert(min(max(place + by, 0), len(shots)), shot)
    return laid_out(film, shots)


def removed(film: Film, place: int) -> Film:
    """Return the film without a shot; a film of one shot as it is."""
    shots = [shot for shot in film.shots if shot.index != place]
    return laid_out(film, shots) if shots else film


def added(film: Film, place: int, text: str, brief: CutBrief) -> Film:
    """Return the film with a new shot of these words after the one at ``place``, in the style of that one."""
    like = film.shots[place]
    said = words.clean(text)
    shot = replace(
        like,
        role="statement",
        main=words.emphasise(said),
        above="",
        below="",
        source=source_of(said, brief),
        picture="",
        poster=False,
        variant=(like.variant + 1) % 12,
    )
    grown = laid_out(film, [*film.shots[: place + 1], shot, *film.shots[place + 1 :]])
    return readable(grown, place + 1)


def split(film: Film, place: int) -> Film:
    """Return the film with a shot divided in two, where a reader would pause."""
    shot = film.shots[place]
    said = " ".join(plain(part) for part in (shot.above, shot.main, shot.below) if part)
    parts = words.chunks(said, max(2.0, word_count(said) / 2 + 0.6), 200)
    if len(parts) < 2 or shot.role == "cta":
        return film
    role = "hook" if shot.role == "hook" else "statement"
    halves = [
        replace(shot, role=role, above="", below="", main=words.emphasise(part), variant=(shot.variant + i) % 12)
        for i, part in enumerate(parts)
    ]
    halves[1:] = [replace(half, poster=False, picture="") for half in halves[1:]]
    grown = laid_out(film, [*film.shots[:place], *halves, *film.shots[place + 1 :]])
    for i, part in enumerate(parts):
        share = shot.seconds * word_count(part) / word_count(said)
        grown = lasting(grown, place + i, max(share, reading_seconds(grown.shots[place + i].text) + 0.25))
    return grown


def pictured(film: Film, place: int, name: str) -> Film:
    """Return the film with a picture of the brand kit in a shot, or without one if the name is empty."""
    return _with(film, place, replace(film.shots[place], picture=name))


def grounded(film: Film, place: int, ground: str) -> Film:
    """Return the film with another background colour of a shot, by its name in the palette."""
    return _with(film, place, replace(film.shots[place], ground=ground))


def arranged(film: Film, place: int, layout: int) -> Film:
    """Return the film with another arrangement of a shot's page, 0 to 11."""
    return _with(film, place, replace(film.shots[place], variant=layout % 12))


def without_breaks(film: Film, place: int) -> Film:
    """Return the film with a shot whose lines break by themselves."""
    shot = film.shots[place]
    above, main, below = (getattr(shot, name).replace(BREAK, "") for name in SAID)
    return _with(film, place, replace(shot, above=above, main=main, below=below))


def as_poster(film: Film, place: int) -> Film:
    """Return the film with its poster taken from this shot."""
    return laid_out(film, [replace(shot, poster=shot.index == place) for shot in film.shots])


def in_shape(film: Film, ratio: str) -> Film:
    """Return the film in another ratio."""
    width, height = in_ratio(film, ratio if ratio in RATIOS else film.ratio.name)
    return replace(film, width=width, height=height)


def in_family(film: Film, family: str) -> Film:
    """Return the film in another family of layouts of its tone."""
    families = FAMILIES[film.tone]
    place = families.index(family) if family in families else film.direction.family % len(families)
    return replace(film, family=families[place], direction=replace(film.direction, family=place))


def within_limits(film: Film) -> Film:
    """Return the film with its shots shorter or longer in proportion, so that its length is allowed."""
    low, high = film.limits
    wanted, step = min(max(film.seconds, low + 0.2), high - 0.2), unit(film) / FPS
    for place, shot in enumerate(film.shots):
        film = lasting(film, place, max(shot.seconds * wanted / film.seconds, reading_seconds(shot.text)))
    # What is lost to the beat is given back to the longest shots.
    for _ in range(len(film.shots) * 4):
        longest = max(film.shots, key=lambda shot: shot.frames)
        if film.seconds < low and longest.seconds + step <= LONGEST_SHOT:
            film = lasting(film, min(film.shots, key=lambda shot: shot.frames).index, _next(film, step))
        elif film.seconds > high and longest.seconds - step >= reading_seconds(longest.text):
            film = lasting(film, longest.index, longest.seconds - step)
        else:
            break
    return film


def _next(film: Film, step: float) -> float:
    """Return the length of the shortest shot, one step longer."""
    return min(shot.seconds for shot in film.shots) + step


def changed_shots(before: Film, after: Film) -> list[int]:
    """Return the places in ``after`` of the shots that ``before`` does not have in the same words, look and length."""

    def look(film: Film, shot: FilmShot) -> tuple[object, ...]:
        return (
            shot.above,
            shot.main,
            shot.below,
            shot.role,
            shot.frames,
            shot.ground,
            shot.variant,
            shot.picture,
            (film.width, film.height, film.family),
        )

    known = {look(before, shot) for shot in before.shots}
    return [shot.index for shot in after.shots if look(after, shot) not in known]


def is_too_full(shot: FilmShot) -> bool:
    """Whether a shot has more words than a screen may have. Who said a quote is no part of it."""
    return word_count(shot.main if shot.role == "quote" else shot.text) > MAX_WORDS


def _with(film: Film, place: int, shot: FilmShot) -> Film:
    return laid_out(film, [shot if i == place else other for i, other in enumerate(film.shots)])
