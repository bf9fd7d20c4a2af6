"""Change a pilot's brand kit: store its prepared files under names of their contents, and save the kit."""

import hashlib
from pathlib import Path

from pilot_core.domain import limits
from pilot_core.domain.actors import Actor
from pilot_core.domain.brand_kit import BrandKit, KitImage
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, PilotError, StoreError
from pilot_core.files import write_atomic
from pilot_core.services import pilots
from pilot_core.store import permission
from pilot_core.store.files.layout import BRAND_KIT
from pilot_core.store.pilots import PilotStore
from pilot_core.video.prepared_kit import PreparedKit, with_words


def change_kit(
    store: PilotStore,
    pilot_id: str,
    files: PreparedKit,
    actor: Actor | None = None,
    *,
    seen_version: int | None = None,
    present: BrandKit | None = None,
) -> PilotRun:
    """Replace the parts of the kit that are given; pictures are added. It holds from the next attempt on.

    ``present`` is the kit that the parts are added to, the pilot's if it is None. Raises InvalidRequest if the pictures
    are too many, StoreError if a file cannot be stored.
    """
    permission.ask(store.database, store.acting(actor), ActKind.EDIT_BRIEF, pilot_id, store.clock())
    given = files.given
    kit = with_words(present or store.load(pilot_id).brief.brand_kit, given)
    if files.logo:
        kit = kit.model_copy(update={"logo": _keep(store, pilot_id, files.logo)})
    if files.font:
        kit = kit.model_copy(update={"font": _keep(store, pilot_id, files.font)})
    added = [
        KitImage(name=name[-limits.KIT_NAME :], path=_keep(store, pilot_id, made), area=given.areas.get(name))
        for name, made in files.pictures
    ]
    known = {picture.path: picture for picture in (*kit.pictures, *added)}
    return save_kit(store, pilot_id, kit, list(known.values()), actor, seen_version=seen_version)


def save_kit(
    store: PilotStore,
    pilot_id: str,
    kit: BrandKit,
    pictures: list[KitImage],
    actor: Actor | None = None,
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Save the kit with these pictures. Raises InvalidRequest if they are too many or nothing differs."""
    try:
        changed = BrandKit.model_validate(kit.model_dump() | {"pictures": [each.model_dump() for each in pictures]})
    except ValueError as error:
        raise InvalidRequest("A brand kit has at most 5 pictures; take one out first.", field="brand_kit") from error
    brief = store.load(pilot_id).brief.model_copy(update={"brand_kit": changed})
    return pilots.edit_brief(store, pilot_id, brief, actor, seen_version=seen_version)


def _keep(store: PilotStore, pilot_id: str, made: Path) -> str:
    """Store a prepared file in the pilot's folder; returns its path in the store. Raises StoreError."""
    try:
        data = made.read_bytes()
        path = f"{pilot_id}/{BRAND_KIT}/{hashlib.sha256(data).hexdigest()[:24]}{made.suffix}"
        write_atomic(store.path_of(path), data)
        store.media.put([path])
    except (PilotError, OSError) as error:
        raise StoreError("The brand kit could not be stored just now; nothing was changed.") from error
    return path
