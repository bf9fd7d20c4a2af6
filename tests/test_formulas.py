"""Text that a spreadsheet would run."""

import pytest

from pilot_core.export.formulas import neutral, original

RUN = ["=1+1", "+1", "-1", "@SUM(A1)", "|x", "%x", "\tx", "\rx", "\nx", "\0x", "＝1", "＋1", "－1", "＠x"]
HARMLESS = ["", "Acme", "a=b", "1+1", "'quoted'", "'", " Acme", "é", "青竹"]


@pytest.mark.parametrize("text", RUN)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\ufeff", " \u00a0 "])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(before: str, text: str) -> None:
    assert neutral(before + text) == f"'{before}{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("text", [*RUN, *HARMLESS, "'=1", "''=1", "' =1", "'' \u00a0@x"])
def test_what_was_neutralised_can_be_read_back(text: str) -> None:
    assert original(neutral(text)) == text


def test_no_two_texts_become_the_same() -> None:
    texts = ["=1", "'=1", "''=1", "'1", "1"]

    assert len({neutral(text) for text in texts}) == len(texts)
