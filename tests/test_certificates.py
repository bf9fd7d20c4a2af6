"""The approval certificate: issued in the room, checked offline by the command."""

import json
from pathlib import Path

import pytest

from pilot_core.cli import main
from pilot_core.domain.comments import Anchor
from pilot_core.errors import InvalidRequest
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.restore import restore
from pilot_core.review.certificates import certificate, own_key, verify
from pilot_core.review.comments import add_comment
from pilot_core.review.decisions import Decision, decide
from pilot_core.store.files.layout import CERTIFICATES_KEY
from pilot_core.store.pilots import PilotStore
from tests.reviewing import pilot_in_review, reviewer
from tests.room_client import Browser


@pytest.fixture
def guest(served: PilotStore) -> Browser:
    """Return the browser of a reviewer who approved a video although another asked for changes."""
    pilot = pilot_in_review(served)
    guest = Browser(served)
    page = guest.opens(pilot)
    body = b'{"attempt": 1, "watched": [[0, 14]]}'
    guest.asks("/watched", "POST", body, origin=f"http://{guest.host}")
    other = reviewer(served, pilot, "Ben Ito")
    add_comment(served, other, 1, Anchor(3), "Slower")
    decide(served, other, 1, Decision("minor_changes"))
    page = guest.opens(path="/review/approve")
    [seen] = [value for name, value in page.form("approve").choices if name == "seen"]
    assert "approved" in guest.sends(page, "approve", seen=[seen]).text
    return guest


def saved(guest: Browser, tmp_path: Path) -> Path:
    path = tmp_path / "approval.json"
    path.write_bytes(guest.opens(path=guest.opens().links["Download the approval certificate"]).answer.body)
    return path


def test_it_says_what_was_approved_by_whom_and_what_was_watched(guest: Browser, tmp_path: Path) -> None:
    page = guest.opens(path="/review/certificate")
    assert page.answer.headers["content-disposition"].startswith("attachment; filename=")
    says = verify(saved(guest, tmp_path).read_bytes()).says
    pilot = guest.store.load(says["pilot"])
    given = pilot.runs[0].review
    assert given is not None
    assert says["video"]["sha256"] == given.sha256
    assert says["decision"]["approved_by"] == "Dana Cruz"
    assert says["watched"] == {"seconds": [[0, 14]], "fraction": 0.75}
    assert [(other["by"], other["level"]) for other in says["other_decisions"]] == [("Ben Ito", "minor_changes")]
    assert len(says["plan_sha256"]) == 64
    assert says["rules_version"]


def test_the_command_checks_it_and_the_video_without_a_store(
    guest: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, video = saved(guest, tmp_path), tmp_path / "video.mp4"
    monkeypatch.setenv("PILOT_OPS_STORE", str(tmp_path / "nowhere"))
    assert main(["--verify-certificate", str(path)]) == 0
    told = capsys.readouterr().out
    assert "The signature is valid." in told
    assert "Dana Cruz approved version 1 of AcmeAI’s video." in told
    video.write_bytes(b"the film of attempt 1")
    assert main(["--verify-certificate", str(path), "--video", str(video)]) == 0
    assert "is the approved video" in capsys.readouterr().out
    video.write_bytes(b"another film")
    assert main(["--verify-certificate", str(path), "--video", str(video)]) == 1
    assert "is NOT the approved video" in capsys.readouterr().out
    assert not (tmp_path / "nowhere").exists()


def test_a_word_changed_afterwards_is_noticed(
    guest: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(guest, tmp_path)
    signed = json.loads(path.read_text())
    signed["certificate"]["version"] = 2
    path.write_text(json.dumps(signed))
    assert main(["--verify-certificate", str(path)]) == 1
    assert "The signature is wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"not json",
        b'{"certificate": {}, "public_key": "x", "signature": "y"}',
        b'{"certificate": {}, "public_key": "AAAA", "signature": "AAAA"}',
        b"[" * 60_000,
    ],
)
def test_what_is_no_certificate_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not an approval certificate"):
        verify(data)


def test_there_is_none_before_an_approval_and_none_for_others(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    guest = Browser(served)
    assert guest.opens(path="/review/certificate").status == 403
    guest.takes_link(pilot)
    assert guest.opens(path="/review/certificate").source == "Not found"
    assert guest.opens(path=f"/review/preview/{pilot.pilot_id}/certificate").source == "Not found"


def test_a_restored_store_signs_with_the_same_key(guest: Browser, tmp_path: Path) -> None:
    assert own_key(guest.store, None) is None, "there is no key before the first certificate"
    issued = verify(saved(guest, tmp_path).read_bytes())
    back_up(guest.store, tmp_path / "a.zip")
    restore(tmp_path / "a.zip", tmp_path / "back")
    again = PilotStore(tmp_path / "back", guest.store.clock)
    assert own_key(again, None) == issued.key == own_key(guest.store, None)
    assert verify(certificate(again, again.load(issued.says["pilot"]), None)).says == issued.says
    assert (again.root / CERTIFICATES_KEY).stat().st_mode & 0o777 == 0o600


def test_a_backup_before_the_first_certificate_comes_back_too(guest: Browser, tmp_path: Path) -> None:
    back_up(guest.store, tmp_path / "a.zip")
    restore(tmp_path / "a.zip", tmp_path / "back")
    assert own_key(PilotStore(tmp_path / "back"), None) is None


def test_with_a_shared_secret_every_server_names_one_key(guest: Browser, tmp_path: Path) -> None:
    issued = verify(certificate(guest.store, guest.store.load(guest.store.pilot_ids()[0]), "shared by servers"))
    assert own_key(PilotStore(tmp_path / "other"), "shared by servers") == issued.key
    assert not (guest.store.root / CERTIFICATES_KEY).exists()


def test_one_installation_signs_with_one_key(guest: Browser, tmp_path: Path) -> None:
    first, second = (verify(saved(guest, tmp_path).read_bytes()).key for _ in range(2))
    assert first == second
    assert (guest.store.root / ".certificates.key").stat().st_mode & 0o777 == 0o600
