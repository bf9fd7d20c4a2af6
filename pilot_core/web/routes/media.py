"""Videos, posters, thumbnails and captions at ``/watch/<attempt_id>/…``, with ranges, for visitors who may see them."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.documents.names import CAPTIONS, CONTACT_SHEET, POSTER, SHOT_STILL, SPRITE, SPRITE_TIMES
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.roles import Role
from pilot_core.store.queries.lists import AttemptMedia, media_of
from pilot_core.web.access.current_app import app_of
from pilot_core.web.access.guarded_routes import not_found, route
from pilot_core.web.access.preload_pass import pilot_of_pass
from pilot_core.web.access.visitors import visitor_of
from pilot_core.web.routes.files import answer_with, file_or_refusal

DRAFT_FILE = re.compile(r"draft_v([1-9][0-9]{0,2})(_light)?\.(mp4|vtt)")
LIGHT_VIDEO = "video_light.mp4"
PACK_FILES = (POSTER, CONTACT_SHEET, SPRITE, SPRITE_TIMES)
VIDEO_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
# What an address serves, by its own suffix and that of the stored file: whoever set a path may have named any file.
MEDIA_TYPES: dict[str, dict[str, str]] = {
    ".mp4": VIDEO_TYPES,
    ".vtt": {".vtt": "text/vtt"},
    ".jpg": {".jpg": "image/jpeg"},
    ".json": {".json": "application/json"},
}
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


def may_watch(request: Request, attempt: AttemptMedia) -> bool:
    """Whether this visitor may see this attempt's media.

    Reviewers see their pilot's, once the attempt is ready, and so does a page that has a review link's pass.
    """
    present = visitor_of(request)
    if present.on_the_team:
        return True
    if attempt.state != AttemptState.READY:
        return False
    return present.reaches(attempt.pilot_id) or pilot_of_pass(request) == attempt.pilot_id


# Not async: it reads the store and the disk, so Starlette runs it in a thread.
def watch(request: Request) -> Response:
    """Return a media file. Returns 404 for anything unknown, missing or not allowed for this visitor."""
    name = request.path_params["name"]
    # One store session for both queries, since a video is fetched in many small requests.
    store = app_of(request).store
    attempt = store.database.read(lambda _: _asked(request))
    if attempt is None:
        return not_found()
    relative = file_named(name, attempt)
    if relative is None:
        return not_found()
    found = file_or_refusal(store.media, relative, attempt.pilot_id)
    if isinstance(found, Response):
        return found
    media_type = type_of(name, found.path)
    if media_type is None:
        return not_found()
    return answer_with(store.media, found, media_type, HEADERS, request=request)


def type_of(name: str, file: Path) -> str | None:
    """Return the media type of a file (links followed) at an address that ends in ``name``; None if it has another."""
    return MEDIA_TYPES[Path(name).suffix].get(file.suffix.lower())


def _asked(request: Request) -> AttemptMedia | None:
    """Return the attempt in the address, or None if there is none or this visitor may not see it."""
    attempt_id = request.path_params["attempt_id"]
    attempt = media_of(app_of(request).store.database, attempt_id) if ids.ATTEMPT_ID.fullmatch(attempt_id) else None
    return attempt if attempt and may_watch(request, attempt) else None


def file_named(name: str, attempt: AttemptMedia) -> str | None:
    """Return the path in the store for the last part of an address; None if there is no such file."""
    pack = attempt.review_pack_path
    if name == "video.mp4":
        return attempt.video_path
    if name == LIGHT_VIDEO:
        return attempt.lights.get(attempt.video_path or "")
    if name == CAPTIONS:
        return attempt.captions_path or (pack and f"{pack}/{CAPTIONS}")
    if match := DRAFT_FILE.fullmatch(name):
        video, captions = attempt.drafts.get(int(match[1]), (None, None))
        if match[2]:
            return attempt.lights.get(video or "") if match[3] == "mp4" else None
        return video if match[3] == "mp4" else captions
    return f"{pack}/{name}" if pack and (name in PACK_FILES or SHOT_STILL.fullmatch(name)) else None


# Open to strangers since a pass, unlike a grant, is no role; may_watch decides.
MEDIA_ROUTES: list[BaseRoute] = [route("/watch/{attempt_id}/{name}", watch, Role.STRANGER)]
