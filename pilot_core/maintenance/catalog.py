"""Check the whole catalogue: each file by itself, and the files with each other and with the program."""

from pilot_core import catalog
from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.insight.rules import current_programme_rules, current_rules
from pilot_core.insight.themes import check_lexicon


def check_catalog() -> None:
    """Raise CatalogError for the first fault, naming the file, the key and the reason."""
    catalog.check()
    for flag in catalog.flags().values():
        if flag.needs and flag.needs not in BRIEF_LABELS:
            fields = ", ".join(BRIEF_LABELS)
            raise catalog.wrong("flags", f"{flag.id}.needs", f"a brief has no “{flag.needs}”; it has: {fields}")
    current_rules(), current_programme_rules()
    check_lexicon()
