"""What every test may ask for: an empty store, a clock that is set by hand, pilots with a history."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilot_core.models import PilotRun
from pilot_core.services import create_pilot
from pilot_core.store.pilots import PilotStore
from tests import buckets


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


@pytest.fixture(scope="session")
def s3() -> Iterator[buckets.Service]:
    """An S3 service for all tests of this run; each makes a bucket of its own."""
    with buckets.service() as running:
        yield running


@pytest.fixture
def bucket(s3: buckets.Service, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty bucket in which the stores of this test keep their files."""
    name = s3.new_bucket()
    buckets.name_in_settings(monkeypatch, s3, name)
    return name


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
