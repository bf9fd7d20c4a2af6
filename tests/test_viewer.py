"""A viewer reads every page, and finds nothing on it that changes anything."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core.errors import StoreError
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, stores
from pilot_core.web.errors import NOT_NOW
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.reviewing import pilot_in_review, reviewer
from tests.told_pilots import tell

READS_ON = {"Show all", "Clear filters", "Put this away", "Go on from the present state"}


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setattr(access, "visitor", lambda: access.Visitor("Vic Viewer", access.Role.VIEWER))
    monkeypatch.setattr(stores, "store", lambda: store)
    # What a viewer's page would write is refused, and would fail the page.
    store.database.before_writing = stores.check_may_write

    def open_(name: str, **address: str) -> AppTest:
        at = opened(name, **address)
        assert not at.error
        return at

    return open_


def acts(at: AppTest) -> set[str]:
    return {button.label for button in at.button} - READS_ON


STORIES = {"Cut": "M wait", "Broken": "fail", "Away": "m pause", "Done": "A", "Fresh": "", "Heard": "m"}


def test_every_page_opens_for_a_viewer_without_a_button_that_changes_anything(
    open_page: Callable[..., AppTest], store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.database.before_writing = None
    pilots = {name: tell(store, clock, name, story) for name, story in STORIES.items()}
    store.database.before_writing = stores.check_may_write
    assert {label for label in acts(open_page("overview")) if not label.startswith("Show ")} == set()
    for name, pilot in pilots.items():
        at = open_page("pilot", pilot=pilot.pilot_id)
        assert acts(at) == set(), name
        assert not at.text_area, name
    assert acts(open_page("metrics")) <= {"Clear the filters"}
    assert "File this report" not in acts(open_page("reports"))


def test_a_viewer_of_an_empty_store_is_not_asked_to_make_a_pilot(open_page: Callable[..., AppTest]) -> None:
    for name in ("overview", "pilot", "metrics", "reports"):
        at = open_page(name)
        assert not [label for label in acts(at) if "ilot" in label], name


def test_a_grant_presses_no_button_of_a_page_that_was_drawn_for_a_lead(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot, other = tell(store, clock, "Active", "m"), pilot_in_review(store)
    grant = reviewer(store, other)
    lead = present = access.Visitor("Mara", access.Role.LEAD, grant)
    monkeypatch.setattr(access, "visitor", lambda: present)
    monkeypatch.setattr(stores, "store", lambda: store)
    store.database.before_writing = stores.check_may_write

    def pause(at: AppTest) -> None:
        next(button for button in at.button if button.label == "Pause the pilot").click().run()

    def asked() -> AppTest:
        at = opened("pilot", pilot=pilot.pilot_id)
        next(button for button in at.button if button.label == "Pause…").click().run()
        at.text_area[-1].set_value("Holiday")
        return at

    at = asked()
    present = access.Visitor("Mara", access.Role.REVIEWER, grant)
    pause(at)
    assert store.load(pilot.pilot_id).status == "active"
    present = lead
    pause(asked())
    assert store.load(pilot.pilot_id).status == "paused"


def test_a_founders_contact_is_not_told_where_the_store_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    def held() -> access.Visitor:
        raise StoreError("The store /srv/secret is held by another program (python3, process 11890).")

    monkeypatch.setattr(access, "visitor", held)
    shown = AppTest.from_function(_page_that_fails, default_timeout=60).run()
    assert [error.value for error in shown.error] == [NOT_NOW]


def _page_that_fails() -> None:
    from pilot_core.web import access
    from pilot_core.web.errors import told

    with told():
        access.visitor()


def test_an_act_goes_on_as_whoever_began_it_when_the_tab_closes(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"host": "localhost:8501"}
    monkeypatch.setattr(access, "store", lambda: store)
    monkeypatch.setattr(access, "_page_headers", lambda: dict(sent))
    monkeypatch.setattr(access, "page_peer", lambda: "127.0.0.1" if sent else "")
    at = AppTest.from_function(_page_that_says_who_it_is_for, default_timeout=60).run()
    assert [said.value for said in at.text] == ["lead"]
    sent.clear()
    assert [said.value for said in at.run().text] == ["lead"]
    assert [said.value for said in AppTest.from_function(_page_that_says_who_it_is_for).run().text] == ["stranger"]


def _page_that_says_who_it_is_for() -> None:
    import streamlit as st

    from pilot_core.web import access

    st.text(access.visitor().role)
