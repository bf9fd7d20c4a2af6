"""A real mail server and a webhook receiver, each in a thread, with scripted behaviour, and settings that use them."""

import asyncio
import email
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState, Draft, SentHow
from pilot_core.domain.messages import MessageKind, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.messages import transports
from pilot_core.services.pilots import create_pilot
from pilot_core.settings import Settings, read_settings
from pilot_core.store.tables import outbox
from pilot_core.working_hours import DAYS, Hours

LEADS = ("mara@ops.example", "theo@ops.example")
SECRET = "a secret of the webhook"
ADDRESS = "https://pilots.ops.example"


@dataclass
class PostOffice:
    """A mail server and the messages it accepted, in order.

    ``moods`` are used up, one per message; after that it accepts everything. Moods: take, refuse (451 at the end),
    reject (550 for the recipient), die (close the connection before accepting the message), die_late (close it after),
    hang (send nothing until released), slow (accept, and answer after a delay).
    """

    port: int = 0
    moods: list[str] = field(default_factory=list)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    tried: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], datetime] | None = None
    times: list[datetime] = field(default_factory=list)
    refusal: str = "550 5.1.1 Nobody of that name here"

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if self.moods and self.moods[0] == "reject":
            self.moods.pop(0)
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        mood = self.moods.pop(0) if self.moods else "take"
        self.tried.set()
        if mood == "refuse":
            return "451 4.3.0 Come again later"
        if mood == "hang":
            while not self.released.is_set():
                await asyncio.sleep(0.02)
            server.transport.abort()
            return "451 4.3.0 Too late"
        if mood == "die":
            server.transport.abort()
            return "451 4.3.0 Nobody hears this"
        message = email.message_from_bytes(envelope.content, policy=POLICY)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], message))
        self.raw.append(envelope.content)
        if mood == "slow":
            await asyncio.sleep(3 * transports.TIMEOUT_SECONDS)
        if self.now:
            self.times.append(self.now())
        if mood == "die_late":
            server.transport.abort()
        return "250 OK"

    @property
    def mailbox(self) -> list[EmailMessage]:
        """Return the mails as mailboxes show them: one per Message-ID."""
        return list({str(message["Message-ID"]): message for _, message in self.taken}.values())

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for _, message in self.taken]


class _AnyPort(Controller):
    """A controller on a free port, which it reads before it connects there."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office(**controller: object) -> Iterator[PostOffice]:
    """Start a mail server on this machine."""
    office = PostOffice()
    running = _AnyPort(office, hostname="127.0.0.1", port=0, **controller)
    running.start()
    office.port = running.port
    try:
        yield office
    finally:
        office.released.set()
        running.stop()


@dataclass
class Receiver:
    """The requests a webhook received: headers and body.

    ``answers`` are used up, one per request; then it answers 204.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def taken(self) -> list[dict]:
        """Return the bodies of requests answered with success."""
        return [json.loads(body) for status, _, body in self.got if status == 204]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Start a webhook receiver on this machine."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.answers.pop(0) if found.answers else 204
            found.got.append((status, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def set_up(office: PostOffice | None = None, hook: Receiver | None = None, **changes: object) -> Settings:
    """Return settings that send messages there at once, by default at any hour."""
    given = {
        "url": ADDRESS,
        "smtp": f"plain://127.0.0.1:{office.port}" if office else None,
        "mail_from": "Pilöt Ops <pilots@ops.example>",
        "mail_leads": LEADS[:1],
        "webhook_url": hook.url if hook else None,
        "webhook_secret": SECRET,
        "hold_minutes": 0.0,
        **spelt(Hours("UTC", tuple(range(7)), 0, 24)),
    }
    assert not (given | changes).keys() - Settings.model_fields.keys()
    return read_settings().model_copy(update=given | changes)


def spelt(hours: Hours) -> dict[str, str]:
    """Return working hours in the form that settings use."""
    days = ",".join(DAYS[day] for day in hours.days)
    return {"time_zone": hours.zone, "working_days": days, "working_hours": f"{hours.first}-{hours.last}"}


def new_pilot(store: PilotStore, founder: str = "Alice Chen", company: str = "AcmeAI") -> PilotRun:
    """Save and return a pilot without attempts."""
    return store.save(create_pilot(founder, company, "feature_launch", "acme", now=store.clock()), "Lea Lead")


def make_ready(store: PilotStore, pilot_id: str, *, held: str | None = None) -> int:
    """Make the pilot's next attempt ready, with the message that a render creates. Returns the attempt's number."""

    def work(pilot: PilotRun) -> int:
        attempt = pilot.add_attempt(pipeline="storyboard", at=store.clock())
        film = f"{pilot_id}/attempt_{attempt.attempt_number}/draft_v1.mp4"
        store.path_of(film).parent.mkdir(parents=True, exist_ok=True)
        store.path_of(film).write_bytes(b"the film")
        attempt.state, attempt.video_path, attempt.ready_at = AttemptState.READY, film, store.clock()
        changes = ["The hook is gröber now."]
        attempt.drafts = [Draft(iteration=1, video_path=film, duration=20.0, frame_rate="25", changes=changes)]
        return attempt.attempt_number

    def also(connection, pilot: PilotRun, number: int) -> None:
        outbox.enqueue(connection, NewMessage(MessageKind.CUT_READY, pilot_id, number), store.clock(), held=held)

    return store.change(pilot_id, work, "pipeline:storyboard", also=also)[1]


def mark_sent(store: PilotStore, pilot_id: str, number: int = 1) -> None:
    """Mark an attempt as sent by hand, without its message."""
    store.change(pilot_id, lambda p: p.mark_sent(number, "Lea Lead", SentHow.HAND, store.clock()), "Lea Lead")


def parts(message: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail, which must have no other parts."""
    assert message.get_content_type() == "multipart/alternative"
    assert message.defects == []
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.defects == html.defects == []
    return text.get_content(), html.get_content()
