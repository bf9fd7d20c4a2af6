"""Every address and page, as each role, by HTTP and websocket. The server's first visitor is an intruder.

Pages and routes are discovered. A new one fails here until it states its role and a sample request is added.
"""

import ast
import re
from pathlib import Path

import pytest

from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.settings import ROOT
from pilot_core.web.access.guarded_routes import StatedRoute
from pilot_core.web.server.routes import ROUTES
from tests.besieged import AWAY, FOUNDER, THEIRS, Server, World, besieged, make_world
from tests.reviewing import LEAD
from tests.streamlit_socket import socket_to

# Text that is only on that page, for those who may see it.
MARKS = {
    "overview": "All pilots",
    "new_pilot": "Create pilot and start attempt 1",
    "pilot": "SLA and quality",
    "metrics": "Metrics",
    "reports": "Reports",
    "diagnostics": "Free on the disk",
    "review": "Founder’s view",
}
OURS = f"http://{AWAY}"
CLOSED = "is open only to the operations team"
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
ADDRESSES = {"review": "preview"}
"""Addresses of pages that differ from their names."""

OF_A_GRANT = ("/review/events", "/review/stamp")
"""Routes that only the holder of a grant can use; the team, without a grant, does not need them."""
DECIDE_THEMSELVES = {"/watch/{attempt_id}/{name}": Role.REVIEWER}
"""Routes that are open to strangers because they accept something else than a role too, and the role that they need."""

WHO = (Role.STRANGER, Role.REVIEWER, Role.VIEWER, Role.LEAD)


def sample(path: str, world: World) -> str:
    """Return an address of that route that exists; for a pilot, the one that the reviewer may see."""
    mine = world.mine
    return {
        "/healthz": "/healthz",
        "/dots/{words}.svg": "/dots/approve.svg",
        "/sign-in/with/{provider}": "/sign-in/with/default",
        "/sign-in/{key}": "/sign-in/wrong",
        "/sign-out": "/sign-out",
        "/r/{token}": "/r/wrong",
        "/quiet/{token}": "/quiet/wrong",
        "/calendar/{token}.ics": "/calendar/wrong.ics",
        "/watched": "/watched",
        "/review": "/review",
        "/review/assets/{hash}/{name}": "/review/assets/any/room.css",
        "/review/preview/{pilot_id}": f"/review/preview/{mine.pilot_id}",
        "/review/versions/{number:int}": "/review/versions/1",
        "/review/compare": "/review/compare",
        "/review/approve": "/review/approve",
        "/review/certificate": "/review/certificate",
        "/review/video": "/review/video",
        "/review/preview/{pilot_id}/certificate": f"/review/preview/{mine.pilot_id}/certificate",
        "/review/attachments/{attachment_id}": f"/review/attachments/{world.attachment_id}",
        "/review/attachments/{attachment_id}/small": f"/review/attachments/{world.attachment_id}/small",
        "/review/events": "/review/events",
        "/review/stamp": "/review/stamp",
        "/review/opened": "/review/opened",
        "/review/unsent": "/review/unsent",
        "/review/changes": "/review/changes",
        "/review/undo": "/review/undo",
        "/review/name": "/review/name",
        "/review/comments": "/review/comments",
        "/review/comments/{comment_id}/reply": "/review/comments/unknown/reply",
        "/review/comments/{comment_id}/edit": "/review/comments/unknown/edit",
        "/review/comments/{comment_id}/delete": "/review/comments/unknown/delete",
        "/review/requests/{request_id}": "/review/requests/unknown.unknown",
        "/review/comments/{comment_id}/judge": "/review/comments/unknown/judge",
        "/uploads": "/uploads",
        "/uploads/brand/{kind}": "/uploads/brand/logo",
        "/changes": "/changes",
        "/watch/{attempt_id}/{name}": f"/watch/{mine.runs[0].attempt_id}/video.mp4",
        "/download/{pilot_id}/comments/{name}": f"/download/{mine.pilot_id}/comments/all.csv",
        "/download/tables/{name}": "/download/tables/pilots.csv",
        "/download/reports/{report_id}.{suffix}": f"/download/reports/{world.report_id}.md",
        "/download/{pilot_id}/{name:path}": f"/download/{mine.pilot_id}/approval_criteria.txt",
    }[path]


def stated_role(page: str) -> Role:
    """Return the role that a page's first statement after its imports requires."""
    body = ast.parse((ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8")).body
    first = next(node for node in body if not isinstance(node, ast.Import | ast.ImportFrom))
    match = re.fullmatch(r"(?:\w+ = )?require\(Role\.(\w+)\)", ast.unparse(first))
    assert match, f"pages/{page}.py must begin with require(Role.…)"
    return Role[match[1]]


def may(who: Role, needed: Role) -> bool:
    return WHO.index(who) >= WHO.index(needed)


def test_every_page_and_route_states_its_role() -> None:
    assert [route.path for route in ROUTES if not isinstance(route, StatedRoute)] == []
    assert {page: stated_role(page) for page in PAGES} == {
        "overview": Role.VIEWER,
        "new_pilot": Role.LEAD,
        "pilot": Role.VIEWER,
        "metrics": Role.VIEWER,
        "reports": Role.VIEWER,
        "diagnostics": Role.LEAD,
        "review": Role.VIEWER,
    }
    assert set(MARKS) == set(PAGES)


@pytest.mark.parametrize("who", WHO)
def test_each_role_reaches_what_is_stated_and_nothing_else(tmp_path: Path, who: Role) -> None:
    world = make_world(tmp_path)
    with besieged(tmp_path) as server:
        by_socket(server, world, who)
        by_page_address(server, world, who)
        by_route(server, world, who)


def by_socket(server: Server, world: World, who: Role) -> None:
    for page in PAGES:
        pilot = world.mine if who is Role.REVIEWER else world.theirs
        query = "" if page == "new_pilot" else f"pilot={pilot.pilot_id}"
        shown = server.run(ADDRESSES.get(page, page), query, cookies=world.cookies[who])
        assert shown.opened == may(who, Role.VIEWER), page
        assert (MARKS[page] in shown.text) == may(who, stated_role(page)), f"{who} at {page}"
        if not may(who, Role.VIEWER):
            assert THEIRS not in shown.text
            assert FOUNDER not in shown.text


def by_page_address(server: Server, world: World, who: Role) -> None:
    pages = [f"/{ADDRESSES.get(page, page)}" for page in PAGES]
    for address in ("/", "/unknown", "/_stcore/metrics", "/_stcore/host-config", *pages):
        answer = server.ask(address, cookies=world.cookies[who])
        if may(who, Role.VIEWER):
            assert answer.status == 200, address
        else:
            assert answer.status in (403, 404), address
            assert "set-cookie" not in answer.headers
        assert not any(answer.tells(secret) for secret in world.everything_secret), address


def by_route(server: Server, world: World, who: Role) -> None:
    for route in ROUTES:
        assert isinstance(route, StatedRoute)
        address, method = sample(route.path, world), "POST" if "POST" in route.methods else "GET"
        if address == "/review/events" and who is Role.REVIEWER:
            continue  # it does not end; tests/test_review_news.py reads it
        answer = server.ask(address, method, cookies=world.cookies[who], origin="http://pilots.example.com")
        role = DECIDE_THEMSELVES.get(route.path, route.role)
        nothing = answer.status == 404 and answer.body == b"Not found"
        if route.path in OF_A_GRANT:
            assert (answer.status == 200) == (who is Role.REVIEWER), f"{who} at {address}: {answer.status}"
        elif route.path == "/review/preview/{pilot_id}/certificate":
            assert answer.status == 404, "nothing is approved yet"
        elif role is not Role.STRANGER and method == "GET":
            assert (answer.status == 200) == may(who, role), f"{who} at {address}: {answer.status}"
        if not may(who, role):
            assert nothing, address


def test_whoever_is_put_out_sees_nothing_more_in_an_open_tab_not_even_what_renews_itself(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with besieged(tmp_path) as server, socket_to(server.port, host=AWAY, cookies=world.cookies[Role.VIEWER]) as tab:
        assert tab is not None
        before = tab.run("overview")
        assert MARKS["overview"] in before.text
        assert any(THEIRS in tab.run("overview", fragment=fragment).text for fragment in before.fragments)
        keys.revoke_key(world.store, "Some viewer", LEAD)
        renewed = [tab.run("overview", fragment=fragment) for fragment in before.fragments]
        whole = [tab.run("overview"), tab.run("metrics")]
        assert all(after.closed for after in (*renewed, *whole))
        told = "".join(after.text for after in (*renewed, *whole))
        assert not [secret for secret in world.everything_secret if secret in told]
        assert not server.run("overview", cookies=world.cookies[Role.VIEWER]).opened


def test_a_grant_does_not_open_the_pages_of_someone_who_was_put_out_in_an_open_tab(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    both = f"{world.cookies[Role.LEAD]}; {world.cookies[Role.REVIEWER]}"
    with besieged(tmp_path) as server, socket_to(server.port, host=AWAY, cookies=both) as tab:
        assert tab is not None
        before = tab.run("overview")
        assert THEIRS in before.text
        keys.revoke_key(world.store, "Some lead", LEAD)
        renewed = [tab.run("overview", fragment=fragment) for fragment in before.fragments]
        assert before.fragments
        told = "".join(after.text for after in renewed)
        assert all(after.closed for after in renewed)
        assert not [secret for secret in world.everything_secret if secret in told]


def test_streamlit_keeps_no_uploads_of_anybody_in_memory(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with besieged(tmp_path) as server:
        for role in WHO:
            sent = server.ask(
                "/_stcore/upload_file/session/file", "PUT", cookies=world.cookies[role], body=b"x" * 1000, origin=OURS
            )
            assert (sent.status, sent.body) == (404, b"Not found"), role


def test_an_address_asked_in_another_way_than_it_takes_is_no_way_round_the_gate(tmp_path: Path) -> None:
    make_world(tmp_path)
    with besieged(tmp_path) as server:
        for path in ("/uploads", "/watched"):
            assert server.ask(path).status == 403
