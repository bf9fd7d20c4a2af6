"""A way to do each act, as anybody: what each cell of the table of permissions is tested with."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.clock import Clock
from pilot_core.domain.actors import Actor, Source, Way, at_command_line, program
from pilot_core.domain.brief import Brief
from pilot_core.domain.comments import Anchor
from pilot_core.domain.judgements import Override
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import MarkKind
from pilot_core.domain.reviews import Grant, TeamMember, Unsent
from pilot_core.domain.roles import ActKind, Role
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.messages import calendar, outbox, sending
from pilot_core.rendering.begin import begin, retry
from pilot_core.rendering.failure import fail_attempt
from pilot_core.review import comments, links, marks, unsent
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.receipts import record_opened
from pilot_core.services import inbox, judgements, keys, names, pilots
from pilot_core.services.acts import Act
from pilot_core.services.pilots import create_pilot
from pilot_core.settings import read_settings
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.files import state_files
from pilot_core.store.tables import outbox as outbox_rows
from tests.conftest import NOW, HandClock
from tests.reviewing import LEAD, next_attempt, pilot_in_review, queued_attempt

NOTE = "It is way too long and drags on."
"""A note that suggests the flag ``too_long``."""


@dataclass
class Place:
    """A store with the pilot that is acted on, and the actor of each role."""

    store: PilotStore
    pilot: PilotRun
    grant: Grant
    cookie: str
    link_id: str
    key_id: str
    actors: dict[Role, Actor]

    @property
    def pilot_id(self) -> str:
        return self.pilot.pilot_id

    def speaker(self, actor: Actor) -> Any:
        """Return the actor as who speaks in a review of the pilot."""
        if actor.source.way is not Way.GRANT:
            return TeamMember(actor, self.pilot_id)
        return replace(self.grant, grant_hash=actor.source.secret, pilot_id=actor.source.pilot_id)

    def rows(self) -> dict[str, list[Any]]:
        """Return everything in the database."""
        return self.store.database.read(
            lambda c: {table: sorted(map(str, rows(c, f"SELECT * FROM {table}"))) for table in tables_of(c)}  # noqa: S608
        )


def filled_place(root: Path) -> Place:
    """Make a place at the time at which tests begin, for them to copy."""
    return _place(PilotStore(root, HandClock(NOW)))


@contextmanager
def copied(filled: Place, root: Path, clock: Clock) -> Iterator[Place]:
    """Yield a copy of the place in the new folder ``root``. Its store stays attached, as the server's does."""
    shutil.copytree(filled.store.root, root)
    store = PilotStore(root, clock)
    store.database.keep_attached()
    yield replace(filled, store=store)
    store.database.release()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a place whose store each test of the module copies. A module takes it by ``filled = deeds.filled``."""
    return filled_place(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def at(filled: Place, tmp_path: Path, clock: HandClock) -> Iterator[Place]:
    """Return a copy of that place, for one test."""
    with copied(filled, tmp_path / "store", clock) as place:
        yield place


def _place(store: PilotStore) -> Place:
    """Make the pilot, with an attempt in review, and everybody."""
    pilot = pilot_in_review(store)
    grant, cookie = links.open_link(store, links.make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)[1])
    made = {role: signed_in(store, role) for role in (Role.LEAD, Role.VIEWER)}
    actors = {
        Role.STRANGER: Actor("stranger", Source(Way.HERE, Role.STRANGER)),
        Role.REVIEWER: grant.actor,
        **made,
        Role.COMMAND_LINE: at_command_line("root"),
        Role.PROGRAM: program("pipeline"),
    }
    link = links.links_of(store, pilot.pilot_id)[0]
    return Place(store, pilot, grant, cookie, link.link_id, made[Role.LEAD].source.secret, actors)


def signed_in(store: PilotStore, role: Role) -> Actor:
    """Return the actor of somebody who signed in with a key of that role."""
    key, token = keys.invite(store, f"Some {role}", role, LEAD)
    keys.sign_in(store, token)
    return Actor(key.name, Source(Way.KEY, role, key.key_id))


Deed = Callable[[Actor], object]


def no_launch(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """Leave the render to nobody: these tests are about who may queue it."""


def start(at: Place) -> Deed:
    pilot = create_pilot("Ann", "Mills", "feature_launch", now=at.store.clock())
    return lambda who: pilots.start_pilot(at.store, pilot, who)


def begin_attempt(at: Place) -> Deed:
    return lambda who: begin(at.store, no_launch, at.pilot_id, "storyboard", Act(who))


def retry_failed(at: Place) -> Deed:
    queued_attempt(at.store, at.pilot_id)
    fail_attempt(at.store, at.pilot_id, 2, "It broke.", program("pipeline"))
    return lambda who: retry(at.store, no_launch, at.pilot_id, Act(who))


def render(at: Place) -> Deed:
    queued_attempt(at.store, at.pilot_id)
    return lambda who: fail_attempt(at.store, at.pilot_id, 2, "It broke.", who)


def give_feedback(at: Place) -> Deed:
    return lambda who: pilots.record_feedback(at.store, at.pilot_id, 1, "Fine", "minor_changes", actor=who)


def pause(at: Place) -> Deed:
    return lambda who: pilots.pause(at.store, at.pilot_id, "Waiting", who)


def resume(at: Place) -> Deed:
    pilots.pause(at.store, at.pilot_id, "Waiting", LEAD)
    return lambda who: pilots.resume(at.store, at.pilot_id, who)


def drop(at: Place) -> Deed:
    return lambda who: pilots.drop(at.store, at.pilot_id, "Sold", actor=who)


def raise_limit(at: Place) -> Deed:
    return lambda who: pilots.raise_limit(at.store, at.pilot_id, 9, "Justified", who)


def edit_brief(at: Place) -> Deed:
    return lambda who: pilots.edit_brief(at.store, at.pilot_id, Brief(message="Another"), who)


def import_files(at: Place) -> Deed:
    pilot = create_pilot("Ann", "Mills", "feature_launch", now=at.store.clock())
    file = at.store.root.parent / f"{pilot.pilot_id}.json"
    file.write_text(state_files.text(pilot))
    return lambda who: at.store.import_state(file, who)


def override(at: Place) -> Deed:
    return lambda who: judgements.override_recommendation(at.store, at.pilot_id, "STOP", "Sold", who)


def confirm_override(at: Place) -> Deed:
    asked = asked_override(at.store, at.pilot_id)
    return lambda who: judgements.confirm_override(at.store, at.pilot_id, asked.override_id, "Sure", who)


def asked_override(store: PilotStore, pilot_id: str) -> Override:
    """Ask for an override that somebody else than the acting lead must confirm."""
    store.second_reason = True
    try:
        return judgements.override_recommendation(store, pilot_id, "STOP", "Sold", at_command_line("Somebody Else"))
    finally:
        store.second_reason = False


def undo_override(at: Place) -> Deed:
    override(at)(LEAD)
    return lambda who: judgements.undo_override(at.store, at.pilot_id, "Not sold", who)


def suggested(at: Place) -> tuple[str, str]:
    given = pilots.record_feedback(at.store, at.pilot_id, 1, NOTE, "minor_changes", actor=LEAD).runs[0].feedback[-1]
    [offered] = judgements.suggestions_for(at.store, at.store.load(at.pilot_id))
    return given.feedback_id, offered.suggestion.flag


def accept(at: Place) -> Deed:
    about = suggested(at)
    return lambda who: judgements.accept_suggestion(at.store, at.pilot_id, *about, who)


def dismiss(at: Place) -> Deed:
    about = suggested(at)
    return lambda who: judgements.dismiss_suggestion(at.store, at.pilot_id, *about, who)


def undo_decided(at: Place) -> Deed:
    about = suggested(at)
    judgements.accept_suggestion(at.store, at.pilot_id, *about, LEAD)
    return lambda who: judgements.undo_decided_suggestion(at.store, at.pilot_id, *about, who)


def file_report(at: Place) -> Deed:
    return lambda who: judgements.file_report(at.store, at.pilot_id, who)


def withdraw_report(at: Place) -> Deed:
    filed = judgements.file_report(at.store, at.pilot_id, LEAD)
    return lambda who: judgements.withdraw_report(at.store, filed.report_id, who, reason="Filed too early")


def assign(at: Place) -> Deed:
    return lambda who: inbox.assign(at.store, at.pilot_id, "Mara Lindqvist", who)


def snooze(at: Place) -> Deed:
    return lambda who: inbox.snooze(at.store, at.pilot_id, at.store.clock() + timedelta(days=3), who)


def remind(at: Place) -> Deed:
    return lambda who: outbox.remind(at.store, at.pilot_id, who)


def make_link(at: Place) -> Deed:
    return lambda who: links.make_link(at.store, at.pilot_id, "Another Reviewer", actor=who)


def revoke_link(at: Place) -> Deed:
    other = links.make_link(at.store, at.pilot_id, "Rae", actor=LEAD)[0]
    return lambda who: links.revoke_link(at.store, other.link_id, who)


def allow_download(at: Place) -> Deed:
    return lambda who: links.allow_download(at.store, at.link_id, True, who)


def keep_words(at: Place) -> Deed:
    return lambda who: unsent.save(at.store, at.speaker(who), Unsent("comment new", "a key", 1, '{"body": "Wor"}'))


def watch(at: Place) -> Deed:
    return lambda who: record_opened(at.store, at.speaker(who), 1)


def rename(at: Place) -> Deed:
    return lambda who: links.rename_reviewer(at.store, at.speaker(who), "Dana the Second")


def decide_changes(at: Place) -> Deed:
    return lambda who: decide(at.store, at.speaker(who), 1, Decision("minor_changes", ["too_long"]))


def undo(at: Place) -> Deed:
    given = decide(at.store, at.grant, 1, Decision("minor_changes", ["too_long"]))
    return lambda who: undo_decision(at.store, at.speaker(who), given.feedback_id)


def comment(at: Place) -> Deed:
    return lambda who: comments.add_comment(at.store, at.speaker(who), 1, Anchor(5), "Words")


def said(at: Place, who: Actor = LEAD) -> str:
    return comments.add_comment(at.store, at.speaker(who), 1, Anchor(5), "Words").comment_id


def reply(at: Place) -> Deed:
    to = said(at)
    return lambda who: comments.reply(at.store, at.speaker(who), to, "An answer")


def own_said(at: Place) -> Callable[[Actor], str]:
    """Return the comment that the actor wrote while they could; for others, one by the team."""
    own = {at.actors[role]: said(at, at.actors[role]) for role in (Role.REVIEWER, Role.LEAD, Role.COMMAND_LINE)}
    return lambda who: own.get(who, own[at.actors[Role.LEAD]])


def edit_comment(at: Place) -> Deed:
    own = own_said(at)
    return lambda who: comments.edit_comment(at.store, at.speaker(who), own(who), "Other words")


def delete_comment(at: Place) -> Deed:
    own = own_said(at)
    return lambda who: comments.delete_comment(at.store, at.speaker(who), own(who))


def judge_comment(at: Place) -> Deed:
    about = said(at)
    next_attempt(at.store, at.pilot_id)
    return lambda who: comments.judge_comment(at.store, at.speaker(who), about, True, 2)


def mark_request(at: Place) -> Deed:
    about = said(at, at.actors[Role.REVIEWER])
    next_attempt(at.store, at.pilot_id)
    return lambda who: marks.mark_request(at.store, at.speaker(who), about, MarkKind.DONE, "", 2)


def unmark_request(at: Place) -> Deed:
    about = said(at, at.actors[Role.REVIEWER])
    next_attempt(at.store, at.pilot_id)
    marks.mark_request(at.store, at.speaker(LEAD), about, MarkKind.DONE, "", 2)
    return lambda who: marks.unmark_request(at.store, at.speaker(who), about, 2)


def set_address(at: Place) -> Deed:
    return lambda who: outbox.set_address(at.store, at.pilot_id, "ann@example.com", who)


def switch_off(at: Place) -> Deed:
    return lambda who: outbox.set_enabled(at.store, at.pilot_id, False, who)


def resume_reminders(at: Place) -> Deed:
    return lambda who: outbox.resume_reminders(at.store, at.pilot_id, who)


def waiting(at: Place) -> str:
    new = NewMessage(MessageKind.CUT_READY, at.pilot_id, 1)
    at.store.database.transaction(lambda c: outbox_rows.enqueue(c, new, at.store.clock()))
    return outbox.messages_of(at.store, at.pilot_id)[0].message_id


def edit_message(at: Place) -> Deed:
    message = waiting(at)
    return lambda who: outbox.edit(at.store, message, "Subject", "Words of the message", who)


def hold(at: Place) -> Deed:
    message = waiting(at)
    return lambda who: outbox.hold(at.store, message, who)


def release(at: Place) -> Deed:
    message = waiting(at)
    outbox.hold(at.store, message, LEAD)
    return lambda who: outbox.release(at.store, message, who)


def cancel(at: Place) -> Deed:
    message = waiting(at)
    return lambda who: outbox.cancel(at.store, message, who)


def mark_sent(at: Place) -> Deed:
    config = read_settings()
    return lambda who: sending.mark_sent(at.store, config, at.pilot_id, 1, who)


def make_feed(at: Place) -> Deed:
    return lambda who: calendar.make_feed(at.store, who)


def end_feed(at: Place) -> Deed:
    return lambda who: calendar.end_feed(at.store, who)


def name_oneself(at: Place) -> Deed:
    return lambda who: names.set_display_name(at.store, "Mara Lind", who)


def invite(at: Place) -> Deed:
    return lambda who: keys.invite(at.store, "Somebody New", "viewer", who)


def revoke_key(at: Place) -> Deed:
    keys.invite(at.store, "Somebody Else", "viewer", LEAD)
    return lambda who: keys.revoke_key(at.store, "Somebody Else", who)


def erase(at: Place) -> Deed:
    return lambda who: erase_pilot(at.store, at.pilot_id, "They asked", who)


def erase_somebody(at: Place) -> Deed:
    return lambda who: erase_person(at.store, "Alice Chen", "She asked", who)


DEEDS: dict[ActKind, tuple[Callable[[Place], Deed], ...]] = {
    ActKind.START: (start,),
    ActKind.BEGIN: (begin_attempt,),
    ActKind.RETRY: (retry_failed,),
    ActKind.RENDER: (render,),
    ActKind.GIVE_FEEDBACK: (give_feedback,),
    ActKind.PAUSE: (pause,),
    ActKind.RESUME: (resume,),
    ActKind.DROP: (drop,),
    ActKind.RAISE_LIMIT: (raise_limit,),
    ActKind.EDIT_BRIEF: (edit_brief,),
    ActKind.IMPORT: (import_files,),
    ActKind.OVERRIDE: (override,),
    ActKind.CONFIRM_OVERRIDE: (confirm_override,),
    ActKind.UNDO_OVERRIDE: (undo_override,),
    ActKind.SUGGEST: (accept, dismiss, undo_decided),
    ActKind.FILE_REPORT: (file_report, withdraw_report),
    ActKind.ASSIGN: (assign,),
    ActKind.SNOOZE: (snooze,),
    ActKind.REMIND: (remind,),
    ActKind.MAKE_LINK: (make_link,),
    ActKind.REVOKE_LINK: (revoke_link,),
    ActKind.ALLOW_DOWNLOAD: (allow_download,),
    ActKind.WATCH: (watch,),
    ActKind.KEEP_WORDS: (keep_words,),
    ActKind.RENAME: (rename,),
    ActKind.DECIDE: (decide_changes,),
    ActKind.UNDO_DECISION: (undo,),
    ActKind.COMMENT: (comment, reply),
    ActKind.EDIT_COMMENT: (edit_comment, delete_comment),
    ActKind.JUDGE_COMMENT: (judge_comment,),
    ActKind.MARK_REQUEST: (mark_request, unmark_request),
    ActKind.CONTACT: (set_address, switch_off, resume_reminders),
    ActKind.EDIT_MESSAGE: (edit_message,),
    ActKind.SEND: (mark_sent,),
    ActKind.MOVE_MESSAGE: (hold, release, cancel),
    ActKind.FEED: (make_feed, end_feed),
    ActKind.NAME: (name_oneself,),
    ActKind.INVITE: (invite,),
    ActKind.REVOKE_KEY: (revoke_key,),
    ActKind.ERASE_PILOT: (erase,),
    ActKind.ERASE_PERSON: (erase_somebody,),
}
"""Ways to do each act; each returns the act, to be done by whoever it is called with."""

CASES = [(kind, deed) for kind, deeds in DEEDS.items() for deed in deeds]
