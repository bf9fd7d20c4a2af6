"""Text that a spreadsheet would run."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.formulas import neutral, original

RUN = ["=1+1", "+1", "-1", "@SUM(A1)", "|x", "%x", "\tx", "\rx", "\nx", "\0x", "＝1", "＋1", "－1", "＠x"]
INSIDE = {
    "Acme;=1+1;x": "Acme;'=1+1;x",
    "a;b|-1": "a;b|'-1",
    "Two\nlines\n- x": "Two\nlines\n'- x",
    "a\t \u00a0+1": "a\t' \u00a0+1",
    "a;;=1": "a;;'=1",
    'a;"=1"': 'a;\'"=1"',
    "a;'=1": "a;''=1",
    "=1;=1": "'=1;'=1",
    "a;|b": "a;'|b",
    "a||=1": "a|'|'=1",
}
HARMLESS = [
    *("", "Acme", "a=b", "1+1", "'quoted'", "'", " Acme", "é", "青竹"),
    *("Two\n\nlines", "a; b", "a;1-1", "a, =b", "a\r\nb", "x;'y'"),
]


@pytest.mark.parametrize("text", RUN)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\ufeff", " \u00a0 "])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(before: str, text: str) -> None:
    assert neutral(before + text) == f"'{before}{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize(("text", "safe"), INSIDE.items())
def test_what_another_separator_would_make_run_gets_an_apostrophe(text: str, safe: str) -> None:
    assert neutral(text) == safe
    assert original(safe) == text


@given(st.text(alphabet="=+-@|%\t\r\n\0＝;'\" a\u00a0\ufeff,", max_size=12))
def test_any_text_can_be_read_back_and_is_safe_after_every_break(text: str) -> None:
    safe = neutral(text)
    assert original(safe) == text
    first, *others = re.split(r"[;\t\r\n]", safe)
    for part, spaces in ((first, " \u00a0\ufeff"), *((other, ' \u00a0\ufeff"') for other in others)):
        assert part.lstrip(spaces)[:1] not in tuple("=+-@|%\0＝＋－＠")


@pytest.mark.parametrize("text", [*RUN, *HARMLESS, "'=1", "''=1", "' =1", "'' \u00a0@x"])
def test_what_was_neutralised_can_be_read_back(text: str) -> None:
    assert original(neutral(text)) == text


def test_no_two_texts_become_the_same() -> None:
    texts = ["=1", "'=1", "''=1", "'1", "1"]

    assert len({neutral(text) for text in texts}) == len(texts)
