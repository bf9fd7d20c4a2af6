"""Routes that declare the role they need, which is checked before the route's own code runs."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pilot_core.domain.roles import Role
from pilot_core.web.access.visitors import visitor_of

LONGEST_BODY = 100_000
NOT_FOUND_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class StatedRoute(Route):
    """A route with the role it needs and the longest body it accepts, in bytes."""

    role: Role
    longest_body: int


def route(
    path: str,
    endpoint: Endpoint,
    role: Role,
    *,
    methods: Sequence[str] = ("GET",),
    longest_body: int = LONGEST_BODY,
) -> StatedRoute:
    """Return a route for visitors who have the permissions of ``role``. For others it returns 404.

    ``Role.REVIEWER`` admits any review grant, so the endpoint has to check which pilot the grant is for. An endpoint
    that is not async runs in a thread, so it may use the store and the disk.
    """
    made = StatedRoute(path, _guarded(endpoint, role), methods=list(methods), name=path)
    made.role, made.longest_body = role, longest_body
    return made


def not_found() -> Response:
    """Return the 404 response for anything unknown, missing, or not allowed for this visitor."""
    return PlainTextResponse("Not found", 404, headers=NOT_FOUND_HEADERS)


def _guarded(endpoint: Endpoint, role: Role) -> Endpoint:
    if role is Role.STRANGER:
        return endpoint
    if inspect.iscoroutinefunction(endpoint):

        async def waits(request: Request) -> Response:
            present = await run_in_threadpool(visitor_of, request)
            return await endpoint(request) if present.may(role) else not_found()

        return waits
    plain = cast(Callable[[Request], Response], endpoint)

    def asks(request: Request) -> Response:
        return plain(request) if visitor_of(request).may(role) else not_found()

    return asks
