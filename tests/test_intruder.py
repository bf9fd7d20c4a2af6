"""A scripted intruder against a running server. Each response is listed in ``golden/intruder.txt``; none may leak."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilot_core.domain.roles import Role
from pilot_core.review.links import make_link
from pilot_core.services import keys
from tests.besieged import AWAY, Reply, Server, World, besieged, make_world
from tests.reviewing import LEAD

GOLDEN = Path(__file__).parent / "golden" / "intruder.txt"
FORM = {"content_type": "application/x-www-form-urlencoded"}
EVIL = {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}
OURS = {"origin": f"http://{AWAY}", "sec_fetch_site": "same-origin"}
CLIMBS = (
    "../pilots.duckdb",
    "..%2f..%2fpilots.duckdb",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cpilots.duckdb",
    "%2fetc%2fpasswd",
    "video.mp4%00.txt",
    "....//....//etc/passwd",
    "' OR '1'='1",
    "{{7*7}}",
    "%0d%0aSet-Cookie:%20pilot_sign_in=x",
    "a" * 4000,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    with besieged(world.store.root) as running:
        yield running


class Attempts:
    """The requests tried, as whom, and the responses. A response that leaks fails at once."""

    def __init__(self, server: Server, world: World):
        self.server, self.world = server, world
        self.lines: list[str] = []

    def over_http(
        self, what: str, path: str, method: str = "GET", who: Role = Role.STRANGER, **options: object
    ) -> Reply:
        cookies = "; ".join(part for part in (self.world.cookies[who], str(options.pop("cookies", ""))) if part)
        reply = self.server.ask(path.replace(" ", "%20"), method, cookies=cookies, **options)  # type: ignore[arg-type]
        for secret in (*self.world.everything_secret, "Traceback", str(self.world.store.root)):
            if secret not in path:
                assert not reply.tells(secret), f"{what} told {secret}"
        assert "pilot_sign_in" not in reply.headers.get("set-cookie", "")
        empty = reply.status == 200 and b'<div id="root"></div>' in reply.body
        assert reply.status >= 400 or empty, f"{what}: {method} {path} answers {reply.status}"
        self._note(what, who, method, path, "200, Streamlit's empty shell" if empty else str(reply.status))
        return reply

    def over_socket(self, what: str, page: str, who: Role = Role.STRANGER, **options: str | None) -> None:
        options = {"cookies": self.world.cookies[who]} | options
        shown = self.server.run(page, f"pilot={self.world.theirs.pilot_id}", **options)
        told = shown.text.replace(f"pilot={self.world.theirs.pilot_id}", "")
        for secret in self.world.everything_secret:
            assert secret not in told, f"{what} told {secret}"
        self._note(what, who, "WS", f"/{page}", "opened, nothing in it" if shown.opened else "not opened")

    def _note(self, what: str, who: Role, method: str, path: str, answer: str) -> None:
        world = self.world
        for known, word in (
            (world.theirs.pilot_id, "<theirs>"),
            (world.mine.pilot_id, "<mine>"),
            (world.report_id, "<report>"),
        ):
            path = path.replace(known, word)
        self.lines.append(f"{what:24} {who.value:9} {method:6} {path[:70]:70} {answer}".rstrip())


def test_the_intruder_gets_nothing(server: Server, world: World) -> None:
    tried = Attempts(server, world)
    others_pilots(tried)
    guesses(tried)
    forged_cookies(tried)
    forged_headers(tried)
    traversal(tried)
    foreign_posts(tried)
    host_tricks(tried)
    sockets(tried)
    sizes(tried)
    told = "\n".join(tried.lines) + "\n"
    assert len(tried.lines) > 250
    assert told == GOLDEN.read_text(encoding="utf-8"), told
    assert "Traceback" not in server.log.read_text(encoding="utf-8", errors="replace")


def others_pilots(tried: Attempts) -> None:
    theirs = tried.world.theirs
    attempt = theirs.runs[0].attempt_id
    for who in (Role.STRANGER, Role.REVIEWER):
        for path in (
            f"/watch/{attempt}/video.mp4",
            f"/watch/{attempt}/poster.jpg",
            f"/watch/{attempt}/captions.vtt",
            f"/download/{theirs.pilot_id}/pilot_runbook.txt",
            f"/download/{theirs.pilot_id}/approval_criteria.txt",
            f"/download/{theirs.pilot_id}/everything.zip",
            f"/download/{theirs.pilot_id}/outcome_report.html",
            f"/download/{theirs.pilot_id}/comments/all.csv",
            f"/download/{theirs.pilot_id}/comments/attempt_1.edl",
            f"/download/reports/{tried.world.report_id}.md",
            "/download/tables/pilots.csv",
            "/download/tables/pilot_ops_tables.zip",
            f"/pilot?pilot={theirs.pilot_id}",
            f"/review/preview/{theirs.pilot_id}",
        ):
            tried.over_http("another's pilot", path, who=who)
    for path in ("pilot_runbook.txt", "everything.zip", "outcome_report.md", "comments/all.csv"):
        tried.over_http("the team's own files", f"/download/{tried.world.mine.pilot_id}/{path}", who=Role.REVIEWER)


def guesses(tried: Attempts) -> None:
    for token in ("guessed", "A" * 43, "%00", "0" * 3000):
        tried.over_http("guessed token", f"/r/{token}")
        tried.over_http("guessed key", f"/sign-in/{token}")
        tried.over_http("guessed key", f"/sign-in/{token}", "POST", body=b"token=x", **FORM, **OURS)


def forged_cookies(tried: Attempts) -> None:
    report = f"/download/reports/{tried.world.report_id}.md"
    kept = "0123456789abcdef" * 4
    for cookies in (
        "pilot_sign_in=made-up",
        f"pilot_sign_in={kept}",
        "pilot_sign_in=",
        f"pilot_review={kept}",
        '_streamlit_user={"is_logged_in":true,"email":"lead@example.com"}',
        "_streamlit_user=chunks-3",
        "pilot_ops.visitor=lead; role=lead; user=root",
    ):
        tried.over_http("forged cookie", report, cookies=cookies)
        tried.over_http("forged cookie", "/", cookies=cookies)
        tried.over_socket("forged cookie", "overview", cookies=cookies)


def forged_headers(tried: Attempts) -> None:
    report = f"/download/reports/{tried.world.report_id}.md"
    for headers in (
        {"x_forwarded_for": "127.0.0.1"},
        {"x_forwarded_host": "localhost"},
        {"x_real_ip": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1;host=localhost"},
        {"x_remote_user": "root"},
        {"authorization": "Bearer lead"},
        {"x_original_url": "/healthz"},
        {"x_http_method_override": "GET"},
    ):
        name = next(iter(headers)).replace("_", "-")
        tried.over_http(name, report, **headers)
        if name.startswith(("x-forw", "x-real", "forw")):
            tried.over_http(f"{name}, local", report, host="localhost", **headers)
            tried.over_socket(f"{name}, local", "overview", host="localhost", **headers)


def traversal(tried: Attempts) -> None:
    mine = tried.world.mine
    for climb in CLIMBS:
        for path in (
            f"/watch/{climb}/video.mp4",
            f"/watch/{mine.runs[0].attempt_id}/{climb}",
            f"/download/{climb}/approval_criteria.txt",
            f"/download/{mine.pilot_id}/{climb}",
            f"/download/{mine.pilot_id}/comments/{climb}",
            f"/download/reports/{climb}.md",
            f"/download/tables/{climb}.csv",
            f"/dots/{climb}.svg",
            f"/r/{climb}",
            f"/sign-in/with/{climb}",
            f"/static/{climb}",
            f"/media/{climb}",
            f"/component/x/{climb}",
            f"/pilot?pilot={climb}",
        ):
            tried.over_http("traversal", path, who=Role.REVIEWER)


def foreign_posts(tried: Attempts) -> None:
    store, mine = tried.world.store, tried.world.mine
    key, token = keys.invite(store, "Not Yet In", "lead", LEAD)
    locked = make_link(store, mine.pilot_id, "Locked", passphrase="three small sardines", actor=LEAD)[1]
    right = b"passphrase=three+small+sardines"
    for what, told in (("from another site", EVIL), ("without our token", OURS), ("by no browser", {})):
        signs_in = tried.server.ask(f"/sign-in/{token}", "POST", body=b"token=0", **FORM, **told)
        opens = tried.server.ask(f"/r/{locked}", "POST", body=right, **FORM, **told)
        signs_out = tried.server.ask("/sign-out", "POST", cookies=tried.world.cookies[Role.LEAD], body=b"a=b", **told)
        assert [reply.status for reply in (signs_in, opens, signs_out)] == [403, 403, 403], what
        assert all("pilot_sign_in" not in repr(r.headers) and "location" not in r.headers for r in (signs_in, opens))
    waiting = {found.key_id: found.used_at for found in keys.keys_of(store)}
    assert waiting[key.key_id] is None, "looking and foreign posts use no key up"
    assert tried.server.ask("/metrics", cookies=tried.world.cookies[Role.LEAD]).status == 200, "still signed in"
    report = b'{"attempt": 1, "watched": [[0, 3]]}'
    tried.over_http("a report from elsewhere", "/watched", "POST", Role.REVIEWER, body=report, **EVIL)
    tried.over_http("a report without origin", "/watched", "POST", Role.REVIEWER, body=report)
    for who in (Role.STRANGER, Role.REVIEWER):
        tried.over_http("a film", "/uploads", "POST", who, body=b"x", **OURS)
        tried.over_http("a file", "/_stcore/upload_file/a/b", "PUT", who, body=b"x", **EVIL)
        tried.over_http("the agents' way", "/_stcore/agent/interact", "POST", who, body=b"{}", **OURS)
        tried.over_http("the agents' way", "/_stcore/agent/openapi.json", who=who)
        tried.over_http("the counts", "/_stcore/metrics", who=who)
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        tried.over_http("another method", f"/download/{mine.pilot_id}/approval_criteria.txt", method, Role.REVIEWER)


def host_tricks(tried: Attempts) -> None:
    report = f"/download/reports/{tried.world.report_id}.md"
    for host in (
        "localhost.evil.example",
        "evil.example:localhost",
        "localhost@evil.example",
        "evil.example#localhost",
        "127.0.0.1.nip.io",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "localhost.",
        "localhost:80:80",
        "",
    ):
        tried.over_http(f"host {host}"[:24], report, host=host)
    tried.over_http("host, absolute address", f"http://localhost{report}")
    answer = raw(tried.server.port, f"GET {report} HTTP/1.1\r\nHost: {AWAY}\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400"), answer
    answer = raw(tried.server.port, f"GET {report} HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404"), answer


def sockets(tried: Attempts) -> None:
    for page in ("overview", "pilot", "metrics", "reports", "new_pilot", "preview", ""):
        tried.over_socket("no cookie", page)
        tried.over_socket("a reviewer at a page", page, Role.REVIEWER)
    tried.over_socket("another site's page", "overview", Role.LEAD, origin="https://evil.example")
    tried.over_socket("another port's page", "overview", Role.LEAD, origin=f"http://{AWAY}:9999")
    tried.over_socket("no origin", "overview", Role.LEAD, origin=None)
    tried.over_socket("origin null", "overview", Role.LEAD, origin="null")
    tried.over_socket("rebound name", "overview", host="evil.example")
    tried.over_socket("local, from a page away", "overview", host="localhost", origin="http://evil.example")


def sizes(tried: Attempts) -> None:
    big = b"x" * 200_000
    told = {"body": big, "origin": f"http://{AWAY}"}
    tried.over_http("a long form", "/r/guessed", "POST", **FORM, **told)
    tried.over_http("a long report", "/watched", "POST", Role.REVIEWER, **told)
    tried.over_http("a long cookie", "/", cookies="pilot_sign_in=" + "x" * 20_000)
    piece = f"{100_000:x}\r\n".encode() + b"x" * 100_000 + b"\r\n"
    head = f"POST /r/guessed HTTP/1.1\r\nHost: {AWAY}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = raw(tried.server.port, head + piece * 3 + b"0\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 404")), answer[:100]


def raw(port: int, said: str | bytes) -> bytes:
    """Send raw bytes and return the start of the server's response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(said.encode() if isinstance(said, str) else said)
        return line.recv(65_536)
