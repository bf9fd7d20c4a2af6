"""Cleans and counts words, splits them into screens, and finds figures in them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate

import budoux

from pilot_core.domain.brief import Brief
from pilot_core.video.storyboard.figures import is_wide, spans, split_figure
from pilot_core.video.storyboard.film import MARK_OFF, MARK_ON, MAX_WORDS, plain

LONGEST_PHRASE = 8
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

    A piece is a word; in scripts written without spaces a phrase, or a character of one that is too long for a line.
    """
    found: list[tuple[str, bool]] = []
    for word in text.split():
        pieces: list[str] = []
        is_figure = plain(word)[:1].isdigit() and len(plain(word)) <= LONGEST_PHRASE
        for part in [word] if is_figure else _phrases(word):
            is_short = len(_unquoted(part)) <= LONGEST_PHRASE or not any(map(is_wide, part))
            pieces += [part] if is_short else _characters(part)
        found.extend((piece, False) for piece in pieces[:-1])
        found.append((pieces[-1], True))
    return tuple(found)


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
    return sum(_weight(piece) for piece, _ in units(plain(text)))


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


def emphasise(text: str) -> str:
    """Mark what the text is about: its figure, else a number in words, else the longest word of the second half."""
    pieces = list(units(text))
    if "[" in text:
        return text
    if (parts := split_figure(text)) and len(parts[1]) < len(text):
        return text.replace(parts[1], MARK_ON + parts[1] + MARK_OFF, 1)
    if len(pieces) < 2:
        return text
    numbers = [i for i, (piece, _) in enumerate(pieces) if piece.casefold() in NUMBER_WORDS]
    later = [i for i in range(len(pieces) // 2, len(pieces)) if _bare(pieces[i][0]) not in NEVER_STRESSED]
    later = later or list(range(len(pieces) // 2, len(pieces)))
    chosen = numbers[0] if numbers else max(later, key=lambda i: len(pieces[i][0]))
    if any(is_wide(c) for c in pieces[chosen][0]):
        return text
    pieces[chosen] = (MARK_ON + pieces[chosen][0] + MARK_OFF, pieces[chosen][1])
    return join(pieces)


WEAK_STARTS = frozenset(["का", "की", "के", "को", "में", "से", "पर", "ने", "तक", "और", "है", "हैं"])
"""Short words of Hindi that belong to the word before them, so that no line begins with one."""

NEVER_STRESSED = frozenset(
    [
        "about",
        "above",
        "across",
        "after",
        "again",
        "against",
        "ahead",
        "along",
        "already",
        "always",
        "among",
        "around",
        "because",
        "before",
        "behind",
        "below",
        "between",
        "beyond",
        "could",
        "during",
        "every",
        "everywhere",
        "instead",
        "itself",
        "never",
        "often",
        "other",
        "people",
        "should",
        "since",
        "something",
        "still",
        "than",
        "that",
        "their",
        "them",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "today",
        "toward",
        "under",
        "until",
        "where",
        "which",
        "while",
        "will",
        "what",
        "who",
        "how",
        "when",
        "nobody",
        "anybody",
        "everybody",
        "with",
        "within",
        "without",
        "would",
        "your",
        "yours",
        "yourself",
        "now",
        "nicht",
        "ohne",
        "haben",
        "werden",
        "können",
        "diese",
        "dieser",
        "dieses",
        "immer",
        "wieder",
        "sans",
        "avec",
        "dans",
        "pour",
        "sobre",
        "entre",
        "cuando",
        "porque",
        "também",
        "quando",
    ]
)
"""Words that a screen is hardly ever about."""


def _bare(piece: str) -> str:
    return plain(piece).strip(".,;:!?…“”\"'’").casefold()


NUMBER_WORDS = frozenset(
    [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "twelve",
        "twenty",
        "hundred",
        "thousand",
        "million",
    ]
)
_WEAK_ELSEWHERE = (
    "der die das den dem des ein eine einen einem einer und oder am im in zu zum zur von vom mit für auf an aus bei "
    "nach nicht kein keine statt wenn dass le la les un une des du de et ou à au aux en pour sans el los las una y o "
    "del al con por para que os um uma e do da na sem من إلى في على عن مع و أو"
)
"""Short words of German, French, Spanish, Portuguese and Arabic that a line does not end with."""
WEAK_ENDS = frozenset(
    [
        *_WEAK_ELSEWHERE.split(),
        "a",
        "an",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "at",
        "by",
        "with",
        "from",
        "and",
        "or",
        "but",
        "not",
        "no",
        "your",
        "our",
        "their",
        "its",
        "is",
        "are",
        "be",
        "that",
        "as",
        "so",
        "into",
        "without",
        "before",
        "after",
        "when",
        "until",
        "because",
        "while",
        "if",
        "than",
        "every",
        "one",
    ]
)


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


def tidy_link(link: str) -> str:
    """Return a link without scheme, “www.”, query and final slash. A link over 36 characters becomes its domain."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.IGNORECASE)
    path = re.split(r"[?#]", bare)[0].rstrip("/") or bare
    return path if len(path) <= 36 else path.split("/")[0]


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
        return Phrase("must", "figure", MARK_ON + figure + MARK_OFF, before or above, after, source)
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
