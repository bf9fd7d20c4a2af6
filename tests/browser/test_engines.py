"""The review room in Chromium, Firefox and WebKit: exact frames, a comment, a mark, a decision."""

import random
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import Draft
from pilot_core.domain.comments import Shape
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.comments import comments_of
from pilot_core.review.links import make_link
from tests.browser import engines
from tests.browser.engines import Engine
from tests.browser.numbered_films import READ_NUMBER, make_numbered_film
from tests.browser.review_films import new_review
from tests.conftest import do_without
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser

RATES = (Fraction(24_000, 1001), Fraction(25), Fraction(30_000, 1001), Fraction(60_000, 1001))
TRIED_ALWAYS = (RATES[0], RATES[2])
SECONDS, SEEKS = 4, 54
HERE = {
    "firefox": (engines.FIREFOX, engines.firefox),
    "webkit": (engines.WEBKIT_DRIVER and engines.SCREEN, engines.webkit),
}
FIND = f"""
const place = () => document.querySelector(".host")?.shadowRoot ?? document;
const root = () => place().querySelector(".player");
const view = () => root().querySelector(".view");
const video = () => view().querySelector("video");
const find = (selector) => document.querySelector(selector);
const every = () => [root(), ...document.querySelectorAll(".more .player")];
const until = async (holds, patience = 60000) => {{
  for (const end = performance.now() + patience; !holds(); await new Promise((next) => setTimeout(next, 8)))
    if (performance.now() > end) throw new Error(`it did not come to hold: ${{holds}}`);
}};
const read = {READ_NUMBER};
const claimed = (root) => Number(root.querySelector(".view").dataset.frame);
const pictured = (root) => read(root.querySelector("video"));
// The picture is painted a moment after the browser says that it is there: waits for it, and looks twice.
const seen = async (root) => {{
  await until(() => pictured(root) === claimed(root), 20000).catch(() => null);
  await new Promise(requestAnimationFrame);
  return [pictured(root), claimed(root)];
}};
const arrival = (holds) => until(() => every().every((root) => !root.querySelector("video").seeking && holds(root)));
const go = async (frame) => {{
  for (const root of every()) {{
    const scrub = root.querySelector(".scrub");
    scrub.value = frame;
    scrub.dispatchEvent(new Event("input"));
  }}
  await arrival((root) => claimed(root) === frame);
}};
"""
# Goes to each frame in every player on the page; returns [in the picture, claimed] for each.
SEEK = f"""async (frames) => {{
  {FIND}
  const found = [];
  for (const frame of frames) {{
    await go(frame);
    found.push(await Promise.all(every().map(seen)));
  }}
  return found;
}}"""
STEPS = f"""async (acts) => {{
  {FIND}
  const found = [];
  await go(60);
  for (const act of acts) {{
    const before = every().map(claimed);
    for (const root of every()) root.querySelector(`.controls [data-do="${{act}}"]`).click();
    await arrival((root) => claimed(root) !== before[every().indexOf(root)]);
    found.push(await Promise.all(every().map(seen)));
  }}
  return found;
}}"""
# Two more players beside the room's own: of one the video's frame callback is silent, the other's video has none.
MORE = f"""async () => {{
  {FIND}
  const {{ MARKUP, createPlayer }} = await import(find('[rel="modulepreload"]').href);
  const {{ sources }} = JSON.parse(find("#data").textContent).player;
  for (const callback of [() => 0, undefined]) {{
    const host = document.createElement("div");
    host.className = "more";
    host.innerHTML = MARKUP;
    host.style.cssText = "position: fixed; inset: 0 auto auto 0; width: 120px; height: 120px; overflow: hidden";
    document.body.append(host);
    const own = document.createElement("video");
    own.requestVideoFrameCallback = callback;
    own.preload = "auto";
    own.setAttribute("src", sources[0].video);
    host.append(own);
    createPlayer(host.querySelector(".player"), {{ adopted: [own] }}).update({{ sources, markers: [], seek: null }});
  }}
  await until(() => every().every((root) => root.querySelector("video").readyState >= 2));
}}"""
# The browser may hold another review from before; then the page asks, and the button is pressed.
ARRIVED = """async () => {
  document.querySelector("form:not(.pressed) [name=replace]")?.form.requestSubmit();
  document.querySelector("[name=replace]")?.form.classList.add("pressed");
  return location.pathname === "/review" && Boolean(document.querySelector(".host"));
}"""
STILL = """
const still = async (element) => {
  const boxes = [];
  for (let look = 0; look < 3; look++) {
    const { x, y, width, height } = element.getBoundingClientRect();
    boxes.push(JSON.stringify([x, y, width, height]));
    await new Promise(requestAnimationFrame);
  }
  const { x, y, width, height } = element.getBoundingClientRect();
  const hit = element.getRootNode().elementFromPoint(x + width / 2, y + height / 2);
  return width > 0 && new Set(boxes).size === 1 && (hit === element || element.contains(hit));
};
"""
# Runs the room in a page that had no script, with the video's frame callback as it is, silent, or absent.
ROOM = f"""async (callback) => {{
  {FIND}
  const own = HTMLVideoElement.prototype;
  if (callback === "silent") own.requestVideoFrameCallback = () => 0;
  if (callback === "absent") delete own.requestVideoFrameCallback;
  const page = new DOMParser().parseFromString(await (await fetch("/review")).text(), "text/html");
  document.head.replaceChildren(...document.adoptNode(page.head).childNodes);
  document.body.replaceWith(document.adoptNode(page.body));
  await import(find('script[type="module"]').src);
  await until(() => find(".host") && video().readyState >= 2);
}}"""
WRITING = f"""
{FIND}
const shown = async () => (await seen(root()))[0];
const press = (selector) => find(selector).click();
const send = async (words) => {{
  find("#sheet textarea").value = words;
  press("#sheet .primary");
  await until(() => find("#sheet").hidden);
}};
"""
# Says something of a frame, and begins a range; returns the numbers in the pictures.
BEGIN = f"""async (last) => {{
  {WRITING}
  await go(40);
  const told = {{ comment: await shown() }};
  press("#bar [data-do=compose]");
  await send("comment" + last);
  await go(11);
  told.range = await shown();
  const speed = root().querySelector(".speed"); // slow, so that there is time to pause before the end
  speed.value = "0.5";
  speed.dispatchEvent(new Event("change"));
  press("#bar [data-do=compose]");
  press("#sheet [data-do=range]");
  return told;
}}"""
# Ends the range where the video was paused, and says something with a mark; returns the numbers in the pictures.
FINISH = f"""async (last) => {{
  {WRITING}
  await until(() => root().dataset.state === "paused" && !video().seeking);
  const told = {{ range: await shown() }};
  press("#sheet [data-do=range]");
  await send("range" + last);
  await go(77);
  told.mark = await shown();
  press("#bar [data-do=compose]");
  press("#sheet [data-do=draw]");
  const enter = new KeyboardEvent("keydown", {{ key: "Enter", bubbles: true, composed: true, cancelable: true }});
  root().querySelector(".drawing").dispatchEvent(enter);
  await send("mark" + last);
  return told;
}}"""
PLAY = "root().querySelector('.controls [data-do=play]')"


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot for each rate, and for each engine one to decide on."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for engine in ("Chromium", "Firefox", "WebKit"):
        _film(store, new_review(store, engine).pilot_id, RATES[1])
    for rate in RATES:
        _film(store, new_review(store, str(rate)).pilot_id, rate)
    return store.root


def _film(store: PilotStore, pilot_id: str, rate: Fraction) -> None:
    path = f"{pilot_id}/attempt_1/draft_v1.mp4"
    make_numbered_film(store.root / path, rate, SECONDS)
    frames = round(SECONDS * rate)
    draft = Draft(
        iteration=1,
        conformed=True,
        video_path=path,
        duration=float(frames / rate),
        frame_rate=str(rate),
        frame_count=frames,
    )

    def add(pilot: PilotRun) -> None:
        pilot.add_attempt(path).drafts = [draft]

    store.change(pilot_id, add, "pipeline")


@pytest.fixture(scope="module", params=("chromium", "firefox", "webkit"))
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One of the browsers, the same for every test here."""
    if request.param == "chromium":
        page = engines.Chromium(request.getfixturevalue("browser"))
        yield page
        page.close()
        return
    program, opened = HERE[request.param]
    if not program:
        do_without(f"there is no {request.param}; install it with scripts/install_test_tools.sh")
    with opened(tmp_path_factory.mktemp(request.param)) as running:
        yield running


def opens(engine: Engine, server: str, store: PilotStore, company: str) -> PilotRun:
    """Follow a review link of that company's pilot, until its player is there."""
    pilot = next(pilot for pilot in store.load_all() if pilot.company_name == company)
    token = make_link(store, pilot.pilot_id, f"Dana {time.monotonic()}", actor=LEAD)[1]
    engine.goto(f"{server}/r/{token}")
    wait(lambda: arrived(engine))
    engine.run(f"async () => {{ {FIND} await until(() => root() && video().readyState >= 2); }}")
    return pilot


def arrived(engine: Engine) -> bool:
    try:
        return bool(engine.run(ARRIVED))
    except RuntimeError:  # it was on its way from one page to the next
        return False


def wait(what: Callable[[], object], seen: object = None) -> None:
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline, f"it did not come to hold; seen last: {seen}"
        time.sleep(0.1)


def place(engine: Engine, script: str) -> tuple[float, float, float, float]:
    """Where an element is: left, top, width, height."""
    box = f"const box = ({script}).getBoundingClientRect(); return [box.x, box.y, box.width, box.height];"
    found = engine.run(f"async () => {{ {FIND} {box} }}")
    return found[0], found[1], found[2], found[3]


def press(engine: Engine, script: str) -> None:
    """Click in the middle of an element, once it stands still and nothing lies over it."""
    wait(lambda: engine.run(f"async () => {{ {FIND} {STILL} return still({script}); }}"))
    left, top, width, height = place(engine, script)
    engine.pointer((left + width / 2, top + height / 2))


def write(engine: Engine, area: str, words: str) -> None:
    """Type into a text field of the page, once it has the focus, until the words are in it."""
    press(engine, f"find('{area}')")
    wait(lambda: engine.run(f"async () => {{ {FIND} return document.activeElement === find('{area}'); }}"))
    engine.type(words)
    wait(lambda: engine.run(f"async () => {{ {FIND} return find('{area}').value; }}") == words)


def send(engine: Engine) -> None:
    """Press the sheet's button and wait until the comment is sent; says what the sheet says if it is not."""
    press(engine, "find('#sheet .primary')")
    told = "return [find('#sheet').hidden, find('.fault:not([hidden])')?.textContent, find('#sheet textarea')?.value];"
    seen: list[object] = []

    def sent() -> object:
        seen[:] = engine.run(f"async () => {{ {FIND} {told} }}")
        return seen[0]

    wait(sent, seen)


def plays(engine: Engine) -> None:
    """Press Play by a hand, or WebKit plays nothing, and wait until most of a second was played."""
    seen: list[object] = []
    told = "const film = video(); return [root().dataset.state, film.currentTime, film.paused, film.readyState];"

    def played() -> bool:
        seen[:] = engine.run(f"async () => {{ {FIND} {told} }}")
        if seen[0] == "paused":
            press(engine, PLAY)
        return float(str(seen[1])) > 0.9

    wait(played, seen)


def frames_of(rate: Fraction) -> list[int]:
    return random.Random(20260301).sample(range(round(SECONDS * rate)), SEEKS)


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(rate, id=f"{float(rate):.5g}", marks=() if rate in TRIED_ALWAYS else pytest.mark.exhaustive)
        for rate in RATES
    ],
)
def test_every_frame_that_is_claimed_or_stored_is_the_one_in_the_picture(
    engine: Engine, server: str, store: PilotStore, rate: Fraction
) -> None:
    pilot = opens(engine, server, store, str(rate))
    assert_stored_as_shown(engine, store, pilot)
    engine.run(MORE)
    frames = frames_of(rate)
    assert engine.run(SEEK, frames) == [[[frame, frame]] * 3 for frame in frames]
    stepped = engine.run(STEPS, ["forward", "forward", "back", "back", "back"])
    assert stepped == [[[frame, frame]] * 3 for frame in (61, 62, 61, 60, 59)]
    for callback in ("silent", "absent"):
        engine.goto(f"{server}/review/approve")
        engine.run(ROOM, callback)
        assert_stored_as_shown(engine, store, pilot)


def assert_stored_as_shown(engine: Engine, store: PilotStore, pilot: PilotRun) -> None:
    """A comment, a range and a mark are stored on the frames in the picture."""
    last = f" {time.monotonic()}"
    begun = engine.run(BEGIN, last)
    plays(engine)
    press(engine, PLAY)
    ended = engine.run(FINISH, last)
    said = {comment.body.removesuffix(last): comment for comment in comments_of(store, pilot.pilot_id)}
    assert said["comment"].frame == begun["comment"] == 40
    assert said["range"].frame == begun["range"] == 11
    assert said["range"].end_frame == ended["range"] > 11
    assert said["mark"].frame == ended["mark"] == 77
    assert said["mark"].shape == Shape(0.5, 0.5)


def test_from_the_link_to_a_decision(engine: Engine, server: str, store: PilotStore) -> None:
    pilot = opens(engine, server, store, type(engine).__name__)
    assert engine.run(SEEK, [40]) == [[[40, 40]]]
    press(engine, "find('#bar [data-do=compose]')")
    write(engine, "#sheet textarea", "Slower here")
    send(engine)

    assert engine.run(SEEK, [77]) == [[[77, 77]]]
    press(engine, "find('#bar [data-do=compose]')")
    press(engine, "find('#sheet [data-do=draw]')")
    wait(lambda: engine.run(f"async () => {{ {FIND} {STILL} return still(root().querySelector('.drawing')); }}"))
    left, top, width, height = place(engine, "video()")
    engine.pointer((left + 0.2 * width, top + 0.3 * height), (left + 0.6 * width, top + 0.6 * height))
    write(engine, "#sheet textarea", "This box")
    send(engine)
    [first] = [comment for comment in comments_of(store, pilot.pilot_id) if comment.body == "Slower here"]
    [second] = [comment for comment in comments_of(store, pilot.pilot_id) if comment.body == "This box"]
    assert (first.frame, first.shape) == (40, None)
    assert second.frame == 77
    assert second.shape is not None
    shape = (second.shape.x, second.shape.y, second.shape.width, second.shape.height)
    assert shape == pytest.approx((0.2, 0.3, 0.4, 0.3), abs=0.03)

    press(engine, PLAY)
    wait(lambda: engine.run(f"async () => {{ {FIND} return video().currentTime > 3.3; }}"))
    press(engine, "find('#bar [data-do=changes]')")
    engine.run("async () => document.querySelector('[name=notes]').focus()")
    engine.type("The middle drags")
    engine.run("async () => document.querySelector('[data-form=changes] .primary').click()")
    wait(lambda: store.load(pilot.pilot_id).runs[0].review)
    given = store.load(pilot.pilot_id).runs[0].review
    assert given is not None
    assert (given.level, given.notes) == (FeedbackLevel.MINOR_CHANGES, "The middle drags")
