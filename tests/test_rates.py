"""Rate limits: a number of attempts per time and key, in bounded memory."""

import re

import pytest

from pilot_core.settings import ROOT
from pilot_core.web.access import rate_limits
from pilot_core.web.access.rate_limits import Rate, TooMuch


def test_so_many_in_so_long_and_then_again_after_a_while() -> None:
    now = [0.0]
    rate = Rate("tries", 3, 60, lambda: now[0])
    assert [rate.spend("a", None) for _ in range(5)] == [True, True, True, False, False]
    assert rate.spend("b", None)
    now[0] = 60.0
    assert rate.spend("a", None)


def test_no_limit_counts_for_more_than_an_hour() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pilot_core" / "web").rglob("*.py")]
    windows = [int(seconds) for text in sources for seconds in re.findall(r"""\bRate\("[^"]+", \d+, (\d+)\)""", text)]
    assert len(windows) >= 8
    assert max(windows) <= 3600


def test_keys_without_number_take_no_memory_without_number() -> None:
    rate = Rate("tries", 1, 60)
    for number in range(rate_limits.KEYS + 500):
        rate.spend(str(number), None)
    assert len(rate) == rate_limits.KEYS


def test_an_address_is_counted_as_a_household_has_it() -> None:
    assert rate_limits.network("203.0.113.7") == "203.0.113.7"
    assert (
        rate_limits.network("::ffff:192.0.2.1")
        == rate_limits.network("192.0.2.1")
        != rate_limits.network("::ffff:192.0.2.2")
    )
    assert (
        rate_limits.network("2001:db8:1:2:3::1") == rate_limits.network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    )
    assert rate_limits.network("") == ""


def test_a_reviewer_writes_sixty_things_a_minute_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "WORDS_A_LINK", Rate("link", 60, 60))
    monkeypatch.setattr(rate_limits, "WORDS_AN_ADDRESS", Rate("address", 180, 60))
    for number in range(180):
        rate_limits.check_words(f"link {number % 3}", "203.0.113.7", None)
    with pytest.raises(TooMuch):
        rate_limits.check_words("link 0", "198.51.100.1", None)
    with pytest.raises(TooMuch):
        rate_limits.check_words("link 9", "203.0.113.7", None)
    rate_limits.check_words("link 9", "198.51.100.1", None)
