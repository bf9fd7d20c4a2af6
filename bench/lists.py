"""Lists, one pilot's page, its documents and the command, each compared with the guide's folder of JSON files."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.alone import commands, rounds
from bench.server import store_of_server

SEARCH, STATUS, BRAND, PER_PAGE = "chen", "active", "acme", 25
Json = dict[str, Any]


def filtered(root: str, times: int = 15) -> tuple[list[float], Json]:
    """Time reading the first page of a searched and filtered list, with the overview's query."""
    from pilot_core.store.queries.lists import PilotFilter, pilot_page

    store = store_of_server(root)
    wanted = PilotFilter(search=SEARCH, status=(STATUS,), brand=(BRAND,))
    page = pilot_page(store.database, wanted)
    found = {"total": page.total, "ids": [pilot.pilot_id for pilot in page.pilots]}
    return rounds(lambda: pilot_page(store.database, wanted), times), found


def filtered_json(folder: str, times: int = 3) -> tuple[list[float], Json]:
    """Time reading the same page from state files."""
    found = plain_page(Path(folder))
    return rounds(lambda: plain_page(Path(folder)), times), found


def plain_page(folder: Path, search: str = SEARCH, status: str = STATUS, brand: str = BRAND) -> Json:
    """Return the first page, latest activity first, from a folder of state files. Empty arguments filter nothing."""
    pilots = [json.loads(path.read_bytes()) for path in folder.glob("pilot_*.json")]
    chosen = [
        p
        for p in pilots
        if all(
            word in f"{p['founder_name']} {p['company_name']} {p['pilot_id']}".lower()
            for word in search.lower().split()
        )
        and (not status or p["status"] == status)
        and (not brand or p["brand_context"].get("preset") == brand)
    ]
    chosen.sort(key=lambda p: p["pilot_id"])
    chosen.sort(key=lambda p: p["updated_at"], reverse=True)
    return {"total": len(chosen), "ids": [p["pilot_id"] for p in chosen[:PER_PAGE]]}


def page_data(root: str, times: int = 15) -> tuple[list[float], Json]:
    """Time reading a pilot's page in one session: pilot, history, override, comments, links, receipts, reports."""
    from pilot_core.review.comments import threads_of
    from pilot_core.store.engine.connection import Connection
    from pilot_core.store.queries.history import history
    from pilot_core.store.queries.judgements import filed_reports
    from pilot_core.store.tables import judgements, reviews

    store = store_of_server(root)
    every = store.pilot_ids()
    pilot_id = every[len(every) // 2]

    def read(connection: Connection) -> Json:
        pilot = store.load(pilot_id)
        return {
            "pilot_id": pilot.pilot_id,
            "attempts": len(pilot.runs),
            "more": [
                history(store.database, pilot_id),
                judgements.open_override(connection, pilot_id),
                filed_reports(store.database, pilot_id),
                threads_of(store, pilot_id),
                reviews.links(connection, pilot_id),
                reviews.viewings(connection, pilot_id),
            ],
        }

    found = store.database.read(read)
    del found["more"]
    return rounds(lambda: store.database.read(read), times), found


def page_data_json(folder: str, pilot_id: str, times: int = 15) -> tuple[list[float], Json]:
    """Time reading the pilot's state file, which has no history, comments, links or reports."""
    path = Path(folder) / f"{pilot_id}.json"

    def read() -> Json:
        data = json.loads(path.read_bytes())
        return {"pilot_id": data["pilot_id"], "attempts": len(data["runs"])}

    return rounds(read, times), read()


def documents(times: int = 15) -> tuple[list[float], int]:
    """Time rendering the runbook and the three founder documents of one pilot as text."""
    from pilot_core.documents.founder import PilotRunbookBuilder, render_founder_documents
    from pilot_core.services.pilots import create_pilot

    pilot = create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme")

    def render() -> int:
        texts = [PilotRunbookBuilder(pilot).render(), *render_founder_documents(pilot).values()]
        return sum(map(len, texts))

    return rounds(render, times, before=render), render()


def documents_written(times: int = 15) -> tuple[list[float], int]:
    """Time rendering and writing the same documents. Each file is flushed to disk."""
    from pilot_core import PilotStore
    from pilot_core.services.documents import write_documents
    from pilot_core.services.pilots import create_pilot

    with tempfile.TemporaryDirectory() as folder:
        store, pilot = PilotStore(folder), create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme")
        write_documents(store, pilot)
        return rounds(lambda: write_documents(store, pilot), times), len(list(Path(folder).glob("*/*.txt")))


def command_list(root: str, times: int = 5) -> tuple[list[float], None, Json]:
    """Time ``--list`` in a new process."""
    command = ["scripts/run_pilot.py", "--store", root, "--list"]
    return commands([sys.executable, *command], times), None, {"peak": _peak_of(command)}


def command_pass(times: int = 5) -> tuple[list[float], None, Json]:
    """Time starting Python without doing anything."""
    return commands([sys.executable, "-c", "pass"], times), None, {"peak": _peak_of([])}


def _peak_of(command: list[str]) -> float:
    """Return the peak memory of a Python process that runs the command, in MB."""
    import subprocess

    from pilot_core.settings import ROOT

    run = "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')" if command else "pass"
    told = (
        f"import sys, atexit; sys.argv = {command!r}\n"
        "atexit.register(lambda: print(open('/proc/self/status').read(), file=sys.stderr))\n" + run
    )
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=False)
    return next(int(line.split()[1]) / 1000 for line in done.stderr.splitlines() if line.startswith("VmHWM"))


def sender_round(root: str, times: int = 15) -> tuple[list[float], int, Json]:
    """Time one round of the message sender when nothing is due, with half the pilots waiting for founders.

    It changes the whole store, so this benchmark must be the last one on it.
    """
    from bench.fill import add_messages
    from pilot_core import PilotStore
    from pilot_core.messages import deadlines
    from pilot_core.messages.sender import Report, send_due
    from pilot_core.settings import read_settings
    from pilot_core.store.engine.connection import Connection

    at_any_time = {"time_zone": "UTC", "working_days": "mon-sun", "working_hours": "0-24"}
    mail = {"smtp": "plain://localhost", "mail_from": "pilots@example.com", "mail_leads": ("mara@example.com",)}
    config = read_settings().model_copy(update={**mail, **at_any_time, "webhook_url": None})
    store = PilotStore(root)
    add_messages(store)
    now = store.clock()
    store = PilotStore(root, lambda: now)

    def catch_up(connection: Connection) -> int:
        """Mark all messages that are due as sent. Returns their number."""
        asked = deadlines.asked_for(connection, config, now, for_leads=True)
        columns = "message_id, pilot_id, kind, attempt_number, about, position, state, written_at, ended_at"
        connection.execute(
            f"INSERT INTO messages ({columns}) SELECT unnest(CAST($ids AS TEXT[])), unnest(CAST($pilots AS TEXT[])), "
            "unnest(CAST($kinds AS TEXT[])), unnest(CAST($numbers AS INTEGER[])), unnest(CAST($about AS TEXT[])), 100, "
            "'sent', CAST($now AS TIMESTAMP), CAST($now AS TIMESTAMP)",
            {
                "ids": [one.message_id for one in asked],
                "pilots": [one.pilot_id for one in asked],
                "kinds": [one.kind.value for one in asked],
                "numbers": [one.attempt_number for one in asked],
                "about": [one.about for one in asked],
                "now": now.replace(tzinfo=None),
            },
        )
        # As autovacuum does within minutes.
        connection.execute("ANALYZE")
        return len(asked)

    asked = store.database.transaction(catch_up)
    assert send_due(store, config) == Report()
    taken = rounds(lambda: send_due(store, config), times)
    waiting = "SELECT count(*) FROM pilots WHERE status = 'active'"
    [(active,)] = store.database.read(lambda connection: connection.execute(waiting).fetchall())
    return taken, active, {"asked before": asked}
