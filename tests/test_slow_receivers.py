"""A receiver that sends a byte every now and then: one try has an end, and nobody else waits for it."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from pilot_core import PilotStore
from pilot_core.channels import Webhook
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageState
from pilot_core.messages import outbox, sender, transports
from pilot_core.messages.transports import Letter, NotTaken, Patience, post, send_mail
from pilot_core.services import judgements
from pilot_core.settings import Settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.tables import outbox as rows
from tests.messaging import LEADS, new_pilot, post_office, receiver, set_up

LETTER = Letter("id", "digest", None, None, "leads", LEADS[0], "", "One", "t", "h", datetime.now(UTC))
NO_MAIL = b"220 here\r\n", b"250 here\r\n", b"250 yes\r\n", b"250 yes\r\n", b"354 go on\r\n"
TLS_RECORD = b"\x16\x03\x03\x40\x00"
"""The head of a part of a handshake, whose 16,384 bytes follow."""
ENDS = 30.0
"""Seconds after which a try counts as endless. The limits here are 1 s."""


class Drip(NamedTuple):
    port: int
    over: threading.Event


@contextmanager
def dripping(before: tuple[bytes, ...], drop: bytes) -> Iterator["Drip"]:
    """Run a server that gives the answers ``before``, one a request, then ``drop`` again and again until it is over."""
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
            yield Drip(server.server_address[1], over)
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "TRY_SECONDS", 1.0)
    monkeypatch.setattr(transports, "GOODBYE_SECONDS", 0.2)


@contextmanager
def sending(store: PilotStore, config: Settings) -> Iterator[None]:
    """Send what is due in a thread beside the block."""
    thread = threading.Thread(target=sender.send_due, args=[store, config], daemon=True)
    thread.start()
    yield
    thread.join(ENDS)
    assert not thread.is_alive()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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
    with dripping(begun, drop) as (port, _):
        hook = Webhook(f"{scheme}://127.0.0.1:{port}/", "", "json")
        said = told(lambda: post(hook, LETTER, datetime.now(UTC)))
    assert said == "The webhook did not answer (it took too long)."


@pytest.mark.parametrize("answers", range(6))
def test_a_mail_server_that_drips_at_any_step_ends_and_the_last_step_has_its_own_time(answers: int) -> None:
    patience = Patience()
    patience.seconds = 1.0
    with dripping(NO_MAIL[:answers], b"250-a\r\n" if answers else b"220-a\r\n") as (port, _):
        mail = set_up(smtp=f"plain://127.0.0.1:{port}").mail
        said = told(lambda: send_mail(mail, LETTER, patience))
    if answers == len(NO_MAIL):
        assert said == "The mail server did not say whether it took the message (it timed out)."
        assert patience.seconds == transports.TIMEOUT_SECONDS, "it is waited for at length once a round"
    else:
        part = "take the message" if answers else "let us in"
        assert said == f"The mail server did not {part} (it timed out)."


def test_a_handshake_that_drips_ends() -> None:
    with dripping((TLS_RECORD,), b"\2") as (port, _):
        mail = set_up(smtp=f"plain://127.0.0.1:{port}").mail
        assert mail
        said = told(lambda: send_mail(replace(mail, security="tls"), LETTER, Patience()))
    assert said == "The mail server did not let us in (it timed out)."


def test_a_mail_server_that_hangs_holds_no_webhook_though_it_comes_later(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AGAIN_SECONDS", 0.05)
    with post_office() as office, receiver() as hook:
        office.moods = ["hang"]
        judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
        with sending(store, set_up(office, hook)):
            assert office.tried.wait(ENDS)
            judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
            wait_until(lambda: len(hook.taken) == 2)
            assert office.taken == []
            office.released.set()


def test_a_webhook_that_drips_holds_no_mail_though_it_comes_later(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(transports, "TRY_SECONDS", 2 * ENDS)
    with post_office() as office, dripping((), b"H") as drip:
        judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
        config = set_up(office, webhook_url=f"http://127.0.0.1:{drip.port}/", webhook_secret="")
        with sending(store, config):
            wait_until(lambda: len(office.taken) == 1)
            judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
            wait_until(lambda: len(office.taken) == 2)
            drip.over.set()


def test_two_deliveries_that_end_at_once_end_their_message(store: PilotStore) -> None:
    """Each transaction sees its own delivery end alone, unless one has to wait for the other."""
    with post_office() as office, receiver() as hook:
        office.moods, hook.answers = ["refuse"], [500]
        pilot_id = new_pilot(store).pilot_id
        judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
        assert sender.send_due(store, set_up(office, hook)).failed == 2
    one, two = store.database.read(lambda c: rows.deliveries_of(c, pilot_id))
    state, now = MessageState.SENT, store.clock()
    assert store.database.transaction(lambda c: rows.claim_sender(c, "here", now))

    def settle_two() -> None:
        store.database.transaction(lambda c: rows.settle(c, two.delivery_id, state, now))

    other = threading.Thread(target=settle_two)

    def settle_one(connection: Connection) -> None:
        rows.settle(connection, one.delivery_id, state, now)
        if not other.ident:
            other.start()
            other.join(1.0)

    store.database.transaction(settle_one)
    other.join()
    assert [message.state for message in outbox.messages_of(store, pilot_id)] == [state]
