"""The reports page for a lead: reports found, filed and read, and the tables of a cohort to download."""

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.roles import Role
from pilot_core.insight.cohort import Cohort
from pilot_core.services.judgements import file_report, override_recommendation
from pilot_core.store.queries import judgements
from pilot_core.store.queries.exports import row_counts
from pilot_core.store.queries.judgements import filed_reports
from pilot_core.web.access import page_guard, who
from pilot_core.web.routes.downloads import TABLES_ZIP, WORKBOOK, filed_address, table_address
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import button, labels, page_text
from tests.pilot_stories import make_pilot
from tests.served import serve

LEAD = at_command_line("Mara Lindqvist")
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens the page, by default as a lead. AppTest sends no identifying headers."""
    serve(monkeypatch, store)

    def open_(role: Role = Role.LEAD, **address: str) -> AppTest:
        monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, role))
        return opened("reports", **address)

    return open_


def test_without_a_pilot_the_page_says_when_there_will_be_reports(open_page: OpenPage) -> None:
    at = open_page()
    assert "There is no pilot yet" in at.info[0].value


def test_every_pilot_is_listed_with_the_report_filed_last_or_none(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    done, open_pilot = make_pilot(store, clock, "Done *Ltd*", "M A"), make_pilot(store, clock, "Open Ltd", "m")
    file_report(store, done.pilot_id, at_command_line("Theo Grant"), as_of=done.created_at)
    clock.forward(hours=2)
    override_recommendation(store, done.pilot_id, "REVISE", "It was a favour.", at_command_line("Theo Grant"))
    last = file_report(store, done.pilot_id, at_command_line("Theo Grant"))
    text = page_text(open_page())
    assert "2 pilots with 2 filed reports" in text
    assert "**Done *Ltd***" in text
    assert f"[Open]({filed_address(last.report_id, 'html')})" in text
    assert f"[Markdown]({filed_address(last.report_id, 'md')})" in text
    assert "Rules v2026.12 · filed just now by Theo Grant" in text
    assert ":orange-badge[:material/person: ◆ REVISE · Theo Grant]" in text
    assert "No report is filed yet." in text
    assert page_text(open_page(find="open ltd")).count("No report is filed yet.") == 1
    filtered = page_text(open_page(filed="No report"))
    assert ("**Open Ltd**" in filtered, "**Done" in filtered) == (True, False)
    assert "No pilot matches" in open_page(find="nobody").info[0].value
    assert labels(open_page(find="open ltd")) == ["File a report"]
    assert open_pilot.company_name == "Open Ltd"


def test_a_long_list_comes_page_by_page(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for n in range(17):
        make_pilot(store, clock, f"Company {n:02}")
    assert page_text(open_page()).count("**Company") == 15
    assert page_text(open_page(reports_page="2")).count("**Company") == 2


def test_a_list_of_more_than_is_counted_says_so_and_can_be_paged_to_its_end(
    open_page: OpenPage, store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgements, "COUNTED", 15)
    for n in range(32):
        make_pilot(store, clock, f"Company {n:02}")
    assert "1,000+ pilots. The latest report first." in page_text(open_page())
    seen = [page_text(open_page(reports_page=str(page))).count("**Company") for page in (1, 2, 3)]
    assert seen == [15, 15, 2]
    assert "32 pilots with 0 filed reports." in page_text(open_page(reports_page="3"))
    assert "15 pilots" not in page_text(open_page(reports_page="9" * 40))


def test_a_report_is_filed_for_today_and_for_a_day_gone_by_and_none_replaces_another(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    pilot = make_pilot(store, clock, "Acme", "M{hook_weak} M{hook_weak}")
    clock.forward(days=9)
    at = open_page(pilot=pilot.pilot_id)
    assert "No report is filed for this pilot yet." in page_text(at)
    at = button(at, "File this report")
    assert not at.exception
    at.date_input[0].set_value(pilot.created_at.date()).run()
    at = button(at, "File this report")
    then, now = sorted(filed_reports(store.database, pilot.pilot_id), key=lambda line: line.as_of)
    assert (now.as_of, now.recommendation, now.filed_by) == (clock(), "STOP", LEAD)
    assert then.as_of.date() == pilot.created_at.date()
    assert then.as_of < then.generated_at
    text = page_text(at)
    assert text.count("[Open](/download/reports/") == 2
    assert "as of 2 Mar 2026" in text


def test_a_report_by_other_rules_says_so_and_stays(
    open_page: OpenPage, store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilot_core.insight.rules import current_rules

    pilot = make_pilot(store, clock, "Acme", "A")
    filed = file_report(store, pilot.pilot_id, at_command_line("Theo Grant"))
    changed = current_rules().model_copy(update={"version": "2027.1"})
    monkeypatch.setattr("pilot_core.web.components.filed_reports.current_rules", lambda: changed)
    assert "Rules v2026.12 (other than today’s)" in page_text(open_page(pilot=pilot.pilot_id))
    assert [line.report_id for line in filed_reports(store.database, pilot.pilot_id)] == [filed.report_id]


def test_who_only_reads_files_nothing(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "A")
    file_report(store, pilot.pilot_id, at_command_line("Theo Grant"))
    at = open_page(Role.VIEWER, pilot=pilot.pilot_id)
    assert labels(at) == ["All reports"]
    assert "[Open](/download/reports/" in page_text(at)


def test_an_unknown_pilot_is_a_sentence_and_a_way_back(open_page: OpenPage) -> None:
    assert "There is no pilot" in open_page(pilot="pilot_20260101_none0000").error[0].value.replace("\\", "")


def test_exports_offer_every_table_of_the_cohort_in_the_address_with_its_rows(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    make_pilot(store, clock, "Acme", "M{hook_weak} A", scenario_type="problem_solution")
    make_pilot(store, clock, "Other", "m")
    day = clock().date()
    at = open_page(part="Exports", scenarios="Problem and solution", **{"from": day.isoformat()})
    cohort = Cohort(scenario=("problem_solution",), created_from=date(2026, 3, 2))
    assert day == date(2026, 3, 2)
    counts = row_counts(store.database, cohort)
    assert (counts["pilots"], counts["attempts"], counts["feedback_flags"]) == (1, 2, 1)
    text = page_text(at)
    assert "Only Problem and solution, created from 2 Mar 2026" in text
    assert "**Pilots** · 1 row" in text
    assert "**Attempts** · 2 rows" in text
    addresses = [link.url for link in at.link_button]
    assert addresses == [
        table_address(WORKBOOK, cohort),
        table_address(TABLES_ZIP, cohort),
        *(table_address(f"{name}.{suffix}", cohort) for name in counts for suffix in ("csv", "parquet")),
    ]
    assert "an apostrophe is added wherever a spreadsheet could begin a formula" in text
    at = button(at, "Clear filters")
    assert at.link_button[1].url == table_address(TABLES_ZIP, Cohort())


def test_days_in_the_wrong_order_are_a_sentence(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    make_pilot(store, clock, "Acme", "A")
    clock.forward(days=3)
    make_pilot(store, clock, "Later", "A")
    at = open_page(part="Exports", **{"from": "2026-03-04", "to": "2026-03-02"})
    assert "The first day is after the last one" in at.error[0].value.replace("\\", "")
    assert labels(at) == ["Clear filters"]
