"""What every test may ask for: an empty store, a clock that is set by hand, pilots with a history."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilot_core.models import PilotRun
from pilot_core.services import create_pilot
from pilot_core.store.pilots import PilotStore


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        """Move on by ``timedelta(**span)``; returns the new time."""
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> PilotStore:
    return PilotStore(tmp_path / "store", clock)


@pytest.fixture
def new_pilot(clock: HandClock) -> Callable[..., PilotRun]:
    """Makes an unsaved pilot; arguments as for ``create_pilot``."""

    def make(**changes: object) -> PilotRun:
        given = {
            "founder_name": "Alice Chen",
            "company_name": "AcmeAI",
            "scenario_type": "feature_launch",
            "brand": "acme",
            "now": clock(),
        }
        return create_pilot(**(given | changes))

    return make


@pytest.fixture(scope="session")
def soffice() -> str:
    """LibreOffice. Without it its tests are skipped, which under CI=true is a failure."""
    found = shutil.which("soffice")
    if found is None:
        missing = "there is no soffice; install libreoffice-calc-nogui"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found
