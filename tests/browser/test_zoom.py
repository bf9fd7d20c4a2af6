"""A closer look at the picture: two fingers, the wheel, a double tap, keys. Fitted, the page scrolls under a finger."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.review.comments import comments_of
from tests.browser.review_films import filmed_attempt, new_review
from tests.browser.rooms import Room, link_to, pilot_of

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
SCALE = """picture => {
  const { width } = picture.getBoundingClientRect();
  return Math.round((100 * width) / picture.parentElement.getBoundingClientRect().width) / 100;
}"""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with two versions, at different rates."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    pilot = new_review(store, "Closer")
    for _ in range(2):
        filmed_attempt(store, pilot.pilot_id)
    return store.root


@pytest.fixture
def opened(open_page: OpenPage, store: PilotStore) -> Callable[..., Room]:
    def open_(**options: Any) -> Room:
        return Room(open_page(link_to(store, pilot_of(store, "Closer")), **options)).ready()

    return open_


def scale_of(room: Room, place: int = 0) -> float:
    return float(room.player.locator(".picture").nth(place).evaluate(SCALE))


def middle_of(room: Room) -> tuple[float, float]:
    box = room.video.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def touch(page: Page) -> Callable[..., None]:
    """Fingers on the screen: ``finger("touchMove", (x, y), (x, y))``."""
    session = page.context.new_cdp_session(page)

    def finger(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return finger


def test_two_fingers_zoom_and_one_moves_the_picture_only_then(opened: Callable[..., Room]) -> None:
    room = opened(phone=True, viewport={"width": 390, "height": 664})
    finger, (x, y) = touch(room.page), middle_of(room)
    finger("touchStart", (x - 30, y))
    finger("touchStart", (x - 30, y), (x + 30, y))
    for apart in (45, 60, 75, 90):
        finger("touchMove", (x - apart, y), (x + apart, y))
    finger("touchEnd")
    assert scale_of(room) == pytest.approx(3, abs=0.05)
    expect(room.player.locator(".percent")).to_have_text("300%")
    expect(room.player).to_have_attribute("data-state", "paused")

    before, _ = middle_of(room)
    finger("touchStart", (x, y))
    for moved in (10, 40, 70):
        finger("touchMove", (x - moved, y))
    finger("touchEnd")
    assert middle_of(room)[0] == pytest.approx(before - 70, abs=16)  # less what the screen takes for a tap
    expect(room.player).to_have_attribute("data-state", "paused")
    assert room.page.locator(".scroll").evaluate("scroll => scroll.scrollTop") == 0

    room.player.get_by_role("button", name="Fit").click()
    assert scale_of(room) == 1
    expect(room.player.locator(".zoom")).to_be_hidden()
    finger("touchStart", (x, y))
    for moved in (20, 60, 100, 140):
        finger("touchMove", (x, y - moved))
    finger("touchEnd")
    room.page.wait_for_function("() => document.querySelector('.scroll').scrollTop > 50")
    assert scale_of(room) == 1


def test_a_double_click_zooms_where_it_is_and_leaves_the_video_on_its_frame(opened: Callable[..., Room]) -> None:
    room = opened()
    room.go(40)
    box = room.video.bounding_box()
    assert box is not None
    x, y = box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"]
    room.page.mouse.dblclick(x, y)
    assert scale_of(room) == 2.5
    room.shows(40)
    expect(room.player).to_have_attribute("data-state", "paused")
    zoomed = room.video.bounding_box()
    assert zoomed is not None
    # What was under the pointer still is.
    assert (y - zoomed["y"]) / zoomed["height"] == pytest.approx(0.25, abs=0.01)
    # A drag moves the picture, never past its edge, and is no click.
    room.page.mouse.move(x, y)
    room.page.mouse.down()
    room.page.mouse.move(x + 30, y + 2_000, steps=4)
    room.page.mouse.up()
    moved, stage = room.video.bounding_box(), room.player.locator(".stage").bounding_box()
    assert moved is not None
    assert stage is not None
    assert moved["y"] == pytest.approx(stage["y"], abs=1)
    expect(room.player).to_have_attribute("data-state", "paused")
    room.page.mouse.dblclick(x, y)
    assert scale_of(room) == 1


def test_the_wheel_zooms_with_ctrl_and_scrolls_without(opened: Callable[..., Room]) -> None:
    room = opened(viewport={"width": 700, "height": 700})
    room.page.mouse.move(*middle_of(room))
    room.page.mouse.wheel(0, 200)
    room.page.wait_for_function("() => document.querySelector('.scroll').scrollTop > 50")
    assert scale_of(room) == 1
    room.page.mouse.wheel(0, -400)
    room.page.wait_for_function("() => document.querySelector('.scroll').scrollTop === 0")
    room.page.keyboard.down("Control")
    room.page.mouse.wheel(0, -50)
    room.page.keyboard.up("Control")
    expect(room.player.locator(".zoom")).to_be_visible()
    assert scale_of(room) == pytest.approx(1.65, abs=0.02)


def test_keys_zoom_move_and_fit_wherever_the_focus_is_but_in_a_field(opened: Callable[..., Room]) -> None:
    room = opened()
    for key in ("+", "+", "+"):
        room.page.keyboard.press(key)
    assert scale_of(room) == pytest.approx(1.95, abs=0.02)
    room.page.keyboard.press("-")
    assert scale_of(room) == pytest.approx(1.56, abs=0.02)
    room.player.evaluate("player => player.focus()")
    before = middle_of(room)[1]
    room.page.keyboard.press("Shift+ArrowDown")
    assert middle_of(room)[1] < before
    room.page.keyboard.press("0")
    assert scale_of(room) == 1
    room.page.keyboard.press("c")
    room.page.keyboard.type("+0 of 10")
    assert scale_of(room) == 1
    expect(room.sheet.get_by_label("Your comment")).to_have_value("+0 of 10")


def test_a_box_drawn_while_zoomed_is_where_it_is_in_the_video(opened: Callable[..., Room], store: PilotStore) -> None:
    room = opened()
    room.go(77)
    box = room.video.bounding_box()
    assert box is not None
    room.page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    room.button("Comment").click()
    room.button("Draw").click()
    room.drag(0.45, 0.45, 0.6, 0.55)
    room.write("In the middle")
    room.send()
    [comment] = comments_of(store, pilot_of(store, "Closer").pilot_id)
    assert comment.shape is not None
    shape = (comment.shape.x, comment.shape.y, comment.shape.width, comment.shape.height)
    assert shape == pytest.approx((0.45, 0.45, 0.15, 0.1), abs=0.005)


def test_a_second_finger_takes_back_what_the_first_one_drew(opened: Callable[..., Room]) -> None:
    room = opened(phone=True)
    room.button("Comment").click()
    room.button("Draw").click()
    expect(room.player.locator(".shapes.drawing")).to_be_visible()
    finger, (x, y) = touch(room.page), middle_of(room)
    finger("touchStart", (x - 30, y))
    finger("touchStart", (x - 30, y), (x + 30, y))
    finger("touchMove", (x - 60, y), (x + 60, y))
    finger("touchEnd")
    assert scale_of(room) == pytest.approx(2, abs=0.05)
    expect(room.player.locator(".mark")).to_have_count(0)


def test_two_versions_are_zoomed_together(opened: Callable[..., Room]) -> None:
    room = opened()
    room.page.goto("/review/compare")
    expect(room.player.locator(".view")).to_have_count(2)
    expect(room.player).to_have_attribute("data-state", "paused")
    second = room.player.locator("video").nth(1).bounding_box()
    assert second is not None
    room.page.mouse.dblclick(second["x"] + 0.25 * second["width"], second["y"] + 0.5 * second["height"])
    assert [scale_of(room, place) for place in (0, 1)] == [2.5, 2.5]
    views = [room.player.locator(".view").nth(place).bounding_box() for place in (0, 1)]
    films = [room.player.locator("video").nth(place).bounding_box() for place in (0, 1)]
    offsets = [
        (film["x"] - view["x"]) / view["width"] for film, view in zip(films, views, strict=True) if film and view
    ]
    assert offsets[0] == pytest.approx(offsets[1], abs=0.01)
    assert offsets[0] == pytest.approx(0.25 - 2.5 * 0.25, abs=0.01)
