"""The reports page as a lead meets it: reports found, filed and read, and the tables of a cohort to take out."""

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core.export.snapshot import row_counts
from pilot_core.insight.cohort import Cohort
from pilot_core.judgement import file_report, override_recommendation
from pilot_core.store.judgements import filed_reports
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, stores
from pilot_core.web.downloads import TABLES_ZIP, filed_address, table_address
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import button, labels, shown
from tests.told_pilots import tell

LEAD = "Mara Lindqvist"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Opens the page, by default as a lead; AppTest sends no headers to know anyone by."""
    monkeypatch.setattr(stores, "store", lambda: store)

    def open_(role: access.Role = access.Role.LEAD, **address: str) -> AppTest:
        monkeypatch.setattr(access, "visitor", lambda: access.Visitor(LEAD, role))
        return opened("reports", **address)

    return open_


def words(at: AppTest) -> str:
    return shown(at).replace("\\", "")


def test_without_a_pilot_the_page_says_when_there_will_be_reports(open_page: OpenPage) -> None:
    at = open_page()
    assert "There is no pilot yet" in at.info[0].value


def test_every_pilot_is_listed_with_the_report_filed_last_or_none(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    done, open_pilot = tell(store, clock, "Done *Ltd*", "M A"), tell(store, clock, "Open Ltd", "m")
    file_report(store, done.pilot_id, "Theo Grant", as_of=done.created_at)
    clock.forward(hours=2)
    override_recommendation(store, done.pilot_id, "REVISE", "It was a favour.", "Theo Grant")
    last = file_report(store, done.pilot_id, "Theo Grant")
    text = words(open_page())
    assert "2 pilots with 2 filed reports" in text
    assert "**Done *Ltd***" in text
    assert f"[Open]({filed_address(last.report_id, 'html')})" in text
    assert f"[Markdown]({filed_address(last.report_id, 'md')})" in text
    assert "Rules 2026.11 · filed just now by Theo Grant" in text
    assert ":orange-badge[:material/person: ◆ REVISE · Theo Grant]" in text
    assert "No report is filed yet." in text
    assert words(open_page(find="open ltd")).count("No report is filed yet.") == 1
    filtered = words(open_page(filed="No report"))
    assert ("**Open Ltd**" in filtered, "**Done" in filtered) == (True, False)
    assert "No pilot matches" in open_page(find="nobody").info[0].value
    assert labels(open_page(find="open ltd")) == ["File a report"]
    assert open_pilot.company_name == "Open Ltd"


def test_a_long_list_comes_page_by_page(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    for n in range(17):
        tell(store, clock, f"Company {n:02}")
    assert words(open_page()).count("**Company") == 15
    assert words(open_page(reports_page="2")).count("**Company") == 2


def test_a_report_is_filed_for_today_and_for_a_day_gone_by_and_none_replaces_another(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    pilot = tell(store, clock, "Acme", "M{hook_weak} M{hook_weak}")
    clock.forward(days=9)
    at = open_page(pilot=pilot.pilot_id)
    assert "No report is filed for this pilot yet." in words(at)
    at = button(at, "File this report")
    assert not at.exception
    at.date_input[0].set_value(pilot.created_at.date()).run()
    at = button(at, "File this report")
    then, now = sorted(filed_reports(store.database, pilot.pilot_id), key=lambda line: line.as_of)
    assert (now.as_of, now.recommendation, now.filed_by) == (clock(), "STOP", LEAD)
    assert then.as_of.date() == pilot.created_at.date()
    assert then.as_of < then.generated_at
    text = words(at)
    assert text.count("[Open](/download/reports/") == 2
    assert "as of 2 Mar 2026" in text


def test_a_report_by_other_rules_says_so_and_stays(
    open_page: OpenPage, store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilot_core.insight.rules import current_rules

    pilot = tell(store, clock, "Acme", "A")
    filed = file_report(store, pilot.pilot_id, "Theo Grant")
    changed = current_rules().model_copy(update={"version": "2027.1"})
    monkeypatch.setattr("pilot_core.web.reports_page.filed.current_rules", lambda: changed)
    assert "Rules 2026.11 (other than today’s)" in words(open_page(pilot=pilot.pilot_id))
    assert [line.report_id for line in filed_reports(store.database, pilot.pilot_id)] == [filed.report_id]


def test_who_only_reads_files_nothing(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    pilot = tell(store, clock, "Acme", "A")
    file_report(store, pilot.pilot_id, "Theo Grant")
    at = open_page(access.Role.VIEWER, pilot=pilot.pilot_id)
    assert labels(at) == ["All reports"]
    assert "[Open](/download/reports/" in words(at)


def test_an_unknown_pilot_is_a_sentence_and_a_way_back(open_page: OpenPage) -> None:
    assert "There is no pilot" in open_page(pilot="pilot_20260101_none0000").error[0].value.replace("\\", "")


def test_exports_offer_every_table_of_the_cohort_in_the_address_with_its_rows(
    open_page: OpenPage, store: PilotStore, clock: HandClock
) -> None:
    tell(store, clock, "Acme", "M{hook_weak} A", scenario_type="problem_solution")
    tell(store, clock, "Other", "m")
    day = clock().date()
    at = open_page(part="Exports", scenarios="Problem and solution", **{"from": day.isoformat()})
    cohort = Cohort(scenario=("problem_solution",), created_from=date(2026, 3, 2))
    assert day == date(2026, 3, 2)
    counts = row_counts(store, cohort)
    assert (counts["pilots"], counts["attempts"], counts["feedback_flags"]) == (1, 2, 1)
    text = words(at)
    assert "Only Problem and solution, created from 2 Mar 2026" in text
    assert "**Pilots** · 1 row" in text
    assert "**Attempts** · 2 rows" in text
    addresses = [link.url for link in at.link_button]
    assert addresses == [
        table_address(TABLES_ZIP, cohort),
        *(table_address(f"{name}.{suffix}", cohort) for name in counts for suffix in ("csv", "parquet")),
    ]
    assert "begins with an added apostrophe" in text
    at = button(at, "Clear filters")
    assert at.link_button[0].url == table_address(TABLES_ZIP, Cohort())


def test_days_in_the_wrong_order_are_a_sentence(open_page: OpenPage, store: PilotStore, clock: HandClock) -> None:
    tell(store, clock, "Acme", "A")
    clock.forward(days=3)
    tell(store, clock, "Later", "A")
    at = open_page(part="Exports", **{"from": "2026-03-04", "to": "2026-03-02"})
    assert "The first day is after the last one" in at.error[0].value.replace("\\", "")
    assert labels(at) == ["Clear filters"]
