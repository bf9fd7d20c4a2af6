"""Fifty founders watch and comment while five leads browse, for a minute: ``python -m bench.crowd [SECONDS]``.

Each visitor is a websocket to Streamlit and HTTP requests, as a browser has them, without the browser. They arrive
within the first twenty seconds. A founder asks for a piece of the film (256 KB, by range) every two seconds and says
something about a frame every ten to thirty; each comment is a rerun of the room. A lead opens another page every five
to ten seconds. What is timed is a rerun, from the message until the script has finished.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websockets

from bench.fill import fill, state_files_of
from bench.film import brief
from bench.server import Server, serving
from pilot_core import services
from pilot_core.rendering import run_attempt
from pilot_core.review.links import make_link, open_link
from pilot_core.settings import ROOT, settings
from pilot_core.store.pilots import PilotStore
from pilot_core.video.storyboard import StoryboardPipeline

FOUNDERS, LEADS, PILOTS, PIECE = 50, 5, 5, 262_144
ARRIVING = 20.0
SCREENS = ("", "pilot", "metrics", "reports")


@dataclass
class Told:
    """What all visitors met. Times in seconds by kind of rerun."""

    reruns: dict[str, list[float]] = field(default_factory=dict)
    pieces: list[float] = field(default_factory=list)
    comments: int = 0
    errors: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Seat:
    """A founder's cookie and the film they watch."""

    cookie: str
    attempt_id: str


def crowd(root: str, seconds: float = 60.0) -> tuple[list[float], dict[str, Any], dict[str, Any]]:
    """Let them at a store of 1,000 pilots; gives the seconds of every rerun, and what was kept."""
    from pilot_core.web import access

    store = fill(Path(root), 1_000)
    state_files_of(store, store.root)  # else the server writes them as it starts
    seats = _seats(store)
    before = sum(len(store.events(pilot_id)) for pilot_id in {seat.attempt_id[:-3] for seat in seats})
    with serving(ROOT / "app.py", store.root, Path(root) / "server.log") as server:
        told = asyncio.run(_minute(server, access.COOKIE, seats, store.pilot_ids()[:20], seconds))
        top = server.memory("VmHWM")
    from pilot_core.review.comments import comments_of

    kept = sum(len(comments_of(store, pilot_id)) for pilot_id in {seat.attempt_id[:-3] for seat in seats})
    every = sorted(taken for times in told.reruns.values() for taken in times)
    if kept != told.comments:
        told.errors.append(f"{told.comments - kept} of {told.comments} comments were not kept")
    return (
        every,
        {"errors": len(told.errors), "comments": told.comments, "kept": kept, "pieces": len(told.pieces)},
        {
            "by_kind": {kind: [len(t), _at(t, 0.5), _at(t, 0.95)] for kind, t in sorted(told.reruns.items())},
            "p95": _at(every, 0.95),
            "pieces_p95": _at(told.pieces, 0.95),
            "memory": told.memory,
            "server_peak": top,
            "said": told.errors[:5],
            "events_before": before,
        },
    )


def _seats(store: PilotStore) -> list[Seat]:
    """Pilots with one film among them, and a reviewer's place for each founder."""
    seats = []
    film = None
    with tempfile.TemporaryDirectory() as folder:
        film = StoryboardPipeline().make_cut(brief(), Path(folder), lambda *_: None).video_path
        for number in range(PILOTS):
            pilot = services.create_pilot("Alice Chen", f"Crowd {number}", "problem_solution", "enterprise")
            services.start_pilot(store, pilot, "bench")
            upload = services.keep_upload(store, pilot.pilot_id, film)
            services.queue_attempt(store, pilot.pilot_id, "upload", "bench", upload_path=upload)
            run_attempt(store, pilot.pilot_id, 1, settings())
            for place in range(FOUNDERS // PILOTS):
                _, token = make_link(store, pilot.pilot_id, f"Founder {number} {place}", actor="bench")
                seats.append(Seat(open_link(store, token)[1], f"{pilot.pilot_id}_a1"))
    return seats


async def _minute(server: Server, cookie: str, seats: list[Seat], pilots: list[str], seconds: float) -> Told:
    told = Told()
    until = time.perf_counter() + seconds
    visitors = [_founder(server, f"{cookie}={seat.cookie}", seat, told, until, n) for n, seat in enumerate(seats)]
    visitors += [_lead(server, pilots, told, until, n) for n in range(LEADS)]
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


async def _founder(server: Server, cookie: str, seat: Seat, told: Told, until: float, number: int) -> None:
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, ARRIVING))
    async with _Session(server, told, cookie) as session, httpx.AsyncClient(headers={"Cookie": cookie}) as client:
        await session.rerun("review opened", page="review")
        film = f"{server.address}/watch/{seat.attempt_id}/draft_v1.mp4"
        next_comment = time.perf_counter() + chance.uniform(5, 20)
        at = said = 0
        while time.perf_counter() < until:
            begun = time.perf_counter()
            answer = await client.get(film, headers={"Range": f"bytes={at}-{at + PIECE - 1}"}, timeout=20)
            if answer.status_code == 416:
                at = 0
                continue
            if answer.status_code != 206:
                raise RuntimeError(f"the film was answered with {answer.status_code}")
            told.pieces.append(time.perf_counter() - begun)
            at += PIECE
            if time.perf_counter() >= next_comment:
                said += 1
                sent = {"id": f"{number}-{said}", "text": f"Remark {said} of {number}", "frame": chance.randrange(800)}
                told.comments += 1
                await session.rerun("comment", page="review", dock={**sent, "end_frame": None, "shape": None})
                next_comment = time.perf_counter() + chance.uniform(10, 30)
            await asyncio.sleep(2)


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
        self._dock = ""
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

    async def rerun(self, kind: str, *, page: str, query: str = "", dock: dict[str, Any] | None = None) -> None:
        """Ask for a run of the page and wait until it has finished; ``dock`` are words sent from the room's dock."""
        from streamlit.components.v2.bidi_component.main import _make_trigger_id
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        message.rerun_script.context_info.timezone = "Europe/Berlin"
        if dock:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = _make_trigger_id(self._dock, "events")
            state.json_trigger_value = json.dumps([{"event": "sent", "value": dock}])
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
                elif element.WhichOneof("type") == "bidi_component" and element.bidi_component.id.endswith("-dock"):
                    self._dock = element.bidi_component.id
            elif what == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, round(share * len(times)))] if times else 0.0


def main(seconds: float) -> int:
    """Run, print, and judge."""
    with tempfile.TemporaryDirectory() as folder:
        _, found, notes = crowd(folder, seconds)
    print(json.dumps(found | notes, indent=1))
    return int(bool(found["errors"]))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
