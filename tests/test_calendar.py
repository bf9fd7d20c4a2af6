"""The leads' calendar as RFC 5545 defines it, line by line."""

import re
from datetime import UTC, datetime

from pilot_core import PilotStore
from pilot_core.messages.calendar import calendar
from pilot_core.services import pilots
from pilot_core.working_hours import Hours
from tests.conftest import HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, set_up, spelt

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
