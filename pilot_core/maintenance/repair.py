"""Repair what :mod:`pilot_core.maintenance.check` finds.

Files that a row refers to are never removed. Files that nothing refers to are moved to the lost+found folder.
"""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pilot_core.erasure.files import rewrite_database_file
from pilot_core.erasure.pilot import finish_erasures
from pilot_core.errors import PilotError
from pilot_core.files import sync_folder, write_atomic
from pilot_core.formatting import count, printable
from pilot_core.maintenance import attached, bucket, current_rules, uncopied
from pilot_core.maintenance.check import DERIVED, LOST, RULED, check, renders_gone, wrong_columns
from pilot_core.maintenance.findings import Finding
from pilot_core.rendering.failure import remove_videos
from pilot_core.rendering.launching import launcher
from pilot_core.rendering.recovery import recover_abandoned
from pilot_core.services.documents import write_documents
from pilot_core.services.owed_reports import settle_due_reports
from pilot_core.store.engine import integrity
from pilot_core.store.files.layout import GRACE_SECONDS, LOST_FOUND
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repaired:
    """The repairs made, one sentence each, and the inconsistencies that remain."""

    done: list[str]
    left: list[Finding]


def repair(
    store: PilotStore,
    *,
    thorough: bool = True,
    under_way: float = GRACE_SECONDS,
    workers_url: str | None = None,
) -> Repaired:
    """Repair what can be repaired without guessing. The arguments are those of ``check``."""
    repairs = REPAIRS | {"render_gone": partial(_recover_render, workers_url=workers_url)}
    if thorough:
        # By --repair only: a person has read what is lost. The repair at a start must not decide that.
        repairs[LOST] = _accept_loss
    done = [f"Filed or withdrew the outcome report of {pilot_id}." for pilot_id in settle_due_reports(store)]
    # One repair can cause another: marking an attempt as failed leaves unfinished files to remove.
    for _ in range(2):
        found = check(store, thorough=thorough, under_way=under_way, workers_url=workers_url)
        repairable = [finding for finding in found if finding.kind in repairs]
        for finding in repairable:
            try:
                sentence = repairs[finding.kind](store, finding)
            except (PilotError, OSError) as error:
                log.warning("could not repair: %s (%s)", finding.sentence, error)
                continue
            if sentence:
                done.append(printable(sentence))
        if not repairable:
            return Repaired(done, found)
    return Repaired(done, check(store, thorough=thorough, under_way=under_way, workers_url=workers_url))


def _recover_render(store: PilotStore, finding: Finding, workers_url: str | None) -> str | None:
    gone = renders_gone(store, workers_url)
    if finding.about not in gone:
        return None  # done together with the first one
    given_up = recover_abandoned(store, workers_url, launcher(workers_url))
    what = "Given back to the workers" if workers_url else "Failed, to be retried"
    launched = [attempt_id for attempt_id in gone if attempt_id not in given_up]
    done = [f"{what}: {', '.join(given_up)}."] if given_up else []
    return " ".join([*done, *([f"Started the render of {', '.join(launched)}."] if launched else [])]) or None


def _accept_loss(store: PilotStore, finding: Finding) -> str:
    lost = store.database.lost_commits()
    store.database.accept_loss()
    return f"Went on without the last {count(lost, 'change')} of {finding.about}, which its journal has lost."


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
    remove_videos(store.root / finding.about)
    return f"Removed the half-made files in {finding.about}."


def _write_documents(store: PilotStore, finding: Finding) -> str:
    write_documents(store, store.load(finding.about))
    return f"Wrote the documents of {finding.about}."


def _recompute(store: PilotStore, finding: Finding) -> str:
    pilot = store.load(finding.about)
    row = integrity.derived_columns(store.database, [*DERIVED, *RULED, "rules_version"])[finding.about]
    wrong = wrong_columns(pilot, row)
    if wrong:
        integrity.write_derived_columns(store.database, [(pilot.pilot_id, pilot.version, wrong)])
    return f"Worked out anew for {finding.about}: {', '.join(sorted(wrong))}."


def _judge_anew(store: PilotStore, _: Finding) -> str:
    judged = current_rules.judge_anew(store)
    return f"Worked out the recommendation of {count(judged, 'pilot')} anew, by the rules in force."


def _move_lost_rows(store: PilotStore, finding: Finding) -> str | None:
    for lost in integrity.lost_rows(store.database):
        if f"{lost.table}.{lost.column}" == finding.about:
            taken = integrity.take_lost_rows(store.database, lost)
            path = _free_name(store.root / LOST_FOUND / f"{store.clock():%Y%m%d_%H%M%S}" / f"{lost.table}.rows")
            write_atomic(path, json.dumps(taken, ensure_ascii=False, indent=2, default=str) + "\n")
            integrity.remove_lost_rows(store.database, lost, taken)
            return f"Moved {len(taken)} rows of {lost.table} to {path.relative_to(store.root).as_posix()}."
    return None


def _finish_erasure(store: PilotStore, finding: Finding) -> str | None:
    done = finish_erasures(store)
    return f"Removed what an interrupted erasure had left of {', '.join(done)}." if done else None


def _rewrite_file(store: PilotStore, finding: Finding) -> str:
    rewrite_database_file(store)
    return f"Wrote {finding.about} anew, without what was erased."


REPAIRS: dict[str, Callable[[PilotStore, Finding], str | None]] = {
    "erased": _finish_erasure,
    "in_the_file": _rewrite_file,
    "lost_rows": _move_lost_rows,
    "derived": _recompute,
    current_rules.KIND: _judge_anew,
    "state_old": _write_state_file,
    "state_odd": _replace_state_file,
    "stray": _move_stray,
    "leftover": _remove_leftover,
    "half_made": _remove_half_made,
    "papers": _write_documents,
    "stale": bucket.remove_stale,
    "unsent": bucket.send,
    "unattached": attached.remove,
    "unneeded": bucket.remove_unneeded,
    "unnamed": bucket.remove_unnamed,
    uncopied.LOSS: uncopied.note_loss,
}


def _set_aside(store: PilotStore, path: Path) -> str:
    """Move a file or folder to lost+found and return its new path within the store."""
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
