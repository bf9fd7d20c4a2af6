"""The leads' calendar as RFC 5545 defines it, line by line."""

import re
from datetime import UTC, datetime

from pilot_core import PilotStore
from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.roles import Role
from pilot_core.messages.calendar import calendar, feed_of, make_feed
from pilot_core.services import keys, pilots
from pilot_core.working_hours import Hours
from tests.conftest import HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, set_up, spelt
from tests.reviewing import LEAD

UTC_MOMENT = re.compile(r"\d{8}T\d{6}Z")
HOSTILE = "Ñandú; \\n, “Söhne”\r\nEND:VCALENDAR\r\nMETHOD:CANCEL " + "漢字😀" * 20


def read(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the calendar's own properties, and each event's. Fails if a property occurs twice."""
    assert text.endswith("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert not [line for line in lines if re.search("[\r\n\x00-\x1f]", line)]
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    own: dict[str, str] = {}
    events: list[dict[str, str]] = []
    here = own
    for line in lines[1:-1]:
        name, _, value = line.partition(":")
        assert re.fullmatch("[A-Z-]+", name), line
        if line == "BEGIN:VEVENT":
            assert here is own
            events.append(here := {})
        elif line == "END:VEVENT":
            here = own
        else:
            assert name not in here
            here[name] = value
    assert here is own
    return own, events


def test_it_is_one_calendar_of_whole_events_in_utc_whatever_a_company_is_called(
    store: PilotStore, clock: HandClock
) -> None:
    pilot_id = new_pilot(store).pilot_id
    store.change(pilot_id, lambda p: setattr(p, "company_name", HOSTILE))
    make_ready(store, pilot_id)
    new_pilot(store, company="Fresh")
    own, events = read(calendar(store, set_up(**spelt(Hours("Europe/Berlin")))))
    # Without METHOD the calendar is published for reading: nobody is invited or asked to answer.
    assert set(own) == {"VERSION", "PRODID", "X-WR-CALNAME"}
    assert own["VERSION"] == "2.0"
    assert len(events) == 2
    for event in events:
        assert set(event) >= {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"}
        assert all(UTC_MOMENT.fullmatch(event[name]) for name in ("DTSTAMP", "DTSTART", "DTEND"))
        assert event["DTSTART"] < event["DTEND"]
    (hostile,) = [event for event in events if pilot_id in event["UID"]]
    assert hostile["SUMMARY"].startswith("Ñandú\\; \\\\n\\, “Söhne” END:VCALENDAR METHOD:CANCEL 漢字😀")
    assert hostile["URL"] == f"https://pilots.ops.example/pilot?pilot={pilot_id}"


def test_an_event_keeps_its_id_while_its_step_lasts_and_moves_with_its_due_time(
    store: PilotStore, clock: HandClock
) -> None:
    config = set_up(**spelt(Hours()))
    pilot_id = new_pilot(store).pilot_id
    make_ready(store, pilot_id)
    mark_sent(store, pilot_id)
    (before,) = read(calendar(store, config))[1]
    clock.forward(days=1)
    pilots.pause(store, pilot_id, "Away")
    assert read(calendar(store, config))[1] == []
    clock.forward(days=1)
    pilots.resume(store, pilot_id)
    (after,) = read(calendar(store, config))[1]
    assert after["UID"] == before["UID"]
    assert (before["DTEND"], after["DTEND"]) == ("20260304T090000Z", "20260306T090000Z")
    pilots.record_feedback(store, pilot_id, 1, "Shorter", "minor_changes")
    (ours,) = read(calendar(store, config))[1]
    assert ours["UID"] != before["UID"]


def test_a_due_time_in_summer_is_told_at_the_same_moment_everywhere(store: PilotStore, clock: HandClock) -> None:
    clock.now = datetime(2026, 3, 27, 11, tzinfo=UTC)  # Friday noon in Berlin, before summer time
    pilot_id = new_pilot(store).pilot_id
    make_ready(store, pilot_id)
    mark_sent(store, pilot_id)
    (event,) = read(calendar(store, set_up(**spelt(Hours("Europe/Berlin")))))[1]
    assert event["DTEND"] == "20260331T100000Z"  # Tuesday noon there


def signed_in(store: PilotStore, name: str) -> tuple[Actor, str]:
    """Return a lead who signed in with a key, and their session's cookie."""
    key, cookie = keys.sign_in(store, keys.invite(store, name, Role.LEAD, LEAD)[1])
    return Actor(name, Source(Way.KEY, Role.LEAD, key.key_id)), cookie


def test_an_address_made_with_a_key_is_closed_until_its_person_signs_in_again(
    store: PilotStore, clock: HandClock
) -> None:
    mara, cookie = signed_in(store, "Mara")
    clock.forward(hours=1)
    token = make_feed(store, mara)
    assert feed_of(store, token)
    keys.sign_out(store, cookie)
    assert feed_of(store, token) is None
    signed_in(store, "Theo")
    assert feed_of(store, token) is None, "somebody else has signed in"
    signed_in(store, "mara")
    assert feed_of(store, token)
    clock.forward(days=keys.SESSION_DAYS)
    assert feed_of(store, token) is None, "the key has expired"
    keys.invite(store, "Mara", Role.LEAD, LEAD)
    assert feed_of(store, token) is None, "a key that was not used signs nobody in"
    signed_in(store, "Mara")
    assert feed_of(store, token)
    keys.revoke_key(store, "Mara", LEAD)
    signed_in(store, "Mara")
    assert feed_of(store, token) is None, "revoking ended it for good"


def test_an_address_made_without_a_key_asks_for_none(store: PilotStore, clock: HandClock) -> None:
    """An account is asked about by the route, and this machine's user has no key, even if somebody of that name had."""
    account = make_feed(store, Actor("mara@example.com", Source(Way.ACCOUNT, Role.LEAD)))
    _, cookie = signed_in(store, "Mara")
    keys.sign_out(store, cookie)
    _, cookie = signed_in(store, "mara@example.com")
    keys.sign_out(store, cookie)
    clock.forward(hours=1)
    here = make_feed(store, Actor("Mara", Source(Way.HERE, Role.LEAD)))
    assert feed_of(store, account)
    assert feed_of(store, here)
