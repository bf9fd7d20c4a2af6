"""Run a worker on the store of the settings: ``python -m pilot_core.cli.render_worker``."""

import logging
import sys

from pilot_core import logs
from pilot_core.bootstrap import open_store
from pilot_core.erasure.other_servers import follower
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.rendering.queue_worker import work
from pilot_core.settings import read_settings

log = logging.getLogger("pilot_core.cli.render_worker")  # run as a program, its __name__ is __main__


def main() -> int:
    """Work until a signal ends the process; returns 1 when the worker cannot start."""
    try:
        config = read_settings()
        logs.set_up(config.log_level or "info")
        if not config.database_url:
            raise InvalidRequest("Workers need PILOT_OPS_DATABASE_URL: without it the dashboard makes its cuts itself.")
        store = open_store(config)
        work(store, config, config.database_url, follower(store))
    except PilotError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
