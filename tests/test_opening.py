"""The server accepts remote visitors only if someone can sign in."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit import config

from pilot_core import PilotStore
from pilot_core.services import keys
from pilot_core.settings import ROOT, VERSION
from pilot_core.web.access.current_app import app
from pilot_core.web.server import startup_checks
from tests.reviewing import LEAD
from tests.served import serve

SENTENCE = (
    "Pilot Ops does not start: it was asked to listen on 0.0.0.0, where others reach it, and nobody could sign in."
)


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)


def asked_to_listen_on(monkeypatch: pytest.MonkeyPatch, address: str | None, **more: object) -> None:
    said = {"server.address": address, "server.enableXsrfProtection": True, "server.enableCORS": True} | {
        name.replace("_", "."): value for name, value in more.items()
    }
    monkeypatch.setattr(config, "get_option", said.__getitem__)


def test_on_a_fresh_machine_it_listens_at_this_machine_alone() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "localhost"


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_at_this_machine_it_opens_without_any_key(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked_to_listen_on(monkeypatch, address)
    assert startup_checks.why_not(app()) is None


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.4", "pilots.example.com"])
def test_elsewhere_it_opens_when_somebody_could_sign_in(
    monkeypatch: pytest.MonkeyPatch, store: PilotStore, address: str | None
) -> None:
    asked_to_listen_on(monkeypatch, address)
    assert "nobody could sign in" in (startup_checks.why_not(app()) or "")
    keys.invite(store, "Mara", "lead", LEAD)
    assert startup_checks.why_not(app()) is None
    keys.revoke_key(store, "Mara", LEAD)
    assert "nobody could sign in" in (startup_checks.why_not(app()) or "")


@pytest.mark.parametrize("name", ["server_enableXsrfProtection", "server_enableCORS"])
def test_it_does_not_open_with_streamlits_own_protection_off(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asked_to_listen_on(monkeypatch, "localhost", **{name: False})
    assert name.replace("_", ".") in (startup_checks.why_not(app()) or "")


def test_the_process_ends_with_one_sentence(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"],
        cwd=ROOT,
        env=os.environ | {"PILOT_OPS_STORE": str(tmp_path), "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == startup_checks.REFUSED
    assert SENTENCE in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_version_told_is_the_projects() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
