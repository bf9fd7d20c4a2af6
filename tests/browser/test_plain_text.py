"""People's text, in a real browser: shown as it was typed, never obeyed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from pilot_core.web.components.text import JOINER
from tests.browser.plain_app import TEXTS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app_file() -> Path:
    return Path(__file__).with_name("plain_app.py")


def test_peoples_text_is_shown_as_typed_and_makes_no_element(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator(f".st-key-button_{len(TEXTS) - 1} button").wait_for()

    shown = [page.locator(f".st-key-text_{n} [data-testid=stMarkdownContainer]") for n in range(len(TEXTS))]
    labels = [page.locator(f".st-key-button_{n} [data-testid=stMarkdownContainer]") for n in range(len(TEXTS))]

    expected = list(TEXTS)
    assert [(element.text_content() or "").replace(JOINER, "").strip() for element in shown] == expected
    assert [(element.text_content() or "").replace(JOINER, "").strip() for element in labels] == expected
    made = [element.evaluate("e => [...e.querySelectorAll('*')].map(x => x.tagName).join()") for element in shown]
    assert set(made) == {"P"}
    asked = page.evaluate("() => performance.getEntriesByType('resource').map(entry => entry.name)")
    assert asked
    assert not [address for address in asked if "evil" in address]
