"""The recommendation for a programme: the reference's tables, its golden cases, and what would change it."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pilot_core.insight.operating import operating_characteristic
from pilot_core.insight.posterior import (
    PLACES,
    probability_at_least,
    probability_at_most,
    verdict_of,
    verdict_places,
)
from pilot_core.insight.programme import CODES, ProgrammeCounts, ProgrammeResult
from pilot_core.insight.programme_verdict import recommend_programme
from pilot_core.insight.recommend import State, Verdict
from pilot_core.insight.rules import ProgrammeRules, current_programme_rules, current_rules

# n: STOP up to, REVISE from–to, keep piloting from–to, PROCEED from
TABLE = {
    5: (0, None, (1, 4), 5),
    8: (0, None, (1, 7), 8),
    9: (1, None, (2, 7), 8),
    10: (1, (2, 4), (5, 8), 9),
    15: (2, (3, 7), (8, 11), 12),
    20: (4, (5, 10), (11, 14), 15),
    30: (7, (8, 15), (16, 21), 22),
    50: (14, (15, 27), (28, 34), 35),
}
RATES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
EVER_BY_50 = {
    Verdict.PROCEED: (0.003, 0.018, 0.084, 0.325, 0.772, 0.988, 1.000),
    Verdict.STOP: (0.640, 0.214, 0.053, 0.013, 0.003, 0.000, 0.000),
    Verdict.REVISE: (0.966, 0.992, 0.891, 0.514, 0.143, 0.017, 0.000),
}
WITHIN = {
    "sla_kept": 17, "sla_known": 19, "first_cuts_over": 3, "first_cuts_known": 5, "cost_decided": 90, "costs_known": 10
}  # fmt: skip
"""At each guardrail's limit, for ten decided pilots of which nine are approved."""


def outcome(approved: int, decided: int, still_open: int = 0, **more: float) -> tuple[str | None, str, str]:
    result = recommend_programme(ProgrammeCounts(approved, decided, still_open, **more))
    return result.recommendation, result.state, result.code


def expected(k: int, n: int) -> str | None:
    stop, revise, keep, proceed = TABLE[n]
    if k <= stop:
        return "STOP"
    if revise and revise[0] <= k <= revise[1]:
        return "REVISE"
    if k >= proceed:
        return "PROCEED"
    assert keep[0] <= k <= keep[1]
    return None


@pytest.mark.parametrize("n", TABLE)
def test_the_table_of_the_reference_to_the_cell(n):
    assert [outcome(k, n)[0] for k in range(n + 1)] == [expected(k, n) for k in range(n + 1)]


def test_a_probability_that_is_just_the_threshold_reaches_proceed_and_stop_and_is_not_under_revise():
    rules = current_programme_rules()
    more, less = probability_at_least(9, 10, rules.proceed_rate), probability_at_most(1, 10, rules.stop_rate)
    middle = probability_at_least(4, 10, rules.proceed_rate)
    at = rules.model_copy(
        update={
            "early_decided": 10,
            "proceed_probability_early": 1.0,
            "proceed_probability": more,
            "stop_probability": less,
            "revise_probability": middle,
        }
    )
    assert [verdict_of(k, 10, at) for k in (9, 1, 4, 3)] == ["PROCEED", "STOP", None, "REVISE"]
    assert verdict_of(9, 10, at.model_copy(update={"early_decided": 11})) is None


def test_the_chance_of_ever_being_shown_a_verdict_is_that_of_the_reference():
    found = operating_characteristic(current_programme_rules(), RATES, 50)
    assert {verdict: tuple(round(chance, 3) for chance in found.ever[verdict]) for verdict in Verdict} == EVER_BY_50


@pytest.mark.parametrize("rate", [0.35, 0.62])
def test_the_chance_of_ever_being_shown_a_verdict_is_that_of_every_sequence_of_pilots(rate):
    """By brute force over the 2¹¹ ways for eleven pilots to end, each looked at after every pilot."""
    chances = dict.fromkeys(Verdict, 0.0)
    shown = {(k, n): outcome(k, n)[0] for n in range(12) for k in range(n + 1)}
    for way in range(2**11):
        ends = [way >> place & 1 for place in range(11)]
        seen = {shown[sum(ends[:n]), n] for n in range(12)}
        for verdict in seen - {None}:
            chances[verdict] += rate ** sum(ends) * (1 - rate) ** (11 - sum(ends))
    found = operating_characteristic(current_programme_rules(), [rate], 11).ever
    assert {verdict: found[verdict][0] for verdict in Verdict} == pytest.approx(chances)


@pytest.mark.parametrize(
    ("counts", "result"),
    [
        ((0, 3), (None, "not_ready", "too_few")),
        ((0, 5), ("STOP", "final", "stop")),
        ((5, 5), ("PROCEED", "final", "proceed")),
        ((8, 10), (None, "not_ready", "keep_piloting")),
        ((9, 10), ("PROCEED", "final", "proceed")),
        ((12, 20), (None, "not_ready", "keep_piloting")),
        ((9, 10, 6), ("PROCEED", "provisional", "proceed")),
        ((10, 20), ("REVISE", "final", "revise")),
        ((0, 0), (None, "not_ready", "too_few")),
        ((4, 4), (None, "not_ready", "too_few")),
        ((40, 50, 1), ("PROCEED", "final", "proceed")),
    ],
)
def test_golden_programmes(counts, result):
    assert outcome(*counts) == result


def test_golden_programme_with_guardrails_on_the_sla():
    assert outcome(9, 10, sla_kept=17, sla_known=19) == ("PROCEED", "final", "proceed")
    assert outcome(9, 10, sla_kept=150, sla_known=180) == ("REVISE", "final", "guardrail")
    assert outcome(9, 10, 1, sla_kept=150, sla_known=180) == ("REVISE", "provisional", "guardrail")


@pytest.mark.parametrize(
    ("over", "sentence", "remedy"),
    [
        (
            {"sla_kept": 16},
            "Guardrail breached. SLA met: 84.2% (16 of 19 attempts). A true rate under 90% has a probability of 86.7%.",
            "4 more attempts in a row that met the SLA would lift the SLA guardrail.",
        ),
        (
            {"first_cuts_over": 4},
            "Guardrail breached. First attempts with a time to first cut over 120 s: 80.0% (4 of 5 pilots). "
            "A true share over 50% has a probability of 89.1%.",
            "1 more pilot within 120 s would lift the time guardrail.",
        ),
        (
            {"cost_decided": 90.5},
            "Guardrail breached. Cost per approved pilot: $10.06 (costs known of 10 of 10 decided pilots). "
            "The limit is $10.00.",
            "A cost per approved pilot of $10.00 or less would lift the cost guardrail.",
        ),
    ],
)
def test_a_breached_guardrail_turns_proceed_into_revise_and_nothing_else(over, sentence, remedy):
    assert outcome(9, 10, **WITHIN)[0] == "PROCEED"
    result = recommend_programme(ProgrammeCounts(9, 10, **(WITHIN | over)))
    assert (result.recommendation, result.code) == ("REVISE", "guardrail")
    assert [guardrail.sentence for guardrail in result.breached] == [sentence]
    assert sentence in result.reasons
    assert remedy in result.what_would_change_it
    for k in range(9):
        assert outcome(k, 10, **(WITHIN | over))[0] == outcome(k, 10)[0]


@pytest.mark.parametrize(
    "few",
    [
        {"sla_kept": 0, "sla_known": 9},
        {"first_cuts_over": 4, "first_cuts_known": 4},
        {"cost_decided": 900, "costs_known": 9},
        {"cost_decided": None, "costs_known": 10},
    ],
)
def test_what_is_measured_too_rarely_breaches_no_guardrail(few):
    assert recommend_programme(ProgrammeCounts(9, 10, **(WITHIN | few))).breached == []
    assert recommend_programme(ProgrammeCounts(4, 4, cost_decided=900, costs_known=4)).breached == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 400), st.integers(0, 400))
def test_the_remedy_of_the_sla_lifts_its_guardrail_and_one_attempt_fewer_does_not(kept, missed):
    def breached(more: int) -> bool:
        counts = ProgrammeCounts(9, 10, sla_kept=kept + more, sla_known=kept + missed + more)
        return bool(recommend_programme(counts).breached)

    if breached(0):
        [guardrail] = recommend_programme(ProgrammeCounts(9, 10, sla_kept=kept, sla_known=kept + missed)).breached
        more = int(guardrail.remedy.split()[0].replace(",", ""))
        assert (breached(more), breached(more - 1)) == (False, True)


def test_a_result_says_everything_a_person_needs_to_follow_it():
    result = recommend_programme(ProgrammeCounts(8, 10, still_open=2))
    assert (result.label, result.words) == ("NO VERDICT YET", "Keep piloting")
    assert result.summary == (
        "8 of 10 decided pilots are approved. Keep piloting: 1 more approval would reach PROCEED."
    )
    assert result.reasons == [
        "The probability that the true approval rate is 60% or more is 88.1%. "
        "PROCEED asks for 90%, REVISE begins under 20%.",
        "The probability that it is 40% or less is 0.6%. STOP asks for 95%.",
    ]
    assert result.what_would_change_it == [
        "1 more approval would reach PROCEED if no guardrail is breached.",
        "22 more pilots in a row without an approval would reach STOP.",
    ]
    assert [(way.outcome, way.label, way.words) for way in result.next_outcomes] == [
        ("If the next pilot is approved", "PROCEED", "Approved often enough"),
        ("If the next pilot is not approved", "NO VERDICT YET", "Keep piloting"),
        ("If the next pilot is dropped for an outside reason", "NO VERDICT YET", "Keep piloting"),
    ]
    assert (result.rate.value, result.n_approved, result.n_decided, result.n_open) == (0.8, 8, 10, 2)
    assert result.rules_version == current_rules().version


def test_a_provisional_result_says_what_can_still_change_it():
    assert recommend_programme(ProgrammeCounts(9, 10, 6)).reasons[-1] == (
        "Provisional: how 6 open pilots will end can still change it."
    )


def test_simulated_feedback_recommends_nothing_and_shows_its_rate():
    result = recommend_programme(ProgrammeCounts(50, 50), simulated=True)
    assert (result.recommendation, result.state, result.code) == (None, State.NOT_READY, "simulated")
    assert (result.rate.value, result.what_would_change_it, result.next_outcomes) == (1.0, [], [])


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
@given(counts)
def test_another_approval_in_place_of_a_failure_never_makes_it_worse(kn):
    k, n = kn
    order = {Verdict.STOP: 0, Verdict.REVISE: 1, None: 2, Verdict.PROCEED: 3}
    before, after = (recommend_programme(ProgrammeCounts(k + m, n + 1)).recommendation for m in (0, 1))
    assert order[after] >= order[before]


@settings(deadline=None, max_examples=80)
@given(counts, st.integers(0, 8), st.booleans())
def test_it_is_final_only_if_no_way_for_the_open_pilots_to_end_changes_it(kn, still_open, slow):
    """Each open pilot is approved, not approved, or dropped for an outside reason, in any numbers."""
    k, n = kn
    more = {"first_cuts_over": 9, "first_cuts_known": 9} if slow else {}
    result = recommend_programme(ProgrammeCounts(k, n, still_open, **more))
    if result.recommendation is None:
        assert result.state is State.NOT_READY
        return
    ways = [(a, f) for a in range(still_open + 1) for f in range(still_open + 1 - a)]
    ends = {outcome(k + a, n + a + f)[0] for a, f in ways}
    capped = result.code == "guardrail" and still_open > 0
    assert (result.state is State.FINAL) == (ends == {result.recommendation} or not still_open) or capped
    assert not capped or result.state is State.PROVISIONAL


@pytest.mark.parametrize(("k", "n", "still_open"), [(4000, 5000, 9000), (1500, 5000, 9000), (3020, 5000, 700)])
def test_a_large_programme_is_judged_as_if_each_number_were_tried(k: int, n: int, still_open: int) -> None:
    rules, result = current_programme_rules(), recommend_programme(ProgrammeCounts(k, n, still_open))
    more = np.arange(30_000)
    told = {"PROCEED": verdict_places(k + more, n + more, rules) == PLACES.index(Verdict.PROCEED)}
    worse = verdict_places(np.full_like(more, k), n + more, rules)
    told |= {"STOP": worse == PLACES.index(Verdict.STOP), "end": worse != PLACES.index(Verdict.PROCEED)}
    first = {name: int(np.argmax(reached)) for name, reached in told.items()}
    said = " ".join(result.what_would_change_it).replace(",", "")
    assert result.approvals_needed == first["PROCEED"]
    if result.recommendation != "STOP":
        assert f"{first['STOP']} more pilots in a row without an approval would reach STOP." in said
    if result.recommendation == "PROCEED":
        assert f"{first['end']} more pilots in a row without an approval would end PROCEED." in said
    m = np.arange(1, still_open + 1)
    ends = {int(place) for approved in (0 * m, m) for place in verdict_places(k + approved, n + m, rules)}
    can_change = ends != {PLACES.index(result.recommendation)}
    assert (result.state == "provisional") == (can_change and result.recommendation is not None)


def test_every_code_has_words_and_every_result_a_known_code():
    cases: list[ProgrammeResult] = [
        recommend_programme(ProgrammeCounts(k, n, **more), simulated=simulated)
        for k, n, more, simulated in (
            (0, 1, {}, False), (9, 10, {}, False), (9, 10, {"sla_kept": 0, "sla_known": 10}, False),
            (1, 10, {}, False), (3, 10, {}, False), (8, 10, {}, False), (8, 10, {}, True),
        )
    ]  # fmt: skip
    assert {result.code for result in cases} == set(CODES)
    for result in cases:
        assert result.label == (result.recommendation or "NO VERDICT YET")


def test_the_rules_file_holds_the_thresholds_of_the_reference():
    assert current_programme_rules().model_dump() == {
        "version": current_rules().version,
        "min_decided": 5,
        "proceed_rate": 0.60,
        "proceed_probability": 0.90,
        "proceed_probability_early": 0.95,
        "early_decided": 10,
        "stop_rate": 0.40,
        "stop_probability": 0.95,
        "revise_probability": 0.20,
        "revise_min_decided": 10,
        "guardrail_probability": 0.80,
        "sla_rate": 0.90,
        "sla_min_attempts": 10,
        "first_cut_seconds": 120,
        "first_cut_share": 0.50,
        "first_cut_min_pilots": 5,
        "cost_per_approved_dollars": 10,
        "cost_min_approved": 5,
    }


def test_a_misspelt_threshold_is_an_error_and_other_rules_give_another_result():
    right = current_programme_rules().model_dump()
    with pytest.raises(ValidationError, match="min_decidde"):
        ProgrammeRules(**right, min_decidde=3)
    bolder = ProgrammeRules(
        **(right | {"version": "bolder", "min_decided": 2, "early_decided": 1, "proceed_probability": 0.7})
    )
    result = recommend_programme(ProgrammeCounts(3, 3), rules=bolder)
    assert (result.recommendation, result.rules_version) == ("PROCEED", "bolder")
    assert operating_characteristic(bolder, [0.5], 50).ever[Verdict.PROCEED][0] > 0.3
