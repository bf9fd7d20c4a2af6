"""What reviewers have typed and not sent: kept for each grant and form, bounded, and erased once it is sent."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import Grant, Unsent
from pilot_core.erasure.person import erase_person
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import InvalidRequest
from pilot_core.review import unsent
from pilot_core.review.links import LinkRefused, revoke_link
from pilot_core.review.unsent import LONGEST, MOST_FORMS, forget, save, unsent_of
from pilot_core.store.pilots import PilotStore
from tests.conftest import HandClock
from tests.reviewing import LEAD, pilot_in_review, reviewer
from tests.room_client import Browser

FORM = "comment pilot_1_a1"


def typed(words: str = "Half a thought", turn: int = 1, form: str = FORM, key: str = "form_1") -> Unsent:
    return Unsent(form, key, turn, json.dumps({"text": words}))


def texts(store: PilotStore, grant: Grant) -> dict[str, str]:
    return {form: words["text"] for form, words in unsent_of(store, grant).items()}


def rows(store: PilotStore) -> int:
    return int(store.database.read(lambda c: c.execute("SELECT count(*) FROM unsent_words").fetchall())[0][0])


@pytest.fixture
def pilot(store: PilotStore) -> PilotRun:
    return pilot_in_review(store)


def test_the_last_turn_of_each_form_is_kept_for_each_grant(store: PilotStore, pilot: PilotRun) -> None:
    dana, ben = reviewer(store, pilot), reviewer(store, pilot, "Ben Ito")
    assert save(store, dana, typed("Half", turn=1))
    assert save(store, dana, typed("Half a thought", turn=3))
    assert not save(store, dana, typed("Half a", turn=2)), "it was overtaken"
    assert save(store, dana, typed("A reply", form="reply comment_1"))
    assert save(store, ben, typed("Of Ben"))
    assert texts(store, dana) == {FORM: "Half a thought", "reply comment_1": "A reply"}
    assert texts(store, ben) == {FORM: "Of Ben"}


def test_what_was_sent_is_erased_and_a_late_save_brings_nothing_back(store: PilotStore, pilot: PilotRun) -> None:
    grant = reviewer(store, pilot)
    save(store, grant, typed(turn=1))
    forget(store, grant, typed(turn=2))
    assert texts(store, grant) == {}
    assert not save(store, grant, typed("Late", turn=3)), "it was sent with this key"
    assert save(store, grant, typed("The next comment", turn=4, key="form_2"))
    assert texts(store, grant) == {FORM: "The next comment"}


def test_what_is_kept_is_bounded_in_size_and_number(store: PilotStore, pilot: PilotRun, clock: HandClock) -> None:
    grant = reviewer(store, pilot)
    for number in range(MOST_FORMS + 5):
        clock.forward(seconds=1)
        save(store, grant, typed(form=f"reply comment_{number}"))
    assert rows(store) == MOST_FORMS
    assert "reply comment_4" not in unsent_of(store, grant)
    for wrong in (
        replace(typed(), words="x" * (LONGEST + 1)),
        typed(turn=-1),
        typed(turn=2**53),
        typed(form="<script> x"),
        typed(form="comment " + "x" * 200),
        typed(key=""),
        typed(key="x" * 81),
    ):
        with pytest.raises(InvalidRequest):
            save(store, grant, wrong)


def test_nothing_is_kept_for_long_or_for_a_link_that_has_ended(
    store: PilotStore, pilot: PilotRun, clock: HandClock
) -> None:
    grant = reviewer(store, pilot)
    save(store, grant, typed())
    clock.forward(days=61)
    unsent.remove_expired(store)
    assert rows(store) == 0
    grant = reviewer(store, pilot)
    revoke_link(store, grant.link_id, LEAD)
    with pytest.raises(LinkRefused):
        save(store, grant, typed())


def test_it_is_erased_with_its_pilot_and_with_its_person(store: PilotStore, pilot: PilotRun) -> None:
    other = pilot_in_review(store)
    dana, ben = reviewer(store, pilot), reviewer(store, pilot, "Ben Ito")
    for grant in (dana, ben, reviewer(store, other, "Ben Ito")):
        save(store, grant, typed())
    erase_person(store, "Dana Cruz", "asked", LEAD)
    assert rows(store) == 2
    assert texts(store, ben) == {FORM: "Half a thought"}
    erase_pilot(store, pilot.pilot_id, "asked", LEAD)
    assert rows(store) == 1


# Over HTTP, as the page's script does it


def keeps(guest: Browser, **told: Any) -> int:
    body = json.dumps({"form": FORM, "key": "form_1", "turn": 1, "words": {"text": "Half"}} | told).encode()
    return guest.asks("/review/unsent", "POST", body, origin=f"http://{guest.host}").status


def test_the_page_gives_back_what_the_browser_forgot(served: PilotStore) -> None:
    pilot = pilot_in_review(served)
    form = f"comment {pilot.runs[0].attempt_id}"
    guest = Browser(served)
    assert keeps(guest) == 404, "a stranger"
    page = guest.opens(pilot)
    key = page.form("comment").value("key")
    words = {"text": "</script><b>Half", "pilot": pilot.pilot_id}
    assert keeps(guest, form=form, key=key, words=words) == 204
    page = guest.opens()
    assert "<b>Half" not in page.source
    start = page.source.index('id="data">') + len('id="data">')
    assert json.loads(page.source[start : page.source.index("</script>", start)])["unsent"] == {form: words}

    sent = {"key": key, "frame": "40", "body": "Half a thought", "draft": form, "turn": "2"}
    page = guest.sends(page, "comment", **sent)
    assert "Half a thought" in page.text
    assert keeps(guest, form=form, key=key, turn=3) == 204, "late, and not taken"
    assert '"unsent": {}' in guest.opens().source


@pytest.mark.parametrize(
    "told",
    [{"form": "<b>"}, {"turn": "x"}, {"words": "text"}, {"words": {"text": "x" * LONGEST}}, {"key": ""}, {"words": 7}],
)
def test_what_no_page_of_ours_sends_is_not_taken(served: PilotStore, told: dict[str, Any]) -> None:
    guest = Browser(served)
    guest.opens(pilot_in_review(served))
    assert keeps(guest, **told) == 404
    assert rows(served) == 0


def test_another_site_cannot_save_anything(served: PilotStore) -> None:
    guest = Browser(served)
    guest.opens(pilot_in_review(served))
    body = json.dumps({"form": FORM, "key": "form_1", "turn": 1, "words": {"text": "Half"}}).encode()
    for told in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}, {"user_agent": "no origin"}):
        assert guest.asks("/review/unsent", "POST", body, **told).status == 404
    assert rows(served) == 0
