"""The verbs of judging a pilot: a lead's override, flags suggested by words, outcome reports filed for good.

Each owns its transaction and leaves an event. What the rules compute is never changed by any of them.
"""

from dataclasses import dataclass
from datetime import datetime

from pilot_core import ids
from pilot_core.clock import as_utc, iso
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.recommend import Verdict, recommend
from pilot_core.insight.report import build_report
from pilot_core.insight.themes import Polarity, Suggestion, lexicon, suggest
from pilot_core.models import Feedback, PilotRun, PilotRunAttempt, checked_reason
from pilot_core.store import drilldown, judgements, outbox
from pilot_core.store.drilldown import Note
from pilot_core.store.judgements import FiledReport, Override
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Kind
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import add_event


@dataclass(frozen=True)
class Offered:
    """A flag that the words of a standing review suggest, which nobody has accepted or dismissed yet."""

    note: Note
    suggestion: Suggestion


def override_recommendation(store: PilotStore, pilot_id: str, verdict: str, reason: str, actor: str) -> Override:
    """Let a named lead's verdict stand beside the computed one.

    Raises InvalidRequest without a reason or a name, or for what the rules say already; NotAllowedNow while another
    override stands; PilotNotFound.
    """
    who, why = _named(actor), checked_reason(reason)
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
    )

    def work(connection: Connection) -> None:
        standing = judgements.standing_override(connection, pilot_id)
        if standing:
            raise NotAllowedNow(f"{standing.made_by} has overridden this recommendation already; undo that first.")
        judgements.add_override(connection, made)
        detail = {"verdict": made.verdict, "reason": why, "computed": made.computed, "code": made.computed_code}
        add_event(connection, pilot_id, made.made_at, who, "recommendation_overridden", **detail)

    store.database.transaction(work)
    return made


def undo_override(store: PilotStore, pilot_id: str, reason: str, actor: str) -> None:
    """Take the standing override back, with a reason, so that the computed result stands alone again.

    Raises InvalidRequest without a reason or a name, NotAllowedNow where none stands.
    """
    who, why, now = _named(actor), checked_reason(reason), store.clock()

    def work(connection: Connection) -> None:
        standing = judgements.standing_override(connection, ids.checked_pilot_id(pilot_id))
        if standing is None:
            raise NotAllowedNow(f"{pilot_id} has no override that stands; there is nothing to undo.")
        judgements.undo_override(connection, standing.override_id, who, now, why)
        add_event(connection, pilot_id, now, who, "override_undone", verdict=standing.verdict, reason=why)

    store.database.transaction(work)


def suggestions(store: PilotStore, cohort: Cohort | None = None, *, most: int = 200) -> list[Offered]:
    """What the latest ``most`` standing reviews with words suggest and nobody has decided or flagged yet."""
    return _offered(store, drilldown.notes(store.database, cohort or Cohort(), most=most))


def suggestions_for(store: PilotStore, pilot: PilotRun) -> list[Offered]:
    """The same for one pilot's standing reviews, in the order of its attempts."""
    said = [(attempt, attempt.review) for attempt in pilot.runs if attempt.review and attempt.review.notes.strip()]
    return _offered(store, [_note(pilot, attempt, review) for attempt, review in said if review])


def accept_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: str) -> PilotRun:
    """Raise the suggested flag on that feedback: from now on it counts like one the reviewer chose.

    Raises InvalidRequest when the words do not suggest it, NotAllowedNow when it is raised or was decided already.
    """
    who, now = _named(actor), store.clock()
    attempt, feedback = _feedback(store.load(pilot_id), feedback_id)
    suggested = _suggested(feedback, flag)

    def work(pilot: PilotRun) -> None:
        _, present = _feedback(pilot, feedback_id)
        if flag in present.flags:
            raise NotAllowedNow("That flag is raised on this feedback already.")
        present.flags = [*present.flags, flag]
        detail = {"feedback_id": feedback_id, "flag": flag, "quote": suggested.quote}
        pilot.log("flag_accepted", now, attempt_number=attempt.attempt_number, **detail)

    def also(connection: Connection) -> None:
        _decide(connection, feedback_id, pilot_id, suggested, accepted=True, by=who, at=now)

    pilot, _ = store.change(pilot_id, work, who, also=also)
    return pilot


def undo_decided_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: str) -> PilotRun:
    """Take back how a suggestion was decided: it is offered again, and a flag that was accepted counts no more.

    Raises NotAllowedNow when it is not decided.
    """
    who, now = _named(actor), store.clock()

    def work(pilot: PilotRun) -> None:
        attempt, present = _feedback(pilot, feedback_id)
        decided = store.database.read(lambda c: judgements.decided_suggestion(c, feedback_id, flag))
        if decided is None:
            raise NotAllowedNow("This suggestion is not decided; there is nothing to take back.")
        if decided.accepted:
            present.flags = [raised for raised in present.flags if raised != flag]
        detail = {"feedback_id": feedback_id, "flag": flag, "accepted": decided.accepted}
        pilot.log("flag_decision_undone", now, attempt_number=attempt.attempt_number, **detail)

    def also(connection: Connection) -> None:
        judgements.remove_suggestion(connection, feedback_id, flag)

    pilot, _ = store.change(pilot_id, work, who, also=also)
    return pilot


def dismiss_suggestion(store: PilotStore, pilot_id: str, feedback_id: str, flag: str, actor: str) -> None:
    """Note that the words do not mean that flag; it is not offered again. Raises as ``accept_suggestion``."""
    who, now = _named(actor), store.clock()
    attempt, feedback = _feedback(store.load(pilot_id), feedback_id)
    suggested = _suggested(feedback, flag)

    def work(connection: Connection) -> None:
        _decide(connection, feedback_id, pilot_id, suggested, accepted=False, by=who, at=now)
        detail = {"feedback_id": feedback_id, "flag": flag, "quote": suggested.quote}
        add_event(connection, pilot_id, now, who, "flag_dismissed", attempt_number=attempt.attempt_number, **detail)

    store.database.transaction(work)


def file_report(store: PilotStore, pilot_id: str, actor: str, *, as_of: datetime | None = None) -> FiledReport:
    """Make the pilot's outcome report by the present rules from what was known at ``as_of`` (None: now), and keep it.

    A report once filed is never rewritten; another for the same day is another report. Raises InvalidRequest for a
    moment to come or before the pilot was created, PilotNotFound.
    """
    from pilot_core.documents import render_report

    who, now = _named(actor), store.clock()
    pilot = store.load(pilot_id)
    if as_of is not None and not pilot.created_at <= as_utc(as_of) <= now:
        raise InvalidRequest("A report can be made for a time between the pilot's creation and now.", field="as_of")
    report = build_report(pilot, as_of=as_of, now=now)
    override = store.database.read(lambda c: judgements.standing_override(c, pilot_id))
    filed = FiledReport(
        report_id=ids.new_id("report"),
        filed_by=who,
        report=report,
        markdown=render_report(report, override),
        override_by=override.made_by if override else None,
        override_verdict=override.verdict if override else None,
        override_reason=override.reason if override else None,
    )

    def work(connection: Connection) -> None:
        judgements.add_report(connection, filed)
        verdict = report.recommendation.recommendation
        add_event(
            connection,
            pilot_id,
            now,
            who,
            "report_filed",
            report_id=filed.report_id,
            as_of=iso(report.as_of),
            rules_version=report.rules_version,
            recommendation=verdict.value if verdict else None,
        )
        outbox.tell(connection, Kind.REPORT_READY, pilot_id, now, about=filed.report_id)

    store.database.transaction(work)
    return filed


def _offered(store: PilotStore, read: list[Note]) -> list[Offered]:
    found = [
        Offered(note, suggested)
        for note in read
        for suggested in suggest(note.text)
        if suggested.polarity is Polarity.COMPLAINT
    ]
    about = list({offered.note.feedback_id for offered in found})
    settled = store.database.read(lambda c: judgements.decided_suggestions(c, about) | drilldown.raised_flags(c, about))
    return [offered for offered in found if (offered.note.feedback_id, offered.suggestion.flag) not in settled]


def _decide(
    connection: Connection,
    feedback_id: str,
    pilot_id: str,
    suggested: Suggestion,
    *,
    accepted: bool,
    by: str,
    at: datetime,
) -> None:
    if judgements.decided_suggestions(connection, [feedback_id]) & {(feedback_id, suggested.flag)}:
        raise NotAllowedNow("Somebody has decided on this suggestion already.")
    judgements.add_suggestion(
        connection,
        feedback_id,
        pilot_id,
        suggested,
        lexicon_version=lexicon().version,
        accepted=accepted,
        by=by,
        at=at,
    )


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


def _named(actor: str) -> str:
    who = actor.strip()
    if not who:
        raise InvalidRequest("A name is needed: say who decides.", field="actor")
    return who
