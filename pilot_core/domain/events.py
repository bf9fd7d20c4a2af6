"""Events: who did what to which pilot, and when. Defines every kind of event and the sentence that describes it.

To add a kind, add a member to :class:`EventKind` and its sentence to ``SENTENCES``. A sentence follows the actor's name
("Mara *paused the pilot: on holiday*"). It is plain text: callers escape it. Details may be missing in old stores.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from pilot_core import catalog
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.domain.feedback import FeedbackMode, level_in_sentence
from pilot_core.domain.judgements import badge_word
from pilot_core.domain.records import Record, UtcTime
from pilot_core.domain.requests import NOTES
from pilot_core.formatting import count, day, moment, percent, seconds


class Event(Record):
    """Who did what to which pilot, and when. ``kind`` is an :class:`EventKind`, or an unknown one from an old store."""

    event_id: str
    pilot_id: str
    at: UtcTime
    actor: str
    kind: str
    detail: dict[str, Any] = Field(default_factory=dict)


class EventKind(StrEnum):
    """The kinds of events."""

    CREATED = "created"
    IMPORTED = "imported"
    BRIEF_EDITED = "brief_edited"
    PAUSED = "paused"
    RESUMED = "resumed"
    DROPPED = "dropped"
    LIMIT_RAISED = "limit_raised"
    APPROVED = "approved"
    FIELDS_CHANGED = "fields_changed"
    OWNER_CHANGED = "owner_changed"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze_ended"

    ATTEMPT_ADDED = "attempt_added"
    ATTEMPT_RETRIED = "attempt_retried"
    RENDER_STARTED = "render_started"
    RENDER_GIVEN_BACK = "render_given_back"
    RENDER_FAILED = "render_failed"
    CUT_READY = "cut_ready"
    VIDEO_CONFORMED = "video_conformed"
    ATTEMPT_SENT = "attempt_sent"
    SENDING_UNDONE = "sending_undone"

    FEEDBACK_RECEIVED = "feedback_received"
    REVIEW_DECISION = "review_decision"
    DECISION_UNDONE = "decision_undone"

    LINK_MADE = "link_made"
    LINK_REVOKED = "link_revoked"
    LINK_OPENED = "link_opened"
    PASSPHRASE_WRONG = "passphrase_wrong"
    REVIEWER_RENAMED = "reviewer_renamed"
    FILM_OPENED = "film_opened"
    FILM_WATCHED = "film_watched"
    COMMENT_ADDED = "comment_added"
    COMMENT_ANSWERED = "comment_answered"
    COMMENT_EDITED = "comment_edited"
    COMMENT_DELETED = "comment_deleted"
    COMMENT_ADDRESSED = "comment_addressed"
    COMMENT_NOT_ADDRESSED = "comment_not_addressed"
    REQUEST_ADDRESSED = "request_addressed"
    REQUEST_NOT_ADDRESSED = "request_not_addressed"
    REQUEST_MARKED = "request_marked"
    REQUEST_UNMARKED = "request_unmarked"
    DOWNLOAD_ALLOWED = "download_allowed"
    DOWNLOAD_ENDED = "download_ended"

    RECOMMENDATION_OVERRIDDEN = "recommendation_overridden"
    OVERRIDE_CONFIRMED = "override_confirmed"
    OVERRIDE_UNDONE = "override_undone"
    FLAG_ACCEPTED = "flag_accepted"
    FLAG_DISMISSED = "flag_dismissed"
    FLAG_DECISION_UNDONE = "flag_decision_undone"
    REPORT_FILED = "report_filed"
    REPORT_WITHDRAWN = "report_withdrawn"

    PERSON_ERASED = "person_erased"
    LOSS_NOTED = "loss_noted"


BOOKKEEPING = frozenset({EventKind.OWNER_CHANGED, EventKind.SNOOZED, EventKind.SNOOZE_ENDED})
"""What is no step of the pilot: it is not its last activity, and does not end a snooze."""


def describe(event: Event) -> str:
    """Return what the actor did, worded to follow their name. An unknown kind is returned as words."""
    try:
        return SENTENCES[EventKind(event.kind)](event)
    except ValueError:
        return event.kind.replace("_", " ")


def actor_name(actor: str) -> str:
    """Return the name of an event's actor, such as "The storyboard pipeline" for "pipeline:storyboard"."""
    if actor == "pipeline":
        return "The server"
    return f"The {actor.removeprefix('pipeline:')} pipeline" if actor.startswith("pipeline:") else actor


def _created(event: Event) -> str:
    names = (catalog.label(kind, str(event.detail.get(kind) or "")) for kind in ("scenario", "brand"))
    return f"created the pilot ({', '.join(filter(None, names))})"


def _brief_edited(event: Event) -> str:
    fields = [BRIEF_LABELS.get(field, str(field).replace("_", " ")) for field in event.detail.get("fields") or []]
    return f"corrected the brief: {', '.join(fields)}"


def _dropped(event: Event) -> str:
    external = ", for a reason that is not ours" if event.detail.get("external") else ""
    return f"dropped the pilot{external}{_reason(event)}"


def _limit_raised(event: Event) -> str:
    before, after = event.detail.get("before"), event.detail.get("after")
    return f"raised the limit from {before} to {after} attempts{_reason(event)}"


def _cut_ready(event: Event) -> str:
    took, passed = event.detail.get("time_to_first_cut_seconds"), event.detail.get("sla_passed")
    after = f", its first cut after {seconds(took)}" if took is not None else ""
    verdict = "" if passed is None else "; the SLA is kept" if passed else "; the SLA is missed"
    return f"made {_attempt(event)}{after}{verdict}"


def _attempt_sent(event: Event) -> str:
    how = event.detail.get("how")
    by_server = how in (SentHow.MAIL, SentHow.WEBHOOK)
    return f"sent {_attempt(event)} to the founder by {how}" if by_server else f"marked {_attempt(event)} as sent"


def _feedback_received(event: Event) -> str:
    simulated = "simulated feedback, " if event.detail.get("mode") == FeedbackMode.SIMULATED else ""
    by = event.detail.get("by")
    said = f", said by {by}" if by and by != event.actor else ""
    return f"logged {simulated}{level_in_sentence(event.detail.get('level'), 'feedback')} on {_attempt(event)}{said}"


def _decision_undone(event: Event) -> str:
    level = level_in_sentence(event.detail.get("level"), "decision").removeprefix("an ")
    return f"took back the {level} on {_attempt(event)}"


def _judged(verdict: str) -> Callable[[Event], str]:
    return lambda e: f"judged a comment on {_attempt(e)} as {verdict} in attempt {e.detail.get('in_attempt')}"


def _answered(verdict: str) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        subject = str(event.detail.get("subject"))
        what = "the written words" if subject == NOTES else f"“{catalog.label('flag', subject)}”"
        return f"judged {what} on {_attempt(event)} as {verdict} in attempt {event.detail.get('in_attempt')}"

    return sentence


def _overridden(event: Event) -> str:
    computed = badge_word(event.detail.get("computed"), event.detail.get("code"))
    chosen = event.detail.get("verdict")
    verb = "asked to override" if event.detail.get("waits") else "overrode"
    return f"{verb} the recommendation {computed} with {chosen}{_reason(event)}"


def _override_undone(event: Event) -> str:
    what = "the request to override" if event.detail.get("waits") else "the override"
    return f"took back {what} with {event.detail.get('verdict')}{_reason(event)}"


def _flag(event: Event) -> str:
    return f"“{catalog.label('flag', str(event.detail.get('flag')))}” on {_attempt(event)}"


def _flag_decided(verb: str) -> Callable[[Event], str]:
    def sentence(event: Event) -> str:
        quote = event.detail.get("quote")
        return f"{verb} the flag {_flag(event)}" + (f", suggested by “{quote}”" if quote else "")

    return sentence


def _flag_decision_undone(event: Event) -> str:
    return f"took back {'the accepted flag' if event.detail.get('accepted') else 'the dismissal of'} {_flag(event)}"


def _report_filed(event: Event) -> str:
    verdict = badge_word(event.detail.get("recommendation"), event.detail.get("code"))
    rules = event.detail.get("rules_version")
    as_of = event.detail.get("as_of")
    then = datetime.fromisoformat(str(as_of)) if as_of else event.at
    past = f" as of {moment(then)}" if event.at - then >= timedelta(minutes=1) else ""
    return f"filed an outcome report{past}: {verdict}, by rules {rules}"


def _owner_changed(event: Event) -> str:
    before, after = event.detail.get("before"), event.detail.get("after")
    if after is None:
        return f"removed {before or 'the owner'} as owner"
    return "took over as owner" if after == event.actor else f"made {after} the owner"


def _snoozed(event: Event) -> str:
    until = event.detail.get("until")
    return f"snoozed the pilot until {day(datetime.fromisoformat(str(until)))}" if until else "snoozed the pilot"


def _person_erased(event: Event) -> str:
    reviews = event.detail.get("reviews")
    words = f", with the words of {count(reviews, 'review')}" if isinstance(reviews, int) and reviews else ""
    return f"erased a person’s data from this pilot{words}"


def _attempt(event: Event) -> str:
    return f"attempt {event.detail.get('attempt_number')}"


def _reason(event: Event) -> str:
    return f": {event.detail['reason']}" if event.detail.get("reason") else ""


SENTENCES: dict[EventKind, Callable[[Event], str]] = {
    EventKind.CREATED: _created,
    EventKind.IMPORTED: lambda e: f"took the pilot in from {e.detail.get('file') or 'a state file'}",
    EventKind.BRIEF_EDITED: _brief_edited,
    EventKind.PAUSED: lambda e: f"paused the pilot{_reason(e)}",
    EventKind.RESUMED: lambda e: "resumed the pilot",
    EventKind.DROPPED: _dropped,
    EventKind.LIMIT_RAISED: _limit_raised,
    EventKind.APPROVED: lambda e: (
        f"completed the pilot with the approval of {_attempt(e)}, by {e.detail.get('by') or 'someone unnamed'}"
    ),
    EventKind.ATTEMPT_ADDED: lambda e: f"{'started' if e.detail.get('pipeline') else 'added'} {_attempt(e)}",
    EventKind.ATTEMPT_RETRIED: lambda e: f"retried {_attempt(e)}",
    EventKind.RENDER_STARTED: lambda e: f"began to make {_attempt(e)}",
    EventKind.RENDER_GIVEN_BACK: lambda e: f"gave {_attempt(e)} back to the queue, since its worker died",
    EventKind.RENDER_FAILED: lambda e: f"could not make {_attempt(e)}{_reason(e)}",
    EventKind.CUT_READY: _cut_ready,
    EventKind.VIDEO_CONFORMED: lambda e: f"converted the video of {_attempt(e)}",
    EventKind.ATTEMPT_SENT: _attempt_sent,
    EventKind.SENDING_UNDONE: lambda e: f"undid marking {_attempt(e)} as sent",
    EventKind.FEEDBACK_RECEIVED: _feedback_received,
    EventKind.REVIEW_DECISION: lambda e: f"decided on {_attempt(e)} in the review room",
    EventKind.DECISION_UNDONE: _decision_undone,
    EventKind.LINK_MADE: lambda e: (
        f"made a review link for {e.detail.get('reviewer')}, good until {e.detail.get('until')}"
    ),
    EventKind.LINK_REVOKED: lambda e: f"revoked the review link of {e.detail.get('reviewer')}",
    EventKind.LINK_OPENED: lambda e: "opened the review link",
    EventKind.PASSPHRASE_WRONG: lambda e: "typed a wrong passphrase",
    EventKind.REVIEWER_RENAMED: lambda e: (
        f"gave their name as {e.detail.get('after')}, before {e.detail.get('before')}"
    ),
    EventKind.FILM_OPENED: lambda e: f"opened the film of {_attempt(e)}",
    EventKind.FILM_WATCHED: lambda e: f"watched {percent(e.detail.get('fraction'))} of the film of {_attempt(e)}",
    EventKind.COMMENT_ADDED: lambda e: f"commented on {_attempt(e)}",
    EventKind.COMMENT_ANSWERED: lambda e: f"answered a comment on {_attempt(e)}",
    EventKind.COMMENT_EDITED: lambda e: f"changed a comment on {_attempt(e)}",
    EventKind.COMMENT_DELETED: lambda e: f"deleted a comment on {_attempt(e)}",
    EventKind.COMMENT_ADDRESSED: _judged("addressed"),
    EventKind.COMMENT_NOT_ADDRESSED: _judged("not addressed"),
    EventKind.REQUEST_ADDRESSED: _answered("addressed"),
    EventKind.REQUEST_NOT_ADDRESSED: _answered("not addressed"),
    EventKind.REQUEST_MARKED: lambda e: (
        f"marked a request on {_attempt(e)} as {e.detail.get('as')} in attempt {e.detail.get('in_attempt')}"
    ),
    EventKind.REQUEST_UNMARKED: lambda e: f"took back a mark on a request in attempt {e.detail.get('in_attempt')}",
    EventKind.DOWNLOAD_ALLOWED: lambda e: f"let {e.detail.get('reviewer')} download the approved video",
    EventKind.DOWNLOAD_ENDED: lambda e: f"no longer lets {e.detail.get('reviewer')} download the approved video",
    EventKind.RECOMMENDATION_OVERRIDDEN: _overridden,
    EventKind.OVERRIDE_CONFIRMED: lambda e: (
        f"confirmed the override with {e.detail.get('verdict')} by {e.detail.get('by')}{_reason(e)}"
    ),
    EventKind.OVERRIDE_UNDONE: _override_undone,
    EventKind.FLAG_ACCEPTED: _flag_decided("accepted"),
    EventKind.FLAG_DISMISSED: _flag_decided("dismissed"),
    EventKind.FLAG_DECISION_UNDONE: _flag_decision_undone,
    EventKind.REPORT_FILED: _report_filed,
    EventKind.FIELDS_CHANGED: lambda e: f"changed fields directly: {', '.join(map(str, e.detail.get('fields') or []))}",
    EventKind.REPORT_WITHDRAWN: lambda e: f"withdrew the outcome report{_reason(e)}",
    EventKind.OWNER_CHANGED: _owner_changed,
    EventKind.SNOOZED: _snoozed,
    EventKind.SNOOZE_ENDED: lambda e: "ended the snooze",
    EventKind.PERSON_ERASED: _person_erased,
    EventKind.LOSS_NOTED: lambda event: f"noted that the database has lost a {event.detail.get('what')}",
}
