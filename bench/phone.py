"""Time until a founder can read and watch on a phone's network: ``python -m bench.phone [RUNS]``.

Opens a review link in a phone-sized Chromium with an empty cache and a network throttled by the developer tools, and
compares it with a bare page of the same video and poster on the same server. Reports when the room's first words appear
(not those of the page that opens the link), when its video shows its first picture and can be played there, and what
was fetched besides poster and video until then. Then plays a delivered video of 8 Mbit/s on the slow network to its
end, and reports how often and how long it stood still.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.first_frame import minute_long
from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.rendering.attempt import run_attempt
from pilot_core.review.links import make_link
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, read_settings
from tests.browser.conftest import PHONE
from tests.browser.serving import chromium, running

RUNS = 5
SLOW = "1.6 Mbit/s, 150 ms"
NETWORKS = {SLOW: (1.6, 150), "9 Mbit/s, 60 ms": (9.0, 60)}
WORDS_SECONDS, PLAY_RATIO, KILOBYTES, REQUESTS = 1.5, 1.6, 150, 12
MEDIA = (".mp4", ".jpg", ".vtt")
AWAY = "https://pilots.example.com"
"""The server's public address in its settings, without which a visitor on this machine would be a lead."""

WATCH = """
const shown = () => performance.timeOrigin + performance.now();
(function look() {
  const page = document.body?.dataset.page;
  const there = page === "room" || location.pathname.startsWith("/bare/");
  const host = document.querySelector(".host");
  const video = document.querySelector("video[controls]") ?? host?.shadowRoot.querySelector("video");
  // What is on the page at a frame is painted before the next.
  if (window.found && !window.words) window.words = shown();
  if (there && document.querySelector("h1")) window.found = true;
  if (there && !window.can_play && video?.readyState >= 2) window.can_play = shown();
  requestAnimationFrame(look);
})();
"""

# Not wait_for_function: the room's content security policy forbids it.
BOTH = """async () => {
  while (!window.words || !window.can_play) await new Promise(requestAnimationFrame);
  return [window.words, window.can_play];
}"""


# Plays the room's video to its end. Returns its address, and when it stood still: [at, for how long] in seconds.
THROUGH = """async () => {
  const video = document.querySelector(".host").shadowRoot.querySelector("video");
  const stalls = [];
  let since = null;
  const over = () => {
    if (since) stalls.push([video.currentTime, (performance.now() - since) / 1000]);
    since = null;
  };
  const begun = new Promise((done) => video.addEventListener("playing", done, { once: true }));
  const ended = new Promise((done) => video.addEventListener("ended", done, { once: true }));
  window.playThrough = (async () => {
    await begun;
    video.addEventListener("waiting", () => (since = performance.now()));
    video.addEventListener("playing", over);
    await ended;
    return [video.currentSrc, stalls, video.duration];
  })();
}"""


@dataclass
class Visit:
    """Seconds until the first words and until the video can play; bytes and requests before the media."""

    words: float
    play: float
    kilobytes: float
    requests: int


def measured(root: str, runs: int = RUNS) -> tuple[list[float], dict[str, Any], dict[str, Any]]:
    """Return the seconds to the room's first words on the slow network, and both pages' results by network."""
    folder = Path(root)
    store = PilotStore(folder / "store")
    token, _ = minute_long(store)
    bare = folder / "bare"
    bare.mkdir()
    shutil.copy(next(store.root.rglob("draft_v1.mp4")), bare / "video.mp4")
    shutil.copy(next(store.root.rglob("poster.jpg")), bare)
    found: dict[str, Any] = {}
    first: list[float] = []
    settings = {"BENCH_BARE": str(bare), "PILOT_OPS_URL": AWAY}
    app = running(ROOT / "bench" / "bare_app.py", store.root, settings, folder / "log")
    with app as server, chromium() as browser:
        for name, (megabits, delay) in NETWORKS.items():
            pairs = [
                (
                    _visit(browser, f"{server}/r/{token}", "**/review", megabits, delay),
                    _visit(browser, f"{server}/bare/", "**/bare/", megabits, delay),
                )
                for _ in range(runs + 1)
            ][1:]
            ours, rival = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            first = first or [visit.words for visit in ours]
            found[name] = {
                "words": statistics.median(visit.words for visit in ours),
                "play": statistics.median(visit.play for visit in ours),
                "bare_words": statistics.median(visit.words for visit in rival),
                "bare_play": statistics.median(visit.play for visit in rival),
                "kilobytes": max(visit.kilobytes for visit in ours),
                "requests": max(visit.requests for visit in ours),
            }
    found[SLOW]["stalls"] = _played_through(folder / "delivered")
    return first, None, found


def _played_through(folder: Path) -> dict[str, Any]:
    """Play a delivered video in its room on the slow network.

    Returns which rendition was played and the seconds for which it stood still, each time after it had begun.
    """
    store = PilotStore(folder / "store")
    token = _delivered(store, folder / "delivered.mp4")
    app = running(ROOT / "bench" / "bare_app.py", store.root, {"PILOT_OPS_URL": AWAY}, folder / "log")
    with app as server, chromium() as browser:
        context = browser.new_context(**PHONE)
        page = context.new_page()
        throttled(page, *NETWORKS[SLOW])
        page.goto(f"{server}/r/{token}", wait_until="commit")
        page.locator('.player[data-state="paused"]').first.wait_for(timeout=60_000)
        page.evaluate(THROUGH)
        page.locator(".player .big").first.click()
        address, stalls, length = page.evaluate("() => window.playThrough")
        context.close()
    return {"video": Path(address.split("?")[0]).name, "stood": [long for _, long in stalls], "seconds": length}


def _delivered(store: PilotStore, source: Path) -> str:
    """Return the token of a link to a pilot whose video was delivered as 20 s of 8 Mbit/s."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=1080x1920:r=30:d=20,noise=alls=6:allf=t"]
    sound = ["-f", "lavfi", "-i", "sine=440:d=20:r=48000"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "8M", "-g", "250", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *picture, *sound, *coded, str(source)], check=True)
    lead = at_command_line("bench")
    pilot = pilots.create_pilot("Alice Chen", "AcmeAI", "feature_launch", "wellness")
    pilots.start_pilot(store, pilot, lead)
    upload = pilots.keep_upload(store, pilot.pilot_id, source)
    pilots.queue_attempt(store, pilot.pilot_id, "upload", Act(lead), upload_path=upload)
    run_attempt(store, pilot.pilot_id, 1, read_settings())
    return make_link(store, pilot.pilot_id, "Dana Cruz", actor=lead)[1]


def _visit(browser: Browser, address: str, ends_at: str, megabits: float, delay: float) -> Visit:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.add_init_script(WATCH)
    asked = throttled(page, megabits, delay)
    begun = time.time() * 1000
    page.goto(address, wait_until="commit")
    page.wait_for_url(ends_at, wait_until="commit")
    words, play = page.evaluate(BOTH)
    fetched = [(path, size) for path, size in asked.values() if path.startswith("http") and size]
    before = [size for path, size in fetched if not path.split("?")[0].endswith(MEDIA)]
    context.close()
    return Visit((words - begun) / 1000, (play - begun) / 1000, sum(before) / 1000, len(before))


def throttled(page: Page, megabits: float, delay: float) -> dict[str, tuple[str, float]]:
    """Throttle the page's network. Returns a dict that fills with the addresses and bytes it fetches."""
    asked: dict[str, tuple[str, float]] = {}
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": delay,
            "downloadThroughput": megabits * 125_000,
            "uploadThroughput": megabits * 125_000,
        },
    )

    def sent(told: dict[str, Any]) -> None:
        # A redirect is reported as another request with the same id.
        asked[f"{told['requestId']} {told['request']['url']} {told['request']['method']}"] = (told["request"]["url"], 0)

    def came(told: dict[str, Any]) -> None:
        for key, (path, size) in asked.items():
            if key.startswith(f"{told['requestId']} "):
                asked[key] = (path, size + told["encodedDataLength"])
                break

    tools.on("Network.requestWillBeSent", sent)
    tools.on("Network.loadingFinished", came)
    return asked


def is_kept(told: dict[str, Any]) -> bool:
    """Whether a network's results reach the targets."""
    soon = told["words"] <= WORDS_SECONDS and told["play"] <= PLAY_RATIO * told["bare_play"]
    return soon and told["kilobytes"] <= KILOBYTES and told["requests"] <= REQUESTS


def main(runs: int = RUNS) -> int:
    """Measure and print. Returns the exit code: 1 if a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        _, _, found = measured(folder, runs)
    for name, told in found.items():
        print(
            f"{name}: first words {told['words']:.2f} s (bare page {told['bare_words']:.2f} s), can play "
            f"{told['play']:.2f} s (bare page {told['bare_play']:.2f} s, {told['play'] / told['bare_play']:.2f}×), "
            f"{told['kilobytes']:.0f} KB in {told['requests']} requests before poster and video"
            f"{'' if is_kept(told) else '  MISSED'}"
        )
    through = found[SLOW]["stalls"]
    print(
        f"{SLOW}: {through['video']} of {through['seconds']:.0f} s stood still {len(through['stood'])} times, "
        f"{sum(through['stood']):.1f} s{'  MISSED' if through['stood'] else ''}"
    )
    return int(bool(through["stood"]) or not all(is_kept(told) for told in found.values()))


if __name__ == "__main__":
    sys.exit(main(*(int(given) for given in sys.argv[1:2])))
