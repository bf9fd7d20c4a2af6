"""Erasing a pilot, or a person's data, on request: from rows, files and events. Counts that name nobody stay.

The database comes first and the files after it; until they are gone too, the erasure names the pilot, and the next
start or repair finishes it. The database file is written anew at the end, since the old one keeps the bytes of what
stood in it. Backups made before still hold what was erased, until they are replaced.
"""

import json
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilot_core import ids
from pilot_core.care.check import LOST_FOUND, erased_here
from pilot_core.errors import InvalidRequest, NotAllowedNow, StoreError
from pilot_core.files import write_atomic
from pilot_core.formatting import count
from pilot_core.models import PilotRun
from pilot_core.store import erasures, outbox
from pilot_core.store.bucket import BucketTrouble
from pilot_core.store.database import Row
from pilot_core.store.erasures import Erasure, folded
from pilot_core.store.judgements import Override
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.rows import from_column
from pilot_core.store.state_files import ATTEMPT_FIELDS, PILOT_FIELDS
from pilot_core.tokens import hashed

log = logging.getLogger(__name__)

ERASED = "Erased person"
BACKUPS = "Backups made before now still hold it until they are replaced; those made from now on do not."
# Under which keys events, reports and what was kept of an imported state file have words, and names. Under others stand
# codes, and a note may read “approve”.
TEXTS = {"notes", "founder_feedback", "feedback_notes", "feedback", "quote", "body", "text", "comment", "reason"}
PERSONS = {"by", "actor", "author", "reviewer", "name", "founder", "founder_name", "persona", "feedback_persona"}
PERSONS |= {"email", "before", "after"}
# What a state file calls its own fields. Under other names an imported one may hold anything.
OURS = {*PILOT_FIELDS, *ATTEMPT_FIELDS, "brief", "status", "approval_outcome", "created_at", "updated_at", "decided_at"}
OURS |= {"revision", "runs", "state", "started_at", "ready_at", "drafts", "feedback", "founder_feedback"}
OURS |= {"feedback_received_at", "feedback_level", "feedback_mode", "feedback_decision", "feedback_flags"}
OURS |= {"feedback_notes", "feedback_timestamp", "feedback_persona"}
TEXT_FILES = (".json", ".md", ".txt")


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
        if erasures.is_being_made(connection, pilot_id):
            raise NotAllowedNow("A film of this pilot is being made; erase the pilot when that is over.")
        removed = erasures.remove_pilot(connection, pilot_id)
        made = Erasure(ids.new_id("erasure"), store.clock(), actor, why, "pilot", pilot_id, counts, hashed(pilot_id))
        erasures.add(connection, made)
        return removed

    removed = store.database.transaction(work)
    log.info("pilot erased", extra={"pilot_id": pilot_id, "actor": actor})
    rows = sum(removed.values())
    files = _remove_files(store, pilot_id)
    erasures.rewrite_file(store.database)
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
    """Remove the files, and the bytes, that an erasure left when it was interrupted; returns the pilots' ids."""
    left = erased_here(store)
    for pilot_id in left:
        _remove_files(store, pilot_id)
    erasures.rewrite_file(store.database)
    return left


def erase_person(store: PilotStore, name: str, reason: str, actor: str) -> Erased:
    """Take a person's name, words and traces out of every pilot; their decisions and flags stay, of nobody.

    Words that others wrote about them are not found by it; neither is what a film shows. Raises InvalidRequest without
    a name or a reason, or when the name stands nowhere; NotAllowedNow while a film of a pilot that names them is made.
    """
    name, why = " ".join(name.split()), _reason(reason)
    if not name or name == ERASED:
        raise InvalidRequest("Say whose data is to be erased, as the name is written here.", field="name")
    touched = erasures.pilots_naming(store.database, name)
    making = store.database.read(lambda c: [pilot_id for pilot_id in touched if erasures.is_being_made(c, pilot_id)])
    if making:
        raise NotAllowedNow(f"A film of {making[0]}, which names them, is being made; erase them when that is over.")
    told = {"pilots": len(touched), "reviews": 0, "reports": 0}
    for pilot_id in touched:
        reviews, reports = _erase_in_pilot(store, pilot_id, name, actor)
        told["reviews"] += reviews
        told["reports"] += reports

    def work(connection: Connection) -> dict[str, int]:
        found = erasures.rename_person(connection, name, ERASED, store.clock())
        if not touched and not any(found.values()):
            raise InvalidRequest(
                f"Nobody here is called “{name[:60]}”; write the name as it stands here.", field="name"
            )
        noted = Erasure(
            ids.new_id("erasure"), store.clock(), actor, why, "person", erasures.IN_THE_FILE, {**told, **found}
        )
        erasures.add(connection, noted)
        return found

    counts = {**told, **store.database.transaction(work)}
    with suppress(OSError):  # said to the person below, with the backups
        _remove_copies(store)
        _remove_found(store, name)
    erasures.rewrite_file(store.database)
    log.info("person erased", extra={"actor": actor})
    return Erased(
        counts,
        [
            f"Erased one person from {count(counts['pilots'], 'pilot')}: {count(counts['reviews'], 'review')} and "
            f"{count(counts['comments'], 'comment')} lost words and author, {count(counts['links'], 'review link')} "
            f"and {count(counts['keys'], 'sign-in key')} ended, {count(counts['views'], 'receipt')} gone.",
            f"{count(counts['reports'], 'filed report')} without quotes now. Decisions and flags stay, of nobody.",
            "What a repair had set aside of rows and of texts that name them is gone, too. "
            "What others wrote about them, and what films show, was not searched; erase the whole pilot for that. "
            + BACKUPS,
        ],
    )


def _erase_in_pilot(store: PilotStore, pilot_id: str, name: str, actor: str) -> tuple[int, int]:
    """Erase a person in one pilot; returns how many of their reviews and how many filed reports were changed."""
    erased_ids: list[str] = []
    words: set[str] = set()
    reports = 0

    def change(pilot: PilotRun) -> None:
        erased_ids.clear()
        words.clear()
        is_founder = _is(pilot.founder_name, name)
        for attempt in pilot.runs:
            for feedback in attempt.feedback:
                # Imported feedback that names nobody is the founder's.
                if _is(feedback.by, name) or (is_founder and not feedback.by):
                    erased_ids.append(feedback.feedback_id)
                    # A state file may have had the words twice, and not the same.
                    for kept in ([feedback.notes], *(attempt.source.get(key, []) for key in sorted(TEXTS))):
                        words.update(text for text in kept if isinstance(text, str) and text)
                    feedback.by, feedback.notes = ERASED, ""
                if feedback.persona and _is(feedback.persona, name):
                    feedback.persona = ERASED
        if is_founder:
            pilot.founder_name = ERASED
        pilot.source = _scrubbed_source(pilot.source, name, words)
        for attempt in pilot.runs:
            attempt.source = _scrubbed_source(attempt.source, name, words)
        pilot.log("person_erased", store.clock(), reviews=len(erased_ids))

    def also(connection: Connection) -> None:
        nonlocal reports
        theirs = [*erased_ids, *erasures.feedback_by(connection, pilot_id, name)]

        def changed(detail: Any) -> Any:
            # The quote is a part of their note.
            quoted = {"quote": ""} if "quote" in detail and detail.get("feedback_id") in theirs else {}
            return scrubbed({**detail, **quoted}, name, words)

        erasures.rewrite_details(connection, pilot_id, changed)
        erasures.blank_suggestions(connection, theirs)
        erasures.blank_comments(connection, pilot_id, name)
        # Messages name the founder, and may quote anybody.
        outbox.forget_words(connection, pilot_id)
        reports = erasures.rewrite_reports(connection, pilot_id, lambda row: _without_quotes(row, name, words))

    # What a bucket has of it is fetched first, so that one which cannot be reached stops this before anything is done.
    with store.media.rewriting(pilot_id):
        pilot, _ = store.change(pilot_id, change, actor, also=also)
        _write_documents(store, pilot, name)
        _remove_told(store, pilot)
    return len(erased_ids), reports


def _is(text: str, name: str) -> bool:
    return folded(text) == folded(name)


def scrubbed(value: Any, name: str, words: set[str], key: str = "", *, anywhere: bool = False) -> Any:
    """The JSON value with the name, however spelled, replaced where a person stands, and those words taken out.

    ``anywhere`` does not ask under which key they stand.
    """
    if isinstance(value, dict):
        return {of: scrubbed(inner, name, words, of, anywhere=anywhere) for of, inner in value.items()}
    if isinstance(value, list):
        return [scrubbed(inner, name, words, key, anywhere=anywhere) for inner in value]
    if isinstance(value, str):
        if (anywhere or key in PERSONS) and _is(value, name):
            return ERASED
        return "" if (anywhere or key in TEXTS) and value in words else value
    return value


def _scrubbed_source(source: dict[str, Any], name: str, words: set[str]) -> dict[str, Any]:
    """The same for what was kept of an imported state file."""
    return {of: scrubbed(kept, name, words, of, anywhere=of not in OURS) for of, kept in source.items()}


def _without_quotes(row: Row, name: str, words: set[str]) -> dict[str, Any]:
    """A filed report's columns without anybody's words; its figures, its verdict and the override shown stand."""
    from pilot_core.documents import render_report
    from pilot_core.insight.report import OutcomeReport

    data = _drop_quotes(scrubbed(json.loads(row["report"]), name, words))
    report = OutcomeReport.model_validate(data)
    override = None
    if row["override_verdict"]:
        override = Override(
            override_id="",
            pilot_id=row["pilot_id"],
            verdict=row["override_verdict"],
            reason=row["override_reason"],
            computed=row["recommendation"],
            computed_code=row["reason_code"],
            rules_version=row["rules_version"],
            made_by=ERASED if _is(row["override_by"], name) else row["override_by"],
            made_at=from_column(row["overridden_at"]) or report.generated_at,
        )
    note = "\n\nQuotes were removed from this report when a person's data was erased.\n"
    return {
        "report": report.model_dump_json(),
        "reasons_json": json.dumps(_drop_quotes(json.loads(row["reasons_json"])), ensure_ascii=False),
        "markdown": render_report(report, override).rstrip("\n") + note,
    }


def _drop_quotes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: [] if key == "quotes" else _drop_quotes(inner) for key, inner in value.items()}
    return [_drop_quotes(inner) for inner in value] if isinstance(value, list) else value


def _write_documents(store: PilotStore, pilot: PilotRun, name: str) -> None:
    """Write the pilot's texts anew, as far as they are there: they carry names and quote feedback and comments."""
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
                said = [
                    comment.model_copy(update={"author": ERASED}) if _is(comment.author, name) else comment
                    for comment in comments_before(store, pilot.pilot_id, attempt.attempt_number)
                ]
                for file, text in render_review_pack_texts(pilot, attempt, draft, shown, said).items():
                    write_atomic(pack / file, text)
            shown = attempt if attempt.video_path else shown


def _remove_told(store: PilotStore, pilot: PilotRun) -> None:
    """Remove what a program was told and what it said, and the texts in folders that no attempt has any more."""
    from pilot_core.documents import FOUNDER_DOCUMENTS
    from pilot_core.video.command import BRIEF_FILE, LOG_FILE, RESULT_FILE

    present = {attempt.folder for attempt in pilot.runs}
    for folder in (store.root / pilot.pilot_id).glob("attempt_*"):
        given_up = folder.relative_to(store.root).as_posix() not in present
        for name in (BRIEF_FILE, RESULT_FILE, LOG_FILE, *(FOUNDER_DOCUMENTS if given_up else ())):
            (folder / name).unlink(missing_ok=True)


def _remove_found(store: PilotStore, name: str) -> None:
    """Remove from the folder of strays all rows, and the texts that name the person. Raises OSError."""
    for path in (store.root / LOST_FOUND).rglob("*"):
        if path.is_file() and (".rows" in path.name or path.suffix in TEXT_FILES):
            named = folded(name) in folded(path.read_text("utf-8", "replace"))
            if named or ".rows" in path.name:
                path.unlink()


def _remove_files(store: PilotStore, pilot_id: str) -> int:
    """Remove all files of a pilot, then its id from its erasure; returns how many there were. Raises StoreError."""
    files = remove_here(store, pilot_id)
    try:
        files += store.media.forget_pilot(pilot_id)
    except BucketTrouble as error:
        raise StoreError(
            f"The rows of {pilot_id} are erased, but what a bucket has of it is not. {error} "
            "Run --repair then, which removes the rest."
        ) from error
    store.database.transaction(lambda connection: erasures.forget_files(connection, pilot_id))
    return files


def remove_here(store: PilotStore, pilot_id: str) -> int:
    """Remove from the store's folder what an erased pilot has in it; returns how many files there were.

    Raises StoreError where not all of them are gone.
    """
    name = ids.checked_pilot_id(pilot_id)
    try:
        # A save that was first may be about to write the state file.
        with store.holding_state_files():
            places = [store.root / name, store.root / f"{name}.json", *(store.root / "logs").glob(f"{name}_a*.log")]
            for path in (store.root / LOST_FOUND).glob("*/*"):
                rows_of_it = ".rows" in path.name and path.is_file() and name in path.read_text("utf-8", "replace")
                if path.name.startswith(name) or rows_of_it:
                    places.append(path)
            files = sum(path.is_file() for place in places for path in (place, *place.rglob("*")))
            for place in places:
                if place.is_dir():
                    shutil.rmtree(place)
                else:
                    place.unlink(missing_ok=True)
        _remove_copies(store)
    except OSError as error:
        raise StoreError(
            f"The rows of {pilot_id} are erased, but its files are not all ({error.strerror or error}); "
            "make the folder writable, then run --repair, which removes the rest."
        ) from error
    return files


def _remove_copies(store: PilotStore) -> None:
    for copy in copies(store):
        copy.unlink()


def copies(store: PilotStore) -> list[Path]:
    """The database's copies from before upgrades."""
    path = store.database.path
    return sorted(path.parent.glob(f"{path.stem}.schema_*{path.suffix}"))


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise InvalidRequest("Say why this is erased; the reason is kept, without names.", field="reason")
    if len(reason) > 500:
        raise InvalidRequest("Keep the reason to 500 characters.", field="reason")
    return reason
