"""A pilot's files, as they are named to people: what can be read, downloaded one by one, or taken as one zip."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pilot_core.documents import names
from pilot_core.models import PilotRun, PilotRunAttempt
from pilot_core.store.pilots import PilotStore

TITLES = {
    names.RUNBOOK: "Runbook",
    "founder_instructions.txt": "Founder instructions",
    "what_to_expect.txt": "What to expect",
    "approval_criteria.txt": "Approval criteria",
    names.MARKETING_SUMMARY: "Marketing summary",
    names.DIRECTOR_NOTES: "Director’s notes",
    names.WHAT_CHANGED: "What changed since the last version",
    names.PUBLISH_CHECKLIST: "Publish checklist",
    "final_video.mp4": "Final video",
    "captions.vtt": "Captions",
    "contact_sheet.jpg": "Contact sheet",
    "poster.jpg": "Poster",
    "quality_report.json": "Quality report",
}
# What only a program has a use for; it is in the zip, and in no list.
UNLISTED = ("sprite.jpg", "sprite.json")
READABLE = (".txt", ".vtt", ".json")
FILM_SUFFIXES = (".mp4", ".mov", ".webm", ".vtt")
OWN = (names.RUNBOOK, *names.FOUNDER_DOCUMENTS)


class Item(NamedTuple):
    """One file. ``name`` is its path under the pilot's folder, ``path`` that in the store; ``attempt`` is None for the
    pilot's own documents.
    """

    name: str
    path: str
    attempt: int | None

    @property
    def title(self) -> str:
        """What people call it."""
        own = self.name.rsplit("/", 1)[-1]
        stem = own.rsplit(".", 1)[0].replace("_", " ")
        return TITLES.get(own, stem[:1].upper() + stem[1:])

    @property
    def readable(self) -> bool:
        return self.path.endswith(READABLE)


def shelf(store: PilotStore, pilot: PilotRun) -> list[Item]:
    """Every finished file of the pilot that is there: its own documents first, then attempt by attempt."""
    base = pilot.pilot_id
    attempts = {a.attempt_number: list(_files_of(store, base, a)) for a in pilot.runs}
    own = [f"{base}/{name}" for name in OWN]
    there = store.media.existing([*own, *(path for paths in attempts.values() for path in paths)])
    found = [Item(name, path, None) for name, path in zip(OWN, own, strict=True) if path in there]
    for number in sorted(attempts):
        known: dict[str, Item] = {}
        for path in (path for path in attempts[number] if path in there):
            within = path.startswith(f"{base}/")
            name = path.removeprefix(f"{base}/") if within else f"attempt_{number}/{Path(path).name}"
            known.setdefault(name, Item(name, path, number))
        found += sorted(known.values(), key=_order)
    return found


def _files_of(store: PilotStore, base: str, attempt: PilotRunAttempt) -> Iterator[str]:
    """The attempt's folders within the pilot's own, and its films and captions wherever in the store they are."""
    for folder in (attempt.folder, attempt.review_pack_path):
        # An imported state file may name any folder; the store's own, say.
        if folder and (store.root / base).resolve() in (store.root / folder).resolve().parents:
            yield from (path for path in store.media.under(folder) if not path.endswith(".log"))
    films = [attempt.video_path, *(p for draft in attempt.drafts for p in (draft.video_path, draft.captions_path))]
    yield from (film for film in films if film and film.endswith(FILM_SUFFIXES))


def _order(item: Item) -> tuple[int, int, str]:
    known = list(TITLES)
    own = item.name.rsplit("/", 1)[-1]
    return item.name.count("/"), known.index(own) if own in known else len(known), item.name
