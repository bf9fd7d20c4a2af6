"""The composition root: builds the settings, the store and the launcher of a process, which are then passed on."""

import logging
from dataclasses import dataclass
from pathlib import Path

from pilot_core import catalog
from pilot_core.clock import Clock, utc_now
from pilot_core.domain.promises import Promises
from pilot_core.errors import PilotError
from pilot_core.maintenance.catalog import check_catalog
from pilot_core.maintenance.current_rules import judge_anew
from pilot_core.rendering.launching import Launcher, launcher
from pilot_core.settings import Settings, read_settings
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

JUDGED_AT_OPENING = 500


@dataclass(frozen=True)
class App:
    """The settings of this process, its store, and its launcher of renders. ``clock`` is the store's clock."""

    settings: Settings
    store: PilotStore
    launch: Launcher
    clock: Clock


def build(settings: Settings, clock: Clock = utc_now) -> App:
    """Check the catalogue, open the store that the settings name, and return the app.

    Raises CatalogError, and StoreError if the store cannot be opened.
    """
    catalog.use(settings.catalog)
    check_catalog()
    return App(settings, open_store(settings, clock=clock), launcher(settings.workers_database_url), clock)


def open_store(settings: Settings, root: Path | None = None, clock: Clock = utc_now) -> PilotStore:
    """Open the store in ``root`` (by default the settings' folder) with the settings' database and bucket.

    After a change of the rules, the newest pilots are judged anew here, the others by the repair at a server's start.
    Raises StoreError.
    """
    catalog.use(settings.catalog)
    store = PilotStore(
        root or settings.store,
        clock,
        database_url=settings.database_url,
        connections=settings.database_connections,
        media=settings.media,
    )
    store.promises, store.second_reason = _promises(settings), settings.second_reason
    try:
        judge_anew(store, most=JUDGED_AT_OPENING)
    except PilotError as error:
        log.warning("saved recommendations are still by earlier rules: %s", error)
    return store


def _promises(settings: Settings) -> Promises:
    return Promises(settings.review_hours, settings.answer_hours)


class EnvironmentStore(PilotStore):
    """The guide's ``PilotStore("data/pilots")``, with the database and the bucket that the environment names.

    ``database_url`` overrides the environment's database; an empty one uses the database file in the folder.
    """

    def __init__(self, root: str | Path, clock: Clock = utc_now, *, database_url: str | None = None):
        settings = read_settings()
        catalog.use(settings.catalog)
        url = settings.database_url if database_url is None else database_url
        connections = settings.database_connections
        super().__init__(root, clock, database_url=url or None, connections=connections, media=settings.media)
        self.promises, self.second_reason = _promises(settings), settings.second_reason
