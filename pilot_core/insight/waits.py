"""For how long a pilot has waited, and for whom."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pilot_core.formatting import count, percent


class Party(StrEnum):
    """Whom a pilot waits for. RENDERING is the queue and the making of a video; PAUSED goes before all others."""

    TEAM = "team"
    FOUNDER = "founder"
    RENDERING = "rendering"
    PAUSED = "paused"


LABELS = {
    Party.TEAM: "Us",
    Party.FOUNDER: "The founder",
    Party.RENDERING: "Rendering",
    Party.PAUSED: "Paused",
}
WITH = {
    Party.TEAM: "with us",
    Party.FOUNDER: "with the founder",
    Party.RENDERING: "rendering",
    Party.PAUSED: "paused",
}


@dataclass(frozen=True)
class Waits:
    """The time of ``pilots`` pilots by whom they waited for.

    ``unknown`` more were imported, so their steps are not known.
    """

    pilots: int
    unknown: int
    by_party: dict[Party, timedelta]

    @property
    def total(self) -> timedelta:
        """Return the time from each pilot's creation to its end, or until now."""
        return sum(self.by_party.values(), timedelta())

    def share(self, party: Party) -> float | None:
        """Return the party's share of all time, 0 to 1; None if there is none."""
        return self.by_party[party] / self.total if self.total else None


def sentence(waits: Waits) -> str:
    """Return the time of one pilot: "18 days: 14 days with the founder, 4 days with us." "" if it is not known."""
    if not waits.pilots:
        return ""
    known = sorted(waits.by_party.items(), key=lambda item: -item[1])
    parts = [f"{long(time)} {WITH[party]}" for party, time in known if time >= timedelta(minutes=1)]
    return f"{long(waits.total)}: {', '.join(parts)}." if parts else ""


def reading(waits: Waits) -> str:
    """Return the shares of approved pilots in one sentence, with their number and what is left out."""
    imported = count(waits.unknown, "imported pilot")
    left_out = f" {imported} left out, since the steps are not known." if waits.unknown else ""
    if not waits.total:
        return f"No approved pilot whose steps are known.{left_out}"
    parts = [
        f"{LABELS[party].lower()} {percent(share)}"
        for party in sorted(Party, key=lambda party: -waits.by_party[party])
        if (share := waits.share(party))
    ]
    pilots, mean = count(waits.pilots, "approved pilot"), long(waits.total / waits.pilots)
    return f"{pilots}, {mean} from creation to approval on average: {', '.join(parts)}.{left_out}"


def long(time: timedelta) -> str:
    """Return a length in whole minutes, hours or days, rounded: "40 minutes", "5 hours", "14 days"."""
    minutes = time / timedelta(minutes=1)
    if minutes < 59.5:
        return count(round(minutes), "minute")
    if minutes < 47.5 * 60:
        return count(round(minutes / 60), "hour")
    return count(round(minutes / (24 * 60)), "day")
