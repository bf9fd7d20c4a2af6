"""Cleans and counts words, splits them into screens, and finds figures in them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate

import budoux

from pilot_core.domain.brief import Brief
from pilot_core.video.storyboard.figures import is_pair, is_wide, spans, split_figure
from pilot_core.video.storyboard.film import BREAK, CAPTION_CHARS_PER_SECOND, MARK_OFF, MARK_ON, MAX_WORDS, plain
from pilot_core.video.storyboard.vocabulary import (
    ARTICLES,
    JOINING,
    LARGE_NUMBERS,
    NEGATIONS,
    NEVER_STRESSED,
    NUMBER_WORDS,
    TIME_AND_PLACE,
    WEAK_ENDS,
    WEAK_STARTS,
)

LONGEST_PHRASE = 9
"""Characters of a phrase without spaces that is never divided."""
FIGURE_CHARS = 66
"""Characters of a screen with a figure, which is never divided if it has no more."""


@dataclass(frozen=True)
class Phrase:
    """The words of one screen. ``need`` is "must", "told", "proof" or "may", in the order in which screens are chosen.

    ``source`` is the field of the brief that it quotes, or "". Screens of one ``group`` are shown all or none.
    ``is_quick``: it is not held for want of words, since the opening goes on after it.
    """

    need: str
    role: str
    main: str
    above: str = ""
    below: str = ""
    source: str = ""
    group: int = 0
    is_quick: bool = False

    @property
    def text(self) -> str:
        return " ".join(plain(part) for part in (self.above, self.main, self.below) if part)


def clean(text: str) -> str:
    """Return the text on one line, NFC-normalised, without control, direction-override or private-use characters."""
    kept = [
        " " if unicodedata.category(c) in ("Zs", "Zl", "Zp") or c in "\t\n\r" else c
        for c in unicodedata.normalize("NFC", text)
        if c in "\t\n\r\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    ]
    return " ".join("".join(kept).split())


def clean_brief(brief: Brief) -> Brief:
    """Return the brief with every text cleaned, without proof points that are then empty."""
    return brief.each_text(clean)


@lru_cache(maxsize=2048)
def units(text: str) -> tuple[tuple[str, bool], ...]:
    """Split the text where a line may break. Returns each piece and whether a space follows it.

    A piece is a word; in scripts written without spaces a phrase, or a part of one that is too long for a line.
    """
    found: list[tuple[str, bool]] = []
    for word in text.split():
        pieces: list[str] = []
        if _LINK.fullmatch(word):
            # A link breaks after a slash or a hyphen, and is not changed.
            found.extend((part, False) for part in _LINK_PARTS.findall(word))
            found[-1] = (found[-1][0], True)
            continue
        is_figure = plain(word)[:1].isdigit() and len(plain(word)) <= LONGEST_PHRASE
        for part in [word] if is_figure else _phrases(word):
            is_short = len(_unquoted(part)) <= LONGEST_PHRASE or not any(map(is_wide, part))
            pieces += [part] if is_short else _even_parts(part)
        found.extend((piece, False) for piece in pieces[:-1])
        found.append((pieces[-1], True))
    return tuple(found)


_LINK = re.compile(r"[\w-]+(?:\.[\w-]+)+/\S{8,}")
_LINK_PARTS = re.compile(r"[^/-]+[/-]*|[/-]+")


def _unquoted(part: str) -> str:
    return plain(part).strip("「」『』（）")


def _is_thai(char: str) -> bool:
    return "\u0e00" <= char <= "\u0e7f"


@cache
def _parser(language: str) -> budoux.Parser:
    load = {
        "ja": budoux.load_default_japanese_parser,
        "zh": budoux.load_default_simplified_chinese_parser,
        "th": budoux.load_default_thai_parser,
    }
    return load[language]()


def _phrases(word: str) -> list[str]:
    """Return the phrases of a word in a script without spaces, with its marks of emphasis; else the word alone."""
    bare = plain(word)
    if any(_is_thai(char) for char in bare):
        language = "th"
    elif any("\u3040" <= char <= "\u30ff" for char in bare):
        language = "ja"
    elif any("\u4e00" <= char <= "\u9fff" for char in bare):
        language = "zh"
    else:
        return [word]
    ends = set(accumulate(map(len, _parser(language).parse(bare))))
    found, at = [""], 0
    for char in word:
        is_mark = char in (MARK_ON, MARK_OFF)
        if at in ends and not _closes(char) and found[-1]:
            ends.discard(at)
            found.append("")
        found[-1] += char
        at += not is_mark
    return found


def _closes(char: str) -> bool:
    """Whether no line may begin with the character."""
    return unicodedata.category(char) in ("Pe", "Pf", "Po", "Mn", "Mc") or char == MARK_OFF or char in "ーっッゃゅょ"


def _even_parts(phrase: str) -> list[str]:
    """Return a phrase without spaces that is too long for a line in parts of nearly one length."""
    characters = _characters(phrase)
    count = -(-len(_unquoted(phrase)) // LONGEST_PHRASE)
    ends = [round(len(characters) * (i + 1) / count) for i in range(count)]
    return ["".join(characters[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _characters(word: str) -> list[str]:
    """Return the characters of a phrase, each with any punctuation that must not start a line."""
    pieces: list[str] = []
    for char in word:
        wide = is_wide(char)
        glued = bool(pieces) and (
            _closes(char)
            or pieces[-1].endswith(MARK_ON)
            or unicodedata.category(pieces[-1][-1]) in ("Ps", "Pi")
            or (not wide and not any(is_wide(c) for c in pieces[-1]))
        )
        if glued:
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def join(pieces: Sequence[tuple[str, bool]]) -> str:
    """Join pieces back into text; the reverse of ``units``."""
    return "".join(piece + (" " if spaced else "") for piece, spaced in pieces).strip()


@lru_cache(maxsize=2048)
def word_count(text: str) -> float:
    """Return the number of words. A letter of a wide script without spaces counts as half a word."""
    return sum(_weight(piece) for piece, _ in units(_LINK.sub("link", plain(text))))


def _weight(piece: str) -> float:
    wide = sum(is_wide(char) and not _closes(char) for char in piece)
    return max(0.5, 0.5 * wide) if any(is_wide(char) for char in piece) else 1.0


def marked(template: str, **slots: str) -> str:
    """Fill a template's slots and turn its stars into emphasis marks. Values are inserted as plain text."""
    on = False
    parts = []
    for part in re.split(r"(\*)", template):
        if part == "*":
            on = not on
            parts.append(MARK_ON if on else MARK_OFF)
        else:
            parts.append(re.sub(r"\{(\w+)\}", lambda found: slots.get(found[1], found[0]), part))
    return re.sub(r"([.!?。])" + MARK_OFF + r"[.]", rf"\1{MARK_OFF}", re.sub(r"([.!?。])\.", r"\1", "".join(parts)))


LONGEST_STRESS = 3
"""Words of an emphasised phrase at most."""


def emphasise(text: str) -> str:
    """Mark what the text is about: its figure, else a large number in words, else the words it ends on.

    Those are what follows the last small word, such as "coastal towns" in "water for coastal towns".
    """
    if "[" in text:
        return text
    if (parts := split_figure(text)) and len(parts[1]) < len(text):
        return text.replace(parts[1], MARK_ON + parts[1] + MARK_OFF, 1)
    pieces = list(units(text))
    first, last = _stressed([_bare(piece) for piece, _ in pieces], [piece for piece, _ in pieces])
    if first > last or (first, last) == (0, len(pieces) - 1) or any(is_wide(c) for c in text):
        return text
    pieces[first] = (MARK_ON + pieces[first][0], pieces[first][1])
    pieces[last] = (pieces[last][0] + MARK_OFF, pieces[last][1])
    return join(pieces)


def _stressed(words: list[str], written: list[str]) -> tuple[int, int]:
    """Return the places of the first and the last word to emphasise; the first is after the last if there are none."""
    small = WEAK_ENDS | NEVER_STRESSED | WEAK_STARTS
    for i, word in enumerate(words):
        if word in LARGE_NUMBERS:
            return (i - 1 if i and words[i - 1] in NUMBER_WORDS else i), i
        if word == "half" and i + 2 < len(words):
            return i, i + 2 if words[i + 1] in WEAK_ENDS else i + 1
    last = len(words) - 1
    while last > 0 and words[last] in small:
        last -= 1
    first = last
    while first > 0 and last - first + 1 < LONGEST_STRESS:
        if words[first - 1] in small or written[first - 1][-1] in ".,;:!?—–،؛。，、":
            break
        first -= 1
    if first and words[first - 1] in NEGATIONS:
        first -= 1  # what is denied is not emphasised without the "no"
    elif last - first < LONGEST_STRESS - 1:
        first = _phrase_start(words, first)
    return (first, last) if words and words[last] not in small else (1, 0)


def _phrase_start(words: list[str], first: int) -> int:
    """Return where the phrase of a word begins: "on time", and with its noun "rest of the day", "Mexico and Canada"."""
    at = first - 1 if first and words[first - 1] in ARTICLES else first
    if at and words[at - 1] in TIME_AND_PLACE:
        return at - 1
    if at > 1 and words[at - 1] in JOINING and words[at - 2] not in WEAK_ENDS:
        return at - 2
    return first


def _bare(piece: str) -> str:
    return plain(piece).strip(".,;:!?…“”„«»‘’\"'।॥。、！？،؛؟「」").casefold()


def chunks(text: str, most_words: float, most_chars: int) -> list[str]:
    """Split the text into few screens within the limits, preferably at punctuation and not after a function word.

    A figure stays with the word that it counts. What is longer by itself than the limits gets a screen of its own.
    """
    pieces = _undivided(text)
    weights = [word_count(piece) for piece, _ in pieces]
    best: list[tuple[float, int]] = [(0.0, -1)] + [(float("inf"), -1)] * len(pieces)
    share = sum(weights) / max(1, -(-sum(weights) // most_words))
    for end in range(1, len(pieces) + 1):
        for start in range(end - 1, -1, -1):
            words = sum(weights[start:end])
            if end - start > 1 and (words > most_words or len(join(pieces[start:end])) > most_chars):
                break
            last = pieces[end - 1][0]
            cost = 4 + (words - share) ** 2 * 0.8 + best[start][0]
            if end < len(pieces):
                cost -= 6 if last[-1] in ".,;:!?—–،؛。，、" else 0
                final = last.split()[-1].casefold()
                cost += 9 if final in WEAK_ENDS else 0
                cost += 9 if pieces[end][0].split()[0] in WEAK_STARTS else 0
                cost += 6 if final in NUMBER_WORDS or final.isdigit() else 0
                cost -= 3 if pieces[end][0].casefold() in WEAK_ENDS else 0
                cost += 8 if not pieces[end - 1][1] else 0
            if cost < best[end][0]:
                best[end] = (cost, start)
    cuts: list[str] = []
    end = len(pieces)
    while end > 0:
        start = best[end][1]
        cuts.append(join(pieces[start:end]))
        end = start
    return cuts[::-1]


def _undivided(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a text as ``units`` does, with those of a figure and what it counts as one."""
    found: list[tuple[str, bool]] = []
    kept, start = spans(text), 0
    for piece, spaced in units(text):
        at = text.index(piece, start)
        start = at + len(piece)
        if found and any(first < at < last for first, last in kept):
            found[-1] = (join([found[-1], (piece, False)]), spaced)
        else:
            found.append((piece, spaced))
    return found


def reading_seconds(text: str) -> float:
    """Return how long the words of a screen take to read, and its caption (film.md, sections 4 and 8)."""
    return max(0.3 * word_count(text) + 0.5, len(text) / CAPTION_CHARS_PER_SECOND)


def tidy_link(link: str) -> str:
    """Return a link without scheme, “www.”, query and final slash. One over 60 characters becomes its domain."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.IGNORECASE)
    path = re.split(r"[?#]", bare)[0].rstrip("/") or bare
    return path if len(path) <= 60 else path.split("/")[0]


_SECOND = re.compile(r" ((?:→|->|–>|⟶|to|auf|à|a|إلى) ?\S.*)$")


def claim(point: str, claims: str, attributed: str = "", source: str = "proof_points") -> Phrase:
    """Return a proof point or the news as a phrase, its figure set large if it has one.

    Conservative brands say whose claim it is, in the words of ``attributed``. Nobody is quoted on what the brief states
    as a fact.
    """
    above = attributed if claims == "conservative" else ""
    parts = split_figure(point)
    whole = f"{above} {point}".strip()
    if parts and word_count(whole) <= MAX_WORDS and len(whole) <= FIGURE_CHARS and not (above and parts[0]):
        before, figure, after = parts
        # The two values of a pair stand below each other.
        stacked = _SECOND.sub(rf"{BREAK} \1", figure, count=1) if is_pair(figure) else figure
        return Phrase("must", "figure", MARK_ON + stacked + MARK_OFF, before or above, after, source)
    return Phrase("must", "statement", emphasise(point), above, "", source)


def fitted(phrase: Phrase, most_words: float, most_chars: int) -> list[Phrase]:
    """Split a phrase into screens within the limits. The parts of a split phrase are emphasised anew."""
    if phrase.role == "quote":
        return [phrase]
    words, chars = (MAX_WORDS, FIGURE_CHARS) if phrase.role == "figure" else (most_words, most_chars)
    if word_count(phrase.text) <= words and len(phrase.text) <= chars:
        return [phrase]
    if phrase.role == "figure":
        phrase = replace(phrase, role="statement", main=phrase.text, above="", below="")
    if phrase.above:
        lead = Phrase(phrase.need, "label", phrase.above, source=phrase.source)
        return [lead, *fitted(replace(phrase, above=""), most_words, most_chars)]
    if "[" in phrase.main and word_count(phrase.main) <= 12:
        return [phrase]
    cut = chunks(plain(phrase.main), most_words, most_chars)
    return [replace(phrase, main=emphasise(part) if phrase.role != "label" else part) for part in cut]
