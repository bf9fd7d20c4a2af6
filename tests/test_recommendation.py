"""The recommendation for one pilot: the golden cases of the metrics reference, edge cases, and what has no effect."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pilot_core.catalog import flags as known_flags
from pilot_core.domain.attempt import AttemptState, Draft, PilotRunAttempt, Shot
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.insight.evidence import Quote, shortened
from pilot_core.insight.facts import Facts
from pilot_core.insight.recommend import (
    CODES,
    FlagState,
    Reason,
    Recommendation,
    State,
    Verdict,
    flag_states,
    is_stale,
    recommend,
)
from pilot_core.insight.rules import Rules, current_rules
from pilot_core.insight.stats import median, p90, rate, wilson
from tests.sketches import day, said, sketch

DROPPED = {
    "status": PilotStatus.COMPLETED,
    "approval_outcome": ApprovalOutcome.DROPPED,
    "drop_reason": "The launch was called off",
    "decided_at": day(20),
}
COMPLETED = {"status": PilotStatus.COMPLETED, "decided_at": day(20)}
IMPORTED = COMPLETED | {"approval_outcome": ApprovalOutcome.APPROVED}
PAUSED = {"status": PilotStatus.PAUSED, "pause_reason": "On holiday"}


def noted_later() -> PilotRun:
    """Return a pilot that was approved on attempt 2, with a later note on attempt 1 that asks for major changes."""
    pilot = sketch("m", "A")
    pilot.runs[0].feedback.append(said("M", 5, []))
    return pilot


def outcome(pilot: PilotRun) -> tuple[str | None, str, str]:
    result = recommend(pilot)
    return result.recommendation, result.state, result.code


GOLDEN = {
    1: (sketch("A"), ("PROCEED", "final", "approved")),
    2: (sketch("m!", "A"), ("PROCEED", "final", "approved_with_risk")),
    3: (sketch("M", "M", "M", "A"), ("PROCEED", "final", "approved_with_risk")),
    4: (sketch("M{hook_weak}", "M{hook_weak}"), ("STOP", "provisional", "majors_persistent")),
    5: (sketch("M{hook_weak}", "?"), (None, "not_ready", "awaiting_feedback")),
    6: (sketch("M", "m", "m", "m", "?"), (None, "not_ready", "awaiting_feedback")),
    7: (sketch("m", **DROPPED), ("REVISE", "final", "dropped_after_effort")),
    8: (sketch("sA"), (None, "not_ready", "simulated_only")),
    9: (sketch(**PAUSED), (None, "not_ready", "no_attempts")),
    10: (
        sketch("M{tone_mismatch}", "m{too_long}", "m{cta_unclear}", "m", "m"),
        ("REVISE", "final", "exhausted_close"),
    ),
    11: (sketch("m", "M"), ("REVISE", "provisional", "struggling")),
    12: (sketch("M"), (None, "not_ready", "in_progress")),
    13: (sketch("M", "M", "M", "?"), (None, "not_ready", "awaiting_feedback")),
    14: (sketch("M", "M", "M", "m"), (None, "not_ready", "in_progress")),
    15: (sketch("m{too_long}", "m{too_long}", "m{too_long}"), ("REVISE", "provisional", "stuck")),
    16: (sketch("?", **DROPPED), (None, "final", "dropped_unreviewed")),
    17: (noted_later(), ("PROCEED", "final", "approved")),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_case(case):
    pilot, expected = GOLDEN[case]
    assert outcome(pilot) == expected


def test_golden_case_2_names_the_attempt_that_missed_the_sla():
    assert recommend(GOLDEN[2][0]).risks == ["SLA missed on attempt 1"]


def test_golden_case_3_names_four_attempts_and_three_majors():
    assert recommend(GOLDEN[3][0]).risks == [
        "4 attempts, more than 3", "3 rounds of major changes, on attempts 1, 2 and 3"
    ]  # fmt: skip


def test_golden_case_5_does_not_call_the_flag_resolved():
    assert flag_states(GOLDEN[5][0]) == {"hook_weak": FlagState.RAISED}


def test_golden_cases_without_a_verdict_name_what_speaks_against_them():
    assert {case: recommend(GOLDEN[case][0]).concerns for case in (5, 6, 12, 13, 14)} == {
        5: ["1 round of major changes, on attempt 1.", "“Hook is weak” was raised on attempt 1 and is still open."],
        6: ["1 round of major changes, on attempt 1."],
        12: ["1 round of major changes, on attempt 1."],
        13: ["3 rounds of major changes, on attempts 1, 2 and 3."],
        14: ["3 rounds of major changes, on attempts 1, 2 and 3."],
    }


@pytest.mark.parametrize(
    ("pilot", "expected"),
    [
        (sketch("M", "M", "M"), ("STOP", "provisional", "majors_repeated")),
        (sketch("M{too_long}", "M", "M", **COMPLETED), ("STOP", "final", "majors_repeated")),
        (sketch("M", "M", "M", max_attempts=3), ("STOP", "final", "majors_repeated")),
        (sketch("M", "M", "m", "M"), ("STOP", "provisional", "majors_repeated")),
        (sketch("M", "M", "M", "q"), ("STOP", "provisional", "majors_repeated")),
        (sketch("M{too_long}", "M{hook_weak}"), ("REVISE", "provisional", "struggling")),
        (sketch("M{too_long}", "M", "m{too_long}"), (None, "not_ready", "in_progress")),
        (sketch("M{too_long}", "M{too_long}", max_attempts=2), ("STOP", "final", "majors_persistent")),
        (sketch("m{too_long}", "M{too_long}"), ("REVISE", "provisional", "struggling")),
        (sketch("M", "m", "M"), ("REVISE", "provisional", "struggling")),
        (sketch("m", "m", "M"), ("REVISE", "provisional", "struggling")),
        (sketch("M", "m"), (None, "not_ready", "in_progress")),
        (sketch("m"), (None, "not_ready", "in_progress")),
        (sketch("m", "m"), (None, "not_ready", "in_progress")),
        (sketch("m{too_long}", "m{too_long}", "m"), (None, "not_ready", "in_progress")),
        (sketch("m{too_long}", "m", "m{too_long}"), (None, "not_ready", "in_progress")),
        (sketch("m{too_long}", "m{too_long}", "m", "m{too_long}"), ("REVISE", "provisional", "stuck")),
        (sketch("m", **COMPLETED), ("REVISE", "final", "closed_undecided")),
        (sketch("m", "?", **COMPLETED), (None, "not_ready", "awaiting_feedback")),
        (sketch("m", "M", max_attempts=2), ("STOP", "final", "exhausted")),
        (sketch("m{too_long}", "m{too_long}", max_attempts=2), ("REVISE", "final", "exhausted_close")),
        (sketch("m", "x", max_attempts=2), (None, "not_ready", "in_progress")),
        (sketch("x"), (None, "not_ready", "no_attempts")),
        (sketch("q"), (None, "not_ready", "awaiting_feedback")),
        (sketch("m", "q"), (None, "not_ready", "in_progress")),
        (sketch("m", "sA"), (None, "not_ready", "awaiting_feedback")),
        (sketch("A", "?", status=PilotStatus.ACTIVE), ("PROCEED", "final", "approved")),
        (sketch("A", "m", **IMPORTED), ("PROCEED", "final", "approved")),
        (sketch("m", **IMPORTED), ("PROCEED", "final", "approved_with_risk")),
        (sketch(**IMPORTED), ("PROCEED", "final", "approved_with_risk")),
        (
            sketch("A", status=PilotStatus.ACTIVE, approval_outcome=ApprovalOutcome.PENDING),
            ("PROCEED", "final", "approved"),
        ),
        (sketch(**DROPPED), ("REVISE", "final", "dropped_before_first_cut")),
        (sketch("x", **DROPPED), ("REVISE", "final", "dropped_before_first_cut")),
        (sketch("q", **DROPPED), ("REVISE", "final", "dropped_before_first_cut")),
        (sketch("?", "sM", **DROPPED), (None, "final", "dropped_unreviewed")),
        (sketch("m", "?", **DROPPED), ("REVISE", "final", "dropped_after_effort")),
        (sketch("m{too_long}", "m", **DROPPED), ("REVISE", "final", "dropped_after_effort")),
        (sketch("m{too_long}", "m{too_long}", **DROPPED), ("STOP", "final", "dropped")),
        (sketch("M", **DROPPED), ("STOP", "final", "dropped")),
        (sketch("m", "M", **DROPPED), ("STOP", "final", "dropped")),
        (sketch("M", "M", "M", drop_external=True, **DROPPED), (None, "final", "dropped_external")),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_the_first_rule_that_applies_decides(pilot, expected):
    assert outcome(pilot) == expected


def test_a_result_says_everything_a_person_needs_to_follow_it():
    pilot = sketch("M{hook_weak}", "m", "M{hook_weak}")
    words = [Quote(attempt_number=n, text=f"Words on attempt {n}", by="Alice Chen") for n in (1, 3)]
    assert recommend(pilot, as_of=day(9)) == Recommendation(
        recommendation=Verdict.STOP,
        state=State.PROVISIONAL,
        code="majors_persistent",
        label="STOP",
        summary="2 rounds of major changes, and “Hook is weak” is still open.",
        reasons=[
            Reason(text="Major changes were asked for on attempts 1 and 3.", attempts=[1, 3], quotes=words),
            Reason(
                text="“Hook is weak” was raised on attempts 1 and 3 and is still open.", attempts=[1, 3], quotes=words
            ),
        ],
        risks=["2 rounds of major changes, on attempts 1 and 3"],
        rules_version="v2026.12",
        as_of=day(9),
    )


def test_without_a_verdict_the_badge_says_so_or_that_the_pilot_is_not_counted():
    result = recommend(sketch("m"))
    assert (result.recommendation, result.label, result.words) == (None, "NO VERDICT YET", "In progress")
    assert recommend(sketch("m", drop_external=True, **DROPPED)).label == "NOT COUNTED"
    assert recommend(sketch("?", **DROPPED)).label == "NO VERDICT YET"


def test_a_dropped_pilot_repeats_the_reason_given():
    reasons = recommend(sketch("m", **DROPPED)).reasons
    assert reasons == [
        Reason(
            text="Dropped after attempt 1. The reason given: “The launch was called off”.",
            attempts=[1],
            quotes=[Quote(attempt_number=1, text="Words on attempt 1", by="Alice Chen")],
        )
    ]


@pytest.mark.parametrize(
    ("field", "at_the_limit", "over_it", "risk"),
    [
        ("time_to_first_cut_seconds", 120, 120.5, "First cut after 120.5 s, more than 120 s"),
        ("total_cost_dollars", 10, 10.25, "$10.25 in all, more than $10"),
        ("iteration_count", 2, 3, "3.00 drafts per attempt, more than 2.5"),
    ],
)
def test_an_approval_over_a_limit_is_approved_with_risk_and_one_at_the_limit_is_not(field, at_the_limit, over_it, risk):
    pilot = sketch("A")
    setattr(pilot.runs[0], field, at_the_limit)
    assert (recommend(pilot).code, recommend(pilot).risks) == ("approved", [])
    setattr(pilot.runs[0], field, over_it)
    assert (recommend(pilot).code, recommend(pilot).risks) == ("approved_with_risk", [risk])


def test_what_is_not_known_is_no_risk():
    pilot = sketch("A")
    for field in ("time_to_first_cut_seconds", "total_cost_dollars", "iteration_count", "sla_passed"):
        setattr(pilot.runs[0], field, None)
    assert recommend(pilot).code == "approved"


def test_what_was_said_of_a_cut_that_is_made_again_does_not_count():
    pilot = sketch("m", "M{too_long}")
    pilot.runs[1].state = AttemptState.RENDERING
    assert (recommend(pilot).code, flag_states(pilot)) == ("in_progress", {})


def test_a_failed_render_is_no_fourth_attempt_and_what_it_measured_is_no_risk():
    pilot = sketch("m", "x", "m", "A")
    failed = pilot.runs[1]
    failed.sla_passed, failed.total_cost_dollars, failed.iteration_count = False, 50.0, 9
    assert recommend(pilot).risks == []


def test_a_late_note_on_an_earlier_attempt_overrides_nothing():
    pilot = sketch("M", "m")
    pilot.runs[0].feedback.append(said("A", 3, []))
    assert outcome(pilot) != ("PROCEED", "final", "approved")
    approved = noted_later()
    assert recommend(approved).summary == "Alice Chen approved attempt 2."
    assert recommend(approved, as_of=day(2, 14)).code == "awaiting_feedback"


def test_of_reviews_of_one_attempt_received_at_once_the_one_recorded_last_stands():
    pilot = sketch("M")
    pilot.runs[0].feedback.append(said("m", 1, []))
    assert recommend(pilot).concerns == []


def test_the_risks_of_an_approval_are_told_while_it_decides_and_no_longer():
    """It decides if the pilot is approved, whatever came later, and in an open pilot if it is the latest review."""
    flagged = "Flags on the approving review: “Too long”"
    decided = sketch("A{too_long}", "m", **{"status": PilotStatus.COMPLETED, "approval_outcome": "approved"})
    assert flagged in recommend(decided).risks
    assert flagged in recommend(sketch("m", "A{too_long}")).risks
    superseded = sketch("A{too_long}", "m", status=PilotStatus.ACTIVE, approval_outcome=ApprovalOutcome.PENDING)
    assert flagged not in recommend(superseded).risks


def test_an_approval_names_placeholders_flags_and_a_missing_review():
    pilot = sketch("A{too_long}")
    shot = Shot(beat="hook", start=0, end=2, text="Meet [product] by [company], [product]")
    pilot.runs[0].drafts = [Draft(iteration=1, video_path=pilot.runs[0].video_path, shots=[shot])]
    assert recommend(pilot).risks == [
        "Placeholders left in the approved video: [product], [company]",
        "Flags on the approving review: “Too long”",
    ]
    assert recommend(sketch("m", **IMPORTED)).risks == ["No approving review is recorded"]
    replaced = sketch("A")
    replaced.runs[0].feedback.append(said("m", 2, []))
    assert recommend(replaced).risks == [
        "No approving review stands: a later review replaced the approval of attempt 1"
    ]


def test_a_review_corrected_later_replaces_the_first():
    pilot = sketch("M{too_long}", "M{too_long}")
    pilot.runs[1].feedback.append(said("m", 3, ["cta_unclear"]))
    assert recommend(pilot).code == "in_progress"
    assert flag_states(pilot) == {"too_long": FlagState.RESOLVED, "cta_unclear": FlagState.NEW}


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        (["m{too_long}"], {"too_long": "raised"}),
        (["m{too_long}", "m{too_long}"], {"too_long": "persistent"}),
        (["m{too_long}", "m", "m{too_long}"], {"too_long": "persistent"}),
        (["m{too_long}", "m{too_long}", "m"], {"too_long": "resolved"}),
        (["m{too_long}", "m{hook_weak}"], {"too_long": "resolved", "hook_weak": "new"}),
        (["m{too_long}", "?"], {"too_long": "raised"}),
        (["m{too_long}", "m{too_long}", "?"], {"too_long": "persistent"}),
        (["m{too_long}", "sm{hook_weak}"], {"too_long": "raised"}),
        (["m", "m"], {}),
        (["?"], {}),
    ],
)
def test_a_flag_is_judged_at_the_latest_reviewed_attempt(attempts, expected):
    assert flag_states(sketch(*attempts)) == expected


def test_a_report_for_a_past_day_knows_only_what_was_known_then():
    pilot = sketch("M{hook_weak}", "m", "A")
    seen = [
        (recommend(pilot, as_of=moment).code) for moment in (day(1, 8), day(1, 9), day(1, 15), day(2, 10), day(2, 15))
    ]
    assert seen == ["no_attempts", "awaiting_feedback", "in_progress", "awaiting_feedback", "in_progress"]
    assert recommend(pilot, as_of=day(3, 15)).code == "approved"


def test_a_pilot_dropped_later_was_still_open():
    pilot = sketch("m", **DROPPED)
    assert recommend(pilot, as_of=day(19)).code == "in_progress"
    assert recommend(pilot, as_of=day(20)).code == "dropped_after_effort"


def test_an_imported_approval_without_a_decision_time_counts_from_when_it_was_received():
    pilot = sketch("m", "A", decided_at=None)
    assert recommend(pilot, as_of=day(2, 14)).code == "awaiting_feedback"
    assert recommend(pilot, as_of=day(1, 16)).code == "in_progress"


def test_what_has_no_time_counts_as_known_before():
    pilot = sketch("m", "A", decided_at=None)
    for attempt in pilot.runs:
        attempt.created_at = attempt.ready_at = attempt.feedback[0].received_at = None
    assert recommend(pilot, as_of=day(1)).code == "approved"


def test_a_measure_of_a_cut_that_was_not_ready_yet_is_not_known_yet():
    pilot = sketch("m", "?!")
    assert recommend(pilot, as_of=day(2, 9)).risks == []
    assert recommend(pilot, as_of=day(2, 10)).risks == ["SLA missed on attempt 2"]


@pytest.mark.parametrize(
    ("pilot", "expected"),
    [
        (sketch("m"), [False, True]),
        (sketch("m", **PAUSED), [False, True]),
        (sketch("m", **DROPPED), [False, False]),
    ],
    ids=["active", "paused", "dropped"],
)
def test_an_open_pilot_with_nothing_new_for_fourteen_days_is_stale(pilot, expected):
    silent_since = pilot.updated_at
    moments = [silent_since + timedelta(days=14, seconds=-1), silent_since + timedelta(days=14)]
    assert [is_stale(pilot, moment) for moment in moments] == expected


def test_a_quote_is_cut_at_a_word_on_one_line():
    assert shortened("Too long.\n\nThe end drags, truly", 25) == "Too long. The end drags…"
    assert shortened("x" * 200) == "x" * 159 + "…"
    assert shortened(" as it is ") == "as it is"


def test_the_rules_file_holds_the_thresholds_of_the_reference():
    assert current_rules().model_dump() == {
        "version": "v2026.12",
        "majors_stop": 3,
        "majors_persistent": 2,
        "flag_stuck": 3,
        "stale_days": 14,
        "majors_risk": 2,
        "max_attempts_risk": 3,
        "iterations_risk": 2.5,
        "cost_risk_dollars": 10,
        "first_cut_risk_seconds": 120,
    }


def test_a_misspelt_or_missing_threshold_is_an_error():
    right = current_rules().model_dump()
    with pytest.raises(ValidationError, match="majors_stpo"):
        Rules(**right, majors_stpo=3)
    with pytest.raises(ValidationError, match="majors_stop"):
        Rules(**{name: value for name, value in right.items() if name != "majors_stop"})


def test_other_rules_give_another_result_and_put_their_version_on_it():
    lenient = current_rules().model_copy(update={"version": "lenient", "majors_stop": 4})
    result = recommend(sketch("M", "M", "M"), rules=lenient)
    assert (result.code, result.rules_version) == ("struggling", "lenient")


def test_wilson_equals_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    for n in (1, 2, 5, 20, 1000):
        for k in {0, 1, n // 2, n - 1, n}:
            assert wilson(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)


def test_nothing_of_nothing_has_no_rate():
    assert wilson(0, 0) is None
    assert rate(0, 0).model_dump() == {"numerator": 0, "denominator": 0, "value": None, "low": None, "high": None}


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_more_than_all_is_not_a_share(k, n):
    with pytest.raises(ValueError, match=f"{k} of {n}"):
        wilson(k, n)


def test_median_and_p90_are_those_of_percentile_cont():
    import duckdb

    values = [45.0, 30.0, 200.0, 61.5, 0.0, 75.25]
    sql = "select percentile_cont(0.5) within group (order by v), percentile_cont(0.9) within group (order by v)"
    expected = duckdb.sql(f"{sql} from unnest({values}::double[]) as t(v)").fetchall()[0]
    assert (median(values), p90(values)) == pytest.approx(expected)
    assert (median([]), p90([7.0])) == (None, 7.0)


# What has no effect. Pilots here are arbitrary, including kinds that only an imported file can have.

moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001
LATER = datetime(2026, 4, 1, tzinfo=UTC)
flag_lists = st.lists(st.sampled_from(list(known_flags())[:4]), max_size=3)


@st.composite
def feedbacks(draw, mode: FeedbackMode | None = None) -> Feedback:
    return Feedback(
        feedback_id="feedback_1",
        level=draw(st.sampled_from(FeedbackLevel)),
        notes=draw(st.sampled_from(["", "Too long.", "Much better hook!"])),
        flags=draw(flag_lists),
        mode=mode or draw(st.sampled_from(FeedbackMode)),
        received_at=draw(st.none() | moments),
    )


@st.composite
def attempts(draw, number: int) -> PilotRunAttempt:
    return PilotRunAttempt(
        attempt_number=number,
        attempt_id=f"a{number}",
        state=draw(st.sampled_from([AttemptState.READY] * 4 + list(AttemptState))),
        created_at=draw(st.none() | moments),
        ready_at=draw(st.none() | moments),
        time_to_first_cut_seconds=draw(st.none() | st.floats(0, 300)),
        iteration_count=draw(st.none() | st.integers(0, 5)),
        total_cost_dollars=draw(st.none() | st.floats(0, 8)),
        sla_passed=draw(st.none() | st.booleans()),
        feedback=draw(st.lists(feedbacks(), max_size=2)),
    )


@st.composite
def pilots(draw) -> PilotRun:
    numbers = draw(st.lists(st.integers(1, 9), unique=True, max_size=5))
    status = draw(st.sampled_from([PilotStatus.ACTIVE, PilotStatus.ACTIVE, PilotStatus.COMPLETED]))
    return PilotRun(
        pilot_id="pilot_20260101_abc12345",
        founder_name="Alice Chen",
        company_name="AcmeAI",
        scenario_type="feature_launch",
        runs=[draw(attempts(number)) for number in numbers],
        status=status,
        approval_outcome=draw(st.sampled_from(ApprovalOutcome)) if status == "completed" else ApprovalOutcome.PENDING,
        drop_external=draw(st.booleans()),
        decided_at=draw(st.none() | moments),
        max_attempts=draw(st.integers(1, 5)),
        created_at=day(1),
        updated_at=day(1),
    )


def approve(attempt: PilotRunAttempt, received_at: datetime | None) -> None:
    attempt.feedback.append(said("A", 1, []).model_copy(update={"received_at": received_at}))


anything = settings(deadline=None, max_examples=40)


@anything
@given(pilots(), st.none() | moments)
def test_simulated_feedback_never_changes_the_result(pilot, as_of):
    silent = pilot.model_copy(deep=True)
    for attempt in silent.runs:
        attempt.feedback = [f for f in attempt.feedback if f.mode is FeedbackMode.HUMAN]
    with_it, without = recommend(pilot, as_of=as_of), recommend(silent, as_of=as_of)
    assert (with_it.recommendation, with_it.state, with_it.risks) == (
        without.recommendation,
        without.state,
        without.risks,
    )
    assert with_it == without or (with_it.code, without.code) == ("simulated_only", "awaiting_feedback")


@anything
@given(pilots(), st.none() | moments)
def test_pausing_never_changes_the_result(pilot, as_of):
    before = recommend(pilot, as_of=as_of)
    if pilot.status is PilotStatus.ACTIVE:
        pilot.pause("Waiting for founder feedback")
    assert recommend(pilot, as_of=as_of) == before


@anything
@given(pilots(), st.randoms(use_true_random=False), st.none() | moments)
def test_the_order_of_the_rows_never_changes_the_result(pilot, random, as_of):
    shuffled = pilot.model_copy(update={"runs": random.sample(pilot.runs, len(pilot.runs))})
    assert recommend(shuffled, as_of=as_of) == recommend(pilot, as_of=as_of)
    assert flag_states(shuffled) == flag_states(pilot)


@anything
@given(pilots(), st.data())
def test_one_more_approval_never_moves_a_pilot_away_from_proceed(pilot, data):
    ready = [a for a in pilot.runs if a.state is AttemptState.READY]
    assume(ready and pilot.approval_outcome is not ApprovalOutcome.DROPPED)
    approve(data.draw(st.sampled_from(ready)), data.draw(st.none() | st.just(LATER)))
    proceeds = recommend(pilot).recommendation is Verdict.PROCEED
    approve(data.draw(st.sampled_from(ready)), LATER + timedelta(days=1))
    assert recommend(pilot).recommendation is Verdict.PROCEED or not proceeds


@anything
@given(st.lists(st.sampled_from("mMA"), min_size=2, max_size=5), st.data())
def test_a_late_note_on_an_earlier_attempt_never_changes_which_decision_is_the_latest(letters, data):
    pilot = sketch(*letters)
    earlier = data.draw(st.sampled_from(pilot.runs[:-1]))
    earlier.feedback.append(data.draw(feedbacks(FeedbackMode.HUMAN)).model_copy(update={"received_at": LATER}))
    latest = Facts(pilot, current_rules()).latest
    assert latest is not None
    assert (latest.number, latest.review) == (len(letters), pilot.runs[-1].feedback[0])


@anything
@given(pilots(), st.none() | moments)
def test_the_same_pilot_always_gives_the_same_result_and_is_left_as_it_was(pilot, as_of):
    before = pilot.model_dump()
    first = recommend(pilot, as_of=as_of)
    assert recommend(PilotRun.model_validate(pilot.model_dump(mode="json")), as_of=as_of) == first
    assert pilot.model_dump() == before
    assert Recommendation.model_validate_json(first.model_dump_json()) == first
    verdict = CODES[first.code].verdict
    no_verdict = "NOT COUNTED" if first.code == "dropped_external" else "NO VERDICT YET"
    assert (first.recommendation, first.label) == (verdict, verdict or no_verdict)


@anything
@given(pilots(), moments, st.data())
def test_what_comes_after_the_moment_never_changes_the_result_for_it(pilot, as_of, data):
    before = recommend(pilot, as_of=as_of)
    approved = pilot.approval_outcome is ApprovalOutcome.APPROVED
    for attempt in pilot.runs:
        given_later = data.draw(feedbacks())
        # A pilot is approved when its approving review is given: a later one would say that it was approved later.
        assume(not approved or given_later.level is not FeedbackLevel.APPROVE)
        given_later.received_at = as_of + timedelta(seconds=1)
        attempt.feedback.append(given_later)
    number = max((a.attempt_number for a in pilot.runs), default=0) + 1
    begun_later = data.draw(attempts(number)).model_copy(update={"created_at": as_of + timedelta(seconds=1)})
    assume(not approved or not begun_later.review or begun_later.review.level is not FeedbackLevel.APPROVE)
    pilot.runs.append(begun_later)
    assert recommend(pilot, as_of=as_of) == before
