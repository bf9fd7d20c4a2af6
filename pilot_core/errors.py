"""Every failure a person can meet. The message of each is a sentence for that person: what was wrong, what to do."""


class PilotError(Exception):
    """Base of all errors this product raises on purpose; ``str(error)`` may be shown to anyone.

    ``shell`` names the command line's option that helps, which a page has no use for.
    """

    def __init__(self, message: str, *, shell: str = ""):
        super().__init__(message)
        self.shell = shell


class InvalidRequest(PilotError):
    """Something asked for cannot be done as asked. ``field`` names the input at fault, where there is one."""

    def __init__(self, message: str, *, field: str | None = None, shell: str = ""):
        super().__init__(message, shell=shell)
        self.field = field


class PilotNotFound(PilotError):
    """No pilot, or no attempt of it, has that id."""


class NotAllowedNow(PilotError):
    """The pilot's present state forbids this: it is completed, paused, out of attempts or awaits something else."""


class Conflict(PilotError):
    """The pilot was changed by someone else since it was loaded. Nothing was written."""


class StoreError(PilotError):
    """The store cannot be opened, read or written."""


class PipelineFailed(PilotError):
    """A pipeline made no usable cut; the message is the reason kept with the attempt."""
