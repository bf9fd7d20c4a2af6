"""News of sign-ins that end, from every process that writes to the PostgreSQL database at ``url``.

A trigger announces changes of sign-in keys with NOTIFY, so that no server has to ask for them.
"""

import threading
import time
from collections.abc import Callable

import psycopg

from pilot_core.errors import StoreError
from pilot_core.store.engine import postgres_errors
from pilot_core.store.engine.postgres_connection import CONNECT_SECONDS, connect
from pilot_core.store.engine.postgres_pool import shown

STOP_SECONDS = 1.0
"""How long it takes at most to stop listening."""
ASK_SECONDS = 30.0
"""How often to ask whether the server is still there. A connection that is silent looks like one without news."""

TRIGGER = """
SELECT pg_advisory_xact_lock(hashtext('pilot ops'), hashtext('sign_in_news'));
CREATE OR REPLACE FUNCTION announce_sign_ins() RETURNS trigger LANGUAGE plpgsql
    AS $$BEGIN PERFORM pg_notify('pilot_ops_sign_ins', ''); RETURN NULL; END$$;
CREATE OR REPLACE TRIGGER sign_ins_announced AFTER UPDATE OR DELETE ON sign_in_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_sign_ins();
"""
HAS_TRIGGER = "SELECT 1 FROM pg_trigger WHERE tgname = 'sign_ins_announced' AND tgrelid = 'sign_in_keys'::regclass"


def listen(
    url: str, heard: Callable[[], None], over: threading.Event, waited: Callable[[], None] = lambda: None
) -> None:
    """Call ``heard`` once listening has begun and after each change of a sign-in key, until ``over`` is set.

    ``waited`` is called about once a second while the connection is well. Raises StoreError if it is lost.
    """
    try:
        with connect(url) as raw:
            if not raw.execute(HAS_TRIGGER).fetchall():
                with raw.transaction():
                    raw.execute(TRIGGER)
            raw.answer_seconds = CONNECT_SECONDS
            raw.execute("LISTEN pilot_ops_sign_ins")
            # What ended before this line was announced to nobody here.
            heard()
            asked = time.monotonic()
            while not over.is_set():
                for _ in raw.notifies(timeout=STOP_SECONDS, stop_after=1):
                    heard()
                if time.monotonic() - asked > ASK_SECONDS:
                    raw.execute("SELECT 1")
                    asked = time.monotonic()
                waited()
    except psycopg.Error as error:
        raise StoreError(
            f"The database {shown(url)} cannot be listened to ({postgres_errors.reason(error)})."
        ) from error
