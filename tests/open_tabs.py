"""Tabs that stay open: every page of the dashboard walked over the websocket, and what its browser could send later."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from pilot_core.domain.roles import Role
from pilot_core.ids import PILOT_ID
from pilot_core.review.links import make_link, open_link
from pilot_core.services import keys
from pilot_core.store.engine.connection import rows
from tests.besieged import AWAY, Reply, Server, World, besieged, make_world
from tests.messaging import make_ready, new_pilot
from tests.reviewing import LEAD, queued_attempt
from tests.streamlit_socket import Shown, Socket, Widget, socket_to

OURS = {"origin": f"http://{AWAY}", "sec_fetch_site": "same-origin"}
SECONDS = 2.0
"""How long a socket may stay open after its visitor's access has ended."""
FORM = {"content_type": "application/x-www-form-urlencoded"}


@dataclass
class Tab:
    """An open tab: its page, its socket, and every fragment, widget and in-memory file that it was ever sent."""

    page: str
    query: str
    socket: Socket
    fragments: dict[str, None] = field(default_factory=dict)
    widgets: dict[str, Widget] = field(default_factory=dict)
    media: set[str] = field(default_factory=set)
    panes: dict[str, None] = field(default_factory=dict)
    page_hash: str = ""

    def run(self, states: Sequence[WidgetState] = (), fragment: str = "") -> Shown:
        """Run the page or the fragment, and note what it drew.

        The page is named by its hash from the second run on: a rerun that names it is a visit, and runs no callbacks.
        """
        shown = self.socket.run(self.page, self.query, fragment, states=states, page_hash=self.page_hash)
        self.page_hash = self.page_hash or shown.page_hash
        assert not shown.closed, f"{self.page}: the server closed the socket"
        self.fragments |= dict.fromkeys(sorted(shown.fragments))
        self.widgets |= {widget.id: widget for widget in shown.widgets if widget.id not in self.widgets}
        self.media |= set(shown.media)
        labels = (message.delta.add_block.tab.label for message in shown.messages)
        self.panes |= dict.fromkeys(label for label in labels if label)
        return shown

    def walk(self) -> None:
        """Draw the page, then use every widget that it draws at first, so that tabs, dialogs and forms open too.

        Of widgets that differ only by their pilot, such as those of rows, one is used.
        """
        drawn = self.run().fragments
        once = {_without_pilot(widget.id): widget for widget in self.widgets.values()}
        # Fragments first: another widget, such as a filter, may leave nothing for them to draw.
        for widget in sorted(once.values(), key=lambda widget: not widget.fragment):
            for states in self.uses_of(widget):
                self.run(states, widget.fragment if widget.fragment in drawn else "")
            drawn = self.run().fragments

    def uses_of(self, widget: Widget) -> list[list[WidgetState]]:
        """Return what the browser would send for each use of the widget."""
        if widget.kind == "tab_container":
            return [[WidgetState(id=widget.id, string_value=pane)] for pane in self.panes]
        return [list(widget.states)] if widget.states else []


def _without_pilot(widget_id: str) -> str:
    """Return the key in a widget's id without the pilot's id, or the whole id of a widget without a key."""
    key = re.sub(r"^\$\$ID-[0-9a-f]+-", "", widget_id)
    return re.sub(PILOT_ID.pattern, "", key) if key != "None" else widget_id


@contextmanager
def open_tabs(server: Server, cookies: str, pilots: Sequence[str]) -> Iterator[list[Tab]]:
    """Walk every page that this visitor's menu names, and its page of each pilot, in a tab of its own.

    A page that is the same with a pilot in its address is walked once.
    """
    with ExitStack() as stack:
        tabs: list[Tab] = []
        for page in pages_of(server, cookies):
            known: list[set[str]] = []
            for query in ("", *(f"pilot={pilot}" for pilot in pilots)):
                opened = stack.enter_context(socket_to(server.port, host=AWAY, cookies=cookies))
                assert opened is not None
                tab = Tab(page, query, opened)
                tab.run()
                drawn = {*tab.fragments, *tab.widgets}
                if drawn not in known or not drawn:
                    known.append(drawn)
                    tab.walk()
                    tabs.append(tab)
        yield tabs


def pages_of(server: Server, cookies: str) -> list[str]:
    """Return the addresses of the pages in the visitor's menu, including hidden ones."""
    shown = server.run("", cookies=cookies)
    found = [page.url_pathname for message in shown.messages for page in message.navigation.app_pages]
    assert found, "the entry script names its pages"
    return sorted(set(found))


def messages_of(tab: Tab, *, mixed: bool = True) -> Iterator[BackMsg]:
    """Yield every message that the tab's browser could send: the page, each fragment, and each use of each widget.

    ``mixed`` adds each widget in each fragment that did not draw it, which no browser sends.
    """

    def asked(fragment: str = "", states=()) -> BackMsg:
        message = BackMsg()
        message.rerun_script.page_script_hash, message.rerun_script.query_string = tab.page_hash, tab.query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.context_info.url = f"http://{AWAY}/{tab.page}"
        message.rerun_script.widget_states.widgets.extend(states)
        return message

    yield from (asked(fragment) for fragment in tab.fragments)
    for widget in tab.widgets.values():
        for states in tab.uses_of(widget):
            yield asked(states=states)
            others = tab.fragments if mixed else ()
            yield from (asked(fragment, states) for fragment in {widget.fragment, *others} - {""})
    yield asked()


@dataclass
class Person:
    """Somebody who has signed in: their key's name, and the cookies of their browser."""

    name: str
    cookies: str


class Team:
    """The people of a store, and pilots in every state that a page shows."""

    def __init__(self, world: World):
        self.world, self.store = world, world.store
        self._people = 0
        self.told = new_pilot(self.store, company="Told Works")
        make_ready(self.store, self.told.pilot_id)
        self.under_way = queued_attempt(self.store, new_pilot(self.store, company="Under Way Works").pilot_id)

    @property
    def pilots(self) -> list[str]:
        """Return a pilot that was reviewed, one with a waiting message, and one whose attempt is under way."""
        return [self.world.theirs.pilot_id, self.told.pilot_id, self.under_way.pilot_id]

    def signed_in(self, role: Role = Role.LEAD, *, with_grant: bool = False) -> Person:
        """Return somebody new with a key of that role, and a review grant too if asked."""
        self._people += 1
        name = f"Person {self._people}"
        cookies = f"pilot_sign_in={keys.sign_in(self.store, keys.invite(self.store, name, role, LEAD)[1])[1]}"
        if with_grant:
            link = make_link(self.store, self.world.mine.pilot_id, name, actor=LEAD)[1]
            cookies += f"; pilot_review={open_link(self.store, link)[1]}"
        return Person(name, cookies)

    def change_key(self, person: Person, change: str) -> None:
        sql = f"UPDATE sign_in_keys SET {change} WHERE name = ?"  # noqa: S608
        self.store.database.transaction(lambda connection: connection.execute(sql, [person.name]))


def fill_in(server: Server, path: str, cookies: str = "") -> Reply:
    """Load the form at an address as a browser does, and press its button."""
    form = server.ask(path, cookies=cookies)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', form.body.decode())
    assert token, form.body
    kept = form.cookies["pilot_form"].value
    carried = "; ".join(part for part in (cookies, f"pilot_form={kept}") if part)
    return server.ask(path, "POST", cookies=carried, body=urlencode({"token": token[1]}).encode(), **FORM, **OURS)


def contents(team: Team) -> dict[str, list[dict]]:
    """Return every row that a lead can change, without the pilot that the server itself goes on with."""
    tables = ("pilots", "attempts", "feedback", "events", "comments", "overrides", "outcome_reports", "review_links")
    tables = (*tables, "messages", "sign_in_keys", "pilot_contacts", "flag_suggestions", "calendar_feeds")
    found = {}
    for name in tables:
        every = team.store.database.read(lambda c, name=name: rows(c, f"SELECT * FROM {name} ORDER BY ALL"))  # noqa: S608
        found[name] = [row for row in every if row.get("pilot_id") != team.under_way.pilot_id]
    return found


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    return Team(make_world(tmp_path_factory.mktemp("team")))


@pytest.fixture(scope="module")
def server(team: Team) -> Iterator[Server]:
    with besieged(team.store.root) as running:
        yield running
