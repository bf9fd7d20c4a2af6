"""What of a figure can be drawn: a part of a whole, or two values beside each other. Nothing is drawn that is not told.

A number by itself has no picture, and a share only where the words say of what it is a share.
"""

import re
from dataclasses import dataclass

from pilot_core.video.storyboard.figures import is_counted, is_pair

MOST_CELLS = 40
MOST_GROWTH = 3.0
"""Up to how many times as much a growth is drawn: beyond, the first bar could hardly be seen."""

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_YEAR = 365.25 * _DAY
_SECONDS = {
    1.0: "second seconds sec secs sekunde sekunden seconde secondes segundo segundos 秒",
    _MINUTE: "minute minutes min mins minuten minuto minutos मिनट دقائق 分",
    _HOUR: "hour hours hr hrs stunde stunden heure heures hora horas घंटे ساعة ساعات 時間",
    _DAY: "day days tag tage tagen jour jours día días dia dias दिन يوم أيام 日 日間",
    7 * _DAY: "week weeks woche wochen semaine semaines semana semanas सप्ताह أسابيع 週間",
    _YEAR / 12: "month months monat monate monaten mois mes meses mês महीने أشهر か月 ヶ月",
    _YEAR / 4: "quarter quarters",
    _YEAR: "year years jahr jahre jahren an ans año años ano anos साल سنوات 年間",
}
_UNITS = {unit: seconds for seconds, units in _SECONDS.items() for unit in units.split()}

_OF = frozenset(["of", "der", "des", "von", "de", "du", "dos", "das", "del", "من"])
# fmt: off
_LESS = frozenset((
    "less", "fewer", "lower", "weniger", "niedriger", "geringer", "gesenkt", "reduziert", "moins", "menos", "कम", "أقل",
    "削減", "減", "減少",
))
_MORE = frozenset((
    "more", "higher", "mehr", "höher", "gestiegen", "más", "mais", "अधिक", "बढ़ी", "बढ़ा", "बढ़े", "أكثر", "増", "増加",
))
# fmt: on
_CUT, _UP = frozenset(("cut", "down", "reduced")), frozenset(("up",))

_BETWEEN = frozenset(["to", "down", "up", "auf", "à", "a", "para", "إلى"])
"""Words between the two values of a pair."""
_VALUE = re.compile(r"(?P<number>\d+(?:[.,]\d+)*)[ \u00a0\u202f-]?(?P<unit>[^\W\d]+|[%％])?")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)[ \u00a0\u202f]?[%％]")


@dataclass(frozen=True)
class Cells:
    """``part`` of ``whole`` cells are filled."""

    part: int
    whole: int


@dataclass(frozen=True)
class Portion:
    """A bar of which a share (0 to 1) is filled."""

    share: float


@dataclass(frozen=True)
class Bars:
    """Two bars, one below the other, with their lengths as shares of the longer one: before and after."""

    before: float
    after: float


Chart = Cells | Portion | Bars


def chart_of(above: str, figure: str, below: str) -> Chart | None:
    """Return the drawing of a figure with the words around it, or None if they say nothing that can be drawn."""
    if is_counted(figure):
        part, whole = (int(found) for found in re.findall(r"\d+", figure)[:2])
        return Cells(part, whole) if 0 < part <= whole <= MOST_CELLS else None
    if is_pair(figure):
        return _compared(figure)
    percent = _PERCENT.fullmatch(figure.strip())
    if not percent:
        return None
    share = number(percent[1]) / 100
    before, after = _words(above), _words(below)
    if after[:1] and after[0] in _OF:
        return Portion(share) if share <= 1 else None
    near = {*after[:1], *after[-1:]}
    if (near & _LESS or set(before[-1:]) & _CUT) and share <= 1:
        return Bars(1.0, 1 - share)
    if (near & _MORE or set(before[-1:]) & _UP) and share <= MOST_GROWTH:
        return Bars(1 / (1 + share), 1.0)
    return None


def number(text: str) -> float:
    """Return the value of a number as people write it: a separator before exactly three digits groups thousands."""
    bare = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", text)
    return float(bare.replace(",", "."))


def _compared(pair: str) -> Bars | None:
    found = [(number(value["number"]), (value["unit"] or "").casefold()) for value in _VALUE.finditer(pair)]
    found = [(value, "" if unit in _BETWEEN else unit) for value, unit in found]
    if len(found) != 2:
        return None
    (first, unit), (second, other) = found
    # "From 9 days to 2" counts both in days; "from 900 to 1.2 million" does not say so.
    if (unit or other) in _UNITS:
        unit, other = unit or other, other or unit
    if unit != other and not (unit in _UNITS and other in _UNITS):
        return None
    before, after = first * _UNITS.get(unit, 1.0), second * _UNITS.get(other, 1.0)
    longest = max(before, after)
    return Bars(before / longest, after / longest) if longest else None


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?").casefold() for word in text.split()]
