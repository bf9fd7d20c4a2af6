"""Films, posters, thumbnails and captions at ``/watch/<attempt_id>/…``: from disk, with ranges, for those who may."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pilot_core import ids
from pilot_core.errors import StoreError
from pilot_core.models import AttemptState
from pilot_core.store.bucket import BucketTrouble
from pilot_core.store.queries import AttemptMedia, media_of
from pilot_core.web import access
from pilot_core.web.files import answer_with, not_now
from pilot_core.web.stated import not_found, route
from pilot_core.web.stores import store

DRAFT_FILE = re.compile(r"draft_v([1-9][0-9]{0,2})\.(mp4|vtt)")
PACK_FILES = ("poster.jpg", "contact_sheet.jpg", "sprite.jpg", "sprite.json")
# By the stored file's own name: an imported state file may name any file of the store as its video.
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".vtt": "text/vtt",
    ".jpg": "image/jpeg",
    ".json": "application/json",
}
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


def may_watch(request: Request, attempt: AttemptMedia) -> bool:
    """Whether this visitor may see this attempt's media; a reviewer sees those of their pilot, once they are ready."""
    present = access.visitor_of(request)
    if present.on_the_team:
        return True
    return present.reaches(attempt.pilot_id) and attempt.state == AttemptState.READY


# Not async: it asks the store and the disk, so Starlette runs it in a thread.
def watch(request: Request) -> Response:
    """One media file. Whatever is unknown, missing or not for this visitor gives the same answer."""
    name = request.path_params["name"]
    # One session of the store for both questions: a film is fetched in many small requests.
    attempt = store().database.read(lambda _: _asked(request))
    if attempt is None:
        return not_found()
    relative = file_named(name, attempt)
    if relative is None or Path(relative).suffix not in MEDIA_TYPES:
        return not_found()
    try:
        found = store().media.found(relative)
    except BucketTrouble as error:
        return not_now(error)
    except (StoreError, OSError, ValueError):
        return not_found()
    if found is None:
        return not_found()
    return answer_with(store().media, found, MEDIA_TYPES[Path(relative).suffix], HEADERS, request=request)


def _asked(request: Request) -> AttemptMedia | None:
    """The attempt of the address, if there is one and this visitor may see it."""
    attempt_id = request.path_params["attempt_id"]
    attempt = media_of(store().database, attempt_id) if ids.ATTEMPT_ID.fullmatch(attempt_id) else None
    return attempt if attempt and may_watch(request, attempt) else None


def file_named(name: str, attempt: AttemptMedia) -> str | None:
    """The stored path, relative to the store, behind the last part of an address; None where there is none."""
    pack = attempt.review_pack_path
    if name == "video.mp4":
        return attempt.video_path
    if name == "captions.vtt":
        return attempt.captions_path or (pack and f"{pack}/captions.vtt")
    if match := DRAFT_FILE.fullmatch(name):
        video, captions = attempt.drafts.get(int(match[1]), (None, None))
        return video if match[2] == "mp4" else captions
    return f"{pack}/{name}" if pack and name in PACK_FILES else None


MEDIA_ROUTES: list[BaseRoute] = [route("/watch/{attempt_id}/{name}", watch, access.Role.REVIEWER)]
