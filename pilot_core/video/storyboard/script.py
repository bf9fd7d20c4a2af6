"""Writes the script of a video: the words each beat could show, split into screens, and the openings a brief allows."""

import math
from collections.abc import Sequence
from dataclasses import replace

from pilot_core import catalog
from pilot_core.catalog import Hooks
from pilot_core.domain import limits
from pilot_core.domain.brief import Brief
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import lines, words
from pilot_core.video.storyboard.figures import is_money, split_figure
from pilot_core.video.storyboard.film import FPS, MAX_WORDS, Direction, plain
from pilot_core.video.storyboard.style import (
    FAMILIES,
    HOOK_ORDER,
    PACES,
    pacing_of,
    seed_of,
    tone_of,
)
from pilot_core.video.storyboard.words import Phrase, word_count

SENTENCE_CHARS = 84
"""Characters of a sentence that stays on one screen."""
OPENING_WORDS = 10
"""Words of a proof point that can open a film."""
TOLD_FORMS = ("problem", "claim", "number")
"""The openings whose words are the brief's."""


def usual_direction(brief: CutBrief) -> Direction:
    """Return the scenario's usual length, a suitable opening, and layouts by seed."""
    seed, tone = seed_of(brief), tone_of(brief)
    low, high = brief.scenario.min_seconds, brief.scenario.max_seconds
    seconds = catalog.wordings()[brief.scenario.id].seconds
    forms = hook_forms(brief)
    return Direction(
        seconds=min(max(seconds * (1.08 if pacing_of(brief) < 0.4 else 1), low), high),
        hook=forms[seed % min(2, max(1, sum(form in TOLD_FORMS for form in forms)))],
        family=(seed >> 8) % len(FAMILIES[tone]),
        variation=(seed >> 12) % 12,
    )


def hook_forms(brief: CutBrief) -> list[str]:
    """Return the openings that this brief allows, best first: what the brief says before what any film could say.

    A video about a problem opens on it. A claim or a number must come from the brief.
    """
    tone, told = tone_of(brief), words.clean_brief(brief.brief)
    hooks = hooks_of(brief, told)
    names = hooks.name.of(tone) if hooks else ()
    is_about_problem = brief.scenario.beats[0].id == "pain"

    def fits(text: str) -> bool:
        return bool(text) and len(_fit(Phrase("must", "statement", text))) == 1

    allowed = {
        "problem": is_about_problem and bool(told.problem),
        "claim": fits(told.message) and not (is_about_problem and told.problem),
        "number": bool(_numbers(told)) and not is_about_problem,
        "question": bool(hooks),
        "contrast": bool(hooks),
        "name": bool(hooks) and bool(told.product or any("{product}" not in text for text in names)),
    }
    forms = [form for form in ("problem", *HOOK_ORDER[tone]) if allowed[form]]
    forms.sort(key=lambda form: form not in TOLD_FORMS)
    if not told.message and not told.product:
        forms.sort(key=lambda form: form not in ("problem", "question"))
    return forms or ["claim"]


def hooks_of(brief: CutBrief, told: Brief) -> Hooks | None:
    """Return the scenario's openings in the language of the brief, or None if it has none."""
    said = lines.table(told.language)
    if said is lines.table(lines.ENGLISH):
        return catalog.wordings()[brief.scenario.id].hooks
    return said.hooks.get(brief.scenario.id) if said else None


def _numbers(told: Brief) -> list[str]:
    """Return the proof points that contain a figure and fit on one screen."""
    return [p for p in told.proof_points if split_figure(p) and word_count(p) <= OPENING_WORDS]


class Writer:
    """Writes the phrases of one video, within the limits of its pace. Remembers the proof points already used."""

    def __init__(self, brief: CutBrief, direction: Direction):
        self.brief, self.direction = brief, direction
        self.seed, self.tone, self.pacing = seed_of(brief), tone_of(brief), pacing_of(brief)
        self.claims = str(brief.brand.get("claims", "moderate"))
        self.told = words.clean_brief(brief.brief)
        self.wording = catalog.wordings()[brief.scenario.id]
        self.pace = PACES[self.pacing]
        tempos = self.pace.beat_frames
        self.beat_frames = tempos[((self.seed >> 4) + direction.bed) % len(tempos)]
        self.unit = max(1, round(self.beat_frames * self.pace.unit))
        self.placeholders: set[str] = set()
        self.company = words.clean(brief.company_name) or "[Company]"
        self.used_proof: list[str] = []
        self.said = lines.table(self.told.language)
        """The connectives of the brief's language, None if it has none."""
        self.hooks = hooks_of(brief, self.told)
        self.held = 1.0
        """How much longer than the pace asks for shots are held, if the brief fills less than the shortest film."""

    def slots(self) -> dict[str, str]:
        return {"product": self.told.product or self.stand_in("product"), "company": self.company}

    def stand_in(self, field: str) -> str:
        self.placeholders.add("proof_points" if field == "news" else field)
        return lines.PLACEHOLDERS[field]

    def pick(self, options: Sequence[object], salt: int) -> int:
        return ((self.seed >> salt) + self.direction.variation) % len(options)

    @property
    def register(self) -> str:
        """The tone of the connectives: the brand's own, or a neighbouring tone if the register was changed."""
        if self.direction.register % 2 == 0:
            return self.tone
        return {"bold": "professional", "empathetic": "professional", "professional": "empathetic"}[self.tone]

    def fill(self, text: str) -> str:
        slots = {name: value for name, value in self.slots().items() if "{" + name + "}" in text}
        return words.marked(text, **slots)

    def message(self) -> Phrase:
        text = self.told.message or self.stand_in("message")
        return Phrase("must", "statement", words.emphasise(text), source="message")

    def hook(self) -> list[Phrase]:
        form = self.direction.hook
        if form == "problem" and self.told.problem:
            opening = self.text_of("problem")
            return [opening if opening.role == "figure" else replace(opening, role="hook")]
        if form == "claim" and self.told.message:
            return [replace(self.message(), role="hook")]
        if form == "number" and (points := _numbers(self.told)):
            self.used_proof.append(points[0])
            return [self.proof(points[0])]
        if self.hooks is None:
            return [replace(self.message(), role="hook")]
        written = self.hooks.of(form).of(self.register)
        # Without a product, avoid openings that name it: a placeholder would be the first thing on screen.
        options = written if self.told.product else [text for text in written if "{product}" not in text] or written
        first = self.pick(options, 16)
        phrases = [Phrase("must", "hook", self.fill(text)) for text in (*options[first:], *options[:first])]
        return [min(phrases, key=lambda phrase: len(self.cut(phrase)))]

    def text_of(self, field: str, need: str = "must") -> Phrase:
        """Return a field's words, with its figure set large if it has one."""
        return replace(words.claim(getattr(self.told, field), "", source=field), need=need)

    def proof(self, point: str) -> Phrase:
        return words.claim(point, self.claims, self.attributed)

    def naming(self, template: str) -> str:
        """Return the line that names the product: its name alone if the line is long, or would say a name twice."""
        company, product = self.company.casefold(), self.told.product.casefold()
        says_both = "{company}" in template and product and (company in product or product in company)
        is_long = len(self.cut(Phrase("must", "name", self.fill(template)))) > 1
        return lines.NAME_ALONE if says_both or is_long else template

    def shown_message(self, before: list[Phrase]) -> list[Phrase]:
        """Return the message for the beat that shows the product, with its name above it where there is room.

        It is left out if the film opened with it; the name then stands by itself.
        """
        if self.direction.hook == "claim" and self.told.message:
            return []
        message = self.message()
        named = [phrase for phrase in before if phrase.role == "name"]
        together = f"{named[-1].text} {message.text}" if named else ""
        if (
            named
            and self.told.product
            and self.told.message
            and word_count(together) <= MAX_WORDS
            and len(together) <= SENTENCE_CHARS
        ):
            before.remove(named[-1])
            return [replace(message, role="name", above=plain(named[-1].main))]
        return [message]

    @property
    def attributed(self) -> str:
        """The words that say whose claim it is: the company's, if its name is short."""
        is_short = self.said and word_count(self.company) <= 4
        return self.said.attributed.replace("{company}", self.company) if self.said and is_short else ""

    def quoted(self) -> list[Phrase]:
        """Return the quote with who said it, on one screen, or nothing if it is too long for one."""
        said = self.told.quote.strip('“”"„«»「」 ')
        if not said or word_count(said) > MAX_WORDS:
            return []
        opens, closes = lines.quotation_marks(self.told.language)
        return [Phrase("told", "quote", f"{opens}{words.emphasise(said)}{closes}", "", self.told.quote_by, "quote")]

    def proofs(self, most: int, need: str) -> list[Phrase]:
        left = [point for point in self.told.proof_points if point not in self.used_proof][:most]
        if not left and not self.told.proof_points and not self.told.message and need == "must":
            return [Phrase("must", "statement", self.stand_in("proof_points"), source="proof_points")]
        self.used_proof.extend(left)
        found = [self.proof(point) for point in left]
        return [replace(p, need="must" if need == "must" and i == 0 else "proof") for i, p in enumerate(found)]

    def news(self) -> list[Phrase]:
        if self.told.news:
            return [words.claim(self.told.news, self.claims, source="news")]
        money = [p for p in [*self.told.proof_points, self.told.message] if is_money(p)]
        if not money:
            # A film with something to say leaves out what the brief leaves open.
            stand_in = "" if self.told.message else self.stand_in("news")
            return [Phrase("must", "statement", stand_in, source="proof_points")] if stand_in else []
        if money[0] in self.told.proof_points:
            self.used_proof.append(money[0])
        return [self.proof(money[0])]

    def beat(self, beat_id: str, index: int) -> list[Phrase]:
        """Return all phrases that a beat could show, in order and split into screens. Empty if the brief has none."""
        if index == 0:
            phrases = self.hook()
            if beat_id == "pain" and self.told.problem and self.direction.hook != "problem":
                told = Phrase("must", "aside", words.emphasise(self.told.problem), source="problem")
                phrases.append(told)
        elif beat_id == "cta":
            phrases = [self.message(), *self.call()] if self.direction.restated else self.call()
        else:
            phrases = self.table(beat_id)
        screens = [replace(screen, group=i) for i, phrase in enumerate(phrases) for screen in self.cut(phrase)]
        if index == 0 and self.direction.hook == "problem":
            # The first screen is the opening, and what follows it explains it.
            screens[1:] = [replace(screen, role="aside") for screen in screens[1:]]
        opening = [screen for screen in screens if screen.role != "aside"] if index == 0 else []
        return [replace(s, is_quick=True) if s in opening[:-1] else s for s in screens]

    def table(self, beat_id: str) -> list[Phrase]:
        found: list[Phrase] = []
        for need, role, template in lines.beat(beat_id, self.register, self.said):
            field = template.strip("{}")
            if template == "{message}":
                found.extend(self.shown_message(found))
            elif template == "{proof_points}":
                found.extend(self.proofs(limits.PROOF_POINTS, "must"))
            elif template == "{spare}":
                found.extend(self.proofs(2, "proof"))
            elif template == "{news}":
                found.extend(self.news())
            elif template == "{quote}":
                found.extend(self.quoted())
            elif template == "{audience}":
                if self.told.audience and self.said:
                    said = words.marked(self.said.audience, audience=self.told.audience)
                    found.append(Phrase(need, role, said, source="audience"))
            elif template != "{" + field + "}":
                if role == "name":
                    if self.told.message and not self.told.call_to_action:
                        continue  # the film ends on the name
                    template = self.naming(template)
                found.append(Phrase(need, role, self.fill(template), source="product" if role == "name" else ""))
            elif getattr(self.told, field) and not (field == "problem" and self.direction.hook == "problem"):
                found.append(self.text_of(field, need))
        return found

    def call(self) -> list[Phrase]:
        lead: list[Phrase] = []
        name = self.told.product or self.company
        link = words.tidy_link(self.told.link) if self.told.link else ""
        call, source = self.told.call_to_action, "call_to_action"
        if not call and not self.told.message:
            call, link = self.stand_in("call_to_action"), link or self.stand_in("link")
        elif not call:
            # Nothing is asked of the viewer in words that the founder did not write: the film ends on the name.
            call, source = self.told.product or self.company, "link" if link else "product"
            name = self.told.message
        above = "" if self.direction.cta_level or word_count(f"{name} {call} {link}") > MAX_WORDS else name
        if word_count(f"{call} {link}") > MAX_WORDS:
            lead += [Phrase("must", "statement", part) for part in words.chunks(call, 8, 60)[:-1]]
            call = words.chunks(call, 8, 60)[-1]
        above = above if above.casefold() != call.casefold() else ""
        return [*lead, Phrase("must", "cta", call, above, link, source)]

    def cut(self, phrase: Phrase) -> list[Phrase]:
        return [phrase] if phrase.role == "cta" else _fit(phrase)

    def range(self) -> tuple[int, int]:
        """Return the shortest and longest shot in frames, as multiples of ``unit``, so that cuts follow the music."""
        low, high = self.pace.shortest, self.pace.longest * self.held
        return (
            math.ceil(round(low * FPS / self.unit, 3)) * self.unit,
            max(1, math.floor(round(high * FPS / self.unit, 3))) * self.unit,
        )

    def most(self, phrase: Phrase) -> int:
        """Return the most frames that a screen may be shown."""
        high = round(self.range()[1] * self.weight(phrase) / self.unit) * self.unit
        if phrase.is_quick:
            high = min(high, max(1, math.floor(self.pace.longest * FPS / self.unit)) * self.unit)
        return max(high, self.need(phrase))

    def weight(self, phrase: Phrase) -> float:
        """Return how long a screen is held, of what the pace allows at most: what says more stands longer."""
        if phrase.role == "figure" and phrase.source != "news":
            return 0.8
        if phrase.source in ("message", "news", "quote"):
            return 1.0
        return 0.75 if word_count(phrase.text) <= 3 else 0.85 if word_count(phrase.text) <= 6 else 0.95

    def need(self, phrase: Phrase) -> int:
        """Return the frames needed to read a screen, rounded up to a multiple of ``unit``."""
        return math.ceil(words.reading_seconds(phrase.text) * FPS / self.unit) * self.unit


def _fit(phrase: Phrase) -> list[Phrase]:
    """Return the screens of a phrase. A sentence stays on one if it can be taken in at once, whatever the pace."""
    return words.fitted(phrase, MAX_WORDS, SENTENCE_CHARS)
