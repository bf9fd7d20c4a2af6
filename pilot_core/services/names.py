"""What the user of this machine is called, for founders and the team."""

from pilot_core.domain.actors import Actor
from pilot_core.domain.roles import ActKind
from pilot_core.review.words import checked_name
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables.display_names import set_name


def set_display_name(store: PilotStore, name: str, actor: Actor) -> None:
    """Set what the user of this machine is called from now on. Raises InvalidRequest for a name that none can be."""
    given, now = checked_name(name), store.clock()

    def write(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.NAME, None, now)
        set_name(connection, given, now)

    store.database.transaction(write)
