"""Who uses this machine: their login, and the name that people read."""

from datetime import datetime
from getpass import getuser

from pilot_core.store.engine.connection import Connection, insert, rows
from pilot_core.store.tables.columns import to_column

UNNAMED = "A lead"
"""What someone is called whose login names no person, until they give a name."""
MACHINE_LOGINS = ("root", "administrator", "admin", "nobody", "ubuntu", "debian", "ec2-user", "user", "unknown user")


def local_login() -> str:
    """Return the login of the user who runs this process."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown user"


def given_name(connection: Connection) -> str | None:
    """The name that the user of this machine has given, or None."""
    found = rows(connection, "SELECT name FROM display_names WHERE login = ?", [local_login()])
    return found[0]["name"] if found else None


def local_name(connection: Connection) -> str:
    """What events and pages call the user of this machine: the name they gave, else a login that is a name."""
    login = local_login()
    return given_name(connection) or (UNNAMED if login.lower() in MACHINE_LOGINS else login)


def set_name(connection: Connection, name: str, now: datetime) -> None:
    """Store what the user of this machine is called."""
    row = {"login": local_login(), "name": name, "set_at": to_column(now)}
    insert(connection, "display_names", row, key="login")
