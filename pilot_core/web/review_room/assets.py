"""The room's script and style, compressed once and cached by what is in them: ``/review/assets/<hash>/<name>``."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pilot_core.settings import ROOT
from pilot_core.web.access.guarded_routes import not_found
from pilot_core.web.components.player.player import HERE as PLAYER
from pilot_core.web.components.player.player import MODULE

BROWSER = Path(__file__).parent / "browser"
ROOM = (
    "drafts.js",
    "forms.js",
    "attach.js",
    "film.js",
    "compose.js",
    "changed.js",
    "keys.js",
    "live.js",
    "elsewhere.js",
    "share.js",
    "room.js",
)
"""The files of the room's script, joined into one module in this order."""

STYLE = ("room.css", "changed.css")
"""The files of the room's style, joined into one."""

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
IMAGES = ROOT / "pilot_core" / "web" / "images"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: plain, and compressed with gzip."""

    media_type: str
    plain: bytes
    compressed: bytes


def address(name: str) -> str:
    """Where the asset of that name is."""
    return f"/review/assets/{fingerprint()}/{name}"


@cache
def assets() -> dict[str, Asset]:
    """Every asset by its name."""
    files = {"open.js": (BROWSER / "open.js").read_text("utf-8")}
    for joined, names in (("room.js", ROOM), ("room.css", STYLE)):
        files[joined] = "\n".join((BROWSER / name).read_text("utf-8") for name in names)
    files["player.js"] = _player()
    files["player.css"] = (PLAYER / "player.css").read_text("utf-8")
    made = {name: _asset(name, text.encode()) for name, text in files.items()}
    return made | {name: _asset(name, (IMAGES / name).read_bytes()) for name in ("icon.svg", "preview.png")}


@cache
def fingerprint() -> str:
    """Changes with what is in any asset."""
    together = b"".join(name.encode() + asset.plain for name, asset in sorted(assets().items()))
    return hashlib.sha256(together).hexdigest()[:16]


async def asset(request: Request) -> Response:
    """One asset. Under the hash of another release it is not to be kept."""
    found = assets().get(request.path_params["name"])
    if found is None:
        return not_found()
    current = request.path_params["hash"] == fingerprint()
    headers = {"Cache-Control": FOREVER if current else "no-store", "Vary": "Accept-Encoding"}
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")]
    if "gzip" not in accepted:
        return Response(found.plain, media_type=found.media_type, headers=headers)
    return Response(found.compressed, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"})


def _player() -> str:
    """The player's files as one module, with its markup."""
    markup = json.dumps((PLAYER / "player.html").read_text("utf-8"))
    return "\n".join([*((PLAYER / name).read_text("utf-8") for name in MODULE), f"export const MARKUP = {markup};"])


def _asset(name: str, data: bytes) -> Asset:
    return Asset(TYPES[Path(name).suffix], data, gzip.compress(data, 9, mtime=0))
