"""A store for the tests that go through every page of the team."""

from datetime import timedelta
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.clock import utc_now
from pilot_core.services.pilots import create_pilot


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot that waits, one with changes asked for, and one that was approved."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for days, (company, decisions) in enumerate(
        (("Waiting", ()), ("Changes", ("major_changes",)), ("Approved", ("minor_changes", "approve")))
    ):
        at = utc_now() - timedelta(days=20 - days)
        pilot = create_pilot("Alice Chen", company, "feature_launch", "acme", now=at)
        for number in range(1, max(2, len(decisions) + 1)):
            at += timedelta(hours=2)
            pilot.add_attempt("film.mp4", None, 30.0 + 5 * days, number, 0.2, number > 1, at=at)
            for decision in decisions[number - 1 : number]:
                pilot.record_feedback(number, f"{company} said so.", decision, ["hook_weak"], at=at)
        store.save(pilot, "Theo Grant")
    return store.root
