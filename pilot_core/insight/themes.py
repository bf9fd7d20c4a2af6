"""Suggests flags for a reviewer's notes, quoting the exact words, by applying a lexicon to each clause.

It only understands plain English and misses many complaints. A person accepts or dismisses each suggestion; a
suggestion by itself is never counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from pilot_core import catalog
from pilot_core.catalog import Entry

NEGATION_REACH = 3  # most words from a negation or wish to the word it applies to
TOPIC_REACH = 8  # most words between a topic and a good or bad word
WINDOW = 100  # characters searched on either side, which limits the time for a long note
CLAUSE = re.compile(
    r"[!?;\n()]+\s*|[.,:]+(?:\s+|$)|\s(?:but|however|though|although|yet|whereas)\s|\s[–—-]\s", re.IGNORECASE
)
WORD = re.compile(r"[\w'%-]+")


class Polarity(StrEnum):
    """Whether the words are a complaint or praise."""

    COMPLAINT = "complaint"
    PRAISE = "praise"


@dataclass(frozen=True)
class Suggestion:
    """A flag suggested by ``quote``, the note's characters ``start`` to ``end``. Praise suggests it is resolved."""

    flag: str
    quote: str
    start: int
    end: int
    polarity: Polarity


class FlagWords(Entry):
    """The regular expressions of one flag."""

    topics: tuple[str, ...]
    complaints: tuple[str, ...]
    praises: tuple[str, ...]


class Lexicon(Entry):
    """The contents of the catalogue's lexicon.toml. ``version`` identifies the set of words."""

    version: str = Field(min_length=1)
    negations: tuple[str, ...]
    wishes: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    flags: dict[str, FlagWords]


@dataclass(frozen=True)
class _Patterns:
    topics: re.Pattern[str] | None
    phrases: tuple[tuple[Polarity, re.Pattern[str]], ...]


@catalog.cached
def lexicon() -> Lexicon:
    """Return the catalogue's lexicon.toml. Raises CatalogError if it is wrong."""
    found = catalog.parsed(Lexicon, "lexicon", "", catalog.read("lexicon"))
    for flag in found.flags:
        if flag not in catalog.flags():
            raise catalog.wrong("lexicon", f"flags.{flag}", "there is no such flag in flags.toml")
    return found


def check_lexicon() -> None:
    """Raise CatalogError if the lexicon is wrong, or one of its expressions is none."""
    words = lexicon()
    lists = {name: getattr(words, name) for name in ("negations", "wishes", "good", "bad")}
    for flag, its in words.flags.items():
        lists |= {f"flags.{flag}.{name}": getattr(its, name) for name in FlagWords.model_fields}
    for key, expressions in lists.items():
        for expression in expressions:
            try:
                re.compile(expression)
            except re.error as error:
                raise catalog.wrong("lexicon", key, f"“{expression}” is no regular expression ({error})") from error


def suggest(notes: str) -> list[Suggestion]:
    """Return the flags that the notes suggest, in text order; only the first of each flag and polarity."""
    text = notes.replace("’", "'").replace("‘", "'")
    found: dict[tuple[str, Polarity], Suggestion] = {}
    for flag in lexicon().flags:
        for start, end, polarity in _spans(text, flag):
            key = (flag, polarity)
            if key not in found or start < found[key].start:
                found[key] = Suggestion(flag, notes[start:end], start, end, polarity)
    return sorted(found.values(), key=lambda suggestion: (suggestion.start, suggestion.flag))


def _spans(text: str, flag: str) -> Iterator[tuple[int, int, Polarity]]:
    """Yield each place that suggests the flag: a phrase or, in clauses without one, a topic near a good or bad word."""
    patterns = _patterns(flag)
    for start, end in _clauses(text):
        said = False
        for polarity, pattern in patterns.phrases:
            for match in pattern.finditer(text, start, end):
                said = True
                begin = _turned_from(text, start, match.start(), "negations")
                yield begin if begin is not None else match.start(), match.end(), _turned(polarity, begin is not None)
        if not said and patterns.topics:
            for match in patterns.topics.finditer(text, start, end):
                judged = _judged(text, start, end, match)
                if judged:
                    yield judged


def _judged(text: str, start: int, end: int, topic: re.Match[str]) -> tuple[int, int, Polarity] | None:
    """Return the span and polarity of a topic and the nearest good or bad word in its clause; None without such a word.

    A negation before the word reverses the polarity. A wish before a good word makes it a complaint.
    """
    near: list[tuple[int, re.Match[str], Polarity]] = []
    first, last = max(start, topic.start() - WINDOW), min(end, topic.end() + WINDOW)
    for polarity, kind in ((Polarity.PRAISE, "good"), (Polarity.COMPLAINT, "bad")):
        for match in _any_of(kind).finditer(text, first, last):
            apart = _words_between(text, topic, match)
            if apart is not None and apart <= TOPIC_REACH:
                near.append((apart, match, polarity))
    if not near:
        return None
    _, word, polarity = min(near, key=lambda entry: (entry[0], entry[2] is Polarity.PRAISE))
    marks = [topic.start(), word.start()]
    negated = _turned_from(text, start, word.start(), "negations")
    if negated is not None:
        marks.append(negated)
    wished = _turned_from(text, start, word.start(), "wishes", reach=TOPIC_REACH)
    if wished is not None and polarity is Polarity.PRAISE and negated is None:
        marks.append(wished)
        return min(marks), max(topic.end(), word.end()), Polarity.COMPLAINT
    return min(marks), max(topic.end(), word.end()), _turned(polarity, negated is not None)


def _turned_from(text: str, start: int, at: int, kind: str, reach: int = NEGATION_REACH) -> int | None:
    """Return where the nearest word of that kind starts, fewer than ``reach`` words before ``at``; else None."""
    found = list(_any_of(kind).finditer(text, max(start, at - WINDOW), at))
    if found and len(WORD.findall(text, found[-1].end(), at)) < reach:
        return found[-1].start()
    return None


def _turned(polarity: Polarity, turned: bool) -> Polarity:
    if not turned:
        return polarity
    return Polarity.PRAISE if polarity is Polarity.COMPLAINT else Polarity.COMPLAINT


def _words_between(text: str, one: re.Match[str], other: re.Match[str]) -> int | None:
    """Return the number of words between two matches, or None if they overlap."""
    first, second = sorted((one, other), key=lambda match: match.start())
    if second.start() < first.end():
        return None
    return len(WORD.findall(text, first.end(), second.start()))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in CLAUSE.finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


@catalog.cached
def _patterns(flag: str) -> _Patterns:
    words = lexicon().flags[flag]
    phrases = [(Polarity.PRAISE, words.praises), (Polarity.COMPLAINT, words.complaints)]
    return _Patterns(
        _whole_words(words.topics) if words.topics else None,
        tuple((polarity, _whole_words(given)) for polarity, given in phrases if given),
    )


@catalog.cached
def _any_of(kind: str) -> re.Pattern[str]:
    return _whole_words(getattr(lexicon(), kind))


def _whole_words(given: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{'|'.join(given)})(?!\w)", re.IGNORECASE)
