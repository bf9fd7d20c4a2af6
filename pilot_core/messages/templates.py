"""The text of a message, from the templates in ``templates/messages/``: a subject, a text part and an HTML part.

A capability link is a placeholder until the message is sent or copied.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from pilot_core import catalog
from pilot_core.documents.text import line
from pilot_core.domain import limits
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.measures import is_contradicted
from pilot_core.domain.messages import KINDS, Message, MessageKind, Words
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, PilotNotFound
from pilot_core.insight.recommend import recommend
from pilot_core.messages import deadlines
from pilot_core.review.words import checked_text, clean_text
from pilot_core.settings import ROOT, Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import outbox

if TYPE_CHECKING:
    import jinja2

LINK, QUIET = "[review link]", "[opt-out link]"
LATE_LINES = 40
PLACEHOLDER = re.compile(f"({re.escape(LINK)}|{re.escape(QUIET)})")


def words_of(store: PilotStore, config: Settings, message: Message, pilot: PilotRun | None = None) -> Words:
    """Return the message's text: as stored with it, or from its templates. Raises PilotNotFound."""
    if message.subject is not None:
        return Words(message.subject, message.body or "", message.html or "")
    return written(message.kind, _facts(store, config, message, pilot))


def written(kind: MessageKind, facts: dict[str, Any]) -> Words:
    """Render the templates of a kind of message. Raises jinja2.UndefinedError when a fact is missing."""
    text = _templates(False).get_template(f"{kind.value}.txt.j2").render(facts)
    first, _, body = text.partition("\n")
    html = _templates(True).get_template(f"{kind.value}.html.j2").render(facts | {"title": line(first)})
    return Words(line(first)[: limits.SUBJECT], clean_text(re.sub(r"\n{3,}", "\n\n", body)) + "\n", html)


def edited(subject: str, body: str) -> Words:
    """Return what a person typed, as text and HTML. Raises InvalidRequest when it is too long or empty."""
    title = " ".join(line(checked_text(subject, limits.SUBJECT, "subject", "The subject")).split())
    text = checked_text(body, limits.MESSAGE, "body", "The message")
    if not title or not text:
        raise InvalidRequest("A message needs a subject and some words.", field="body")
    paragraphs = [[_pieces(part) for part in block.split("\n")] for block in re.split(r"\n{2,}", text)]
    html = _templates(True).get_template("edited.html.j2").render(title=title, paragraphs=paragraphs)
    return Words(title, text + "\n", html)


def filled(words: Words, link: str, quiet: str) -> Words:
    """Return the text with the addresses in place of their placeholders."""
    addresses = {LINK: link, QUIET: quiet}
    body = PLACEHOLDER.sub(lambda found: addresses[found[0]], words.body)
    html = PLACEHOLDER.sub(lambda found: escape(addresses[found[0]]), words.html)
    subject = PLACEHOLDER.sub("", words.subject).strip()
    return Words(subject, body, html)


def names_an_address(words: Words) -> bool:
    """Whether the text has a placeholder for a link."""
    return bool(PLACEHOLDER.search(words.body + words.html))


def page_of(config: Settings, pilot_id: str | None) -> str:
    """Return the address of a pilot's page, or of the overview without a pilot."""
    return f"{config.address}/pilot?pilot={pilot_id}" if pilot_id else config.address


def moment(value: datetime, config: Settings) -> str:
    """Format a moment in the time zone of the settings: "Thursday 5 March, 17:00 (Europe/Berlin)"."""
    here = config.hours.local(value)
    return f"{here:%A} {here.day} {here:%B}, {here:%H:%M} ({config.hours.zone})"


def _facts(store: PilotStore, config: Settings, message: Message, pilot: PilotRun | None) -> dict[str, Any]:
    """Return the values that the message's templates may use."""
    now = store.clock()
    if message.pilot_id is None:
        return _digest(store, config, now) | {"page": page_of(config, None), "link": "", "quiet": ""}
    pilot = pilot or store.load(message.pilot_id)
    due = next(iter(deadlines.dues(store.database, config, now, pilot.pilot_id)), None)
    facts: dict[str, Any] = {
        "founder": pilot.founder_name,
        "company": pilot.company_name,
        "number": message.attempt_number,
        "page": page_of(config, pilot.pilot_id),
        "link": LINK,
        "quiet": QUIET,
        "due": moment(due.due_at, config) if due else "",
        "is_late": due.is_over(now) if due else False,
    }
    for name in KINDS[message.kind].facts:
        facts |= FACTS[name](Subject(message, pilot, config, now))
    return facts


@dataclass(frozen=True)
class Subject:
    """What template values are computed from: a message, its pilot, the settings and the time."""

    message: Message
    pilot: PilotRun
    config: Settings
    now: datetime

    @property
    def attempt(self) -> PilotRunAttempt:
        """The attempt that the message is about. Raises PilotNotFound."""
        return self.pilot.attempt(self.message.attempt_number or 0)


def _due_from_now(of: Subject) -> dict[str, Any]:
    """Return the due date, counting the founder's review time from now."""
    return {"due": moment(of.config.hours.after(of.now, of.config.review_hours), of.config)}


def _changes(of: Subject) -> dict[str, Any]:
    """Return what the pipeline says it changed, without what the measured videos contradict."""
    number, draft = of.attempt.attempt_number, of.attempt.final_draft
    earlier = [a for a in of.pilot.runs if a.attempt_number < number and a.final_draft]
    if draft is None or not earlier:
        return {"changes": []}
    before = max(earlier, key=lambda a: a.attempt_number).final_draft
    return {"changes": [change.text for change in draft.changes if not is_contradicted(change, before, draft)]}


def _feedback(of: Subject) -> dict[str, Any]:
    for given in of.attempt.feedback:
        if given.feedback_id == of.message.about:
            return {
                "by": given.by or of.pilot.founder_name,
                "decision": given.level.outcome,
                "approved": given.level == "approve",
                "notes": clean_text(given.notes),
                "flags": [catalog.label("flag", flag) for flag in given.flags],
                "others": [other.by or "Someone" for other in of.pilot.overridden_requests]
                if given.level == "approve"
                else [],
            }
    raise PilotNotFound("This feedback has been taken back.")


def _failure(of: Subject) -> dict[str, Any]:
    return {"reason": of.attempt.failure or "It is not known why."}


def _recommendation(of: Subject) -> dict[str, Any]:
    found = recommend(of.pilot)
    return {"verdict": found.label, "summary": found.summary}


def _link_ends(of: Subject) -> dict[str, Any]:
    ends = datetime.fromisoformat(of.message.about) - timedelta(seconds=1)
    return {"ends": moment(ends, of.config)}


FACTS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "due_from_now": _due_from_now,
    "changes": _changes,
    "feedback": _feedback,
    "failure": _failure,
    "recommendation": _recommendation,
    "link_ends": _link_ends,
}
"""Template values that only some kinds of messages need, by the names in ``domain.messages.KINDS``."""


def _digest(store: PilotStore, config: Settings, now: datetime) -> dict[str, Any]:
    due_dates = deadlines.digest_dues(store.database, config, now)
    late = [
        {
            "company": due.company_name,
            "words": due.words,
            "when": moment(due.due_at, config),
            "is_late": due.is_over(now),
            "page": page_of(config, due.pilot_id),
            "is_ours": due.is_ours,
            "to_pause": due.to_pause,
        }
        for due in due_dates
    ]
    return {
        "day": f"{config.hours.local(now):%A} {config.hours.local(now).day} {config.hours.local(now):%B}",
        "ours": [one for one in late if one["is_ours"]][:LATE_LINES],
        "theirs": [one for one in late if not one["is_ours"]][:LATE_LINES],
        "total": len(late),
        "lost": store.database.read(outbox.count_given_up),
    }


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Split a line into pieces, each with whether it is a placeholder."""
    return [(piece, bool(PLACEHOLDER.fullmatch(piece))) for piece in PLACEHOLDER.split(text) if piece]


@cache
def _templates(html: bool) -> "jinja2.Environment":
    """Return the environment of the text or HTML templates: a missing name is an error, and HTML is escaped."""
    import jinja2  # takes 0.1 s, which would slow down the server's start

    loader = jinja2.FileSystemLoader(ROOT / "templates" / "messages")
    made = jinja2.Environment(
        loader=loader, autoescape=html, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["line"] = line
    return made
