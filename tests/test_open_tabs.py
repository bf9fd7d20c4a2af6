"""A tab that stays open is no way round the end of access: every page's fragments and callbacks, kept and tried later.

The tabs speak Streamlit's websocket themselves. They keep the ids of every fragment and widget that they were ever
sent, and use them after their visitor's access has ended, at once and under the name of somebody else.
"""

import time
from collections.abc import Callable

import pytest

from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.services.pilots import create_pilot
from tests import open_tabs as open_tabs_fixtures
from tests.besieged import AWAY, Server
from tests.open_tabs import SECONDS, Person, Tab, Team, contents, fill_in, messages_of, open_tabs
from tests.reviewing import LEAD
from tests.streamlit_socket import Shown, socket_to

AFTERWARDS = "Afterwards Incorporated"
team, server = open_tabs_fixtures.team, open_tabs_fixtures.server


def revoke(server: Server, team: Team, person: Person) -> None:
    """Revoke the key in another process than the server's, as the command line does."""
    keys.revoke_key(team.store, person.name, LEAD)


def sign_out(server: Server, team: Team, person: Person) -> None:
    assert fill_in(server, "/sign-out", person.cookies).status == 200


def lower_role(server: Server, team: Team, person: Person) -> None:
    team.change_key(person, "role = 'viewer'")


def expire(server: Server, team: Team, person: Person) -> None:
    team.change_key(person, "expires_at = created_at")


def sign_somebody_else_in(server: Server, team: Team, person: Person) -> None:
    """Open another person's sign-in link in the same browser, which replaces its cookie."""
    token = keys.invite(team.store, "Somebody else", Role.VIEWER, LEAD)[1]
    assert fill_in(server, f"/sign-in/{token}", person.cookies).status == 303


ENDINGS: dict[str, tuple[Callable[[Server, Team, Person], None], bool]] = {
    "revoked": (revoke, False),
    "signed out": (sign_out, False),
    "role lowered": (lower_role, False),
    "expired": (expire, False),
    "a grant is left": (revoke, True),
    "somebody else signed in": (sign_somebody_else_in, False),
}
"""How access ends, and whether the browser then still has a review grant."""


TRIED_ALWAYS = "a grant is left"
"""The ending after which everything is tried in each run, with one pilot; after each of them idle tabs are."""


def made_afterwards(team: Team) -> str:
    """Save a pilot that nobody may see whose access had ended before, and return its company's name."""
    company = f"{AFTERWARDS} {time.monotonic_ns()}"
    pilot = create_pilot("Nobody Told", company, "feature_launch", "acme", now=team.store.clock())
    team.store.save(pilot, LEAD)
    return company


def attack(tab: Tab) -> Shown:
    """Send everything at once, without waiting for an answer, and return what came until the socket was closed."""
    tab.socket.send(*messages_of(tab))
    return tab.socket.read("", patience=SECONDS)


@pytest.mark.parametrize(
    "how", [how if how == TRIED_ALWAYS else pytest.param(how, marks=pytest.mark.exhaustive) for how in ENDINGS]
)
def test_nothing_is_shown_or_done_in_any_tab_once_access_has_ended(
    server: Server, team: Team, how: str, pytestconfig: pytest.Config
) -> None:
    end, with_grant = ENDINGS[how]
    person = team.signed_in(with_grant=with_grant)
    pilots = team.pilots if pytestconfig.getoption("everything") else team.pilots[:1]
    with open_tabs(server, person.cookies, pilots) as tabs:
        assert sum(len(tab.fragments) for tab in tabs) > 12
        assert sum(len(tab.widgets) for tab in tabs) > 60
        end(server, team, person)
        company, before = made_afterwards(team), contents(team)
        answers = [(tab, attack(tab)) for tab in tabs]
        for tab, answer in answers:
            where = f"{how}: /{tab.page}?{tab.query}"
            assert answer.closed, f"{where} stays open"
            assert not answer.tells(company), f"{where} shows what was made afterwards"
            assert "delta" not in answer.kinds, f"{where} draws"
        assert contents(team) == before, f"{how}: something was done"
        come_back(server, person, tabs, company, may_enter=how == "role lowered")
        assert contents(team) == before, f"{how}: something was done by a tab that came back"


def come_back(server: Server, person: Person, tabs: list[Tab], company: str, *, may_enter: bool) -> None:
    """Try to take each tab's session up again with the same cookies."""
    for tab in tabs:
        with socket_to(server.port, host=AWAY, cookies=person.cookies, session_id=tab.socket.session_id) as again:
            assert (again is not None) == may_enter
            if again:
                assert again.run("preview").opened
                assert again.session_id != tab.socket.session_id


def test_idle_tabs_are_closed_within_two_seconds(server: Server, team: Team) -> None:
    for how, (end, with_grant) in ENDINGS.items():
        person = team.signed_in(with_grant=with_grant)
        with (
            socket_to(server.port, host=AWAY, cookies=person.cookies) as idle,
            socket_to(server.port, host=AWAY, cookies=person.cookies) as other,
        ):
            assert idle
            assert other
            assert not idle.run("overview").closed
            assert not other.run("metrics").closed
            end(server, team, person)
            for tab in (idle, other):
                last = tab.read("", patience=SECONDS)
                assert last.closed, how
                assert "auth_redirect" in last.kinds, f"{how}: the browser is not told to load the page anew"
                assert "delta" not in last.kinds, how


@pytest.mark.parametrize("role", [pytest.param(Role.LEAD, marks=pytest.mark.exhaustive), Role.VIEWER])
def test_a_session_cannot_be_taken_over_by_its_id(
    server: Server, team: Team, role: Role, pytestconfig: pytest.Config
) -> None:
    """Whoever learns a session's id gets a session of their own, while it is connected and after its tab has gone.

    They send what the tab's browser could send. With ``--everything`` this is tried for every pilot, in both states of
    each tab, and with what no browser sends too.
    """
    everything = pytestconfig.getoption("everything")
    owner, other = team.signed_in(), team.signed_in(role)
    with open_tabs(server, owner.cookies, team.pilots if everything else team.pilots[:1]) as tabs:
        before = contents(team)
        for number, tab in enumerate(tabs):
            for connected in (True, False) if everything else (number % 2 == 0,):
                if not connected:
                    tab.socket.connection.close()
                taken_over(server, other, tab, mixed=everything)
        assert contents(team) == before


def taken_over(server: Server, other: Person, tab: Tab, *, mixed: bool) -> None:
    with socket_to(server.port, host=AWAY, cookies=other.cookies, session_id=tab.socket.session_id) as thief:
        assert thief is not None
        thief.run("preview")
        assert thief.session_id not in ("", tab.socket.session_id)
        thief.send(*messages_of(tab, mixed=mixed))
        assert thief.all_arrived(patience=300)
