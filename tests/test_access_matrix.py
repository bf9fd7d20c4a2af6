"""Every address and page, as each role, by HTTP and by websocket, on a server whose first visitor is the intruder.

Pages and routes are found by themselves. A new one fails here until it states its role, and a sample says how to ask.
"""

import ast
import re
from pathlib import Path

import pytest

from pilot_core import keys
from pilot_core.settings import ROOT
from pilot_core.web import access
from pilot_core.web.access import Role
from pilot_core.web.routes import ROUTES
from pilot_core.web.stated import StatedRoute
from tests.besieged import AWAY, FOUNDER, THEIRS, Server, World, besieged, make_world
from tests.reviewing import LEAD
from tests.streams import stream

# What stands only on that page, for whoever may see it.
MARKS = {
    "overview": "All pilots",
    "new_pilot": "Create the pilot and make its first cut",
    "pilot": "SLA and quality",
    "metrics": "Metrics",
    "reports": "Reports",
    "diagnostics": "Free on the disk",
    "review": "Nothing else is recorded",
}
OURS = f"http://{AWAY}"
CLOSED = "is open only to the operations team"
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
WHO = (Role.STRANGER, Role.REVIEWER, Role.VIEWER, Role.LEAD)


def sample(path: str, world: World) -> str:
    """An address of that route at which there is something; of a pilot, the one that the reviewer may see."""
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
        "/uploads": "/uploads",
        "/watch/{attempt_id}/{name}": f"/watch/{mine.runs[0].attempt_id}/video.mp4",
        "/download/{pilot_id}/comments/{name}": f"/download/{mine.pilot_id}/comments/all.csv",
        "/download/tables/{name}": "/download/tables/pilots.csv",
        "/download/reports/{report_id}.{suffix}": f"/download/reports/{world.report_id}.md",
        "/download/{pilot_id}/{name:path}": f"/download/{mine.pilot_id}/approval_criteria.txt",
    }[path]


def stated_role(page: str) -> Role:
    """The role a page's first statement after its imports requires."""
    body = ast.parse((ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8")).body
    first = next(node for node in body if not isinstance(node, ast.Import | ast.ImportFrom))
    match = re.fullmatch(r"(?:\w+ = )?access\.require(?:\(access\.Role\.(\w+)\)|_grant\(\))", ast.unparse(first))
    assert match, f"pages/{page}.py must begin with access.require(access.Role.…)"
    return Role[match[1]] if match[1] else Role.REVIEWER


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
        "review": Role.REVIEWER,
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
        shown = server.run(page, query, cookies=world.cookies[who])
        assert shown.opened == (who is not Role.STRANGER), page
        if page == "review":
            # The room opens to the one who holds a grant; the team is told how to look into it.
            assert (MARKS[page] in shown.text) == (who is Role.REVIEWER)
            assert (access.NO_GRANT in shown.text) == may(who, Role.VIEWER)
        else:
            assert (MARKS[page] in shown.text) == may(who, stated_role(page)), f"{who} at {page}"
        if not may(who, Role.VIEWER):
            assert THEIRS not in shown.text
            assert FOUNDER not in shown.text


def by_page_address(server: Server, world: World, who: Role) -> None:
    for address in ("/", "/unknown", "/_stcore/metrics", "/_stcore/host-config", *(f"/{page}" for page in PAGES)):
        answer = server.ask(address, cookies=world.cookies[who])
        if who is Role.STRANGER:
            assert answer.status in (403, 404), address
            assert "set-cookie" not in answer.headers
        elif who is not Role.REVIEWER or address != "/_stcore/metrics":
            assert answer.status == 200, address
        assert not any(answer.tells(secret) for secret in world.everything_secret), address


def by_route(server: Server, world: World, who: Role) -> None:
    for route in ROUTES:
        assert isinstance(route, StatedRoute)
        address, method = sample(route.path, world), "POST" if "POST" in route.methods else "GET"
        answer = server.ask(address, method, cookies=world.cookies[who], origin="http://pilots.example.com")
        nothing = answer.status == 404 and answer.body == b"Not found"
        if route.role is not Role.STRANGER and method == "GET":
            assert (answer.status == 200) == may(who, route.role), f"{who} at {address}: {answer.status}"
        if not may(who, route.role):
            assert nothing, address


def test_whoever_is_put_out_sees_nothing_more_in_an_open_tab_not_even_what_renews_itself(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with besieged(tmp_path) as server, stream(server.port, host=AWAY, cookies=world.cookies[Role.VIEWER]) as tab:
        assert tab is not None
        before = tab.run("overview")
        assert MARKS["overview"] in before.text
        assert any(THEIRS in tab.run("overview", fragment=fragment).text for fragment in before.fragments)
        keys.revoke_key(world.store, "Some viewer", LEAD)
        renewed = [tab.run("overview", fragment=fragment) for fragment in before.fragments]
        whole = [tab.run("overview"), tab.run("metrics")]
        assert any(CLOSED in after.text for after in renewed)
        assert all(CLOSED in after.text for after in whole)
        told = "".join(after.text for after in (*renewed, *whole))
        assert not [secret for secret in world.everything_secret if secret in told]
        assert not server.run("overview", cookies=world.cookies[Role.VIEWER]).opened


def test_a_grant_does_not_open_the_pages_of_someone_who_was_put_out_whatever_the_browser_claims(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    both = f"{world.cookies[Role.LEAD]}; {world.cookies[Role.REVIEWER]}"
    with besieged(tmp_path) as server, stream(server.port, host=AWAY, cookies=both) as tab:
        assert tab is not None
        before = tab.run("overview")
        assert THEIRS in before.text
        keys.revoke_key(world.store, "Some lead", LEAD)
        renewed = [tab.run("overview", fragment=fragment, claims="review") for fragment in before.fragments]
        assert before.fragments
        told = "".join(after.text for after in renewed)
        assert CLOSED in told
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
