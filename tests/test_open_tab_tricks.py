"""What else a tab that stays open can send: forged state, other pages' ids, old files; and what must go on smoothly."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.web.access import page_guard
from pilot_core.web.access.who import Visitor, Way
from pilot_core.web.server.open_sockets import owner_of
from tests import open_tabs as open_tabs_fixtures
from tests.besieged import AWAY, Server, besieged, make_world
from tests.open_tabs import SECONDS, Team, contents, messages_of, open_tabs
from tests.reviewing import LEAD
from tests.streamlit_socket import Shown, Socket, socket_to

team, server = open_tabs_fixtures.team, open_tabs_fixtures.server


@pytest.fixture
def viewer(server: Server, team: Team) -> Iterator[Socket]:
    """A viewer's open tab."""
    with socket_to(server.port, host=AWAY, cookies=team.signed_in(Role.VIEWER).cookies) as opened:
        assert opened is not None
        yield opened


def page_hashes(shown: Shown) -> dict[str, str]:
    """Return the hash of each page in the visitor's menu, by its address."""
    pages = [page for message in shown.messages for page in message.navigation.app_pages]
    return {page.url_pathname: page.page_script_hash for page in pages}


def test_a_viewer_opens_no_page_of_a_lead_by_its_hash_or_by_what_the_browser_claims(
    server: Server, team: Team, viewer: Socket
) -> None:
    leads = page_hashes(server.run("", cookies=team.signed_in().cookies))
    viewers = page_hashes(viewer.run("overview"))
    assert leads.keys() - viewers.keys() == {"diagnostics", "new_pilot"}
    for page in leads.keys() - viewers.keys():
        by_hash = viewer.run("overview", page_hash=leads[page])
        claimed = viewer.run(page, claims=page)
        for shown in (by_hash, claimed):
            assert not shown.tells("Max attempts")
            assert not shown.tells("Sign-in keys")
            assert not [widget for widget in shown.widgets if "ake its first cut" in widget.label]
        assert not page_hashes(by_hash).keys() - viewers.keys()


def test_a_viewers_tab_does_nothing_with_the_widgets_and_fragments_of_a_lead(
    server: Server, team: Team, viewer: Socket
) -> None:
    with open_tabs(server, team.signed_in().cookies, team.pilots[:1]) as tabs:
        before = contents(team)
        for tab in tabs:
            assert not viewer.run(tab.page, tab.query).closed
            viewer.send(*messages_of(tab, mixed=False))
        assert not viewer.run("preview").closed
        assert contents(team) == before


def test_who_a_session_belongs_to_cannot_be_sent(server: Server, team: Team, viewer: Socket) -> None:
    """State that was never a widget's is not a browser's to set, nor to clear."""
    here = json.dumps([{"host": "localhost"}, {}, "127.0.0.1"])
    forged = [
        WidgetState(id=key, **{field: value})
        for key in (page_guard.BELONGS_TO, page_guard.SENT)
        for field, value in (("json_value", here), ("string_value", "lead here "), ("trigger_value", True))
    ]
    for state in forged:
        shown = viewer.run("overview", states=[state])
        assert "new_pilot" not in page_hashes(shown)
    clears = BackMsg(clear_cache=True)
    viewer.send(clears)
    assert "new_pilot" not in page_hashes(viewer.run("overview"))


@pytest.mark.parametrize("kind", ["load_git_info", "clear_cache", "set_run_on_save", "file_urls_request", "skills"])
def test_what_no_page_sends_is_not_answered(team: Team, viewer: Socket, kind: str) -> None:
    viewer.run("preview")
    asked = BackMsg()
    match kind:
        case "file_urls_request":
            asked.file_urls_request.request_id = "1"
            asked.file_urls_request.file_names.append("a.mp4")
        case "skills":
            asked.backend_operation_request.request_id = "1"
            asked.backend_operation_request.session_id = viewer.session_id
            asked.backend_operation_request.install_skills.SetInParent()
        case _:
            setattr(asked, kind, True)
    viewer.send(asked)
    # Messages are answered in order, so what was asked before this would be answered before it.
    answered = viewer.ask(BackMsg(app_heartbeat=True), "heartbeat_ack")
    assert not answered.kinds & {"git_info_changed", "file_urls_response", "backend_operation_response"}
    assert "heartbeat_ack" in answered.kinds


def test_a_message_that_is_too_long_closes_its_socket(server: Server, team: Team) -> None:
    with socket_to(server.port, host=AWAY, cookies=team.signed_in().cookies) as tab:
        assert tab is not None
        assert not tab.run("preview", f"said={'a' * 1_000}").closed
        assert tab.run("preview", f"said={'a' * 51_000_000}", patience=SECONDS).closed


def test_an_owners_name_in_the_handshake_takes_no_session_over(server: Server, team: Team) -> None:
    owner = team.signed_in()
    (key,) = [key for key in keys.keys_of(team.store) if key.name == owner.name]
    name = owner_of(Visitor(owner.name, Role.LEAD, way=Way.KEY, sign_in=key.key_id))
    with socket_to(server.port, host=AWAY, cookies=owner.cookies) as tab:
        assert tab is not None
        tab.run("preview")
        with socket_to(
            server.port,
            host=AWAY,
            cookies=team.signed_in(Role.VIEWER).cookies,
            session_id=tab.session_id,
            x_pilot_ops_owner=name,
        ) as thief:
            assert thief is not None
            thief.run("preview")
            assert thief.session_id != tab.session_id
        assert not tab.run("preview").closed


def copied_message(tab: Socket, team: Team) -> str:
    """Return the address of the file that the page offers for a message that waits."""
    query = f"pilot={team.told.pilot_id}"
    panes = [widget for widget in tab.run("pilot", query).widgets if widget.kind == "tab_container"]
    shown = [WidgetState(id=pane.id, string_value="Messages") for pane in panes]
    drawn = tab.run("pilot", query, states=shown).widgets
    (copy,) = [widget for widget in drawn if widget.label == "Copy this message"]
    (address,) = tab.run("pilot", query, states=[*shown, *copy.states]).media
    return address


def test_a_download_in_memory_is_its_sessions_and_ends_with_it(server: Server, team: Team) -> None:
    owner, others = team.signed_in(), [team.signed_in(), team.signed_in(Role.VIEWER)]
    with socket_to(server.port, host=AWAY, cookies=owner.cookies) as tab:
        assert tab is not None
        address = copied_message(tab, team)
        assert server.ask(address, cookies=owner.cookies).status == 200
        assert [server.ask(address, cookies=other.cookies).status for other in others] == [404, 404]
        keys.revoke_key(team.store, owner.name, LEAD)
        assert tab.read("", patience=SECONDS).closed
    for cookies in (owner.cookies, *(other.cookies for other in others)):
        assert server.ask(address, cookies=cookies).status in (403, 404)


def test_the_same_person_comes_back_to_what_they_had(server: Server, team: Team) -> None:
    """A laptop that slept, or a network that failed: the session, its fragments and its files are still theirs."""
    owner = team.signed_in()
    with socket_to(server.port, host=AWAY, cookies=owner.cookies) as tab:
        assert tab is not None
        address = copied_message(tab, team)
        fragments = tab.run("overview").fragments
        tab.connection.socket.close()
    with socket_to(server.port, host=AWAY, cookies=owner.cookies, session_id=tab.session_id) as again:
        assert again is not None
        (fragment, *_) = fragments
        assert again.run("overview", fragment=fragment).fragments
        assert copied_message(again, team) == address
        assert again.session_id == tab.session_id


def test_what_happens_to_others_closes_nobodys_tab(server: Server, team: Team) -> None:
    stays, goes = team.signed_in(), team.signed_in()
    with (
        socket_to(server.port, host=AWAY, cookies=stays.cookies) as open_tab,
        socket_to(server.port, host=AWAY, cookies=goes.cookies) as closed_tab,
    ):
        assert open_tab is not None
        assert closed_tab is not None
        fragments = open_tab.run("overview").fragments
        closed_tab.run("overview")
        keys.revoke_key(team.store, goes.name, LEAD)
        assert closed_tab.read("", patience=SECONDS).closed
        for fragment in fragments:
            assert open_tab.run("overview", fragment=fragment).fragments


def test_after_a_restart_the_same_tab_goes_on_and_nobody_elses_does(tmp_path: Path) -> None:
    team = Team(make_world(tmp_path))
    owner, gone = team.signed_in(), team.signed_in()
    with besieged(tmp_path) as server:
        tabs = {}
        for person in (owner, gone):
            with socket_to(server.port, host=AWAY, cookies=person.cookies) as tab:
                assert tab is not None
                tab.run("overview")
                tabs[person.name] = tab.session_id
    keys.revoke_key(team.store, gone.name, LEAD)
    with besieged(tmp_path) as server:
        with socket_to(server.port, host=AWAY, cookies=owner.cookies, session_id=tabs[owner.name]) as again:
            assert again is not None
            assert again.run("overview").fragments
        with socket_to(server.port, host=AWAY, cookies=gone.cookies, session_id=tabs[gone.name]) as refused:
            assert refused is None


def test_an_upload_is_refused_with_a_ticket_of_a_page_that_was_closed(server: Server, team: Team) -> None:
    owner = team.signed_in()
    with socket_to(server.port, host=AWAY, cookies=owner.cookies) as tab:
        assert tab is not None
        radio = [widget for widget in tab.run("new_pilot").widgets if widget.kind == "radio"]
        ticket = ticket_in(tab, radio)
        keys.revoke_key(team.store, owner.name, LEAD)
    asked = {"origin": f"http://{AWAY}", "x_upload_ticket": ticket, "body": b"x" * 1000}
    assert server.ask("/uploads", "POST", cookies=owner.cookies, **asked).status == 404
    assert server.ask("/uploads", "POST", cookies=team.signed_in().cookies, **asked).status == 403


def ticket_in(tab: Socket, radios: list) -> str:
    """Return the ticket that the page gives to the upload field."""
    for radio in radios:
        shown = tab.run("new_pilot", states=radio.states)
        for message in shown.messages:
            component = message.delta.new_element.bidi_component
            if "ticket" in component.json:
                return str(json.loads(component.json)["ticket"])
    raise LookupError("the page has no upload field")
