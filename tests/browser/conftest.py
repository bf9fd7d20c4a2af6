"""A real server and a real browser. A module that needs other data or another app overrides ``store_folder`` or
``app_file``.

Without a browser these tests are skipped, which under CI=true is a failure: nobody should take a green run for a tested
screen.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from pilot_core import PilotStore
from pilot_core.settings import ROOT
from tests.browser.serving import CHROMIUM, chromium, running
from tests.conftest import do_without

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
AWAY = "review.localhost"
"""A host that is this machine for the browser and another one for the server, so that a visitor is no lead."""
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
LONGEST = ("test_engines", "test_delivered_films", "test_room_layout", "test_player")
"""The files that take longest, in that order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop in this thread, and no other test could run its own.

    Of them the longest files come first, so that two processes end at about the same time. They must take the files in
    this order, too: with xdist, ``--no-loadscope-reorder``.
    """

    def place(item: pytest.Item) -> int:
        if not item.get_closest_marker("browser"):
            return -1
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    """Let a second try begin with a store and a server of its own: the first one may have left half a review there."""
    if getattr(item, "execution_count", 1) == 1:
        return
    for name in item.fixturenames:
        for fixture in item._fixtureinfo.name2fixturedefs.get(name, ()):
            if fixture.scope == "module":
                fixture.finish(item._request)  # pytest makes it again when it is asked for


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    if not CHROMIUM.exists():
        do_without(f"there is no browser at {CHROMIUM}; install chromium or set PILOT_OPS_CHROMIUM")
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of the server, each in a browser profile of its own: ``open_page("/pilot", phone=True, dark=True)``.

    Whatever a page reports as an uncaught error fails the test.
    """
    contexts = []
    errors: list[str] = []

    def open_(path: str = "/", *, phone: bool = False, dark: bool = False, **options: object) -> Page:
        context = browser.new_context(
            base_url=server, color_scheme="dark" if dark else "light", **((PHONE if phone else DESKTOP) | options)
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="module")
def warm_page(browser: Browser, server: str) -> Iterator[Page]:
    """One desktop page for the module; ``visit`` goes about in it."""
    context = browser.new_context(base_url=server, **DESKTOP)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(warm_page: Page) -> Iterator[Callable[[str], Page]]:
    """Goes to an address, as a new visit: ``visit("/pilot?pilot=…")``. Only cookies and the browser's storage stay.

    A quarter of the work of ``open_page``, since Chromium keeps Streamlit's compiled scripts. Errors fail the test.
    """
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    def go(path: str) -> Page:
        warm_page.mouse.move(0, 0)
        warm_page.goto(path)
        return warm_page

    warm_page.on("pageerror", note)
    yield go
    warm_page.remove_listener("pageerror", note)
    assert not errors


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The server's first page on a desktop screen in the light theme."""
    return open_page()


@pytest.fixture(scope="module")
def app_file() -> Path:
    """What the server runs."""
    return ROOT / "app.py"


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store the server works on: an empty one, unless the module fills it."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def store(store_folder: Path) -> PilotStore:
    """The server's store, opened from here too."""
    return PilotStore(store_folder)


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Further environment variables for the server."""
    return {}


@pytest.fixture(scope="module")
def server(
    app_file: Path, store_folder: Path, server_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a server of this module's own."""
    with running(app_file, store_folder, server_settings, tmp_path_factory.mktemp("server") / "server.log") as address:
        yield address
