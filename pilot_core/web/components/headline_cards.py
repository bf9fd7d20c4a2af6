"""The four numbers that the overview and the metrics page both show, made in one place so that they cannot differ."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from pilot_core import catalog
from pilot_core.formatting import MISSING, count, dollars, percent, seconds
from pilot_core.insight.results import Sparklines, Spread
from pilot_core.insight.stats import Rate
from pilot_core.web.components.metric_card import MetricCard
from pilot_core.web.components.numbers import basis, spread_in

COURSE_FORMATS: dict[str, Callable[[float | None], str]] = {
    "approval_rate": percent,
    "first_pass_rate": percent,
    "review_approval_rate": percent,
    "sla_all": percent,
    "ttfc_first": seconds,
    "iterations_per_attempt": "{:.1f}".format,
    "cost_per_approved": dollars,
}
"""The format of each metric that has a sparkline, as on its card."""


class Numbers(Protocol):
    """What the cards show of a cohort: ``insight.results.Measures``, or the overview's ``Headlines``."""

    @property
    def approval_rate(self) -> Rate: ...
    @property
    def ttfc_first(self) -> Spread: ...
    @property
    def iterations_per_attempt(self) -> Spread: ...
    @property
    def sla_all(self) -> Rate: ...


def approval(numbers: Numbers, more: str = "") -> MetricCard:
    """Return the card of the approval rate; ``more`` is added to its explanation."""
    explanation = "Approved of the decided pilots: those approved, dropped for our own reasons, or out of attempts."
    return rate_card("Pilots approved", numbers.approval_rate, f"{explanation} {more}".strip(), "decided")


def first_cut(numbers: Numbers) -> MetricCard:
    """Return the card of the time to first cut of first attempts."""
    median, spread = spread_in(numbers.ttfc_first, "s")
    target = seconds(catalog.sla_limits().first_cut_seconds)
    return MetricCard(
        "First cut: first attempt",
        median,
        f"{spread}, n = {numbers.ttfc_first.n:,}",
        "Median time to first cut of the pilots’ first attempts, with the 90th percentile and the mean. "
        f"The target is {target}.",
        group="with_video",
        left_out=left_out(numbers.ttfc_first.missing, "pilot", "without a time"),
    )


def drafts(numbers: Numbers) -> MetricCard:
    """Return the card of the drafts per attempt."""
    spread = numbers.iterations_per_attempt
    median, _ = spread_in(spread, "")
    return MetricCard(
        "Drafts per attempt",
        MISSING if spread.mean is None else f"{spread.mean:.1f}",
        f"mean; median {median}, n = {spread.n:,}",
        "Drafts rendered within an attempt.",
        group="with_video",
        left_out=left_out(spread.missing, "attempt", "without a number of drafts"),
    )


def sla(numbers: Numbers) -> MetricCard:
    """Return the card of the attempts that met the SLA."""
    card = rate_card(
        "SLA met: all attempts",
        numbers.sla_all,
        "Attempts that met every limit of the SLA. Attempts that could not be measured are left out.",
        "sla_missed" if numbers.sla_all.numerator < numbers.sla_all.denominator else "with_video",
    )
    attempts = numbers.iterations_per_attempt
    unknown = attempts.n + attempts.missing - numbers.sla_all.denominator
    return replace(card, left_out=left_out(unknown, "attempt", "not measured"))


def left_out(n: int, noun: str, why: str) -> str:
    """Return words for cases that a number leaves out, such as “2 pilots without a time”; "" for none."""
    return f"{count(n, noun)} {why}" if n else ""


def rate_card(label: str, rate: Rate, explanation: str, group: str) -> MetricCard:
    """Return the card of a rate, with the group of pilots behind it."""
    return MetricCard(label, percent(rate.value), basis(rate), explanation, group=group)


def with_sparkline(card: MetricCard, sparklines: Sparklines, metric: str) -> MetricCard:
    """Return the card with the metric's sparkline and its ends in words, if it has one that varies."""
    # Streamlit draws a line through the values it gets, so periods without a value are left out.
    known = [point.value for point in sparklines.by_metric.get(metric, ()) if point.value is not None]
    if not sparklines.drawable(metric) or len(set(known)) == 1:
        return card
    first, last, low, high = map(COURSE_FORMATS[metric], (known[0], known[-1], min(known), max(known)))
    told = f"Line by {sparklines.period}, {len(known)} with a value: {first} to {last}, between {low} and {high}"
    return replace(card, course=known, course_words=told)


def headline_cards(numbers: Numbers, sparklines: Sparklines) -> Sequence[MetricCard]:
    """Return the four cards."""
    made = (
        (approval(numbers), "approval_rate"),
        (first_cut(numbers), "ttfc_first"),
        (drafts(numbers), "iterations_per_attempt"),
        (sla(numbers), "sla_all"),
    )
    return [with_sparkline(card, sparklines, metric) for card, metric in made]
