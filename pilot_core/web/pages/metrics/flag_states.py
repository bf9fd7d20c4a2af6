"""The states of a flag on a pilot, with the word and colour each has in charts and tables."""

from pilot_core.insight.evidence import FlagState
from pilot_core.web.pages.metrics.plot import GREEN, ORANGE, SKY, VERMILLION

STATES = {
    FlagState.PERSISTENT: ("Recurring", VERMILLION),
    FlagState.NEW: ("New", ORANGE),
    FlagState.RAISED: ("Raised", SKY),
    FlagState.RESOLVED: ("Not raised again", GREEN),
}
