"""A real server on a store with secrets, and HTTP and websocket requests by visitors of every role."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from tempfile import TemporaryDirectory

from pilot_core import PilotStore
from pilot_core.documents.names import FOUNDER_DOCUMENTS
from pilot_core.domain.brief import Brief
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import TeamMember
from pilot_core.domain.roles import Role
from pilot_core.review.attachments import stored
from pilot_core.review.comments import add_comment
from pilot_core.review.links import grant_for, make_link, open_link
from pilot_core.services import keys
from pilot_core.services.judgements import file_report
from pilot_core.services.pilots import create_pilot
from pilot_core.settings import ROOT
from pilot_core.video.attached import prepare
from tests.attached_files import picture
from tests.browser.serving import running
from tests.reviewing import LEAD, next_attempt
from tests.streamlit_socket import Shown, run_page

AWAY = "pilots.example.com"
"""A host that is not this machine: requests to it do not count as the lead's own."""
MINE, THEIRS = "Harmless Mills", "Zanzibar Secret Works"
FOUNDER, WORDS, PROMISE = "Quillon Vantage", "the unreleased turbine", "cheaper than every rival"
SECRETS = (THEIRS, FOUNDER, WORDS, PROMISE)
"""Text that strangers must never see, nor a reviewer of another pilot."""


@dataclass(frozen=True)
class Reply:
    """The server's response. ``cookies`` are those it sets; of other headers sent twice, ``headers`` has the last."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: SimpleCookie

    def tells(self, secret: str) -> bool:
        """Whether a text occurs in the response, including its headers."""
        return secret.casefold() in (repr(self.headers) + self.body.decode("utf-8", "replace")).casefold()


@dataclass(frozen=True)
class World:
    """The store, its contents, and the cookies of each role."""

    store: PilotStore
    mine: PilotRun
    theirs: PilotRun
    report_id: str
    attachment_id: str
    cookies: dict[Role, str]

    @property
    def everything_secret(self) -> tuple[str, ...]:
        return (*SECRETS, self.theirs.pilot_id)


class Server:
    """Send requests to a running server."""

    def __init__(self, port: int, log: Path):
        self.port, self.log = port, log

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        cookies: str = "",
        host: str = AWAY,
        body: bytes = b"",
        sender: str = "127.0.0.1",
        **headers: str,
    ) -> Reply:
        """Send one request. Header names take underscores for hyphens. The path is sent unchanged, including dots.

        ``sender`` is the local address in 127.0.0.0/8 that the request comes from.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(sender, 0))
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            sent["cookie"] = cookies
        if body and "content-length" not in sent:
            sent["content-length"] = str(len(body))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        reply = Reply(
            answer.status, headers, answer.read(), SimpleCookie("; ".join(answer.headers.get_all("set-cookie", [])))
        )
        connection.close()
        return reply

    def run(self, page: str, query: str = "", **options: str | None) -> Shown:
        """Run a page over the websocket; see :func:`tests.streamlit_socket.run_page`."""
        return run_page(self.port, page, query, **({"host": AWAY} | options))


@contextmanager
def besieged(folder: Path, **settings: str) -> Iterator[Server]:
    """Start a new server on that store, without any visits yet."""
    log = folder / "server.log"
    with running(ROOT / "app.py", folder, settings, log) as address:
        yield Server(int(address.rsplit(":", 1)[1]), log)


def make_world(root: Path) -> World:
    """Make two pilots with files, comments and a filed report; a lead, a viewer, and a reviewer of the first."""
    store = PilotStore(root)
    mine, theirs = _pilot(store, MINE, "Ann Plain", "plain words"), _pilot(store, THEIRS, FOUNDER, WORDS)
    report = file_report(store, theirs.pilot_id, LEAD)
    cookies = {Role.STRANGER: ""}
    for role in (Role.LEAD, Role.VIEWER):
        session = keys.sign_in(store, keys.invite(store, f"Some {role}", role, LEAD)[1])[1]
        cookies[role] = f"pilot_sign_in={session}"
    grant = open_link(store, make_link(store, mine.pilot_id, "Dana Cruz", actor=LEAD)[1])[1]
    cookies[Role.REVIEWER] = f"pilot_review={grant}"
    return World(store, mine, theirs, report.report_id, _attachment(store, mine), cookies)


def _attachment(store: PilotStore, pilot: PilotRun) -> str:
    """Attach a picture to a comment and return its id."""
    speaker = TeamMember(LEAD, pilot.pilot_id)
    with TemporaryDirectory() as place:
        source = Path(place, "sent")
        source.write_bytes(picture())
        with stored(store, speaker, prepare(source, Path(place)), "logo.png") as file:
            assert file is not None
            add_comment(store, speaker, 1, Anchor(5), "This logo", file=file)
            return file.attachment_id


def _pilot(store: PilotStore, company: str, founder: str, words: str) -> PilotRun:
    pilot = create_pilot(
        founder,
        company,
        "feature_launch",
        "acme",
        now=store.clock(),
        brief=Brief(message=PROMISE) if company == THEIRS else None,
    )
    store.save(pilot, LEAD)
    pilot = next_attempt(store, pilot.pilot_id)
    folder = store.root / pilot.pilot_id
    for name in ("pilot_runbook.txt", *FOUNDER_DOCUMENTS):
        (folder / name).write_text(f"{name} for {founder} of {company}")
    grant = grant_for(store, open_link(store, make_link(store, pilot.pilot_id, "Rae Other", actor=LEAD)[1])[1])
    assert grant is not None
    add_comment(store, grant, 1, Anchor(5), words)
    return store.load(pilot.pilot_id)
