"""The errors that people see. Each message is a sentence that says what was wrong and what to do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class PilotError(Exception):
    """Base of all errors this product raises on purpose; ``str(error)`` may be shown to anyone.

    ``shell`` names the command-line option that helps. Pages do not show it.
    """

    def __init__(self, message: str, *, shell: str = ""):
        super().__init__(message)
        self.shell = shell


class InvalidRequest(PilotError):
    """The request cannot be carried out as given. ``field`` names the invalid input, if there is one."""

    def __init__(self, message: str, *, field: str | None = None, shell: str = ""):
        super().__init__(message, shell=shell)
        self.field = field


class PilotNotFound(PilotError):
    """There is no pilot with that id, or no such attempt of it."""


class NotAllowedNow(PilotError):
    """The pilot's state does not allow this: it is completed, paused, out of attempts or waiting for another step."""


class Conflict(PilotError):
    """The pilot was changed by someone else since it was loaded. Nothing was written."""


class StoreError(PilotError):
    """The store cannot be opened, read or written."""


class StoreDamaged(StoreError):
    """A part of the database's file is not what was written. Only a backup helps, not another try."""


class CatalogError(PilotError):
    """A file of the catalogue is wrong. The message names the file and the key."""


class AccessDenied(PilotError):
    """Who asks may not see or do this."""


class LinkRefused(PilotError):
    """The link or grant is wrong, expired or revoked. The message does not say which."""

    def __init__(self) -> None:
        super().__init__("This link does not open anything any more. Ask whoever sent it for a new one.")


class PipelineFailed(PilotError):
    """A pipeline made no usable video. The message is stored with the attempt as the reason."""


def first_fault(error: "ValidationError") -> tuple[str, str]:
    """Return the first invalid field, "" if it is the value itself, and what is wrong with it."""
    first = error.errors()[0]
    if first["type"] == "string_unicode":
        return ".".join(str(part) for part in first["loc"]), "a text has half a surrogate pair, which is no character"
    return ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ").lower()


def reason_of(error: Exception) -> str:
    """Return a sentence that says why something failed, also for errors whose message is not meant for people."""
    if isinstance(error, PilotError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"An unexpected error occurred ({type(error).__name__}); the log has the details."
