"""Erasing a pilot, or a person's data, on request: from rows, files and events. Counts that name nobody stay.

The database comes first and the files after it; until they are gone too, the erasure names the pilot, and the next
start or repair finishes it. Backups made before still hold what was erased, until they are replaced.
"""

import json
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pilot_core import ids
from pilot_core.care.check import LOST_FOUND
from pilot_core.errors import InvalidRequest, NotAllowedNow, StoreError
from pilot_core.files import write_atomic
from pilot_core.formatting import count
from pilot_core.models import AttemptState, PilotRun
from pilot_core.store import erasures
from pilot_core.store.database import Row
from pilot_core.store.erasures import Erasure
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

ERASED = "Erased person"
BACKUPS = "Backups made before now still hold it until they are replaced."


@dataclass(frozen=True)
class Erased:
    """What an erasure did: the counts that were kept, and sentences for whoever asked for it."""

    counts: dict[str, Any]
    told: list[str]


def erase_pilot(store: PilotStore, pilot_id: str, reason: str, actor: str) -> Erased:
    """Take a pilot out of the store for good: rows, events, films, documents, state file.

    What is kept: scenario, brand, playbook version, how it ended, and how many attempts and reviews it had. Raises
    PilotNotFound, InvalidRequest without a reason, NotAllowedNow while a film of it is being made.
    """
    why = _reason(reason)
    pilot = store.load(pilot_id)
    if any(attempt.state in (AttemptState.QUEUED, AttemptState.RENDERING) for attempt in pilot.runs):
        raise NotAllowedNow("A film of this pilot is being made; erase the pilot when that is over.")
    reviews = sum(len(attempt.feedback) for attempt in pilot.runs)
    counts = {
        "scenario_type": pilot.scenario_type,
        "brand_preset": pilot.brand_preset,
        "playbook_version": pilot.playbook_version,
        "status": pilot.status.value,
        "approval_outcome": pilot.approval_outcome.value,
        "attempts": len(pilot.runs),
        "reviews": reviews,
    }

    def work(connection: Connection) -> dict[str, int]:
        removed = erasures.remove_pilot(connection, pilot_id)
        made = Erasure(ids.new_id("erasure"), store.clock(), actor, why, "pilot", pilot_id, counts)
        erasures.add(connection, made)
        return removed

    removed = store.database.transaction(work)
    log.info("pilot erased", extra={"pilot_id": pilot_id, "actor": actor})
    rows = sum(removed.values())
    files = _remove_files(store, pilot_id)
    return Erased(
        counts,
        [
            f"Erased {pilot_id}: {count(rows, 'row')} and {count(files, 'file')} are gone.",
            f"Kept, without names: {counts['scenario_type']}, {counts['brand_preset'] or 'no brand'}, "
            f"{counts['approval_outcome']}, {count(len(pilot.runs), 'attempt')}, {count(reviews, 'review')}.",
            BACKUPS,
        ],
    )


def finish_erasures(store: PilotStore) -> list[str]:
    """Remove the files that an erasure left when it was interrupted; returns the pilots' ids."""
    left = erasures.unfinished(store.database)
    for pilot_id in left:
        _remove_files(store, pilot_id)
    return left


def erase_person(store: PilotStore, name: str, reason: str, actor: str) -> Erased:
    """Take a person's name, words and traces out of every pilot; their decisions and flags stay, of nobody.

    Words that others wrote about them are not found by it; neither is what a film shows. Raises InvalidRequest without
    a name or a reason, or when the name stands nowhere.
    """
    name, why = " ".join(name.split()), _reason(reason)
    if not name or name == ERASED:
        raise InvalidRequest("Say whose data is to be erased, as the name is written here.", field="name")
    touched = erasures.pilots_naming(store.database, name)
    told = {"pilots": len(touched), "reviews": 0, "reports": 0}
    for pilot_id in touched:
        _erase_in_pilot(store, pilot_id, name, actor, told)

    def work(connection: Connection) -> dict[str, int]:
        found = erasures.rename_person(connection, name, ERASED, store.clock())
        if not touched and not any(found.values()):
            raise InvalidRequest(
                f"Nobody here is called “{name[:60]}”; write the name as it stands here.", field="name"
            )
        erasures.add(
            connection, Erasure(ids.new_id("erasure"), store.clock(), actor, why, "person", None, {**told, **found})
        )
        return found

    counts = {**told, **store.database.transaction(work)}
    with suppress(OSError):  # said to the person below, with the backups
        _remove_copies(store)
    log.info("person erased", extra={"actor": actor})
    return Erased(
        counts,
        [
            f"Erased one person from {count(counts['pilots'], 'pilot')}: {count(counts['reviews'], 'review')} and "
            f"{count(counts['comments'], 'comment')} lost words and author, {count(counts['links'], 'review link')} "
            f"and {count(counts['keys'], 'sign-in key')} ended, {count(counts['views'], 'receipt')} gone.",
            f"{count(counts['reports'], 'filed report')} without quotes now. Decisions and flags stay, of nobody.",
            "What others wrote about them, and what films show, was not searched; erase the whole pilot for that. "
            + BACKUPS,
        ],
    )


def _erase_in_pilot(store: PilotStore, pilot_id: str, name: str, actor: str, told: dict[str, int]) -> None:
    erased_ids: list[str] = []
    words: set[str] = set()

    def change(pilot: PilotRun) -> None:
        erased_ids.clear()
        is_founder = pilot.founder_name.casefold() == name.casefold()
        for feedback in (given for attempt in pilot.runs for given in attempt.feedback):
            # Imported feedback that names nobody is the founder's.
            if feedback.by.casefold() == name.casefold() or (is_founder and not feedback.by):
                erased_ids.append(feedback.feedback_id)
                words.update({feedback.notes} - {""})
                feedback.by, feedback.notes = ERASED, ""
        if is_founder:
            pilot.founder_name = ERASED
        pilot.source = scrubbed(pilot.source, name, words)
        for attempt in pilot.runs:
            attempt.source = scrubbed(attempt.source, name, words)
        pilot.log("person_erased", store.clock(), reviews=len(erased_ids))

    def also(connection: Connection) -> None:
        erasures.rewrite_json(connection, pilot_id, lambda value: scrubbed(value, name, words))
        erasures.blank_suggestions(connection, erased_ids)
        told["reports"] += erasures.rewrite_reports(connection, pilot_id, lambda row: _without_quotes(row, name, words))

    pilot, _ = store.change(pilot_id, change, actor, also=also)
    told["reviews"] += len(erased_ids)
    _write_documents(store, pilot)


def scrubbed(value: Any, name: str, words: set[str]) -> Any:
    """The JSON value with the name, in any letter case, replaced where it stands alone, and those words taken out."""
    if isinstance(value, dict):
        return {key: scrubbed(inner, name, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [scrubbed(inner, name, words) for inner in value]
    if isinstance(value, str):
        return ERASED if value.casefold() == name.casefold() else "" if value in words else value
    return value


def _without_quotes(row: Row, name: str, words: set[str]) -> dict[str, Any]:
    """A filed report's columns without anybody's words; its figures and its verdict stand."""
    from pilot_core.documents import render_report
    from pilot_core.insight.report import OutcomeReport

    data = _drop_quotes(scrubbed(json.loads(row["report"]), name, words))
    report = OutcomeReport.model_validate(data)
    note = "\n\nQuotes were removed from this report when a person's data was erased.\n"
    return {
        "report": report.model_dump_json(),
        "reasons_json": json.dumps(_drop_quotes(json.loads(row["reasons_json"])), ensure_ascii=False),
        "markdown": render_report(report).rstrip("\n") + note,
    }


def _drop_quotes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: [] if key == "quotes" else _drop_quotes(inner) for key, inner in value.items()}
    return [_drop_quotes(inner) for inner in value] if isinstance(value, list) else value


def _write_documents(store: PilotStore, pilot: PilotRun) -> None:
    """Write the pilot's texts anew, as far as they are there: they carry names and quote feedback."""
    from pilot_core.documents import (
        FOUNDER_DOCUMENTS,
        RUNBOOK,
        PilotRunbookBuilder,
        generate_founder_artifacts,
        render_review_pack_texts,
    )
    from pilot_core.rendering import comments_before

    folder = store.root / pilot.pilot_id
    with suppress(FileNotFoundError):
        (folder / "outcome_report.md").unlink()
    with suppress(InvalidRequest):  # an imported pilot's scenario may be unknown: it has no documents of ours
        if (folder / RUNBOOK).exists():
            PilotRunbookBuilder(pilot).build(folder / RUNBOOK)
        if (folder / FOUNDER_DOCUMENTS[0]).exists():
            generate_founder_artifacts(pilot, folder)
        shown = None
        for attempt in sorted(pilot.runs, key=lambda a: a.attempt_number):
            if attempt.folder and (store.path_of(attempt.folder) / FOUNDER_DOCUMENTS[0]).exists():
                generate_founder_artifacts(pilot, store.path_of(attempt.folder), attempt)
            pack = store.path_of(attempt.review_pack_path) if attempt.review_pack_path else None
            if pack and pack.is_dir() and (draft := attempt.final_draft):
                said = comments_before(store, pilot.pilot_id, attempt.attempt_number)
                for file, text in render_review_pack_texts(pilot, attempt, draft, shown, said).items():
                    write_atomic(pack / file, text)
            shown = attempt if attempt.video_path else shown


def _remove_files(store: PilotStore, pilot_id: str) -> int:
    """Remove folder, state file and logs, then the pilot's id from its erasure; returns how many files there were."""
    name = ids.checked_pilot_id(pilot_id)
    places = [store.root / name, store.root / f"{name}.json", *(store.root / "logs").glob(f"{name}_a*.log")]
    places += [path for path in (store.root / LOST_FOUND).glob("*/*") if path.name.startswith(name)]
    files = sum(path.is_file() for place in places for path in (place, *place.rglob("*")))
    try:
        for place in places:
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        _remove_copies(store)
    except OSError as error:
        raise StoreError(
            f"The rows of {pilot_id} are erased, but its files are not all ({error.strerror}); "
            "make the folder writable, then run --repair, which removes the rest."
        ) from error
    store.database.transaction(lambda connection: erasures.forget_files(connection, pilot_id))
    return files


def _remove_copies(store: PilotStore) -> None:
    """Remove the database's copies from before upgrades. Raises OSError."""
    for copy in store.database.path.parent.glob(f"{store.database.path.stem}.schema_*{store.database.path.suffix}"):
        copy.unlink()


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise InvalidRequest("Say why this is erased; the reason is kept, without names.", field="reason")
    if len(reason) > 500:
        raise InvalidRequest("Keep the reason to 500 characters.", field="reason")
    return reason
