"""The verbs: what can be done to a pilot, each checked, saved with its event, and mirrored in its files.

Every verb takes the store and who acts. Rendering, which is slow and heavy to import, is in ``rendering``.
"""

import shutil
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from pilot_core import catalog, ids
from pilot_core.clock import utc_now
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError
from pilot_core.files import settle
from pilot_core.models import (
    AttemptState,
    Brief,
    Feedback,
    FeedbackMode,
    PilotRun,
    PilotRunAttempt,
)
from pilot_core.store import outbox
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore

PIPELINES = ("storyboard", "command", "upload")


def create_pilot(
    founder_name: str,
    company_name: str,
    scenario_type: str,
    brand: str | None = None,
    *,
    brief: Brief | None = None,
    playbook_version: str | None = None,
    max_attempts: int = 5,
    max_iterations_per_attempt: int = 3,
    now: datetime | None = None,
) -> PilotRun:
    """A new pilot, checked against the catalogue, not yet saved anywhere.

    ``brand`` is a preset's name (the catalogue's default if None); the whole preset and the playbook version are kept
    with the pilot. Raises InvalidRequest, naming the field at fault.
    """
    chosen = catalog.brand(brand) if brand else catalog.default_brand()
    now = now or utc_now()
    founder, company = _one_line(founder_name, "founder"), _one_line(company_name, "company")
    if not 1 <= max_attempts <= 50:
        raise InvalidRequest("The limit of attempts must be between 1 and 50.", field="max_attempts")
    if not 1 <= max_iterations_per_attempt <= 20:
        raise InvalidRequest("The limit of iterations must be between 1 and 20.", field="max_iterations_per_attempt")
    pilot = PilotRun(
        pilot_id=ids.new_pilot_id(now),
        founder_name=founder,
        company_name=company,
        scenario_type=catalog.scenario(scenario_type).id,
        brand_context=chosen.context(),
        playbook_version=playbook_version or catalog.playbook_version(),
        brief=brief or Brief(),
        created_at=now,
        updated_at=now,
        max_attempts=max_attempts,
        max_iterations_per_attempt=max_iterations_per_attempt,
    )
    pilot.log("created", now, scenario=pilot.scenario_type, brand=chosen.id)
    return pilot


def start_pilot(store: PilotStore, pilot: PilotRun, actor: str | None = None) -> PilotRun:
    """Save a new pilot and write its runbook and founder documents into its folder."""
    store.save(pilot, actor)
    write_documents(store, pilot)
    return pilot


def queue_attempt(
    store: PilotStore,
    pilot_id: str,
    pipeline: str,
    actor: str | None = None,
    *,
    upload_path: str | None = None,
    seen_version: int | None = None,
) -> tuple[PilotRun, PilotRunAttempt]:
    """Queue the pilot's next attempt. Raises NotAllowedNow where the pilot allows none, InvalidRequest."""
    _check_pipeline(pipeline, upload_path)
    return store.change(
        pilot_id,
        lambda pilot: pilot.add_attempt(pipeline=pipeline, upload_path=upload_path, at=store.clock()),
        actor,
        seen_version,
    )


def keep_upload(store: PilotStore, pilot_id: str, source: Path) -> str:
    """Copy a finished video into the pilot's folder, under a name of ours; returns its path within the store.

    Raises InvalidRequest, and StoreError where it cannot be kept; then there is no copy.
    """
    relative = f"{ids.checked_pilot_id(pilot_id)}/uploads/{ids.new_id('upload')}.mp4"
    target = store.path_of(relative)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target.with_suffix(".part"))
        settle(target.with_suffix(".part"), target)
    except OSError as error:
        target.with_suffix(".part").unlink(missing_ok=True)
        raise InvalidRequest(f"The video {source.name} cannot be copied: {error.strerror}.", field="video") from error
    try:
        store.media.put([relative])
    except PilotError:
        target.unlink()
        raise
    return relative


def retry_attempt(
    store: PilotStore,
    pilot_id: str,
    actor: str | None = None,
    *,
    pipeline: str | None = None,
    upload_path: str | None = None,
    seen_version: int | None = None,
) -> tuple[PilotRun, PilotRunAttempt]:
    """Queue the failed latest attempt again under its own number. Raises NotAllowedNow when it has not failed."""

    def work(pilot: PilotRun) -> PilotRunAttempt:
        attempt = pilot.latest_attempt
        if attempt is None or attempt.state is not AttemptState.FAILED:
            raise NotAllowedNow(
                f"{pilot_id} has no failed attempt to retry; continue it instead.", shell=f"--continue-pilot {pilot_id}"
            )
        if pilot.status != "active":
            raise NotAllowedNow(f"{pilot_id} is {pilot.status}; only an active pilot's attempt can be retried.")
        attempt.pipeline = pipeline or attempt.pipeline
        attempt.upload_path = (upload_path or attempt.upload_path) if attempt.pipeline == "upload" else upload_path
        _check_pipeline(attempt.pipeline or "", attempt.upload_path)
        attempt.state = AttemptState.QUEUED
        attempt.failure = None
        pilot.log("attempt_retried", store.clock(), attempt_number=attempt.attempt_number)
        return attempt

    return store.change(pilot_id, work, actor, seen_version)


def record_feedback(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int,
    feedback: str,
    level: str,
    flags: Iterable[str] = (),
    mode: FeedbackMode | str = FeedbackMode.HUMAN,
    *,
    by: str | None = None,
    channel: str = "",
    actor: str | None = None,
    seen_version: int | None = None,
) -> PilotRun:
    """Log what the founder decided on an attempt, and make the present outcome visible in the state file.

    Raises as :meth:`PilotRun.record_feedback` does, InvalidRequest for an unknown flag, and Conflict when
    ``seen_version`` is given and the pilot has moved on since.
    """
    checked = catalog.check_flags(list(flags))
    if len(feedback) > 10_000:
        raise InvalidRequest("The notes are longer than 10,000 characters; shorten them.", field="notes")
    if len(by or "") > 200 or len(channel) > 60:
        raise InvalidRequest("Say in a few words who said it and how.", field="by")
    given: list[Feedback] = []

    def work(pilot: PilotRun) -> None:
        said = pilot.record_feedback(
            attempt_number, feedback, level, checked, mode, by=by, channel=channel, at=store.clock()
        )
        given[:] = [said]

    def also(connection: Connection) -> None:
        outbox.tell_of_feedback(connection, pilot_id, attempt_number, given[0], store.clock())

    return store.change(pilot_id, work, actor, seen_version, also)[0]


def pause(
    store: PilotStore, pilot_id: str, reason: str, actor: str | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Stop work on a pilot for now."""
    return store.change(pilot_id, lambda p: p.pause(reason, store.clock()), actor, seen_version)[0]


def resume(store: PilotStore, pilot_id: str, actor: str | None = None, *, seen_version: int | None = None) -> PilotRun:
    """Take a paused pilot up again."""
    return store.change(pilot_id, lambda p: p.resume(store.clock()), actor, seen_version)[0]


def drop(
    store: PilotStore,
    pilot_id: str,
    reason: str,
    *,
    external: bool = False,
    actor: str | None = None,
    seen_version: int | None = None,
) -> PilotRun:
    """End a pilot without approval."""
    return store.change(pilot_id, lambda p: p.drop(reason, external, store.clock()), actor, seen_version)[0]


def raise_limit(
    store: PilotStore,
    pilot_id: str,
    max_attempts: int,
    justification: str,
    actor: str | None = None,
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Allow a pilot more attempts."""
    return store.change(
        pilot_id, lambda p: p.raise_limit(max_attempts, justification, store.clock()), actor, seen_version
    )[0]


def edit_brief(
    store: PilotStore, pilot_id: str, brief: Brief, actor: str | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Correct what the pilot's films should say, from its next attempt on, and rewrite its documents to match.

    Raises InvalidRequest when nothing differs or the pilot's scenario is unknown, NotAllowedNow when it is completed.
    """

    def work(pilot: PilotRun) -> None:
        catalog.scenario(pilot.scenario_type)
        if pilot.status == "completed":
            raise NotAllowedNow(f"{pilot_id} is completed ({pilot.approval_outcome}); its brief stays as it is.")
        changed = [name for name in Brief.model_fields if getattr(brief, name) != getattr(pilot.brief, name)]
        if not changed:
            raise InvalidRequest("The brief is as it was; change a field first.", field="brief")
        before = {name: getattr(pilot.brief, name) for name in changed}
        pilot.brief = brief
        pilot.log("brief_edited", store.clock(), fields=changed, before=before)

    pilot, _ = store.change(pilot_id, work, actor, seen_version)
    write_documents(store, pilot)
    return pilot


def write_documents(store: PilotStore, pilot: PilotRun) -> None:
    """Write the pilot's runbook and founder documents into its folder, over those that stand there; keep them."""
    from pilot_core.documents import FOUNDER_DOCUMENTS, RUNBOOK, PilotRunbookBuilder, generate_founder_artifacts

    folder = store.root / ids.checked_pilot_id(pilot.pilot_id)
    PilotRunbookBuilder(pilot).build(folder / RUNBOOK)
    generate_founder_artifacts(pilot, folder)
    store.media.put(f"{pilot.pilot_id}/{name}" for name in (RUNBOOK, *FOUNDER_DOCUMENTS))


def parse_brief(data: object) -> Brief:
    """A brief from parsed JSON or TOML. Raises InvalidRequest naming the field at fault."""
    try:
        return Brief.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the brief"
        known = ", ".join(Brief.model_fields)
        raise InvalidRequest(
            f"The brief is not right: {where}: {first['msg'].lower()}. It may hold: {known}.", field=where
        ) from error


def _check_pipeline(name: str, upload_path: str | None) -> None:
    if name not in PIPELINES:
        raise InvalidRequest(f"There is no pipeline “{name}”; choose one of: {', '.join(PIPELINES)}.", field="pipeline")
    if (name == "upload") != bool(upload_path):
        raise InvalidRequest("The upload pipeline takes a finished video, and only it does.", field="video")


def _one_line(text: str, field: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise InvalidRequest(f"The {field}'s name is missing; type it.", field=field)
    # Format characters (Cf) stay: names in Persian or Hebrew need them.
    if len(text) > 200 or any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidRequest(f"The {field}'s name must be one line of at most 200 readable characters.", field=field)
    return text
