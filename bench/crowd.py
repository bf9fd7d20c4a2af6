"""Fifty founders watch and comment, alone and then while five leads browse: ``python -m bench.crowd [SECONDS]``.

A founder is HTTP requests and an event stream, a lead a websocket to Streamlit, as a browser has them, without the
browser. They arrive within the first twenty seconds. A founder requests a piece of the video (256 KB, by range) every
two seconds, reports every ten what was watched, and comments on a frame every ten to thirty. Everyone in that room then
reloads it within 0.4 s, as its script does. A lead opens another page every five to ten seconds. Measured are the
founders' requests, compared with an empty route of the same server, and the leads' reruns, from the message until the
script has finished. The visitors share the machine's cores with the server.
"""

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import websockets

from bench.fill import fill, state_files_of
from bench.film import brief
from bench.server import Server, serving
from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.rendering.attempt import run_attempt
from pilot_core.review.links import make_link, open_link
from pilot_core.services import pilots as services
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, read_settings
from pilot_core.video.storyboard.pipeline import StoryboardPipeline
from pilot_core.web.access.visitors import GRANT_COOKIE

FOUNDERS, LEADS, PILOTS, PIECE = 50, 5, 5, 262_144
ARRIVING = 20.0
SPREAD = 0.4  # seconds, as in live.js
REPORT_EVERY = 10.0
REQUEST_SECONDS = 0.15  # the 95th percentile of any request
EMPTY = "empty route"
SCREENS = ("", "pilot", "metrics", "reports")


@dataclass
class Told:
    """Results of all visitors. Times are in seconds, reruns by kind."""

    reruns: dict[str, list[float]] = field(default_factory=dict)
    comments: int = 0
    errors: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Seat:
    """A founder's cookie and the video they watch."""

    cookie: str
    attempt_id: str


def founders(root: str, seconds: float = 60.0) -> tuple[list[float], dict[str, Any], dict[str, Any]]:
    """Run the founders alone. Returns the seconds of every request, and the collected results."""
    return crowd(root, seconds, leads=0)


def crowd(root: str, seconds: float = 60.0, leads: int = LEADS) -> tuple[list[float], dict[str, Any], dict[str, Any]]:
    """Run the visitors on a store of 1,000 pilots. Returns the seconds of every request, and the collected results."""
    store = fill(Path(root), 1_000)
    state_files_of(store, store.root)  # otherwise the server writes them at its start
    seats = _seats(store)
    before = sum(len(store.events(pilot_id)) for pilot_id in {seat.attempt_id[:-3] for seat in seats})
    with serving(ROOT / "bench" / "bare_app.py", store.root, Path(root) / "server.log") as server:
        server.settle()
        begun = server.memory()
        told = asyncio.run(_minute(server, seats, store.pilot_ids()[:20], seconds, leads))
        top = server.memory("VmHWM")
    from pilot_core.review.comments import comments_of

    kept = sum(len(comments_of(store, pilot_id)) for pilot_id in {seat.attempt_id[:-3] for seat in seats})
    every = sorted(taken for times in told.reruns.values() for taken in times)
    if kept != told.comments:
        told.errors.append(f"{told.comments - kept} of {told.comments} comments were not kept")
    return (
        every,
        {"errors": len(told.errors), "comments": told.comments, "kept": kept, "requests": len(every)},
        {
            "by_kind": {
                kind: [len(t), *(_at(t, share) for share in (0.5, 0.95, 0.99))]
                for kind, t in sorted(told.reruns.items())
            },
            "p95": _at(every, 0.95),
            "memory_before": begun,
            "memory": told.memory,
            "server_peak": top,
            "said": told.errors[:5],
            "events_before": before,
        },
    )


def _seats(store: PilotStore) -> list[Seat]:
    """Return a grant for each founder, on pilots that share one video."""
    seats = []
    film = None
    with tempfile.TemporaryDirectory() as folder:
        film = StoryboardPipeline().make_cut(brief(), Path(folder), lambda *_: None).video_path
        for number in range(PILOTS):
            pilot = services.create_pilot("Alice Chen", f"Crowd {number}", "problem_solution", "enterprise")
            services.start_pilot(store, pilot, at_command_line("bench"))
            upload = services.keep_upload(store, pilot.pilot_id, film)
            services.queue_attempt(store, pilot.pilot_id, "upload", Act(at_command_line("bench")), upload_path=upload)
            run_attempt(store, pilot.pilot_id, 1, read_settings())
            for place in range(FOUNDERS // PILOTS):
                _, token = make_link(store, pilot.pilot_id, f"Founder {number} {place}", actor=at_command_line("bench"))
                seats.append(Seat(open_link(store, token)[1], f"{pilot.pilot_id}_a1"))
    return seats


async def _minute(server: Server, seats: list[Seat], pilots: list[str], seconds: float, leads: int) -> Told:
    told = Told()
    until = time.perf_counter() + seconds
    visitors = [_founder(server, seat, told, until, n) for n, seat in enumerate(seats)]
    visitors += [_lead(server, pilots, told, until, n) for n in range(leads)]
    watching = asyncio.create_task(_watch(server, told))
    for outcome in await asyncio.gather(*visitors, return_exceptions=True):
        if isinstance(outcome, BaseException):
            told.errors.append(f"{type(outcome).__name__}: {outcome}")
    watching.cancel()
    return told


async def _watch(server: Server, told: Told) -> None:
    while True:
        told.memory.append(server.memory())
        await asyncio.sleep(5)


async def _founder(server: Server, seat: Seat, told: Told, until: float, number: int) -> None:
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, ARRIVING))
    # Each comes from another address, as through a proxy: what one address may send is limited.
    told_of = {"Origin": server.address, "X-Forwarded-For": f"192.0.2.{number}"}
    carried = {GRANT_COOKIE: seat.cookie}
    async with httpx.AsyncClient(headers=told_of, cookies=carried, base_url=server.address, timeout=20) as client:
        guest = Founder(client, told)
        await guest.opens("review opened")
        news = asyncio.create_task(guest.hears(until))
        film = f"/watch/{seat.attempt_id}/draft_v1.mp4"
        next_comment = time.perf_counter() + chance.uniform(5, 20)
        next_report = time.perf_counter() + REPORT_EVERY
        at = said = 0
        while time.perf_counter() < until:
            answer = await guest.timed(
                "piece of the video", "GET", film, headers={"Range": f"bytes={at}-{at + PIECE - 1}"}
            )
            at = at + PIECE if at + PIECE < int(answer.headers["content-range"].split("/")[1]) else 0
            await guest.timed(EMPTY, "GET", "/bare/nothing")
            if time.perf_counter() >= next_report:
                watched = {"attempt": 1, "watched": [[0, round(time.perf_counter() - next_report + 2 * REPORT_EVERY)]]}
                await guest.timed("report of what was watched", "POST", "/watched", json=watched)
                next_report += REPORT_EVERY
            if time.perf_counter() >= next_comment:
                said += 1
                told.comments += 1
                await guest.comments(f"Remark {said} of {number}", chance.randrange(800))
                next_comment = time.perf_counter() + chance.uniform(10, 30)
            await asyncio.sleep(2)
        news.cancel()


class Founder:
    """One founder's browser in the room."""

    def __init__(self, client: httpx.AsyncClient, told: Told):
        self._client, self._told = client, told
        self._page = ""

    async def timed(self, kind: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and record its time under ``kind``."""
        begun = time.perf_counter()
        answer = await self._client.request(method, path, **options)
        self._told.reruns.setdefault(kind, []).append(time.perf_counter() - begun)
        if answer.status_code >= 400:
            self._told.errors.append(f"{method} {path} answered {answer.status_code}")
        return answer

    async def opens(self, kind: str) -> None:
        """Load the room."""
        self._page = (await self.timed(kind, "GET", "/review")).text

    async def comments(self, words: str, frame: int) -> None:
        """Fill in and send the page's comment form, then load the room."""
        form = self._page[self._page.index('action="/review/comments"') :]
        hidden = {name: _field(form, name) for name in ("token", "key", "attempt")}
        await self.timed("comment", "POST", "/review/comments", data=hidden | {"frame": str(frame), "body": words})
        await self.opens("review after a comment")

    async def hears(self, until: float) -> None:
        """Wait for events as long as the page is open, and reload the room at each."""
        seen = quote(self._page.split('"stamp": "', 1)[1].split('"', 1)[0])
        async with self._client.stream("GET", f"/review/events?seen={seen}", timeout=None) as news:
            async for line in news.aiter_lines():
                if line.startswith("data:") and time.perf_counter() < until:
                    await asyncio.sleep(random.uniform(0, SPREAD))
                    await self.opens("review at news")


def _field(form: str, name: str) -> str:
    return form.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


async def _lead(server: Server, pilots: list[str], told: Told, until: float, number: int) -> None:
    chance = random.Random(1000 + number)
    await asyncio.sleep(chance.uniform(0, 5))
    async with _Session(server, told, "") as session:
        while time.perf_counter() < until:
            screen = chance.choice(SCREENS)
            query = f"pilot={chance.choice(pilots)}" if screen == "pilot" else ""
            await session.rerun(screen or "overview", page=screen, query=query)
            await asyncio.sleep(chance.uniform(5, 10))


class _Session:
    """One visitor's websocket to Streamlit."""

    def __init__(self, server: Server, told: Told, cookie: str):
        self._told = told
        headers = {"Cookie": cookie} if cookie else {}
        self._connecting = websockets.connect(
            server.address.replace("http", "ws") + "/_stcore/stream",
            origin=server.address,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers=headers,
            max_size=None,
        )

    async def __aenter__(self) -> "_Session":
        self._socket = await self._connecting
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def rerun(self, kind: str, *, page: str, query: str = "") -> None:
        """Request a run of the page and wait until it has finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        message.rerun_script.context_info.timezone = "Europe/Berlin"
        begun = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        await asyncio.wait_for(self._finished(), 60)
        self._told.reruns.setdefault(kind, []).append(time.perf_counter() - begun)

    async def _finished(self) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        while True:
            message = ForwardMsg()
            message.ParseFromString(await self._socket.recv())  # type: ignore[arg-type]
            what = message.WhichOneof("type")
            if what == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                if element.WhichOneof("type") == "exception":
                    self._told.errors.append(element.exception.message)
            elif what == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, round(share * len(times)))] if times else 0.0


def slowest(notes: dict[str, Any]) -> float:
    """Return the highest 95th percentile of any kind of request, in seconds."""
    return max(float(p95) for _, _, p95, _ in notes["by_kind"].values())


def main(seconds: float) -> int:
    """Run and print both. Returns the exit code: 1 if there were errors or the founders alone waited for too long."""
    missed = False
    for run, who in ((founders, f"{FOUNDERS} founders"), (crowd, f"{FOUNDERS} founders and {LEADS} leads")):
        with tempfile.TemporaryDirectory() as folder:
            _, found, notes = run(folder, seconds)
        print(f"{who} for {seconds:g} s, {found['requests']} requests, {found['kept']} comments. ms at p50, p95, p99:")
        for kind, (number, *times) in notes["by_kind"].items():
            print(f"  {kind:28} {number:6}  " + " ".join(f"{1000 * t:7.1f}" for t in times))
        print(f"  memory {notes['memory_before']:.0f} MB before, " + " ".join(f"{mb:.0f}" for mb in notes["memory"]))
        print(f"  {found['errors']} errors {notes['said'] or ''}")
        missed |= bool(found["errors"]) or (run is founders and slowest(notes) > REQUEST_SECONDS)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
