"""A lead's judgements of a pilot: override its recommendation, decide on suggested flags, file outcome reports.

Each function is one transaction and adds an event. None of them changes what the rules compute.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pilot_core import ids
from pilot_core.clock import as_utc, iso
from pilot_core.documents.report import render_report
from pilot_core.domain.actors import Actor, Way
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.erasures import folded
from pilot_core.domain.events import EventKind
from pilot_core.domain.feedback import Feedback
from pilot_core.domain.judgements import DecidedSuggestion, Override
from pilot_core.domain.messages import MOVABLE, MessageKind, MessageState, NewMessage
from pilot_core.domain.pilot import UNDO_FOR, PilotRun, checked_reason
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.recommend import Verdict, recommend
from pilot_core.insight.report import FiledReport, build_report
from pilot_core.insight.themes import Polarity, Suggestion, lexicon, suggest
from pilot_core.review.requests import answers_of
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import drilldown
from pilot_core.store.queries.drilldown import Note
from pilot_core.store.queries.judgements import filed_report, settled_flags
from pilot_core.store.tables import judgements, outbox
from pilot_core.store.tables.events import add_event


@dataclass(frozen=True)
class Offered:
    """A flag that the text of a current review suggests and that nobody has accepted or dismissed yet."""

    note: Note
    suggestion: Suggestion


def override_recommendation(store: PilotStore, pilot_id: str, verdict: str, reason: str, actor: Actor) -> Override:
    """Record a lead's own verdict, which is shown beside the computed one.

    Where the store asks for a second reason, it waits for ``confirm_override``. Raises InvalidRequest without a reason
    or a name, or if the rules give the same verdict; NotAllowedNow while there is another override; PilotNotFound.
    """
    who, why = _asked(store, actor, ActKind.OVERRIDE, pilot_id), checked_reason(reason)
    try:
        chosen = Verdict(verdict)
    except ValueError:
        raise InvalidRequest(
            f"“{verdict[:40]}” is not a recommendation; use {', '.join(Verdict)}.", field="verdict"
        ) from None
    computed = recommend(store.load(pilot_id))
    if computed.recommendation is chosen:
        raise InvalidRequest(f"The rules say {chosen} already; there is nothing to override.", field="verdict")
    made = Override(
        override_id=ids.new_id("override"),
        pilot_id=pilot_id,
        verdict=chosen.value,
        reason=why,
        computed=computed.recommendation.value if computed.recommendation else None,
        computed_code=computed.code,
        rules_version=computed.rules_version,
        made_by=who,
        made_at=store.clock(),
        needs_second=store.second_reason,
    )

    def set_override(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.OVERRIDE, pilot_id, store.clock())
        before = judgements.open_override(connection, pilot_id)
        if before:
            did = "asked to override" if before.waits else "overridden"
            raise NotAllowedNow(f"{before.made_by} has {did} this recommendation already; undo that first.")
        judgements.add_override(connection, made)
        detail: dict[str, object] = {"verdict": made.verdict, "reason": why}
        detail |= {"computed": made.computed, "code": made.computed_code} | _if_waiting(made)
        add_event(connection, pilot_id, made.made_at, who, EventKind.RECOMMENDATION_OVERRIDDEN, **detail)

    store.database.transaction(set_override)
    return made


def confirm_override(store: PilotStore, pilot_id: str, override_id: str, reason: str, actor: Actor) -> Override:
    """Record a second person's reason for the override that waits for one, so that it takes effect.

    Raises InvalidRequest without a reason, or if the actor has the name of whoever asked for it; NotAllowedNow if that
    override does not wait any more.
    """
    who, why, now = _asked(store, actor, ActKind.CONFIRM_OVERRIDE, pilot_id), checked_reason(reason), store.clock()

    def set_second(connection: Connection) -> Override:
        permission.check(connection, actor, ActKind.CONFIRM_OVERRIDE, pilot_id, now)
        asked = judgements.open_override(connection, ids.checked_pilot_id(pilot_id))
        if asked is None or asked.override_id != override_id or not asked.waits:
            raise NotAllowedNow("This override does not wait for a second reason any more.")
        if folded(asked.made_by) == folded(who):
            raise InvalidRequest("You asked for this override, so the second reason must be someone else’s.")
        judgements.confirm_override(connection, override_id, who, now, why)
        detail = {"verdict": asked.verdict, "by": asked.made_by, "reason": why}
        add_event(connection, pilot_id, now, who, EventKind.OVERRIDE_CONFIRMED, **detail)
        return replace(asked, second_by=who, second_at=now, second_reason=why)

    return store.database.transaction(set_second)


def undo_override(store: PilotStore, pilot_id: str, reason: str, actor: Actor) -> None:
    """Undo the override in effect, or the one that waits, with a reason: only the computed result applies then.

    Raises InvalidRequest without a reason or a name, NotAllowedNow if there is none.
    """
    who, why, now = _asked(store, actor, ActKind.UNDO_OVERRIDE, pilot_id), checked_reason(reason), store.clock()

    def remove_override(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.UNDO_OVERRIDE, pilot_id, store.clock())
        made = judgements.open_override(connection, ids.checked_pilot_id(pilot_id))
        if made is None:
            raise NotAllowedNow(f"{pilot_id} has no override; there is nothing to undo.")
        judgements.undo_override(connection, made.override_id, who, now, why)
        detail = {"verdict": made.verdict, "reason": why} | _if_waiting(made)
        add_event(connection, pilot_id, now, who, EventKind.OVERRIDE_UNDONE, **detail)

    store.database.transaction(remove_override)


def _if_waiting(made: Override) -> dict[str, object]:
    return {"waits": True} if made.waits else {}


def suggestions(store: PilotStore, cohort: Cohort | None = None, *, most: int = 200) -> list[Offered]:
    """Return the undecided suggestions from the latest ``most`` current reviews that have text."""
    return _offered(store, drilldown.notes(store.database, cohort or Cohort(), most=most))


def suggestions_for(store: PilotStore, pilot: PilotRun) -> list[Offered]:
    """Return the undecided suggestions from one pilot's current reviews, in the order of its attempts."""
    reviews = [(attempt, attempt.review) for attempt in pilot.runs if attempt.review and attempt.review.notes.strip()]
    return _offered(store, [_note(pilot, attempt, review) for attempt, review in reviews if review])


def accept_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: Actor) -> PilotRun:
    """Raise the suggested flag on that feedback. It then counts like one that the reviewer chose.

    Raises InvalidRequest if the text does not suggest it, NotAllowedNow if it is already raised or decided.
    """
    who, now = _asked(store, actor, ActKind.SUGGEST, pilot_id), store.clock()
    attempt, feedback = _feedback(store.load(pilot_id), feedback_id)
    suggested = _suggested(feedback, flag)

    def raise_flag(pilot: PilotRun) -> None:
        _, present = _feedback(pilot, feedback_id)
        if flag in present.flags:
            raise NotAllowedNow("That flag is raised on this feedback already.")
        present.flags = [*present.flags, flag]
        detail = {"feedback_id": feedback_id, "flag": flag, "quote": suggested.quote}
        pilot.log(EventKind.FLAG_ACCEPTED, now, attempt_number=attempt.attempt_number, **detail)

    def add_acceptance(connection: Connection, pilot: PilotRun, _: None) -> None:
        decided = DecidedSuggestion(feedback_id, flag, suggested.quote, accepted=True, decided_by=who, decided_at=now)
        _decide(connection, pilot_id, suggested, decided)

    pilot, _ = store.change(pilot_id, raise_flag, actor, also=add_acceptance, kind=ActKind.SUGGEST)
    return pilot


def undo_decided_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: Actor) -> PilotRun:
    """Undo the decision on a suggestion: it is offered again, and a flag that was accepted no longer counts.

    Raises NotAllowedNow when it is not decided.
    """
    _asked(store, actor, ActKind.SUGGEST, pilot_id)
    now = store.clock()

    def lower_flag(pilot: PilotRun) -> None:
        attempt, present = _feedback(pilot, feedback_id)
        decided = store.database.read(lambda c: judgements.decided_suggestion(c, feedback_id, flag))
        if decided is None:
            raise NotAllowedNow("This suggestion is not decided; there is nothing to take back.")
        if decided.accepted:
            present.flags = [raised for raised in present.flags if raised != flag]
        detail = {"feedback_id": feedback_id, "flag": flag, "accepted": decided.accepted}
        pilot.log(EventKind.FLAG_DECISION_UNDONE, now, attempt_number=attempt.attempt_number, **detail)

    def remove_suggestion(connection: Connection, pilot: PilotRun, _: None) -> None:
        judgements.remove_suggestion(connection, feedback_id, flag)

    pilot, _ = store.change(pilot_id, lower_flag, actor, also=remove_suggestion, kind=ActKind.SUGGEST)
    return pilot


def dismiss_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: Actor) -> None:
    """Record that the text does not mean that flag, so that it is not suggested again.

    Raises as ``accept_suggestion``.
    """
    who, now = _asked(store, actor, ActKind.SUGGEST, pilot_id), store.clock()
    attempt, feedback = _feedback(store.load(pilot_id), feedback_id)
    suggested = _suggested(feedback, flag)

    def add_dismissal(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.SUGGEST, pilot_id, store.clock())
        decided = DecidedSuggestion(feedback_id, flag, suggested.quote, accepted=False, decided_by=who, decided_at=now)
        _decide(connection, pilot_id, suggested, decided)
        detail = {"feedback_id": feedback_id, "flag": flag, "quote": suggested.quote}
        add_event(
            connection, pilot_id, now, who, EventKind.FLAG_DISMISSED, attempt_number=attempt.attempt_number, **detail
        )

    store.database.transaction(add_dismissal)


def file_report(store: PilotStore, pilot_id: str, actor: Actor, *, as_of: datetime | None = None) -> FiledReport:
    """Make the pilot's outcome report with the current rules and the data known at ``as_of`` (None: now), and store it.

    A filed report is never changed; filing again for the same day adds a report. When a pilot is completed, a report is
    filed by itself: see ``services/owed_reports.py``. Raises InvalidRequest for a time in
    the future or before the pilot was created, PilotNotFound.
    """
    who, now = _asked(store, actor, ActKind.FILE_REPORT, pilot_id), store.clock()
    pilot = store.load(pilot_id)
    if as_of is not None and not pilot.created_at <= as_utc(as_of) <= now:
        raise InvalidRequest("A report can be made for a time between the pilot's creation and now.", field="as_of")
    report = build_report(pilot, answers_of(store, pilot_id), as_of=as_of, now=now)
    found = store.database.read(lambda c: judgements.open_override(c, pilot_id))
    override = found if found and found.stands else None
    filed = FiledReport(
        report_id=ids.new_id("report"),
        filed_by=who,
        report=report,
        markdown=render_report(report, override),
        override_by=override.made_by if override else None,
        override_verdict=override.verdict if override else None,
        override_reason=override.reason if override else None,
        override_second_by=override.second_by if override else None,
        override_second_reason=override.second_reason if override else None,
    )

    def add_report(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.FILE_REPORT, pilot_id, store.clock())
        judgements.add_report(connection, filed)
        verdict = report.recommendation.recommendation
        add_event(
            connection,
            pilot_id,
            now,
            who,
            EventKind.REPORT_FILED,
            report_id=filed.report_id,
            as_of=iso(report.as_of),
            rules_version=report.rules_version,
            recommendation=verdict.value if verdict else None,
            code=report.recommendation.code,
        )
        outbox.enqueue(connection, NewMessage(MessageKind.REPORT_READY, pilot_id, about=filed.report_id), now)

    store.database.transaction(add_report)
    return filed


def withdraw_report(store: PilotStore, report_id: str, actor: Actor, *, reason: str) -> None:
    """Delete a report within ten minutes of its filing, and cancel its message. The program may do so at any time.

    Raises NotAllowedNow if it is too late or the report is gone.
    """
    filed = filed_report(store.database, report_id)
    pilot_id = filed.report.pilot_id if filed else ""
    who, now = _asked(store, actor, ActKind.FILE_REPORT, pilot_id), store.clock()
    if filed is None:
        raise NotAllowedNow("This report was withdrawn already.")
    if actor.source.way is not Way.PROGRAM and now > filed.report.generated_at + UNDO_FOR:
        raise NotAllowedNow("Ten minutes have passed, so this report is kept.")
    told = NewMessage(MessageKind.REPORT_READY, pilot_id, about=report_id).message_id

    def remove_report(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.FILE_REPORT, pilot_id, now)
        judgements.remove_report(connection, report_id)
        add_event(connection, pilot_id, now, who, EventKind.REPORT_WITHDRAWN, report_id=report_id, reason=reason)
        outbox.move(connection, told, MOVABLE, MessageState.CANCELLED, "The report was withdrawn.", now)

    store.database.transaction(remove_report)


def _offered(store: PilotStore, read: list[Note]) -> list[Offered]:
    found = [
        Offered(note, suggested)
        for note in read
        for suggested in suggest(note.text)
        if suggested.polarity is Polarity.COMPLAINT
    ]
    about = list({offered.note.feedback_id for offered in found})
    settled = settled_flags(store.database, about)
    return [offered for offered in found if (offered.note.feedback_id, offered.suggestion.flag) not in settled]


def _decide(
    connection: Connection,
    pilot_id: str,
    suggested: Suggestion,
    decided: DecidedSuggestion,
) -> None:
    if judgements.decided_suggestions(connection, [decided.feedback_id]) & {(decided.feedback_id, decided.flag)}:
        raise NotAllowedNow("Somebody has decided on this suggestion already.")
    judgements.add_suggestion(connection, pilot_id, decided, suggested, lexicon().version)


def _suggested(feedback: Feedback, flag: str) -> Suggestion:
    for suggested in suggest(feedback.notes):
        if suggested.flag == flag and suggested.polarity is Polarity.COMPLAINT:
            return suggested
    raise InvalidRequest("The words of this feedback do not suggest that flag.", field="flag")


def _feedback(pilot: PilotRun, feedback_id: str) -> tuple[PilotRunAttempt, Feedback]:
    for attempt in pilot.runs:
        for feedback in attempt.feedback:
            if feedback.feedback_id == feedback_id:
                return attempt, feedback
    raise PilotNotFound(f"{pilot.pilot_id} has no such feedback.")


def _note(pilot: PilotRun, attempt: PilotRunAttempt, review: Feedback) -> Note:
    return Note(
        feedback_id=review.feedback_id,
        pilot_id=pilot.pilot_id,
        company_name=pilot.company_name,
        attempt_number=attempt.attempt_number,
        decision=review.level.value,
        said_by=review.by,
        received_at=review.received_at,
        text=review.notes,
    )


def _asked(store: PilotStore, actor: Actor, kind: ActKind, pilot_id: str) -> str:
    """Return the actor's name. Raises InvalidRequest without one, and as ``permission.check``."""
    permission.ask(store.database, actor, kind, pilot_id, store.clock())
    who = actor.strip()
    if not who:
        raise InvalidRequest("A name is needed: say who decides.", field="actor")
    return who
