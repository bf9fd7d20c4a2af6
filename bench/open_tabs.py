"""What it costs to ask, before each message, whose an open page is: ``python -m bench.open_tabs [STORE]``.

Two servers on the same pilots, one of which passes messages on unasked, rerun the same pages by turns, for somebody who
signed in with a key. Printed are the medians and their ratio. Without STORE, a store is filled first.
"""

import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg

from bench.fill import fill
from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.settings import ROOT
from tests.besieged import AWAY
from tests.browser.serving import running
from tests.reviewing import LEAD
from tests.streamlit_socket import Socket, socket_to

RUNS, WARM_UPS = 60, 5
UNASKED = """

from pilot_core.web.server import open_sockets


async def _unasked(self, inner, scope, receive, send, present):
    await inner(scope, receive, send)


open_sockets.OpenSockets.serve = _unasked
"""


def main(root: Path | None) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        store = PilotStore(root) if root else fill(place / "asked")
        cookies = f"pilot_sign_in={keys.sign_in(store, keys.invite(store, 'Bench', Role.LEAD, LEAD)[1])[1]}"
        shutil.copytree(store.root, place / "unasked")
        (place / "app.py").write_text((ROOT / "app.py").read_text() + UNASKED)
        sockets = {}
        for name, app, of in (("asked", ROOT / "app.py", store.root), ("unasked", place / "app.py", place / "unasked")):
            address = stack.enter_context(running(app, of, {}, place / f"{name}.log"))
            port = int(address.rsplit(":", 1)[1])
            opened = stack.enter_context(socket_to(port, host=AWAY, cookies=cookies))
            assert opened is not None
            sockets[name] = opened
        for page in ("preview", "reports", "overview"):
            _compare(page, sockets)
        _compare("", sockets)


def _compare(page: str, sockets: dict[str, Socket]) -> None:
    times: dict[str, list[float]] = {name: [] for name in sockets}
    for _ in range(WARM_UPS + RUNS):
        for name, opened in sockets.items():
            start = time.perf_counter()
            if page:
                opened.run(page)
            else:
                opened.ask(BackMsg(app_heartbeat=True), "heartbeat_ack")
            times[name].append((time.perf_counter() - start) * 1000)
    asked, unasked = (statistics.median(times[name][WARM_UPS:]) for name in ("asked", "unasked"))
    print(
        f"{page or 'a heartbeat':12} asked {asked:6.1f} ms, unasked {unasked:6.1f} ms, ratio {asked / unasked:.2f}, "
        f"{asked - unasked:+.1f} ms"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
