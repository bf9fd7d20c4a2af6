"""The words of a film: the brief's own, and the scenario's neutral wording round them, which claims nothing.

A line is (need, role, template). Need is "must" or "may": what may go, goes when time is short. ``*stars*`` in a
template mark the word set in the accent. Placeholders stand in brackets wherever the brief is silent.
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from pilot_core.models import Brief
from pilot_core.video.storyboard.film import MARK_OFF, MARK_ON, plain

Line = tuple[str, str, str]

HOOK_FORMS = ("claim", "number", "question", "contrast", "name")

# Openings that need nothing from the brief but its names. Per scenario, form and tone: alternatives.
HOOKS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "feature_launch": {
        "question": {
            "bold": ("Still doing it the *old* way?", "What if it just *worked*?", "Ready for *something better*?"),
            "empathetic": (
                "What if this part of your day felt *lighter*?",
                "When did this last feel *easy*?",
                "What would you do with a little *more room*?",
            ),
            "professional": ("What does {product} *change*?", "What would you do with one step *fewer*?"),
        },
        "contrast": {
            "bold": ("Before {product}. *After* {product}.", "The old way. *The new way.*"),
            "empathetic": ("There is how it was. And there is *now*.", "Yesterday was one way. *Today* is another."),
            "professional": ("The way it was done. The way it is done *now*.",),
        },
        "name": {
            "bold": ("*{product}* is here.", "New. *{product}.*"),
            "empathetic": ("Say hello to *{product}*.", "Something new, with care: *{product}*."),
            "professional": ("Introducing *{product}*.",),
        },
    },
    "funding_announcement": {
        "question": {
            "bold": ("Who is betting on *{company}*?", "What is *{company}* up to?"),
            "empathetic": ("Why does *{company}* exist?", "What are we *here* for?"),
            "professional": ("What comes *next* for {company}?", "Why {company}, and why *now*?"),
        },
        "contrast": {
            "bold": ("Then: an idea. *Now: a round.*",),
            "empathetic": ("It began with an idea. Today it is *more*.",),
            "professional": ("Then, a plan. Now, *the means*.",),
        },
        "name": {
            "bold": ("*{company}* has news.", "Big news from *{company}*."),
            "empathetic": ("Some good news from *{company}*.",),
            "professional": ("An announcement from *{company}*.",),
        },
    },
    "problem_solution": {
        "question": {
            "bold": ("How much longer will you *live with it*?", "Sound *familiar*?"),
            "empathetic": ("Does this feel *familiar* to you?", "Are you carrying this *alone*?"),
            "professional": ("What is this *costing* you?", "Where does your *week* go?"),
        },
        "contrast": {
            "bold": ("The way it is. The way it *should be*.",),
            "empathetic": ("There is how it feels. And how it *could*.",),
            "professional": ("The present way. The *better* way.",),
        },
        "name": {
            "bold": ("You need to see *{product}*.",),
            "empathetic": ("We would like to show you *{product}*.",),
            "professional": ("A short introduction to *{product}*.",),
        },
    },
}

# The scenario's own wording for each beat: per beat and tone, alternatives; each a list of lines.
# Slots such as {proof:0} and {message} are filled from the brief, the hook and the call by rules of their own.
BEATS: dict[str, dict[str, tuple[tuple[Line, ...], ...]]] = {
    "problem": {
        "bold": (
            (
                ("must", "question", "You know the *workaround*."),
                ("may", "statement", "Everybody has *one*."),
                ("may", "echo", "It eats *time*."),
                ("may", "echo", "It eats *patience*."),
                ("may", "echo", "Every. Single. *Week.*"),
            ),
            (
                ("must", "question", "How many *steps* today?"),
                ("may", "question", "How many *workarounds*?"),
                ("may", "question", "Who has *time* for that?"),
                ("may", "echo", "Be *honest*."),
                ("may", "echo", "*Exactly.*"),
            ),
        ),
        "empathetic": (
            (
                ("must", "statement", "Some things ask *more* of us than they should."),
                ("may", "statement", "Quietly. A little, *every day*."),
            ),
            (
                ("must", "question", "You know the part of the day that *never quite works*."),
                ("may", "question", "How long have you been *making do*?"),
            ),
        ),
        "professional": (
            (
                ("must", "question", "Where does the *time* go today?"),
                ("may", "statement", "Into workarounds, handovers, *waiting*."),
                ("may", "question", "What is that *worth*?"),
            ),
            (
                ("must", "statement", "One step still takes *too long*."),
                ("may", "question", "Which one is it *for you*?"),
                ("may", "question", "And what would it be worth to *change* it?"),
            ),
        ),
    },
    "feature": {
        "bold": (
            (
                ("must", "name", "Meet *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "*{product}.*"),
                ("may", "echo", "Made by {company}."),
            ),
        ),
        "empathetic": ((("must", "name", "This is *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "*{product}*"), ("must", "statement", "{message}")),),
    },
    "proof": {
        "bold": (
            (("may", "echo", "Says *who*?"), ("must", "proof", "{proofs}"), ("may", "echo", "*That* is the point.")),
            (("may", "echo", "*Proof?*"), ("must", "proof", "{proofs}"), ("may", "echo", "See for *yourself*.")),
        ),
        "empathetic": ((("must", "proof", "{proofs}"), ("may", "statement", "See how it feels *for you*.")),),
        "professional": ((("must", "proof", "{proofs}"), ("may", "statement", "Check it against *your own* figures.")),),
    },
    "change": {
        "bold": (
            (
                ("must", "question", "And for *you*?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Picture your *Monday*."),
                ("may", "echo", "With *{product}*."),
                ("may", "echo", "*Your* call."),
            ),
            (
                ("must", "statement", "Now it is *your turn*."),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Your work. *{product}.*"),
                ("may", "echo", "See the *difference*."),
                ("may", "echo", "Then *decide*."),
            ),
        ),
        "empathetic": (
            (("must", "statement", "Picture *your own day* with it."), ("may", "statement", "At *your own* pace.")),
            (("must", "question", "What would it change *for you*?"), ("may", "statement", "Take your *time* with it.")),
        ),
        "professional": (
            (
                ("must", "statement", "Put it next to the way you work *today*."),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Then *compare*."),
            ),
            (
                ("must", "question", "What would change in *your* week?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "Test it on *one* real case."),
            ),
        ),
    },
    "why_now": {
        "bold": (
            (
                ("must", "question", "Why *now*?"),
                ("may", "statement", "Because *later* means no."),
                ("may", "echo", "Some things *can’t wait*."),
                ("may", "echo", "This is *one*."),
                ("may", "echo", "So: *now*."),
            ),
        ),
        "empathetic": (
            (
                ("must", "statement", "Every company has a *reason* to begin."),
                ("may", "statement", "This is *ours*."),
            ),
        ),
        "professional": (
            (
                ("must", "question", "Why *now*?"),
                ("may", "statement", "It is the question every round has to *answer*."),
                ("may", "statement", "Here is *our* answer."),
            ),
        ),
    },
    "building": {
        "bold": (
            (
                ("must", "name", "We build *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "That is the *whole* idea."),
                ("may", "echo", "*{product}.*"),
            ),
        ),
        "empathetic": ((("must", "name", "We are building *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "{company} builds *{product}*."), ("must", "statement", "{message}")),),
    },
    "news": {
        "bold": (
            (
                ("must", "echo", "The *news*:"),
                ("must", "news", "{news}"),
                ("may", "echo", "Read that *again*."),
                ("may", "echo", "*{company}.*"),
            ),
        ),
        "empathetic": (
            (("must", "news", "{news}"), ("may", "statement", "We do not take that *lightly*.")),
        ),
        "professional": ((("must", "news", "{news}"), ("may", "statement", "That is the *announcement*.")),),
    },
    "next": {
        "bold": (
            (
                ("must", "question", "What’s *next*?"),
                ("may", "proof", "{spare}"),
                ("may", "echo", "Now the *work* begins."),
                ("may", "echo", "*Watch* us."),
            ),
        ),
        "empathetic": (
            (("must", "statement", "Now the *real work* begins."), ("may", "proof", "{spare}")),
        ),
        "professional": (
            (
                ("must", "question", "What comes *next*?"),
                ("may", "proof", "{spare}"),
                ("may", "statement", "The work *continues*."),
            ),
        ),
    },
    "pain": {"bold": ((),), "empathetic": ((),), "professional": ((),)},
    "hook": {"bold": ((),), "empathetic": ((),), "professional": ((),)},
    "cost": {
        "bold": (
            (
                ("must", "question", "What does it *cost* you?"),
                ("may", "echo", "In *hours*?"),
                ("may", "echo", "In *money*?"),
                ("may", "echo", "In *patience*?"),
            ),
            (
                ("must", "question", "*Add* it up."),
                ("may", "echo", "The *hours*."),
                ("may", "echo", "The *detours*."),
                ("may", "echo", "The *do-overs*."),
            ),
        ),
        "empathetic": (
            (("must", "question", "How much of *your day* does it take?"),),
            (("must", "statement", "It is not only the time. It is the *energy*, too."),),
        ),
        "professional": (
            (
                ("must", "question", "What does it cost *per week*?"),
                ("may", "statement", "In hours. In money. In *focus*."),
            ),
        ),
    },
    "turn": {
        "bold": ((("must", "echo", "*Enough.*"), ("may", "echo", "New *plan*.")), (("must", "echo", "*Stop.*"),)),
        "empathetic": ((("must", "statement", "There is *another* way."),),),
        "professional": ((("must", "statement", "There is an *alternative*."),),),
    },
    "solution": {
        "bold": (
            (
                ("must", "name", "Meet *{product}*."),
                ("must", "statement", "{message}"),
                ("may", "echo", "*{product}.*"),
                ("may", "echo", "By {company}."),
            ),
        ),
        "empathetic": ((("must", "name", "This is *{product}*."), ("must", "statement", "{message}")),),
        "professional": ((("must", "name", "*{product}*, by {company}"), ("must", "statement", "{message}")),),
    },
}

# What may follow a short opening while its beat lasts. Per scenario and tone: alternatives.
ASIDES: dict[str, dict[str, tuple[str, ...]]] = {
    "feature_launch": {
        "bold": ("Watch *this*.", "Hold that *thought*."),
        "empathetic": ("Stay for a *moment*.",),
        "professional": ("In *one* minute:",),
    },
    "funding_announcement": {
        "bold": ("Here is *why*.", "And what *for*."),
        "empathetic": ("Let us *tell you* why.",),
        "professional": ("Here is the *short version*.",),
    },
    "problem_solution": {
        "bold": ("You are *not alone*.", "Be *honest*."),
        "empathetic": ("You are *not alone* in this.",),
        "professional": ("Take a *minute*.",),
    },
}

# The line before the call, said when there is time.
LEAD_INS = {
    "funding_announcement": {"bold": "*Thank you.*", "empathetic": "*Thank you* for being here.", "professional": "*Thank you.*"},
    "": {"bold": "*Ready?*", "empathetic": "Whenever *you* are ready.", "professional": "The next *step*:"},
}

PLACEHOLDERS = {
    "product": "[Product]",
    "message": "[Your one-line message]",
    "proof_points": "[Your strongest proof]",
    "news": "[Amount raised, and from whom]",
    "call_to_action": "[Your call to action]",
    "link": "[your link]",
}

FIGURE = re.compile(
    r"(?:[$€£¥₹₩]\s?)?\d+(?:[.,’']\d+)*(?:\s?(?:%|‰|×|x\b|k\b|K\b|M\b|m\b|B\b|bn\b|million\b|billion\b))?\+?"
)
YEAR = re.compile(r"(?:19|20)\d\d")
MONEY = re.compile(r"[$€£¥₹₩]\s?\d|\d\s?(?:[$€£¥₹₩]|million|billion|bn\b|EUR|USD|GBP|CHF)|\d[MB]\b")


@dataclass(frozen=True)
class Phrase:
    """One screen's words. ``need`` is "must", "proof" or "may".

    ``source`` is the brief's field it quotes, or ""; screens of one ``group`` are shown together or not at all.
    """

    need: str
    role: str
    main: str
    above: str = ""
    below: str = ""
    source: str = ""
    group: int = 0

    @property
    def text(self) -> str:
        return " ".join(plain(part) for part in (self.above, self.main, self.below) if part)


def clean(text: str) -> str:
    """One line of visible characters: composed, without controls, direction overrides or private-use characters."""
    kept = [
        " " if unicodedata.category(c) in ("Zs", "Zl", "Zp") or c in "\t\n\r" else c
        for c in unicodedata.normalize("NFC", text)
        if c in "\t\n\r\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    ]
    return " ".join("".join(kept).split())


def clean_brief(brief: Brief) -> Brief:
    """The brief with every text cleaned; proof points that come out empty are left out."""
    return Brief(
        product=clean(brief.product),
        message=clean(brief.message),
        proof_points=[point for raw in brief.proof_points if (point := clean(raw))],
        call_to_action=clean(brief.call_to_action),
        link=clean(brief.link),
    )


def _is_wide(char: str) -> bool:
    """Characters of scripts written without spaces, where a line may break between any two."""
    return unicodedata.east_asian_width(char) in ("W", "F") and not unicodedata.category(char).startswith("S")


def units(text: str) -> list[tuple[str, bool]]:
    """The text in pieces between which a line may break, each with whether a space follows it.

    A word is a unit; in scripts without spaces a character is, with the punctuation that may not begin a line.
    """
    found: list[tuple[str, bool]] = []
    for word in text.split():
        pieces: list[str] = []
        for char in word:
            wide = _is_wide(char)
            closes = unicodedata.category(char) in ("Pe", "Pf", "Po", "Mn", "Mc") or char == MARK_OFF or char in "ーっッゃゅょ"
            glued = bool(pieces) and (
                closes
                or pieces[-1].endswith(MARK_ON)
                or unicodedata.category(pieces[-1][-1]) in ("Ps", "Pi")
                or (not wide and not any(_is_wide(c) for c in pieces[-1]))
            )
            if glued:
                pieces[-1] += char
            else:
                pieces.append(char)
        found.extend((piece, False) for piece in pieces[:-1])
        found.append((pieces[-1], True))
    return found


def join(pieces: list[tuple[str, bool]]) -> str:
    """The reverse of ``units``."""
    return "".join(piece + (" " if spaced else "") for piece, spaced in pieces).strip()


def word_count(text: str) -> float:
    """Words on screen; two characters of a script without spaces count as one word."""
    return sum(0.5 if any(_is_wide(c) for c in piece) else 1.0 for piece, _ in units(plain(text)))


def marked(template: str, **slots: str) -> str:
    """A template with its slots filled and its stars turned into marks of emphasis; slots are never interpreted."""
    on = False
    parts = []
    for part in re.split(r"(\*)", template):
        if part == "*":
            on = not on
            parts.append(MARK_ON if on else MARK_OFF)
        else:
            parts.append(re.sub(r"\{(\w+)\}", lambda found: slots.get(found[1], found[0]), part))
    return re.sub(r"([.!?。])" + MARK_OFF + r"[.]", rf"\1{MARK_OFF}", re.sub(r"([.!?。])\.", r"\1", "".join(parts)))


def _emphasise(text: str) -> str:
    """The brief's own words with one of them marked: a number, else the longest word of the second half."""
    pieces = units(text)
    if len(pieces) < 2 or "[" in text:
        return text
    numbers = [
        i for i, (piece, _) in enumerate(pieces) if any(c.isdigit() for c in piece) or piece.casefold() in NUMBER_WORDS
    ]
    later = range(len(pieces) // 2, len(pieces))
    chosen = numbers[0] if numbers else max(later, key=lambda i: len(pieces[i][0]))
    if any(_is_wide(c) for c in pieces[chosen][0]):
        return text
    pieces[chosen] = (MARK_ON + pieces[chosen][0] + MARK_OFF, pieces[chosen][1])
    return join(pieces)


NUMBER_WORDS = frozenset("one two three four five six seven eight nine ten twelve twenty hundred thousand million".split())
WEAK_ENDS = frozenset(
    "a an the of for to in on at by with from and or but not no your our their its is are be that than as so into "
    "without every one".split()
)


def chunks(text: str, most_words: float, most_chars: int) -> list[str]:
    """The text in as few screens as the limits allow, cut at punctuation and never after a little word if it can be.

    A piece longer than ``most_chars`` by itself stands alone.
    """
    pieces = units(text)
    weights = [0.5 if any(_is_wide(c) for c in piece) else 1.0 for piece, _ in pieces]
    best: list[tuple[float, int]] = [(0.0, -1)] + [(float("inf"), -1)] * len(pieces)
    share = sum(weights) / max(1, -(-sum(weights) // most_words))
    for end in range(1, len(pieces) + 1):
        for start in range(end - 1, -1, -1):
            words = sum(weights[start:end])
            if end - start > 1 and (words > most_words or len(join(pieces[start:end])) > most_chars):
                break
            last = pieces[end - 1][0]
            cost = 4 + (words - share) ** 2 * 0.8 + best[start][0]
            if end < len(pieces):
                cost -= 6 if last[-1] in ".,;:!?—–،؛。，、" else 0
                cost += 5 if last.casefold() in WEAK_ENDS else 0
                cost += 6 if last.casefold() in NUMBER_WORDS or last.isdigit() else 0
                cost -= 3 if pieces[end][0].casefold() in WEAK_ENDS else 0
                cost += 8 if not pieces[end - 1][1] else 0
            if cost < best[end][0]:
                best[end] = (cost, start)
    cuts: list[str] = []
    end = len(pieces)
    while end > 0:
        start = best[end][1]
        cuts.append(join(pieces[start:end]))
        end = start
    return cuts[::-1]


def split_figure(text: str) -> tuple[str, str, str] | None:
    """Words before, the figure itself, words after; None where the text has no figure or is nearly all figure."""
    found = next((f for f in FIGURE.finditer(text) if not YEAR.fullmatch(f[0].strip())), None)
    if not found or len(found[0].strip()) > 14:
        return None
    before, after = text[: found.start()].strip(), text[found.end() :].strip()
    if text[found.start() - 1 : found.start()].isalnum() or (after and text[found.end()].isalnum()):
        return None
    after = after.lstrip(".,;:!? ") if len(after.strip(".,;:!? ")) else ""
    return before, found[0].strip(), after


def tidy_link(link: str) -> str:
    """A link as people say it: without scheme, “www.” and closing slash."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.IGNORECASE).rstrip("/") or link


def quote(brief: Brief, point: str, claims: str, speaker: str) -> Phrase:
    """A proof point as a phrase: its figure large where there is one; conservative brands say whose word it is."""
    above = f"{speaker} says:" if claims == "conservative" and word_count(speaker) <= 4 else ""
    parts = split_figure(point)
    if parts and word_count(point) <= 9:
        before, figure, after = parts
        return Phrase("must", "figure", MARK_ON + figure + MARK_OFF, before or above, after, "proof_points")
    return Phrase("must", "statement", _emphasise(point), above, "", "proof_points")


def fitted(phrase: Phrase, most_words: float, most_chars: int) -> list[Phrase]:
    """The phrase as one or more screens within the limits. Marks of emphasis are kept where they fall."""
    if word_count(phrase.text) <= most_words and len(phrase.text) <= most_chars:
        return [phrase]
    if phrase.role == "figure":
        whole = Phrase(phrase.need, "figure", phrase.main, source=phrase.source)
        first = replace(phrase, above=phrase.above, below="") if phrase.above else whole
        if word_count(first.text) > most_words or len(first.text) > most_chars:
            before = fitted(replace(phrase, role="statement", main=phrase.above, above="", below=""), most_words, most_chars)
            return before + fitted(replace(phrase, above=""), most_words, most_chars)
        if phrase.above:
            rest = fitted(replace(phrase, role="statement", main=phrase.below, above="", below=""), most_words, most_chars)
            return [first, *rest] if phrase.below else [first]
        rest = fitted(replace(phrase, role="statement", main=phrase.below, above="", below=""), most_words, most_chars)
        return [whole, *rest]
    if phrase.above:
        lead = Phrase(phrase.need, "label", phrase.above, source=phrase.source)
        return [lead, *fitted(replace(phrase, above=""), most_words, most_chars)]
    if "[" in phrase.main and word_count(phrase.main) <= 12:
        return [phrase]
    cut = chunks(plain(phrase.main), most_words, most_chars)
    return [replace(phrase, main=_emphasise(part) if phrase.role != "label" else part) for part in cut]
