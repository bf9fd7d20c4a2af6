"""Limits of rate: so many in so long, for each key, in bounded memory."""

import pytest

from pilot_core.web import rates
from pilot_core.web.rates import Rate, TooMuch


def test_so_many_in_so_long_and_then_again_after_a_while() -> None:
    now = [0.0]
    rate = Rate("tries", 3, 60, lambda: now[0])
    assert [rate.spend("a") for _ in range(5)] == [True, True, True, False, False]
    assert (rate.is_spent("a"), rate.is_spent("b")) == (True, False)
    assert rate.spend("b")
    now[0] = 60.0
    assert not rate.is_spent("a")
    assert rate.spend("a")


def test_keys_without_number_take_no_memory_without_number() -> None:
    rate = Rate("tries", 1, 60)
    for number in range(rates.KEYS + 500):
        rate.spend(str(number))
    assert len(rate) == rates.KEYS


def test_an_address_is_counted_as_a_household_has_it() -> None:
    assert rates.network("203.0.113.7") == "203.0.113.7"
    assert rates.network("::ffff:192.0.2.1") == rates.network("192.0.2.1") != rates.network("::ffff:192.0.2.2")
    assert rates.network("2001:db8:1:2:3::1") == rates.network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert rates.network("") == ""


def test_a_reviewer_writes_sixty_things_a_minute_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "WORDS_A_LINK", Rate("link", 60, 60))
    monkeypatch.setattr(rates, "WORDS_AN_ADDRESS", Rate("address", 180, 60))
    for number in range(180):
        rates.check_words(f"link {number % 3}", "203.0.113.7")
    with pytest.raises(TooMuch):
        rates.check_words("link 0", "198.51.100.1")
    with pytest.raises(TooMuch):
        rates.check_words("link 9", "203.0.113.7")
    rates.check_words("link 9", "198.51.100.1")
