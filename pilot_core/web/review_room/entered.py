"""What was typed into a form of the room."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pilot_core.web.access.forms import Form


@dataclass(frozen=True)
class Entered:
    """What was typed into a form that was refused, or undone: it is on the page again, with why."""

    form: str = ""
    fault: str = ""
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    had_file: bool = False

    def one(self, form: str, name: str, otherwise: str = "") -> str:
        """What was typed into that field of that form."""
        return next(iter(self.fields.get(name, ())), otherwise) if form == self.form else otherwise

    def every(self, form: str, name: str) -> list[str]:
        """What was chosen of a field with several values."""
        return list(self.fields.get(name, ())) if form == self.form else []

    def lost_file(self, form: str) -> bool:
        """Whether a file came with that form, which a browser without a script has to be given again."""
        return self.had_file and form == self.form

    def fault_of(self, form: str) -> str:
        """Why that form was refused; "" if it was not."""
        return self.fault if form == self.form else ""


def entered_in(name: str, form: Form, fault: str) -> Entered:
    """A refused form's fields under the form's name."""
    return Entered(name, fault, {key: list(values) for key, values in form.fields.items()})
