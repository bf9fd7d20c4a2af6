"""Rate limits that several servers share, in their common PostgreSQL database."""

import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.errors import StoreError
from pilot_core.settings import ROOT, read_settings
from pilot_core.store import tries
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.engine.postgres_database import make_tables, run_alone
from pilot_core.web.access import rate_limits
from tests import postgres
from tests.browser.serving import free_port

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@pytest.fixture
def there(store: PilotStore) -> str:
    """Return the address of the database that the settings name."""
    url = read_settings().database_url
    assert url
    return url


def run_out(url: str) -> None:
    run_alone(url, "UPDATE limits.tries SET ends_at = now() - INTERVAL '1 second'")


def test_what_is_tried_at_one_server_counts_at_the_other(there: str) -> None:
    one, other = (rate_limits.Rate("wrong tokens", 3, 600) for _ in range(2))
    assert [server.spend("203.0.113.7", there) for server in (one, other, one, other)] == [True, True, True, False]
    assert not one.spend("203.0.113.7", there)
    assert one.spend("203.0.113.8", there)
    assert rate_limits.Rate("passphrases", 3, 600).spend("203.0.113.7", there)
    run_out(there)
    assert one.spend("203.0.113.7", there)


def test_many_at_once_are_counted_one_by_one(there: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(lambda _: tries.spend(there, "a", 600), range(200)))
    assert sorted(counted) == list(range(1, 201))


def test_whose_time_is_over_is_forgotten(there: str) -> None:
    for number in range(20):
        tries.spend(there, f"203.0.113.{number}", 600)
    kept = run_alone(there, "SELECT key FROM limits.tries")
    assert len(kept) == 20
    assert not [key for (key,) in kept if "203" in key[:3]], "an address can be read there"
    run_out(there)
    tries.spend(there, "another", 600)
    tries.forget(there)
    assert len(run_alone(there, "SELECT key FROM limits.tries")) == 1


def test_a_change_that_comes_to_nothing_was_a_try_all_the_same(store: PilotStore, there: str) -> None:
    tries.spend(there, "a", 600)
    with pytest.raises(ZeroDivisionError):
        store.database.transaction(lambda connection: tries.spend(there, "a", 600) / 0)
    assert tries.spend(there, "a", 600) == 3


def test_the_counts_are_no_part_of_the_store(store: PilotStore, there: str) -> None:
    before = store.database.read(tables_of)
    tries.spend(there, "a", 600)
    assert store.database.read(tables_of) == before


def test_servers_that_begin_at_once_make_one_table(there: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: make_tables(there, tries.SCHEMA, "tries", tries.TABLES), range(6)))
    assert tries.spend(there, "a", 600) == 1


def test_a_schema_that_somebody_made_for_it_is_used(there: str) -> None:
    run_alone(there, "CREATE SCHEMA limits")
    assert tries.spend(there, "a", 600) == 1


def test_a_user_who_may_not_make_a_schema_is_told_at_the_start(
    there: str, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    name = f"narrow_{secrets.token_hex(4)}"
    run_alone(there, f"CREATE USER {name}")
    run_alone(there, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
    url = there.replace("//pilot:", f"//{name}:")
    assert url != there
    settings = {"PILOT_OPS_DATABASE_URL": url, "PILOT_OPS_STORE": str(tmp_path / "store")}
    told = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port())],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode != 0
    assert "did not take the tables of “limits” (permission denied for database" in told.stderr


@pytest.mark.parametrize("place", ["127.0.0.1:9/none", "127.0.0.1:9/none%zz"])
def test_a_database_that_is_gone_is_told_in_one_sentence_without_the_password(engine: str, place: str) -> None:
    with pytest.raises(StoreError) as told:
        tries.make_table(f"postgresql://pilot:{postgres.PASSWORD}%zz@{place}")
    assert str(told.value).startswith("The ")
    assert postgres.PASSWORD not in str(told.value)
