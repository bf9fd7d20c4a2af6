"""The product's app with bare routes beside it, behind the same middleware: the baseline for its own pages.

``/bare/`` is a page with only a video, ``/bare/video.mp4`` and ``/bare/poster.jpg`` are its files, from the folder in
``BENCH_BARE``, and ``/bare/nothing`` is an empty response.
"""

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from pilot_core.domain.roles import Role
from pilot_core.settings import ROOT
from pilot_core.web.access.current_app import WithApp
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.components.errors import show_error
from pilot_core.web.server import startup_checks
from pilot_core.web.server.lifespan import lifespan
from pilot_core.web.server.middleware import Guard
from pilot_core.web.server.routes import ROUTES

PAGE = """<!doctype html><meta name="viewport" content="width=device-width"><title>Video</title>
<h1>A video</h1>
<video src="video.mp4" poster="poster.jpg" controls playsinline preload="metadata" width="360"></video>"""
TYPES = {"video.mp4": "video/mp4", "poster.jpg": "image/jpeg"}


async def page(request: Request) -> Response:
    """Return the page with only a video."""
    return HTMLResponse(PAGE)


async def nothing(request: Request) -> Response:
    """Return an empty response."""
    return Response()


async def media(request: Request) -> Response:
    """Return a file of the page."""
    name = request.path_params["name"]
    if name not in TYPES:
        return not_found()
    return FileResponse(Path(os.environ["BENCH_BARE"]) / name, media_type=TYPES[name])


ROUTES.extend(
    [
        route("/bare/", page, Role.STRANGER),
        route("/bare/nothing", nothing, Role.STRANGER),
        route("/bare/{name}", media, Role.STRANGER),
    ]
)

pilot_ops = startup_checks.checked_app()

# As in app.py. Streamlit finds an app only where it is assigned in the file that it is told to run.
app = st.App(
    ROOT / "pilot_core" / "web" / "server" / "entry.py",
    routes=ROUTES,
    middleware=[Middleware(WithApp, pilot_ops), Middleware(Guard)],
    lifespan=lifespan,
    on_script_error=show_error,
)
