"""Mending what :mod:`pilot_core.care.check` finds. Nothing a row refers to is removed; strays move to a folder."""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pilot_core.care.check import (
    LOST_FOUND,
    RULED,
    STANDING,
    UNDER_WAY_SECONDS,
    Finding,
    check,
    renders_gone,
    wrong_columns,
)
from pilot_core.errors import PilotError
from pilot_core.files import sync_folder, write_atomic
from pilot_core.formatting import printable
from pilot_core.settings import left_to_workers
from pilot_core.store import erasures, soundness
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repaired:
    """What was done, a sentence each, and the disagreements that are left."""

    done: list[str]
    left: list[Finding]


def repair(store: PilotStore, *, thorough: bool = True, under_way: float = UNDER_WAY_SECONDS) -> Repaired:
    """Mend what can be mended without guessing; the arguments are those of ``check``."""
    done: list[str] = []
    # The first round may uncover more: an attempt that is failed leaves its half-made files to be removed.
    for _ in range(2):
        found = check(store, thorough=thorough, under_way=under_way)
        mendable = [finding for finding in found if finding.kind in MENDERS]
        for finding in mendable:
            try:
                told = MENDERS[finding.kind](store, finding)
            except (PilotError, OSError) as error:
                log.warning("could not mend: %s (%s)", finding.sentence, error)
                continue
            if told:
                done.append(printable(told))
        if not mendable:
            return Repaired(done, found)
    return Repaired(done, check(store, thorough=thorough, under_way=under_way))


def _fail_render(store: PilotStore, finding: Finding) -> str | None:
    from pilot_core.rendering import fail_abandoned

    if finding.about not in renders_gone(store):
        return None  # done together with the first of them
    given_up = fail_abandoned(store)
    what = "Given back to the workers" if left_to_workers() else "Failed, to be retried"
    return f"{what}: {', '.join(given_up)}." if given_up else None


def _write_state_file(store: PilotStore, finding: Finding) -> str:
    store.write_state_file(store.load(Path(finding.about).stem))
    return f"Wrote the state file {finding.about} from the database."


def _replace_state_file(store: PilotStore, finding: Finding) -> str:
    kept = _set_aside(store, store.root / finding.about)
    return f"{_write_state_file(store, finding)} What stood there is now {kept}."


def _move_stray(store: PilotStore, finding: Finding) -> str:
    return f"Moved {finding.about} to {_set_aside(store, store.root / finding.about)}."


def _remove_leftover(store: PilotStore, finding: Finding) -> str:
    path = store.root / finding.about
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return f"Removed {finding.about}, which was not whole."


def _remove_half_made(store: PilotStore, finding: Finding) -> str:
    from pilot_core.rendering import remove_films

    remove_films(store.root / finding.about)
    return f"Removed the half-made files in {finding.about}."


def _write_papers(store: PilotStore, finding: Finding) -> str:
    from pilot_core.services import write_documents

    write_documents(store, store.load(finding.about))
    return f"Wrote the documents of {finding.about}."


def _derive(store: PilotStore, finding: Finding) -> str:
    pilot = store.load(finding.about)
    row = soundness.derived_columns(store.database, [*STANDING, *RULED, "rules_version"])[finding.about]
    wrong = wrong_columns(pilot, row)
    if wrong:
        soundness.write_derived_columns(store.database, pilot.pilot_id, pilot.version, wrong)
    return f"Worked out anew for {finding.about}: {', '.join(sorted(wrong))}."


def _take_out_rows(store: PilotStore, finding: Finding) -> str | None:
    for lost in soundness.lost_rows(store.database):
        if f"{lost.table}.{lost.column}" == finding.about:
            taken = soundness.take_lost_rows(store.database, lost)
            path = _free_name(store.root / LOST_FOUND / f"{store.clock():%Y%m%d_%H%M%S}" / f"{lost.table}.rows")
            write_atomic(path, json.dumps(taken, ensure_ascii=False, indent=2, default=str) + "\n")
            soundness.remove_lost_rows(store.database, lost, taken)
            return f"Moved {len(taken)} rows of {lost.table} to {path.relative_to(store.root).as_posix()}."
    return None


def _finish_erasure(store: PilotStore, finding: Finding) -> str | None:
    from pilot_core.erasure import finish_erasures

    done = finish_erasures(store)
    return f"Removed what an interrupted erasure had left of {', '.join(done)}." if done else None


def _in_bucket(mender: str) -> Callable[[PilotStore, Finding], str | None]:
    def mend(store: PilotStore, finding: Finding) -> str | None:
        from pilot_core.care import bucket

        told: str | None = getattr(bucket, mender)(store, finding)
        return told

    return mend


def _rewrite_file(store: PilotStore, finding: Finding) -> str:
    erasures.rewrite_file(store.database)
    return f"Wrote {finding.about} anew, without what was erased."


MENDERS: dict[str, Callable[[PilotStore, Finding], str | None]] = {
    "erased": _finish_erasure,
    "in_the_file": _rewrite_file,
    "render_gone": _fail_render,
    "lost_rows": _take_out_rows,
    "derived": _derive,
    "state_old": _write_state_file,
    "state_odd": _replace_state_file,
    "stray": _move_stray,
    "leftover": _remove_leftover,
    "half_made": _remove_half_made,
    "papers": _write_papers,
    "stale": _in_bucket("remove_stale"),
    "unsent": _in_bucket("send"),
    "unneeded": _in_bucket("remove_unneeded"),
    "unnamed": _in_bucket("remove_unnamed"),
}


def _set_aside(store: PilotStore, path: Path) -> str:
    """Move a file or folder to the folder of strays; returns where it is now, within the store."""
    place = store.root / LOST_FOUND / f"{store.clock():%Y%m%d_%H%M%S}"
    target = _free_name(place / path.relative_to(store.root))
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    sync_folder(target.parent)
    return target.relative_to(store.root).as_posix()


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
