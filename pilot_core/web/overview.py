"""What the overview shows above its list, read in one go."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from pilot_core.store.attention import Kind, Need, Standing, attention, begin_visit
from pilot_core.store.database import rows
from pilot_core.store.headlines import Headlines, headlines
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access

SINCE_KEY = "overview_since"


@dataclass(frozen=True)
class Today:
    """How things stand at ``now`` (UTC)."""

    now: datetime
    standing: Standing
    needs: list[Need]
    headlines: Headlines


def look(store: PilotStore, visitor: str, all_of: tuple[Kind, ...]) -> Today:
    """How things stand for this visitor, whose present visit is noted once a session.

    Of viewers nothing is noted, so nothing is new to them.
    """
    now = store.clock()
    if SINCE_KEY not in st.session_state:
        st.session_state[SINCE_KEY] = begin_visit(store.database, visitor, now) if access.may_change() else None
    since = st.session_state[SINCE_KEY]

    def work(connection: Connection) -> Today:
        standing, needs = attention(connection, visitor, since, now, all_of=all_of)
        return Today(now, standing, needs, headlines(connection, now))

    return store.database.read(work)


def is_empty(store: PilotStore) -> bool:
    """Whether there is no pilot at all."""
    return not store.database.read(lambda c: rows(c, "SELECT 1 FROM pilots LIMIT 1"))
