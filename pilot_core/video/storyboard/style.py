"""Maps a brand's tone and pacing to a video's tempo, shot lengths, backgrounds and families of layouts."""

import hashlib
from dataclasses import dataclass

from pilot_core.domain.brief import Brief
from pilot_core.video.contract import CutBrief

TONES = ("bold", "empathetic", "professional")
FAMILIES = {
    "bold": ("blocks", "discs", "stripes"),
    "empathetic": ("hills", "orb", "pebbles"),
    "professional": ("columns", "rows", "frame"),
}
HOOK_ORDER = {
    "bold": ("claim", "number", "contrast", "question", "name"),
    "empathetic": ("question", "claim", "name", "contrast"),
    "professional": ("claim", "number", "question", "contrast", "name"),
}


@dataclass(frozen=True)
class Pace:
    """The pace of a video. Shot lengths in seconds, ``beat_frames`` the possible lengths of a beat in frames.

    ``unit`` is in beats; shots start on its multiples. ``enter`` and ``stagger`` are in frames.
    """

    shortest: float
    longest: float
    beat_frames: tuple[int, ...]
    unit: float
    most_words: int
    enter: int
    stagger: int
    easing: str


PACES = {
    0.3: Pace(4.0, 6.0, (24, 22), 0.5, 11, 24, 4, "cubic-in-out"),
    0.5: Pace(3.0, 4.0, (20, 18), 0.5, 10, 14, 2, "cubic-out"),
    0.8: Pace(1.2, 2.2, (15, 16), 1.0, 5, 8, 2, "spring"),
}

# By tone and register: alternatives, each a list of (background, background of every third shot from the second on) by
# beat, in order. The call to action uses CALL_GROUND.
GROUNDS: dict[tuple[str, int], tuple[tuple[tuple[str, str], ...], ...]] = {
    ("bold", 0): (
        (
            ("accent", "dark"),
            ("dark", "deep"),
            ("light", "accent"),
            ("deep", "accent"),
            ("light", "dark"),
            ("dark", "deep"),
        ),
        (
            ("dark", "accent"),
            ("deep", "dark"),
            ("accent", "light"),
            ("dark", "deep"),
            ("accent", "light"),
            ("deep", "dark"),
        ),
        (
            ("light", "accent"),
            ("dark", "deep"),
            ("accent", "dark"),
            ("light", "deep"),
            ("dark", "accent"),
            ("deep", "dark"),
        ),
    ),
    ("bold", 1): ((("deep", "deep"), ("dark", "dark"), ("light", "light"), ("deep", "deep"), ("light", "light")),),
    ("empathetic", 0): (
        (("light", "light"), ("paper", "paper"), ("light", "light"), ("paper", "paper")),
        (("paper", "paper"), ("light", "light"), ("deep", "deep"), ("light", "light"), ("paper", "paper")),
    ),
    ("empathetic", 1): ((("deep", "deep"), ("light", "light"), ("paper", "paper")),),
    ("professional", 0): (
        (
            ("dark", "dark"),
            ("light", "light"),
            ("deep", "deep"),
            ("light", "light"),
            ("paper", "paper"),
            ("dark", "dark"),
        ),
        (
            ("light", "light"),
            ("dark", "dark"),
            ("paper", "paper"),
            ("deep", "deep"),
            ("light", "light"),
            ("light", "light"),
        ),
    ),
    ("professional", 1): ((("light", "light"), ("paper", "paper"), ("light", "light"), ("deep", "deep")),),
}
GROUND_NAMES = ("dark", "deep", "light", "paper", "accent")
"""The colours of the palette that a page can have as its background."""
CALL_GROUND = {"bold": ("accent", "dark"), "empathetic": ("deep", "light"), "professional": ("dark", "deep")}


FIRST_FIELDS = ("product", "message", "proof_points", "call_to_action", "link")
"""The fields of a brief that count for the look of a film even if they are empty."""


def seed_of(brief: CutBrief) -> int:
    """Return a seed from the pilot, scenario, brand and brief. It ignores the attempt, so revisions keep their look."""
    kept = {*FIRST_FIELDS, *brief.brief.given()}
    told = "\n".join(
        (
            brief.pilot_id,
            brief.company_name,
            brief.scenario.id,
            str(brief.brand.get("preset", "")),
            # Fields that came later do not change the look of pilots that have none of them.
            brief.brief.model_dump_json(exclude={name for name in Brief.model_fields if name not in kept}),
        )
    )
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6])


def tone_of(brief: CutBrief) -> str:
    tone = str(brief.brand.get("tone", ""))
    return tone if tone in TONES else "professional"


def pacing_of(brief: CutBrief) -> float:
    """Return the key of ``PACES`` nearest to the brand's pacing."""
    try:
        given = float(brief.brand.get("pacing", 0.5))
    except (TypeError, ValueError):
        given = 0.5
    return min(PACES, key=lambda known: abs(known - given))


HOOK_WORDS = {
    "problem": "the problem, in the brief’s words",
    "claim": "a claim: the brief’s own message",
    "number": "a number from the brief",
    "question": "a question",
    "contrast": "a contrast of before and after",
    "name": "an announcement by name",
}
FAMILY_WORDS = {
    "blocks": "solid blocks that move with the beat",
    "discs": "large discs running off the frame",
    "stripes": "slanted bands",
    "hills": "soft hills along the foot of the frame",
    "orb": "one large disc with room around it",
    "pebbles": "drifting rounded shapes",
    "columns": "a grid of columns",
    "rows": "ruled lines, like a ledger",
    "frame": "corner marks and one thin circle",
}
