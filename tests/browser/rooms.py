"""The review room on a page, with the gestures that its tests share."""

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from pilot_core.domain.pilot import PilotRun
from pilot_core.review.links import make_link
from pilot_core.store.pilots import PilotStore
from tests.browser.numbered_films import READ_NUMBER
from tests.reviewing import LEAD


def pilot_of(store: PilotStore, company: str) -> PilotRun:
    """Return the pilot of that company."""
    return next(pilot for pilot in map(store.load, store.pilot_ids()) if pilot.company_name == company)


def link_to(store: PilotStore, pilot: PilotRun, name: str = "Dana Cruz") -> str:
    """Make a link to the pilot's review; returns its path."""
    return f"/r/{make_link(store, pilot.pilot_id, name, actor=LEAD)[1]}"


def soon(what: Callable[[], bool]) -> None:
    """Wait until something holds that the browser has set going."""
    deadline = time.monotonic() + 15
    while not what():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.1)


class Room:
    """The review room on a page."""

    def __init__(self, page: Page):
        self.page = page
        self.player = page.locator(".player").first
        self.video = self.player.locator("video").first
        self.dock = page.locator("#dock")
        self.sheet = page.locator("#sheet")

    def ready(self) -> "Room":
        """Wait until the player and the buttons are there."""
        expect(self.player).to_have_attribute("data-state", "paused")
        self.page.wait_for_function("video => video.readyState >= 1", arg=self.video.element_handle())
        expect(self.dock).to_be_visible()
        return self

    def go(self, frame: int) -> None:
        """Go to a frame, and see from the picture that it is there."""
        self.player.locator(".scrub").evaluate(
            "(scrub, frame) => { scrub.value = frame; scrub.dispatchEvent(new Event('input')); }", frame
        )
        self.shows(frame)

    def shows(self, frame: int) -> None:
        """Wait for a frame, and see from the picture that it is there."""
        expect(self.player.locator(".view").first).to_have_attribute("data-frame", str(frame))
        self.page.wait_for_function("video => !video.seeking", arg=self.video.element_handle())
        assert self.video.evaluate(READ_NUMBER) == frame

    def button(self, name: str) -> Locator:
        """A button or link of the dock."""
        return self.dock.get_by_role("button", name=name, exact=True).or_(
            self.dock.get_by_role("link", name=name, exact=True)
        )

    def write(self, words: str) -> None:
        """Fill in the comment."""
        self.sheet.get_by_label("Your comment").fill(words)

    def send(self) -> None:
        """Send the comment and wait until it has arrived."""
        self.button("Send comment").click()
        expect(self.sheet).to_be_hidden()

    def drag(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a box, given in parts of the picture."""
        box = self.video.bounding_box()
        assert box is not None

        def at(x: float, y: float) -> tuple[float, float]:
            return box["x"] + x * box["width"], box["y"] + y * box["height"]

        self.page.mouse.move(*at(left, top))
        self.page.mouse.down()
        self.page.mouse.move(*at(right, bottom), steps=3)
        self.page.mouse.up()
