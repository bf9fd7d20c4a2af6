"""Names of folders and files in a store's directory."""

from datetime import datetime

from pilot_core import ids

DATABASE = "pilots.duckdb"

ELSEWHERE = "pilots.elsewhere"
"""A note in the folder of a store whose rows are in PostgreSQL, so that nobody starts an empty store there."""

STATE_FILES = "pilot_*.json"
"""The pattern for names of state files."""

STATE_LOCK = ".state.lock"
"""The lock of the process that writes state files."""

IMPORTING = ".importing"
"""A marker that exists until all state files found in a folder without a database are imported."""

CERTIFICATES_KEY = ".certificates.key"
"""The key that approval certificates are signed with. It is in backups, so that a restored store signs as before."""

UPLOADS = "uploads"
"""The subfolder of a pilot's folder for uploaded videos."""

ATTACHMENTS = "attachments"
"""The subfolder of a pilot's folder for files that reviewers attached."""

BRAND_KIT = "brand_kit"
"""The subfolder of a pilot's folder for the files of its brand kit."""

RESERVE = ".reserve"
"""The file that is given up for the failure of a render on a full disk."""

LOGS = "logs"
"""The store's folder for logs: one for each attempt rendered in a separate process."""

LOST_FOUND = "lost+found"
"""Where a repair moves files and rows that belong to nothing in the database."""

GRACE_SECONDS = 600.0
"""Seconds after its last change in which a file that nothing refers to is left alone: it may be work in progress."""


def belongs(path: str, pilot_id: str) -> bool:
    """Whether a path in the store names something in that pilot's folder. It need not exist."""
    first, *rest = path.split("/")
    plain = all(part not in ("", ".", "..") for part in rest) and not {"\\", "\0"} & set(path)
    return first == pilot_id and bool(rest) and plain and ids.PILOT_ID.fullmatch(first) is not None


def attempt_folder(pilot_id: str, attempt_number: int, started_at: datetime) -> str:
    """Return the folder of an attempt's files, as a path in the store."""
    return f"{pilot_id}/attempt_{attempt_number}_{started_at:%Y%m%d_%H%M%S}"


def render_log(attempt_id: str) -> str:
    """Return the path of an attempt's render log in the store."""
    return f"{LOGS}/{attempt_id}.log"
