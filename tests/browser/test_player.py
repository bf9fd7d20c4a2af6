"""The player in a real browser, on films that carry their frame number in the picture."""

import random
import re
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft
from pilot_core.services.pilots import create_pilot
from pilot_core.timecode import frame_to_timecode
from pilot_core.video.stills import stills
from pilot_core.web.components.player.player import HERE, MODULE, media_for
from tests.browser.numbered_films import READ_NUMBER, make_numbered_film

pytestmark = pytest.mark.browser

RATES = (Fraction(24_000, 1001), Fraction(25), Fraction(30_000, 1001), Fraction(30))
NTSC = 3  # the attempt whose film runs at 29.97
MISSING = 5  # the attempt whose film is not there
SECONDS = 8
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:04.000\nFirst words.\n\n00:04.000 --> 00:08.000\nLast words.\n"
OpenPage = Callable[..., Page]
Visit = Callable[[str], Page]

# Goes to each frame as someone with a keyboard or a screen reader would, and tells what is on screen once it is there.
VISIT = f"""
async (root, places) => {{
  const [scrub, view] = [root.querySelector(".scrub"), root.querySelector(".view")];
  const video = view.querySelector("video");
  const read = {READ_NUMBER};
  const seen = [];
  for (const [frame, number] of places) {{
    scrub.value = frame;
    scrub.dispatchEvent(new Event("input"));
    const until = performance.now() + 5000;
    do await new Promise(requestAnimationFrame);
    // A busy machine paints the picture a moment after the browser says that it is there.
    while ((video.seeking || view.dataset.frame != frame || read(video) !== number) && performance.now() < until);
    seen.push([read(video), Number(view.dataset.frame), root.querySelector(".timecode").textContent]);
  }}
  return seen;
}}
"""


@pytest.fixture(scope="module")
def app_file() -> Path:
    return Path(__file__).parent / "player_app.py"


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One pilot with an attempt for each rate, and one whose film is missing."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme")
    for number, rate in enumerate(RATES, 1):
        _add_attempt(store, pilot, number, rate)
    pilot.add_attempt(video_path=f"{pilot.pilot_id}/nowhere/draft_v1.mp4")
    store.save(pilot)
    return store.root


def _add_attempt(store: PilotStore, pilot: Any, number: int, rate: Fraction) -> None:
    folder = f"{pilot.pilot_id}/attempt_{number}"
    film = make_numbered_film(store.root / folder / "draft_v1.mp4", rate, SECONDS, hue=number * 70)
    pack = film.parent / "review_pack"
    count = round(SECONDS * rate)
    film.with_suffix(".vtt").write_text(CAPTIONS)
    stills(film, pack)
    attempt = pilot.add_attempt(f"{folder}/draft_v1.mp4", f"{folder}/review_pack")
    attempt.drafts = [
        Draft(
            iteration=1,
            conformed=True,
            video_path=f"{folder}/draft_v1.mp4",
            captions_path=f"{folder}/draft_v1.vtt",
            duration=float(count / rate),
            frame_rate=str(rate),
        )
    ]


class Film:
    """The player on a page, with the gestures the tests share."""

    def __init__(self, page: Page):
        self.page = page
        self.root = page.locator(".player")
        self.video = self.root.locator("video").first
        expect(self.root).to_have_attribute("data-state", "paused")
        page.wait_for_function("video => video.readyState >= 1", arg=self.video.element_handle())

    def button(self, name: str) -> Locator:
        return self.root.locator(".controls").get_by_role("button", name=name)

    def go(self, *frames: int, number_at: Callable[[int], int] = int) -> list[tuple[int, int, str]]:
        """(number in the picture, number the player believes, timecode shown) after going to each frame.

        ``number_at`` is the number that a frame shows: its own, unless pictures are repeated or left out.
        """
        return [tuple(seen) for seen in self.root.evaluate(VISIT, [[frame, number_at(frame)] for frame in frames])]

    def press(self, *keys: str) -> None:
        """Keys, with the focus on the player but on none of its controls."""
        self.root.evaluate("root => root.focus()")
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, frame: int) -> None:
        expect(self.root.locator(".view").first).to_have_attribute("data-frame", str(frame))
        self.page.wait_for_function(
            "root => [...root.querySelectorAll('video')].every((video) => !video.seeking)",
            arg=self.root.element_handle(),
        )
        assert self.video.evaluate(READ_NUMBER) == frame

    def is_playing(self, playing: bool = True) -> None:
        expect(self.root).to_have_attribute("data-state", "playing" if playing else "paused")

    def wait_past(self, frame: int) -> None:
        """Until the film, playing, is on a later frame."""
        self.page.wait_for_function(
            "([view, frame]) => Number(view.dataset.frame) > frame",
            arg=[self.root.locator(".view").first.element_handle(), frame],
        )

    def ask(self, act: str) -> None:
        """What a page with buttons for comments asks of the player."""
        self.page.evaluate("act => window.player.acts[act]()", act)

    def told(self) -> dict[str, Any]:
        """Where a comment would belong now, as such a page is told."""
        self.ask("stay")
        heard = self.page.evaluate("window.heard")
        return {name: heard[name] for name in ("frame", "end_frame", "shape")}


# Mounts the player on a page of its own, as the review room does.
MOUNT = """async (shown) => {
  document.body.style.display = "block";
  const { MARKUP, createPlayer } = await import("/review/assets/any/player.js");
  document.body.innerHTML = '<link rel="stylesheet" href="/review/assets/any/player.css">' + MARKUP;
  await new Promise((loaded) => (document.querySelector("link").onload = loaded));
  const root = document.querySelector(".player");
  window.player = createPlayer(root, { follow: (state) => (window.heard = state) });
  window.player.update({ ...shown, markers: [], seek: null });
}"""


@pytest.fixture
def mounted(open_page: OpenPage, store_folder: Path) -> Callable[..., Film]:
    """Opens the player of an attempt on a page that asks and hears, as the review room does."""

    def open_(number: int, **options: Any) -> Film:
        store = PilotStore(store_folder)
        media = media_for(store.load(store.pilot_ids()[0]).attempt(number))
        page = open_page("/r/none", bypass_csp=True, **options)
        rate = [media.rate.numerator, media.rate.denominator]
        page.evaluate(MOUNT, {"sources": [asdict(media) | {"rate": rate}]})
        return Film(page)

    return open_


def test_seeking_shows_the_very_frame_at_every_rate(visit: Visit) -> None:
    chance = random.Random(20260301)
    for attempt, rate in enumerate(RATES, 1):
        film = Film(visit(f"/?attempt={attempt}"))
        frames = chance.sample(range(round(SECONDS * rate)), 50)
        assert film.go(*frames) == [(frame, frame, frame_to_timecode(frame, rate)) for frame in frames]


def test_the_browser_and_python_agree_on_every_timecode(browser: Browser) -> None:
    code = "\n".join((HERE / name).read_text() for name in MODULE)
    frames = [*range(0, 40_000, 7), *range(1790, 1810), *range(17_975, 17_990), 107_891, 107_892, 2_589_407]
    rates = [*RATES, Fraction(24), Fraction(50), Fraction(60_000, 1001), Fraction(60), Fraction(25, 2)]
    page = browser.new_page()
    told = page.evaluate(
        """async ([code, rates, frames]) => {
          const { timecode } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
          return rates.map((rate) => frames.map((frame) => timecode(frame, rate)));
        }""",
        [code, [[rate.numerator, rate.denominator] for rate in rates], frames],
    )
    page.close()
    assert told == [[frame_to_timecode(frame, rate) for frame in frames] for rate in rates]


def test_a_step_is_one_frame_however_fast_the_steps_come(visit: Visit) -> None:
    film = Film(visit(f"/?attempt={NTSC}"))
    film.go(100)
    film.button("One frame forward").click()
    film.shows(101)
    film.press("ArrowRight", "ArrowRight", ".", ".", "ArrowLeft", ",")
    film.shows(103)
    film.press("Home")
    film.shows(0)
    film.press("ArrowLeft")
    film.shows(0)
    film.press("End")
    film.shows(round(SECONDS * RATES[NTSC - 1]) - 1)


def test_j_k_and_l_shuttle_and_stop_on_the_frame_that_is_told(visit: Visit) -> None:
    film = Film(visit(f"/?attempt={NTSC}"))
    pace = "video => video.playbackRate"
    for speed in (1, 2, 4, 4):
        film.press("l")
        film.is_playing()
        assert film.video.evaluate(pace) == speed
    film.wait_past(60)
    film.press("k")
    film.is_playing(False)
    stopped = int(film.root.locator(".scrub").input_value())
    assert stopped > 60
    film.shows(stopped)
    film.press("j")
    film.page.wait_for_function(
        "([view, frame]) => Number(view.dataset.frame) < frame - 5",
        arg=[film.root.locator(".view").element_handle(), stopped],
    )
    film.press("k")
    film.is_playing(False)
    film.shows(int(film.root.locator(".scrub").input_value()))


def test_the_space_bar_plays_and_pauses_and_the_button_says_what_it_will_do(visit: Visit) -> None:
    film = Film(visit("/"))
    film.root.locator(".big").click()
    film.is_playing()
    film.button("Pause").wait_for()
    film.press(" ")
    film.is_playing(False)
    film.button("Play").click()
    film.is_playing()
    film.video.click()
    film.is_playing(False)


def test_the_film_ends_and_plays_again_from_its_first_frame(visit: Visit) -> None:
    film = Film(visit("/?attempt=2"))
    film.go(round(SECONDS * RATES[1]) - 4)
    film.press("k")
    film.page.wait_for_function("video => video.ended", arg=film.video.element_handle())
    film.is_playing(False)
    film.press("k")
    film.is_playing()
    # At no moment from here on is the last frame believed, which a pause would go to.
    film.page.wait_for_function(
        "([view, last]) => Number(view.dataset.frame) < last",
        arg=[film.root.locator(".view").first.element_handle(), 190],
    )
    film.press("k")
    film.is_playing(False)
    assert int(film.root.locator(".scrub").input_value()) < 190


def test_captions_are_on_until_they_are_turned_off(visit: Visit) -> None:
    film = Film(visit("/"))
    words = film.root.locator(".cues")
    film.go(30)
    expect(words).to_have_text("First words.")
    film.button("Captions").click()
    expect(words).to_be_empty()
    film.press("c")
    expect(words).to_have_text("First words.")
    # A video that is shown alone, as an iPhone does in full screen, draws them itself.
    mode = "(video, event) => { video.dispatchEvent(new Event(event)); return video.textTracks[0].mode; }"
    assert film.video.evaluate(mode, "webkitbeginfullscreen") == "showing"
    expect(words).to_be_empty()
    assert film.video.evaluate(mode, "webkitendfullscreen") == "hidden"
    expect(words).to_have_text("First words.")


def test_sound_and_speed_follow_keys_and_controls(visit: Visit) -> None:
    film = Film(visit("/"))
    film.press("m")
    assert film.video.evaluate("video => video.muted")
    film.press("ArrowDown", "ArrowDown")
    assert film.video.evaluate("video => [video.muted, video.volume]") == [False, 0.9]
    film.root.get_by_label("Speed").select_option("1.5")
    film.press("k")
    assert film.video.evaluate("video => video.playbackRate") == 1.5


def test_the_film_comes_in_ranges_and_nothing_is_asked_for_twice_over(open_page: OpenPage) -> None:
    page = open_page("about:blank")
    answers: list[tuple[int, str | None]] = []

    def note(response: Any) -> None:
        if response.url.endswith("video.mp4"):
            answers.append((response.status, response.headers.get("content-range")))

    page.on("response", note)
    page.goto("/?attempt=2")
    Film(page).go(150)
    assert answers
    assert {status for status, _ in answers} == {206}


def test_a_marker_goes_to_its_frame_and_shows_its_shape(visit: Visit) -> None:
    film = Film(visit(f"/?attempt={NTSC}&mode=markers"))
    film.root.get_by_role("button", name="Comment at 0:04: Slower, please").click()
    film.shows(120)
    film.root.get_by_role("button", name="Issue at 0:01").click()
    film.shows(45)
    box, picture_box = film.root.locator(".mark").bounding_box(), film.video.bounding_box()
    assert box["width"] / picture_box["width"] == pytest.approx(0.3, abs=0.01)
    assert (box["y"] - picture_box["y"]) / picture_box["height"] == pytest.approx(0.1, abs=0.01)
    film.press("ArrowRight")
    expect(film.root.locator(".mark")).to_have_count(0)


def test_words_of_a_marker_are_text_and_never_markup(visit: Visit) -> None:
    film = Film(visit("/?mode=markers"))
    film.root.get_by_role("button", name="Issue at").hover()
    expect(film.root.locator(".what")).to_have_text("The logo is cut off <b>here</b>")
    expect(film.root.locator("b")).to_have_count(0)


def test_pointing_at_the_line_shows_a_thumbnail_and_dragging_goes_there(visit: Visit) -> None:
    film = Film(visit("/?attempt=4"))
    line = film.root.locator(".timeline").bounding_box()
    y = line["y"] + line["height"] / 2
    film.page.mouse.move(line["x"] + line["width"] / 2, y)
    expect(film.root.locator(".thumb")).to_be_visible()
    expect(film.root.locator(".when")).to_have_text(re.compile("0:0[34]"))
    film.page.mouse.down()
    film.page.mouse.move(line["x"] + line["width"] * 0.75, y, steps=5)
    film.page.mouse.up()
    expect(film.root.locator(".preview")).to_be_hidden()
    frame = int(film.root.locator(".scrub").input_value())
    assert frame == pytest.approx(180, abs=3)
    film.shows(frame)


def test_playing_pausing_and_markers_rerun_nothing(visit: Visit) -> None:
    film = Film(visit("/?attempt=2&mode=markers"))
    film.press("k", "r")  # R is Streamlit's own key for a rerun; inside the player it is none
    film.wait_past(40)
    film.press("k")
    film.is_playing(False)
    film.root.get_by_role("button", name="Slower, please").click()
    film.shows(120)
    assert film.page.get_by_text("runs 1", exact=True).is_visible()
    film.page.get_by_role("button", name="Go to frame 77").click()
    film.page.get_by_text("runs 2", exact=True).wait_for()


def test_a_comment_carries_its_frame_and_range(mounted: Callable[..., Film]) -> None:
    film = mounted(4)
    film.go(90)
    assert film.told() == {"frame": 90, "end_frame": None, "shape": None}
    film.ask("range")
    film.go(30)
    assert film.told() == {"frame": 30, "end_frame": 90, "shape": None}
    film.ask("clear")
    assert film.told() == {"frame": 30, "end_frame": None, "shape": None}


def test_a_box_drawn_on_the_picture_comes_back_in_parts_of_the_picture(mounted: Callable[..., Film]) -> None:
    film = mounted(4)
    film.go(77)
    film.ask("draw")
    box = film.video.bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    film.page.mouse.move(*at(0.6, 0.7))
    film.page.mouse.down()
    film.page.mouse.move(*at(0.2, 0.4), steps=4)
    film.page.mouse.up()
    told = film.told()
    assert told["frame"] == 77
    assert told["shape"] == pytest.approx({"x": 0.2, "y": 0.4, "width": 0.4, "height": 0.3}, abs=0.01)
    film.shows(77)


def test_a_tap_on_the_picture_is_a_point_and_the_keyboard_can_draw_too(mounted: Callable[..., Film]) -> None:
    film = mounted(4, phone=True)
    film.ask("draw")
    film.root.locator(".shapes.drawing").wait_for()
    box = film.video.bounding_box()
    film.page.touchscreen.tap(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    assert film.told()["shape"] == pytest.approx({"x": 0.25, "y": 0.5, "width": 0, "height": 0}, abs=0.01)
    film.ask("clear")
    film.ask("draw")
    for key in ("Enter", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        film.page.keyboard.press(key)
    assert film.told()["shape"] == pytest.approx({"x": 0.52, "y": 0.5, "width": 0.02, "height": 0.02}, abs=0.001)


def test_the_page_can_send_the_player_to_a_frame_again_and_again(visit: Visit) -> None:
    film = Film(visit("/?attempt=4"))
    for _ in range(2):
        film.page.get_by_role("button", name="Go to frame 77").click()
        film.shows(77)
        film.go(10)


def test_the_tab_key_reaches_every_control_and_shows_where_it_is(visit: Visit) -> None:
    film = Film(visit("/?mode=markers"))
    film.root.evaluate("root => root.focus()")
    names = []
    for _ in range(14):
        film.page.keyboard.press("Tab")
        name, outline = film.root.evaluate(
            """root => {
              const focused = root.getRootNode().activeElement;
              if (!focused) return ["", "solid"];
              const name = focused.getAttribute("aria-label") || focused.textContent;
              return [name, getComputedStyle(focused).outlineStyle];
            }"""
        )
        assert outline == "solid", name
        names.append(name)
    reached = " · ".join(names)
    for name in ("Play", "Issue at", "Position in the video", "One frame back", "One frame forward", "Mute", "Volume"):
        assert name in reached
    for name in ("Captions", "Speed", "Full screen"):
        assert name in reached
    expect(film.root.locator(".scrub")).to_have_attribute("aria-valuetext", re.compile(r"0:00 of 0:08, frame 0"))


def test_on_a_phone_everything_fits_and_is_as_big_as_a_thumb(open_page: OpenPage) -> None:
    film = Film(open_page(f"/?attempt={NTSC}", phone=True))
    assert film.page.evaluate("document.documentElement.scrollWidth") <= 390
    small = film.root.evaluate(
        """root => [...root.querySelectorAll(".controls button:not([hidden]), .controls select, .timeline")]
          .map((control) => [control.className || control.dataset.do, control.getBoundingClientRect()])
          .filter(([, box]) => box.width < 44 || box.height < 44)
          .map(([name]) => name)"""
    )
    assert small == []
    picture_box, last = film.video.bounding_box(), film.button("Full screen").bounding_box()
    assert picture_box["height"] <= 844 * 0.7 + 1
    assert last["y"] + last["height"] <= 844


def test_full_screen_shows_the_whole_player(visit: Visit) -> None:
    film = Film(visit("/"))
    film.press("f")
    film.page.wait_for_function("document.fullscreenElement !== null")
    box, controls = film.video.bounding_box(), film.root.locator(".controls").bounding_box()
    assert controls["y"] + controls["height"] <= 900
    assert box["height"] > 700
    assert box["y"] + box["height"] <= controls["y"]
    film.press("f")
    film.page.wait_for_function("document.fullscreenElement === null")


def test_a_film_that_does_not_load_says_so_and_can_be_tried_again(visit: Visit) -> None:
    page = visit(f"/?attempt={MISSING}")
    alert = page.get_by_role("alert").filter(has_text="no longer available at this address")
    alert.wait_for()
    with page.expect_request(re.compile("video.mp4")):
        page.get_by_role("button", name="Try again").click()
    alert.wait_for()


def test_two_films_play_in_step_and_stop_on_the_same_moment(visit: Visit) -> None:
    film = Film(visit("/?attempt=2&mode=compare&with=4"))
    left, right = (film.root.locator("video").nth(place) for place in (0, 1))
    film.press("k")
    film.wait_past(10)
    for away in (1.5, -0.8):
        right.evaluate("(video, seconds) => { video.currentTime += seconds }", away)
        film.page.wait_for_function(
            """([left, right]) =>
              left.currentTime < 7 && !right.seeking && Math.abs(left.currentTime - right.currentTime) <= 1 / 25""",
            arg=[left.element_handle(), right.element_handle()],
        )
    film.press("k")
    film.is_playing(False)
    frame = int(film.root.locator(".scrub").input_value())
    film.shows(frame)
    same_moment = int((frame + Fraction(1, 2)) / RATES[1] * RATES[3])
    expect(film.root.locator(".view").nth(1)).to_have_attribute("data-frame", str(same_moment))
    assert right.evaluate(READ_NUMBER) == same_moment


def test_of_two_films_one_is_heard(visit: Visit) -> None:
    film = Film(visit("/?attempt=1&mode=compare&with=2"))
    left, right = (film.root.locator("video").nth(place) for place in (0, 1))
    muted = "video => video.muted"
    assert (left.evaluate(muted), right.evaluate(muted)) == (True, False)
    film.root.get_by_role("button", name="Attempt 1, draft 1").click()
    assert (left.evaluate(muted), right.evaluate(muted)) == (False, True)
    film.press("m")
    assert (left.evaluate(muted), right.evaluate(muted)) == (True, True)
