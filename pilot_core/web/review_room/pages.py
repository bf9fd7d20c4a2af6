"""The room's pages, from ``templates/review``: everything is escaped, and a missing name is an error."""

import gzip
from collections.abc import Callable
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pilot_core import catalog, ids
from pilot_core.domain import limits
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.formatting import ago, count, file_size, moment, seconds
from pilot_core.settings import ROOT
from pilot_core.web.access import who
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.forms import PAGE_HEADERS, Form, form_cookie, form_token, keep_form_cookie
from pilot_core.web.review_room import asking, assets, times
from pilot_core.web.review_room.drawn_threads import drawn_threads
from pilot_core.web.review_room.entered import Entered
from pilot_core.web.review_room.room import Room, player_data, shown_checksum

HEADERS = PAGE_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
}
"""Nothing from elsewhere, no script or style within the page. Blobs are files that the reviewer has not sent yet."""

FRAMED = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("ancestors 'none'", "ancestors 'self'"),
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": HEADERS["Permissions-Policy"].replace("microphone=(self)", "microphone=()"),
}
DECISIONS = {
    FeedbackLevel.APPROVE: "approve",
    FeedbackLevel.MINOR_CHANGES: "minor changes",
    FeedbackLevel.MAJOR_CHANGES: "major changes",
}
EARLIER_FLAG = "not_addressed"
"""The flag that speaks of a version before."""

LEVEL = 4
"""Of compression: nine takes twice as long and saves 3 %."""


def render(request: Request, template: str, status: int = 200, *, framed: bool = False, **values: Any) -> Response:
    """A page of that template."""
    kept = form_cookie(request)

    def token(path: str) -> str:
        return form_token(request, kept, path)

    def proof(path: str) -> Markup:
        names = {"token": token(path), "key": ids.new_id("form")}
        return Markup("\n".join(f'<input type="hidden" name="{name}" value="{text}">' for name, text in names.items()))

    facts = {"token": token, "proof": proof, "asset": assets.address, "path": request.url.path, "framed": framed}
    body = environment().get_template(template).render(**facts, **values).encode()
    headers = FRAMED if framed else HEADERS
    if "gzip" in request.headers.get("accept-encoding", ""):
        # Here, in a thread: the server's own compression would have everybody wait for it.
        body, headers = gzip.compress(body, LEVEL), headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    response = HTMLResponse(body, status, headers=headers)
    if not framed:
        keep_form_cookie(request, response, kept)
    return response


def _drawn(template: str, **values: Any) -> Markup:
    return Markup(environment().get_template(template).render(**values))


def room_page(request: Request, room: Room, status: int = 200, entered: Entered | None = None) -> Response:
    """The room: the newest version, what was said of it, and the forms."""
    entered = entered or Entered()
    newest = room.newest
    media = room.media(newest) if newest else None
    texts = room.texts(newest) if newest else []
    live = {
        "pilot": room.pilot.pilot_id,
        "stamp": room.stamp,
        "attempt": newest.attempt_id if newest else "",
        "number": newest.attempt_number if newest else 0,
        "live": room.grant is not None,
        "player": room.shared.once("player", lambda: player_data(room, newest, media)) if newest and media else None,
        "undo_seconds": room.undo_seconds if room.can_undo else 0,
        "comment_length": limits.COMMENT,
        "notes_length": limits.NOTES,
        "unsent": room.unsent,
    }
    shown = {"name": True, "comment": room.takes_comments, "changes": room.takes_decision}
    forms = {name for name, is_shown in shown.items() if is_shown}
    if room.takes_answers and room.changed:
        forms |= {f"request {point.item.request.request_id}" for point in room.changed.points}
    if room.takes_comments and newest:
        said = [c for thread in room.threads_on(newest) for c in (thread.comment, *thread.replies)]
        forms |= {f"{act} {c.comment_id}" for c in said for act in ("reply", "edit", "delete")}
    return render(
        request,
        "room.html.j2",
        status,
        framed=room.grant is None,
        room=room,
        media=media,
        data=live,
        entered=entered,
        lost=entered.form not in forms and bool(entered.fault),
        first_line=asking.first_line(room, app_of(request).settings),
        flags=[flag for flag in catalog.flags() if room.previous or flag != EARLIER_FLAG],
        texts=room.shared.once("texts drawn", lambda: _drawn("_texts.html.j2", texts=texts)),
    )


def approve_page(request: Request, room: Room, status: int = 200, entered: Entered | None = None) -> Response:
    """The second act of an approval, which names the version. Raises NotAllowedNow without a video to approve."""
    newest = room.newest
    assert newest is not None
    return render(
        request,
        "approve.html.j2",
        status,
        room=room,
        attempt=newest,
        checksum=shown_checksum(room.store, room.pilot.pilot_id, newest),
        entered=entered or Entered(),
        others=room.others_decisions(newest),
        placeholders=newest.final_draft.placeholders if newest.final_draft else [],
    )


def version_page(request: Request, room: Room, number: int) -> Response | None:
    """An earlier version, which can be watched and read; None for one that is not shown."""
    attempt = next((a for a in room.attempts[1:] if a.attempt_number == number), None)
    if attempt is None:
        return None
    media = room.media(attempt)
    data = _still(room, attempt) | {"player": player_data(room, attempt, media) if media else None}
    return render(request, "version.html.j2", room=room, attempt=attempt, media=media, data=data)


def compare_page(request: Request, room: Room, status: int = 200, entered: Entered | None = None) -> Response | None:
    """The newest version beside the one before, with what was said of that; None without one before."""
    newest, previous = room.newest, room.previous
    if newest is None or previous is None:
        return None
    sources = [room.media(previous), room.media(newest)]
    both = [media for media in sources if media]
    shown = player_data(room, previous, *both) if len(both) == len(sources) else None
    rate = [newest.rate.numerator, newest.rate.denominator]
    data = _still(room, newest) | {"player": shown, "commented_rate": rate}
    return render(
        request,
        "compare.html.j2",
        status,
        room=room,
        newest=newest,
        previous=previous,
        sources=sources,
        data=data,
        entered=entered or Entered(),
    )


def _still(room: Room, attempt: PilotRunAttempt) -> dict[str, Any]:
    """What the script of a page is told on which nothing changes by itself."""
    facts = {"pilot": room.pilot.pilot_id, "attempt": attempt.attempt_id, "number": attempt.attempt_number}
    facts |= {"unsent": room.unsent, "live": False, "stamp": ""}
    return facts | {"comment_length": limits.COMMENT, "notes_length": limits.NOTES}


def closed_page(request: Request, present: who.Visitor, form: Form | None = None) -> Response:
    """What someone without a valid grant gets in place of the room, with the words they had typed."""
    words = [value for name in ("body", "notes", "name") if form and (value := form.one(name).strip())]
    return render(request, "closed.html.j2", 403, ended=present.ended, on_the_team=present.on_the_team, words=words)


def warm_up() -> None:
    """Read the templates and compress the assets, so that the first reviewer does not wait for that."""
    for name in environment().list_templates():
        environment().get_template(name)
    assets.fingerprint()


@cache
def environment() -> jinja2.Environment:
    """The templates' environment."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates" / "review"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # otherwise each page asks the disk for the time of each template
    )
    made.filters["moment"] = moment
    made.filters["seconds"] = seconds
    helpers: dict[str, Callable[..., object]] = {
        "ago": ago,
        "count": count,
        "clock": times.clock,
        "file_size": file_size,
        "decision": DECISIONS.__getitem__,
        "flag_label": lambda flag: catalog.label("flag", flag),
        "span": times.span,
        "drawn_threads": lambda *shown: drawn_threads(made.get_template("_thread.html.j2"), *shown),
        "is_change": lambda given: given.level is not FeedbackLevel.APPROVE,
    }
    made.globals |= helpers
    return made
