"""What of the brief is on screen, for how long, and what is left out and why; and which words are not the brief's."""

import re
from dataclasses import dataclass, replace

from pilot_core import catalog
from pilot_core.domain.brief import BRIEF_LABELS, Brief
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import lines, words
from pilot_core.video.storyboard.figures import is_wide
from pilot_core.video.storyboard.film import MAX_WORDS, Film, FilmShot, plain
from pilot_core.video.storyboard.words import word_count

SHOWN_WITH = {"quote_by": "quote", "link": "call_to_action"}
"""Fields whose words are shown on the screen of another."""
PARTICLES = 4
"""Characters that may stand between words of the brief in a script without spaces."""
PLACEHOLDER = re.compile(r"\[[^\[\]]+\]")


@dataclass(frozen=True)
class Line:
    """One line of the brief: its field and words, the seconds and places of the shots that show it, counted from 0.

    ``reason`` is why it is left out, as the end of a sentence, or "" if it is shown.
    """

    field: str
    words: str
    seconds: float
    shots: tuple[int, ...]
    reason: str = ""


def coverage(film: Film, brief: CutBrief) -> list[Line]:
    """Return every line of the brief in the order of its fields, each proof point by itself."""
    told = words.clean_brief(brief.brief)
    found: list[Line] = []
    for field in BRIEF_LABELS:
        if field == "proof_points":
            found += [_line(film, field, point, _showing(film, point), "it did not fit") for point in told.proof_points]
        elif field != "language" and getattr(told, field):
            source = SHOWN_WITH.get(field, field)
            shots = [shot for shot in film.shots if shot.source == source and not is_stand_in(shot)]
            if field == "product":  # also named on the screens of other lines
                shots = [shot for shot in film.shots if bare(told.product) in bare(shot.text)]
            found.append(_line(film, field, getattr(told, field), shots, _why_not(field, told, brief)))
    return found


def share_of_brief(film: Film) -> float:
    """Return the share of the seconds in which a line of the brief is on screen, 0 to 1."""
    shown = sum(shot.seconds for shot in film.shots if shot.source and not is_stand_in(shot))
    return shown / film.seconds


def is_stand_in(shot: FilmShot) -> bool:
    """Whether the shot shows a placeholder for what the brief leaves open."""
    return any(stand_in in shot.text for stand_in in lines.PLACEHOLDERS.values())


def coverage_notes(film: Film, brief: CutBrief) -> list[str]:
    """Return the coverage in sentences for the director's notes."""
    told = words.clean_brief(brief.brief)
    seconds: dict[str, float] = {}
    for shot in film.shots:
        if shot.source and not is_stand_in(shot):
            seconds[shot.source] = seconds.get(shot.source, 0) + shot.seconds
    each = [f"{BRIEF_LABELS[field]} {seconds[field]:.1f} s" for field in BRIEF_LABELS if field in seconds]
    share = f"{share_of_brief(film):.0%} of the seconds show what the brief says"
    notes = [f"{share}: {', '.join(each)}." if each else f"{share}."]
    left_out = [line for line in coverage(film, brief) if line.reason]
    hidden = sum(line.field == "proof_points" for line in left_out)
    if hidden:
        notes.append(f"{hidden} of {len(told.proof_points)} proof points did not fit.")
    for line in left_out:
        if line.field not in ("proof_points", "quote_by", "link"):
            notes.append(f"Left out: {_the(line.field)}; {line.reason}.")
    return notes


def foreign_words(shot: FilmShot, brief: CutBrief) -> list[str]:
    """Return the words of a shot that stand nowhere in the brief, in order: connectives, or what somebody wrote."""
    texts = _texts(words.clean_brief(brief.brief), brief)
    known = {bare(word) for text in texts for word in text.split()}
    whole = [bare(text) for text in texts]
    # A long word may be divided at the end of a line, and words of scripts without spaces run on.
    joined, longest_first = "".join(whole), sorted(filter(None, whole), key=len, reverse=True)
    said = [word for word in PLACEHOLDER.sub("", shot.text).split() if bare(word)]

    def is_known(word: str) -> bool:
        if word in known or (len(word) > 3 and word in joined):
            return True
        if not any(map(is_wide, word)):
            return False
        for text in longest_first:
            word = word.replace(text, "")
        return len(word) <= PARTICLES

    written = " ".join(texts)
    # A figure is cut out of a text without spaces as it stands there.
    return [word for word in said if not is_known(bare(word)) and not (word[0].isdigit() and word in written)]


def connective_words(brief: CutBrief) -> frozenset[str]:
    """Return the words of the lines that a film may say around the brief in its language."""
    said = lines.table(brief.brief.language)
    if said is None:
        return frozenset()
    told = [said.audience, said.attributed]
    for each in (said.name, said.builds):
        told += [each.bold, each.empathetic, each.professional]
    wording = catalog.wordings()[brief.scenario.id]
    for hooks in (*said.hooks.values(), wording.hooks):
        for form in (hooks.question, hooks.contrast, hooks.name):
            told += [*form.bold, *form.empathetic, *form.professional]
    return frozenset(bare(word) for text in told for word in text.replace("*", "").split())


def with_sources(film: Film, brief: CutBrief) -> Film:
    """Return the film in which no shot claims to show a line of the brief in words that are not the brief's."""
    ours = connective_words(brief)

    def checked(shot: FilmShot) -> FilmShot:
        told = [word for word in foreign_words(shot, brief) if bare(word) not in ours]
        return replace(shot, source=source_of(shot.main, brief)) if told and shot.source else shot

    return replace(film, shots=tuple(checked(shot) for shot in film.shots))


def source_of(text: str, brief: CutBrief) -> str:
    """Return the field of the brief that says all words of the text, "" if none does."""
    told = words.clean_brief(brief.brief)
    wanted = {bare(word) for word in plain(text).split()} - {""}
    for field in BRIEF_LABELS:
        if field in ("language", *SHOWN_WITH):
            continue
        value = getattr(told, field)
        for said in value if isinstance(value, list) else [value]:
            if wanted and wanted <= {bare(word) for word in said.split()}:
                return field
    return ""


def _texts(told: Brief, brief: CutBrief) -> list[str]:
    fields = [getattr(told, field) for field in BRIEF_LABELS if field not in ("proof_points", "language")]
    link = [words.tidy_link(told.link)] if told.link else []
    return [*fields, *told.proof_points, *link, words.clean(brief.company_name)]


def _line(film: Film, field: str, said: str, shots: list[FilmShot], reason: str) -> Line:
    seconds = round(sum(shot.seconds for shot in shots), 2)
    return Line(field, said, seconds, tuple(shot.index for shot in shots), "" if shots else reason)


def _why_not(field: str, told: Brief, brief: CutBrief) -> str:
    """Return why a line of the brief is not on screen, if it is not."""
    if field not in lines.fields_of(beat.id for beat in brief.scenario.beats):
        return "this scenario has no place for it"
    if field == "quote" and word_count(told.quote) > MAX_WORDS:
        return f"it has more than {MAX_WORDS} words"
    if field == "audience" and not lines.table(told.language):
        return "there are no words around it in this language"
    return "it did not fit"


def _the(field: str) -> str:
    return "the quote" if field == "quote" else BRIEF_LABELS[field]


def _showing(film: Film, point: str) -> list[FilmShot]:
    """Return the shots that show a proof point, or the parts of one that is split over several screens."""
    wanted = bare(point)
    return [
        shot
        for shot in film.shots
        if (said := bare(shot.text)) and (wanted in said or (shot.source == "proof_points" and said in wanted))
    ]


def bare(text: str) -> str:
    """Return the letters and digits of a text alone, to compare words by."""
    return "".join(c for c in plain(text).casefold() if c.isalnum())
