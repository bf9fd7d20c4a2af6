"""The data that one run of the pilot page shows, with the changes by others since the lead last saw the pilot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.domain.events import actor_name, describe
from pilot_core.domain.judgements import Override
from pilot_core.domain.pilot import PilotRun
from pilot_core.formatting import ago
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.history import Step, history
from pilot_core.store.tables.judgements import open_override
from pilot_core.web.components.times import viewer_zone

SECTION = "section"
"""The key of the tabs, which are always on the page. If the session lacks it, the lead has just opened the page."""

SEEN, REFUSAL, DONE, DIALOG = "seen", "refusal", "done", "dialog"
"""The session keys of a pilot: the version seen last, why the last action was refused, what the last action did, and
the open dialog.
"""


@dataclass(frozen=True)
class View:
    """What this run of the page shows.

    ``news`` is what others did since the lead last saw the pilot. ``override`` is the one in effect,
    or the one that waits for a second person.
    """

    store: PilotStore
    pilot: PilotRun
    lead: Actor
    now: datetime
    zone: str
    news: list[Step]
    override: Override | None

    @property
    def pilot_id(self) -> str:
        return self.pilot.pilot_id

    def key(self, name: str) -> str:
        """The session key of something on this pilot's page."""
        return session_key(self.pilot_id, name)

    def typed(self, name: str) -> str:
        """Return the current text of the input with that key."""
        return st.session_state.get(self.key(name)) or ""


def load_view(store: PilotStore, pilot_id: str, lead: Actor) -> View:
    """Load the pilot as it is now. Raises PilotNotFound."""
    session = st.session_state
    seen = session_key(pilot_id, SEEN)
    if session_key(pilot_id, SECTION) not in session:
        for name in (SEEN, REFUSAL, DONE, DIALOG):
            session.pop(session_key(pilot_id, name), None)

    def read(connection: Connection) -> tuple[PilotRun, list[Step], Override | None]:
        pilot = store.load(pilot_id)
        since = session.setdefault(seen, pilot.version)
        news = history(store.database, pilot_id, since) if pilot.version > since else []
        return pilot, news, open_override(connection, pilot_id)

    pilot, news, override = store.database.read(read)
    if not by_people(news):
        session[seen], news = pilot.version, []
    return View(store, pilot, lead, store.clock(), viewer_zone(), news, override)


def by_people(steps: Sequence[Step]) -> bool:
    """Whether a person, not only a pipeline, did any of the steps."""
    return any(not step.event.actor.startswith("pipeline") for step in steps)


def changes_by_people(view: View, steps: Sequence[Step]) -> tuple[str, ...]:
    """Return what people did in these steps, one sentence each."""
    return tuple(
        f"{actor_name(event.actor)} {describe(event)}, {ago(event.at, view.now)}"
        for _, event in steps
        if not event.actor.startswith("pipeline")
    )


def changes_since(view: View) -> str:
    """Return what people did to the pilot since the page was drawn, as one text."""
    return ". ".join(changes_by_people(view, history(view.store.database, view.pilot_id, view.pilot.version)))


def session_key(pilot_id: str, name: str) -> str:
    """The session key of something on one pilot's page."""
    return f"{pilot_id} {name}"
