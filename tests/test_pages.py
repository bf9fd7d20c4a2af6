"""The overview, the new pilot form and the metrics page for a lead, on real stores."""

import sys
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.roles import Role
from pilot_core.formulas import neutral
from pilot_core.rendering import launching
from pilot_core.settings import ROOT
from pilot_core.store.queries import lists
from pilot_core.web.access import page_guard, who
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import button as press
from tests.pilot_pages import page_text
from tests.pilot_stories import make_pilot
from tests.served import serve

LEAD = at_command_line("Mara Lindqvist")
OpenPage = Callable[..., AppTest]


@pytest.fixture
def no_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make processes started for renders end at once."""
    monkeypatch.setattr(sys, "executable", "/bin/false")


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens a page by its file name, as a lead. AppTest sends no identifying headers."""
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))
    serve(monkeypatch, store)

    def open_(name: str = "overview", **address: str) -> AppTest:
        return opened(name, **address)

    return open_


def listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["company"])


def test_an_empty_overview_says_what_to_do(open_page: OpenPage) -> None:
    at = open_page()

    assert at.title[0].value == "No pilots yet"
    assert [button.label for button in at.button] == ["Create the first pilot", "Make a sample pilot"]
    assert "the founder, who watches it and approves it" in page_text(at)
    assert at.code[0].value == "make demo"
    assert not at.dataframe
    assert at.button[0].click().run().title[0].value == "New pilot"


def test_a_sample_pilot_is_made_from_a_scenarios_example(
    open_page: OpenPage, store: PilotStore, no_renders: None
) -> None:
    at = open_page()
    at = next(button for button in at.button if button.label == "Make a sample pilot").click().run()

    [pilot] = store.load_all()
    launching.process_of(store, pilot.pilot_id, 1).wait()
    assert (pilot.brief.product, pilot.attempts_used) == (pilot.company_name, 1)
    assert at.query_params["pilot"] == pilot.pilot_id


def test_the_overview_tells_how_things_stand_and_what_needs_someone(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "Cut", "M wait", founder_name="Alice Chen")
    make_pilot(store, clock, "Broken", "fail")
    make_pilot(store, clock, "Away", "m pause")
    make_pilot(store, clock, "Done", "A")
    clock.forward(hours=5)

    at = open_page()

    assert at.title[0].value == "2 open · 1 paused · 1 not sent"
    for sentence in (
        "Attempt 2 has been ready for 9 h and is not sent.",
        "Attempt 1 failed to render 8 h ago. The disk was full.",
        "Paused for 6 h. The founder is away.",
    ):
        assert sentence in page_text(at)
    assert [head.value for head in at.header][:2] == ["Needs you · 2", "Waiting for others · 1"]
    assert [button.label for button in at.button if button.key.startswith("act_")] == [
        "Retry the render",
        "Send to Alice",
        "Resume the pilot",
    ]
    assert {metric.label: (metric.value, metric.delta) for metric in at.metric} == {
        "Pilots approved": ("100%", "1 of 1, 21–100%"),
        "First cut: first attempt": ("40 s", "p90 40 s, mean 40 s, n = 3"),
        "Drafts per attempt": ("1.0", "mean; median 1, n = 4"),
        "SLA met: all attempts": ("100%", "4 of 4, 51–100%"),
    }
    assert listed(at) == ["Done", "Away", "Broken", "Cut"]


def test_numbers_of_nothing_are_left_out(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "New")

    assert not open_page().metric


def test_a_paused_pilot_is_resumed_from_the_overview(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Away", "m pause")

    at = open_page()
    at.button(f"act_{pilot.pilot_id}").click().run()

    assert store.load(pilot.pilot_id).status == "active"
    assert store.events(pilot.pilot_id)[-1].actor == LEAD
    assert "Paused for" not in page_text(at)


def test_a_failed_render_is_begun_again_from_the_overview(
    open_page: OpenPage, store: PilotStore, clock: HandClock, no_renders: None
) -> None:
    pilot = make_pilot(store, clock, "Broken", "fail")

    at = open_page()
    at.button(f"act_{pilot.pilot_id}").click().run()
    launching.process_of(store, pilot.pilot_id, 1).wait()

    assert store.load(pilot.pilot_id).attempt(1).state is AttemptState.QUEUED
    assert at.title[0].value == "1 open · 1 video being made"


def test_more_of_a_kind_are_shown_when_asked_for(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for number in range(5):
        make_pilot(store, clock, f"Company {number}", "wait")

    at = open_page()
    assert len([button for button in at.button if button.key.startswith("act_")]) == 4
    at.button("more_ready").click().run()

    assert len([button for button in at.button if button.key.startswith("act_")]) == 5
    assert not [button for button in at.button if button.key == "more_ready"]


def test_filters_in_the_address_narrow_the_list(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Northbeam", "A", brand="wellness")
    make_pilot(store, clock, "Northwind", "m", brand="acme")
    make_pilot(store, clock, "Fjord", "A", brand="acme")

    assert listed(open_page(q="north")) == ["Northwind", "Northbeam"]
    assert listed(open_page(q="north", brand="Acme")) == ["Northwind"]
    assert listed(open_page(outcome="Approved", sort="Company")) == ["Fjord", "Northbeam"]
    assert listed(open_page(badge="○ NO VERDICT YET")) == ["Northwind"]
    assert listed(open_page(brand="nonsense", sort="nonsense", page="nonsense")) == ["Fjord", "Northwind", "Northbeam"]


def test_a_pilot_of_the_list_can_be_opened_without_a_mouse(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "Northbeam")
    fjord = make_pilot(store, clock, "Fjord")

    at = open_page()
    at.selectbox("open_pilot").set_value(fjord.pilot_id).run()

    assert at.query_params["pilot"] == fjord.pilot_id
    assert at.title[0].value == "Fjord"


def test_a_search_without_a_match_says_so(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Northbeam")

    at = open_page(q="nobody")

    assert not at.dataframe
    assert "No pilot matches" in at.info[0].value


def test_a_list_of_more_than_is_counted_says_so_and_goes_on_at_a_button(
    open_page: OpenPage, store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "COUNTED", 2)
    for company in ("One", "Two", "Three", "Four", "Other"):
        make_pilot(store, clock, company, founder_name="Alice Chen")

    at = open_page(q="chen", sort="newest")
    assert listed(at) == ["Other", "Four"]
    assert "2+ pilots. A click" in page_text(at)
    at = press(press(at, "Next, up to 1,000"), "Next, up to 1,000")
    assert listed(at) == ["One"]
    assert "1 further pilot. A click" in page_text(at)
    assert listed(open_page(q="chen", sort="newest", after=str(at.query_params["after"]))) == ["One"]
    assert "Next, up to 1,000" not in [button.label for button in at.button]

    assert listed(press(at, "Back to the first 1,000")) == ["Other", "Four"]
    at.text_input(key="q").set_value("four").run()
    assert listed(at) == ["Four"]
    assert "1 pilot. A click" in page_text(at)


def test_a_long_list_comes_in_pages(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for number in range(27):
        make_pilot(store, clock, f"Company {number:02}")
        clock.forward(minutes=1)

    assert len(listed(open_page())) == 25
    assert listed(open_page(page="2")) == ["Company 01", "Company 00"]


@pytest.mark.parametrize(
    "name", ["=1+1", "@cmd", ":material/delete: x", "**bold** :red[x]", "<script>alert(1)</script>"]
)
def test_what_people_typed_reaches_the_table_and_the_sentences_as_text(
    open_page: OpenPage, store: PilotStore, clock: HandClock, name: str
) -> None:
    make_pilot(store, clock, name, "wait", founder_name=name)

    at = open_page()

    assert list(at.dataframe[0].value["founder"]) == [neutral(name)]
    assert not listed(at)[0].startswith(("=", "@", ":material/"))
    assert name not in "\n".join(element.value for element in at.markdown)


def test_the_form_shows_every_error_at_its_field_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    def errors() -> list[str]:
        return [error.value.replace("\\", "") for error in at.error]

    at = open_page("new_pilot")
    at.text_input("new_pilot_company").set_value("Northbeam AI")
    at.text_area("new_pilot_proof_points").set_value("\n".join("abcdef"))
    at.button[0].click().run()
    points = "Enter at most 5 proof points. There are 6."
    assert errors() == ["Enter the founder's name.", points]

    at.text_input("new_pilot_founder").set_value("Zoë Ñandú").run()
    assert errors() == [points], "a mended error disappears"
    at.text_area("new_pilot_proof_points").set_value("a\n\n b ").run()
    assert errors() == []
    at.text_input("new_pilot_founder").set_value(" ")
    at.text_area("new_pilot_proof_points").set_value("a\n" + "b" * 121)
    at.button[0].click().run()
    assert errors() == ["Enter the founder's name.", "Shorten proof point 2 to 120 characters. It has 121."]
    assert at.text_input("new_pilot_company").value == "Northbeam AI"


def test_a_sent_form_creates_the_pilot_and_shows_its_first_cut_being_made(
    open_page: OpenPage, store: PilotStore, no_renders: None
) -> None:
    at = open_page("new_pilot")
    at.text_input("new_pilot_founder").set_value("Zoë Ñandú")
    at.text_input("new_pilot_company").set_value("Northbeam AI")
    at.text_input("new_pilot_product").set_value(" Recall ")
    at.text_area("new_pilot_proof_points").set_value("4 seconds\n\n12   tools")
    at.radio("new_pilot_scenario").set_value("problem_solution")
    at.radio("new_pilot_brand").set_value("wellness")
    at.number_input("new_pilot_max_attempts").set_value(3)
    at.button[0].click().run()
    [pilot] = store.load_all()
    launching.process_of(store, pilot.pilot_id, 1).wait()

    assert at.query_params["pilot"] == pilot.pilot_id
    assert at.title[0].value.replace("\\", "") == "Zoë Ñandú, Northbeam AI"
    assert at.header[0].value == "Making attempt 1"
    assert (pilot.scenario_type, pilot.brand_preset, pilot.max_attempts) == ("problem_solution", "wellness", 3)
    assert (pilot.brief.product, pilot.brief.proof_points) == ("Recall", ["4 seconds", "12 tools"])
    assert {event.actor for event in store.events(pilot.pilot_id)} == {LEAD}
    assert (store.root / pilot.pilot_id / "pilot_runbook.txt").exists()
    at.query_params.clear()
    assert at.run().text_input("new_pilot_founder").value == ""


def test_an_upload_that_has_gone_is_asked_for_again_at_its_field_and_nothing_is_written(
    open_page: OpenPage, store: PilotStore
) -> None:
    at = open_page("new_pilot")
    at.text_input("new_pilot_founder").set_value("Alice Chen")
    at.text_input("new_pilot_company").set_value("Northbeam AI")
    at.radio("new_pilot_pipeline").set_value("upload").run()
    at.button[0].click().run()
    assert [error.value.replace("\\", "") for error in at.error] == ["Choose the finished video to upload."]
    at.session_state["new_pilot_video"] = {"upload": {"id": "upload_0123456789abcdef", "name": "film.mp4"}}
    at.button[0].click().run()
    assert [error.value.replace("\\", "") for error in at.error] == [
        "The film is not there any more; choose it once more."
    ]
    assert store.load_all() == []


@pytest.mark.parametrize(
    ("story", "told"),
    [("", "No attempt has been started yet."), ("fail", "The disk was full."), ("queue", "Making attempt 1")],
)
def test_anyone_with_the_address_sees_how_the_first_cut_is_getting_on(
    open_page: OpenPage, store: PilotStore, clock: HandClock, story: str, told: str
) -> None:
    pilot = make_pilot(store, clock, "Acme", story)

    at = open_page("new_pilot", pilot=pilot.pilot_id)

    shown = [*at.info, *at.error, *at.header]
    assert any(told in element.value.replace("\\", "") for element in shown)


@pytest.mark.parametrize("name", ["overview", "new_pilot", "metrics"])
def test_a_stranger_sees_nothing_of_a_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("stranger", Role.STRANGER))
    serve(monkeypatch, store)

    at = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60).run()

    assert not at.exception
    assert len(at.error) == 1
    assert not [*at.title, *at.dataframe, *at.metric, *at.text_input]
