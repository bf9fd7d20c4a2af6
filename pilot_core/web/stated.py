"""Routes that say whom they are for. The role is checked before the route's own code runs."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pilot_core.web import access

LONGEST_BODY = 100_000
NOT_FOUND_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


class StatedRoute(Route):
    """A route with the role it needs, and the longest body it takes, in bytes."""

    role: access.Role
    longest_body: int


def route(
    path: str,
    endpoint: Endpoint,
    role: access.Role,
    *,
    methods: Sequence[str] = ("GET",),
    longest_body: int = LONGEST_BODY,
) -> StatedRoute:
    """A route for those who may do what needs ``role``; to others it answers as if it did not exist.

    ``Role.REVIEWER`` lets in who holds any grant: which pilot it is for, the endpoint asks. An endpoint that is not
    async runs in a thread, as it may ask the store and the disk.
    """
    made = StatedRoute(path, _guarded(endpoint, role), methods=list(methods), name=path)
    made.role, made.longest_body = role, longest_body
    return made


def not_found() -> Response:
    """The answer to all that is unknown, missing, or not for this visitor."""
    return PlainTextResponse("Not found", 404, headers=NOT_FOUND_HEADERS)


def _guarded(endpoint: Endpoint, role: access.Role) -> Endpoint:
    if role is access.Role.STRANGER:
        return endpoint
    if inspect.iscoroutinefunction(endpoint):
        from starlette.concurrency import run_in_threadpool

        async def waits(request: Request) -> Response:
            present = await run_in_threadpool(access.visitor_of, request)
            return await endpoint(request) if present.may(role) else not_found()

        return waits
    plain = cast(Callable[[Request], Response], endpoint)

    def asks(request: Request) -> Response:
        return plain(request) if access.visitor_of(request).may(role) else not_found()

    return asks
