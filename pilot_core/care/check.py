"""Every disagreement between the database and the folder beside it, each as one plain sentence."""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pilot_core import ids
from pilot_core.care.archive import NAME
from pilot_core.documents.names import FOUNDER_DOCUMENTS, RUNBOOK
from pilot_core.errors import InvalidRequest
from pilot_core.files import TEMPORARY
from pilot_core.formatting import count, printable
from pilot_core.models import AttemptState, FeedbackLevel, PilotRun, PilotRunAttempt
from pilot_core.rendering import never_began
from pilot_core.store import erasures, renders, soundness, state_files
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.media import Kept
from pilot_core.store.pilots import PilotStore
from pilot_core.store.rows import derived_row

LOST_FOUND = "lost+found"
UNDER_WAY_SECONDS = 600.0
"""What nobody refers to but changed this recently may be somebody's work under way, and is left alone."""

UNFINISHED = (".part", ".part.wal", ".tmp")
LASTING = ("missing", "changed")
MAKING = (AttemptState.QUEUED, AttemptState.RENDERING)
STANDING = (
    "decisions",
    "attempts_used",
    "total_cost_dollars",
    "exhausted",
    "latest_attempt",
    "latest_state",
    "latest_decision",
    "latest_said_by",
    "latest_sla_passed",
    "latest_note",
    "latest_since",
)
RULED = ("recommendation", "recommendation_state", "reason_code", "reason_text")


@dataclass(frozen=True)
class Finding:
    """One disagreement: its kind, what it is about (a pilot's id, a path in the store, a column), a sentence."""

    kind: str
    about: str
    sentence: str


def check(store: PilotStore, *, thorough: bool = True, under_way: float = UNDER_WAY_SECONDS) -> list[Finding]:
    """Every disagreement, in a lasting order; what only one of two looks saw was a change in passing and is left out.

    Without ``thorough`` only what a crash can leave is looked for: no film is read and no pilot is judged anew.
    ``under_way``: for how many seconds after its last change a file that nobody refers to is left alone.
    """
    first = list(_look(store, thorough, under_way))
    if all(finding.kind in LASTING for finding in first):
        return first
    again = {(finding.kind, finding.about) for finding in _look(store, thorough, under_way, films=False)}
    return [f for f in first if f.kind in LASTING or (f.kind, f.about) in again]


def _look(store: PilotStore, thorough: bool, under_way: float, *, films: bool = True) -> Iterator[Finding]:
    erased = erased_here(store)
    for pilot_id in erased:
        yield Finding("erased", pilot_id, f"The pilot {pilot_id} was erased, but some of its files are still there.")
    if erasures.still_in_the_file(store.database):
        name = store.database.called
        yield Finding("in_the_file", name, f"{name} may still hold bytes of what was erased; it was not written anew.")
    for found in _disagreements(store, thorough, under_way, films):
        if found.about.removesuffix(".json") not in erased:
            yield Finding(found.kind, found.about, printable(found.sentence))


def _disagreements(store: PilotStore, thorough: bool, under_way: float, films: bool) -> Iterator[Finding]:
    gone = renders_gone(store)
    for attempt_id in gone:
        yield Finding(
            "render_gone", attempt_id, f"The attempt {attempt_id} is being made, but the process that made it is gone."
        )
    if thorough:
        yield from _schema(store)
        yield from _lost_rows(store)
    pilots = store.load_all()
    if thorough:
        yield from _derived(store, pilots)
    yield from _state_files(store, pilots, thorough)
    strays = list(_stray_state_files(store, {pilot.pilot_id for pilot in pilots}))
    yield from (finding for _, finding in strays)
    if films:
        yield from _films(store, pilots, thorough)
    waiting = {pilot_id for pilot_id, finding in strays if finding.kind != "stray"}
    yield from _folders(store, pilots, waiting, under_way)
    if isinstance(store.media, BucketMedia):
        from pilot_core.care.bucket import disagreements

        yield from disagreements(store, store.media, pilots, under_way)
    if thorough:
        yield from _odd_names(store, pilots)


def erased_here(store: PilotStore) -> list[str]:
    """The ids of erased pilots of which files may be left: the erasure was interrupted, or made at another folder."""
    left = erasures.unfinished(store.database)
    if store.media.place is None:
        return left  # there is no other folder
    names = {found[0] for path in _of_pilots(store.root) if (found := ids.PILOT_ID.match(path.name))}
    for path in (store.root / LOST_FOUND).glob("*/*.rows"):
        names.update(found[0] for found in ids.PILOT_ID.finditer(path.read_text("utf-8", "replace")))
    erased = erasures.erased_among(store.database, names - set(left))
    again = {pilot.pilot_id for pilot in store.load_all(erased)}  # brought back by an import
    return left + [pilot_id for pilot_id in erased if pilot_id not in again]


def _of_pilots(root: Path) -> Iterator[Path]:
    """What may be named after a pilot: folders, state files, logs, and what a repair set aside."""
    yield from root.iterdir()
    yield from (root / "logs").glob("*.log")
    yield from (root / LOST_FOUND).glob("*/*")


def renders_gone(store: PilotStore) -> list[str]:
    """The ids of attempts under way that nobody is making, and of renders noted for attempts that are not under way."""
    now = store.clock()
    found = [ids.attempt_id_for(pilot_id, number) for pilot_id, number in never_began(store)]
    return found + [r.attempt_id for r in renders.under_way(store.database) if not renders.is_alive(r, now)]


def _schema(store: PilotStore) -> Iterator[Finding]:
    differences = soundness.schema_differences(store.database)
    if differences:
        yield Finding("schema", "schema", f"The database is not built as it should be: {'; '.join(differences)}.")


def _lost_rows(store: PilotStore) -> Iterator[Finding]:
    for lost in soundness.lost_rows(store.database):
        named = ", ".join(lost.values[:3]) + (" …" if len(lost.values) > 3 else "")
        yield Finding(
            "lost_rows",
            f"{lost.table}.{lost.column}",
            f"Rows of {lost.table} refer to {count(len(lost.values), 'row')} of {lost.parent} that "
            f"{'is' if len(lost.values) == 1 else 'are'} not there: {named}.",
        )


def _derived(store: PilotStore, pilots: list[PilotRun]) -> Iterator[Finding]:
    stored = soundness.derived_columns(store.database, [*STANDING, *RULED, "rules_version"])
    for pilot in pilots:
        row = stored.get(pilot.pilot_id)
        if row is None or row["version"] != pilot.version:
            continue
        wrong = wrong_columns(pilot, row)
        if wrong:
            yield Finding(
                "derived",
                pilot.pilot_id,
                f"What lists show of {pilot.pilot_id} does not follow from its attempts: {', '.join(sorted(wrong))}.",
            )


def wrong_columns(pilot: PilotRun, row: dict[str, object]) -> dict[str, object]:
    """The derived columns of a pilot's row that are not what its attempts give, as they should be."""
    meant = derived_row(pilot)
    # Other rules said something else then, and their version says which.
    names = STANDING + (RULED if row["rules_version"] == meant["rules_version"] else ())
    return {name: meant[name] for name in names if not _same(row[name], meant[name])}


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) < 1e-6
    return one == other


def _state_files(store: PilotStore, pilots: list[PilotRun], thorough: bool) -> Iterator[Finding]:
    for pilot in pilots:
        name = f"{pilot.pilot_id}.json"
        try:
            text = (store.root / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            yield Finding("state_old", name, f"The state file {name} is missing.")
            continue
        except (OSError, UnicodeDecodeError):
            yield Finding("state_odd", name, f"The state file {name} cannot be read.")
            continue
        try:
            revision = int(json.loads(text).get("revision", 0))
        except (ValueError, TypeError, AttributeError):
            yield Finding("state_odd", name, f"The state file {name} is not whole.")
            continue
        if revision < pilot.version:
            yield Finding(
                "state_old",
                name,
                f"The state file {name} is of save {revision}; the database has save {pilot.version}.",
            )
        elif revision > pilot.version:
            yield Finding(
                "state_odd",
                name,
                f"The state file {name} is of save {revision}, newer than the database's {pilot.version}.",
            )
        elif thorough and text != state_files.text(pilot):
            yield Finding("state_odd", name, f"The state file {name} says something else than the database.")


def _stray_state_files(store: PilotStore, known: set[str]) -> Iterator[tuple[str, Finding]]:
    """State files of no pilot in the database, each with the pilot's id or else the name it would have."""
    for path in sorted(store.root.glob("pilot_*.json")):
        if path.stem in known:
            continue
        name = path.name
        try:
            pilot_id = state_files.read(path).pilot_id
        except InvalidRequest as error:
            yield path.stem, Finding("state_bad", name, f"{error} It is of no pilot in the database and stays there.")
            continue
        if pilot_id in known:
            yield path.stem, Finding("stray", name, f"The state file {name} is of no pilot in the database.")
        else:
            sentence = f"The state file {name} is of a pilot that is not imported yet; import it with --import-state."
            yield pilot_id, Finding("not_imported", name, sentence)


def _films(store: PilotStore, pilots: list[PilotRun], thorough: bool) -> Iterator[Finding]:
    root = store.root.resolve()
    kept = store.media.known()
    elsewhere = {*kept, *(parent.as_posix() for path in kept for parent in PurePosixPath(path).parents)}
    for pilot in pilots:
        for attempt in pilot.runs:
            if attempt.state is not AttemptState.READY:
                continue
            what = f"attempt {attempt.attempt_number} of {pilot.pilot_id}"
            for label, path in _referred(attempt):
                real = _inside(root, path)
                if real and path not in elsewhere and not real.exists():
                    yield Finding("missing", path, f"The {label} of {what} is missing: {path}.")
            if thorough:
                yield from _approved(root, attempt, what, kept)


def _approved(root: Path, attempt: PilotRunAttempt, what: str, kept: dict[str, Kept]) -> Iterator[Finding]:
    approved = {f.sha256 for f in attempt.feedback if f.level is FeedbackLevel.APPROVE and f.sha256}
    film = _inside(root, attempt.video_path or "") if approved else None
    if film and attempt.video_path in kept:
        now = kept[attempt.video_path].sha256
    elif film and film.is_file():
        with film.open("rb") as file:
            now = hashlib.file_digest(file, "sha256").hexdigest()
    else:
        return
    if now not in approved:
        yield Finding("changed", attempt.video_path or "", f"The film of {what} is not the one that was approved.")


def _referred(attempt: PilotRunAttempt) -> Iterator[tuple[str, str]]:
    """What an attempt says lies on the disk, each path once."""
    named = [("film", attempt.video_path), ("review pack", attempt.review_pack_path)]
    for draft in attempt.drafts:
        named += [
            (f"draft {draft.iteration}", draft.video_path),
            (f"captions of {draft.iteration}", draft.captions_path),
        ]
    seen: set[str] = set()
    for label, path in named:
        if path and path not in seen:
            seen.add(path)
            yield label, path


def _inside(root: Path, path: str) -> Path | None:
    """The file, if the path lies in the store, whose real folder is ``root``; an imported pilot's may lie anywhere."""
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return real if path and real.is_relative_to(root) else None


def _folders(store: PilotStore, pilots: list[PilotRun], waiting: set[str], under_way: float) -> Iterator[Finding]:
    """``waiting``: pilots to be imported, whose folders are left alone."""
    known = {pilot.pilot_id: pilot for pilot in pilots}
    root = store.root.resolve()
    for path in sorted(store.root.iterdir()):
        if _is_unfinished(path):
            if settled(path, under_way):
                yield _leftover(store, path)
        elif path.is_dir() and path.name not in known and ids.PILOT_ID.fullmatch(path.name):
            if path.name not in waiting and settled(path, under_way):
                yield Finding("stray", path.name, f"The folder {path.name} is of no pilot in the database.")
        elif path.is_dir() and path.name in known:
            yield from _pilot_folder(store, root, known[path.name], path, under_way)


def _pilot_folder(store: PilotStore, root: Path, pilot: PilotRun, folder: Path, under_way: float) -> Iterator[Finding]:
    referred = {
        real for attempt in pilot.runs for path in paths_of(attempt) if (real := _inside(root, path)) is not None
    }
    own = {name: f"{pilot.pilot_id}/{name}" for name in (RUNBOOK, *FOUNDER_DOCUMENTS)}
    absent = [name for name in own if not (folder / name).exists()]
    papers = absent and [name for name in absent if own[name] not in store.media.existing(own.values())]
    if papers and (folder / RUNBOOK).exists() and settled(folder, under_way):
        yield Finding("papers", pilot.pilot_id, f"Documents of {pilot.pilot_id} are missing: {', '.join(papers)}.")
    making = {_inside(root, a.folder) for a in pilot.runs if a.folder and a.state in MAKING}
    failed = {_inside(root, a.folder) for a in pilot.runs if a.folder and a.state is AttemptState.FAILED}
    for path in sorted(folder.iterdir()):
        name = path.relative_to(store.root).as_posix()
        if path.resolve() in making:
            continue
        if _is_unfinished(path):
            if settled(path, under_way):
                yield _leftover(store, path)
        elif path.name == "uploads":
            yield from _uploads(store, path, referred, under_way)
        elif path.is_dir() and path.name.startswith("attempt_"):
            here = path.resolve()
            needed = any(real == here or here in real.parents for real in referred)
            if not needed and any(p.is_file() and p.suffix != ".log" for p in path.rglob("*")):
                if here in failed:
                    yield Finding("half_made", name, f"The folder {name} holds half-made files of a failed attempt.")
                elif settled(path, under_way):
                    yield Finding("stray", name, f"The folder {name} is of no attempt in the database.")
            elif needed:
                for part in sorted(p for p in path.rglob("*") if _is_unfinished(p) and settled(p, under_way)):
                    yield _leftover(store, part)


def paths_of(attempt: PilotRunAttempt) -> Iterator[str]:
    """Every path an attempt names; the folder of a failed one counts for nothing, its upload does."""
    yield from (path for _, path in _referred(attempt))
    if attempt.upload_path:
        yield attempt.upload_path
    if attempt.folder and attempt.state is not AttemptState.FAILED:
        yield attempt.folder


def _uploads(store: PilotStore, folder: Path, referred: set[Path], under_way: float) -> Iterator[Finding]:
    for path in sorted(folder.iterdir()):
        if not settled(path, under_way):
            continue
        if _is_unfinished(path):
            yield _leftover(store, path)
        elif path.resolve() not in referred:
            name = path.relative_to(store.root).as_posix()
            yield Finding("stray", name, f"The uploaded film {name} is of no attempt in the database.")


def _odd_names(store: PilotStore, pilots: list[PilotRun]) -> Iterator[Finding]:
    for pilot in pilots:
        for place, folders, names in os.walk(store.root / pilot.pilot_id):
            for odd in sorted(name for name in (*folders, *names) if not NAME.fullmatch(name)):
                path = (Path(place) / odd).relative_to(store.root).as_posix()
                yield Finding("odd_name", path, f"No backup can hold {path}, for its name; give it another one.")
            folders[:] = [name for name in folders if NAME.fullmatch(name)]


def _leftover(store: PilotStore, path: Path) -> Finding:
    name = path.relative_to(store.root).as_posix()
    return Finding("leftover", name, f"{name} was being written when a process ended; it is not whole.")


def _is_unfinished(path: Path) -> bool:
    return bool(TEMPORARY.fullmatch(path.name)) or path.name.endswith(UNFINISHED)


def settled(path: Path, under_way: float) -> bool:
    """Whether nothing at the path changed lately; a time to come is no work under way but a clock that was set back."""
    now = time.time()
    try:
        paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
        return all(abs(now - p.lstat().st_mtime) >= under_way for p in paths)
    except OSError:
        return False


def summary(findings: list[Finding]) -> str:
    """How many disagreements there are, in one sentence."""
    if not findings:
        return "The database and its folder agree."
    return f"{count(len(findings), 'disagreement')} between the database and its folder."
