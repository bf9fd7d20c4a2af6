"""What the user of this machine is called: by no login of a machine, and by their name once they gave it."""

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.erasure.person import erase_person
from pilot_core.errors import InvalidRequest
from pilot_core.services import names
from pilot_core.services.pilots import create_pilot
from pilot_core.store.tables import display_names
from pilot_core.store.tables.display_names import UNNAMED, local_name
from pilot_core.web.access import page_guard, who
from tests.opened_pages import opened

LEAD = at_command_line("Lea Lead")


@pytest.mark.parametrize(
    ("login", "name"), [("root", UNNAMED), ("Administrator", UNNAMED), ("mara", "mara"), ("ubuntu", UNNAMED)]
)
def test_a_login_is_a_name_unless_it_is_a_machines(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch, login: str, name: str
) -> None:
    monkeypatch.setattr(display_names, "getuser", lambda: login)
    assert store.database.read(local_name) == name
    names.set_display_name(store, "  Mara   Lind ", LEAD)
    assert store.database.read(local_name) == "Mara Lind"
    store.save(create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme"))
    assert store.events(store.pilot_ids()[0])[0].actor == "Mara Lind"
    with pytest.raises(InvalidRequest):
        names.set_display_name(store, "\u200b", LEAD)
    erase_person(store, "Mara Lind", "She asked for it.", LEAD)
    assert store.database.read(local_name) == name


def test_whoever_works_on_this_machine_is_asked_once(served: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_names, "getuser", lambda: "root")
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD, way=who.Way.HERE))

    def name_field(at: AppTest) -> list:
        return [field for field in at.sidebar.text_input if field.label == "Your name"]

    at = opened("overview")
    [field] = name_field(at)
    field.set_value("Mara Lind")
    next(button for button in at.sidebar.button if button.label == "Save your name").click()
    assert name_field(at.run()) == []
    assert served.database.read(local_name) == "Mara Lind"
    assert name_field(opened("overview")) == []
