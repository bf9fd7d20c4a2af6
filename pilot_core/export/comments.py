"""A pilot's comments as CSV."""

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.export_columns import COMMENTS
from pilot_core.store.queries.export_copies import open_copies, temporary_folder
from pilot_core.store.queries.exports import copy_pilot


def comments_csv(store: PilotStore, pilot_id: str) -> bytes:
    """Return one pilot's comments and replies as CSV, as they are in the comments table of a cohort."""
    with temporary_folder() as folder:
        copy_pilot(store.database, pilot_id, COMMENTS, folder)
        with open_copies(folder) as copies:
            return b"".join(copies.csv(COMMENTS))
