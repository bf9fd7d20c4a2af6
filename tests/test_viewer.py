"""A viewer reads every page, and finds nothing on it that changes anything."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, stores
from tests.conftest import HandClock
from tests.told_pilots import tell

ENTRY = ROOT / "pilot_core" / "web" / "entry.py"
READS_ON = {"Show all", "Clear filters", "Put this away", "Go on from the present state"}


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setattr(access, "visitor", lambda: access.Visitor("Vic Viewer", access.Role.VIEWER))
    monkeypatch.setattr(stores, "store", lambda: store)
    # What a viewer's page would write is refused, and would fail the page.
    store.database.before_writing = stores.check_may_write

    def open_(name: str, **address: str) -> AppTest:
        at = AppTest.from_file(str(ENTRY), default_timeout=60).run()
        if name != "overview":
            at.switch_page(f"../../pages/{name}.py")
        for key, value in address.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
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
        assert not [*at.text_area, *at.get("file_uploader")], name
    assert acts(open_page("metrics")) <= {"Clear the filters"}
    assert "File this report" not in acts(open_page("reports"))


def test_a_viewer_of_an_empty_store_is_not_asked_to_make_a_pilot(open_page: Callable[..., AppTest]) -> None:
    for name in ("overview", "pilot", "metrics", "reports"):
        at = open_page(name)
        assert not [label for label in acts(at) if "ilot" in label], name
