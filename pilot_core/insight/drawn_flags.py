"""What earlier pilots with the same scenario and pacing were flagged for, said before a video is made."""

from collections.abc import Mapping

from pilot_core import catalog
from pilot_core.formatting import count, percent
from pilot_core.insight.stats import rate

FEWEST = 5
"""With fewer reviewed pilots nothing is said."""

MOST_FLAGS = 3


def drawn_flags_sentence(pacing: str, reviewed: int, pilots: Mapping[str, int]) -> str:
    """Return the flags that most of the reviewed pilots drew, with 95% Wilson intervals; "" for too few pilots.

    ``pilots`` has the number of pilots of each flag, ``pacing`` is a word such as "gentle".
    """
    if reviewed < FEWEST:
        return ""
    alike = f"{count(reviewed, 'reviewed pilot')} with this scenario and {pacing} pacing"
    most = sorted(pilots, key=lambda flag: (-pilots[flag], flag))[:MOST_FLAGS]
    if not most:
        return f"None of {alike} drew a flag."
    told = []
    for flag in most:
        found = rate(pilots[flag], reviewed)
        between = f"{percent(found.low).removesuffix('%')}–{percent(found.high)}"
        told.append(f"{pilots[flag]:,} drew “{catalog.label('flag', flag)}” ({between})")
    return f"Of {alike}, {', '.join(told)}."
