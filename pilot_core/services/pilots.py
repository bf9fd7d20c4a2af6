"""What the team does to a pilot: start it, queue an attempt, log feedback, pause, resume, drop, edit the brief.

Functions that change a pilot take the store and the actor, and save the change with its event. Rendering is in
``pilot_core.rendering``.
"""

import shutil
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from pilot_core import catalog, ids
from pilot_core.clock import utc_now
from pilot_core.domain import limits
from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.brief import BRIEF_LABELS, Brief
from pilot_core.domain.events import EventKind
from pilot_core.domain.feedback import Feedback, FeedbackMode
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.records import INVISIBLE
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, first_fault
from pilot_core.files import settle
from pilot_core.services.acts import LOCAL, Act, once
from pilot_core.services.documents import documents_are_due, write_documents_now
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files.layout import UPLOADS
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import act_keys, outbox
from pilot_core.video.conform.outline import suffix_of
from pilot_core.video.pipelines import pipeline_named

PLAN = ".json"
"""The suffix of an edited storyboard among a pilot's uploads."""


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
    """Return a new pilot, checked against the catalogue and not saved yet.

    ``brand`` is a preset's name (the catalogue's default if None); the whole preset and the playbook version are copied
    into the pilot. Its many parameters are those of the guide's API. Raises InvalidRequest, naming the field at fault.
    """
    chosen = catalog.brand(brand) if brand else catalog.default_brand()
    now = now or utc_now()
    founder, company = checked_name(founder_name, "founder"), checked_name(company_name, "company")
    if not 1 <= max_attempts <= limits.ATTEMPTS:
        raise InvalidRequest(f"Enter a limit of 1 to {limits.ATTEMPTS} attempts.", field="max_attempts")
    if not 1 <= max_iterations_per_attempt <= limits.DRAFTS:
        raise InvalidRequest(
            f"Enter a limit of 1 to {limits.DRAFTS} drafts per attempt.", field="max_iterations_per_attempt"
        )
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
    pilot.log(EventKind.CREATED, now, scenario=pilot.scenario_type, brand=chosen.id)
    return pilot


def checked_name(text: str, field: str) -> str:
    """Return the founder's or the company's name (``field``) in one line. Raises InvalidRequest."""
    text = " ".join(text.split())
    if INVISIBLE.fullmatch(text):
        raise InvalidRequest(f"Enter the {field}'s name.", field=field)
    # Format characters (Cf) stay: names in Persian or Hebrew need them.
    if len(text) > limits.NAME or any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise InvalidRequest(
            f"Enter the {field}'s name in one line of at most {limits.NAME} readable characters.", field=field
        )
    return text


def start_pilot(store: PilotStore, pilot: PilotRun, actor: Actor | None = None, *, key: str | None = None) -> PilotRun:
    """Save a new pilot and write its runbook and founder documents into its folder.

    After the save nothing is raised: if the documents cannot be written, the pilot gets a warning and they are written
    later. If a pilot was already started with the ``key``, that pilot is returned.
    """

    who = store.acting(actor)
    permission.ask(store.database, who, ActKind.START, pilot.pilot_id, store.clock())

    def add_rows(connection: Connection) -> None:
        permission.check(connection, who, ActKind.START, pilot.pilot_id, store.clock())
        documents_are_due(connection, store, pilot)
        if key:
            act_keys.use(connection, key, pilot.pilot_id, store.clock(), {"pilot_id": pilot.pilot_id})

    def start() -> PilotRun:
        store.save(pilot, who, also=add_rows)
        return write_documents_now(store, pilot)

    return once(store, key, start, lambda result: store.load(result["pilot_id"]))


def queue_attempt(
    store: PilotStore, pilot_id: str, pipeline: str, act: Act = LOCAL, *, upload_path: str | None = None
) -> tuple[PilotRun, PilotRunAttempt]:
    """Queue the pilot's next attempt. Raises NotAllowedNow if the pilot allows none, InvalidRequest, Conflict."""
    _check_pipeline(pipeline, upload_path)

    def add_attempt(pilot: PilotRun) -> PilotRunAttempt:
        return pilot.add_attempt(pipeline=pipeline, upload_path=upload_path, at=store.clock())

    return store.change(pilot_id, add_attempt, act.actor, act.seen_version, _use_key(store, act), ActKind.BEGIN)


def keep_upload(store: PilotStore, pilot_id: str, source: Path, actor: Actor | None = None) -> str:
    """Copy a finished video, or an edited storyboard, into the pilot's folder; returns its path within the store.

    Raises InvalidRequest, and StoreError when it cannot be copied; then no copy is left.
    """
    who = store.acting(actor)
    permission.ask(store.database, who, ActKind.BEGIN, pilot_id, store.clock())
    name = f"{ids.checked_pilot_id(pilot_id)}/{UPLOADS}/{ids.new_id('upload')}"
    target = store.path_of(name)
    try:
        relative = f"{name}{PLAN if source.suffix == PLAN else suffix_of(source)}"
        target = store.path_of(relative)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target.with_suffix(".part"))
        settle(target.with_suffix(".part"), target)
    except OSError as error:
        target.with_suffix(".part").unlink(missing_ok=True)
        raise InvalidRequest(f"The file {source.name} cannot be copied: {error.strerror}.", field="video") from error
    try:
        store.media.put([relative])
    except PilotError:
        target.unlink()
        raise
    return relative


def retry_attempt(
    store: PilotStore,
    pilot_id: str,
    act: Act = LOCAL,
    *,
    pipeline: str | None = None,
    upload_path: str | None = None,
) -> tuple[PilotRun, PilotRunAttempt]:
    """Queue the failed latest attempt again under its own number. Raises NotAllowedNow when it has not failed."""

    def queue_again(pilot: PilotRun) -> PilotRunAttempt:
        attempt = pilot.latest_attempt
        if attempt is None or attempt.state is not AttemptState.FAILED:
            raise NotAllowedNow(
                f"{pilot_id} has no failed attempt to retry; continue it instead.", shell=f"--continue-pilot {pilot_id}"
            )
        if pilot.status != "active":
            raise NotAllowedNow(f"{pilot_id} is {pilot.status}; only an active pilot's attempt can be retried.")
        brought_before = attempt.upload_path if pipeline in (None, attempt.pipeline) else None
        attempt.pipeline = pipeline or attempt.pipeline
        attempt.upload_path = upload_path or brought_before
        _check_pipeline(attempt.pipeline or "", attempt.upload_path)
        attempt.state = AttemptState.QUEUED
        attempt.failure = None
        pilot.log(EventKind.ATTEMPT_RETRIED, store.clock(), attempt_number=attempt.attempt_number)
        return attempt

    return store.change(pilot_id, queue_again, act.actor, act.seen_version, _use_key(store, act), ActKind.RETRY)


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
    people_hours: float | None = None,
    actor: Actor | None = None,
    seen_version: int | None = None,
) -> PilotRun:
    """Log what the founder decided on an attempt, and enqueue the messages that tell the leads.

    ``people_hours`` is how many hours the team spent on the attempt, if it is known.

    Its many parameters are those of the guide's API. Raises as :meth:`PilotRun.record_feedback` does, InvalidRequest
    for an unknown flag, and Conflict when ``seen_version`` is given and the pilot has changed since.
    """
    checked = catalog.check_flags(list(flags))
    if len(feedback) > limits.NOTES:
        raise InvalidRequest(f"The notes are longer than {limits.NOTES:,} characters; shorten them.", field="notes")
    if len(by or "") > limits.NAME or len(channel) > limits.CHANNEL:
        raise InvalidRequest("Say in a few words who said it and how.", field="by")
    if people_hours is not None and not 0 <= people_hours <= limits.PEOPLE_HOURS:
        raise InvalidRequest(f"Give the people’s hours as a number from 0 to {limits.PEOPLE_HOURS:,}.", field="hours")

    def add_feedback(pilot: PilotRun) -> Feedback:
        return pilot.record_feedback(
            attempt_number,
            feedback,
            level,
            checked,
            mode,
            by=by,
            channel=channel,
            people_hours=people_hours,
            at=store.clock(),
        )

    def add_messages(connection: Connection, pilot: PilotRun, given: Feedback) -> None:
        outbox.enqueue_feedback(connection, pilot_id, attempt_number, given, store.clock())

    return store.change(pilot_id, add_feedback, actor, seen_version, add_messages, ActKind.GIVE_FEEDBACK)[0]


def pause(
    store: PilotStore, pilot_id: str, reason: str, actor: Actor | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Pause a pilot."""
    return store.change(pilot_id, lambda p: p.pause(reason, store.clock()), actor, seen_version, kind=ActKind.PAUSE)[0]


def resume(
    store: PilotStore, pilot_id: str, actor: Actor | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Resume a paused pilot."""
    return store.change(pilot_id, lambda p: p.resume(store.clock()), actor, seen_version, kind=ActKind.RESUME)[0]


def drop(
    store: PilotStore,
    pilot_id: str,
    reason: str,
    *,
    external: bool = False,
    actor: Actor | None = None,
    seen_version: int | None = None,
) -> PilotRun:
    """Drop a pilot: end it without approval."""
    return store.change(
        pilot_id, lambda p: p.drop(reason, external, store.clock()), actor, seen_version, kind=ActKind.DROP
    )[0]


def close_as_approved(
    store: PilotStore, pilot_id: str, actor: Actor | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Complete an imported pilot whose latest review approves it. Raises NotAllowedNow for any other."""
    return store.change(
        pilot_id, lambda p: p.close_as_approved(store.clock()), actor, seen_version, kind=ActKind.GIVE_FEEDBACK
    )[0]


def raise_limit(
    store: PilotStore,
    pilot_id: str,
    max_attempts: int,
    justification: str,
    actor: Actor | None = None,
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Raise a pilot's maximum number of attempts."""
    return store.change(
        pilot_id,
        lambda p: p.raise_limit(max_attempts, justification, store.clock()),
        actor,
        seen_version,
        kind=ActKind.RAISE_LIMIT,
    )[0]


def edit_brief(
    store: PilotStore, pilot_id: str, brief: Brief, actor: Actor | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Correct what the pilot's videos should say, from its next attempt on, and rewrite its documents to match.

    After the save nothing is raised: if the documents cannot be written, the pilot gets a warning and they are written
    later. Raises InvalidRequest when nothing differs or the pilot's scenario is unknown, NotAllowedNow when it is
    completed.
    """

    def replace_brief(pilot: PilotRun) -> None:
        catalog.scenario(pilot.scenario_type)
        if pilot.status == "completed":
            raise NotAllowedNow(f"{pilot_id} is completed ({pilot.approval_outcome}); its brief stays as it is.")
        changed = [name for name in Brief.model_fields if getattr(brief, name) != getattr(pilot.brief, name)]
        if not changed:
            raise InvalidRequest("The brief is as it was; change a field first.", field="brief")
        before = pilot.brief.model_dump(mode="json", include=set(changed))
        pilot.brief = brief
        pilot.log(EventKind.BRIEF_EDITED, store.clock(), fields=changed, before=before)

    def add_rows(connection: Connection, pilot: PilotRun, _: None) -> None:
        documents_are_due(connection, store, pilot)

    pilot, _ = store.change(pilot_id, replace_brief, actor, seen_version, add_rows, ActKind.EDIT_BRIEF)
    return write_documents_now(store, pilot)


def _use_key(store: PilotStore, act: Act) -> Callable[[Connection, PilotRun, PilotRunAttempt], None]:
    def use_key(connection: Connection, pilot: PilotRun, attempt: PilotRunAttempt) -> None:
        if act.key:
            result = {"attempt_number": attempt.attempt_number}
            act_keys.use(connection, act.key, pilot.pilot_id, store.clock(), result)

    return use_key


def parse_brief(data: object) -> Brief:
    """Return a brief from parsed JSON or TOML. Raises InvalidRequest naming the field at fault."""
    if isinstance(data, dict) and "brand_kit" in data:
        raise InvalidRequest("A brief names no brand kit; give its folder with --brand-kit.", field="brand_kit")
    try:
        return Brief.model_validate(data)
    except ValidationError as error:
        where, why = first_fault(error)
        where, known = where or "the brief", ", ".join(BRIEF_LABELS)
        raise InvalidRequest(f"The brief is not right: {where}: {why}. It may hold: {known}.", field=where) from error


def _check_pipeline(name: str, upload_path: str | None) -> None:
    pipeline = pipeline_named(name)
    is_plan = bool(upload_path) and Path(upload_path or "").suffix == PLAN
    if pipeline.takes_upload != bool(upload_path and not is_plan):
        raise InvalidRequest("The upload pipeline takes a finished video, and only it does.", field="video")
    if is_plan and not pipeline.takes_plan:
        raise InvalidRequest("Only the storyboard pipeline draws an edited storyboard.", field="storyboard")
