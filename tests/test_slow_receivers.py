"""A receiver that sends a byte every now and then: one try has an end, and nobody else waits for it."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pilot_core.channels import Webhook
from pilot_core.messages import transports
from pilot_core.messages.transports import Letter, NotTaken, Patience, post, send_mail
from tests.messaging import LEADS, set_up

LETTER = Letter("id", "digest", None, None, "leads", LEADS[0], "", "One", "t", "h", datetime.now(UTC))
NO_MAIL = b"220 here\r\n", b"250 here\r\n", b"250 yes\r\n", b"250 yes\r\n", b"354 go on\r\n"
TLS_RECORD = b"\x16\x03\x03\x40\x00"
"""The head of a part of a handshake, whose 16,384 bytes follow."""
ENDS = 30.0
"""Seconds after which a try counts as endless. The limits here are 1 s."""


@contextmanager
def dripping(before: tuple[bytes, ...], drop: bytes) -> Iterator[int]:
    """Yield the port of a server that gives the answers ``before``, one a request, then ``drop`` again and again."""
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for place, answer in enumerate(before):
                if place:
                    self.rfile.readline()
                self.wfile.write(answer)
            try:
                while not over.wait(0.05):
                    self.wfile.write(drop)
            except OSError:
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "TRY_SECONDS", 1.0)
    monkeypatch.setattr(transports, "GOODBYE_SECONDS", 0.2)


def told(work: Callable[[], None]) -> str:
    """Return what a try that must fail said, in a thread that is left behind if it does not end."""
    said: list[str] = []

    def run() -> None:
        try:
            work()
        except NotTaken as error:
            said.append(str(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(ENDS)
    assert not thread.is_alive(), "it has no end"
    return said[0]


@pytest.mark.parametrize(
    ("scheme", "begun", "drop"),
    [("http", (), b"H"), ("http", (b"HTTP/1.1 200 OK\r\n",), b"X-A: b\r\n"), ("https", (TLS_RECORD,), b"\2")],
)
def test_a_webhook_that_drips_ends(scheme: str, begun: tuple[bytes, ...], drop: bytes) -> None:
    with dripping(begun, drop) as port:
        hook = Webhook(f"{scheme}://127.0.0.1:{port}/", "", "json")
        said = told(lambda: post(hook, LETTER, datetime.now(UTC)))
    assert said == "The webhook did not answer (it took too long)."


@pytest.mark.parametrize("answers", range(6))
def test_a_mail_server_that_drips_at_any_step_ends_and_the_last_step_has_its_own_time(answers: int) -> None:
    patience = Patience()
    patience.seconds = 1.0
    with dripping(NO_MAIL[:answers], b"250-a\r\n" if answers else b"220-a\r\n") as port:
        mail = set_up(smtp=f"plain://127.0.0.1:{port}").mail
        said = told(lambda: send_mail(mail, LETTER, patience))
    if answers == len(NO_MAIL):
        assert said == "The mail server did not say whether it took the message (it timed out)."
        assert patience.seconds == transports.TIMEOUT_SECONDS, "it is waited for at length once a round"
    else:
        part = "take the message" if answers else "let us in"
        assert said == f"The mail server did not {part} (it timed out)."


def test_a_handshake_that_drips_ends() -> None:
    with dripping((TLS_RECORD,), b"\2") as port:
        mail = set_up(smtp=f"plain://127.0.0.1:{port}").mail
        assert mail
        said = told(lambda: send_mail(replace(mail, security="tls"), LETTER, Patience()))
    assert said == "The mail server did not let us in (it timed out)."
