"""Shared fixtures: an empty store, a clock that tests set, and pilots with a history."""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.services.pilots import create_pilot
from pilot_core.store.pilots import PilotStore as StoreWithoutSettings
from tests import buckets, postgres, proxies
from tests.served import serve

# It might be anyone's database, and no test should use it.
os.environ.pop("PILOT_OPS_DATABASE_URL", None)

ENGINES = ("duckdb", "postgres")
ON_BOTH = (
    "test_accepted_values",
    "test_after_commit",
    "test_attachments",
    "test_background",
    "test_calendar",
    "test_check",
    "test_cli",
    "test_clocks",
    "test_comments",
    "test_concurrency",
    "test_decisions",
    "test_disputed_approval",
    "test_download_switch",
    "test_erasure",
    "test_exports",
    "test_fortnight",
    "test_health",
    "test_inbox",
    "test_judgement",
    "test_learning",
    "test_links",
    "test_lost_messages",
    "test_markers",
    "test_measures",
    "test_messages",
    "test_pilot_lists",
    "test_once",
    "test_preview",
    "test_render_claims",
    "test_rendering",
    "test_requests",
    "test_sending",
    "test_state_files",
    "test_store",
    "test_shared_secret",
    "test_slow_receivers",
    "test_uncopied",
    "test_unsent",
    "test_verbs",
    "test_webhook",
    "test_recovery",
    "test_waits",
)
"""The store's test suite. Its tests that use a store run on both engines.

Other tests run on DuckDB, or on the engine given by ``--engine``.
"""


SLOW = """
    test_accepted_values test_access_matrix test_accounts test_attached test_attachment_pages test_attachments
    test_background test_backup test_bucket test_bucket_routes test_catalog test_check test_cli test_clocks
    test_comments test_concurrency test_conform test_csv_separators test_damaged_blocks test_demo test_diagnostics_page
    test_downloads test_erasure test_exports test_faults test_files_within_pilot test_fortnight test_headers
    test_imported_files test_intruder test_kills test_lease test_link_states test_links test_lost_commits
    test_lost_messages test_messages test_messages_tab test_metrics_page test_migrations test_model test_move
    test_new_pilot_form test_once test_open_tab_tricks test_open_tabs test_overview_messages test_pages test_permission
    test_permission_sockets test_pilot_judgement test_pilot_lists test_pilot_page test_pilot_review test_postgres
    test_render_claims test_render_outages test_render_queue test_rendering test_reports_page test_review_changed
    test_review_news test_review_page test_review_routes test_room_crawler test_same_numbers test_scope test_sending
    test_shared_bucket test_shared_secret test_silent_postgres test_sign_in_news test_slow_receivers test_state_files
    test_store test_storyboard test_held_changes
    test_storyboard_plan test_streamlit_gate test_uncopied test_uploads test_viewer test_webhook test_workbook
"""
"""Modules that start servers, kill processes, or write many stores. ``make check`` leaves them to ``make test``."""


MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 6 * 2**30
"""Bytes that must be free there. The files of a whole run were 1.2 GB when none of them was removed."""


def pytest_configure() -> None:
    """Let tests write their files in memory if there is room: on a disk they wait for it as long as they work."""
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("everything"):
        left_out = [item for item in items if item.get_closest_marker("exhaustive")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    slow = set(SLOW.split())
    for item in items:
        call = getattr(item, "callspec", None)
        on_postgres = call is not None and "postgres" in map(str, call.params.values())
        marked = item.get_closest_marker("browser") or item.get_closest_marker("film")
        if item.get_closest_marker("browser"):
            # Three browsers share two busy cores. A fault of the product fails twice; reruns are named at the end.
            item.add_marker(pytest.mark.flaky(reruns=1))
        if item.path.stem in slow or on_postgres or marked:
            item.add_marker(pytest.mark.slow)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything", action="store_true", help="run the rows of long tables and the long random runs too"
    )
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


NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The time at which a test's clock starts."""


@pytest.fixture(scope="session", autouse=True)
def components_are_looked_for_once() -> Iterator[None]:
    """AppTest looks through the installed packages for components at each opening: most of the time that this takes."""
    if "streamlit.testing.v1" not in sys.modules:
        yield
        return
    from streamlit.components.v2 import manifest_scanner  # only where a test module has loaded Streamlit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def logs_end_with_their_test() -> Iterator[None]:
    """Lines of the log would otherwise be on stderr in each test that follows one that has set them up."""
    ours = logging.getLogger("pilot_core")
    handlers, level = list(ours.handlers), ours.level
    yield
    ours.handlers[:] = handlers
    ours.setLevel(level)


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime):
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        """Move the clock forward by ``timedelta(**span)``. Returns the new time."""
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


def do_without(missing: str) -> NoReturn:
    """Skip a test that needs a missing program. With CI=true, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Start a PostgreSQL server for this run. If it is not installed, its tests are skipped, or fail with CI=true."""
    programs = postgres.programs()
    if programs is None:
        do_without("there is no PostgreSQL; install postgresql")
    with postgres.server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a template database with an empty store."""
    postgres_server.run(f"CREATE DATABASE {postgres.TEMPLATE} TEMPLATE template0")
    PilotStore(tmp_path_factory.mktemp("template"), database_url=postgres_server.url(postgres.TEMPLATE))
    return postgres.TEMPLATE


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the engine of stores in this test: ``duckdb``, or ``postgres`` on a new database."""
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
    """Return a function that sets a new empty database in the settings.

    Call it before another folder becomes a store.
    """
    with ExitStack() as made:

        def make() -> None:
            if engine == "postgres":
                url = made.enter_context(request.getfixturevalue("postgres_server").database())
                monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)

        yield make


@pytest.fixture(scope="module")
def own_database(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Return a function that makes the ``database_url`` of a store shared by a module's tests, on the test's engine."""
    with ExitStack() as made:

        def make() -> str:
            if getattr(request, "param", ENGINES[0]) == "duckdb":
                return ""
            url: str = made.enter_context(request.getfixturevalue("postgres_server").database())
            return url

        yield make


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an empty store on DuckDB, to be copied: migrating a new one takes twice as long."""
    return StoreWithoutSettings(tmp_path_factory.mktemp("empty")).root


@pytest.fixture
def store(tmp_path: Path, clock: HandClock, engine: str, request: pytest.FixtureRequest) -> PilotStore:
    folder = tmp_path / "store"
    if engine == "duckdb":
        shutil.copytree(request.getfixturevalue("empty_store"), folder)
    return PilotStore(folder, clock)


@pytest.fixture
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> PilotStore:
    """Return the store, after setting it as the one that pages and routes use."""
    serve(monkeypatch, store)
    return store


@pytest.fixture(scope="session")
def s3() -> Iterator[buckets.Service]:
    """Start an S3 service for all tests of this run. Each test makes its own bucket."""
    with buckets.service() as running:
        yield running


@pytest.fixture
def bucket(s3: buckets.Service, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of an empty bucket in which the stores of this test keep their files."""
    name = s3.new_bucket()
    buckets.name_in_settings(monkeypatch, s3, name)
    return name


@pytest.fixture
def new_pilot(clock: HandClock) -> Callable[..., PilotRun]:
    """Return a function that makes an unsaved pilot. Its arguments are those of ``create_pilot``."""

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
    """Return the path of LibreOffice. Without it its tests are skipped, or fail with CI=true."""
    found = shutil.which("soffice")
    if found is None:
        do_without("there is no soffice; install libreoffice-calc-nogui")
    return found


@pytest.fixture(scope="session")
def nginx() -> str:
    """Return the path of nginx. Without it its tests are skipped, or fail with CI=true."""
    found = proxies.program()
    if found is None:
        do_without("there is no nginx; install nginx-light")
    return found
