"""What counts as a guess, and from whom: limits, origins and forwarding headers, as the server's routes see them."""

import anyio
import pytest
from starlette.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from pilot_core import PilotStore
from pilot_core.review import passphrases
from pilot_core.review.links import make_link
from pilot_core.services import keys
from pilot_core.settings import read_settings
from pilot_core.web.access import proxies, rate_limits
from tests.asking import AWAY, Answer, ask, fill_in
from tests.reviewing import LEAD, pilot_in_review
from tests.served import served_scope

WRONG = 20
PICTURE = {"sec_fetch_site": "cross-site", "sec_fetch_dest": "image", "sec_fetch_mode": "no-cors"}
FRAME = {"sec_fetch_site": "same-site", "sec_fetch_dest": "iframe", "sec_fetch_mode": "navigate"}
FOLLOWED = {"sec_fetch_site": "cross-site", "sec_fetch_dest": "document", "sec_fetch_mode": "navigate"}


@pytest.fixture(autouse=True)
def limits(served: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test with fresh counts."""
    for name, most in (("WRONG_TOKENS", WRONG), ("PASSPHRASES", 30)):
        monkeypatch.setattr(rate_limits, name, rate_limits.Rate(name, most, 600))
    monkeypatch.delenv(proxies.NAMES, raising=False)
    monkeypatch.setattr(passphrases, "COST", 2**4)


def guesses(number: int = WRONG, path: str = "/r/guess", **headers: str) -> list[int]:
    return [ask(f"{path}{n}", **headers).status for n in range(number)]


@pytest.mark.parametrize("part", [PICTURE, FRAME])
@pytest.mark.parametrize("path", ["/r/guess", "/sign-in/guess", "/quiet/guess"])
def test_a_foreign_page_s_pictures_and_frames_count_for_nothing_and_are_answered_nothing(
    store: PilotStore, path: str, part: dict[str, str]
) -> None:
    token = make_link(store, pilot_in_review(store).pilot_id, "Dana", actor=LEAD)[1]
    key = keys.invite(store, "Mara", "lead", LEAD)[1]
    assert guesses(3 * WRONG, path, **part) == [404] * 3 * WRONG
    assert guesses(1, path) == [404], "the office is not locked out"
    answers = {ask(address, **part) for address in (f"/r/{token}", f"/sign-in/{key}", "/r/guess", "/sign-in/guess")}
    assert len(answers) == 1, "who says that it is a picture learns nothing of a token"


@pytest.mark.parametrize("person", [{}, FOLLOWED, {"sec_fetch_site": "none", "sec_fetch_dest": "document"}])
def test_a_person_s_wrong_links_count(person: dict[str, str]) -> None:
    assert guesses(**person) == [404] * WRONG
    assert guesses(1, **person) == [429]


def test_right_tokens_are_answered_while_an_address_is_closed(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)[1]
    key = keys.invite(store, "Mara", "lead", LEAD)[1]
    assert guesses(WRONG + 1)[-1] == 429
    assert (ask(f"/r/{token}").status, ask(f"/sign-in/{key}").status) == (200, 200)
    assert fill_in(f"/r/{token}").status == 303
    assert fill_in(f"/sign-in/{key}").status == 303
    assert guesses(1, "/sign-in/guess") == [429], "wrong ones are still refused"
    closed = {ask(path).body for path in ("/r/guess", "/r/another", f"/r/{token[:-1]}")}
    assert len(closed) == 1


def test_the_right_passphrase_opens_while_an_address_is_closed_and_a_locked_link_does_not(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    tokens = [
        make_link(store, pilot.pilot_id, f"Dana {n}", passphrase="three small sardines", actor=LEAD)[1]
        for n in range(9)
    ]
    for token in tokens[:8]:
        for guess in range(4):
            fill_in(f"/r/{token}", passphrase=f"guess {guess}")
    assert fill_in(f"/r/{tokens[8]}", passphrase="wrong").status == 429
    assert fill_in(f"/r/{tokens[8]}", passphrase="three small sardines").status == 303
    assert fill_in(f"/r/{tokens[0]}", passphrase="wrong").status == 429
    assert fill_in(f"/r/{tokens[0]}", passphrase="three small sardines").status == 429, "five wrong ones lock the link"


# Forwarding headers


def sender(client: str, allowed: str | None, told: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address that a request is counted under, with uvicorn's middleware in front as in a server."""
    if allowed is not None:
        monkeypatch.setenv(proxies.NAMES, allowed)
    found = []

    async def app(scope: dict, receive: object, send: object) -> None:
        found.append(rate_limits.address_of(HTTPConnection(scope)))

    scope = {"type": "http", "client": (client, 4000), "scheme": "http", **served_scope()}
    scope["headers"] = [(b"x-forwarded-for", told.encode())] if told else []
    anyio.run(ProxyHeadersMiddleware(app, allowed if allowed is not None else "127.0.0.1"), scope, None, None)
    return found[0]


@pytest.mark.parametrize(
    ("client", "allowed", "told", "counted"),
    [
        ("127.0.0.1", None, "198.51.100.1", "127.0.0.1"),
        ("127.0.0.1", None, "198.51.100.2:4000", "127.0.0.1"),
        ("127.0.0.1", None, "203.0.113.9, 198.51.100.1", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", None, "", "127.0.0.1"),
        ("203.0.113.7", None, "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "127.0.0.1,10.0.0.0/8", "203.0.113.9, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("203.0.113.7", "127.0.0.1", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.5", "*", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "*", "198.51.100.1:5050", "198.51.100.1"),
        ("10.0.0.5", "*", "[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("10.0.0.5", "", "198.51.100.1", "10.0.0.5"),
    ],
)
def test_only_named_proxies_are_believed_and_only_about_the_hop_before_them(
    client: str, allowed: str | None, told: str, counted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender(client, allowed, told, monkeypatch) == counted


def test_a_rotating_value_behind_an_unnamed_proxy_escapes_no_limit() -> None:
    assert [ask(f"/r/guess{n}", x_forwarded_for=f"198.51.100.{n}").status for n in range(WRONG)] == [404] * WRONG
    assert ask("/r/guess", x_forwarded_for="198.51.100.250").status == 429


@pytest.mark.parametrize(
    ("told", "is_secure"),
    [("https", True), ("https, http", True), ("http, https", True), ("HTTPS", True), ("http", False), ("", False)],
)
def test_cookies_are_secure_where_any_hop_was_https(store: PilotStore, told: str, is_secure: bool) -> None:
    key = keys.invite(store, "Mara", "lead", LEAD)[1]
    shown = ask(f"/sign-in/{key}", **({"x_forwarded_proto": told} if told else {}))
    assert ("; Secure" in shown.headers["set-cookie"]) == is_secure


def posted(store: PilotStore, origin: str, **way: str) -> Answer:
    key = keys.invite(store, "Mara", "lead", LEAD)[1]
    shown = ask(f"/sign-in/{key}", **way)
    kept = shown.headers["set-cookie"].split(";")[0]
    token = shown.body.decode().split('name="token" value="')[1][:64]
    return ask(f"/sign-in/{key}", "POST", cookies=kept, body=f"token={token}".encode(), origin=origin, **way)


@pytest.mark.parametrize(
    ("origin", "way", "status"),
    [
        (f"http://{AWAY}", {}, 303),
        (f"https://{AWAY}", {}, 403),
        (f"http://{AWAY}", {"scheme": "https"}, 403),
        (f"https://{AWAY}", {"scheme": "https"}, 303),
        (f"https://{AWAY}", {"x_forwarded_proto": "https, http"}, 303),
        (f"https://{AWAY.upper()}", {"scheme": "https"}, 303),
        (f"ftp://{AWAY}", {}, 403),
        (AWAY, {}, 403),
        ("null", {}, 403),
        ("http://[", {}, 403),
    ],
)
def test_the_origin_s_scheme_must_be_the_server_s(
    store: PilotStore, origin: str, way: dict[str, str], status: int
) -> None:
    assert posted(store, origin, **way).status == status


@pytest.mark.parametrize(
    ("allowed", "url", "words"),
    [
        (None, None, []),
        ("192.0.2.7", "https://pilots.example.com", []),
        ("*", "https://pilots.example.com", ["can claim any address"]),
        ("*", None, ["can claim any address", "PILOT_OPS_URL is not set"]),
        ("192.0.2.7", None, ["PILOT_OPS_URL is not set"]),
        (None, "https://pilots.example.com", ["names no proxy"]),
    ],
)
def test_the_start_warns_of_what_is_dangerous(
    allowed: str | None, url: str | None, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if allowed is not None:
        monkeypatch.setenv(proxies.NAMES, allowed)
    if url:
        monkeypatch.setenv("PILOT_OPS_URL", url)
    told = proxies.dangers(read_settings())
    assert len(told) == len(words)
    assert all(word in sentence for word, sentence in zip(words, told, strict=True))
