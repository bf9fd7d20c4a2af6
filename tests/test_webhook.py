"""Messages by webhook to a real receiver: signed, retried, in order for each pilot, in three formats."""

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from pilot_core import PilotStore
from pilot_core.channels import parse_webhook
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageState
from pilot_core.errors import InvalidRequest
from pilot_core.messages import outbox
from pilot_core.messages.sender import send_due
from pilot_core.services import judgements
from pilot_core.services import pilots as services
from tests.conftest import HandClock
from tests.messaging import SECRET, Receiver, make_ready, new_pilot, receiver, set_up


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_each_message_is_signed_with_the_time_and_the_exact_body(store: PilotStore, hook: Receiver) -> None:
    pilot_id = new_pilot(store, "Zoë", "Ñandú").pilot_id
    outbox.set_address(store, pilot_id, "zoe@founder.example", at_command_line("Lea Lead"))
    make_ready(store, pilot_id)
    assert send_due(store, set_up(hook=hook)).sent == 1
    ((_, headers, body),) = hook.got
    stamp, told = (part.split("=", 1)[1] for part in headers["pilot-ops-signature"].split(","))
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(told, expected)
    assert int(stamp) == int(store.clock().timestamp())
    said = json.loads(body)
    assert headers["pilot-ops-id"] == said["id"]
    assert (said["kind"], said["pilot_id"], said["attempt"]) == ("cut_ready", pilot_id, 1)
    assert (said["to"], said["to_name"], said["audience"]) == ("zoe@founder.example", "Zoë", "founder")
    assert "Ñandú" in said["subject"]
    assert "/r/" in said["text"]


def test_a_pilots_messages_come_in_their_order_while_others_do_not_wait_for_them(
    store: PilotStore, clock: HandClock, hook: Receiver
) -> None:
    config = set_up(hook=hook)
    pilots = [new_pilot(store, company=f"Company {n}").pilot_id for n in range(2)]
    for pilot_id in pilots:
        for _ in range(3):
            judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
            clock.forward(seconds=1)
    hook.answers = [503]
    first = send_due(store, config)
    assert (first.sent, first.failed) == (3, 1)
    assert {said["pilot_id"] for said in hook.taken} == {pilots[1]}
    clock.forward(seconds=59)
    assert send_due(store, config).sent == 0
    hook.answers = [500]
    clock.forward(seconds=1)
    assert send_due(store, config).failed == 1
    clock.forward(minutes=5)
    assert send_due(store, config).sent == 3
    for pilot_id in pilots:
        order = [message.message_id for message in reversed(outbox.messages_of(store, pilot_id))]
        deliveries = [said["id"] for said in hook.taken if said["pilot_id"] == pilot_id]
        assert deliveries == [delivery_of(store, message_id) for message_id in order]
        assert {message.state for message in outbox.messages_of(store, pilot_id)} == {MessageState.SENT}


def delivery_of(store: PilotStore, message_id: str) -> str:
    sql = "SELECT delivery_id FROM deliveries WHERE message_id = ?"
    return store.database.read(lambda c: c.execute(sql, [message_id]).fetchall())[0][0]


def test_a_message_given_up_on_keeps_no_later_one_back(store: PilotStore, clock: HandClock, hook: Receiver) -> None:
    config = set_up(hook=hook, answer_hours=1000.0)  # no digest in between
    pilot_id = new_pilot(store).pilot_id
    for _ in range(2):
        judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
    hook.answers = [500] * 7
    for _ in range(7):
        send_due(store, config)
        clock.forward(hours=13)
    send_due(store, config)
    later, earlier = outbox.messages_of(store, pilot_id)
    assert (earlier.state, earlier.reason) == (MessageState.GIVEN_UP, "The webhook answered 500.")
    assert later.state is MessageState.SENT


def test_a_redirect_is_not_followed_and_nobody_there_is_a_failure(store: PilotStore, hook: Receiver) -> None:
    judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
    hook.answers = [307]
    assert send_due(store, set_up(hook=hook)).failed == 1
    judgements.file_report(store, new_pilot(store).pilot_id, at_command_line("Lea Lead"))
    gone = set_up(webhook_url="http://127.0.0.1:9/nobody", webhook_secret="")
    assert send_due(store, gone).failed == 1
    assert len(hook.got) == 1


@pytest.mark.parametrize("shape", ["slack", "teams"])
def test_a_chat_gets_what_is_for_leads_and_nobodys_text_becomes_a_link_or_a_call_there(
    store: PilotStore, hook: Receiver, shape: str
) -> None:
    company = "<!channel> [win](http://evil.example) *bold*"
    pilot_id = new_pilot(store, company=company).pilot_id
    make_ready(store, pilot_id)
    services.record_feedback(store, pilot_id, 1, "Shorter <https://evil.example|here>", "minor_changes")
    config = set_up(hook=hook, webhook_secret="", webhook_shape=shape)
    assert send_due(store, config).sent == 1
    ((_, headers, body),) = hook.got
    assert "pilot-ops-signature" not in headers
    assert "/r/" not in body.decode(), "a founder's link is nothing for a channel"
    said = json.loads(body)
    if shape == "slack":
        assert set(said) == {"text"}
        assert "&lt;!channel&gt;" in said["text"]
        assert "<" not in said["text"]
    else:
        (attachment,) = said["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        words = " ".join(block["text"] for block in attachment["content"]["body"])
        assert r"\[win\]" in words
        assert "[win]" not in words


@pytest.mark.parametrize(
    ("url", "secret", "shape"),
    [
        ("ftp://example.com", "", "json"),
        ("https://", "", ""),
        ("https://example.com", "short", ""),
        ("https://example.com", "", "xml"),
    ],
)
def test_a_webhook_that_cannot_work_is_refused_where_it_is_set(url: str, secret: str, shape: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_webhook(url, secret, shape)
    assert parse_webhook("  ", "", "") is None


@pytest.mark.parametrize("shape", ["slack", "teams"])
def test_a_chat_gets_a_long_digest_in_whole_lines_with_the_way_to_the_rest(
    store: PilotStore, clock: HandClock, hook: Receiver, shape: str
) -> None:
    for number in range(30):
        new_pilot(store, company=f"Company & Söhne <{number:02}>")
    clock.forward(days=3)
    assert send_due(store, set_up(hook=hook, webhook_secret="", webhook_shape=shape)).sent == 1
    (said,) = hook.taken
    assert len(json.dumps(said)) < 28_000, "what Teams takes"
    if shape == "slack":
        *whole, last = said["text"].splitlines()
        assert last == "… The rest is here: https://pilots.ops.example"
        assert not [line for line in whole if "&" in line.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")]
        assert len(said["text"]) < 4_000
    else:
        content = said["attachments"][0]["content"]
        assert content["body"][1]["text"].endswith("… The rest is here: https://pilots.ops.example")
        assert content["actions"] == [
            {"type": "Action.OpenUrl", "title": "Open Pilot Ops", "url": "https://pilots.ops.example"}
        ]


def test_a_card_for_teams_opens_the_pilot_it_tells_of(store: PilotStore, hook: Receiver) -> None:
    pilot_id = new_pilot(store).pilot_id
    judgements.file_report(store, pilot_id, at_command_line("Lea Lead"))
    send_due(store, set_up(hook=hook, webhook_secret="", webhook_shape="teams"))
    (said,) = hook.taken
    content = said["attachments"][0]["content"]
    assert (said["type"], content["type"], content["version"]) == ("message", "AdaptiveCard", "1.4")
    assert [act["url"] for act in content["actions"]] == [f"https://pilots.ops.example/pilot?pilot={pilot_id}"]
