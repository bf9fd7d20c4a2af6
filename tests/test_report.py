"""The outcome report of one pilot, complete and in edge cases."""

import json

import pytest

from pilot_core.documents.report import generate_pilot_outcome_report
from pilot_core.domain.attempt import Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.insight.report import OutcomeReport, build_report
from tests.sketches import day, said, sketch

NOW = day(10, 12)
UNKNOWN = ("decision", "ttfc", "iterations", "cost", "sla_passed", "by", "received_at", "notes", "stage_since")


def improvement(pilot: PilotRun) -> dict[str, list[str]]:
    return build_report(pilot, now=NOW).improvement.model_dump(include={"better", "worse", "same", "flags"})


def test_a_report_holds_these_fields_and_no_others():
    pilot = sketch("M{hook_weak,too_long}!", "x", "sA", "A{too_long}")
    first, _, third, last = pilot.runs
    first.time_to_first_cut_seconds, first.iteration_count, first.total_cost_dollars = 90, 3, 2.1
    third.total_cost_dollars = third.sla_passed = None
    last.time_to_first_cut_seconds, last.total_cost_dollars = 45, 2.4
    quotes = [
        {"attempt_number": 1, "text": "Words on attempt 1", "by": "Alice Chen"},
        {"attempt_number": 4, "text": "Words on attempt 4", "by": "Alice Chen"},
    ]
    report = build_report(pilot, now=NOW).model_dump(mode="json")
    bounds = report["review_approval"].pop("low"), report["review_approval"].pop("high")
    assert bounds == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert report == {
        "pilot_id": "pilot_20260101_abc12345",
        "founder_name": "Alice Chen",
        "company_name": "AcmeAI",
        "scenario_label": "Feature launch",
        "brand_label": "Acme",
        "playbook_version": "2026.11",
        "status": "completed",
        "approval_outcome": "approved",
        "as_of": "2026-01-10T12:00:00Z",
        "generated_at": "2026-01-10T12:00:00Z",
        "rules_version": "v2026.12",
        "total_videos": 3,
        "ttfc_mean": 65.0,
        "ttfc_median": 60.0,
        "ttfc_p90": 84.0,
        "ttfc_first": 90.0,
        "ttfc_n": 3,
        "iterations_mean": pytest.approx(7 / 3),
        "iterations_median": 2.0,
        "iterations_n": 3,
        "review_approval": {"numerator": 1, "denominator": 2, "value": 0.5},
        "pilot_approved": True,
        "sla_passed_n": 1,
        "sla_known_n": 2,
        "total_cost_dollars": 4.5,
        "n_human_reviews": 2,
        "n_simulated_reviews": 1,
        "themes": [
            {
                "flag": "too_long",
                "label": "Too long",
                "attempts": [1, 4],
                "state": "persistent",
                "quotes": quotes,
                "measured": None,
                "answer": None,
            },
            {
                "flag": "hook_weak",
                "label": "Hook is weak",
                "attempts": [1],
                "state": "resolved",
                "quotes": quotes[:1],
                "measured": None,
                "answer": None,
            },
        ],
        "improvement": {
            "first_attempt": 1,
            "last_attempt": 4,
            "decision_before": "major_changes",
            "decision_after": "approve",
            "decision_delta": 2,
            "ttfc_ratio": 0.5,
            "iterations_delta": -1,
            "cost_delta": 0.3,
            "better": [
                "Decision: approve instead of major changes.",
                "First cut: 45 s instead of 90 s.",
                "Iterations: 2 instead of 3.",
            ],
            "worse": ["Cost: $2.40 instead of $2.10."],
            "same": [],
            "flags": ["“Too long”: raised again.", "“Hook is weak”: not raised again."],
        },
        "recommendation": {
            "recommendation": "PROCEED",
            "state": "final",
            "code": "approved_with_risk",
            "label": "PROCEED",
            "summary": "Alice Chen approved attempt 4, with risks.",
            "reasons": [{"text": "Alice Chen approved attempt 4.", "attempts": [4], "quotes": quotes[1:]}],
            "risks": ["SLA missed on attempt 1", "Flags on the approving review: “Too long”"],
            "concerns": [],
            "rules_version": "v2026.12",
            "as_of": "2026-01-10T12:00:00Z",
        },
        "attempts": [
            {
                "number": 1,
                "state": "ready",
                "decision": "major_changes",
                "flags": ["hook_weak", "too_long"],
                "ttfc": 90.0,
                "iterations": 3,
                "cost": 2.1,
                "sla_passed": False,
                "by": "Alice Chen",
                "received_at": "2026-01-01T15:00:00Z",
                "notes": "Words on attempt 1",
                "stage": "decided",
                "stage_since": "2026-01-01T15:00:00Z",
            },
            {"number": 2, "state": "failed", "flags": [], "stage": "render failed"} | dict.fromkeys(UNKNOWN),
            {"number": 3, "state": "ready", "flags": [], "stage": "ready, not sent"}
            | dict.fromkeys(UNKNOWN)
            | {"ttfc": 60.0, "iterations": 2, "stage_since": "2026-01-03T10:00:00Z"},
            {
                "number": 4,
                "state": "ready",
                "decision": "approve",
                "flags": ["too_long"],
                "ttfc": 45.0,
                "iterations": 2,
                "cost": 2.4,
                "sla_passed": True,
                "by": "Alice Chen",
                "received_at": "2026-01-04T15:00:00Z",
                "notes": "Words on attempt 4",
                "stage": "decided",
                "stage_since": "2026-01-04T15:00:00Z",
            },
        ],
    }


def test_a_pilot_without_attempts_has_no_figures_rather_than_zeros():
    report = build_report(sketch(), now=NOW)
    assert report.model_dump(exclude={"recommendation"}) == {
        "pilot_id": "pilot_20260101_abc12345",
        "founder_name": "Alice Chen",
        "company_name": "AcmeAI",
        "scenario_label": "Feature launch",
        "brand_label": "Acme",
        "playbook_version": "2026.11",
        "status": "active",
        "approval_outcome": "pending",
        "as_of": NOW,
        "generated_at": NOW,
        "rules_version": "v2026.12",
        "total_videos": 0,
        "ttfc_mean": None,
        "ttfc_median": None,
        "ttfc_p90": None,
        "ttfc_first": None,
        "ttfc_n": 0,
        "iterations_mean": None,
        "iterations_median": None,
        "iterations_n": 0,
        "review_approval": {"numerator": 0, "denominator": 0, "value": None, "low": None, "high": None},
        "pilot_approved": False,
        "sla_passed_n": 0,
        "sla_known_n": 0,
        "total_cost_dollars": None,
        "n_human_reviews": 0,
        "n_simulated_reviews": 0,
        "themes": [],
        "improvement": None,
        "attempts": [],
    }
    assert report.recommendation.label == "NO VERDICT YET"


def test_a_cut_that_took_no_time_and_cost_nothing_is_counted():
    pilot = sketch("m", "m")
    pilot.runs[0].time_to_first_cut_seconds = pilot.runs[0].total_cost_dollars = 0.0
    pilot.runs[1].time_to_first_cut_seconds = pilot.runs[1].total_cost_dollars = None
    report = build_report(pilot, now=NOW)
    assert (report.ttfc_first, report.ttfc_mean, report.ttfc_n, report.total_cost_dollars) == (0.0, 0.0, 1, 0.0)
    assert report.improvement.ttfc_ratio is None


def test_a_report_for_a_past_day_shows_the_pilot_as_it_was():
    pilot = sketch("M{hook_weak}", "m{hook_weak}", "A")
    report = build_report(pilot, as_of=day(2, 12), now=NOW)
    assert (report.as_of, report.generated_at, report.recommendation.as_of) == (day(2, 12), NOW, day(2, 12))
    assert (report.status, report.approval_outcome, report.pilot_approved) == ("active", "pending", False)
    assert (report.total_videos, report.n_human_reviews, len(report.attempts)) == (2, 1, 2)
    assert report.recommendation.code == "awaiting_feedback"


def test_a_cut_still_rendering_on_that_day_is_no_video_yet():
    report = build_report(sketch("m", "?"), as_of=day(2, 9), now=NOW)
    assert (report.total_videos, report.ttfc_n, report.total_cost_dollars) == (1, 1, 1.5)
    assert (report.attempts[1].state, report.attempts[1].ttfc) == ("rendering", None)


def test_one_reviewed_attempt_leaves_nothing_to_compare():
    report = build_report(sketch("m{too_long}", "?"), now=NOW)
    assert [(theme.flag, theme.state) for theme in report.themes] == [("too_long", "raised")]
    assert report.improvement is None


def test_themes_that_stand_come_before_those_resolved():
    report = build_report(sketch("m{too_long,hook_weak}", "m{cta_unclear,hook_weak}"), now=NOW)
    assert [(theme.flag, theme.state) for theme in report.themes] == [
        ("hook_weak", "persistent"),
        ("cta_unclear", "new"),
        ("too_long", "resolved"),
    ]


def test_a_regression_is_listed_as_plainly_as_a_gain():
    pilot = sketch("m{too_long}", "M{cta_unclear}")
    pilot.runs[1].time_to_first_cut_seconds = 130.04
    pilot.runs[1].iteration_count = None
    assert improvement(pilot) == {
        "better": [],
        "worse": ["Decision: major changes instead of minor changes.", "First cut: 130 s instead of 60 s."],
        "same": ["Cost: $1.50, as before."],
        "flags": ["“Call to action unclear”: raised for the first time.", "“Too long”: not raised again."],
    }


def test_a_difference_too_small_to_read_is_no_difference():
    pilot = sketch("m", "m")
    pilot.runs[1].time_to_first_cut_seconds = 60.01
    pilot.runs[1].total_cost_dollars = 1.501
    assert improvement(pilot) == {
        "better": [],
        "worse": [],
        "same": [
            "Decision: minor changes, as before.",
            "First cut: 60 s, as before.",
            "Iterations: 2, as before.",
            "Cost: $1.50, as before.",
        ],
        "flags": [],
    }


def test_a_corrected_review_counts_once():
    pilot = sketch("M")
    pilot.runs[0].feedback.append(said("m", 2, []))
    report = build_report(pilot, now=NOW)
    assert (report.n_human_reviews, report.attempts[0].decision) == (1, "minor_changes")


def test_a_flag_the_catalogue_does_not_know_is_shown_by_its_own_name():
    (theme,) = build_report(sketch("m{logo_missing}"), now=NOW).themes
    assert theme.label == "logo missing"


def test_a_report_survives_json():
    report = build_report(sketch("M{hook_weak}!", "sA", "A"), now=NOW)
    assert OutcomeReport.model_validate(json.loads(json.dumps(report.model_dump(mode="json")))) == report


def test_the_guides_report_prints_as_markdown():
    report = generate_pilot_outcome_report(sketch("M{hook_weak}", "A"))
    assert str(report) == report.markdown
    assert "PROCEED" in str(report)
    assert "AcmeAI" in str(report)
    assert "PROCEED" in report
    assert report.report.recommendation.recommendation == "PROCEED"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (30.0, 26.0, "“Too long”: not raised again (length 30.0 s → 26.0 s)."),
        (26.0, 30.0, "“Too long”: not raised again (length 26.0 s → 30.0 s)."),
        (None, 25.5, "“Too long”: not raised again."),
    ],
)
def test_a_flag_that_was_not_raised_again_stands_beside_the_length_that_was_measured(before, after, sentence):
    pilot = sketch("m{too_long}", "m")
    for attempt, seconds in zip(pilot.runs, (before, after), strict=True):
        attempt.drafts = [Draft(iteration=1, video_path=attempt.video_path, duration=seconds)]
    assert improvement(pilot)["flags"] == [sentence]


@pytest.mark.parametrize(
    ("before", "after", "side"),
    [(60.0, 60.9, "same"), (60.0, 61.0, "worse"), (500.0, 496.0, "same"), (500.0, 494.0, "better")],
)
def test_a_time_that_differs_by_less_than_a_second_or_one_percent_is_the_same(before, after, side):
    pilot = sketch("m", "m")
    pilot.runs[0].time_to_first_cut_seconds, pilot.runs[1].time_to_first_cut_seconds = before, after
    assert any(sentence.startswith("First cut") for sentence in improvement(pilot)[side])
