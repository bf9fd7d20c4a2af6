"""Damage in comments, links, grants and keys, which no state file has, is named with what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.comments import Anchor
from pilot_core.maintenance import nightly
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.review import comments, links
from pilot_core.services import keys
from tests.reviewing import LEAD, pilot_in_review, team

NEWEST = "Restore that backup into an empty folder to see what it was."


@dataclass(frozen=True)
class Known:
    """The ids of what a damage is done to."""

    pilot: str
    other: str
    comment: str
    reply: str
    link: str
    key: str


@pytest.fixture
def known(store: PilotStore) -> Known:
    """Two pilots in review; the first has a comment with a reply, a link that was opened, and there is a key."""
    pilot, other = (pilot_in_review(store) for _ in range(2))
    said = comments.add_comment(store, team(pilot), 1, Anchor(10), "Too dark")
    answer = comments.reply(store, team(pilot), said.comment_id, "Yes")
    link, token = links.make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)
    links.open_link(store, token)
    key, _ = keys.invite(store, "Mara", "lead", LEAD)
    return Known(pilot.pilot_id, other.pilot_id, said.comment_id, answer.comment_id, link.link_id, key.key_id)


def told(store: PilotStore, backups: Path | None = None) -> list[str]:
    """Return what a check finds beyond the files that these pilots have not."""
    found = check(store, under_way=0, backups=backups)
    return [one.sentence for one in found if one.kind in ("contradiction", "loss", "lost_rows", "backup")]


DAMAGE: dict[str, tuple[str, list[str]]] = {
    "comment removed": (
        "DELETE FROM comments WHERE comment_id = '{k.reply}'",
        ["The history of {k.pilot} has the comment {k.reply}, and the database has not. Restore a backup from before"],
    ),
    "comment of nobody": (
        "UPDATE comments SET pilot_id = 'pilot_20200101_gone0000' WHERE comment_id = '{k.reply}'",
        [
            "Rows of comments refer to 1 row of pilots that is not there: pilot_20200101_gone0000. --repair moves",
            "The comment {k.reply} of pilot_20200101_gone0000 is on an attempt of another pilot, or replies to",
        ],
    ),
    "comment of another pilot": (
        "UPDATE comments SET pilot_id = '{k.other}' WHERE comment_id = '{k.reply}'",
        ["The comment {k.reply} of {k.other} is on an attempt of another pilot, or replies to"],
    ),
    "reply elsewhere": (
        "UPDATE comments SET attempt_id = '{k.other}_a1' WHERE comment_id = '{k.reply}'",
        ["The comment {k.reply} of {k.pilot} is on an attempt of another pilot, or replies to"],
    ),
    "frames": (
        "UPDATE comments SET frame = -1 WHERE comment_id = '{k.comment}'",
        ["The comment {k.comment} of {k.pilot} is about frames that cannot be"],
    ),
    "link removed": (
        "DELETE FROM review_grants; DELETE FROM review_links",
        ["The history of {k.pilot} has the review link {k.link}, and the database has not, so it opens nothing."],
    ),
    "link of nobody": (
        "DELETE FROM review_links",
        [
            "Rows of review_grants refer to 1 row of review_links that is not there: {k.link}. --repair moves",
            "The history of {k.pilot} has the review link {k.link}, and the database has not, so it opens nothing.",
        ],
    ),
    "link of another pilot": (
        "UPDATE review_links SET pilot_id = '{k.other}'",
        [
            "The history of another pilot has the review link {k.link}, which opens {k.other}. Revoke it",
            "The review link {k.link} is of another pilot, and a browser was let in to {k.pilot} by it. Revoke",
        ],
    ),
    "grant of another pilot": (
        "UPDATE review_grants SET pilot_id = '{k.other}'",
        ["The review link {k.link} is of another pilot, and a browser was let in to {k.other} by it. Revoke"],
    ),
    "key with another role": (
        "UPDATE sign_in_keys SET role = 'boss'",
        ["The sign-in key {k.key} has a role that does not exist. Revoke it with --revoke-key {k.key}, and make"],
    ),
    "key with a foreign session": (
        "UPDATE sign_in_keys SET session_hash = 'x'",
        ["The sign-in key {k.key} has a session and was never used, or has the secret of another key. Revoke"],
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_each_damage_is_named_with_what_to_do(store: PilotStore, known: Known, case: str) -> None:
    assert told(store) == []
    damage, meant = DAMAGE[case]
    for statement in damage.format(k=known).split(";"):
        store.database.transaction(lambda c, sql=statement: c.execute(sql).fetchall())
    found = told(store)
    assert [one for one, words in zip(found, meant, strict=True) if words.format(k=known) not in one] == []


Act = Callable[[PilotStore, Known], object]
UNDONE: dict[str, tuple[Act, str, str]] = {
    "comment shown again": (
        lambda store, k: comments.delete_comment(store, team(store.load(k.pilot)), k.reply),
        "UPDATE comments SET deleted_at = NULL",
        "The comment {k.reply} of {k.pilot} was deleted, and the database shows it. Delete it again.",
    ),
    "link opens again": (
        lambda store, k: links.revoke_link(store, k.link, LEAD),
        "UPDATE review_links SET revoked_at = NULL",
        "The history says that the review link {k.link} of {k.pilot} was revoked, and it opens. Revoke it again.",
    ),
}


@pytest.mark.parametrize("case", UNDONE)
def test_what_was_ended_and_is_there_again_is_named(store: PilotStore, known: Known, clock: object, case: str) -> None:
    act, damage, meant = UNDONE[case]
    clock.forward(minutes=1)  # type: ignore[attr-defined]
    act(store, known)
    assert told(store) == []
    store.database.transaction(lambda c: c.execute(damage).fetchall())
    assert told(store) == [meant.format(k=known)]
    clock.forward(minutes=1)  # type: ignore[attr-defined]
    act(store, known)
    assert told(store) == []


def test_a_repair_notes_in_the_history_what_is_lost(store: PilotStore, known: Known) -> None:
    store.database.transaction(lambda c: c.execute("DELETE FROM comments").fetchall())
    assert len(told(store)) == 2
    done = repair(store, under_way=0).done
    assert f"Noted in the history of {known.pilot} that the comment {known.reply} is lost." in done
    assert told(store) == []
    assert [event.kind for event in store.events(known.pilot)][-2:] == ["loss_noted", "loss_noted"]


CHANGED = {
    "DELETE FROM sign_in_keys": "The sign-in key {k.key} is in the backup {b} and not in the database.",
    "UPDATE sign_in_keys SET role = 'viewer'": "The sign-in key {k.key} is not as in the backup {b}: role.",
    "UPDATE sign_in_keys SET key_hash = 'x'": "The sign-in key {k.key} is not as in the backup {b}: key_hash.",
    "UPDATE comments SET body = 'No' WHERE parent_id IS NOT NULL": (
        "The comment {k.reply} is not as in the backup {b}: body."
    ),
    "UPDATE comments SET created_at = '2020-01-01' WHERE parent_id IS NOT NULL": (
        "The comment {k.reply} is not as in the backup {b}: created_at."
    ),
}


@pytest.mark.parametrize("damage", CHANGED)
def test_what_differs_from_the_newest_nightly_backup_is_named(
    store: PilotStore, known: Known, tmp_path: Path, damage: str
) -> None:
    made = nightly.run(store, tmp_path / "backups")
    assert told(store, tmp_path / "backups") == []
    store.database.transaction(lambda c: c.execute(damage).fetchall())
    assert told(store, tmp_path / "backups") == [f"{CHANGED[damage].format(k=known, b=made.name)} {NEWEST}"]


def test_what_people_change_is_no_damage(store: PilotStore, known: Known, tmp_path: Path, clock: object) -> None:
    nightly.run(store, tmp_path / "backups")
    clock.forward(hours=1)  # type: ignore[attr-defined]
    speaker = team(store.load(known.pilot))
    comments.edit_comment(store, speaker, known.comment, "Much too dark")
    comments.delete_comment(store, speaker, known.reply)
    links.make_link(store, known.pilot, "Dana Cruz", actor=LEAD)
    links.revoke_link(store, known.link, LEAD)
    keys.revoke_key(store, "Mara", LEAD)
    assert told(store, tmp_path / "backups") == []


def test_a_damaged_backup_and_a_key_that_is_not_whole_are_named_by_the_command(
    store: PilotStore, known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PILOT_OPS_BACKUPS", str(tmp_path / "backups"))
    made = nightly.run(store, tmp_path / "backups")
    made.write_bytes(made.read_bytes()[:-100])
    (store.root / ".certificates.key").write_bytes(b"short")
    assert main(["--store", str(store.root), "--check"]) == 1
    out = capsys.readouterr().out
    assert f"The backup {made.name} is damaged: it is no whole zip file. Make a new backup." in out
    assert "The key .certificates.key is not whole; put back the one of a backup" in out
