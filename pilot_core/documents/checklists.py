"""Checklists as data: the criteria for approval, and the steps for the day of publishing."""

from dataclasses import dataclass

from pilot_core.documents.facts import facts_of
from pilot_core.domain.attempt import Draft
from pilot_core.domain.pilot import PilotRun

TONES = {
    "bold": "Bold: large short words, said without hedging, and never at anyone's expense.",
    "empathetic": "Empathetic: it begins with how the viewer feels, and never scares or pushes.",
    "professional": "Professional: plain, exact, calm; no slang, no shouting.",
}
CLAIMS = {
    "aggressive": "Claims are aggressive: numbers may be said loudly. Each is in the brief and can be proved.",
    "moderate": "Claims are moderate: one figure at a time, no superlatives. Each is in the brief and can be proved.",
    "conservative": "Claims are conservative: nothing is promised, and each result is put as what its source found.",
}
PACING = {
    "aggressive": "shots change about every two seconds, and you can still read every word.",
    "moderate": "shots stay three to four seconds, one thought each.",
    "gentle": "shots stay four to six seconds, with room to breathe.",
}
POLICIES = {
    "social_reel": "The link is where the platform allows one: in the profile, the first comment or the post.",
    "paid_ad": "The page behind the link says the same as the ad and opens on a phone.",
}
CLAIMS_POLICIES = {
    "social_reel": "It keeps the platform's rules: no misleading claim, no music or logo without the right to use it.",
    "paid_ad": "It would pass a review of ads: no unproved result, no before and after, no one singled out.",
}


@dataclass(frozen=True)
class ChecklistItem:
    """One item to tick. ``id`` is the same across pilots and releases. ``note`` says what was measured."""

    id: str
    text: str
    done: bool = False
    note: str = ""


@dataclass(frozen=True)
class ChecklistSection:
    """Items under a heading."""

    title: str
    items: tuple[ChecklistItem, ...]


def approval_checklist(pilot: PilotRun) -> list[ChecklistSection]:
    """Return what "ready to publish" means for this pilot. Raises InvalidRequest if its scenario is unknown."""
    facts = facts_of(pilot)
    brand, limits = facts.brand, facts.limits
    tone = TONES.get(brand.tone) or (f"The tone is {brand.tone}." if brand.tone else "The tone is the company's own.")
    pacing = PACING.get(brand.pacing_label, "no shot drags and none is gone before it is read.")
    claims = CLAIMS.get(brand.claims, "Every claim comes from the brief and can be proved.")
    return [
        _section(
            f"Platform: {facts.intent.label.lower()}",
            "platform",
            vertical=f"The video is vertical, {facts.size}, or has the ratio you asked for, and fills the screen.",
            length=f"It is {facts.length} long.",
            hook="The first three seconds make you want to go on, without a logo first.",
            captions="It can be followed without sound: the captions are there and right.",
            safe_areas="Nothing that matters is in the top 12%, the bottom 20% or the outer 6% of either side, "
            "where the platform puts its buttons.",
            call_to_action="The call to action stands at the end for at least three seconds.",
            link=POLICIES.get(facts.intent.id, "The link goes where the call to action says."),
            policy=CLAIMS_POLICIES.get(facts.intent.id, "Nothing in it breaks the platform's rules."),
        ),
        _section(
            "Brand",
            "brand",
            tone=tone,
            pacing=f"Pacing is {brand.pacing_label or 'right'}: {pacing}",
            claims=claims,
            look="Colours, type and style could be yours.",
            names="Company, product and people are named and spelt right.",
        ),
        _section(
            "Technical quality",
            "technical",
            plays="It plays from the first frame to the last on your phone.",
            sound=f"Sound is there, even ({facts.loudness}), and never silent for more than "
            f"{limits.max_silence_seconds:g} s.",
            picture=f"No black picture over {limits.max_black_seconds:g} s, no frozen one over "
            f"{limits.max_freeze_seconds:g} s.",
            readable="Every word on screen can be read at normal speed, and stands out from its ground.",
            clean="No cut-off words, empty boxes, flicker or clicks.",
        ),
        _section(
            "Business readiness",
            "business",
            message="You can say in one sentence what the video is about, and it is the sentence you want.",
            audience="It speaks to the people you want to reach.",
            facts="Every number, name and promise is true today.",
            placeholders="No words in [brackets] are left.",
            rights="Whoever is named, quoted or shown has agreed.",
            answer="The company is ready for the answers: the link works, and someone reads what comes in.",
        ),
    ]


def publish_checklist(pilot: PilotRun, draft: Draft) -> list[ChecklistSection]:
    """Return the checklist for publishing this draft. Passed SLA checks are ticked, with the measured values as notes.

    Raises InvalidRequest if the pilot's scenario is unknown.
    """
    facts = facts_of(pilot)
    left = draft.placeholders
    unfilled = ", ".join(left or [f"[{label}]" for label in facts.missing])
    measured = tuple(
        ChecklistItem(
            f"measured.{check.code}",
            check.label,
            done=check.passed is True,
            note=f"{check.measured}, limit {check.limit}" if check.passed is not None else "not measured",
        )
        for check in draft.checks
    )
    sections = [
        ChecklistSection(
            "Before publishing",
            (
                ChecklistItem("before.approval", "This attempt is approved, by a named person."),
                ChecklistItem(
                    "before.placeholders",
                    "No words in [brackets] are left, in the video or in the post.",
                    note=f"left: {unfilled}" if unfilled else "none found in brief or shots",
                ),
                ChecklistItem("before.claims", "The company has checked every claim, number and name."),
                ChecklistItem("before.rights", "Music, pictures, logos and quotes may be used there."),
            ),
        ),
        ChecklistSection("Measured", measured),
        _section(
            "On the day",
            "day",
            file="Upload final_video.mp4 itself, not a copy sent through a messenger.",
            captions="Add captions.vtt, or check the platform's own captions against it."
            if draft.captions_path
            else "Write captions: none came with this version.",
            cover="Choose a cover picture that can be read small.",
            text="Paste the post text from marketing_summary.txt and read it once more.",
            link="Open the link on a phone, from the published post.",
            safe_areas="Look at it in the feed: no button covers a word.",
        ),
        _section(
            "Afterwards",
            "after",
            watch="Watch it once where it was published, with and without sound.",
            answers="Have someone read and answer comments on the first day.",
            note="Tell us where and when it was published.",
        ),
    ]
    return [part for part in sections if part.items]


def _section(title: str, prefix: str, **items: str) -> ChecklistSection:
    return ChecklistSection(title, tuple(ChecklistItem(f"{prefix}.{key}", text) for key, text in items.items()))
