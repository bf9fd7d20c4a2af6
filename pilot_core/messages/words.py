"""What a message says: templates of ``templates/messages/``, a subject, a text and an HTML part each.

Where a secret address will stand, a placeholder does, until the moment the message goes or is copied.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from pilot_core import catalog
from pilot_core.documents.text import line
from pilot_core.errors import InvalidRequest, PilotNotFound
from pilot_core.messages import clocks
from pilot_core.models import PilotRun, PilotRunAttempt
from pilot_core.review.words import checked_text, clean_text
from pilot_core.settings import ROOT, Settings
from pilot_core.store import outbox
from pilot_core.store.outbox import Kind, Message
from pilot_core.store.pilots import PilotStore

if TYPE_CHECKING:
    import jinja2

LINK, QUIET = "[review link]", "[opt-out link]"
SUBJECT_LENGTH, BODY_LENGTH = 200, 10_000
LATE_LINES = 40
KINDS = {
    Kind.CUT_READY: "Cut ready",
    Kind.REMINDER: "Reminder",
    Kind.LINK_EXPIRING: "Link about to expire",
    Kind.FEEDBACK_RECEIVED: "Feedback received",
    Kind.RENDER_FAILED: "Render failed",
    Kind.REPORT_READY: "Outcome report ready",
    Kind.DIGEST: "Daily digest",
}
DECIDED = {"approve": "approved", "minor_changes": "minor changes", "major_changes": "major changes"}
PLACEHOLDER = re.compile(f"({re.escape(LINK)}|{re.escape(QUIET)})")


@dataclass(frozen=True)
class Words:
    """A message's subject, on one line, and its two parts."""

    subject: str
    body: str
    html: str


def words_of(store: PilotStore, config: Settings, message: Message, pilot: PilotRun | None = None) -> Words:
    """What the message says: the words kept with it, or what its template says now. Raises PilotNotFound."""
    if message.subject is not None:
        return Words(message.subject, message.body or "", message.html or "")
    return written(message.kind, _facts(store, config, message, pilot))


def written(kind: Kind, facts: dict[str, Any]) -> Words:
    """A template's words. Raises jinja2.UndefinedError when a fact is missing."""
    said = _templates(False).get_template(f"{kind.value}.txt.j2").render(facts)
    first, _, body = said.partition("\n")
    html = _templates(True).get_template(f"{kind.value}.html.j2").render(facts | {"title": line(first)})
    return Words(line(first)[:SUBJECT_LENGTH], clean_text(re.sub(r"\n{3,}", "\n\n", body)) + "\n", html)


def edited(subject: str, body: str) -> Words:
    """What a person typed, in both parts. Raises InvalidRequest when it is too long or says nothing."""
    title = " ".join(line(checked_text(subject, SUBJECT_LENGTH, "subject", "The subject")).split())
    text = checked_text(body, BODY_LENGTH, "body", "The message")
    if not title or not text:
        raise InvalidRequest("A message needs a subject and some words.", field="body")
    paragraphs = [[_pieces(part) for part in block.split("\n")] for block in re.split(r"\n{2,}", text)]
    html = _templates(True).get_template("edited.html.j2").render(title=title, paragraphs=paragraphs)
    return Words(title, text + "\n", html)


def filled(words: Words, link: str, quiet: str) -> Words:
    """The words with the addresses in place of their placeholders."""
    addresses = {LINK: link, QUIET: quiet}
    body = PLACEHOLDER.sub(lambda found: addresses[found[0]], words.body)
    html = PLACEHOLDER.sub(lambda found: escape(addresses[found[0]]), words.html)
    subject = PLACEHOLDER.sub("", words.subject).strip()
    return Words(subject, body, html)


def names_an_address(words: Words) -> bool:
    """Whether there is a placeholder to be filled."""
    return bool(PLACEHOLDER.search(words.body + words.html))


def page_of(config: Settings, pilot_id: str | None) -> str:
    """The address of a pilot's page, or of the overview."""
    return f"{config.address}/pilot?pilot={pilot_id}" if pilot_id else config.address


def moment(value: datetime, config: Settings) -> str:
    """A moment as people there read it: "Thursday 5 March, 17:00 (Europe/Berlin)"."""
    here = config.hours.local(value)
    return f"{here:%A} {here.day} {here:%B}, {here:%H:%M} ({config.hours.zone})"


def _facts(store: PilotStore, config: Settings, message: Message, pilot: PilotRun | None) -> dict[str, Any]:
    now = store.clock()
    if message.pilot_id is None:
        return _digest(store, config, now) | {"page": page_of(config, None), "link": "", "quiet": ""}
    pilot = pilot or store.load(message.pilot_id)
    due = next(iter(clocks.dues(store.database, config, now, pilot.pilot_id)), None)
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
    if message.kind is Kind.CUT_READY:
        # Not what is due now: the founder's time begins when this arrives.
        facts["due"] = moment(config.hours.after(now, config.review_hours), config)
        facts["changes"] = _changes(pilot, message)
    if message.kind is Kind.FEEDBACK_RECEIVED:
        facts |= _feedback(pilot, message)
    if message.kind is Kind.RENDER_FAILED:
        facts["reason"] = _attempt(pilot, message).failure or "It is not known why."
    if message.kind is Kind.REPORT_READY:
        facts |= _report(pilot)
    if message.kind is Kind.LINK_EXPIRING:
        ends = datetime.fromisoformat(message.about) - timedelta(seconds=1)
        facts["ends"] = moment(ends, config)
    return facts


def _changes(pilot: PilotRun, message: Message) -> list[str]:
    draft = _attempt(pilot, message).final_draft
    return list(draft.changes) if draft and (message.attempt_number or 1) > 1 else []


def _feedback(pilot: PilotRun, message: Message) -> dict[str, Any]:
    for given in _attempt(pilot, message).feedback:
        if given.feedback_id == message.about:
            return {
                "by": given.by or pilot.founder_name,
                "decision": DECIDED[given.level.value],
                "approved": given.level == "approve",
                "notes": clean_text(given.notes),
                "flags": [catalog.label("flag", flag) for flag in given.flags],
            }
    raise PilotNotFound("This feedback has been taken back.")


def _report(pilot: PilotRun) -> dict[str, Any]:
    from pilot_core.insight.recommend import TOO_EARLY, recommend

    found = recommend(pilot)
    return {"verdict": found.recommendation or TOO_EARLY, "summary": found.summary}


def _digest(store: PilotStore, config: Settings, now: datetime) -> dict[str, Any]:
    told = clocks.digest_dues(store.database, config, now)
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
        for due in told
    ]
    return {
        "day": f"{config.hours.local(now):%A} {config.hours.local(now).day} {config.hours.local(now):%B}",
        "ours": [one for one in late if one["is_ours"]][:LATE_LINES],
        "theirs": [one for one in late if not one["is_ours"]][:LATE_LINES],
        "total": len(late),
        "lost": store.database.read(outbox.count_given_up),
    }


def _attempt(pilot: PilotRun, message: Message) -> PilotRunAttempt:
    return pilot.attempt(message.attempt_number or 0)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """A line as pieces, each with whether it is a placeholder."""
    return [(piece, bool(PLACEHOLDER.fullmatch(piece))) for piece in PLACEHOLDER.split(text) if piece]


@cache
def _templates(html: bool) -> "jinja2.Environment":
    """A name they miss is an error; in HTML everything is escaped."""
    import jinja2

    loader = jinja2.FileSystemLoader(ROOT / "templates" / "messages")
    made = jinja2.Environment(
        loader=loader, autoescape=html, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["line"] = line
    return made
