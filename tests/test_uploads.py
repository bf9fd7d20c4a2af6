"""Uploaded videos: streamed to disk, checked in a separate process, and removed if they are not videos."""

import json
import os
import re
from fractions import Fraction
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.settings import read_settings
from pilot_core.store.tables.display_names import MACHINE_LOGINS, UNNAMED, local_login
from pilot_core.video.conform.process import conform, inspect
from pilot_core.video.probe import probe
from pilot_core.web.access import rate_limits
from pilot_core.web.routes import uploads
from tests.asking import AWAY, Answer, ask
from tests.films import make_film
from tests.hostile_films import hostile_films
from tests.served import serve

HERE = "localhost:8501"
LOCAL = UNNAMED if local_login() in MACHINE_LOGINS else local_login()
SENTENCE = re.compile(r"[^\n]{10,300}\.")


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, store)
    monkeypatch.setattr(uploads, "UPLOADS", rate_limits.Rate("uploads", 1000, 3600))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return an intact video with its index first, and one with its index last."""
    folder = tmp_path_factory.mktemp("films")
    return {
        name: make_film(folder / f"{name}.mp4", seconds=3, rate=Fraction(10), faststart=first).read_bytes()
        for name, first in (("good", True), ("late", False))
    }


def send(body: bytes, *, ticket: str | None = None, host: str = HERE, **headers: str) -> Answer:
    given = uploads.ticket(read_settings(), LOCAL) if ticket is None else ticket
    return ask("/uploads", "POST", host=host, body=body, x_upload_ticket=given, **headers)


def kept(store: PilotStore) -> list[Path]:
    folder = store.root / uploads.FOLDER
    return sorted(folder.iterdir()) if folder.exists() else []


def told(answer: Answer) -> str:
    return json.loads(answer.body)["problem"]


def test_a_film_is_kept_under_a_name_of_ours_and_found_by_its_id(store: PilotStore, films: dict[str, bytes]) -> None:
    for film in films.values():
        answer = send(film, content_disposition='attachment; filename="../../../etc/cron.d/film.mp4"')
        assert answer.status == 201
        path = uploads.taken_up(store, json.loads(answer.body)["upload"])
        assert path.parent == store.root / uploads.FOLDER
        assert path.read_bytes() == film
    assert len(kept(store)) == 2


def test_two_hundred_hostile_files_leave_one_sentence_each_and_nothing_else(
    store: PilotStore, films: dict[str, bytes], tmp_path: Path
) -> None:
    sent, accepted = 0, []
    for what, body, might_be_a_film in hostile_films(films["good"], films["late"]):
        answer = send(body)
        sent += 1
        if answer.status == 201:
            assert might_be_a_film, what
            path = uploads.taken_up(store, json.loads(answer.body)["upload"])
            # A flipped bit may leave a video that decodes to its end; it is conformed and measured like any other.
            if len(accepted) % 6 == 0:
                made = conform(path, full := tmp_path / f"{sent}.mp4", None, lambda done: None)
                assert probe(path if made.is_as_delivered else full).frame_count == made.frames, what
            accepted.append(path)
        else:
            assert answer.status == 422, what
            print(what, "→", told(answer))
            assert SENTENCE.fullmatch(told(answer)), (what, told(answer))
            assert "upload_" not in told(answer)
    assert sent == 200
    assert kept(store) == sorted(accepted)
    assert len(accepted) < 70


def test_a_film_that_is_too_large_is_refused_before_and_while_it_comes(
    store: PilotStore, films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_MB", 0.001)
    expected = "The film is larger than 0.001 MB; export it smaller."
    for headers in ({"content_length": "999999999999"}, {}, {"content_length": "5"}):
        answer = send(films["good"], **headers)
        assert (answer.status, told(answer)) == (413, expected)
    assert kept(store) == []


def test_a_full_disk_refuses_a_film_before_it_comes(
    store: PilotStore, films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SPARE_BYTES", 1 << 60)
    answer = send(films["good"])
    assert (answer.status, told(answer)) == (
        507,
        "The disk of this store is nearly full; free some space, then try again.",
    )
    assert kept(store) == []


def test_without_the_page_s_ticket_nothing_is_taken(store: PilotStore, films: dict[str, bytes]) -> None:
    good = uploads.ticket(read_settings(), LOCAL)
    _, began, signed = good.split(".")
    theirs = uploads.ticket(read_settings(), "Mallory")
    for ticket in ("", "nonsense", f".{began}.", f".zzzzzz.{signed}", f".{began}.{signed[:-1]}", theirs):
        answer = send(films["good"], ticket=ticket)
        assert (answer.status, told(answer)) == (403, uploads.STALE)
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        assert send(films["good"], **headers).status == 403
    assert send(films["good"], host=AWAY).status == 404
    assert kept(store) == []


def test_a_ticket_ends_with_the_day(films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "TICKET_SECONDS", -1)
    answer = send(films["good"])
    assert (answer.status, told(answer)) == (403, uploads.STALE)


def test_what_nobody_took_up_within_a_day_is_gone_with_the_next_film(
    store: PilotStore, films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = json.loads(send(films["good"]).body)["upload"]
    monkeypatch.setattr(uploads, "KEPT_SECONDS", -1)
    send(b"no film")
    with pytest.raises(InvalidRequest, match="not there any more"):
        uploads.taken_up(store, first)


@pytest.mark.parametrize("given", ["../../pilots.duckdb", "upload_1/../x", "upload_0000000000000000\n", "*", "…"])
def test_only_an_id_of_ours_names_a_film(store: PilotStore, given: str) -> None:
    with pytest.raises(InvalidRequest, match="not there any more"):
        uploads.taken_up(store, given)


def test_a_file_that_takes_too_much_to_open_is_refused(
    films: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(films["good"])
    inspect(path)
    monkeypatch.setattr("pilot_core.video.conform.process.EXAMINE_SECONDS", 0.001)
    with pytest.raises(PilotError, match="The file takes more time or memory to open than a video should"):
        inspect(path)


def test_a_film_that_is_renamed_while_old_ones_are_cleared_away_stops_nothing(
    store: PilotStore, films: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.root / uploads.FOLDER
    folder.mkdir()
    (folder / "upload_0123456789abcdef.part").symlink_to(folder / "it has its name now.mp4")
    old = folder / "upload_00000000000000ff.mp4"
    old.write_bytes(films["good"])
    os.utime(old, (0, 0))
    assert send(films["good"]).status == 201
    assert not old.exists()


def test_a_store_without_uploads_gets_no_folder_for_them_at_the_start(store: PilotStore) -> None:
    uploads.sweep(store.root / uploads.FOLDER)
    assert not (store.root / uploads.FOLDER).exists()
