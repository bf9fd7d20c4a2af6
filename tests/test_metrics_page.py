"""The metrics page for a lead, on real stores. Behind each mark are exactly the pilots it counts."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.results import Spread
from pilot_core.insight.stats import rate
from pilot_core.insight.times_to import TimeTo
from pilot_core.services.pilots import record_feedback
from pilot_core.store.queries.drilldown import Selection, pilots_behind
from pilot_core.store.queries.metrics_page import MetricsPage, metrics_page
from pilot_core.web.access import page_guard, who
from pilot_core.web.components import headline_cards, numbers
from pilot_core.web.pages.metrics import compare, improvement, theme_table
from pilot_core.web.pages.metrics.charts.registry import ROWS
from pilot_core.web.pages.metrics.plot import Drilldown
from pilot_core.web.pages.metrics.questions import Question, questions
from tests.conftest import HandClock
from tests.crowd import crowd, fill
from tests.pilot_pages import page_text
from tests.pilot_stories import make_pilot
from tests.served import serve

# The product's own entry script would draw the overview first.
ENTRY = """
import streamlit as st
from pilot_core.web.components import links
st.navigation([st.Page(page) for page in (links.METRICS, links.PILOT, links.NEW_PILOT)]).run()
"""
OpenPage = Callable[..., AppTest]
CHARTS = [chart for row in ROWS for chart in row]


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens the metrics page as a lead, at that address.

    AppTest sends no identifying headers.
    """
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("Mara Lindqvist", Role.LEAD))
    serve(monkeypatch, store)

    def open_(**address: str | list[str]) -> AppTest:
        at = AppTest.from_string(ENTRY, default_timeout=60)
        for key, value in address.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception
        return at

    return open_


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> PilotStore:
    """Make a store with a hundred pilots of every kind."""
    at = datetime(2026, 3, 20, tzinfo=UTC)
    return fill(PilotStore(tmp_path_factory.mktemp("full"), lambda: at), crowd())


@pytest.fixture(scope="module")
def page(full: PilotStore) -> MetricsPage:
    return metrics_page(full)


@pytest.fixture(scope="module")
def asked(page: MetricsPage) -> dict[str, Question]:
    return questions(page)


def marks(asked: dict[str, Question], key: str) -> list[Drilldown]:
    return list(asked[key].plot.drilldowns.values())


def cards(at: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in at.metric}


def linked(at: AppTest) -> list[str]:
    """Return the labels of the links, without those of the cards."""
    labels = [link.proto.label.replace("\\", "") for link in at.get("page_link")]
    return [label for label in labels if label != "See the pilots"]


def drawn(at: AppTest) -> list[str]:
    """Return the charts' text alternatives."""
    return [chart.proto.alt for chart in at.get("plotly_chart")]


def badges(at: AppTest) -> list[str]:
    """Return the verdicts in force, without those that a next outcome would give."""
    words = ("PROCEED", "REVISE", "STOP", "NO VERDICT YET")
    shown = [element.value for element in at.markdown if not element.value.startswith("- If ")]
    return [word for value in shown for word in words if "-badge[" in value and word in value]


def test_an_empty_store_says_where_the_numbers_will_come_from(open_page: OpenPage) -> None:
    at = open_page()

    assert "nothing to measure yet" in at.info[0].value
    assert linked(at) == ["New pilot"]
    assert not [*at.metric, *drawn(at)]


def test_a_pilot_without_an_attempt_shows_no_card_and_no_rate(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "New")

    at = open_page()

    assert cards(at) == {}, "cards that say nothing are left out"
    assert [alt.split(".")[0] for alt in drawn(at)] == [
        "Approval of each segment with its 95% interval and badge",
        "One mark a pilot by its recommendation, over time",
    ]
    assert badges(at)[0] == "NO VERDICT YET"
    assert "1 pilot, 0 videos: 0 decided, 1 open." in page_text(at)


def test_no_trend_is_drawn_through_three_points(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for number in range(3):
        make_pilot(store, clock, f"Company {number}", "m A")

    at = open_page()

    assert not [alt for alt in drawn(at) if alt.startswith("Approval of each block")]
    assert "3 of 3 decided pilots approved. A rate is drawn from 5." in page_text(at)
    assert "0 of 3 first cuts took over 120 s. Limits are drawn from 5 points." in page_text(at)
    assert cards(at)["Pilots approved"] == ("100%", "3 of 3, 44–100%")
    assert cards(at)["First cut: first attempt"] == ("40 s", "p90 40 s, mean 40 s, n = 3")


def test_every_chart_has_its_question_its_reading_and_a_name_for_those_who_cannot_see_it(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    for number in range(6):
        make_pilot(store, clock, f"Company {number}", "A" if number % 2 else "M{hook_weak} m{hook_weak} drop")

    at = open_page()

    questions = [chart.question for chart in CHARTS]
    assert [heading.value for heading in at.header] == [*questions, "Do attempts get better?"]
    assert len(drawn(at)) == len(CHARTS)
    assert all(len(alt) > 30 for alt in drawn(at))
    assert "“Hook is weak” recurs with 3 pilots. It was raised on 3 of 6 reviewed pilots." in page_text(at)
    assert badges(at)[0] == "NO VERDICT YET"
    assert "3 of 6 decided pilots are approved. Keep piloting: " in page_text(at)
    assert "would reach PROCEED" in page_text(at)


def test_filters_in_the_address_narrow_every_number(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "One", "A", brand="acme")
    make_pilot(store, clock, "Two", "m drop", brand="wellness")
    clock.forward(days=40)
    make_pilot(store, clock, "Three", "A", brand="wellness", scenario_type="problem_solution")

    assert cards(open_page(brands="Wellness"))["Pilots approved"] == ("50%", "1 of 2, 9–91%")
    assert cards(open_page(scenarios="Feature launch"))["Pilots approved"][1] == "1 of 2, 9–91%"
    assert cards(open_page(brands=["Acme", "Wellness"], to="2026-03-20"))["Pilots approved"][1] == "1 of 2, 9–91%"
    late = open_page(brands="Wellness", **{"from": "2026-04-01"})
    assert cards(late)["Pilots approved"] == ("100%", "1 of 1, 21–100%")
    assert "Only Wellness, created from 1 Apr 2026" in page_text(late)


def test_values_that_are_no_choice_are_left_out(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "One", "A")

    at = open_page(brands="nonsense", scenarios=["=1+1"], feedback="nobody", as_of="yesterday", **{"from": "x"})

    assert cards(at)["Pilots approved"] == ("100%", "1 of 1, 21–100%")
    assert "Only" not in page_text(at)


def test_days_in_the_wrong_order_are_told_and_can_be_cleared(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "One", "A")
    clock.forward(days=30)
    make_pilot(store, clock, "Two", "A")

    at = open_page(to="2026-03-05", **{"from": "2026-03-20"})

    assert "The first day is after the last one; swap them." in page_text(at)
    assert not at.metric
    at.button("clear").click().run()
    assert cards(at)["Pilots approved"][1] == "2 of 2, 34–100%"


def test_a_cohort_without_pilots_says_what_to_do_and_clear_brings_all_back(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "One", "A", brand="acme")
    make_pilot(store, clock, "Two", "A", brand="wellness", scenario_type="problem_solution")

    at = open_page(brands="Acme", scenarios="Problem and solution")

    assert "No pilot is in this cohort." in page_text(at)
    assert not at.metric
    at.button("clear").click().run()
    assert cards(at)["Pilots approved"][1] == "2 of 2, 34–100%"
    assert not at.query_params


def test_simulated_feedback_is_said_loudly_and_counted_only_when_asked_for(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "One", "wait")
    record_feedback(
        store, pilot.pilot_id, 1, "Love it", "approve", mode="simulated", actor=at_command_line("Theo Grant")
    )

    assert "Approval rate per review" not in cards(open_page())
    at = open_page(feedback="Simulated")
    assert "Simulated feedback." in at.warning[0].value
    assert cards(at)["Approval rate per review"] == ("100%", "1 of 1, 21–100%")
    assert badges(at)[0] == "NO VERDICT YET"


def test_a_past_day_shows_what_was_known_then(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "One", "A")
    clock.forward(days=10)
    make_pilot(store, clock, "Two", "m drop")

    at = open_page(as_of="2026-03-05")

    assert "As it was known at the end of 5 March 2026 (UTC)" in page_text(at)
    assert cards(at)["Pilots approved"][1] == "1 of 1, 21–100%"
    assert cards(open_page())["Pilots approved"][1] == "1 of 2, 9–91%"


def test_a_number_leads_to_its_pilots(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for number in range(10):
        make_pilot(store, clock, f"Company {number}", "A" if number else "m drop")

    at = open_page()
    at.pills("numbers_group").set_value("approved").run()

    assert linked(at)[:2] == ["Company 9, Founder of Company 9", "Company 8, Founder of Company 8"]
    assert len([name for name in linked(at) if name.startswith("Company")]) == 8
    at.button("numbers_unfold").click().run()
    assert "Company 1, Founder of Company 1" in linked(at)
    assert "Company 0, Founder of Company 0" not in linked(at)


def test_what_people_typed_is_shown_as_text(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    name = "**bold** ![x](http://evil/x.png) <b>b</b>"
    for number in range(6):
        make_pilot(store, clock, f"{name}{number}", "m A" if number else "m", founder_name=name)

    at = open_page()
    at.pills("numbers_group").set_value("approved").run()

    assert not [element for element in at.markdown if name in element.value]
    assert not [link for link in at.get("page_link") if name in link.proto.label]
    assert not [chart for chart in at.get("plotly_chart") if "<b>b</b>" in chart.proto.spec]


def test_notes_without_a_theme_stand_beside_the_themes(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "Flagged", "M{hook_weak}")
    make_pilot(store, clock, "Bare", "m")

    at = open_page(themes="Notes without a theme")

    assert [text.value for text in at.text] == ["Their words."]
    assert "Bare, attempt 1" in linked(at)
    assert "1 note with words and no flag" in page_text(at)
    assert list(at.dataframe[0].value["Of reviewed pilots"]) == ["50% (1 of 2, 9–91%)"]


def test_two_cohorts_stand_side_by_side_from_their_address(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    for number in range(5):
        make_pilot(store, clock, f"Company {number}", "A", brand="acme")
        make_pilot(store, clock, f"Other {number}", "m drop", brand="wellness")

    at = open_page(brands="Acme", compare="true", other_brands="Wellness")

    shown = next(frame.value for frame in at.dataframe if "Measure" in frame.value)
    assert list(shown.columns) == ["Measure", "Acme", "Wellness", "Difference"]
    row = shown.set_index("Measure").loc["Pilots approved"]
    assert list(row) == ["100% (5 of 5, 57–100%)", "0% (0 of 5, 0–43%)", "100 points less (−100 to −39)"]
    assert badges(at)[:3] == ["PROCEED", "PROCEED", "STOP"]


def test_a_cohort_is_not_compared_with_itself(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "One", "A")

    assert "Both cohorts are the same." in page_text(open_page(compare="true"))


@pytest.mark.parametrize("key", [chart.key for chart in CHARTS])
def test_behind_every_mark_are_exactly_its_pilots(
    full: PilotStore, page: MetricsPage, asked: dict[str, Question], key: str
) -> None:
    counts = {
        "first_cuts": [1] * len(page.first_cuts.points),
        "iterations": [1] * len(page.iterations.points),
        "approval": [block.rate.denominator for block in page.approval.blocks]
        + [page.measures.outcomes.still_open] * 2,
        "incidence": None,
        "funnel": [step.outcomes[came] for came in AttemptOutcome for step in page.funnel.steps if step.outcomes[came]],
        "themes": sorted(n for bar in page.themes.bars for n in bar.by_state.values()),
        "forest": sorted(segment.pilots for segment in page.forest.segments),
        "timeline": [1] * len(page.timeline.badges),
    }[key]

    def behind(selection: Selection) -> int:
        found, total = pilots_behind(full.database, Cohort(), selection)
        assert len(found) == total
        return total

    found = [behind(picked.selection) for picked in marks(asked, key)]
    if key == "incidence":
        # From no pilots at day 0 to all at the end, never decreasing.
        approved = [behind(p.selection) for p in marks(asked, key) if p.selection.group == "approved"]
        ended = [behind(p.selection) for p in marks(asked, key) if p.selection.group == "ended_without"]
        assert (approved[-1], ended[-1]) == (page.incidence.n_approved, page.incidence.n_ended)
        assert all(steps == sorted(steps) and len(steps) > 3 for steps in (approved, ended))
        assert approved[1] >= 1
    else:
        assert (sorted(found) if key in ("themes", "forest") else found) == counts


def test_a_click_on_nothing_known_lists_nothing(asked: dict[str, Question]) -> None:
    plot = asked["funnel"].plot

    assert plot.drilldown_at([]) is None
    assert plot.drilldown_at([{"customdata": ["999", "x"]}, {"x": 1}]) is None
    assert plot.drilldown_at([{"x": 1}, {"customdata": ["0"]}]) == plot.drilldowns["0"]


def test_a_cut_off_chart_says_so(full: PilotStore) -> None:
    found = questions(metrics_page(full, latest=7))

    assert "The latest 7 of" in found["first_cuts"].reading
    assert "the latest 7 of" in found["iterations"].reading
    assert "The latest 11 of 31 decisions" in found["approval"].reading
    assert "The latest 7 of 100 pilots" in found["timeline"].reading


def test_numbers_are_said_with_what_they_stand_on() -> None:
    assert numbers.basis(rate(10, 14)) == "10 of 14, 45–88%"
    assert numbers.rate_with_n(rate(0, 0)) == "–"
    assert numbers.spread_in(Spread(3, 0, 40.0, 61.0, 44.4), "s") == ("40 s", "p90 61 s, mean 44 s")
    assert numbers.time_to(TimeTo(14, 9, 6.0, 4.0, 9.2), numbers.days) == "6 days (9 of 14, 4–9.2 days)"
    assert numbers.time_to(TimeTo(14, 9, 30.0, 4.0, None), numbers.hours) == "30 h (9 of 14, from 4 h)"
    assert numbers.time_to(TimeTo(14, 9, 30.0, 24.0, 120.0), numbers.hours) == "30 h (9 of 14, 24 h to 5 days)"
    assert numbers.time_to(TimeTo(3, 0, None, None, None), numbers.days) == "– (0 of 3)"


def test_a_cards_line_says_in_words_from_where_to_where_it_goes(page: MetricsPage) -> None:
    by_metric, found = page.sparklines.by_metric, headline_cards.headline_cards(page.measures, page.sparklines)
    approval, first_cut, drafts, _ = found
    known = [point.value for point in by_metric["approval_rate"] if point.value is not None]
    told = f"Line by week, {len(known)} with a value: {known[0]:.0%} to {known[-1]:.0%}, "
    told += f"between {min(known):.0%} and {max(known):.0%}"
    assert (list(approval.course), approval.course_words) == (known, told)
    assert re.match(r"Line by week, \d+ with a value: [\d.]+ s to [\d.,]+ s, between ", first_cut.course_words)
    assert re.match(r"Line by week, \d+ with a value: \d\.\d to \d\.\d, ", drafts.course_words)
    assert set(headline_cards.COURSE_FORMATS) == set(by_metric)


def test_no_line_is_drawn_without_its_words(
    open_page: OpenPage, full: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, full)
    at = open_page()
    drawn_lines = [metric for metric in at.metric if metric.proto.chart_data]
    assert len(drawn_lines) > 3
    assert len([caption for caption in at.caption if caption.value.startswith("Line")]) == len(drawn_lines)


def test_differences_say_whether_they_can_be_told_apart() -> None:
    assert compare.difference(rate(1, 10), rate(9, 10)) == "80 points more (+37 to +92)"
    assert compare.difference(rate(5, 10), rate(6, 10)).endswith("not told apart")
    assert compare.difference(rate(0, 0), rate(6, 10)) == "–"


def test_regressions_stand_in_the_table_as_plainly_as_gains(page: MetricsPage) -> None:
    table, found = improvement.table(page.measures.improvement), page.measures.improvement

    assert list(table["Worse"]) == [
        found.decision.worse,
        found.ttfc.worse,
        found.iterations.worse,
        found.cost.worse,
    ]
    assert (table["Better"] + table["Same"] + table["Worse"] == table["n"]).all()


def test_the_theme_table_counts_what_the_pareto_draws(page: MetricsPage) -> None:
    table = theme_table.table(page.themes)

    assert len(table) == len(page.themes.bars)
    assert list(table[["Recurring", "New", "Raised", "Not raised again"]].sum(axis=1)) == [
        bar.pilots for bar in page.themes.bars
    ]


def test_the_second_cohort_may_have_its_own_days(page: MetricsPage, full: PilotStore) -> None:
    early = metrics_page(full, Cohort(created_to=date(2026, 1, 31)))
    table = compare.table(page, early, "All pilots", "All pilots")

    assert list(table.columns)[1:3] == ["All pilots", "All pilots (other)"]
    assert early.as_of - page.as_of < timedelta(seconds=1)
