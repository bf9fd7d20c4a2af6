"""Find every inconsistency between the database and the store's folder and bucket, each described in one sentence."""

import time
from collections.abc import Iterator
from pathlib import Path

from pilot_core import ids
from pilot_core.documents.names import FOUNDER_DOCUMENTS, RUNBOOK
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.files import pilots_with_files_left
from pilot_core.errors import StoreDamaged
from pilot_core.files import TEMPORARY
from pilot_core.formatting import count, printable
from pilot_core.insight.recommend import recommend
from pilot_core.maintenance import attached, bucket, current_rules, films, odd_files, state_file_findings, uncopied
from pilot_core.maintenance.films import inside
from pilot_core.maintenance.findings import Finding, paths_of
from pilot_core.rendering.recovery import never_began
from pilot_core.store.engine import integrity
from pilot_core.store.files.layout import GRACE_SECONDS, UPLOADS
from pilot_core.store.pilots import PilotStore
from pilot_core.store.processes import is_alive
from pilot_core.store.queries import erasures
from pilot_core.store.queries.renders import under_way as renders_under_way
from pilot_core.store.tables import documents_due
from pilot_core.store.tables.pilots import derived_columns
from pilot_core.store.tables.within_limits import collecting

UNFINISHED = (".part", ".part.wal", ".tmp")
LASTING = ("missing", "changed", films.DAMAGED, "damaged", "contradiction", "backup", uncopied.LOSS)
DERIVED = (
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
    "latest_stage",
    "latest_stage_since",
    "latest_watched",
    "latest_reached_at",
)
RULED = ("recommendation", "recommendation_state", "reason_code", "reason_text")


def check(
    store: PilotStore,
    *,
    thorough: bool = True,
    under_way: float = GRACE_SECONDS,
    workers_url: str | None = None,
    backups: Path | None = None,
) -> list[Finding]:
    """Return every inconsistency, in a stable order.

    The store is read twice, and findings that only one pass sees, because the store was changing, are left out. Without
    ``thorough``, only what a crash can leave is checked: no video is read and nothing is recomputed. ``under_way``:
    unreferenced files that changed within this many seconds are ignored, because they may be work in progress.
    ``workers_url``: the database of the render workers, if renders are left to workers. ``backups``: the folder of the
    nightly backups, of which a thorough check compares the newest.
    """
    first = list(_findings(store, thorough, under_way, workers_url))
    if thorough and not any(finding.kind == "damaged" for finding in first):
        # Read after the rest, from one moment each: nothing of it is half written at any time.
        first += uncopied.findings(store, backups)
    if all(finding.kind in LASTING for finding in first):
        return first
    again = {
        (finding.kind, finding.about) for finding in _findings(store, thorough, under_way, workers_url, videos=False)
    }
    return [f for f in first if f.kind in LASTING or (f.kind, f.about) in again]


LOST = "lost_commits"


def _findings(
    store: PilotStore, thorough: bool, under_way: float, workers_url: str | None, *, videos: bool = True
) -> Iterator[Finding]:
    if thorough and (damage := _damage(store)):
        yield damage
        return
    if lost := store.database.lost_commits():
        yield Finding(LOST, store.database.database_name, store.database.lost_sentence(lost))
    erased = pilots_with_files_left(store)
    for pilot_id in erased:
        yield Finding("erased", pilot_id, f"The pilot {pilot_id} was erased, but some of its files are still there.")
    if erasures.not_yet_rewritten(store.database):
        name = store.database.database_name
        yield Finding("in_the_file", name, f"{name} may still hold bytes of what was erased; it was not written anew.")
    for found in _disagreements(store, thorough, under_way, workers_url, videos):
        if found.about.removesuffix(".json") not in erased:
            yield Finding(found.kind, found.about, printable(found.sentence))


def _damage(store: PilotStore) -> Finding | None:
    """Return what is wrong with the database's file, after which nothing else can be compared."""
    try:
        store.database.read_everything()
    except StoreDamaged as error:
        return Finding("damaged", store.database.database_name, str(error))
    return None


def _disagreements(
    store: PilotStore, thorough: bool, under_way: float, workers_url: str | None, videos: bool
) -> Iterator[Finding]:
    gone = renders_gone(store, workers_url)
    for attempt_id in gone:
        yield Finding(
            "render_gone",
            attempt_id,
            f"The attempt {attempt_id} is under way, but no process that makes it is heard from.",
        )
    for pilot_id in store.database.read(lambda c: documents_due.due(c, store.clock())):
        yield Finding("papers", pilot_id, f"Documents of {pilot_id} are not written yet.")
    yield from current_rules.finding(store)
    if thorough:
        yield from _schema(store)
        yield from _lost_rows(store)
    with collecting() as left_out:
        pilots = store.load_all()
    for one in left_out:
        sentence = (
            f"A value of {one.name} in the database is beyond the limits and is left out: {one.field}: {one.reason}. "
            "The next change of the pilot removes it."
        )
        yield Finding("beyond", f"{one.name} {one.field}", sentence)
    if thorough:
        yield from _derived(store, pilots)
    yield from state_file_findings.differing(store, pilots, thorough)
    strays = list(state_file_findings.strays(store, {pilot.pilot_id for pilot in pilots}))
    yield from (finding for _, finding in strays)
    if videos:
        yield from films.findings(store, pilots, thorough)
        yield from attached.missing(store)
    yield from _attachments(store, {pilot.pilot_id for pilot in pilots}, under_way)
    waiting = {pilot_id for pilot_id, finding in strays if finding.kind != "stray"}
    yield from _folders(store, pilots, waiting, under_way)
    if store.media.bucket:
        yield from bucket.disagreements(store, store.media.bucket, pilots, under_way)
    if thorough:
        yield from odd_files.findings(store, pilots)


def renders_gone(store: PilotStore, workers_url: str | None) -> list[str]:
    """Return ids of attempts in progress without a live render, and of renders whose attempt is not in progress."""
    now = store.clock()
    found = [ids.attempt_id_for(pilot_id, number) for pilot_id, number in never_began(store, workers_url)]
    return found + [r.attempt_id for r in renders_under_way(store.database) if not is_alive(r, now)]


def _schema(store: PilotStore) -> Iterator[Finding]:
    differences = integrity.schema_differences(store.database)
    if differences:
        yield Finding("schema", "schema", f"The database is not built as it should be: {'; '.join(differences)}.")


def _lost_rows(store: PilotStore) -> Iterator[Finding]:
    for lost in integrity.lost_rows(store.database):
        named = ", ".join(lost.values[:3]) + (" …" if len(lost.values) > 3 else "")
        yield Finding(
            "lost_rows",
            f"{lost.table}.{lost.column}",
            f"Rows of {lost.table} refer to {count(len(lost.values), 'row')} of {lost.parent} that "
            f"{'is' if len(lost.values) == 1 else 'are'} not there: {named}. --repair moves them to lost+found.",
        )


def _derived(store: PilotStore, pilots: list[PilotRun]) -> Iterator[Finding]:
    stored = integrity.derived_columns(store.database, [*DERIVED, *RULED, "rules_version"])
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
    """Return the correct values of a pilot row's derived columns that differ from what its attempts give."""
    expected = derived_columns(pilot, recommend(pilot))
    # A row judged by other rules is a finding of its own.
    names = DERIVED + (RULED if row["rules_version"] == expected["rules_version"] else ())
    return {name: expected[name] for name in names if not _same(row[name], expected[name])}


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) < 1e-6
    return one == other


def _folders(store: PilotStore, pilots: list[PilotRun], waiting: set[str], under_way: float) -> Iterator[Finding]:
    """Check pilots' folders. Those of the pilots in ``waiting``, which are not imported yet, are skipped."""
    known = {pilot.pilot_id: pilot for pilot in pilots}
    root = store.root.resolve()
    for path in sorted(store.root.iterdir()):
        if _is_unfinished(path):
            if settled(path, under_way):
                yield _leftover(store, path)
        elif path.is_dir() and path.name not in known and ids.PILOT_ID.fullmatch(path.name):
            if path.name not in waiting and settled(path, under_way):
                yield Finding("stray", path.name, f"The folder {path.name} is of no pilot in the database.")
        elif path.is_dir() and path.name in known and not path.is_symlink():
            yield from _pilot_folder(store, root, known[path.name], path, under_way)


def _pilot_folder(store: PilotStore, root: Path, pilot: PilotRun, folder: Path, under_way: float) -> Iterator[Finding]:
    referred = {
        real for attempt in pilot.runs for path in paths_of(attempt) if (real := inside(root, path)) is not None
    }
    own = {name: f"{pilot.pilot_id}/{name}" for name in (RUNBOOK, *FOUNDER_DOCUMENTS)}
    missing = [name for name in own if not (folder / name).exists()]
    documents = missing and [
        name for name in missing if own[name] not in store.media.existing(own.values(), of=pilot.pilot_id)
    ]
    if documents and (folder / RUNBOOK).exists() and settled(folder, under_way):
        yield Finding("papers", pilot.pilot_id, f"Documents of {pilot.pilot_id} are missing: {', '.join(documents)}.")
    making = {inside(root, a.folder) for a in pilot.runs if a.folder and a.state.is_under_way}
    failed = {inside(root, a.folder) for a in pilot.runs if a.folder and a.state is AttemptState.FAILED}
    for path in sorted(folder.iterdir()):
        name = path.relative_to(store.root).as_posix()
        if path.is_symlink() or path.resolve() in making:
            continue  # a link is a finding of its own, in odd_files
        if _is_unfinished(path):
            if settled(path, under_way):
                yield _leftover(store, path)
        elif path.name == UPLOADS:
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


def _uploads(store: PilotStore, folder: Path, referred: set[Path], under_way: float) -> Iterator[Finding]:
    for path in sorted(folder.iterdir()):
        if not settled(path, under_way):
            continue
        if _is_unfinished(path):
            yield _leftover(store, path)
        elif path.resolve() not in referred:
            name = path.relative_to(store.root).as_posix()
            yield Finding("stray", name, f"The uploaded film {name} is of no attempt in the database.")


def _attachments(store: PilotStore, known: set[str], under_way: float) -> Iterator[Finding]:
    named = attached.named_paths(store)
    for path in attached.files_of(store, known):
        name = path.relative_to(store.root).as_posix()
        if name in named or not settled(path, under_way):
            continue
        if _is_unfinished(path):
            yield _leftover(store, path)
        else:
            yield Finding("unattached", name, f"The file {name} is attached to nothing.")


def _leftover(store: PilotStore, path: Path) -> Finding:
    name = path.relative_to(store.root).as_posix()
    return Finding("leftover", name, f"{name} was being written when a process ended; it is not whole.")


def _is_unfinished(path: Path) -> bool:
    return bool(TEMPORARY.fullmatch(path.name)) or path.name.endswith(UNFINISHED)


def settled(path: Path, under_way: float) -> bool:
    """Whether the path has not changed recently. A time in the future means that the clock was set back."""
    now = time.time()
    try:
        paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
        return all(abs(now - p.lstat().st_mtime) >= under_way for p in paths)
    except OSError:
        return False


def summary(findings: list[Finding]) -> str:
    """Return how many inconsistencies there are, in one sentence."""
    if not findings:
        return "The database and its folder agree."
    return f"{count(len(findings), 'disagreement')} between the database and its folder."
