"""Renders the four texts of a review pack, using only the pilot, its brief and the chosen draft."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from pilot_core import catalog, formatting
from pilot_core.documents import names
from pilot_core.documents.checklists import publish_checklist
from pilot_core.documents.engine import render_plain
from pilot_core.documents.facts import Facts, facts_of
from pilot_core.documents.text import line
from pilot_core.domain.attempt import Draft, OpenRequests, PilotRunAttempt, Shot, SlaCheck
from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.domain.feedback import Feedback
from pilot_core.domain.measures import Measured, is_contradicted, measured
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import Outcome, outcome_of

AUDIENCES = {
    "social_reel": "People who scroll a vertical feed on a phone, whether they follow the company or come across it.",
    "paid_ad": "People who have not heard of the company, reached by a paid placement between other videos on a phone.",
}
PLACES = {
    "social_reel": "unpaid posts in vertical feeds, such as Instagram Reels, TikTok, YouTube Shorts, LinkedIn",
    "paid_ad": "paid placements in vertical feeds, such as Instagram Reels, TikTok, YouTube Shorts, LinkedIn",
}


NOTHING_ASKED = OpenRequests()


@dataclass(frozen=True)
class BeatWords:
    """The words that a beat of the video shows on screen."""

    label: str
    words: str


@dataclass(frozen=True)
class Carried:
    """A person's review of an earlier attempt, worded for documents."""

    number: int
    by: str
    day: str
    decision: str
    flags: list[str]
    words: str
    attachment: str | None


@dataclass(frozen=True)
class Answer:
    """A flag raised on the previous attempt, what was done about it, and the changes that answer it.

    ``needs`` is the field of the brief that must be corrected, or None. ``is_unnamed``: nothing is known to answer it.
    """

    label: str
    outcome: Outcome
    measured: Measured | None
    changes: list[str]
    needs: str | None
    is_unnamed: bool


@dataclass(frozen=True)
class FigureRow:
    """One figure before and after, as text."""

    label: str
    before: str
    after: str


def render_review_pack_texts(
    pilot: PilotRun,
    attempt: PilotRunAttempt,
    draft: Draft,
    previous_attempt: PilotRunAttempt | None,
    asked: OpenRequests = NOTHING_ASKED,
) -> dict[str, str]:
    """Return the texts of the attempt's review pack by file name, for its chosen ``draft``.

    ``previous_attempt`` is the one that the founder saw before, or None. ``asked`` is what is open of earlier
    attempts. Raises InvalidRequest if the scenario is unknown.
    """
    facts = facts_of(pilot)
    common = {"facts": facts, "number": attempt.attempt_number}
    left = draft.placeholders
    earlier = [a for a in pilot.runs if a.attempt_number < attempt.attempt_number]
    review = previous_attempt.review if previous_attempt else None
    answers = _answers(review, previous_attempt.final_draft if previous_attempt else None, draft)
    answering = {change for answer in answers for change in answer.changes}
    return {
        names.MARKETING_SUMMARY: _marketing_summary(facts, attempt, draft),
        names.DIRECTOR_NOTES: render_plain(
            "director_notes.txt.j2",
            **common,
            draft=draft,
            beat_labels=_beat_labels(facts),
            misses=_misses(draft.checks),
            unmeasured=[check.label for check in draft.checks if check.passed is None],
            other_drafts=[(d.iteration, _misses(d.checks)) for d in attempt.drafts if d.iteration != draft.iteration],
            placeholders=left,
            carried=[_carried(a.attempt_number, a.review, asked) for a in earlier if a.review],
            asked=asked,
        ),
        names.WHAT_CHANGED: render_plain(
            "what_changed_since_last_version.txt.j2",
            **common,
            previous=previous_attempt,
            review=_carried(previous_attempt.attempt_number, review, asked) if previous_attempt and review else None,
            figures=_figures(previous_attempt, draft),
            answers=answers,
            has_answers=bool(answering),
            other_changes=[change.text for change in draft.changes if change.text not in answering],
            open_points=_open_points(facts, review, answers, draft),
        ),
        names.PUBLISH_CHECKLIST: render_plain(
            "recommended_publish_checklist.txt.j2", **common, draft=draft, sections=publish_checklist(pilot, draft)
        ),
    }


def _marketing_summary(facts: Facts, attempt: PilotRunAttempt, draft: Draft) -> str:
    return render_plain(
        "marketing_summary.txt.j2",
        facts=facts,
        number=attempt.attempt_number,
        draft=draft,
        beats=_beats(facts, draft.shots),
        audience=AUDIENCES.get(facts.intent.id, f"People who watch a {facts.intent.label.lower()}."),
        place=PLACES.get(facts.intent.id, facts.intent.label),
        size=_size(facts, draft),
        post=_post(facts),
        headlines=_headlines(facts),
        # The video's placeholders mark what the brief lacks, so list only one of the two.
        missing=facts.missing,
        placeholders=[] if facts.missing else draft.placeholders,
    )


def _post(facts: Facts) -> list[str]:
    """Return the lines of a post, from the brief alone. Missing fields are placeholders in brackets."""
    brief = facts.brief
    call, link = _or_bracket(facts, "call_to_action"), _or_bracket(facts, "link")
    proof = brief.proof_points or [_or_bracket(facts, "proof_points")]
    return [_or_bracket(facts, "message"), *proof, f"{call}: {link}"]


def _headlines(facts: Facts) -> list[str]:
    brief = facts.brief
    product = _or_bracket(facts, "product")
    lines = [brief.message, f"{product}: {brief.message}"] if brief.message else []
    return [*lines, *(f"{product}: {point}" for point in brief.proof_points)] or [f"{product}: [one-line message]"]


def _or_bracket(facts: Facts, field: str) -> str:
    return str(getattr(facts.brief, field) or f"[{BRIEF_LABELS[field]}]")


def _beat_labels(facts: Facts) -> dict[str, str]:
    return {beat.id: beat.label for beat in facts.scenario.beats}


def _size(facts: Facts, draft: Draft) -> str:
    """Return the size of the picture as it was measured, and its shape: "1080×1080, square"."""
    measured = next((check.measured for check in draft.checks if check.code == "size"), facts.size)
    size = measured.replace(" ", "")
    wide, _, tall = size.partition("×")
    if not (wide.isdigit() and tall.isdigit()):
        return size
    shape = "square" if wide == tall else "vertical" if int(wide) < int(tall) else "landscape"
    return f"{size}, {shape}"


def _beats(facts: Facts, shots: list[Shot]) -> list[BeatWords]:
    labels = _beat_labels(facts)
    found = []
    for beat, group in groupby(shots, key=lambda shot: shot.beat):
        words = list(dict.fromkeys(line(shot.text) for shot in group if shot.text.strip()))
        if words:
            found.append(BeatWords(labels.get(beat, beat), " / ".join(words)))
    return found


def _carried(number: int, review: Feedback, asked: OpenRequests) -> Carried:
    return Carried(
        number=number,
        by=line(review.by) or "someone unnamed",
        day=formatting.day(review.received_at),
        decision=review.level.value.replace("_", " ").upper(),
        flags=[catalog.label("flag", flag) for flag in review.flags],
        words=review.notes,
        attachment=asked.attached.get(review.feedback_id),
    )


def _answers(review: Feedback | None, before: Draft | None, draft: Draft) -> list[Answer]:
    """Return what was done about each flag. A change that answers two flags is told at the first."""
    found: list[Answer] = []
    for flag in review.flags if review else []:
        info = catalog.flags().get(flag)
        needs = BRIEF_LABELS.get(info.needs, info.needs) if info and info.needs else None
        changes = [change for change in draft.changes if flag in change.flags]
        value = measured(flag, before, draft)
        told = {text for answer in found for text in answer.changes}
        texts = [c.text for c in changes if c.text not in told and not is_contradicted(c, before, draft)]
        outcome = outcome_of(changes, value)
        is_unnamed = not changes and outcome is Outcome.NEEDS_A_PERSON
        found.append(Answer(catalog.label("flag", flag), outcome, value, texts, needs, is_unnamed))
    return found


def _figures(previous_attempt: PilotRunAttempt | None, draft: Draft) -> list[FigureRow]:
    before = previous_attempt.final_draft if previous_attempt else None
    if not before:
        return []
    rows = [FigureRow("Length", formatting.seconds(before.duration), formatting.seconds(draft.duration))]
    if before.shots and draft.shots:
        rows.append(FigureRow("Shots", str(len(before.shots)), str(len(draft.shots))))
    return rows


def _open_points(facts: Facts, review: Feedback | None, answers: list[Answer], draft: Draft) -> list[str]:
    points = [
        f"{answer.label}: no pipeline can settle this. Correct the brief’s {answer.needs}, unless that has been done."
        for answer in answers
        if answer.needs
    ]
    points += [
        f"{answer.label}: measured, this was not done ({answer.measured})."
        if answer.outcome is Outcome.NOT_DONE
        else f"{answer.label}: no change names it. Look at the video to see whether it is answered."
        for answer in answers
        if not answer.needs and (answer.outcome is Outcome.NOT_DONE or answer.is_unnamed)
    ]
    if review and review.notes.strip() and not review.flags:
        points.append("The feedback came in words without a flag. Compare them with the video.")
    if facts.missing:
        points.append(f"Not in the brief yet: {', '.join(facts.missing)}.")
    elif left := draft.placeholders:
        points.append(f"Placeholders left in the video: {', '.join(left)}.")
    return points + _misses(draft.checks)


def _misses(checks: Iterable[SlaCheck]) -> list[str]:
    return [
        line(check.sentence) or f"{check.label}: {check.measured}, limit {check.limit}."
        for check in checks
        if check.passed is False
    ]
