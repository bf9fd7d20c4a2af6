"""A viewer can read every page, and finds no control on it that changes anything."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.errors import StoreError
from pilot_core.web.access import page_guard, who
from pilot_core.web.components.errors import NOT_NOW
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_stories import make_pilot
from tests.reviewing import pilot_in_review, reviewer
from tests.served import serve

READS_ON = {"Show all", "Clear filters", "Put this away", "Go on from the present state"}


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("Vic Viewer", Role.VIEWER))
    serve(monkeypatch, store)
    # Any write by a viewer's page is refused, and would fail the page.
    store.database.before_writing = page_guard.check_may_write

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
    pilots = {name: make_pilot(store, clock, name, story) for name, story in STORIES.items()}
    store.database.before_writing = page_guard.check_may_write
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
    pilot, other = make_pilot(store, clock, "Active", "m"), pilot_in_review(store)
    grant = reviewer(store, other)
    lead = present = who.Visitor("Mara", Role.LEAD, grant, way=who.Way.HERE)
    monkeypatch.setattr(page_guard, "visitor", lambda: present)
    serve(monkeypatch, store)
    store.database.before_writing = page_guard.check_may_write

    def pause(at: AppTest) -> None:
        next(button for button in at.button if button.label == "Pause the pilot").click().run()

    def asked() -> AppTest:
        at = opened("pilot", pilot=pilot.pilot_id)
        next(button for button in at.button if button.label == "Pause…").click().run()
        at.text_area[-1].set_value("Holiday")
        return at

    at = asked()
    present = who.Visitor("Mara", Role.REVIEWER, grant)
    pause(at)
    assert store.load(pilot.pilot_id).status == "active"
    present = lead
    pause(asked())
    assert store.load(pilot.pilot_id).status == "paused"


def test_a_founders_contact_is_not_told_where_the_store_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    def held() -> who.Visitor:
        raise StoreError("The store /srv/secret is held by another program (python3, process 11890).")

    monkeypatch.setattr(page_guard, "visitor", held)
    shown = AppTest.from_function(_page_that_fails, default_timeout=60).run()
    assert [error.value for error in shown.error] == [NOT_NOW]


def _page_that_fails() -> None:
    from pilot_core.web.access import page_guard
    from pilot_core.web.components.errors import show_errors

    with show_errors():
        page_guard.visitor()


def test_an_act_goes_on_as_whoever_began_it_when_the_tab_closes(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"host": "localhost:8501"}
    serve(monkeypatch, store)
    monkeypatch.setattr(page_guard, "_page_headers", lambda: dict(sent))
    monkeypatch.setattr(page_guard, "page_peer", lambda: "127.0.0.1" if sent else "")
    at = AppTest.from_function(_page_that_says_who_it_is_for, default_timeout=60).run()
    assert [said.value for said in at.text] == ["lead"]
    sent.clear()
    assert [said.value for said in at.run().text] == ["lead"]
    assert [said.value for said in AppTest.from_function(_page_that_says_who_it_is_for).run().text] == ["stranger"]


def _page_that_says_who_it_is_for() -> None:
    import streamlit as st

    from pilot_core.web.access import page_guard

    st.text(page_guard.visitor().role)
