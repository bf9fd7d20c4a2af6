"""From a brief to a film plan: which words on which screen, from which frame to which, on what ground.

Everything here is arithmetic on the brief; nothing is drawn and no font is opened. The same brief and direction give
the same film.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pilot_core.models import Brief
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import words
from pilot_core.video.storyboard.film import (
    CAPTION_CHARS_PER_SECOND,
    CTA_SECONDS,
    FPS,
    MAX_WORDS,
    Direction,
    Film,
    FilmShot,
    plain,
)
from pilot_core.video.storyboard.words import Phrase, word_count

DEFAULT_SECONDS = {"feature_launch": 36.0, "funding_announcement": 52.0, "problem_solution": 26.0}
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
    """How fast a film is cut. Shot lengths in seconds; ``unit`` in beats: cuts land on its multiples."""

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

# Which ground each beat stands on, in order, and the ground its second shot may turn to; the call has its own.
GROUNDS: dict[tuple[str, int], tuple[tuple[tuple[str, str], ...], ...]] = {
    ("bold", 0): (
        (("accent", "dark"), ("dark", "deep"), ("light", "accent"), ("deep", "accent"), ("light", "dark"), ("dark", "deep")),
        (("dark", "accent"), ("deep", "dark"), ("accent", "light"), ("dark", "deep"), ("accent", "light"), ("deep", "dark")),
        (("light", "accent"), ("dark", "deep"), ("accent", "dark"), ("light", "deep"), ("dark", "accent"), ("deep", "dark")),
    ),
    ("bold", 1): ((("deep", "deep"), ("dark", "dark"), ("light", "light"), ("deep", "deep"), ("light", "light")),),
    ("empathetic", 0): (
        (("light", "light"), ("paper", "paper"), ("light", "light"), ("paper", "paper")),
        (("paper", "paper"), ("light", "light"), ("deep", "deep"), ("light", "light"), ("paper", "paper")),
    ),
    ("empathetic", 1): ((("deep", "deep"), ("light", "light"), ("paper", "paper")),),
    ("professional", 0): (
        (("dark", "dark"), ("light", "light"), ("deep", "deep"), ("light", "light"), ("paper", "paper"), ("dark", "dark")),
        (("light", "light"), ("dark", "dark"), ("paper", "paper"), ("deep", "deep"), ("light", "light"), ("light", "light")),
    ),
    ("professional", 1): ((("light", "light"), ("paper", "paper"), ("light", "light"), ("deep", "deep")),),
}
CALL_GROUND = {"bold": ("accent", "dark"), "empathetic": ("deep", "light"), "professional": ("dark", "deep")}


def seed_of(brief: CutBrief) -> int:
    """A number from the pilot, its scenario, brand and brief; the attempt does not count, so revisions keep the look."""
    told = "\n".join(
        (brief.pilot_id, brief.company_name, brief.scenario.id, str(brief.brand.get("preset", "")), brief.brief.model_dump_json())
    )
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6])


def tone_of(brief: CutBrief) -> str:
    tone = str(brief.brand.get("tone", ""))
    return tone if tone in TONES else "professional"


def pacing_of(brief: CutBrief) -> float:
    """The brand's pacing, moved to the nearest of the three that have a rhythm here."""
    try:
        given = float(brief.brand.get("pacing", 0.5))
    except (TypeError, ValueError):
        given = 0.5
    return min(PACES, key=lambda known: abs(known - given))


def first_direction(brief: CutBrief) -> Direction:
    """The choices for a first attempt: middling length, an opening that suits tone and brief, the seed's layouts."""
    seed, tone = seed_of(brief), tone_of(brief)
    low, high = brief.scenario.min_seconds, brief.scenario.max_seconds
    seconds = DEFAULT_SECONDS.get(brief.scenario.id, (low + high) / 2)
    forms = hook_forms(brief)
    return Direction(
        seconds=min(max(seconds * (1.08 if pacing_of(brief) < 0.4 else 1), low), high),
        hook=forms[seed % min(2, len(forms))],
        family=(seed >> 8) % len(FAMILIES[tone]),
        variation=(seed >> 12) % 12,
    )


def hook_forms(brief: CutBrief) -> list[str]:
    """The openings this brief allows, best first: a claim or a number only where the brief gives one."""
    tone, told, pace = tone_of(brief), words.clean_brief(brief.brief), PACES[pacing_of(brief)]
    most = 2 if pace.most_words <= 5 else 1
    forms = []
    for form in HOOK_ORDER[tone]:
        if form == "claim" and not (told.message and len(_fit(pace, Phrase("must", "statement", told.message))) <= most):
            continue
        if form == "number" and not _numbers(told, pace):
            continue
        if form == "name" and not told.product and brief.scenario.id != "funding_announcement":
            continue
        if form == "contrast" and not told.product and tone == "bold":
            continue
        forms.append(form)
    if not told.message and not told.product:
        forms.sort(key=lambda form: form != "question")
    return forms


def _numbers(told: Brief, pace: Pace) -> list[str]:
    """Proof points with a figure that stand on one screen."""
    return [p for p in told.proof_points if words.split_figure(p) and word_count(p) <= pace.most_words]


def build(brief: CutBrief, direction: Direction) -> Film:
    """The film these choices give. Its length may leave ``direction.seconds`` where words need the time to be read."""
    writer = _Writer(brief, direction)
    low, high = brief.scenario.min_seconds + 0.2, brief.scenario.max_seconds - 0.2
    target = min(max(direction.seconds, low), high)
    timed = _time(writer, target, low, high)
    shots = _stage(writer, timed)
    film = Film(
        width=brief.width,
        height=brief.height,
        tone=writer.tone,
        pacing=writer.pacing,
        claims=writer.claims,
        family=FAMILIES[writer.tone][direction.family % 3],
        direction=direction,
        seed=writer.seed,
        beat_frames=writer.beat_frames,
        mood=_mood(writer.tone, direction.bed),
        shots=tuple(shots),
        limits=(brief.scenario.min_seconds, brief.scenario.max_seconds),
        placeholders=tuple(sorted(writer.placeholders)),
    )
    return replace(film, notes=tuple(_notes(film, writer)))


def hook_times(film: Film) -> tuple[float, float]:
    """When the opening's first word is on screen and when its last word has arrived, in seconds."""
    first = film.shots[0]
    opening = [shot for shot in film.shots if shot.beat_index == 0 and shot.role != "aside"]
    last = opening[-1]
    arrive = last.start - lead_of(last) + last.enter + last.stagger * max(0, math.ceil(word_count(last.text)) - 1)
    return max(0, first.enter // 2 - lead_of(first)) / FPS, max(arrive, 1) / FPS


def lead_of(shot: FilmShot) -> int:
    """Frames of a shot's entrance already over at its first frame: the film's first frame is a picture, not a blank."""
    return shot.enter // 2 if shot.index == 0 else 0


class _Writer:
    """The words and limits of one film: everything ``build`` looks up more than once."""

    def __init__(self, brief: CutBrief, direction: Direction):
        self.brief, self.direction = brief, direction
        self.seed, self.tone, self.pacing = seed_of(brief), tone_of(brief), pacing_of(brief)
        self.claims = str(brief.brand.get("claims", "moderate"))
        self.told = words.clean_brief(brief.brief)
        self.pace = PACES[self.pacing]
        if direction.bed:
            choice = (self.seed >> 4) + direction.bed
        else:
            choice = self.seed >> 4
        self.beat_frames = self.pace.beat_frames[choice % len(self.pace.beat_frames)]
        self.unit = max(1, round(self.beat_frames * self.pace.unit))
        self.placeholders: set[str] = set()
        self.company = words.clean(brief.company_name) or "[Company]"
        self.founder = words.clean(brief.founder_name)
        self.used_proof: list[str] = []

    def slots(self) -> dict[str, str]:
        return {"product": self.told.product or self.stand_in("product"), "company": self.company}

    def stand_in(self, field: str) -> str:
        self.placeholders.add("proof_points" if field == "news" else field)
        return words.PLACEHOLDERS[field]

    def pick(self, options: Sequence[object], salt: int) -> int:
        return ((self.seed >> salt) + self.direction.variation) % len(options)

    @property
    def register(self) -> str:
        """Whose voice the neutral lines are in: a step towards the brand's other register borrows another tone's."""
        if self.direction.register % 2 == 0:
            return self.tone
        return {"bold": "professional", "empathetic": "professional", "professional": "empathetic"}[self.tone]

    def fill(self, text: str) -> str:
        slots = {name: value for name, value in self.slots().items() if "{" + name + "}" in text}
        return words.marked(text, **slots)

    def message(self) -> Phrase:
        text = self.told.message or self.stand_in("message")
        return Phrase("must", "statement", words._emphasise(text), source="message")

    def hook(self) -> list[Phrase]:
        form = self.direction.hook
        if form == "claim" and self.told.message:
            return [replace(self.message(), role="hook")]
        if form == "number" and (points := _numbers(self.told, self.pace)):
            self.used_proof.append(points[0])
            return [words.quote(self.told, points[0], self.claims, self.founder)]
        table = words.HOOKS.get(self.brief.scenario.id, words.HOOKS["feature_launch"])
        options = table[form if form in table else "question"][self.register]
        return [Phrase("must", "hook", self.fill(options[self.pick(options, 16)]))]

    def asides(self) -> list[Phrase]:
        table = words.ASIDES.get(self.brief.scenario.id, words.ASIDES["feature_launch"])
        return [Phrase("may", "aside", self.fill(line)) for line in table[self.register]]

    def proofs(self, most: int, need: str) -> list[Phrase]:
        left = [point for point in self.told.proof_points if point not in self.used_proof][:most]
        if not left and not self.told.proof_points and need == "must":
            return [Phrase("must", "statement", self.stand_in("proof_points"), source="proof_points")]
        self.used_proof.extend(left)
        found = [words.quote(self.told, point, self.claims, self.founder) for point in left]
        return [replace(p, need="must" if need == "must" and i == 0 else "proof") for i, p in enumerate(found)]

    def news(self) -> list[Phrase]:
        money = [p for p in [*self.told.proof_points, self.told.message] if words.MONEY.search(p)]
        if not money:
            return [Phrase("must", "statement", self.stand_in("news"), source="proof_points")]
        if money[0] in self.told.proof_points:
            self.used_proof.append(money[0])
        found = words.MONEY.search(money[0])
        figures = [f for f in words.FIGURE.finditer(money[0]) if found and f.start() <= found.end() and f.end() >= found.start()]
        if figures and word_count(money[0]) > 9:
            return [Phrase("must", "figure", words.MARK_ON + figures[0][0].strip() + words.MARK_OFF, source="proof_points")]
        return [words.quote(self.told, money[0], self.claims, self.founder)]

    def beat(self, beat_id: str, index: int) -> list[Phrase]:
        """All phrases a beat could show, in the order they are said, cut to screens."""
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
        options = words.BEATS.get(beat_id, words.BEATS["change"])[self.register]
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
        table = words.LEAD_INS.get(self.brief.scenario.id, words.LEAD_INS[""])
        thanks = self.brief.scenario.id in words.LEAD_INS
        need = "must" if thanks else "may"
        lead = [] if self.direction.cta_level and not thanks else [Phrase(need, "echo", self.fill(table[self.register]))]
        call = self.told.call_to_action or self.stand_in("call_to_action")
        link = words.tidy_link(self.told.link) if self.told.link else self.stand_in("link")
        above = "" if self.direction.cta_level or word_count(f"{self.company} {call} {link}") > MAX_WORDS else self.company
        if word_count(f"{call} {link}") > MAX_WORDS:
            lead += [Phrase("must", "statement", part) for part in words.chunks(call, 8, 60)[:-1]]
            call = words.chunks(call, 8, 60)[-1]
        return [*lead, Phrase("must", "cta", call, above, link, "call_to_action")]

    def cut(self, phrase: Phrase) -> list[Phrase]:
        return [phrase] if phrase.role == "cta" else _fit(self.pace, phrase, self.unit, self.direction.pace)

    def range(self) -> tuple[int, int]:
        """Shortest and longest shot in frames, on the grid of the music."""
        low = self.pace.shortest * self.direction.pace * (0.85 if self.direction.spread else 1)
        high = self.pace.longest * self.direction.pace * (1.35 if self.direction.spread else 1)
        return (
            math.ceil(round(low * FPS / self.unit, 3)) * self.unit,
            max(1, math.floor(round(high * FPS / self.unit, 3))) * self.unit,
        )

    def need(self, phrase: Phrase) -> int:
        """Frames it takes to read a screen, on the grid."""
        reading = 0.3 * word_count(phrase.text) + 0.5
        caption = len(phrase.text) / CAPTION_CHARS_PER_SECOND
        return math.ceil(max(reading, caption) * FPS / self.unit) * self.unit


def _fit(pace: Pace, phrase: Phrase, unit: int = 15, factor: float = 1.0) -> list[Phrase]:
    longest = math.floor(round(pace.longest * FPS / unit, 3)) * unit / FPS
    most_words = min(pace.most_words, (longest - 0.5) / 0.3)
    return words.fitted(phrase, most_words, int(min(longest * CAPTION_CHARS_PER_SECOND, 66)))


Timed = list[tuple[int, list[tuple[Phrase, int]]]]


def _time(writer: _Writer, seconds: float, low: float, high: float) -> Timed:
    """Phrases and frames for each beat: shares of the whole first, then the grid, then what reading needs."""
    beats = writer.brief.scenario.beats
    writer.used_proof.clear()
    screens = _reserve(writer)
    unit = writer.unit
    extra = 0.05 * writer.direction.cta_level
    shares = [b.share + (extra if i == len(beats) - 1 else 0) for i, b in enumerate(beats)]
    shares = [share / sum(shares) for share in shares]
    least, most = math.ceil(low * FPS / unit) * unit, math.floor(high * FPS / unit) * unit
    total = min(max(round(seconds * FPS / unit) * unit, least), most)
    for _ in range(2):
        timed: Timed = []
        owed = 0.0
        for i, share in enumerate(shares[:-1]):
            shots = _fill(writer, screens[i], total * share + owed)
            timed.append((i, shots))
            owed += total * share - sum(frames for _, frames in shots)
        spent = sum(frames for _, shots in timed for _, frames in shots)
        timed.append((len(beats) - 1, _close(writer, screens[-1], total - spent, total * shares[-1])))
        length = sum(frames for _, shots in timed for _, frames in shots)
        if length <= total * 1.05 or total >= most:
            break
        total = min(length, most)
    while length > most and _drop_one(timed, most, length):
        length = sum(frames for _, shots in timed for _, frames in shots)
    return timed


def _reserve(writer: _Writer) -> list[list[Phrase]]:
    """Screens of every beat. The news is written first, so that the sum raised is not spent as proof before it."""
    beats = writer.brief.scenario.beats
    order = sorted(range(len(beats)), key=lambda i: (i != 0, beats[i].id != "news", i))
    screens: dict[int, list[Phrase]] = {i: writer.beat(beats[i].id, i) for i in order}
    return [screens[i] for i in range(len(beats))]


def _fill(writer: _Writer, phrases: list[Phrase], target: float) -> list[tuple[Phrase, int]]:
    """The phrases that fill ``target`` frames best, each with its frames."""
    low, high = writer.range()
    rank = {"must": 0, "proof": 1, "may": 2}
    groups = sorted({(rank[p.need], p.group) for p in phrases})
    musts = sum(need == 0 for need, _ in groups)
    best: tuple[float, list[int], int] | None = None
    for count in range(max(1, musts), len(groups) + 1):
        kept = {group for _, group in groups[:count]}
        chosen = [i for i, p in enumerate(phrases) if p.group in kept]
        floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
        least = sum(max(floor, writer.need(phrases[i])) for i in chosen)
        most = sum(max(high, writer.need(phrases[i])) for i in chosen)
        length = min(max(round(target / writer.unit) * writer.unit, least), most)
        miss = abs(length - target) + 0.2 * abs(length - len(chosen) * (low + high) / 2)
        if best is None or miss < best[0] - 0.01:
            best = (miss, chosen, length)
    if best is None:
        return []
    _, chosen, length = best
    floor = min(low, math.floor(target / writer.unit) * writer.unit) if len(chosen) == 1 else low
    frames = [max(floor, writer.need(phrases[i])) for i in chosen]
    caps = [max(high, f) for f in frames]
    _spend(frames, caps, length - sum(frames), writer.unit, writer.direction.spread, [phrases[i] for i in chosen])
    return [(phrases[i], f) for i, f in zip(chosen, frames, strict=True)]


def _spend(frames: list[int], caps: list[int], left: int, unit: int, spread: bool, phrases: list[Phrase]) -> None:
    """Hand out the frames left over: to the shots with most to read; all to every other shot where a spread is asked."""
    weight = [1 + word_count(p.text) + (2 if p.role in ("figure", "name") else 0) for p in phrases]
    while left >= unit:
        free = [i for i in range(len(frames)) if frames[i] + unit <= caps[i]]
        if not free:
            return
        if spread:
            chosen = min(free, key=lambda i: (i % 2, i))
        else:
            chosen = min(free, key=lambda i: (frames[i] / weight[i], i))
        frames[chosen] += unit
        left -= unit


def _close(writer: _Writer, phrases: list[Phrase], left: float, target: float) -> list[tuple[Phrase, int]]:
    """The last beat: the call takes what the others left, never less than it takes to read and act on it."""
    low, high = writer.range()
    *leads, call = phrases
    least = max(math.ceil((CTA_SECONDS + 1.2 * writer.direction.cta_level) * FPS / writer.unit) * writer.unit, writer.need(call))
    kept = [p for p in leads if p.need == "must"]
    if not kept and leads and left >= least + low and left > 5.6 * FPS * 0.8:
        kept = leads[:1]
    frames = [max(min(low, 2 * FPS // writer.unit * writer.unit), writer.need(p)) for p in kept]
    rest = round((max(left, target * 0.8) - sum(frames)) / writer.unit) * writer.unit
    return [*zip(kept, frames, strict=True), (call, max(least, rest))]


def _drop_one(timed: Timed, most: int, length: int) -> bool:
    """Take the last screen that can go out of the fullest beat; False where nothing can."""
    for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
        for i in range(len(shots) - 1, 0, -1):
            if shots[i][0].need != "must":
                del shots[i]
                return True
    for _, shots in sorted(timed[1:-1], key=lambda beat: -len(beat[1])):
        if len(shots) > 2 and length > most:
            shots.pop()
            return True
    return False


def _stage(writer: _Writer, timed: Timed) -> list[FilmShot]:
    """Shots in frames, with grounds, transitions and entrances."""
    schemes = GROUNDS[(writer.tone, writer.direction.register % 2)]
    scheme = schemes[writer.pick(schemes, 24)]
    call_ground = CALL_GROUND[writer.tone][writer.direction.register % 2]
    shots: list[FilmShot] = []
    at = 0
    for beat_index, phrases in timed:
        beat = writer.brief.scenario.beats[beat_index]
        first, second = scheme[beat_index % len(scheme)]
        for i, (phrase, frames) in enumerate(phrases):
            ground = second if i % 3 == 1 else first
            if phrase.role == "cta":
                ground = call_ground
            elif beat.id == "cta" and first == call_ground:
                ground = "dark" if call_ground != "dark" else "light"
            if writer.tone == "empathetic" and beat.id in ("turn", "news"):
                ground = "deep"
            fast = writer.direction.hook_fast and beat_index == 0
            enter = max(4, writer.pace.enter // 2) if fast else writer.pace.enter
            stagger = 1 if fast else writer.pace.stagger
            shot = FilmShot(
                beat=beat.id,
                label=beat.label,
                beat_index=beat_index,
                index=len(shots),
                start=at,
                end=at + frames,
                role=phrase.role,
                main=phrase.main,
                above=phrase.above,
                below=phrase.below,
                ground=ground,
                transition=_transition(writer, shots, i, ground),
                easing=writer.pace.easing,
                enter=enter,
                stagger=stagger,
                variant=(writer.direction.variation + writer.seed + len(shots)) % 12,
            )
            shots.append(shot)
            at += frames
    return shots


def _transition(writer: _Writer, shots: list[FilmShot], place: int, ground: str) -> str:
    if not shots:
        return "open"
    if writer.tone == "empathetic":
        return "dissolve"
    if writer.tone == "professional":
        return "wipe" if shots[-1].ground != ground else "swap"
    if place == 0:
        return ("push_up", "push_left", "slam")[(writer.seed + len(shots)) % 3]
    return "cut"


def _mood(tone: str, bed: int) -> str:
    """The bed's mood: the tone's own, and at the second complaint a neighbour's."""
    order = {"bold": ("bold", "professional"), "empathetic": ("empathetic", "professional"), "professional": ("professional", "empathetic")}
    return order[tone][(bed // 2) % 2]


HOOK_WORDS = {
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


def _notes(film: Film, writer: _Writer) -> list[str]:
    shown, complete = hook_times(film)
    longest = max(film.shots, key=lambda s: s.frames)
    notes = [
        f"Opens with {HOOK_WORDS[film.direction.hook]}, on screen at {shown:.1f} s and complete at {complete:.1f} s.",
        f"Runs {film.seconds:.1f} s in {len(film.shots)} shots of {min(s.seconds for s in film.shots):.1f} to "
        f"{longest.seconds:.1f} s, cut to music at {film.bpm:.0f} bpm.",
        f"Layout: {FAMILY_WORDS[film.family]}, in the palette of the brand.",
        f"The call to action stands for the last {film.shots[-1].seconds:.1f} s.",
    ]
    if film.placeholders:
        fields = ", ".join(name.replace("_", " ") for name in film.placeholders)
        notes.append(f"Stand-ins in brackets mark what the brief leaves open: {fields}. Fill these in before publishing.")
    if film.claims == "conservative":
        notes.append("Claims are attributed to the person who makes them; nothing goes beyond the brief.")
    hidden = [p for p in writer.told.proof_points if not any(_holds(film, p, s) for s in film.shots)]
    if hidden:
        notes.append(f"For want of time {len(hidden)} of {len(writer.told.proof_points)} proof points are not shown.")
    return notes


def _holds(film: Film, point: str, shot: FilmShot) -> bool:
    """Whether a proof point, or its beginning where it takes several screens, stands in a shot."""
    said = "".join(c for c in shot.text.casefold() if c.isalnum())
    wanted = "".join(c for c in plain(point).casefold() if c.isalnum())
    return bool(wanted) and (wanted in said or (len(said) > 3 and wanted.startswith(said)))
