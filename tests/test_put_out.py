"""A lead who was put out and who holds a review link changes nothing under the old name, over an open socket."""

from pathlib import Path

from pilot_core.domain.roles import Role
from pilot_core.review.links import make_link, open_link
from pilot_core.services import keys
from tests.besieged import AWAY, besieged, make_world
from tests.reviewing import LEAD
from tests.streamlit_socket import socket_to


def test_a_revoked_lead_with_a_grant_drops_no_pilot_under_the_old_name(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    grant = open_link(world.store, make_link(world.store, world.mine.pilot_id, "Guest", actor=LEAD)[1])[1]
    cookies = f"{world.cookies[Role.LEAD]}; pilot_review={grant}"
    query = f"pilot={world.theirs.pilot_id}"
    with besieged(tmp_path) as server, socket_to(server.port, host=AWAY, cookies=cookies) as tab:
        assert tab is not None
        page = tab.run("pilot", query)
        assert page.widgets
        pressed = [state for widget in page.widgets for state in widget.states]
        before = world.store.load(world.theirs.pilot_id)
        told = len(world.store.events(world.theirs.pilot_id))
        keys.revoke_key(world.store, "Some lead", LEAD)
        for state in pressed:
            tab.run("pilot", query, states=[state], patience=5)
        for fragment in page.fragments:
            tab.run("pilot", query, fragment, states=pressed, patience=5)
        assert world.store.load(world.theirs.pilot_id).status == before.status == "active"
        assert len(world.store.events(world.theirs.pilot_id)) == told
