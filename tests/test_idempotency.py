"""An action that stores no key, behind a button clicked twice on one server."""

import gc
import threading

import pytest

from pilot_core import ids
from pilot_core.web.access.idempotency import _at_work, once_in_process


def test_two_clicks_at_the_same_time_do_the_work_once_and_get_the_same_result() -> None:
    token, begun, go_on = ids.new_id("form"), threading.Event(), threading.Event()
    done: list[str] = []
    results: list[str] = []

    def work() -> str:
        begun.set()
        go_on.wait()
        done.append("pilot")
        return f"pilot {len(done)}"

    clicks = [threading.Thread(target=lambda: results.append(once_in_process(token, work))) for _ in range(4)]
    clicks[0].start()
    begun.wait()
    for click in clicks[1:]:
        click.start()
    go_on.set()
    for click in clicks:
        click.join()

    assert results == ["pilot 1"] * 4


def test_work_that_was_refused_can_be_sent_again() -> None:
    token = ids.new_id("form")

    def refuse() -> str:
        raise ValueError("no name")

    with pytest.raises(ValueError, match="no name"):
        once_in_process(token, refuse)

    assert once_in_process(token, lambda: "pilot") == "pilot"


def test_another_form_is_another_act() -> None:
    assert once_in_process(ids.new_id("form"), lambda: 1) == 1
    assert once_in_process(ids.new_id("form"), lambda: 2) == 2


def test_what_was_refused_a_thousand_times_is_not_remembered() -> None:
    def refuse() -> str:
        raise ValueError("no name")

    for _ in range(1000):
        with pytest.raises(ValueError, match="no name"):
            once_in_process(ids.new_id("form"), refuse)
    gc.collect()
    assert len(_at_work) < 10
