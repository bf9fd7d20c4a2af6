"""The recommendation for a programme: the reference's table, its golden cases, and what would change it."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pilot_core.insight.programme import CODES, ProgrammeCounts, ProgrammeResult
from pilot_core.insight.programme_verdict import probability_at_least, probability_at_most, recommend_programme
from pilot_core.insight.recommend import State, Verdict
from pilot_core.insight.rules import ProgrammeRules, current_programme_rules, current_rules

# n: STOP up to, REVISE from–to, keep piloting from–to, PROCEED from
TABLE = {
    5: (0, (1, 3), (4, 4), 5),
    10: (1, (2, 6), (7, 7), 8),
    20: (5, (6, 12), (13, 14), 15),
    50: (15, (16, 30), (31, 33), 34),
}
KEPT = {"sla_kept": 90, "sla_known": 100, "first_cut_median": 120, "recent_decided": 5, "recent_stops": 1}


def outcome(approved: int, decided: int, still_open: int = 0, **more: float) -> tuple[str | None, str, str]:
    result = recommend_programme(ProgrammeCounts(approved, decided, still_open, **more))
    return result.recommendation, result.state, result.code


def expected(k: int, n: int) -> str | None:
    stop, revise, keep, proceed = TABLE[n]
    if k <= stop:
        return "STOP"
    if revise[0] <= k <= revise[1]:
        return "REVISE"
    if k >= proceed:
        return "PROCEED"
    assert keep[0] <= k <= keep[1]
    return None


@pytest.mark.parametrize("n", TABLE)
def test_the_table_of_the_reference_to_the_cell(n):
    assert [outcome(k, n)[0] for k in range(n + 1)] == [expected(k, n) for k in range(n + 1)]


@pytest.mark.parametrize(
    ("counts", "result"),
    [
        ((0, 2), (None, "not_ready", "too_few")),
        ((0, 3), ("STOP", "final", "none_approved")),
        ((4, 5), (None, "not_ready", "keep_piloting")),
        ((8, 10), ("PROCEED", "final", "proceed")),
        ((12, 20), ("REVISE", "final", "revise")),
        ((8, 10, 6), ("PROCEED", "provisional", "proceed")),
        ((3, 4), (None, "not_ready", "too_few")),
        ((0, 0), (None, "not_ready", "too_few")),
        ((0, 3, 1), ("STOP", "provisional", "none_approved")),
        ((1, 10), ("STOP", "final", "stop")),
        ((8, 10, 1), ("PROCEED", "provisional", "proceed")),
        ((40, 50, 1), ("PROCEED", "final", "proceed")),
    ],
)
def test_golden_programmes(counts, result):
    assert outcome(*counts) == result


def test_golden_programme_with_an_sla_under_ninety_percent():
    assert outcome(8, 10, sla_kept=89, sla_known=100) == ("REVISE", "final", "guardrail")


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"sla_kept": 89, "sla_known": 100}, "SLA kept: 89.0% (89 of 100 attempts); the limit is 90% at least."),
        ({"first_cut_median": 121}, "Median first time-to-first-cut: 121 s; the limit is 120 s."),
        ({"cost_decided": 80.5}, "Cost of an approved pilot: $10.06; the limit is $10.00."),
        ({"recent_stops": 2}, "STOP among the last 5 decided: 2 of 5 pilots; the limit is 1 at most."),
    ],
)
def test_a_breached_guardrail_turns_proceed_and_keep_piloting_into_revise_and_one_at_the_limit_does_not(over, sentence):
    at_the_limit = {**KEPT, "cost_decided": 80}
    assert outcome(8, 10, **at_the_limit)[0] == "PROCEED"
    result = recommend_programme(ProgrammeCounts(8, 10, **(at_the_limit | over)))
    assert (result.recommendation, result.code) == ("REVISE", "guardrail")
    assert [guardrail.sentence for guardrail in result.breached] == [sentence]
    assert sentence in result.reasons
    assert outcome(7, 10, **(at_the_limit | {"cost_decided": 70} | over))[:1] == ("REVISE",)


def test_a_breached_guardrail_stops_no_stop():
    assert outcome(0, 3, sla_kept=0, sla_known=9)[0] == "STOP"


def test_what_is_not_measured_breaches_no_guardrail():
    assert recommend_programme(ProgrammeCounts(8, 10)).breached == []


def test_a_result_says_everything_a_person_needs_to_follow_it():
    result = recommend_programme(ProgrammeCounts(4, 5, still_open=2))
    assert (result.label, result.words) == ("TOO EARLY", "Keep piloting")
    assert result.summary == (
        "4 of 5 decided pilots are approved: 60% or more is likelier than not, and not sure enough."
    )
    assert result.reasons == [
        "The probability that 60% or more would approve is 76.7%; PROCEED asks for 80%, REVISE begins under 50%.",
        "The probability that 40% or fewer would approve is 4.1%; STOP asks for 90%.",
    ]
    assert result.what_would_change_it == [
        "1 more approval would reach PROCEED.",
        "12 more pilots in a row without an approval would reach STOP.",
    ]
    assert (result.rate.value, result.n_approved, result.n_decided, result.n_open) == (0.8, 4, 5, 2)
    assert result.rules_version == current_rules().version == "2026.11"


def test_a_provisional_result_says_what_can_still_change_it():
    assert recommend_programme(ProgrammeCounts(8, 10, 6)).reasons[-1] == (
        "Provisional: how 6 open pilots will end can still change it."
    )


def test_simulated_feedback_recommends_nothing_and_shows_its_rate():
    result = recommend_programme(ProgrammeCounts(50, 50), simulated=True)
    assert (result.recommendation, result.state, result.code) == (None, State.NOT_READY, "simulated")
    assert (result.rate.value, result.what_would_change_it) == (1.0, [])


@pytest.mark.parametrize(("k", "n"), [(0, 0), (0, 3), (4, 5), (12, 20), (34, 50)])
def test_the_posterior_is_the_tail_of_a_binomial(k, n):
    """For whole numbers I_x(k + 1, n − k + 1) is P(Bin(n + 1, x) > k): Abramowitz and Stegun (1964), 26.5.24."""
    for target in (0.4, 0.6):
        tail = sum(comb(n + 1, i) * target**i * (1 - target) ** (n + 1 - i) for i in range(k + 1, n + 2))
        assert probability_at_most(k, n, target) == pytest.approx(tail)
        assert probability_at_least(k, n, target) == pytest.approx(1 - tail)


counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None, max_examples=80)
@given(counts, st.integers(0, 20))
def test_as_many_more_approvals_as_it_says_reach_proceed_and_one_fewer_does_not(kn, still_open):
    k, n = kn
    result = recommend_programme(ProgrammeCounts(k, n, still_open))
    needed = result.approvals_needed
    assert outcome(k + needed, n + needed)[0] == "PROCEED"
    if needed:
        assert outcome(k + needed - 1, n + needed - 1)[0] != "PROCEED"


@settings(deadline=None, max_examples=80)
@given(counts, st.booleans())
def test_another_approval_never_makes_it_worse(kn, slow):
    k, n = kn
    order = {Verdict.STOP: 0, Verdict.REVISE: 1, None: 2, Verdict.PROCEED: 3}
    more = {"first_cut_median": 500.0} if slow else {}
    before, after = (recommend_programme(ProgrammeCounts(k + m, n + m, **more)).recommendation for m in (0, 1))
    few = n + 1 <= current_programme_rules().min_decided
    assert few or order[after] >= order[before]


@settings(deadline=None, max_examples=80)
@given(counts, st.integers(0, 20))
def test_it_is_final_only_if_no_end_of_the_open_pilots_turns_it(kn, still_open):
    result = recommend_programme(ProgrammeCounts(*kn, still_open))
    if result.recommendation is None:
        assert result.state is State.NOT_READY
        return
    ends = {outcome(kn[0] + more, kn[1] + still_open)[0] for more in (0, still_open)}
    assert (result.state is State.FINAL) == (ends == {result.recommendation})


@settings(deadline=None, max_examples=40)
@given(counts)
def test_every_code_has_its_words(kn):
    result: ProgrammeResult = recommend_programme(ProgrammeCounts(*kn))
    assert result.words == CODES[result.code]
    assert result.label == (result.recommendation or "TOO EARLY")


def test_the_rules_file_holds_the_thresholds_of_the_reference():
    assert current_programme_rules().model_dump() == {
        "version": "2026.11",
        "proceed_rate": 0.60,
        "proceed_probability": 0.80,
        "revise_probability": 0.50,
        "stop_rate": 0.40,
        "stop_probability": 0.90,
        "min_decided": 5,
        "none_approved_stop": 3,
        "sla_rate": 0.90,
        "first_cut_seconds": 120,
        "cost_per_approved_dollars": 10,
        "recent_decided": 5,
        "recent_stops": 2,
    }


def test_a_misspelt_threshold_is_an_error_and_other_rules_give_another_result():
    right = current_programme_rules().model_dump()
    with pytest.raises(ValidationError, match="min_decidde"):
        ProgrammeRules(**right, min_decidde=3)
    bolder = ProgrammeRules(**(right | {"version": "bolder", "min_decided": 2, "proceed_probability": 0.7}))
    result = recommend_programme(ProgrammeCounts(3, 3), rules=bolder)
    assert (result.recommendation, result.rules_version) == ("PROCEED", "bolder")
