"""Review links: what they open, for whom, until when, and what is stored of their secrets."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.reviews import LinkState
from pilot_core.errors import InvalidRequest, PilotNotFound
from pilot_core.review import passphrases
from pilot_core.review.links import (
    LinkRefused,
    PassphraseLocked,
    PassphraseNeeded,
    grant_for,
    links_of,
    make_link,
    open_link,
    rename_reviewer,
    revoke_link,
)
from pilot_core.store.engine.connection import rows
from pilot_core.store.tables import reviews
from tests.conftest import HandClock
from tests.reviewing import LEAD, kinds, pilot_in_review, reviewer

PASSPHRASE = "drei kleine Ölsardinen"
REFUSED = r"^This link does not open anything any more\. Ask whoever sent it for a new one\.$"


FULL_COST = passphrases.COST


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passphrases at a cost of 2^4, to save time. A stored hash includes its own cost."""
    monkeypatch.setattr(passphrases, "COST", 2**4)


def everything_kept(store: PilotStore) -> str:
    """Return all rows of the store's tables and all its state files, as one text."""
    tables = ("review_links", "review_grants", "events", "comments", "review_receipts", "pilots", "feedback")
    found = [store.database.read(lambda c, t=table: rows(c, f"SELECT * FROM {t}")) for table in tables]  # noqa: S608
    files = [path.read_text() for path in store.root.glob("*.json")]
    return json.dumps(found, default=str, ensure_ascii=False) + "".join(files)


def test_a_link_opens_its_pilot_for_its_reviewer(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    link, token = make_link(store, pilot.pilot_id, "  Dana\tCruz ", actor=LEAD)
    grant, cookie = open_link(store, token)
    assert (grant.pilot_id, grant.name, grant.link_id) == (pilot.pilot_id, "Dana Cruz", link.link_id)
    assert grant_for(store, cookie) == grant
    assert kinds(store, pilot.pilot_id)[-2:] == [("link_made", LEAD), ("link_opened", "Dana Cruz (review link)")]
    assert store.load(pilot.pilot_id).version == pilot.version, "a lead's open page meets no conflict"


def test_a_link_lives_for_fourteen_days_to_the_end_of_the_last(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    link, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    cookie = open_link(store, token)[1]
    clock.now = datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC)
    assert link.state(clock()) is LinkState.LIVING
    assert open_link(store, token)[0].expires_at == datetime(2026, 3, 17, tzinfo=UTC)
    clock.forward(seconds=1)
    assert link.state(clock()) is LinkState.EXPIRED
    assert grant_for(store, cookie) is None
    with pytest.raises(LinkRefused, match=REFUSED):
        open_link(store, token)


def test_the_last_day_can_be_chosen_up_to_a_year(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    link, _ = make_link(store, pilot.pilot_id, "Dana", expires_on=date(2026, 3, 2), actor=LEAD)
    assert link.expires_at == datetime(2026, 3, 3, tzinfo=UTC)
    for wrong in (date(2026, 3, 1), date(2027, 3, 3)):
        with pytest.raises(InvalidRequest, match=r"^The link must end between today and a year from now; "):
            make_link(store, pilot.pilot_id, "Dana", expires_on=wrong, actor=LEAD)


def test_wrong_expired_and_revoked_are_one_refusal(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    revoked, revoked_token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    revoke_link(store, revoked.link_id, LEAD)
    _, expired_token = make_link(store, pilot.pilot_id, "Erik", expires_on=clock().date(), actor=LEAD)
    clock.forward(days=1)
    told = set()
    for token in (revoked_token, expired_token, "guessed", "", "ö" * 5000, "\ud800", expired_token + "x"):
        with pytest.raises(LinkRefused) as refusal:
            open_link(store, token, PASSPHRASE)
        told.add((type(refusal.value), str(refusal.value)))
    assert len(told) == 1


def test_revoking_ends_open_tabs_at_their_next_look(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    link, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    grant, cookie = open_link(store, token)
    assert revoke_link(store, link.link_id, LEAD).state(store.clock()) is LinkState.REVOKED
    assert grant_for(store, cookie) is None
    with pytest.raises(LinkRefused):
        rename_reviewer(store, grant, "Someone")
    assert revoke_link(store, link.link_id, LEAD).revoked_at == store.clock(), "twice is no error"
    assert kinds(store, pilot.pilot_id).count(("link_revoked", LEAD)) == 1
    with pytest.raises(PilotNotFound, match=r"^There is no such review link\.$"):
        revoke_link(store, "link_unknown", LEAD)


def test_a_reviewer_has_one_link_and_a_new_one_ends_the_old(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    first, old_token = make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)
    old_cookie = open_link(store, old_token)[1]
    revoke_link(store, first.link_id, LEAD)
    clock.forward(hours=1)
    second, new_token = make_link(store, pilot.pilot_id, "dana cruz", actor=at_command_line("Sam"))
    assert second.link_id == first.link_id
    assert links_of(store, pilot.pilot_id) == [second]
    assert grant_for(store, old_cookie) is None, "what the old link gave does not come back to life"
    with pytest.raises(LinkRefused):
        open_link(store, old_token)
    assert open_link(store, new_token)[0].name == "dana cruz"


def test_two_leads_at_once_make_one_link_for_one_reviewer(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(lambda n: make_link(store, pilot.pilot_id, "Dana", actor=at_command_line(f"Lead {n}")), range(4))
        )
    assert len(links_of(store, pilot.pilot_id)) == 1
    opened = [refused_or_name(store, token) for _, token in made]
    assert sorted(opened) == ["Dana", "refused", "refused", "refused"]


def refused_or_name(store: PilotStore, token: str, passphrase: str | None = None) -> str:
    try:
        return open_link(store, token, passphrase)[0].name
    except LinkRefused:
        return "refused"
    except PassphraseLocked:
        return "locked"
    except PassphraseNeeded:
        return "wrong"


def test_a_link_needs_a_pilot_and_a_name(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    with pytest.raises(PilotNotFound):
        make_link(store, "pilot_20260302_deadbeef", "Dana", actor=LEAD)
    for empty in ("", "  \n", "\u200b\u200d"):
        with pytest.raises(InvalidRequest, match=r"^A name is needed: type the reviewer's name\.$"):
            make_link(store, pilot.pilot_id, empty, actor=LEAD)
    with pytest.raises(InvalidRequest, match=r"^The name is longer than 200 characters; shorten it\.$"):
        make_link(store, pilot.pilot_id, "D" * 201, actor=LEAD)


def test_tokens_are_256_random_bits_and_only_hashes_of_secrets_are_kept(
    store: PilotStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    with pytest.raises(PassphraseNeeded):
        open_link(store, token, "something else")
    grant, cookie = open_link(store, token, PASSPHRASE)
    rename_reviewer(store, grant, "Erik")
    assert len(token) == len(cookie) == 43, "32 bytes in base64"
    assert token != cookie
    kept = everything_kept(store) + caplog.text + repr(grant)
    for secret in (token, cookie, PASSPHRASE):
        assert secret not in kept
    assert grant.grant_hash not in repr(grant)


def test_a_passphrase_is_asked_for_and_any_keyboard_can_type_it(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    for missing in (None, "", "  "):
        with pytest.raises(PassphraseNeeded, match=r"^This link has a passphrase\. Type the one you were given\.$"):
            open_link(store, token, missing)
    decomposed = PASSPHRASE.replace("Ö", "O\u0308")
    grant, _ = open_link(store, token, f" {decomposed}\n")
    assert grant.expires_at == store.clock() + timedelta(hours=24)


def test_after_a_day_the_passphrase_is_asked_for_again(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    cookie = open_link(store, token, PASSPHRASE)[1]
    clock.forward(hours=23, minutes=59)
    assert open_link(store, token, held=cookie)[1] == cookie
    clock.forward(minutes=1)
    assert grant_for(store, cookie) is None
    with pytest.raises(PassphraseNeeded):
        open_link(store, token, held=cookie)


def test_a_passphrase_of_seven_characters_is_too_short(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    with pytest.raises(InvalidRequest, match=r"^A passphrase needs 8 to 200 characters; "):
        make_link(store, pilot.pilot_id, "Dana", passphrase=" 1234567 ", actor=LEAD)


def test_five_wrong_passphrases_lock_the_link_for_fifteen_minutes(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    told = []
    for _ in range(5):
        with pytest.raises((PassphraseNeeded, PassphraseLocked)) as refusal:
            open_link(store, token, "wrong again")
        told.append(str(refusal.value))
    locked = "Too many wrong passphrases. The link opens again in 15 minutes; try then."
    assert told == [
        "That is not the passphrase; 4 tries are left.",
        "That is not the passphrase; 3 tries are left.",
        "That is not the passphrase; 2 tries are left.",
        "That is not the passphrase; 1 try is left.",
        locked,
    ]
    again = PilotStore(store.root, clock)
    clock.forward(minutes=14, seconds=1)
    for store_or_again, given in ((again, PASSPHRASE), (store, None)):
        with pytest.raises(PassphraseLocked, match=r"opens again in 1 minute; try then\.$"):
            open_link(store_or_again, token, given)
    clock.forward(seconds=59)
    with pytest.raises(PassphraseNeeded, match="4 tries are left"):
        open_link(store, token, "wrong again")
    assert open_link(store, token, PASSPHRASE)[0].name == "Dana"
    with pytest.raises(PassphraseNeeded, match="4 tries are left"):
        open_link(store, token, "the right one made the count begin anew")
    wrong = [e.detail["tries_left"] for e in store.events(pilot.pilot_id) if e.kind == "passphrase_wrong"]
    assert wrong == [4, 3, 2, 1, 0, 4, 4]


def test_many_tries_at_the_same_moment_are_no_more_than_five(
    store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passphrases, "COST", 2**12)  # slow enough that all tries overlap
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(lambda n: refused_or_name(store, token, f"guess number {n}"), range(12)))
    looked_at = [e for e in store.events(pilot.pilot_id) if e.kind == "passphrase_wrong"]
    assert (told.count("wrong"), told.count("locked"), len(looked_at)) == (4, 8, 5)
    assert refused_or_name(store, token, PASSPHRASE) == "locked"


def test_the_passphrase_of_a_wrong_token_is_never_looked_at(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    assert {refused_or_name(store, "guessed", "wrong") for _ in range(6)} == {"refused"}
    assert links_of(store, pilot.pilot_id)[0].locked_until is None


def test_a_kept_passphrase_says_how_it_was_hashed_and_is_salted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrases, "COST", FULL_COST)
    one, other = passphrases.hashed(PASSPHRASE), passphrases.hashed(PASSPHRASE)
    assert one.startswith("scrypt$16384$8$5$")
    assert one != other
    assert passphrases.matches(PASSPHRASE, one)
    assert not passphrases.matches(PASSPHRASE.lower(), one)
    assert not passphrases.matches("x" * 201, one)


def test_not_you_changes_the_name_of_this_browser_only(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    (mine, my_cookie), (_, other_cookie) = open_link(store, token), open_link(store, token)
    renamed = rename_reviewer(store, mine, " Erik\u2028Holm ")
    assert grant_for(store, my_cookie) == renamed
    assert (renamed.name, grant_for(store, other_cookie).name) == ("Erik Holm", "Dana")
    assert open_link(store, token, held=my_cookie)[0].name == "Erik Holm", "the same link opened again keeps the name"
    assert store.events(pilot.pilot_id)[-1].detail == {"link_id": mine.link_id, "before": "Dana", "after": "Erik Holm"}
    rename_reviewer(store, renamed, "Erik Holm")
    assert [e.kind for e in store.events(pilot.pilot_id)].count("reviewer_renamed") == 1


def test_a_cookie_of_another_link_is_not_kept_for_this_one(store: PilotStore) -> None:
    pilot, other = pilot_in_review(store), pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", actor=LEAD)
    _, other_token = make_link(store, other.pilot_id, "Dana", actor=LEAD)
    other_cookie = open_link(store, other_token)[1]
    grant, cookie = open_link(store, token, held=other_cookie)
    assert (grant.pilot_id, cookie == other_cookie) == (pilot.pilot_id, False)


def test_no_cookie_and_a_made_up_one_are_no_grant(store: PilotStore) -> None:
    reviewer(store, pilot_in_review(store))
    for nothing in (None, "", "made up", "é" * 5000):
        assert grant_for(store, nothing) is None


def test_expired_grants_of_a_link_are_forgotten_when_it_is_opened_again(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    _, token = make_link(store, pilot.pilot_id, "Dana", passphrase=PASSPHRASE, actor=LEAD)
    open_link(store, token, PASSPHRASE)
    clock.forward(hours=24)
    grant, _ = open_link(store, token, PASSPHRASE)
    kept = store.database.read(lambda c: rows(c, "SELECT grant_hash FROM review_grants"))
    assert kept == [{"grant_hash": grant.grant_hash}]
    assert store.database.read(lambda c: reviews.grant(c, grant.grant_hash, clock())) == grant
