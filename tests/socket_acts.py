"""How a lead does each act on the dashboard, over its websocket: what cells of the table of permissions are tried with.

Each is done to a pilot of its own, so that none is in another's way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pilot_core.domain.actors import program
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.comments import Anchor
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import TeamMember
from pilot_core.domain.roles import ActKind
from pilot_core.messages import calendar
from pilot_core.rendering.failure import fail_attempt
from pilot_core.review import comments
from pilot_core.review.links import make_link
from pilot_core.services import inbox, judgements, keys, pilots
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import outbox as outbox_rows
from tests.deeds import NOTE, asked_override
from tests.pressing import COMPONENT, FIRST, PANE, PRESS, Step
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt, reviewer

SAID = "Feedback and comments"
WORDS = "Words over a socket"
GOES = "Quentin Gone"
"""Somebody with a key, who is to be erased."""


@dataclass(frozen=True)
class Way:
    """A way to do an act.

    ``before`` are the steps that open its form, ``last`` those of its one message; ``{pilot}`` in them is the pilot's
    id. ``traces`` is an event's kind, or a table that changes. ``is_own``: it is done to something of one's own.
    ``prepare`` brings a pilot into the state that has the form, for somebody of that name.
    """

    kind: ActKind
    last: tuple[Step, ...]
    before: tuple[Step, ...] = ()
    traces: str = ""
    page: str = "pilot"
    is_own: bool = False
    prepare: Callable[[PilotStore, PilotRun, str], object] = field(default=lambda store, pilot, name: None)

    def query(self, pilot: PilotRun) -> str:
        """Return the query of the page's address."""
        return {"pilot": f"pilot={pilot.pilot_id}", "overview": "inbox=Mine"}.get(self.page, "")


def _comment(store: PilotStore, pilot: PilotRun, name: str) -> str:
    return comments.add_comment(store, TeamMember(LEAD, pilot.pilot_id), 1, Anchor(5), "Words").comment_id


def _own_reply(store: PilotStore, pilot: PilotRun, name: str) -> None:
    speaker = TeamMember(type(LEAD)(name, LEAD.source), pilot.pilot_id)
    comments.add_comment(store, speaker, 1, Anchor(5), "Words")


def _marked(store: PilotStore, pilot: PilotRun, name: str) -> None:
    comments.add_comment(store, reviewer(store, pilot), 1, Anchor(5), "The logo")
    next_attempt(store, pilot.pilot_id)


def _failed(store: PilotStore, pilot: PilotRun, name: str) -> None:
    pilots.record_feedback(store, pilot.pilot_id, 1, "Fine", "minor_changes", actor=LEAD)
    queued_attempt(store, pilot.pilot_id)
    fail_attempt(store, pilot.pilot_id, 2, "It broke.", program("pipeline"))


def _reviewed(store: PilotStore, pilot: PilotRun, name: str) -> None:
    pilots.record_feedback(store, pilot.pilot_id, 1, NOTE, "minor_changes", actor=LEAD)


def _message(store: PilotStore, pilot: PilotRun, name: str) -> None:
    new = NewMessage(MessageKind.CUT_READY, pilot.pilot_id, 1)
    store.database.transaction(lambda c: outbox_rows.enqueue(c, new, store.clock()))


def _paused(store: PilotStore, pilot: PilotRun, name: str) -> None:
    pilots.pause(store, pilot.pilot_id, "Waiting", LEAD)


def _overridden(store: PilotStore, pilot: PilotRun, name: str) -> None:
    judgements.override_recommendation(store, pilot.pilot_id, "STOP", "Sold", LEAD)


def _asked(store: PilotStore, pilot: PilotRun, name: str) -> None:
    asked_override(store, pilot.pilot_id)


def _link(store: PilotStore, pilot: PilotRun, name: str) -> None:
    make_link(store, pilot.pilot_id, "Rae", actor=LEAD)


def _feed(store: PilotStore, pilot: PilotRun, name: str) -> None:
    calendar.make_feed(store, type(LEAD)(name, LEAD.source))


def _owned(store: PilotStore, pilot: PilotRun, name: str) -> None:
    inbox.assign(store, pilot.pilot_id, name, LEAD)


def _awaited(store: PilotStore, pilot: PilotRun, name: str) -> None:
    _owned(store, pilot, name)
    store.change(pilot.pilot_id, lambda p: p.mark_sent(1, name, SentHow.HAND, store.clock()), LEAD)


def _somebody(store: PilotStore, pilot: PilotRun, name: str) -> None:
    keys.invite(store, GOES, "viewer", LEAD)


def _in_pane(name: str) -> tuple[Step, ...]:
    return ((PANE, name),)


MESSAGES = _in_pane("Messages")
LINKS = _in_pane("Review links")
REPORT = _in_pane("Outcome report")
PICKED = (("pick_{pilot}", True),)
WAYS = {
    "start": Way(
        ActKind.START,
        (
            ("Founder (required)", "Ann"),
            ("Company (required)", "Mills over a socket"),
            ("Create pilot and start attempt 1", PRESS),
        ),
        traces="created",
        page="new_pilot",
    ),
    "begin": Way(ActKind.BEGIN, (("Start attempt 2", PRESS),), traces="attempt_added", prepare=_reviewed),
    "retry": Way(ActKind.RETRY, (("Retry attempt 2", PRESS),), traces="attempt_retried", prepare=_failed),
    "log feedback": Way(
        ActKind.GIVE_FEEDBACK,
        (("In their own words", WORDS), ("Log minor changes on attempt 1", PRESS)),
        (("Decision", ["Minor changes"]),),
        traces="feedback_received",
    ),
    "pause": Way(ActKind.PAUSE, (("Why", WORDS), ("Pause the pilot", PRESS)), (("Pause…", PRESS),), traces="paused"),
    "resume": Way(ActKind.RESUME, (("Resume the pilot", PRESS),), traces="resumed", prepare=_paused),
    "drop": Way(ActKind.DROP, (("Why", WORDS), ("Drop the pilot", PRESS)), (("Drop…", PRESS),), traces="dropped"),
    "raise the limit": Way(
        ActKind.RAISE_LIMIT,
        (("Why it is justified", WORDS), ("Raise the limit", PRESS)),
        (("Raise the limit…", PRESS),),
        traces="limit_raised",
    ),
    "correct the brief": Way(
        ActKind.EDIT_BRIEF,
        (("One-line message", WORDS), ("Save the brief", PRESS)),
        (("Correct the brief…", PRESS),),
        traces="brief_edited",
    ),
    "override": Way(
        ActKind.OVERRIDE,
        (("Your verdict", FIRST), ("Why", WORDS), ("Override the recommendation", PRESS)),
        REPORT,
        traces="recommendation_overridden",
    ),
    "confirm an override": Way(
        ActKind.CONFIRM_OVERRIDE,
        (("Your reason as the second person", WORDS), ("Confirm STOP", PRESS)),
        REPORT,
        traces="override_confirmed",
        prepare=_asked,
    ),
    "take the override back": Way(
        ActKind.UNDO_OVERRIDE,
        (("Why it no longer holds", WORDS), ("Take the override back", PRESS)),
        REPORT,
        traces="override_undone",
        prepare=_overridden,
    ),
    "accept": Way(ActKind.SUGGEST, (("Accept", PRESS),), _in_pane(SAID), traces="flag_accepted", prepare=_reviewed),
    "dismiss": Way(ActKind.SUGGEST, (("Dismiss", PRESS),), _in_pane(SAID), traces="flag_dismissed", prepare=_reviewed),
    "file a report": Way(ActKind.FILE_REPORT, (("File this report", PRESS),), REPORT, traces="report_filed"),
    "set the owner": Way(
        ActKind.ASSIGN,
        (("Owner", FIRST), ("Set owner", PRESS)),
        PICKED,
        traces="owner_changed",
        page="overview",
        is_own=True,
        prepare=_owned,
    ),
    "snooze": Way(
        ActKind.SNOOZE,
        (("Snooze", PRESS),),
        PICKED,
        traces="snoozed",
        page="overview",
        is_own=True,
        prepare=_owned,
    ),
    "remind": Way(
        ActKind.REMIND,
        (("act_{pilot}", PRESS),),
        traces="messages",
        page="overview",
        is_own=True,
        prepare=_awaited,
    ),
    "make a link": Way(
        ActKind.MAKE_LINK, (("Reviewer", "Somebody New"), ("Make the link", PRESS)), LINKS, traces="link_made"
    ),
    "revoke a link": Way(ActKind.REVOKE_LINK, (("Revoke now", PRESS),), LINKS, traces="link_revoked", prepare=_link),
    "allow the download": Way(
        ActKind.ALLOW_DOWNLOAD,
        (("May download the approved video", True),),
        LINKS,
        traces="download_allowed",
        prepare=_link,
    ),
    "answer": Way(
        ActKind.COMMENT,
        ((COMPONENT, WORDS),),
        (*_in_pane(SAID), ("Answer", PRESS)),
        traces="comment_answered",
        prepare=_comment,
    ),
    "edit": Way(
        ActKind.EDIT_COMMENT,
        ((COMPONENT, WORDS),),
        (*_in_pane(SAID), ("Edit", PRESS)),
        traces="comment_edited",
        prepare=_own_reply,
        is_own=True,
    ),
    "delete": Way(
        ActKind.EDIT_COMMENT,
        (("Delete", PRESS),),
        (*_in_pane(SAID), ("Delete", PRESS)),
        traces="comment_deleted",
        prepare=_own_reply,
        is_own=True,
    ),
    "mark": Way(
        ActKind.MARK_REQUEST,
        (("What was done, or why it is not possible", WORDS), ("Mark as done", PRESS)),
        traces="request_marked",
        prepare=_marked,
    ),
    "mark as sent": Way(
        ActKind.SEND, (("Mark as sent", PRESS),), (("Send to Alice Chen", PRESS),), traces="attempt_sent"
    ),
    "undo a decision": Way(
        ActKind.UNDO_DECISION, (("Undo minor changes", PRESS),), traces="decision_undone", prepare=_reviewed
    ),
    "set the address": Way(
        ActKind.CONTACT,
        (("E-mail address of Alice Chen", "ann@example.com"), ("Save the address", PRESS)),
        MESSAGES,
        traces="pilot_contacts",
    ),
    "switch messages off": Way(
        ActKind.CONTACT, (("Messages for this pilot", False),), MESSAGES, traces="pilot_contacts"
    ),
    "edit a message": Way(
        ActKind.EDIT_MESSAGE,
        (("Words", WORDS), ("Save the words", PRESS)),
        MESSAGES,
        traces="messages",
        prepare=_message,
    ),
    "hold": Way(ActKind.MOVE_MESSAGE, (("Hold", PRESS),), MESSAGES, traces="messages", prepare=_message),
    "call off": Way(ActKind.MOVE_MESSAGE, (("Cancel", PRESS),), MESSAGES, traces="messages", prepare=_message),
    "tick off": Way(ActKind.MOVE_MESSAGE, (("Mark as sent", PRESS),), MESSAGES, traces="messages", prepare=_message),
    "end the calendar's address": Way(
        ActKind.FEED, (("End it", PRESS),), traces="calendar_feeds", page="", is_own=True, prepare=_feed
    ),
    "erase a pilot": Way(
        ActKind.ERASE_PILOT,
        (
            ("Why", WORDS),
            ("Type the company’s name to confirm: AcmeAI", "AcmeAI"),
            ("Erase for good", PRESS),
        ),
        (("Erase this pilot…", PRESS),),
        traces="pilots",
    ),
    "erase a person": Way(
        ActKind.ERASE_PERSON,
        (("Erase for good", PRESS),),
        (
            ("Erase a person…", PRESS),
            ("Name", GOES),
            ("Why", WORDS),
            ("Look for this person", PRESS),
        ),
        traces="erasures",
        page="diagnostics",
        prepare=_somebody,
    ),
}
ELSEWHERE = {
    ActKind.RENDER: "the program's own",
    ActKind.IMPORT: "a command",
    ActKind.INVITE: "a command",
    ActKind.REVOKE_KEY: "a command",
    ActKind.NAME: "of whoever works on the machine of the server",
    ActKind.WATCH: "the review room's",
    ActKind.RENAME: "the review room's",
    ActKind.KEEP_WORDS: "the review room's",
    ActKind.DECIDE: "the review room's",
    ActKind.JUDGE_COMMENT: "the review room's",
}
"""The acts that no page of the dashboard offers, and whose they are."""


def acted_on(store: PilotStore, way: Way, name: str) -> PilotRun:
    """Return a new pilot that the act can be done to by somebody of that name."""
    pilot = pilot_in_review(store)
    way.prepare(store, pilot, name)
    return store.load(pilot.pilot_id)
