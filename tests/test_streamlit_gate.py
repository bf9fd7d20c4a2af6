"""Every Streamlit address in its route table is refused to visitors outside the team."""

import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import InvalidHandshake

from pilot_core.domain.roles import Role
from pilot_core.review.links import grant_for, make_link, open_link, revoke_link
from pilot_core.settings import ROOT
from tests.besieged import AWAY, Server, World, besieged, make_world
from tests.reviewing import LEAD

LIST_ROUTES = f"""
import streamlit as st
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

app = st.App({str(ROOT / "pilot_core" / "web" / "server" / "entry.py")!r})
for route in create_streamlit_routes(app._create_runtime()):
    print(getattr(route, "path", ""), ",".join(sorted(getattr(route, "methods", None) or ["WS"])))
"""
TO_SIGN_IN = {"/auth/login", "/auth/logout", "/oauth2callback"}
"""Addresses open before sign-in: to the identity provider and back."""

PLACES = {"{file_id:path}": "a.png", "{path:path}": "a/b.js", "{session_id}": "a", "{file_id}": "b"}
OF_ITS_SHELL = ("/", "/index.html", "/favicon.png", "/static/js/index.js", "/manifest.json", "/any", "/any/thing")
"""The response of the route without a path: the page's shell and Streamlit's program."""


def streamlit_addresses() -> list[tuple[str, str]]:
    """Return each (address, method) of Streamlit's route table. A path that is not known yet fails here."""
    listed = subprocess.run([sys.executable, "-c", LIST_ROUTES], cwd=ROOT, capture_output=True, text=True, check=True)
    found = []
    for line in listed.stdout.splitlines():
        path, methods = line.rsplit(" ", 1)
        for place, sample in PLACES.items():
            path = path.replace(place, sample)
        assert "{" not in path, f"say in PLACES what stands at {path}"
        for method in methods.split(","):
            found += [(address, method) for address in ([path] if path else OF_ITS_SHELL)]
    return found


def expired(world: World) -> str:
    """Return the cookie of an expired grant."""
    token = make_link(world.store, world.mine.pilot_id, "Expired", actor=LEAD)[1]
    grant, cookie = open_link(world.store, token)

    def end(connection) -> None:
        connection.execute("UPDATE review_grants SET expires_at = created_at WHERE grant_hash = ?", [grant.grant_hash])

    world.store.database.transaction(end)
    assert grant_for(world.store, cookie) is None
    return f"pilot_review={cookie}"


def revoked(world: World) -> str:
    link, token = make_link(world.store, world.mine.pilot_id, "Revoked", actor=LEAD)
    cookie = open_link(world.store, token)[1]
    revoke_link(world.store, link.link_id, LEAD)
    return f"pilot_review={cookie}"


def test_nothing_of_streamlits_answers_to_anyone_outside_the_team(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    outsiders = {
        "stranger": "",
        "grant": world.cookies[Role.REVIEWER],
        "expired": expired(world),
        "revoked": revoked(world),
    }
    addresses = streamlit_addresses()
    assert len(addresses) > 40
    assert ("/_stcore/stream", "WS") in addresses
    with besieged(tmp_path) as server:
        for who, cookies in outsiders.items():
            for address, method in addresses:
                if address in TO_SIGN_IN:
                    continue
                if method == "WS":
                    refused_socket(server, cookies, who)
                    continue
                answer = server.ask(address, method, cookies=cookies, origin=f"http://{AWAY}")
                assert answer.status in (400, 403, 404, 405), f"{who}: {method} {address} answers {answer.status}"
                assert b'id="root"' not in answer.body, f"{who}: {method} {address}"
                assert b"streamlit" not in answer.body.lower(), f"{who}: {method} {address}"
        team = [server.ask(address, cookies=world.cookies[Role.VIEWER]).status for address in ("/", "/_stcore/health")]
        assert team == [200, 200]


def refused_socket(server: Server, cookies: str, who: str) -> None:
    try:
        shown = server.run("overview", cookies=cookies)
    except InvalidHandshake:
        return
    assert not shown.opened, who


@pytest.mark.parametrize("path", sorted(TO_SIGN_IN))
def test_the_way_to_sign_in_tells_nothing_by_itself(tmp_path: Path, path: str) -> None:
    world = make_world(tmp_path)
    with besieged(tmp_path) as server:
        answer = server.ask(path)
        assert answer.status in (302, 303, 307, 400, 404), answer.status
        assert not any(answer.tells(secret) for secret in world.everything_secret)
