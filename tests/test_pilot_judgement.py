"""A pilot's page: a lead's override beside the computed badge, flags suggested by the notes, and filed reports."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import Role
from pilot_core.services import pilots
from pilot_core.services.judgements import override_recommendation, suggestions_for
from pilot_core.store.queries.judgements import filed_reports, overrides_of, standing_overrides
from pilot_core.web.access import page_guard, who
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot import flag_suggestions
from tests.pilot_pages import (
    LEAD,
    OTHER,
    Cast,
    as_lead,
    button,
    cast,
    field,
    film,
    labels,
    open_page,
    page_text,
    shown,
    web_store,
)
from tests.served import serve

__all__ = ["as_lead", "cast", "film", "open_page", "web_store"]

Open = Callable[..., AppTest]
REPORT, FEEDBACK = "Outcome report", "Feedback and comments"


@pytest.fixture(autouse=True)
def one_clock(web_store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pages use the test's store and its clock."""
    serve(monkeypatch, web_store)


@pytest.fixture
def pilot_id(cast: Cast) -> str:
    """Return a pilot with two attempts, each with a request for major changes and the same flag."""
    pilot_id = cast.new()
    for words in ("I *could not* say what it is about.", "Still cannot."):
        cast.review(pilot_id, cast.attempt(pilot_id), "major_changes", words, ("message_unclear",))
    return pilot_id


def section(at: AppTest, pilot_id: str, name: str) -> AppTest:
    at.session_state[f"{pilot_id} section"] = name
    at.run()
    assert not at.exception
    return at


# Reasons and overrides


def test_reasons_quote_the_feedback_and_lead_to_its_attempt(open_page: Open, pilot_id: str) -> None:
    at = section(open_page(pilot_id), pilot_id, REPORT)
    text = page_text(at)
    assert "Recommendation: STOP" in text
    assert "Major changes were asked for on attempts 1 and 2." in text
    assert "“I *could not* say what it is about.” :small[:gray[Alice Chen]]" in text
    assert plain("I *could not* say") in shown(at)
    at = button(at, "Attempt 1")
    assert not at.exception
    assert at.session_state[f"{pilot_id} attempts Attempt 2"] == "Attempt 1"
    assert at.toast[0].value == plain("The film of attempt 1 is in front, above.")


def test_a_lead_overrides_with_a_reason_and_the_computed_badge_stays(
    open_page: Open, web_store: PilotStore, pilot_id: str
) -> None:
    at = section(open_page(pilot_id), pilot_id, REPORT)
    at = button(at, "Override the recommendation")
    assert at.error[0].value == plain("Choose your verdict first.")
    verdicts = field(at, "segmented_control", "Your verdict")
    assert [option for option in verdicts.options if "STOP" in str(option)] == []
    verdicts.set_value("PROCEED").run()
    at = button(at, "Override the recommendation")
    assert at.error[0].value == plain("A reason is needed: say in a few words why.")
    field(at, "text_area", "Why").set_value("She will sign <b>anyway</b>.")
    at = button(at, "Override the recommendation")
    assert not at.exception
    assert not at.error
    made = standing_overrides(web_store.database, [pilot_id])[pilot_id]
    assert (made.verdict, made.reason, made.made_by) == ("PROCEED", "She will sign <b>anyway</b>.", LEAD)
    badges = [element.value for element in at.markdown if "badge[" in element.value]
    assert badges[:2] == [":red-badge[■ STOP]", f":green-badge[:material/person: ▲ PROCEED · {LEAD}]"]
    assert "She will sign <b>anyway</b>." in [element.value for element in at.text]
    assert "Recommendation: STOP" in [heading.value for heading in at.header]


def test_an_override_is_undone_as_openly_and_stays_on_the_page(
    open_page: Open, web_store: PilotStore, pilot_id: str
) -> None:
    override_recommendation(web_store, pilot_id, "REVISE", "A new founder.", OTHER)
    at = section(open_page(pilot_id), pilot_id, REPORT)
    at = button(at, "Take the override back")
    assert at.error[0].value == plain("A reason is needed: say in a few words why.")
    field(at, "text_input", "Why it no longer holds").set_value("She left again.")
    at = button(at, "Take the override back")
    assert not at.exception
    assert [made.stands for made in overrides_of(web_store.database, pilot_id)] == [False]
    text = page_text(at)
    assert f"{OTHER} said REVISE just now: A new founder." in text
    assert f"Taken back just now by {LEAD}: She left again." in text
    assert not [element for element in at.markdown if "badge[:material/person:" in element.value]
    told = section(at, pilot_id, "History").table[0].value["What"]
    assert list(told)[:2] == [
        plain("Took back the override with REVISE: She left again."),
        plain("Overrode the recommendation STOP with REVISE: A new founder."),
    ]


def test_an_override_that_needs_a_second_person_is_confirmed_on_the_page_by_another_lead(
    open_page: Open, web_store: PilotStore, pilot_id: str
) -> None:
    web_store.second_reason = True
    at = section(open_page(pilot_id), pilot_id, REPORT)
    assert "It takes effect when a second person has given their reason." in page_text(at)
    field(at, "segmented_control", "Your verdict").set_value("PROCEED").run()
    field(at, "text_area", "Why").set_value("She will sign.")
    at = button(at, "Override the recommendation")
    assert at.toast[0].value == plain("Your verdict waits for a second person.")
    assert standing_overrides(web_store.database, [pilot_id]) == {}
    badges = [element.value for element in at.markdown if "badge[" in element.value]
    assert badges[:2] == [":red-badge[■ STOP]", f":gray-badge[:material/hourglass_empty: PROCEED asked for · {LEAD}]"]
    assert "Confirm PROCEED" not in labels(at)  # the lead who asked cannot be the second person
    at = button(at, "Take the request back")
    assert at.error[0].value == plain("A reason is needed: say in a few words why.")
    field(at, "text_input", "Why it no longer holds").set_value("Not yet.")
    at = button(at, "Take the request back")
    assert f"{LEAD} asked for PROCEED just now: She will sign." in page_text(at)

    override_recommendation(web_store, pilot_id, "REVISE", "A new founder.", OTHER)
    at = section(open_page(pilot_id), pilot_id, REPORT)
    assert "lead_says" not in open_page().dataframe[0].value
    at = button(at, "Confirm REVISE")
    assert at.error[0].value == plain("A reason is needed: say in a few words why.")
    field(at, "text_area", "Your reason as the second person").set_value("I *met* him.")
    at = button(at, "Confirm REVISE")
    assert not at.exception
    assert not at.error
    assert f"Confirmed just now by {LEAD}: {plain('I *met* him.')}" in [c.value for c in at.caption]
    badges = [element.value for element in at.markdown if "badge[" in element.value]
    assert badges[1] == f":orange-badge[:material/person: ◆ REVISE · {OTHER}]"
    assert list(open_page().dataframe[0].value.iloc[0]["lead_says"]) == ["◆ REVISE"]


def test_the_finder_and_the_page_show_an_override_beside_the_computed_badge(
    open_page: Open, web_store: PilotStore, pilot_id: str
) -> None:
    assert "lead_says" not in open_page().dataframe[0].value
    override_recommendation(web_store, pilot_id, "REVISE", "A new founder.", OTHER)
    row = open_page().dataframe[0].value.iloc[0]
    assert list(row["recommendation"]) == ["■ STOP"]
    assert list(row["lead_says"]) == ["◆ REVISE"]


# Suggested flags


@pytest.fixture
def noted(cast: Cast) -> PilotRun:
    """Return a pilot with one attempt, approved with a note that suggests a flag."""
    pilot_id = cast.new()
    cast.review(pilot_id, cast.attempt(pilot_id), "minor_changes", "Nice.\n  The hook is weak, *sorry*.")
    return cast.store.load(pilot_id)


def test_the_words_that_suggest_a_flag_are_marked_and_the_rest_is_as_typed(
    web_store: PilotStore, noted: PilotRun
) -> None:
    (offered,) = suggestions_for(web_store, noted)
    marked = flag_suggestions.highlighted(offered.note.text, [offered.suggestion])
    assert marked.replace("\\", "") == "Nice.  \n The :orange-background[hook is weak], *sorry*."
    assert "\\*sorry\\*" in marked


def test_a_suggested_flag_is_accepted_taken_back_and_dismissed_each_in_one_click(
    open_page: Open, web_store: PilotStore, noted: PilotRun
) -> None:
    at = section(open_page(noted.pilot_id), noted.pilot_id, FEEDBACK)
    assert "“hook is weak” suggests **Hook is weak**" in page_text(at)
    at = button(at, "Accept")
    assert not at.exception
    assert web_store.load(noted.pilot_id).runs[0].feedback[0].flags == ["hook_weak"]
    assert f"Hook is weak, suggested by “hook is weak”: accepted by {LEAD}" in page_text(at)
    assert "Changed since you opened this page" not in page_text(at)
    at = button(at, "Take back")
    assert web_store.load(noted.pilot_id).runs[0].feedback[0].flags == []
    at = button(at, "Dismiss")
    assert f"dismissed by {LEAD}" in page_text(at)
    assert "Accept" not in labels(at)
    assert web_store.load(noted.pilot_id).runs[0].feedback[0].flags == []
    at = button(at, "Take back")
    assert {"Accept", "Dismiss"} <= set(labels(at))


def test_what_another_lead_did_meanwhile_is_still_told_after_a_flag_is_accepted(
    open_page: Open, web_store: PilotStore, noted: PilotRun
) -> None:
    at = section(open_page(noted.pilot_id), noted.pilot_id, FEEDBACK)
    pilots.pause(web_store, noted.pilot_id, "Trade fair", OTHER)
    at = button(at, "Accept")
    assert not at.exception
    assert "Changed since you opened this page" in page_text(at)
    assert f"{OTHER} paused the pilot: Trade fair" in page_text(at)


def test_a_suggestion_another_lead_decided_is_refused_with_a_sentence(
    open_page: Open, web_store: PilotStore, noted: PilotRun
) -> None:
    first = section(open_page(noted.pilot_id), noted.pilot_id, FEEDBACK)
    second = section(open_page(noted.pilot_id), noted.pilot_id, FEEDBACK)
    button(first, "Dismiss")
    second = button(second, "Accept")
    assert second.error[0].value == plain("Somebody has decided on this suggestion already.")


# Filed reports, and who may not file


def test_a_report_is_filed_from_the_pilots_page_and_listed_there(
    open_page: Open, web_store: PilotStore, pilot_id: str
) -> None:
    at = section(open_page(pilot_id), pilot_id, REPORT)
    assert "No report is filed for this pilot yet." in page_text(at)
    at = button(at, "File this report")
    assert not at.exception
    (filed,) = filed_reports(web_store.database, pilot_id)
    assert (filed.filed_by, filed.recommendation) == (LEAD, "STOP")
    assert f"[Open](/download/reports/{filed.report_id}.html)" in page_text(at)


def test_who_only_reads_judges_nothing(
    open_page: Open, web_store: PilotStore, noted: PilotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    override_recommendation(web_store, noted.pilot_id, "STOP", "Sold.", OTHER)
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("Vera", Role.VIEWER))
    at = section(open_page(noted.pilot_id), noted.pilot_id, FEEDBACK)
    assert "suggests **Hook is weak**" in page_text(at)
    found = set(labels(at)) | set(labels(section(at, noted.pilot_id, REPORT)))
    assert found.isdisjoint({"Accept", "Dismiss", "File this report", "Take the override back"})
    assert f"■ STOP · {OTHER}" in page_text(at)
