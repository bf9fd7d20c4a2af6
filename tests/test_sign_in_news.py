"""On one PostgreSQL database, a sign-in that ends on one server closes the open tabs of the others."""

import threading
from pathlib import Path

from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.services import keys
from pilot_core.store.sign_in_news import listen
from tests import postgres
from tests.besieged import AWAY, besieged
from tests.open_tabs import fill_in
from tests.reviewing import LEAD
from tests.streamlit_socket import socket_to

SECONDS = 2.0


def test_signing_out_on_one_server_closes_the_tab_on_another(
    postgres_server: postgres.Server, postgres_template: str, tmp_path: Path
) -> None:
    with postgres_server.database(postgres_template) as url:
        store = PilotStore(tmp_path / "here", database_url=url)
        settings = {
            "PILOT_OPS_DATABASE_URL": url,
            "PILOT_OPS_SECRET": "what both of these servers know of, 32 characters at least",
        }
        (tmp_path / "first").mkdir()
        (tmp_path / "second").mkdir()
        cookies = f"pilot_sign_in={keys.sign_in(store, keys.invite(store, 'Mara', Role.LEAD, LEAD)[1])[1]}"
        with (
            besieged(tmp_path / "first", **settings) as first,
            besieged(tmp_path / "second", **settings) as second,
            socket_to(first.port, host=AWAY, cookies=cookies) as tab,
        ):
            assert tab is not None
            assert not tab.run("overview").closed
            assert fill_in(second, "/sign-out", cookies).status == 200
            assert tab.read("", patience=SECONDS).closed


def test_news_come_when_listening_begins_and_after_each_change(
    postgres_server: postgres.Server, postgres_template: str, tmp_path: Path
) -> None:
    with postgres_server.database(postgres_template) as url:
        store = PilotStore(tmp_path, database_url=url)
        heard, over = threading.Semaphore(0), threading.Event()
        thread = threading.Thread(target=listen, args=[url, heard.release, over])
        thread.start()
        try:
            assert heard.acquire(timeout=30), "when it begins"
            keys.sign_in(store, keys.invite(store, "Mara", Role.LEAD, LEAD)[1])
            assert heard.acquire(timeout=30), "a key became a session"
            keys.revoke_key(store, "Mara", LEAD)
            assert heard.acquire(timeout=30), "a key was revoked"
        finally:
            over.set()
            thread.join()
        assert not heard.acquire(blocking=False), "nothing else changed"
