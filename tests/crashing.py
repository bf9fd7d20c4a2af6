"""Work to be killed in the middle: ``python -m tests.crashing`` forks a process for each order and kills it.

An order is a line of JSON: what to do, in which store, and when to kill: so many seconds after it has begun, or once
so many things were done. The answer is what the process had been told was done by then, and how long it ran.
Everything is imported once, before any store is opened.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from pilot_core import rendering, services
from pilot_core.care.backup import back_up
from pilot_core.models import PilotRun
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.video import stills  # noqa: F401  loads what a render needs


def commits(root: Path) -> Iterator[str]:
    """Pauses and resumes of one pilot, and new ones now and then."""
    store = PilotStore(root)
    pilot_id = store.pilot_ids()[0]
    for n in count():
        word = f"{os.getpid()}.{n}"
        if n % 8 == 7:
            pilot = services.create_pilot(f"Founder {word}", "Acme", "feature_launch")
            services.start_pilot(store, pilot)
            yield f"started {pilot.pilot_id}"
        elif store.load(pilot_id).status == "paused":
            services.resume(store, pilot_id, actor=word)
            yield f"resumed {word}"
        else:
            services.pause(store, pilot_id, word, actor=word)
            yield f"paused {word}"


def state_files(root: Path) -> Iterator[str]:
    """Saves of a pilot whose state file is large, so that most of the time goes into writing it."""
    store = PilotStore(root)
    pilot_id = store.pilot_ids()[0]
    for n in count():
        word = f"{os.getpid()}.{n}"

        def note(pilot: PilotRun, word: str = word) -> None:
            pilot.notes = word * 100_000
            pilot.log("noted", word=word)

        store.change(pilot_id, note, word)
        yield f"noted {word}"


def render(root: Path) -> Iterator[str]:
    """Attempts made from an uploaded film, each followed by a request for changes."""
    store = PilotStore(root)
    while True:
        pilot = services.start_pilot(store, services.create_pilot("Founder", "Acme", "feature_launch"))
        yield f"started {pilot.pilot_id}"
        upload = services.keep_upload(store, pilot.pilot_id, root.parent / "film.mp4")
        services.queue_attempt(store, pilot.pilot_id, "upload", upload_path=upload)
        yield f"queued {pilot.pilot_id}"
        if rendering.run_attempt(store, pilot.pilot_id, 1, settings()).attempt(1).state == "ready":
            yield f"ready {pilot.pilot_id}"


def backup(root: Path) -> Iterator[str]:
    """Backups, one after the other."""
    store = PilotStore(root)
    for n in count():
        name = f"backup_{os.getpid()}_{n}.zip"
        back_up(store, root.parent / "backups" / name)
        yield name


def migration(root: Path) -> Iterator[str]:
    """Opening a store of an earlier schema."""
    PilotStore(root)
    yield "opened"
    while True:
        signal.pause()


WORK: dict[str, Callable[[Path], Iterator[str]]] = {
    "commits": commits,
    "state_files": state_files,
    "render": render,
    "backup": backup,
    "migration": migration,
}


def _kill_in_the_middle(order: dict[str, Any]) -> dict[str, object]:
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.close(told)
        os.write(tell, b"begun\n")
        try:
            for done in WORK[order["work"]](Path(order["root"])):
                os.write(tell, f"{done}\n".encode())
        finally:
            os.write(tell, b"ended by itself\n")
            os._exit(1)
    os.close(tell)
    heard, begun = os.read(told, 1000), time.monotonic()
    while heard.count(b"\n") <= order["after"] and (more := os.read(told, 1000)):
        heard += more
    time.sleep(order["seconds"])
    ran = time.monotonic() - begun
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(told, 1000):
        heard += more
    os.close(told)
    return {"told": heard.decode().splitlines(), "ran": ran}


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_kill_in_the_middle(json.loads(line))), flush=True)
