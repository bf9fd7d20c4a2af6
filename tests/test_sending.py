"""Messages by mail to a real server: each arrives once and complete, whatever the server does."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.messages import MessageKind, MessageState
from pilot_core.domain.pilot import PilotRun
from pilot_core.messages import letters, outbox, sender, transports
from pilot_core.messages.sender import PAUSES, send_due
from pilot_core.messages.transports import Patience
from pilot_core.rendering import attempt, failure
from pilot_core.review.links import open_link
from pilot_core.services import judgements
from pilot_core.services import pilots as services
from pilot_core.settings import ROOT
from pilot_core.store.engine.connection import rows
from pilot_core.store.tables import outbox as outbox_rows
from pilot_core.web.server import background
from pilot_core.working_hours import Hours
from tests.conftest import HandClock
from tests.messaging import LEADS, PostOffice, make_ready, new_pilot, parts, post_office, receiver, set_up, spelt
from tests.served import app_on

FOUNDER, COMPANY = "Zoë Ødegård-Łuczak 張偉", "Ñandú & Söhne <GmbH>"
ADDRESS = "zoe@founder.example"
# A sender that runs until no message is waiting.
LOOP = """
import time
from pilot_core.messages.sender import send_due
from pilot_core.settings import read_settings
from pilot_core.store.engine.connection import rows
from pilot_core import PilotStore
store = PilotStore(read_settings().store)
open_ones = "SELECT 1 FROM messages WHERE state IN ('waiting', 'going')"
while store.database.read(lambda c: rows(c, open_ones)):
    send_due(store, read_settings())
    time.sleep(0.05)
"""


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time to wait for a server."""
    monkeypatch.setattr(transports, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(transports, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(transports, "GOODBYE_SECONDS", 0.2)


def told_pilot(store: PilotStore, founder: str = FOUNDER, company: str = COMPANY, address: str = ADDRESS) -> PilotRun:
    pilot = new_pilot(store, founder, company)
    outbox.set_address(store, pilot.pilot_id, address, at_command_line("Lea Lead"))
    return pilot


def states(store: PilotStore, pilot_id: str) -> dict[MessageKind, MessageState]:
    return {message.kind: message.state for message in outbox.messages_of(store, pilot_id)}


def test_every_kind_of_message_arrives_once_in_both_parts_with_names_intact(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office, mail_leads=LEADS)
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    send_due(store, config)
    clock.forward(hours=24)
    send_due(store, config)  # the reminder
    clock.now = datetime(2026, 3, 15, 12, tzinfo=UTC)
    send_due(store, config)  # the link ends in two days
    services.record_feedback(
        store, pilot_id, 1, "Schöner, “bitte”\nund 漢字", "minor_changes", ["too_long"], by=FOUNDER
    )
    services.queue_attempt(store, pilot_id, "storyboard")
    failure.fail_attempt(store, pilot_id, 2, "Der Dämon ist weg.", program("pipeline:storyboard"))
    judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
    send_due(store, config)
    clock.forward(days=2)
    send_due(store, config)  # what is overdue: the digest
    for _ in range(3):
        send_due(store, config)

    found = {(to, str(message["Subject"])): message for to, message in office.taken}
    assert len(office.taken) == len(found) == len(set(office.ids))
    assert {to for to, _ in found} == {ADDRESS, *LEADS}
    by_subject = Counter(subject for _, subject in found)
    said = " | ".join(by_subject)
    for words, many in {
        f"{COMPANY}: your film is ready to watch": 1,
        f"{COMPANY}: your film waits for your word": 1,
        f"{COMPANY}: your review link ends soon": 1,
        f"{COMPANY}: {FOUNDER} asked for minor changes on attempt 1": 2,
        f"{COMPANY}: attempt 2 could not be made": 2,
        f"{COMPANY}: outcome report, NO VERDICT YET": 2,
    }.items():
        assert by_subject[words] == many, said
    assert any(subject.startswith("Pilots on ") for subject in by_subject)
    for (to, _), message in found.items():
        text, html = parts(message)
        assert "�" not in text + html
        assert "[review link]" not in text + html
        assert str(message["From"]) == "Pilöt Ops <pilots@ops.example>"
        if to == ADDRESS:
            assert message["To"].addresses[0].display_name == FOUNDER
            assert COMPANY in text
            assert "Ñandú &amp; Söhne &lt;GmbH&gt;" in html
            assert FOUNDER in text
            assert FOUNDER in html
    feedback = next(m for (_, subject), m in found.items() if "asked for" in subject)
    assert "“Schöner, “bitte”\nund 漢字”" in parts(feedback)[0].replace("\r\n", "\n")
    assert set(states(store, pilot_id).values()) == {MessageState.SENT}


def test_the_link_in_every_message_to_a_founder_opens_the_review_and_stays_out_of_the_database(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office)
    pilot_id = told_pilot(store).pilot_id
    for _ in range(2):
        make_ready(store, pilot_id)
        send_due(store, config)
        clock.forward(hours=24)
        send_due(store, config)
        services.record_feedback(store, pilot_id, len(store.load(pilot_id).runs), "Shorter", "major_changes")
    tokens, quiet = set(), set()
    for to, message in office.taken:
        for part in parts(message) if to == ADDRESS else ():
            tokens |= set(re.findall(r"https://pilots.ops.example/r/([\w-]{43})", part))
            quiet |= set(re.findall(r"https://pilots.ops.example/quiet/([\w-]{43})", part))
            assert len(re.findall(r"/r/[\w-]{43}", part)) == 1
    assert len(tokens) == len(quiet) == 1, "one link for all of a pilot's messages, so that none ends another"
    (token,), (opt_out,) = tokens, quiet
    grant, _ = open_link(store, token)
    assert (grant.pilot_id, grant.name) == (pilot_id, FOUNDER)
    assert office.taken[0][1]["List-Unsubscribe"].strip() == f"<https://pilots.ops.example/quiet/{opt_out}>"
    tables = ("messages", "deliveries", "events", "review_links", "pilot_contacts")
    held = store.database.read(lambda c: str([rows(c, f"SELECT * FROM {table}") for table in tables]))  # noqa: S608
    assert token not in held
    assert opt_out not in held
    assert (store.root / ".messages.key").stat().st_mode & 0o777 == 0o600


def test_a_render_leaves_its_message_with_the_change_it_tells_of(
    store: PilotStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.films import make_film

    pilot_id = told_pilot(store).pilot_id
    kept = services.keep_upload(store, pilot_id, make_film(tmp_path / "film.mp4", seconds=1.0))
    services.queue_attempt(store, pilot_id, "upload", upload_path=kept)
    pilot = attempt.run_attempt(store, pilot_id, 1, set_up())
    (told,) = outbox.messages_of(store, pilot_id)
    assert pilot.attempt(1).sla_passed is False
    assert (told.kind, told.state, told.attempt_number) == (MessageKind.CUT_READY, MessageState.HELD, 1)
    assert told.reason == "The cut misses the SLA. Look at its checks, then send it."


def test_a_change_that_does_not_happen_leaves_no_message(store: PilotStore) -> None:
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    with pytest.raises(Exception, match="changed meanwhile"):
        services.record_feedback(store, pilot_id, 1, "Shorter", "major_changes", seen_version=1)
    services.record_feedback(store, pilot_id, 1, "As a test", "major_changes", mode="simulated")
    assert set(states(store, pilot_id)) == {MessageKind.CUT_READY}


@pytest.mark.parametrize("mood", ["refuse", "hang", "die", "die_late"])
def test_a_server_that_refuses_hangs_or_dies_loses_none_and_doubles_none(
    store: PilotStore, clock: HandClock, office: PostOffice, mood: str
) -> None:
    config = set_up(office)
    pilots = [told_pilot(store, company=f"Company {n}").pilot_id for n in range(3)]
    for pilot_id in pilots:
        make_ready(store, pilot_id)
    office.moods = ["take", mood, "take"]
    first = send_due(store, config)
    office.released.set()
    assert (first.sent, first.failed) == (2, 1)
    assert send_due(store, config).sent == 0, "not before its pause is over"
    clock.forward(minutes=1)
    assert send_due(store, config).sent == 1
    clock.forward(minutes=30)
    assert send_due(store, config).sent == 0
    assert Counter(subject_company(message["Subject"]) for message in office.mailbox) == dict.fromkeys(
        [f"Company {n}" for n in range(3)], 1
    )
    # A server that accepted the message before it hung up looks like one that did not, so the message is sent again.
    assert len(office.taken) == (4 if mood == "die_late" else 3)
    assert len(set(office.raw)) == 3, "the same to the byte"
    assert [list(states(store, pilot_id).values()) for pilot_id in pilots] == [[MessageState.SENT]] * 3


def test_a_message_that_goes_again_is_the_same_to_the_byte_whatever_changed_meanwhile(
    tmp_path: Path, clock: HandClock, office: PostOffice
) -> None:
    store = PilotStore(tmp_path / "store", clock)
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    office.moods = ["die_late", "die_late"]
    assert send_due(store, set_up(office)).failed == 1
    (told,) = store.database.read(lambda c: outbox_rows.deliveries_of(c, pilot_id))
    assert str(told.trouble).startswith("The mail server did not say whether it took the message")
    clock.forward(minutes=1)
    # Another process, later, after the company was renamed.
    store.change(pilot_id, lambda p: setattr(p, "company_name", "Another name"))
    assert send_due(PilotStore(store.root, clock), set_up(office)).failed == 1
    clock.forward(minutes=5)
    assert send_due(PilotStore(store.root, clock), set_up(office)).sent == 1
    assert len(office.raw) == 3
    assert len(set(office.raw)) == 1
    (message,) = office.mailbox
    assert message["Message-ID"]
    assert message["Date"].datetime == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_server_that_thinks_for_long_about_a_whole_message_is_waited_for(
    store: PilotStore, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Patience().seconds == transports.ANSWER_SECONDS
    monkeypatch.setattr(transports, "ANSWER_SECONDS", 30.0)
    make_ready(store, told_pilot(store).pilot_id)
    office.moods = ["slow"]
    assert send_due(store, set_up(office)).sent == 1
    assert len(office.taken) == 1


def test_one_server_that_says_nothing_is_waited_for_at_length_once_a_round(
    store: PilotStore, office: PostOffice
) -> None:
    patience = Patience()
    patience.seconds = 0.6
    mail = set_up(office).mail
    letter = transports.Letter("id", "digest", None, None, "leads", LEADS[0], "", "One", "t", "h", datetime.now(UTC))
    office.moods = ["die", "hang"]
    with pytest.raises(transports.NotTaken, match="did not say whether"):
        transports.send_mail(mail, letter, patience)
    assert patience.seconds == 0.6, "who hangs up keeps nobody waiting"
    with pytest.raises(transports.NotTaken, match=r"did not say whether .*timed out"):
        transports.send_mail(mail, letter, patience)
    assert patience.seconds == transports.TIMEOUT_SECONDS
    office.released.set()
    transports.send_mail(mail, letter, patience)
    assert len(office.taken) == 1


def test_a_line_that_begins_with_a_dot_arrives_with_it(store: PilotStore, office: PostOffice) -> None:
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    (told,) = outbox.messages_of(store, pilot_id)
    outbox.edit(store, told.message_id, "Dots", "One\n.\n..two\n.three", at_command_line("Lea Lead"))
    assert send_due(store, set_up(office)).sent == 1
    assert parts(office.taken[0][1])[0].replace("\r\n", "\n") == "One\n.\n..two\n.three\n"


def test_a_message_on_its_way_goes_to_the_address_that_was_corrected_and_not_to_the_wrong_one(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office)
    pilot_id = told_pilot(store, address="zoe@wrong.example").pilot_id
    make_ready(store, pilot_id)
    office.moods = ["refuse"]
    assert send_due(store, config).failed == 1
    outbox.set_address(store, pilot_id, "zoe@right.example", at_command_line("Lea Lead"))
    clock.forward(minutes=1)
    for _ in range(2):
        send_due(store, config)
    assert [to for to, _ in office.taken] == ["zoe@right.example"]
    assert states(store, pilot_id) == {MessageKind.CUT_READY: MessageState.SENT}


def test_a_lead_who_is_no_longer_named_gets_nothing_more_and_who_had_it_gets_it_once(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    pilot_id = new_pilot(store).pilot_id
    judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
    office.moods = ["refuse"]
    assert send_due(store, set_up(office, mail_leads=LEADS)).sent == 1
    (first,) = office.taken
    config = set_up(office, mail_leads=(first[0], "noor@ops.example"))
    clock.forward(minutes=1)
    for _ in range(3):
        send_due(store, config)
    assert [to for to, _ in office.taken] == [first[0], "noor@ops.example"]


def test_mail_that_hangs_keeps_no_webhook_waiting(store: PilotStore, office: PostOffice) -> None:
    with receiver() as hook:
        office.moods = ["hang"]
        judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
        done = send_due(store, set_up(office, hook))
        assert (done.sent, done.failed) == (1, 1)
        assert len(hook.taken) == 1
        office.released.set()


def subject_company(subject: str) -> str:
    return str(subject).split(":")[0]


def test_a_message_nobody_takes_is_tried_with_growing_pauses_then_given_up_and_taken_up_again_on_request(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office, mail_leads=())
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    office.moods = ["refuse"] * 7
    tries = []
    for _ in range(24 * 60):
        if send_due(store, config).failed:
            tries.append(clock.now)
        if len(tries) == 7:
            break
        clock.forward(minutes=1 if len(tries) < 5 else 60)
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720)] == list(PAUSES)
    (told,) = outbox.messages_of(store, pilot_id)
    assert told.state is MessageState.GIVEN_UP
    assert told.reason == "The mail server did not take the message (451 4.3.0 Come again later)."
    outbox.release(store, told.message_id, at_command_line("Lea Lead"))
    assert send_due(store, config).sent == 1
    assert len(office.taken) == 1


def test_an_address_that_does_not_exist_is_given_up_on_at_once(store: PilotStore, office: PostOffice) -> None:
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    office.moods = ["reject"]
    assert send_due(store, set_up(office)).given_up == 1
    (told,) = outbox.messages_of(store, pilot_id)
    assert told.reason == "The mail server does not take this address (550 5.1.1 Nobody of that name here)."
    outbox.set_address(store, pilot_id, "zoe@right.example", at_command_line("Lea Lead"))
    outbox.release(store, told.message_id, at_command_line("Lea Lead"))
    assert send_due(store, set_up(office)).sent == 1
    assert [to for to, _ in office.taken] == ["mara@ops.example", "zoe@right.example"], "the lead is told of it"


def test_one_lead_who_cannot_be_reached_keeps_no_other_from_being_told_once(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office, mail_leads=LEADS)
    pilot_id = new_pilot(store).pilot_id
    judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
    office.moods = ["refuse"]
    assert send_due(store, config).sent == 1
    clock.forward(minutes=1)
    assert send_due(store, config).sent == 1
    assert sorted(to for to, _ in office.taken) == sorted(LEADS)


def test_a_server_without_the_encryption_that_is_set_gets_no_message(store: PilotStore, office: PostOffice) -> None:
    make_ready(store, told_pilot(store).pilot_id)
    assert send_due(store, set_up(office, smtp=f"starttls://127.0.0.1:{office.port}")).failed == 1
    assert office.taken == []


def test_over_tls_the_servers_certificate_is_asked_for(
    store: PilotStore, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    with post_office(tls_context=context, require_starttls=True) as office:
        config = set_up(office, smtp=f"starttls://localhost:{office.port}")
        pilot_id = told_pilot(store).pilot_id
        make_ready(store, pilot_id)
        assert send_due(store, config).failed == 1
        assert office.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        clock.forward(minutes=1)
        assert send_due(store, config).sent == 1
    assert len(office.taken) == 1


def certificate(folder: Path):
    """Return a server's self-signed TLS context for "localhost", and its certificate to trust."""
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


def environment(store: PilotStore, office: PostOffice) -> dict[str, str]:
    return os.environ | {
        "PILOT_OPS_STORE": str(store.root),
        "PILOT_OPS_URL": "https://pilots.ops.example",
        "PILOT_OPS_SMTP": f"plain://127.0.0.1:{office.port}",
        "PILOT_OPS_MAIL_FROM": "Pilot Ops <pilots@ops.example>",
        "PILOT_OPS_MAIL_LEADS": ",".join(LEADS),
        "PILOT_OPS_HOLD_MINUTES": "0",
        "PILOT_OPS_WORKING_DAYS": "mon-sun",
        "PILOT_OPS_WORKING_HOURS": "0-24",
    }


def test_two_processes_that_send_at_once_send_each_message_once(tmp_path: Path, office: PostOffice) -> None:
    store = PilotStore(tmp_path / "store")
    for n in range(8):
        pilot_id = told_pilot(store, company=f"Company {n:02}").pilot_id
        make_ready(store, pilot_id)
        services.record_feedback(store, pilot_id, 1, "Shorter", "minor_changes")
        make_ready(store, pilot_id)
    env = environment(store, office)
    running = [subprocess.Popen([sys.executable, "-c", LOOP], cwd=ROOT, env=env) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert len(office.taken) == len(set(office.ids)) == 8 * 3
    found = Counter((to, str(message["Subject"])) for to, message in office.taken)
    assert set(found.values()) == {1}
    assert {to for to, _ in found} == {ADDRESS, *LEADS}


def test_a_sender_that_is_killed_in_the_middle_leaves_its_message_to_the_next(
    tmp_path: Path, office: PostOffice
) -> None:
    clock = HandClock(datetime.now(UTC))
    store = PilotStore(tmp_path / "store", clock)
    make_ready(store, told_pilot(store).pilot_id)
    office.moods = ["hang"]
    process = subprocess.Popen([sys.executable, "-c", LOOP], cwd=ROOT, env=environment(store, office))
    assert office.tried.wait(timeout=30)
    config = set_up(office)
    assert send_due(store, config).sent == 0, "the other one lives"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    office.released.set()
    clock.now = datetime.now(UTC) + timedelta(minutes=3)
    assert send_due(store, config).sent == 1
    assert len(office.taken) == 1


def test_a_sender_on_a_slow_server_keeps_its_claim_by_its_heartbeat(
    store: PilotStore, clock: HandClock, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(transports, "ANSWER_SECONDS", 20.0)
    config = set_up(office)
    make_ready(store, told_pilot(store).pilot_id)
    office.moods = ["hang"]
    thread = threading.Thread(target=send_due, args=(store, config))
    thread.start()
    assert office.tried.wait(timeout=10)
    for _ in range(5):
        clock.forward(seconds=50)
        until = clock.now + timedelta(seconds=55)
        while store.database.read(lambda c: rows(c, "SELECT until FROM message_sender")[0]["until"]) < until.replace(
            tzinfo=None
        ):
            pass
        assert send_due(store, config).failed == 0
    office.released.set()
    thread.join()
    assert send_due(store, config).sent == 0
    clock.forward(minutes=1)
    assert send_due(store, config).sent == 1
    assert len(office.taken) == 1


def test_nothing_goes_outside_the_hours_unless_a_person_says_so(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    config = set_up(office, mail_leads=(), **spelt(Hours("America/New_York", (0, 1, 2, 3, 4), 9, 17)))
    pilots = [told_pilot(store, company=f"Company {n}").pilot_id for n in range(2)]
    clock.now = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)  # Friday, after five there
    for pilot_id in pilots:
        make_ready(store, pilot_id)
    for _ in range(60):
        send_due(store, config)
        clock.forward(hours=1)
    assert office.taken == []
    outbox.release(store, outbox.messages_of(store, pilots[0])[0].message_id, at_command_line("Lea Lead"))
    assert send_due(store, config).sent == 1
    clock.now = datetime(2026, 3, 9, 12, 59, tzinfo=UTC)  # summer time has begun: nine is 13:00 UTC
    assert send_due(store, config).sent == 0
    clock.forward(minutes=1)
    assert send_due(store, config).sent == 1


def test_the_command_sends_what_is_due(
    store: PilotStore, office: PostOffice, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(store, office).items():
        if name.startswith("PILOT_OPS"):
            monkeypatch.setenv(name, value)
    live = PilotStore(store.root)
    pilot_id = told_pilot(live).pilot_id
    make_ready(live, pilot_id)
    assert main(["--send-due"]) == 0
    assert main(["--send-due"]) == 0
    assert capsys.readouterr().out == "Sent 1 message.\nSent 0 messages.\n"
    office.moods = ["reject"]
    services.record_feedback(live, pilot_id, 1, "Shorter", "minor_changes")
    assert main(["--send-due"]) == 1
    assert "Given up on 1 message" in capsys.readouterr().out


def test_the_server_sends_by_itself(store: PilotStore, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(store, office).items():
        if name.startswith("PILOT_OPS"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(background, "SEND_SECONDS", 0.01)
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    watch = background.Watch(app_on(store))
    watch.start()
    try:
        assert office.tried.wait(timeout=30)
    finally:
        watch.stop()
    assert [to for to, _ in office.taken] == [ADDRESS]
    assert states(store, pilot_id) == {MessageKind.CUT_READY: MessageState.SENT}


def test_with_nothing_set_up_messages_wait_to_be_copied_and_nobody_is_written_to(store: PilotStore) -> None:
    pilot_id = told_pilot(store).pilot_id
    make_ready(store, pilot_id)
    assert send_due(store, set_up()).sent == 0
    (told,) = outbox.messages_of(store, pilot_id)
    assert (told.state, told.reason) == (MessageState.BY_HAND, "Neither mail nor a webhook is set up for it. Copy it.")
    assert not (store.root / ".messages.key").exists(), "no link was made"
    words, eml = letters.copy_of(store, set_up(), told.message_id)
    token = re.search(r"/r/([\w-]{43})", words.body)
    assert token is not None
    assert open_link(store, token[1])[0].pilot_id == pilot_id
    assert b"X-Unsent: 1" in eml
    assert ADDRESS.encode() in eml
    outbox.mark_sent(store, set_up(), told.message_id, at_command_line("Lea Lead"))
    (told,) = outbox.messages_of(store, pilot_id)
    assert (told.state, told.reason) == (MessageState.SENT, "Sent by hand by Lea Lead.")


def test_what_waited_while_nothing_was_set_up_never_goes_by_itself_later(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    ids = [told_pilot(store, company=f"Company {n}").pilot_id for n in range(2)]
    make_ready(store, ids[0])
    send_due(store, set_up())
    make_ready(store, ids[1])  # no sender ran for this one
    clock.forward(days=30)
    assert send_due(store, set_up(office, mail_leads=())).sent == 0
    assert office.taken == []
