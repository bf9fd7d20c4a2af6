"""Signing in with an account of the organisation, against a small identity provider that speaks OIDC."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from itsdangerous import TimestampSigner
from joserfc import jwt
from joserfc.jwk import RSAKey
from streamlit.web.server.starlette.starlette_app_utils import (
    _DEFAULT_SIGNED_VALUE_MAX_AGE_DAYS,
    create_signed_value,
)
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pilot_core.settings import read_settings
from pilot_core.web.access import accounts
from tests.besieged import AWAY, Server, besieged
from tests.streamlit_socket import socket_to

CLIENT = "pilot-ops"
SECRET = "0123456789" * 4
SECONDS = 2.0


class Provider(BaseHTTPRequestHandler):
    """Sign in as ``person`` without a password."""

    key = RSAKey.generate_key(2048, {"kid": "one"})
    person: ClassVar[dict[str, object]] = {}
    nonce = ""

    def do_GET(self) -> None:
        home = f"http://{self.headers['host']}"
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        match urlsplit(self.path).path:
            case "/authorize":
                type(self).nonce = asked["nonce"]
                self.send_response(302)
                back = urlencode({"code": "a code", "state": asked["state"]})
                self.send_header("Location", f"{asked['redirect_uri']}?{back}")
                self.end_headers()
            case "/jwks":
                self._say({"keys": [self.key.as_dict(private=False)]})
            case _:
                self._say(
                    {
                        "issuer": home,
                        "authorization_endpoint": f"{home}/authorize",
                        "token_endpoint": f"{home}/token",
                        "jwks_uri": f"{home}/jwks",
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        now = int(time.time())
        claims = {
            "iss": f"http://{self.headers['host']}",
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonce,
            **self.person,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        self._say({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _say(self, what: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(what).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server that uses the provider and admits one lead and the viewers of one domain."""
    provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("accounts")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        "[auth]\n"
        'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
        f'cookie_secret = "{SECRET}"\n'
        f'client_id = "{CLIENT}"\nclient_secret = "secret"\n'
        f'server_metadata_url = "http://127.0.0.1:{provider.server_port}/.well-known/openid-configuration"\n'
    )
    allowed = {"PILOT_OPS_LEADS": "mara@example.com", "PILOT_OPS_VIEWERS": "@viewers.example"}
    with besieged(folder, STREAMLIT_SECRETS_FILES=str(secrets), **allowed) as running:
        yield running
    provider.shutdown()
    provider.server_close()


def signed_in_as(server: Server, **person: object) -> str:
    """Sign in at the provider as that person, and return the answer of ``/sign-out``."""
    Provider.person = person
    with httpx.Client(base_url=f"http://localhost:{server.port}", follow_redirects=True, timeout=30) as browser:
        arrived = browser.get("/sign-in/with/default")
        assert str(arrived.url) == f"http://localhost:{server.port}/"
        return browser.get("/sign-out").text


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ({"email": "mara@example.com", "email_verified": True}, "mara@example.com"),
        ({"email": "Sam@Viewers.Example"}, "sam@viewers.example"),
        ({"email": "mara@example.com", "email_verified": False}, None),
        ({"email": "someone@example.com"}, None),
        ({"email": "mara@example.com@evil.example"}, None),
        ({"email": "x@notviewers.example"}, None),
        ({"name": "mara@example.com"}, None),
    ],
)
def test_an_account_comes_in_only_if_the_settings_name_it(
    server: Server, person: dict[str, object], name: str | None
) -> None:
    told = signed_in_as(server, **person)
    assert ("You are signed in as" in told) == (name is not None)
    if name:
        assert f"You are signed in as {name}." in told


def test_a_stranger_is_offered_the_provider_and_nothing_else(server: Server) -> None:
    page = server.ask("/metrics")
    assert page.status == 403
    assert page.tells("Sign in with your account")
    away = server.ask("/sign-in/with/another")
    assert away.status == 404
    forged = '_streamlit_user="eyJlbWFpbCI6Im1hcmFAZXhhbXBsZS5jb20ifQ.aaaa.bbbb"'
    assert server.ask("/metrics", cookies=forged, host=AWAY).status == 403


def browser_of(server: Server, **person: object) -> str:
    """Sign in at the provider as that person, and return the browser's cookies."""
    Provider.person = person
    with httpx.Client(base_url=f"http://localhost:{server.port}", follow_redirects=True, timeout=30) as browser:
        browser.get("/sign-in/with/default")
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def test_signing_out_of_an_account_closes_the_open_pages_of_its_browser(server: Server) -> None:
    cookies, elsewhere = (browser_of(server, email="mara@example.com") for _ in range(2))
    with (
        socket_to(server.port, host=AWAY, cookies=cookies) as tab,
        socket_to(server.port, host=AWAY, cookies=elsewhere) as kept,
    ):
        assert tab is not None
        assert kept is not None
        assert not tab.run("overview").closed
        assert server.ask("/auth/logout", cookies=cookies).status in (302, 303, 307)
        assert tab.read("", patience=SECONDS).closed
        assert not kept.run("overview").closed, "another browser of the same person"


def test_an_account_takes_up_no_session_of_another(server: Server) -> None:
    lead = browser_of(server, email="mara@example.com")
    viewer = browser_of(server, email="sam@viewers.example")
    with socket_to(server.port, host=AWAY, cookies=lead) as tab:
        assert tab is not None
        tab.run("overview")
        for cookies in (viewer, browser_of(server, email="mara@example.com")):
            with socket_to(server.port, host=AWAY, cookies=cookies, session_id=tab.session_id) as other:
                assert other is not None
                other.run("overview")
                assert other.session_id != tab.session_id


def test_an_open_page_ends_with_the_age_of_its_accounts_cookie(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = {
        "email": "mara@example.com",
        "is_logged_in": True,
        "origin": f"http://localhost:{server.port}",
    }
    left = 6
    long_ago = int(time.time()) - int(_DEFAULT_SIGNED_VALUE_MAX_AGE_DAYS * 86400) + left
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda self: long_ago)
        value = create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps(claims)).decode()
    with socket_to(server.port, host=AWAY, cookies=f"{USER_COOKIE_NAME}={value}") as tab:
        assert tab is not None
        assert not tab.run("overview").closed
        deadline = time.monotonic() + left + 30
        while not (closed := tab.run("overview").closed):
            assert time.monotonic() < deadline
        assert closed


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("mara@example.com", "lead"),
        ("sam@team.example", "lead"),
        ("vic@viewers.example", "viewer"),
        ("mara@sub.team.example", None),
    ],
)
def test_the_settings_say_what_an_account_may_be(monkeypatch: pytest.MonkeyPatch, email: str, role: str | None) -> None:
    monkeypatch.setenv("PILOT_OPS_LEADS", "mara@example.com, @team.example")
    monkeypatch.setenv("PILOT_OPS_VIEWERS", "@viewers.example")
    assert accounts.role_of(read_settings(), email) == role
