"""What links, grants and passphrases promise at their edges, and what they leave in the history."""

import base64
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.limits import PASSPHRASE_LONGEST, PASSPHRASE_SHORTEST
from pilot_core.domain.reviews import ReviewLink
from pilot_core.domain.roles import Role
from pilot_core.errors import AccessDenied, InvalidRequest, LinkRefused, PilotNotFound
from pilot_core.review import links, passphrases
from pilot_core.review.links import PassphraseLocked, PassphraseNeeded
from pilot_core.services import keys
from pilot_core.store.tables import reviews
from pilot_core.tokens import hashed
from tests.conftest import HandClock
from tests.reviewing import LEAD, pilot_in_review, reviewer, team

SECRET = "three easy words"


def by_key(store: PilotStore, role: Role) -> Actor:
    """Return the actor of somebody signed in with a key, who is looked up in each transaction."""
    key, token = keys.invite(store, f"Some {role}", role, LEAD)
    keys.sign_in(store, token)
    return Actor(key.name, Source(Way.KEY, role, key.key_id))


def made(store: PilotStore, **options: object) -> tuple[ReviewLink, str]:
    return links.make_link(store, pilot_in_review(store).pilot_id, "Dana Cruz", actor=LEAD, **options)  # type: ignore[arg-type]


def last_event(store: PilotStore, pilot_id: str) -> tuple[str, str, dict[str, object]]:
    event = store.events(pilot_id)[-1]
    return event.kind, event.actor, event.detail


def test_revoking_and_the_switch_ask_of_the_link_s_pilot_and_say_which_link_it_was(store: PilotStore) -> None:
    link = made(store)[0]
    lead, named = by_key(store, Role.LEAD), {"link_id": link.link_id, "reviewer": "Dana Cruz"}
    assert links.allow_download(store, link.link_id, True, lead).may_download
    assert last_event(store, link.pilot_id) == ("download_allowed", lead, named)
    assert links.allow_download(store, link.link_id, True, lead).may_download
    assert not links.allow_download(store, link.link_id, False, lead).may_download
    assert last_event(store, link.pilot_id) == ("download_ended", lead, named)
    assert [kind for kind in (e.kind for e in store.events(link.pilot_id)) if "download" in kind] == [
        "download_allowed",
        "download_ended",
    ]
    assert links.revoke_link(store, link.link_id, lead).revoked_at == store.clock()
    assert last_event(store, link.pilot_id) == ("link_revoked", lead, named)


def test_who_may_not_learns_of_no_link(store: PilotStore) -> None:
    link, viewer = made(store)[0], by_key(store, Role.VIEWER)
    grant = reviewer(store, pilot_in_review(store))
    for act in (
        lambda link_id, who: links.revoke_link(store, link_id, who),
        lambda link_id, who: links.allow_download(store, link_id, True, who),
    ):
        for link_id in (link.link_id, "link_0000000000000000"):
            with pytest.raises(AccessDenied, match="read everything here"):
                act(link_id, viewer)
        with pytest.raises(PilotNotFound, match=f"no pilot {link.pilot_id} in this store"):
            act(link.link_id, grant.actor)
        with pytest.raises(PilotNotFound, match=r"^There is no such review link\.$"):
            act("link_0000000000000000", by_key(store, Role.LEAD))
        keys.revoke_key(store, "Some lead", LEAD)


def test_what_is_behind_a_link_is_told_while_it_is_open_and_opens_nothing(store: PilotStore) -> None:
    link, token = made(store)
    before = store.events(link.pilot_id)
    assert links.link_behind(store, token) == links.link_behind_hash(store, hashed(token)) == link
    assert store.events(link.pilot_id) == before
    links.revoke_link(store, link.link_id, LEAD)
    with pytest.raises(LinkRefused):
        links.link_behind(store, token)
    with pytest.raises(LinkRefused):
        links.link_behind_hash(store, hashed(token))


@pytest.mark.parametrize("may_download", [True, False])
def test_a_grant_is_of_its_link_and_lasts_as_long_unless_there_is_a_passphrase(
    store: PilotStore, clock: HandClock, may_download: bool
) -> None:
    link, token = made(store)
    links.allow_download(store, link.link_id, may_download, LEAD)
    grant, cookie = links.open_link(store, token)
    assert (grant.link_id, grant.pilot_id, grant.name) == (link.link_id, link.pilot_id, "Dana Cruz")
    assert (grant.expires_at, grant.may_download) == (link.expires_at, may_download)
    assert last_event(store, link.pilot_id) == ("link_opened", grant.actor, {"link_id": link.link_id})
    clock.now = link.expires_at
    assert links.grant_for(store, cookie) is None
    clock.forward(seconds=-1)
    assert links.grant_for(store, cookie) == grant


def test_of_many_grants_those_are_alive_that_each_by_itself_is(store: PilotStore, clock: HandClock) -> None:
    tokens = [made(store)[1], made(store)[1], made(store, passphrase=SECRET)[1]]
    kept, revoked, shorter = (links.open_link(store, token, SECRET)[0] for token in tokens)
    links.revoke_link(store, revoked.link_id, LEAD)
    asked = {kept.grant_hash, revoked.grant_hash, shorter.grant_hash, hashed("nobody’s")}
    for instant in (clock(), shorter.expires_at, kept.expires_at):
        alive = {each for each in asked if store.database.read(lambda c, h=each: reviews.grant(c, h, instant))}  # noqa: B023
        assert store.database.read(lambda c: reviews.living_grants(c, asked, instant)) == alive  # noqa: B023
    assert store.database.read(lambda c: reviews.living_grants(c, [kept.grant_hash], clock())) == {kept.grant_hash}


def test_a_speaker_is_alive_while_their_grant_is(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    grant, other = reviewer(store, pilot), pilot_in_review(store).pilot_id

    def check(speaker: object) -> None:
        store.database.read(lambda c: links.check_alive(c, speaker, store.clock()))  # type: ignore[arg-type]

    check(grant)
    with pytest.raises(LinkRefused):
        check(replace(grant, pilot_id=other))
    links.revoke_link(store, grant.link_id, LEAD)
    check(team(pilot))
    with pytest.raises(LinkRefused):
        check(grant)


def test_a_wrong_passphrase_is_in_the_history_as_tried_through_that_link(store: PilotStore) -> None:
    link, token = made(store, passphrase=SECRET)
    with pytest.raises(PassphraseNeeded, match="4 tries are left"):
        links.open_link(store, token, "some other words")
    kind, actor, detail = last_event(store, link.pilot_id)
    assert (kind, detail) == ("passphrase_wrong", {"link_id": link.link_id, "tries_left": 4})
    assert "Dana Cruz" in actor


def test_how_long_a_link_is_locked_is_rounded_up(store: PilotStore, clock: HandClock) -> None:
    link, token = made(store, passphrase=SECRET)
    found = store.database.read(lambda c: reviews.living_link(c, hashed(token), clock()))
    assert found is not None
    for _ in range(5):
        with pytest.raises((PassphraseNeeded, PassphraseLocked)):
            links.open_link(store, token, "some other words")
    # Read before the lock, tried after it: what two browsers at the same moment do.
    with pytest.raises(PassphraseLocked, match="opens again in 15 minutes"):
        links._check_passphrase(store, found, SECRET, clock())
    clock.forward(seconds=15 * 60 - 61)
    with pytest.raises(PassphraseLocked, match="opens again in 2 minutes"):
        links.open_link(store, token, SECRET)
    clock.forward(seconds=1)
    with pytest.raises(PassphraseLocked, match=r"opens again in 1 minute;"):
        links.open_link(store, token, SECRET)
    clock.forward(seconds=60)
    assert links.open_link(store, token, SECRET)[0].link_id == link.link_id


@pytest.mark.parametrize(
    "words",
    ["x" * PASSPHRASE_SHORTEST, "x" * PASSPHRASE_LONGEST, "half a pair \ud83d here"],
    ids=["shortest", "longest", "half a pair"],
)
def test_a_passphrase_that_is_taken_matches(words: str) -> None:
    kept = passphrases.hashed(words)
    assert passphrases.matches(words, kept)
    assert not passphrases.matches(words[:-1], kept)
    assert not passphrases.matches(words + "x", kept)


def test_a_kept_passphrase_is_a_key_of_256_bits_and_one_that_is_too_short_is_a_fault_of_its_field() -> None:
    salt, key = (base64.b64decode(part) for part in passphrases.hashed(SECRET).split("$")[-2:])
    assert (len(salt), len(key)) == (16, 32)
    with pytest.raises(InvalidRequest) as refused:
        passphrases.hashed("x" * (PASSPHRASE_SHORTEST - 1))
    assert refused.value.field == "passphrase"
    assert str(refused.value) == "A passphrase needs 8 to 200 characters; three or four words are easy to say."


def test_making_a_link_asks_of_its_pilot_and_says_what_was_made(store: PilotStore) -> None:
    pilot_id, lead = pilot_in_review(store).pilot_id, by_key(store, Role.LEAD)
    last = store.clock().date() + timedelta(days=365)
    for again in (False, True):
        link, _ = links.make_link(
            store, pilot_id, "Dana Cruz", expires_on=last, passphrase=SECRET, may_download=True, actor=lead
        )
        assert re.fullmatch(r"link_[0-9a-f]{16}", link.link_id)
        assert (link.may_download, link.has_passphrase) == (True, True)
        assert last_event(store, pilot_id) == (
            "link_made",
            lead,
            {
                "link_id": link.link_id,
                "reviewer": "Dana Cruz",
                "until": last.isoformat(),
                "passphrase": True,
                "may_download": True,
                "again": again,
            },
        )
    for day in (last + timedelta(days=1), store.clock().date() - timedelta(days=1)):
        with pytest.raises(InvalidRequest) as refused:
            links.make_link(store, pilot_id, "Dana Cruz", expires_on=day, actor=lead)
        assert refused.value.field == "expiry"
    with pytest.raises(AccessDenied, match="read everything here"):
        links.make_link(store, pilot_id, "Dana Cruz", actor=by_key(store, Role.VIEWER))
    grant = reviewer(store, pilot_in_review(store))
    with pytest.raises(PilotNotFound, match=f"no pilot {pilot_id} in this store"):
        links.make_link(store, pilot_id, "Dana Cruz", actor=grant.actor)


def test_of_what_was_watched_only_pairs_are_read() -> None:
    row = {"opened_at": None, "last_opened_at": None, "watched_at": None, "attempt_id": "a1", "reviewer": "Dana Cruz"}
    assert reviews.viewing_of({**row, "watched": '["ab", [1, 2, 3], [0, 2.5]]'}, 1).watched == ((0, 2.5),)
