"""What every test may ask for: an empty store, a clock that is set by hand, pilots with a history."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from pilot_core.models import PilotRun
from pilot_core.services import create_pilot
from pilot_core.store.pilots import PilotStore
from tests import buckets, postgres, proxies

# Whose database it may be is not known, and no test should work on it.
os.environ.pop("PILOT_OPS_DATABASE_URL", None)

ENGINES = ("duckdb", "postgres")
ON_BOTH = (
    "test_attention",
    "test_background",
    "test_calendar",
    "test_check",
    "test_cli",
    "test_clocks",
    "test_comments",
    "test_concurrency",
    "test_decisions",
    "test_erasure",
    "test_exports",
    "test_fortnight",
    "test_judgement",
    "test_links",
    "test_lost_messages",
    "test_markers",
    "test_measures",
    "test_messages",
    "test_pilot_lists",
    "test_preview",
    "test_rendering",
    "test_sending",
    "test_state_files",
    "test_store",
    "test_shared_secret",
    "test_verbs",
    "test_webhook",
)
"""The store's test suite: each test that asks for a store runs on both engines. The others run on DuckDB, or where
``--engine`` says.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=ENGINES, help="run every test that has a store on this engine alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked = [name for name in ("engine", "own_database") if name in metafunc.fixturenames]
    alone = metafunc.config.getoption("engine")
    if alone:
        engines: tuple[str, ...] = (alone,)
    elif metafunc.definition.get_closest_marker("duckdb_only"):
        engines = ENGINES[:1]
    else:
        engines = ENGINES if metafunc.module.__name__.removeprefix("tests.") in ON_BOTH else ()
    if asked and engines:
        metafunc.parametrize(asked, [(name,) * len(asked) for name in engines], indirect=True, ids=engines)


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


def do_without(missing: str) -> NoReturn:
    """Skip what wants a program that is not here; under CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL of this run. Without its programs the tests on it are skipped, which under CI=true is a failure."""
    programs = postgres.programs()
    if programs is None:
        do_without("there is no PostgreSQL; install postgresql")
    with postgres.server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with an empty store, to make others from."""
    postgres_server.run(f"CREATE DATABASE {postgres.TEMPLATE} TEMPLATE template0")
    PilotStore(tmp_path_factory.mktemp("template"), database_url=postgres_server.url(postgres.TEMPLATE))
    return postgres.TEMPLATE


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Which engine stores are on in this test: ``duckdb``, or ``postgres``, a new database that the settings name."""
    name: str = getattr(request, "param", ENGINES[0])
    if name == "duckdb":
        yield name
        return
    if request.node.get_closest_marker("duckdb_only"):
        pytest.skip("is about DuckDB's file")
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("postgres_template")) as url:
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
        monkeypatch.setenv("PILOT_OPS_STORE", str(tmp_path / "store"))
        yield name


@pytest.fixture
def fresh_database(
    request: pytest.FixtureRequest, engine: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Call it before another folder becomes a store: the settings then name another database, without a table."""
    with ExitStack() as made:

        def make() -> None:
            if engine == "postgres":
                url = made.enter_context(request.getfixturevalue("postgres_server").database())
                monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)

        yield make


@pytest.fixture(scope="module")
def own_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes the ``database_url`` of a store that all tests of a module share, on the engine of the test."""
    with ExitStack() as made:

        def make() -> str:
            if getattr(request, "param", ENGINES[0]) == "duckdb":
                return ""
            url: str = made.enter_context(request.getfixturevalue("postgres_server").database())
            return url

        yield make


@pytest.fixture
def store(tmp_path: Path, clock: HandClock, engine: str) -> PilotStore:
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
        do_without("there is no soffice; install libreoffice-calc-nogui")
    return found


@pytest.fixture(scope="session")
def nginx() -> str:
    """The proxy's program. Without it its tests are skipped, which under CI=true is a failure."""
    found = proxies.program()
    if found is None:
        do_without("there is no nginx; install nginx-light")
    return found
