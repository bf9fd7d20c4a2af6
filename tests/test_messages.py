"""What messages say, to whom they may go, what people do with them, and what is due: without any server."""

import email
import re
from datetime import UTC, datetime, timedelta
from email.policy import default

import pytest

from pilot_core import PilotStore
from pilot_core.addresses import checked_address, checked_sender
from pilot_core.channels import parse_mail
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import KINDS, MessageKind, MessageState
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.person import erase_person
from pilot_core.errors import InvalidRequest, NotAllowedNow
from pilot_core.messages import calendar, deadlines, letters, outbox, templates
from pilot_core.messages.capability_links import Withheld, opt_out_address, review_address
from pilot_core.messages.sender import send_due
from pilot_core.messages.transports import Letter, email_of
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.links import LinkRefused, links_of, make_link, open_link, revoke_link
from pilot_core.services import keys, pilots
from pilot_core.settings import ROOT, read_settings
from pilot_core.store.engine.connection import rows
from pilot_core.web.access import rate_limits
from pilot_core.web.routes import messages
from pilot_core.working_hours import Hours, parse
from tests.asking import ask, fill_in
from tests.conftest import HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, set_up, spelt
from tests.reviewing import LEAD, reviewer, team
from tests.served import serve

HOSTILE_ADDRESSES = (
    "a@b.example\r\nBcc: all@evil.example",
    "a@b.example\nX: y",
    "a@b.example, c@d.example",
    "a@b.example;c@d.example",
    "<a@b.example>",
    "Alice <a@b.example>",
    "a@b.example\x00",
    "a@b.example\u2028",
    '"a\\"@b.example',
    "a b@c.example",
    "a@-b.example",
    "a@b..example",
    ".a@b.example",
    "@b.example",
    "a@",
    "zoë@b.example",
    "a@bücher.example",
    "a" * 65 + "@b.example",
    "a@" + "b" * 64 + ".example",
    "a@b.example?cc=evil@x.example",
)
HOSTILE_NAMES = (
    "Eve\r\nBcc: all@evil.example",
    "Eve\nSubject: Free\n\n<b>",
    '"Eve" <eve@evil.example>',
    "Eve\u2028Bcc: x@y.example",
    "{{ 7 * 7 }} {% raw %}",
    "</a><script>alert(1)</script>",
    "\u202eevE",
    "[review link] [opt-out link]",
    "=?utf-8?q?Bcc=3A?=",
    "Eve\x00\x1b[31m",
    "😀" * 100,
)


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    """Return a pilot with an email address whose first attempt is ready."""
    made = new_pilot(store)
    outbox.set_address(store, made.pilot_id, "alice@founder.example", LEAD)
    make_ready(store, made.pilot_id)
    return store.load(made.pilot_id)


def only(store: PilotStore, pilot: PilotRun, kind: MessageKind = MessageKind.CUT_READY):
    (found,) = [message for message in outbox.messages_of(store, pilot.pilot_id) if message.kind is kind]
    return found


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_what_is_no_plain_address_is_refused_at_the_edge(store: PilotStore, pilot: PilotRun, address: str) -> None:
    with pytest.raises(InvalidRequest, match="not an e-mail address"):
        outbox.set_address(store, pilot.pilot_id, address, LEAD)
    assert outbox.contact_of(store, pilot.pilot_id).email == "alice@founder.example"
    with pytest.raises(InvalidRequest):
        checked_sender(address if "<" not in address else f"x{address}y")


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@sub.b.example", "o'neil@localhost"])
def test_an_address_stays_as_it_is(address: str) -> None:
    assert checked_address(f" {address} ") == address


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_harmless_in_every_header_and_part(store: PilotStore, name: str) -> None:
    # An imported state file may hold any name.
    pilot = new_pilot(store)
    changed = store.change(
        pilot.pilot_id, lambda p: setattr(p, "founder_name", name) or setattr(p, "company_name", name)
    )
    assert changed[0].founder_name == name
    outbox.set_address(store, pilot.pilot_id, "alice@founder.example", LEAD)
    make_ready(store, pilot.pilot_id)
    pilots.record_feedback(store, pilot.pilot_id, 1, f"{name}\n.\n{name}", "minor_changes", by=name[:200])
    for told in outbox.messages_of(store, pilot.pilot_id):
        said, eml = letters.copy_of(store, set_up(), told.message_id)
        message = email.message_from_bytes(eml, policy=default)
        assert set(message.keys()) <= {
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "List-Unsubscribe",
            "X-Unsent",
            "MIME-Version",
            "Content-Type",
        }
        assert message.get("To", "alice@founder.example").endswith("alice@founder.example>") or "To" not in message
        if "To" in message:
            assert [a.addr_spec for a in message["To"].addresses] == ["alice@founder.example"]
        assert len(str(message["Subject"]).splitlines()) == 1
        assert "\n" not in said.subject
        assert "<script" not in said.html
        assert said.html.count("<a ") == said.html.count("</a>") <= 2
        assert "49" not in said.subject
        assert not re.search("[\x00\x1b\u202e]", said.subject)
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_header_that_would_hold_a_line_break_is_never_made() -> None:
    letter = Letter("id", "digest", None, None, "leads", "a@b.example", "", "One\r\nBcc: x@y.example", "t", "h", NOON)
    with pytest.raises(ValueError, match=r"(?i)linefeed|newline|CR"):
        email_of(letter, "", "pilots@ops.example")


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "password", "sender"),
    [
        ("http://mail.example.com", "", "a@b.example"),
        ("tls://", "", "a@b.example"),
        ("tls://mail.example.com:99999", "", "a@b.example"),
        ("tls://mail.example.com:smtp", "", "a@b.example"),
        ("tls://user:secret@mail.example.com", "", "a@b.example"),
        ("plain://user@mail.example.com", "secret", "a@b.example"),
        ("tls://mail.example.com", "", ""),
        ("tls://mail.example.com", "", "Pilots <a@b.example>, c@d.example"),
    ],
)
def test_a_mail_server_that_cannot_work_is_refused_where_it_is_set(address: str, password: str, sender: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_mail(address, password, sender)


def test_settings_say_which_of_them_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOT_OPS_SMTP", "starttls://bob%40x@mail.example.com")
    monkeypatch.setenv("PILOT_OPS_MAIL_FROM", "Pilot Ops <pilots@ops.example>")
    monkeypatch.setenv("PILOT_OPS_LEADS", "mara@ops.example @ops.example")
    found = read_settings()
    assert found.mail is not None
    assert (found.mail.user, found.mail.port, found.mail.sender_name) == ("bob@x", 587, "Pilot Ops")
    assert found.mail_leads == ("mara@ops.example",)
    for name, value in {
        "PILOT_OPS_MAIL_LEADS": "mara",
        "PILOT_OPS_TIME_ZONE": "../../etc/passwd",
        "PILOT_OPS_WORKING_DAYS": "mon-frii",
        "PILOT_OPS_WORKING_HOURS": "19-8",
        "PILOT_OPS_REVIEW_HOURS": "soon",
        "PILOT_OPS_WEBHOOK": "x",
    }.items():
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            with pytest.raises(InvalidRequest, match=name):
                read_settings()


def test_days_are_read_as_they_are_written() -> None:
    assert parse("", "", "") == Hours()
    assert parse("Asia/Dubai", "sat-wed", "0-24") == Hours("Asia/Dubai", (0, 1, 2, 5, 6), 0, 24)
    assert parse("UTC", "sun, mon", "8-9").days == (0, 6)


@pytest.mark.parametrize(
    ("hours", "begins", "due"),
    [
        (24, "2026-03-02T09:00", "2026-03-03T09:00"),
        (24, "2026-03-06T12:00", "2026-03-09T12:00"),
        (48, "2026-03-06T12:00", "2026-03-10T12:00"),
        (24, "2026-03-07T15:00", "2026-03-10T00:00"),
        (0.5, "2026-03-06T23:45", "2026-03-09T00:15"),
    ],
)
def test_due_times_count_the_hours_of_working_days(hours: float, begins: str, due: str) -> None:
    found = Hours().after(datetime.fromisoformat(begins).replace(tzinfo=UTC), hours)
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_the_night_on_which_summer_time_begins_has_an_hour_less() -> None:
    every_day = Hours("Europe/Berlin", tuple(range(7)))
    begins = datetime(2026, 3, 28, 11, tzinfo=UTC)
    assert every_day.after(begins, 24) == begins + timedelta(hours=24)
    weekdays = Hours("Europe/Berlin")
    # Friday noon there is 11:00 UTC, Monday noon is 10:00.
    assert weekdays.after(datetime(2026, 3, 27, 11, tzinfo=UTC), 24) == datetime(2026, 3, 30, 10, tzinfo=UTC)


def test_what_a_lead_wrote_is_what_goes_and_the_link_still_works(store: PilotStore, pilot: PilotRun) -> None:
    told = only(store, pilot)
    outbox.edit(store, told.message_id, " Your  film ", f"Dear <Alice> & co,\n\nhere: {templates.LINK}\nBye", LEAD)
    said, eml = letters.copy_of(store, set_up(), told.message_id)
    assert said.subject == "Your film"
    assert said.body.startswith("Dear <Alice> & co,\n\nhere: https://pilots.ops.example/r/")
    assert "Dear &lt;Alice&gt; &amp; co," in said.html
    assert re.search(r'<a href="https://pilots.ops.example/r/[\w-]{43}">http', said.html)
    assert b"Your film" in eml
    kept = only(store, pilot)
    assert (kept.edited_by, templates.LINK in (kept.body or "")) == (LEAD, True)
    for subject, body in (("", "x"), ("x", " "), ("x" * 300, "x"), ("x", "x" * 20_000)):
        with pytest.raises(InvalidRequest):
            outbox.edit(store, told.message_id, subject, body, LEAD)


def test_what_went_or_was_called_off_can_neither_be_edited_nor_go(store: PilotStore, pilot: PilotRun) -> None:
    told = only(store, pilot)
    outbox.hold(store, told.message_id, LEAD)
    assert send_due(store, set_up()).sent == 0
    assert only(store, pilot).reason == f"Held by {LEAD}."
    outbox.cancel(store, told.message_id, LEAD)
    for act in (
        lambda: outbox.edit(store, told.message_id, "a", "b", LEAD),
        lambda: outbox.release(store, told.message_id, LEAD),
        lambda: outbox.hold(store, told.message_id, LEAD),
    ):
        with pytest.raises(NotAllowedNow, match="nothing was changed"):
            act()


def test_a_message_whose_news_is_old_is_called_off(store: PilotStore, clock: HandClock, pilot: PilotRun) -> None:
    grant = reviewer(store, pilot)
    given = decide(store, grant, 1, Decision("minor_changes", ["too_long"]))
    undo_decision(store, team(pilot), given.feedback_id)
    pilots.pause(store, pilot.pilot_id, "Away")
    send_due(store, set_up())
    assert only(store, pilot).reason == "The pilot is paused."
    heard = only(store, pilot, MessageKind.FEEDBACK_RECEIVED)
    assert (heard.state, heard.reason) == (MessageState.CANCELLED, "The feedback was taken back.")


def test_nothing_is_written_for_a_pilot_whose_messages_are_off(store: PilotStore, pilot: PilotRun) -> None:
    outbox.set_enabled(store, pilot.pilot_id, False, LEAD)
    pilots.record_feedback(store, pilot.pilot_id, 1, "Shorter", "minor_changes")
    send_due(store, set_up())
    assert only(store, pilot).reason == "Messages are switched off for this pilot."
    outbox.set_enabled(store, pilot.pilot_id, True, LEAD)
    make_ready(store, pilot.pilot_id)
    assert [m.state for m in outbox.messages_of(store, pilot.pilot_id)] == [
        MessageState.WAITING,
        MessageState.CANCELLED,
    ]


def test_a_link_that_was_revoked_or_has_a_passphrase_is_not_gone_round_without_a_person(
    store: PilotStore, pilot: PilotRun
) -> None:
    fresh = store.load(pilot.pilot_id)
    address = review_address(store, fresh, "", renew=True, secret=None)
    (link,) = links_of(store, pilot.pilot_id)
    revoke_link(store, link.link_id, LEAD)
    with pytest.raises(Withheld, match="was revoked"):
        review_address(store, fresh, "", renew=True, secret=None)
    with pytest.raises(LinkRefused):
        open_link(store, address.rsplit("/", 1)[1])
    again = review_address(store, fresh, "", renew=True, secret=None, released_by="Lea Lead")
    assert open_link(store, again.rsplit("/", 1)[1])[0].pilot_id == pilot.pilot_id
    make_link(store, pilot.pilot_id, "alice chen", passphrase="eight or more", actor=LEAD)
    with pytest.raises(Withheld, match="passphrase"):
        review_address(store, fresh, "", renew=True, secret=None)


def test_a_key_that_was_lost_makes_new_links_and_the_old_ones_end(store: PilotStore, pilot: PilotRun) -> None:
    before = review_address(store, pilot, "", renew=False, secret=None)
    assert review_address(store, pilot, "", renew=False, secret=None) == before
    (store.root / ".messages.key").unlink()
    after = review_address(store, pilot, "", renew=False, secret=None)
    assert after != before
    assert open_link(store, after[3:])[0].pilot_id == pilot.pilot_id
    with pytest.raises(LinkRefused):
        open_link(store, before[3:])


def test_an_erased_founder_stands_in_no_message_and_no_contact(store: PilotStore, pilot: PilotRun) -> None:
    told = only(store, pilot)
    outbox.edit(store, told.message_id, "For Alice Chen", "Dear Alice Chen", LEAD)
    outbox.mark_sent(store, set_up(), told.message_id, LEAD)
    erase_person(store, "Alice Chen", "asked", LEAD)
    tables = ("messages", "deliveries", "pilot_contacts")
    left = store.database.read(lambda c: str([rows(c, f"SELECT * FROM {table}") for table in tables]))  # noqa: S608
    assert "Alice" not in left
    assert "alice@" not in left


def test_an_erased_address_and_an_erased_lead_are_gone_too(store: PilotStore, pilot: PilotRun) -> None:
    token = calendar.make_feed(store, LEAD)
    erase_person(store, "ALICE@founder.example", "asked", at_command_line("Theo"))
    assert outbox.contact_of(store, pilot.pilot_id).email is None
    erase_person(store, LEAD, "has left", at_command_line("Theo"))
    assert calendar.feed_of(store, token) is None
    tables = ("messages", "deliveries", "pilot_contacts", "calendar_feeds")
    assert LEAD not in store.database.read(lambda c: str([rows(c, f"SELECT * FROM {t}") for t in tables]))  # noqa: S608


@pytest.fixture
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)
    monkeypatch.setattr(rate_limits, "WRONG_TOKENS", rate_limits.Rate("wrong tokens", 3, 600))


def test_the_opt_out_link_ends_reminders_at_the_buttons_press_and_not_before(
    store: PilotStore, pilot: PilotRun, served: None
) -> None:
    path = opt_out_address(store, pilot.pilot_id, "", None)
    assert ask(path).status == 200
    assert outbox.contact_of(store, pilot.pilot_id).quiet_at is None
    assert ask(path, "POST").status == 403
    assert outbox.contact_of(store, pilot.pilot_id).quiet_at is None
    assert messages.DONE in fill_in(path).body.decode()
    assert outbox.contact_of(store, pilot.pilot_id).quiet_at == store.clock()
    outbox.resume_reminders(store, pilot.pilot_id, LEAD)
    assert outbox.contact_of(store, pilot.pilot_id).quiet_at is None
    assert [ask("/quiet/wrong").status for _ in range(4)] == [404, 404, 404, 429]


def test_the_calendar_holds_what_is_due_until_its_address_is_ended(
    store: PilotStore, pilot: PilotRun, served: None
) -> None:
    store.change(pilot.pilot_id, lambda p: setattr(p, "company_name", "Ñandú; Söhne, " + "x" * 80))
    mark_sent(store, pilot.pilot_id)
    token = calendar.make_feed(store, LEAD)
    answer = ask(f"/calendar/{token}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert all(len(line) <= 75 for line in answer.body.split(b"\r\n"))
    text = answer.body.decode().replace("\r\n ", "")
    assert "SUMMARY:Ñandú\\; Söhne\\, xxx" in text
    assert "DTEND:20260304T090000Z" in text
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    calendar.end_feed(store, LEAD)
    assert ask(f"/calendar/{token}.ics").status == 404, "it ended at a click"
    token = calendar.make_feed(store, LEAD)
    assert ask(f"/calendar/{token}.ics").status == 200
    key, _ = keys.invite(store, LEAD, "lead", at_command_line("Theo"))
    keys.revoke_key(store, key.key_id, at_command_line("Theo"))
    assert ask(f"/calendar/{token}.ics").status == 404, "whoever is put out reads no calendar either"


def test_a_silent_founder_is_offered_for_pausing_with_the_reason(
    store: PilotStore, clock: HandClock, pilot: PilotRun
) -> None:
    config = set_up(**spelt(Hours()))
    (due,) = deadlines.dues(store.database, config, clock(), pilot.pilot_id)
    assert (due.step, due.is_ours, due.words) == ("send", True, "Sending attempt 1 to the founder")
    mark_sent(store, pilot.pilot_id)
    (due,) = deadlines.dues(store.database, config, clock(), pilot.pilot_id)
    assert (due.step, due.is_ours, due.due_at) == ("review", False, datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert not due.to_pause
    clock.forward(days=9)
    (due,) = deadlines.dues(store.database, config, clock(), pilot.pilot_id)
    assert due.to_pause
    assert deadlines.pause_reason(due, 4, config.hours) == (
        "Waiting for founder feedback: Alice Chen has not answered attempt 1 since 2 March 2026 after 4 reminders."
    )
    pilots.record_feedback(store, pilot.pilot_id, 1, "Shorter", "minor_changes")
    (due,) = deadlines.dues(store.database, config, clock())
    assert (due.step, due.is_ours, due.words) == ("answer", True, "Our answer to the feedback on attempt 1")


def test_a_store_nobody_looked_after_for_a_month_reminds_nobody_at_once(
    store: PilotStore, clock: HandClock, pilot: PilotRun
) -> None:
    send_due(store, set_up())
    clock.forward(days=30)
    send_due(store, set_up())
    assert [message.kind for message in outbox.messages_of(store, pilot.pilot_id)] == [MessageKind.CUT_READY]


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_of_message_is_described_and_has_its_two_templates(kind: MessageKind) -> None:
    assert KINDS[kind].label
    assert set(KINDS[kind].facts) <= set(templates.FACTS)
    for part in ("txt", "html"):
        assert (ROOT / "templates" / "messages" / f"{kind}.{part}.j2").is_file()
