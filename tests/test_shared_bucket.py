"""Two folders, one PostgreSQL and one bucket: what is done at one server is there at the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilot_core import rendering, services
from pilot_core.care.check import check
from pilot_core.care.elsewhere import follower
from pilot_core.care.repair import repair
from pilot_core.documents import RUNBOOK
from pilot_core.erasure import erase_person, erase_pilot
from pilot_core.models import AttemptState, PilotRun
from pilot_core.review.decisions import decide
from pilot_core.review.links import make_link, open_link
from pilot_core.review.shown import film_checksum
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore
from pilot_core.web import stores
from tests import buckets, postgres
from tests.asking import ask
from tests.films import make_film


@pytest.fixture
def folders(
    postgres_server: postgres.Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PilotStore, PilotStore]]:
    """Two servers' folders of one store."""
    with postgres_server.database() as url:
        monkeypatch.setenv("PILOT_OPS_DATABASE_URL", url)
        yield PilotStore(tmp_path / "one"), PilotStore(tmp_path / "other")
    stores.store.cache_clear()


def test_a_pilot_of_one_server_is_rendered_and_reviewed_at_the_other_and_erased_at_both(
    s3: buckets.Service,
    bucket: str,
    folders: tuple[PilotStore, PilotStore],
    new_pilot: Callable[..., PilotRun],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = folders
    film = make_film(tmp_path / "brought.mp4", seconds=1.0)
    pilot_id = services.start_pilot(one, new_pilot(), "Mara").pilot_id
    upload = services.keep_upload(one, pilot_id, film)
    services.queue_attempt(one, pilot_id, "upload", upload_path=upload)
    attempt = rendering.run_attempt(other, pilot_id, 1, settings()).attempt(1)
    assert attempt.state is AttemptState.READY, attempt.failure
    meant = other.path_of(attempt.video_path or "").read_bytes()
    assert not one.path_of(attempt.video_path or "").exists()
    monkeypatch.setenv("PILOT_OPS_STORE", str(one.root))
    stores.store.cache_clear()
    _, token = make_link(other, pilot_id, "Dana", actor="Mara")
    grant, cookie = open_link(one, token)
    assert ask(f"/watch/{attempt.attempt_id}/video.mp4", cookie=cookie).body == meant
    assert ask(f"/watch/{attempt.attempt_id}/poster.jpg", cookie=cookie).status == 200
    assert film_checksum(one, attempt) == film_checksum(other, attempt)
    assert decide(one, grant, 1, "approve", approved_sha256=film_checksum(other, attempt)).sha256
    assert [finding for finding in check(one) if finding.kind != "state_old"] == []
    assert (other.root / pilot_id).exists()
    erase_pilot(one, pilot_id, "Asked", "Mara")
    assert s3.objects(bucket) == {}
    assert not (one.root / pilot_id).exists()
    follower(other)()
    assert not [path for path in other.root.rglob("*") if pilot_id in str(path)]


def test_a_person_erased_at_one_server_stands_in_no_file_of_the_other(
    folders: tuple[PilotStore, PilotStore], new_pilot: Callable[..., PilotRun]
) -> None:
    one, other = folders
    pilot = services.start_pilot(one, new_pilot(founder_name="Zoë Quist"), "Mara")
    for path in other.media.under(pilot.pilot_id):
        other.media.fetched(path)
    services.pause(other, pilot.pilot_id, "Travels")
    (report := other.root / pilot.pilot_id / "outcome_report.md").write_text("For Zoë Quist")
    follow = follower(other)
    follow()
    assert naming(other, "Quist"), "nobody was erased yet"
    erase_person(one, "Zoë Quist", "Asked", "Mara")
    follow()
    assert naming(one, "Quist") == naming(other, "Quist") == []
    assert not report.exists()
    assert repair(other).left == []
    runbook = other.media.fetched(f"{pilot.pilot_id}/{RUNBOOK}")
    assert "Erased person" in runbook.read_text()


def naming(store: PilotStore, name: str) -> list[str]:
    """The files of a folder in which that name stands."""
    files = [path for path in store.root.rglob("*") if path.is_file()]
    return [path.name for path in files if name.encode() in path.read_bytes()]
