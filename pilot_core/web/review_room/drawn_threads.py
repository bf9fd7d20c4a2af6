"""Comments as the room shows them, drawn once a minute for everyone who may do the same with them."""

import re
import secrets
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

import jinja2
from markupsafe import Markup

from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.web.components.player import PlayerMedia
from pilot_core.web.review_room.entered import Entered
from pilot_core.web.review_room.room import Room

Proof = Callable[[str], Markup]
"""Returns the hidden fields of a form that is sent to a path: its token, and the key by which it is one act."""

_mark = secrets.token_hex(16)
_PLACES = re.compile(f"<{_mark} ([^>]*)>")

_lately: tuple[datetime | None, dict[Hashable, list[str]]] = (None, {})
"""The minute in which somebody looked last, and what was drawn in it. Drawings say how long ago a reply was, and
erased words are not to stay in them.
"""


def drawn_threads(
    template: jinja2.Template,
    room: Room,
    attempt: PilotRunAttempt,
    media: PlayerMedia | None,
    entered: Entered,
    proof: Proof,
) -> Markup:
    """The comments on an attempt, with their replies and forms. ``proof`` fills in what each form has for itself."""
    labels = room.labels(attempt)
    found: list[str] = []
    for thread in room.threads_on(attempt):
        comments = (thread.comment, *thread.replies)
        facts = {
            "thread": thread,
            "label": labels[thread.comment.comment_id],
            "video": media.video if media else "",
            "files": tuple(room.attached_to(comment.comment_id) for comment in comments),
            "own": frozenset(comment.comment_id for comment in comments if room.is_own(comment)),
            "takes_comments": room.takes_comments,
            "now": room.now.replace(second=0, microsecond=0),
        }
        if entered.form:
            found.append(template.render(**facts, entered=entered, proof=proof))
            continue
        about = (thread.comment.comment_id, facts["own"], facts["takes_comments"], facts["now"])
        parts = room.shared.once(about, lambda facts=facts: _around_proofs(template, facts))  # type: ignore[misc]
        found += (proof(part) if place % 2 else part for place, part in enumerate(parts))
    return Markup("".join(found))


def _around_proofs(template: jinja2.Template, facts: dict[str, Any]) -> list[str]:
    """A thread in pieces: text, the path of a form whose hidden fields go there, text and so on."""
    about = tuple(facts.values())
    drawings = _drawings_at(facts["now"])
    if about not in drawings:
        drawn = template.render(**facts, entered=Entered(), proof=lambda path: Markup(f"<{_mark} {path}>"))
        drawings[about] = _PLACES.split(drawn)
    return drawings[about]


def _drawings_at(minute: datetime) -> dict[Hashable, list[str]]:
    global _lately
    if _lately[0] != minute:
        _lately = (minute, {})
    return _lately[1]
