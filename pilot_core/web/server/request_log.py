"""Log every answered request and every page run, with an id that visitors can quote."""

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from starlette.types import Message, Scope, Send

from pilot_core import ids, logs
from pilot_core.web.access.who import Visitor
from pilot_core.web.streamlit_private import ASKED_ALL_THE_TIME

log = logging.getLogger(__name__)

HEADER = b"x-request-id"
# Requested very often, for example by monitors, so logged only when they fail.
QUIET = re.compile(rf"/(healthz|changes|dots/.*)|{ASKED_ALL_THE_TIME.pattern}")
OF_A_PILOT = re.compile(rf"/({ids.PILOT_ID.pattern})(?:_a([0-9]{{1,4}}))?(?=/|$)")


async def answer(scope: Scope, send: Send, work: Callable[[Send], Awaitable[None]]) -> None:
    """Call ``work`` to answer the request under a new id, which the response has as ``X-Request-Id``."""
    began, status, request = time.perf_counter(), 0, logs.new_id()

    async def noted(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            message["headers"] = [*message.get("headers", ()), (HEADER, request.encode())]
        await send(message)

    path = scope["path"]
    pilot_id, attempt = found.groups() if (found := OF_A_PILOT.search(path)) else (None, None)
    facts = {"request": request, "method": scope["method"][:16], "path": logs.shown_path(path), "pilot_id": pilot_id}
    with logs.about(**facts, attempt=int(attempt) if attempt else None):
        try:
            await work(noted)
        finally:
            quiet = QUIET.fullmatch(path) and status < 500
            level = logging.DEBUG if quiet else logging.INFO if 0 < status < 500 else logging.WARNING
            present: Visitor | None = scope.get("pilot_ops.visitor")
            fields = {"status": status or None, "milliseconds": _since(began), "actor": name_of(present)}
            if pilot_id is None and present and present.grant and not present.on_the_team:
                fields["pilot_id"] = present.grant.pilot_id
            log.log(level, "answered" if status else "broke off", extra=fields)


@contextmanager
def page(present: Visitor, name: str) -> Iterator[None]:
    """Run a page and log a line for it. Every line logged until the next run names the page's visitor."""
    began = time.perf_counter()
    begin_page(present, name)
    try:
        yield
    finally:
        log.info("page run", extra={"milliseconds": _since(began)})


def begin_page(present: Visitor, name: str) -> str:
    """Set the visitor and the pilot of the page run for its log lines; returns the run's id."""
    asked = str(st.query_params.get("pilot", ""))
    pilot_id = asked if ids.PILOT_ID.fullmatch(asked) else None
    if present.grant and not present.on_the_team:
        pilot_id = present.grant.pilot_id
    return logs.begin(page=name, actor=name_of(present), pilot_id=pilot_id)


def name_of(present: Visitor | None) -> str | None:
    """Return the visitor's name in events, or None if the visitor was not looked up."""
    return present.name if present else None


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
