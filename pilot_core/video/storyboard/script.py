"""Writes the script of a video: the words each beat could show, split into screens, and the openings a brief allows."""

import math
from collections.abc import Sequence
from dataclasses import replace

from pilot_core import catalog
from pilot_core.domain.brief import Brief
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import lines, words
from pilot_core.video.storyboard.film import CAPTION_CHARS_PER_SECOND, FPS, MARK_OFF, MARK_ON, MAX_WORDS, Direction
from pilot_core.video.storyboard.style import (
    FAMILIES,
    HOOK_ORDER,
    PACES,
    Pace,
    pacing_of,
    seed_of,
    tone_of,
)
from pilot_core.video.storyboard.words import Phrase, word_count


def first_direction(brief: CutBrief) -> Direction:
    """Return the direction for a first attempt: the scenario's usual length, a suitable opening, layouts by seed."""
    seed, tone = seed_of(brief), tone_of(brief)
    low, high = brief.scenario.min_seconds, brief.scenario.max_seconds
    seconds = catalog.wordings()[brief.scenario.id].seconds
    forms = hook_forms(brief)
    return Direction(
        seconds=min(max(seconds * (1.08 if pacing_of(brief) < 0.4 else 1), low), high),
        hook=forms[seed % min(2, len(forms))],
        family=(seed >> 8) % len(FAMILIES[tone]),
        variation=(seed >> 12) % 12,
    )


def hook_forms(brief: CutBrief) -> list[str]:
    """Return the openings that this brief allows, best first. A claim or a number must come from the brief."""
    tone, told, pace = tone_of(brief), words.clean_brief(brief.brief), PACES[pacing_of(brief)]
    names = catalog.wordings()[brief.scenario.id].hooks.name.of(tone)
    most = most_screens(pace)
    forms = []
    for form in HOOK_ORDER[tone]:
        if form == "claim" and not (
            told.message and len(_fit(pace, Phrase("must", "statement", told.message))) <= most
        ):
            continue
        if form == "number" and not _numbers(told, pace):
            continue
        if form == "name" and not told.product and all("{product}" in text for text in names):
            continue
        forms.append(form)
    if not told.message and not told.product:
        forms.sort(key=lambda form: form != "question")
    return forms


def _numbers(told: Brief, pace: Pace) -> list[str]:
    """Return the proof points that contain a figure and fit on one screen."""
    return [p for p in told.proof_points if words.split_figure(p) and word_count(p) <= pace.most_words]


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
        self.founder = words.clean(brief.founder_name)
        self.used_proof: list[str] = []

    def slots(self) -> dict[str, str]:
        return {"product": self.told.product or self.stand_in("product"), "company": self.company}

    def stand_in(self, field: str) -> str:
        self.placeholders.add("proof_points" if field == "news" else field)
        return lines.PLACEHOLDERS[field]

    def pick(self, options: Sequence[object], salt: int) -> int:
        return ((self.seed >> salt) + self.direction.variation) % len(options)

    @property
    def register(self) -> str:
        """The tone of the neutral lines: the brand's own, or a neighbouring tone if the register was changed."""
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
        if form == "claim" and self.told.message:
            return [replace(self.message(), role="hook")]
        if form == "number" and (points := _numbers(self.told, self.pace)):
            self.used_proof.append(points[0])
            return [words.quote(points[0], self.claims, self.founder)]
        written = self.wording.hooks.of(form).of(self.register)
        # Without a product, avoid openings that name it: a placeholder would be the first thing on screen.
        options = written if self.told.product else [text for text in written if "{product}" not in text] or written
        first = self.pick(options, 16)
        phrases = [Phrase("must", "hook", self.fill(text)) for text in (*options[first:], *options[:first])]
        return [min(phrases, key=lambda phrase: max(0, len(self.cut(phrase)) - most_screens(self.pace)))]

    def asides(self) -> list[Phrase]:
        return [Phrase("may", "aside", self.fill(line)) for line in self.wording.asides.of(self.register)]

    def proofs(self, most: int, need: str) -> list[Phrase]:
        left = [point for point in self.told.proof_points if point not in self.used_proof][:most]
        if not left and not self.told.proof_points and need == "must":
            return [Phrase("must", "statement", self.stand_in("proof_points"), source="proof_points")]
        if not left and need == "must":
            left = self.told.proof_points[:1]
        self.used_proof.extend(left)
        found = [words.quote(point, self.claims, self.founder) for point in left]
        return [replace(p, need="must" if need == "must" and i == 0 else "proof") for i, p in enumerate(found)]

    def news(self) -> list[Phrase]:
        money = [p for p in [*self.told.proof_points, self.told.message] if words.MONEY.search(p)]
        if not money:
            return [Phrase("must", "statement", self.stand_in("news"), source="proof_points")]
        if money[0] in self.told.proof_points:
            self.used_proof.append(money[0])
        found = words.MONEY.search(money[0])
        figures = [
            f
            for f in words.FIGURE.finditer(money[0])
            if found and f.start() <= found.end() and f.end() >= found.start()
        ]
        if figures and word_count(money[0]) > 9:
            return [Phrase("must", "figure", MARK_ON + figures[0][0].strip() + MARK_OFF, source="proof_points")]
        return [words.quote(money[0], self.claims, self.founder)]

    def beat(self, beat_id: str, index: int) -> list[Phrase]:
        """Return all phrases that a beat could show, in order and split into screens."""
        if index == 0:
            phrases = self.hook()
            if self.direction.restated and self.direction.hook != "claim":
                phrases.append(replace(self.message(), need="proof", role="aside"))
            phrases += self.asides()
        elif beat_id == "cta":
            phrases = self.call()
        else:
            phrases = self.table(beat_id)
            if self.direction.restated and beat_id in ("change", "next", "cost", "proof"):
                phrases.append(replace(self.message(), need="must" if beat_id in ("change", "next") else "proof"))
        return [replace(screen, group=i) for i, phrase in enumerate(phrases) for screen in self.cut(phrase)]

    def table(self, beat_id: str) -> list[Phrase]:
        options = lines.BEATS.get(beat_id, lines.BEATS["change"])[self.register]
        found: list[Phrase] = []
        for need, role, template in options[self.pick(options, 20)]:
            if template == "{message}":
                found.append(self.message())
            elif template == "{proofs}":
                found.extend(self.proofs(3 if self.pace.most_words <= 5 else 2, "must"))
            elif template == "{spare}":
                found.extend(self.proofs(1, "proof"))
            elif template == "{news}":
                found.extend(self.news())
            else:
                found.append(Phrase(need, role, self.fill(template)))
        return found

    def call(self) -> list[Phrase]:
        if thanks := self.wording.lead_in:
            options = thanks.of(self.register)
            lead = [Phrase("must", "echo", self.fill(options[self.pick(options, 24)]))]
        else:
            lead = [] if self.direction.cta_level else [Phrase("may", "echo", self.fill(lines.LEAD_IN[self.register]))]
        call = self.told.call_to_action or self.stand_in("call_to_action")
        link = words.tidy_link(self.told.link) if self.told.link else self.stand_in("link")
        above = (
            "" if self.direction.cta_level or word_count(f"{self.company} {call} {link}") > MAX_WORDS else self.company
        )
        if word_count(f"{call} {link}") > MAX_WORDS:
            lead += [Phrase("must", "statement", part) for part in words.chunks(call, 8, 60)[:-1]]
            call = words.chunks(call, 8, 60)[-1]
        return [*lead, Phrase("must", "cta", call, above, link, "call_to_action")]

    def cut(self, phrase: Phrase) -> list[Phrase]:
        return [phrase] if phrase.role == "cta" else _fit(self.pace, phrase, self.unit, self.direction.pace)

    def range(self) -> tuple[int, int]:
        """Return the shortest and longest shot in frames, as multiples of ``unit``, so that cuts follow the music."""
        low = self.pace.shortest * self.direction.pace * (0.85 if self.direction.spread else 1)
        high = self.pace.longest * self.direction.pace * (1.35 if self.direction.spread else 1)
        return (
            math.ceil(round(low * FPS / self.unit, 3)) * self.unit,
            max(1, math.floor(round(high * FPS / self.unit, 3))) * self.unit,
        )

    def need(self, phrase: Phrase) -> int:
        """Return the frames needed to read a screen, rounded up to a multiple of ``unit``."""
        reading = 0.3 * word_count(phrase.text) + 0.5
        caption = len(phrase.text) / CAPTION_CHARS_PER_SECOND
        return math.ceil(max(reading, caption) * FPS / self.unit) * self.unit


def most_screens(pace: Pace) -> int:
    """Return how many screens an opening may have and still be complete within three seconds."""
    return 2 if pace.most_words <= 5 else 1


def _fit(pace: Pace, phrase: Phrase, unit: int = 15, factor: float = 1.0) -> list[Phrase]:
    longest = math.floor(round(pace.longest * FPS / unit, 3)) * unit / FPS
    most_words = min(pace.most_words, (longest - 0.5) / 0.3)
    return words.fitted(phrase, most_words, int(min(longest * CAPTION_CHARS_PER_SECOND, 66)))
