"""The table of permissions over the dashboard's websocket: each act, by its lead and by everyone who may not do it.

A lead's browser prepares the one message that does the act. Others send it first, and it comes to nothing; sent at
last by the lead whose tab it is, it does the act. So what was refused was a message that works.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind, Role
from pilot_core.services import keys
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.copying import tables_of
from tests import open_tabs as open_tabs_fixtures
from tests.besieged import AWAY, Server
from tests.open_tabs import SECONDS, Person, Team
from tests.pressing import Hand
from tests.reviewing import LEAD
from tests.socket_acts import ELSEWHERE, WAYS, Way, acted_on
from tests.streamlit_socket import Socket, socket_to
from tests.test_open_tabs import ENDINGS

pytestmark = pytest.mark.slow
team, server = open_tabs_fixtures.team, open_tabs_fixtures.server


@dataclass
class Prepared:
    """An act that one message will do: the tab it was prepared in, and the message."""

    way: Way
    pilot: PilotRun
    socket: Socket
    message: BackMsg

    @property
    def query(self) -> str:
        return self.way.query(self.pilot)


Acts = dict[str, Prepared]
Rows = dict[str, list[str]]


def prepared(stack: ExitStack, server: Server, person: Person, pilots: dict[str, PilotRun]) -> Acts:
    """Prepare each of these acts in a tab of its own."""
    acts = {}
    for name, pilot in pilots.items():
        way, tab = WAYS[name], stack.enter_context(socket_to(server.port, host=AWAY, cookies=person.cookies))
        assert tab is not None
        before, last = ([(label.format(pilot=pilot.pilot_id), do) for label, do in s] for s in (way.before, way.last))
        hand = Hand(tab, way.page, way.query(pilot))
        hand.does(before)
        acts[name] = Prepared(way, pilot, tab, hand.message(*last))
    return acts


@pytest.fixture(scope="module")
def lead(team: Team) -> Person:
    """A lead who stays one."""
    return team.signed_in()


@pytest.fixture(scope="module")
def pilots(team: Team, lead: Person) -> dict[str, PilotRun]:
    return {name: acted_on(team.store, way, lead.name) for name, way in WAYS.items()}


def pilots_of(team: Team, person: Person, pilots: dict[str, PilotRun], names: Iterable[str]) -> dict[str, PilotRun]:
    """Return a pilot for each of these acts: the lead's, or one of the person's own if it has to be."""
    return {
        name: acted_on(team.store, WAYS[name], person.name) if WAYS[name].is_own else pilots[name] for name in names
    }


@pytest.fixture(scope="module")
def acts(server: Server, lead: Person, pilots: dict[str, PilotRun]) -> Iterator[Acts]:
    """Each act, prepared by the lead."""
    with ExitStack() as stack:
        yield prepared(stack, server, lead, pilots)


def everything(team: Team) -> Rows:
    """Return every row, without what the server itself goes on with: its renders, and the pilot that is under way."""
    found = team.store.database.read(
        lambda c: {name: rows(c, f"SELECT * FROM {name}") for name in tables_of(c) if name != "renders"}  # noqa: S608
    )
    mine = team.under_way.pilot_id
    return {name: sorted(str(row) for row in every if row.get("pilot_id") != mine) for name, every in found.items()}


def test_each_act_of_a_lead_is_on_a_page_or_named_elsewhere() -> None:
    assert {way.kind for way in WAYS.values()} | set(ELSEWHERE) == set(ActKind)
    assert not {way.kind for way in WAYS.values()} & set(ELSEWHERE)


def test_a_viewer_does_none_from_a_tab_of_their_own_nor_in_the_leads_nor_when_revoked(
    server: Server, team: Team, acts: Acts
) -> None:
    viewer, before = team.signed_in(Role.VIEWER), everything(team)
    with ExitStack() as stack:
        tabs = {}
        for name, act in acts.items():
            own = stack.enter_context(socket_to(server.port, host=AWAY, cookies=viewer.cookies))
            assert own is not None
            own.run(act.way.page, act.query)
            own.send(act.message)
            # It may begin no run, of a fragment that this tab has not. So the next one is waited for.
            assert not own.run(act.way.page, act.query).closed
            tabs[name] = own
        for act in acts.values():
            with socket_to(server.port, host=AWAY, cookies=viewer.cookies, session_id=act.socket.session_id) as thief:
                assert thief is not None
                thief.send(act.message)
                assert thief.run(act.way.page, act.query).opened
                assert thief.session_id != act.socket.session_id
        assert everything(team) == before
        keys.revoke_key(team.store, viewer.name, LEAD)
        before = everything(team)
        for name, own in tabs.items():
            own.send(acts[name].message)
            assert own.read("", patience=SECONDS).closed, name
        assert everything(team) == before


def test_a_grant_alone_gets_no_socket_in_which_to_do_any(server: Server, team: Team, acts: Acts) -> None:
    both = team.signed_in(with_grant=True).cookies
    grant = next(part for part in both.split("; ") if part.startswith("pilot_review="))
    for session in ("", *(act.socket.session_id for act in acts.values())):
        with socket_to(server.port, host=AWAY, cookies=grant, session_id=session) as opened:
            assert opened is None


def test_another_lead_does_none_in_the_leads_name(server: Server, team: Team, lead: Person, acts: Acts) -> None:
    """Another lead may do each, in a tab of their own. The tab that was prepared is not taken over by its id."""
    before, other = everything(team), team.signed_in()
    try_to_take_over(server, other, acts)
    assert without(other, everything(team)) == before


@pytest.mark.exhaustive
def test_another_lead_does_none_in_the_name_of_a_lead_whose_tabs_have_gone(
    server: Server, team: Team, pilots: dict[str, PilotRun]
) -> None:
    owner, other = team.signed_in(), team.signed_in()
    with ExitStack() as stack:
        tabs = prepared(stack, server, owner, pilots_of(team, owner, pilots, WAYS))
        before = without(other, everything(team))
        for act in tabs.values():
            act.socket.connection.close()
        try_to_take_over(server, other, tabs)
        assert without(other, everything(team)) == before


def try_to_take_over(server: Server, other: Person, acts: Acts) -> None:
    for name, act in acts.items():
        with socket_to(server.port, host=AWAY, cookies=other.cookies, session_id=act.socket.session_id) as thief:
            assert thief is not None
            thief.send(act.message)
            assert thief.run(act.way.page, act.query).opened
            assert thief.session_id not in ("", act.socket.session_id), name


def without(person: Person, found: Rows) -> Rows:
    """Return the rows that do not name somebody who has been there themselves."""
    return {name: [row for row in every if person.name not in row] for name, every in found.items()}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_lead_whose_access_has_ended_does_none(
    server: Server, team: Team, pilots: dict[str, PilotRun], how: str, pytestconfig: pytest.Config
) -> None:
    """Each act is tried after one of the endings; with ``--everything``, after each."""
    end, with_grant = ENDINGS[how]
    gone = team.signed_in(with_grant=with_grant)
    names = list(WAYS) if pytestconfig.getoption("everything") else list(WAYS)[list(ENDINGS).index(how) :: len(ENDINGS)]
    with ExitStack() as stack:
        tabs = prepared(stack, server, gone, pilots_of(team, gone, pilots, names))
        end(server, team, gone)
        before = everything(team)
        for act in tabs.values():
            act.socket.send(act.message)
        for name, act in tabs.items():
            last = act.socket.read("", patience=SECONDS)
            assert last.closed, name
            assert "delta" not in last.kinds, name
        assert everything(team) == before


@pytest.fixture(scope="module")
def untouched(team: Team, acts: Acts) -> Rows:
    return everything(team)


@pytest.mark.parametrize("name", WAYS)
def test_the_lead_whose_tab_it_is_does_each(team: Team, acts: Acts, untouched: Rows, lead: Person, name: str) -> None:
    """Last, since it changes what the others look at."""
    act = acts[name]
    act.socket.ask(act.message)
    after = everything(team)
    if act.way.traces in after:
        changed = set(after[act.way.traces]) ^ set(untouched[act.way.traces])
        assert any(about in row for row in changed for about in (act.pilot.pilot_id, lead.name)), changed
        return
    new = set(after["events"]) - set(untouched["events"])
    whose = (f"'kind': '{act.way.traces}'", f"'actor': '{lead.name}'", act.pilot.pilot_id if act.query else "")
    assert len([row for row in new if all(word in row for word in whose)]) == 1, f"{name} leaves {new}"
