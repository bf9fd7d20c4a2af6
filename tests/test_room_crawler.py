"""A crawler that uses the review room as no person would, over HTTP on a real server.

It follows any link, sends any form with any words, also forms that have long gone, and asks for addresses that it
makes up, while leads make versions and revoke links. However it goes: no answer is an error of the server, no page is a
dead end, and no word of another pilot or of the program comes out.

``PILOT_OPS_CRAWL_SECONDS`` sets how long it goes on, and the visits are then random. By default they are few, and the
same each time. ``pytest -s`` prints what it asked for and what came of it.
"""

import http.client
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from pilot_core.errors import PilotError
from pilot_core.review import comments
from pilot_core.review.links import links_of, make_link, revoke_link
from pilot_core.services import pilots
from pilot_core.store.engine.connection import rows
from pilot_core.web.access.guarded_routes import StatedRoute
from pilot_core.web.server.routes import ROUTES
from tests.asking import AWAY, Answer
from tests.attached_files import HTML, SVG, picture
from tests.besieged import Server, World, besieged, make_world
from tests.reviewing import LEAD, next_attempt, pilot_in_review, team
from tests.room_client import MULTIPART, Page, SentForm, multipart

SECONDS = int(os.environ.get("PILOT_OPS_CRAWL_SECONDS", "0"))
VISITS, STEPS = 25, 25
REDIRECTS = 5
OF_THE_PROGRAM = ("Traceback", "None", "{{", "}}", "Undefined", "<bound", "object at 0x", "grant_hash", "PilotStore")
ADVICE = ("ask", "tell", "try", "open", "go ", "sign", "wait")
"""What a page without a way on must say in its place: what to do."""
LONG = {"5 thousand": "x" * 5_001, "200 thousand": "y" * 200_500}
"""Long words by their names: hypothesis writes the names out, not the words."""
WORDS = st.text("aé漢🙂‏\u0301 \n\t<>&\"'%/\\#?=;:.-0123456789", max_size=60) | st.sampled_from(
    ["", " ", *LONG, "0:03", "99:99:99", "-1", "1e9", "\u0000", "yes", '{"x": 0.1, "y": 2}']
).map(lambda word: LONG.get(word, word))
KEYS = ("token", "key")
BY_SCRIPT = ("frame", "end_frame", "shape", "until", "file")
"""Fields that are left empty, or are filled by the page's script."""
MOSTLY = st.sampled_from([True, True, True, False])
FILES = st.sampled_from(
    [
        ("logo.png", picture()),
        ("a.png", b""),
        ("b.pdf", b"%PDF-1.4"),
        ("../c.html", HTML),
        ('"', SVG),
        ("d", b"\0" * 999),
    ]
)
_senders = count(2)


@dataclass(frozen=True)
class Filled:
    """What somebody puts into a form: words for its empty fields, or for all with ``forges``, and its choices."""

    words: list[str]
    choices: list[bool]
    button: int
    forges: bool
    file: tuple[str, bytes] | None


SENSIBLE = st.builds(
    Filled,
    st.lists(st.sampled_from(["The logo is old", "Shorter, please", "0:03"]), min_size=8, max_size=8),
    st.lists(st.just(True), min_size=20, max_size=20),
    st.integers(0, 1),
    st.just(False),
    st.none(),
)
FILLED = SENSIBLE | st.builds(
    Filled,
    st.lists(WORDS, max_size=8),
    st.lists(st.booleans(), max_size=20),
    st.integers(0, 5),
    st.booleans(),
    st.none() | FILES,
)


class Visitor:
    """A browser at an address of its own."""

    def __init__(self, server: Server):
        self._server = server
        self._sender = f"127.0.{next(_senders) // 250 % 250}.{next(_senders) % 250 + 2}"
        self._cookies: dict[str, str] = {}

    def asks(self, path: str, method: str = "GET", body: bytes = b"", kind: str = "") -> tuple[Page, bool]:
        """Send a request, its body of that content type, and follow redirects.

        Returns the answer, and whether it is a page.
        """
        for _ in range(REDIRECTS):
            answer = self._once(path, method, body, kind)
            if answer.status != 303:
                is_page = answer.headers.get("content-type", "").startswith("text/html")
                text = answer if is_page else Answer(answer.status, answer.header_lines, b"")
                return Page(text, path), is_page
            path, method, body, kind = answer.headers["location"], "GET", b"", ""
        raise AssertionError(f"{path} goes round in circles")

    def _once(self, path: str, method: str, body: bytes, kind: str) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30, source_address=(self._sender, 0))
        carried = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {"Host": AWAY, "Cookie": carried, "Origin": f"http://{AWAY}"}
        sent |= {"Content-Type": kind or "application/x-www-form-urlencoded"} if body else {}
        line.request(method, path.split("#")[0], body or None, sent)
        got = line.getresponse()
        heads = frozenset((name.lower(), value) for name, value in got.getheaders())
        answer = Answer(got.status, heads, got.read())
        line.close()
        for name, value in heads:
            if name == "set-cookie":
                self._cookies |= {key: kept.value for key, kept in SimpleCookie(value).items()}
        return answer


class Room(RuleBasedStateMachine):
    """A visit: a reviewer with a link to a new pilot, and a lead at work on it."""

    server: ClassVar[Server]
    world: ClassVar[World]
    answers: ClassVar[Counter[str]]
    forms: ClassVar[Counter[str]]
    pages = Bundle("pages")

    @initialize(
        target=pages, attempts=st.integers(0, 2), name=st.sampled_from(["Dana Cruz", "Ø", "<b>Ann</b>"]), enters=MOSTLY
    )
    def arrives(self, attempts: int, name: str, enters: bool) -> Page:
        self.pilot = pilot_in_review(self.world.store, attempts=attempts)
        self.reviewer = name
        self.visitor = Visitor(self.server)
        self.link = make_link(self.world.store, self.pilot.pilot_id, name, actor=LEAD)[1]
        door = self.looks(*self.visitor.asks(f"/r/{self.link}"))
        return self.looks(*self.sends(door.forms[0], Filled([], [], 0, False, None))) if enters else door

    @rule(target=pages, page=pages, place=st.integers(0, 40))
    def follows_a_link(self, page: Page, place: int) -> Page:
        within = [link for link in page.links.values() if link and not urlsplit(link).netloc]
        if not within:
            return page
        return self.looks(*self.visitor.asks(within[place % len(within)]))

    @rule(target=pages, page=pages, place=st.integers(0, 40), filled=FILLED)
    def sends_a_form(self, page: Page, place: int, filled: Filled) -> Page:
        if not page.forms:
            return page
        return self.looks(*self.sends(page.forms[place % len(page.forms)], filled))

    def sends(self, form: SentForm, filled: Filled) -> tuple[Page, bool]:
        words, fields = iter(filled.words), list[tuple[str, str]]()
        for name, value in form.fields:
            kept = name in KEYS or (not filled.forges and (value or name in BY_SCRIPT))
            fields.append((name, value if kept else next(words, value)))
        fields += [choice for choice, taken in zip(form.choices, filled.choices, strict=False) if taken]
        if form.buttons:
            _, name, value = form.buttons[filled.button % len(form.buttons)]
            fields += [(name, value)] if name else []
        if filled.file is not None and ("file", "") in form.fields:
            fields = [(name, value) for name, value in fields if name != "file"]
            answer = self.visitor.asks(form.action, "POST", multipart(fields, [filled.file]), MULTIPART)
        else:
            answer = self.visitor.asks(form.action, "POST", urlencode(fields, errors="surrogatepass").encode())
        self.forms[f"{form.name.split(' ')[0] or 'link'} {answer[0].status}"] += 1
        return answer

    @rule(target=pages, place=st.integers(0, 80), words=WORDS, method=st.sampled_from(["GET", "POST"]))
    def makes_an_address_up(self, place: int, words: str, method: str) -> Page:
        routes = [route for route in ROUTES if isinstance(route, StatedRoute) and route.path != "/review/events"]
        path = routes[place % len(routes)].path
        piece = quote(words[:200], safe="") or "x"
        for name in ("token", "key", "comment_id", "attempt_id", "pilot_id", "number:int", "hash", "name", "name:path"):
            path = path.replace(f"{{{name}}}", self.pilot.pilot_id if name == "pilot_id" else piece)
        for name in ("provider", "report_id", "suffix", "words"):
            path = path.replace(f"{{{name}}}", piece)
        return self.looks(*self.visitor.asks(path, method, b"a=b" if method == "POST" else b""))

    @rule(target=pages)
    def opens_the_room(self) -> Page:
        return self.looks(*self.visitor.asks("/review"))

    @rule(target=pages, place=st.integers(0, 10), filled=SENSIBLE)
    def does_what_a_person_would(self, place: int, filled: Filled) -> Page:
        return self.sends_a_form(self.opens_the_room(), place, filled)

    @rule(target=pages)
    def opens_the_link_again(self) -> Page:
        return self.looks(*self.visitor.asks(f"/r/{self.link}"))

    @rule()
    def the_lead_makes_a_version(self) -> None:
        self._lead_does(lambda: next_attempt(self.world.store, self.pilot.pilot_id))

    @rule()
    def the_lead_pauses_or_resumes(self) -> None:
        store, pilot_id = self.world.store, self.pilot.pilot_id
        paused = store.load(pilot_id).status == "paused"
        self._lead_does(
            lambda: pilots.resume(store, pilot_id, LEAD) if paused else pilots.pause(store, pilot_id, "Waiting", LEAD)
        )

    @rule()
    def the_lead_answers(self) -> None:
        said = comments.comments_of(self.world.store, self.pilot.pilot_id)
        if said:
            self._lead_does(lambda: comments.reply(self.world.store, team(self.pilot), said[0].comment_id, "Thanks"))

    @rule(again=MOSTLY)
    def the_lead_revokes_the_link(self, again: bool) -> None:
        store = self.world.store
        for link in links_of(store, self.pilot.pilot_id):
            revoke_link(store, link.link_id, LEAD)
        if again:
            self.link = make_link(store, self.pilot.pilot_id, self.reviewer, actor=LEAD)[1]

    def _lead_does(self, act: Callable[[], object]) -> None:
        with suppress(PilotError):  # the reviewer was faster
            act()

    def looks(self, page: Page, is_page: bool) -> Page:
        """Check an answer."""
        where = f"{page.path}: {page.status}"
        self.answers[f"{page.status}{', a page' if is_page else ''}"] += 1
        assert page.status < 500, where
        heads = " ".join(f"{name}: {value}" for name, value in page.answer.header_lines)
        for word in (*self.world.everything_secret, *OF_THE_PROGRAM):
            assert word not in page.text, f"{where} says {word}: {page.text[:500]}"
            assert word not in heads, f"{where} says {word} in its headers"
        if is_page:
            goes_on = bool(page.links or page.forms)
            assert goes_on or any(word in page.text.casefold() for word in ADVICE), (
                f"{where} is a dead end: {page.text}"
            )
        return page


@contextmanager
def crawled(root: Path) -> Iterator[None]:
    Room.world = make_world(root)
    Room.answers, Room.forms = Counter(), Counter()
    with besieged(root) as Room.server:
        yield


def visits(*, anew: bool) -> None:
    """Make some visits: other ones each time, or always the same."""
    run_state_machine_as_test(
        Room,
        settings=settings(
            max_examples=VISITS,
            stateful_step_count=STEPS,
            derandomize=not anew,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def events() -> Counter[str]:
    """Return how often each kind of event is in the store's history."""
    found = Room.world.store.database.read(lambda c: rows(c, "SELECT kind FROM events"))
    return Counter(row["kind"] for row in found)


@pytest.mark.timeout(3600)
def test_however_the_room_is_used_it_answers_leads_on_and_tells_nothing(tmp_path: Path) -> None:
    until = time.monotonic() + SECONDS
    with crawled(tmp_path):
        before = events()
        visits(anew=SECONDS > 0)
        while time.monotonic() < until:
            visits(anew=True)
        log = Room.server.log.read_text(encoding="utf-8", errors="replace")
        acts = events() - before
    print(f"answers: {dict(Room.answers)}\nforms sent: {dict(Room.forms)}\nacts in the history: {dict(acts)}")
    assert "Traceback" not in log
    assert {"link_opened", "comment_added", "review_decision"} <= set(acts), "the crawler gets into no room"
