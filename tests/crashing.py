"""Work to be killed while it runs: ``python -m tests.crashing`` forks processes for each order and kills them at once.

An order is a line of JSON: what to do at the same time, in which store, and when to kill, either some seconds after the
start or after a number of completed steps. The answer is the steps that were reported as completed by then,
and how long the processes ran. Everything is imported once, before any store is opened.
"""

import atexit
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from pilot_core import PilotStore
from pilot_core.cli import lifecycle, main, maintenance, transfer  # noqa: F401  loads what commands need
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.pilot import PilotRun
from pilot_core.maintenance.backup import back_up
from pilot_core.rendering import attempt
from pilot_core.services import pilots
from pilot_core.settings import read_settings
from pilot_core.video import stills  # noqa: F401  loads what a render needs


def commits(root: Path) -> Iterator[str]:
    """Pause and resume one pilot repeatedly, and create new ones now and then."""
    store = PilotStore(root)
    pilot_id = store.pilot_ids()[0]
    for n in count():
        word = f"{os.getpid()}.{n}"
        if n % 8 == 7:
            pilot = pilots.create_pilot(f"Founder {word}", "Acme", "feature_launch")
            pilots.start_pilot(store, pilot)
            yield f"started {pilot.pilot_id}"
        elif store.load(pilot_id).status == "paused":
            pilots.resume(store, pilot_id, actor=at_command_line(word))
            yield f"resumed {word}"
        else:
            pilots.pause(store, pilot_id, word, actor=at_command_line(word))
            yield f"paused {word}"


def state_files(root: Path) -> Iterator[str]:
    """Save a pilot with a large state file, so that most of the time is spent writing it."""
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
    """Make attempts from an uploaded video, each followed by a request for changes."""
    store = PilotStore(root)
    while True:
        pilot = pilots.start_pilot(store, pilots.create_pilot("Founder", "Acme", "feature_launch"))
        yield f"started {pilot.pilot_id}"
        upload = pilots.keep_upload(store, pilot.pilot_id, root.parent / "film.mp4")
        pilots.queue_attempt(store, pilot.pilot_id, "upload", upload_path=upload)
        yield f"queued {pilot.pilot_id}"
        if attempt.run_attempt(store, pilot.pilot_id, 1, read_settings()).attempt(1).state == "ready":
            yield f"ready {pilot.pilot_id}"


def backup(root: Path) -> Iterator[str]:
    """Make one backup after the other."""
    store = PilotStore(root)
    for n in count():
        name = f"backup_{os.getpid()}_{n}.zip"
        back_up(store, root.parent / "backups" / name)
        yield name


def migration(root: Path) -> Iterator[str]:
    """Open a store with an earlier schema."""
    PilotStore(root)
    yield "opened"
    while True:
        signal.pause()


def command(*arguments: str) -> int:
    """Run a command in a process of its own, as a shell does. Returns its exit code."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = main(arguments)
            atexit._run_exitfuncs()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def commands(root: Path, place: int) -> Iterator[str]:
    """Pause and resume one pilot by commands, and import a new one now and then. Exit code 0 is what counts as done."""
    pilot_id = sorted(path.stem for path in root.glob("pilot_2026*.json"))[place]
    for n in count():
        word = f"{os.getpid()}.{n}"
        if n % 6 == 5:
            new = {"pilot_id": f"pilot_20200101_{os.getpid()}x{n}", "founder_name": word, "company_name": "Acme"}
            file = root.parent / f"{word}.json"
            file.write_text(json.dumps(new | {"scenario_type": "feature_launch", "runs": []}))
            if not command("--store", str(root), "--import-state", str(file)):
                yield f"imported {new['pilot_id']}"
        elif not command("--store", str(root), "--pause", pilot_id, "--reason", word):
            yield f"paused {word}"
        elif not command("--store", str(root), "--resume", pilot_id):
            yield f"resumed {pilot_id}"


def backup_command(root: Path) -> Iterator[str]:
    """Make one backup after the other by commands."""
    for n in count():
        name = f"backup_{os.getpid()}_{n}.zip"
        yield f"began {name}"
        if not command("--store", str(root), "--backup", str(root.parent / "backups" / name)):
            yield f"made {name}"


WORK: dict[str, Callable[[Path], Iterator[str]]] = {
    "commits": commits,
    "state_files": state_files,
    "render": render,
    "backup": backup,
    "migration": migration,
    "commands": partial(commands, place=0),
    "other_commands": partial(commands, place=1),
    "backup_command": backup_command,
}


def _kill_in_the_middle(order: dict[str, Any]) -> dict[str, object]:
    told, tell = os.pipe()
    group = 0
    children = []
    for work in order["work"]:
        child = os.fork()
        if not child:
            os.close(told)
            os.setpgid(0, group)
            _work(work, Path(order["root"]), tell)
        group = group or child
        os.setpgid(child, group)
        children.append(child)
    os.close(tell)
    heard, begun = os.read(told, 1000), time.monotonic()
    while heard.count(b"\n") < len(children) + order["after"] and (more := os.read(told, 1000)):
        heard += more
    time.sleep(order["seconds"])
    ran = time.monotonic() - begun
    os.killpg(group, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    while more := os.read(told, 1000):
        heard += more
    os.close(told)
    return {"told": heard.decode().splitlines(), "ran": ran}


def _work(name: str, root: Path, tell: int) -> NoReturn:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # commands print
    os.write(tell, b"begun\n")
    try:
        for done in WORK[name](root):
            os.write(tell, f"{done}\n".encode())
    finally:
        os.write(tell, b"ended by itself\n")
        os._exit(1)


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_kill_in_the_middle(json.loads(line))), flush=True)
