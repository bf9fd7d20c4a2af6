"""Flags suggested by notes: complaints are told from praise clause by clause, and each suggestion quotes the note."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core import catalog
from pilot_core.insight.themes import Polarity, lexicon, suggest

COMPLAINTS = {
    "Good start but the hook is weak": {"hook_weak": "hook is weak"},
    "The opening doesn’t grab me and it drags in the middle.": {
        "hook_weak": "doesn’t grab me",
        "too_long": "drags",
    },
    "A bit too salesy for us, and the music is too loud.": {
        "tone_mismatch": "too salesy",
        "audio_issues": "music is too loud",
    },
    "I wasn't sure what to do at the end.": {"cta_unclear": "wasn't sure what to do"},
    "CTA could be clearer. Otherwise great.": {"cta_unclear": "CTA could be clearer"},
    "It's not too long, the ending just stops though.": {"ending_weak": "just stops"},
    "Over too soon, could be longer.": {"too_short": "Over too soon"},
    "The text goes by too fast.": {"pacing_rushed": "text goes by too fast"},
    "Every shot lasts the same.": {"pacing_flat": "Every shot lasts the same"},
    "Wrong logo!": {"off_brand": "Wrong logo"},
    "That's not true, and I said this last time.": {
        "factual_error": "That's not true",
        "not_addressed": "said this last time",
    },
    "It speaks to developers.": {"wrong_audience": "speaks to developers"},
    "Won't work on LinkedIn": {"format_platform": "Won't work on LinkedIn"},
    "I don't understand what the product does.": {"message_unclear": "don't understand what"},
    "The visuals look cheap": {"visuals_poor": "look cheap"},
    "The pace isn't bad, the message isn't clear though.": {"message_unclear": "message isn't clear"},
    "Make the ending stronger please": {"ending_weak": "Make the ending stronger"},
    "I don't love the ending": {"ending_weak": "don't love the ending"},
    "The hook is strong, the ending is weak.": {"ending_weak": "ending is weak"},
    "THE HOOK IS WEAK": {"hook_weak": "HOOK IS WEAK"},
}
PRAISES = {
    "Much better hook!": "hook_weak",
    "It is not too long any more.": "too_long",
    "The ending is much better now, well done.": "ending_weak",
    "The hook no longer feels weak": "hook_weak",
    "Nothing drags now": "too_long",
    "I love the music": "audio_issues",
    "The pace isn't bad": "pacing_flat",
    "Sounds just like us": "tone_mismatch",
}
NOTHING = ["", " \n", "Love it, ship it.", "ok", "...", "Danke, sehr schön", "12,000", "Can we talk on Tuesday?"]


def complaints(note: str) -> dict[str, str]:
    return {s.flag: s.quote for s in suggest(note) if s.polarity is Polarity.COMPLAINT}


@pytest.mark.parametrize("note", COMPLAINTS)
def test_a_complaint_suggests_its_flags_beside_the_very_words(note):
    assert complaints(note) == COMPLAINTS[note]


@pytest.mark.parametrize("note", PRAISES)
def test_praise_and_what_is_negated_suggests_no_complaint(note):
    assert complaints(note) == {}
    assert PRAISES[note] in [s.flag for s in suggest(note) if s.polarity is Polarity.PRAISE]


@pytest.mark.parametrize("note", NOTHING)
def test_other_words_suggest_nothing(note):
    assert complaints(note) == {}


def test_a_flag_is_suggested_once_by_its_first_words():
    assert complaints("Too long. Really, too long.") == {"too_long": "Too long"}


def test_suggestions_come_in_the_order_of_the_words():
    assert [s.flag for s in suggest("The ending is weak. The hook is weak.")] == ["ending_weak", "hook_weak"]


def test_every_flag_of_the_catalogue_can_be_suggested_and_no_other():
    assert set(lexicon().flags) == set(catalog.flags()) == {flag for found in COMPLAINTS.values() for flag in found}


words = st.sampled_from(
    [
        "hook",
        "the",
        "weak",
        "not",
        "too",
        "long",
        "ending",
        "great",
        "but",
        "could",
        "be",
        "better",
        ",",
        ".",
        "’",
        "\n",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(words, max_size=25).map(" ".join) | st.text(max_size=80))
def test_the_quote_is_the_notes_own_words_wherever_it_stands(note):
    for suggested in suggest(note):
        assert suggested.quote == note[suggested.start : suggested.end]
        assert suggested.quote


def test_the_longest_note_allowed_is_read_too():
    assert len(suggest("the hook is weak and " * 470)) == 1
