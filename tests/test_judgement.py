"""Overrides, accepted and dismissed suggestions, and filed reports: each adds an event, and none rewrites history."""

import threading
from datetime import timedelta

import pytest

from pilot_core import PilotStore, bootstrap
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.events import describe
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.recommend import recommend
from pilot_core.insight.rules import current_rules
from pilot_core.maintenance import current_rules as current_rules_job
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.services import judgements
from pilot_core.services.judgements import (
    accept_suggestion,
    confirm_override,
    dismiss_suggestion,
    file_report,
    override_recommendation,
    suggestions,
    suggestions_for,
    undo_decided_suggestion,
    undo_override,
)
from pilot_core.settings import read_settings
from pilot_core.store.engine import lease
from pilot_core.store.queries.judgements import (
    NOT_FILED,
    decided_suggestions_of,
    filed_report,
    filed_reports,
    overrides_of,
    reports_page,
    standing_overrides,
)
from pilot_core.store.queries.lists import pilot_summaries
from pilot_core.store.queries.metrics_page import metrics_page


@pytest.fixture
def pilot(store, new_pilot, clock) -> PilotRun:
    """Return a pilot whose minor changes suggest two flags by their text, one of them raised."""
    made = new_pilot()
    made.add_attempt("v.mp4", None, 40, 1, 1.0, True, at=clock())
    made.record_feedback(1, "The hook is weak, and it is too long.", "minor_changes", ["too_long"], at=clock())
    store.save(made, "Lea")
    clock.forward(hours=1)
    return made


def told(store: PilotStore, pilot: PilotRun) -> list[tuple[str, str]]:
    """Return who did what since the pilot was created."""
    return [(event.actor, event.kind) for event in store.events(pilot.pilot_id)][3:]


def test_an_override_stands_beside_what_the_rules_say(store, pilot, clock):
    made = override_recommendation(store, pilot.pilot_id, "STOP", " The product was sold. ", at_command_line("Lea"))
    assert standing_overrides(store.database, [pilot.pilot_id, "pilot_20260101_none0000"]) == {pilot.pilot_id: made}
    assert (made.verdict, made.reason, made.made_by, made.made_at) == ("STOP", "The product was sold.", "Lea", clock())
    assert (made.computed, made.computed_code, made.rules_version) == (None, "in_progress", "v2026.12")
    assert recommend(store.load(pilot.pilot_id)).code == "in_progress"
    assert told(store, pilot) == [("Lea", "recommendation_overridden")]
    assert store.events(pilot.pilot_id)[-1].detail == {
        "verdict": "STOP", "reason": "The product was sold.", "computed": None, "code": "in_progress"
    }  # fmt: skip


def test_an_override_is_undone_as_openly_as_it_was_made(store, pilot, clock):
    override_recommendation(store, pilot.pilot_id, "STOP", "The product was sold.", at_command_line("Lea"))
    clock.forward(days=1)
    undo_override(store, pilot.pilot_id, "It was not.", at_command_line("Bo"))
    assert standing_overrides(store.database, [pilot.pilot_id]) == {}
    (undone,) = overrides_of(store.database, pilot.pilot_id)
    assert (undone.stands, undone.undone_by, undone.undone_at, undone.undone_reason) == (
        False, "Bo", clock(), "It was not."
    )  # fmt: skip
    again = override_recommendation(store, pilot.pilot_id, "REVISE", "A new founder.", at_command_line("Lea"))
    assert [made.stands for made in overrides_of(store.database, pilot.pilot_id)] == [True, False]
    assert again.verdict == "REVISE"
    assert told(store, pilot) == [
        ("Lea", "recommendation_overridden"), ("Bo", "override_undone"), ("Lea", "recommendation_overridden")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "reason", "actor", "error", "says"),
    [
        ("STOP", "  ", "Lea", InvalidRequest, "A reason is needed"),
        ("STOP", "x" * 2001, "Lea", InvalidRequest, "longer than 2,000"),
        ("STOP", "Sold.", " ", InvalidRequest, "A name is needed"),
        ("MAYBE", "Sold.", "Lea", InvalidRequest, "“MAYBE” is not a recommendation; use PROCEED, REVISE, STOP"),
    ],
)
def test_an_override_without_a_name_a_reason_or_a_verdict_is_refused(store, pilot, verdict, reason, actor, error, says):
    with pytest.raises(error, match=says):
        override_recommendation(store, pilot.pilot_id, verdict, reason, at_command_line(actor))
    assert told(store, pilot) == []


def test_what_the_rules_say_already_or_another_override_is_not_overridden(store, pilot, clock):
    override_recommendation(store, pilot.pilot_id, "STOP", "Sold.", at_command_line("Lea"))
    with pytest.raises(NotAllowedNow, match="Lea has overridden this recommendation already; undo that first"):
        override_recommendation(store, pilot.pilot_id, "REVISE", "No.", at_command_line("Bo"))
    undo_override(store, pilot.pilot_id, "Not sold.", at_command_line("Lea"))
    with pytest.raises(NotAllowedNow, match="has no override; there is nothing to undo"):
        undo_override(store, pilot.pilot_id, "Not sold.", at_command_line("Lea"))
    with pytest.raises(PilotNotFound):
        override_recommendation(store, "pilot_20260101_none0000", "STOP", "Sold.", at_command_line("Lea"))
    store.change(pilot.pilot_id, lambda p: p.record_feedback(1, "Yes", "approve", at=clock()))
    with pytest.raises(InvalidRequest, match="The rules say PROCEED already"):
        override_recommendation(store, pilot.pilot_id, "PROCEED", "Of course.", at_command_line("Lea"))


def test_an_override_that_needs_a_second_person_waits_for_their_reason(store, pilot, clock):
    store.second_reason = True
    asked = override_recommendation(store, pilot.pilot_id, "STOP", "Sold.", at_command_line("Lea"))
    assert (asked.waits, asked.stands) == (True, False)
    assert standing_overrides(store.database, [pilot.pilot_id]) == {}
    assert file_report(store, pilot.pilot_id, at_command_line("Lea")).override_by is None
    with pytest.raises(NotAllowedNow, match="Lea has asked to override this recommendation already"):
        override_recommendation(store, pilot.pilot_id, "STOP", "Yes.", at_command_line("Bo"))
    for actor, reason, error, says in (
        ("lea ", "Sure.", InvalidRequest, "must be someone else’s"),
        ("Bo", " ", InvalidRequest, "A reason is needed"),
        (" ", "Sure.", InvalidRequest, "A name is needed"),
    ):
        with pytest.raises(error, match=says):
            confirm_override(store, pilot.pilot_id, asked.override_id, reason, at_command_line(actor))
    store.second_reason = False  # what was asked for still needs it
    clock.forward(hours=2)
    made = confirm_override(store, pilot.pilot_id, asked.override_id, " I saw the contract. ", at_command_line("Bo"))
    assert overrides_of(store.database, pilot.pilot_id) == [made]
    assert standing_overrides(store.database, [pilot.pilot_id]) == {pilot.pilot_id: made}
    assert (made.made_by, made.second_by, made.second_at, made.second_reason) == (
        "Lea", "Bo", clock(), "I saw the contract."
    )  # fmt: skip
    filed = file_report(store, pilot.pilot_id, at_command_line("Lea"))
    assert filed_report(store.database, filed.report_id) == filed
    assert (filed.override_by, filed.override_second_by, filed.override_second_reason) == (
        "Lea", "Bo", "I saw the contract."
    )  # fmt: skip
    assert "**Lea overrides this: STOP.** Sold." in filed.markdown
    assert "**Bo confirms the override.** I saw the contract." in filed.markdown
    assert [describe(event) for event in store.events(pilot.pilot_id) if "overrid" in event.kind] == [
        "asked to override the recommendation NO VERDICT YET with STOP: Sold.",
        "confirmed the override with STOP by Lea: I saw the contract.",
    ]


def test_a_request_to_override_that_was_taken_back_cannot_be_confirmed(store, pilot):
    store.second_reason = True
    first = override_recommendation(store, pilot.pilot_id, "STOP", "Sold.", at_command_line("Lea"))
    undo_override(store, pilot.pilot_id, "Not sold.", at_command_line("Lea"))
    again = override_recommendation(store, pilot.pilot_id, "REVISE", "A new founder.", at_command_line("Lea"))
    with pytest.raises(NotAllowedNow, match="does not wait for a second reason any more"):
        confirm_override(store, pilot.pilot_id, first.override_id, "Sure.", at_command_line("Bo"))
    confirm_override(store, pilot.pilot_id, again.override_id, "Sure.", at_command_line("Bo"))
    with pytest.raises(NotAllowedNow, match="does not wait for a second reason any more"):
        confirm_override(store, pilot.pilot_id, again.override_id, "Sure.", at_command_line("Ann"))
    undone = next(made for made in overrides_of(store.database, pilot.pilot_id) if made.undone_at)
    assert (undone.verdict, undone.stands, undone.waits, undone.lacks_second) == ("STOP", False, False, True)
    taken_back = next(event for event in store.events(pilot.pilot_id) if event.kind == "override_undone")
    assert describe(taken_back) == "took back the request to override with STOP: Not sold."


def test_an_override_changes_no_number_of_the_page(store, pilot):
    before = metrics_page(store)
    override_recommendation(store, pilot.pilot_id, "STOP", "Sold.", at_command_line("Lea"))
    after = metrics_page(store)
    assert (after.programme, after.timeline.badges[0].label) == (before.programme, "NO VERDICT YET")


def test_words_offer_the_flags_nobody_has_raised_or_decided_on(store, pilot):
    (offered,) = suggestions(store)
    assert (offered.suggestion.flag, offered.suggestion.quote) == ("hook_weak", "hook is weak")
    assert (offered.note.pilot_id, offered.note.attempt_number) == (pilot.pilot_id, 1)
    assert suggestions_for(store, store.load(pilot.pilot_id)) == [offered]


def test_an_accepted_suggestion_counts_from_then_on_like_any_flag(store, pilot):
    (offered,) = suggestions(store)
    assert [bar.flag for bar in metrics_page(store).themes.bars] == ["too_long"]
    changed = accept_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Lea"))
    assert changed.runs[0].feedback[0].flags == ["too_long", "hook_weak"]
    assert store.load(pilot.pilot_id).runs[0].feedback[0].flags == ["too_long", "hook_weak"]
    bars = metrics_page(store).themes.bars
    assert {bar.flag: bar.by_state[FlagState.RAISED] for bar in bars} == {"hook_weak": 1, "too_long": 1}
    assert suggestions(store) == []
    assert told(store, pilot) == [("Lea", "flag_accepted")]
    with pytest.raises(NotAllowedNow, match="raised on this feedback already"):
        accept_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Bo"))


def test_a_dismissed_suggestion_is_not_offered_again_and_not_counted(store, pilot):
    (offered,) = suggestions(store)
    dismiss_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Lea"))
    assert suggestions(store) == []
    assert [bar.flag for bar in metrics_page(store).themes.bars] == ["too_long"]
    assert told(store, pilot) == [("Lea", "flag_dismissed")]
    with pytest.raises(NotAllowedNow, match="Somebody has decided on this suggestion already"):
        accept_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Bo"))
    assert store.load(pilot.pilot_id).runs[0].feedback[0].flags == ["too_long"]
    assert told(store, pilot) == [("Lea", "flag_dismissed")]


def test_what_the_words_do_not_suggest_cannot_be_accepted(store, pilot):
    feedback_id = pilot.runs[0].feedback[0].feedback_id
    with pytest.raises(InvalidRequest, match="do not suggest that flag"):
        accept_suggestion(store, pilot.pilot_id, feedback_id, "off_brand", at_command_line("Lea"))
    with pytest.raises(PilotNotFound, match="has no such feedback"):
        accept_suggestion(store, pilot.pilot_id, "feedback_0", "hook_weak", at_command_line("Lea"))


def test_a_filed_report_keeps_what_it_said_whatever_comes_after(store, pilot, clock, monkeypatch):
    filed = file_report(store, pilot.pilot_id, at_command_line("Lea"))
    clock.forward(days=1)
    store.change(pilot.pilot_id, lambda p: p.record_feedback(1, "Yes", "approve", at=clock()))
    lenient = current_rules().model_copy(update={"version": "lenient"})
    monkeypatch.setattr("pilot_core.insight.recommend.current_rules", lambda: lenient)
    later = file_report(store, pilot.pilot_id, at_command_line("Bo"))
    assert filed_report(store.database, filed.report_id) == filed
    assert filed.report.recommendation.code == "in_progress"
    assert [(line.report_id, line.rules_version, line.recommendation) for line in filed_reports(
        store.database, pilot.pilot_id
    )] == [(later.report_id, "lenient", "PROCEED"), (filed.report_id, "v2026.12", None)]  # fmt: skip
    assert told(store, pilot) == [
        ("Lea", "report_filed"), (store.events(pilot.pilot_id)[4].actor, "feedback_received"),
        (store.events(pilot.pilot_id)[5].actor, "approved"), ("Bo", "report_filed"),
    ]  # fmt: skip


def test_saved_recommendations_follow_the_rules_in_force_and_filed_reports_keep_theirs(store, pilot, monkeypatch):
    earlier = current_rules().model_copy(update={"version": "2026.11", "majors_stop": 1})
    with monkeypatch.context() as patch:
        patch.setattr("pilot_core.insight.recommend.current_rules", lambda: earlier)
        store.change(pilot.pilot_id, lambda p: p.record_feedback(1, "No", "major_changes"))
        filed = file_report(store, pilot.pilot_id, at_command_line("Lea"))
    stopped = store.load(pilot.pilot_id)
    assert [(s.recommendation, s.reason_code) for s in pilot_summaries(store.database)] == [("STOP", "majors_repeated")]
    assert [f.kind for f in check(store) if f.kind == current_rules_job.KIND] == [current_rules_job.KIND]

    assert current_rules_job.judge_anew(store) == 1

    assert [(s.recommendation, s.reason_code) for s in pilot_summaries(store.database)] == [(None, "in_progress")]
    assert store.load(pilot.pilot_id) == stopped
    assert filed_report(store.database, filed.report_id) == filed
    assert current_rules_job.judge_anew(store) == 0
    assert not any(f.kind in {current_rules_job.KIND, "derived", "state_odd"} for f in check(store))


def test_a_store_that_is_opened_judges_the_newest_pilots_anew(store, pilot, monkeypatch):
    lenient = current_rules().model_copy(update={"version": "lenient"})
    monkeypatch.setattr("pilot_core.maintenance.current_rules.current_rules", lambda: lenient)
    monkeypatch.setattr("pilot_core.insight.recommend.current_rules", lambda: lenient)
    assert [f.kind for f in current_rules_job.finding(store)] == [current_rules_job.KIND]
    opened = bootstrap.open_store(read_settings(), store.root)
    assert list(current_rules_job.finding(opened)) == []


def test_a_repair_judges_anew_by_the_rules_in_force(store, pilot, monkeypatch):
    lenient = current_rules().model_copy(update={"version": "lenient"})
    monkeypatch.setattr("pilot_core.maintenance.current_rules.current_rules", lambda: lenient)
    monkeypatch.setattr("pilot_core.insight.recommend.current_rules", lambda: lenient)
    assert "Worked out the recommendation of 1 pilot anew, by the rules in force." in repair(store, thorough=False).done


def test_a_report_can_be_made_again_for_a_past_day(store, pilot, clock):
    then = clock()
    clock.forward(days=1)
    store.change(pilot.pilot_id, lambda p: p.record_feedback(1, "Yes", "approve", at=clock()))
    clock.forward(days=1)
    again = file_report(store, pilot.pilot_id, at_command_line("Lea"), as_of=then)
    assert (again.report.as_of, again.report.generated_at) == (then, clock())
    assert again.report.recommendation.code == "in_progress"
    assert again.markdown.startswith("# ")
    for moment in (clock() + timedelta(seconds=1), pilot.created_at - timedelta(days=1)):
        with pytest.raises(InvalidRequest, match="between the pilot's creation and now"):
            file_report(store, pilot.pilot_id, at_command_line("Lea"), as_of=moment)


def test_a_report_names_the_override_that_stood_when_it_was_filed(store, pilot):
    override_recommendation(store, pilot.pilot_id, "STOP", "Sold.", at_command_line("Lea"))
    filed = file_report(store, pilot.pilot_id, at_command_line("Bo"))
    undo_override(store, pilot.pilot_id, "Not sold.", at_command_line("Lea"))
    kept = filed_report(store.database, filed.report_id)
    assert (kept.override_by, kept.override_verdict, kept.override_reason) == ("Lea", "STOP", "Sold.")
    assert filed_report(store.database, "report_0") is None


def test_an_accepted_flag_can_be_taken_back_and_is_offered_again(store, pilot):
    (offered,) = suggestions(store)
    feedback_id = offered.note.feedback_id
    accept_suggestion(store, pilot.pilot_id, feedback_id, "hook_weak", at_command_line("Lea"))
    undo_decided_suggestion(store, pilot.pilot_id, feedback_id, "hook_weak", at_command_line("Bo"))
    assert store.load(pilot.pilot_id).runs[0].feedback[0].flags == ["too_long"]
    assert [bar.flag for bar in metrics_page(store).themes.bars] == ["too_long"]
    assert suggestions(store) == [offered]
    assert told(store, pilot) == [("Lea", "flag_accepted"), ("Bo", "flag_decision_undone")]
    with pytest.raises(NotAllowedNow, match="is not decided"):
        undo_decided_suggestion(store, pilot.pilot_id, feedback_id, "hook_weak", at_command_line("Bo"))
    accept_suggestion(store, pilot.pilot_id, feedback_id, "hook_weak", at_command_line("Lea"))
    assert store.load(pilot.pilot_id).runs[0].feedback[0].flags == ["too_long", "hook_weak"]


def test_a_dismissed_flag_can_be_taken_back_too(store, pilot):
    (offered,) = suggestions(store)
    dismiss_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Lea"))
    (decided,) = decided_suggestions_of(store.database, pilot.pilot_id)
    assert (decided.flag, decided.quote, decided.accepted, decided.decided_by) == (
        "hook_weak", "hook is weak", False, "Lea"
    )  # fmt: skip
    undo_decided_suggestion(store, pilot.pilot_id, offered.note.feedback_id, "hook_weak", at_command_line("Bo"))
    assert suggestions(store) == [offered]
    assert decided_suggestions_of(store.database, pilot.pilot_id) == []


def test_the_list_of_reports_is_searched_filtered_and_cut_into_pages_by_the_store(store, new_pilot, clock):
    made = []
    for company in ("Northwind", "North_beam", "Fjord"):
        clock.forward(hours=1)
        made.append(store.save(new_pilot(company_name=company), "Lea").pilot_id)
    first = file_report(store, made[0], at_command_line("Lea"))
    clock.forward(hours=1)
    last = file_report(store, made[0], at_command_line("Bo"))
    override_recommendation(store, made[2], "STOP", "Sold.", at_command_line("Lea"))
    file_report(store, made[2], at_command_line("Lea"))

    def listed(**asked: object) -> list[tuple[str, int]]:
        return [(line.company_name, line.n) for line in reports_page(store.database, **asked).lines]

    everything = reports_page(store.database)
    assert (everything.pilots, everything.reports) == (3, 3)
    assert {line.company_name: line.n for line in everything.lines} == {"Northwind": 2, "Fjord": 1, "North_beam": 0}
    assert everything.lines[2].last is None
    (north,) = reports_page(store.database, "northwind alice").lines
    assert (north.last.report_id, first.report_id != last.report_id) == (last.report_id, True)
    assert listed(search="north_") == [("North_beam", 0)]
    assert listed(filed=(NOT_FILED,)) == [("North_beam", 0)]
    assert {name for name, _ in listed(filed=("NO VERDICT YET",))} == {"Northwind", "Fjord"}
    assert listed(filed=("PROCEED",)) == []
    assert listed(page=2, per_page=2) == listed(page=9, per_page=2) == [("North_beam", 0)]
    fjord = next(line.last for line in everything.lines if line.company_name == "Fjord")
    assert (fjord.override_verdict, fjord.override_by, fjord.override_reason) == ("STOP", "Lea", "Sold.")


def test_of_two_leads_who_override_at_the_same_moment_one_is_refused(store, pilot, monkeypatch):
    monkeypatch.setattr(lease, "LEASE_SECONDS", 60.0)  # both are in the file at once, however slow the machine
    real, met, told_to = judgements.judgements.open_override, threading.Barrier(2), {}
    looked: set[str] = set()

    def standing(*given):
        found, who = real(*given), threading.current_thread().name
        if who not in looked:
            looked.add(who)
            met.wait(20)  # both have seen that there is none
        return found

    def override(who: str, verdict: str) -> None:
        try:
            override_recommendation(store, pilot.pilot_id, verdict, "Because", at_command_line(who))
            told_to[who] = ""
        except NotAllowedNow as error:
            told_to[who] = str(error)

    monkeypatch.setattr(judgements.judgements, "open_override", standing)
    leads = [threading.Thread(target=override, args=given) for given in (("Lea", "STOP"), ("Sam", "REVISE"))]
    for lead in leads:
        lead.start()
    for lead in leads:
        lead.join()
    [stands] = overrides_of(store.database, pilot.pilot_id)
    other = "Sam" if stands.made_by == "Lea" else "Lea"
    assert told_to == {
        stands.made_by: "",
        other: f"{stands.made_by} has overridden this recommendation already; undo that first.",
    }
