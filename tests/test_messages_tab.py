"""The Messages tab of a pilot's page and the due messages beside it, also for read-only visitors."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.messages import MessageState
from pilot_core.domain.roles import Role
from pilot_core.messages import outbox
from pilot_core.web.access import page_guard, who
from pilot_core.web.components.server_address import ANYWAY
from tests.messaging import make_ready, mark_sent
from tests.pilot_pages import Cast, as_lead, button, cast, field, film, labels, open_page, page_text, shown, web_store

__all__ = ["as_lead", "cast", "film", "open_page", "web_store"]

Open = Callable[..., AppTest]


@pytest.fixture
def told(cast: Cast, store: PilotStore) -> str:
    """Make a pilot whose attempt is ready and whose message is waiting. Returns its id."""
    pilot_id = cast.new(founder_name="Zoë *Ødegård*")
    make_ready(store, pilot_id)
    return pilot_id


def tab(at: AppTest, pilot_id: str) -> AppTest:
    at.session_state[f"{pilot_id} section"] = "Messages"
    return at.run()


def test_a_lead_reads_edits_copies_and_calls_off_a_message(open_page: Open, store: PilotStore, told: str) -> None:
    at = tab(open_page(told), told)
    assert "**Cut ready**, attempt 1" in shown(at)
    assert "[review link]" in field(at, "text_area", "Words").value
    field(at, "text_area", "Words").set_value("Dear Zoë,\n\nhere: [review link]")
    at = button(at, "Save the words")
    (message,) = outbox.messages_of(store, told)
    assert message.body == "Dear Zoë,\n\nhere: [review link]\n"
    at = field(at, "toggle", "Copy this message").set_value(True).run()
    assert "Founders cannot open http://localhost:8501" in page_text(at)
    assert "/r/" not in shown(at)
    at = field(at, "toggle", ANYWAY).set_value(True).run()
    assert "here: http://localhost:8501/r/" in shown(at)
    at = button(at, "Cancel")
    assert [m.state for m in outbox.messages_of(store, told)] == [MessageState.CANCELLED]
    assert not at.exception


def test_an_address_is_saved_or_refused_with_the_reason(open_page: Open, store: PilotStore, told: str) -> None:
    at = tab(open_page(told), told)
    field(at, "text_input", r"E-mail address of Zoë \*Ødegård\*").set_value("zoe@x.example, b@x.example")
    at = button(at, "Save the address")
    assert "is not an e\\-mail address" in shown(at)
    field(at, "text_input", r"E-mail address of Zoë \*Ødegård\*").set_value("zoe@x.example")
    button(at, "Save the address")
    assert outbox.contact_of(store, told).email == "zoe@x.example"


def test_messages_can_be_switched_off_for_the_pilot(open_page: Open, store: PilotStore, told: str) -> None:
    at = tab(open_page(told), told)
    at = field(at, "toggle", "Messages for this pilot").set_value(False).run()
    assert outbox.contact_of(store, told).messages_off
    assert "Messages are off" in shown(at)


def test_a_viewer_reads_and_changes_nothing(
    open_page: Open, store: PilotStore, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("Sam", Role.VIEWER))
    at = tab(open_page(told), told)
    assert "your film is ready to watch" in shown(at)
    assert not {"Send now", "Cancel", "Save the words", "Save the address", "Mark as sent"} & set(labels(at))
    assert not [toggle for toggle in at.toggle if toggle.label == "Copy this message"]


def test_a_silent_founders_pilot_is_offered_for_pausing_with_the_reason_filled_in(
    open_page: Open, store: PilotStore, told: str
) -> None:
    mark_sent(store, told)
    at = open_page(told)
    # The page uses this machine's clock, for which the store was created long ago.
    assert "The founder’s review of attempt 1 is late" in shown(at)
    at = button(at, "Pause it, waiting for the founder…")
    assert "has not answered attempt 1 since 2 March 2026" in field(at, "text_area", "Why").value
    button(at, "Pause the pilot")
    paused = PilotStore(store.root).load(told)
    assert (paused.status, str(paused.pause_reason).startswith("Waiting for founder feedback: Zoë")) == ("paused", True)
