"""Finds the figure that carries a claim, with its unit and scale, and what only looks like one.

A figure is set large, so it must mean by itself what the sentence means: "9 of the top 20" is one figure, "6 weeks → 4
days" another, and "ISO 27001" none. Only words that stand in the text are shown.
"""

import re
import unicodedata
from functools import lru_cache

_CURRENCY = "$€£¥₹₩₺₽"
_SCALE = (
    "thousand|million|billion|trillion|percent|per cent|k|K|M|B|bn|mn|m|"
    "Tsd\\.?|Tausend|Mio\\.?|Mrd\\.?|Million(?:en)?|Milliarden?|Prozent|"
    "millions?|milliards?|mille|pour cent|mil millones|mil|mill[oó]n(?:es)?|mi(?:lh[aã]o|lh[oõ]es)|"
    "bi(?:lh[aã]o|lh[oõ]es)|"
    "लाख|करोड़|करोड|हज़ार|हजार|अरब|प्रतिशत|مليون|ملايين|مليار|ألف|آلاف|بالمئة"
)
_MONEY = (
    "dollars?|euros?|Euros?|pounds|rupees|yen|EUR|USD|GBP|CHF|SEK|NOK|DKK|INR|JPY|BRL|kr|دولار|يورو|ريال|درهم|रुपये|रुपए"
)
_UNIT = (
    "seconds?|minutes?|hours?|days?|nights?|weeks?|months?|quarters?|years?|secs?|mins?|hrs?|ms|stars?|times|"
    "Sekunden?|Minuten?|Stunden?|Tagen?|Tage?|Wochen?|Monaten?|Monate?|Jahren?|Jahre?|Mal|"
    "secondes?|heures?|jours?|semaines?|mois|ans?|segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|"
    "दिन|घंटे|मिनट|सप्ताह|महीने|साल|أيام|يوم|ساعات|ساعة|دقائق|أسابيع|أشهر|سنوات|"
    "kg|km|GB|TB|MB|kWh|MWh|GW|MW|kW|tons?|tonnes?|pp|x"
)
_COUNTER = (
    "人|名|社|件|倍|分|秒|時間|日間|日|週間|か月|ヶ月|年間|台|本|回|割|点|店舗|店|校|か国|円|"
    "ドル|元|個|家|位|天|小时|分钟"
)
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,’'٫٬]\d+)*"
_SPACE = r"[ \u00a0\u202f]"

_AMOUNT = (
    rf"(?:[~≈<>≤≥+−–-]{_SPACE}?)?(?:(?:US|CA|A|HK)?[{_CURRENCY}]{_SPACE}?|(?:EUR|USD|GBP|CHF|INR|JPY){_SPACE})?"
    rf"(?:{_NUMBER})(?:[–-](?:{_NUMBER}))?"
    rf"(?:{_SPACE}?[%‰×٪％])?(?:x(?!\w))?\+?"
    rf"(?:{_SPACE}?(?:{_SCALE})(?!\w)|[万億兆千亿])?"
    rf"(?:(?:{_SPACE}?[{_CURRENCY}])|{_SPACE}?(?:{_MONEY})(?!\w))?"
    rf"(?:{_COUNTER})?"
    rf"(?:[ -](?:{_UNIT})(?![\w]))?"
)
_OF = (
    rf"(?:{_NUMBER}){_SPACE}(?:out of|of|von|sur|de|in|aus|من|में से){_SPACE}(?:(?:the|den|les|los|as|os){_SPACE})?"
    rf"(?:(?:top|largest|biggest|größten|besten|world’s|world's|أكبر){_SPACE})?(?:{_NUMBER})"
    rf"(?:{_SPACE}(?:largest|biggest|best|größten|besten))?"
)
_ARROW = rf"{_SPACE}?(?:→|->|–>|⟶){_SPACE}?"
_PAIR = (
    rf"{_AMOUNT}{_ARROW}{_AMOUNT}"
    rf"|(?:from|von|de|من){_SPACE}{_AMOUNT}{_SPACE}(?:to|auf|à|a|إلى){_SPACE}(?:an?{_SPACE}|eine[rnm]?{_SPACE}|une?{_SPACE})?[^\\W\\d]{{3,12}}(?!\\w)"
    rf"|(?:from|von|de){_SPACE}{_AMOUNT}{_SPACE}(?:to|down to|up to|auf|à|a|para){_SPACE}{_AMOUNT}"
)
_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of scripts without spaces, as ranges: a figure may follow one."""
_FIGURE = re.compile(rf"(?<![^\W{_WIDE}])(?:(?P<pair>{_PAIR})|(?P<of>{_OF})|(?P<amount>{_AMOUNT}))")

_YEAR = re.compile(r"(?:19|20)\d\d")
# fmt: off
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "januar", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
)
_NAMED = frozenset((
    "type", "tier", "level", "phase", "version", "windows", "web", "stufe", "series", "grade", "class", "route", "act",
    "section", "article", "rule", "model", "page", "chapter", "no", "no.", "nr", "nr.", "number", "step", "round",
    "app", "area", "formula", "studio", "pillar", "horizon",
))
# fmt: on
"""Words after which a bare number is a name, as in "Level 3"."""
_CODES = frozenset(
    ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "INR", "JPY", "BRL", "US", "UK", "EU", "CEO", "AND")
)
"""Words in capitals that a number may follow and still be one."""
LONGEST = 24
"""Characters of a figure that can be set large on one line or two."""

_MONEY_AMOUNT = re.compile(
    rf"[{_CURRENCY}]{_SPACE}?\d|(?:EUR|USD|GBP|CHF|INR|JPY){_SPACE}\d|\d{_SPACE}?[{_CURRENCY}]|"
    rf"\d{_SPACE}?(?:(?:{_SCALE}){_SPACE}?)?(?:{_MONEY})(?!\w)|\d[万億兆千亿]?(?:円|ドル|元)"
)
_FROM = re.compile(r"(?i)(?:^|\s)(?:from|von|de|desde|du|من)$")
_TO = re.compile(r"(?i)(?:to|down to|up to|auf|à|a|para|hasta|إلى)\s")
_ROUND = re.compile(r"(?i)\b(?:seed|series [a-h]|round|raised?|funding|runde|finanzierung|levée|ronda|rodada)\b")


@lru_cache(maxsize=2048)
def split_figure(text: str) -> tuple[str, str, str] | None:
    """Return the words before the figure that carries the claim, the figure, and the words after it, or None.

    It is the first pair of values, else the first that is money, a share or counted against another, else the first.
    """
    found = [f for f in _FIGURE.finditer(text) if _is_figure(text, f)]
    if not found:
        return None
    chosen = min(found, key=lambda f: (_rank(f), f.start()))
    before, after = text[: chosen.start()].strip(), text[chosen.end() :].strip()
    if len(chosen[0].strip()) > LONGEST or (_FROM.search(before) and _TO.match(after)):
        # "From 3 days to an hour" is about both.
        return None
    after = after.lstrip(".,;:!? ") if after.strip(".,;:!?。、 ") else ""
    return before, chosen[0].strip(), after


@lru_cache(maxsize=2048)
def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of characters that a screen must not divide: each figure, and the word that it counts."""
    found = []
    for figure in _FIGURE.finditer(text):
        start, end = figure.span()
        named = re.search(r"\w[\w.&-]*\s$", text[:start]) if not _is_figure(text, figure) else None
        noun = re.match(r"\s?[^\s.,;:!?—–]+", text[end:])
        found.append((named.start() if named else start, end + (noun.end() if noun else 0)))
    return tuple(found)


def is_pair(text: str) -> bool:
    """Return whether a figure is a pair of values, such as "6 weeks → 4 days"."""
    return re.fullmatch(_PAIR, text) is not None


def is_counted(text: str) -> bool:
    """Return whether a figure is counted against another, such as "9 of the top 20"."""
    return re.fullmatch(_OF, text) is not None


def is_share(text: str) -> bool:
    """Return whether a figure is money, a share, or counted against another: what says most by itself."""
    return is_money(text) or any(c in "%‰×٪％" for c in text) or is_counted(text)


def is_money(text: str) -> bool:
    """Return whether the text names a sum of money: one with a currency, or a large number of a round."""
    is_round = _ROUND.search(text) and re.search(rf"\d{_SPACE}?(?:{_SCALE})(?!\w)", text)
    return _MONEY_AMOUNT.search(text) is not None or bool(is_round)


def _rank(figure: re.Match[str]) -> int:
    if figure["pair"]:
        return 0
    told = figure[0]
    return 1 if figure["of"] or is_money(told) or any(c in "%‰×٪％" for c in told) else 2


def _is_figure(text: str, found: re.Match[str]) -> bool:
    """Whether these digits count something, and are no part of a name, a date, a version or a fraction."""
    start, end = found.span()
    told = found[0].strip()
    if found["pair"] or found["of"]:
        return True
    before, after = text[:start], text[end:]
    if re.search(rf"(?:[^\W{_WIDE}]|[/:.#№-])$", before) or re.match(r"[/:]\d|\.\d|-\d", after):
        return False
    attached = re.match(r"\w", after)
    if attached and not is_wide(attached[0]) and not is_wide(told[-1]):
        return False
    if not re.fullmatch(r"\d+(?:\.\d+)*", told):
        return True
    if _YEAR.fullmatch(told) or told.count(".") > 1:
        return False
    word = re.search(r"([\w.]+)\s$", before)
    following = re.match(r"\s?(\w+)", after)
    named = word[1] if word else ""
    is_code = len(named) > 1 and named.isupper() and named.isalpha() and named not in _CODES
    is_named = named.casefold() in _NAMED
    is_date = any(
        near and near[1].casefold().rstrip(".") in _MONTHS and near[1][0].isupper() for near in (word, following)
    )
    return not (is_code or is_named or is_date)


def is_wide(char: str) -> bool:
    """Return whether a character is of a script written without spaces, where a line may break between any two."""
    return unicodedata.east_asian_width(char) in ("W", "F") and not unicodedata.category(char).startswith("S")
