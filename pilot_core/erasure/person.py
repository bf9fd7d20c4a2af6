"""Erase a person's name, texts and other data from every pilot that names them."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pilot_core import ids
from pilot_core.documents.founder import PilotRunbookBuilder, generate_founder_artifacts
from pilot_core.documents.names import FOUNDER_DOCUMENTS, OUTCOME_REPORT, RUNBOOK
from pilot_core.documents.review_pack import render_review_pack_texts
from pilot_core.domain.actors import Actor
from pilot_core.domain.attachments import Attachment
from pilot_core.domain.erasures import Erasure
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.erasure import files
from pilot_core.erasure.request import BACKUPS, ERASED, Erased, checked_reason, warnings_of
from pilot_core.erasure.scrub import TEXTS, is_same_name, scrubbed, scrubbed_source, without_quotes
from pilot_core.errors import InvalidRequest, NotAllowedNow, StoreError
from pilot_core.files import write_atomic
from pilot_core.formatting import count
from pilot_core.review.requests import open_requests_before
from pilot_core.services.acts import once
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.erasures import pilots_naming
from pilot_core.store.tables import act_keys, erasures, outbox

log = logging.getLogger(__name__)


def erase_person(store: PilotStore, name: str, reason: str, actor: Actor, *, key: str | None = None) -> Erased:
    """Remove a person's name, texts and other data from every pilot. Their decisions and flags are kept without a name.

    Videos, and what others wrote about the person, are not searched. Raises InvalidRequest without a name or a reason,
    or if nobody has that name, and NotAllowedNow while a video of a pilot that names them is being rendered. Sending
    the same ``key`` twice erases once.
    """
    permission.ask(store.database, actor, ActKind.ERASE_PERSON, None, store.clock())
    name, why = " ".join(name.split()), checked_reason(reason)
    if not name or name == ERASED:
        raise InvalidRequest("Say whose data is to be erased, as the name is written here.", field="name")
    return once(store, key, lambda: _erase(store, name, why, actor, key), lambda result: _as_erased(result["counts"]))


def _erase(store: PilotStore, name: str, why: str, actor: Actor, key: str | None) -> Erased:
    touched = pilots_naming(store.database, name)
    making = store.database.read(lambda c: [pilot_id for pilot_id in touched if erasures.is_under_way(c, pilot_id)])
    if making:
        raise NotAllowedNow(f"A film of {making[0]}, which names them, is being made; erase them when that is over.")
    changed = {"pilots": len(touched), "reviews": 0, "reports": 0}
    for pilot_id in touched:
        reviews, reports = _erase_in_pilot(store, pilot_id, name, actor)
        changed["reviews"] += reviews
        changed["reports"] += reports

    def rename(connection: Connection) -> dict[str, int]:
        permission.check(connection, actor, ActKind.ERASE_PERSON, None, store.clock())
        found = erasures.rename_person(connection, name, ERASED, store.clock())
        if not touched and not any(found.values()):
            raise InvalidRequest(
                f"Nobody here is called “{name[:60]}”; write the name as it stands here.", field="name"
            )
        noted = Erasure(
            ids.new_id("erasure"), store.clock(), actor, why, "person", erasures.IN_THE_FILE, {**changed, **found}
        )
        erasures.add(connection, noted)
        if key:
            act_keys.use(connection, key, None, store.clock(), {"counts": {**changed, **found}})
        return found

    counts = {**changed, **store.database.transaction(rename)}
    with suppress(OSError):  # the sentences below say that copies may be left
        files.remove_upgrade_copies(store)
        files.remove_from_lost_found(store, name)
    log.info("person erased", extra={"actor": actor})
    return _as_erased(counts, warnings_of(lambda: files.rewrite_database_file(store)))


def _as_erased(counts: dict[str, int], warnings: tuple[str, ...] = ()) -> Erased:
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
        warnings,
    )


@dataclass
class _Found:
    """A person's data in one pilot: feedback, its texts and attachments, and how many filed reports the pilot has."""

    feedback_ids: list[str] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    reports: int = 0
    attachments: list[Attachment] = field(default_factory=list)


def _erase_in_pilot(store: PilotStore, pilot_id: str, name: str, actor: Actor) -> tuple[int, int]:
    """Erase a person in one pilot. Returns the numbers of changed reviews and of changed filed reports."""

    def erase_words(pilot: PilotRun) -> _Found:
        found = _Found()
        is_founder = is_same_name(pilot.founder_name, name)
        for attempt in pilot.runs:
            if is_same_name(attempt.sent_by or "", name):
                attempt.sent_by = ERASED
            for feedback in attempt.feedback:
                # Imported feedback without a name is the founder's.
                if is_same_name(feedback.by, name) or (is_founder and not feedback.by):
                    found.feedback_ids.append(feedback.feedback_id)
                    # An imported state file may have given the text twice, in different versions.
                    for kept in ([feedback.notes], *(attempt.source.get(key, []) for key in sorted(TEXTS))):
                        found.words.update(text for text in kept if isinstance(text, str) and text)
                    feedback.by, feedback.notes = ERASED, ""
                if feedback.persona and is_same_name(feedback.persona, name):
                    feedback.persona = ERASED
        if is_founder:
            pilot.founder_name = ERASED
        if pilot.owner and is_same_name(pilot.owner, name):
            pilot.owner = None
        pilot.source = scrubbed_source(pilot.source, name, found.words)
        for attempt in pilot.runs:
            attempt.source = scrubbed_source(attempt.source, name, found.words)
        pilot.log(EventKind.PERSON_ERASED, store.clock(), reviews=len(found.feedback_ids))
        return found

    def erase_rows(connection: Connection, pilot: PilotRun, found: _Found) -> None:
        theirs = [*found.feedback_ids, *erasures.feedback_by(connection, pilot_id, name)]

        def changed(detail: Any) -> Any:
            # Its quote is part of their note.
            quoted = {"quote": ""} if "quote" in detail and detail.get("feedback_id") in theirs else {}
            return scrubbed({**detail, **quoted}, name, found.words)

        erasures.rewrite_details(connection, pilot_id, changed)
        erasures.blank_suggestions(connection, theirs)
        erasures.blank_comments(connection, pilot_id, name)
        found.attachments = erasures.remove_attachments(connection, pilot_id, name)
        # Messages name the founder, and may quote anyone.
        outbox.forget_words(connection, pilot_id)
        found.reports = erasures.rewrite_reports(
            connection, pilot_id, lambda row: without_quotes(row, name, found.words)
        )

    # Fetch the files from the bucket first, so that an unreachable bucket stops the erasure before anything has
    # changed.
    with store.media.rewriting(pilot_id):
        pilot, found = store.change(pilot_id, erase_words, actor, also=erase_rows, kind=ActKind.ERASE_PERSON)
        for path in (path for attached in found.attachments for path in attached.paths):
            store.path_of(path).unlink(missing_ok=True)
        _write_documents(store, pilot, name)
        files.remove_pipeline_texts(store, pilot)
    return len(found.feedback_ids), found.reports


def _folder_of(store: PilotStore, pilot: PilotRun, path: str | None) -> Path | None:
    """Return a folder of the pilot; None if it has none there. Other paths may be another pilot's."""
    try:
        return store.path_in(pilot.pilot_id, path) if path else None
    except StoreError:
        return None


def _write_documents(store: PilotStore, pilot: PilotRun, name: str) -> None:
    """Rewrite those of the pilot's documents that exist: they contain names and quote feedback and comments."""
    folder = store.root / pilot.pilot_id
    with suppress(FileNotFoundError):
        (folder / OUTCOME_REPORT).unlink()
    with suppress(InvalidRequest):  # an imported pilot's scenario may be unknown, and then it has no documents
        if (folder / RUNBOOK).exists():
            PilotRunbookBuilder(pilot).build(folder / RUNBOOK)
        if (folder / FOUNDER_DOCUMENTS[0]).exists():
            generate_founder_artifacts(pilot, folder, promises=store.promises)
        shown = None
        for attempt in sorted(pilot.runs, key=lambda a: a.attempt_number):
            made, pack = (_folder_of(store, pilot, path) for path in (attempt.folder, attempt.review_pack_path))
            if made and (made / FOUNDER_DOCUMENTS[0]).exists():
                generate_founder_artifacts(pilot, made, attempt, promises=store.promises)
            if pack and pack.is_dir() and (draft := attempt.final_draft):
                asked = open_requests_before(store, pilot, attempt.attempt_number)
                comments = [
                    comment.model_copy(update={"author": ERASED}) if is_same_name(comment.author, name) else comment
                    for comment in asked.comments
                ]
                asked = replace(asked, comments=comments)
                for file, text in render_review_pack_texts(pilot, attempt, draft, shown, asked).items():
                    write_atomic(pack / file, text)
            shown = attempt if attempt.video_path else shown
