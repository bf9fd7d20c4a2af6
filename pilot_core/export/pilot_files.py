"""A pilot's finished files and their titles, which can be read, downloaded one by one, or downloaded as a zip."""

from collections.abc import Iterator
from typing import NamedTuple

from pilot_core.documents import names
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.store.files.layout import belongs
from pilot_core.store.files.media import is_video
from pilot_core.store.pilots import PilotStore

TITLES = {
    names.RUNBOOK: "Runbook",
    names.FOUNDER_INSTRUCTIONS: "Founder instructions",
    names.WHAT_TO_EXPECT: "What to expect",
    names.APPROVAL_CRITERIA: "Approval criteria",
    names.MARKETING_SUMMARY: "Marketing summary",
    names.DIRECTOR_NOTES: "Director’s notes",
    names.WHAT_CHANGED: "What changed since the last version",
    names.PUBLISH_CHECKLIST: "Publish checklist",
    names.FINAL_VIDEO: "Final video",
    names.CAPTIONS: "Captions",
    names.CONTACT_SHEET: "Contact sheet",
    names.POSTER: "Poster",
    names.QUALITY_REPORT: "Quality report",
    names.STORYBOARD: "Storyboard",
}
UNLISTED = (names.SPRITE, names.SPRITE_TIMES)
RENDITIONS = {".conformed": ", as it is watched", ".light": ", for slow networks"}
"""What the names of videos say that are made of a draft."""
READABLE = (".txt", ".vtt", ".json")
PILOT_DOCUMENTS = (names.RUNBOOK, *names.FOUNDER_DOCUMENTS)


class PilotFile(NamedTuple):
    """One file: ``name`` is its path in the pilot's folder, ``path`` that in the store.

    ``attempt`` is None for the pilot's own documents.
    """

    name: str
    path: str
    attempt: int | None

    @property
    def title(self) -> str:
        """The title that pages show."""
        own = self.name.rsplit("/", 1)[-1]
        stem = own.rsplit(".", 1)[0].replace("_", " ")
        for part, meaning in RENDITIONS.items():
            stem = stem.replace(part, meaning)
        return TITLES.get(own, stem[:1].upper() + stem[1:])

    @property
    def listed(self) -> bool:
        """Whether lists name it. The zip also contains the pictures that only players use."""
        own = self.name.rsplit("/", 1)[-1]
        return own not in UNLISTED and not names.SHOT_STILL.fullmatch(own) and not own.endswith(names.DRAFT_STORYBOARD)

    @property
    def readable(self) -> bool:
        """Whether a page can show it as text."""
        return self.path.endswith(READABLE)


def files_of(store: PilotStore, pilot: PilotRun) -> list[PilotFile]:
    """Return every finished file of the pilot that exists: its own documents first, then each attempt's."""
    base = pilot.pilot_id
    attempts = {a.attempt_number: list(_paths_of(store, base, a)) for a in pilot.runs}
    own = [f"{base}/{name}" for name in PILOT_DOCUMENTS]
    existing = store.media.existing([*own, *(path for paths in attempts.values() for path in paths)], of=base)
    found = [PilotFile(name, path, None) for name, path in zip(PILOT_DOCUMENTS, own, strict=True) if path in existing]
    for number in sorted(attempts):
        known: dict[str, PilotFile] = {}
        for path in (path for path in attempts[number] if path in existing):
            name = path.removeprefix(f"{base}/")
            known.setdefault(name, PilotFile(name, path, number))
        found += sorted(known.values(), key=_order)
    return found


def _paths_of(store: PilotStore, base: str, attempt: PilotRunAttempt) -> Iterator[str]:
    """Yield the files in the attempt's folders, and its videos and captions."""
    for folder in (attempt.folder, attempt.review_pack_path):
        # Whoever set it may have named any folder, even the store's own.
        if folder and belongs(folder, base):
            yield from (path for path in store.media.files_under(folder) if not path.endswith(".log"))
    of_drafts = (
        path
        for draft in attempt.drafts
        for path in (draft.video_path, draft.original_path, draft.light_path, draft.captions_path)
    )
    for path in (attempt.video_path, *of_drafts):
        if path and (is_video(path) or path.lower().endswith(".vtt")):
            yield path


def _order(item: PilotFile) -> tuple[int, int, str]:
    known = list(TITLES)
    own = item.name.rsplit("/", 1)[-1]
    return item.name.count("/"), known.index(own) if own in known else len(known), item.name
