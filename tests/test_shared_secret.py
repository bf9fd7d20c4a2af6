"""A server accepts what another one signed if both have the same secret, and only then."""

import subprocess
import sys

import pytest

from pilot_core import PilotStore
from pilot_core.errors import InvalidRequest
from pilot_core.messages.capability_links import opt_out_address
from pilot_core.settings import ROOT, read_settings
from pilot_core.web.routes import uploads
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot

SECRET = "a secret of forty characters, more or less"
ANOTHER_SERVER = """
from pilot_core.settings import read_settings
from pilot_core.web.routes import uploads
print(uploads.ticket(read_settings(), 'Mara'))
"""


@pytest.mark.parametrize("theirs", [SECRET, SECRET[::-1], ""])
def test_a_page_of_one_server_sends_its_film_to_another(monkeypatch: pytest.MonkeyPatch, theirs: str) -> None:
    monkeypatch.setenv("PILOT_OPS_SECRET", theirs)
    told = subprocess.run([sys.executable, "-c", ANOTHER_SERVER], cwd=ROOT, capture_output=True, text=True, check=True)
    monkeypatch.setenv("PILOT_OPS_SECRET", SECRET)
    assert uploads._is_fresh(read_settings(), told.stdout.strip(), "Mara") == (theirs == SECRET)
    assert not uploads._is_fresh(read_settings(), told.stdout.strip(), "Dana")


def test_servers_with_one_secret_write_the_same_address_into_messages(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = make_pilot(store, clock, "Acme")
    monkeypatch.setenv("PILOT_OPS_SECRET", SECRET)
    address = opt_out_address(store, pilot.pilot_id, "https://pilots.example.com", read_settings().secret)
    assert not (store.root / ".messages.key").exists()
    assert opt_out_address(store, pilot.pilot_id, "https://pilots.example.com", read_settings().secret) == address
    monkeypatch.setenv("PILOT_OPS_SECRET", SECRET[::-1])
    assert opt_out_address(store, pilot.pilot_id, "https://pilots.example.com", read_settings().secret) != address


def test_a_secret_that_could_be_guessed_is_refused_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOT_OPS_SECRET", "hunter2")
    with pytest.raises(InvalidRequest, match=r"^The setting PILOT_OPS_SECRET is too short to be a secret; make one"):
        read_settings()
    monkeypatch.setenv("PILOT_OPS_SECRET", SECRET)
    assert SECRET not in repr(read_settings())
