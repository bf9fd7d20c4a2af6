"""What a reviewer does in the room: a form is sent, the act is done once, and the browser goes on to the page.

What is refused comes back on the page with the words that were typed.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from pilot_core.domain.attachments import Attachment
from pilot_core.domain.comments import Anchor, Shape
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.reviews import Grant
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError
from pilot_core.review.attachments import stored
from pilot_core.review.comments import (
    CommentNotFound,
    add_comment,
    delete_comment,
    edit_comment,
    judge_comment,
    reply,
)
from pilot_core.review.decisions import Decision, DecisionNotFound, decide, undo_decision
from pilot_core.review.links import LinkRefused, rename_reviewer
from pilot_core.review.requests import RequestNotFound, answer_request
from pilot_core.review.shown import ready_attempt
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import idempotency, rate_limits, who
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import STALE, Form
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.review_room import news, pages, unsent
from pilot_core.web.review_room.attachments import Sent, received
from pilot_core.web.review_room.entered import Entered, entered_in
from pilot_core.web.review_room.room import look
from pilot_core.web.review_room.times import typed_frame

ROOM = "/review"
LONGEST_FORM = 200_000
LONGEST_KEY = 80
NO_FRAME = "That is not a frame of this video. Pause where you mean and try again."


@dataclass(frozen=True)
class Asked:
    """A form that a reviewer sent: on which store, as whom, and what is in it.

    ``comment_id`` is the id in the form's address, of a comment or a request.
    """

    store: PilotStore
    grant: Grant
    form: Form
    comment_id: str
    sent: Sent

    @property
    def key(self) -> str:
        """The key that the form was drawn with, for this reviewer and the answer that was pressed.

        A form with two answers stays on the page when one of them changed nothing, and the other one may follow.
        """
        return f"{self.grant.grant_hash} {self.form.one('key')} {self.form.one('addressed')}".rstrip()

    @property
    def attempt(self) -> int:
        """The number of the attempt that the form was shown with. Raises InvalidRequest."""
        return _number(self.form.one("attempt"), "attempt")

    def file(self) -> AbstractContextManager[Attachment | None]:
        """The file that came with the form, stored for the time of a block in which an act adds its row."""
        return stored(self.store, self.grant, self.sent.prepared, self.sent.named)


Act = Callable[[Asked], object]


def taking(name: str, act: Act, *, page: str = "room", then: str = ROOM) -> Callable[[Request], Any]:
    """The endpoint of a form of that name: does ``act`` and goes on to ``then``; a refusal shows ``page`` again."""

    async def endpoint(request: Request) -> Response:
        try:
            async with received(request, LONGEST_FORM) as sent:
                if sent is None:
                    return not_found()
                response = await run_in_threadpool(_take, request, sent, name, act, page, then)
        except ClientDisconnect:
            return Response(status_code=400)
        if (present := visitor_of(request)).grant:
            news.look_now(present.grant.pilot_id)
        return response

    return endpoint


def _take(request: Request, sent: Sent, name: str, act: Act, page: str, then: str) -> Response:
    """Do the act, or show the page with why not. Runs in a thread."""
    present, form = visitor_of(request), sent.form
    if present.grant is None:
        return pages.closed_page(request, present, form)
    comment_id = next(iter(request.path_params.values()), "")
    asked = Asked(app_of(request).store, present.grant, form, comment_id, sent)
    try:
        if not form.is_proven:
            raise NotAllowedNow(STALE)
        sender = rate_limits.address_of(request)
        rate_limits.check_words(asked.grant.link_id, sender, app_of(request).settings.database_url)
        key = form.one("key")
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidRequest("The form has lost its key. Try once more.", field="key")
        if sent.problem:
            raise sent.problem
        done = idempotency.once_in_process(asked.key, lambda: act(asked))
        unsent.erase_sent(asked.store, asked.grant, form)
    except LinkRefused:
        return pages.closed_page(request, who.Visitor(present.name, present.role, ended=True), form)
    except PilotError as error:
        entered = replace(entered_in(f"{name} {comment_id}".strip(), form, str(error)), had_file=bool(sent.named))
        return _refused(request, asked, page, entered, error)
    if isinstance(done, Entered):
        return pages.room_page(request, look(asked.store, asked.grant.pilot_id, asked.grant), entered=done)
    return RedirectResponse(f"{then}{done}" if isinstance(done, str) else then, 303, headers=pages.HEADERS)


def _refused(request: Request, asked: Asked, page: str, entered: Entered, error: PilotError) -> Response:
    status = 404 if isinstance(error, CommentNotFound | DecisionNotFound | RequestNotFound) else 409
    status = 422 if isinstance(error, InvalidRequest) else 429 if isinstance(error, rate_limits.TooMuch) else status
    room = look(asked.store, asked.grant.pilot_id, asked.grant)
    if page == "approve" and room.takes_decision:
        try:
            return pages.approve_page(request, room, status, entered)
        except NotAllowedNow:
            pass
    if page == "compare" and (shown := pages.compare_page(request, room, status, entered)):
        return shown
    return pages.room_page(request, room, status, entered)


def comment(asked: Asked) -> str:
    """Say something of a frame or a range. The player names the frame; without it a time is typed."""
    form = asked.form
    if form.one("frame"):
        first = _number(form.one("frame"), "frame")
        last = _number(form.one("end_frame"), "frame") if form.one("end_frame") else None
    else:
        rate = asked.store.database.read(lambda c: ready_attempt(c, asked.grant.pilot_id, asked.attempt)).rate
        first = typed_frame(form.one("at") or "0", rate)
        last = typed_frame(form.one("until"), rate) if form.one("until").strip() else None
        if last is not None and last < first:
            raise InvalidRequest("The range ends before it begins. Correct its times.", field="until")
    anchor = Anchor(first, last if last != first else None, _shape(form.one("shape")))
    with asked.file() as file:
        made = add_comment(asked.store, asked.grant, asked.attempt, anchor, form.one("body"), key=asked.key, file=file)
    return "/compare#comment" if form.one("back") == "compare" else f"#{made.comment_id}"


def answer(asked: Asked) -> str:
    """Reply to a comment."""
    with asked.file() as file:
        made = reply(asked.store, asked.grant, asked.comment_id, asked.form.one("body"), key=asked.key, file=file)
    return f"#{made.comment_id}"


def edit(asked: Asked) -> str:
    """Put other words in place of one's own."""
    return f"#{edit_comment(asked.store, asked.grant, asked.comment_id, asked.form.one('body')).comment_id}"


def delete(asked: Asked) -> str:
    """Take back one's own words."""
    delete_comment(asked.store, asked.grant, asked.comment_id)
    return "#comments"


def judge(asked: Asked) -> str:
    """Say whether the newest version addresses a comment on the one before."""
    addressed = asked.form.one("addressed") == "yes"
    judge_comment(asked.store, asked.grant, asked.comment_id, addressed, asked.attempt)
    return f"#{asked.comment_id}"


def answer_change(asked: Asked) -> str:
    """Say whether the newest version does what was asked of an earlier one."""
    told = asked.form.one("addressed")
    if told not in ("yes", "no"):
        raise InvalidRequest("Choose “Yes, that’s it” or “Not yet”.", field="addressed")
    answer_request(asked.store, asked.grant, asked.comment_id, told == "yes", asked.attempt)
    return f"#request-{asked.comment_id}"


def changes(asked: Asked) -> str:
    """Decide that there must be changes."""
    form = asked.form
    level = form.one("level")
    if level not in (FeedbackLevel.MINOR_CHANGES, FeedbackLevel.MAJOR_CHANGES):
        raise InvalidRequest("Choose minor or major changes.", field="level")
    with asked.file() as file:
        decision = Decision(level, form.every("flags"), form.one("notes"), file=file, held=form.one("held"))
        decide(asked.store, asked.grant, asked.attempt, decision)
    return "#decided"


def approve(asked: Asked) -> str:
    """Approve the version whose checksum the page showed, having seen what others decided."""
    form = asked.form
    with asked.file() as file:
        decision = Decision(
            FeedbackLevel.APPROVE,
            checklist_ids=form.every("checklist"),
            approved_sha256=form.one("sha256"),
            seen=frozenset(form.every("seen")),
            accepts_placeholders=form.one("placeholders") == "yes",
            file=file,
        )
        decide(asked.store, asked.grant, asked.attempt, decision)
    return "#decided"


def undo(asked: Asked) -> Entered | None:
    """Take the decision back; what was written with it is in its form again."""
    feedback_id = asked.form.one("feedback_id")
    pilot = asked.store.load(asked.grant.pilot_id)
    given = next((f for a in pilot.runs for f in a.feedback if f.feedback_id == feedback_id), None)
    undo_decision(asked.store, asked.grant, feedback_id)
    if given is None or given.level is FeedbackLevel.APPROVE:
        return None
    return Entered("changes", "", {"level": [given.level.value], "flags": list(given.flags), "notes": [given.notes]})


def rename(asked: Asked) -> None:
    """Speak under another name from now on."""
    rename_reviewer(asked.store, asked.grant, asked.form.one("name"))


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest(NO_FRAME if field == "frame" else "The form is damaged. Reload the page.", field=field)
    return int(text)


def _shape(text: str) -> Shape | None:
    """A mark as the player writes it: ``{"x": 0.1, "y": 0.2, "width": 0, "height": 0}``. Raises InvalidRequest."""
    if not text:
        return None
    try:
        told = json.loads(text)
        x, y, width, height = (float(told[name]) for name in ("x", "y", "width", "height"))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidRequest("The mark cannot be read; draw it again.", field="shape") from error
    return Shape(x, y, min(width, 1 - x), min(height, 1 - y))
